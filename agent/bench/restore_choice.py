"""From RestoreBench's table to the loop's choice of engines."""

from __future__ import annotations

from pathlib import Path

from mixmend.agent.bench.restore_methods import weights_of
from mixmend.agent.bench.restore_table import RestoreTable
from mixmend.agent.engine_choice import (
    ChoiceTable,
    EngineEntries,
    Entry,
    merged,
    read_table,
    write_table,
)
from mixmend.model.degrade import PUBLISHED_KINDS
from mixmend.model.engines import available_engines


def choice_of(table: RestoreTable) -> ChoiceTable:
    """What the engines did when asked for the repair of single faults."""
    engines = {}
    for status in available_engines():
        kinds = {
            score.kind: Entry(score.songs, round(score.recovered, 1), round(score.improved, 1))
            for score in table.scores
            if score.method == status.name
            and score.kind in PUBLISHED_KINDS
            and score.recovered is not None
            and score.improved is not None
        }
        if kinds:
            engines[status.name] = EngineEntries(weights_of(status.name), kinds)
    return ChoiceTable(engines)


def write_choice_table(table: RestoreTable, path: Path) -> None:
    """Bring the table at `path` up to date with this run; what was not run stays as it was."""
    write_table(merged(read_table(path), choice_of(table)), path)
