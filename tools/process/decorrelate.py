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
from functools import lru_cache
from itertools import pairwise, product

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

# Rows to choose from: with steady tones each suits one song more than another.
_SEEDS = (85, 9, 103, 50, 45, 11, 12, 13, 14, 15, 16, 17)
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
_TONE_SHARE = 0.5


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


def side_filter(
    rate_hz: int,
    seeds: tuple[int, ...] = _SEEDS[:1] * len(_ROWS),
    signs: tuple[float, ...] = (1.0,) * len(_ROWS),
    tonal: Array | None = None,
) -> SideFilter:
    """The decorrelator for one sample rate, with one seed and one sign an octave.

    It is the same filter at every rate below that rate's Nyquist frequency. `tonal` (bins of
    `design_size`) says where steady tones are, 0..1: there the side is turned towards a quarter
    circle from the middle, which makes both channels equally loud.
    """
    length = math.ceil(_SPREAD_S * rate_hz)
    size = design_size(rate_hz)
    freqs_hz = np.fft.rfftfreq(size, 1 / rate_hz).astype(np.float64)
    response = _velvet(freqs_hz, seeds, signs)
    taper = np.zeros(size)
    taper[:length] = 1
    fade = round(_FADE_S * rate_hz)
    taper[length - fade : length] = 0.5 + 0.5 * np.cos(np.pi * np.arange(fade) / fade)
    wanted = _profile(freqs_hz)
    for _ in range(_EVENING_ROUNDS if tonal is None else _FITTING_ROUNDS):
        if tonal is not None:
            response -= tonal * response.real
        # Even magnitudes, then causal again; a few rounds settle near both.
        response *= wanted / np.maximum(np.abs(response), 1e-9)
        response = np.fft.rfft(np.fft.irfft(response, size) * taper)
    return SideFilter(np.fft.irfft(response, size)[:length], rate_hz)


def fitted_side_filter(rate_hz: int, power: Array, freqs_hz: Array, amount: float) -> SideFilter:
    """The decorrelator that colours one song least when its side is used at `amount`.

    `power` (bins of `design_size`) is the long-term spectrum of the middle at `freqs_hz`. Octave by
    octave the row is taken that keeps left and right most alike in every third of it; signs are
    chosen so that what differs cancels over the octaves; steady tones are kept equally loud.
    """
    thirds = np.floor(3 * np.log2(np.maximum(freqs_hz, 1.0) / 1000))
    left, right = [], []
    for response in _candidates(rate_hz):
        left.append(power * np.square(np.abs(1 + amount * response)))
        right.append(power * np.square(np.abs(1 - amount * response)))
    seeds, leans, lower_hz = [], [], BASS_STOP_HZ
    for upper_hz, _ in _ROWS:
        inside = (freqs_hz >= lower_hz) & (freqs_hz < upper_hz)
        lower_hz = upper_hz
        own = thirds[inside] - (thirds[inside].min() if inside.any() else 0)
        costs = [
            _unlikeness(one[inside], other[inside], own.astype(np.intp))
            for one, other in zip(left, right, strict=True)
        ]
        best = int(np.argmin(costs))
        seeds.append(_SEEDS[best])
        leans.append(float((left[best] - right[best])[inside].sum()))
    choices = list(product((1.0, -1.0), repeat=len(_ROWS)))
    signs = choices[int(np.argmin(np.abs(np.array(choices) @ np.array(leans))))]
    return side_filter(rate_hz, tuple(seeds), signs, _tonal(power, freqs_hz, thirds))


@lru_cache(maxsize=4)
def _candidates(rate_hz: int) -> tuple[NDArray[np.complex128], ...]:
    size = design_size(rate_hz)
    return tuple(side_filter(rate_hz, (seed,) * len(_ROWS)).response(size) for seed in _SEEDS)


def _tonal(power: Array, freqs_hz: Array, thirds: Array) -> Array:
    """How far each bin belongs to a steady tone, 0..1."""
    own = (thirds - thirds.min()).astype(np.intp)
    around = max(1, round(_TONE_HZ / float(freqs_hz[1])))
    near = np.convolve(power, np.ones(2 * around + 1), mode="same")
    share = near / np.maximum(np.bincount(own, weights=power)[own], 1e-30)
    return np.asarray(np.clip(share / _TONE_SHARE, 0, 1))


def _unlikeness(left: Array, right: Array, third: NDArray[np.intp]) -> float:
    """Sum over thirds of an octave of the squared level difference, louder thirds counting more."""
    if left.size == 0:
        return 0.0
    one, other = (np.bincount(third, weights=power) + 1e-30 for power in (left, right))
    weight = np.sqrt((one + other) / (one + other).sum())
    return float((weight * np.square(np.log(one / other))).sum())


def _profile(freqs_hz: Array) -> Array:
    """How wide music is over frequency, widest band 1, without the bass."""
    centres = np.sqrt(np.array(BAND_EDGES_HZ[:-1]) * np.array(BAND_EDGES_HZ[1:]))
    ratio = np.interp(np.log(np.maximum(freqs_hz, 1)), np.log(centres), TYPICAL_RATIO)
    return np.asarray(bass_free(freqs_hz) * ratio / max(TYPICAL_RATIO))


def _velvet(
    freqs_hz: Array, seeds: tuple[int, ...], signs: tuple[float, ...]
) -> NDArray[np.complex128]:
    response = np.zeros(freqs_hz.size, dtype=np.complex128)
    octaves = np.log2(np.maximum(freqs_hz, 1.0))
    lower = -math.inf
    for row, (upper_hz, spread_s) in enumerate(_ROWS):
        rng = np.random.default_rng((seeds[row], row))
        upper = math.log2(upper_hz)
        # Rows cross over within half an octave, with equal power.
        rise = np.clip((octaves - lower) / 0.5 + 0.5, 0, 1)
        fall = np.clip((upper - octaves) / 0.5 + 0.5, 0, 1)
        weight = np.sin(np.pi / 2 * rise) * np.sin(np.pi / 2 * fall)
        lower = upper
        first_s = 0.15 * spread_s
        step_s = spread_s / _IMPULSES
        times_s = first_s + step_s * (np.arange(_IMPULSES) + rng.uniform(0, 1, _IMPULSES))
        sizes = (
            signs[row]
            * rng.choice([-1.0, 1.0], _IMPULSES)
            * 10 ** (-_DECAY_DB / 20 * (times_s - first_s) / spread_s)
        )
        turns = np.exp(-2j * np.pi * np.outer(freqs_hz[weight > 0], times_s))
        response[weight > 0] += weight[weight > 0] * (turns @ sizes)
    return response
