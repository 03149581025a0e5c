"""How much one request and one session may cost: passes, time, model calls, tokens, money."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Limits:
    """Bounds that no brain can raise.

    `max_passes` is for one request, and for the changes that may lie on top of each other in one
    version; `max_seconds` and `max_model_calls` are for one request; `max_tokens` and
    `max_cost_usd` (None: no bound) for what a hosted model may use in a whole session.
    """

    max_passes: int = 6
    max_seconds: float = 3600.0
    max_model_calls: int = 40
    max_tokens: int = 400_000
    max_cost_usd: float | None = None


@dataclass
class Spent:
    """What one request has used so far."""

    limits: Limits
    passes: int = 0
    started_s: float = field(default_factory=time.monotonic)

    def why_stop(self) -> str | None:
        """A sentence when a limit is reached, else None."""
        if self.passes >= self.limits.max_passes:
            return f"the limit of {self.limits.max_passes} passes is reached"
        if time.monotonic() - self.started_s >= self.limits.max_seconds:
            return f"the time limit of {self.limits.max_seconds / 60:.0f} minutes is reached"
        return None
