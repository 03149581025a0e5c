"""The shapes of what tools answer: plain JSON values, small enough for a language model."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from mixmend.agent.metrics import METRICS, figure, telling_metric
from mixmend.agent.plan import worth_mending
from mixmend.agent.records import Finding, PassRecord
from mixmend.tools.errors import InputError
from mixmend.tools.measurement import Measurement

P = ParamSpec("P")


def answers(tool: Callable[P, dict[str, Any]]) -> Callable[P, str]:
    """Turn a tool's result, or the sentence of its error, into JSON."""

    @wraps(tool)
    def answer(*args: P.args, **kwargs: P.kwargs) -> str:
        try:
            result = tool(*args, **kwargs)
        except InputError as error:
            result = {"error": str(error)}
        return json.dumps(result, ensure_ascii=False, default=str)

    return answer


def summary(measured: Measurement) -> dict[str, Any]:
    """The figures a brain needs to talk about a song."""
    keys = {metric.key for metric in METRICS.values()} | {
        "duration_s", "sample_rate_hz", "channels", "loudness.true_peak_dbtp", "loudness.plr_lu",
        "loudness.range_lu", "dynamics.dr", "clipping.events", "stereo.correlation",
        "stereo.is_mono", "reverb.rt60_s", "music.tempo_bpm", "music.key", "music.vocals",
        "noise.hum_hz",
    }  # fmt: skip
    return {key: plain(measured.value(key)) for key in sorted(keys)}


def plain(value: object) -> object:
    """JSON values with a sensible number of digits and entries."""
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value][:20]
    return value


def finding_answer(finding: Finding) -> dict[str, Any]:
    """A finding and whether it is bad and sure enough to be worked on unasked."""
    return {**finding.model_dump(mode="json"), "worth_mending": worth_mending(finding)}


def pass_answer(record: PassRecord) -> dict[str, Any]:
    """A pass without its whole measurements: the figure that tells it, before and after."""
    said: dict[str, Any] = {
        "n": record.n, "problem": record.goal, "engine": record.engine,
        "strength": record.strength, "region": record.region, "verdict": record.verdict,
        "because": record.because, "asked": record.asked,
    }  # fmt: skip
    if record.problem is not None:
        metric = telling_metric(record.problem, record.before, record.after)
        said["key"] = metric.key
        said["before"] = figure(metric, record.before)
        said["after"] = figure(metric, record.after)
    failed = [check.name for check in record.checks if not check.ok]
    if failed:
        said["failed_checks"] = failed
    return said
