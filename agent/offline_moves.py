"""What the offline brain does next: a pure function of the words and of the tools' answers so far.

It looks, works on what was asked (or, in automatic mode, on what is measured, looking again after
every pass), sets the level, and says what came out.
"""

from __future__ import annotations

import re
from collections import Counter
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
# Wishes no problem stands for, and the repair that comes nearest.
_NEAREST: dict[tuple[str | None, str | None], Problem] = {
    ("air", "less"): "too_bright", ("warmth", "less"): "muddy",
}  # fmt: skip
_CRACKLE = re.compile(r"\b(?:crackl|crunch|distort|fizz|scratch)", re.IGNORECASE)
_OTHER_CRACKLE: dict[str, Problem] = {"clicks": "clipping", "clipping": "clicks"}
_YES = re.compile(
    r"\b(?:yes|yeah|yep|yup|sure|ok(?:ay)?|please do|go (?:ahead|on|for it)|do (?:it|that|so|them)|"
    r"of course|absolutely|sounds good|why not|alright|all right|fine by me|ja|oui|si|gerne)\b",
    re.IGNORECASE,
)
_NO = re.compile(
    r"^\W*(?:no|nope|nah|not now|leave (?:it|them)|don'?t|rather not|no need|skip (?:it|that))\b"
    r"(?:[ ,.!]+(?:no|thanks?|thank you|please|that'?s (?:fine|ok|it)|it'?s (?:fine|ok|good)|leave "
    r"it|not now|i'?m (?:fine|good)))*\W*$",
    re.IGNORECASE,
)
_PRAISE = re.compile(r"\b(?:thank|perfect|great|love|awesome|amazing|that'?s it|enough)\b", re.I)
_UNDO_NAMED = re.compile(
    r"^\W*(?:ok(?:ay)?|hmm|please|no|and|now|can you|could you|then)?[ ,]*(?:undo|revert|reverse|"
    r"take back|take (?:the|that|my) [\w ]+ back\b|drop)\b",
    re.IGNORECASE,
)


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
    """The next tool call, or the closing words of this turn.

    What is left to do is found by comparing what was asked with what was done, by whichever brain:
    so this one can also finish what another one began.
    """
    asked = understand(words, _talk(history))
    proposed = _proposal(history)
    if proposed and _NO.match(words):
        return Say(say.DECLINED)
    waiting = _missing(_commands(asked, words), events)
    if waiting is not None:
        return waiting
    automatic = _is_automatic(asked, words) or (proposed and _agrees(asked, words))
    if not _stopped(events):
        move = _automatic(asked, history, events) if automatic else _asked(asked, words, events)
        if move is not None:
            return move
    changed = _changed(events)
    if (automatic or changed) and not _finished(events):
        return Call("finish")
    if not changed and not automatic and _asks_why(asked) and not _called(events, "explain"):
        return Call("explain")
    return Say(say.closing(asked, words, events))


def _talk(history: Sequence[Turn]) -> list[Turn]:
    """The talk from the first words of the user on: a greeting is no turn one can refer to."""
    first = next((i for i, turn in enumerate(history) if turn.role == "user"), len(history))
    return list(history[first:])


def _proposal(history: Sequence[Turn]) -> bool:
    """Whether the last thing said to the user was a proposal."""
    last = history[-1] if history else None
    return last is not None and last.role == "assistant" and "Shall I" in last.text


def _agrees(asked: Understanding, words: str) -> bool:
    """A yes to a proposal: not praise, and no wish of its own."""
    kinds = {intent.kind for intent in asked.intents}
    return (
        kinds <= {"approve", "leave", "auto"}
        and bool(kinds & {"approve", "auto"})
        and _YES.search(words) is not None
        and _PRAISE.search(words) is None
    )


def _asks_why(asked: Understanding) -> bool:
    return any(intent.kind == "explain" for intent in asked.intents)


def _missing(commands: Sequence[Call], events: Sequence[Event]) -> Call | None:
    """The first command that was not carried out yet."""
    done = Counter(event.tool for event in events)
    for call in commands:
        if done[call.tool] == 0:
            return call
        done[call.tool] -= 1
    return None


def _commands(asked: Understanding, words: str) -> list[Call]:
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
            calls.append(Call("again", _again(intent)))
        elif intent.kind == "target":
            calls.append(Call("set_target", _given(name=intent.target, lufs=intent.target_lufs)))
        elif intent.kind == "compare":
            calls.append(Call("compare", say.versions_in(words)))
        elif intent.kind == "explain":
            calls.append(Call("explain"))
        elif intent.kind == "report":
            calls.append(Call("report"))
        elif intent.kind == "question":
            calls += [Call("check"), Call("measure")]
        elif intent.kind == "export":
            calls.append(Call("finish"))
    if undone := _undone_by_name(asked, words):
        calls.insert(0, Call("undo", {"problem": undone}))
    return list({(call.tool, tuple(call.args.items())): call for call in calls}.values())


def _undone_by_name(asked: Understanding, words: str) -> Problem | None:
    """ "Take back the reverb thing" names the change it wants gone."""
    wishes = asked.of_kind("fix")
    if len(wishes) != 1 or not _UNDO_NAMED.match(words):
        return None
    return _problem(wishes[0])


def _again(intent: Intent) -> dict[str, Any]:
    """How much stronger or weaker: "a bit less" is less of less than "way less"."""
    if intent.kind == "stronger":
        factor = 1.0 + intent.strength
    else:
        factor = max(0.2, 1.0 - 0.8 * intent.strength)
    return {
        "factor": round(factor, 3),
        **_given(n=intent.pass_, problem=intent.problem if intent.pass_ is None else None),
    }


def _is_automatic(asked: Understanding, words: str) -> bool:
    """No words at all, or "just make it good"."""
    if not words.strip():
        return True
    kinds = {intent.kind for intent in asked.intents}
    return "auto" in kinds and "fix" not in kinds


def _asked(asked: Understanding, words: str, events: Sequence[Event]) -> Call | None:
    """The next wish that was not worked on yet, in the order of repair."""
    if _undone_by_name(asked, words):
        return None
    done = [event.args for event in events if event.tool == "restore"]
    if other := _the_other_crackle(words, events, done):
        return other
    for problem, intent in wishes_in_order(asked):
        call = _restore(problem, intent)
        place = _place(call.args)
        if not any(args.get("problem") == problem and _place(args) == place for args in done):
            return call
    return None


def _the_other_crackle(
    words: str, events: Sequence[Event], done: Sequence[Mapping[str, Any]]
) -> Call | None:
    """Clicks and cut-off peaks sound alike: when one was not it, the other is tried."""
    if not _CRACKLE.search(words):
        return None
    for event in events:
        other = _OTHER_CRACKLE.get(str(event.args.get("problem")))
        passes = event.answer.get("passes", ())
        failed = passes and all(item.get("verdict") == "rolled_back" for item in passes)
        if event.tool == "restore" and other and failed:
            call = Call("restore", {**event.args, "problem": other})
            if not any(args.get("problem") == other for args in done):
                return call
    return None


def _place(args: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(args.get(name) for name in ("start_s", "end_s", "section", "section_n"))


def _problem(intent: Intent) -> Problem | None:
    return problem_of(intent) or _NEAREST.get((intent.aspect, intent.change))


def wishes_in_order(asked: Understanding) -> list[tuple[Problem, Intent]]:
    """The wishes about sound that can be met, each with the problem to repair."""
    wishes = [
        (problem, intent)
        for intent in asked.of_kind("fix")
        if (problem := _problem(intent)) is not None
    ]
    return sorted(wishes, key=lambda wish: ORDER.index(wish[0]))


def _restore(problem: Problem, intent: Intent) -> Call:
    place: dict[str, Any] = {}
    if intent.region is not None:
        place = _given(start_s=intent.region[0], end_s=intent.region[1])
    elif intent.section is not None:
        place = _given(section=intent.section, section_n=intent.section_n)
    return Call("restore", {"problem": problem, "amount": intent.strength, "asked": True, **place})


def _automatic(
    asked: Understanding, history: Sequence[Turn], events: Sequence[Event]
) -> Call | None:
    """Look; work on the first thing worth mending that was not tried; look again."""
    if _finished(events):
        return None
    if not events or events[-1].tool != "check":
        return Call("check")
    looked = events[-1]
    tried = {event.args["problem"] for event in events if event.tool == "restore"}
    leaves = [*_left_alone(history), *asked.of_kind("leave")]
    kept_off = {
        problem
        for intent in leaves
        for problem in ([intent.problem] if intent.problem else _TOUCHES.get(intent.aspect, ()))  # type: ignore[arg-type]
    }
    findings = [_finding(item) for item in looked.answer.get("findings", ())]
    goals = goals_from_findings(findings, frozenset(tried | kept_off))
    if not goals:
        return None
    amount = goals[0].strength / 2.0
    return Call("restore", {"problem": goals[0].problem, "amount": amount, "asked": False})


def _left_alone(history: Sequence[Turn]) -> list[Intent]:
    """What the user said earlier is not to be touched still holds."""
    return [
        intent
        for turn in history
        if turn.role == "user"
        for intent in understand(turn.text).of_kind("leave")
    ]


def _finding(item: Mapping[str, Any]) -> Finding:
    return Finding.model_validate({key: item[key] for key in Finding.model_fields if key in item})


def _stopped(events: Sequence[Event]) -> bool:
    """Whether the toolbox refused because a limit is reached."""
    return any("limit" in str(event.answer.get("error", "")) for event in events)


_CHANGING = frozenset({"restore", "again", "undo", "redo", "go_to", "set_target"})


def _changed(events: Sequence[Event]) -> bool:
    return any(event.tool in _CHANGING and "error" not in event.answer for event in events)


def _finished(events: Sequence[Event]) -> bool:
    """Whether `finish` came after the last change."""
    tools = [event.tool for event in events if "error" not in event.answer]
    last = max((i for i, tool in enumerate(tools) if tool in _CHANGING), default=-1)
    return "finish" in tools[last + 1 :]


def _called(events: Sequence[Event], tool: str) -> bool:
    return any(event.tool == tool for event in events)


def _given(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
