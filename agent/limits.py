"""How much one request may cost: passes, time, model calls, tokens."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Limits:
    """Bounds on one request; none of them can be raised by a brain."""

    max_passes: int = 6
    max_seconds: float = 3600.0
    max_model_calls: int = 40
    max_tokens: int = 200_000


@dataclass
class Spent:
    """What one request has used so far."""

    limits: Limits
    passes: int = 0
    tokens: int = 0
    started_s: float = field(default_factory=time.monotonic)

    def why_stop(self) -> str | None:
        """A sentence when a limit is reached, else None."""
        if self.passes >= self.limits.max_passes:
            return f"the limit of {self.limits.max_passes} passes is reached"
        if time.monotonic() - self.started_s >= self.limits.max_seconds:
            return f"the time limit of {self.limits.max_seconds / 60:.0f} minutes is reached"
        if self.tokens >= self.limits.max_tokens:
            return f"the limit of {self.limits.max_tokens} tokens is reached"
        return None
