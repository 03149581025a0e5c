"""The offline brain's closing sentences, made from the tools' answers only."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mixmend.agent.advice import CAN, CANNOT, CANNOT_AT_ALL
from mixmend.agent.answers import answer
from mixmend.agent.compose import problem_of

if TYPE_CHECKING:
    from mixmend.agent.intents import Understanding
    from mixmend.agent.offline_moves import Event

OFF_TOPIC = (
    "I only look after the sound of this song. Tell me what bothers you about it, in your own "
    "words, or say 'just make it better'."
)
UNCLEAR = (
    "I am not sure which part of the sound you mean. Is it too dull, too boomy, too echoey, too "
    "quiet, or something else?"
)
DECLINED = "All right, I leave it as it is. Tell me if you hear anything else."
NO_SOFTER = (
    "I have nothing that softens attacks without harming the rest; that is done in the mix, with a "
    "compressor on the drums."
)


def closing(asked: Understanding, words: str, events: Sequence[Event]) -> str:
    """The words that end a turn."""
    parts = [*_remarks(asked, words), *_refusals(events), *_moves(events)]
    by_tool = {event.tool: event.answer for event in events if "error" not in event.answer}
    if "finish" in by_tool:
        parts.append(str(by_tool["finish"].get("text", "")))
    if "explain" in by_tool:
        parts.append(str(by_tool["explain"].get("text", "")))
    if "report" in by_tool:
        parts.append(str(by_tool["report"].get("text", "")))
    if "compare" in by_tool:
        parts.append(str(by_tool["compare"].get("text", "")))
    if "measure" in by_tool:
        found = str(by_tool.get("check", {}).get("text", ""))
        parts.append(answer(words, by_tool["measure"], found))
    elif not any(parts) and "check" in by_tool:
        parts.append(str(by_tool["check"].get("text", "")))
    if any(intent.kind == "export" for intent in asked.intents) and "finish" in by_tool:
        parts.append(f"The result is in {by_tool['finish'].get('written', '')}.")
        named = next((i.file_format for i in asked.of_kind("export") if i.file_format), None)
        written = str(by_tool["finish"].get("written", ""))
        if named and not written.lower().endswith(f".{named}"):
            parts.append(
                f"For {named} start me with a result whose name ends in .{named} (-o NAME.{named})."
            )
    parts = [part for part in parts if part]
    return "\n\n".join(parts) if parts else UNCLEAR


def versions_in(words: str) -> dict[str, int]:
    """The versions a comparison names, as arguments for `compare`."""
    numbers = [int(n) for n in re.findall(r"\b(\d{1,3})\b", words)]
    if re.search(r"\b(?:original|untouched|as it came)\b", words.lower()):
        numbers = [0, *numbers]
    names = ("a", "b")
    return dict(zip(names, numbers[:2], strict=False))


def _remarks(asked: Understanding, words: str) -> list[str]:
    kinds = {intent.kind for intent in asked.intents}
    remarks = []
    if asked.language != "en" and kinds and not kinds & {"off_topic"}:
        remarks.append("I understand a little of your language, but I answer in English.")
    if "cannot" in kinds:
        remarks.append(cannot(words))
    if kinds <= {"off_topic"} and kinds:
        remarks.append(OFF_TOPIC)
    if kinds == {"greeting"}:
        remarks.append("Hello! Tell me what bothers you about this song, in your own words.")
    if kinds == {"approve"}:
        remarks.append("Good. Tell me if you hear anything else.")
    if kinds == {"leave"}:
        remarks.append("Understood, I will leave that alone.")
    unmet = [i for i in asked.of_kind("fix") if problem_of(i) is None]
    if any((i.aspect, i.change) == ("punch", "less") for i in unmet):
        remarks.append(NO_SOFTER)
    elif any((i.aspect, i.change) not in (("air", "less"), ("warmth", "less")) for i in unmet):
        remarks.append(UNCLEAR)
    return remarks


def cannot(words: str) -> str:
    """What cannot be done, said plainly, and what could help."""
    lowered = words.lower()
    for pattern, says in CANNOT:
        if re.search(rf"\b(?:{pattern})", lowered):
            return f"{says} {CAN}"
    return f"{CANNOT_AT_ALL} {CAN}"


def _refusals(events: Sequence[Event]) -> list[str]:
    sentences = [str(event.answer["error"]) for event in events if "error" in event.answer]
    grounds = [str(event.answer["where"]) for event in events if event.answer.get("where")]
    said = [*(f"{ground}." for ground in dict.fromkeys(grounds)), *dict.fromkeys(sentences)]
    return [f"{text[:1].upper()}{text[1:]}" for text in said]


def _moves(events: Sequence[Event]) -> list[str]:
    """Undo, redo and going back, in words; what it is now by its name."""
    said = []
    for event in events:
        if "error" in event.answer:
            continue
        if event.tool == "undo":
            said.append(_undone(event.answer))
        elif event.tool == "redo":
            said.append(f"I brought it back: {_called(event.answer)} is the current one again.")
        elif event.tool == "go_to":
            said.append(f"You are back at {_called(event.answer)}.")
    return said


def _undone(answered: Mapping[str, Any]) -> str:
    undone = answered.get("undone")
    if undone is None:
        return f"I took that back: you are at {_called(answered)}."
    problem = str(undone["problem"]).replace("_", " ")
    text = f"I left out change {undone['number']} ({problem})"
    if answered.get("repeated"):
        return f"{text} and did the later ones again without it."
    return f"{text}; the rest stays."


def _called(answered: Mapping[str, Any]) -> str:
    if answered.get("version") == 0:
        return "version 0, the song as it came"
    name = answered.get("name")
    return f"version {answered.get('version')}{f' ({name})' if name else ''}"
