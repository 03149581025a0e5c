"""Magnitude responses (dB) of the filters that spoil, and mend, a song's tone.

Digital filters at the song's own rate, as the published damages are made (Audio EQ Cookbook
shelves and bells; Butterworth and Chebyshev-II from scipy), so that an inverse is exact.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from mixmend.tools.long_term import Array

Form = Literal["bandpass", "bandstop"]
_HIGHEST_SHARE = 0.45


def inside(freq_hz: float, rate_hz: int) -> float:
    """A design frequency brought just inside what the rate can hold."""
    return min(freq_hz, _HIGHEST_SHARE * rate_hz)


def shelf_db(
    at_hz: Array, corner_hz: float, gain_db: float, rate_hz: int, *, high: bool, q: float = 0.707
) -> Array:
    """Second-order shelf of `gain_db` beyond `corner_hz`."""
    root = 10 ** (gain_db / 40)
    angle = 2 * np.pi * inside(corner_hz, rate_hz) / rate_hz
    cosine = -np.cos(angle) if high else np.cos(angle)
    sign = -1.0 if high else 1.0
    slope = np.sqrt(root) * np.sin(angle) / q
    above = (
        root * ((root + 1) - (root - 1) * cosine + slope),
        sign * 2 * root * ((root - 1) - (root + 1) * cosine),
        root * ((root + 1) - (root - 1) * cosine - slope),
    )
    below = (
        (root + 1) + (root - 1) * cosine + slope,
        sign * -2 * ((root - 1) + (root + 1) * cosine),
        (root + 1) + (root - 1) * cosine - slope,
    )
    return _biquad_db(at_hz, above, below, rate_hz)


def bell_db(at_hz: Array, centre_hz: float, gain_db: float, q: float, rate_hz: int) -> Array:
    """Peaking filter of `gain_db` around `centre_hz`."""
    root = 10 ** (gain_db / 40)
    angle = 2 * np.pi * inside(centre_hz, rate_hz) / rate_hz
    alpha, middle = np.sin(angle) / (2 * q), -2 * np.cos(angle)
    above = (1 + alpha * root, middle, 1 - alpha * root)
    below = (1 + alpha / root, middle, 1 - alpha / root)
    return _biquad_db(at_hz, above, below, rate_hz)


def low_pass_db(at_hz: Array, corner_hz: float, order: int, rate_hz: int) -> Array:
    """Butterworth low-pass (bilinear transform), not below -120 dB."""
    warped = np.tan(np.pi * np.minimum(at_hz / rate_hz, 0.4999))
    ratio = warped / np.tan(np.pi * inside(corner_hz, rate_hz) / rate_hz)
    return np.asarray(np.maximum(-10 * np.log10(1 + ratio ** (2 * order)), -120.0))


def chebyshev_db(
    at_hz: Array, low_hz: float, high_hz: float, stop_db: float, form: Form, rate_hz: int
) -> Array:
    """Chebyshev-II `bandpass` or `bandstop` of order 2 between two edges, not below -120 dB."""
    from scipy.signal import cheby2, sosfreqz

    edges = [low_hz, inside(high_hz, rate_hz)]
    sections = cheby2(2, stop_db, edges, btype=form, fs=rate_hz, output="sos")
    _, response = sosfreqz(sections, worN=np.minimum(at_hz, 0.4999 * rate_hz), fs=rate_hz)
    return np.asarray(20 * np.log10(np.maximum(np.abs(response), 1e-6)))


def _biquad_db(
    at_hz: Array,
    above: tuple[float, float, float],
    below: tuple[float, float, float],
    rate_hz: int,
) -> Array:
    turn = np.exp(-2j * np.pi * np.minimum(at_hz / rate_hz, 0.5))
    response = np.polyval(above[::-1], turn) / np.polyval(below[::-1], turn)
    return np.asarray(20 * np.log10(np.maximum(np.abs(response), 1e-6)))
