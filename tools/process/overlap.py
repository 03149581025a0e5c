"""Change a waveform through its short-time spectrum on a frame grid that the whole file shares."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import FloatArray

Spectrum = NDArray[np.complex64]
Gain = NDArray[np.float32]

# Given a spectrogram (frames, bins) and the sample at which its first frame is centred: the part
# of it to take away (0 leaves the sound bit-exact there), broadcastable to the same shape.
Removal = Callable[[Spectrum, int], Gain]


def root_hann(window: int) -> Gain:
    """Root of a periodic Hann window: analysis times synthesis adds up to a constant."""
    turn = 2 * np.pi * np.arange(window) / window
    return np.sqrt(0.5 - 0.5 * np.cos(turn)).astype(np.float32)


def take_away(
    wave: FloatArray, first: int, window: int, overlap: int, removal: Removal
) -> FloatArray:
    """`wave` (frames,) less `removal` times its spectrum; `first` is its place in the file.

    Frames start at multiples of `window // overlap` of the file, so the result does not depend on
    how the file was cut into blocks.
    """
    import scipy.fft

    hop, taper = window // overlap, root_hann(window)
    before = window - (-first % hop)
    count = -(-(before + wave.size) // hop)
    padded = np.zeros((count + overlap) * hop, dtype=np.float32)
    padded[before : before + wave.size] = wave
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[: count * hop : hop]
    spectrum = scipy.fft.rfft(frames * taper, axis=1)
    spectrum *= removal(spectrum, first - before + window // 2)
    pieces = scipy.fft.irfft(spectrum, window, axis=1) * (taper * np.float32(2 / overlap))
    removed = np.zeros_like(padded)
    for phase in range(overlap):
        part = pieces[phase::overlap]
        removed[phase * hop : phase * hop + part.size] += part.reshape(-1)
    return np.asarray(wave - removed[before : before + wave.size], dtype=np.float32)
