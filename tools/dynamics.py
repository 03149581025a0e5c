"""Dynamics: crest factor, DR, how squashed the level is, how strong the attacks are.

One pass keeps peaks and energies of 2.5 ms hops (of the sound and of its difference signal, which
tilts it toward the treble where attacks show); everything else is worked out from those.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio, blocks
from mixmend.tools.measurement import Dynamics, Measured

Array = NDArray[np.float64]

HOPS_PER_S = 400
DR_BLOCK_S = 3  # Pleasurize Music Foundation: 3 s blocks, loudest fifth, second highest peak
DR_LOUDEST_SHARE = 0.2
SEGMENT_S = 15  # compression and punch are judged inside these, so form does not count as dynamics
SILENCE_POWER = 1e-7  # mean square of a -70 dBFS segment, and of what is left out as silence
GATE_DB = 40.0  # quieter than this under the loudest does not count as music

# Calibrated on 125 excerpts of music before and after compressors and clippers (docs/measurements):
# the spread of the 400 ms level where half count as squashed, and the second's crest factor.
EVEN_SPREAD_DB, EVEN_SLOPE = 3.3, 2.6
LIMITED_CREST_DB, LIMITED_SLOPE_DB = 8.0, 1.0
# Attack score (dB) of middling music and its spread, over the same excerpts.
PUNCH_MIDDLE_DB, PUNCH_SLOPE_DB = 10.4, 3.0
ATTACK_LAG_HOPS = 16  # 40 ms
ATTACK_LOUD_DB = 12.0
ATTACK_WEIGHT_DB = 6.0


@dataclass(frozen=True, eq=False)
class _Hops:
    """Mean squares over channels in 2.5 ms hops, plain and of the difference signal (hops,);
    per second and channel the peak and mean square (seconds, channels) over whole seconds."""

    power: Array
    treble: Array
    second_peak: Array
    second_power: Array
    peak: float
    mean_square: float


def measure_dynamics(audio: Audio) -> Measured[Dynamics]:
    """Crest factor and DR in dB, compression and punch 0..1; None where there is too little sound.

    Sources: Pleasurize Music Foundation DR procedure (not rounded to whole numbers here);
    compression and punch are ours, see docs/measurements.md.
    """
    hops = _walk(audio)
    if hops.mean_square <= 0:
        return Measured(Dynamics(), ("dynamics: every sample is zero.",))
    crest_db = 20 * math.log10(hops.peak) - 10 * math.log10(hops.mean_square)
    notes = []
    dr = _dr(hops)
    if dr is None:
        notes.append("dynamics.dr: under 3 s of sound, and DR needs blocks of 3 s.")
    segments = list(_segments(hops))
    if not segments:
        notes.append("dynamics.compression: no 3 s stretch is loud enough to judge dynamics.")
        return Measured(Dynamics(crest_db=crest_db, dr=dr), tuple(notes))
    value = Dynamics(
        crest_db=crest_db,
        dr=dr,
        compression=_compression(segments),
        punch=_punch(segments),
    )
    return Measured(value, tuple(notes))


def _walk(audio: Audio) -> _Hops:
    rate = audio.sample_rate_hz
    # The same tilt at every rate: the difference over about 1/44100 s.
    lag = max(1, round(rate / 44100))
    edges = np.unique(np.round(np.arange(HOPS_PER_S + 1) * (rate / HOPS_PER_S)).astype(np.int64))
    power, treble, second_peak, second_power = [], [], [], []
    peak, total = 0.0, 0.0
    tail = np.zeros((audio.channels, lag), dtype=np.float32)
    for block in blocks(audio, rate):
        samples = block.samples
        frames = samples.shape[1]
        squares = np.square(samples)
        highest = np.maximum(samples.max(axis=1), -samples.min(axis=1))
        energy = squares.sum(axis=1, dtype=np.float64)
        peak = max(peak, float(highest.max()))
        total += float(energy.sum())
        if frames == rate:
            second_peak.append(highest)
            second_power.append(energy / rate)
        full = int(np.searchsorted(edges, frames, side="right")) - 1
        if full > 0:
            widths = np.diff(edges[: full + 1]) * audio.channels
            power.append(_hop_sums(squares, edges, full) / widths)
            before = np.concatenate([tail, samples[:, : frames - lag]], axis=1)[:, :frames]
            np.square(np.subtract(samples, before, out=before), out=before)
            treble.append(_hop_sums(before, edges, full) / widths)
        tail = samples[:, -lag:] if frames >= lag else tail
    return _Hops(
        _joined(power),
        _joined(treble),
        np.array(second_peak, dtype=np.float64).reshape(-1, audio.channels),
        np.array(second_power, dtype=np.float64).reshape(-1, audio.channels),
        peak,
        total / max(1, audio.frames * audio.channels),
    )


def _hop_sums(squares: NDArray[np.float32], edges: NDArray[np.int64], full: int) -> Array:
    sums = np.add.reduceat(squares[:, : edges[full]], edges[:full], axis=1)
    return np.asarray(sums.sum(axis=0, dtype=np.float64))


def _joined(parts: list[Array]) -> Array:
    return np.concatenate(parts) if parts else np.zeros(0)


def _dr(hops: _Hops) -> float | None:
    """Mean over channels of second highest block peak over the RMS of the loudest blocks, dB."""
    count = hops.second_peak.shape[0] // DR_BLOCK_S
    if count == 0:
        return None
    whole = count * DR_BLOCK_S
    peaks = hops.second_peak[:whole].reshape(count, DR_BLOCK_S, -1).max(axis=1)
    # The procedure scales RMS so that a full-scale sine reads 0 dB: hence twice the mean square.
    power = 2 * hops.second_power[:whole].reshape(count, DR_BLOCK_S, -1).mean(axis=1)
    loudest = max(1, int(count * DR_LOUDEST_SHARE))
    per_channel = []
    for peak, mean_square in zip(peaks.T, power.T, strict=True):
        top = float(np.mean(np.sort(mean_square)[-loudest:]))
        second = float(np.sort(peak)[-2:][0])
        if top > 0 and second > 0:
            per_channel.append(20 * math.log10(second) - 10 * math.log10(top))
    return float(np.mean(per_channel)) if per_channel else None


@dataclass(frozen=True, eq=False)
class _Segment:
    """About 15 s of music: hop powers and, a second each, the crest factor in dB."""

    power: Array
    treble: Array
    crest_db: Array


def _segments(hops: _Hops) -> Iterator[_Segment]:
    """Segments loud enough to be music; the last one takes up what is left, at least 3 s."""
    seconds = hops.second_power.shape[0]
    if seconds < 3:
        return
    count = max(1, seconds // SEGMENT_S)
    bounds = [round(k * seconds / count) for k in range(count + 1)]
    levels = hops.second_power.mean(axis=1)
    loudest = max(float(levels[a:b].mean()) for a, b in pairwise(bounds))
    for first, last in pairwise(bounds):
        level = float(levels[first:last].mean())
        if level < max(SILENCE_POWER, loudest * 10 ** (-GATE_DB / 10)):
            continue
        heard = np.flatnonzero(levels[first:last] >= level * 10 ** (-GATE_DB / 10)) + first
        crest = 20 * np.log10(hops.second_peak[heard].max(axis=1)) - _db(levels[heard])
        inside = slice(first * HOPS_PER_S, last * HOPS_PER_S)
        yield _Segment(hops.power[inside], hops.treble[inside], crest)


def _compression(segments: list[_Segment]) -> float:
    """0..1: level held even (compressor) or crests cut short (limiter, clipper), or both."""
    spread = float(np.median([_level_spread_db(segment.power) for segment in segments]))
    crest = float(np.median(np.concatenate([segment.crest_db for segment in segments])))
    even = _logistic(EVEN_SLOPE * math.log(EVEN_SPREAD_DB / max(spread, 0.05)))
    limited = _logistic((LIMITED_CREST_DB - crest) / LIMITED_SLOPE_DB)
    return 1 - (1 - even) * (1 - limited)


def _level_spread_db(power: Array) -> float:
    """From the 10th to the 95th percentile of the 400 ms level, silence left out."""
    level = _db(_box(power, HOPS_PER_S * 4 // 10)[:: HOPS_PER_S // 10])
    level = level[level > np.percentile(level, 95) - GATE_DB]
    low, high = np.percentile(level, [10, 95])
    return float(high - low)


def _punch(segments: list[_Segment]) -> float:
    """0..1 from how far attacks stand out, and how much faster sound rises than it falls."""
    scores = [
        _stand_out_db(segment.power) + ATTACK_WEIGHT_DB * _rise_over_fall(segment.treble)
        for segment in segments
    ]
    return _logistic((float(np.median(scores)) - PUNCH_MIDDLE_DB) / PUNCH_SLOPE_DB)


def _stand_out_db(power: Array) -> float:
    """Loudest hundredth of the 10 ms level over its median, in 3 s windows; their median."""
    level = _db(_box(power, 4))
    window = 3 * HOPS_PER_S
    starts = range(0, max(1, level.size - window // 3), 2 * HOPS_PER_S)
    over = []
    for start in starts:
        middle, top = np.percentile(level[start : start + window], [50, 99])
        over.append(float(top - middle))
    return float(np.median(over))


def _rise_over_fall(treble: Array) -> float:
    """Log ratio of squared rises to squared falls over 40 ms near the loudest moments."""
    level = _db(_box(treble, 2))
    change = level[ATTACK_LAG_HOPS:] - level[:-ATTACK_LAG_HOPS]
    louder = np.maximum(level[ATTACK_LAG_HOPS:], level[:-ATTACK_LAG_HOPS])
    near = change[louder > np.percentile(level, 99) - ATTACK_LOUD_DB]
    rise = float(np.mean(np.square(np.maximum(near, 0)))) if near.size else 0.0
    fall = float(np.mean(np.square(np.minimum(near, 0)))) if near.size else 0.0
    # A hundredth of a squared decibel keeps steady tones, which do neither, at zero.
    return math.log((rise + 0.01) / (fall + 0.01))


def _box(power: Array, width: int) -> Array:
    total = np.concatenate([[0.0], np.cumsum(power)])
    return np.asarray(np.maximum(total[width:] - total[:-width], 0.0) / width)


def _db(power: Array) -> Array:
    return np.asarray(10 * np.log10(power + 1e-12))


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-min(max(value, -30.0), 30.0)))
