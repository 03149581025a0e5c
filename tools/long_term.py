"""The long-term spectrum of a song, and what every tonal measurement is computed from.

One walk through the sound gives the average power spectrum (Welch: Hann windows of about 0.37 s,
half overlapping) and small statistics of how each third octave moves in time and lies in stereo.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio, Block, FloatArray, blocks

Array = NDArray[np.float64]

# Nominal third-octave centres (IEC 61260-1) and the exact base-ten ones they stand for.
NOMINAL_HZ = (
    20, 25, 31.5, 40, 50, 63, 80, 100, 125, 160, 200, 250, 315, 400, 500, 630, 800, 1000, 1250,
    1600, 2000, 2500, 3150, 4000, 5000, 6300, 8000, 10000, 12500, 16000, 20000,
)  # fmt: skip
CENTRES_HZ: Array = 1000.0 * 10 ** ((np.arange(31) - 17) / 10)
EDGES_HZ: Array = 1000.0 * 10 ** ((np.arange(32) - 17.5) / 10)
# Bands of even width for the search for a codec's edge.
FINE_STEP_HZ = 100.0
FLOOR_DB = -150.0
_WINDOW_S = 0.37
_LOUD_RANGE_DB = 40.0
_BLOCK_HOPS = 120
_BATCH = 8


@dataclass(frozen=True, eq=False)
class LongTerm:
    """Averages over a whole song, all channels together.

    `power` (bins,) at `freq_hz` (bins,) sums to the mean square of the sound. For the 31 third
    octaves: `swing_db`, the standard deviation in time over frames within 40 dB of the loudest, and
    `side_mid_db`, side against mid (0 dB at most, for one channel the lowest). `fine_log_db`: mean
    in time of the level of 100 Hz bands from 0 Hz up, over loud frames. `centroid_hz_per_s`: None
    for silent seconds.
    """

    sample_rate_hz: int
    freq_hz: Array
    power: Array
    swing_db: Array
    side_mid_db: Array
    fine_log_db: Array
    centroid_hz_per_s: tuple[float | None, ...]

    @property
    def is_silent(self) -> bool:
        return bool(np.sum(self.power) <= 1e-15)

    def band_power(self, low_hz: float, high_hz: float) -> float:
        """Power between two frequencies; bins cut by an edge count with their share."""
        return float(band_weights(self.freq_hz, np.array([low_hz, high_hz]))[0] @ self.power)


def long_term(audio: Audio) -> LongTerm:
    """Walk through `audio` (channels, frames) once and gather its long-term statistics."""
    return _Gatherer(audio).gather()


def band_weights(freq_hz: Array, edges_hz: Array) -> Array:
    """(bands, bins): which share of each bin lies in [edge, next edge)."""
    step = freq_hz[1] - freq_hz[0]
    low, high = freq_hz - step / 2, freq_hz + step / 2
    overlap = np.minimum(high, edges_hz[1:, None]) - np.maximum(low, edges_hz[:-1, None])
    return np.asarray(np.clip(overlap / step, 0.0, 1.0))


def to_db(power: Array) -> Array:
    """10 log10, not below -150 dB."""
    return np.asarray(10 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10))))


class _Gatherer:
    """The running sums of one walk."""

    def __init__(self, audio: Audio) -> None:
        self.audio = audio
        rate = audio.sample_rate_hz
        self.size = 2 ** round(math.log2(_WINDOW_S * rate))
        self.hop = self.size // 2
        self.freq_hz = np.arange(self.size // 2 + 1) * (rate / self.size)
        window = np.hanning(self.size + 1)[:-1]
        # One-sided power spectrum that sums to the mean square.
        self.scale = 2.0 / (self.size * float(np.sum(window**2)))
        self.window = window.astype(np.float32)
        self.bands = band_weights(self.freq_hz, EDGES_HZ).astype(np.float32)
        self.lo = int(np.argmax(self.freq_hz >= EDGES_HZ[0]))
        fine = np.arange(0, rate / 2, FINE_STEP_HZ)
        self.fine_starts = np.searchsorted(self.freq_hz, fine)
        self.power = np.zeros(self.freq_hz.size)
        self.frames = 0
        self.band_levels: list[FloatArray] = []
        self.fine_levels: list[FloatArray] = []
        self.cross = np.zeros(self.freq_hz.size)
        self.pair = np.zeros(self.freq_hz.size)
        self.seconds: dict[int, list[float]] = {}

    def gather(self) -> LongTerm:
        for block in blocks(self.audio, self.hop * _BLOCK_HOPS, self.size):
            self._take(block)
        power = self.power * (self.scale / max(1, self.frames))
        power[0] = 0.0  # a constant offset is no sound
        swing, fine = self._movement()
        return LongTerm(
            self.audio.sample_rate_hz,
            self.freq_hz,
            power,
            swing,
            self._side_mid_db(),
            fine,
            self._centroids(),
        )

    def _take(self, block: Block) -> None:
        """Frames that begin in this block; at the end of the sound, one more that ends there."""
        samples = block.samples[:, block.before :]
        own = -(-(block.stop - block.start) // self.hop)
        count = min(own, (samples.shape[1] - self.size) // self.hop + 1)
        if count > 0:
            view = np.lib.stride_tricks.sliding_window_view(samples, self.size, axis=1)
            for first in range(0, count, _BATCH):
                last = min(first + _BATCH, count)
                framed = view[:, first * self.hop : (last - 1) * self.hop + 1 : self.hop]
                self._add(framed, block.start + first * self.hop)
        if block.stop == self.audio.frames and samples.shape[1] != self.size:
            tail = block.samples[:, -self.size :]
            missing = self.size - tail.shape[1]
            padded = np.pad(tail, ((0, 0), (0, missing)))
            self._add(padded[:, None, :], max(0, self.audio.frames - self.size))

    def _add(self, framed: FloatArray, start: int) -> None:
        import scipy.fft

        spectra = scipy.fft.rfft(framed * self.window, axis=-1)
        each = np.square(spectra.real)
        each += np.square(spectra.imag)
        power = np.mean(each, axis=0)
        self.power += np.sum(power, axis=0, dtype=np.float64)
        self.frames += power.shape[0]
        if each.shape[0] > 1:
            cross = spectra[0].real * spectra[1].real + spectra[0].imag * spectra[1].imag
            self.cross += np.sum(cross, axis=0, dtype=np.float64)
            self.pair += np.sum(each[:2], axis=(0, 1), dtype=np.float64)
        self.band_levels.append(power @ self.bands.T)
        self.fine_levels.append(np.add.reduceat(power, self.fine_starts, axis=1))
        self._add_centroids(power, start)

    def _add_centroids(self, power: FloatArray, start: int) -> None:
        magnitude = np.sqrt(power[:, self.lo :])
        moment = magnitude @ self.freq_hz[self.lo :].astype(np.float32)
        mass = np.sum(magnitude, axis=1)
        for index in range(power.shape[0]):
            centre = start + index * self.hop + self.size // 2
            if start + self.size >= self.audio.frames:
                centre = self.audio.frames - 1  # the frame at the end stands for the last second
            second = centre // self.audio.sample_rate_hz
            sums = self.seconds.setdefault(second, [0.0, 0.0])
            sums[0] += float(moment[index])
            sums[1] += float(mass[index])

    def _movement(self) -> tuple[Array, Array]:
        if not self.band_levels:
            return np.zeros(31), np.full(self.fine_starts.size, FLOOR_DB)
        bands = np.concatenate(self.band_levels).astype(np.float64) * self.scale
        fine = np.concatenate(self.fine_levels).astype(np.float64) * self.scale
        total = to_db(np.sum(bands, axis=1))
        loud = total > np.max(total) - _LOUD_RANGE_DB
        return np.std(to_db(bands[loud]), axis=0), np.mean(to_db(fine[loud]), axis=0)

    def _side_mid_db(self) -> Array:
        wide = band_weights(self.freq_hz, EDGES_HZ)
        middle = wide @ np.maximum(self.pair + 2 * self.cross, 0.0)
        side = wide @ np.maximum(self.pair - 2 * self.cross, 0.0)
        ratio = (side + 1e-20) / (middle + side + 1e-20)
        if self.audio.channels == 1:
            ratio = np.full(31, 1e-4)
        return np.asarray(np.clip(10 * np.log10(ratio), -40.0, 0.0))

    def _centroids(self) -> tuple[float | None, ...]:
        count = math.ceil(self.audio.frames / self.audio.sample_rate_hz)
        floor = 1e-7 * self.size
        values: list[float | None] = []
        for second in range(count):
            moment, mass = self.seconds.get(second, [0.0, 0.0])
            values.append(moment / mass if mass > floor else None)
        return tuple(values)
