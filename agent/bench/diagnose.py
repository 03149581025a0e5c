"""Is the true problem among the findings? Every published damage, alone, on held-out songs."""

from __future__ import annotations

from collections.abc import Callable

from mixmend.agent.bench.material import held_out
from mixmend.agent.bench.table import Table
from mixmend.agent.diagnose import diagnose
from mixmend.model.degrade import degrade
from mixmend.model.problems import PROBLEM_OF_KIND, Problem
from mixmend.tools.measure import measure

NAME = "diagnose"
SONGS, QUICK_SONGS = 40, 5
DAMAGED_SONGS = 20
EXCERPT_S = 20.0
KINDS = (
    "xband", "mic", "bright", "dark", "airy", "boom", "clarity", "mud", "warm", "vocal", "comp",
    "punch", "small", "big", "mix", "real", "clip", "volume", "stereo",
)  # fmt: skip
# Two names for what is heard of one damage: a boosted treble is harsh and too bright.
_ACCEPTED: dict[str, frozenset[Problem]] = {"dark": frozenset({"harsh", "too_bright"})}
_FAMILIES = frozenset({"loudness", "dynamics", "clipping", "reverb", "stereo", "spectrum", "noise"})


def run(*, quick: bool = False, on_progress: Callable[[str], None] | None = None) -> Table:
    """Share of songs in which the true problem is first, and among the first three."""
    ranks: dict[str, list[int | None]] = {kind: [] for kind in KINDS}
    severe: list[bool] = []
    false_alarms: list[str] = []
    for index, song in enumerate(held_out(QUICK_SONGS if quick else SONGS, EXCERPT_S)):
        findings = diagnose(measure(song.audio, families=_FAMILIES))
        worst = [finding.problem for finding in findings if finding.severity == "severe"]
        severe.append(bool(worst))
        if worst:
            false_alarms.append(f"Severe on untouched {song.name}: {', '.join(worst)}.")
        for kind in KINDS if index < DAMAGED_SONGS else ():
            damaged = degrade(song.audio, kind, index).audio
            found = [f.problem for f in diagnose(measure(damaged, families=_FAMILIES))]
            accepted = _ACCEPTED.get(kind, frozenset({PROBLEM_OF_KIND[kind]}))
            ranks[kind].append(next((i for i, p in enumerate(found) if p in accepted), None))
        if on_progress:
            on_progress(f"{index + 1} {song.package}/{song.name}")
    rows = []
    for kind in KINDS:
        found_at = ranks[kind]
        first = sum(rank == 0 for rank in found_at)
        three = sum(rank is not None and rank < 3 for rank in found_at)
        count = len(found_at)
        rows.append(
            (kind, PROBLEM_OF_KIND[kind], float(count), 100 * first / count, 100 * three / count)
        )
    facts = {
        "first, %": round(sum(row[3] for row in rows) / len(rows), 1),
        "among the first three, %": round(sum(row[4] for row in rows) / len(rows), 1),
        "untouched songs without a severe finding, %": round(
            100.0 * (1 - sum(severe) / len(severe)), 1
        ),
        "untouched songs": float(len(severe)),
    }
    columns = ("damage", "true problem", "songs", "first, %", "in the first three, %")
    return Table("Diagnosis", columns, tuple(rows), facts, tuple(false_alarms))
