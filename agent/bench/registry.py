"""Benchmarks by name; each module is imported only when it is run."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

from mixmend.agent.bench.material import held_out_songs
from mixmend.agent.bench.table import Table
from mixmend.model.engine import Progress
from mixmend.tools.errors import UsageError

_SONGS = 54

_ABOUT = {
    "meters": "loudness and true-peak meters against EBU Tech 3341 and 3342",
    "measure": "speed of `measure` beside FFmpeg, and where the time goes",
    "clipping": "clipped regions found, after gain changes and lossy coding",
    "noise": "hiss, hum, clicks, dropouts and offset: found and repaired",
    "reverb": "blind reverberance against simulated rooms",
    "dereverb": "reverberation taken down: the four published rooms, and dry music",
    "diagnose": "the true problem among the findings, for every kind of damage",
    "guard": "planted harms caught, good passes let through",
    "mend": "damaged songs with the matching request: better, never worse",
    "restore": "every way to restore on every kind of damage: the paper's error, and harm",
    "understanding": "plain words understood, offline",
    "conversation": "whole talks on damaged songs, with both brains: goals, false claims, harm",
    "memory": "peak memory of every command on an hour of sound",
    "parity": "engine sonicmaster against the published model's answers (needs --checkpoint)",
    "joins": "whole songs through a flow: how far the joins are from one long window",
    "flow": "speed of engine sonicmaster beside the published loop",
    "music": "fetch and list the music the benchmarks use",
}


@dataclass(frozen=True)
class BenchRequest:
    """Which benchmark, how thorough, and on what where that can be chosen.

    Everything after `quick` is only for benchmarks that take it; None leaves it to them.
    """

    name: str
    quick: bool = False
    checkpoint: Path | None = None
    song: Path | None = None
    methods: tuple[str, ...] | None = None
    kinds: tuple[str, ...] | None = None
    songs: int | None = None
    jobs: int | None = None
    metrics: str | None = None
    cache: Path | None = None
    plots: Path | None = None
    write_choice: Path | None = None


def names() -> dict[str, str]:
    """Names and what each shows."""
    return dict(_ABOUT)


def run_bench(request: BenchRequest, on_progress: Callable[[str], None] | None = None) -> Table:
    """Run one benchmark; raises UsageError for an unknown name or an option it does not have."""
    if request.name not in _ABOUT:
        raise UsageError(
            f"there is no benchmark {request.name!r}; choose one of {', '.join(_ABOUT)}."
        )
    module = importlib.import_module(f"mixmend.agent.bench.{request.name}")
    accepted = inspect.signature(module.run).parameters
    options: dict[str, object] = {"quick": request.quick}
    if on_progress is not None:
        options["on_progress"] = _told(on_progress)
    if "music" in accepted:
        options["music"] = [song.path for song in held_out_songs(_SONGS)]
    for name in (field.name for field in fields(request)):
        value = getattr(request, name)
        if name in ("name", "quick"):
            continue
        if value is not None and name not in accepted:
            option = name.replace("_", "-")
            raise UsageError(f"the benchmark {request.name} takes no --{option}.")
        if value is not None:
            options[name] = value
    table: Table = module.run(**options)
    return table


def _told(say: Callable[[str], None]) -> Callable[..., None]:
    """Benchmarks tell how far they are in one of three forms; people read one line."""

    def tell(*told: object) -> None:
        parts = []
        for item in told:
            if isinstance(item, Progress):
                parts.append(f"{item.fraction:.0%} {item.label}")
            else:
                parts.append(f"{item:.0%}" if isinstance(item, float) else str(item))
        say(" ".join(parts))

    return tell
