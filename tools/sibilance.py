"""How far sibilants stick out: bursts at 5 to 9 kHz beside the presence band they ride on.

A sibilant is a burst of some 40 to 250 ms that is noise-like, strong at 5 to 9 kHz and weak both
below (a cymbal or snare fills the presence band too) and above 12 kHz (a hi-hat does not stop).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio, FloatArray, blocks

Vector = NDArray[np.float64]

FRAME_S = 0.0116
SIBILANT_HZ = (5000.0, 9000.0)
PRESENCE_HZ = (1000.0, 4000.0)
# Sibilants fall off up here, cymbals do not; judged where the sample rate reaches so far.
AIR_HZ = (11000.0, 15000.0)
FALL_DB = 3.0
SHORTEST_S, LONGEST_S = 0.035, 0.3
RISE_DB = 6.0
MIN_BURSTS = 3
_TINY = 1e-14


@dataclass(frozen=True, eq=False)
class SibilantBands:
    """Level in dB of three bands, frame by frame (frames,), every `hop`."""

    sibilant_db: Vector
    presence_db: Vector
    air_db: Vector
    hop: int
    rate_hz: int

    @property
    def ratio_db(self) -> Vector:
        return self.sibilant_db - self.presence_db


@dataclass(frozen=True, eq=False)
class Bursts:
    """Frames [start, stop) of each burst and how far its middle sticks out, in dB."""

    start: NDArray[np.intp]
    stop: NDArray[np.intp]
    excess_db: Vector


def sibilance_excess_db(audio: Audio) -> float | None:
    """How far the strongest quarter of 5 to 9 kHz bursts exceed the presence band, in dB.

    `audio` (channels, frames). Clean singing lies around 0, piercing sibilants over 6. None where
    the rate is under 20 kHz or fewer than three bursts are found.
    """
    bands = sibilant_bands(audio)
    if bands is None:
        return None
    bursts = find_bursts(bands)
    if bursts.excess_db.size < MIN_BURSTS:
        return None
    return float(np.quantile(bursts.excess_db, 0.75))


def sibilant_bands(audio: Audio) -> SibilantBands | None:
    """Band levels of the mean of all channels; None when the rate is too low for them."""
    import scipy.fft

    rate = audio.sample_rate_hz
    if rate < 20000:
        return None
    hop = int(2 ** round(np.log2(FRAME_S * rate)))
    taper = np.hanning(2 * hop).astype(np.float32)
    parts = [_bins(edges, hop, rate) for edges in (PRESENCE_HZ, SIBILANT_HZ, AIR_HZ)]
    levels: list[FloatArray] = []
    for block in blocks(audio, hop * 1024, hop):
        mono = block.samples.mean(axis=0)
        mono = np.pad(mono, (hop - block.before, hop - block.after))
        count = -(-(block.stop - block.start) // hop)
        mono = np.pad(mono, (0, max(0, (count + 1) * hop - mono.size)))
        frames = np.lib.stride_tricks.sliding_window_view(mono, 2 * hop)[::hop][:count]
        spectrum = scipy.fft.rfft(frames * taper, axis=1)
        power = spectrum.real**2 + spectrum.imag**2
        levels.append(np.stack([power[:, part].sum(axis=1) for part in parts]))
    joined = np.concatenate(levels, axis=1).astype(np.float64) / np.sum(taper) ** 2
    presence, sibilant, air = 10 * np.log10(joined + _TINY)
    return SibilantBands(sibilant, presence, air, hop, rate)


def _bins(edges_hz: tuple[float, float], hop: int, rate_hz: int) -> slice:
    first, last = (round(hz * 2 * hop / rate_hz) for hz in edges_hz)
    return slice(first, last)


def find_bursts(bands: SibilantBands) -> Bursts:
    """Bursts that rise out of their surroundings and last as long as a sibilant does."""
    from scipy.ndimage import percentile_filter

    frame_s = bands.hop / bands.rate_hz
    width = max(3, round(1.0 / frame_s))
    usual = percentile_filter(bands.sibilant_db, 50, size=width, mode="nearest")
    loud = bands.sibilant_db > np.maximum(usual + RISE_DB, bands.sibilant_db.max() - 30)
    rises = np.flatnonzero(np.diff(np.pad(loud.astype(np.int8), 1)))
    start, stop = rises[::2], rises[1::2]
    length_s = (stop - start) * frame_s
    fits = (length_s >= SHORTEST_S) & (length_s <= LONGEST_S)
    start, stop = start[fits], stop[fits]
    # Both bands are 4 kHz wide.
    fall_db = bands.sibilant_db - bands.air_db
    falls = [
        bands.rate_hz < 2 * AIR_HZ[1] or float(np.median(fall_db[first:last])) > FALL_DB
        for first, last in zip(start, stop, strict=True)
    ]
    start, stop = start[falls], stop[falls]
    ratio = bands.ratio_db
    excess = [float(np.median(ratio[first:last])) for first, last in zip(start, stop, strict=True)]
    return Bursts(start, stop, np.array(excess, dtype=np.float64))
