"""Two versions of the same song frame by frame: what the guard and the benchmarks compare.

Both are turned into band energies on one 10 ms grid (about 30 bands, 20 Hz up to the lower of the
two Nyquist frequencies); every figure in `pair_checks` is computed from those, so an hour of music
costs tens of megabytes.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio, blocks

Array = NDArray[np.float32]

HOP_S = 0.01
_WINDOW_S = 0.025
_LOWEST_HZ = 20.0
_BANDS_PER_OCTAVE = 3
_FLOOR = 1e-12  # -120 dB re full scale


@dataclass(frozen=True, eq=False)
class BandEnergy:
    """Energy of mid plus side: `energy` (bands, frames), mean square re full scale."""

    centre_hz: NDArray[np.float64]
    energy: Array
    peak: Array  # (frames,) largest magnitude of any channel

    @property
    def total(self) -> Array:
        return np.asarray(self.energy.sum(axis=0), dtype=np.float32)

    def decibels(self) -> Array:
        return np.asarray(10 * np.log10(self.energy + _FLOOR), dtype=np.float32)


def band_edges_hz(rate_hz: int) -> NDArray[np.float64]:
    """Edges of third-octave-wide bands up to Nyquist; the lowest are joined to fit the bins."""
    top = min(20000.0, rate_hz / 2)
    count = int(np.floor(np.log2(top / _LOWEST_HZ) * _BANDS_PER_OCTAVE))
    edges = _LOWEST_HZ * 2.0 ** (np.arange(count + 1) / _BANDS_PER_OCTAVE)
    edges[-1] = top
    kept = [edges[0]]
    for edge in edges[1:]:
        # A band narrower than a bin has nothing to hold.
        if edge - kept[-1] >= 1.0 / _WINDOW_S:
            kept.append(edge)
    kept[-1] = top
    return np.asarray(kept)


def band_energy(audio: Audio) -> BandEnergy:
    """Band energies of `audio` (channels, frames) every 10 ms, all channels added."""
    from scipy.fft import rfft

    rate = audio.sample_rate_hz
    hop, window_frames = max(1, round(HOP_S * rate)), round(_WINDOW_S * rate)
    window_frames += window_frames % 2
    window = np.hanning(window_frames + 1)[:-1].astype(np.float32)
    # Parseval: mean square per channel, full scale is 1.
    scale = 2.0 / (window_frames * float(np.sum(window**2)) * audio.channels)
    edges = band_edges_hz(rate)
    bins_hz = np.fft.rfftfreq(window_frames, 1 / rate)
    starts = np.searchsorted(bins_hz, edges[:-1])
    stop = int(np.searchsorted(bins_hz, edges[-1], side="right"))
    count = max(1, audio.frames // hop)
    energy = np.zeros((edges.size - 1, count), dtype=np.float32)
    peak = np.zeros(count, dtype=np.float32)
    half = window_frames // 2
    per_block = hop * 1000
    for block in blocks(audio, per_block, half):
        first = block.start // hop
        number = min(count - first, -(-(block.stop - block.start) // hop))
        if number <= 0:
            continue
        padded = np.pad(
            block.samples,
            ((0, 0), (half - block.before, half - block.after + hop)),
        )
        frames = np.lib.stride_tricks.sliding_window_view(padded, window_frames, axis=1)
        frames = frames[:, : number * hop : hop][:, :number]
        power = np.abs(rfft(frames * window, axis=-1)) ** 2
        summed = power.sum(axis=0)[:, :stop]
        energy[:, first : first + number] = scale * np.add.reduceat(summed, starts, axis=1).T
        peak[first : first + number] = np.abs(frames).max(axis=(0, 2))
    return BandEnergy(np.sqrt(edges[:-1] * edges[1:]), energy, peak)


@dataclass(frozen=True, eq=False)
class Pair:
    """Band energies of both sides on the same grid and bands, and which frames are active."""

    before: BandEnergy
    after: BandEnergy
    active: NDArray[np.bool_]  # frames where `before` plays, not a pause

    @property
    def frames(self) -> int:
        return int(self.active.size)

    def expected(self, gains_db: NDArray[np.float64]) -> NDArray[np.float64]:
        """(frames,) energy of the source after a constant gain in every band (NaN: unchanged)."""
        known = np.where(np.isfinite(gains_db), gains_db, 0.0)
        return np.asarray((self.before.energy * 10 ** (known[:, None] / 10)).sum(axis=0))


def make_pair(before: Audio, after: Audio) -> Pair:
    """Compare two sounds of the same length and channel count (rates may differ)."""
    first, second = _audible(band_energy(before)), _audible(band_energy(after))
    bands = min(first.centre_hz.size, second.centre_hz.size)
    count = min(first.energy.shape[1], second.energy.shape[1])
    first, second = _cut(first, bands, count), _cut(second, bands, count)
    level = 10 * np.log10(first.total + _FLOOR)
    loud = float(np.percentile(level, 95)) if count else -120.0
    active = (level > loud - 40.0) & (level > -75.0)
    return Pair(first, second, active)


def _audible(energy: BandEnergy) -> BandEnergy:
    """A very quiet song raised to where the floors below are far under it; others as they are.

    Every figure made of a pair leaves a constant gain out, so this changes nothing else.
    """
    total = energy.total
    loud_db = 10 * np.log10(float(np.percentile(total, 95)) + 1e-20) if total.size else -200.0
    if not -150.0 < loud_db < -35.0:
        return energy
    gain = np.float32(10 ** ((-20.0 - loud_db) / 10))
    return BandEnergy(energy.centre_hz, energy.energy * gain, energy.peak * np.sqrt(gain))


def _cut(energy: BandEnergy, bands: int, count: int) -> BandEnergy:
    return BandEnergy(energy.centre_hz[:bands], energy.energy[:bands, :count], energy.peak[:count])


def band_gains_db(pair: Pair) -> NDArray[np.float64]:
    """Change of each band where it is loud (its top fifth of frames), dB; NaN where it is empty.

    Judging loud frames leaves out what a reverb or noise repair takes from between the notes.
    """
    before, after = pair.before.decibels(), pair.after.decibels()
    gains = np.full(before.shape[0], np.nan)
    if not pair.active.any():
        return gains
    for band in range(before.shape[0]):
        level = before[band, pair.active]
        loud = level >= np.percentile(level, 80)
        # Below -80 dBFS in a band is dither and codec dust, not content.
        if level[loud].mean() > -80.0:
            gains[band] = float(np.median((after[band, pair.active] - level)[loud]))
    return gains


def lost_content_db(pair: Pair, gains_db: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each band fell behind the typical change, dB (positive is loss; NaN where empty).

    The reference is the change that the better-off third of the bands with content reached: the
    median would itself sink when half of the bands are lost.
    """
    if not np.isfinite(gains_db).any() or not pair.active.any():
        return np.full(gains_db.shape, np.nan)
    return np.asarray(np.nanpercentile(gains_db, 67) - gains_db)


def gap_seconds(pair: Pair) -> float:
    """Seconds in which the sound drops out (30 dB below its typical change) while it played."""
    before = 10 * np.log10(pair.before.total + _FLOOR)
    after = 10 * np.log10(pair.after.total + _FLOOR)
    if not pair.active.any():
        return 0.0
    change = after - before
    loud = float(np.percentile(before[pair.active], 75))
    playing = pair.active & (before > loud - 25.0)
    lost = playing & (change < np.median(change[pair.active]) - 30.0)
    return float(lost.sum()) * HOP_S


def level_wobble_db(pair: Pair, gains_db: NDArray[np.float64], *, dynamics: bool = False) -> float:
    """Standard deviation of the 400 ms level difference once the intended change is taken out, dB.

    The intended change is a constant gain in every band and, with `dynamics`, a curve of the level.
    """
    width = round(0.4 / HOP_S)
    expected, got = _windowed(pair.expected(gains_db), width), _windowed(pair.after.total, width)
    source = _windowed(pair.before.total, width)
    playing = _windowed(pair.active.astype(np.float32), width) > 0.8
    if playing.sum() < 4:
        return 0.0
    difference = 10 * np.log10((got + _FLOOR) / (expected + _FLOOR))[playing]
    if dynamics:
        difference = difference - _curve(10 * np.log10(source[playing] + _FLOOR), difference)
    return float(np.std(difference))


def level_spread_ratio(pair: Pair, gains_db: NDArray[np.float64] | None = None) -> float | None:
    """How level differences grew: standard deviation in dB of the result's 400 ms levels over that
    of the source's (1 is unchanged). With `gains_db` the source is taken after
    that constant gain in every band. None when it has no level differences to speak of."""
    width = round(0.4 / HOP_S)
    source = pair.before.total if gains_db is None else pair.expected(gains_db)
    was, now = _windowed(source, width), _windowed(pair.after.total, width)
    playing = _windowed(pair.active.astype(np.float32), width) > 0.8
    level = 10 * np.log10(was[playing] + _FLOOR)
    if level.size < 8 or float(np.std(level)) < 0.3:
        return None
    result = 10 * np.log10(now[playing] + _FLOOR)
    return float(np.std(result) / np.std(level))


def _windowed(values: NDArray[np.floating], width: int) -> NDArray[np.float64]:
    """Means over `width` frames, a quarter of it apart."""
    sums = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    if sums.size <= width:
        return np.asarray([sums[-1] / max(1, values.size)])
    starts = np.arange(0, sums.size - width, max(1, width // 4))
    return np.asarray((sums[starts + width] - sums[starts]) / width)


def _curve(level: NDArray[np.float64], change: NDArray[np.float64]) -> NDArray[np.float64]:
    """The change that goes with each level: a cubic fitted by least squares."""
    centred = (level - level.mean()) / max(1e-6, float(level.std()))
    degree = 3 if level.size > 20 else 1
    fitted = np.polynomial.Polynomial.fit(centred, change, degree)
    return np.asarray(fitted(centred))


@dataclass(frozen=True)
class Onsets:
    """Attacks of the source, and those that are in the result only."""

    source: int
    added: int

    @property
    def added_share(self) -> float:
        return self.added / max(1, self.source)


def added_onsets(pair: Pair, *, rise_db: float = 6.0) -> Onsets:
    """Count attacks in four wide bands that the result has where the source has none.

    An attack is a rise of `rise_db` within 30 ms to near the band's loud level. It counts as added
    when the source does not rise there and the result stands clearly above what the local gain
    of that band (its upper quartile over 4 s) makes of the source.
    """
    limits = (0.0, 150.0, 800.0, 4000.0, 1e9)
    source_times: list[NDArray[np.int64]] = []
    added_times: list[NDArray[np.int64]] = []
    for low, high in itertools.pairwise(limits):
        rows = (pair.before.centre_hz >= low) & (pair.before.centre_hz < high)
        if rows.any():
            was = 10 * np.log10(pair.before.energy[rows].sum(axis=0) + _FLOOR)
            now = 10 * np.log10(pair.after.energy[rows].sum(axis=0) + _FLOOR)
            source_times.append(_attacks(was, rise_db))
            added_times.append(_added(was, now, rise_db))
    return Onsets(_distinct(source_times), _distinct(added_times))


def _rise(level: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rise over 30 ms, dB, at every frame."""
    lag = round(0.03 / HOP_S)
    rise = np.zeros_like(level)
    if level.size > lag:
        rise[lag:] = level[lag:] - level[:-lag]
    return rise


def _attacks(level: NDArray[np.float64], rise_db: float) -> NDArray[np.int64]:
    loud = np.percentile(level, 90) if level.size else 0.0
    return np.flatnonzero((_rise(level) >= rise_db) & (level > loud - 20.0) & (level > -70.0))


def _added(was: NDArray[np.float64], now: NDArray[np.float64], rise_db: float) -> NDArray[np.int64]:
    from scipy.ndimage import maximum_filter1d, percentile_filter

    candidates = _attacks(now, rise_db)
    if candidates.size == 0:
        return candidates
    change = np.clip(now - was, -60.0, 60.0)
    step = max(1, round(0.05 / HOP_S))
    coarse = percentile_filter(change[::step], 75, size=max(3, round(4.0 / HOP_S / step)))
    usual = np.repeat(coarse, step)[: change.size]
    nearby = maximum_filter1d(_rise(was), round(0.1 / HOP_S) + 1)
    excess = change - usual
    loud = np.percentile(now, 90)
    return np.asarray(
        [
            at
            for at in candidates
            if excess[at] > rise_db and nearby[at] < 3.0 and now[at] > loud - 15.0
        ],
        dtype=np.int64,
    )


def _distinct(times: list[NDArray[np.int64]]) -> int:
    """How many separate moments (60 ms apart) these frames are."""
    merged = np.unique(np.concatenate(times)) if times else np.zeros(0, dtype=np.int64)
    if merged.size == 0:
        return 0
    return 1 + int(np.sum(np.diff(merged) > round(0.06 / HOP_S)))
