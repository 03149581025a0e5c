"""Tokens and money of a session's hosted model: counted after every call, saved, capped."""

from __future__ import annotations

from dataclasses import dataclass

from mixmend.agent.limits import Limits
from mixmend.agent.records import Usage
from mixmend.agent.session import Session


@dataclass(frozen=True)
class Price:
    """US dollars for a million tokens in and out."""

    input_usd: float
    output_usd: float

    def of(self, input_tokens: int, output_tokens: int) -> float:
        """What a call costs, in US dollars."""
        return (input_tokens * self.input_usd + output_tokens * self.output_usd) / 1e6


@dataclass
class Budget:
    """What the session has used, against what it may."""

    session: Session
    limits: Limits
    price: Price | None = None

    def add(self, input_tokens: int, output_tokens: int) -> None:
        """Count one call, at once in the saved session."""
        used = self.session.record.usage
        cost = used.cost_usd
        if self.price is not None:
            cost = (cost or 0.0) + self.price.of(input_tokens, output_tokens)
        self.session.update(
            usage=Usage(
                calls=used.calls + 1,
                input_tokens=used.input_tokens + input_tokens,
                output_tokens=used.output_tokens + output_tokens,
                cost_usd=cost,
            )
        )

    def why_stop(self) -> str | None:
        """A word when the budget is used up, else None."""
        used = self.session.record.usage
        if used.input_tokens + used.output_tokens >= self.limits.max_tokens:
            return "tokens"
        most = self.limits.max_cost_usd
        if most is not None and used.cost_usd is not None and used.cost_usd >= most:
            return "money"
        return None
