"""The guard: may this result take the place of what it came from?

Every check compares measurements of both, never a tool's own report.
Limits that an intended repair must be allowed to pass (a boomy song loses bass) are widened for
that repair only, in `guard_limits`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mixmend.agent.guard_limits import Allowance, allowance
from mixmend.agent.guard_target import target_check
from mixmend.agent.records import Check
from mixmend.model.problems import Problem
from mixmend.tools.alignment import lag_between, side_agreement, tonal_shift
from mixmend.tools.audio import Audio, blocks, release
from mixmend.tools.low_hits import added_low_hits
from mixmend.tools.measurement import Measurement
from mixmend.tools.pair import (
    Pair,
    added_onsets,
    band_gains_db,
    gap_seconds,
    level_spread_ratio,
    level_wobble_db,
    lost_content_db,
    make_pair,
)
from mixmend.tools.region import Region

LONGEST_LAG_MS = 5.0  # a steep filter may shift its own band by some milliseconds
MOST_GAP_S = 0.03
LEAST_SIDE_AGREEMENT = -0.3
MOST_DC, MOST_DC_SHARE = 4e-3, 0.025
MOST_LOW_HITS, MOST_LOW_HITS_PER_S = 4, 0.3
LEAST_BANDWIDTH = 0.8
LEAST_SPREAD = 0.7
LEAST_SPREAD_OUT_OF_ROOM = 0.5
_SILENT = 1e-4  # -80 dBFS
_CONTEXT_S = 1.0


@dataclass(frozen=True)
class Verdict:
    """Kept or not, the reason in one sentence, and every check behind it."""

    kept: bool
    because: str
    checks: tuple[Check, ...]


def judge(
    before: Audio,
    after: Audio,
    before_measured: Measurement,
    after_measured: Measurement,
    *,
    problems: Sequence[Problem] = (),
    region: Region | None = None,
    final: bool = False,
    ceiling_dbtp: float | None = None,
    expected_lufs: float | None = None,
) -> Verdict:
    """Judge `after` against `before`; `problems` are what was worked on.

    With `final` the two are the source and the decoded result: then true peak must be at or under
    `ceiling_dbtp` and loudness within 1 LU of `expected_lufs`, and no single target is asked for.
    """
    shape = [_length(before, after), _channels_rate(before, after)]
    if not all(check.ok for check in shape):
        return _verdict(shape)
    allowed = allowance(problems, final=final)
    checks = [*shape]
    if len(problems) == 1 and not final:
        checks.append(
            target_check(problems[0], before, after, before_measured, after_measured, region)
        )
    near, there = (before, after) if region is None else (_cut(before, region), _cut(after, region))
    pair = make_pair(near, there)
    gains_db = band_gains_db(pair)
    checks += [
        _true_peak(after_measured, ceiling_dbtp if final else None),
        _new_clipping(before_measured, after_measured, allowed),
        _loudness(before_measured, after_measured, pair, gains_db, allowed, expected_lufs, final),
        _mono_loss(before_measured, after_measured, allowed),
        _added_onsets(pair, near, there, allowed),
        _lost_content(pair, gains_db, before_measured, after_measured, allowed),
        _level_wobble(pair, gains_db, allowed),
        _time_shift(near, there),
        _stereo_shift(near, there, before_measured, after_measured, allowed),
        _silence_kept(before, after, allowed),
        _dc(before_measured, after_measured, pair),
    ]
    if final:
        checks.append(_dynamics_kept(pair, gains_db, problems))
    if region is not None:
        checks.append(_outside(before, after, region))
    return _verdict(checks)


def _verdict(checks: Sequence[Check]) -> Verdict:
    failed = [check for check in checks if not check.ok]
    if failed:
        return Verdict(False, failed[0].says, tuple(checks))
    target = next((check for check in checks if check.name == "target_moved"), None)
    because = target.says if target is not None else "Nothing got worse by measurement."
    return Verdict(True, because, tuple(checks))


def _length(before: Audio, after: Audio) -> Check:
    difference = float(abs(before.frames - after.frames))
    return Check(
        name="length", ok=difference == 0, value=difference, limit=0.0,
        says="" if difference == 0 else "The result is not as long as the song.",
    )  # fmt: skip


def _channels_rate(before: Audio, after: Audio) -> Check:
    same = (before.channels, before.sample_rate_hz) == (after.channels, after.sample_rate_hz)
    return Check(
        name="channels_rate", ok=same, value=float(after.sample_rate_hz),
        limit=float(before.sample_rate_hz),
        says="" if same else "The result lost channels or sample rate.",
    )  # fmt: skip


def _true_peak(after: Measurement, ceiling_dbtp: float | None) -> Check:
    peak = after.loudness.true_peak_dbtp
    # Between passes peaks may be anywhere; the closing step holds them.
    ok = ceiling_dbtp is None or peak is None or peak <= ceiling_dbtp + 0.005
    says = "" if ok else f"Its peaks reach {peak:.2f} dBTP, over the ceiling."
    return Check(name="true_peak", ok=ok, value=peak, limit=ceiling_dbtp, says=says)


def _new_clipping(before: Measurement, after: Measurement, allowed: Allowance) -> Check:
    was, now = before.clipping.fraction or 0.0, after.clipping.fraction or 0.0
    added = now - was
    limit = max(allowed.new_clipping, 0.05 * was)
    ok = added <= limit
    return Check(
        name="new_clipping", ok=ok, value=added, limit=limit,
        says="" if ok else "It cut peaks flat that were whole before.",
    )  # fmt: skip


def _loudness(
    before: Measurement, after: Measurement, pair: Pair, gains_db: np.ndarray,
    allowed: Allowance, expected_lufs: float | None, final: bool,
) -> Check:  # fmt: skip
    was, now = before.loudness.integrated_lufs, after.loudness.integrated_lufs
    if was is None or now is None:
        return Check(name="loudness_jump", ok=True, value=None, limit=None)
    if final:
        wanted = was if expected_lufs is None else expected_lufs
        ok = expected_lufs is None or abs(now - wanted) <= 1.0
        # A limiter that must not squash may stop short of a loud target; it may not overshoot.
        ok = ok or now < wanted
        return Check(
            name="loudness_jump", ok=ok, value=now - wanted, limit=1.0,
            says="" if ok else "It came out louder than asked for.",
        )  # fmt: skip
    jump = _local_jump_db(pair, gains_db)
    ok = jump <= allowed.loudness_jump_db
    return Check(
        name="loudness_jump", ok=ok, value=jump, limit=allowed.loudness_jump_db,
        says="" if ok else "Its level jumps in a place where the song's does not.",
    )  # fmt: skip


def _local_jump_db(pair: Pair, gains_db: np.ndarray) -> float:
    """Largest level change of a 3 s stretch against the usual one, dB; what a constant gain in
    every band does is taken out first."""
    width = 300
    count = pair.frames // width
    if count < 2 or not pair.active.any():
        return 0.0
    size = count * width
    was = pair.expected(gains_db)[:size].reshape(count, width).mean(axis=1)
    now = pair.after.total[:size].reshape(count, width).mean(axis=1)
    playing = pair.active[:size].reshape(count, width).mean(axis=1) > 0.5
    change = 10 * np.log10((now + 1e-12) / (was + 1e-12))[playing]
    return float(np.max(np.abs(change - np.median(change)), initial=0.0))


def _mono_loss(before: Measurement, after: Measurement, allowed: Allowance) -> Check:
    was, now = before.stereo.mono_loss_db, after.stereo.mono_loss_db
    if was is None or now is None:
        return Check(name="mono_loss", ok=True, value=None, limit=None)
    added = now - was
    ok = added <= allowed.mono_loss_db
    return Check(
        name="mono_loss", ok=ok, value=added, limit=allowed.mono_loss_db,
        says="" if ok else f"It would lose {added:.1f} dB more when played in mono.",
    )  # fmt: skip


def _added_onsets(pair: Pair, near: Audio, there: Audio, allowed: Allowance) -> Check:
    onsets = added_onsets(pair)
    added = onsets.added if onsets.added > 2 else 0
    if not allowed.bursts:
        hits = added_low_hits(near, there, ringing=allowed.tonal_shift)
        few = max(MOST_LOW_HITS, MOST_LOW_HITS_PER_S * near.duration_s)
        added = max(added, hits if hits > few else 0)
    share = added / max(1, onsets.source)
    ok = share <= allowed.added_onsets_share
    return Check(
        name="added_onsets", ok=ok, value=share, limit=allowed.added_onsets_share,
        says="" if ok else f"It added {added} hits that are not in the song.",
    )  # fmt: skip


def _lost_content(
    pair: Pair, gains_db: np.ndarray, before: Measurement, after: Measurement, allowed: Allowance
) -> Check:
    reached, reaches = before.spectrum.bandwidth_hz, after.spectrum.bandwidth_hz
    if reached and reaches and not allowed.bandwidth and reaches < LEAST_BANDWIDTH * reached:
        return Check(
            name="lost_content", ok=False, value=reaches, limit=LEAST_BANDWIDTH * reached,
            says=f"Everything above {reaches:.0f} Hz is gone.",
        )  # fmt: skip
    gap_s = gap_seconds(pair)
    lost = lost_content_db(pair, gains_db)
    over = lost - allowed.band_loss_db(pair.before.centre_hz)
    worst = int(np.nanargmax(over)) if np.isfinite(over).any() else 0
    value = float(lost[worst]) if np.isfinite(lost[worst]) else 0.0
    limit = float(allowed.band_loss_db(pair.before.centre_hz)[worst])
    if gap_s > MOST_GAP_S and not allowed.gaps:
        return Check(
            name="lost_content", ok=False, value=gap_s, limit=MOST_GAP_S,
            says=f"The sound drops out for {gap_s:.2f} s where the song plays.",
        )  # fmt: skip
    ok = value <= limit
    centre = pair.before.centre_hz[worst]
    return Check(
        name="lost_content", ok=ok, value=value, limit=limit,
        says="" if ok else f"It lost {value:.0f} dB around {centre:.0f} Hz.",
    )  # fmt: skip


def _level_wobble(pair: Pair, gains_db: np.ndarray, allowed: Allowance) -> Check:
    wobble = level_wobble_db(pair, gains_db, dynamics=allowed.dynamics)
    ok = wobble <= allowed.level_wobble_db
    return Check(
        name="level_wobble", ok=ok, value=wobble, limit=allowed.level_wobble_db,
        says="" if ok else f"Its level wavers by {wobble:.1f} dB against the song's.",
    )  # fmt: skip


def _time_shift(before: Audio, after: Audio) -> Check:
    lag = lag_between(before, after)
    ok = not lag.sure or abs(lag.ms) <= LONGEST_LAG_MS
    return Check(
        name="time_shift", ok=ok, value=lag.ms if lag.sure else None, limit=LONGEST_LAG_MS,
        says="" if ok else f"It moved the song by {lag.ms:.1f} ms.",
    )  # fmt: skip


def _stereo_shift(
    near: Audio, there: Audio, before: Measurement, after: Measurement, allowed: Allowance
) -> Check:
    agreement = side_agreement(near, there)
    if agreement is not None and agreement < LEAST_SIDE_AGREEMENT and not allowed.stereo:
        return Check(
            name="stereo_shift", ok=False, value=agreement, limit=LEAST_SIDE_AGREEMENT,
            says="It exchanged the sides of the stereo image.",
        )  # fmt: skip
    was, now = before.stereo.width, after.stereo.width
    if was is not None and now is not None and was > 0.02 and not allowed.stereo:
        ratio = max(now, 1e-6) / was
        if ratio > allowed.most_width_ratio and allowed.tonal_shift:
            # Lows mostly stand in the middle: without what a room built up there a song is wider.
            ratio /= max(1.0, tonal_shift(near, there).width_ratio)
        if not allowed.least_width_ratio <= ratio <= allowed.most_width_ratio:
            return Check(
                name="stereo_shift", ok=False, value=ratio, limit=allowed.least_width_ratio,
                says=f"It changed the stereo width to {ratio:.2f} times what it was.",
            )  # fmt: skip
    left_was, left_now = before.stereo.balance_db, after.stereo.balance_db
    shift = None if left_was is None or left_now is None else left_now - left_was
    if shift is not None and abs(shift) > allowed.balance_db and allowed.tonal_shift:
        # Tone alone shifts the balance where the sides differ in pitch: that much moved nothing.
        shift -= tonal_shift(near, there).balance_db
    ok = shift is None or abs(shift) <= allowed.balance_db
    says = "" if ok or shift is None else f"It moved the song {abs(shift):.1f} dB to one side."
    return Check(name="stereo_shift", ok=ok, value=shift, limit=allowed.balance_db, says=says)


def _silence_kept(before: Audio, after: Audio, allowed: Allowance) -> Check:
    """Places that are digitally silent must stay so: largest sample found there, full scale 1."""
    loudest, least_run = 0.0, round(0.1 * before.sample_rate_hz)
    for block in blocks(before, 1 << 20):
        quiet = np.max(np.abs(block.samples), axis=0) < _SILENT / 100
        edges = np.flatnonzero(np.diff(np.concatenate([[0], quiet.astype(np.int8), [0]])))
        for start, stop in edges.reshape(-1, 2):
            # The flanks may hold the ringing of a filter.
            inner = slice(start + least_run // 2, stop - least_run // 2)
            if stop - start >= 2 * least_run:
                there = after.samples[:, block.start : block.stop][:, inner]
                loudest = max(loudest, float(np.max(np.abs(there), initial=0.0)))
        release(after.samples)
    limit = allowed.silence
    ok = loudest <= limit
    return Check(
        name="silence_kept", ok=ok, value=loudest, limit=limit,
        says="" if ok else "It put sound where the song is silent.",
    )  # fmt: skip


def _dc(before: Measurement, after: Measurement, pair: Pair) -> Check:
    was = max((abs(x) for x in before.noise.dc_offset), default=0.0)
    now = max((abs(x) for x in after.noise.dc_offset), default=0.0)
    # A lopsided wave shifts a little when its peaks change; only against the level is it an offset.
    limit = max(MOST_DC, MOST_DC_SHARE * float(np.sqrt(np.mean(pair.before.total))))
    ok = now - was <= limit
    return Check(
        name="dc_added", ok=ok, value=now - was, limit=limit,
        says="" if ok else "It shifted the whole wave off its centre line.",
    )  # fmt: skip


def _dynamics_kept(pair: Pair, gains_db: np.ndarray, problems: Sequence[Problem]) -> Check:
    """The finished song must not be squashed: level differences stay, unless asked otherwise."""
    ratio = level_spread_ratio(pair, gains_db)
    # Notes that a room let ring louder than others come down with it.
    limit = LEAST_SPREAD_OUT_OF_ROOM if "reverb" in problems else LEAST_SPREAD
    ok = ratio is None or ratio >= limit or "uneven_levels" in problems
    return Check(
        name="dynamics_kept", ok=ok, value=ratio, limit=limit,
        says="" if ok else "It came out squashed: soft and loud moved together.",
    )  # fmt: skip


def _outside(before: Audio, after: Audio, region: Region) -> Check:
    start, stop = before.frame_at(region.start_s), before.frame_at(region.end_s)
    changed = 0
    for block in blocks(before, 1 << 20):
        different = np.any(block.samples != after.samples[:, block.start : block.stop], axis=0)
        frame = np.arange(block.start, block.stop)
        changed += int(np.sum(different & ((frame < start) | (frame >= stop))))
    return Check(
        name="outside_untouched", ok=changed == 0, value=float(changed), limit=0.0,
        says="" if changed == 0 else "It changed sound outside the place it was asked to work on.",
    )  # fmt: skip


def _cut(audio: Audio, region: Region) -> Audio:
    start = audio.frame_at(region.start_s - _CONTEXT_S)
    stop = audio.frame_at(region.end_s + _CONTEXT_S)
    return Audio(audio.samples[:, start:stop], audio.sample_rate_hz)
