"""The music everything is tuned and judged on: fetched from Debian packages, split, excerpted.

Split by package and by artist, never by clip: a song of a training package whose artist is also
heard in a held-out package belongs to neither. Every song keeps its licence. All of it went through
a lossy codec once, so `excerpt` gives nothing above a file's own cut-off to learn from.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from mixmend.model.corpus_fetch import unpack_package
from mixmend.model.engine import OnProgress, Progress
from mixmend.model.licences import Grant, grant_of, parse_copyright
from mixmend.tools.audio import Audio, FloatArray
from mixmend.tools.errors import InputError

Split = Literal["train", "held_out"]
RATE_HZ = 44100
SHORTEST_S = 45.0
CACHE_VARIABLE = "MIXMEND_MUSIC"
_INDEX = "index.json"
_INDEX_VERSION = 2
_SOUND_SUFFIXES = {".ogg", ".oga", ".opus", ".flac", ".mp3", ".wav"}
# Long recordings that are no music: noises of games by folder, and a few that lie among the music.
_NOISE_FOLDERS = {"sounds", "soundfx", "sfx", "tilesets", "library", "voice", "speech"}
_NOISES = {"waves", "wind_ambient", "steamLocomotive", "static-radio"}


@dataclass(frozen=True)
class Package:
    """A Debian package with music; `licence` is for files its copyright file does not name."""

    name: str
    split: Split
    licence: str


PACKAGES: tuple[Package, ...] = (
    Package("wesnoth-1.16-music", "train", "GPL-2+"),
    Package("naev-data", "train", "GPL-3+"),
    Package("supertux-data", "train", "GPL-2+"),
    Package("warzone2100-music", "train", "CC-BY-SA-3.0 or GPL-2+"),
    Package("unknown-horizons", "train", "GPL-2+"),
    Package("colobot-common-sounds", "train", "GPL-3+"),
    Package("megaglest-data", "train", "CC-BY-SA-3.0"),
    Package("nexuiz-music", "train", "GPL-2+"),
    Package("ufoai-music", "train", "GPL-2+"),
    Package("widelands-data", "train", "GPL-2+"),
    Package("hedgewars-data", "train", "GPL-2"),
    Package("singularity-music", "train", "CC-BY-SA-3.0"),
    Package("davegnukem-data", "train", "Expat or GPL-2 or GPL-3"),
    Package("warmux-data", "train", "GPL-2+"),
    Package("starfighter-data", "train", "GPL-2+"),
    Package("pushover-data", "train", "GPL-3+"),
    Package("ardentryst", "train", "CC-BY-SA-3.0"),
    Package("trackballs-data", "train", "GPL-2+"),
    Package("wizznic-data", "train", "GPL-3"),
    Package("openclonk-data", "train", "CC-BY-3.0"),
    Package("amoebax-data", "train", "Free-Art-License-1.2"),
    Package("adonthell-data", "train", "GPL-2+"),
    Package("xmoto-data", "train", "GPL-2+"),
    Package("extremetuxracer-data", "train", "GPL-2+"),
    Package("lordsawar-data", "train", "GPL-3+"),
    Package("btanks-data", "train", "GPL-2+"),
    Package("zaz-data", "train", "CC-BY-SA-3.0"),
    Package("asc-music", "train", "GPL-2+"),
    Package("frozen-bubble-data", "train", "GPL-2"),
    Package("hex-a-hop-data", "train", "CC-BY-SA-3.0"),
    Package("lincity-ng-data", "train", "GPL-2+"),
    Package("powermanga-data", "train", "GPL-3+"),
    Package("hyperrogue-music", "held_out", "CC-BY-SA-3.0"),
    Package("marsshooter-data", "held_out", "CC-BY-SA-3.0"),
    Package("supertuxkart-data", "held_out", "CC-BY-SA-3.0"),
    Package("freedroidrpg-data", "held_out", "GPL-2+"),
    Package("flare-game", "held_out", "CC-BY-SA-3.0"),
)


@dataclass(frozen=True)
class Song:
    """A piece of music on this machine, over 45 s long.

    `clipped` and `mono` are judged on excerpts: leave such songs out where it matters.
    """

    path: Path
    package: str
    artist: str | None
    duration_s: float
    licence: str
    split: Split | None
    clipped: bool
    mono: bool


@dataclass(frozen=True)
class Corpus:
    """All songs that were found, in a fixed order."""

    songs: tuple[Song, ...]

    def part(self, split: Split) -> tuple[Song, ...]:
        """The songs of one part of the split."""
        return tuple(song for song in self.songs if song.split == split)


def default_cache_dir() -> Path:
    """`MIXMEND_MUSIC` if set, else `~/.cache/mixmend/music`."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen) if chosen else Path.home() / ".cache" / "mixmend" / "music"


def fetch_music(
    cache_dir: Path | None = None,
    packages: Iterable[str] | None = None,
    *,
    from_dir: Path | None = None,
    on_progress: OnProgress | None = None,
) -> Corpus:
    """Download and unpack what is missing, look at every new song, and write the index.

    `from_dir` has packages already unpacked, one folder each: they are used where they lie, and
    remembered. Packages that are not asked for stay in the index. Raises InputError where there is
    no apt, or a package cannot be had.
    """
    cache = cache_dir or default_cache_dir()
    names = tuple(packages) if packages is not None else tuple(p.name for p in PACKAGES)
    chosen = [package for package in PACKAGES if package.name in names]
    if unknown := set(names) - {package.name for package in chosen}:
        raise InputError(
            f"there is no music package called {sorted(unknown)[0]!r}; known are "
            + ", ".join(package.name for package in PACKAGES)
            + "."
        )
    known = _still_there(cache)
    found = [song for song in known if song.package not in names]
    for done, package in enumerate(chosen):
        if on_progress is not None:
            on_progress(Progress(done / len(chosen), f"music from {package.name}"))
        held = [song for song in known if song.package == package.name]
        if held and from_dir is None:
            found.extend(held)
            continue
        folder = (from_dir or cache) / package.name
        if not folder.is_dir():
            if from_dir is not None:
                raise InputError(f"{from_dir} has no folder {package.name}; unpack it there.")
            unpack_package(package.name, folder, _SOUND_SUFFIXES)
        found.extend(_songs_of(package, folder))
    corpus = Corpus(_without_shared_artists(found))
    _write_index(corpus, cache)
    if on_progress is not None:
        on_progress(Progress(1.0, f"{len(corpus.songs)} songs"))
    return corpus


def load_corpus(cache_dir: Path | None = None) -> Corpus:
    """The corpus fetched before; raises InputError when there is none."""
    index = (cache_dir or default_cache_dir()) / _INDEX
    if index.is_file():
        stored = json.loads(index.read_text(encoding="utf-8"))
        if stored.get("version") == _INDEX_VERSION:
            return Corpus(tuple(_song_from(each) for each in stored["songs"]))
    raise InputError("the music for benchmarks and training is not here yet; run: make music")


def _still_there(cache: Path) -> list[Song]:
    """Songs of the last index, of packages whose files are all still there."""
    try:
        listed = load_corpus(cache).songs
    except InputError:  # none yet, or one of an earlier version
        return []
    parts = {package.name: package.split for package in PACKAGES}
    gone = {song.package for song in listed if not song.path.is_file()}
    return [
        replace(song, split=parts[song.package])
        for song in listed
        if song.package in parts and song.package not in gone
    ]


def songs(split: Split, cache_dir: Path | None = None) -> tuple[Song, ...]:
    """The songs of one part of the split, from the index; InputError before `fetch_music`."""
    if split not in get_args(Split):
        raise InputError(f"{split!r} is no part of the music; choose train or held_out.")
    return load_corpus(cache_dir).part(split)


def music_in(folder: Path) -> tuple[Song, ...]:
    """Songs over 45 s in a folder of one's own; raises InputError where there is none."""
    found = _songs_of(Package("own", "train", "own"), folder) if folder.is_dir() else []
    if not found:
        kinds = ", ".join(sorted(suffix[1:] for suffix in _SOUND_SUFFIXES))
        raise InputError(f"{folder} holds no music of {SHORTEST_S:.0f} s or more ({kinds}).")
    return tuple(found)


def excerpt(song: Song, start_fraction: float, duration_s: float) -> Audio:
    """A stretch of a song as (2, frames) at 44.1 kHz, shortened only by the end of the song.

    `start_fraction` 0..1 says how far into what can be a start it begins.
    """
    latest_s = max(0.0, song.duration_s - duration_s)
    return _read(song.path, start_fraction * latest_s, duration_s)


def _read(path: Path, start_s: float, duration_s: float) -> Audio:
    import soundfile

    with soundfile.SoundFile(path) as sound:
        rate = sound.samplerate
        sound.seek(min(round(start_s * rate), max(0, sound.frames - 1)))
        read = sound.read(round(duration_s * rate), dtype="float32", always_2d=True)
    samples: FloatArray = np.ascontiguousarray(read.T[:2])
    if samples.shape[0] == 1:
        samples = np.repeat(samples, 2, axis=0)
    return Audio(_resampled(samples, rate), RATE_HZ)


def _resampled(samples: FloatArray, rate_hz: int) -> FloatArray:
    if rate_hz == RATE_HZ:
        return samples
    from scipy.signal import resample_poly

    divisor = int(np.gcd(rate_hz, RATE_HZ))
    changed = resample_poly(samples, RATE_HZ // divisor, rate_hz // divisor, axis=1)
    return np.ascontiguousarray(changed, dtype=np.float32)


def _songs_of(package: Package, folder: Path) -> list[Song]:
    grants = _grants(folder)
    found = []
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.suffix.lower() in _SOUND_SUFFIXES and _is_music(inside):
            song = _song(path, inside.as_posix(), package, grants)
            if song is not None:
                found.append(song)
    return found


def _is_music(inside: Path) -> bool:
    return inside.stem not in _NOISES and _NOISE_FOLDERS.isdisjoint(inside.parts)


def _grants(folder: Path) -> tuple[Grant, ...]:
    return tuple(
        grant
        for path in sorted(folder.rglob("copyright"))
        for grant in parse_copyright(path.read_text(encoding="utf-8", errors="replace"))
    )


def _song(path: Path, inside: str, package: Package, grants: tuple[Grant, ...]) -> Song | None:
    import soundfile

    try:
        duration_s = soundfile.info(path).duration
    except soundfile.LibsndfileError:
        return None  # packages also hold a few files in other formats under these names
    if duration_s < SHORTEST_S:
        return None
    grant = grant_of(inside, grants)
    holder = grant.holder if grant is not None and grant.is_specific else ""
    looks = [_read(path, share * (duration_s - 8), 8.0).samples for share in (0.3, 0.7)]
    return Song(
        path=path.resolve(),
        package=package.name,
        artist=_tagged_artist(path) or holder or None,
        duration_s=duration_s,
        licence=grant.licence if grant is not None else package.licence,
        split=package.split,
        clipped=any(_is_clipped(samples) for samples in looks),
        mono=all(_is_mono(samples) for samples in looks),
    )


def _is_clipped(samples: FloatArray) -> bool:
    """More than one sample in 5000 sits in the top 2 % of the range: flat tops, coded or not."""
    peak = float(np.max(np.abs(samples)))
    return peak > 0.5 and float(np.mean(np.abs(samples) > 0.98 * min(peak, 1.0))) > 2e-4


def _is_mono(samples: FloatArray) -> bool:
    middle = float(np.sum(np.square(samples[0] + samples[1])))
    side = float(np.sum(np.square(samples[0] - samples[1])))
    return side <= 1e-5 * middle


def _tagged_artist(path: Path) -> str:
    import mutagen

    try:
        tags = mutagen.File(path, easy=True)
    except mutagen.MutagenError:
        return ""
    artists = (tags.tags or {}).get("artist", []) if tags is not None else []
    name = str(artists[0]).strip() if artists else ""
    return "" if name.lower() in {"", "unknown", "<unknown>", "unknown artist"} else name


def _without_shared_artists(found: Iterable[Song]) -> tuple[Song, ...]:
    everything = sorted(found, key=lambda song: (song.package, str(song.path)))
    held_out = {
        name for song in everything if song.split == "held_out" for name in _names(song.artist)
    }
    return tuple(
        replace(song, split=None)
        if song.split == "train" and held_out & _names(song.artist)
        else song
        for song in everything
    )


def _names(artist: str | None) -> set[str]:
    parts = re.split(r"\s+and\s+|[&,/;]|\bfeat\.?\b", (artist or "").lower())
    return {part.strip() for part in parts if part.strip()}


def _write_index(corpus: Corpus, cache: Path) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    listed = [{**asdict(song), "path": str(song.path)} for song in corpus.songs]
    text = json.dumps({"version": _INDEX_VERSION, "songs": listed}, indent=1)
    unfinished = cache / f".{_INDEX}.{os.getpid()}"
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(cache / _INDEX)


def _song_from(stored: dict[str, object]) -> Song:
    fields: dict[str, Any] = {**stored, "path": Path(str(stored["path"]))}
    return Song(**fields)
