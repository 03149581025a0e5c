"""What every kind of damage is made of: parameters drawn by seed, and tools for long sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio, Block, FloatArray, allocate, blocks, map_blocks, release

if TYPE_CHECKING:
    from numpy.random import Generator

Value = float | int | str | list[float]
Parameters = Mapping[str, Value]
DoubleArray = NDArray[np.float64]

BLOCK_S = 30.0


@dataclass(frozen=True)
class Kind:
    """A kind of damage: `draw` chooses the parameters, `apply` damages with exactly those."""

    draw: Callable[[Generator, Audio], dict[str, Value]]
    apply: Callable[[Audio, Parameters], Audio]


def number(parameters: Parameters, name: str) -> float:
    """One numeric parameter."""
    value = parameters[name]
    if isinstance(value, (str, list)):
        raise TypeError(f"{name} is {value!r}, not a number")
    return float(value)


def numbers(parameters: Parameters, name: str) -> list[float]:
    """One parameter that is a list of numbers."""
    value = parameters[name]
    if not isinstance(value, list):
        raise TypeError(f"{name} is {value!r}, not a list")
    return [float(item) for item in value]


def peak(audio: Audio) -> float:
    """Highest absolute sample, full scale = 1."""
    return max((float(np.max(np.abs(block.samples))) for block in _walk(audio)), default=0.0)


def means(audio: Audio) -> DoubleArray:
    """Mean of each channel, (channels,)."""
    total = np.zeros(audio.channels)
    for block in _walk(audio):
        total += block.samples.sum(axis=1, dtype=np.float64)
    return total / max(1, audio.frames)


def rms(audio: Audio) -> float:
    """Root mean square over all channels."""
    total = sum(float(np.sum(np.square(block.samples, dtype=np.float64))) for block in _walk(audio))
    return float(np.sqrt(total / max(1, audio.frames * audio.channels)))


def without_dc(audio: Audio) -> Audio:
    """The sound with each channel's mean taken out."""
    offset = means(audio).astype(np.float32)[:, None]
    return map_blocks(audio, lambda samples, _: samples - offset, block_s=BLOCK_S, context_s=0)


def scaled(audio: Audio, gain: float) -> Audio:
    """The sound times `gain`."""
    return map_blocks(
        audio, lambda samples, _: np.float32(gain) * samples, block_s=BLOCK_S, context_s=0
    )


def filtered(audio: Audio, sections: DoubleArray) -> Audio:
    """Causal filter by second-order `sections` (n, 6), state carried from block to block."""
    from scipy.signal import sosfilt

    state = np.zeros((sections.shape[0], audio.channels, 2))
    out = allocate(audio.channels, audio.frames)
    for block in _walk(audio):
        piece, state = sosfilt(sections, block.samples.astype(np.float64), axis=1, zi=state)
        out[:, block.start : block.stop] = piece
        release(out)
    return Audio(out, audio.sample_rate_hz)


def convolved(audio: Audio, responses: DoubleArray) -> Audio:
    """Convolve with `responses` (1 or channels, taps), cut to the length of the sound."""
    from scipy.signal import oaconvolve

    def convolve(samples: FloatArray, _: object) -> FloatArray:
        wet = oaconvolve(samples.astype(np.float64), responses, axes=1)
        return np.asarray(wet[:, : samples.shape[1]], dtype=np.float32)

    context_s = (responses.shape[1] + 1) / audio.sample_rate_hz
    return map_blocks(audio, convolve, block_s=max(BLOCK_S, 4 * context_s), context_s=context_s)


def _walk(audio: Audio) -> Iterator[Block]:
    return blocks(audio, max(1, round(BLOCK_S * audio.sample_rate_hz)))
