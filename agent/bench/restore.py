"""`mixmend bench restore`: RestoreBench, every way to restore on every kind of damage.

Held-out songs, the published damage, the paper's error. Every result is kept on disk, so that a
run that was stopped goes on where it was, and a new method costs only itself.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Literal, get_args

from mixmend.agent.bench.material import held_out_songs
from mixmend.agent.bench.restore_cache import (
    FaultError,
    Result,
    ResultCache,
    code_digest,
    digest,
)
from mixmend.agent.bench.restore_cases import (
    CASES,
    SECONDS,
    SEED,
    Case,
    Material,
    make_case,
    material,
)
from mixmend.agent.bench.restore_methods import Method, default_methods, get_method, get_methods
from mixmend.agent.bench.restore_metrics import CleanMel, clean_mel, measure_result
from mixmend.agent.bench.restore_table import RestoreTable, tabulate
from mixmend.model.corpus import Song
from mixmend.model.degrade import PUBLISHED_KINDS
from mixmend.tools.errors import UsageError
from mixmend.tools.paper_error import paper_error

NAME = "restore"
SONGS, QUICK_SONGS = 32, 6
CACHE_VARIABLE = "MIXMEND_BENCH"
Metrics = Literal["paper", "all"]

_HERE = "mixmend.agent.bench"
# What decides the damage and the figures is counted; how songs are found is seen in their sound,
# and nothing is resampled at 44.1 kHz.
_NOT_DAMAGE = (
    "mixmend.model.request", "mixmend.model.corpus", "mixmend.model.licences",
    "mixmend.model.engine", "mixmend.agent.bench.material", "mixmend.tools.resample",
)  # fmt: skip


@dataclass(frozen=True)
class Task:
    """What one worker does at a time: some methods on one damaged song."""

    number: int
    song: Song
    case: str
    methods: tuple[str, ...]
    measured: bool
    keys: tuple[str, ...]


def run(
    *,
    quick: bool = False,
    on_progress: Callable[[str], None] | None = None,
    methods: Sequence[str] = (),
    kinds: Sequence[str] = (),
    songs: int | None = None,
    jobs: int = 1,
    metrics: str | None = None,
    cache: Path | None = None,
    plots: Path | None = None,
    write_choice: Path | None = None,
) -> RestoreTable:
    """All kinds on 32 songs (`quick`: single faults on 6 songs, few methods, the errors alone).

    `methods`, `kinds` (with double, triple and intact), `songs`, `metrics` (paper or all) choose;
    `cache` keeps results (default ~/.cache/mixmend/bench); `plots` is a folder for pictures,
    `write_choice` the file for the loop's choice of engines. Raises UsageError for unknown names.
    """
    wanted = _checked(kinds or (PUBLISHED_KINDS if quick else CASES))
    level = metrics or ("paper" if quick else "all")
    if level not in get_args(Metrics):
        raise UsageError(f"there are no metrics {level!r}; choose from paper, all.")
    if jobs < 1 or (songs is not None and songs < 1):
        raise UsageError("numbers of songs and jobs begin at 1.")
    rows = get_methods(methods or default_methods(quick=quick))
    chosen = held_out_songs(songs or (QUICK_SONGS if quick else SONGS))
    store = ResultCache(cache or default_cache_dir())
    results: list[Result] = []
    tasks = list(_tasks(chosen, wanted, rows, level == "all", store, results))
    for done, found in enumerate(_work_all(tasks, jobs), start=1):
        for result in found:
            store.add(result)
        results += found
        if on_progress:
            on_progress(f"{done} of {len(tasks)}: {found[0].case} in {found[0].song}")
    table = tabulate([result for result in results if not result.skipped], rows, wanted)
    if plots is not None:
        from mixmend.agent.bench.restore_plots import write_plots

        write_plots(table, plots)
    if write_choice is not None:
        from mixmend.agent.bench.restore_choice import write_choice_table

        write_choice_table(table, write_choice)
    return table


def default_cache_dir() -> Path:
    """`MIXMEND_BENCH` if set, else `~/.cache/mixmend/bench`."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen) if chosen else Path.home() / ".cache" / "mixmend" / "bench"


def _checked(kinds: Sequence[str]) -> tuple[str, ...]:
    for kind in kinds:
        if kind not in CASES:
            raise UsageError(f"there is no kind {kind!r}; choose from {', '.join(CASES)}.")
    return tuple(kind for kind in CASES if kind in kinds)


def _tasks(
    chosen: Sequence[Song],
    kinds: Sequence[str],
    methods: Sequence[Method],
    measured: bool,
    store: ResultCache,
    results: list[Result],
) -> Iterator[Task]:
    """What is still to be done; what is known goes into `results`."""
    setup = code_digest([f"{_HERE}.restore_cases", f"{_HERE}.restore_metrics"], _NOT_DAMAGE)
    words = code_digest(["mixmend.model.requests"])
    for number, song in enumerate(chosen):
        sound = _material(number, song).sha256
        for kind in kinds:
            missing: dict[str, str] = {}
            for method in methods:
                key = digest(
                    {
                        "method": method.name, "code": method.code, "setup": setup, "kind": kind,
                        "words": words if method.reads_words else "", "seconds": SECONDS,
                        "seed": SEED + number, "sound": sound,
                    }
                )  # fmt: skip
                known = store.find(key, measured=measured)
                if known is None:
                    missing[method.name] = key
                else:
                    results.append(known)
            if missing:
                yield Task(number, song, kind, tuple(missing), measured, tuple(missing.values()))


def _work_all(tasks: Sequence[Task], jobs: int) -> Iterator[list[Result]]:
    if jobs == 1:
        yield from map(work, tasks)
        return
    # Spawned, not forked: threads of numeric libraries do not survive a fork.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(work, task) for task in tasks]
        try:
            for future in as_completed(waiting):
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def work(task: Task) -> list[Result]:
    """Damage the song once and let every method of the task repair it."""
    song = _material(task.number, task.song)
    case = make_case(task.case, song)
    return [
        _attempt(case, song, name, key, task)
        for name, key in zip(task.methods, task.keys, strict=True)
    ]


@lru_cache(maxsize=1)
def _material(number: int, song: Song) -> Material:
    return material(number, song)


@lru_cache(maxsize=1)
def _reference(song: Material) -> CleanMel:
    return clean_mel(song.clean)


def _attempt(case: Case | None, song: Material, name: str, key: str, task: Task) -> Result:
    method = get_method(name)
    blank = Result(key, name, task.case, song.name, (), 0.0, song.clean.duration_s)
    if case is None or not method.fits(case):
        return replace(blank, skipped=True)
    started = time.process_time()
    out = method.run(case)
    spent_s = time.process_time() - started
    faults = tuple(
        FaultError(kind, before, paper_error(kind, song.clean, out))
        for kind, before in case.errors.items()
    )
    measures = (
        measure_result(song.clean, _reference(song), case.damaged, out) if task.measured else {}
    )
    return replace(blank, faults=faults, cpu_s=spent_s, measures=measures)
