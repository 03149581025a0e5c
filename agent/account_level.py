"""The part of an account that is about level: what was asked of it, what the file came to be."""

from __future__ import annotations

from dataclasses import dataclass

from mixmend.agent import takes
from mixmend.agent.explain import DOING
from mixmend.agent.records import Claim, GoalRecord
from mixmend.agent.session import Session
from mixmend.agent.targets import TARGETS
from mixmend.model.problems import Problem

LEAST_LEVEL_CHANGE_LU = 0.3


@dataclass(frozen=True)
class Mark:
    """Where a turn began: how many passes there were, which take was heard, which head."""

    passes: int = 0
    take: int = 0
    head: int = 0
    takes: int = 0


def new_level_goals(session: Session, mark: Mark) -> list[GoalRecord]:
    """Wishes about level that are new or changed since the turn began."""
    old = takes.take(session, mark.take).level_goals
    return [goal for goal in takes.level_goals(session) if goal not in old]


def level_lines(session: Session, mark: Mark, problem: Problem, claims: list[Claim]) -> list[str]:
    """What a wish about level came to."""
    before = session.measurement(takes.take(session, mark.take).version).loudness.integrated_lufs
    now = session.measurement().loudness.integrated_lufs
    if before is None or now is None:
        return []
    again = any(g.problem == problem for g in takes.take(session, mark.take).level_goals)
    moved = now - before if problem == "too_quiet" else before - now
    if again and abs(moved) >= LEAST_LEVEL_CHANGE_LU:
        claims.append(Claim(key="loudness.integrated_lufs", value=before, when="before"))
        return [f"I set the level anew: from {_number(before)} LUFS to {lufs_text(now, claims)}."]
    if moved < LEAST_LEVEL_CHANGE_LU:
        return [
            f"I could not {DOING[problem][1]}: any more would harm it, so it stays at "
            f"{lufs_text(now, claims)}."
        ]
    claims.append(Claim(key="loudness.integrated_lufs", value=before, when="before"))
    return [f"I {DOING[problem][0]}: from {_number(before)} LUFS to {lufs_text(now, claims)}."]


def result_text(session: Session, mark: Mark, claims: list[Claim]) -> str:
    """Level and peaks of the written file, where they are new or were asked for."""
    record = session.record
    if record.output is None:
        return ""
    loudness = record.output.measurement.loudness
    lufs, peak = loudness.integrated_lufs, loudness.true_peak_dbtp
    before = session.measurement(takes.take(session, mark.take).version).loudness
    text = ""
    aimed = record.target_lufs if record.target_lufs is not None else TARGETS[record.target].lufs
    new_aim = (record.target, record.target_lufs) != _aim_of(session, mark.take)
    moved = _moved(before.integrated_lufs, lufs)
    told_level = bool(new_level_goals(session, mark))
    if lufs is not None and not told_level and (mark.take == 0 or new_aim or moved):
        was = before.integrated_lufs
        text = f"The finished file plays at {lufs_text(lufs, claims)}"
        if was is not None and not moved:
            text += ", as loud as before"
        elif was is not None:
            claims.append(Claim(key="loudness.integrated_lufs", value=was, when="source"))
            text += f" (before that it was {_number(was)} LUFS)"
        if aimed is not None and abs(lufs - aimed) <= 0.25 and new_aim:
            text += (
                f", which is {TARGETS[record.target].says}"
                if record.target_lufs is None
                else (", as you asked")
            )
    if peak is not None and (text or mark.take == 0 or _moved(before.true_peak_dbtp, peak)):
        claims.append(Claim(key="loudness.true_peak_dbtp", value=peak, when="output"))
        peaks = f"its highest peaks reach {_number(peak)} dBTP"
        safe = ", low enough not to crackle on any player" if peak <= -0.95 else ""
        text = f"{text}, and {peaks}{safe}." if text else f"{peaks[:1].upper()}{peaks[1:]}{safe}."
    elif text:
        text += "."
    if lufs is not None and aimed is not None and abs(lufs - aimed) > 0.25:
        claims.append(Claim(key="loudness.integrated_lufs", value=aimed, when="output"))
        text += f" I stopped short of {_number(aimed)} LUFS, because more would have squashed it."
    return text


def _aim_of(session: Session, number: int) -> tuple[str, float | None]:
    known = takes.take(session, number)
    return known.target, known.target_lufs


def _moved(was: float | None, now: float | None) -> bool:
    return was is None or now is None or abs(now - was) >= LEAST_LEVEL_CHANGE_LU


def lufs_text(value: float, claims: list[Claim]) -> str:
    """A loudness as it is said, with its meaning."""
    claims.append(Claim(key="loudness.integrated_lufs", value=value, when="output"))
    return f"{_number(value)} LUFS (loudness as streaming services measure it)"


def _number(value: float) -> str:
    return f"{value:.1f}".replace("-", "\N{MINUS SIGN}")
