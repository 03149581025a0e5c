"""`make demo`: a real song, damaged in three ways, mended by asking in plain words.

The song comes from a free Debian package when apt can fetch it (or it is cached already), else it
is a piece of our own that ships with Mixmend.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import click

from mixmend.tools.audio import Audio
from mixmend.tools.errors import MixmendError

FOLDER = Path("demo")
PACKAGE = "hyperrogue-music"
KINDS = ("bright", "mix")
# The gentlest of the published three, so that something is left to rebuild from.
CLIPPING = {"gain": 2, "full_scale": 1.0}
SEED = 3
WORDS = "It is dull, it sounds like an empty hall, and it crackles when it gets loud."
LENGTH_S = 60.0


@dataclass(frozen=True)
class DemoSong:
    """The song before it is damaged, and where it is from."""

    audio: Audio
    name: str


def main() -> int:
    """Run the demo in the folder `demo`; returns the exit code."""
    from mixmend.agent.mend import MendRequest
    from mixmend.model.degrade import degrade, degrade_many
    from mixmend.tools.writing import write_sound
    from mixmend.ui.commands_talk import mend_and_show

    try:
        FOLDER.mkdir(exist_ok=True)
        song = find_song()
        click.echo(f"The song: {song.name}")
        damaged_audio = degrade_many(song.audio, KINDS, SEED).audio
        damaged_audio = degrade(damaged_audio, "clip", SEED, parameters=CLIPPING).audio
        original, damaged = FOLDER / "original.wav", FOLDER / "damaged.wav"
        write_sound(original, song.audio)
        write_sound(damaged, damaged_audio)
        click.echo(f"Damaged on purpose (treble cut, a room, clipping): {damaged.resolve()}\n")
        mend_and_show(
            MendRequest(path=damaged, out=FOLDER / "mended.wav", words=WORDS),
            FOLDER / "report.html",
            as_json=False,
        )
        click.echo(f"To compare: {original.resolve()} is how it was before it was damaged.")
    except MixmendError as error:
        sys.stderr.write(f"mixmend: {error}\n")
        return error.exit_code
    return 0


def find_song() -> DemoSong:
    """A minute of a real song from the cache or from apt, else our own piece."""
    from mixmend.model.corpus import default_cache_dir, excerpt, fetch_music
    from mixmend.tools.reading import read_sound

    try:
        # A place of its own: the index of all music is for the benchmarks.
        corpus = fetch_music(default_cache_dir().parent / "demo-music", packages=(PACKAGE,))
        chosen = min(
            (song for song in corpus.songs if not song.clipped and not song.mono),
            key=lambda song: song.path.name,
        )
        return DemoSong(
            excerpt(chosen, 0.3, LENGTH_S),
            f"{chosen.path.stem} ({chosen.artist or 'HyperRogue'}, {chosen.licence})",
        )
    except (MixmendError, ValueError) as error:
        click.echo(f"(No song could be fetched, so this is our own piece. {error})")
    with resources.as_file(
        resources.files("mixmend.ui").joinpath("data/harbour_lights.ogg")
    ) as path:
        return DemoSong(read_sound(path).audio, "Harbour Lights, our own piece")


if __name__ == "__main__":
    sys.exit(main())
