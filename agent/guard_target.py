"""Did the pass move what it was meant to move? The figure that speaks for the problem decides."""

from __future__ import annotations

from mixmend.agent.metrics import (
    ALSO_TELLING,
    LEAST_SHARE,
    METRICS,
    figure,
    format_value,
    moved_right,
    telling_metric,
)
from mixmend.agent.records import Check
from mixmend.model.problems import Problem
from mixmend.tools.audio import Audio
from mixmend.tools.measurement import Measurement
from mixmend.tools.pair import level_spread_ratio, make_pair
from mixmend.tools.region import Region

LEAST_SPREAD_RATIO = 1.05
TOWERING_PLR_LU = 22.0
_FAMILY_OF = {"dynamics", "clipping", "reverb", "stereo", "spectrum", "noise", "loudness"}
# Whether a song's own balance is usual for its kind is known only roughly, so for these a small
# step away from the usual is let through (in the unit of the figure).
_LOOSE: dict[Problem, float] = {"unbalanced": 3.0, "mic_colored": 3.0}


def target_check(
    problem: Problem,
    before: Audio,
    after: Audio,
    before_measured: Measurement,
    after_measured: Measurement,
    region: Region | None,
) -> Check:
    """The `target_moved` check; within `region` when there is one.

    A figure that cannot be measured decides nothing: the check is then ok and says so.
    """
    was_measured, now_measured = before_measured, after_measured
    if region is not None:
        was_measured = _measure_there(problem, before, region)
        now_measured = _measure_there(problem, after, region)
    metric = telling_metric(problem, was_measured, now_measured)
    moved = moved_right(metric, was_measured, now_measured)
    limit = LEAST_SHARE * metric.least_change
    if moved is None:
        return Check(
            name="target_moved", ok=True, value=None, limit=limit,
            says=f"Kept without proof: {metric.phrase} cannot be measured here.",
        )  # fmt: skip
    was, now = figure(metric, was_measured), figure(metric, now_measured)
    if problem in _LOOSE:
        limit = -_LOOSE[problem]
    ok = moved >= limit
    if not ok and problem == "squashed" and region is None:
        was_plr, now_plr = was_measured.loudness.plr_lu, now_measured.loudness.plr_lu
        if was_plr and now_plr and was_plr > TOWERING_PLR_LU and now_plr < was_plr - 3.0:
            # A slow compressor lets attacks through and holds down all that follows.
            return Check(
                name="target_moved", ok=True, value=was_plr - now_plr, limit=3.0,
                says=f"Peaks towered {was_plr:.0f} LU over the music, now {now_plr:.0f} LU.",
            )  # fmt: skip
        ratio = level_spread_ratio(make_pair(before, after))
        if ratio is not None and ratio >= LEAST_SPREAD_RATIO:
            return Check(
                name="target_moved", ok=True, value=ratio, limit=LEAST_SPREAD_RATIO,
                says=f"Soft and loud moments are {ratio:.2f} times as far apart as before.",
            )  # fmt: skip
    if not ok:
        says = f"It did not move {metric.phrase} the right way."
    elif was is None or now is None:
        says = f"{_capital(metric.phrase)} can no longer be measured."
    else:
        says = (
            f"{_capital(metric.phrase)} went from {format_value(metric, was)} to "
            f"{format_value(metric, now)}."
        )
    return Check(name="target_moved", ok=ok, value=moved, limit=limit, says=says)


def _measure_there(problem: Problem, audio: Audio, region: Region) -> Measurement:
    from mixmend.tools.measure import measure

    start, stop = audio.frame_at(region.start_s), audio.frame_at(region.end_s)
    keys = (METRICS[problem].key, *(metric.key for metric in ALSO_TELLING.get(problem, ())))
    families = frozenset(key.split(".")[0] for key in keys) & _FAMILY_OF
    return measure(Audio(audio.samples[:, start:stop], audio.sample_rate_hz), families=families)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
