"""Pile-up under a ceiling: clipping that lossy coding or resampling has smeared.

Coding turns flat tops into a bell of samples around the old ceiling. The distribution of
magnitudes in the loudest frames is therefore fitted with a falling exponential that ends at the
ceiling, plus a bell on it. A limited or a merely loud song has the end, but not the bell: its
peaks only touch the ceiling. A steady tone has a bell of sorts; it is told apart by the shape of
the single peaks, whose height over a threshold follows from width and slope when they are round,
and falls short of it when they are flat.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import FloatArray

Array = NDArray[np.float64]

_SPREADS = np.array([0.01, 0.016, 0.025, 0.04, 0.06, 0.085])  # of the bell, re the ceiling
_STEP = 0.01
_RATIO = np.arange(0.6, 1.5, _STEP) + _STEP / 2  # magnitude re the ceiling
_BINS = 1500
_END = np.array([[0.5 * math.erfc((r - 1) / s / math.sqrt(2)) for r in _RATIO] for s in _SPREADS])
_BELL = np.exp(-0.5 * ((_RATIO - 1) / _SPREADS[:, None]) ** 2) * (
    _STEP / _SPREADS[:, None] / math.sqrt(2 * math.pi)
)
_CANDIDATES = 4
_THRESHOLD = 0.8  # of the level: where the shape of peaks is judged
# Lower peaks for each one at the ceiling, and the climb in two samples re the ceiling: music has
# more and less.
_LOWER_PEAKS = 0.12
_CLIMB = 0.5
_BELOW = 0.75  # of the ceiling: the peaks that clipping left alone, for comparison


@dataclass(frozen=True)
class PileUp:
    """`level` of the ceiling (linear), `spread` of the bell (share of it), `score` in log odds."""

    level: float
    spread: float
    score: float


@dataclass(frozen=True)
class _Fit:
    level: float
    spread: float
    share: float  # the bell's mass re what a ceiling there would have cut off
    clarity: float  # the bell's mass in standard errors, less for a poor fit
    height: float  # of the bell over the exponential at the ceiling, as a share of it


def pile_up(frames: FloatArray) -> PileUp | None:
    """The likeliest ceiling of loud frames (count, n), or None when there is nothing to judge."""
    top = float(np.abs(frames).max(initial=0.0))
    if frames.size == 0 or top <= 0:
        return None
    scaled = np.abs(frames).ravel() * np.float32(_BINS / (top * 1.0001))
    counts = np.bincount(scaled.astype(np.int32), minlength=_BINS)
    wave = smooth_magnitude(frames)
    judged = [_judged(fit, wave) for fit in _candidates(_fits(counts, top * 1.0001))]
    best = max(judged, key=lambda found: found.score, default=None)
    return best if best is not None and _uneven(frames, wave, best.level) else None


def _fits(counts: NDArray[np.int64], top: float) -> list[_Fit]:
    """Weighted least-squares fits of end and bell for every ceiling and spread."""
    edges = np.linspace(0.0, top, counts.size + 1)
    total = np.concatenate([[0.0], np.cumsum(counts, dtype=np.float64)])
    borders = np.append(_RATIO - _STEP / 2, _RATIO[-1] + _STEP / 2)
    low = _RATIO < 0.82
    fits: list[_Fit] = []
    for level in top * np.exp(-np.arange(0.0, 0.95, 0.01)):
        seen = np.diff(np.interp(np.minimum(level * borders, top), edges, total))
        if seen[_RATIO > 0.9].sum() < 15:
            continue
        slope = np.polyfit(_RATIO[low] - 1, np.log(seen[low] + 0.5), 1, w=np.sqrt(seen[low] + 0.5))
        fall = max(-float(slope[0]), 0.3)
        # Counting error and 5 % for the model itself.
        weight = 1 / (seen + (0.05 * seen) ** 2 + 1)
        end = np.exp(-fall * (_RATIO - 1)) * _END
        g00, g01, g11 = ((weight * a * b).sum(axis=1) for a, b in _pairs(end))
        b0, b1 = (weight * seen * end).sum(axis=1), (weight * seen * _BELL).sum(axis=1)
        det = np.maximum(g00 * g11 - g01**2, 1e-12)
        bell, base = (g00 * b1 - g01 * b0) / det, (g11 * b0 - g01 * b1) / det
        misfit = (weight * (seen - base[:, None] * end - bell[:, None] * _BELL) ** 2).mean(axis=1)
        clarity = bell / np.sqrt(g00 / det) / np.sqrt(np.maximum(misfit, 1.0))
        ratio = bell / np.maximum(base, 1e-9) * _STEP
        share, height = ratio * fall, ratio / (_SPREADS * math.sqrt(2 * math.pi))
        fits += [
            _Fit(float(level), *(float(of[k]) for of in (_SPREADS, share, clarity, height)))
            for k in np.flatnonzero((bell > 0) & (base > 0) & (share > 0.05))
        ]
    return fits


def _pairs(end: Array) -> tuple[tuple[Array, Array], ...]:
    return ((end, end), (end, _BELL), (_BELL, _BELL))


def _candidates(fits: list[_Fit]) -> list[_Fit]:
    """The clearest fit of every spread, near ones joined, the clearest few."""
    chosen: list[_Fit] = []
    for spread in _SPREADS:
        best = max(
            (fit for fit in fits if fit.spread == spread), key=lambda f: f.clarity, default=None
        )
        if best is None:
            continue
        near = [fit for fit in chosen if abs(fit.level / best.level - 1) < 0.025]
        if not near:
            chosen.append(best)
        elif best.clarity > near[0].clarity:
            chosen[chosen.index(near[0])] = best
    return sorted(chosen, key=lambda fit: -fit.clarity)[:_CANDIDATES]


def _judged(fit: _Fit, wave: FloatArray) -> PileUp:
    return PileUp(fit.level, fit.spread, log_odds(features(fit, wave)))


def features(fit: _Fit, wave: FloatArray) -> Array:
    """What `log_odds` weighs, all logarithms: share and clarity of the bell, how round the peaks
    at the ceiling are, its spread, how round those well below it are, how many these are, and
    the height of the bell."""
    upper, lower = peak_roundness(wave, fit.level), peak_roundness(wave, _BELOW * fit.level)
    return np.log(
        [
            fit.share + 0.03,
            fit.clarity + 1,
            _steady(upper),
            fit.spread,
            _steady(lower),
            min(lower.size, 3000) + 1,
            fit.height + 0.1,
        ]
    )


def _steady(roundness: Array) -> float:
    """The median, drawn towards round when there are few peaks, for few say little."""
    if not roundness.size:
        return 1.0
    drawn = (float(np.median(roundness)) * roundness.size + 10) / (roundness.size + 10)
    return max(drawn, 0.05)


# Fitted on music of the tuning packages: clipped 1 to 12 dB against limited and untouched songs,
# all coded as MP3 128 kbit/s and Opus 96 kbit/s.
_WEIGHTS = np.array([-0.356, 1.878, -8.276, -0.663, 7.954, 0.501, 2.18])
_BIAS = -12.253


def log_odds(values: Array) -> float:
    """Log odds that the ceiling is one of clipping rather than of a limiter or of chance."""
    return float(values @ _WEIGHTS + _BIAS)


def _uneven(frames: FloatArray, wave: FloatArray, level: float) -> bool:
    """Whether this can be clipped music rather than a steady tone or synthetic steps.

    A steady wave comes back to the same height every time; clipped music has lower peaks too. A
    square wave jumps to its ceiling; music mostly climbs there.
    """
    bounds = _excursions(wave, 0.5 * level)
    if not bounds.size:
        return False
    heights = np.maximum.reduceat(wave, (bounds + 1).ravel())[::2]
    lower = np.count_nonzero((heights > 0.55 * level) & (heights < 0.88 * level))
    if lower < _LOWER_PEAKS * np.count_nonzero(heights >= 0.94 * level):
        return False
    magnitude = np.abs(frames[:, 2:])
    row, column = np.nonzero((magnitude > 0.8 * level) & (np.abs(frames[:, 1:-1]) <= 0.8 * level))
    climb = np.abs(frames[row, column + 2] - frames[row, column])
    return bool(climb.size) and float(np.median(climb)) < _CLIMB * level


def _excursions(wave: FloatArray, threshold: float) -> NDArray[np.intp]:
    """The last sample before, and the last one of, each stretch above, shape (count, 2)."""
    bounds = np.flatnonzero(np.diff((wave > threshold).astype(np.int8)))
    if bounds.size and wave[0] > threshold:
        bounds = bounds[1:]
    return bounds[: bounds.size // 2 * 2].reshape(-1, 2)


def smooth_magnitude(frames: FloatArray) -> FloatArray:
    """Magnitude of slightly smoothed frames (count, n), one after the other, shape (samples,)."""
    smooth = np.float32(0.25) * frames[:, :-2]
    smooth += np.float32(0.5) * frames[:, 1:-1]
    smooth += np.float32(0.25) * frames[:, 2:]
    return np.asarray(np.abs(smooth, out=smooth).ravel(), dtype=np.float32)


def peak_roundness(wave: FloatArray, level: float) -> Array:
    """Height of the peaks of `wave` (samples,) near `level` over a threshold, re that of a parabola
    of the same width and slopes: 1 is round, less is flat."""
    threshold = _THRESHOLD * level
    bounds = _excursions(wave, threshold)
    if not bounds.size:
        return np.zeros(0)
    begin, end = bounds[:, 0] + 1, bounds[:, 1]  # first and last sample above
    peak = np.maximum.reduceat(wave, np.column_stack([begin, end + 1]).ravel())[::2] - threshold
    chosen = peak > (0.94 - _THRESHOLD) * level
    begin, end, peak = begin[chosen], end[chosen], peak[chosen].astype(np.float64)
    rise, fall = wave[begin] - wave[begin - 1], wave[end] - wave[end + 1]
    width = (
        (end - begin)
        + (wave[begin] - threshold) / np.maximum(rise, 1e-9)
        + (wave[end] - threshold) / np.maximum(fall, 1e-9)
    )
    # A parabola of width w and end slopes s is s * w / 4 high.
    round_height = (rise + fall) / 2 * width / 4
    wide = width >= 3
    return np.asarray(peak[wide] / np.maximum(round_height[wide], 1e-9), dtype=np.float64)
