"""Dynamics given back: over-compression undone, attacks restored, wandering levels evened.

All three change nothing but gain over time, the same on every channel, so the sound stays in place
and keeps its timbre; none of them adds anything to the song.
"""

from __future__ import annotations

import numpy as np

from mixmend.tools.audio import Audio, Block, FloatArray, allocate, blocks, map_blocks, release
from mixmend.tools.loudness import integrated_lufs
from mixmend.tools.process.gain_steps import Cuts, find_cuts
from mixmend.tools.process.hop_levels import (
    HOP_S,
    DoubleArray,
    HopLevels,
    decibels,
    hop_levels,
    smooth,
    with_gains,
)
from mixmend.tools.process.squash import level_spread_of, squash_of
from mixmend.tools.region import Region, blend

# From this probability of over-compression on something is done, and from that on all of it.
_SQUASHED_FROM, _SQUASHED_TO = 0.5, 0.8
_EXPANSION_WINDOW_S = 0.3
_EXPANSION_SLOPE, _KEPT_LOUDNESS_SLOPE = 1.3, 1.5
_MOST_UP_DB, _MOST_DOWN_DB = 6.0, 30.0
# Bursts that a slow attack let through stand out by more than this over the loud passages.
_BURST_WINDOW_S, _BURST_DB = 0.02, 3.0
# The former spread of the level re the peak is told by the levels; too much is worse than too
# little. At a usual level a second estimate meets it, the spread that the song would have at the
# usual loudness: their powers were fitted on 160 songs, over-compressed, and clipped or not.
_CAUTION = 0.75
_BOTH, _BY_PEAK, _BY_LOUDNESS = 0.716, 0.5, 0.4
_USUAL_LUFS, _FAINTEST_LUFS = -14.0, -38.0
_MOST_OVER_PEAK_DB = 6.0
_HEARD_RANGE_DB = 45.0

_ATTACK_WINDOW_S, _BEFORE_S = 0.012, 0.08
_LEAST_RISE_DB = 3.0
MOST_EMPHASIS_DB = 12.0

_LEVELLER_WINDOW_S = 1.5
_LEVELLER_FREE_DB, _LEVELLER_MOST_DB, _LEVELLER_SLOPE = 3.0, 6.0, 0.8


def expand(
    audio: Audio,
    *,
    strength: float = 1.0,
    region: Region | None = None,
    keep_loudness: bool = False,
    least_amount: float = 0.0,
) -> Audio:
    """Undo over-compression: bursts tamed, passages set apart again, make-up gain corrected.

    How squashed the song is decides how much is done; untouched music is returned as it is, unless
    `least_amount` (0..1) asks for some expansion all the same. The loudness becomes what the song
    probably had (it is kept with `keep_loudness`, for a region and for `least_amount`); no peak
    rises over full scale, or in a faint song over its highest one. Feed-forward compression makes
    the level of the song what its envelope was not; only statistics of it can be given back, see
    `docs/processing/dynamics.md`.
    """
    part = _part(audio, region)
    if strength == 0.0 or part.frames == 0:
        return audio
    levels = hop_levels(part)
    squash = squash_of(levels)
    found = (squash.probability - _SQUASHED_FROM) / (_SQUASHED_TO - _SQUASHED_FROM)
    amount = float(np.clip(found, 0.0, 1.0))
    if amount > least_amount and not keep_loudness and region is None:
        gains_db = amount * _decompression_db(part, levels, squash.spread_re_peak)
    else:
        amount = max(amount, least_amount)
        if amount == 0:
            return audio
        gains_db = _kept(levels, amount * _expansion_db(levels.power, _KEPT_LOUDNESS_SLOPE))
    changed = with_gains(part, gains_db, levels.hop)
    return blend(audio, _in_place(audio, changed, region), strength=strength, region=region)


def _decompression_db(part: Audio, levels: HopLevels, spread_re_peak: float) -> DoubleArray:
    gains_db = _tamed_bursts_db(levels.power)
    gains_db += _expansion_db(levels.power * 10 ** (gains_db / 10), _EXPANSION_SLOPE)
    peak = float(levels.peak.max())
    spread = level_spread_of(levels.middle_power * 10 ** (gains_db / 10))
    loudness = integrated_lufs(with_gains(part, gains_db, levels.hop))
    # A faint song stays faint: nothing says that it should be loud.
    heard = loudness is not None and loudness >= _FAINTEST_LUFS
    ceiling = max(peak, 1.0) if heard else peak
    former = _former_spread(spread, spread_re_peak * min(peak, 1.0), loudness if heard else None)
    wanted_db = 20 * np.log10(former / max(spread, 1e-9))
    highest = float((levels.peak * 10 ** (gains_db / 20)).max())
    most_db = 20 * np.log10(ceiling / max(highest, 1e-9)) + _MOST_OVER_PEAK_DB
    return _under_peak(levels, gains_db + min(wanted_db, most_db), ceiling)


def _former_spread(spread: float, by_peak: float, loudness: float | None) -> float:
    """The spread that the level once had, from that of the expanded song and its loudness."""
    if loudness is None:
        return _CAUTION * by_peak
    by_loudness = spread * 10 ** ((_USUAL_LUFS - loudness) / 20)
    return float(_BOTH * by_peak**_BY_PEAK * by_loudness**_BY_LOUDNESS)


def _tamed_bursts_db(power: DoubleArray) -> DoubleArray:
    level_db = decibels(smooth(power, _EXPANSION_WINDOW_S))
    loud_db = np.percentile(level_db[level_db > level_db.max() - _HEARD_RANGE_DB], 90)
    over_db = decibels(smooth(power, _BURST_WINDOW_S)) - (loud_db + _BURST_DB)
    return np.asarray(-np.maximum(over_db, 0.0))


def _expansion_db(power: DoubleArray, slope: float) -> DoubleArray:
    """Gains that make passages differ `slope` times as much from the usual level."""
    level_db = decibels(smooth(power, _EXPANSION_WINDOW_S))
    usual_db = np.percentile(level_db[level_db > level_db.max() - _HEARD_RANGE_DB], 60)
    return np.asarray(np.clip((slope - 1) * (level_db - usual_db), -_MOST_DOWN_DB, _MOST_UP_DB))


def _under_peak(levels: HopLevels, gains_db: DoubleArray, ceiling: float) -> DoubleArray:
    """Gains lowered around the few hops that would rise above the ceiling."""
    from scipy.ndimage import gaussian_filter1d, maximum_filter1d

    peaks_db = 20 * np.log10(levels.peak + 1e-12)
    over_db = np.maximum(peaks_db + gains_db - 20 * np.log10(ceiling), 0.0)
    # Neighbours count too, as gains go in straight lines from hop to hop.
    return np.asarray(gains_db - gaussian_filter1d(maximum_filter1d(over_db, 5), 1.0))


def _kept(levels: HopLevels, gains_db: DoubleArray) -> DoubleArray:
    """Gains shifted so that the mean power stays as it is."""
    after = float(np.mean(levels.power * 10 ** (gains_db / 10)))
    if after <= 0:
        return gains_db
    return np.asarray(gains_db - 10 * np.log10(after / float(np.mean(levels.power))))


def sharpen_transients(
    audio: Audio,
    *,
    strength: float = 1.0,
    region: Region | None = None,
    emphasis_db: float = 0.0,
) -> Audio:
    """Give attacks back that were cut by switching the gain down; with emphasis, sharpen others.

    Passages whose gain was switched down and up again are found in the waveform and raised by what
    they lost, to the sample. Where none is found nothing changes, unless `emphasis_db` (at most
    12 dB) asks for existing attacks to be raised: their first 30 ms or so, by at most that much.
    """
    part = _part(audio, region)
    if strength == 0.0 or part.frames == 0:
        return audio
    cuts = find_cuts(part)
    if cuts.passages:
        changed = _raised(part, cuts)
    elif emphasis_db > 0:
        levels = hop_levels(part)
        most_db = min(emphasis_db, MOST_EMPHASIS_DB)
        changed = with_gains(part, _attack_gains_db(levels, most_db), levels.hop)
    else:
        return audio
    return blend(audio, _in_place(audio, changed, region), strength=strength, region=region)


def _raised(audio: Audio, cuts: Cuts) -> Audio:
    gain = np.float32(10 ** (cuts.reduction_db / 20))

    def change(samples: FloatArray, block: Block) -> FloatArray:
        out = samples.copy()
        for cut in cuts.passages:
            if cut.start < block.stop and cut.stop > block.start:
                out[:, max(0, cut.start - block.start) : cut.stop - block.start] *= gain
        return out

    return map_blocks(audio, change, context_s=0)


def _attack_gains_db(levels: HopLevels, most_db: float) -> DoubleArray:
    """Gains (hops,) 0..most_db where the level stands well above what it was just before."""
    from scipy.ndimage import gaussian_filter1d

    now_db = decibels(smooth(levels.power, _ATTACK_WINDOW_S))
    frames = max(1, round(_BEFORE_S / HOP_S))
    sums = np.concatenate([[0.0], np.cumsum(levels.power)])
    places = np.arange(levels.power.size)
    first = np.maximum(places - frames, 0)
    before = (sums[places] - sums[first]) / np.maximum(places - first, 1)
    rise_db = np.maximum(now_db - decibels(before) - _LEAST_RISE_DB, 0.0)
    heard = now_db > now_db.max() - _HEARD_RANGE_DB
    gains_db = np.where(heard, np.minimum(rise_db, most_db), 0.0)
    return np.asarray(np.minimum(gaussian_filter1d(gains_db, 0.7), most_db))


def even_levels(audio: Audio, *, strength: float = 1.0, region: Region | None = None) -> Audio:
    """Ride the level over seconds: passages far from the usual level come up to 6 dB nearer to it.

    Differences up to 3 dB either way belong to the music and stay; silence is not raised; the
    loudness is kept.
    """
    part = _part(audio, region)
    if strength == 0.0 or part.frames == 0:
        return audio
    levels = hop_levels(part)
    gains_db = _riding_db(levels.power)
    if not gains_db.any():
        return audio
    changed = with_gains(part, _kept(levels, gains_db), levels.hop)
    return blend(audio, _in_place(audio, changed, region), strength=strength, region=region)


def _riding_db(power: DoubleArray) -> DoubleArray:
    level_db = decibels(smooth(power, _LEVELLER_WINDOW_S))
    loudest_db = float(level_db.max())
    heard = level_db > loudest_db - _HEARD_RANGE_DB
    away_db = level_db - np.median(level_db[heard])
    beyond_db = np.sign(away_db) * np.maximum(np.abs(away_db) - _LEVELLER_FREE_DB, 0.0)
    gains_db = np.clip(-_LEVELLER_SLOPE * beyond_db, -_LEVELLER_MOST_DB, _LEVELLER_MOST_DB)
    # What fades into silence is let go softly: nothing is raised that is far below the rest.
    now_db = np.minimum(level_db, decibels(smooth(power, _EXPANSION_WINDOW_S)))
    fade = np.clip((now_db - (loudest_db - _HEARD_RANGE_DB)) / 15.0, 0.0, 1.0)
    return np.asarray(gains_db * fade)


def _part(audio: Audio, region: Region | None) -> Audio:
    if region is None:
        return audio
    first, last = audio.frame_at(region.start_s), audio.frame_at(region.end_s)
    return Audio(audio.samples[:, first:last], audio.sample_rate_hz)


def _in_place(audio: Audio, changed: Audio, region: Region | None) -> Audio:
    """The whole song with its region replaced by the changed part."""
    if region is None:
        return changed
    start = audio.frame_at(region.start_s)
    out = allocate(audio.channels, audio.frames)
    for block in blocks(audio, 30 * audio.sample_rate_hz):
        out[:, block.start : block.stop] = block.samples
        release(out)
    for block in blocks(changed, 30 * audio.sample_rate_hz):
        out[:, start + block.start : start + block.stop] = block.samples
        release(out)
    return Audio(out, audio.sample_rate_hz)
