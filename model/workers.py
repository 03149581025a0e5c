"""Work in pieces on every core: each worker computes with operations of a single thread."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache

# Called between layers and pieces; may raise Cancelled.
Beat = Callable[[], None]

_WATCH_S = 0.1


def each(work: Callable[[int, int], None], length: int, piece: int, beat: Beat | None) -> None:
    """Call `work(start, stop)` for pieces of [0, length), in any order, on all cores at once.

    `piece` 0 is one piece. `beat` is called in between, by the calling thread; what it raises
    stops the work.
    """
    import torch

    count = 1 if piece == 0 else -(-length // piece)
    cores = torch.get_num_threads()
    if count > 1:
        # As many pieces as keep all cores busy to the end.
        count = -(-count // cores) * cores
    edges = [length * index // count for index in range(count + 1)]
    spans = [(a, b) for a, b in itertools.pairwise(edges) if b > a]
    if min(cores, len(spans)) < 2:
        for start, stop in spans:
            if beat is not None:
                beat()
            work(start, stop)
        return
    _side_by_side(work, spans, cores, beat)


def _side_by_side(
    work: Callable[[int, int], None], spans: list[tuple[int, int]], cores: int, beat: Beat | None
) -> None:
    import torch

    waiting, taking, stopped = iter(spans), threading.Lock(), threading.Event()
    inference = torch.is_inference_mode_enabled()

    def take() -> None:
        with torch.inference_mode(inference):
            while not stopped.is_set():
                with taking:
                    span = next(waiting, None)
                if span is None:
                    return
                work(*span)

    futures = [_pool(cores).submit(take) for _ in range(cores)]
    try:
        _watch(futures, beat)
    finally:
        stopped.set()
        wait(futures)


def _watch(futures: list[Future[None]], beat: Beat | None) -> None:
    left = set(futures)
    while left:
        if beat is not None:
            beat()
        done, left = wait(left, timeout=_WATCH_S)
        for future in done:
            future.result()


@cache
def _pool(cores: int) -> ThreadPoolExecutor:
    """Threads in which every operation of torch runs alone."""
    import torch

    ready = threading.Barrier(cores + 1)

    def alone() -> None:
        torch.get_num_threads()  # the first question in a thread sets what all threads have
        torch.set_num_threads(1)
        ready.wait()

    pool = ThreadPoolExecutor(cores, thread_name_prefix="mixmend", initializer=alone)
    for _ in range(cores):
        pool.submit(ready_to_work)
    ready.wait()
    # Setting it in a thread also sets what threads to come begin with.
    torch.set_num_threads(cores)
    return pool


def ready_to_work() -> None:
    """Something to do, so that a thread is started."""
