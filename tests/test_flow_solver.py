"""The solver against fields whose answer is known."""

from __future__ import annotations

import math

import pytest
import torch

from mixmend.model.flow_solver import evaluations, guided, integrate
from mixmend.tools.errors import UsageError


def test_a_constant_field_is_followed_exactly() -> None:
    start = torch.randn(2, 5, 3, dtype=torch.float64)
    field = torch.randn(2, 5, 3, dtype=torch.float64)
    for method in ("euler", "rk4"):
        out = integrate(lambda _x, _t: field, start, steps=7, method=method)
        assert torch.allclose(out, start + field, atol=1e-12)


def test_time_runs_from_one_down_to_zero_on_an_even_grid() -> None:
    times: list[float] = []

    def field(x: torch.Tensor, time: float) -> torch.Tensor:
        times.append(time)
        return torch.zeros_like(x)

    integrate(field, torch.zeros(1), steps=4)
    assert times == pytest.approx([1.0, 0.75, 0.5, 0.25])
    times.clear()
    integrate(field, torch.zeros(1), steps=1, method="rk4")
    assert times == pytest.approx([1.0, 0.5, 0.5, 0.0])


@pytest.mark.parametrize(("method", "order"), [("euler", 1), ("rk4", 4)])
def test_order_of_convergence_on_an_exponential(method: str, order: int) -> None:
    # dx/ds = x cos(s) with s = 1 - t has the answer x0 exp(sin 1).
    start = torch.ones(1, dtype=torch.float64)
    answer = math.exp(math.sin(1.0))

    def error(steps: int) -> float:
        out = integrate(lambda x, t: x * math.cos(1 - t), start, steps=steps, method=method)
        return abs(float(out[0]) - answer)

    assert math.log2(error(8) / error(16)) == pytest.approx(order, abs=0.35)


def test_the_start_is_left_alone_and_steps_are_told() -> None:
    start = torch.zeros(3)
    told: list[tuple[int, int]] = []
    integrate(lambda x, _t: torch.ones_like(x), start, steps=3, on_step=lambda *s: told.append(s))
    assert torch.equal(start, torch.zeros(3))
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert (evaluations(3, "euler"), evaluations(3, "rk4")) == (3, 12)


def test_guidance_is_linear_in_its_scale() -> None:
    text, empty = torch.tensor([3.0]), torch.tensor([1.0])
    assert float(guided(text, empty, 1.0)) == 3.0
    assert float(guided(text, empty, 0.0)) == 1.0
    assert float(guided(text, empty, 3.0)) == 7.0


def test_nonsense_is_refused() -> None:
    with pytest.raises(UsageError, match="0 steps"):
        integrate(lambda x, _t: x, torch.zeros(1), steps=0)
    with pytest.raises(UsageError, match="heun"):
        integrate(lambda x, _t: x, torch.zeros(1), method="heun")
