"""Level: plain gain, and gain with a true-peak limiter to a loudness target (ITU-R BS.1770-5)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mixmend.tools.audio import IN_MEMORY_SAMPLES, Audio, allocate, blocks, release
from mixmend.tools.loudness import integrated_lufs
from mixmend.tools.process.limiter import CEILING_DBTP, Limited, limited
from mixmend.tools.process.peaks import step_peaks
from mixmend.tools.region import Region, region_weight
from mixmend.tools.true_peak import true_peak_dbtp

TOLERANCE_LU = 0.1
MAX_GAIN_DB = 60.0
MAX_LIMITING_DB = 6.0
_AIM_LU = 0.03
_ROUNDS = 8


@dataclass(frozen=True, eq=False)
class Levelled:
    """`audio` at its new level.

    `gain_db` was applied to all of it before the limiter; `limited_db` is the limiter's reduction
    that is exceeded 1 % of the time; `reached_lufs` (None when too quiet or short to measure) and
    `true_peak_dbtp` are measured on the result; `on_target` says whether it is within 0.1 LU of
    the target, and `because` why not, in a sentence, or is empty.
    """

    audio: Audio
    gain_db: float
    limited_db: float
    reached_lufs: float | None
    true_peak_dbtp: float
    on_target: bool
    because: str


def apply_gain(audio: Audio, gain_db: float, *, region: Region | None = None) -> Audio:
    """`audio` times `gain_db`; with a region, ramped inside its edges, bit-exact outside it.

    Never clamps. A gain of 0 dB returns the input as it is.
    """
    if gain_db == 0.0:
        return audio
    gain = 10 ** (gain_db / 20)
    out = allocate(audio.channels, audio.frames)
    rate = audio.sample_rate_hz
    for block in blocks(audio, 30 * rate):
        target = out[:, block.start : block.stop]
        if region is None:
            np.multiply(block.samples, np.float32(gain), out=target)
        else:
            weight = region_weight(block.start, block.stop, region, rate)
            # Ramped in decibels, so that the gain is heard to rise evenly.
            curve = np.exp(weight * (math.log(10) / 20 * gain_db)).astype(np.float32)
            target[:] = np.where(weight > 0, block.samples * curve, block.samples)
        if audio.frames * audio.channels > IN_MEMORY_SAMPLES:
            release(out)
    return Audio(out, rate)


def to_loudness(
    audio: Audio,
    target_lufs: float,
    *,
    ceiling_dbtp: float = CEILING_DBTP,
    max_gain_db: float = MAX_GAIN_DB,
    max_limiting_db: float = MAX_LIMITING_DB,
) -> Levelled:
    """`audio` at `target_lufs` integrated, within 0.1 LU, and no true peak over `ceiling_dbtp`.

    Gain and limiter are repeated until the loudness measured after the limiter is right. It stops
    short, and says so, when that would take more than `max_gain_db` of gain or more than
    `max_limiting_db` of limiting (the reduction exceeded 1 % of the time). Same length, channels,
    rate and alignment.
    """
    start_lufs = integrated_lufs(audio)
    if start_lufs is None:
        return _kept_under(audio, ceiling_dbtp)
    wanted_db = target_lufs - start_lufs
    most_db = min(max(wanted_db, 0.0) + 2 * max_limiting_db, max_gain_db)
    # Peaks scale with the gain, so they are measured once, for the highest gain in question.
    peaks = step_peaks(audio, 10 ** ((ceiling_dbtp - most_db - 1) / 20))
    gain_db = min(wanted_db, most_db)
    low_db, high_db = -math.inf, math.inf
    best: tuple[float, float, Limited] | None = None
    for _ in range(_ROUNDS):
        result = limited(audio, gain_db=gain_db, ceiling_dbtp=ceiling_dbtp, peaks=peaks)
        lufs = integrated_lufs(result.audio)
        error = target_lufs - (lufs if lufs is not None else -math.inf)
        excess_db = result.busy_db - max_limiting_db
        if excess_db <= 0 and (best is None or abs(error) < abs(best[0])):
            best = (error, gain_db, result)
        if excess_db <= 0 and abs(error) <= _AIM_LU:
            break
        if excess_db > 0 or error < 0:
            high_db = min(high_db, gain_db)
            # A decibel less gain is about a decibel less limiting, or less loudness.
            following = gain_db - max(excess_db + _AIM_LU, -error)
        else:
            low_db = max(low_db, gain_db)
            # The limiter takes part of each further decibel back: ask for a little more.
            following = min(gain_db + error * (1.5 if result.share else 1.0), most_db)
        if not low_db < following < high_db:
            following = (low_db + high_db) / 2
        if not math.isfinite(following) or abs(following - gain_db) < _AIM_LU / 2:
            break
        gain_db = following
    if best is None:
        return _kept_under(audio, ceiling_dbtp)
    _, gain_db, result = best
    reached = integrated_lufs(result.audio)
    on_target = reached is not None and abs(target_lufs - reached) <= TOLERANCE_LU
    capped = wanted_db > max_gain_db
    return Levelled(
        result.audio,
        gain_db,
        result.busy_db,
        reached,
        true_peak_dbtp(result.audio),
        on_target,
        "" if on_target else _why(capped, max_gain_db, max_limiting_db),
    )


def _why(capped: bool, max_gain_db: float, max_limiting_db: float) -> str:
    if capped:
        return f"the target would need more than {max_gain_db:g} dB of gain."
    return (
        f"the target would need more than {max_limiting_db:g} dB of limiting, "
        "which would squash the music."
    )


def _kept_under(audio: Audio, ceiling_dbtp: float) -> Levelled:
    """No loudness to aim for: only keep the peaks under the ceiling."""
    result = limited(audio, ceiling_dbtp=ceiling_dbtp)
    return Levelled(
        result.audio,
        0.0,
        result.busy_db,
        integrated_lufs(result.audio),
        true_peak_dbtp(result.audio),
        False,
        "the sound is too quiet or too short for its loudness to be measured.",
    )
