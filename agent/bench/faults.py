"""Seeded faults with their truth, for the noise benchmark and for training: independent of
`model/degrade`, with more shapes and a wider range than one damage kind draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Faulty:
    """Sound with a fault: where it is in time (`spans_s` (events, 2)) and what was added."""

    audio: Audio
    spans_s: Floats
    added: Floats


def rms(samples: NDArray[np.floating]) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)) + 1e-20))


def with_hiss(audio: Audio, snr_db: float, rng: np.random.Generator, *, pink: bool) -> Faulty:
    """White or pink noise, independent in each channel."""
    noise = rng.standard_normal(audio.samples.shape)
    if pink:
        spectrum = np.fft.rfft(noise)
        freq_hz = np.fft.rfftfreq(audio.frames, 1 / audio.sample_rate_hz)
        noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(freq_hz, 20.0)), audio.frames)
    noise *= rms(audio.samples) * 10 ** (-snr_db / 20) / rms(noise)
    return _added(audio, noise)


def with_hum(
    audio: Audio, freq_hz: float, level_dbfs: float, rng: np.random.Generator, harmonics: int = 8
) -> Faulty:
    """A comb of falling harmonics; `level_dbfs` is its RMS."""
    time_s = np.arange(audio.frames) / audio.sample_rate_hz
    hum = np.zeros(audio.frames)
    for k in range(1, harmonics + 1):
        fall = 10 ** (-rng.uniform(1, 7) * (k - 1) / 20)
        hum += fall * np.sin(2 * np.pi * k * freq_hz * time_s + rng.uniform(0, 2 * np.pi))
    hum *= 10 ** (level_dbfs / 20) / rms(hum)
    return _added(audio, np.broadcast_to(hum, audio.samples.shape))


def with_clicks(
    audio: Audio, per_s: float, amplitude: float, rng: np.random.Generator, *, spread: float = 0.3
) -> Faulty:
    """Impulses, ringing jumps and short bursts, in both channels or one, 10**+-spread strong."""
    added = np.zeros(audio.samples.shape)
    count = max(1, int(rng.poisson(per_s * audio.duration_s)))
    starts = np.sort(rng.integers(0, max(1, audio.frames - 200), count))
    spans = []
    for start in starts:
        shape = click_shape(audio.sample_rate_hz, rng)[: audio.frames - start]
        sides = rng.uniform(0.3, 1.0, (audio.channels, 1))
        if audio.channels > 1 and rng.random() < 0.3:
            sides[rng.integers(audio.channels)] = 0.0
        sides *= rng.choice([-1, 1]) / max(sides.max(), 1e-9)
        strength = amplitude * 10 ** rng.uniform(-spread, spread)
        added[:, start : start + shape.size] += strength * sides * shape
        spans.append((start, start + shape.size))
    faulty = _added(audio, added)
    return Faulty(faulty.audio, np.array(spans) / audio.sample_rate_hz, added)


def click_shape(rate_hz: int, rng: np.random.Generator) -> Floats:
    """One click of peak 1: an impulse, a jump that rings, or a burst of up to 3 ms."""
    kind = rng.integers(3)
    if kind == 0:
        length_s = rng.uniform(1e-4, 1.5e-3)
        time_s = np.arange(max(1, round(2 * length_s * rate_hz))) / rate_hz
        ringing = np.cos(2 * np.pi * rng.uniform(800, 6000) * time_s)
        return np.asarray(ringing * np.exp(-3 * time_s / length_s))
    if kind == 1:
        return np.array([1.0]) if rng.random() < 0.5 else np.array([1.0, -0.6, 0.2])
    count = int(rng.integers(4, max(5, int(0.003 * rate_hz))))
    burst = rng.standard_normal(count) * np.exp(-3 * np.arange(count) / count)
    return np.asarray(burst / np.max(np.abs(burst)))


def with_dropouts(
    audio: Audio,
    count: int,
    rng: np.random.Generator,
    *,
    length_s: tuple[float, float] = (0.01, 0.2),
    depth_db: float = -200.0,
    heard_only: bool = True,
) -> Faulty:
    """Gaps of silence (or `depth_db`) with edges from abrupt to 3 ms, where something sounds."""
    rate, gain = audio.sample_rate_hz, np.ones(audio.frames)
    level = 0.2 * rms(audio.samples)
    spans: list[tuple[float, float]] = []
    for _ in range(count * 20):
        if len(spans) == count:
            break
        start_s = rng.uniform(0.3, max(0.31, audio.duration_s - 0.6))
        end_s = start_s + rng.uniform(*length_s)
        around = audio.samples[:, audio.frame_at(start_s - 0.03) : audio.frame_at(start_s)]
        if any(start_s < end + 0.3 and end_s > start - 0.3 for start, end in spans):
            continue
        if heard_only and (around.size == 0 or rms(around) < level):
            continue
        spans.append((start_s, end_s))
    time_s = np.arange(audio.frames) / rate
    for start_s, end_s in spans:
        edge_s = rng.choice([1e-9, 0.001, 0.003])
        near = slice(audio.frame_at(start_s - 0.01), audio.frame_at(end_s + 0.01))
        outside_s = np.maximum(start_s - time_s[near], time_s[near] - end_s)
        fade = np.clip(outside_s / edge_s, 0, 1)
        gain[near] = np.minimum(gain[near], fade + (1 - fade) * 10 ** (depth_db / 20))
    changed = (audio.samples * gain).astype(np.float32)
    added = changed.astype(np.float64) - audio.samples
    return Faulty(Audio(changed, rate), np.array(sorted(spans)).reshape(-1, 2), added)


def with_offset(audio: Audio, size: float, rng: np.random.Generator) -> Faulty:
    """A constant offset of `size`, either sign, in each channel."""
    signs = rng.choice([-1.0, 1.0], (audio.channels, 1))
    return _added(audio, np.broadcast_to(size * signs, audio.samples.shape))


def chip_music(duration_s: float, rate_hz: int, rng: np.random.Generator) -> Audio:
    """Square and pulse waves gated hard on and off, with noise drums: click-like, yet music."""
    frames = round(duration_s * rate_hz)
    out = np.zeros((2, frames))
    step = round(rng.uniform(0.06, 0.25) * rate_hz)
    for _ in range(int(rng.integers(1, 4))):
        root, duty = rng.uniform(60, 400), rng.choice([0.125, 0.25, 0.5])
        side = rng.uniform(0.2, 0.8)
        for start in range(0, frames, step):
            if rng.random() < 0.3:
                continue
            size = min(frames - start, round(step * rng.choice([0.5, 0.9, 1.0])))
            phase = root * 2 ** (rng.integers(0, 13) / 12) * np.arange(size) / rate_hz % 1
            saw = rng.random() < 0.2
            wave = (2 * phase - 1) if saw else np.where(phase < duty, 1.0, -1.0)
            decay = np.exp(-np.arange(size) / rate_hz * rng.choice([0, 4, 12]))
            out[:, start : start + size] += np.outer([side, 1 - side], 0.2 * wave * decay)
    for start in range(0, frames, 2 * step):
        size = min(frames - start, round(rng.uniform(0.01, 0.1) * rate_hz))
        drum = rng.standard_normal(size) * np.exp(-5 * np.arange(size) / max(1, size))
        out[:, start : start + size] += 0.15 * drum
    return Audio((0.7 * out / max(1e-9, np.max(np.abs(out)))).astype(np.float32), rate_hz)


def _added(audio: Audio, added: Floats) -> Faulty:
    changed = (audio.samples + added).astype(np.float32)
    return Faulty(Audio(changed, audio.sample_rate_hz), np.zeros((0, 2)), np.asarray(added))
