"""Highest magnitude between and at the samples, step by step: what a true-peak limiter steers by.

Eight-fold oversampling by a windowed sinc, as one matrix product over chunks of frames. Places
that cannot pass a given floor are not oversampled: with `e` the largest second difference around,
an interpolated value lies within `excess * e` of the straight line between its neighbours, where
`excess` follows from the filter.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mixmend.tools.audio import Audio, FloatArray, blocks

OVERSAMPLING = 8
HALF_TAPS = 32
KAISER_BETA = 7.0
CHUNK = 64
_BLOCK = 2048 * CHUNK
_MARGIN = 2 * CHUNK


def step_frames(rate_hz: int) -> int:
    """Frames a step holds, about a third of a millisecond; divides CHUNK."""
    step = 8
    while step < CHUNK and step * 4000 < rate_hz:
        step *= 2
    return step


def step_peaks(audio: Audio, floor: float) -> FloatArray:
    """Highest oversampled magnitude of all channels in each step of frames, shape (steps,).

    Exact to the filter where it exceeds `floor` (linear); elsewhere it may be the plain sample
    peak. The sound is taken as silent beyond its ends.
    """
    step = step_frames(audio.sample_rate_hz)
    steps = -(-audio.frames // step)
    peaks = np.zeros(-(-audio.frames // CHUNK) * (CHUNK // step), dtype=np.float32)
    for block in blocks(audio, _BLOCK, context_frames=_MARGIN):
        count = -(-(block.stop - block.start) // CHUNK)
        tail = count * CHUNK + _MARGIN - (block.samples.shape[1] - block.before)
        pads = ((0, 0), (_MARGIN - block.before, max(0, tail)))
        padded = np.pad(block.samples, pads)[:, : count * CHUNK + 2 * _MARGIN]
        found = peaks[block.start // step : block.start // step + count * (CHUNK // step)]
        for channel in padded:
            np.maximum(found, _channel_peaks(channel, count, step, floor), out=found)
    return peaks[:steps]


def _channel_peaks(signal: FloatArray, count: int, step: int, floor: float) -> FloatArray:
    tool = _interpolator()
    inside = np.abs(signal[_MARGIN : _MARGIN + count * CHUNK])
    plain = inside.reshape(-1, step).max(axis=1)
    chunks = np.flatnonzero(_bound(signal, count, tool.excess) > floor)
    if chunks.size:
        windows = np.lib.stride_tricks.sliding_window_view(signal, tool.matrix.shape[0])
        # A window starts HALF_TAPS - 1 frames before its chunk.
        between = windows[_MARGIN + chunks * CHUNK - HALF_TAPS + 1] @ tool.matrix
        shape = (chunks.size, OVERSAMPLING - 1, CHUNK // step, step)
        highest = np.abs(between, out=between).reshape(shape).max(axis=(1, 3))
        rows = plain.reshape(count, CHUNK // step)
        rows[chunks] = np.maximum(rows[chunks], highest)
    return np.asarray(plain, dtype=np.float32)


def _bound(signal: FloatArray, count: int, excess: float) -> FloatArray:
    """No interpolated magnitude in chunk k exceeds entry k, shape (count,)."""
    body = signal[_MARGIN - CHUNK : _MARGIN + (count + 1) * CHUNK]
    level = np.abs(body).reshape(count + 2, CHUNK).max(axis=1)
    bend = np.zeros(body.size, dtype=np.float32)
    np.abs(np.diff(body, 2), out=bend[1:-1])
    curve = bend.reshape(count + 2, CHUNK).max(axis=1)
    near = np.maximum(level[1:-1], level[2:])
    around = np.maximum(np.maximum(curve[:-2], curve[1:-1]), curve[2:])
    return np.asarray(near + np.float32(excess) * around, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class _Interpolator:
    """`matrix` (window, phases * CHUNK): the values after each frame; `excess`: see the top."""

    matrix: FloatArray
    excess: float


@lru_cache(maxsize=1)
def _interpolator() -> _Interpolator:
    taps = np.arange(-HALF_TAPS + 1, HALF_TAPS + 1, dtype=np.float64)
    matrix = np.zeros((CHUNK + 2 * HALF_TAPS - 1, OVERSAMPLING - 1, CHUNK))
    excess = 0.0
    for phase in range(1, OVERSAMPLING):
        distance = taps - phase / OVERSAMPLING
        reach = np.clip(1 - (distance / HALF_TAPS) ** 2, 0.0, None)
        window = np.i0(KAISER_BETA * np.sqrt(reach)) / np.i0(KAISER_BETA)
        kernel = np.sinc(distance) * window
        # Straight lines must pass unchanged for the bound to hold: set gain and first moment.
        basis = np.stack([window, window * distance])
        wrong = np.array([kernel.sum() - 1, kernel @ distance])
        kernel -= np.linalg.solve(basis @ np.stack([np.ones(taps.size), distance]).T, wrong) @ basis
        line = np.clip(1 - np.abs(distance), 0.0, None)
        excess = max(excess, float(np.abs(np.cumsum(np.cumsum(kernel - line))).sum()))
        for frame in range(CHUNK):
            matrix[frame : frame + taps.size, phase - 1, frame] = kernel
    return _Interpolator(matrix.reshape(matrix.shape[0], -1).astype(np.float32), excess * 1.0001)
