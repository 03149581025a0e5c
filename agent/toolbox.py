"""The typed tools a brain may use on one session; nothing else is within its reach.

Every tool returns compact JSON. A tool's errors come back as `{"error": sentence}`: only here does
an exception become something a language model reads. No tool takes a path.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mixmend.agent import remaking, takes
from mixmend.agent import tool_arguments as args
from mixmend.agent.account import account, greeting, reasons
from mixmend.agent.account_level import Mark
from mixmend.agent.advice import WHAT
from mixmend.agent.comparing import compare_takes
from mixmend.agent.explain import explain, findings_text
from mixmend.agent.finish import finish_unsquashed
from mixmend.agent.limits import Limits, Spent
from mixmend.agent.passes import work_on
from mixmend.agent.places import places
from mixmend.agent.plan import LEVEL, goal_from_words
from mixmend.agent.records import Claim, GoalRecord, PassRecord
from mixmend.agent.session import Session
from mixmend.agent.targets import get_target
from mixmend.agent.tool_answers import answers, finding_answer, pass_answer, plain, summary
from mixmend.model.engine import OnProgress
from mixmend.model.problems import PROBLEMS, Problem
from mixmend.tools.errors import InputError, MixmendError, UsageError
from mixmend.tools.measurement import Span

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

    from mixmend.tools.writing import BitDepth


@dataclass(frozen=True)
class Wanted:
    """What the command line or the studio fixed beforehand; words cannot override it."""

    out: Path
    bit_depth: BitDepth = "24"
    engine: str | None = None
    region: Span | None = None
    strength: float | None = None
    steps: int | None = None


# What is shown while a tool runs; the problem that is worked on is put in.
STEPS: dict[str, str] = {
    "measure": "Reading the measurements",
    "check": "Looking at the song",
    "compare": "Comparing the versions",
    "restore": "Working on {problem}",
    "again": "Doing that once more, at another strength",
    "undo": "Taking it back",
    "redo": "Bringing it back",
    "go_to": "Going to that version",
    "finish": "Setting the level and checking the finished file",
    "report": "Writing the report",
}


@dataclass
class Toolbox:
    """The tools, bound to one session, what was fixed beforehand, and the limits."""

    session: Session
    wanted: Wanted
    limits: Limits = field(default_factory=Limits)
    on_progress: OnProgress | None = None
    on_pass: Callable[[PassRecord], None] | None = None
    on_step: Callable[[str], None] | None = None
    spent: Spent = field(init=False)
    mark: Mark = field(init=False)
    unfinished: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self.begin_turn()

    def begin_turn(self) -> None:
        """From here on counts as one turn: limits begin anew, accounts tell what follows."""
        self.spent = Spent(self.limits)
        record = self.session.record
        self.mark = Mark(len(record.passes), record.take, record.head, len(record.takes))
        self.unfinished = False

    def tools(self) -> list[BaseTool]:
        """The tools as LangChain wants them, each with the model of its arguments."""
        from langchain_core.tools import StructuredTool

        offered: Sequence[tuple[Callable[..., dict[str, Any]], type[args.Arguments]]] = (
            (self.check, args.CheckArguments),
            (self.measure, args.MeasureArguments),
            (self.restore, args.RestoreArguments),
            (self.again, args.AgainArguments),
            (self.undo, args.UndoArguments),
            (self.redo, args.Nothing),
            (self.go_to, args.GoToArguments),
            (self.set_target, args.TargetArguments),
            (self.compare, args.CompareArguments),
            (self.finish, args.Nothing),
            (self.explain, args.Nothing),
            (self.history, args.Nothing),
            (self.report, args.Nothing),
        )
        return [
            StructuredTool.from_function(
                answers(self._announced(tool)), name=tool.__name__,
                description=str(tool.__doc__), args_schema=schema,
            )
            for tool, schema in offered
        ]  # fmt: skip

    def _announced(self, tool: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        def announced(**given: Any) -> dict[str, Any]:
            step = STEPS.get(tool.__name__)
            if step and self.on_step:
                self.on_step(step.format(problem=WHAT.get(given.get("problem", ""), "the song")))
            return tool(**given)

        announced.__doc__ = tool.__doc__
        return announced

    # Looking -------------------------------------------------------------------------------

    def measure(self, key: str = "", version: int | None = None) -> dict[str, Any]:
        """Measurements of a version (the current one when none is given).

        `key` picks one, as "loudness.true_peak_dbtp"; empty gives the most important ones.
        """
        measured = self.session.measurement(self._inner(version))
        if key:
            try:
                return {"key": key, "value": plain(measured.value(key))}
            except KeyError as error:
                raise UsageError(f"there is no measurement {key!r}.") from error
        return summary(measured)

    def check(self, version: int | None = None) -> dict[str, Any]:
        """What is wrong with a version, worst first, by measurement."""
        findings = self.session.findings(self._inner(version))
        return {
            "findings": [finding_answer(finding) for finding in findings],
            "text": findings_text(findings),
        }

    def compare(self, a: int | None = None, b: int | None = None) -> dict[str, Any]:
        """Two versions side by side: what changed by measurement, at matched loudness, and which
        of them has less wrong with it. Without numbers: this version and the one before it."""
        return compare_takes(self.session, a, b)

    def history(self) -> dict[str, Any]:
        """Every version by number and name, the changes in the current one, and all passes."""
        record = self.session.record
        named = [takes.take(self.session, 0), *record.takes]
        return {
            "version": record.take,
            "versions": [
                {"number": take.number, "name": take.name, "made_from": take.before}
                for take in named
            ],
            "changes": [change.model_dump() for change in takes.changes(self.session)],
            "passes": [pass_answer(p) for p in record.passes],
        }

    # Changing ------------------------------------------------------------------------------

    def restore(
        self,
        problem: str,
        amount: float = 0.5,
        start_s: float | None = None,
        end_s: float | None = None,
        section: str | None = None,
        section_n: int | None = None,
        asked: bool = True,
    ) -> dict[str, Any]:
        """Work on one problem in one guarded pass (tried once more another way if it fails).

        A place is `start_s` to `end_s`, or a named `section` ("chorus"). `asked`: by the user.
        Asked again for what is in the song already, that change is run again stronger instead of
        a second one on top of it; asked for its opposite, it is run again weaker.
        """
        if problem not in PROBLEMS:
            raise UsageError(f"there is no problem {problem!r}; there are {', '.join(PROBLEMS)}.")
        spans: list[Span | None] = [self.wanted.region]
        grounds = ""
        if self.wanted.region is None:
            spans, grounds = places(self.session, start_s, end_s, section, section_n)
        share = min(max(amount, 0.0), 1.0)
        results = [self._restore_once(problem, share, span, asked) for span in spans]
        self.unfinished = True
        return {"passes": results, "where": grounds}

    def _restore_once(
        self, problem: Problem, amount: float, span: Span | None, asked: bool
    ) -> dict[str, Any]:
        known = remaking.there_already(self.session, problem, span, before=self.mark.passes)
        if known is not None and asked:
            factor = remaking.factor_for(known, problem, amount)
            return dict(self._again(known, factor)["passes"][0])
        goal = goal_from_words(problem, amount, span).model_copy(
            update={"asked": asked, "after_pass": len(self.session.record.passes)}
        )
        if self.wanted.strength is not None:
            goal = goal.model_copy(update={"strength": self.wanted.strength})
        if problem in LEVEL and span is None:
            return self._aim(goal)
        self._refuse_when_spent(stacking=True)
        index = self._enter(goal)
        self.session.set_goal(index, state="in_flight")
        done = work_on(
            self.session, goal, engine=self.wanted.engine, steps=self.wanted.steps,
            on_progress=self.on_progress,
        )  # fmt: skip
        self.session.set_goal(index, state=done.verdict, because=done.because)
        return self._entered(done)

    def _aim(self, goal: GoalRecord) -> dict[str, Any]:
        """Level is decided once, at the end, on what the file then is; of two wishes the newest."""
        because = "set in the closing step"
        kept = goal.model_copy(update={"state": "kept", "because": because})
        takes.set_level_goals(self.session, [kept])
        return {"problem": goal.problem, "verdict": "kept", "because": because}

    def _enter(self, goal: GoalRecord) -> int:
        """Index of the goal in the session; an open goal of the same kind is taken up."""
        for index, known in enumerate(self.session.record.goals):
            if known.state == "open" and (known.problem, known.region) == (
                goal.problem,
                goal.region,
            ):
                return index
        self.session.set_goals([*self.session.record.goals, goal])
        return len(self.session.record.goals) - 1

    def _entered(self, done: PassRecord) -> dict[str, Any]:
        """Count a pass, note how far the song has drifted with it, and tell of it."""
        self.spent.passes += 1
        remaking.note_drift(self.session, done)
        if self.on_pass:
            self.on_pass(done)
        return pass_answer(done)

    def again(
        self, factor: float, n: int | None = None, problem: str | None = None
    ) -> dict[str, Any]:
        """Run a change again from where it started, `factor` times as strong (0.1 to 3).

        Takes the place of that change; the ones after it are run again on the result.
        """
        answer = self._again(remaking.chosen(self.session, n, problem), factor)
        self.unfinished = True
        return answer

    def _again(self, change: takes.Change, factor: float) -> dict[str, Any]:
        strength = remaking.scaled(change, factor)
        if change.pass_n is None:
            was = next(g for g in takes.level_goals(self.session) if g.problem == change.problem)
            goal = was.model_copy(update={"strength": strength})
            return {"passes": [self._aim(goal)], "was": change.model_dump()}
        self._refuse_when_spent()
        passes = remaking.run_again(self.session, change, strength, self.on_progress)
        return {"passes": [self._entered(done) for done in passes], "was": change.model_dump()}

    def undo(self, n: int | None = None, problem: str | None = None) -> dict[str, Any]:
        """Take back the last step, or only change `n` (or the one on `problem`) of this version,
        keeping the others."""
        made = takes.changes(self.session)
        self.unfinished = bool(made) or self.session.record.take != 0
        if n is None and problem is None:
            if not takes.is_current(self.session) and self.session.record.head != self.mark.head:
                self.session.undo()
                return {"version": self.session.record.take}
            back = takes.undo(self.session)
            return {"version": back.number, "name": back.name}
        change = remaking.chosen(self.session, n, problem, strict=True)
        if len(made) == 1:
            self.session.go_to(0)
            takes.set_level_goals(self.session, [])
            return {"undone": change.model_dump(), "repeated": []}
        passes = remaking.run_without(self.session, change, self.on_progress)
        return {
            "undone": change.model_dump(),
            "repeated": [self._entered(done) for done in passes],
        }

    def redo(self) -> dict[str, Any]:
        """Take the last undo back."""
        forward = takes.redo(self.session)
        self.unfinished = True
        return {"version": forward.number, "name": forward.name}

    def go_to(self, version: int) -> dict[str, Any]:
        """Go back (or on) to any version by its number; 0 is the song as it came. Changes made
        from there branch off; no version is ever lost."""
        chosen = takes.go(self.session, version)
        self.unfinished = True
        return {"version": chosen.number, "name": chosen.name}

    def set_target(self, name: str | None = None, lufs: float | None = None) -> dict[str, Any]:
        """Set what the closing step aims at: a named target, or a loudness in LUFS (-40 to -6)."""
        if lufs is not None and not -40.0 <= lufs <= -6.0:
            raise UsageError(f"a loudness of {lufs:g} LUFS makes no sense; give -40 to -6.")
        target = get_target(name or self.session.record.target)
        self.session.update(target=target.name, target_lufs=lufs)
        self.unfinished = True
        return {"target": target.name, "lufs": lufs if lufs is not None else target.lufs}

    def finish(self) -> dict[str, Any]:
        """Set level and true peak, write the result, measure the written file, and tell what this
        turn did (`text`, ready to be said). Do this last, after every change."""
        if takes.is_current(self.session) and self.session.record.take != 0:
            # What was heard before is written again: the same step from the same version.
            self.session.update(head=self.session.working_version().number)
        finished = finish_unsquashed(self.session, self.wanted.out, self.wanted.bit_depth)
        take = takes.enter(self.session, before=self.mark.take)
        self.unfinished = False
        remaking.note_drift(self.session, finished.level_pass)
        if self.on_pass:
            self.on_pass(finished.level_pass)
        self.session.update(findings_after=self.session.findings())
        claims: list[Claim] = []
        text = account(self.session, self.mark, claims)
        self.session.update(claims=_unique([*explain(self.session.record).claims, *claims]))
        return {
            "written": finished.output.path, "version": take.number, "name": take.name,
            "text": text, **summary(finished.output.measurement),
        }  # fmt: skip

    def explain(self) -> dict[str, Any]:
        """What was done and why, and what it changed, in measured terms, ready to be said."""
        claims: list[Claim] = []
        text = reasons(self.session, claims)
        self.session.update(claims=_unique([*self.session.record.claims, *claims]))
        return {"text": text}

    def report(self) -> dict[str, Any]:
        """Write the report of the session into its folder, for the user to open."""
        from mixmend.agent.report import write_report

        if self.session.record.output is None:
            raise InputError("there is no result to report on yet.")
        path = self.session.folder.path / "report.html"
        write_report(self.session.record, path)
        return {"written": str(path), "text": f"The report is in {path}."}

    # Inside --------------------------------------------------------------------------------

    def greet(self) -> str:
        """The first words of a conversation: what was found, and a proposal."""
        return greeting(self.session.record)

    def told(self) -> str:
        """The account of this turn so far, for when a brain's own words cannot be used."""
        return account(self.session, self.mark, [])

    def _inner(self, version: int | None) -> int | None:
        """The number inside of a version that the user knows by its number."""
        return None if version is None else takes.take(self.session, version).version

    def _refuse_when_spent(self, *, stacking: bool = False) -> None:
        if why := self.spent.why_stop():
            raise UsageError(f"{why}; finish with what there is.")
        stacked = [c for c in takes.changes(self.session) if c.pass_n is not None]
        if stacking and len(stacked) >= self.limits.max_passes:
            raise UsageError(
                f"the limit of {self.limits.max_passes} changes on top of each other is reached, "
                "because every one leaves traces; take one back first."
            )


def _unique(claims: Sequence[Claim]) -> list[Claim]:
    return list(dict.fromkeys(claims))


__all__ = ["MixmendError", "Toolbox", "Wanted", "summary"]
