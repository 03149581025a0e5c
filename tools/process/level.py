"""Level: plain gain, and gain plus limiter up to a wanted loudness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixmend.tools.audio import Audio, Block, FloatArray, map_blocks
from mixmend.tools.loudness import integrated_lufs
from mixmend.tools.process.limiter import limited
from mixmend.tools.process.peaks import step_peaks
from mixmend.tools.region import Region, blend
from mixmend.tools.true_peak import true_peak_dbtp

# Deeper limiting than this for 1 % of the time is heard as squashing: then the target is not met.
MOST_LIMITING_DB = 8.0
_CLOSE_LU = 0.03
_ROUNDS = 6


@dataclass(frozen=True, eq=False)
class Levelled:
    """What came of it: `gain_db` applied, `limited_db` the reduction exceeded 1 % of the time,
    and the loudness and true peak the result has. `audio` (channels, frames)."""

    audio: Audio
    gain_db: float
    limited_db: float
    reached_lufs: float | None
    true_peak_dbtp: float


def apply_gain(audio: Audio, gain_db: float, *, region: Region | None = None) -> Audio:
    """`audio` times a gain, within `region` only when there is one. 0 dB returns it as it is."""
    if gain_db == 0.0:
        return audio
    gain = np.float32(10 ** (gain_db / 20))

    def scale(samples: FloatArray, _block: Block) -> FloatArray:
        return samples * gain

    return blend(audio, map_blocks(audio, scale, context_s=0.0), region=region)


def to_loudness(
    audio: Audio,
    target_lufs: float,
    *,
    ceiling_dbtp: float = -1.0,
    most_limiting_db: float = MOST_LIMITING_DB,
) -> Levelled:
    """Bring `audio` to `target_lufs` (BS.1770) with no true peak above `ceiling_dbtp`.

    The gain is corrected for what the limiter takes until the loudness is within 0.03 LU. It stops
    short when that would limit by more than `most_limiting_db`. Silence is returned as it is.
    """
    now = integrated_lufs(audio)
    if now is None:
        return Levelled(audio, 0.0, 0.0, None, true_peak_dbtp(audio))
    gain_db = target_lufs - now
    # One look at the peaks serves every gain tried.
    floor = 10 ** ((ceiling_dbtp - 1.0 - max(0.0, gain_db) - most_limiting_db) / 20)
    peaks = step_peaks(audio, floor)
    for _ in range(_ROUNDS):
        done = limited(audio, gain_db=gain_db, ceiling_dbtp=ceiling_dbtp, peaks=peaks)
        reached = integrated_lufs(done.audio)
        if reached is None:
            break
        if done.busy_db > most_limiting_db:
            gain_db -= done.busy_db - 0.98 * most_limiting_db
            continue
        miss = target_lufs - reached
        if abs(miss) <= _CLOSE_LU or (miss > 0 and done.busy_db > 0.95 * most_limiting_db):
            break
        gain_db += miss
    return Levelled(done.audio, gain_db, done.busy_db, reached, true_peak_dbtp(done.audio))
