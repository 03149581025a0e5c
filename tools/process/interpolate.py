"""Fill a gap in a waveform from both sides by an autoregressive model.

The samples in the gap are those that make the prediction error of the whole neighbourhood smallest
(Janssen, Veldhuis and Vries 1986); for one gap in a row the normal equations are Toeplitz.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

# Loading of the autocorrelation: keeps long models of pure tones stable.
LOADING = 1e-7


def fill_gap(wave: Vector, start: int, stop: int, order: int, rounds: int = 2) -> Vector:
    """Samples (stop - start,) for `wave[start:stop]`, which is not read; `wave` is (frames,).

    The model is fitted to what lies before and after, then `rounds - 1` times to the filled wave.
    """
    left, right = wave[:start], wave[stop:]
    order = min(order, (left.size + right.size) // 3)
    known = wave.astype(np.float64, copy=True)
    known[start:stop] = 0.0
    if order < 1 or not np.any(known):
        return np.zeros(stop - start)
    correlation = _correlation(left, order) + _correlation(right, order)
    found = _solve(known, start, stop, _predictor(correlation))
    for _ in range(rounds - 1):
        filled = known.copy()
        filled[start:stop] = found
        found = _solve(known, start, stop, _predictor(_correlation(filled, order)))
    return found


def extend(wave: Vector, count: int, order: int) -> Vector:
    """The next `count` samples after `wave` (frames,), as its own autoregressive model expects."""
    from scipy.signal import lfilter, lfiltic

    order = min(order, wave.size // 3)
    if order < 1 or not np.any(wave):
        return np.zeros(count)
    predictor = _predictor(_correlation(wave, order))
    state = lfiltic([1.0], predictor, wave[: -order - 1 : -1])
    return np.asarray(lfilter([1.0], predictor, np.zeros(count), zi=state)[0])


def prediction_filter(wave: Vector, quiet: NDArray[np.bool_], order: int) -> Vector:
    """Prediction error filter (order + 1,) fitted to the `quiet` samples of `wave` (frames,)."""
    tamed = np.where(quiet, wave, 0.0)
    return _predictor(_correlation(tamed, max(1, min(order, wave.size // 4))))


def clean_burst(
    wave: Vector, start: int, stop: int, predictor: Vector, power: float, smooth: int
) -> Vector:
    """`wave[start:stop]` without a burst of noise added to it: what is clean stays as it is.

    `power` is the variance of the prediction error of the music alone. The burst's variance is
    read, smoothed over `smooth` samples, from how far the samples lie from those the model would
    fill in, less the error of that filling; music and burst are then both taken as Gaussian
    (Godsill and Rayner 1998, section 5). Twice, the second time from the better estimate.
    """
    from scipy.linalg import solve, toeplitz

    size, order = stop - start, predictor.size - 1
    spread = np.correlate(predictor, predictor, "full")
    column = np.zeros(size)
    column[: min(size, order + 1)] = spread[order : order + size]
    column[0] *= 1 + 1e-9
    precision = toeplitz(column) / power
    known = wave.astype(np.float64, copy=True)
    known[start:stop] = 0.0
    first, last = max(0, start - order), min(known.size, stop + order)
    pulled = np.convolve(known[first:last], spread)[order + start - first :][:size] / power
    heard, burst = wave[start:stop], np.full(size, np.inf)
    window = np.hanning(min(smooth, size) + 2)[1:-1]
    window /= window.sum()
    for _ in range(2):
        covariance = _inverse(precision + np.diag(1 / burst))
        music = covariance @ (heard / burst - pulled)
        doubt = np.diag(covariance)
        spare = np.convolve((heard - music) ** 2 - doubt, window, "same")
        burst = np.maximum(spare, 1e-3 * doubt + 1e-20)
    music = solve(precision + np.diag(1 / burst), heard / burst - pulled, assume_a="pos")
    return np.asarray(music, dtype=np.float64)


def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Inverse of a symmetric positive definite matrix, in half the time of a general one."""
    from scipy.linalg.lapack import dpotrf, dpotri

    factor, failed = dpotrf(matrix)
    if failed:
        return np.asarray(np.linalg.pinv(matrix, hermitian=True), dtype=np.float64)
    upper = np.triu(dpotri(factor)[0])
    return np.asarray(upper + np.triu(upper, 1).T)


def _correlation(wave: Vector, order: int) -> Vector:
    import scipy.fft

    if wave.size <= 1:
        return np.zeros(order + 1)
    size = scipy.fft.next_fast_len(wave.size + order + 1, real=True)
    spectrum = scipy.fft.rfft(wave, size)
    return np.asarray(scipy.fft.irfft(np.abs(spectrum) ** 2, size)[: order + 1])


def _predictor(correlation: Vector) -> Vector:
    """Prediction error filter (1, -a1, ..., -ap) from an autocorrelation."""
    from scipy.linalg import solve_toeplitz

    loaded = correlation.copy()
    loaded[0] = loaded[0] * (1 + LOADING) + 1e-15
    weights = solve_toeplitz(loaded[:-1], loaded[1:])
    return np.concatenate([[1.0], -np.asarray(weights)])


def _solve(known: Vector, start: int, stop: int, predictor: Vector) -> Vector:
    from scipy.linalg import solve_toeplitz
    from scipy.signal import fftconvolve

    order, size = predictor.size - 1, stop - start
    spread = fftconvolve(predictor, predictor[::-1])
    first, last = max(0, start - order), min(known.size, stop + order)
    pulled = fftconvolve(known[first:last], spread)[order + start - first :][:size]
    column = np.zeros(size)
    reach = min(size, order + 1)
    column[:reach] = spread[order : order + reach]
    column[0] *= 1 + 1e-9
    return np.asarray(solve_toeplitz(column, -pulled))
