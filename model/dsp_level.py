"""Level as a wish of its own: a quiet song up to where songs are, a loud one down."""

from __future__ import annotations

import math

from mixmend.model.damage import peak
from mixmend.tools.audio import Audio
from mixmend.tools.loudness import integrated_lufs
from mixmend.tools.region import Region
from mixmend.tools.true_peak import true_peak_dbtp

USUAL_LUFS = -14.0
HIGHEST_PEAK_DBTP = -1.0
LEAST_DOWN_DB = 3.0
# Fainter than this there is nothing but dither to bring up.
FAINTEST_DBTP = -90.0


def bring_up(audio: Audio, strength: float, region: Region | None) -> Audio:
    """Gain towards -14 LUFS, as far as the true peak stays at -1 dBTP; nothing to a loud song."""
    from mixmend.tools.process.level import apply_gain

    gain_db = upward_gain_db(integrated_lufs(audio), true_peak_dbtp(audio))
    return apply_gain(audio, strength * gain_db, region=region) if gain_db > 0 else audio


def bring_down(audio: Audio, strength: float, region: Region | None) -> Audio:
    """Gain down to -14 LUFS, by 3 dB at least; nothing to silence."""
    from mixmend.tools.process.level import apply_gain

    loudness = integrated_lufs(audio)
    if loudness is None:
        return audio
    gain_db = min(USUAL_LUFS - loudness, -LEAST_DOWN_DB)
    return apply_gain(audio, strength * gain_db, region=region)


def fitted(audio: Audio) -> Audio:
    """Gain down until the highest sample is at full scale; nothing to a song that fits."""
    from mixmend.tools.process.level import apply_gain

    highest = peak(audio)
    return apply_gain(audio, -20 * math.log10(highest)) if highest > 1 else audio


def upward_gain_db(loudness_lufs: float | None, peak_dbtp: float) -> float:
    """How far a song may be brought up; 0 where it is silent or loud enough."""
    if not math.isfinite(peak_dbtp) or peak_dbtp < FAINTEST_DBTP:
        return 0.0
    room_db = HIGHEST_PEAK_DBTP - peak_dbtp
    if loudness_lufs is None:  # too faint for the absolute gate of BS.1770: the peak must do
        return max(0.0, room_db)
    return max(0.0, min(room_db, USUAL_LUFS - loudness_lufs))
