"""The offline brain's closing sentences, made from the tools' answers only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mixmend.agent.compose import problem_of

if TYPE_CHECKING:
    from mixmend.agent.intents import Understanding
    from mixmend.agent.offline_moves import Event

CANNOT = (
    "I work on the finished recording as a whole, so I cannot do that: single instruments, timing, "
    "tuning and tempo need the separate tracks. I can change tone, reverb, noise, clipping, "
    "dynamics, width and loudness."
)
OFF_TOPIC = (
    "I only look after the sound of this song. Tell me what bothers you about it, in your own "
    "words, or say 'just make it better'."
)
UNCLEAR = (
    "I am not sure which part of the sound you mean. Is it too dull, too boomy, too echoey, too "
    "quiet, or something else?"
)


def closing(asked: Understanding, events: Sequence[Event]) -> str:
    """The words that end a turn."""
    parts = [*_remarks(asked), *_refusals(events)]
    by_tool = {event.tool: event.answer for event in events}
    if "explain" in by_tool:
        parts.append(str(by_tool["explain"].get("text", "")))
    elif "compare" in by_tool:
        parts.append(_compared(by_tool["compare"]))
    elif "check" in by_tool:
        parts.append(str(by_tool["check"].get("text", "")))
    elif "finish" in by_tool and "written" in by_tool["finish"]:
        parts.append(f"The result is in {by_tool['finish']['written']}.")
    parts = [part for part in parts if part]
    return "\n\n".join(parts) if parts else UNCLEAR


def _remarks(asked: Understanding) -> list[str]:
    kinds = {intent.kind for intent in asked.intents}
    remarks = []
    if "cannot" in kinds:
        remarks.append(CANNOT)
    if kinds <= {"off_topic"} and kinds:
        remarks.append(OFF_TOPIC)
    if kinds == {"greeting"}:
        remarks.append("Hello! Tell me what bothers you about this song, in your own words.")
    if kinds == {"approve"}:
        remarks.append("Good. Tell me if you hear anything else.")
    if kinds == {"leave"}:
        remarks.append("Understood, I will leave that alone.")
    if any(problem_of(intent) is None for intent in asked.of_kind("fix")):
        remarks.append(UNCLEAR)
    return remarks


def _refusals(events: Sequence[Event]) -> list[str]:
    sentences = [str(event.answer["error"]) for event in events if "error" in event.answer]
    grounds = [str(event.answer["where"]) for event in events if event.answer.get("where")]
    return [*(f"{ground}." for ground in dict.fromkeys(grounds)), *dict.fromkeys(sentences)]


def _compared(answer: Mapping[str, Any]) -> str:
    if answer.get("error"):
        return ""
    return str(answer.get("text", ""))
