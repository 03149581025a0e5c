"""Flat tops: runs of equal samples at the highest point of the wave, as hard clipping leaves them.

Works on any level, so later gain does not hide it. A run counts when both neighbours lie clearly
below it (a corner), which a slow sine does not show. A ceiling is a level that several runs share.
Sound that is made of steps anyway (naive square waves, sample-and-hold) has flat runs everywhere
or jumps into them from the other side; it is told apart by that and not called clipped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio, FloatArray, release

FRAME_S = 0.1
Indices = NDArray[np.intp]

_NEAR_TOP = 0.97  # of the frame's highest sample: where flat tops are looked for
_CORNER = 4.0  # both neighbours lie at least this many tolerances below
_LOWEST_LEVEL = 200.0  # in quantisation steps: below this every wave is made of steps
LONG = 5  # samples: a run that counts although no other run shares its level
_JUMP = 0.6  # of the frame's peak-to-peak range


@dataclass(frozen=True, eq=False)
class Runs:
    """Flat runs of one channel and polarity: first frame, length, level (of the polarity,
    positive), and the smaller step at the two ends as a share of the frame's range."""

    start: NDArray[np.int64]
    length: NDArray[np.int64]
    level: NDArray[np.float64]
    jump: NDArray[np.float64]

    @staticmethod
    def joined(parts: list[Runs]) -> Runs:
        if not parts:
            none = np.zeros(0)
            return Runs(none.astype(np.int64), none.astype(np.int64), none, none)
        return Runs(
            np.concatenate([part.start for part in parts]),
            np.concatenate([part.length for part in parts]),
            np.concatenate([part.level for part in parts]),
            np.concatenate([part.jump for part in parts]),
        )

    def only(self, chosen: NDArray[np.bool_]) -> Runs:
        return Runs(self.start[chosen], self.length[chosen], self.level[chosen], self.jump[chosen])


def quantisation_step(audio: Audio) -> float:
    """The finest of 8, 12, 16, 20 or 24-bit steps that the samples sit on; 2**-23 if none."""
    stride = max(1, audio.frames // 65536)
    # One sample in every `stride` touches every page of long sound: dropped as it goes.
    some = []
    for first in range(0, 65536, 4096):
        piece = audio.samples[:, first * stride : (first + 4096) * stride : stride]
        some.append(piece[:, : 65536 - first].astype(np.float64))
        release(audio.samples)
    sample = np.concatenate(some, axis=1)
    sample = sample[np.abs(sample) > 0]
    for bits in (8, 12, 16, 20):
        scaled = sample * 2 ** (bits - 1)
        if sample.size and np.all(scaled == np.rint(scaled)):
            return float(2.0 ** (1 - bits))
    return 2.0**-23


def flat_runs(
    rows: FloatArray, high: FloatArray, low: FloatArray, first: int, polarity: int, step: float
) -> Runs:
    """Flat runs of three or more samples in `rows` (frames, n), contiguous.

    `high` and `low` are the extremes of the frames; `first` is the position of the first sample in
    the whole; `polarity` 1 looks at the upper side, -1 at the lower one; `step` is the
    quantisation step.
    """
    wave, frame = rows.reshape(-1), rows.shape[1]
    top = high if polarity > 0 else -low
    usable = (top > _LOWEST_LEVEL * step) & (high - low > 0.02 * top)
    if not usable.any():
        return Runs.joined([])
    edge = np.where(usable, np.float32(_NEAR_TOP) * top, np.float32(np.inf))
    near = rows >= edge[:, None] if polarity > 0 else rows <= -edge[:, None]
    at = np.flatnonzero(near)
    if at.size < 3:
        return Runs.joined([])
    value = polarity * wave[at].astype(np.float64)
    tolerance = np.maximum(2.5 * step, 1e-5 * top[at // frame])
    same = (at[1:] - at[:-1] == 1) & (np.abs(np.diff(value)) <= tolerance[1:])
    bounds = np.flatnonzero(np.diff(np.concatenate([[False], same, [False]]).astype(np.int8)))
    begin, end = bounds[::2], bounds[1::2]  # indices into `at`, `end` inclusive
    longer = end - begin >= 2
    begin, end = begin[longer], end[longer]
    left, right = at[begin] - 1, at[end] + 1
    whole = (left >= 0) & (right < wave.size)
    begin, end, left, right = begin[whole], end[whole], left[whole], right[whole]
    level = (value[begin] + value[end]) / 2
    falls = np.minimum(level - polarity * wave[left], level - polarity * wave[right])
    corner = falls >= _CORNER * tolerance[begin]
    begin, end = begin[corner], end[corner]
    extent = (high - low)[at[begin] // frame]
    return Runs(
        (first + at[begin]).astype(np.int64),
        (end - begin + 1).astype(np.int64),
        level[corner],
        falls[corner] / np.maximum(extent, 1e-12),
    )


def plateaus_elsewhere(wave: FloatArray, step: float) -> int:
    """Flat runs of LONG or more samples with corners, well inside the extremes of `wave`."""
    high, low = float(wave.max(initial=0.0)), float(wave.min(initial=0.0))
    tolerance = max(2.5 * step, 1e-5 * max(high, -low))
    slope = np.abs(np.diff(wave))
    flat = slope <= tolerance
    inside = (wave[1:-1] < 0.9 * high) & (wave[1:-1] > 0.9 * low)
    both = flat[1:] & flat[:-1] & inside
    bounds = np.flatnonzero(np.diff(np.concatenate([[False], both, [False]]).astype(np.int8)))
    begin, end = bounds[::2], bounds[1::2] + 1  # slopes just outside: begin - 1 and end
    inner = (begin > 0) & (end < slope.size) & (end - begin + 1 >= LONG)
    begin, end = begin[inner], end[inner]
    corner = np.minimum(slope[begin - 1], slope[end]) >= _CORNER * tolerance
    return int(np.count_nonzero(corner))


@dataclass(frozen=True)
class Ceiling:
    """A level that flat runs share, linear; `top` says that nothing is higher."""

    level: float
    tolerance: float
    top: bool


def ceilings(runs: Runs, pooled: Runs, highest: float, step: float) -> tuple[Ceiling, ...]:
    """The levels at which one channel and polarity was clipped, the one with most runs first.

    `pooled` are the runs of all channels and polarities: they share a level more often than not,
    so two of them at the `highest` sample of this one are enough.
    """
    found: list[Ceiling] = []
    tolerance = max(2.5 * step, 1e-5 * highest)
    if np.count_nonzero(np.abs(pooled.level - highest) <= 2 * tolerance) >= 2:
        found.append(Ceiling(highest - tolerance, tolerance, True))
    left = np.sort(runs.level[np.abs(runs.level - highest) > 2 * tolerance])
    while left.size >= 10 and len(found) < 8:
        tolerance = max(2.5 * step, 1e-5 * float(left[-1]))
        ends = np.searchsorted(left, left + 2 * tolerance, side="right")
        counts = ends - np.arange(left.size)
        begin = int(counts.argmax())
        if counts[begin] < 10:
            break
        level = float(np.median(left[begin : ends[begin]]))
        found.append(Ceiling(level, tolerance, False))
        left = left[np.abs(left - level) > 2 * tolerance]
    return tuple(found)


def accepted(runs: Runs, levels: tuple[Ceiling, ...]) -> NDArray[np.bool_]:
    """Which runs are clipping: those at a shared level, and long ones on their own."""
    chosen = np.asarray(runs.length >= LONG)
    for ceiling in levels:
        chosen |= np.abs(runs.level - ceiling.level) <= 2 * ceiling.tolerance
    return chosen


def stepped(runs: Runs) -> bool:
    """Whether the runs are mostly jumped into from the other side, as in a square wave."""
    return bool(runs.level.size) and float(np.median(runs.jump)) > _JUMP
