"""What a song is like as a whole: statistics of its levels over time, told to every window."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mixmend.model.flow_render import band_filters
from mixmend.model.mend_mel import BANDS, SIDES, Mel

# Statistics over time of each band: the first four are levels, which a filter shifts by its curve;
# the others say how the level moves from frame to frame, and over four frames.
LEVELS = ("mean", "power_mean", "low_tenth", "high_tenth")
MOVES = ("spread", "flux", "fall", "rise", "slow_spread")
PER_BAND = len(LEVELS) + len(MOVES)
SIZE = PER_BAND * SIDES * BANDS + 1
_AIM_RMS_DB = -20.0
_EVERY = 3


def song_stats(mel_db: Mel) -> NDArray[np.float32]:
    """Statistics (9, 2, 96), dB, of levels (2, frames, 96); as loud as the song is."""
    power_mean = 10 * np.log10(np.mean(np.power(10.0, mel_db / 10), axis=1) + 1e-12)
    some = mel_db[:, ::_EVERY]
    low, high = np.quantile(some, (0.1, 0.9), axis=1)
    flux = np.diff(mel_db, axis=1).std(axis=1) if mel_db.shape[1] > 1 else np.zeros_like(low)
    if mel_db.shape[1] > 8:
        over_four = (mel_db[:, 4:] - mel_db[:, :-4])[:, ::_EVERY]
        fall, rise = np.quantile(over_four, (0.05, 0.95), axis=1)
    else:
        fall, rise = np.zeros_like(low), np.zeros_like(low)
    slow = _slow_spread(mel_db)
    mean, spread = mel_db.mean(axis=1), mel_db.std(axis=1)
    parts = [mean, power_mean, low, high, spread, flux, fall, rise, slow]
    return np.asarray(np.stack(parts), dtype=np.float32)


def _slow_spread(mel_db: Mel) -> NDArray[np.float32]:
    """Spread of the level of half seconds."""
    span = 22
    count = mel_db.shape[1] // span
    if count < 2:
        return np.zeros((SIDES, BANDS), dtype=np.float32)
    cut = mel_db[:, : count * span].reshape(SIDES, count, span, BANDS)
    return np.asarray(cut.mean(axis=2).std(axis=1), dtype=np.float32)


def level_of(stats: NDArray[np.float32]) -> float:
    """RMS of the middle in dB re full scale, from statistics (9, 2, 96)."""
    weight = band_filters(BANDS).sum(axis=0)
    power = float(np.power(10.0, stats[1, 0] / 10) @ weight)
    return 10 * float(np.log10(max(power, 1e-12)))


def shift_db(stats: NDArray[np.float32]) -> float:
    """What to add to a song's levels to have it at the level that the model knows."""
    return _AIM_RMS_DB - level_of(stats)


def as_features(stats: NDArray[np.float32]) -> NDArray[np.float32]:
    """A vector (1729,) about 1 in size: levels re the song's own, moves, and how loud it is."""
    scaled = stats.copy()
    scaled[: len(LEVELS)] += shift_db(stats) + 60.0
    scaled[: len(LEVELS)] /= 20.0
    scaled[len(LEVELS) :] /= 8.0
    level = np.float32((level_of(stats) + 20.0) / 10.0)
    return np.append(scaled.ravel(), level).astype(np.float32)
