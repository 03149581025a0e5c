"""From what the flow did to sound: three ways to bring the change into the recording.

generative  the decoded result itself
delta       the recording plus what decoding says has changed: itself where the flow does nothing
faithful    the recording through a smooth gain over time and frequency, its own phase kept
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mixmend.model.sonic_config import HOP, RATE_HZ
from mixmend.tools.audio import IN_MEMORY_SAMPLES, Audio, FloatArray, allocate, release
from mixmend.tools.process.overlap import Gain, Spectrum, take_away
from mixmend.tools.resample import resample

Render = Literal["faithful", "delta", "generative"]
RENDERS: tuple[Render, ...] = ("faithful", "delta", "generative")

# Samples [start, stop) of a stereo sound at 44.1 kHz, shape (2, stop - start).
Span = Callable[[int, int], FloatArray]

_FFT, _STEP, _BANDS = 2048, 512, 128
_FLOOR = 1e-9  # of full scale, power: below it nothing is heard, and nothing is raised
_MOST_DB, _LEAST_DB = 18.0, -30.0
_TILE = 160 * HOP
_CONTEXT = 4 * HOP


@dataclass(frozen=True, eq=False)
class Gains:
    """Log gain (2, frames, bands) of mid and side; frame 0 is centred at `first_s`.

    Frames are `step` samples at 44.1 kHz apart; bands are even on the mel scale, as `band_power`
    has them.
    """

    first_s: float
    log_gain: NDArray[np.float32]
    step: int = _STEP


def render(
    source: Audio,
    before: Span,
    after: Span,
    *,
    samples: int,
    how: Render = "faithful",
    strength: float = 1.0,
    on_part: Callable[[float], None] | None = None,
) -> Audio:
    """`source` (1 or 2 channels, any rate) as the flow changed it, same shape and rate.

    `before` and `after` are the decoded latents, `samples` long at 44.1 kHz. `strength` scales the
    change: of the gain in dB (faithful) or of the waveform (delta, and generative, whose caller
    may blend latents instead). Peaks are not limited.
    """
    if how == "faithful":
        return _faithful(source, before, after, samples, strength, on_part)
    decoded = allocate(2, samples)
    for start, stop in _tiles(samples, on_part):
        new = after(start, stop)
        if how == "delta" or strength != 1.0:
            new = strength * (new - before(start, stop))
        decoded[:, start:stop] = new
    whole = Audio(decoded[:, : _at(source.frames, source.sample_rate_hz, RATE_HZ)], RATE_HZ)
    change = resample(whole, source.sample_rate_hz)
    add = how == "delta" or strength != 1.0
    return _laid(source, change, add)


def _laid(source: Audio, change: Audio, add: bool) -> Audio:
    """`change`, folded to the source's channels, in place of the source or on top of it."""
    out = allocate(source.channels, source.frames)
    taken = min(source.frames, change.frames)
    for start in range(0, taken, _TILE):
        stop = min(start + _TILE, taken)
        new = change.samples[:, start:stop]
        if source.channels == 1:
            new = new.mean(axis=0, keepdims=True)
        out[:, start:stop] = source.samples[:, start:stop] + new if add else new
        _let_go(out, change.samples, source.samples)
    return Audio(out, source.sample_rate_hz)


def _faithful(
    source: Audio,
    before: Span,
    after: Span,
    samples: int,
    strength: float,
    on_part: Callable[[float], None] | None,
) -> Audio:
    rate = source.sample_rate_hz
    out = allocate(source.channels, source.frames)
    for start, stop in _tiles(samples, on_part):
        first, last = max(0, start - _CONTEXT), min(samples, stop + _CONTEXT)
        gains = measure_gains(before(first, last), after(first, last), first)
        left, right = _at(start, RATE_HZ, rate), _at(stop, RATE_HZ, rate)
        left, right = min(left, source.frames), min(right, source.frames)
        if stop == samples:
            right = source.frames
        if right <= left:
            continue
        lead = min(left, _at(_CONTEXT // 2, RATE_HZ, rate))
        trail = min(source.frames - right, _at(_CONTEXT // 2, RATE_HZ, rate))
        piece = np.array(source.samples[:, left - lead : right + trail], dtype=np.float32)
        changed = apply_gains(piece, left - lead, rate, gains, strength)
        out[:, left:right] = changed[:, lead : lead + right - left]
        _let_go(out, source.samples)
    return Audio(out, rate)


def measure_gains(before: FloatArray, after: FloatArray, first: int) -> Gains:
    """What was done to mid and side, band by band: smooth log gains from two decoded sounds.

    `before` and `after` are (2, n) at 44.1 kHz and begin at sample `first` of the song. Exactly
    zero where they are equal.
    """
    offset = -first % _STEP  # frames sit on a grid that the whole song shares
    old, new = band_power(before[:, offset:]), band_power(after[:, offset:])
    ratio = 0.5 * np.log((new + _FLOOR) / (old + _FLOOR))
    per_db = np.log(10.0) / 20
    ratio = np.clip(ratio, _LEAST_DB * per_db, _MOST_DB * per_db)
    smooth = _smoothed(_smoothed(ratio, 1, 2), 2, 1)
    return Gains((first + offset) / RATE_HZ, smooth.astype(np.float32))


def apply_gains(
    piece: FloatArray, first: int, rate_hz: int, gains: Gains, strength: float
) -> FloatArray:
    """`piece` (1 or 2 channels, n) at `rate_hz` with gains; `first` is its place in the song."""
    window = 1 << max(6, round(np.log2(_FFT * rate_hz / RATE_HZ)))
    bins = np.arange(window // 2 + 1) * rate_hz / window

    def removal(side: int) -> Callable[[Spectrum, int], Gain]:
        def of(spectrum: Spectrum, centre: int) -> Gain:
            times_s = (centre + np.arange(spectrum.shape[0]) * (window // 4)) / rate_hz
            place = (times_s - gains.first_s) * RATE_HZ / gains.step
            log_gain = _at_times(gains.log_gain[side], place)
            return np.asarray(1 - np.exp(strength * _at_bins(log_gain, bins)), np.float32)

        return of

    mid = piece.mean(axis=0)
    less_mid = mid - take_away(mid, first, window, 4, removal(0))
    if piece.shape[0] == 1:
        return np.asarray(piece - less_mid, dtype=np.float32)
    side = 0.5 * (piece[0] - piece[1])
    less_side = side - take_away(side, first, window, 4, removal(1))
    sides = [piece[0] - less_mid - less_side, piece[1] - less_mid + less_side]
    return np.asarray(np.stack(sides), dtype=np.float32)


def band_power(wave: FloatArray, bands: int = _BANDS, step: int = _STEP) -> NDArray[np.float64]:
    """Power (2, frames, bands) of mid and side of `wave` (2, n at 44.1 kHz) in mel bands.

    Frames of 2048 samples are centred at multiples of `step`.
    """
    import scipy.fft

    sides = np.stack([wave.mean(axis=0), 0.5 * (wave[0] - wave[1])])
    padded = np.pad(sides, ((0, 0), (_FFT // 2, _FFT // 2)))
    taper = np.hanning(_FFT + 1)[:-1].astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT, axis=1)[:, ::step]
    spectrum = scipy.fft.rfft(frames * taper, axis=2)
    power = (spectrum.real**2 + spectrum.imag**2) / (taper.sum() / 2) ** 2
    return np.asarray(power @ band_filters(bands), dtype=np.float64)


@lru_cache(maxsize=4)
def band_filters(bands: int = _BANDS) -> NDArray[np.float32]:
    """Triangles (bins, bands) even on the mel scale, at least two bins wide at the foot."""
    edges = _hz(np.linspace(_mel(20.0), _mel(RATE_HZ / 2), bands + 2))
    bins = np.arange(_FFT // 2 + 1) * RATE_HZ / _FFT
    least = 1.5 * RATE_HZ / _FFT
    centre = edges[1:-1]
    up, down = np.maximum(centre - edges[:-2], least), np.maximum(edges[2:] - centre, least)
    away = bins[:, None] - centre
    triangles = np.maximum(0, 1 - np.where(away < 0, -away / up, away / down))
    return np.asarray(triangles, dtype=np.float32)


def _centres_mel(bands: int) -> NDArray[np.float64]:
    return np.linspace(_mel(20.0), _mel(RATE_HZ / 2), bands + 2)[1:-1]


def band_centres_hz(bands: int = _BANDS) -> NDArray[np.float64]:
    """Centres of the mel bands, Hz."""
    return _hz(_centres_mel(bands))


def _mel(hz: float | NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(2595 * np.log10(1 + np.asarray(hz) / 700))


def _hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(700 * (10 ** (mel / 2595) - 1))


def _smoothed(values: NDArray[np.float64], axis: int, reach: int) -> NDArray[np.float64]:
    """A short raised-cosine average along an axis; the ends repeat."""
    taps = 0.5 + 0.5 * np.cos(np.pi * np.arange(-reach, reach + 1) / (reach + 1))
    pad = [(0, 0)] * values.ndim
    pad[axis] = (reach, reach)
    wide = np.pad(values, pad, mode="edge")
    length = values.shape[axis]
    parts = [
        tap * np.take(wide, range(i, i + length), axis) for i, tap in enumerate(taps / taps.sum())
    ]
    return np.asarray(sum(parts))


def _at_times(log_gain: NDArray[np.float32], place: NDArray[np.float64]) -> NDArray[np.float32]:
    """Rows of (frames, bands) at fractional frame numbers; the ends repeat."""
    place = np.clip(place, 0, log_gain.shape[0] - 1)
    low = np.minimum(place.astype(int), log_gain.shape[0] - 1)
    high = np.minimum(low + 1, log_gain.shape[0] - 1)
    share = (place - low).astype(np.float32)[:, None]
    return np.asarray((1 - share) * log_gain[low] + share * log_gain[high], np.float32)


def _at_bins(log_gain: NDArray[np.float32], bins_hz: NDArray[np.float64]) -> NDArray[np.float32]:
    """Columns of (frames, bands) at frequencies; the outer bands hold beyond their centres."""
    bands = log_gain.shape[1]
    centres = _centres_mel(bands)
    place = np.clip((_mel(bins_hz) - centres[0]) / (centres[1] - centres[0]), 0, bands - 1)
    low = np.minimum(place.astype(int), bands - 2)
    share = (place - low).astype(np.float32)
    return np.asarray((1 - share) * log_gain[:, low] + share * log_gain[:, low + 1], np.float32)


def _tiles(samples: int, on_part: Callable[[float], None] | None) -> Iterator[tuple[int, int]]:
    """Spans that cover all samples; before each is given, how far the walk is is told."""
    for start in range(0, samples, _TILE):
        if on_part is not None:
            on_part(start / samples)
        yield start, min(start + _TILE, samples)


def _at(frame: int, old_hz: int, new_hz: int) -> int:
    return round(frame * new_hz / old_hz)


def _let_go(*arrays: FloatArray) -> None:
    for array in arrays:
        if array.size > IN_MEMORY_SAMPLES:
            release(array)
