"""Sound in memory (or in a scratch file when it is long), and how to walk through it in blocks.

Samples are float32, shape (channels, frames), full scale is ±1. Long sound lives in an unlinked
scratch file behind `numpy.memmap`, so every function that may meet an hour of music must go
through `blocks` or `map_blocks` instead of touching `samples` as a whole.
"""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

# Above this many samples (all channels together) sound is kept in a scratch file: 256 MiB.
IN_MEMORY_SAMPLES = 64 * 1024 * 1024


@dataclass(frozen=True, eq=False)
class Audio:
    """Sound: `samples` (channels, frames) float32, full scale ±1, at `sample_rate_hz`."""

    samples: FloatArray
    sample_rate_hz: int

    @property
    def channels(self) -> int:
        return int(self.samples.shape[0])

    @property
    def frames(self) -> int:
        return int(self.samples.shape[1])

    @property
    def duration_s(self) -> float:
        return self.frames / self.sample_rate_hz

    def frame_at(self, time_s: float) -> int:
        """Frame index of a time, clipped to the length."""
        return int(min(max(round(time_s * self.sample_rate_hz), 0), self.frames))


@dataclass(frozen=True, eq=False)
class Block:
    """A piece of sound: `samples` cover frames [start - before, stop + after) of the whole.

    `core` cuts the context off again from an array of the same length.
    """

    start: int
    stop: int
    before: int
    after: int
    samples: FloatArray

    def core(self, samples: FloatArray) -> FloatArray:
        return samples[..., self.before : self.before + self.stop - self.start]


def allocate(channels: int, frames: int) -> FloatArray:
    """Zeroed (channels, frames) float32: in memory when short, else in an unlinked scratch file."""
    if channels * frames <= IN_MEMORY_SAMPLES:
        return np.zeros((channels, frames), dtype=np.float32)
    scratch = tempfile.TemporaryFile(prefix="mixmend-")  # noqa: SIM115 - lives as long as the map
    interleaved = np.memmap(scratch, dtype=np.float32, mode="w+", shape=(frames, channels))
    return interleaved.T


def release(samples: FloatArray) -> None:
    """Drop the pages of scratch-file-backed sound from resident memory (the data stay on disk)."""
    array: object = samples
    while array is not None:
        mapped = getattr(array, "_mmap", None)
        if isinstance(mapped, mmap.mmap):
            mapped.madvise(mmap.MADV_DONTNEED)
            return
        array = getattr(array, "base", None)


def blocks(audio: Audio, block_frames: int, context_frames: int = 0) -> Iterator[Block]:
    """Walk through `audio` in blocks with up to `context_frames` of context on both sides.

    Each block's `samples` is a copy (channels, n), C-contiguous; at the ends of the sound the
    context is shorter (`before`, `after` say how much there is), nothing is padded.
    """
    for start in range(0, audio.frames, block_frames):
        stop = min(start + block_frames, audio.frames)
        first, last = max(0, start - context_frames), min(audio.frames, stop + context_frames)
        samples = np.array(audio.samples[:, first:last], dtype=np.float32, order="C")
        if audio.frames * audio.channels > IN_MEMORY_SAMPLES:
            release(audio.samples)
        yield Block(start, stop, start - first, last - stop, samples)


def map_blocks(
    audio: Audio,
    change: Callable[[FloatArray, Block], FloatArray],
    *,
    block_s: float = 30.0,
    context_s: float = 1.0,
) -> Audio:
    """Apply `change(samples_with_context, block) -> same shape` to all of `audio`.

    The context is cut off again, so `change` must depend on no more than `context_s` around each
    sample for blocks to be inaudible and for short and long files to give the same result.
    """
    rate = audio.sample_rate_hz
    out = allocate(audio.channels, audio.frames)
    for block in blocks(audio, max(1, round(block_s * rate)), round(context_s * rate)):
        changed = change(block.samples, block)
        out[:, block.start : block.stop] = block.core(changed)
        if audio.frames * audio.channels > IN_MEMORY_SAMPLES:
            release(out)
    return Audio(out, rate)
