"""Damage of recording and transfer, which the flow model was never taught: ours (6 kinds)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixmend.model.damage import (
    BLOCK_S,
    DoubleArray,
    Kind,
    Parameters,
    Value,
    number,
    numbers,
    rms,
)
from mixmend.model.damage_codec import through_mp3
from mixmend.tools.audio import Audio, Block, FloatArray, blocks, map_blocks

if TYPE_CHECKING:
    from numpy.random import Generator

HUM_HARMONICS = 8
_EDGE_S = 0.001


def _draw_hiss(rng: Generator, _: Audio) -> dict[str, Value]:
    return {
        "snr_db": round(float(rng.uniform(15, 35)), 1),
        "pink_share": round(float(rng.uniform(0, 0.7)), 2),
        "noise_seed": int(rng.integers(2**31)),
    }


def _apply_hiss(audio: Audio, parameters: Parameters) -> Audio:
    level = rms(audio) * 10 ** (-number(parameters, "snr_db") / 20)
    share, rate = number(parameters, "pink_share"), audio.sample_rate_hz
    rng = np.random.default_rng(int(number(parameters, "noise_seed")))

    def add(samples: FloatArray, _: Block) -> FloatArray:
        # Noise has no memory that a listener could hear, so blocks are shaped one by one.
        noise = rng.standard_normal(samples.shape)
        pink = _pink(rng.standard_normal(samples.shape), rate)
        mixed = np.sqrt(1 - share) * noise + np.sqrt(share) * pink
        return np.asarray(samples + level * mixed, dtype=np.float32)

    return map_blocks(audio, add, block_s=BLOCK_S, context_s=0)


def _pink(white: DoubleArray, rate_hz: int) -> DoubleArray:
    """White noise (channels, n) tilted by -3 dB an octave above 20 Hz, of unit power."""
    spectrum = np.fft.rfft(white, axis=1)
    tilt = 1 / np.sqrt(np.maximum(np.fft.rfftfreq(white.shape[1], 1 / rate_hz), 20.0))
    shaped = np.fft.irfft(spectrum * tilt, white.shape[1], axis=1)
    return np.asarray(shaped / max(float(np.sqrt(np.mean(np.square(shaped)))), 1e-12))


def _draw_hum(rng: Generator, _: Audio) -> dict[str, Value]:
    falls = rng.uniform(-14, -2, HUM_HARMONICS - 1).cumsum() * 0.5
    return {
        "freq_hz": int(rng.choice([50, 60])),
        "level_db": round(float(rng.uniform(-32, -14)), 1),
        "harmonics_db": [0.0, *(round(float(fall), 1) for fall in falls)],
        "phases": [round(float(phase), 3) for phase in rng.uniform(0, 2 * np.pi, HUM_HARMONICS)],
    }


def _apply_hum(audio: Audio, parameters: Parameters) -> Audio:
    rate = audio.sample_rate_hz
    freq_hz = number(parameters, "freq_hz")
    levels = 10 ** (np.array(numbers(parameters, "harmonics_db")) / 20)
    phases = numbers(parameters, "phases")
    partials = [k for k in range(levels.size) if (k + 1) * freq_hz < 0.49 * rate]
    loudness = np.sqrt(0.5 * np.sum(levels[partials] ** 2))
    level = rms(audio) * 10 ** (number(parameters, "level_db") / 20) / loudness

    def add(samples: FloatArray, block: Block) -> FloatArray:
        turns = freq_hz * np.arange(block.start, block.stop) / rate
        hum = sum(levels[k] * np.sin(2 * np.pi * (k + 1) * turns + phases[k]) for k in partials)
        return np.asarray(samples + level * hum, dtype=np.float32)

    return map_blocks(audio, add, block_s=BLOCK_S, context_s=0)


def _draw_clicks(rng: Generator, _: Audio) -> dict[str, Value]:
    return {
        "per_s": round(float(rng.uniform(0.5, 6)), 2),
        "level_db": round(float(rng.uniform(0, 14)), 1),
        "click_seed": int(rng.integers(2**31)),
    }


def _apply_clicks(audio: Audio, parameters: Parameters) -> Audio:
    rate = audio.sample_rate_hz
    rng = np.random.default_rng(int(number(parameters, "click_seed")))
    count = max(1, round(number(parameters, "per_s") * audio.duration_s))
    starts = np.sort(rng.integers(0, audio.frames, count))
    level = max(rms(audio), 1e-4) * 10 ** (number(parameters, "level_db") / 20)
    shapes = [_click(rng, audio.channels, rate) * level * rng.uniform(0.5, 2) for _ in starts]

    def add(samples: FloatArray, block: Block) -> FloatArray:
        out = samples.copy()
        first, last = block.start - block.before, block.stop + block.after
        for start, shape in zip(starts, shapes, strict=True):
            begin, end = max(first, int(start)), min(last, int(start) + shape.shape[1])
            if end > begin:
                out[:, begin - first : end - first] += shape[:, begin - start : end - start]
        return out

    return map_blocks(audio, add, block_s=BLOCK_S, context_s=0.01)


def _click(rng: Generator, channels: int, rate_hz: int) -> FloatArray:
    """One click (channels, n): a jump that rings for 0.1 to 1.5 ms, not the same on each side."""
    length_s = float(rng.uniform(0.0001, 0.0015))
    time_s = np.arange(max(1, round(2 * length_s * rate_hz))) / rate_hz
    ringing = np.cos(2 * np.pi * rng.uniform(800, 6000) * time_s) * np.exp(-3 * time_s / length_s)
    sides = rng.choice([-1.0, 1.0]) * rng.uniform(0.3, 1.0, (channels, 1))
    return np.asarray(sides * ringing, dtype=np.float32)


def _draw_dropout(rng: Generator, audio: Audio) -> dict[str, Value]:
    count = max(1, round(audio.duration_s * float(rng.uniform(0.1, 0.4))))
    lengths_s = np.minimum(rng.uniform(0.01, 0.15, count), 0.2 * audio.duration_s)
    heard = _heard_s(audio)
    starts_s = np.sort(rng.choice(heard, count) + rng.uniform(0, 0.05, count))
    return {
        "starts_s": [round(float(start), 4) for start in starts_s],
        "lengths_s": [round(float(length), 4) for length in lengths_s],
    }


def _heard_s(audio: Audio) -> DoubleArray:
    """Times of the 50 ms pieces in which something sounds: a gap in silence is no damage."""
    step = max(1, round(0.05 * audio.sample_rate_hz))
    times: list[DoubleArray] = []
    quiet = 0.2 * rms(audio)
    for block in blocks(audio, 600 * step):
        pieces = block.samples[:, : block.samples.shape[1] // step * step]
        power = np.mean(np.square(pieces.reshape(audio.channels, -1, step)), axis=(0, 2))
        found = np.flatnonzero(np.sqrt(power) > quiet)
        times.append((block.start + found * step) / audio.sample_rate_hz)
    heard = np.concatenate(times) if times else np.zeros(0)
    return heard if heard.size else np.zeros(1)


def _apply_dropout(audio: Audio, parameters: Parameters) -> Audio:
    rate = audio.sample_rate_hz
    gaps = list(zip(numbers(parameters, "starts_s"), numbers(parameters, "lengths_s"), strict=True))

    def cut(samples: FloatArray, block: Block) -> FloatArray:
        time_s = (block.start + np.arange(samples.shape[1])) / rate
        gain = np.ones(time_s.size)
        for start_s, length_s in gaps:
            if start_s > time_s[-1] or start_s + length_s < time_s[0]:
                continue
            outside_s = np.maximum(start_s - time_s, time_s - (start_s + length_s))
            gain = np.minimum(gain, np.clip(outside_s / _EDGE_S, 0, 1))
        return np.asarray(samples * gain, dtype=np.float32)

    return map_blocks(audio, cut, block_s=BLOCK_S, context_s=0)


def _draw_dc(rng: Generator, audio: Audio) -> dict[str, Value]:
    sizes = rng.uniform(0.02, 0.12, audio.channels) * rng.choice([-1.0, 1.0], audio.channels)
    return {"offsets": [round(float(size), 4) for size in sizes]}


def _apply_dc(audio: Audio, parameters: Parameters) -> Audio:
    offsets = np.resize(numbers(parameters, "offsets"), audio.channels).astype(np.float32)[:, None]
    return map_blocks(audio, lambda samples, _: samples + offsets, block_s=BLOCK_S, context_s=0)


def _draw_lowbitrate(rng: Generator, _: Audio) -> dict[str, Value]:
    return {"codec": "mp3", "kbit_s": int(rng.choice([32, 40, 48, 56, 64]))}


def _apply_lowbitrate(audio: Audio, parameters: Parameters) -> Audio:
    return through_mp3(audio, int(number(parameters, "kbit_s")))


FAULT_KINDS: dict[str, Kind] = {
    "hiss": Kind(_draw_hiss, _apply_hiss),
    "hum": Kind(_draw_hum, _apply_hum),
    "clicks": Kind(_draw_clicks, _apply_clicks),
    "dropout": Kind(_draw_dropout, _apply_dropout),
    "dc": Kind(_draw_dc, _apply_dc),
    "lowbitrate": Kind(_draw_lowbitrate, _apply_lowbitrate),
}
