"""Low hits (kick drums, thumps) that are in a result but cannot come from its source.

Levels alone miss a kick that lands among others. Here the result's low end is predicted from the
source's (a slowly changing complex gain in each bin, by least squares over 2 s); what a linear
repair did is predicted, what was added is left over and stands out as bursts.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio, blocks

_LOW_RATE_HZ = 1200.0
_WINDOW, _HOP = 64, 12  # 53 ms and 10 ms at the low rate
_LOWEST_HZ, _HIGHEST_HZ = 30.0, 250.0
_AROUND_FRAMES = 200
_RISE_FRAMES = 5
_APART_FRAMES = 8
_PIECE = 20_000
_FLOOR = 1e-11
_TAPS, _LEAD = 400, 40  # of the filter of a repair that rings, and how many of them come early
_REGULAR = 1e-4


def added_low_hits(
    before: Audio, after: Audio, *, rise_db: float = 6.0, ringing: bool = False
) -> int:
    """Number of bursts below 250 Hz in `after` that `before` does not explain.

    Both (channels, frames) of the same length and rate. 0 when the sound is too short to tell.
    `ringing`: the repair may be a long filter, which is then found by least squares (Wiener) and
    counts as explained.
    """
    low_was, rate_hz = _low_end(before)
    low_now, _ = _low_end(after)
    if ringing and low_was.size == low_now.size:
        low_was = _as_filtered(low_was, low_now)
    was, now = _spectra(low_was, rate_hz), _spectra(low_now, rate_hz)
    count = min(was.shape[1], now.shape[1])
    if count < 2 * _RISE_FRAMES:
        return 0
    was, now = was[:, :count], now[:, :count]
    left = now - _slow_gain(was, now) * was
    rest_db = _level_db(left)
    loud_db = float(np.percentile(_level_db(now), 90))
    rise = np.zeros(count)
    rise[_RISE_FRAMES:] = rest_db[_RISE_FRAMES:] - rest_db[:-_RISE_FRAMES]
    hit = (
        (rise >= rise_db)
        & (rest_db > loud_db - 10.0)
        & (rest_db > _running_median(rest_db) + 8.0)
        & (rest_db > -60.0)
    )
    at = np.flatnonzero(hit)
    return 0 if at.size == 0 else 1 + int(np.sum(np.diff(at) > _APART_FRAMES))


def _as_filtered(was: NDArray[np.float64], now: NDArray[np.float64]) -> NDArray[np.float64]:
    """`was` through the filter of a third of a second that brings it nearest to `now`."""
    from scipy.linalg import solve_toeplitz
    from scipy.signal import oaconvolve

    own, cross = np.zeros(_TAPS), np.zeros(_TAPS)
    for start in range(0, was.size, _PIECE):
        spectrum, other = (
            np.fft.rfft(low[start : start + _PIECE], 2 * _PIECE) for low in (was, now)
        )
        own += np.fft.irfft(np.abs(spectrum) ** 2)[:_TAPS]
        shared = np.fft.irfft(other * np.conj(spectrum))
        cross += np.concatenate([shared[-_LEAD:], shared[: _TAPS - _LEAD]])
    if own[0] <= 0 or was.size < _TAPS:
        return was
    own[0] *= 1 + _REGULAR
    found = oaconvolve(was, solve_toeplitz(own, cross))
    return np.asarray(found[_LEAD : _LEAD + was.size])


def _spectra(low: NDArray[np.float64], rate_hz: float) -> NDArray[np.complex64]:
    """(bins, frames) of a low end."""
    if low.size < _WINDOW:
        return np.zeros((1, 0), dtype=np.complex64)
    frames = np.lib.stride_tricks.sliding_window_view(low, _WINDOW)[::_HOP]
    hz = np.fft.rfftfreq(_WINDOW, 1 / rate_hz)
    wanted = (hz >= _LOWEST_HZ) & (hz <= _HIGHEST_HZ)
    spectra = np.empty((int(wanted.sum()), frames.shape[0]), dtype=np.complex64)
    window = np.hanning(_WINDOW) / _WINDOW
    # Piece by piece: all bins of an hour at once would be half a gigabyte.
    for start in range(0, frames.shape[0], _PIECE):
        piece = np.fft.rfft(frames[start : start + _PIECE] * window, axis=1)
        spectra[:, start : start + _PIECE] = piece.T[wanted]
    return spectra


def _low_end(audio: Audio) -> tuple[NDArray[np.float64], float]:
    """The sum of channels at about 1200 Hz, filtered in blocks with enough context."""
    from scipy.signal import resample_poly

    factor = max(1, math.floor(audio.sample_rate_hz / _LOW_RATE_HZ))
    context = 40 * factor
    pieces = []
    for block in blocks(audio, factor * 40_000, context):
        mono = np.asarray(block.samples.mean(axis=0), dtype=np.float64)
        low = resample_poly(mono, 1, factor)
        start = block.before // factor
        pieces.append(low[start : start + -(-(block.stop - block.start) // factor)])
    return np.concatenate(pieces), audio.sample_rate_hz / factor


def _slow_gain(was: NDArray[np.complex64], now: NDArray[np.complex64]) -> NDArray[np.complex64]:
    from scipy.ndimage import uniform_filter1d

    def smooth(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(uniform_filter1d(values, _AROUND_FRAMES, axis=1, mode="nearest"))

    cross = now * np.conj(was)
    power = smooth(np.abs(was) ** 2)
    floor = 1e-6 * power.max(initial=0.0) + 1e-20
    gain = (smooth(cross.real) + 1j * smooth(cross.imag)) / (power + floor)
    return np.asarray(gain, dtype=np.complex64)


def _level_db(spectra: NDArray[np.complex64]) -> NDArray[np.float64]:
    return np.asarray(10 * np.log10(np.sum(np.abs(spectra) ** 2, axis=0) + _FLOOR))


def _running_median(level: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.ndimage import median_filter

    coarse = median_filter(level[::5], size=41, mode="nearest")
    return np.repeat(coarse, 5)[: level.size]
