"""A chat model that says exactly what a test wants, turn by turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool


class ScriptedBrain(BaseChatModel):
    """Gives `script` one by one: a string is said, a (tool, arguments) pair is called."""

    script: list[Any]
    at: int = 0
    seen: list[list[BaseMessage]] = []  # noqa: RUF012 - a pydantic field, copied for each model

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],  # noqa: ARG002
        *,
        tool_choice: str | None = None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> Runnable[LanguageModelInput, AIMessage]:
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> ChatResult:
        self.seen.append(list(messages))
        step = self.script[min(self.at, len(self.script) - 1)]
        self.at += 1
        if isinstance(step, str):
            message = AIMessage(content=step)
        else:
            tool, arguments = step
            call = {"name": tool, "args": arguments, "id": f"c{self.at}", "type": "tool_call"}
            message = AIMessage(content="", tool_calls=[call])
        return ChatResult(generations=[ChatGeneration(message=message)])
