"""The way all heads of mendflow are trained: AdamW, a ramp up and down, and averaged weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mixmend.tools.errors import UsageError


@dataclass(frozen=True)
class Descent:
    """Steps and rates. The rate rises over `warmup` steps, then falls in a straight line; averages
    keep at most `most_kept` of themselves in a step."""

    steps: int
    learning_rate: float
    weight_decay: float
    warmup: int = 100
    most_kept: float = 0.998


@dataclass(frozen=True)
class Descended:
    """One step: its number, the loss, and what else the loss told of itself."""

    step: int
    loss: float
    told: float


def descend(
    head: nn.Module,
    average: nn.Module,
    descent: Descent,
    loss_of: Callable[[], tuple[Tensor, Tensor]],
) -> Iterator[Descended]:
    """Train `head` step by step on what `loss_of` gives (the loss, and a figure to tell).

    `average` begins as the head and follows it. Raises UsageError for less than one step.
    """
    if descent.steps < 1:
        raise UsageError("training takes at least one step.")
    average.load_state_dict(head.state_dict())
    optimizer = torch.optim.AdamW(
        head.parameters(), lr=descent.learning_rate, weight_decay=descent.weight_decay
    )
    for step in range(descent.steps):
        for group in optimizer.param_groups:
            group["lr"] = descent.learning_rate * _rate(step, descent)
        loss, told = loss_of()
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(head.parameters(), 1.0)
        optimizer.step()
        keep = min(descent.most_kept, (1 + step) / (10 + step))
        with torch.no_grad():
            for held, value in zip(average.parameters(), head.parameters(), strict=True):
                held.lerp_(value, 1 - keep)
        yield Descended(step + 1, float(loss.detach()), float(told.detach()))


def _rate(step: int, descent: Descent) -> float:
    return min(1.0, (step + 1) / descent.warmup) * max(0.02, 1 - step / descent.steps)
