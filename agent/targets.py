"""Loudness targets: what services play at, not rules an artist must obey.

Figures: Spotify, YouTube, Tidal normalise to about -14 LUFS; Apple Sound Check to -16; EBU R 128
asks -23 ±0.2; podcasts are commonly delivered at -16 (Apple Podcasts). Peak ceilings follow AES
TD1008 and EBU R 128 (-1 dBTP).
"""

from __future__ import annotations

from dataclasses import dataclass

from mixmend.agent.records import TargetName
from mixmend.tools.errors import UsageError

CEILING_DBTP = -1.0
KEEP_WITHIN_LU = 1.0


@dataclass(frozen=True)
class Target:
    """Loudness wanted and the true-peak ceiling; `lufs` None keeps the source's own loudness."""

    name: TargetName
    lufs: float | None
    ceiling_dbtp: float
    says: str


TARGETS: dict[TargetName, Target] = {
    "keep": Target("keep", None, CEILING_DBTP, "the loudness it came with"),
    "streaming": Target("streaming", -14.0, CEILING_DBTP, "what Spotify and YouTube play at"),
    "apple": Target("apple", -16.0, CEILING_DBTP, "what Apple Music plays at"),
    "broadcast": Target("broadcast", -23.0, CEILING_DBTP, "the European broadcast level, EBU R128"),
    "podcast": Target("podcast", -16.0, CEILING_DBTP, "what podcast players expect"),
    # Aimed a little below, because -9 LUFS is the most a CD may have.
    "cd": Target("cd", -9.2, -0.3, "a loud CD"),
    "vinyl": Target("vinyl", -14.0, CEILING_DBTP, "a level that cuts well to vinyl"),
    "club": Target("club", -9.0, CEILING_DBTP, "a level for clubs"),
}


def get_target(name: str) -> Target:
    """The target of that name; raises UsageError that lists them."""
    if name not in TARGETS:
        raise UsageError(f"there is no target {name!r}; choose one of {', '.join(TARGETS)}.")
    return TARGETS[name]
