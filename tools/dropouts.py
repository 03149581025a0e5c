"""Dropouts: music that stops dead and comes back at full level 5 to 500 ms later.

A musical pause rings out, a gate closes over some milliseconds and opens with a new note; a dropout
cuts a sounding signal within a few ms, to nothing, and the same sound goes on after it. The contour
is the peak-to-peak swing in every 2 ms, which an offset does not change. A wave that stands still
high or low is a clipped bass note, not a gap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio, FloatArray, blocks
from mixmend.tools.measurement import Span

STEP_S = 0.002
MIN_S, MAX_S = 0.005, 0.5
DEPTH = 100.0
MIN_SWING = 4e-3
EDGE_STEPS = 3
AROUND_S = 0.03
# From which share of its range on a wave that stands still was cut off flat: in a gap it is at 0.
HEIGHT_SHARE = 0.15


@dataclass(frozen=True, eq=False)
class Gap:
    """Frames [start, stop) of one channel in which the sound is missing."""

    channel: int
    start: int
    stop: int


class DropoutFinder:
    """Collects swing and middle of each channel block by block."""

    def __init__(self, channels: int, rate_hz: int) -> None:
        self.step = max(2, round(STEP_S * rate_hz))
        self.rate_hz = rate_hz
        self._swings: list[list[FloatArray]] = [[] for _ in range(channels)]
        self._middles: list[list[FloatArray]] = [[] for _ in range(channels)]

    def add(self, samples: FloatArray) -> None:
        """Take the next samples (channels, frames); all but the last need a multiple of `step`."""
        whole = samples.shape[1] // self.step * self.step
        for channel, wave in enumerate(samples):
            steps = wave[:whole].reshape(-1, self.step)
            highest, lowest = steps.max(axis=1), steps.min(axis=1)
            self._swings[channel].append(highest - lowest)
            self._middles[channel].append((highest + lowest) / 2)

    def gaps(self) -> list[Gap]:
        """Gaps of every channel, good to one step at both ends."""
        found = []
        pairs = zip(self._swings, self._middles, strict=True)
        for channel, (swings, middles) in enumerate(pairs):
            if not swings:
                continue
            swing, middle = np.concatenate(swings), np.concatenate(middles)
            for start, stop in _runs(swing, self.step / self.rate_hz):
                if not _at_height(swing, middle, start, stop):
                    found.append(Gap(channel, start * self.step, stop * self.step))
        return found


def find_gaps(audio: Audio) -> list[Gap]:
    """Gaps of each channel of `audio` (channels, frames)."""
    finder = DropoutFinder(audio.channels, audio.sample_rate_hz)
    for block in blocks(audio, finder.step * 8192):
        finder.add(block.samples)
    return finder.gaps()


def spans(gaps: list[Gap], rate_hz: int) -> list[Span]:
    """Times of gaps, channels joined where they overlap."""
    joined: list[Span] = []
    for gap in sorted(gaps, key=lambda gap: gap.start):
        start_s, end_s = gap.start / rate_hz, gap.stop / rate_hz
        if joined and start_s <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end_s, joined[-1][1]))
        else:
            joined.append((start_s, end_s))
    return joined


def _runs(swing: FloatArray, step_s: float) -> list[tuple[int, int]]:
    from scipy.ndimage import maximum_filter1d

    if swing.size < 8:
        return []
    reach = round((MAX_S / 2 + AROUND_S) / step_s)
    local = maximum_filter1d(swing, 2 * reach + 1, mode="nearest")
    quiet = (swing < local / DEPTH) & (local > MIN_SWING)
    edges = np.flatnonzero(np.diff(np.pad(quiet.astype(np.int8), 1)))
    around = max(2, round(AROUND_S / step_s))
    runs: list[tuple[int, int]] = []
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        long_enough = MIN_S <= (stop - start) * step_s <= MAX_S
        if long_enough and _is_cut(swing, int(start), int(stop), around):
            runs.append((int(start), int(stop)))
    return runs


def _is_cut(swing: NDArray[np.float32], start: int, stop: int, around: int) -> bool:
    before, after = swing[max(0, start - around) : start], swing[stop : stop + around]
    if before.size < around // 2 or after.size < around // 2:
        return False
    floor = max(float(np.median(swing[start:stop])), 1e-9)
    level_before, level_after = float(np.median(before)), float(np.median(after))
    if min(level_before, level_after) < max(MIN_SWING, DEPTH * floor):
        return False
    # Full level must be reached within a few steps of the gap on both sides.
    near_before = float(before[-EDGE_STEPS:].max())
    near_after = float(after[:EDGE_STEPS].max())
    return near_before > 0.35 * level_before and near_after > 0.35 * level_after


def _at_height(
    swing: NDArray[np.float32], middle: NDArray[np.float32], start: int, stop: int
) -> bool:
    """Whether the wave stands still away from nothing, and from its mean around there."""
    reach = max(EDGE_STEPS, 4 * (stop - start))
    around = slice(max(0, start - reach), stop + reach)
    highest = float((middle[around] + swing[around] / 2).max())
    lowest = float((middle[around] - swing[around] / 2).min())
    here = float(np.median(middle[start:stop]))
    away = min(abs(here), abs(here - float(middle[around].mean())))
    return away > HEIGHT_SHARE * (highest - lowest)
