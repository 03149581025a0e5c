"""The typed tools a brain may use on one session; nothing else is within its reach.

Every tool returns compact JSON. A tool's errors come back as `{"error": sentence}`: only here does
an exception become something a language model reads. No tool takes a path.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

from mixmend.agent.explain import explain, findings_text
from mixmend.agent.finish import finish
from mixmend.agent.limits import Limits, Spent
from mixmend.agent.metrics import METRICS, figure, telling_metric
from mixmend.agent.passes import work_on
from mixmend.agent.plan import LEVEL, goal_from_words, worth_mending
from mixmend.agent.records import Finding, GoalRecord, PassRecord
from mixmend.agent.sections import find_section
from mixmend.agent.session import LEVEL_GOAL, Session
from mixmend.agent.targets import get_target
from mixmend.model.engine import OnProgress
from mixmend.model.problems import PROBLEMS, Problem
from mixmend.tools.errors import InputError, MixmendError, UsageError
from mixmend.tools.measurement import Measurement, Span

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

    from mixmend.tools.writing import BitDepth

P = ParamSpec("P")


@dataclass(frozen=True)
class Wanted:
    """What the command line or the studio fixed beforehand; words cannot override it."""

    out: Path
    bit_depth: BitDepth = "24"
    engine: str | None = None
    region: Span | None = None
    strength: float | None = None
    steps: int | None = None


def _answers(tool: Callable[P, dict[str, Any]]) -> Callable[P, str]:
    """Turn a tool's result, or the sentence of its error, into JSON."""

    @wraps(tool)
    def answer(*args: P.args, **kwargs: P.kwargs) -> str:
        try:
            result = tool(*args, **kwargs)
        except InputError as error:
            result = {"error": str(error)}
        return json.dumps(result, ensure_ascii=False, default=str)

    answer.__annotations__["return"] = str
    return answer


@dataclass
class Toolbox:
    """The tools, bound to one session, what was fixed beforehand, and the limits."""

    session: Session
    wanted: Wanted
    limits: Limits = field(default_factory=Limits)
    on_progress: OnProgress | None = None
    on_pass: Callable[[PassRecord], None] | None = None
    spent: Spent = field(init=False)

    def __post_init__(self) -> None:
        self.spent = Spent(self.limits)

    def tools(self) -> list[BaseTool]:
        """The tools as LangChain wants them."""
        from langchain_core.tools import StructuredTool

        functions: Sequence[Callable[..., dict[str, Any]]] = (
            self.measure, self.check, self.restore, self.set_target, self.compare, self.undo,
            self.redo, self.go_to, self.again, self.finish, self.explain, self.history,
        )  # fmt: skip
        return [StructuredTool.from_function(_answers(function)) for function in functions]

    # Looking -------------------------------------------------------------------------------

    def measure(self, key: str = "", version: int | None = None) -> dict[str, Any]:
        """Measurements of a version (the newest when none is given).

        `key` picks one, as "loudness.true_peak_dbtp"; empty gives the most important ones.
        """
        measured = self.session.measurement(version)
        if key:
            try:
                return {"key": key, "value": _plain(measured.value(key))}
            except KeyError as error:
                raise UsageError(f"there is no measurement {key!r}.") from error
        return summary(measured)

    def check(self, version: int | None = None) -> dict[str, Any]:
        """What is wrong with a version, worst first, by measurement."""
        findings = self.session.findings(version)
        return {
            "findings": [_finding(finding) for finding in findings],
            "text": findings_text(findings),
        }

    def compare(self, a: int = 0, b: int | None = None) -> dict[str, Any]:
        """Two versions side by side: what changed, by measurement, at matched loudness."""
        from mixmend.agent.compare import compare_measurements

        first, second = self.session.measurement(a), self.session.measurement(b)
        compared = compare_measurements(first, second)
        return {"a": a, "b": self.session.version(b).number, **compared.model_dump(mode="json")}

    def history(self) -> dict[str, Any]:
        """Every version and pass so far."""
        record = self.session.record
        return {
            "head": record.head,
            "versions": [v.model_dump(exclude={"audio_sha256"}) for v in record.versions],
            "passes": [_pass(p) for p in record.passes],
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

        `amount` 0..1: 0.2 a hair, 0.35 a bit, 0.5 what people mean unsaid, 0.8 a lot, 1 all of it.
        A place is `start_s` to `end_s`, or a named `section` ("chorus"). `asked`: by the user.
        """
        if problem not in PROBLEMS:
            raise UsageError(f"there is no problem {problem!r}; there are {', '.join(PROBLEMS)}.")
        if why := self.spent.why_stop():
            raise UsageError(f"{why}; finish with what there is.")
        spans, grounds = self._places(start_s, end_s, section, section_n)
        results = [
            self._restore_once(problem, min(max(amount, 0.0), 1.0), span, asked) for span in spans
        ]
        return {"passes": results, "where": grounds}

    def _restore_once(
        self, problem: Problem, amount: float, span: Span | None, asked: bool
    ) -> dict[str, Any]:
        goal = goal_from_words(problem, amount, span).model_copy(update={"asked": asked})
        if self.wanted.strength is not None:
            goal = goal.model_copy(update={"strength": self.wanted.strength})
        index = self._enter(goal)
        if problem in LEVEL and span is None:
            # Level is decided once, at the end, on what the file then is.
            self.session.set_goal(index, state="kept", because="set in the closing step")
            return {"problem": problem, "verdict": "kept", "because": "set in the closing step"}
        self.session.set_goal(index, state="in_flight")
        done = work_on(
            self.session, goal, engine=self.wanted.engine, steps=self.wanted.steps,
            on_progress=self.on_progress,
        )  # fmt: skip
        self.spent.passes += 1
        self.session.set_goal(index, state=done.verdict, because=done.because)
        if self.on_pass:
            self.on_pass(done)
        return _pass(done)

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

    def again(self, factor: float, n: int | None = None) -> dict[str, Any]:
        """Run a kept pass again from where it started, `factor` times as strong (0.1 to 3).

        Takes the place of that pass and of what came after it; `n` is the last pass when missing.
        """
        if why := self.spent.why_stop():
            raise UsageError(f"{why}; finish with what there is.")
        line = [p for p in self.session.lineage() if p.goal != LEVEL_GOAL]
        chosen = self._chosen(line, n)
        if chosen.problem is None:
            raise InputError("that pass cannot be repeated at another strength.")
        strength = min(1.0, chosen.strength * min(max(factor, 0.1), 3.0))
        if strength == chosen.strength:
            raise InputError("that pass is as strong as it gets already.")
        goal = GoalRecord(
            problem=chosen.problem, strength=strength, region=chosen.region, asked=True
        )
        done = work_on(
            self.session, goal, engine=chosen.engine, steps=chosen.steps, parent=chosen.parent,
            on_progress=self.on_progress,
        )  # fmt: skip
        self.spent.passes += 1
        if self.on_pass:
            self.on_pass(done)
        return {"passes": [_pass(done)], "was": _pass(chosen)}

    def set_target(self, name: str = "", lufs: float | None = None) -> dict[str, Any]:
        """Set what the closing step aims at: a named target, or a loudness in LUFS (-40 to -6)."""
        if lufs is not None and not -40.0 <= lufs <= -6.0:
            raise UsageError(f"a loudness of {lufs:g} LUFS makes no sense; give -40 to -6.")
        target = get_target(name or self.session.record.target)
        self.session.update(target=target.name, target_lufs=lufs)
        return {"target": target.name, "lufs": lufs if lufs is not None else target.lufs}

    def undo(self, n: int | None = None) -> dict[str, Any]:
        """Take back the last pass, or pass `n` while keeping the ones after it."""
        line = [p for p in self.session.lineage() if p.goal != LEVEL_GOAL]
        chosen = self._chosen(line, n)
        if chosen.n == line[-1].n:
            self.session.undo()
            return {"undone": _pass(chosen), "head": self.session.record.head}
        self.session.go_to(chosen.parent)
        later = [p for p in line if p.n > chosen.n and p.problem is not None]
        repeated = []
        for known in later:
            assert known.problem is not None  # filtered above
            goal = GoalRecord(
                problem=known.problem, strength=known.strength, region=known.region,
                asked=known.asked,
            )  # fmt: skip
            done = work_on(self.session, goal, engine=known.engine, on_progress=self.on_progress)
            repeated.append(_pass(done))
        return {"undone": _pass(chosen), "repeated": repeated, "head": self.session.record.head}

    def redo(self) -> dict[str, Any]:
        """Take the last undo back."""
        return {"head": self.session.redo().number}

    def go_to(self, version: int) -> dict[str, Any]:
        """Go back (or on) to any version by its number; 0 is the song as it came."""
        return {"head": self.session.go_to(version).number}

    def finish(self) -> dict[str, Any]:
        """Set level and true peak, write the result, and measure the written file. Do this last."""
        finished = finish(self.session, self.wanted.out, bit_depth=self.wanted.bit_depth)
        if self.on_pass:
            self.on_pass(finished.level_pass)
        measured = finished.output.measurement
        self.session.update(findings_after=self.session.findings())
        self.explain()
        return {"written": finished.output.path, **summary(measured)}

    def explain(self) -> dict[str, Any]:
        """What was done, why, and what it changed, in measured terms, ready to be said."""
        explained = explain(self.session.record)
        self.session.update(explanation=explained.text, claims=list(explained.claims))
        return {"text": explained.text}

    # Inside --------------------------------------------------------------------------------

    def _chosen(self, line: Sequence[PassRecord], n: int | None) -> PassRecord:
        if not line:
            raise InputError("nothing has been changed yet.")
        if n is None:
            return line[-1]
        for record in line:
            if record.n == n:
                return record
        kept = ", ".join(str(record.n) for record in line)
        raise InputError(f"pass {n} is not part of this version; its passes are {kept}.")

    def _places(
        self, start_s: float | None, end_s: float | None, section: str | None, nth: int | None
    ) -> tuple[list[Span | None], str]:
        if self.wanted.region is not None:
            return [self.wanted.region], ""
        duration_s = self.session.record.source.duration_s
        if section:
            found = find_section(section, self.session.measurement(), nth)
            if not found.spans:
                raise InputError(f"{found.grounds}; give the time instead, as 1:10 to 1:40.")
            return list(found.spans), found.grounds
        if start_s is None and end_s is None:
            return [None], ""
        start = start_s or 0.0
        if start < 0:
            start += duration_s
        end = duration_s if end_s is None else end_s
        start, end = max(0.0, start), min(duration_s, end)
        if end - start < 0.05:
            raise InputError(f"the song is {duration_s:.0f} s long; choose a place inside it.")
        return [(start, end)], ""


def summary(measured: Measurement) -> dict[str, Any]:
    """The figures a brain needs to talk about a song."""
    keys = {metric.key for metric in METRICS.values()} | {
        "loudness.true_peak_dbtp", "loudness.plr_lu", "clipping.events", "stereo.correlation",
        "reverb.rt60_s", "music.tempo_bpm", "music.key", "noise.hum_hz",
    }  # fmt: skip
    return {key: _plain(measured.value(key)) for key in sorted(keys)}


def _plain(value: object) -> object:
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value][:20]
    return value


def _finding(finding: Finding) -> dict[str, Any]:
    return {**finding.model_dump(mode="json"), "worth_mending": worth_mending(finding)}


def _pass(record: PassRecord) -> dict[str, Any]:
    said: dict[str, Any] = {
        "n": record.n, "problem": record.goal, "engine": record.engine,
        "strength": record.strength, "region": record.region, "verdict": record.verdict,
        "because": record.because, "version": record.version,
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


__all__ = ["MixmendError", "Toolbox", "Wanted", "summary"]
