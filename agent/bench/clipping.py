"""Clipping: found after gain and lossy coding, not where there is none, and repaired."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from mixmend.agent.bench.clipping_cases import (
    BANDS_DB,
    CUT_IN_A_ROW,
    DECLIP_GAINS,
    FORMS,
    Found,
    Innocent,
    Repaired,
    already_clipped,
    clipped_cases,
    innocent_cases,
    repaired_cases,
)
from mixmend.agent.bench.table import Cell, Fact, Table
from mixmend.model.engine import OnProgress, Progress
from mixmend.tools.audio import Audio

NAME = "clipping"
SONGS, QUICK_SONGS = 30, 4
EXCERPT_S = 30.0
DECLIP_S = 10.0


def run(
    *, quick: bool = False, on_progress: OnProgress | None = None, music: Sequence[Path] = ()
) -> Table:
    """Every form and strength on 30 s of each song, unclipped masters of it, and declipping.

    `music` are files to take instead of the held-out songs (`quick`: the first 4). Songs that are
    clipped from the start are left out. Raises InputError when there is no music.
    """
    count = QUICK_SONGS if quick else SONGS
    found: list[Found] = []
    innocent: list[Innocent] = []
    repaired: list[Repaired] = []
    songs = 0
    total = min(count, len(music)) if music else count
    for number, song in enumerate(_songs(music, count)):
        if on_progress is not None:
            on_progress(Progress(number / total, f"song {number + 1} of {total}"))
        if already_clipped(song):
            continue
        songs += 1
        found += clipped_cases(song, seed=number)
        innocent += innocent_cases(song, seed=number)
        short = song.samples[:, : round(DECLIP_S * song.sample_rate_hz)]
        repaired += repaired_cases(Audio(short, song.sample_rate_hz))
    return tabulate(found, innocent, repaired, songs)


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


def tabulate(
    found: Sequence[Found],
    innocent: Sequence[Innocent],
    repaired: Sequence[Repaired],
    songs: int,
) -> Table:
    """One row a form and strength; pooled F1, false alarms and repair as facts."""
    rows: list[tuple[Cell, ...]] = []
    for form in FORMS:
        of_form = [case for case in found if case.form == form]
        for band in BANDS_DB:
            rows.append(
                _row(form, f"{band[0]:g} to {band[1]:g}", [c for c in of_form if c.over_db == band])
            )
        rows.append(_row(form, "all", of_form))
    facts: dict[str, Fact] = {"songs": float(songs)}
    for form in dict.fromkeys(case.form for case in innocent):
        for kind in dict.fromkeys(case.kind for case in innocent):
            cases = [case for case in innocent if (case.form, case.kind) == (form, kind)]
            alarms = sum(case.share > 0 for case in cases)
            facts[f"{kind}, {form}: called clipped"] = f"{alarms} of {len(cases)}"
    for gain in DECLIP_GAINS:
        cases_of = [case for case in repaired if case.gain == gain]
        if cases_of:
            sdr = np.array([case.sdr_gain_db for case in cases_of])
            share = np.array([case.recovered for case in cases_of])
            facts[f"declip, gain {gain}"] = (
                f"SDR {sdr.mean():+.1f} dB on average, better in {np.mean(sdr > 0):.0%}; "
                f"flatness error recovered {share.mean():.0%} on average, "
                f"{np.median(share):.0%} at the median"
            )
    return Table(
        "Clipping found and repaired",
        ("form", "dB over", "clipped frames", "precision", "recall", "F1"),
        tuple(rows),
        facts,
        (
            "Songs at unit peak, raised by the stated amount, hard clipped at 1, then turned down "
            f"by up to 20 dB. A 100 ms frame is clipped when {CUT_IN_A_ROW} samples in a row were "
            "cut in one channel.",
        ),
    )


def _row(form: str, over: str, cases: Sequence[Found]) -> tuple[Cell, ...]:
    right, wrong = sum(case.right for case in cases), sum(case.wrong for case in cases)
    missed = sum(case.missed for case in cases)
    precision = right / (right + wrong) if right + wrong else None
    recall = right / (right + missed) if right + missed else None
    score = 2 * right / (2 * right + wrong + missed) if right + wrong + missed else None
    shown = (None if value is None else round(value, 3) for value in (precision, recall, score))
    return (form, over, float(right + missed), *shown)
