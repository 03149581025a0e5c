"""Changes run again: stronger, weaker, or without one of them; nothing is stacked on itself."""

from __future__ import annotations

from mixmend.agent.drift import measure_drift
from mixmend.agent.passes import Attempt, work_on
from mixmend.agent.records import GoalRecord, PassRecord
from mixmend.agent.rendering import MOST_STRENGTH
from mixmend.agent.session import Session
from mixmend.agent.takes import Change, changes, level_goals, set_level_goals
from mixmend.model.engine import OnProgress
from mixmend.model.problems import Problem
from mixmend.tools.errors import InputError
from mixmend.tools.measurement import Span

STRONGER, WEAKER = 1.5, 0.5
_LEAST_STRENGTH = 0.05

# Wishes that undo one another: too much of one is mended by less of the other.
_OPPOSITE: dict[Problem, frozenset[Problem]] = {
    "dull": frozenset({"too_bright", "harsh"}),
    "unclear": frozenset({"too_bright", "harsh"}),
    "airless": frozenset({"too_bright", "harsh"}),
    "too_bright": frozenset({"dull", "unclear"}),
    "harsh": frozenset({"dull"}),
    "thin": frozenset({"boomy"}),
    "boomy": frozenset({"thin"}),
    "cold": frozenset({"muddy"}),
    "vocals_buried": frozenset({"vocals_loud"}),
    "vocals_loud": frozenset({"vocals_buried"}),
    "narrow": frozenset({"too_wide"}),
    "too_wide": frozenset({"narrow"}),
    "reverb": frozenset({"too_dry"}),
    "too_dry": frozenset({"reverb"}),
    "squashed": frozenset({"uneven_levels"}),
    "uneven_levels": frozenset({"squashed"}),
    "too_quiet": frozenset({"too_loud"}),
    "too_loud": frozenset({"too_quiet"}),
}


def there_already(
    session: Session, problem: Problem, region: Span | None, *, before: int
) -> Change | None:
    """The change that already does (or overdid) what is asked for in the same place.

    Only changes made before pass number `before` count: what this turn did itself is not repeated.
    """
    for change in reversed(changes(session)):
        if change.region != region or (change.pass_n or 0) > before:
            continue
        if change.problem == problem or problem in _OPPOSITE.get(change.problem, frozenset()):
            return change
    return None


def factor_for(change: Change, problem: Problem, amount: float) -> float:
    """How much stronger or weaker a change gets that is asked for again, or against."""
    return 1.0 + amount if change.problem == problem else max(0.1, 1.0 - amount)


def chosen(session: Session, n: int | None, problem: str | None, *, strict: bool = False) -> Change:
    """A change by number or problem; the last one when neither is given (or, unless `strict`,
    when there is none on that problem)."""
    made = changes(session)
    if not made:
        raise InputError("nothing has been changed yet.")
    if n is not None:
        for change in made:
            if change.number == n:
                return change
        if n == len(made) + 1 == 2:
            raise InputError("there is only one change in this version.")
        raise InputError(f"there is no change {n} in this version; there are 1 to {len(made)}.")
    named = [change for change in made if change.problem == problem]
    if strict and problem and not named:
        raise InputError(f"there is no change on {problem.replace('_', ' ')} in this version.")
    return named[-1] if named else made[-1]


def scaled(change: Change, factor: float) -> float:
    """The strength to run a change again with; InputError when it is as strong as it gets."""
    most = MOST_STRENGTH
    strength = min(most, max(_LEAST_STRENGTH, change.strength * min(max(factor, 0.1), 3.0)))
    if strength == change.strength:
        raise InputError(
            "that is as strong as I can make it without harming the song."
            if factor > 1.0
            else "that is as gentle as it gets; undo takes it away."
        )
    return strength


def run_again(
    session: Session, change: Change, strength: float, on_progress: OnProgress | None
) -> list[PassRecord]:
    """Run a change at another strength from where it started, then the ones after it.

    When the guard does not let the new one pass, the head stays as it was.
    """
    was = session.pass_record(change.pass_n or 0)
    head = session.record.head
    later = [c for c in changes(session) if c.number > change.number and c.pass_n is not None]
    half_way = 0.5 * (strength + change.strength)
    tries = (Attempt(was.engine, strength), Attempt(was.engine, half_way))
    done = work_on(
        session, _goal(change, strength), steps=was.steps, parent=was.parent, attempts=tries,
        on_progress=on_progress,
    )  # fmt: skip
    done = session.set_options(done.n, instead_of=float(was.n))
    if done.verdict == "rolled_back":
        session.update(head=head)
        return [done]
    return [done, *_repeat(session, later, on_progress)]


def run_without(
    session: Session, change: Change, on_progress: OnProgress | None
) -> list[PassRecord]:
    """Leave one change out and run the ones after it again."""
    if change.pass_n is None:
        set_level_goals(session, [g for g in level_goals(session) if g.problem != change.problem])
        return []
    later = [c for c in changes(session) if c.number > change.number and c.pass_n is not None]
    session.update(head=session.pass_record(change.pass_n).parent)
    return _repeat(session, later, on_progress)


def _repeat(
    session: Session, later: list[Change], on_progress: OnProgress | None
) -> list[PassRecord]:
    repeated = []
    for change in later:
        was = session.pass_record(change.pass_n or 0)
        done = work_on(
            session, _goal(change, change.strength), steps=was.steps,
            attempts=(Attempt(was.engine, change.strength),), on_progress=on_progress,
        )  # fmt: skip
        repeated.append(session.set_options(done.n, repeats=float(was.n)))
    return repeated


def _goal(change: Change, strength: float) -> GoalRecord:
    return GoalRecord(problem=change.problem, strength=strength, region=change.region, asked=True)


def note_drift(session: Session, done: PassRecord) -> None:
    """Measure how far a kept pass's version is from the source, once."""
    number = done.version
    if number is None or session.version(number).drift is not None:
        return
    session.set_drift(number, measure_drift(session.audio(0), session.audio(number)))
