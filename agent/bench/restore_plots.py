"""Pictures of RestoreBench: errors before and after for every kind, and one map of the whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mixmend.agent.bench.restore_cases import MANY
from mixmend.agent.bench.restore_table import RestoreTable
from mixmend.tools.errors import FileError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BLUE, _GREY, _RED = "#0f6fb8", "#8a8f98", "#c0392b"


def write_plots(table: RestoreTable, folder: Path) -> tuple[Path, ...]:
    """Write `KIND.png` for every kind with errors, and `overview.png`; raises FileError."""
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for kind in dict.fromkeys(s.kind for s in table.scores if s.before is not None):
            written.append(_save(kind_figure(table, kind), folder / f"{kind}.png"))
        written.append(_save(overview_figure(table), folder / "overview.png"))
    except OSError as error:
        raise FileError(f"{folder} cannot be written ({error.strerror}).") from error
    return tuple(written)


def _save(figure: Figure, path: Path) -> Path:
    figure.savefig(path, dpi=110)
    return path


def kind_figure(table: RestoreTable, kind: str) -> Figure:
    """Each song's error before and after every method, with the means; logarithmic."""
    from matplotlib.figure import Figure

    names = [s.method for s in table.scores if s.kind == kind and s.method != "input"]
    figure = Figure(figsize=(1.6 + 1.1 * max(2, len(names)), 4.2), layout="constrained")
    axes = figure.subplots()
    for place, name in enumerate(names):
        faults = [
            fault
            for one in table.results
            if one.case == kind and one.method == name
            for fault in one.faults
        ]
        before = np.array([fault.before for fault in faults])
        after = np.array([fault.after for fault in faults])
        floor = 1e-3 * float(before.max())
        shown = np.maximum(np.stack([before, after]), floor)
        better = after < before
        ends = [place - 0.25, place + 0.25]
        for group, colour in ((better, _BLUE), (~better, _RED)):
            axes.plot(ends, shown[:, group], color=colour, alpha=0.3, linewidth=0.8)
        axes.plot(
            ends, [before.mean(), max(after.mean(), floor)], "o-", color="black", markersize=4
        )
    axes.set_yscale("log")
    axes.set_xticks(range(len(names)), names, rotation=30, ha="right")
    axes.set_ylabel("the paper's error")
    axes.set_title(f"{kind}: before and after\n(black: mean; red: got worse)", fontsize=9)
    axes.grid(axis="y", color=_GREY, alpha=0.25)
    return figure


def overview_figure(table: RestoreTable) -> Figure:
    """Recovered % of every kind and method, as a map."""
    from matplotlib.figure import Figure

    scored = [s for s in table.scores if s.recovered is not None and s.method != "input"]
    kinds = list(dict.fromkeys(s.kind for s in scored))
    names = [m.name for m in table.methods if m.name in {s.method for s in scored}]
    values = np.full((max(1, len(kinds)), max(1, len(names))), np.nan)
    for score in scored:
        values[kinds.index(score.kind), names.index(score.method)] = score.recovered
    figure = Figure(figsize=(2.5 + 0.9 * len(names), 1.8 + 0.34 * len(kinds)), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(values, cmap="RdBu", vmin=-100, vmax=100, aspect="auto")
    for row, column in np.argwhere(np.isfinite(values)):
        value = values[row, column]
        colour = "white" if abs(value) > 60 else "black"
        axes.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=8, color=colour)
    axes.set_xticks(range(len(names)), names, rotation=35, ha="right")
    axes.set_yticks(
        range(len(kinds)), [f"{kind} faults" if kind in MANY else kind for kind in kinds]
    )
    figure.colorbar(image, ax=axes, label="recovered, %")
    return figure
