"""What a room leaves in each narrow band of a song: figures of 11 Hz bins, for the room head.

A room answers each frequency differently: it builds some notes up, lets them ring, and cancels
others. Sixty figures of every bin tell of that: how it stands against its neighbourhood, how it
rises and falls, and how its level is spread over time.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio
from mixmend.tools.frames import centred, spectra

Array = NDArray[np.float64]
Figures = NDArray[np.float32]

RATE_HZ = 44100
FRAMING = centred(4096, 1024)
BINS = 460  # up to 4.9 kHz: above it a song has too little for a room to be heard by
_WIDE_BINS = 900  # neighbours are looked at up to here
FIGURES = 60

_FAINTEST = 1e-13  # of the song's power
_NEAR_OCTAVES = (1 / 12, 1 / 6, 1 / 3, 2 / 3, 4 / 3, 3)
_NEAR_BINS = (1, 2, 3, 4, 6, 8)
_RATIOS = tuple(2 ** (step / 12) for step in (-12, 12, 7, -7, 1, -1, 2, -2))
_QUANTILES = (0.05, 0.15, 0.3, 0.5, 0.7, 0.85, 0.95)
_LAGS, _LONG_LAGS = (1, 2, 4, 8, 16, 32), (1, 2, 4, 8, 16, 32, 64)
_MOST_STEP_DB = 40.0


def narrow_power(audio: Audio) -> Array:
    """Power (900, frames) of the mean of the channels in bins of 10.8 Hz; `audio` at 44.1 kHz."""
    pieces = [np.square(np.abs(piece[:, :_WIDE_BINS])) for piece in spectra(audio, FRAMING)]
    return np.concatenate(pieces).T


def room_figures(power: Array) -> Figures:
    """Figures (60, 460) of `narrow_power` with more than 64 frames; the overall level is no matter.

    Raises ValueError for less sound, and for silence.
    """
    total = float(power.sum(axis=0).mean())
    if power.shape[1] <= _LONG_LAGS[-1] or total <= 0:
        raise ValueError("too little sound for figures of a room")
    power = power / total + _FAINTEST
    level_db = 10 * np.log10(power)
    mean_db = 10 * np.log10(power.mean(axis=1))
    rows = [
        *_neighbourhood(mean_db),
        level_db.mean(axis=1) - mean_db,
        *(np.quantile(level_db, _QUANTILES, axis=1) - mean_db),
        *_steps(level_db, power),
        *_rhythm(np.sqrt(power)),
        10 * np.log10(power.max(axis=1)) - mean_db,
    ]
    return np.asarray(np.stack(rows)[:, :BINS], dtype=np.float32)


def _neighbourhood(mean_db: Array) -> list[Array]:
    """Pitch, level, and level against what is around, beside, and at musical intervals."""
    bins = _bins()
    rows = [np.log2(bins), mean_db]
    rows += [mean_db - _smoothed(mean_db, octaves) for octaves in _NEAR_OCTAVES]
    for away in _NEAR_BINS:
        rows += [np.roll(mean_db, away) - mean_db, np.roll(mean_db, -away) - mean_db]
    rows += [np.interp(bins * ratio, bins, mean_db) - mean_db for ratio in _RATIOS]
    return rows


def _steps(level_db: Array, power: Array) -> list[Array]:
    """How the level rises and falls: from frame to frame, after loud frames and before them."""
    move = np.diff(level_db, axis=1)
    rows = [np.maximum(move, 0).mean(axis=1), np.maximum(-move, 0).mean(axis=1)]
    rows.append((move > 0).mean(axis=1))
    weight = power / power.sum(axis=1, keepdims=True)
    for lag in _LAGS:
        step = np.clip(level_db[:, lag:] - level_db[:, :-lag], -_MOST_STEP_DB, _MOST_STEP_DB)
        for share in (weight[:, :-lag], weight[:, lag:]):
            rows.append((share * step).sum(axis=1) / (share.sum(axis=1) + 1e-12))
    return rows


def _rhythm(amplitude: Array) -> list[Array]:
    """How long a level lasts (autocorrelation of the envelope), and how much it moves."""
    mean = amplitude.mean(axis=1, keepdims=True)
    away = amplitude - mean
    variance = np.square(away).mean(axis=1) + 1e-20
    rows = [(away[:, lag:] * away[:, :-lag]).mean(axis=1) / variance for lag in _LONG_LAGS]
    return [*rows, np.asarray(np.sqrt(variance) / mean[:, 0])]


def _smoothed(mean_db: Array, octaves: float) -> Array:
    """Level of the mean power in a band around every bin, dB."""
    low, high = _band_edges(octaves)
    sums = np.concatenate([[0.0], np.cumsum(np.power(10.0, mean_db / 10))])
    return np.asarray(10 * np.log10((sums[high] - sums[low]) / (high - low) + 1e-20))


@lru_cache(maxsize=16)
def _band_edges(octaves: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    half = 2 ** (octaves / 2)
    low = np.floor(_bins() / half).astype(np.int64)
    high = np.minimum(np.ceil(_bins() * half).astype(np.int64) + 1, _WIDE_BINS)
    return low, high


def _bins() -> Array:
    return np.arange(_WIDE_BINS, dtype=np.float64) + 0.5
