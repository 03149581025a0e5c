"""Pieces on every core: all of them once, stopped at once, errors passed on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
import torch

from mixmend.model.workers import each
from mixmend.tools.errors import Cancelled


@pytest.fixture(params=[1, 2, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.parametrize(("length", "piece"), [(1, 5), (7, 3), (100, 9), (12, 0), (5, 1)])
def test_every_place_is_worked_on_once(threads: int, length: int, piece: int) -> None:
    counts = torch.zeros(length)
    inside = set()

    def work(start: int, stop: int) -> None:
        counts[start:stop] += 1
        inside.add(torch.get_num_threads())
        assert piece == 0 or stop - start <= piece

    each(work, length, piece, None)
    assert torch.all(counts == 1)
    assert torch.get_num_threads() == threads
    if min(length, threads) > 1 and 0 < piece < length:
        assert inside == {1}  # operations of a worker do not wait for other threads


def test_what_the_beat_raises_stops_the_work(threads: int) -> None:  # noqa: ARG001
    done: list[int] = []
    stop_now = threading.Event()

    def work(start: int, _stop: int) -> None:
        done.append(start)
        if len(done) >= 4:
            stop_now.set()
        time.sleep(0.01)

    def beat() -> None:
        if stop_now.is_set():
            raise Cancelled("stopped.")

    with pytest.raises(Cancelled):
        each(work, 1000, 1, beat)
    assert 4 <= len(done) < 500
    after = len(done)
    time.sleep(0.03)
    assert len(done) == after  # nobody goes on in the background


def test_an_error_in_a_piece_is_the_callers(threads: int) -> None:  # noqa: ARG001
    def work(start: int, _stop: int) -> None:
        if start == 3:
            raise ValueError("piece three")

    with pytest.raises(ValueError, match="piece three"):
        each(work, 10, 1, None)


def test_inference_mode_is_carried_over(threads: int) -> None:  # noqa: ARG001
    seen = []
    with torch.inference_mode():
        each(lambda _a, _b: seen.append(torch.is_inference_mode_enabled()), 8, 1, None)
    assert all(seen)
