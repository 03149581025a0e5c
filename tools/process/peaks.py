"""Highest magnitude between and at the samples, step by step: what a true-peak limiter steers by.

Two meters, the higher counts: eight-fold oversampling by a windowed sinc, as one matrix product
over chunks of frames, and, where there is much close to the Nyquist frequency and filters
disagree, eight-fold oversampling of short tapered segments by their Fourier transform.

Places that cannot pass a given floor are not oversampled: with `e` the largest second difference
around, an interpolated value lies within `excess * e` of the straight line between its neighbours,
where `excess` follows from the filter.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mixmend.tools.audio import Audio, FloatArray, blocks

OVERSAMPLING = 8
HALF_TAPS = 32
KAISER_BETA = 8.0
CHUNK = 64
SEGMENT = 2048
_BLOCK = 64 * SEGMENT
_MARGIN = 8 * CHUNK
# Fourth differences of a tone at the Nyquist frequency are 16 times its height; below this share
# of the floor it can move no peak by more than some hundredths of a decibel.
_TREBLE = 0.005


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
            _add_treble_peaks(found, channel, step, floor)
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


def _add_treble_peaks(found: FloatArray, signal: FloatArray, step: int, floor: float) -> None:
    """Raise `found` (steps,) where a Fourier transform reads higher."""
    from scipy.fft import irfft, rfft

    whole = -(-found.size * step // SEGMENT) * SEGMENT + 2 * _MARGIN
    padded = np.pad(signal, (0, max(0, whole - signal.size)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, SEGMENT + 2 * _MARGIN)[::SEGMENT]
    level = np.abs(windows).max(axis=1)
    treble = np.zeros(padded.size, dtype=np.float32)
    np.abs(np.diff(padded, 4), out=treble[2:-2])
    bright = np.lib.stride_tricks.sliding_window_view(treble, SEGMENT + 2 * _MARGIN)[::SEGMENT]
    chosen = np.flatnonzero((level > 0.5 * floor) & (bright.max(axis=1) > 16 * _TREBLE * floor))
    if not chosen.size:
        return
    fade = np.sin(np.linspace(0, np.pi / 2, _MARGIN, dtype=np.float32)) ** 2
    taper = np.concatenate([fade, np.ones(SEGMENT, dtype=np.float32), fade[::-1]])
    length = OVERSAMPLING * taper.size
    for place in chosen:
        fine = irfft(rfft(windows[place] * taper), length) * np.float32(OVERSAMPLING)
        core = np.abs(fine[OVERSAMPLING * _MARGIN : length - OVERSAMPLING * _MARGIN])
        highest = core.reshape(SEGMENT // step, OVERSAMPLING * step).max(axis=1)
        target = found[place * SEGMENT // step :][: highest.size]
        np.maximum(target, highest[: target.size], out=target)


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
