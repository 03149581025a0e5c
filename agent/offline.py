"""The offline brain: a LangChain chat model without a language model behind it.

It runs in the same graph with the same tools as a hosted model; only the choice of the next call
comes from rules over what was understood and measured instead of from a network.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool

from mixmend.agent.intents import Turn
from mixmend.agent.offline_moves import Call, Event, next_move


class OfflineBrain(BaseChatModel):
    """Decides by `next_move`; deterministic, needs nothing but this package."""

    @property
    def _llm_type(self) -> str:
        return "mixmend-offline"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],  # noqa: ARG002
        *,
        tool_choice: str | None = None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Itself: the offline brain knows Mixmend's tools by heart."""
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> ChatResult:
        words, history, events = read_turn(messages)
        move = next_move(words, history, events)
        if isinstance(move, Call):
            call = {"name": move.tool, "args": dict(move.args), "id": f"call-{len(messages)}"}
            message = AIMessage(content="", tool_calls=[{**call, "type": "tool_call"}])
        else:
            message = AIMessage(content=move.text)
        return ChatResult(generations=[ChatGeneration(message=message)])


def read_turn(messages: Sequence[BaseMessage]) -> tuple[str, list[Turn], list[Event]]:
    """The newest words, the turns before them, and what the tools answered since."""
    last = max((i for i, m in enumerate(messages) if isinstance(m, HumanMessage)), default=-1)
    words = str(messages[last].text) if last >= 0 else ""
    history = [
        Turn(
            role="user" if isinstance(message, HumanMessage) else "assistant",
            text=str(message.text),
        )
        for message in messages[: max(last, 0)]
        if isinstance(message, HumanMessage) or (isinstance(message, AIMessage) and message.text)
    ]
    return words, history, _events(messages[last + 1 :])


def _events(messages: Sequence[BaseMessage]) -> list[Event]:
    answers = {m.tool_call_id: m.text for m in messages if isinstance(m, ToolMessage)}
    events = []
    for message in messages:
        if isinstance(message, AIMessage):
            for call in message.tool_calls:
                if call["id"] in answers:
                    answer = _parse(answers[call["id"]])
                    events.append(Event(call["name"], call["args"], answer))
    return events


def _parse(text: str) -> dict[str, Any]:
    try:
        answer = json.loads(text)
    except json.JSONDecodeError:
        return {"error": text}
    return answer if isinstance(answer, dict) else {"value": answer}
