"""Hiss, hum, clicks, dropouts and offset: found and repaired, on songs nothing was tuned on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from mixmend.agent.bench.noise_cases import PROCESSES, Outcome, Untouched, outcomes, untouched
from mixmend.agent.bench.table import Cell, Fact, Table
from mixmend.model.engine import OnProgress, Progress
from mixmend.tools.audio import Audio

NAME = "noise"
SONGS, QUICK_SONGS = 25, 5
EXCERPT_S = 30.0


def run(
    *, quick: bool = False, on_progress: OnProgress | None = None, music: Sequence[Path] = ()
) -> Table:
    """Every fault at several strengths in 30 s of each song, and every song untouched.

    `music` are files to take instead of the held-out songs (`quick`: the first 5). Raises
    InputError when there is no music.
    """
    count = QUICK_SONGS if quick else SONGS
    done: list[Outcome] = []
    clean: list[Untouched] = []
    total = min(count, len(music)) if music else count
    for number, song in enumerate(_songs(music, count)):
        if on_progress is not None:
            on_progress(Progress(number / total, f"song {number + 1} of {total}"))
        clean.append(untouched(song))
        done += outcomes(song, seed=number)
    return tabulate(done, clean)


def _songs(music: Sequence[Path], count: int) -> Iterator[Audio]:
    if not music:
        from mixmend.agent.bench.material import held_out

        for piece in held_out(count, EXCERPT_S):
            yield piece.audio
        return
    from mixmend.tools.reading import read_sound

    for path in music[:count]:
        audio = read_sound(path).audio
        length = min(audio.frames, round(EXCERPT_S * audio.sample_rate_hz))
        start = (audio.frames - length) // 3
        samples = np.array(audio.samples[:, start : start + length], dtype=np.float32)
        yield Audio(samples, audio.sample_rate_hz)


def tabulate(done: Sequence[Outcome], clean: Sequence[Untouched]) -> Table:
    """One row a fault and strength; false alarms and side effects as facts."""
    cases = list(dict.fromkeys(outcome.case for outcome in done))
    rows = [_row(case, [one for one in done if one.case == case]) for case in cases]
    songs = len(clean)
    facts: dict[str, Fact] = {
        "songs": float(songs),
        "untouched songs said to hiss": f"{sum(one.hiss for one in clean)} of {songs}",
        "untouched songs said to hum": f"{sum(one.hum for one in clean)} of {songs}",
        "untouched songs with clicks": f"{sum(one.clicks > 0 for one in clean)} of {songs}, "
        f"{sum(one.clicks for one in clean)} clicks in all",
        "untouched songs with dropouts": f"{sum(one.dropouts > 0 for one in clean)} of {songs}",
    }
    for name in PROCESSES:
        kept = np.sort([one.sdr_db[name] for one in clean])
        if kept.size:
            same = int(np.sum(kept >= 120.0))
            facts[f"{name} on untouched songs"] = (
                f"{same} of {songs} unchanged, signal over change at least {kept[0]:.1f} dB, "
                f"at the 10th percentile {np.percentile(kept, 10):.1f} dB"
            )
    notes = (
        "Found: share of the true faults. Right: share of what was claimed. Off by: median error "
        "of the level in dB (of the offset in full scale). Signal over error, in dB and median, "
        "against the undamaged song (inside the gaps for dropouts); unlike: log-spectral distance.",
        "A song may really hum, hiss or click: the false alarms are an upper bound.",
    )
    return Table("Noise family: found and repaired", _COLUMNS, tuple(rows), facts, notes)


_COLUMNS = (
    "fault", "found %", "right %", "off by", "signal over error before", "after",
    "unlike before dB", "after dB",
)  # fmt: skip


def _row(case: str, held: Sequence[Outcome]) -> tuple[Cell, ...]:
    there, findings = (sum(getattr(one, key) for one in held) for key in ("there", "findings"))
    found, right = (sum(getattr(one, key) for one in held) for key in ("found", "right"))
    return (
        case,
        round(100 * found / there, 1) if there else None,
        round(100 * right / findings, 1) if findings else None,
        _median([one.off_by for one in held], 3),
        _median([one.before_db for one in held], 1),
        _median([one.after_db for one in held], 1),
        _median([one.unlike_before_db for one in held], 2),
        _median([one.unlike_after_db for one in held], 2),
    )


def _median(values: Sequence[float | None], digits: int) -> float | None:
    known = [value for value in values if value is not None]
    return round(float(np.median(known)), digits) if known else None


def main() -> None:
    """`python -m mixmend.agent.bench.noise [FILE ...]`"""
    import sys

    print(run(music=[Path(name) for name in sys.argv[1:]]).to_markdown())


if __name__ == "__main__":
    main()
