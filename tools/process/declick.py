"""Take clicks out by an autoregressive model of their surroundings.

Each click that `tools.clicks` finds is narrowed to the samples whose prediction error sticks out;
in those, music and click are told apart as two Gaussian signals (Godsill and Rayner 1998). All
other samples stay bit-exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio, Block, FloatArray, map_blocks
from mixmend.tools.clicks import Clicks, find_clicks
from mixmend.tools.process.interpolate import clean_burst, prediction_filter
from mixmend.tools.region import Region, blend

Vector = NDArray[np.float64]

CONTEXT_S = 0.025
REACH_S = 0.004
ORDER_S = 0.002
SMOOTH_S = 0.0005
STICKS_OUT = 5.0
JOIN_S = 0.0006
BEFORE_S, AFTER_S = 0.00007, 0.00025
# A channel is mended beside its neighbour when its own contour is at least this suspicious.
MIN_LOG_ODDS = -1.0


@dataclass(frozen=True)
class Extent:
    """Frames [start, stop) to be replaced."""

    start: int
    stop: int


def declick(
    audio: Audio,
    *,
    strength: float = 1.0,
    region: Region | None = None,
    clicks: Clicks | None = None,
) -> Audio:
    """Repair clicks in `audio` (channels, frames); `clicks` when they are known already.

    Same length, rate and alignment; samples outside the clicks are bit-exact.
    """
    if strength == 0.0:
        return audio
    clicks = find_clicks(audio) if clicks is None else clicks
    if clicks.count == 0:
        return audio
    at = np.round(clicks.time_s * audio.sample_rate_hz).astype(int)
    rate = audio.sample_rate_hz

    def repair(samples: FloatArray, block: Block) -> FloatArray:
        out = samples.copy()
        first = block.start - block.before
        margin = round(CONTEXT_S * rate)
        last = first + samples.shape[1]
        for index in np.flatnonzero((at > first - margin) & (at < last + margin)):
            for channel in range(samples.shape[0]):
                if clicks.log_odds[index, channel] >= MIN_LOG_ODDS:
                    mend(out[channel], int(at[index]) - first, rate)
        return out

    after = map_blocks(audio, repair, block_s=20.0, context_s=8 * CONTEXT_S)
    return blend(audio, after, strength=strength, region=region)


def mend(wave: FloatArray, at: int, rate_hz: int) -> None:
    """Find the click near frame `at` of `wave` (frames,) and take it out in place."""
    context, order = round(CONTEXT_S * rate_hz), max(8, round(ORDER_S * rate_hz))
    start, stop = max(0, at - context), min(wave.size, at + context)
    if stop - start < 6 * order:
        return
    near = wave[start:stop].astype(np.float64)
    model = fit_surroundings(near, at - start, rate_hz, order)
    extent = click_extent(near, model, at - start, rate_hz)
    if extent is None:
        return
    smooth = max(3, round(SMOOTH_S * rate_hz))
    music = clean_burst(near, extent.start, extent.stop, model.predictor, model.error_power, smooth)
    wave[start + extent.start : start + extent.stop] = music


@dataclass(frozen=True, eq=False)
class Surroundings:
    """The music beside a click: prediction error filter, its error here and its usual power."""

    predictor: Vector
    error: Vector
    error_power: float


def fit_surroundings(near: Vector, at: int, rate_hz: int, order: int) -> Surroundings:
    """Model what lies more than `REACH_S` from frame `at` of `near` (frames,)."""
    reach = round(REACH_S * rate_hz)
    quiet = np.ones(near.size, dtype=bool)
    quiet[max(0, at - reach) : at + reach] = False
    predictor = prediction_filter(near, quiet, order)
    error = np.convolve(near, predictor)[: near.size]
    quiet[:order] = False
    quiet[at + reach : at + reach + order] = False
    heard = np.square(error[quiet]) if quiet.any() else np.zeros(1)
    # Other clicks nearby must not pass for music.
    limit = 25 * float(np.median(heard)) + 1e-14
    return Surroundings(predictor, error, float(np.mean(np.minimum(heard, limit))) + 1e-14)


def click_extent(near: Vector, model: Surroundings, at: int, rate_hz: int) -> Extent | None:
    """The samples around `at` in which the click can be; None if nothing sticks out."""
    reach, order = round(REACH_S * rate_hz), model.predictor.size - 1
    middle = slice(max(0, at - reach), min(near.size, at + reach))
    error = np.abs(model.error[middle])
    limit = STICKS_OUT * np.sqrt(model.error_power)
    loud = np.flatnonzero(error > limit) + middle.start
    if loud.size == 0:
        return None
    top = int(np.argmax(error)) + middle.start
    # Walk out from the strongest error until the errors pause.
    groups = np.split(loud, np.flatnonzero(np.diff(loud) > max(2, round(JOIN_S * rate_hz))) + 1)
    group = next(group for group in groups if group[0] <= top <= group[-1])
    start = int(group[0]) - max(2, round(BEFORE_S * rate_hz))
    stop = int(group[-1]) + 1 + max(2, round(AFTER_S * rate_hz))
    start, stop = max(order // 2, start), min(near.size - order // 2, stop)
    return Extent(start, stop) if stop > start else None
