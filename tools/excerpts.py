"""Low-rate mono excerpts spread over a song, for what needs no more than that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixmend.tools.audio import IN_MEMORY_SAMPLES, Audio, FloatArray, release

TARGET_RATE_HZ = 11025


@dataclass(frozen=True, eq=False)
class Excerpts:
    """Pieces of equal length: `middle` and `side` (pieces, frames) float32 at `rate_hz`.

    `middle` is the mean of all channels, `side` half the difference of the first two (zeros for
    mono). The rate is the source's divided by a whole number, near 11 kHz.
    """

    middle: FloatArray
    side: FloatArray
    rate_hz: float


def take_excerpts(audio: Audio, pieces: int = 4, piece_s: float = 16.0) -> Excerpts:
    """Up to `pieces` excerpts of `piece_s` in even distance; all of the sound when it is shorter.

    A song shorter than all pieces together gives fewer pieces; under `piece_s`, one shorter piece.
    """
    rate = audio.sample_rate_hz
    down = max(1, round(rate / TARGET_RATE_HZ))
    length = min(audio.frames, round(piece_s * rate))
    count = max(1, min(pieces, audio.frames // max(1, length)))
    spare = audio.frames - count * length
    middle, side = [], []
    for piece in range(count):
        # Equal gaps before, between and after the pieces: intros and endings say least.
        start = piece * length + spare * (piece + 1) // (count + 1)
        samples = np.asarray(audio.samples[:, start : start + length], dtype=np.float32)
        middle.append(_lowered(samples.mean(axis=0), down))
        if audio.channels > 1:
            side.append(_lowered((samples[0] - samples[1]) / 2, down))
        else:
            side.append(np.zeros_like(middle[-1]))
        if audio.frames * audio.channels > IN_MEMORY_SAMPLES:
            release(audio.samples)
    return Excerpts(np.stack(middle), np.stack(side), rate / down)


def _lowered(samples: FloatArray, down: int) -> FloatArray:
    """Every `down`-th sample after an anti-alias filter."""
    from scipy.signal import resample_poly

    return np.asarray(resample_poly(samples, 1, down) if down > 1 else samples, dtype=np.float32)
