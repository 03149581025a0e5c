"""Music to learn from in a compact form: log mel spectra of clips, clean and damaged.

A pack is a folder with `pack.json` (what each clip is), `mels.u8` (levels in half decibels, one
byte each) and `stats.f16` (statistics of each clip as a whole), so that an hour of music fits some
hundred megabytes and can be fed to a machine without a network. What a filter does to a song is a
curve added to every frame and is drawn while training; what only a waveform can show (compression,
softened attacks, rooms) is damaged here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mixmend.model.corpus import Song, excerpt
from mixmend.model.damage import peak, rms, without_dc
from mixmend.model.damage_dynamics import DYNAMICS_KINDS
from mixmend.model.damage_space import SPACE_KINDS
from mixmend.model.mend_mel import (
    BANDS,
    HEARD_FLOOR_DB,
    HOP,
    RATE_HZ,
    SIDES,
    Mel,
    as_heard,
    log_mel_db,
)
from mixmend.model.mend_stats import PER_BAND, song_stats
from mixmend.tools.audio import Audio
from mixmend.tools.errors import InputError

CLIP_S = 30.0
FRAMES = int(CLIP_S * RATE_HZ) // HOP
_INDEX, _DATA, _STATS = "pack.json", "mels.u8", "stats.f16"
_STEPS_PER_DB = 2
_FAINTEST_RMS = 0.003
_EMPTY_DB = -92.0

ROOMS = ("small", "big", "mix", "real")
DYNAMICS = ("comp", "punch")


@dataclass(frozen=True)
class Version:
    """One damaged version of a clip: the kinds done to it, in order.

    `gain_db` is what the clean clip must be raised by to be the aim: rooms make a song louder or
    softer as a whole, and nothing could tell how much.
    """

    kinds: tuple[str, ...]
    gain_db: float


@dataclass(frozen=True)
class Clip:
    """Where a clip is from; `top_band` is the first band above the file's own cut-off."""

    song: str
    package: str
    top_band: int
    versions: tuple[Version, ...]


class Pack:
    """A pack on disk, read as it is needed; version 0 of every clip is the clean one."""

    def __init__(self, folder: Path) -> None:
        try:
            listed = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError(f"{folder} holds no pack of music; make one first.") from error
        self.clips = tuple(_clip_from(each) for each in listed["clips"])
        self._starts = np.cumsum([0, *(len(clip.versions) for clip in self.clips)])
        count = int(self._starts[-1])
        self._data = np.memmap(
            folder / _DATA, dtype=np.uint8, mode="r", shape=(count, SIDES, FRAMES, BANDS)
        )
        self._stats = np.fromfile(folder / _STATS, np.float16, count * PER_BAND * SIDES * BANDS)
        self._stats = self._stats.reshape(count, PER_BAND, SIDES, BANDS)

    def mel_db(self, clip: int, version: int, start: int = 0, frames: int = FRAMES) -> Mel:
        """Levels (2, frames, bands) of a version of a clip from frame `start` on, dB."""
        return decoded(self._data[self._starts[clip] + version, :, start : start + frames])

    def stats(self, clip: int, version: int) -> NDArray[np.float32]:
        """`song_stats` (9, 2, 96) of a version of a clip; a copy."""
        return np.asarray(self._stats[self._starts[clip] + version], np.float32).copy()


def encoded(mel_db: Mel) -> NDArray[np.uint8]:
    """Half decibels above the floor, one byte each."""
    steps = np.clip(np.rint((mel_db - HEARD_FLOOR_DB) * _STEPS_PER_DB), 0, 255)
    return np.asarray(steps, dtype=np.uint8)


def decoded(levels: NDArray[np.uint8]) -> Mel:
    """The levels in dB again."""
    return np.asarray(levels / _STEPS_PER_DB + HEARD_FLOOR_DB, dtype=np.float32)


def make_pack(
    songs: Sequence[Song],
    folder: Path,
    *,
    clips: int,
    seed: int = 0,
    on_clip: Callable[[int, int], None] | None = None,
) -> int:
    """Write up to `clips` clips of unclipped stereo songs; how many it became.

    The index is rewritten every 20 clips, so that a pack can be used while it grows.
    """
    usable = [song for song in songs if not song.clipped]
    if not usable:
        raise InputError("there is no song to learn from; give longer, unclipped music.")
    folder.mkdir(parents=True, exist_ok=True)
    done: list[Clip] = []
    with (folder / _DATA).open("wb") as data, (folder / _STATS).open("wb") as told:
        for number in range(clips):
            made = _make_clip(usable, seed, number)
            if made is not None:
                clip, mels = made
                for mel in mels:
                    data.write(encoded(mel).tobytes())
                    told.write(song_stats(as_heard(mel)).astype(np.float16).tobytes())
                done.append(clip)
            if len(done) % 20 == 0 or number == clips - 1:
                data.flush()
                told.flush()
                _write_index(folder, done)
            if on_clip is not None:
                on_clip(number + 1, clips)
    return len(done)


def _write_index(folder: Path, clips: Sequence[Clip]) -> None:
    part = folder / f"{_INDEX}.part"
    part.write_text(json.dumps({"clips": [asdict(clip) for clip in clips]}), encoding="utf-8")
    part.replace(folder / _INDEX)


def _clip_from(stored: dict[str, object]) -> Clip:
    versions = stored["versions"]
    assert isinstance(versions, list)
    return Clip(
        str(stored["song"]),
        str(stored["package"]),
        int(str(stored["top_band"])),
        tuple(Version(tuple(each["kinds"]), float(each["gain_db"])) for each in versions),
    )


def _make_clip(usable: Sequence[Song], seed: int, number: int) -> tuple[Clip, list[Mel]] | None:
    rng = np.random.default_rng([seed, number])
    # Every song in turn, so that a long one does not count for more than a few short ones.
    song = usable[int(np.random.default_rng([seed, number // len(usable)]).permutation(
        len(usable))[number % len(usable)])]  # fmt: skip
    sound = without_dc(excerpt(song, float(rng.random()), CLIP_S))
    if sound.frames < CLIP_S * RATE_HZ * 0.99 or rms(sound) < _FAINTEST_RMS:
        return None
    clean = log_mel_db(sound.samples)[:, :FRAMES]
    if clean.shape[1] < FRAMES:
        return None
    versions, mels = [Version((), 0.0)], [clean]
    for version, mel in _damaged(sound, rng, seed * 100_003 + number):
        versions.append(version)
        mels.append(mel)
    high = np.percentile(clean[0], 99, axis=0) > _EMPTY_DB
    top = int(np.flatnonzero(high).max()) + 1 if high.any() else 0
    return Clip(song.path.stem, song.package, top, tuple(versions)), mels


def _damaged(sound: Audio, rng: np.random.Generator, seed: int) -> Iterator[tuple[Version, Mel]]:
    squashed = _played(sound, "comp", seed)
    softened = _played(sound, "punch", seed)
    yield _version(squashed, ("comp",))
    yield _version(softened, ("punch",))
    first, second = rng.permutation(["shoebox", "real"]).tolist()
    for room, before in ((first, "none"), (second, rng.choice([*DYNAMICS, "none"]))):
        kind = "real" if room == "real" else str(rng.choice(ROOMS[:3]))
        source = {"comp": squashed, "punch": softened}.get(str(before), sound)
        kinds = (kind,) if source is sound else (str(before), kind)
        yield _version(_in_room(source, kind, int(rng.integers(_ROOMS_KEPT))), kinds)


def _version(sound: Audio, kinds: tuple[str, ...]) -> tuple[Version, Mel]:
    highest = peak(sound)
    scale_db = -20 * float(np.log10(highest / 0.9)) if highest > 1 else 0.0
    mel = log_mel_db(sound.samples)[:, :FRAMES] + np.float32(scale_db)
    return Version(kinds, 0.0 if "comp" in kinds else scale_db), mel


def _played(sound: Audio, kind: str, seed: int) -> Audio:
    rng = np.random.default_rng([seed, len(kind)])
    applied = DYNAMICS_KINDS[kind]
    return applied.apply(sound, applied.draw(rng, sound))


_ROOMS_KEPT = 60


def _in_room(sound: Audio, kind: str, number: int) -> Audio:
    from scipy.signal import oaconvolve

    responses = _responses(kind, number)
    wet = oaconvolve(sound.samples, responses, axes=1)[:, : sound.frames]
    return Audio(np.ascontiguousarray(wet, dtype=np.float32), sound.sample_rate_hz)


@cache
def _responses(kind: str, number: int) -> NDArray[np.float32]:
    """Response (1 or 2, taps) of one of the rooms of a kind, from an impulse put into it."""
    impulse = np.zeros((2, round(6.5 * RATE_HZ)), dtype=np.float32)
    impulse[:, 0] = 1.0
    still = Audio(impulse, RATE_HZ)
    place = SPACE_KINDS[kind]
    room = place.draw(np.random.default_rng([number, len(kind)]), still)
    heard = place.apply(still, room).samples
    loud = np.flatnonzero(np.abs(heard).max(axis=0) > 1e-5)
    heard = heard[:, : int(loud.max()) + 1]
    return heard if kind == "real" else heard[:1]
