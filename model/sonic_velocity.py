"""The velocity of a batch of windows for one instruction, with guidance and carry-over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mixmend.model.flow_solver import guided

if TYPE_CHECKING:
    from torch import Tensor

    from mixmend.model.sonic_load import SonicModel
    from mixmend.model.sonic_net import Condition


@dataclass(frozen=True)
class Asked:
    """What the model is asked for: words ("" is automatic mode), guidance, seconds of sound."""

    instruction: str
    guidance: float = 1.0
    duration_s: float = 30.0


class SonicVelocity:
    """Velocity of windows `(batch, frames, channels)`; the text is encoded once, at the start.

    `carried`, latents (1, frames, channels), is the sound before, of which the model hears the
    first third of a window. With guidance above 1 the empty instruction runs in the same batch.
    """

    def __init__(self, model: SonicModel, asked: Asked, carried: Tensor | None = None) -> None:
        import torch

        self._net = model.net
        self._guidance = asked.guidance
        seconds = torch.tensor([asked.duration_s])
        with torch.inference_mode():
            text = model.text.encode(asked.instruction)
            self._asked = model.net.condition(text, seconds, carried)
            self._empty: Condition | None = None
            if asked.guidance != 1.0:
                # Filled up to the instruction's length, and nothing carried, as in training.
                empty = model.text.encode("", text.states.shape[1])
                self._empty = model.net.condition(empty, seconds)

    def __call__(self, windows: Tensor, time: float) -> Tensor:
        import torch

        from mixmend.model.sonic_net import Condition

        batch = windows.shape[0]
        with torch.inference_mode():
            if self._empty is None:
                found: Tensor = self._net(windows, torch.full((batch,), time), self._asked)
                return found
            pairs = [(self._asked.tokens, self._empty.tokens)]
            pairs.append((self._asked.pooled, self._empty.pooled))
            tokens, pooled = (
                torch.cat([side.expand(batch, *side.shape[1:]) for side in pair]) for pair in pairs
            )
            twice = torch.cat((windows, windows))
            both: Tensor = self._net(
                twice, torch.full((2 * batch,), time), Condition(tokens, pooled)
            )
            return guided(both[:batch], both[batch:], self._guidance)
