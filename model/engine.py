"""The one interface every engine has: `restore(audio, instruction, ...) -> Audio`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from mixmend.tools.audio import Audio
from mixmend.tools.region import Region


@dataclass(frozen=True)
class Progress:
    """How far a pass is: `fraction` 0..1, `label` a few words for people, `left_s` if known."""

    fraction: float
    label: str
    left_s: float | None = None


# Called now and then by an engine; raising `Cancelled` from it stops the pass.
OnProgress = Callable[[Progress], None]


class Engine(Protocol):
    """Restores sound as a sentence asks.

    `audio` (channels, frames) any rate; the result has the same shape, rate and alignment. An empty
    `instruction` is automatic mode. `strength` 0..1 (0 returns the input bit-exact); outside
    `region` nothing changes. Peaks are left to the limiter and never clamped.
    """

    name: str

    def restore(
        self,
        audio: Audio,
        instruction: str,
        *,
        region: Region | None = None,
        strength: float = 1.0,
        steps: int | None = None,
        seed: int = 0,
        on_progress: OnProgress | None = None,
    ) -> Audio: ...
