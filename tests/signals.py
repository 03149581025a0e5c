"""Reference signals for tests: seeded, music-like, no file needed."""

from __future__ import annotations

import numpy as np

from mixmend.tools.audio import Audio


def sine(freq_hz: float, level_dbfs: float, duration_s: float, rate_hz: int = 48000) -> Audio:
    """Stereo sine of peak level `level_dbfs` in both channels."""
    time_s = np.arange(round(duration_s * rate_hz)) / rate_hz
    wave = 10 ** (level_dbfs / 20) * np.sin(2 * np.pi * freq_hz * time_s)
    return Audio(np.stack([wave, wave]).astype(np.float32), rate_hz)


def music(
    duration_s: float = 10.0, rate_hz: int = 44100, seed: int = 0, *, release_s: float = 0.0
) -> Audio:
    """A dry little band: plucked chords, bass, kick and noise hats, panned; peak about -3 dBFS.

    Notes are cut off dead, which clicks, unless `release_s` fades them out.
    """
    rng = np.random.default_rng(seed)
    frames = round(duration_s * rate_hz)
    out = np.zeros((2, frames))
    beat_s = 60 / rng.uniform(90, 130)
    root = rng.uniform(100, 140)
    release = round(release_s * rate_hz)
    for beat in range(int(duration_s / beat_s) + 1):
        at = round(beat * beat_s * rate_hz)
        _add(out, at, _pluck(root / 2, 0.9 * beat_s, rate_hz), 0.5, 0.5, release)
        _add(out, at, _kick(rate_hz), 0.9, 0.9, release)
        off_beat = at + round(beat_s * rate_hz / 2)
        _add(out, off_beat, _hat(rate_hz, rng), 0.25, 0.15, release)
        chord = root * 2 ** (rng.choice([0, 5, 7]) / 12)
        for step, left in ((0, 0.45), (4, 0.25), (7, 0.1)):
            tone = _pluck(chord * 2 ** (1 + step / 12), 1.8 * beat_s, rate_hz)
            _add(out, at, tone, left, 0.5 - left, release)
    return Audio((out * (0.7 / np.max(np.abs(out)))).astype(np.float32), rate_hz)


def _add(
    out: np.ndarray, at: int, wave: np.ndarray, left: float, right: float, release: int
) -> None:
    if release:
        wave[-release:] *= np.linspace(1, 0, release)
    stop = min(out.shape[1], at + wave.size)
    if stop > at:
        out[0, at:stop] += left * wave[: stop - at]
        out[1, at:stop] += right * wave[: stop - at]


def _pluck(freq_hz: float, duration_s: float, rate_hz: int) -> np.ndarray:
    time_s = np.arange(round(duration_s * rate_hz)) / rate_hz
    partials = range(1, max(2, int(min(12, rate_hz / 2 / freq_hz))))
    wave = sum(
        np.sin(2 * np.pi * k * freq_hz * time_s) / k**1.3 * np.exp(-time_s * (3 + k))
        for k in partials
    )
    return np.asarray(wave) * np.minimum(1, time_s / 0.002)


def _kick(rate_hz: int) -> np.ndarray:
    time_s = np.arange(round(0.25 * rate_hz)) / rate_hz
    sweep = np.cumsum(50 + 120 * np.exp(-time_s * 40)) / rate_hz
    return np.asarray(np.sin(2 * np.pi * sweep) * np.exp(-time_s * 18))


def _hat(rate_hz: int, rng: np.random.Generator) -> np.ndarray:
    time_s = np.arange(round(0.08 * rate_hz)) / rate_hz
    noise = np.diff(rng.standard_normal(time_s.size + 1))
    return np.asarray(noise * np.exp(-time_s * 60))
