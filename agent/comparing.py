"""Two versions of a session side by side, by the numbers and names the user knows them by."""

from __future__ import annotations

from typing import Any

from mixmend.agent import takes
from mixmend.agent.compare import Change, compare_measurements
from mixmend.agent.metrics import METRICS, Metric, format_value
from mixmend.agent.records import Finding, Take
from mixmend.agent.session import Session
from mixmend.tools.errors import InputError

_MOST_SAID = 3
_WEIGHTS = {"none": 0.0, "mild": 0.5, "moderate": 1.5, "severe": 3.0}
_LEAST_GAP = 0.5
# The first that names a figure names it best; the others see it from one fault only.
_BY_KEY: dict[str, Metric] = {m.key: m for m in reversed(METRICS.values())}


def compare_takes(session: Session, a: int | None, b: int | None) -> dict[str, Any]:
    """What `b` (the current version) has that `a` (the one before it) has not, and which has less
    wrong with it by measurement. InputError when there is nothing to compare."""
    if not session.record.takes:
        raise InputError("there is only the song as it came; nothing has been changed yet.")
    second = takes.take(session, b)
    first = takes.take(session, _other(session, second) if a is None else a)
    if first.number == second.number:
        raise InputError(f"version {first.number} is the same as itself; name another one.")
    compared = compare_measurements(
        session.measurement(first.version), session.measurement(second.version)
    )
    parts = [
        f"{_called(second)} against {_called(first, small=True)}, at the same loudness:",
        _differences(compared.changes),
        _verdict(session, first, second),
    ]
    return {
        "a": first.number, "b": second.number, "text": " ".join(parts),
        "level_difference_lu": compared.level_difference_lu,
        "changes": [c.model_dump(mode="json") for c in compared.changes if c.counts],
    }  # fmt: skip


def _other(session: Session, second: Take) -> int:
    if second.number != 0:
        return second.before
    undone = session.record.undone_takes
    return undone[-1] if undone else len(session.record.takes)


def _called(take: Take, *, small: bool = False) -> str:
    if take.number == 0:
        return "the song as it came" if small else "The song as it came"
    return f"{'version' if small else 'Version'} {take.number} ({take.name})"


def _differences(changes: list[Change]) -> str:
    counting = [change for change in changes if change.counts and change.key in _BY_KEY]
    counting.sort(key=lambda change: -abs(change.change or 0.0) / _BY_KEY[change.key].least_change)
    said = [_difference(change) for change in counting[:_MOST_SAID]]
    return f"{'; '.join(said)}." if said else "by measurement the two are the same."


def _difference(change: Change) -> str:
    metric = _BY_KEY[change.key]
    assert change.a is not None  # only changes of both that count come here
    assert change.b is not None
    # A figure that moves with plain gain is given as it would be at the other's loudness.
    now = change.a + (change.change or 0.0)
    way = "higher" if now > change.a else "lower"
    return f"{metric.phrase} is {way}, {format_value(metric, now)} instead of " + format_value(
        metric, change.a
    )


def _verdict(session: Session, first: Take, second: Take) -> str:
    wrong = [_wrong(session.findings(take.version)) for take in (first, second)]
    if abs(wrong[0] - wrong[1]) < _LEAST_GAP:
        return (
            "I measure no more wrong with one than with the other, so trust your ears: keep the "
            "one you like."
        )
    better = second if wrong[1] < wrong[0] else first
    return (
        f"By measurement {_called(better, small=True)} has less wrong with it, so I would keep "
        "that one; your ears have the last word."
    )


def _wrong(findings: list[Finding]) -> float:
    return sum(_WEIGHTS[finding.severity] * finding.confidence for finding in findings)
