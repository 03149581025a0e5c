"""`mixmend bench meters`: our readings of the EBU Tech 3341 and 3342 test signals."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from mixmend.agent.bench.table import Cell, Table
from mixmend.tools.audio import Audio
from mixmend.tools.loudness import (
    LoudnessSeries,
    integrated_lufs,
    k_hops,
    loudness_range_lu,
    momentary_series,
    short_term_series,
)
from mixmend.tools.tech3341 import Case, cases
from mixmend.tools.true_peak import true_peak_dbtp

NAME = "meters"
RATE_HZ = 48000
_UNITS = {"true_peak": "dBTP", "range": "LU"}


def run(*, quick: bool = False, on_progress: Callable[[str], None] | None = None) -> Table:
    """Read every case; `quick` reads the first of each case's parts only."""
    rows: list[tuple[Cell, ...]] = []
    chosen = [case for case in cases() if case.part == 1 or not quick]
    passed = 0
    for case in chosen:
        if on_progress:
            on_progress(case.name)
        read = read_case(case, RATE_HZ)
        ok = case.accepts(read)
        passed += ok
        unit = _UNITS.get(case.reading, "LUFS")
        limits = f"{case.expected:+.1f} +{case.above:g}/-{case.below:g} {unit}"
        words = case.reading.replace("_", " ")
        rows.append((case.name, words, limits, f"{read:+.3f}", "pass" if ok else "FAIL"))
    return Table(
        title="Meters: EBU Tech 3341 and Tech 3342",
        columns=("signal", "reading", "must read", "reads", "verdict"),
        rows=tuple(rows),
        facts={"cases": float(len(chosen)), "passed": float(passed), "rate_hz": float(RATE_HZ)},
        notes=(
            "Signals are synthesised by our own code from the published descriptions. Cases 7 and "
            "8 of Tech 3341 (5 and 6 of Tech 3342) are recordings and are not part of the table. "
            "Readings that must stay constant show the one farthest from the expected value.",
        ),
    )


def read_case(case: Case, rate_hz: int) -> float:
    """What our meters read of a case, at any sample rate; not a number when nothing was read."""
    if case.reading == "true_peak":
        return true_peak_dbtp(case.build(rate_hz))
    if case.reading == "integrated":
        return _number(integrated_lufs(case.build(rate_hz)))
    if case.reading == "range":
        return _number(loudness_range_lu(k_hops(case.build(rate_hz))))
    series = _series(case.build, "momentary" in case.reading, rate_hz)
    lufs = np.array([np.nan if value is None else value for value in series.lufs])
    ends_s = np.arange(lufs.size) * series.step_s + series.window_s
    if case.reading.startswith("max"):
        until = np.inf if case.end_s is None else case.end_s
        inside = (ends_s > case.start_s) & (ends_s <= until + 1e-9)
        return float(np.nanmax(lufs[inside]))
    settled = lufs[ends_s >= case.settle_s - 1e-9]
    return float(settled[np.argmax(np.abs(settled - case.expected))])


@lru_cache(maxsize=1)
def _series(build: Callable[[int], Audio], momentary: bool, rate_hz: int) -> LoudnessSeries:
    """Kept for the twenty segments of one signal."""
    audio = build(rate_hz)
    return momentary_series(audio) if momentary else short_term_series(audio, step_s=0.01)


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
