"""Examples for training the SonicMaster network: songs damaged as published, encoded once.

Every clip of a window's length is damaged seven times: four times with one fault, twice with two,
once with three, at most one fault of a group, drawn with the published weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mixmend.model.corpus import Song, excerpt
from mixmend.model.degrade import GROUPS, degrade_many
from mixmend.model.sonic_config import HOP, RATE_HZ
from mixmend.tools.audio import Audio
from mixmend.tools.errors import UsageError

FAULTS = (1, 1, 1, 1, 2, 2, 3)
_GROUP_SHARES = {
    "eq": 0.4, "dynamics": 0.125, "reverb": 0.225, "amplitude": 0.125, "stereo": 0.125,
}  # fmt: skip
_KIND_WEIGHTS = {
    "xband": 7.0, "mic": 5.0, "bright": 3.0, "dark": 3.0, "airy": 2.0, "boom": 2.0, "clarity": 3.0,
    "mud": 3.0, "warm": 3.0, "vocal": 4.0, "comp": 2.5, "punch": 1.0, "small": 0.15, "big": 0.15,
    "mix": 0.3, "real": 0.4, "clip": 3.0, "volume": 1.0, "stereo": 1.0,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Pair:
    """A damaged clip, the clip, and the request for its repair."""

    degraded: Audio
    clean: Audio
    prompt: str


def draw_kinds(rng: np.random.Generator, faults: int, leave: Sequence[str] = ()) -> tuple[str, ...]:
    """So many kinds of damage, each of another group, with the published weights.

    Kinds in `leave` are never drawn. Raises UsageError when there are not as many groups.
    """
    groups = {
        group: [kind for kind in kinds if kind not in leave] for group, kinds in GROUPS.items()
    }
    names = [name for name, kinds in groups.items() if kinds]
    if not 1 <= faults <= len(names):
        raise UsageError(f"a song has one to {len(names)} faults, not {faults}.")
    shares = np.array([_GROUP_SHARES[name] for name in names])
    chosen = rng.choice(len(names), faults, replace=False, p=shares / shares.sum())
    found = []
    for index in chosen:
        kinds = groups[names[index]]
        weights = np.array([_KIND_WEIGHTS[kind] for kind in kinds])
        found.append(kinds[rng.choice(len(kinds), p=weights / weights.sum())])
    return tuple(found)


def damaged_pairs(
    songs: Sequence[Song], window_frames: int, *, clips: int, seed: int = 0
) -> Iterator[Pair]:
    """Seven pairs for each of `clips` clips, the songs in turns, from a place drawn by seed."""
    seconds = window_frames * HOP / RATE_HZ
    for clip in range(clips):
        song = songs[clip % len(songs)]
        rng = np.random.default_rng([seed, clip])
        clean = excerpt(song, float(rng.uniform(0, 1)), seconds)
        if clean.channels == 1:
            clean = Audio(np.repeat(clean.samples, 2, axis=0), clean.sample_rate_hz)
        # What was mono cannot be made wide again: there is nothing to learn from it.
        narrow = np.allclose(clean.samples[0], clean.samples[1], atol=1e-4)
        for version, faults in enumerate(FAULTS):
            kinds = draw_kinds(rng, faults, leave=("stereo",) if narrow else ())
            number = (seed * 1_000_003 + clip) * len(FAULTS) + version
            done = degrade_many(clean, kinds, number, hidden_clipping=True)
            yield Pair(done.audio, clean, done.instruction)
