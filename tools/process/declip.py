"""Declipping: rebuild what hard clipping cut off, keep every other sample as it is.

The method is audio declipping with social sparsity (Siedenburg, Kowalski and Dörfler, ICASSP
2014): among all signals that agree with the reliable samples and reach at least the ceiling where
the wave was cut, look for one with few, persistent time-frequency coefficients. Each round
shrinks the coefficients by the persistent empirical Wiener rule (a coefficient is kept as far as
it and its neighbours in time rise over a threshold), goes back to samples, restores the reliable
ones and the ceiling, and steps on with momentum; the threshold falls from round to round.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import IN_MEMORY_SAMPLES, Audio, FloatArray, allocate, blocks, release
from mixmend.tools.clipping import ClippingMap, find_clipping
from mixmend.tools.region import Region, blend

WINDOW_S = 0.09
ROUNDS = 60
MOMENTUM = 0.9
# Threshold at the first and the last round, re the ceiling times the root of the window length.
FIRST_THRESHOLD = 1.0
LAST_THRESHOLD = 1.5e-4

_BLOCK_S = 5.0
Places = NDArray[np.intp]


def declip(audio: Audio, *, strength: float = 1.0, region: Region | None = None) -> Audio:
    """`audio` with clipped peaks rebuilt; returned as it is where no clipping is found.

    Reliable samples stay bit-exact; rebuilt ones are at least as far out as they were, so peaks
    rise over the old ceiling and over full scale: level and limiter come after. The ceiling is
    measured, so later gain changes do not matter. Same length, channels, rate, alignment.
    """
    if strength == 0.0:
        return audio
    return declip_at(audio, find_clipping(audio), strength=strength, region=region)


def declip_at(
    audio: Audio, found: ClippingMap, *, strength: float = 1.0, region: Region | None = None
) -> Audio:
    """As `declip`, with clipping that `find_clipping` has found in this sound before."""
    if strength == 0.0 or not found.found:
        return audio
    rate = audio.sample_rate_hz
    window = 2 ** max(6, round(math.log2(WINDOW_S * rate)))
    wanted = _wanted(found, audio, region)
    out = allocate(audio.channels, audio.frames)
    for block in blocks(audio, round(_BLOCK_S * rate), context_frames=2 * window):
        start = block.start - block.before
        flags = wanted[(start + np.arange(block.samples.shape[1])) // found.frame]
        for index, wave in enumerate(block.samples):
            cut = _cut(wave, flags, found.levels[index], found.tolerance)
            if cut.at.size:
                block.samples[index] = _rebuilt(wave, cut, window)
        out[:, block.start : block.stop] = block.core(block.samples)
        if audio.frames * audio.channels > IN_MEMORY_SAMPLES:
            release(out)
    return blend(audio, Audio(out, rate), strength=strength, region=region)


def _wanted(found: ClippingMap, audio: Audio, region: Region | None) -> NDArray[np.bool_]:
    """Clipped frames and their neighbours, within the region."""
    flags = found.clipped.copy()
    flags[1:] |= found.clipped[:-1]
    flags[:-1] |= found.clipped[1:]
    if region is not None:
        start_s = np.arange(flags.size) * found.frame / audio.sample_rate_hz
        frame_s = found.frame / audio.sample_rate_hz
        flags &= (start_s < region.end_s) & (start_s + frame_s > region.start_s)
    return flags


@dataclass(frozen=True, eq=False)
class _Cut:
    """Clipped samples: where, which way (1 or -1), how far out they are now, the ceiling."""

    at: Places
    sign: FloatArray
    least: FloatArray
    ceiling: float


def _cut(
    wave: FloatArray, flags: NDArray[np.bool_], levels: NDArray[np.float64], tolerance: float
) -> _Cut:
    at_ceiling = np.zeros(wave.size, dtype=bool)
    for polarity, level in zip((1, -1), levels, strict=True):
        if math.isfinite(level):
            at_ceiling |= polarity * wave >= level * (1 - tolerance)
    at = np.flatnonzero(at_ceiling & flags)
    sign = np.sign(wave[at])
    ceiling = float(np.nanmax(levels)) if np.isfinite(levels).any() else 0.0
    return _Cut(at, sign, np.abs(wave[at]), ceiling)


def _rebuilt(wave: FloatArray, cut: _Cut, window: int) -> FloatArray:
    """`wave` (n,) with the cut samples rebuilt, stretch by stretch."""
    out = wave.copy()
    breaks = np.flatnonzero(np.diff(cut.at) > 2 * window) + 1
    for part in np.split(np.arange(cut.at.size), breaks):
        at = cut.at[part]
        first, last = max(0, int(at[0]) - window), min(wave.size, int(at[-1]) + window + 1)
        stretch = _Cut(at - first, cut.sign[part], cut.least[part], cut.ceiling)
        out[at] = _solve(wave[first:last], stretch, window)
    return out


def _solve(wave: FloatArray, cut: _Cut, window: int) -> FloatArray:
    """New values of the cut samples of one stretch."""
    from scipy.fft import irfft, rfft

    hop = window // 2
    count = -(-(wave.size + window) // hop)
    signal = np.zeros((count + 1) * hop, dtype=np.float32)
    signal[hop : hop + wave.size] = wave
    at = cut.at + hop
    # Root of a Hann window: analysis and synthesis together add up to one at half overlap.
    taper = np.sin(np.pi * (np.arange(window) + 0.5) / window).astype(np.float32)
    values = cut.sign * cut.least
    scale = cut.ceiling * math.sqrt(window)
    before = values
    for threshold in np.geomspace(FIRST_THRESHOLD, LAST_THRESHOLD, ROUNDS) * scale:
        frames = np.lib.stride_tricks.sliding_window_view(signal, window)[::hop] * taper
        spectrum = rfft(frames, axis=1)
        spectrum *= _persistent_wiener(spectrum, float(threshold))
        pieces = irfft(spectrum, window, axis=1)
        pieces *= taper
        smooth = np.zeros_like(signal)
        smooth[:-hop] += pieces[:, :hop].reshape(-1)
        smooth[hop:] += pieces[:, hop:].reshape(-1)
        values = cut.sign * np.maximum(cut.sign * smooth[at], cut.least)
        signal[at] = values + np.float32(MOMENTUM) * (values - before)
        before = values
    return np.asarray(values, dtype=np.float32)


def _persistent_wiener(spectrum: NDArray[np.complex64], threshold: float) -> FloatArray:
    """Gain of each coefficient from the power of it and its neighbours in time."""
    power = spectrum.real**2
    power += spectrum.imag**2
    around = power.copy()
    around[1:-1] += power[:-2]
    around[1:-1] += power[2:]
    around[1:-1] *= np.float32(1 / 3)
    around += np.float32(1e-20)
    gain = np.float32(-(threshold**2)) / around
    gain += np.float32(1)
    return np.asarray(np.maximum(gain, 0, out=gain), dtype=np.float32)
