"""Decoders: libsndfile where it is exact and quiet, FFmpeg (through PyAV) for everything else.

Both give a `Stream`: what the file is, what it promises, and chunks of float32 (channels, n).
Encoder delay and padding are removed as the file states them (LAME and Opus headers, MP4 edit
lists), so that decoded sound starts and ends where the encoded sound did.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mixmend.tools.audio import FloatArray
from mixmend.tools.errors import FileError
from mixmend.tools.names import shown

if TYPE_CHECKING:
    import av.container

CHUNK_FRAMES = 65536
READABLE = "wav, flac, aiff, mp3, ogg, opus, m4a, wma or a video with sound"

_PCM_NAMES = {
    "PCM_S8": ("pcm_s8", 8), "PCM_U8": ("pcm_u8", 8), "PCM_16": ("pcm_s16", 16),
    "PCM_24": ("pcm_s24", 24), "PCM_32": ("pcm_s32", 32), "FLOAT": ("pcm_f32", 32),
    "DOUBLE": ("pcm_f64", 64),
}  # fmt: skip
_BIG_ENDIAN = {"AIFF", "AU", "CAF"}
# FFmpeg must not follow playlists or addresses inside a file, so only these containers open.
_CONTAINERS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dts,dsf,eac3,flac,flv,iff,matroska,webm,mov,mp4,m4a,3gp,"
    "3g2,mj2,mp2,mp3,mpc,mpc8,mpeg,mpegts,ogg,oma,rm,shn,tak,tta,voc,w64,wav,wv,xwma"
)
# Containers whose length is a statement of the header, not FFmpeg's guess from the bit rate.
_STATES_LENGTH = {"mov", "asf", "matroska", "flac", "wav", "aiff", "caf", "ape", "tta", "wv", "au"}
_UNKNOWN_FRAMES = 1 << 50


@dataclass(frozen=True, eq=False)
class Stream:
    """An opened sound: facts, and `chunks` of float32 (channels, n), to be walked through once.

    `promised_frames` is what the header states; `guessed_frames` what it suggests.
    """

    container: str
    codec: str
    bit_depth: int | None
    sample_rate_hz: int
    channels: int
    chunks: Iterator[FloatArray]
    promised_frames: int | None = None
    guessed_frames: int | None = None
    texts: Mapping[str, str] = field(default_factory=dict)


def open_stream(path: Path) -> Stream:
    """Open `path` with the decoder that suits it; raises FileError when neither knows it."""
    if _suits_libsndfile(path):
        stream = _open_with_libsndfile(path)
        if stream is not None:
            return stream
    return _open_with_ffmpeg(path)


def _suits_libsndfile(path: Path) -> bool:
    """FFmpeg takes MP3 (libsndfile's decoder prints to stderr), Opus and surround Vorbis."""
    with path.open("rb") as file:
        head = file.read(64)
    if head[:4] == b"OggS":
        return head[28:35] == b"\x01vorbis" and head[39:40] in (b"\x01", b"\x02")
    return head[:4] in (b"RIFF", b"RF64", b"BW64", b"FORM", b"fLaC", b"caff", b".snd", b"riff")


def _open_with_libsndfile(path: Path) -> Stream | None:
    import soundfile

    try:
        file = soundfile.SoundFile(path)
    except (soundfile.LibsndfileError, TypeError):  # TypeError: a name that ends in .raw
        return None
    codec, bit_depth = _PCM_NAMES.get(file.subtype, (file.subtype.lower(), None))
    if file.format == "FLAC":
        codec = "flac"
    elif codec.startswith("pcm_") and bit_depth != 8:
        big = file.endian == "BIG" or (file.endian == "FILE" and file.format in _BIG_ENDIAN)
        codec += "be" if big else "le"
    if not 0 < file.frames < _UNKNOWN_FRAMES:
        file.close()  # written to a pipe, length unknown: FFmpeg reads to the end
        return None
    return Stream(
        container={"WAVEX": "wav"}.get(file.format, file.format.lower()),
        codec=codec,
        bit_depth=bit_depth,
        sample_rate_hz=file.samplerate,
        channels=file.channels,
        chunks=_libsndfile_chunks(file),
        promised_frames=file.frames,
        texts={name: text for name, text in file.copy_metadata().items() if text},
    )


def _libsndfile_chunks(file: Any) -> Iterator[FloatArray]:
    import soundfile

    with file:
        while True:
            try:
                chunk = file.read(CHUNK_FRAMES, dtype="float32", always_2d=True)
            except soundfile.LibsndfileError:
                return  # a broken tail: the caller compares what came with what was promised
            if chunk.shape[0] == 0:
                return
            yield np.ascontiguousarray(chunk.T)


def _open_with_ffmpeg(path: Path) -> Stream:
    import av
    import av.error

    options = {"protocol_whitelist": "file", "format_whitelist": _CONTAINERS}
    try:
        # An absolute name cannot be taken for an address or an option by FFmpeg.
        container = av.open(f"file:{path.absolute()}", options=options, metadata_errors="replace")
    except (av.error.FFmpegError, UnicodeError) as error:
        raise FileError(_why_not_sound(path)) from error
    if not container.streams.audio:
        container.close()
        raise FileError(f"{shown(path)} has no sound track; use a file with sound in it.")
    return _ffmpeg_stream(path, container)


def _why_not_sound(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(12)
    if head[4:8] == b"ftyp":
        return (
            f"{shown(path)} is cut short or damaged: the index of its MP4 container is missing; "
            "copy or download it again."
        )
    return f"{shown(path)} is not a sound file that can be read; use {READABLE}."


def _ffmpeg_stream(path: Path, container: av.container.InputContainer) -> Stream:
    track = container.streams.best("audio") or container.streams.audio[0]
    names = container.format.name.split(",")
    suffix = path.suffix.lower().lstrip(".")
    context: Any = track.codec_context  # None when FFmpeg has no decoder for the coding
    codec = context.codec.canonical_name if context is not None else "unknown"
    chunks = _ffmpeg_chunks(container, track)
    first = next(chunks, None) if context is not None else None
    if first is None:
        container.close()
        raise FileError(
            f"{shown(path)} is damaged or not a sound file: nothing in it can be decoded; use "
            f"{READABLE}."
        )
    # The first frame tells the truth about rate and channels where headers do not (HE-AAC).
    rate = first.sample_rate_hz
    stated = None
    if track.duration is not None and track.time_base is not None:
        stated = round(float(track.duration * track.time_base) * rate)
    elif container.duration is not None and not container.streams.video:
        stated = round(container.duration / 1e6 * rate)
    promised = stated if _STATES_LENGTH & set(names) else None
    # MP4 leaves the last packet's padding to the reader; its edit list says where sound ends.
    limit = promised if "mov" in names and promised else None
    return Stream(
        container=suffix if suffix in names else names[0],
        codec=codec,
        bit_depth=_lossless_bits(codec, context),
        sample_rate_hz=rate,
        channels=first.samples.shape[0],
        chunks=_limited(first, chunks, limit),
        promised_frames=promised,
        guessed_frames=stated,
        texts={**track.metadata, **container.metadata},
    )


@dataclass(frozen=True, eq=False)
class _Piece:
    samples: FloatArray
    sample_rate_hz: int


def _ffmpeg_chunks(container: Any, track: Any) -> Iterator[_Piece]:
    import av

    with container:
        to_float: Any = None
        setup: tuple[object, ...] = ()
        rate, layout = None, None
        for frame in _ffmpeg_frames(container, track):
            now = (frame.format.name, frame.layout.name, frame.sample_rate)
            if setup != now:
                # A file that changes in the middle is held to what it began with.
                rate, layout = rate or frame.sample_rate, layout or frame.layout
                setup, to_float = now, av.AudioResampler("flt", layout, rate)
            for out in to_float.resample(frame):
                yield _Piece(_deinterleaved(out), out.sample_rate)


def _ffmpeg_frames(container: Any, track: Any) -> Iterator[Any]:
    import av.error

    packets = container.demux(track)
    while True:
        try:
            packet = next(packets, None)
        except av.error.FFmpegError:
            return  # a broken tail: the caller compares what came with what was promised
        if packet is None:
            return
        try:
            yield from packet.decode()
        except av.error.FFmpegError:
            continue  # one broken packet: players skip it too


def _deinterleaved(frame: Any) -> FloatArray:
    packed = frame.to_ndarray().reshape(-1, frame.layout.nb_channels)
    return np.ascontiguousarray(packed.T, dtype=np.float32)


def _limited(first: _Piece, rest: Iterator[_Piece], limit: int | None) -> Iterator[FloatArray]:
    """The pieces gathered to chunks of useful size and cut at `limit` frames."""
    held, frames, total = [first.samples], first.samples.shape[1], 0
    for piece in rest:
        held.append(piece.samples)
        frames += piece.samples.shape[1]
        if frames >= CHUNK_FRAMES:
            yield _cut(np.concatenate(held, axis=1), total, limit)
            total += frames
            held, frames = [], 0
    if held:
        yield _cut(np.concatenate(held, axis=1), total, limit)


def _cut(chunk: FloatArray, before: int, limit: int | None) -> FloatArray:
    return chunk if limit is None else chunk[:, : max(0, limit - before)]


def _lossless_bits(codec: str, context: Any) -> int | None:
    digits = "".join(filter(str.isdigit, codec))
    if codec.startswith("pcm_") and digits:
        return int(digits)
    if codec in {"alac", "ape", "tta", "wavpack", "flac", "tak", "shorten"}:
        # Codecs hand 24 bits over as 32; 32-bit whole numbers are all but unheard of.
        return {"u8": 8, "s16": 16, "s32": 24, "flt": 32}.get(context.format.name.rstrip("p"))
    return None
