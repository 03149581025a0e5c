"""A side signal made from the middle: how wide music usually is, and the filter that makes it so.

Source of the method: velvet-noise decorrelation (Alary, Politis and Välimäki, DAFx 2017; Schlecht
and others, DAFx 2018): a sparse, decaying row of signed impulses after the direct sound. Here
each octave has a row of its own, long in the bass and short in the treble, so that combs are finer
than the ear's bands while attacks stay tight; magnitudes are then evened out. It only ever
follows the sound, and as pure side it cancels in mono.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Music our training packages hold (257 excerpts that are stereo): side over middle by band.
BAND_EDGES_HZ = (20.0, 60.0, 120.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 6000.0, 10000.0, 16000.0)
TYPICAL_RATIO = (0.31, 0.38, 0.52, 0.63, 0.66, 0.64, 0.61, 0.56, 0.45, 0.36)
# Logarithm of the width from the decimal logarithms of the middle's band shares: quantile
# regression (0.38: rather too narrow than too wide) on the same excerpts.
_WIDTH_WEIGHTS = (-0.047, 0.007, 0.248, 0.139, 0.217, 0.363, 0.0, -0.033, 0.0, -0.083)
_WIDTH_OFFSET = -0.117
_SMALLEST_SHARE = 1e-5
# Beyond 0.5 the song would grow by more than 1 dB, since the middle stays as it is.
NARROWEST, WIDEST = 0.2, 0.5

# The bass stays in the middle: nothing below the first, all above the second.
BASS_STOP_HZ, BASS_PASS_HZ = 100.0, 160.0

# The best of 150: thirds of octaves of noise stay within 0.6 dB of each other in both channels.
_SEED = 85
_SPREAD_S = 0.045  # where the slowest row ends
_FADE_S = 0.008
# Upper edge of each octave and how long its row of impulses is.
_ROWS = (
    (250.0, 0.036), (500.0, 0.030), (1000.0, 0.022), (2000.0, 0.016), (4000.0, 0.012),
    (8000.0, 0.009), (math.inf, 0.007),
)  # fmt: skip
_IMPULSES = 16
_DECAY_DB = 12.0
_EVENING_ROUNDS = 6
_FITTING_ROUNDS = 30
# A tone is what holds a good part of its third of an octave within this distance.
_TONE_HZ = 11.0
_TONE_SHARE = 1.0
# Thirds of octaves quieter than this are not balanced (-50 dB).
_HEARD_SHARE = 1e-5


@dataclass(frozen=True, eq=False)
class SideFilter:
    """`taps` (n,) causal: middle in, side out, at about unit gain where music is widest."""

    taps: Array
    rate_hz: int

    def response(self, size: int) -> NDArray[np.complex128]:
        """Frequency response on the grid of a real FFT of `size`."""
        return np.asarray(np.fft.rfft(self.taps, size))


def band_shares(power: Array, freqs_hz: Array) -> Array:
    """Share of each band of BAND_EDGES_HZ in a power spectrum, shape (10,)."""
    edges = np.searchsorted(freqs_hz, BAND_EDGES_HZ)
    sums = np.array([power[a:b].sum() for a, b in pairwise(edges.tolist())])
    return np.asarray(sums / max(float(sums.sum()), 1e-30))


def typical_width(power: Array, freqs_hz: Array) -> float:
    """Side over middle RMS that music with this spectrum of the middle usually has."""
    logs = np.log10(np.maximum(band_shares(power, freqs_hz), _SMALLEST_SHARE))
    guess = math.exp(_WIDTH_OFFSET + float(np.dot(_WIDTH_WEIGHTS, logs)))
    return min(WIDEST, max(NARROWEST, guess))


def bass_free(freqs_hz: Array) -> Array:
    """Gain that keeps the bass out: a raised cosine in pitch from BASS_STOP_HZ to BASS_PASS_HZ."""
    octaves = np.log2(np.maximum(freqs_hz, 1.0) / BASS_STOP_HZ)
    place = np.clip(octaves / math.log2(BASS_PASS_HZ / BASS_STOP_HZ), 0, 1)
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * place))


def design_size(rate_hz: int) -> int:
    """Size of the Fourier grid that filters are designed on, some 6 Hz apart or finer."""
    return 1 << math.ceil(math.log2(4 * math.ceil(_SPREAD_S * rate_hz)))


def side_filter(rate_hz: int) -> SideFilter:
    """The decorrelator for one sample rate; the same at every rate below its Nyquist frequency."""
    size = design_size(rate_hz)
    freqs_hz = np.fft.rfftfreq(size, 1 / rate_hz).astype(np.float64)
    return SideFilter(_even(_velvet(freqs_hz), _profile(freqs_hz), _taper(rate_hz)), rate_hz)


def fitted_side_filter(rate_hz: int, power: Array) -> SideFilter:
    """The decorrelator that leaves one song equally loud in both channels.

    `power` (bins of `design_size`) is the long-term spectrum of the middle. A side in quadrature
    to the middle makes left and right equally loud; a causal filter cannot be that everywhere,
    but where the song has steady tones it is turned that way, and the rest is put right by the
    smallest change of taps that makes every third of an octave of the song balance.
    """
    size = design_size(rate_hz)
    freqs_hz = np.fft.rfftfreq(size, 1 / rate_hz).astype(np.float64)
    thirds = np.floor(3 * np.log2(np.maximum(freqs_hz, 30.0) / 30.0)).astype(np.intp)
    response = np.fft.rfft(side_filter(rate_hz).taps, size)
    tonal = _tonal(power, freqs_hz, thirds)
    taps = _even(response, _profile(freqs_hz), _taper(rate_hz), tonal, _FITTING_ROUNDS)
    return SideFilter(_balanced(taps, power, thirds, _taper(rate_hz)), rate_hz)


def _taper(rate_hz: int) -> Array:
    """Window of the taps: flat, with a faded end."""
    fade = round(_FADE_S * rate_hz)
    taper = np.ones(math.ceil(_SPREAD_S * rate_hz))
    taper[-fade:] = 0.5 + 0.5 * np.cos(np.pi * np.arange(fade) / fade)
    return taper


def _even(
    response: NDArray[np.complex128],
    wanted: Array,
    taper: Array,
    tonal: Array | None = None,
    rounds: int = _EVENING_ROUNDS,
) -> Array:
    """Taps of about the `wanted` magnitude: even magnitudes and causality in turns."""
    size = 2 * (wanted.size - 1)
    taps = np.zeros(taper.size)
    for _ in range(rounds):
        if tonal is not None:
            response = response - tonal * response.real
        response = response * (wanted / np.maximum(np.abs(response), 1e-9))
        taps = np.fft.irfft(response, size)[: taper.size] * taper
        response = np.fft.rfft(taps, size)
    return taps


def _balanced(taps: Array, power: Array, third: NDArray[np.intp], taper: Array) -> Array:
    """The nearest taps for which middle and side do not correlate in any third of an octave.

    What left has more than right is twice the sum of power * Re(response), linear in the taps.
    """
    rows = []
    for index in np.unique(third):
        own = np.where(third == index, power, 0)
        if own.sum() > _HEARD_SHARE * power.sum():
            rows.append(np.fft.irfft(own / own.sum())[: taps.size] * taps.size)
    if not rows:
        return taps
    leans = np.array(rows)
    weighted = leans * taper
    gram = weighted @ leans.T
    gram[np.diag_indices_from(gram)] *= 1 + 1e-6
    return np.asarray(taps - weighted.T @ np.linalg.solve(gram, leans @ taps))


def _tonal(power: Array, freqs_hz: Array, own: NDArray[np.intp]) -> Array:
    """How far each bin belongs to a steady tone, 0..1."""
    around = max(1, round(_TONE_HZ / float(freqs_hz[1])))
    near = np.convolve(power, np.ones(2 * around + 1), mode="same")
    share = near / np.maximum(np.bincount(own, weights=power)[own], 1e-30)
    return np.asarray(np.clip(share / _TONE_SHARE, 0, 1))


def _profile(freqs_hz: Array) -> Array:
    """How wide music is over frequency, widest band 1, without the bass."""
    centres = np.sqrt(np.array(BAND_EDGES_HZ[:-1]) * np.array(BAND_EDGES_HZ[1:]))
    ratio = np.interp(np.log(np.maximum(freqs_hz, 1)), np.log(centres), TYPICAL_RATIO)
    return np.asarray(bass_free(freqs_hz) * ratio / max(TYPICAL_RATIO))


def _velvet(freqs_hz: Array) -> NDArray[np.complex128]:
    response = np.zeros(freqs_hz.size, dtype=np.complex128)
    octaves = np.log2(np.maximum(freqs_hz, 1.0))
    lower = -math.inf
    rng = np.random.default_rng(_SEED)
    for upper_hz, spread_s in _ROWS:
        upper = math.log2(upper_hz)
        # Rows cross over within half an octave, with equal power.
        rise = np.clip((octaves - lower) / 0.5 + 0.5, 0, 1)
        fall = np.clip((upper - octaves) / 0.5 + 0.5, 0, 1)
        weight = np.sin(np.pi / 2 * rise) * np.sin(np.pi / 2 * fall)
        lower = upper
        first_s = 0.15 * spread_s
        step_s = spread_s / _IMPULSES
        times_s = first_s + step_s * (np.arange(_IMPULSES) + rng.uniform(0, 1, _IMPULSES))
        decay = 10 ** (-_DECAY_DB / 20 * (times_s - first_s) / spread_s)
        sizes = rng.choice([-1.0, 1.0], _IMPULSES) * decay
        turns = np.exp(-2j * np.pi * np.outer(freqs_hz[weight > 0], times_s))
        response[weight > 0] += weight[weight > 0] * (turns @ sizes)
    return response
