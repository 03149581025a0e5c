"""Mains hum: a comb of steady lines at exact multiples of 50 or 60 Hz, told from bass notes.

The sound is brought down to some 2.8 kHz and cut into windows of 4 s. At every multiple of a trial
fundamental the windows are added in phase, each weighted by the inverse of the power of the music
around that line, so a faint line that never stops adds up while notes, which come and go and hardly
ever sit on the comb, do not. `significance` is the power of the sum over what the music alone
would give (exponential with mean 1 when there is no line).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio, FloatArray, blocks

Vector = NDArray[np.float64]
ComplexVector = NDArray[np.complex128]

MAINS_HZ = (50.0, 60.0)
DRIFT_HZ = 0.4
STEP_HZ = 0.01
WINDOW_S = 4.0
SEGMENT_WINDOWS = 8
MAX_SEGMENTS = 12
INNER_HZ, OUTER_HZ = 1.0, 3.0
# Loops of a sequencer repeat in phase too: lines off the comb show how much.
CONTROL_HZ = np.concatenate([np.arange(-3.0, -0.99, 0.125), np.arange(1.0, 3.01, 0.125)])
MAX_HARMONICS = 10
TOP_HZ = 700.0
OTHER_HZ = (40.0, 42.5, 45.0, 47.5, 52.5, 54.0, 55.0, 57.0, 57.5, 62.5, 65.0)
# On the grid of a sequencer at 125 beats a minute, as is 50 Hz; they share lines with the mains,
# which then do not count for them.
GRID_HZ = (100 / 3, 125 / 3, 175 / 3)
_SAME_LINE_HZ = 1.5
# Lines of music near a harmonic weigh more than their share of the band: a quadratic mean.
SHARPNESS = 2.0
BASE, STRENGTH_CAP = 1.6, 9.0
MIN_SCORE, RIVAL_FACTOR, GRID_FACTOR = 4.5, 1.1, 1.25
_TINY = 1e-18


@dataclass(frozen=True, eq=False)
class Hum:
    """`fundamental_hz`; `level_dbfs` (RMS of the whole comb); `harmonics` that stand out."""

    fundamental_hz: float
    level_dbfs: float
    harmonics: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Comb:
    """Best comb near one fundamental: per harmonic, how far the log significance of its line lies
    above what music gives, and its amplitude."""

    fundamental_hz: float
    excess: Vector
    amplitude: Vector

    @property
    def score(self) -> float:
        return float(self.excess.sum())


class LowBand:
    """Collects the mean of all channels at about 2.8 kHz, block by block."""

    def __init__(self, rate_hz: int) -> None:
        self.factor = decimation(rate_hz)
        self.rate_hz = rate_hz / self.factor
        taps = 12 * self.factor
        at = np.arange(taps) - (taps - 1) / 2
        lowpass = np.sinc(at * 0.8 / self.factor) * np.kaiser(taps, 6.0)
        self._kernel = (lowpass / lowpass.sum()).reshape(12, self.factor).T.astype(np.float32)
        self._tail: FloatArray = np.zeros((0, 12), dtype=np.float32)
        self._parts: list[FloatArray] = []

    def add(self, samples: FloatArray) -> None:
        """Take the next samples (channels, frames); all but the last call need a multiple."""
        mono = samples[0] if samples.shape[0] == 1 else samples.mean(axis=0, dtype=np.float32)
        count = mono.size // self.factor
        partial = mono[: count * self.factor].reshape(count, self.factor) @ self._kernel
        rows = np.concatenate([self._tail, partial])
        usable = rows.shape[0] - 11
        if usable > 0:
            total = rows[:usable, 0].copy()
            for phase in range(1, 12):
                total += rows[phase : phase + usable, phase]
            self._parts.append(total)
            self._tail = rows[usable:].copy()
        else:
            self._tail = rows

    def samples(self) -> FloatArray:
        return np.concatenate(self._parts) if self._parts else np.zeros(0, dtype=np.float32)


def decimation(rate_hz: int) -> int:
    """Power of two that brings `rate_hz` to between 2 and 4 kHz."""
    return int(2 ** max(0, np.floor(np.log2(rate_hz / 2000))))


def find_hum(audio: Audio) -> Hum | None:
    """Mains hum of `audio` (channels, frames), or None."""
    low = LowBand(audio.sample_rate_hz)
    for block in blocks(audio, low.factor * 32768):
        low.add(block.samples)
    return hum_in(low.samples(), low.rate_hz)


def hum_in(wave: FloatArray, rate_hz: float) -> Hum | None:
    """Mains hum in one low-band signal (frames,)."""
    windows = _cut(wave, rate_hz)
    if windows is None:
        return None
    combs = [comb for comb in _combs(windows, MAINS_HZ) if _stands_out(comb)]
    if not combs:
        return None
    best = max(combs, key=lambda comb: comb.score)
    # A sequencer's loops make combs of their own, at any fundamental: the mains must beat those.
    rival = max((comb.score for comb in _combs(windows, OTHER_HZ)), default=0.0)
    grid = max((_apart(comb, best) for comb in _combs(windows, GRID_HZ)), default=0.0)
    if best.score < max(RIVAL_FACTOR * rival, GRID_FACTOR * grid):
        return None
    loud = np.flatnonzero(best.excess > 0)
    power = float(np.sum(best.amplitude[loud] ** 2) / 2)
    return Hum(best.fundamental_hz, 10 * np.log10(power), tuple(int(k) + 1 for k in loud))


def _combs(windows: _Windows, near_hz: tuple[float, ...]) -> list[Comb]:
    found = (fit_comb(windows, each_hz) for each_hz in near_hz)
    return [comb for comb in found if comb is not None]


def _apart(rival: Comb, comb: Comb) -> float:
    """The score of a rival by the lines that it does not share with `comb`."""
    lines_hz = rival.fundamental_hz * np.arange(1, rival.excess.size + 1)
    nearest_hz = comb.fundamental_hz * np.rint(lines_hz / comb.fundamental_hz)
    return float(rival.excess[np.abs(lines_hz - nearest_hz) > _SAME_LINE_HZ].sum())


def _stands_out(comb: Comb) -> bool:
    odd = comb.excess[0:5:2]
    return bool(
        comb.score > MIN_SCORE
        and np.count_nonzero(comb.excess > 0.7) >= 2
        and max(comb.excess[:3]) > 1.0
        and odd.max() > 0.8
    )


def fit_comb(windows: _Windows, near_hz: float) -> Comb | None:
    """Add up all windows at every multiple of `near_hz` +- drift; None where the band is short."""
    room = int(windows.top_hz / (near_hz + DRIFT_HZ))
    if room < 2:
        return None
    trial_hz = near_hz + np.arange(-DRIFT_HZ, DRIFT_HZ + STEP_HZ / 2, STEP_HZ)
    strength, amplitude = [], []
    harmonics = range(1, min(MAX_HARMONICS, room) + 1)
    lines = [_Line(windows, k * near_hz, k * DRIFT_HZ) for k in harmonics]
    for k, line in zip(harmonics, lines, strict=True):
        significance, level = line.add_up(k * trial_hz)
        strength.append(np.log1p(significance).mean(axis=0))
        amplitude.append(level)
    total = np.minimum(np.array(strength), STRENGTH_CAP).sum(axis=0)
    best = int(np.argmax(total))
    near = slice(max(0, best - 2), best + 3)
    control = np.array([
        np.log1p(line.add_up(k * trial_hz[best] + CONTROL_HZ)[0]).mean(axis=0).max()
        for k, line in zip(harmonics, lines, strict=True)
    ])  # fmt: skip
    peak = np.array([line[near].max() for line in strength])
    excess = np.minimum(peak, STRENGTH_CAP) - np.maximum(BASE, control)
    level = np.array([line[near].max() for line in amplitude])
    return Comb(float(trial_hz[best]), np.maximum(excess, 0.0), level)


@dataclass(frozen=True, eq=False)
class _Windows:
    """Tapered spectra (segments, windows, bins) and the middle of each window."""

    spectra: NDArray[np.complex64]
    centre_s: Vector
    grid_hz: float
    half_s: float
    scale: float
    top_hz: float


def _cut(wave: FloatArray, rate_hz: float) -> _Windows | None:
    import scipy.fft

    window = round(min(WINDOW_S, wave.size / rate_hz) * rate_hz)
    if window < rate_hz:
        return None
    hop = max(1, window // 2)
    starts = np.arange(0, wave.size - window + 1, hop)
    each = min(SEGMENT_WINDOWS, starts.size)
    segments = starts.size // each
    chosen = np.unique(np.linspace(0, segments - 1, min(segments, MAX_SEGMENTS)).astype(int))
    starts = starts[: segments * each].reshape(segments, each)[chosen]
    size = int(2 ** np.ceil(np.log2(3 * window)))
    taper = np.hanning(window).astype(np.float32)
    keep = min(size // 2, round((TOP_HZ + 20.0) / rate_hz * size))
    spectra = np.empty((*starts.shape, keep), dtype=np.complex64)
    for place, start in np.ndenumerate(starts):
        spectra[place] = scipy.fft.rfft(wave[start : start + window] * taper, size)[:keep]
    half_s = (window - 1) / 2 / rate_hz
    return _Windows(
        spectra,
        starts / rate_hz + half_s,
        rate_hz / size,
        half_s,
        2.0 / float(taper.sum()),
        min(TOP_HZ, 0.42 * rate_hz),
    )


class _Line:
    """The surroundings of one harmonic in all windows."""

    def __init__(self, windows: _Windows, middle_hz: float, reach_hz: float) -> None:
        self._windows = windows
        margin = reach_hz + OUTER_HZ + float(np.max(CONTROL_HZ)) + 0.5
        grid_hz = windows.grid_hz
        self._first = max(0, int((middle_hz - margin) / grid_hz))
        last = int((middle_hz + margin) / grid_hz) + 1
        self._near = windows.spectra[:, :, self._first : last]
        power = self._near.real.astype(np.float64) ** 2 + self._near.imag**2
        self._run = np.cumsum(np.pad(power**SHARPNESS, ((0, 0), (0, 0), (1, 0))), axis=2)

    def add_up(self, freq_hz: Vector) -> tuple[Vector, Vector]:
        """Significance (segments, freqs) and amplitude (freqs) of lines at these frequencies."""
        windows, grid_hz = self._windows, self._windows.grid_hz
        at = np.round(freq_hz / grid_hz).astype(int)
        inside = np.clip(at - self._first, 0, self._near.shape[2] - 1)
        weight = 1.0 / (self._around(inside) + _TINY)
        # Phase is counted from the middle of the window, where it hardly depends on the bin.
        turn = at * grid_hz * windows.half_s - freq_hz * windows.centre_s[:, :, None]
        line = self._near[:, :, inside] * np.exp(2j * np.pi * turn)
        summed, total = (line * weight).sum(axis=1), weight.sum(axis=1)
        power = np.abs(summed) ** 2
        level = windows.scale * np.sqrt(np.mean(power, axis=0) / np.mean(total**2, axis=0))
        return power / total, level

    def _around(self, inside: NDArray[np.intp]) -> NDArray[np.float64]:
        """Power of the music around each bin: quadratic mean of 1 to 3 Hz off."""
        inner, outer = (round(hz / self._windows.grid_hz) for hz in (INNER_HZ, OUTER_HZ))
        top = self._run.shape[2] - 1
        sums = np.zeros((*self._near.shape[:2], inside.size))
        counts = np.zeros(inside.size)
        for low, high in ((inside - outer, inside - inner), (inside + inner, inside + outer)):
            low, high = np.clip(low, 0, top), np.clip(high, 0, top)
            sums += self._run[:, :, high] - self._run[:, :, low]
            counts += high - low
        # Differences of running sums are good to some 15 digits of the whole.
        least = 1e-14 * self._run[:, :, -1:]
        return np.asarray(np.maximum(sums / np.maximum(counts, 1), least) ** (1 / SHARPNESS))
