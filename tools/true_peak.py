"""True peak: the highest point of the waveform between the samples (dBTP).

The signal is oversampled eight times by a 64-tap-a-phase windowed sinc (ITU-R BS.1770-5 annex 2
asks for at least four times). Only places that could hold the peak are oversampled: every
interpolated value lies within `G * max|second difference|` of the straight line between its
neighbours, where `G` follows from the filter, so a chunk whose bound stays under the second's
best value is left out without changing the result.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio, FloatArray, blocks

OVERSAMPLING = 8
HALF_TAPS = 32
KAISER_BETA = 8.0
_CHUNK = 64  # frames judged together; more than HALF_TAPS so that neighbours cover the filter
_ROWS = 1024  # chunks oversampled in one matrix product


@dataclass(frozen=True)
class TruePeakSeries:
    """Highest oversampled and plain magnitude (linear) in each step; the last may be shorter."""

    step_s: float
    true_peak: tuple[float, ...]
    sample_peak: tuple[float, ...]


def true_peak_dbtp(audio: Audio) -> float:
    """True peak over all channels in dBTP; minus infinity for digital silence.

    Source: ITU-R BS.1770-5 annex 2, with eight-fold oversampling.
    """
    return decibels(max(true_peak_series(audio).true_peak, default=0.0))


def decibels(magnitude: float) -> float:
    """20 log10, minus infinity for zero."""
    return 20 * math.log10(magnitude) if magnitude > 0 else -math.inf


def true_peak_series(audio: Audio, step_s: float = 1.0) -> TruePeakSeries:
    """True and sample peak of each `step_s`, exact to the oversampling filter; any length."""
    rate = audio.sample_rate_hz
    step = max(1, round(step_s * rate))
    # Blocks of whole steps, of about half a megabyte a channel so that passes stay in cache.
    block_frames = step * max(1, round(131072 / step))
    true: list[float] = []
    plain: list[float] = []
    for block in blocks(audio, block_frames, context_frames=_CHUNK + HALF_TAPS):
        # The oversampler sees silence before the start and after the end of the sound.
        context = _CHUNK + HALF_TAPS
        padded = np.pad(block.samples, ((0, 0), (context - block.before, context - block.after)))
        for offset in range(0, block.stop - block.start, step):
            length = min(step, block.stop - block.start - offset)
            piece = padded[:, offset : offset + length + 2 * context]
            best = float(np.max(np.abs(piece[:, context : context + length])))
            plain.append(best)
            true.append(_peak_of(piece, best))
    return TruePeakSeries(step / rate, tuple(true), tuple(plain))


def _peak_of(piece: FloatArray, sample_peak: float) -> float:
    """Highest oversampled magnitude of `piece` (channels, context + n + context) without context.

    Whole chunks are judged, so up to 63 frames (1.4 ms at 44.1 kHz) of the next step count too.
    """
    best = sample_peak
    phases = _interpolator()
    context = _CHUNK + HALF_TAPS
    inside = piece.shape[1] - 2 * context
    count = -(-inside // _CHUNK)
    for channel in piece:
        short = (count + 2) * _CHUNK + 2 * HALF_TAPS - channel.size
        signal = np.pad(channel, (0, max(0, short))) if short > 0 else channel
        bound = _chunk_bounds(signal, count, phases.excess)
        order = np.flatnonzero(bound > best)
        order = order[np.argsort(bound[order])[::-1]]
        rows = 16  # the likeliest first: what they reach rules out most of the others
        while order.size:
            best = max(best, _oversampled_peak(signal, order[:rows], phases.matrix))
            order = order[rows:]
            order = order[bound[order] > best]
            rows = min(_ROWS, rows * 4)
    return best


def _chunk_bounds(signal: FloatArray, count: int, excess: float) -> FloatArray:
    """No interpolated value of chunk k can exceed entry k, shape (count,)."""
    body = signal[HALF_TAPS : HALF_TAPS + (count + 2) * _CHUNK]
    level = np.abs(body).reshape(count + 2, _CHUNK).max(axis=1)
    bend = np.zeros(body.size, dtype=np.float32)
    np.abs(np.diff(body, 2), out=bend[1:-1])
    curve = bend.reshape(count + 2, _CHUNK).max(axis=1)
    around = np.maximum(np.maximum(curve[:-2], curve[1:-1]), curve[2:])
    near = np.maximum(level[1:-1], level[2:])
    return np.asarray(near + np.float32(excess) * around, dtype=np.float32)


def _oversampled_peak(signal: FloatArray, chunks: NDArray[np.intp], matrix: FloatArray) -> float:
    """Highest magnitude between the samples of the given chunks."""
    windows = np.lib.stride_tricks.sliding_window_view(signal, matrix.shape[0])
    # Chunk k starts _CHUNK + HALF_TAPS into the signal; its window HALF_TAPS - 1 earlier.
    first = windows[chunks * _CHUNK + _CHUNK + 1]
    between = first @ matrix
    return float(max(between.max(), -between.min()))


@dataclass(frozen=True, eq=False)
class _Interpolator:
    """`matrix` (window, phases * _CHUNK) and the bound's factor on second differences."""

    matrix: FloatArray
    excess: float


@lru_cache(maxsize=1)
def _interpolator() -> _Interpolator:
    taps = np.arange(-HALF_TAPS + 1, HALF_TAPS + 1, dtype=np.float64)
    matrix = np.zeros((_CHUNK + 2 * HALF_TAPS - 1, (OVERSAMPLING - 1) * _CHUNK))
    excess = 0.0
    for phase in range(1, OVERSAMPLING):
        at = phase / OVERSAMPLING
        kernel = _kernel(taps, at)
        line = np.where(taps == 0, 1 - at, np.where(taps == 1, at, 0.0))
        # kernel and line share gain and first moment, so their difference is a second
        # difference of this finite sequence; its absolute sum bounds the excess.
        curve = np.cumsum(np.cumsum(kernel - line))
        excess = max(excess, float(np.abs(curve).sum()))
        for frame in range(_CHUNK):
            column = (phase - 1) * _CHUNK + frame
            matrix[frame : frame + taps.size, column] = kernel
    return _Interpolator(matrix.astype(np.float32), excess * 1.0001)


def _kernel(taps: NDArray[np.float64], at: float) -> NDArray[np.float64]:
    """Windowed sinc that reads the signal `at` (0..1) of a sample after tap 0, gain 1, no skew."""
    reach = np.clip(1 - ((taps - at) / HALF_TAPS) ** 2, 0.0, None)
    window = np.i0(KAISER_BETA * np.sqrt(reach)) / np.i0(KAISER_BETA)
    kernel = np.sinc(taps - at) * window
    # Exact gain and first moment, so that straight lines pass unchanged (correction below 1e-4).
    return _corrected(kernel, window, taps - at)


def _corrected(
    kernel: NDArray[np.float64], window: NDArray[np.float64], distance: NDArray[np.float64]
) -> NDArray[np.float64]:
    basis = np.stack([window, window * distance])
    sums = np.stack([basis.sum(axis=1), basis @ distance])
    wrong = np.array([kernel.sum() - 1.0, kernel @ distance])
    return np.asarray(kernel - np.linalg.solve(sums, wrong) @ basis)
