"""Vocals: whether somebody sings or speaks in a song, from how its excerpts move.

A voice glides in pitch, changes its timbre a few times a second and stands in the middle of the
stereo image. A logistic model over such features decides for each excerpt; it was trained on
instrumental music with and without synthesised singing and recorded speech laid over it
(docs/measurements.md says how well it did), so its confidence stays below what people would give.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import FloatArray
from mixmend.tools.excerpts import Excerpts
from mixmend.tools.tempo import mel_bands

Array = NDArray[np.float64]

WINDOW_S, HOP_S = 0.046, 0.0116
BANDS, LOWEST_HZ, HIGHEST_HZ = 28, 120.0, 4800.0
COEFFICIENTS = 14
VARIANCE_S = 0.74
GLIDE_BANDS_HZ = (300.0, 643.0, 1378.0, 2954.0)
GLIDE_STEPS_AN_OCTAVE = 60
GLIDE_REACH = 5  # steps of 20 cents looked at over three hops
MODULATION_HZ = (1.0, 2.5, 5.0, 8.0, 16.0)
MIN_EXCERPT_S = 4.0
MIN_RATE_HZ = 7900.0
UNSURE = 0.15  # this close to even odds, nothing is claimed
MOST_CONFIDENT = 0.75


@dataclass(frozen=True)
class Vocals:
    """Whether there is a voice and how sure that is, 0..1; None when it cannot be told."""

    present: bool | None
    confidence: float | None


@dataclass(frozen=True, eq=False)
class _Model:
    mean: Array
    scale: Array
    weights: Array
    bias: float


def vocals_of(excerpts: Excerpts) -> Vocals:
    """Voice or no voice; None under four seconds, in silence, or too close to call."""
    rate = excerpts.rate_hz
    if excerpts.middle.shape[1] < MIN_EXCERPT_S * rate or rate < MIN_RATE_HZ:
        return Vocals(None, None)
    model = _model()
    chances = []
    for middle, side in zip(excerpts.middle, excerpts.side, strict=True):
        if float(np.abs(middle).max()) < 1e-4:
            continue
        standard = (vocal_features(middle, side, rate) - model.mean) / model.scale
        # Far outside what the model has seen, a feature says no more than at the edge.
        odds = float(np.clip(standard, -4, 4) @ model.weights) + model.bias
        chances.append(1 / (1 + math.exp(-min(max(odds, -30.0), 30.0))))
    if not chances:
        return Vocals(None, None)
    # Songs rest between verses: the likelier half of the excerpts speaks for the song.
    likeliest = sorted(chances, reverse=True)[: max(1, (len(chances) + 1) // 2)]
    chance = float(np.mean(likeliest))
    if abs(chance - 0.5) < UNSURE:
        return Vocals(None, None)
    return Vocals(chance > 0.5, min(MOST_CONFIDENT, 2 * abs(chance - 0.5)))


def vocal_features(middle: FloatArray, side: FloatArray, rate_hz: float) -> Array:
    """The model's features of one excerpt, (features,): timbre, its variance, glides, place."""
    size = 2 ** round(math.log2(WINDOW_S * rate_hz))
    hop = max(1, round(HOP_S * rate_hz))
    bands = _band_power(middle, size, hop, rate_hz)
    floor = 1e-5 * float(bands.max()) + 1e-12
    return np.concatenate(
        [
            _timbre(np.log(bands + floor), hop / rate_hz),
            _glides(middle, rate_hz, hop),
            _modulation(np.log(bands[:, 4:22] + floor), hop / rate_hz),
            _place(bands, side, size, hop, rate_hz, floor),
        ]
    )


def _power(signal: FloatArray, size: int, hop: int, padded: int) -> FloatArray:
    frames = np.lib.stride_tricks.sliding_window_view(signal, size)[::hop]
    window = np.hanning(size).astype(np.float32)
    return np.square(np.abs(np.fft.rfft(frames * window, padded, axis=1))).astype(np.float32)


def _band_power(signal: FloatArray, size: int, hop: int, rate_hz: float) -> Array:
    matrix = mel_bands(size, rate_hz, BANDS, LOWEST_HZ, HIGHEST_HZ)
    return np.asarray(_power(signal, size, hop, size) @ matrix, dtype=np.float64)


def _timbre(level: Array, step_s: float) -> Array:
    """Cepstral means, how they vary within and between 0.74 s windows, and how fast they move."""
    turns = np.arange(COEFFICIENTS)[:, None] * (np.arange(BANDS) + 0.5) / BANDS
    cepstrum = level @ np.cos(np.pi * turns).T / BANDS
    width = max(4, round(VARIANCE_S / step_s) // 2 * 2)
    starts = range(0, len(cepstrum) - width + 1, width // 2)
    spread = np.array([cepstrum[start : start + width].std(axis=0) for start in starts])
    change = np.abs(cepstrum[2:] - cepstrum[:-2]).mean(axis=0)
    return np.concatenate([cepstrum[:, 1:].mean(axis=0), spread.mean(0), spread.std(0), change])


def _glides(signal: FloatArray, rate_hz: float, hop: int) -> Array:
    """Per band: how far and how often the fine spectrum shifts along the pitch axis."""
    size = 2 * 2 ** round(math.log2(WINDOW_S * rate_hz))
    power = _power(signal, size, hop, 2 * size)
    octaves = math.log2(GLIDE_BANDS_HZ[-1] / GLIDE_BANDS_HZ[0])
    steps = np.arange(round(octaves * GLIDE_STEPS_AN_OCTAVE)) / GLIDE_STEPS_AN_OCTAVE
    at = GLIDE_BANDS_HZ[0] * 2**steps * 2 * size / rate_hz
    below = at.astype(int)
    part = (at - below).astype(np.float32)
    magnitude = np.sqrt(power)
    fine = np.sqrt(magnitude[:, below] * (1 - part) + magnitude[:, below + 1] * part)
    count = len(GLIDE_BANDS_HZ) - 1
    edges = [round(k * steps.size / count) for k in range(count + 1)]
    found = [_glide(fine[:, first:last]) for first, last in pairwise(edges)]
    return np.concatenate(found)


def _glide(fine: FloatArray, lag: int = 3) -> Array:
    """Mean shift, share of frames shifted, what shifting gains, share of frames judged."""
    shape = fine - fine.mean(axis=1, keepdims=True)
    norm = np.linalg.norm(shape, axis=1) + 1e-9
    shape = shape / norm[:, None]
    width = shape.shape[1]
    likeness = np.stack(
        [
            np.einsum(
                "ij,ij->i",
                shape[lag:, max(0, k) : width + min(0, k)],
                shape[:-lag, max(0, -k) : width + min(0, -k)],
            )
            for k in range(-GLIDE_REACH, GLIDE_REACH + 1)
        ],
        axis=1,
    )
    best = likeness.max(axis=1)
    shift = np.argmax(likeness, axis=1) - GLIDE_REACH
    judged = (norm[lag:] > np.percentile(norm, 30)) & (best > 0.7)
    if not judged.any():
        return np.zeros(4)
    shift, gain = shift[judged], (best - likeness[:, GLIDE_REACH])[judged]
    return np.array([np.abs(shift).mean(), (shift != 0).mean(), gain.mean(), judged.mean()])


def _modulation(level: Array, step_s: float) -> Array:
    """Shares of slow, syllabic and fast level changes of the bands a voice uses."""
    moving = (level - level.mean(axis=0)) * np.hanning(len(level))[:, None]
    power = np.square(np.abs(np.fft.rfft(moving, axis=0)))
    hz = np.fft.rfftfreq(len(level), step_s)
    total = power[(hz > 0.5) & (hz < 20)].sum(axis=0) + 1e-9
    shares = [
        (power[(hz >= low) & (hz < high)].sum(axis=0) / total).mean()
        for low, high in pairwise(MODULATION_HZ)
    ]
    return np.array(shares)


def _place(
    bands: Array, side: FloatArray, size: int, hop: int, rate_hz: float, floor: float
) -> Array:
    """Side over middle where a voice is, relative to the rest, and how that moves; 0 for mono."""
    if not np.any(side):
        return np.zeros(3)
    apart = _band_power(side, size, hop, rate_hz)
    ratio = np.log((apart.mean(axis=0) + floor) / (bands.mean(axis=0) + floor))
    voice = float(ratio[5:20].mean())
    rest = float(np.concatenate([ratio[:3], ratio[22:]]).mean())
    over_time = np.log((apart[:, 5:20].sum(axis=1) + floor) / (bands[:, 5:20].sum(axis=1) + floor))
    return np.array([voice, voice - rest, over_time.std()])


@lru_cache(maxsize=1)
def _model() -> _Model:
    stored = json.loads(files("mixmend.tools").joinpath("data/vocals.json").read_text("utf-8"))
    mean, scale, weights = (np.array(stored[name]) for name in ("mean", "scale", "weights"))
    return _Model(mean, scale, weights, float(stored["bias"]))
