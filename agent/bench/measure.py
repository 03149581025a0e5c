"""`mixmend bench measure`: how long a whole measurement takes beside FFmpeg's loudness meter alone.

FFmpeg's `ebur128=peak=true` and `measure_file` read the same file in the same run, in turns; the
least of the turns counts, since other work on the machine can only add. Families are then timed
one at a time in processor seconds, and `measure` again on four times the length.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from mixmend.agent.bench.table import Cell, Fact, Table
from mixmend.tools.audio import Audio, FloatArray, allocate
from mixmend.tools.errors import MixmendError
from mixmend.tools.measure import FAMILIES, measure, measure_file
from mixmend.tools.reading import read_sound

NAME = "measure"
SONG_S = 240
RATE_HZ = 44100
LIMIT_RATIO = 8.0
TURNS = 3
LONGER = 4


def run(
    *,
    quick: bool = False,
    on_progress: Callable[[str], None] | None = None,
    song: Path | None = None,
) -> Table:
    """Time `song`, or four made-up minutes when none is given; `quick` takes 30 s and one turn.

    Raises MixmendError when there is no ffmpeg to compare with.
    """
    say = on_progress or (lambda _: None)
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise MixmendError("bench measure compares with ffmpeg, which is not installed.")
    with tempfile.TemporaryDirectory(prefix="mixmend-bench-") as folder:
        path = song
        if path is None:
            say("making a song")
            path = Path(folder) / "song.wav"
            _write_song(path, 30 if quick else SONG_S)
        audio = read_sound(path).audio
        say("warming up")
        measure(Audio(audio.samples[:, : 5 * audio.sample_rate_hz], audio.sample_rate_hz))
        ffmpeg_s, ours_s = [], []
        for turn in range(1 if quick else TURNS):
            say(f"turn {turn + 1}: ffmpeg")
            ffmpeg_s.append(_wall_s(lambda: _ffmpeg_loudness(ffmpeg, path)))
            say(f"turn {turn + 1}: mixmend")
            ours_s.append(_wall_s(lambda: measure_file(path)))
        reading_s = _wall_s(lambda: read_sound(path))
    ratio = min(ours_s) / min(ffmpeg_s)
    rows = [*_family_rows(audio, say)]
    facts: dict[str, Fact] = {
        "song_s": round(audio.duration_s, 1),
        "channels": float(audio.channels),
        "sample_rate_hz": float(audio.sample_rate_hz),
        "ffmpeg_s": round(min(ffmpeg_s), 3),
        "measure_s": round(min(ours_s), 3),
        "of_which_reading_s": round(reading_s, 3),
        "ratio": round(ratio, 2),
        "limit_ratio": LIMIT_RATIO,
        "within_limit": ratio <= LIMIT_RATIO,
    }
    if not quick:
        say(f"{LONGER} times the length")
        alone_s = _cpu_s(lambda: measure(audio))
        longer = _repeated(audio, LONGER)
        facts["cpu_longer_over_length"] = round(
            _cpu_s(lambda: measure(longer)) / LONGER / alone_s, 2
        )
    return Table(
        title="Measurement time",
        columns=("family", "processor s", "processor ms a second of sound"),
        rows=tuple(rows),
        facts=facts,
        notes=(
            "`ratio` is the wall time of reading and measuring the file over that of "
            "`ffmpeg -af ebur128=peak=true` on the same file in the same run, start-up of Python "
            "aside. `cpu_longer_over_length` is the processor time of four times the sound, "
            "divided by four times that of the sound: 1 is linear, under 1 is better.",
        ),
    )


def _family_rows(audio: Audio, say: Callable[[str], None]) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    total = 0.0
    for family in sorted(FAMILIES):
        say(family)
        seconds = _cpu_s(partial(measure, audio, families=frozenset({family})))
        total += seconds
        rows.append((family, round(seconds, 3), round(1000 * seconds / audio.duration_s, 2)))
    rows.sort(key=lambda row: -float(row[1] or 0))
    rows.append(("all", round(total, 3), round(1000 * total / audio.duration_s, 2)))
    return rows


def _ffmpeg_loudness(ffmpeg: str, path: Path) -> None:
    command = [ffmpeg, "-nostdin", "-hide_banner", "-loglevel", "error", "-i", str(path)]
    subprocess.run([*command, "-af", "ebur128=peak=true", "-f", "null", "-"], check=True)


def _wall_s(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _cpu_s(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _repeated(audio: Audio, times: int) -> Audio:
    out = allocate(audio.channels, audio.frames * times)
    for turn in range(times):
        out[:, turn * audio.frames : (turn + 1) * audio.frames] = audio.samples
    return Audio(out, audio.sample_rate_hz)


def _write_song(path: Path, duration_s: int) -> None:
    import soundfile

    with soundfile.SoundFile(path, "w", RATE_HZ, 2, subtype="PCM_24") as file:
        for bar in range(duration_s // 2):
            file.write(_bar(bar).T)


def _bar(number: int) -> FloatArray:
    """Two seconds of plucked chord, bass, drums and some hiss, (2, frames), seeded by number."""
    rng = np.random.default_rng(number)
    time_s = np.arange(2 * RATE_HZ) / RATE_HZ
    root_hz = 110 * 2 ** (float(rng.choice([0, 3, 5, 7])) / 12)
    out = 0.002 * rng.standard_normal((2, time_s.size))
    for step, left in ((0, 0.6), (4, 0.3), (7, 0.5), (12, 0.8)):
        note_hz = root_hz * 2 ** (1 + step / 12)
        partials = [np.sin(2 * np.pi * k * note_hz * time_s) / k for k in range(1, 16)]
        out += (
            np.array([[left], [1 - left]]) * 0.08 * np.exp(-2 * time_s) * np.sum(partials, axis=0)
        )
    beat_s = np.mod(time_s, 0.5)
    out += 0.4 * np.exp(-18 * beat_s) * np.sin(2 * np.pi * (50 * beat_s - 3 * np.exp(-40 * beat_s)))
    snare = 0.15 * np.exp(-25 * np.mod(time_s + 0.5, 1.0)) * rng.standard_normal(time_s.size)
    out += snare
    return np.asarray(np.clip(out, -0.95, 0.95), dtype=np.float32)
