"""Middleware that counts tokens and ends a run that has used too many."""

from __future__ import annotations

from typing import Any

from langchain.agents.middleware import AgentMiddleware, AgentState, hook_config
from langchain_core.messages import AIMessage
from langgraph.runtime import Runtime

from mixmend.agent.limits import Spent


class TokenLimit(AgentMiddleware[AgentState[Any], Any, Any]):
    """Adds up what each answer cost and stops before the next one when the limit is reached."""

    def __init__(self, spent: Spent) -> None:
        super().__init__()
        self._spent = spent

    @hook_config(can_jump_to=["end"])
    def before_model(
        self,
        state: AgentState[Any],  # noqa: ARG002
        runtime: Runtime[Any],  # noqa: ARG002
    ) -> dict[str, Any] | None:
        if self._spent.tokens < self._spent.limits.max_tokens:
            return None
        text = "I stopped here, because this conversation has used up its budget of words."
        return {"jump_to": "end", "messages": [AIMessage(content=text)]}

    def after_model(
        self,
        state: AgentState[Any],
        runtime: Runtime[Any],  # noqa: ARG002
    ) -> dict[str, Any] | None:
        newest = state["messages"][-1]
        usage = newest.usage_metadata if isinstance(newest, AIMessage) else None
        if usage is not None:
            self._spent.tokens += usage["total_tokens"]
        return None
