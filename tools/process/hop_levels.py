"""The level of a song on a fine grid, and gains on that grid put back onto the song."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio, Block, FloatArray, blocks, map_blocks

DoubleArray = NDArray[np.float64]

# 512 samples at 44.1 kHz: fine enough for attacks, some 300,000 values for an hour.
HOP_S = 512 / 44100
_HOPS_AT_ONCE = 2048
_SILENCE = 1e-12


@dataclass(frozen=True, eq=False)
class HopLevels:
    """Per hop of `hop` frames, each (hops,): mean power, power of the channel mean, peak."""

    hop: int
    power: DoubleArray
    middle_power: DoubleArray
    peak: DoubleArray

    @property
    def level_db(self) -> DoubleArray:
        """Mean power in dB re full scale."""
        return decibels(self.power)


def decibels(power: DoubleArray) -> DoubleArray:
    """10 log10 of a power, silence at -120 dB."""
    return np.asarray(10 * np.log10(power + _SILENCE))


def hop_levels(audio: Audio) -> HopLevels:
    """Levels of `audio` (channels, frames) on the grid; the last hop may be shorter."""
    hop = max(1, round(HOP_S * audio.sample_rate_hz))
    powers: list[DoubleArray] = []
    middles: list[DoubleArray] = []
    peaks: list[DoubleArray] = []
    for block in blocks(audio, _HOPS_AT_ONCE * hop):
        samples = block.samples.astype(np.float64)
        starts = np.arange(0, samples.shape[1], hop)
        sizes = np.diff(np.append(starts, samples.shape[1]))
        power = np.square(samples).mean(axis=0)
        middle = np.square(samples.mean(axis=0))
        powers.append(np.add.reduceat(power, starts) / sizes)
        middles.append(np.add.reduceat(middle, starts) / sizes)
        peaks.append(np.maximum.reduceat(np.abs(samples).max(axis=0), starts))
    parts = (
        np.concatenate(values) if values else np.zeros(0) for values in (powers, middles, peaks)
    )
    return HopLevels(hop, *parts)


def smooth(power: DoubleArray, width_s: float) -> DoubleArray:
    """Gaussian average over time, standard deviation `width_s`, the ends mirrored."""
    from scipy.ndimage import gaussian_filter1d

    return np.asarray(gaussian_filter1d(power, width_s / HOP_S, mode="reflect"))


def with_gains(audio: Audio, gains_db: DoubleArray, hop: int) -> Audio:
    """`audio` under gains (hops,) at the middles of hops, in straight lines of dB between them."""
    middles = (np.arange(gains_db.size) + 0.5) * hop

    def change(samples: FloatArray, block: Block) -> FloatArray:
        places = np.arange(block.start, block.start + samples.shape[1])
        first, last = block.start // hop, block.stop // hop + 2
        near = slice(max(0, first - 1), last + 1)
        gain = 10 ** (np.interp(places, middles[near], gains_db[near]) / 20)
        return np.asarray(samples * gain, dtype=np.float32)

    return map_blocks(audio, change, block_s=30.0, context_s=0)
