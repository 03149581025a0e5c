"""Key: which of the 24 major and minor keys a song's pitch classes fit best."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import FloatArray
from mixmend.tools.excerpts import Excerpts

Array = NDArray[np.float64]

NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
WINDOW_S = 0.37
LOWEST_HZ, HIGHEST_HZ = 60.0, 3000.0
PEAKS = 24  # strongest spectral peaks of a frame
MIN_EXCERPT_S = 2.0

# How often each degree sounds in music of a key (Albrecht and Shanahan 2013, from 982 pieces).
_MAJOR = (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081)
_MINOR = (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052)


@dataclass(frozen=True)
class Key:
    """`name` like "A minor" and how far to trust it, 0..1; None without pitched sound."""

    name: str | None
    confidence: float | None


def key_of(excerpts: Excerpts) -> Key:
    """Key of the excerpts' middle signal; None and None when there is nothing pitched.

    Method: spectral peaks folded to pitch classes after estimating the tuning, correlated with
    the profiles of Albrecht and Shanahan. Confidence comes from the lead over the next unrelated
    key and from how much of the pieces agree.
    """
    rate = excerpts.rate_hz
    if excerpts.middle.shape[1] < MIN_EXCERPT_S * rate:
        return Key(None, None)
    chromas = [_chroma(piece, rate) for piece in excerpts.middle]
    chromas = [chroma for chroma in chromas if chroma.sum() > 0]
    if not chromas:
        return Key(None, None)
    scores = _key_scores(np.mean(chromas, axis=0))
    best = int(np.argmax(scores))
    others = [score for key, score in enumerate(scores) if key not in _relatives(best)]
    lead = float(scores[best] - max(others))
    alone = [int(np.argmax(_key_scores(chroma))) for chroma in chromas]
    agree = float(np.mean([key in _relatives(best) for key in alone]))
    fit = min(1.0, max(0.0, float(scores[best])))
    confidence = fit * (1 - math.exp(-lead / 0.12)) * (0.5 + 0.5 * agree)
    return Key(f"{NAMES[best % 12]} {'major' if best < 12 else 'minor'}", confidence)


def _chroma(piece: FloatArray, rate_hz: float) -> Array:
    """Share of each pitch class, (12,), frames weighted alike; zeros without peaks."""
    size = 2 ** round(math.log2(WINDOW_S * rate_hz))
    size = min(size, 2 ** int(math.log2(piece.size)))
    frames = np.lib.stride_tricks.sliding_window_view(piece, size)[:: size // 2]
    window = np.blackman(size).astype(np.float32)
    magnitude = np.abs(np.fft.rfft(frames * window, 2 * size, axis=1))
    step_hz = rate_hz / (2 * size)
    first, last = int(LOWEST_HZ / step_hz), int(min(HIGHEST_HZ, 0.45 * rate_hz) / step_hz)
    inner = magnitude[:, first:last]
    is_peak = (inner > magnitude[:, first - 1 : last - 1]) & (
        inner >= magnitude[:, first + 1 : last + 1]
    )
    strength = np.where(is_peak, inner, 0.0)
    weakest = np.partition(strength, -PEAKS, axis=1)[:, -PEAKS][:, None]
    loudest = strength.max(axis=1, keepdims=True)
    keep = (strength >= np.maximum(weakest, 0.01 * loudest)) & (strength > 1e-6)
    row, column = np.nonzero(keep)
    if row.size == 0:
        return np.zeros(12)
    at = column + first
    left, middle, right = (np.log(magnitude[row, at + k] + 1e-12) for k in (-1, 0, 1))
    bend = left - 2 * middle + right
    offset = np.where(bend < -1e-9, 0.5 * (left - right) / np.minimum(bend, -1e-9), 0.0)
    pitch = 12 * np.log2((at + np.clip(offset, -0.5, 0.5)) * step_hz / 440.0) + 69
    # Square root: a loud note counts more, but not as if it were the only one.
    weight = np.sqrt(strength[row, column] / loudest[row, 0])
    tuning = np.angle(np.sum(weight * np.exp(2j * np.pi * pitch))) / (2 * np.pi)
    nearest = np.round(pitch - tuning)
    closeness = np.square(np.cos(np.pi * (pitch - tuning - nearest)))
    chroma = np.bincount(np.mod(nearest, 12).astype(int), weight * closeness, minlength=12)
    return np.asarray(chroma / chroma.sum())


def _key_scores(chroma: Array) -> Array:
    """Correlation with the 24 keys: majors from C, then minors from C."""
    scores = []
    for profile in (_MAJOR, _MINOR):
        shape = np.array(profile)
        for tonic in range(12):
            scores.append(np.corrcoef(chroma, np.roll(shape, tonic))[0, 1])
    return np.asarray(np.nan_to_num(np.array(scores)))


def _relatives(key: int) -> frozenset[int]:
    """The key itself and its relative and parallel, which differ from it in mode only."""
    tonic, minor = key % 12, key >= 12
    relative = (tonic + 3) % 12 if minor else (tonic + 9) % 12 + 12
    parallel = tonic if minor else tonic + 12
    return frozenset({key, relative, parallel})
