"""A real trip through a lossy codec at a low bit rate, in memory and without moving the sound."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np

from mixmend.tools.audio import Audio, FloatArray, allocate, blocks

MP3_RATES_HZ = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_CHUNK_S = 10.0
# MP3 frames hold 1152 samples; the encoder wants some more at the end to give all of them back.
_TAIL_FRAMES = 4 * 1152


def through_mp3(audio: Audio, kbit_s: int) -> Audio:
    """Encoded to MP3 at `kbit_s` for each pair of channels and decoded: same length, same place."""
    out = allocate(audio.channels, audio.frames)
    for first in range(0, audio.channels, 2):
        pair = Audio(audio.samples[first : first + 2], audio.sample_rate_hz)
        position = 0
        for chunk in _decoded(_encoded(pair, kbit_s), pair):
            stop = min(position + chunk.shape[1], audio.frames)
            out[first : first + pair.channels, position:stop] = chunk[:, : stop - position]
            position = stop
    return Audio(out, audio.sample_rate_hz)


def _codec_rate_hz(rate_hz: int) -> int:
    if rate_hz in MP3_RATES_HZ:
        return rate_hz
    fitting = [rate for rate in MP3_RATES_HZ if rate > rate_hz]
    return fitting[0] if fitting else MP3_RATES_HZ[-1]


def _encoded(pair: Audio, kbit_s: int) -> io.BytesIO:
    import av

    rate = _codec_rate_hz(pair.sample_rate_hz)
    layout = "mono" if pair.channels == 1 else "stereo"
    file = io.BytesIO()
    with av.open(file, "w", format="mp3") as container:
        stream: Any = container.add_stream("libmp3lame", rate=rate)
        stream.codec_context.layout = layout
        stream.codec_context.format = "fltp"
        stream.codec_context.bit_rate = kbit_s * 1000
        for chunk in _resampled(_chunks(pair), pair.channels, pair.sample_rate_hz, rate):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(chunk, dtype=np.float32), format="fltp", layout=layout
            )
            frame.sample_rate = rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    file.seek(0)
    return file


def _decoded(file: io.BytesIO, pair: Audio) -> Iterator[FloatArray]:
    import av

    def raw() -> Iterator[FloatArray]:
        with av.open(file, "r", format="mp3") as container:
            for frame in container.decode(audio=0):
                yield np.asarray(frame.to_ndarray(), dtype=np.float32)

    rate = _codec_rate_hz(pair.sample_rate_hz)
    yield from _resampled(raw(), pair.channels, rate, pair.sample_rate_hz)


def _chunks(pair: Audio) -> Iterator[FloatArray]:
    for block in blocks(pair, max(1, round(_CHUNK_S * pair.sample_rate_hz))):
        yield np.clip(block.samples, -1.0, 1.0)
    yield np.zeros((pair.channels, _TAIL_FRAMES), dtype=np.float32)


def _resampled(
    chunks: Iterator[FloatArray], channels: int, from_hz: int, to_hz: int
) -> Iterator[FloatArray]:
    if from_hz == to_hz:
        yield from chunks
        return
    import soxr

    stream = soxr.ResampleStream(from_hz, to_hz, channels, dtype="float32")
    for chunk in chunks:
        yield np.ascontiguousarray(stream.resample_chunk(np.ascontiguousarray(chunk.T)).T)
    rest = stream.resample_chunk(np.zeros((0, channels), dtype=np.float32), last=True)
    yield np.ascontiguousarray(rest.T)
