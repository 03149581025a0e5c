"""Sound of unknown length as it is decoded: memory while short, a scratch file once it is long."""

from __future__ import annotations

import tempfile
from typing import IO

import numpy as np

from mixmend.tools.audio import IN_MEMORY_SAMPLES, FloatArray, allocate
from mixmend.tools.errors import FileError


class GrowingSound:
    """Takes chunks (channels, n) float32 one after the other; `finish` gives the whole.

    Room is taken only for sound that was really decoded, never for what a header promises.
    """

    def __init__(self, channels: int, in_memory_samples: int = IN_MEMORY_SAMPLES) -> None:
        self.channels = channels
        self.frames = 0
        self._in_memory_samples = in_memory_samples
        self._chunks: list[FloatArray] = []
        self._scratch: IO[bytes] | None = None

    def append(self, chunk: FloatArray) -> None:
        """Add `chunk` (channels, n); raises FileError when the scratch folder is full."""
        self.frames += chunk.shape[1]
        if self._scratch is not None:
            self._spill(chunk)
            return
        self._chunks.append(chunk)
        if self.frames * self.channels > self._in_memory_samples:
            self._scratch = tempfile.TemporaryFile(prefix="mixmend-")  # noqa: SIM115 - see finish
            for kept in self._chunks:
                self._spill(kept)
            self._chunks.clear()

    def finish(self) -> FloatArray:
        """All frames so far, (channels, frames); the object is empty afterwards."""
        if self._scratch is not None:
            scratch, self._scratch = self._scratch, None
            scratch.flush()
            # The map keeps the unlinked file alive after its handle is closed.
            shape = (self.frames, self.channels)
            return np.memmap(scratch, dtype=np.float32, mode="r+", shape=shape).T
        samples = allocate(self.channels, self.frames)
        at = 0
        self._chunks.reverse()
        while self._chunks:
            chunk = self._chunks.pop()
            samples[:, at : at + chunk.shape[1]] = chunk
            at += chunk.shape[1]
        return samples

    def _spill(self, chunk: FloatArray) -> None:
        if self._scratch is None:
            return
        try:
            self._scratch.write(np.ascontiguousarray(chunk.T).tobytes())
        except OSError as error:
            raise FileError(
                f"there is not enough room for the decoded sound in {tempfile.gettempdir()}; free "
                "some space there or point TMPDIR to a larger disk."
            ) from error
