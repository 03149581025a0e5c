"""Remove a constant or slowly wandering offset, and only that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio, Block, FloatArray, blocks, map_blocks
from mixmend.tools.region import Region, blend

Matrix = NDArray[np.float64]

WINDOW_S = 1.0
REACH_WINDOWS = 10
# Offsets under -66 dBFS cost no headroom and are not heard.
SMALLEST = 5e-4
CERTAINTY = 4.0
# Lopsided waveforms make means that wander; an offset is the same in most windows.
MAX_SPREAD = 0.5
SILENCE_S = 0.01


@dataclass(frozen=True, eq=False)
class Offset:
    """Offset (windows, channels) at `centre_frame` (windows,)."""

    centre_frame: NDArray[np.float64]
    value: Matrix


def remove_dc(audio: Audio, *, strength: float = 1.0, region: Region | None = None) -> Audio:
    """Subtract the offset of each channel; digital silence stays silent.

    `audio` (channels, frames); zero lag. Offsets that bass alone could explain are left alone.
    """
    if strength == 0.0 or audio.frames == 0:
        return audio
    offset = find_offset(audio)
    if not offset.value.any():
        return audio
    step = max(1, round(SILENCE_S * audio.sample_rate_hz))

    def subtract(samples: FloatArray, block: Block) -> FloatArray:
        at = np.arange(block.start, block.start + samples.shape[1])
        curve = np.stack([np.interp(at, offset.centre_frame, one) for one in offset.value.T])
        pad = -samples.shape[1] % step
        steps = np.pad(samples, ((0, 0), (0, pad))).reshape(samples.shape[0], -1, step)
        sounding = np.repeat(np.any(steps != 0, axis=2), step, axis=1)[:, : samples.shape[1]]
        return np.where(sounding, samples - curve, samples).astype(np.float32)

    # Whole steps a block, so that silence is judged alike in short and long files.
    block_s = max(1, round(20.0 * audio.sample_rate_hz / step)) * step / audio.sample_rate_hz
    after = map_blocks(audio, subtract, block_s=block_s, context_s=0.0)
    return blend(audio, after, strength=strength, region=region)


def find_offset(audio: Audio) -> Offset:
    """Running median of the means of 1 s windows; zero where it is not certain."""
    window = max(1, min(audio.frames, round(WINDOW_S * audio.sample_rate_hz)))
    means: list[NDArray[np.float64]] = []
    sounding: list[bool] = []
    centres: list[float] = []
    for block in blocks(audio, window):
        if block.stop - block.start < window // 2 and means:
            continue
        means.append(block.samples.mean(axis=1, dtype=np.float64))
        sounding.append(bool(np.any(block.samples != 0)))
        centres.append((block.start + block.stop) / 2)
    value = np.array(means)
    heard = np.array(sounding)
    running = np.zeros_like(value)
    for index in range(len(value)):
        near = slice(max(0, index - REACH_WINDOWS), index + REACH_WINDOWS + 1)
        chosen = value[near][heard[near]]
        if chosen.shape[0] == 0:
            continue
        middle = np.median(chosen, axis=0)
        spread = 1.4826 * np.median(np.abs(chosen - middle), axis=0)
        doubt = np.maximum(CERTAINTY * spread / np.sqrt(chosen.shape[0]), spread / MAX_SPREAD)
        sure = np.abs(middle) > np.maximum(SMALLEST, doubt)
        running[index] = np.where(sure, middle, 0.0)
    return Offset(np.array(centres), running)
