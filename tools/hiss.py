"""Steady broadband noise (hiss, surface noise) told from music by how its power is distributed.

In a frequency band that holds only stationary noise, frame powers are gamma distributed with a
known spread, and the bins inside one frame have a known flatness (an exponential periodogram is
2.5 dB below its mean on a log scale). Music is burstier in time and peakier in frequency. So a band
whose quietest frames fit both figures shows its noise floor, even while the music never pauses.
Low quantile and bias correction follow minimum statistics (Martin 2001).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio, FloatArray, blocks

FloatVector = NDArray[np.float64]

WINDOW_S = 0.0465
TOP_HZ = 20000.0
HIGHEST_HZ = 22050.0
LOW_QUANTILE, HIGH_QUANTILE = 0.03, 0.15
MAX_EXTRA_SPREAD_DB = 0.9
MAX_FLATNESS_OFF_DB = 0.45
MIN_ADJACENT_BANDS = 3
STEEPEST_DB_PER_OCTAVE = -4.5
REACHES_HZ, HOLE_DB = 10000.0, 9.0
SILENT_POWER = 1e-12
# One frame in so many is looked at: some 2600 frames say as much as ten times as many.
STRIDE_EVERY_S = 120.0
_TINY = 1e-20


@dataclass(frozen=True)
class NoiseProfile:
    """Steady noise of one channel: power per Hz at `freq_hz`, and where it was really heard.

    `heard` marks the bands in which the quiet frames hold noise; the others are interpolated and
    never exceed what their own quiet frames allow. `found` is False when too few were heard.
    """

    freq_hz: FloatVector
    power_per_hz: FloatVector
    heard: NDArray[np.bool_]
    found: bool
    top_hz: float = HIGHEST_HZ

    def power_at(self, freq_hz: FloatVector) -> FloatVector:
        """Power per Hz at any frequencies, interpolated on a log scale."""
        level = np.log(self.power_per_hz + _TINY)
        position = np.log(np.maximum(self.freq_hz, 1.0))
        at = np.interp(np.log(np.maximum(freq_hz, 1.0)), position, level)
        return np.asarray(np.exp(at), dtype=np.float64)

    @property
    def total_power(self) -> float:
        """Mean square of the noise up to 22.05 kHz or half the sample rate."""
        grid = np.linspace(self.freq_hz[0] * 0.5, self.top_hz, 2000)
        return float(np.sum(self.power_at(grid)) * (grid[1] - grid[0]))


class HissFinder:
    """Collects band powers block by block; `profiles()` gives one `NoiseProfile` a channel."""

    def __init__(self, channels: int, rate_hz: int, frames: int) -> None:
        self.rate_hz = rate_hz
        self.window = frame_length(rate_hz)
        self.stride = int(np.clip(frames / rate_hz / STRIDE_EVERY_S, 1, 64))
        self.edges = band_edges(rate_hz, self.window)
        self._taper = np.hanning(self.window).astype(np.float32)
        self._power: list[list[FloatArray]] = [[] for _ in range(channels)]
        self._flatness: list[list[FloatArray]] = [[] for _ in range(channels)]
        self._total: list[list[FloatArray]] = [[] for _ in range(channels)]

    def add(self, samples: FloatArray) -> None:
        """Take the next samples (channels, frames); a remainder under one window is left out."""
        import scipy.fft

        count = samples.shape[1] // self.window
        if count == 0 or self.edges.size < 2:
            return
        widths = np.diff(self.edges).astype(np.float32)
        scale = np.float32(2.0 / (np.sum(self._taper.astype(np.float64) ** 2) * self.rate_hz))
        for channel, wave in enumerate(samples):
            framed = wave[: count * self.window].reshape(count, self.window)
            framed = framed[:: self.stride]
            self._total[channel].append(np.einsum("ij,ij->i", framed, framed) / self.window)
            spectrum = scipy.fft.rfft(framed * self._taper)[:, : self.edges[-1]]
            power = (spectrum.real**2 + spectrum.imag**2) * scale + np.float32(_TINY)
            band = np.add.reduceat(power, self.edges[:-1], axis=1) / widths
            log_mean = np.add.reduceat(np.log(power), self.edges[:-1], axis=1) / widths
            self._power[channel].append(band.astype(np.float32))
            self._flatness[channel].append((4.342945 * (log_mean - np.log(band))).astype("f4"))

    def frame_power(self, channel: int) -> FloatArray:
        """Mean square of every frame."""
        return _joined(self._total[channel], 0)

    def profiles(self) -> list[NoiseProfile]:
        bands = max(0, self.edges.size - 1)
        top_hz = min(HIGHEST_HZ, self.rate_hz / 2)
        freq_hz, bins = self._freq_hz(), np.diff(self.edges)
        found = []
        for power, flat, total in zip(self._power, self._flatness, self._total, strict=True):
            profile = fit_profile(
                _joined(power, bands), _joined(flat, bands), _joined(total, 0), freq_hz, bins
            )
            found.append(replace(profile, top_hz=top_hz))
        return found

    def _freq_hz(self) -> FloatVector:
        middle = (self.edges[:-1] + self.edges[1:] - 1) / 2
        return np.asarray(middle * self.rate_hz / self.window, dtype=np.float64)


def noise_profiles(audio: Audio) -> list[NoiseProfile]:
    """Steady noise of each channel of `audio` (channels, frames)."""
    finder = HissFinder(audio.channels, audio.sample_rate_hz, audio.frames)
    for block in blocks(audio, finder.window * 256):
        finder.add(block.samples)
    return finder.profiles()


def frame_length(rate_hz: int) -> int:
    """Power of two nearest to 46 ms."""
    return int(2 ** max(6, round(np.log2(WINDOW_S * rate_hz))))


def band_edges(rate_hz: int, window: int) -> NDArray[np.intp]:
    """Bin edges of quarter-octave bands of at least eight bins, from two bins up to 20 kHz."""
    top = int(min(window // 2, TOP_HZ / rate_hz * window))
    edges = [2]
    while edges[-1] < top:
        edges.append(max(edges[-1] + 8, round(edges[-1] * 2**0.25)))
    if edges[-1] > top:
        edges.pop()
    return np.array(edges, dtype=np.intp)


def fit_profile(
    power: FloatArray,
    flatness_db: FloatArray,
    total: FloatArray,
    freq_hz: FloatVector,
    bins: NDArray[np.intp],
) -> NoiseProfile:
    """Noise of one channel from band powers and flatness (frames, bands)."""
    sounding = total > SILENT_POWER
    if np.count_nonzero(sounding) < 20 or freq_hz.size < MIN_ADJACENT_BANDS:
        empty = np.zeros(freq_hz.size)
        return NoiseProfile(freq_hz, empty, empty.astype(bool), False)
    power, flatness_db = power[sounding], flatness_db[sounding]
    low, high = np.quantile(power, [LOW_QUANTILE, HIGH_QUANTILE], axis=0)
    # Hann windowing correlates neighbouring bins: they count as some 58 % as many.
    expected = _gamma_quantiles(bins / 1.72)
    spread_db = 10 * np.log10(high / low)
    extra_db = spread_db - 10 * np.log10(expected[1] / expected[0])
    flat_db = np.nanmedian(np.where(power <= high, flatness_db, np.nan), axis=0)
    off_db = np.abs(flat_db - _expected_flatness_db(bins))
    fits = (extra_db < MAX_EXTRA_SPREAD_DB) & (off_db < MAX_FLATNESS_OFF_DB)
    heard = _runs(fits, MIN_ADJACENT_BANDS)
    bound = low / expected[0]
    if not heard.any() or not _is_hiss(freq_hz, 10 * np.log10(bound + _TINY), heard):
        return NoiseProfile(freq_hz, np.zeros(freq_hz.size), heard, False)
    return NoiseProfile(freq_hz, _fill(freq_hz, bound, heard), heard, True)


def _is_hiss(freq_hz: FloatVector, bound_db: FloatVector, heard: NDArray[np.bool_]) -> bool:
    """Hiss falls by no more than pink noise does and reaches to the treble; a held chord of noisy
    instruments falls off."""
    octave = np.log2(freq_hz)
    if np.ptp(octave[heard]) > 1.0:
        slope = np.polyfit(octave[heard], bound_db[heard], 1)[0]
        if slope < STEEPEST_DB_PER_OCTAVE:
            return False
    last = int(np.flatnonzero(heard)[-1])
    above = (octave > octave[last]) & (freq_hz < REACHES_HZ)
    expected_db = bound_db[last] - 3.0 * (octave[above] - octave[last])
    return bool(np.all(bound_db[above] > expected_db - HOLE_DB))


def _gamma_quantiles(shape: FloatVector) -> tuple[FloatVector, FloatVector]:
    """Low and high quantile of a unit-mean gamma (Wilson and Hilferty 1931)."""
    spread = 1 / (9 * shape)
    normal = (NormalDist().inv_cdf(q) for q in (LOW_QUANTILE, HIGH_QUANTILE))
    low, high = ((1 - spread + z * np.sqrt(spread)) ** 3 for z in normal)
    return np.maximum(low, 1e-3), np.maximum(high, 1e-3)


def _expected_flatness_db(bins: NDArray[np.intp]) -> FloatVector:
    """Log mean less mean of white noise over so many Hann bins; fitted to simulated noise."""
    return np.asarray(-2.507 + 5.8 / np.maximum(bins, 1), dtype=np.float64)


def _runs(flags: NDArray[np.bool_], length: int) -> NDArray[np.bool_]:
    kept = np.zeros_like(flags)
    for start in range(flags.size - length + 1):
        if flags[start : start + length].all():
            kept[start : start + length] = True
    return kept


def _fill(freq_hz: FloatVector, bound: FloatVector, heard: NDArray[np.bool_]) -> FloatVector:
    """Level everywhere: as heard, interpolated between, extended below by a gentle slope."""
    octave = np.log2(freq_hz)
    level = np.log(bound + _TINY)
    known = np.flatnonzero(heard)
    filled = np.interp(octave, octave[known], level[known])
    slope = 0.0
    if known.size >= 4:
        lower = known[: max(4, known.size // 2)]
        # Between white (0) and pink (-3 dB an octave): hiss is hardly ever steeper.
        slope = float(np.clip(np.polyfit(octave[lower], level[lower], 1)[0], -0.7, 0.0))
    below = octave < octave[known[0]]
    filled[below] += slope * (octave[below] - octave[known[0]])
    return np.asarray(np.minimum(np.exp(filled), np.where(heard, np.inf, bound)))


def _joined(parts: list[FloatArray], bands: int) -> FloatArray:
    shape = (0, bands) if bands else (0,)
    return np.concatenate(parts) if parts else np.zeros(shape, dtype=np.float32)
