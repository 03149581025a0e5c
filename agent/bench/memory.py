"""Peak memory of the commands on long sound: an hour of stereo 48 kHz must stay under 1.5 GB.

Each command runs as a process of its own; the figure is the system's highest resident size of
that process (`ru_maxrss`), scratch files that are mapped into memory included.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mixmend.agent.bench.table import Table
from mixmend.tools.audio import FloatArray
from mixmend.tools.errors import MixmendError

NAME = "memory"
LIMIT_MB = 1500.0
RATE_HZ = 48000
_PIECE_S = 10
_FULL_MIN, _QUICK_MIN = 60, 5


def run(
    *,
    quick: bool = False,
    on_progress: Callable[[str], None] | None = None,
    minutes: int | None = None,
) -> Table:
    """Every command on a song of `minutes` (60; 5 when quick): peak memory and CPU time.

    Raises MixmendError when a command fails.
    """
    length = minutes or (_QUICK_MIN if quick else _FULL_MIN)
    rows = []
    with tempfile.TemporaryDirectory(prefix="mixmend-memory-") as name:
        folder = Path(name)
        song = folder / "long.flac"
        write_song(song, length)
        for label, arguments in _commands(song, folder).items():
            if on_progress:
                on_progress(label)
            peak_mb, cpu_s = peak_of(arguments, folder)
            rows.append((label, round(peak_mb), round(cpu_s), peak_mb <= LIMIT_MB))
    worst = max(float(row[1]) for row in rows)
    return Table(
        title=f"Peak memory on {length} min of stereo 48 kHz",
        columns=("command", "peak MB", "CPU s", f"under {LIMIT_MB:.0f} MB"),
        rows=tuple((row[0], row[1], row[2], "yes" if row[3] else "no") for row in rows),
        facts={"minutes": float(length), "worst_mb": worst, "limit_mb": LIMIT_MB,
               "all_under_limit": worst <= LIMIT_MB},
        notes=(
            "The highest resident size of each process, mapped scratch files included; as 32-bit "
            f"float this song alone is {length * 60 * RATE_HZ * 8 / 1e6:.0f} MB.",
        ),
    )  # fmt: skip


def _commands(song: Path, folder: Path) -> dict[str, list[str]]:
    damaged = str(folder / "damaged.flac")
    return {
        "measure": ["measure", str(song), "--json"],
        "check": ["check", str(song), "--json"],
        "degrade": ["degrade", str(song), "--kind", "bright", "-o", damaged, "--json"],
        "restore": ["restore", damaged, "--engine", "dsp", "--instruction", "Make it brighter.",
                    "-o", str(folder / "restored.wav"), "--json"],
        "mend": ["mend", damaged, "make it brighter", "--max-passes", "1",
                 "-o", str(folder / "mended.wav"), "--json"],
    }  # fmt: skip


def peak_of(arguments: list[str], home: Path) -> tuple[float, float]:
    """Run `mixmend ARGUMENTS` in a process; its highest resident size in MB and its CPU seconds."""
    environment = {**os.environ, "MIXMEND_HOME": str(home / "sessions"), "TMPDIR": str(home)}
    with (home / "stderr.txt").open("w+") as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", "mixmend.ui.cli", *arguments],
            stdout=subprocess.DEVNULL, stderr=errors, env=environment,
        )  # fmt: skip
        _pid, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        said = errors.read()
    if child.returncode != 0:
        raise MixmendError(f"mixmend {arguments[0]} failed ({child.returncode}): {said.strip()}")
    kilo = 1024 if sys.platform == "linux" else 1
    return used.ru_maxrss * kilo / 1e6, used.ru_utime + used.ru_stime


def write_song(path: Path, minutes: int) -> None:
    """A long song of our own in 16-bit FLAC: decaying chords, panned, never silent."""
    import soundfile

    rng = np.random.default_rng(1)
    pieces = [np.ascontiguousarray(_piece(rng).T) for _ in range(6)]
    with soundfile.SoundFile(path, "w", RATE_HZ, 2, "PCM_16", format="FLAC") as out:
        for _ in range(minutes * 60 // _PIECE_S):
            out.write(pieces[rng.integers(len(pieces))])


def _piece(rng: np.random.Generator) -> FloatArray:
    """Ten seconds (2, frames): two chords a second over a bass, a soft noise on each beat."""
    beat = RATE_HZ // 2
    time_s = np.arange(beat) / RATE_HZ
    out = np.empty((2, _PIECE_S * RATE_HZ), dtype=np.float32)
    for index in range(_PIECE_S * 2):
        root = 110.0 * 2 ** (rng.integers(0, 12) / 12)
        chord = np.zeros((2, beat))
        for ratio, left in ((0.5, 0.5), (1.0, 0.7), (1.26, 0.3), (1.5, 0.5)):
            tone = sum(np.sin(2 * np.pi * root * ratio * k * time_s) / k for k in range(1, 9))
            chord += np.array([[left], [1 - left]]) * tone * np.exp(-3 * time_s)
        noise = rng.standard_normal((2, beat)) * np.exp(-30 * time_s)
        out[:, index * beat : (index + 1) * beat] = 0.08 * chord + 0.05 * noise
    return out
