"""RestoreBench's results as one table: a row for every kind and method, and views of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from mixmend.agent.bench.restore_cache import FaultError, Result
from mixmend.agent.bench.restore_cases import INTACT, MANY, RULES
from mixmend.agent.bench.restore_methods import Method
from mixmend.agent.bench.restore_metrics import NAMES
from mixmend.agent.bench.table import Cell, Fact, Table
from mixmend.model.degrade import GROUPS

COLUMNS = (
    "kind", "method", "songs", "error before", "error after", "recovered, %", "improved, %",
    "SSIM", "log-spectral distance, dB", "SI-SDR, dB", "added onsets a minute", "added onsets, %",
    "level wobble, dB", "lag, frames", "times real time",
)  # fmt: skip
# Infinite for a result that is the clean song, so the middle one stands for all.
_MEDIAN = "si_sdr_db"
_LARGEST = "lag_frames"


@dataclass(frozen=True)
class Score:
    """One kind and method over its songs.

    `recovered` is 100 (1 - mean error after / mean error before); for several faults at once the
    errors are first divided by what such a fault costs alone, so that they can be added. `improved`
    is the share of faults whose error fell, %. None where there is nothing to recover.
    """

    kind: str
    method: str
    songs: int
    before: float | None
    after: float | None
    recovered: float | None
    improved: float | None
    measures: Mapping[str, float]
    times_real_time: float


@dataclass(frozen=True)
class RestoreTable(Table):
    """The whole table; in Markdown two short views come before it."""

    scores: tuple[Score, ...] = ()
    results: tuple[Result, ...] = ()
    methods: tuple[Method, ...] = field(default=(), repr=False)

    def to_markdown(self) -> str:
        """Recovered % by kind and method, means by method, facts and notes, then every row."""
        whole = Table("Every row", self.columns, self.rows)
        overview = overview_of(self.title, self.scores, self.methods, self.facts, self.notes)
        views = [overview, means_of(self.scores, self.methods), whole]
        return "\n".join(view.to_markdown() for view in views)


def tabulate(
    results: Sequence[Result], methods: Sequence[Method], kinds: Sequence[str]
) -> RestoreTable:
    """The table of these results, in the given order of kinds and methods."""
    cost = costs(results)
    scores = tuple(
        score
        for kind in kinds
        for method in methods
        if (score := score_of(kind, method.name, results, cost)) is not None
    )
    notes = (
        "Cells: recovered % (share of faults whose error fell, %). Recovered is 100 (1 - mean "
        "error after / mean error before) over the songs, with the published error of each kind; "
        "nothing is level-matched. For several faults at once every error is first divided by the "
        "mean error of such a fault alone.",
        "Excerpts of 20 s of held-out songs, the damage drawn by seed, the same for every method. "
        + RULES,
        "Other figures are against the clean song: SSIM of 128-band log-mel spectra, "
        "log-spectral distance, SI-SDR (median), attacks that the clean song does not have, level "
        "differences once a constant gain in every band is taken out, and the largest lag (of the "
        "clean or the damaged song, whichever is nearer).",
        *(f"`{method.name}`: {method.about}." for method in methods),
    )
    return RestoreTable(
        "RestoreBench", COLUMNS, tuple(_row(score) for score in scores),
        facts_of(scores, results), notes, scores=scores, results=tuple(results),
        methods=tuple(methods),
    )  # fmt: skip


def score_of(
    kind: str, method: str, results: Iterable[Result], cost: Mapping[str, float]
) -> Score | None:
    """The score of a kind and method, faults weighed by their `cost`; None where not tried."""
    found = [one for one in results if one.case == kind and one.method == method]
    if not found:
        return None
    faults = [fault for one in found for fault in one.faults]
    before = after = None
    if faults and kind not in MANY:
        before, after = _mean(f.before for f in faults), _mean(f.after for f in faults)
    measured = [one.measures for one in found if one.measures]
    cpu_s = sum(one.cpu_s for one in found)
    return Score(
        kind, method, len(found), before, after, _recovered(faults, cost),
        100.0 * _mean(f.after < f.before for f in faults) if faults else None,
        {name: _summary(name, [one[name] for one in measured]) for name in NAMES if measured},
        sum(one.seconds for one in found) / max(cpu_s, 1e-6),
    )  # fmt: skip


def costs(results: Iterable[Result]) -> dict[str, float]:
    """The mean error of each kind of fault before repair: alone, or among several if only there."""
    found: dict[str, list[float]] = {}
    among: dict[str, list[float]] = {}
    for one in results:
        for fault in one.faults:
            (among if one.case in MANY else found).setdefault(fault.kind, []).append(fault.before)
    return {kind: _mean(values) for kind, values in {**among, **found}.items()}


def _recovered(faults: Sequence[FaultError], cost: Mapping[str, float]) -> float | None:
    if not faults:
        return None
    # The published errors of `clip` are as small as 1e-10: no constant is added to them.
    before = sum(fault.before / cost[fault.kind] for fault in faults)
    return 100.0 * (1.0 - sum(fault.after / cost[fault.kind] for fault in faults) / before)


def _summary(name: str, values: Sequence[float]) -> float:
    if name == _MEDIAN:
        return float(np.median(values))
    return max(values, key=abs) if name == _LARGEST else _mean(values)


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def _row(score: Score) -> tuple[Cell, ...]:
    measures: list[Cell] = [
        round(score.measures[name], 3) if name in score.measures else None for name in NAMES
    ]
    return (
        score.kind, score.method, float(score.songs), score.before, score.after,
        _rounded(score.recovered), _rounded(score.improved), *measures,
        round(score.times_real_time) if score.method != "input" else None,
    )  # fmt: skip


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def overview_of(
    title: str,
    scores: Sequence[Score],
    methods: Sequence[Method],
    facts: Mapping[str, Fact],
    notes: tuple[str, ...],
) -> Table:
    """Kinds down, methods across, recovered % (improved %) in the cells."""
    names = [method.name for method in methods if method.name != "input"]
    rows: list[tuple[Cell, ...]] = []
    for kind in dict.fromkeys(score.kind for score in scores if score.recovered is not None):
        by_method = {score.method: score for score in scores if score.kind == kind}
        songs = max(score.songs for score in by_method.values())
        cells = [_cell(by_method.get(name)) for name in names]
        rows.append((kind, float(songs), *cells))
    return Table(title, ("kind", "songs", *names), tuple(rows), facts, notes)


def _cell(score: Score | None) -> str | None:
    if score is None or score.recovered is None or score.improved is None:
        return None
    return f"{score.recovered:.0f} ({score.improved:.0f})"


def means_of(scores: Sequence[Score], methods: Sequence[Method]) -> Table:
    """Methods down, means over the single kinds across."""
    rows: list[tuple[Cell, ...]] = []
    for method in methods:
        own = [s for s in scores if s.method == method.name and s.kind not in (*MANY, INTACT)]
        if own:
            rows.append((method.name, *_means(own)))
    columns = ("method", "kinds", "recovered, % (ten EQ kinds)", *COLUMNS[5:])
    return Table("Means over single faults", columns, tuple(rows))


def _means(own: Sequence[Score]) -> list[Cell]:
    eq = [s.recovered for s in own if s.kind in GROUPS["eq"] and s.recovered is not None]
    every = [s.recovered for s in own if s.recovered is not None]
    improved = [s.improved for s in own if s.improved is not None]
    cells: list[Cell] = [
        float(len(own)),
        round(_mean(eq), 1) if len(eq) == len(GROUPS["eq"]) else None,
        round(_mean(every), 1) if every else None,
        round(_mean(improved), 1) if improved else None,
    ]
    for name in NAMES:
        values = [s.measures[name] for s in own if name in s.measures]
        value = None
        if values:
            value = max(values, key=abs) if name == _LARGEST else _mean(values)
        cells.append(None if value is None else round(value, 3))
    speed = 1.0 / _mean(1.0 / s.times_real_time for s in own)
    return [*cells, round(speed) if own[0].method != "input" else None]


def facts_of(scores: Sequence[Score], results: Sequence[Result]) -> dict[str, Fact]:
    """Single figures that engines are held to, where they were run."""
    facts: dict[str, Fact] = {}
    single = {(s.method, s.kind): s for s in scores if s.kind not in MANY and s.kind != INTACT}
    for name in dict.fromkeys(score.method for score in scores):
        engine = name.partition("-")[0]
        if name in (f"{engine}-auto", f"{engine}-wrong"):
            share = _share_of(single, name, engine)
            if share is not None:
                facts[f"{name}: recovered as % of what {engine} recovers when asked"] = share
        above = [
            (s.recovered or 0.0) > (known.recovered or 0.0)
            for (method, kind), s in single.items()
            if method == name and (known := single.get(("known", kind))) is not None
        ]
        if above and name not in ("input", "known", "match", "half", "loudness", "matchering"):
            facts[f"{name}: kinds in which it recovers more than known"] = (
                f"{sum(above)} of {len(above)}"
            )
        for many in MANY:
            share = _many_share(many, name, single, results)
            if share is not None:
                facts[f"{name}: {many} faults, recovered as % of the single faults"] = share
        moved = [
            one.measures["log_spectral_distance_db"]
            for one in results
            if one.case == INTACT and one.method == name and one.measures
        ]
        if moved and name != "input":
            facts[f"{name}: intact songs moved, mean and most, dB"] = (
                f"{_mean(moved):.2f}, {max(moved):.2f}"
            )
    return facts


def _share_of(single: Mapping[tuple[str, str], Score], name: str, of: str) -> float | None:
    """Mean recovered of `name` over that of `of`, over the kinds that both were tried on, %."""
    pairs = [
        (score.recovered, other.recovered)
        for (method, kind), score in single.items()
        if method == name and (other := single.get((of, kind))) is not None
    ]
    whole = [(own or 0.0, other or 0.0) for own, other in pairs]
    total = sum(other for _, other in whole)
    return round(100.0 * sum(own for own, _ in whole) / total, 1) if total > 0 else None


def _many_share(
    many: str, name: str, single: Mapping[tuple[str, str], Score], results: Sequence[Result]
) -> float | None:
    """What is recovered of each fault among several, over what is recovered of it alone, %."""
    faults = [
        fault for one in results if one.case == many and one.method == name for fault in one.faults
    ]
    known = [fault for fault in faults if (name, fault.kind) in single]
    cost = costs(results)
    total = sum(
        fault.before / cost[fault.kind] * (single[name, fault.kind].recovered or 0.0)
        for fault in known
    )
    if name == "input" or total <= 0:
        return None
    got = sum((fault.before - fault.after) / cost[fault.kind] for fault in known)
    return round(100.0 * 100.0 * got / total, 1)
