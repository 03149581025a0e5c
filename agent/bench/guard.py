"""Planted harms must be caught, every one; right passes must be let through."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from mixmend.agent.bench.harms import Case, centred, good_passes, harms
from mixmend.agent.bench.material import held_out
from mixmend.agent.bench.table import Table
from mixmend.agent.guard import Verdict, judge
from mixmend.tools.measure import measure

NAME = "guard"
SONGS, QUICK_SONGS = 32, 4
EXCERPT_S = 15.0
_FAMILIES = frozenset({"loudness", "clipping", "stereo", "noise", "spectrum"})
# Songs hardly any wider than mono have no sides to exchange or lose.
_LEAST_WIDTH = 0.05
# A song that is clipped itself is no right result of anything.
_MOST_CLIPPED = 1e-5
_NEED_SIDES = ("mono collapse", "channels swapped")


def run(*, quick: bool = False, on_progress: Callable[[str], None] | None = None) -> Table:
    """Every harm on at least 20 unclipped held-out songs, alone and hidden in a right pass."""
    caught: dict[str, list[bool]] = defaultdict(list)
    by_check: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    passed: dict[str, list[bool]] = defaultdict(list)
    notes: list[str] = []
    for seed, song in enumerate(held_out(QUICK_SONGS if quick else SONGS, EXCERPT_S)):
        audio = centred(song.audio)
        looked = measure(audio, families=frozenset({"stereo", "clipping"}))
        width = looked.stereo.width or 0.0
        if (looked.clipping.fraction or 0.0) > _MOST_CLIPPED:
            continue
        for case in harms(audio, seed):
            if width < _LEAST_WIDTH and case.name.startswith(_NEED_SIDES):
                continue
            failed = [
                c.name for c in _verdict(case).checks if not c.ok and c.name != "target_moved"
            ]
            caught[case.name].append(bool(failed))
            for name in failed[:1]:
                by_check[case.name][name] += 1
            if not failed:
                notes.append(f"Missed: {case.name} in {song.name}.")
        for case in good_passes(audio, seed):
            verdict = _verdict(case)
            passed[case.name].append(verdict.kept)
            if not verdict.kept:
                notes.append(f"False alarm: {case.name} in {song.name}: {verdict.because}")
        if on_progress:
            on_progress(f"{seed + 1} {song.package}/{song.name}")
    rows = [
        (name, "caught", float(len(hits)), 100.0 * sum(hits) / len(hits), _names(by_check[name]))
        for name, hits in caught.items()
    ]
    rows += [
        (name, "let through", float(len(hits)), 100.0 * sum(hits) / len(hits), "")
        for name, hits in passed.items()
    ]
    all_caught = [hit for hits in caught.values() for hit in hits]
    all_passed = [hit for hits in passed.values() for hit in hits]
    facts = {
        "harms caught, %": round(100.0 * sum(all_caught) / len(all_caught), 2),
        "false alarms on right passes, %": round(
            100.0 * (1 - sum(all_passed) / len(all_passed)), 2
        ),
    }
    columns = ("case", "wanted", "songs", "%", "first check to fail")
    return Table("Guard", columns, tuple(rows), facts, tuple(notes))


def _verdict(case: Case) -> Verdict:
    return judge(
        case.before,
        case.after,
        measure(case.before, families=_FAMILIES),
        measure(case.after, families=_FAMILIES),
        problems=() if case.problem is None else (case.problem,),
    )


def _names(counts: dict[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {count}" for name, count in ordered)
