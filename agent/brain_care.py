"""Middleware around every model call: what is sent, what it costs, and what happens when it fails.

Only words and measurements are sent: the texts of earlier turns, and this turn in full. A model
that fails, or has used up its budget, is replaced by the offline brain for the rest of the turn.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain.agents.middleware import AgentMiddleware, AgentState
from langchain.agents.middleware.types import ModelRequest, ModelResponse, ToolCallRequest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langgraph.types import Command

from mixmend.agent.budget import Budget

_TRIES = 3  # for a model whose tool call is no JSON
_CHARACTERS_PER_TOKEN = 4


@dataclass
class BrainCare:
    """What is known about the brain in this turn; `on_failure` hears why it was replaced."""

    budget: Budget
    offline: BaseChatModel
    hosted: bool
    max_calls: int
    on_failure: Callable[[str], None] | None = None
    calls: int = 0
    why_replaced: str | None = field(default=None)

    def begin_turn(self) -> None:
        self.calls, self.why_replaced = 0, None

    def replace(self, why: str) -> None:
        """From now on, in this turn, the offline brain speaks."""
        if self.why_replaced is None:
            self.why_replaced = why
            if self.on_failure:
                self.on_failure(why)


class CareMiddleware(AgentMiddleware[AgentState[Any], Any, Any]):
    """Puts `BrainCare` around the model calls of a graph."""

    def __init__(self, care: BrainCare, names: Collection[str]) -> None:
        super().__init__()
        self._care = care
        self._names = frozenset(names)
        self._turns = threading.Condition()
        self._done: set[str | None] = set()

    def wrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], ModelResponse[Any]],
    ) -> ModelResponse[Any]:
        care = self._care
        if care.why_replaced is None and care.calls >= care.max_calls:
            care.replace("calls")
        if care.why_replaced is None and care.hosted and (why := care.budget.why_stop()):
            care.replace(why)
        if care.why_replaced is not None:
            return handler(request.override(model=care.offline))
        try:
            return self._ask(request, handler)
        except _failures() as error:
            care.replace(type(error).__name__)
            return handler(request.override(model=care.offline))

    def wrap_tool_call(
        self,
        request: ToolCallRequest,
        handler: Callable[[ToolCallRequest], ToolMessage | Command[Any]],
    ) -> ToolMessage | Command[Any]:
        """Calls of one message run one after the other, in their order: they change one session."""
        newest = request.state["messages"][-1]
        calls = newest.tool_calls if isinstance(newest, AIMessage) else []
        before = itertools.takewhile(lambda call: call["id"] != request.tool_call["id"], calls)
        # A tool that does not exist is refused without coming here; nobody waits for it.
        earlier = [call["id"] for call in before if call["name"] in self._names]
        with self._turns:
            self._turns.wait_for(lambda: self._done.issuperset(earlier))
        try:
            return handler(request)
        finally:
            with self._turns:
                self._done.add(request.tool_call["id"])
                self._turns.notify_all()

    def _ask(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], ModelResponse[Any]],
    ) -> ModelResponse[Any]:
        """Ask; a tool call that is no JSON goes back with the reason, a few times."""
        messages = this_turn_in_full(request.messages)
        response = ModelResponse[Any](result=[])
        for _ in range(_TRIES):
            self._care.calls += 1
            response = handler(request.override(messages=messages))
            said = response.result[-1]
            if not isinstance(said, AIMessage):
                break
            if self._care.hosted:
                self._count(messages, said)
            if not said.invalid_tool_calls:
                break
            messages = [*messages, said, *_no_json(said)]
        newest = response.result[-1] if response.result else None
        if isinstance(newest, AIMessage) and not newest.tool_calls and not newest.text.strip():
            raise EmptyAnswer
        if self._care.hosted and isinstance(newest, AIMessage) and _broke_off(newest):
            raise BrokenOff
        return response

    def _count(self, asked: Sequence[AnyMessage], said: AIMessage) -> None:
        usage = said.usage_metadata
        if usage is not None:
            self._care.budget.add(usage["input_tokens"], usage["output_tokens"])
        else:
            # Some local servers do not count; a rough count still bounds a runaway.
            sent = sum(len(str(message.content)) for message in asked)
            got = len(str(said.content)) + len(str(said.tool_calls))
            self._care.budget.add(sent // _CHARACTERS_PER_TOKEN, got // _CHARACTERS_PER_TOKEN)


class EmptyAnswer(ValueError):
    """The model said nothing and called nothing."""


class BrokenOff(ValueError):
    """The stream ended without the server saying that it had finished."""


def _broke_off(said: AIMessage) -> bool:
    return not said.response_metadata.get("finish_reason")


def this_turn_in_full(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    """Of earlier turns only what was said, not what tools answered; of this turn everything."""
    last = max((i for i, m in enumerate(messages) if isinstance(m, HumanMessage)), default=0)
    earlier = [
        message
        for message in messages[:last]
        if isinstance(message, HumanMessage)
        or (isinstance(message, AIMessage) and not message.tool_calls)
    ]
    return [*earlier, *messages[last:]]


def _no_json(said: AIMessage) -> list[ToolMessage]:
    return [
        ToolMessage(
            f"The arguments of {call['name']} were no JSON ({call['error'] or 'unreadable'}). "
            "Call it again with a JSON object.",
            tool_call_id=call["id"] or "unknown",
            status="error",
        )
        for call in said.invalid_tool_calls
    ]


def _failures() -> tuple[type[Exception], ...]:
    """What a hosted model or the way to it can raise, malformed answers included.

    This is only around the model call, so none of our own errors can be among them.
    """
    import httpx
    import openai
    from langchain_core.exceptions import LangChainException

    return (
        openai.OpenAIError, httpx.HTTPError, LangChainException, OSError, ValueError, TypeError,
        KeyError, AttributeError, IndexError,
    )  # fmt: skip
