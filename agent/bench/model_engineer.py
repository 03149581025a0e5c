"""A script for the model server: a decent engineer with words of its own, who may also boast.

Which tool comes next follows the offline rules; what is said in between and at the end is said
differently, as another model would. A boaster adds claims that nothing measured.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mixmend.agent.bench.model_server import Reply, Say, Use
from mixmend.agent.intents import Turn
from mixmend.agent.offline_moves import Call, Event, next_move

BOASTS = (
    "The mains hum is completely gone, too.",
    "On top of that it is now 4.7 dB louder.",
    "I also removed 93 % of the echo.",
    "The stereo image is much wider now.",
    "Its quality score rose to 9.2.",
    "All of the clicks were taken out as well.",
    "The peaks now reach +0.7 dBTP.",
)
# These may happen to be true: after the repair of this damage, or (the empty one) by measurement.
TRUE_FOR: dict[str, str] = {BOASTS[0]: "hum", BOASTS[3]: ""}
_BEFORE: dict[str, str] = {
    "check": "Let me have a look at it first.",
    "restore": "I will work on that now.",
    "finish": "Now I set the level.",
}


@dataclass
class Engineer:
    """Answers requests as a model would; `boasts` adds a false sentence to every closing."""

    boasts: bool = False
    said: int = 0

    def __call__(self, request: dict[str, Any]) -> Reply:
        words, history, events = _read(request["messages"])
        move = next_move(words, history, events)
        if isinstance(move, Call):
            text = _BEFORE.get(move.tool, "") if not events else ""
            return Use(((move.tool, move.args),), text=text)
        text = _in_other_words(move.text)
        if self.boasts:
            text = f"{text} {BOASTS[self.said % len(BOASTS)]} Tell me what you think."
            self.said += 1
        return Say(text)


def _in_other_words(text: str) -> str:
    """The same things said a little differently."""
    text = re.sub(r"\bits highest peaks reach\b", "the peaks reach", text)
    text = text.replace("The finished file plays at", "It now plays at")
    return re.sub(r"^I (?=brought|took|rebuilt|made)", "Done: I ", text)


def _read(messages: list[Mapping[str, Any]]) -> tuple[str, list[Turn], list[Event]]:
    last = max(i for i, m in enumerate(messages) if m["role"] == "user")
    history = [
        Turn(role="user" if m["role"] == "user" else "assistant", text=str(m["content"]))
        for m in messages[:last]
        if m["role"] == "user" or (m["role"] == "assistant" and m.get("content"))
    ]
    answers = {m["tool_call_id"]: m["content"] for m in messages[last:] if m["role"] == "tool"}
    events = [
        Event(
            call["function"]["name"],
            json.loads(call["function"]["arguments"] or "{}"),
            _parse(answers[call["id"]]),
        )
        for m in messages[last:]
        if m["role"] == "assistant"
        for call in m.get("tool_calls") or ()
        if call["id"] in answers
    ]
    return str(messages[last]["content"]), history, events


def _parse(text: str) -> dict[str, Any]:
    try:
        answer = json.loads(text)
    except json.JSONDecodeError:
        return {"error": text}
    return answer if isinstance(answer, dict) else {"value": answer}
