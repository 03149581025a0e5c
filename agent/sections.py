"""Named parts of a song ("the chorus", "the quiet parts") as times, guessed from its loudness.

Nothing here knows what a chorus is: the loud stretches are taken for choruses and the softer ones
between them for verses, and the answer says so, so that the user can give times instead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.measurement import Measurement, Span

_LEAST_STRETCH_S = 4
_EDGE_SHARE = 0.12
_LONGEST_EDGE_S = 30.0


@dataclass(frozen=True)
class Section:
    """Where a named part was taken to be, and in words on what grounds."""

    spans: tuple[Span, ...]
    grounds: str


def find_section(name: str, measurement: Measurement, nth: int | None = None) -> Section:
    """Times of a named part; `nth` picks one of several (1 is the first, -1 the last).

    `spans` is empty when the song gives no answer (too short, or the name is unknown).
    """
    wanted = name.strip().lower()
    duration_s = measurement.duration_s
    if duration_s < 2 * _LEAST_STRETCH_S:
        return Section((), "the song is too short to have parts")
    level = _smooth_level(measurement)
    if wanted in ("intro", "beginning", "start"):
        end_s = _edge_s(level, duration_s)
        return Section(((0.0, end_s),), f"I took the first {end_s:.0f} s as the intro")
    if wanted in ("outro", "ending", "end"):
        length_s = _edge_s(level[::-1], duration_s)
        return Section(
            ((duration_s - length_s, duration_s),), f"I took the last {length_s:.0f} s as the outro"
        )
    if wanted in ("first half", "second half"):
        half_s = duration_s / 2
        first = wanted == "first half"
        half = (0.0, half_s) if first else (half_s, duration_s)
        edge = "up to" if first else "from"
        return Section((half,), f"I took the song {edge} {half_s:.0f} s as the {wanted}")
    middle = float(np.median(level))
    loud = level >= (middle + float(np.percentile(level, 85))) / 2
    soft = level <= (middle + float(np.percentile(level, 15))) / 2
    if wanted in ("chorus", "loud parts", "drop", "hook"):
        spans, grounds = _stretches(loud), f"I took the louder stretches for the {wanted}"
    elif wanted == "quiet parts":
        spans, grounds = _stretches(soft), f"I took the softest stretches for the {wanted}"
    elif wanted == "verse":
        spans = _stretches(~loud)
        grounds = f"I took the stretches between the loud ones for the {wanted}"
    elif wanted in ("bridge", "solo", "middle"):
        third = duration_s / 3
        spans = ((third, 2 * third),)
        grounds = f"I took the middle third of the song for the {wanted}"
    else:
        return Section((), f"I cannot tell where the {name} is")
    if nth is not None and spans:
        index = nth - 1 if nth > 0 else nth
        spans = (spans[min(index, len(spans) - 1)],)
    return Section(tuple(spans), grounds)


def _smooth_level(measurement: Measurement) -> NDArray[np.float64]:
    """Level once a second over 5 s, LUFS; unmeasured seconds count as very soft."""
    series = [-70.0 if x is None else x for x in measurement.timeline.short_term_lufs]
    if not series:
        return np.zeros(max(1, int(measurement.duration_s)))
    padded = np.pad(np.asarray(series, dtype=np.float64), 2, mode="edge")
    return np.convolve(padded, np.ones(5) / 5, mode="valid")


def _edge_s(level: NDArray[np.float64], duration_s: float) -> float:
    """Seconds until the level first reaches the song's median, within sensible bounds."""
    longest = min(_LONGEST_EDGE_S, duration_s / 3)
    usual = min(longest, max(_LEAST_STRETCH_S, _EDGE_SHARE * duration_s))
    reached = np.flatnonzero(level >= np.median(level) - 1.0)
    if reached.size and _LEAST_STRETCH_S <= reached[0] <= longest:
        return float(reached[0])
    return float(usual)


def _stretches(wanted: NDArray[np.bool_]) -> tuple[Span, ...]:
    """Runs of true seconds that last at least a few seconds; short breaks are bridged."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], wanted.astype(np.int8), [0]])))
    runs = [[int(a), int(b)] for a, b in edges.reshape(-1, 2)]
    merged: list[list[int]] = []
    for run in runs:
        if merged and run[0] - merged[-1][1] <= 2:
            merged[-1][1] = run[1]
        else:
            merged.append(run)
    return tuple((float(a), float(b)) for a, b in merged if b - a >= _LEAST_STRETCH_S)
