"""A real trip through a lossy codec at a low bit rate, in memory and without moving the sound."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np

from mixmend.tools.audio import Audio, FloatArray, allocate, blocks, release
from mixmend.tools.resample import resample

MP3_RATES_HZ = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_CHUNK_S = 10.0
# MP3 frames hold 1152 samples; the encoder wants some more at the end to give all of them back.
_TAIL_FRAMES = 4 * 1152


def through_mp3(audio: Audio, kbit_s: int) -> Audio:
    """Encoded to MP3 at `kbit_s` for each pair of channels and decoded: same length, same place."""
    coded = resample(audio, _codec_rate_hz(audio.sample_rate_hz))
    heard = allocate(coded.channels, coded.frames)
    for first in range(0, coded.channels, 2):
        pair = Audio(coded.samples[first : first + 2], coded.sample_rate_hz)
        position = 0
        for chunk in _decoded(_encoded(pair, kbit_s)):
            stop = min(position + chunk.shape[1], coded.frames)
            heard[first : first + pair.channels, position:stop] = chunk[:, : stop - position]
            position = stop
            release(heard)
    back = resample(Audio(heard, coded.sample_rate_hz), audio.sample_rate_hz)
    if back.frames == audio.frames:
        return back
    out = allocate(audio.channels, audio.frames)
    shared = min(back.frames, audio.frames)
    out[:, :shared] = back.samples[:, :shared]
    return Audio(out, audio.sample_rate_hz)


def _codec_rate_hz(rate_hz: int) -> int:
    if rate_hz in MP3_RATES_HZ:
        return rate_hz
    fitting = [rate for rate in MP3_RATES_HZ if rate > rate_hz]
    return fitting[0] if fitting else MP3_RATES_HZ[-1]


def _encoded(pair: Audio, kbit_s: int) -> io.BytesIO:
    import av

    layout = "mono" if pair.channels == 1 else "stereo"
    file = io.BytesIO()
    with av.open(file, "w", format="mp3") as container:
        stream: Any = container.add_stream("libmp3lame", rate=pair.sample_rate_hz)
        stream.codec_context.layout = layout
        stream.codec_context.format = "fltp"
        stream.codec_context.bit_rate = kbit_s * 1000
        for chunk in _chunks(pair):
            frame = av.AudioFrame.from_ndarray(chunk, format="fltp", layout=layout)
            frame.sample_rate = pair.sample_rate_hz
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    file.seek(0)
    return file


def _decoded(file: io.BytesIO) -> Iterator[FloatArray]:
    import av

    with av.open(file, "r", format="mp3") as container:
        for frame in container.decode(audio=0):
            yield np.asarray(frame.to_ndarray(), dtype=np.float32)


def _chunks(pair: Audio) -> Iterator[FloatArray]:
    for block in blocks(pair, max(1, round(_CHUNK_S * pair.sample_rate_hz))):
        yield np.clip(block.samples, -1.0, 1.0)
    yield np.zeros((pair.channels, _TAIL_FRAMES), dtype=np.float32)
