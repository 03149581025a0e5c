"""Stereo: correlation, width, balance, what a mono fold costs, and stereo that is none.

Middle is (left + right) / 2, side is (left - right) / 2. Everything follows from three sums a
second (middle, side, and their product), with the constant part taken out over the whole song.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio, blocks
from mixmend.tools.measurement import Measured, Stereo

Array = NDArray[np.float64]

# Channels this close (-50 dB side) are one signal: dither and coding keep them apart.
MONO_WIDTH = 0.003
# What a ratio of nothing to something is reported as.
MAX_WIDTH = 100.0
MAX_DB = 60.0
# A second quieter than this has no width (-80 dBFS).
_QUIET_MEAN_SQUARE = 1e-8

_FAKE_WINDOW = 1 << 14
_FAKE_SPOTS = 8
_FAKE_WINDOWS_PER_SPOT = 6
# What a fixed filter leaves unexplained of one channel, against what a mere gain leaves.
_FAKE_RESIDUE = 0.1
_DELAY_PEAK = 0.55
_DELAY_COHERENCE = 0.5
_SHORTEST_DELAY_S, _LONGEST_DELAY_S = 0.00015, 0.05


@dataclass(frozen=True, eq=False)
class PairSums:
    """Per second, shape (seconds,): sums of mid², side², mid*side, mid, side; and frames."""

    mid_sq: Array
    side_sq: Array
    product: Array
    mid_sum: Array
    side_sum: Array
    frames: Array

    def whole(self) -> PairPowers:
        """Mean squares over all seconds without the constant part."""
        count = max(1.0, float(self.frames.sum()))
        mid, side = float(self.mid_sum.sum()) / count, float(self.side_sum.sum()) / count
        return PairPowers(
            mid=max(0.0, float(self.mid_sq.sum()) / count - mid * mid),
            side=max(0.0, float(self.side_sq.sum()) / count - side * side),
            product=float(self.product.sum()) / count - mid * side,
        )


@dataclass(frozen=True)
class PairPowers:
    """Mean squares of middle and side, and the mean of their product."""

    mid: float
    side: float
    product: float

    @property
    def left(self) -> float:
        return max(0.0, self.mid + self.side + 2 * self.product)

    @property
    def right(self) -> float:
        return max(0.0, self.mid + self.side - 2 * self.product)

    @property
    def width(self) -> float:
        """Side over middle RMS, at most MAX_WIDTH."""
        if self.mid <= self.side / MAX_WIDTH**2:
            return MAX_WIDTH if self.side > 0 else 0.0
        return math.sqrt(self.side / self.mid)

    @property
    def balance_db(self) -> float:
        """Left minus right, within ±MAX_DB."""
        tiny = 10 ** (-MAX_DB / 10) * max(self.left, self.right, 1e-30)
        return 10 * math.log10(max(self.left, tiny) / max(self.right, tiny))

    @property
    def mono_loss_db(self) -> float:
        """Mean square of the channels against that of their average, within 0..MAX_DB."""
        both = self.mid + self.side
        if self.mid <= both * 10 ** (-MAX_DB / 10):
            return MAX_DB if both > 0 else 0.0
        return max(0.0, 10 * math.log10(both / self.mid))

    @property
    def correlation(self) -> float | None:
        """Of left and right; None when one of them is silent."""
        product = self.left * self.right
        if product <= 1e-12 * max(self.left, self.right) ** 2:
            return None
        return max(-1.0, min(1.0, (self.mid - self.side) / math.sqrt(product)))


def pair_sums(audio: Audio, start_s: float = 0.0, end_s: float | None = None) -> PairSums:
    """Sums of the front pair of `audio` (2 or more channels), one entry a second of the part."""
    first = audio.frame_at(start_s)
    last = audio.frames if end_s is None else audio.frame_at(end_s)
    part = Audio(audio.samples[:2, first:last], audio.sample_rate_hz)
    rate = audio.sample_rate_hz
    ones = np.ones(rate, dtype=np.float32)
    rows = np.zeros((6, -(-part.frames // rate)))
    # A second at a time stays in the processor's cache.
    for second, block in enumerate(blocks(part, rate)):
        mid = block.samples[0] + block.samples[1]
        side = block.samples[0] - block.samples[1]
        one = ones[: mid.size]
        squares = 0.25 * np.array([mid @ mid, side @ side, mid @ side], dtype=np.float64)
        rows[:3, second] = squares
        rows[3:, second] = 0.5 * (mid @ one), 0.5 * (side @ one), mid.size
    return PairSums(*rows)


def measure_stereo(audio: Audio) -> Measured[Stereo]:
    """Stereo of `audio` (channels, frames) with `width` per second; of the front pair if surround.

    `mono_loss_db` is the power of the channels' mean square against that of their average: 0 for
    identical channels, 3.0 for unrelated ones, capped at 60. A mono file has correlation 1, width
    0 and no balance. Error: float32 sums, below 0.01 dB; -50 dB of side counts as none.
    """
    notes: list[str] = []
    if audio.channels == 1:
        seconds = -(-audio.frames // audio.sample_rate_hz)
        notes.append("stereo.balance_db: the file has one channel, so there are no sides.")
        mono = Stereo(correlation=1.0, width=0.0, mono_loss_db=0.0, is_mono=True)
        return Measured(mono, tuple(notes), {"width": (0.0,) * seconds})
    if audio.channels > 2:
        notes.append(
            f"stereo.width: measured on the front left and right of {audio.channels} channels."
        )
    sums = pair_sums(audio)
    powers = sums.whole()
    per_second = {"width": _width_per_second(sums)}
    if powers.mid + powers.side <= 1e-14:
        notes.append("stereo.width: the front channels are silent.")
        return Measured(Stereo(), tuple(notes), per_second)
    is_mono = powers.width < MONO_WIDTH
    correlation = 1.0 if is_mono else powers.correlation
    if correlation is None:
        silent = "right" if powers.left > powers.right else "left"
        notes.append(f"stereo.correlation: the {silent} channel is silent.")
    loss_db = powers.mono_loss_db
    if loss_db >= MAX_DB:
        notes.append(
            "stereo.mono_loss_db: the channels cancel when added; more than 60 dB is lost."
        )
    if not is_mono and correlation is not None and (fake := _fake_stereo(audio, powers)):
        notes.append(fake)
    value = Stereo(
        correlation=correlation,
        width=powers.width,
        balance_db=powers.balance_db,
        mono_loss_db=loss_db,
        is_mono=is_mono,
    )
    return Measured(value, tuple(notes), per_second)


def _width_per_second(sums: PairSums) -> tuple[float | None, ...]:
    """Side over middle of every second; None where it is too quiet to tell."""
    loud = sums.mid_sq + sums.side_sq > _QUIET_MEAN_SQUARE * sums.frames
    floor = np.maximum(sums.mid_sq, sums.side_sq / MAX_WIDTH**2)
    width = np.sqrt(sums.side_sq / np.maximum(floor, 1e-30))
    return tuple(float(value) if heard else None for value, heard in zip(width, loud, strict=True))


def _fake_stereo(audio: Audio, powers: PairPowers) -> str | None:
    """A sentence when one channel is the other delayed, filtered or at another level.

    From the coherence of the channels over the whole song (Welch's method): two microphones, a
    mix or a room never keep it near 1 at all frequencies.
    """
    correlation = powers.correlation or 0.0
    if abs(correlation) > 0.9995:
        if correlation < 0:
            return "stereo.correlation: one channel is the other with its polarity reversed."
        return "stereo.width: both channels are one signal at different levels."
    cross, left, right = _cross_spectra(audio)
    power = left * right
    if not power.any():
        return None
    coherence = np.abs(cross) ** 2 / np.maximum(power, 1e-30)
    weight = np.sqrt(power)
    share = float((coherence * weight).sum() / weight.sum())
    heard = weight > 1e-6 * weight.max()
    phases = np.where(heard, cross / np.maximum(np.abs(cross), 1e-30), 0)
    peaks = np.fft.irfft(phases) / max(1e-9, float(heard.mean()))
    at = int(np.argmax(np.abs(peaks)))
    delay_s = (at if at < peaks.size // 2 else at - peaks.size) / audio.sample_rate_hz
    delayed = _SHORTEST_DELAY_S <= abs(delay_s) <= _LONGEST_DELAY_S
    if delayed and abs(peaks[at]) > _DELAY_PEAK and share > _DELAY_COHERENCE:
        late = "right" if delay_s < 0 else "left"
        return (
            f"stereo.width: both channels are one signal, the {late} one "
            f"{1000 * abs(delay_s):.1f} ms late; added together they colour the sound."
        )
    if 1 - share < _FAKE_RESIDUE * (1 - correlation**2):
        return "stereo.width: one channel is a filtered copy of the other (widened mono)."
    return None


def _cross_spectra(audio: Audio) -> tuple[NDArray[np.complex128], Array, Array]:
    """Cross and own power spectra of the front pair, averaged over spots spread over the song."""
    size = min(_FAKE_WINDOW, max(256, audio.frames // 16))
    hop = size // 2
    spot_frames = size + (_FAKE_WINDOWS_PER_SPOT - 1) * hop
    window = np.hanning(size).astype(np.float32)
    cross = np.zeros(size // 2 + 1, dtype=np.complex128)
    left, right = np.zeros(size // 2 + 1), np.zeros(size // 2 + 1)
    last = max(0, audio.frames - spot_frames)
    for start in np.unique(np.linspace(0, last, _FAKE_SPOTS).astype(int)):
        pair = np.array(audio.samples[:2, start : start + spot_frames])
        if pair.shape[1] < size:
            continue
        frames = np.lib.stride_tricks.sliding_window_view(pair, size, axis=1)[:, ::hop]
        spectra = np.fft.rfft(frames * window, axis=2)
        cross += (spectra[0] * np.conj(spectra[1])).sum(axis=0)
        left += np.square(np.abs(spectra[0])).sum(axis=0)
        right += np.square(np.abs(spectra[1])).sum(axis=0)
    return cross, left, right
