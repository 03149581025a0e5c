"""`mixmend bench reverb`: the blind estimate beside rooms whose responses are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mixmend.agent.bench.rooms import Kind, simulate
from mixmend.agent.bench.table import Cell, Table
from mixmend.model.engine import OnProgress, Progress
from mixmend.tools.audio import Audio
from mixmend.tools.measurement import Reverb
from mixmend.tools.reverb import measure_reverb

NAME = "reverb"
KINDS: tuple[Kind, ...] = ("shoebox", "traced")
EXCERPT_S = 30.0
CONFIDENT = 0.5
# Far from the seeds that the weights were fitted with.
FIRST_SEED = 700_000
LIMITS_S = (0.2, 0.4, 0.8, 1.6, 4.5)


@dataclass(frozen=True)
class Case:
    """One song in one room, or dry (`truth_s` 0)."""

    song: str
    truth_s: float
    drr_db: float
    late_share: float
    found: Reverb


def run(
    *, quick: bool = False, on_progress: OnProgress | None = None, music: Sequence[Path] = ()
) -> Table:
    """Each song dry and in three rooms of 0.2 to 4 s (one when `quick`, 12 songs at most)."""
    songs = list(music)[: 12 if quick else None]
    cases: list[Case] = []
    for number, path in enumerate(songs):
        cases += play(path, number, rooms=1 if quick else 3)
        if on_progress:
            on_progress(Progress((number + 1) / len(songs), path.stem))
    return tabulate(cases)


def play(path: Path, number: int, *, rooms: int) -> list[Case]:
    """The cases of one song; rooms outside 0.2 to 4 s are drawn again."""
    dry = excerpt(path)
    if dry.frames < 8 * dry.sample_rate_hz:
        return []
    cases = [Case(path.stem, 0.0, 40.0, 0.0, measure_reverb(dry).value)]
    seed = FIRST_SEED + 100 * number
    while len(cases) <= rooms:
        room = simulate(KINDS[seed % len(KINDS)], seed, dry.sample_rate_hz)
        seed += 1
        if 0.2 <= room.rt60_s <= 4.0:
            wet = Audio(in_room(dry.samples, room.response), dry.sample_rate_hz)
            found = measure_reverb(wet).value
            cases.append(Case(path.stem, room.rt60_s, room.drr_db, room.late_share, found))
    return cases


def excerpt(path: Path, duration_s: float = EXCERPT_S) -> Audio:
    """The middle of a song."""
    import soundfile

    info = soundfile.info(path)
    frames = min(info.frames, int(duration_s * info.samplerate))
    start = (info.frames - frames) // 2
    sound, rate = soundfile.read(path, frames, start, dtype="float32", always_2d=True)
    return Audio(np.ascontiguousarray(sound.T), rate)


def in_room(dry: NDArray[np.float32], response: NDArray[np.float32]) -> NDArray[np.float32]:
    """`dry` (channels, frames) in a room, brought to its former level."""
    from scipy.signal import fftconvolve

    wet = fftconvolve(dry, response[None], axes=1)[:, : dry.shape[1]]
    wet *= np.sqrt(np.sum(dry**2) / max(float(np.sum(wet**2)), 1e-20))
    return np.asarray(wet, dtype=np.float32)


def tabulate(cases: Sequence[Case]) -> Table:
    """One row a range of truths; facts over all."""
    wet = [case for case in cases if case.truth_s > 0]
    dry = [case for case in cases if case.truth_s == 0]
    rows: list[tuple[Cell, ...]] = []
    for low, high in pairwise(LIMITS_S):
        inside = [case for case in wet if low <= case.truth_s < high]
        rows.append((f"{low:g} to {min(high, 4.0):g} s", *_row(inside)))
    rows.append(("all rooms", *_row(wet)))
    rows.append(("dry songs", *_row(dry)))
    told = [case for case in wet if case.found.rt60_s is not None]
    sure = [case for case in told if (case.found.confidence or 0) >= CONFIDENT]
    long = [
        case
        for case in dry
        if (case.found.confidence or 0) >= CONFIDENT and (case.found.rt60_s or 0) > 1.0
    ]
    wetness = [(case.found.reverberance or 0.0, case.late_share) for case in wet + dry]
    facts = {
        "songs in rooms": float(len(wet)),
        "rank correlation, songs with a number": rank_correlation(
            [(case.found.rt60_s or 0.0, case.truth_s) for case in told]
        ),
        "median relative error, confidence >= 0.5": _median_error(sure),
        "share with a number": _share(len(told), len(wet)),
        "share confident": _share(len(sure), len(wet)),
        "dry songs confident over 1 s": _share(len(long), len(dry)),
        "rank correlation, reverberance and late share": rank_correlation(wetness),
        "reverberance tells dry from rooms (AUC)": _auc(wet, dry),
    }
    notes = (
        "Truth: T30 (T20 where the response is short) of each room's own response by Schroeder "
        "integration. Rooms: pyroomacoustics shoeboxes, image sources or ray tracing, 0.2 to 4 s.",
        "Dry songs are as published; many carry reverberation of their own production.",
    )
    columns = ("rooms", "songs", "with a number", "confident", "median error", "estimate, median s")
    return Table("Reverberance", columns, tuple(rows), facts, notes)


def rank_correlation(pairs: Sequence[tuple[float, float]]) -> float:
    """Spearman's, ties averaged; not a number for fewer than three pairs."""
    from scipy.stats import spearmanr

    if len(pairs) < 3:
        return float("nan")
    return float(spearmanr([a for a, _ in pairs], [b for _, b in pairs]).statistic)


def _row(cases: Sequence[Case]) -> tuple[Cell, ...]:
    told = [case for case in cases if case.found.rt60_s is not None]
    sure = [case for case in told if (case.found.confidence or 0) >= CONFIDENT]
    times = [case.found.rt60_s for case in told if case.found.rt60_s is not None]
    return (
        float(len(cases)),
        _share(len(told), len(cases)),
        _share(len(sure), len(cases)),
        round(_median_error(told), 2) if told and told[0].truth_s > 0 else None,
        round(float(np.median(times)), 2) if times else None,
    )


def _median_error(cases: Sequence[Case]) -> float:
    if not cases:
        return float("nan")
    errors = [abs((case.found.rt60_s or 0) - case.truth_s) / case.truth_s for case in cases]
    return float(np.median(errors))


def _share(part: int, whole: int) -> float:
    return round(part / whole, 3) if whole else float("nan")


def _auc(wet: Sequence[Case], dry: Sequence[Case]) -> float:
    """Chance that a song in a room is called wetter than another one that is dry."""
    above = [
        np.sign((a.found.reverberance or 0) - (b.found.reverberance or 0)) / 2 + 0.5
        for a in wet
        for b in dry
    ]
    return float(np.mean(above)) if above else float("nan")
