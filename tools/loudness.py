"""Loudness: integrated, momentary, short-term and range, after BS.1770-5, Tech 3341 and 3342.

The sound is K-weighted block by block and kept as mean squares of 10 ms hops, one float a hop
and channel: an hour of stereo is 6 MB. Every window (400 ms, 3 s) is then a sum of hops.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio, blocks
from mixmend.tools.measurement import Loudness, Measured
from mixmend.tools.true_peak import TruePeakSeries, decibels, true_peak_series

Array = NDArray[np.float64]

HOP_S = 0.01
MOMENTARY_HOPS = 40
SHORT_TERM_HOPS = 300
GATE_STEP_HOPS = 10  # 75 % overlap of 400 ms windows
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
RANGE_GATE_LU = -20.0
FLOOR_LUFS = -120.0  # under the noise of 16 and 24 bit: read as silence
RANGE_WORTH_S = 60.0  # Tech 3342 warns of the range of shorter programmes

# Weights of the channels in the order of WAV files, by how many there are: 1.41 for surrounds at
# 60 to 120 degrees, 1 for those behind, 0 for the low-frequency channel (BS.1770-5, annexes 1, 3).
_SURROUND = 10 ** (1.5 / 10)
_CHANNEL_WEIGHTS: dict[int, tuple[float, ...]] = {
    4: (1.0, 1.0, _SURROUND, _SURROUND),
    5: (1.0, 1.0, 1.0, _SURROUND, _SURROUND),
    6: (1.0, 1.0, 1.0, 0.0, _SURROUND, _SURROUND),
    7: (1.0, 1.0, 1.0, 0.0, 1.0, _SURROUND, _SURROUND),
    8: (1.0, 1.0, 1.0, 0.0, 1.0, 1.0, _SURROUND, _SURROUND),
}


@dataclass(frozen=True)
class LoudnessSeries:
    """Loudness of a sliding window: `lufs[k]` is that of the window starting `k * step_s` in."""

    window_s: float
    step_s: float
    lufs: tuple[float | None, ...]


@dataclass(frozen=True, eq=False)
class KHops:
    """Channel-weighted mean squares of the K-weighted sound in 10 ms hops, shape (hops,)."""

    mean_square: Array
    duration_s: float

    def windows(self, hops: int, step_hops: int = 1) -> Array:
        """Mean square of every window of `hops` that fits, `step_hops` apart."""
        if self.mean_square.size < hops:
            return np.zeros(0)
        total = np.concatenate([[0.0], np.cumsum(self.mean_square)])
        sums = total[hops:] - total[:-hops]
        return np.asarray(np.maximum(sums[::step_hops] / hops, 0.0))


def channel_weights(channels: int) -> tuple[float, ...]:
    """BS.1770-5 weight of each channel; all 1 up to three channels and beyond eight."""
    return _CHANNEL_WEIGHTS.get(channels, (1.0,) * channels)


def k_weighting_sos(sample_rate_hz: int) -> Array:
    """The K-weighting's two second-order sections at any rate, shape (2, 6).

    The analogue prototypes behind the 48 kHz table of BS.1770-5 (a 4 dB shelf at 1682 Hz, a
    high-pass at 38 Hz), put through the bilinear transform at this rate.
    """
    shelf_hz, shelf_db, shelf_q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
    high_pass_hz, high_pass_q = 38.13547087602444, 0.5003270373238773

    k = math.tan(math.pi * shelf_hz / sample_rate_hz)
    high = 10 ** (shelf_db / 20)
    middle = high**0.4996667741545416
    scale = 1 + k / shelf_q + k * k
    shelf = [
        (high + middle * k / shelf_q + k * k) / scale,
        2 * (k * k - high) / scale,
        (high - middle * k / shelf_q + k * k) / scale,
        1.0,
        2 * (k * k - 1) / scale,
        (1 - k / shelf_q + k * k) / scale,
    ]
    k = math.tan(math.pi * high_pass_hz / sample_rate_hz)
    scale = 1 + k / high_pass_q + k * k
    high_pass = [
        1.0,
        -2.0,
        1.0,
        1.0,
        2 * (k * k - 1) / scale,
        (1 - k / high_pass_q + k * k) / scale,
    ]
    return np.array([shelf, high_pass])


def k_hops(audio: Audio) -> KHops:
    """K-weight `audio` and sum it in 10 ms hops; a last hop that is not full is left out."""
    from scipy.signal import sosfilt

    rate = audio.sample_rate_hz
    sections = k_weighting_sos(rate)
    state = np.zeros((2, audio.channels, 2))
    weights = np.array(channel_weights(audio.channels))
    # A second is exactly 100 hops at every rate; inside it hops may differ by a sample.
    edges = np.round(np.arange(101) * (rate * HOP_S)).astype(np.int64)
    per_block: list[Array] = []
    for block in blocks(audio, rate):
        full = int(np.searchsorted(edges, block.stop - block.start, side="right")) - 1
        if full == 0:
            break
        weighted, state = sosfilt(sections, block.samples, axis=1, zi=state)
        state[np.abs(state) < 1e-30] = 0.0  # else it decays into slow denormal numbers in silence
        np.square(weighted, out=weighted)
        sums = np.add.reduceat(weighted[:, : edges[full]], edges[:full], axis=1)
        per_block.append(weights @ sums / np.diff(edges[: full + 1]))
    mean_square = np.concatenate(per_block) if per_block else np.zeros(0)
    return KHops(mean_square, audio.duration_s)


def integrated_lufs(audio: Audio) -> float | None:
    """Gated programme loudness; None under 0.4 s or when nothing passes the gate at -70 LUFS.

    Source: ITU-R BS.1770-5 annex 1 (400 ms windows, 75 % overlap, gates at -70 LUFS and -10 LU).
    """
    return gated_lufs(k_hops(audio))


def gated_lufs(hops: KHops) -> float | None:
    """Integrated loudness from hops already at hand; None as in `integrated_lufs`."""
    power = hops.windows(MOMENTARY_HOPS, GATE_STEP_HOPS)
    power = power[power > _power(ABSOLUTE_GATE_LUFS)]
    if power.size == 0:
        return None
    power = power[power > power.mean() * 10 ** (RELATIVE_GATE_LU / 10)]
    return _lufs(float(power.mean()))


def loudness_range_lu(hops: KHops) -> float | None:
    """Spread of the short-term loudness between its 10th and 95th percentile, gated, in LU.

    None when no 3 s window passes the gate. Source: EBU Tech 3342 (gates at -70 LUFS and -20 LU).
    """
    power = hops.windows(SHORT_TERM_HOPS, GATE_STEP_HOPS)
    power = power[power > _power(ABSOLUTE_GATE_LUFS)]
    if power.size == 0:
        return None
    power = power[power > power.mean() * 10 ** (RANGE_GATE_LU / 10)]
    levels = np.sort(10 * np.log10(power))
    low, high = (levels[round((levels.size - 1) * share)] for share in (0.10, 0.95))
    return float(high - low)


def momentary_series(audio: Audio, step_s: float = HOP_S) -> LoudnessSeries:
    """Loudness of every 400 ms window, `step_s` (whole hops of 10 ms) apart; None where silent."""
    return _series(k_hops(audio), MOMENTARY_HOPS, step_s)


def short_term_series(audio: Audio, step_s: float = 0.1) -> LoudnessSeries:
    """Loudness of every 3 s window, `step_s` (whole hops of 10 ms) apart; None where silent."""
    return _series(k_hops(audio), SHORT_TERM_HOPS, step_s)


def _series(hops: KHops, window_hops: int, step_s: float) -> LoudnessSeries:
    step_hops = max(1, round(step_s / HOP_S))
    power = hops.windows(window_hops, step_hops)
    lufs = tuple(_audible(_lufs(value)) for value in power.tolist())
    return LoudnessSeries(window_hops * HOP_S, step_hops * HOP_S, lufs)


def measure_loudness(audio: Audio) -> Measured[Loudness]:
    """All of the loudness family; what the sound is too short or too quiet for is None.

    `per_second` holds `short_term_lufs` (the 3 s around each second, shorter at the ends) and
    `true_peak_dbtp`.
    """
    hops = k_hops(audio)
    peaks = true_peak_series(audio)
    true_peak = _finite(decibels(max(peaks.true_peak, default=0.0)))
    sample_peak = _finite(decibels(max(peaks.sample_peak, default=0.0)))
    integrated = gated_lufs(hops)
    momentary = _loudest(hops, MOMENTARY_HOPS)
    short_term = _loudest(hops, SHORT_TERM_HOPS)
    value = Loudness(
        integrated_lufs=integrated,
        range_lu=loudness_range_lu(hops),
        max_momentary_lufs=momentary,
        max_short_term_lufs=short_term,
        true_peak_dbtp=true_peak,
        sample_peak_dbfs=sample_peak,
        plr_lu=_difference(true_peak, integrated),
        psr_lu=_difference(true_peak, short_term),
    )
    return Measured(
        value,
        tuple(_notes(value, audio.duration_s)),
        {"short_term_lufs": _each_second(hops), "true_peak_dbtp": _peaks_dbtp(peaks)},
    )


def _notes(value: Loudness, duration_s: float) -> list[str]:
    notes = []
    if value.true_peak_dbtp is None:
        return ["loudness: every sample is zero, so there is no loudness and no peak."]
    if duration_s < MOMENTARY_HOPS * HOP_S:
        notes.append("loudness.integrated_lufs: under 0.4 s of sound, too short for loudness.")
    elif value.integrated_lufs is None:
        notes.append("loudness.integrated_lufs: nothing is louder than -70 LUFS, the gate.")
    if duration_s < SHORT_TERM_HOPS * HOP_S:
        notes.append("loudness.max_short_term_lufs: under 3 s of sound, too short for it.")
    elif value.range_lu is not None and duration_s < RANGE_WORTH_S:
        notes.append("loudness.range_lu: the sound is under a minute, so take it as rough.")
    return notes


def _each_second(hops: KHops) -> tuple[float | None, ...]:
    """Loudness of [t - 1, t + 2) s for each second t, cut at the ends of the sound."""
    total = np.concatenate([[0.0], np.cumsum(hops.mean_square)])
    loudness: list[float | None] = []
    for second in range(math.ceil(hops.duration_s)):
        first = max(0, min(100 * (second - 1), total.size - 1))
        last = min(100 * (second + 2), total.size - 1)
        if last - first < MOMENTARY_HOPS:
            loudness.append(None)
            continue
        loudness.append(_audible(_lufs(float((total[last] - total[first]) / (last - first)))))
    return tuple(loudness)


def _peaks_dbtp(peaks: TruePeakSeries) -> tuple[float | None, ...]:
    return tuple(_finite(decibels(peak)) for peak in peaks.true_peak)


def _loudest(hops: KHops, window_hops: int) -> float | None:
    power = hops.windows(window_hops)
    return _audible(_lufs(float(power.max()))) if power.size else None


def _power(lufs: float) -> float:
    return float(10 ** ((lufs + 0.691) / 10))


def _lufs(mean_square: float) -> float:
    return -0.691 + 10 * math.log10(mean_square) if mean_square > 0 else -math.inf


def _audible(lufs: float) -> float | None:
    return lufs if lufs > FLOOR_LUFS else None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _difference(peak: float | None, loudness: float | None) -> float | None:
    return None if peak is None or loudness is None else peak - loudness
