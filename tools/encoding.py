"""Encoders by file extension: what each format can hold, and how a sound is put into it.

Lengths and alignment survive: LAME's delay is in its header, MP4's in an edit list whose time
unit is one sample, Vorbis and Opus count samples in their pages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mixmend.tools.audio import Audio, FloatArray, blocks
from mixmend.tools.dither import Ditherer
from mixmend.tools.errors import UsageError

BitDepth = Literal["16", "24", "32f"]

BLOCK_FRAMES = 1 << 16
# Sizes in RIFF and AIFF headers have 32 bits; room is left for tags.
_MAX_CLASSIC_BYTES = (1 << 32) - (1 << 26)
_SUBTYPES = {"16": "PCM_16", "24": "PCM_24", "32f": "FLOAT"}
_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
_OPUS_RATES = (48000,)
_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
_AAC_CHANNELS = (1, 2, 3, 4, 5, 6, 8)
_OPUS_CHANNELS = (1, 2)
# libvorbis has a coding of its own for 5.1 that raises the low-frequency channel by about 2 dB.
_VORBIS_CHANNELS = (1, 2, 3, 4, 5, 7, 8)
# Wave order of channels in the order that Vorbis stores them (Vorbis I specification, 4.3.9).
_VORBIS_ORDER = {
    3: (0, 2, 1), 5: (0, 2, 1, 3, 4), 7: (0, 2, 1, 5, 6, 4, 3), 8: (0, 2, 1, 6, 7, 4, 5, 3),
}  # fmt: skip


@dataclass(frozen=True)
class Format:
    """What an extension stands for; None in `rates_hz` or `channels` means up to 192 kHz or 8."""

    name: str
    lossless: bool
    encode: Callable[[Path, Audio, BitDepth, int], None]
    rates_hz: tuple[int, ...] | None = None
    channels: tuple[int, ...] | None = None
    holds_float: bool = False


def format_for(path: Path, audio: Audio, bit_depth: BitDepth) -> Format:
    """The format of `path` by extension; raises UsageError when it cannot hold `audio`."""
    extension = path.suffix.lower()
    if extension not in FORMATS:
        shown = f"{extension!r}" if extension else "a name without an extension"
        raise UsageError(
            f"{shown} is not a format that can be written; end the name in {', '.join(FORMATS)}."
        )
    kind = FORMATS[extension]
    if bit_depth not in _SUBTYPES:
        raise UsageError(f"the bit depth {bit_depth!r} is unknown; choose 16, 24 or 32f.")
    if bit_depth == "32f" and kind.lossless and not kind.holds_float:
        raise UsageError(f"{kind.name} holds no 32-bit float; choose 16 or 24, or write .wav.")
    if kind.rates_hz is not None and audio.sample_rate_hz not in kind.rates_hz:
        known = ", ".join(str(rate) for rate in kind.rates_hz)
        raise UsageError(
            f"{kind.name} cannot keep the sample rate of {audio.sample_rate_hz} Hz (it knows "
            f"{known}); write .wav or .flac."
        )
    if audio.channels not in (kind.channels or _LAYOUTS):
        raise UsageError(f"{kind.name} cannot hold {audio.channels} channels; write .wav or .flac.")
    return kind


def _encode_pcm(path: Path, audio: Audio, bit_depth: BitDepth, seed: int, container: str) -> None:
    if bit_depth == "32f":
        _feed_libsndfile(path, audio, container, "FLOAT", lambda samples: samples)
        return
    ditherer = Ditherer(int(bit_depth), np.random.default_rng(seed))
    _feed_libsndfile(path, audio, container, _SUBTYPES[bit_depth], ditherer.left_aligned)


def _encode_wav(path: Path, audio: Audio, bit_depth: BitDepth, seed: int) -> None:
    data_bytes = audio.frames * audio.channels * {"16": 2, "24": 3, "32f": 4}[bit_depth]
    # Beyond stereo the extensible header says which channel is which.
    container = "WAV" if audio.channels <= 2 else "WAVEX"
    if data_bytes > _MAX_CLASSIC_BYTES:
        container = "RF64"
    _encode_pcm(path, audio, bit_depth, seed, container)
    if bit_depth == "32f":
        _clear_peak_time(path)


def _clear_peak_time(path: Path) -> None:
    """libsndfile puts the time of day into float files; equal sound shall give equal bytes."""
    with path.open("r+b") as file:
        head = file.read(4096)
        at = head.find(b"PEAK")
        if 0 < at < head.find(b"data"):
            file.seek(at + 12)
            file.write(bytes(4))


def _encode_aiff(path: Path, audio: Audio, bit_depth: BitDepth, seed: int) -> None:
    if audio.frames * audio.channels * (int(bit_depth) // 8) > _MAX_CLASSIC_BYTES:
        raise UsageError("aiff holds at most 4 GB; write .wav or .flac.")
    _encode_pcm(path, audio, bit_depth, seed, "AIFF")


def _encode_flac(path: Path, audio: Audio, bit_depth: BitDepth, seed: int) -> None:
    _encode_pcm(path, audio, bit_depth, seed, "FLAC")


def _encode_mp3(path: Path, audio: Audio, _bit_depth: BitDepth, _seed: int) -> None:
    _feed_libsndfile(
        path, audio, "MP3", "MPEG_LAYER_III", lambda samples: samples,
        compression_level=0.0, bitrate_mode="CONSTANT",
    )  # fmt: skip


def _encode_vorbis(path: Path, audio: Audio, _bit_depth: BitDepth, _seed: int) -> None:
    order = list(_VORBIS_ORDER.get(audio.channels, range(audio.channels)))
    _feed_libsndfile(
        path, audio, "OGG", "VORBIS", lambda samples: samples[order], compression_level=0.1
    )


def _feed_libsndfile(
    path: Path,
    audio: Audio,
    container: str,
    subtype: str,
    prepare: Callable[[FloatArray], Any],
    **options: Any,
) -> None:
    import soundfile

    with soundfile.SoundFile(
        path, "w", audio.sample_rate_hz, audio.channels, subtype, format=container, **options
    ) as file:
        for block in blocks(audio, BLOCK_FRAMES):
            file.write(np.ascontiguousarray(prepare(block.samples).T))


def _encode_aac(path: Path, audio: Audio, _bit_depth: BitDepth, _seed: int) -> None:
    bits_per_s = 128_000 * audio.channels if audio.channels > 1 else 160_000
    # A time unit of one sample makes the edit list exact, so the length survives.
    options = {"movie_timescale": str(audio.sample_rate_hz)}
    _feed_ffmpeg(path, audio, "ipod", "aac", bits_per_s, options)


def _encode_opus(path: Path, audio: Audio, _bit_depth: BitDepth, _seed: int) -> None:
    _feed_ffmpeg(path, audio, "opus", "libopus", 128_000 * audio.channels, {})


def _feed_ffmpeg(
    path: Path, audio: Audio, container: str, codec: str, bits_per_s: int, options: dict[str, str]
) -> None:
    import av

    layout = _LAYOUTS[audio.channels]
    options = {"fflags": "+bitexact", **options}
    with av.open(f"file:{path.absolute()}", "w", format=container, options=options) as file:
        track: Any = file.add_stream(codec, rate=audio.sample_rate_hz)
        track.layout = layout
        track.bit_rate = bits_per_s
        for block in blocks(audio, BLOCK_FRAMES):
            packed = np.ascontiguousarray(block.samples.T).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
            frame.sample_rate, frame.pts = audio.sample_rate_hz, block.start
            file.mux(track.encode(frame))
        file.mux(track.encode(None))


FORMATS: dict[str, Format] = {
    ".wav": Format("wav", True, _encode_wav, holds_float=True),
    ".flac": Format("flac", True, _encode_flac),
    ".mp3": Format("mp3", False, _encode_mp3, _MP3_RATES, (1, 2)),
    ".ogg": Format("ogg", False, _encode_vorbis, None, _VORBIS_CHANNELS),
    ".m4a": Format("m4a", False, _encode_aac, _AAC_RATES, _AAC_CHANNELS),
    ".opus": Format("opus", False, _encode_opus, _OPUS_RATES, _OPUS_CHANNELS),
    ".aiff": Format("aiff", True, _encode_aiff),
    ".aif": Format("aiff", True, _encode_aiff),
}
