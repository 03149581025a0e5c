"""One goal, worked on under guard: try, measure, keep; or try once more another way; or give up.

This is the only place where an engine's result can become a version of the song.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mixmend.agent.engine_choice import named_or_best
from mixmend.agent.guard import judge
from mixmend.agent.records import GoalRecord, PassRecord
from mixmend.agent.rendering import render
from mixmend.agent.session import Session
from mixmend.model.engine import OnProgress
from mixmend.model.engines import get_engine
from mixmend.model.requests import sentence_for
from mixmend.tools.region import Region

WEAKER = 0.5


@dataclass(frozen=True)
class Attempt:
    """One way to try a goal."""

    engine: str
    strength: float


def work_on(
    session: Session,
    goal: GoalRecord,
    *,
    engine: str | None = None,
    steps: int | None = None,
    parent: int | None = None,
    attempts: Iterable[Attempt] | None = None,
    on_progress: OnProgress | None = None,
) -> PassRecord:
    """Try a goal until the guard keeps a result or the ways run out; returns the last pass.

    Every attempt is entered in the session, kept or not. `parent` is the version to start from
    (the working version when None), `attempts` the ways to try instead of the usual ones.
    """
    start = session.working_version().number if parent is None else parent
    chosen = named_or_best(engine or session.record.engine, goal.problem)
    done: PassRecord | None = None
    ways = attempts or _attempts(chosen, goal.strength)
    for attempt in ways:
        done = _run(session, goal, attempt, steps, start, on_progress)
        if done.verdict == "kept":
            break
    assert done is not None  # there is always a first attempt
    return done


def _attempts(engine: str, strength: float) -> Iterator[Attempt]:
    yield Attempt(engine, strength)
    if engine == "dsp":
        yield Attempt(engine, strength * WEAKER)
    else:
        # Another engine is another way; our own processing is always there.
        yield Attempt("dsp", strength)


def _run(
    session: Session,
    goal: GoalRecord,
    attempt: Attempt,
    steps: int | None,
    parent: int,
    on_progress: OnProgress | None,
) -> PassRecord:
    from mixmend.tools.measure import measure

    before, before_measured = session.audio(parent), session.measurement(parent)
    region = None if goal.region is None else Region(*goal.region)
    instruction = sentence_for(goal.problem)
    engine = get_engine(attempt.engine)
    after = render(
        engine,
        before,
        instruction,
        region=region,
        strength=attempt.strength,
        steps=steps,
        seed=session.record.seed,
        on_progress=on_progress,
    )
    after_measured = measure(after)
    verdict = judge(
        before,
        after,
        before_measured,
        after_measured,
        problems=(goal.problem,),
        region=region,
    )
    record = PassRecord(
        n=len(session.record.passes) + 1,
        goal=goal.problem,
        problem=goal.problem,
        instruction=instruction,
        engine=attempt.engine,
        region=goal.region,
        strength=attempt.strength,
        steps=steps,
        seed=session.record.seed,
        checkpoint_sha256=getattr(engine, "checkpoint_sha256", None),
        before=before_measured,
        after=after_measured,
        verdict="kept" if verdict.kept else "rolled_back",
        because=verdict.because,
        checks=list(verdict.checks),
        parent=parent,
        asked=goal.asked,
    )
    return session.add_pass(record, after if verdict.kept else None)
