"""Follows a velocity field from the degraded recording (time 1) to the clean one (time 0).

Deterministic: the start is the degraded sound itself, there is no noise. `steps` equal steps by
Euler's rule or by the classical Runge-Kutta rule of fourth order, with guidance by an empty prompt
(Ho and Salimans 2022).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from mixmend.tools.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

Method = Literal["euler", "rk4"]

# The velocity at a state and a time from 1 (degraded) to 0 (clean); same shape as the state.
Velocity = Callable[["Tensor", float], "Tensor"]

# Called with the number of steps done and of all.
OnStep = Callable[[int, int], None]


def integrate(
    velocity: Velocity,
    start: Tensor,
    *,
    steps: int = 10,
    method: Method = "euler",
    on_step: OnStep | None = None,
) -> Tensor:
    """The state at time 0 after `steps` steps from `start` at time 1; `start` is not changed.

    Raises UsageError for fewer than one step or an unknown method.
    """
    if steps < 1:
        raise UsageError(f"{steps} steps lead nowhere; ask for at least one.")
    if method not in ("euler", "rk4"):
        raise UsageError(f"there is no solver {method!r}; choose euler or rk4.")
    advance = _euler if method == "euler" else _rk4
    state = start
    for step in range(steps):
        time = 1.0 - step / steps
        state = state + advance(velocity, state, time, 1.0 / steps) / steps
        if on_step is not None:
            on_step(step + 1, steps)
    return state


def evaluations(steps: int, method: Method) -> int:
    """How often `integrate` asks for the velocity."""
    return steps * (4 if method == "rk4" else 1)


def _euler(velocity: Velocity, state: Tensor, time: float, size: float) -> Tensor:  # noqa: ARG001
    return velocity(state, time)


def _rk4(velocity: Velocity, state: Tensor, time: float, size: float) -> Tensor:
    # Time runs down while the state moves along +v, as with Euler.
    first = velocity(state, time)
    second = velocity(state + size / 2 * first, time - size / 2)
    third = velocity(state + size / 2 * second, time - size / 2)
    fourth = velocity(state + size * third, time - size)
    return (first + 2 * second + 2 * third + fourth) / 6


def guided(with_text: Tensor, empty: Tensor, scale: float) -> Tensor:
    """Velocity pushed away from what the empty prompt would do; `scale` 1 is no push."""
    return empty + scale * (with_text - empty)
