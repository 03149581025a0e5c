"""Clicks: single short disturbances, told from drums, plucked strings and square waves.

The third difference of the waveform shows abrupt change and hides slow sound. Its peak in every
0.7 ms gives a contour, one a channel. A click stands alone in that contour: nothing like it just
before, nothing after 3 ms (a drum rings on, a square wave comes again at once), and few like it
nearby. A small network, trained on clicks of many shapes added to music, weighs those facts; its
weights are in `data/clicks.json`. How clear-cut the other candidates in the sound are decides how
sure it must be: percussion makes many half-likely candidates, clicks hardly any.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio, FloatArray, blocks

IntVector = NDArray[np.intp]
Vector = NDArray[np.float64]

STEP_S = 0.000726
REACH = 64
CANDIDATE_FACTOR = 3.0
CANDIDATE_LEVEL = 1e-3
# Share of false candidates over each limit, for each doubtful one.
_FALSE_SHARE = (
    (0.5, 0.14), (1.0, 0.1), (1.5, 0.075), (2.0, 0.057), (2.5, 0.037), (3.0, 0.018), (3.5, 0.008),
    (4.0, 0.0045), (4.5, 0.001), (5.0, 0.0005), (6.0, 0.0003),
)  # fmt: skip
MARGIN = 20.0
ALONE = 4.0
END_STEPS = 4
_FLOOR = 1e-6
_CHUNK = 8192


@dataclass(frozen=True, eq=False)
class Clicks:
    """Times and channel-wise certainty (log odds, (events, channels)) of the clicks found."""

    time_s: Vector
    log_odds: NDArray[np.float64]

    @property
    def count(self) -> int:
        return int(self.time_s.size)


@dataclass(frozen=True, eq=False)
class ClickWeights:
    """A network with one hidden layer: `log_odds = out @ tanh(hidden @ (x - mean) / scale)`."""

    mean: Vector
    scale: Vector
    hidden: NDArray[np.float64]
    hidden_bias: Vector
    out: Vector
    out_bias: float

    def log_odds(self, facts: NDArray[np.float64]) -> Vector:
        """Log odds that each row of `facts` (events, facts) is a click."""
        inner = np.tanh(((facts - self.mean) / self.scale) @ self.hidden + self.hidden_bias)
        return np.asarray(inner @ self.out + self.out_bias, dtype=np.float64)


class ClickFinder:
    """Collects the contour of abrupt change block by block."""

    def __init__(self, channels: int, rate_hz: int) -> None:
        self.step = contour_step(rate_hz)
        self.rate_hz = rate_hz
        self._tail: FloatArray = np.zeros((channels, 0), dtype=np.float32)
        self._parts: list[list[FloatArray]] = [[] for _ in range(channels)]

    def add(self, samples: FloatArray) -> None:
        """Take the next samples (channels, frames); all but the last need a multiple of `step`."""
        whole = samples.shape[1] // self.step * self.step
        for channel, wave in enumerate(samples):
            before = self._tail[channel]
            before = before if before.size else np.repeat(wave[:1], 3)
            change = np.diff(np.concatenate([before, wave[:whole]]), 3)
            np.abs(change, out=change)
            self._parts[channel].append(change.reshape(-1, self.step).max(axis=1))
        self._tail = samples[:, max(0, whole - 3) : whole].copy()
        if self._tail.shape[1] < 3:
            self._tail = self._tail[:, :0]

    def contours(self) -> list[FloatArray]:
        return [
            np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)
            for parts in self._parts
        ]

    def clicks(self) -> Clicks:
        """All clicks, times in the middle of their 0.7 ms step."""
        contours = self.contours()
        found = [candidates(contour) for contour in contours]
        odds = [
            weights().log_odds(facts(contour, at))
            for contour, at in zip(contours, found, strict=True)
        ]
        return _merge(found, odds, self.step / self.rate_hz)


def find_clicks(audio: Audio) -> Clicks:
    """Clicks of `audio` (channels, frames)."""
    finder = ClickFinder(audio.channels, audio.sample_rate_hz)
    for block in blocks(audio, finder.step * 16384):
        finder.add(block.samples)
    return finder.clicks()


def contour_step(rate_hz: int) -> int:
    """Samples in one step of the contour."""
    return max(4, round(STEP_S * rate_hz))


def candidates(contour: FloatArray) -> IntVector:
    """Peaks of a contour that stand well over three quarters of their 46 ms."""
    if contour.size < 2 * REACH + 1:
        return np.zeros(0, dtype=np.intp)
    groups = contour.size // REACH
    grouped = np.partition(contour[: groups * REACH].reshape(groups, REACH), REACH * 3 // 4, axis=1)
    common = np.repeat(grouped[:, REACH * 3 // 4], REACH)
    common = np.concatenate([common, np.repeat(common[-1:], contour.size - common.size)])
    left = np.concatenate([[0.0], contour[:-1]])
    right = np.concatenate([contour[1:], [0.0]])
    stands = (contour > CANDIDATE_FACTOR * common) & (contour > CANDIDATE_LEVEL)
    # Sound that begins or ends abruptly with the file does not click there.
    stands[:END_STEPS] = stands[-END_STEPS:] = False
    return np.flatnonzero(stands & (contour >= left) & (contour > right))


def facts(contour: FloatArray, at: IntVector) -> NDArray[np.float64]:
    """What the surroundings say of each candidate, in dB (events, facts)."""
    if at.size == 0:
        return np.zeros((0, 19))
    level = 20 * np.log10(np.pad(contour, REACH, mode="reflect") + _FLOOR)
    groups = contour.size // REACH
    tops = 20 * np.log10(contour[: groups * REACH].reshape(groups, REACH).max(axis=1) + _FLOOR)
    tops = np.pad(tops, 26, constant_values=-120.0)
    parts = [
        _facts(level, tops, at[start : start + _CHUNK], groups)
        for start in range(0, at.size, _CHUNK)
    ]
    return np.clip(np.concatenate(parts), -70.0, 70.0)


def _facts(level: Vector, tops: Vector, at: IntVector, groups: int) -> NDArray[np.float64]:
    near = level[at[:, None] + np.arange(2 * REACH + 1)]
    here = near[:, REACH : REACH + 1]
    before, after = near[:, : REACH - 1], near[:, REACH + 5 :]
    just_after = near[:, REACH + 2 : REACH + 7]
    step = (
        np.median(near[:, REACH + 5 : REACH + 45], axis=1)
        - np.median(near[:, REACH - 41 : REACH - 1], axis=1)
    )[:, None]
    tail = (
        np.median(near[:, REACH + 3 : REACH + 16], axis=1)
        - np.median(near[:, REACH - 12 : REACH - 1], axis=1)
    )[:, None]
    group = np.minimum(at // REACH, groups - 1) + 26
    second = tops[group[:, None] + np.concatenate([np.arange(-24, -1), np.arange(2, 25)])]
    return np.concatenate(
        [
            here - _highest(before, (1, 3, 8)),
            here - _highest(after, (1, 3, 8)),
            step,
            here - _highest(just_after, (1, 3)),
            near[:, [REACH + 1, REACH - 1, REACH + 2]] - here,
            here - _highest(second, (1, 3, 8, 16, 24, 36)),
            tail,
        ],
        axis=1,
    )


def _highest(values: NDArray[np.float64], ranks: tuple[int, ...]) -> NDArray[np.float64]:
    """The given highest values of each row, 1 being the highest."""
    places = [values.shape[1] - rank for rank in ranks]
    return np.asarray(np.partition(values, places, axis=1)[:, places], dtype=np.float64)


def _merge(found: list[IntVector], odds: list[Vector], step_s: float) -> Clicks:
    """Join the channels and keep what is certain enough for this sound."""
    at = np.concatenate(found)
    who = np.concatenate([np.full(one.size, index) for index, one in enumerate(found)])
    each = np.concatenate(odds)
    order = np.argsort(at, kind="stable")
    at, who, each = at[order], who[order], each[order]
    starts = np.flatnonzero(np.diff(at, prepend=-10) > 4)
    table = np.full((starts.size, len(found)), -99.0)
    event = np.searchsorted(starts, np.arange(at.size), side="right") - 1
    np.maximum.at(table, (event, who), each)
    best = np.asarray(table.max(axis=1), dtype=np.float64)
    keep = best > needed_certainty(best)
    time_s = np.asarray((at[starts[keep]] + 0.5) * step_s, dtype=np.float64)
    return Clicks(time_s, table[keep])


def needed_certainty(log_odds: Vector) -> float:
    """Log odds a candidate needs: low only where clear clicks far outnumber what music gives.

    Music with drums has many doubtful candidates; from their count follows how many of its sounds
    would pass each limit (`_FALSE_SHARE`, measured on undamaged music).
    """
    doubtful = np.count_nonzero((log_odds > -3.0) & (log_odds < 0.0))
    for limit, share in _FALSE_SHARE:
        passing = np.count_nonzero(log_odds > limit)
        if passing >= (2 if limit < ALONE else 1) and passing >= MARGIN * share * doubtful:
            return limit
    return np.inf


@cache
def weights() -> ClickWeights:
    """The trained network that ships with the package."""
    stored = json.loads((Path(__file__).parent / "data" / "clicks.json").read_text("utf-8"))
    return ClickWeights(
        np.array(stored["mean"]),
        np.array(stored["scale"]),
        np.array(stored["hidden"]),
        np.array(stored["hidden_bias"]),
        np.array(stored["out"]),
        float(stored["out_bias"]),
    )
