"""Change the sample rate: linear phase, no lag, exact length, block by block."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mixmend.tools.audio import (
    IN_MEMORY_SAMPLES,
    Audio,
    FloatArray,
    allocate,
    blocks,
    release,
)
from mixmend.tools.errors import UsageError

_BLOCK_FRAMES = 1 << 16


def resample(audio: Audio, rate_hz: int, *, on_block: Callable[[], None] | None = None) -> Audio:
    """`audio` at `rate_hz`, shape (channels, round(frames * rate_hz / old rate)), lag zero.

    The same rate gives `audio` itself. `on_block` is called now and then; what it raises stops the
    work. SoX resampler, "very high quality": pass band to 0.95 of
    the lower Nyquist frequency, rejection beyond 24-bit. Raises UsageError for a rate below 1.
    """
    if rate_hz < 1:
        raise UsageError(
            f"a sample rate of {rate_hz} Hz makes no sense; give one of at least 1 Hz."
        )
    if rate_hz == audio.sample_rate_hz:
        return audio
    import soxr

    frames = max(1, round(audio.frames * rate_hz / audio.sample_rate_hz))
    out = allocate(audio.channels, frames)
    stream = soxr.ResampleStream(
        audio.sample_rate_hz, rate_hz, audio.channels, dtype="float32", quality="VHQ"
    )
    at = 0
    for block in blocks(audio, _BLOCK_FRAMES):
        if on_block is not None:
            on_block()
        last = block.stop == audio.frames
        piece: FloatArray = stream.resample_chunk(np.ascontiguousarray(block.samples.T), last)
        taken = min(piece.shape[0], frames - at)
        out[:, at : at + taken] = piece[:taken].T
        at += taken
        if frames * audio.channels > IN_MEMORY_SAMPLES:
            release(out)
    return Audio(out, rate_hz)
