"""`mixmend bench dereverb`: rooms taken off again, scored as the paper scores it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mixmend.agent.bench.reverb import excerpt
from mixmend.agent.bench.table import Cell, Table
from mixmend.model.degrade import degrade
from mixmend.model.engine import OnProgress, Progress
from mixmend.tools.audio import Audio
from mixmend.tools.paper_error import log_spectral_distance_db, paper_error, recovered_percent
from mixmend.tools.process.dereverb import dereverb
from mixmend.tools.reverb import measure_reverb

NAME = "dereverb"
KINDS = ("small", "big", "mix", "real")


@dataclass(frozen=True)
class Trial:
    """One song in one room: errors against the dry song before and after."""

    kind: str
    error_wet: float
    error_dried: float
    distance_wet_db: float
    distance_dried_db: float
    reverberance_wet: float
    reverberance_dried: float


def run(
    *, quick: bool = False, on_progress: OnProgress | None = None, music: Sequence[Path] = ()
) -> Table:
    """Each song in a room of each published kind, and dry (`quick`: 6 songs)."""
    songs = list(music)[: 6 if quick else None]
    trials: list[Trial] = []
    for number, path in enumerate(songs):
        dry = excerpt(path)
        for kind in KINDS:
            wet = degrade(dry, kind, seed=800_000 + number).audio
            trials.append(attempt(kind, dry, wet))
        trials.append(attempt("dry", dry, dry))
        if on_progress:
            on_progress(Progress((number + 1) / len(songs), path.stem))
    return tabulate(trials)


def attempt(kind: str, dry: Audio, wet: Audio) -> Trial:
    """Dry `wet` at full strength and compare with `dry`, levels matched."""
    dried = dereverb(wet)
    wet, dried = matched(wet, dry), matched(dried, dry)
    return Trial(
        kind,
        paper_error("small", dry, wet),
        paper_error("small", dry, dried),
        log_spectral_distance_db(dry, wet),
        log_spectral_distance_db(dry, dried),
        measure_reverb(wet).value.reverberance or 0.0,
        measure_reverb(dried).value.reverberance or 0.0,
    )


def matched(audio: Audio, reference: Audio) -> Audio:
    """`audio` at the RMS level of `reference`, so that a level is not taken for a repair."""
    own = float(np.sqrt(np.mean(audio.samples.astype(np.float64) ** 2)))
    wanted = float(np.sqrt(np.mean(reference.samples.astype(np.float64) ** 2)))
    return Audio(audio.samples * np.float32(wanted / max(own, 1e-12)), audio.sample_rate_hz)


def tabulate(trials: Sequence[Trial]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for kind in (*KINDS, "dry"):
        found = [trial for trial in trials if trial.kind == kind]
        if found:
            rows.append((kind, float(len(found)), *_row(found, dry=kind == "dry")))
    wet = [trial for trial in trials if trial.kind != "dry"]
    facts = {"improved_share": _improved(wet)} if wet else {}
    columns = (
        "kind", "songs", "recovered %", "improved share", "log-spectral distance before, dB",
        "after, dB", "reverberance before", "after",
    )  # fmt: skip
    notes = (
        "Error: Euclidean distance of normalised modulation spectra to the dry song. Recovered: "
        "mean over songs of 100 (1 - error after / error before). In the dry row the distances "
        "say how far a song that needed nothing was moved.",
    )
    return Table("Dereverberation", columns, tuple(rows), facts, notes)


def _row(trials: Sequence[Trial], *, dry: bool) -> tuple[Cell, ...]:
    recovered = [
        recovered_percent(trial.error_dried, trial.error_wet) for trial in trials if not dry
    ]
    return (
        None if dry else round(float(np.mean(recovered)), 1),
        None if dry else _improved(trials),
        round(float(np.mean([trial.distance_wet_db for trial in trials])), 2),
        round(float(np.mean([trial.distance_dried_db for trial in trials])), 2),
        round(float(np.mean([trial.reverberance_wet for trial in trials])), 3),
        round(float(np.mean([trial.reverberance_dried for trial in trials])), 3),
    )


def _improved(trials: Sequence[Trial]) -> float:
    return round(float(np.mean([trial.error_dried < trial.error_wet for trial in trials])), 3)
