"""Which brain talks: an OpenAI-compatible model when one is configured, else the offline one."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mixmend.agent.budget import Price
from mixmend.agent.limits import Limits
from mixmend.tools.errors import UsageError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_DEFAULT_MODEL = "gpt-5-mini"
_TIMEOUT_S = 60.0
_RETRIES = 3
_MOST_ANSWER_TOKENS = 4000


@dataclass(frozen=True)
class BrainChoice:
    """`name` is offline or the model's name; the key itself stays in the environment.

    `timeout_s` bounds the wait for the server's next word, `retries` how often a call is repeated
    (with growing pauses, or the pause the server asks for) when it is busy or failing.
    """

    name: str
    hosted: bool
    base_url: str | None = None
    timeout_s: float = _TIMEOUT_S
    retries: int = _RETRIES
    price: Price | None = None
    max_tokens: int | None = None
    max_cost_usd: float | None = None

    def limits(self, limits: Limits) -> Limits:
        """`limits` with the caps that were set for this brain."""
        return replace(
            limits,
            max_tokens=self.max_tokens or limits.max_tokens,
            max_cost_usd=self.max_cost_usd if self.max_cost_usd else limits.max_cost_usd,
        )


def choose_brain(environment: Mapping[str, str] | None = None) -> BrainChoice:
    """Hosted when a key or a base URL is set (and MIXMEND_BRAIN is not "offline").

    Reads OPENAI_API_KEY, OPENAI_BASE_URL, MIXMEND_MODEL (or OPENAI_MODEL), MIXMEND_BRAIN,
    MIXMEND_TIMEOUT_S, MIXMEND_PRICE ("0.25/2": dollars for a million tokens in/out),
    MIXMEND_MAX_TOKENS and MIXMEND_MAX_COST (a session's caps). Raises UsageError for no numbers.
    """
    env = os.environ if environment is None else environment
    wanted = env.get("MIXMEND_BRAIN", "").strip().lower()
    base_url = env.get("OPENAI_BASE_URL") or None
    configured = bool(env.get("OPENAI_API_KEY") or base_url)
    if wanted == "offline" or not configured:
        return BrainChoice("offline", False)
    model = env.get("MIXMEND_MODEL") or env.get("OPENAI_MODEL") or _DEFAULT_MODEL
    most_tokens = _positive(env, "MIXMEND_MAX_TOKENS")
    return BrainChoice(
        model, True, base_url,
        timeout_s=_positive(env, "MIXMEND_TIMEOUT_S") or _TIMEOUT_S,
        price=_price(env),
        max_tokens=None if most_tokens is None else int(most_tokens),
        max_cost_usd=_positive(env, "MIXMEND_MAX_COST"),
    )  # fmt: skip


def _positive(env: Mapping[str, str], name: str) -> float | None:
    text = env.get(name, "").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise UsageError(f"{name} is {text!r}, which is no number over 0.")
    return value


def _price(env: Mapping[str, str]) -> Price | None:
    text = env.get("MIXMEND_PRICE", "").strip()
    if not text:
        return None
    try:
        asked, answered = (float(part) for part in text.split("/"))
    except ValueError as error:
        raise UsageError(
            f"MIXMEND_PRICE is {text!r}; write dollars for a million tokens in and out, as 0.25/2."
        ) from error
    return Price(asked, answered)


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
        timeout=choice.timeout_s,
        max_retries=choice.retries,
        max_completion_tokens=_MOST_ANSWER_TOKENS,
        streaming=True,
        stream_usage=True,
        use_responses_api=False,
    )
