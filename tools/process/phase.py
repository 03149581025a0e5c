"""Where and when the side exceeds the middle, lower it: what would cancel in mono is narrowed."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio, Block, FloatArray, map_blocks

_WINDOW_S = 0.09
_SMOOTH_S = 1.0
_BANDS_PER_OCTAVE = 3
_LOWEST_HZ = 60.0
_BLOCK_S = 20.0
# Wide music has bands whose side is the stronger one for a while: side over middle in power up to
# the first is left alone, from the second on it is brought down to the middle.
_LEFT_ALONE, _OUT_OF_PHASE = 2.0, 4.0
# Only bands that are heard at all are judged: 60 dB below the frame's whole.
_HEARD = 1e-6


def tame_side(audio: Audio) -> Audio:
    """Side no stronger than the middle in thirds of octaves that are out of phase over a second.

    `audio` (channels, frames), 2 or more channels; the front pair is changed. Same shape and
    alignment; left + right stays; frames where the side is weaker stay as they are.
    """
    rate = audio.sample_rate_hz
    size = 1 << round(math.log2(_WINDOW_S * rate))
    hop = size // 4
    owner = _band_of_bin(size, rate)
    window = np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)).astype(np.float32)
    around = max(1, round(_SMOOTH_S * rate / hop / 2))
    # Whole hops, so that frames fall on the same samples however the sound is cut.
    block_frames = max(1, round(_BLOCK_S * rate / hop)) * hop
    context_frames = (around + 8) * hop

    def change(samples: FloatArray, _: Block) -> FloatArray:
        frames = samples.shape[1]
        padded = np.pad(samples[:2], ((0, 0), (size, size + -frames % hop)))
        middle = (padded[0] + padded[1]) * np.float32(0.5)
        side = (padded[0] - padded[1]) * np.float32(0.5)
        spectra = [
            np.fft.rfft(np.lib.stride_tricks.sliding_window_view(wave, size)[::hop] * window)
            for wave in (middle, side)
        ]
        power = [_smooth(_by_band(np.square(np.abs(x)), owner), around) for x in spectra]
        heard = power[1] > _HEARD * (power[0] + power[1]).sum(axis=1, keepdims=True)
        cut = np.where(heard, _cut(power[1] / np.maximum(power[0], 1e-30)), 0)
        if not cut.any():
            return samples
        gain = _over_bins(cut, owner).astype(np.float32)
        # Overlapping squared windows sum to two at a quarter hop.
        pieces = (np.fft.irfft(spectra[1] * gain, size) * (window / 2)).astype(np.float32)
        less = _overlap_add(pieces, hop, side.size)[size : size + frames]
        changed = samples.copy()
        changed[0] -= less
        changed[1] += less
        return changed

    return map_blocks(audio, change, block_s=block_frames / rate, context_s=context_frames / rate)


def _cut(ratio: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much of the side's amplitude goes, 0..1, by its power over the middle's."""
    place = np.clip((ratio - _LEFT_ALONE) / (_OUT_OF_PHASE - _LEFT_ALONE), 0, 1)
    return np.asarray(place * (1 - np.sqrt(1 / np.maximum(ratio, 1))))


def _band_of_bin(size: int, rate: int) -> NDArray[np.intp]:
    freqs_hz = np.fft.rfftfreq(size, 1 / rate)
    octaves = np.log2(np.maximum(freqs_hz, _LOWEST_HZ) / _LOWEST_HZ)
    _, owner = np.unique(np.floor(_BANDS_PER_OCTAVE * octaves), return_inverse=True)
    return np.asarray(owner, dtype=np.intp)


def _by_band(power: FloatArray, owner: NDArray[np.intp]) -> NDArray[np.float64]:
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    return np.asarray(np.add.reduceat(power, starts, axis=1, dtype=np.float64))


def _smooth(values: NDArray[np.float64], around: int) -> NDArray[np.float64]:
    """Mean over `around` frames on both sides, fewer at the ends."""
    total = np.cumsum(np.pad(values, ((1, 0), (0, 0))), axis=0)
    at = np.arange(len(values))
    first, last = np.maximum(at - around, 0), np.minimum(at + around + 1, len(values))
    mean = (total[last] - total[first]) / (last - first)[:, None]
    return np.asarray(np.maximum(mean, 0))


def _over_bins(values: NDArray[np.float64], owner: NDArray[np.intp]) -> NDArray[np.float64]:
    """Band values over bins, drawn from band centre to band centre."""
    bins = np.arange(owner.size)
    counts = np.bincount(owner)
    centres = np.bincount(owner, weights=bins) / counts
    right = np.clip(np.searchsorted(centres, bins), 1, max(1, centres.size - 1))
    if centres.size < 2:
        return np.repeat(values, owner.size, axis=1)
    span = centres[right] - centres[right - 1]
    place = np.clip((bins - centres[right - 1]) / span, 0, 1)
    return np.asarray(values[:, right - 1] * (1 - place) + values[:, right] * place)


def _overlap_add(pieces: FloatArray, hop: int, length: int) -> FloatArray:
    out = np.zeros(length, dtype=np.float32)
    for index, piece in enumerate(pieces):
        out[index * hop : index * hop + piece.size] += piece
    return out
