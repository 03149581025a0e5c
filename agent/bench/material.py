"""Excerpts of held-out songs for the benchmarks: nothing was ever tuned on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mixmend.model.corpus import Song, excerpt, songs
from mixmend.tools.audio import Audio
from mixmend.tools.errors import InputError


@dataclass(frozen=True, eq=False)
class Excerpt:
    """A piece of a song: `audio` (2, frames) at 44.1 kHz."""

    name: str
    package: str
    audio: Audio


def held_out(count: int, duration_s: float) -> Iterator[Excerpt]:
    """Excerpts of `count` songs, spread over all held-out packages, unclipped and in stereo.

    Raises InputError when the music is not there or not enough of it.
    """
    chosen = held_out_songs(count)
    for song in chosen:
        yield Excerpt(song.path.stem, song.package, excerpt(song, 0.35, duration_s))


def held_out_songs(count: int) -> list[Song]:
    """Songs in turn from each package, always the same ones."""
    by_package: dict[str, list[Song]] = {}
    for song in songs("held_out"):
        if not song.clipped and not song.mono:
            by_package.setdefault(song.package, []).append(song)
    chosen: list[Song] = []
    row = 0
    while len(chosen) < count and any(row < len(found) for found in by_package.values()):
        for found in by_package.values():
            if row < len(found) and len(chosen) < count:
                chosen.append(sorted(found, key=lambda song: song.path.name)[row])
        row += 1
    if len(chosen) < count:
        raise InputError(
            f"there are only {len(chosen)} held-out songs here; `make music` fetches them."
        )
    return chosen
