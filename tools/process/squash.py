"""How squashed a song is, and how much its level moved before it was: learned from music.

Twelve figures of the level over time, none of which depends on the overall level, go into two
linear models: one tells over-compressed music from untouched music, the other estimates the spread
of the level (the standard deviation of the RMS of 2048-sample frames, re the highest peak) that the
song had before. Both were fitted on some hundred excerpts of game music under free licences, as
they are and over-compressed; `docs/processing/dynamics.md` says how.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixmend.tools.process.hop_levels import DoubleArray, HopLevels, decibels

# Figures, their mean and spread over the training excerpts, and the weights of both models.
FIGURES = (
    "fast_db", "phrase_db", "section_db", "crest_median_db", "crest_high_db", "rms_re_peak_db",
    "high_peak_re_rms_db", "high_peak_re_peak_db", "quick_db", "rise_db", "fall_db", "top_db",
)  # fmt: skip
SQUASH_SCALE = np.array([
    [2.696, 1.992, 1.194, 9.551, 11.4, -21.8, 15.21, -6.595, 1.667, 4.166, 4.363, 6.284],
    [1.312, 1.146, 0.9085, 0.9372, 1.041, 7.626, 3.078, 7.532, 0.8794, 2.088, 2.906, 4.595],
])  # fmt: skip
SQUASH_WEIGHTS = np.array([
    1.503, 0.02215, -0.04725, -0.09217, -0.2983, 0.154, -1.266,
    0.9068, -0.9113, -0.0689, -0.4014, -0.1725, 0.937,
])  # fmt: skip
SPREAD_SCALE = np.array([
    [2.512, 1.806, 1.042, 9.585, 11.47, -25.6, 15.94, -9.66, 1.673, 3.965, 3.874, 8.362],
    [1.194, 0.9909, 0.7335, 0.9431, 1.09, 6.341, 3.075, 7.536, 0.8538, 2.024, 2.428, 4.259],
])  # fmt: skip
SPREAD_WEIGHTS = np.array([
    -3.079, 0.04028, -0.01676, -0.008979, -0.125, -0.1395, -0.09366,
    0.1208, -0.0295, 0.07169, 0.1552, 0.03448, 0.2228,
])  # fmt: skip


@dataclass(frozen=True)
class Squash:
    """`probability` 0..1 of over-compression; `spread_re_peak` of the level as it once was."""

    probability: float
    spread_re_peak: float


def squash_of(levels: HopLevels) -> Squash:
    """Read both models off the levels of a song; silence and very short sound are untouched."""
    figures = level_figures(levels)
    if figures is None:
        return Squash(0.0, 0.0)
    squash = SQUASH_WEIGHTS[0] + _normal(figures, SQUASH_SCALE) @ SQUASH_WEIGHTS[1:]
    spread = SPREAD_WEIGHTS[0] + _normal(figures, SPREAD_SCALE) @ SPREAD_WEIGHTS[1:]
    return Squash(float(1 / (1 + np.exp(-squash))), float(np.exp(spread)))


def _normal(figures: DoubleArray, scale: DoubleArray) -> DoubleArray:
    # Music unlike any of the training music must not carry the models away.
    return np.asarray(np.clip((figures - scale[0]) / scale[1], -3.0, 3.0))


def level_spread_of(middle_power: DoubleArray) -> float:
    """Standard deviation of the RMS of frames four hops long, every second hop."""
    return float(np.std(np.sqrt(_frames(middle_power) + 1e-14)))


def level_figures(levels: HopLevels) -> DoubleArray | None:
    """The twelve figures (12,), or None when there is too little sound to speak of."""
    if levels.power.size < 24 or float(levels.peak.max()) < 1e-5:
        return None
    power = _frames(levels.power)
    peaks = np.lib.stride_tricks.sliding_window_view(levels.peak, 4).max(axis=1)[::2]
    level_db = decibels(power)
    active = level_db > np.percentile(level_db, 95) - 40
    heard_db = level_db[active]
    phrase_db, section_db = (decibels(_average(power, frames)) for frames in (9, 43))
    rms_db = float(decibels(np.array([power.mean()]))[0])
    peaks_db = 20 * np.log10(peaks + 1e-9)
    peak_db = 20 * float(np.log10(levels.peak.max() + 1e-9))
    crest_db = (peaks_db - level_db)[active]
    high_peak_db = float(20 * np.log10(np.percentile(peaks, 99) + 1e-9))
    low_db, middle_db, high_db = np.percentile(heard_db, [5, 50, 95])
    return np.array([
        heard_db.std(), phrase_db[active].std(), section_db[active].std(),
        np.median(crest_db), np.percentile(crest_db, 90), rms_db - peak_db,
        high_peak_db - rms_db, high_peak_db - peak_db, (level_db - phrase_db)[active].std(),
        high_db - middle_db, middle_db - low_db, heard_db.max() - high_db,
    ])  # fmt: skip


def _frames(power: DoubleArray) -> DoubleArray:
    return np.convolve(power, np.full(4, 0.25), "valid")[::2]


def _average(power: DoubleArray, frames: int) -> DoubleArray:
    """Running mean that does not sink towards silence at the ends."""
    frames = min(frames, power.size)
    ones = np.ones(frames)
    return np.asarray(
        np.convolve(power, ones, "same") / np.convolve(np.ones_like(power), ones, "same")
    )
