"""Envelope followers: one-pole smoothing that rises and falls at different speeds.

The recursion depends on its own sign at every sample, so it cannot be written as a filter; it is
compiled on first use (numba comes with librosa).
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

DoubleArray = NDArray[np.float64]


def coefficient(time_s: float, rate_hz: float) -> float:
    """Feedback of a one-pole smoother that settles to 1 - 1/e in `time_s`."""
    return math.exp(-1.0 / max(time_s * rate_hz, 1e-9))


@dataclass
class Follower:
    """Follows values up with `attack_s` and down with `release_s`, block after block."""

    attack_s: float
    release_s: float
    rate_hz: float
    state: float = 0.0

    def __call__(self, values: DoubleArray) -> DoubleArray:
        """Smoothed `values` (frames,), going on where the last block ended."""
        out = np.empty_like(values)
        if values.size:
            _kernel()(
                values,
                coefficient(self.attack_s, self.rate_hz),
                coefficient(self.release_s, self.rate_hz),
                self.state,
                out,
            )
            self.state = float(out[-1])
        return out


@cache
def _kernel() -> Callable[[DoubleArray, float, float, float, DoubleArray], None]:
    compiled: Callable[[DoubleArray, float, float, float, DoubleArray], None]
    compiled = importlib.import_module("numba").njit(_follow)
    return compiled


def _follow(
    values: DoubleArray, attack: float, release: float, state: float, out: DoubleArray
) -> None:
    for index in range(values.size):
        value = values[index]
        keep = attack if value > state else release
        state = value + keep * (state - value)
        out[index] = state
