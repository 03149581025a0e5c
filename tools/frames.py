"""Short-time spectra of long sound, a bounded number of frames at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio, blocks

DoubleArray = NDArray[np.float64]

_FRAMES_AT_ONCE = 1024


@dataclass(frozen=True)
class Framing:
    """How sound is cut into frames: `size` and `hop` in samples, silence put before and after."""

    size: int
    hop: int
    pad_before: int = 0
    pad_after: int = 0

    def count(self, frames: int) -> int:
        """Number of frames in sound of that many samples."""
        return max(0, (frames + self.pad_before + self.pad_after - self.size) // self.hop + 1)


def centred(size: int, hop: int) -> Framing:
    """Frames centred on multiples of the hop, silence at the ends."""
    return Framing(size, hop, size // 2, size // 2)


def cut_frames(
    audio: Audio,
    framing: Framing,
    fold: Callable[[DoubleArray], DoubleArray] | None = None,
) -> Iterator[DoubleArray]:
    """Frames (n, size) of `fold(samples)`, the mean of the channels unless told otherwise."""
    mix = fold or (lambda samples: np.asarray(samples.mean(axis=0)))
    step = _FRAMES_AT_ONCE * framing.hop
    waiting = np.zeros(framing.pad_before)
    for block in blocks(audio, step):
        waiting = np.concatenate([waiting, mix(block.samples.astype(np.float64))])
        if block.stop == audio.frames:
            waiting = np.concatenate([waiting, np.zeros(framing.pad_after)])
        count = (waiting.size - framing.size) // framing.hop + 1
        if count > 0:
            windows = np.lib.stride_tricks.sliding_window_view(waiting, framing.size)
            yield windows[:: framing.hop][:count]
            waiting = waiting[count * framing.hop :]


def spectra(
    audio: Audio,
    framing: Framing,
    fold: Callable[[DoubleArray], DoubleArray] | None = None,
) -> Iterator[NDArray[np.complex128]]:
    """Spectra (n, size // 2 + 1) of frames under a periodic Hann window."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(framing.size) / framing.size)
    for frames in cut_frames(audio, framing, fold):
        yield np.asarray(np.fft.rfft(frames * window, axis=1))
