"""What the offline brain does next: a pure function of the words and of the tools' answers so far.

It looks, works on what was asked (or, in automatic mode, on what is measured, looking again after
every pass), sets the level, and says what came out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mixmend.agent import offline_words as say
from mixmend.agent.compose import problem_of
from mixmend.agent.intents import Intent, Turn, Understanding
from mixmend.agent.plan import ORDER, goals_from_findings
from mixmend.agent.records import Finding
from mixmend.agent.understand import understand
from mixmend.model.problems import Aspect, Problem

# Which problems a wish to leave something alone forbids to work on unasked.
_TOUCHES: dict[Aspect, frozenset[Problem]] = {
    "bass": frozenset({"thin", "boomy", "cold", "unbalanced", "mic_colored"}),
    "warmth": frozenset({"cold", "unbalanced", "mic_colored"}),
    "brightness": frozenset({"dull", "harsh", "too_bright", "unclear", "unbalanced"}),
    "air": frozenset({"airless", "unbalanced"}),
    "vocals": frozenset({"vocals_buried", "vocals_loud"}),
    "width": frozenset({"narrow", "too_wide", "mono_incompatible"}),
    "loudness": frozenset({"too_quiet", "too_loud"}),
    "compression": frozenset({"squashed", "uneven_levels"}),
    "punch": frozenset({"flat_transients"}),
    "reverb": frozenset({"reverb", "too_dry"}),
    "mud": frozenset({"muddy", "boxy"}),
    "noise": frozenset({"noise"}),
    "panning": frozenset({"off_balance"}),
    "tonal_balance": frozenset({"unbalanced", "mic_colored"}),
}
STRONGER, WEAKER = 1.5, 0.6


@dataclass(frozen=True)
class Event:
    """A tool that was called in this turn, and what it answered."""

    tool: str
    args: Mapping[str, Any]
    answer: Mapping[str, Any]


@dataclass(frozen=True)
class Call:
    """Call a tool next."""

    tool: str
    args: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Say:
    """Say this and end the turn."""

    text: str


def next_move(words: str, history: Sequence[Turn], events: Sequence[Event]) -> Call | Say:
    """The next tool call, or the closing words of this turn."""
    asked = understand(words, history)
    fixed = _commands(asked)
    if len(events) < len(fixed):
        return fixed[len(events)]
    rest = events[len(fixed) :]
    automatic = _is_automatic(asked, words)
    move = _automatic(asked, rest) if automatic else _asked(asked, rest)
    if move is not None and not _stopped(rest):
        return move
    if automatic or _changed(events):
        for tool in ("finish", "explain"):
            if not _called(events, tool):
                return Call(tool)
    return Say(say.closing(asked, events))


def _commands(asked: Understanding) -> list[Call]:
    """Calls that need no looking first: undo, redo, again, targets, questions."""
    calls: list[Call] = []
    for intent in asked.intents:
        if intent.kind == "undo" and intent.version is not None:
            calls.append(Call("go_to", {"version": intent.version}))
        elif intent.kind == "undo":
            calls.append(Call("undo", _given(n=intent.pass_)))
        elif intent.kind == "redo":
            calls.append(Call("redo"))
        elif intent.kind in ("stronger", "weaker"):
            factor = STRONGER if intent.kind == "stronger" else WEAKER
            calls.append(Call("again", {"factor": factor, **_given(n=intent.pass_)}))
        elif intent.kind == "target":
            calls.append(Call("set_target", _given(name=intent.target, lufs=intent.target_lufs)))
        elif intent.kind == "compare":
            calls.append(Call("compare", {"a": 0}))
        elif intent.kind in ("explain", "report"):
            calls.append(Call("explain"))
        elif intent.kind == "question":
            calls += [Call("check"), Call("measure")]
        elif intent.kind == "export":
            calls.append(Call("finish"))
    unique: list[Call] = []
    for call in calls:
        if call not in unique:
            unique.append(call)
    return unique


def _is_automatic(asked: Understanding, words: str) -> bool:
    """No words at all, "just make it good", or a yes to what was proposed."""
    if not words.strip():
        return True
    kinds = {intent.kind for intent in asked.intents}
    return "auto" in kinds and "fix" not in kinds


def _asked(asked: Understanding, events: Sequence[Event]) -> Call | None:
    """The next wish that was not worked on yet, in the order of repair."""
    wishes = wishes_in_order(asked)
    if not wishes:
        return None
    done = sum(event.tool == "restore" for event in events)
    return _restore(*wishes[done]) if done < len(wishes) else None


def wishes_in_order(asked: Understanding) -> list[tuple[Problem, Intent]]:
    """The wishes about sound that can be met, each with the problem to repair."""
    wishes = [
        (problem, intent)
        for intent in asked.of_kind("fix")
        if (problem := problem_of(intent)) is not None
    ]
    return sorted(wishes, key=lambda wish: ORDER.index(wish[0]))


def _restore(problem: Problem, intent: Intent) -> Call:
    place: dict[str, Any] = {}
    if intent.region is not None:
        place = _given(start_s=intent.region[0], end_s=intent.region[1])
    elif intent.section is not None:
        place = _given(section=intent.section, section_n=intent.section_n)
    return Call("restore", {"problem": problem, "amount": intent.strength, "asked": True, **place})


def _automatic(asked: Understanding, events: Sequence[Event]) -> Call | None:
    """Look; work on the first thing worth mending that was not tried; look again."""
    if not events or events[-1].tool == "restore":
        return Call("check")
    looked = next((event for event in reversed(events) if event.tool == "check"), None)
    if looked is None or events[-1].tool != "check":
        return None
    tried = {event.args["problem"] for event in events if event.tool == "restore"}
    kept_off = {
        problem
        for intent in asked.of_kind("leave")
        for problem in ([intent.problem] if intent.problem else _TOUCHES.get(intent.aspect, ()))  # type: ignore[arg-type]
    }
    findings = [_finding(item) for item in looked.answer.get("findings", ())]
    goals = goals_from_findings(findings, frozenset(tried | kept_off))
    if not goals:
        return None
    amount = goals[0].strength / 2.0
    return Call("restore", {"problem": goals[0].problem, "amount": amount, "asked": False})


def _finding(item: Mapping[str, Any]) -> Finding:
    return Finding.model_validate({key: item[key] for key in Finding.model_fields if key in item})


def _stopped(events: Sequence[Event]) -> bool:
    """Whether the toolbox refused because a limit is reached."""
    return any("limit" in str(event.answer.get("error", "")) for event in events)


def _changed(events: Sequence[Event]) -> bool:
    changing = {"restore", "again", "undo", "redo", "go_to", "set_target"}
    return any(event.tool in changing and "error" not in event.answer for event in events)


def _called(events: Sequence[Event], tool: str) -> bool:
    return any(event.tool == tool for event in events)


def _given(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
