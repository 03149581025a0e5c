"""Which engine works on a goal when the user named none: decided by the benchmark's own table.

The table lies beside the weights. It is written by `mixmend bench restore --write-choice`; without
it, or without an engine that it finds clearly better, our own processing does the work.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from mixmend.model.engines import available_engines
from mixmend.model.problems import PROBLEM_OF_KIND, Problem
from mixmend.tools.errors import FileError, UsageError

AUTO = "auto"
FALLBACK = "dsp"
# Clearly better: this much more of the damage recovered, and hardly fewer songs improved.
LEAST_GAIN = 2.0
MOST_LOST_SHARE = 3.0
# An engine that makes one song in four worse is not let loose unasked, however good its mean.
LEAST_IMPROVED = 75.0
LEAST_SONGS = 5
_VERSION = 1


@dataclass(frozen=True)
class Entry:
    """How an engine did on one kind of damage: recovered and improved %, over how many songs."""

    songs: int
    recovered: float
    improved: float


@dataclass(frozen=True)
class EngineEntries:
    """An engine's entries by kind; `weights` is the SHA-256 of what it was run with, or empty."""

    weights: str = ""
    kinds: Mapping[str, Entry] = field(default_factory=dict)


@dataclass(frozen=True)
class ChoiceTable:
    """Entries by engine, asked for the repair of single faults."""

    engines: Mapping[str, EngineEntries] = field(default_factory=dict)


def table_path() -> Path:
    """Where the table of this installation is, beside the weights that come with it."""
    return Path(str(files("mixmend.model") / "data" / "mendflow_table.json"))


def read_table(path: Path | None = None) -> ChoiceTable:
    """The table; empty where there is none. Raises FileError for one that cannot be read."""
    chosen = path or table_path()
    try:
        changed = chosen.stat().st_mtime_ns
    except FileNotFoundError:
        return ChoiceTable()
    return _read(chosen, changed)


@lru_cache(maxsize=4)
def _read(path: Path, _changed: int) -> ChoiceTable:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["version"] != _VERSION:
            raise FileError(f"{path} is of another version; write it anew.")
        return ChoiceTable(
            {
                name: EngineEntries(
                    str(engine["weights"]),
                    {kind: _entry(entry) for kind, entry in engine["kinds"].items()},
                )
                for name, engine in stored["engines"].items()
            }
        )
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError, OSError) as error:
        raise FileError(f"{path} is no table of engines; write it anew.") from error


def _entry(stored: Mapping[str, float]) -> Entry:
    return Entry(int(stored["songs"]), float(stored["recovered"]), float(stored["improved"]))


def merged(old: ChoiceTable, new: ChoiceTable) -> ChoiceTable:
    """Entries of `new` in place of the old; those of other weights of an engine are dropped."""
    engines = dict(old.engines)
    for name, entries in new.engines.items():
        known = engines.get(name)
        kept = known.kinds if known is not None and known.weights == entries.weights else {}
        engines[name] = EngineEntries(entries.weights, {**kept, **entries.kinds})
    return ChoiceTable(engines)


def write_table(table: ChoiceTable, path: Path) -> None:
    """Write the table as JSON, at once or not at all; raises FileError."""
    text = json.dumps({"version": _VERSION, **asdict(table)}, indent=1, sort_keys=True) + "\n"
    unfinished = path.with_name(f".{path.name}.part")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        raise FileError(f"{path} cannot be written ({error.strerror}).") from error


def engine_for(
    goal: Problem, *, table: ChoiceTable | None = None, ready: Collection[str] | None = None
) -> str:
    """The engine that is best for this goal among those that can run here; ties go to `dsp`.

    `table` and `ready` are what is installed unless given. An engine takes the place of `dsp` where
    it recovers clearly more and improves about as many songs.
    """
    known = read_table() if table is None else table
    kinds = [kind for kind, problem in PROBLEM_OF_KIND.items() if problem == goal]
    usual = _mean(known, FALLBACK, kinds)
    if usual is None:
        return FALLBACK
    able = ready if ready is not None else [s.name for s in available_engines() if s.ready]
    best, best_name = usual, FALLBACK
    for name in sorted(set(known.engines) & set(able) - {FALLBACK}):
        own = _mean(known, name, kinds)
        if own is not None and _clearly_better(own, usual) and own.recovered > best.recovered:
            best, best_name = own, name
    return best_name


def named_or_best(name: str | None, goal: Problem) -> str:
    """The engine that was named, or the best one for this goal when none was (or `auto`)."""
    return engine_for(goal) if name in (None, AUTO) else str(name)


def _clearly_better(own: Entry, usual: Entry) -> bool:
    return own.recovered >= max(usual.recovered, 0.0) + LEAST_GAIN and own.improved >= max(
        usual.improved - MOST_LOST_SHARE, LEAST_IMPROVED
    )


def _mean(table: ChoiceTable, name: str, kinds: list[str]) -> Entry | None:
    """Mean over the kinds that lead to a goal; None when any of them is missing or rests on few."""
    entries = table.engines.get(name, EngineEntries()).kinds
    found = [entries[kind] for kind in kinds if kind in entries]
    if not kinds or len(found) < len(kinds) or min(e.songs for e in found) < LEAST_SONGS:
        return None
    return Entry(
        min(entry.songs for entry in found),
        sum(entry.recovered for entry in found) / len(found),
        sum(entry.improved for entry in found) / len(found),
    )


def check_engine(name: str) -> None:
    """Raise UsageError when a named engine is unknown or cannot run here; `auto` always can."""
    if name == AUTO:
        return
    status = {each.name: each for each in available_engines()}
    if name not in status:
        raise UsageError(f"there is no engine {name!r}; choose from {AUTO}, {', '.join(status)}.")
    if not status[name].ready:
        raise UsageError(f"engine {name} cannot run here: {status[name].why}")
