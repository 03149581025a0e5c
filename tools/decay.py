"""How sound dies away: statistics of level slopes in many bands, the raw material of `reverb`.

A room cannot add fast decays, only take them away: what remains of the steepest falls in each
band says how long the room rings (Wen, Habets and Naylor 2008, on the negative side of the decay
rates). Two time-frequency grids are looked at, a quick one in quarter-octave bands and a narrow
one in which single notes die away on their own; modulation energies (after Falk, Zheng and Chan
2010, speech-to-reverberation modulation ratio) complete the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

ANALYSIS_RATE_HZ = 22050
HIGHEST_HZ = 8000.0
FLOOR_DB = 60.0
GROUP_EDGES_HZ = (100.0, 300.0, 800.0, 2000.0, 4500.0, HIGHEST_HZ)
QUANTILES = (0.005, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98, 0.995)
TOGETHER_QUANTILES = (0.003, 0.01, 0.03, 0.1, 0.3)
STRAIGHT_QUANTILES = (0.02, 0.1, 0.3, 0.5)
MODULATION_EDGES_HZ = (0.5, 1.0, 2.0, 3.5, 6.0, 10.0, 16.0, 25.0, 40.0)


@dataclass(frozen=True)
class Grid:
    """One time-frequency view: window, hop and spans over which slopes are fitted, in seconds."""

    window_s: float
    hop_s: float
    spans_s: tuple[float, ...]
    bands_per_octave: int  # 0: every bin is a band
    highest_hz: float


QUICK = Grid(0.032, 0.008, (0.08, 0.16, 0.32, 0.64), 4, HIGHEST_HZ)
NARROW = Grid(0.128, 0.02, (0.16, 0.32, 0.64, 1.28), 0, 4500.0)


def reduce_rate(mono: Floats, rate_hz: int) -> tuple[Floats, float]:
    """Bring `mono` (frames,) down to `ANALYSIS_RATE_HZ` by cutting its spectrum; lower stays."""
    if rate_hz <= ANALYSIS_RATE_HZ:
        return mono, float(rate_hz)
    from scipy.fft import irfft, next_fast_len, rfft

    # A size that both rates divide well keeps the new rate exact to a few parts in a million.
    size = next_fast_len(mono.size + rate_hz // 20, real=True)
    shorter = round(size * ANALYSIS_RATE_HZ / rate_hz)
    shorter = next_fast_len(shorter, real=True)
    spectrum = rfft(mono, size)[: shorter // 2 + 1]
    taper = max(1, spectrum.size // 20)
    spectrum[-taper:] *= np.linspace(1, 0, taper, dtype=np.float32)
    lowered = irfft(spectrum, shorter) * (shorter / size)
    kept = int(mono.size * shorter / size)
    return lowered[:kept].astype(np.float32), rate_hz * shorter / size


def decay_features(mono: Floats, rate_hz: float) -> Floats:
    """Feature vector of `mono` (frames,), at least 3 s long; finite for any sound but silence."""
    parts: list[Floats] = []
    for grid in (QUICK, NARROW):
        levels, groups = _levels(mono, rate_hz, grid)
        parts.extend(_slope_features(levels, groups, grid))
        if grid is QUICK:
            parts.extend(_modulation_features(levels, groups, grid))
    return np.concatenate(parts).astype(np.float32)


def _levels(mono: Floats, rate_hz: float, grid: Grid) -> tuple[Floats, list[NDArray[np.intp]]]:
    """Band levels in dB (bands, times), floored, and the bands of each frequency group."""
    from scipy.fft import next_fast_len, rfft

    length = round(grid.window_s * rate_hz)
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)).astype(np.float32)
    hop = round(grid.hop_s * rate_hz)
    size = next_fast_len(window.size, real=True)
    frames = np.lib.stride_tricks.sliding_window_view(mono, window.size)[::hop]
    freqs = np.arange(size // 2 + 1) * rate_hz / size
    top = int(np.searchsorted(freqs, min(grid.highest_hz, 0.45 * rate_hz)))
    power = np.empty((top, frames.shape[0]), dtype=np.float32)
    for start in range(0, frames.shape[0], 512):
        spectrum = rfft(frames[start : start + 512] * window, size, axis=1)[:, :top]
        power[:, start : start + 512] = (spectrum.real**2 + spectrum.imag**2).T
    if grid.bands_per_octave:
        octaves = np.log2(np.maximum(freqs[:top], 1.0) / GROUP_EDGES_HZ[0])
        band = np.floor(octaves * grid.bands_per_octave).astype(int)
        kept = band >= 0
        first = np.flatnonzero(np.diff(band[kept], prepend=-1))
        power = np.add.reduceat(power[kept], first, axis=0)
        centers = freqs[:top][kept][first]
    else:
        low = int(np.searchsorted(freqs, GROUP_EDGES_HZ[0]))
        power, centers = power[low:], freqs[low:top]
    peak = power.max(axis=1, keepdims=True)
    # A band 70 dB under the loudest one is codec dust, not music.
    floor = np.maximum(peak * 10 ** (-FLOOR_DB / 10), peak.max() * 1e-10)
    levels = 10 * np.log10(np.maximum(power, np.maximum(floor, 1e-30)))
    group = np.digitize(centers, GROUP_EDGES_HZ[1:-1])
    heard = peak[:, 0] > 1e-7 * peak.max()
    return levels.astype(np.float32), _filled(group, heard, grid)


def _filled(
    group: NDArray[np.intp], heard: NDArray[np.bool_], grid: Grid
) -> list[NDArray[np.intp]]:
    """Bands of each group; a group without sound speaks through its nearest lower neighbour."""
    groups: list[NDArray[np.intp]] = []
    for number in range(sum(edge < grid.highest_hz for edge in GROUP_EDGES_HZ)):
        bands = np.flatnonzero((group == number) & heard)
        groups.append(groups[-1] if bands.size == 0 and groups else bands)
    return groups


def _slope_features(levels: Floats, groups: list[NDArray[np.intp]], grid: Grid) -> list[Floats]:
    """Quantiles of fitted slopes, of the straight falls among them, and how common those are."""
    out = []
    alive = levels > levels.min(axis=1, keepdims=True) + 8
    # Running sums make every fit, whatever its span, a few differences.
    time = np.arange(levels.shape[1], dtype=np.float64)
    centered = levels - levels.mean(axis=1, keepdims=True)
    sum_level = _running(centered)
    sum_timed = _running(centered * time)
    sum_square = _running(centered * centered)
    for span_s in grid.spans_s:
        taps = max(3, round(span_s / grid.hop_s))
        step = max(1, taps // 8)
        first = np.arange(0, max(1, levels.shape[1] - taps + 1), step)
        last = np.minimum(first + taps, levels.shape[1])
        total = sum_level[:, last] - sum_level[:, first]
        timed = sum_timed[:, last] - sum_timed[:, first] - (first + (taps - 1) / 2) * total
        square = sum_square[:, last] - sum_square[:, first] - total**2 / taps
        norm = taps * (taps**2 - 1) / 12
        slope = (timed / (norm * grid.hop_s)).astype(np.float32)
        straight = timed**2 / norm > 0.9 * np.maximum(square, 1e-3 * taps)
        living_all = alive[:, (first + last) // 2]
        for bands in groups:
            chosen, living = slope[bands], living_all[bands]
            falls = chosen[living & straight[bands] & (chosen < -6)]
            out.append(_squash(_quantiles(chosen[living], QUANTILES)))
            out.append(_squash(_quantiles(falls, STRAIGHT_QUANTILES)))
            share = falls.size / max(1, int(np.count_nonzero(living)))
            out.append(np.array([np.log10(share + 1e-4)], dtype=np.float32))
        out.extend(_together(slope, living_all, straight, groups))
    return out


def _together(
    slope: Floats,
    living: NDArray[np.bool_],
    straight: NDArray[np.bool_],
    groups: list[NDArray[np.intp]],
) -> list[Floats]:
    """When many bands fall at once nothing new is played: the freest decays of the song."""
    out = []
    everything = np.unique(np.concatenate(groups))
    for bands in (everything, *groups):
        alive = living[bands]
        count = alive.sum(axis=0)
        told = count >= max(3, bands.size // 6)
        if np.count_nonzero(told) < 8:
            out.append(np.zeros(2 * len(TOGETHER_QUANTILES), dtype=np.float32))
            continue
        weight = alive[:, told].astype(np.float32)
        chosen = slope[bands][:, told]
        mean = (chosen * weight).sum(axis=0) / count[told]
        falling = (weight * (straight[bands][:, told] & (chosen < -6))).sum(axis=0) / count[told]
        most = falling >= np.quantile(falling, 0.9)
        out.append(_squash(_quantiles(mean, TOGETHER_QUANTILES)))
        free = (chosen * weight)[:, most].sum(axis=0) / count[told][most]
        out.append(
            np.append(
                _squash(_quantiles(free, (0.1, 0.3, 0.5, 0.8))), np.float32(falling[most].mean())
            )
        )
    return out


def _running(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Running sums along time with a leading zero."""
    sums = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, dtype=np.float64, out=sums[:, 1:])
    return sums


def _modulation_features(
    levels: Floats, groups: list[NDArray[np.intp]], grid: Grid
) -> list[Floats]:
    """Log modulation energies of the amplitude envelopes, relative to their mean."""
    from scipy.fft import rfft

    out = []
    envelope = 10 ** (levels / 20)
    envelope = envelope / np.maximum(envelope.mean(axis=1, keepdims=True), 1e-20) - 1
    freqs = np.arange(envelope.shape[1] // 2 + 1) / (grid.hop_s * envelope.shape[1])
    power = np.abs(rfft(envelope, axis=1)) ** 2 / envelope.shape[1]
    edges = np.searchsorted(freqs, MODULATION_EDGES_HZ)
    for bands in groups:
        total = power[bands].mean(axis=0) if bands.size else np.zeros(power.shape[1])
        energy = [total[a : max(b, a + 1)].mean() for a, b in pairwise(edges)]
        out.append(np.log10(np.asarray(energy) + 1e-4).astype(np.float32))
    return out


def _quantiles(values: Floats, at: tuple[float, ...]) -> Floats:
    """Quantiles of a thinned copy: 20,000 values tell as much as a million."""
    if values.size < 8:
        return np.zeros(len(at), dtype=np.float32)
    values = np.sort(values[:: max(1, values.size // 20000)])
    places = (np.asarray(at) * (values.size - 1)).round().astype(int)
    return np.asarray(values[places], dtype=np.float32)


def _squash(slopes: Floats) -> Floats:
    return np.arcsinh(slopes / 15).astype(np.float32)
