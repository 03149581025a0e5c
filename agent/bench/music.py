"""`make music`: fetch the music that tuning and benchmarks stand on, and say what it is.

`python -m mixmend.agent.bench.music --from DIR` uses packages that are already unpacked in DIR.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from mixmend.agent.bench.table import Table
from mixmend.model.corpus import PACKAGES, Corpus, Song, fetch_music
from mixmend.model.engine import Progress
from mixmend.tools.errors import InputError

NAME = "music"


def run(
    *,
    quick: bool = False,
    on_progress: Callable[[str], None] | None = None,
    from_dir: Path | None = None,
    cache_dir: Path | None = None,
) -> Table:
    """Fetch (or find in `from_dir`) the packages and table their songs and licences.

    `quick` takes one small package of each part only. Raises InputError as `fetch_music` does.
    """
    names = ("unknown-horizons", "hyperrogue-music") if quick else None

    def tell(progress: Progress) -> None:
        if on_progress is not None:
            on_progress(f"{progress.fraction:5.0%} {progress.label}")

    return tabulate(fetch_music(cache_dir, names, from_dir=from_dir, on_progress=tell))


def tabulate(corpus: Corpus) -> Table:
    """One row a package: part of the split, songs, hours, artists, licences."""
    rows = []
    for package in PACKAGES:
        held = [song for song in corpus.songs if song.package == package.name]
        if not held:
            continue
        rows.append(
            (
                package.name,
                package.split,
                float(len(held)),
                round(_hours(held), 2),
                float(sum(song.clipped for song in held)),
                float(sum(song.mono for song in held)),
                float(len({song.artist for song in held if song.artist})),
                ", ".join(sorted({song.licence for song in held})),
            )
        )
    facts = {
        f"{part} songs, hours": f"{len(corpus.part(part))}, {_hours(corpus.part(part)):.1f}"
        for part in ("train", "held_out")
    }
    left_out = sum(song.split is None for song in corpus.songs)
    return Table(
        "Music",
        ("package", "part", "songs", "hours", "clipped", "mono", "artists", "licences"),
        tuple(rows),
        facts,
        (f"{left_out} songs of training packages are by artists of held-out ones: used nowhere.",),
    )


def _hours(held: list[Song] | tuple[Song, ...]) -> float:
    return sum(song.duration_s for song in held) / 3600


def _show(text: str) -> None:
    print(text, file=sys.stderr)


def main() -> int:
    """The command of this module; exit code 0, or 2 with one sentence on stderr."""
    parser = argparse.ArgumentParser(prog="mixmend-music", description=__doc__)
    parser.add_argument("--from", dest="from_dir", type=Path, metavar="DIR")
    parser.add_argument("--quick", action="store_true", help="one small package of each part")
    options = parser.parse_args()
    try:
        table = run(quick=options.quick, from_dir=options.from_dir, on_progress=_show)
    except InputError as error:
        print(f"mixmend: {error}", file=sys.stderr)
        return error.exit_code
    print(table.to_markdown())
    return 0


if __name__ == "__main__":
    sys.exit(main())
