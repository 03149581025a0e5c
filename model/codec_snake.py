"""The codec's activation: x + sin(a x)^2 / b, in one pass over memory on a CPU."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[np.float32]

# sin(pi r)^2 as a polynomial of r^2 within half a turn, right to 2e-8: rounding decides.
_C0, _C1, _C2, _C3, _C4, _C5, _C6 = (
    np.float32(c)
    for c in (9.8696044, -32.46969665, 42.7283851, -30.12175413, 13.20660869,
              -3.9130719, 0.74197238)
)  # fmt: skip
_SHIFT = np.float32(3 << 22)  # a sum with it has no bits left for a fraction


class Snake:
    """The activation with the exponentials of its learnt numbers taken once."""

    def __init__(self, snake: Any) -> None:
        self.speed = torch.exp(snake.alpha.detach())
        self.share = 1.0 / (torch.exp(snake.beta.detach()) + 1e-9)

    def __call__(self, x: Tensor) -> Tensor:
        """`x` (batch, channels, samples) in full precision; the same shape."""
        if x.device.type != "cpu":
            wave = torch.sin(self.speed * x)
            return torch.addcmul(x, wave.mul_(wave), self.share)
        x = x.contiguous()
        out = torch.empty_like(x)
        turns, share = (self.speed / math.pi).flatten().numpy(), self.share.flatten().numpy()
        for one, to in zip(x.numpy(), out.numpy(), strict=True):
            _kernel()(one, turns, share, to)
        return out


@cache
def _kernel() -> Callable[[Array, Array, Array, Array], None]:
    compiled: Callable[[Array, Array, Array, Array], None]
    compiled = importlib.import_module("numba").njit(nogil=True, fastmath={"contract"})(_snake)
    return compiled


def _snake(x: Array, turns: Array, share: Array, out: Array) -> None:
    """`x` (channels, samples) into `out`; `turns` is a / pi."""
    for channel in range(x.shape[0]):
        turn, amount = turns[channel], share[channel]
        row, to = x[channel], out[channel]
        for i in range(len(row)):
            angle = row[i] * turn
            rest = angle - ((angle + _SHIFT) - _SHIFT)
            q = rest * rest
            high = _C3 + q * (_C4 + q * (_C5 + q * _C6))
            to[i] = row[i] + amount * (q * (_C0 + q * (_C1 + q * (_C2 + q * high))))
