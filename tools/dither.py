"""From float to 16- or 24-bit whole numbers: triangular dither, and clipping, never wrapping."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import FloatArray

# A stretch of exact zeros this long is silence that was put there on purpose, and stays.
SILENT_RUN_FRAMES = 512


@dataclass(frozen=True, eq=False)
class Ditherer:
    """Rounds blocks to `bits` with TPDF dither of ±1 step from one seeded stream.

    Source: Lipshitz, Wannamaker and Vanderkooy, "Quantization and dither", JAES 40 (1992). Music
    never holds hundreds of exact zeros in a row in every channel, so leaving those undithered
    keeps digital silence silent without touching the dither of sound.
    """

    bits: int
    generator: np.random.Generator

    def left_aligned(self, samples: FloatArray) -> NDArray[np.int32]:
        """(channels, n) float to int32 whose upper `bits` hold the value; clips at full scale."""
        scale = float(1 << (self.bits - 1))
        shape = samples.shape
        noise = self.generator.random(shape, dtype=np.float32).astype(np.float64)
        noise -= self.generator.random(shape, dtype=np.float32)
        wanted = samples.astype(np.float64) * scale + noise
        quantised = np.clip(np.rint(wanted), -scale, scale - 1).astype(np.int32)
        quantised[:, _silent(samples)] = 0
        return quantised << (32 - self.bits)


def _silent(samples: FloatArray) -> NDArray[np.bool_]:
    """Frames inside runs of at least SILENT_RUN_FRAMES zeros in all channels."""
    zero = ~samples.any(axis=0)
    padded = np.concatenate(([False], zero, [False]))
    edges = np.flatnonzero(padded[1:] != padded[:-1]).reshape(-1, 2)
    out = np.zeros(zero.size, dtype=np.bool_)
    for start, stop in edges[edges[:, 1] - edges[:, 0] >= SILENT_RUN_FRAMES]:
        out[start:stop] = True
    return out
