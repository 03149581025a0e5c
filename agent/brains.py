"""Which brain talks: an OpenAI-compatible model when one is configured, else the offline one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_DEFAULT_MODEL = "gpt-5-mini"
_TIMEOUT_S = 60.0
_RETRIES = 3


@dataclass(frozen=True)
class BrainChoice:
    """`name` is offline or the model's name; the key itself stays in the environment."""

    name: str
    hosted: bool
    base_url: str | None = None


def choose_brain(environment: Mapping[str, str] | None = None) -> BrainChoice:
    """Hosted when a key or a base URL is set (and MIXMEND_BRAIN is not "offline").

    Reads OPENAI_API_KEY, OPENAI_BASE_URL, MIXMEND_MODEL (or OPENAI_MODEL) and MIXMEND_BRAIN.
    """
    env = os.environ if environment is None else environment
    wanted = env.get("MIXMEND_BRAIN", "").strip().lower()
    base_url = env.get("OPENAI_BASE_URL") or None
    configured = bool(env.get("OPENAI_API_KEY") or base_url)
    if wanted == "offline" or not configured:
        return BrainChoice("offline", False)
    model = env.get("MIXMEND_MODEL") or env.get("OPENAI_MODEL") or _DEFAULT_MODEL
    return BrainChoice(model, True, base_url)


def make_brain(choice: BrainChoice) -> BaseChatModel:
    """The chat model of a choice."""
    if not choice.hosted:
        from mixmend.agent.offline import OfflineBrain

        return OfflineBrain()
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    # A local server usually wants no key, but the client insists on one.
    key = os.environ.get("OPENAI_API_KEY") or "none"
    return ChatOpenAI(
        model=choice.name,
        base_url=choice.base_url,
        api_key=SecretStr(key),
        timeout=_TIMEOUT_S,
        max_retries=_RETRIES,
        temperature=0.2,
    )
