"""The main job on damaged songs: asked in words, judged against the song before it was damaged."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mixmend.agent.bench.material import Excerpt, held_out
from mixmend.agent.bench.table import Table
from mixmend.agent.mend import MendRequest
from mixmend.agent.mend import mend as run_mend
from mixmend.agent.records import SessionRecord
from mixmend.agent.session import LEVEL_GOAL
from mixmend.agent.store import SessionStore
from mixmend.model.degrade import degrade
from mixmend.tools.audio import Audio
from mixmend.tools.paper_error import paper_error, recovered_percent
from mixmend.tools.reading import read_sound
from mixmend.tools.writing import write_sound

NAME = "mend"
SONGS, QUICK_SONGS = 100, 19
EXCERPT_S = 20.0
CEILING_DBTP = -1.0
KINDS = (
    "xband", "mic", "bright", "dark", "airy", "boom", "clarity", "mud", "warm", "vocal", "comp",
    "punch", "small", "big", "mix", "real", "clip", "volume", "stereo",
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """One song: errors before and after, and what the finished file's own checks said."""

    kind: str
    error_damaged: float
    error_mended: float
    kept: bool
    harmed: bool
    true_peak_dbtp: float

    @property
    def better(self) -> bool:
        return self.error_mended < self.error_damaged


def run(*, quick: bool = False, on_progress: Callable[[str], None] | None = None) -> Table:
    """100 songs, each with one damage and the request that asks for its repair, as users get it."""
    count = QUICK_SONGS if quick else SONGS
    songs = list(held_out(min(count, 60), EXCERPT_S))
    outcomes: list[Outcome] = []
    notes: list[str] = []
    with tempfile.TemporaryDirectory(prefix="mixmend-bench-") as folder:
        for index in range(count):
            song, kind = songs[index % len(songs)], KINDS[index % len(KINDS)]
            outcome = _mend_one(song, kind, index, Path(folder))
            outcomes.append(outcome)
            if not outcome.better or outcome.harmed:
                notes.append(
                    f"{kind} in {song.name}: error {outcome.error_damaged:.4g} to "
                    f"{outcome.error_mended:.4g}, {'kept' if outcome.kept else 'rolled back'}."
                )
            if on_progress:
                on_progress(f"{index + 1} {kind} {song.name}: {'+' if outcome.better else '-'}")
    rows = []
    for kind in KINDS:
        group = [o for o in outcomes if o.kind == kind]
        if group:
            recovered = [recovered_percent(o.error_mended, o.error_damaged) for o in group]
            rows.append(
                (kind, float(len(group)), _share([o.better for o in group]),
                 _share([o.kept for o in group]), sorted(recovered)[len(recovered) // 2])
            )  # fmt: skip
    facts = {
        "asked-for error went down, %": _share([o.better for o in outcomes]),
        "no harm by the guard's measures, %": _share([not o.harmed for o in outcomes]),
        "true peak at or under -1 dBTP, %": _share(
            [o.true_peak_dbtp <= CEILING_DBTP for o in outcomes]
        ),
        "songs": float(len(outcomes)),
    }
    columns = ("damage", "songs", "error went down, %", "pass kept, %", "recovered, % (median)")
    return Table("Mending on request", columns, tuple(rows), facts, tuple(notes))


def _mend_one(song: Excerpt, kind: str, seed: int, folder: Path) -> Outcome:
    degraded = degrade(song.audio, kind, seed)
    damaged, mended = folder / "damaged.wav", folder / "mended.wav"
    write_sound(damaged, degraded.audio, bit_depth="32f")
    record = run_mend(
        MendRequest(path=damaged, out=mended, words=degraded.damage.instruction),
        SessionStore(folder / "home"),
    )
    outcome = _outcome(kind, song.audio, degraded.audio, read_sound(mended).audio, record)
    for path in Path(record.session.path).glob("audio/*"):
        path.unlink()
    return outcome


def _outcome(
    kind: str, clean: Audio, damaged: Audio, mended: Audio, record: SessionRecord
) -> Outcome:
    level = record.passes[-1]
    assert record.output is not None  # mend always ends with a verified file
    return Outcome(
        kind=kind,
        error_damaged=paper_error(kind, clean, damaged),
        error_mended=paper_error(kind, clean, mended),
        kept=any(p.verdict == "kept" and p.goal != LEVEL_GOAL for p in record.passes)
        or kind == "volume",
        harmed=not all(check.ok for check in level.checks),
        true_peak_dbtp=record.output.measurement.loudness.true_peak_dbtp or -120.0,
    )


def _share(values: list[bool]) -> float:
    return round(100.0 * sum(values) / max(1, len(values)), 1)
