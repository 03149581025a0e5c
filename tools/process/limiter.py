"""True-peak limiter: look-ahead, linked channels, release that adapts to the music.

The gain is planned for the whole song from its oversampled peaks, a few thousand values a
second, so it needs no state and is the same however the sound is cut into blocks. A step's
reduction is held over the look-ahead on both sides, released exponentially, and smoothed by a
window no longer than the hold: it is therefore always deep enough, and never late. Isolated peaks
recover at `release_s`; where reduction goes on, its average is released slowly, which leaves
little for the fast part to do and keeps sustained material from pumping.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import IN_MEMORY_SAMPLES, Audio, FloatArray, allocate, blocks, release
from mixmend.tools.process.peaks import CHUNK, step_frames, step_peaks

CEILING_DBTP = -1.0
RELEASE_S = 0.04
LOOKAHEAD_S = 0.003
# Sustained reduction: averaged over this long, released this many times slower.
SUSTAIN_S = 0.2
SUSTAIN_RELEASE = 4.0
# Kept below the ceiling so that another oversampling filter does not find an overshoot.
MARGIN_DB = 0.05
_ROUNDS = 6
_INAUDIBLE_DB = 0.001
_BLOCK = 2048 * CHUNK

Plan = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Limited:
    """`audio` after limiting; `deepest_db`, the deepest reduction; `busy_db`, the reduction that is
    exceeded 1 % of the time; `share`, the share of time with any reduction."""

    audio: Audio
    deepest_db: float
    busy_db: float
    share: float


def limit(
    audio: Audio,
    *,
    ceiling_dbtp: float = CEILING_DBTP,
    release_s: float = RELEASE_S,
    lookahead_s: float = LOOKAHEAD_S,
) -> Audio:
    """`audio` with no true peak above `ceiling_dbtp`; bit-exact where nothing is reduced.

    Same length, channels, rate and alignment; the same gain for all channels. Sound that stays
    under the ceiling is returned as it is (the same object). The result is measured with
    eight-fold oversampling and corrected until it holds (ITU-R BS.1770-5 annex 2 asks for four).
    """
    return limited(
        audio, ceiling_dbtp=ceiling_dbtp, release_s=release_s, lookahead_s=lookahead_s
    ).audio


def limited(
    audio: Audio,
    *,
    gain_db: float = 0.0,
    ceiling_dbtp: float = CEILING_DBTP,
    release_s: float = RELEASE_S,
    lookahead_s: float = LOOKAHEAD_S,
    peaks: FloatArray | None = None,
) -> Limited:
    """As `limit`, after `gain_db`, and how much was reduced.

    `peaks` may be `step_peaks(audio, floor)` of the sound before the gain, with a floor no higher
    than the ceiling less the gain; it saves measuring them again.
    """
    gain = 10 ** (gain_db / 20)
    ceiling = 10 ** ((ceiling_dbtp - MARGIN_DB) / 20)
    if peaks is None:
        peaks = step_peaks(audio, ceiling / gain)
    needed = _needed_db(peaks, ceiling / gain)
    if gain_db == 0.0 and not needed.any():
        return Limited(audio, 0.0, 0.0, 0.0)
    step_s = step_frames(audio.sample_rate_hz) / audio.sample_rate_hz
    for _ in range(_ROUNDS):
        reduction = _plan_db(needed, step_s, release_s, lookahead_s)
        out = _apply(audio, reduction, gain)
        excess = _needed_db(step_peaks(out, ceiling), ceiling)
        if float(excess.max(initial=0.0)) <= MARGIN_DB / 2:
            break
        # The gain's own slope can lift a point between samples: ask for that much more there.
        needed = np.where(
            excess > 0, np.maximum(needed, reduction) + excess + MARGIN_DB / 4, needed
        )
    else:
        out = _apply(audio, reduction + float(excess.max()), gain)
    return Limited(
        out,
        float(reduction.max(initial=0.0)),
        float(np.quantile(reduction, 0.99)) if reduction.size else 0.0,
        float(np.mean(reduction > 0)) if reduction.size else 0.0,
    )


def _needed_db(peaks: FloatArray, ceiling: float) -> Plan:
    """Reduction each step needs to come down to `ceiling` (linear), dB, zero or more."""
    over = np.maximum(peaks.astype(np.float64) / ceiling, 1.0)
    return np.asarray(20 * np.log10(over), dtype=np.float64)


def _plan_db(needed: Plan, step_s: float, release_s: float, lookahead_s: float) -> Plan:
    """Smooth reduction, dB: nowhere within a step of a need smaller than that need."""
    from scipy.ndimage import convolve1d, maximum_filter1d, uniform_filter1d

    if not needed.any():
        return needed
    reach = max(1, round(lookahead_s / step_s))
    # One step more than the smoothing window: gains are interpolated between neighbouring steps.
    held = maximum_filter1d(needed, 2 * reach + 3, mode="constant")
    fast = _released(held, release_s / step_s)
    length = 2 * round(SUSTAIN_S / step_s / 2) + 1
    # Of the past only, so that nothing is turned down long before a peak.
    average = uniform_filter1d(held, length, mode="constant", origin=length // 2)
    slow = _released(average, SUSTAIN_RELEASE * release_s / step_s)
    window = np.hanning(2 * reach + 3)[1:-1]
    smooth = convolve1d(np.maximum(fast, slow), window / window.sum(), mode="nearest")
    smooth[smooth < _INAUDIBLE_DB] = 0.0
    return np.asarray(np.maximum(smooth, 0.0), dtype=np.float64)


def _released(reduction: Plan, steps: float) -> Plan:
    """Exponential fall with time constant `steps`: d[n] = max(reduction[n], d[n - 1] * a)."""
    # A running maximum of log(reduction) with the decay taken out, so no loop is needed.
    reduction = np.maximum(reduction, 0.0)  # a running average may round below zero
    ramp = np.arange(reduction.size, dtype=np.float64) / max(steps, 1e-9)
    with np.errstate(divide="ignore"):
        levelled = np.log(reduction) + ramp
    np.maximum.accumulate(levelled, out=levelled)
    levelled -= ramp
    return np.asarray(np.exp(levelled, out=levelled), dtype=np.float64)


def _apply(audio: Audio, reduction: Plan, gain: float) -> Audio:
    """`gain` and the interpolated reduction on every frame; untouched bits where both are none."""
    step = step_frames(audio.sample_rate_hz)
    out = allocate(audio.channels, audio.frames)
    centres = (np.arange(_BLOCK // step + 2, dtype=np.float64) - 0.5) * step - 0.5
    for block in blocks(audio, _BLOCK):
        first = block.start // step
        length = block.stop - block.start
        # One step of context on both sides; the ends repeat.
        around = np.clip(
            np.arange(first - 1, first + -(-length // step) + 1), 0, reduction.size - 1
        )
        piece = reduction[around]
        target = out[:, block.start : block.stop]
        target[:] = block.samples if gain == 1.0 else block.samples * np.float32(gain)
        if piece.any():
            curve = np.interp(np.arange(length), centres[: piece.size], piece)
            target *= np.exp(curve * (-math.log(10) / 20)).astype(np.float32)
        if audio.frames * audio.channels > IN_MEMORY_SAMPLES:
            release(out)
    return Audio(out, audio.sample_rate_hz)
