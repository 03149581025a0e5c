"""Tempo: the beat period that a song's attacks repeat at, from a low-rate onset envelope."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import FloatArray
from mixmend.tools.excerpts import Excerpts

Array = NDArray[np.float64]

WINDOW_S = 0.046
HOP_S = 0.0116
BANDS = 36
LOWEST_HZ, HIGHEST_HZ = 40.0, 5000.0
SLOWEST_BPM, FASTEST_BPM = 45.0, 200.0
LIKELY_BPM = 125.0  # listeners tap nearest to this; a log-normal prior over about an octave
PRIOR_OCTAVES = 0.8
BEATS_AHEAD = 4  # multiples of the beat that must repeat as well
MIN_EXCERPT_S = 4.0


@dataclass(frozen=True)
class Tempo:
    """Beats a minute and how far to trust them, 0..1; None when nothing repeats."""

    bpm: float | None
    confidence: float | None


def tempo_of(excerpts: Excerpts) -> Tempo:
    """Tempo of the excerpts' middle signal; None and None under four seconds or without attacks.

    Method: log-spectral flux, its autocorrelation averaged over excerpts, a comb over multiples
    of the beat and a prior for the octave. Confidence is the share of the envelope's energy that
    repeats, lowered when excerpts disagree.
    """
    rate = excerpts.rate_hz
    if excerpts.middle.shape[1] < MIN_EXCERPT_S * rate:
        return Tempo(None, None)
    hop = max(1, round(HOP_S * rate))
    step_s = hop / rate
    curves = []
    for piece in excerpts.middle:
        curve = _autocorrelation(_onset_envelope(piece, rate, hop), step_s)
        if curve is not None:
            curves.append(curve)
    if not curves:
        return Tempo(None, None)
    together = np.mean(curves, axis=0)
    best = _best_bpm(together, step_s)
    if best is None:
        return Tempo(None, None)
    alone = [_best_bpm(curve, step_s) for curve in curves]
    agree = float(np.mean([_same_beat(best, bpm) for bpm in alone]))
    strength = _repetition(together, 60 / best / step_s)
    confidence = min(1.0, max(0.0, strength * 1.2)) * (0.4 + 0.6 * agree)
    return Tempo(best, confidence)


def _onset_envelope(piece: FloatArray, rate_hz: float, hop: int) -> Array:
    """Rise of the log band energies, (frames,), slow changes taken out."""
    size = 2 ** round(math.log2(WINDOW_S * rate_hz))
    frames = np.lib.stride_tricks.sliding_window_view(piece, size)[::hop]
    window = np.hanning(size).astype(np.float32)
    power = np.square(np.abs(np.fft.rfft(frames * window, axis=1))).astype(np.float32)
    bands = power @ mel_bands(size, rate_hz, BANDS, LOWEST_HZ, HIGHEST_HZ)
    floor = 1e-4 * float(bands.max()) + 1e-12
    level = np.log(bands + floor)
    flux = np.maximum(level[2:] - level[:-2], 0).mean(axis=1).astype(np.float64)
    width = max(1, round(0.8 * rate_hz / hop))
    padded = np.pad(flux, (width // 2, width - width // 2), mode="edge")
    total = np.concatenate([[0.0], np.cumsum(padded)])
    local = (total[width:] - total[:-width])[: flux.size] / width
    return np.asarray(np.maximum(flux - local, 0.0))


def mel_bands(
    size: int, rate_hz: float, bands: int, lowest_hz: float, highest_hz: float
) -> FloatArray:
    """Triangles evenly spaced on the mel scale for a `size`-point transform, (bins, bands)."""
    bins_hz = np.arange(size // 2 + 1) * rate_hz / size
    low, high = (math.log1p(hz / 700) for hz in (lowest_hz, min(highest_hz, rate_hz / 2)))
    edges = 700 * np.expm1(np.linspace(low, high, bands + 2))
    rise = (bins_hz[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - bins_hz[:, None]) / (edges[2:] - edges[1:-1])
    return np.asarray(np.maximum(np.minimum(rise, fall), 0.0), dtype=np.float32)


def _autocorrelation(envelope: Array, step_s: float) -> Array | None:
    """Normalised autocorrelation up to BEATS_AHEAD slowest beats; None for an empty envelope."""
    spread = envelope - envelope.mean()
    energy = float(spread @ spread)
    if energy <= 1e-9 * envelope.size:
        return None
    lags = math.ceil(BEATS_AHEAD * 60 / SLOWEST_BPM / step_s) + 2
    size = 2 ** math.ceil(math.log2(envelope.size + lags))
    spectrum = np.fft.rfft(spread, size)
    curve = np.fft.irfft(np.square(np.abs(spectrum)), size)[:lags]
    # Fewer products at long lags: bring them to the same scale where there are enough.
    count = np.maximum(envelope.size - np.arange(lags), envelope.size / 4)
    return np.asarray(curve / energy * envelope.size / count)


def _best_bpm(curve: Array, step_s: float) -> float | None:
    bpm = np.exp(np.linspace(math.log(SLOWEST_BPM), math.log(FASTEST_BPM), 600))
    lag = 60 / bpm / step_s
    grid = np.arange(curve.size)
    score = np.zeros(bpm.size)
    for beats in range(1, BEATS_AHEAD + 1):
        score += np.interp(lag * beats, grid, curve)
    # Between the beats there should be less: what is as strong there is half this tempo's beat.
    score -= 0.5 * np.interp(lag * 1.5, grid, curve) + 0.5 * np.interp(lag * 2.5, grid, curve)
    prior = np.exp(-0.5 * np.square(np.log2(bpm / LIKELY_BPM) / PRIOR_OCTAVES))
    weighted = np.maximum(score, 0.0) * prior
    top = int(np.argmax(weighted))
    if weighted[top] <= 0:
        return None
    return _refined(curve, 60 / float(bpm[top]) / step_s, step_s)


def _refined(curve: Array, lag: float, step_s: float) -> float:
    """Sharpen the period at ever larger multiples, where the same error is a smaller share."""
    for beats in range(1, BEATS_AHEAD + 1):
        around = round(lag * beats)
        reach = max(2, round(0.06 * lag * beats / beats))
        first, last = max(1, around - reach), min(curve.size - 1, around + reach + 1)
        if last - first < 3:
            break
        at = first + int(np.argmax(curve[first:last]))
        if curve[at] <= 0.3 * curve[max(1, round(lag))]:
            continue
        left, middle, right = curve[at - 1 : at + 2] if at + 1 < curve.size else (0.0, 1.0, 0.0)
        bend = left - 2 * middle + right
        offset = 0.5 * (left - right) / bend if bend < 0 else 0.0
        lag = (at + float(np.clip(offset, -0.5, 0.5))) / beats
    return 60 / (lag * step_s)


def _repetition(curve: Array, lag: float) -> float:
    """Mean autocorrelation at the beat's multiples, 0..1."""
    at = np.interp(lag * np.arange(1, BEATS_AHEAD + 1), np.arange(curve.size), curve)
    return float(np.clip(np.mean(at), 0.0, 1.0))


def _same_beat(bpm: float, other: float | None) -> bool:
    """Whether two tempi agree within 4 %, or one is the other's double."""
    if other is None:
        return False
    return any(abs(other / bpm - ratio) < 0.04 * ratio for ratio in (0.5, 1.0, 2.0))
