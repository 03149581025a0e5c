"""Read any sound file into an `Audio`, with what the file is; every bad file gets one sentence.

The sound is decoded in chunks and checked while it comes: nothing is allocated because a header
says so, and a file of many hours is refused before it fills memory or disk.
"""

from __future__ import annotations

import hashlib
import stat
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mixmend.tools.audio import Audio, FloatArray
from mixmend.tools.decoding import READABLE, Stream, open_stream
from mixmend.tools.errors import FileError
from mixmend.tools.growing import GrowingSound
from mixmend.tools.names import shown
from mixmend.tools.tags import Tags, read_tags, tags_from_texts
from mixmend.tools.truncation import is_cut_short

MAX_CHANNELS = 8
MIN_RATE_HZ, MAX_RATE_HZ = 8_000, 192_000
MIN_DURATION_S = 0.1
MAX_DURATION_S = 4 * 3600.0
# A range this small over the whole file is no music at any gain: -120 dBFS.
SILENCE = 1e-6
# Float files may pass full scale; 60 dB over it is a scaling mistake of the exporting program.
MAX_SAMPLE = 1000.0
# Less sound than promised by more than this is a broken copy, not rounding.
_MISSING_S, _MISSING_SHARE = 0.1, 0.005


@dataclass(frozen=True)
class SourceInfo:
    """What a file is. `codec` names the coding (`pcm_s24le`, `flac`, `mp3`, `vorbis`, `aac`);
    `bit_depth` is None for lossy codings; `sha256` and `size_bytes` are of the file as it lies."""

    path: Path
    container: str
    codec: str
    bit_depth: int | None
    sample_rate_hz: int
    channels: int
    duration_s: float
    sha256: str
    size_bytes: int
    tags: Tags


@dataclass(frozen=True, eq=False)
class Sound:
    """Decoded sound and the facts of the file that it came from."""

    audio: Audio
    info: SourceInfo


def read_sound(path: Path, *, max_duration_s: float = MAX_DURATION_S) -> Sound:
    """Decode `path` to float32 (channels, frames) at its own rate.

    Raises FileError, one sentence with what to do, for everything that is no usable sound: no
    file, a folder, no permission, empty, not sound, cut short, NaN, silence, under 0.1 s, over
    `max_duration_s`, over 8 channels, a rate outside 8 to 192 kHz.
    """
    path = Path(path)
    size_bytes, sha256 = _identify(path)
    if is_cut_short(path):
        raise FileError(
            f"{shown(path)} is cut short: its header promises more sound than the file holds; copy "
            "or download it again."
        )
    stream = open_stream(path)
    _check_header(path, stream, max_duration_s)
    samples = _decode(path, stream, max_duration_s)
    audio = Audio(samples, stream.sample_rate_hz)
    tags = read_tags(path)
    info = SourceInfo(
        path=path,
        container=stream.container,
        codec=stream.codec,
        bit_depth=stream.bit_depth,
        sample_rate_hz=stream.sample_rate_hz,
        channels=stream.channels,
        duration_s=audio.duration_s,
        sha256=sha256,
        size_bytes=size_bytes,
        tags=tags if tags.fields else tags_from_texts(stream.texts, cover=tags.cover),
    )
    return Sound(audio, info)


def file_sha256(path: Path) -> str:
    """Hex SHA-256 of a file's bytes; raises FileError when it cannot be read."""
    return _identify(path)[1]


def _identify(path: Path) -> tuple[int, str]:
    """Size and hash of an ordinary, non-empty file that may be read."""
    name = shown(path)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise FileError(f"{name} is a folder; name one sound file in it.")
        if not stat.S_ISREG(status.st_mode):
            raise FileError(f"{name} is not an ordinary file; name a sound file ({READABLE}).")
        if status.st_size == 0:
            raise FileError(f"{name} is empty (0 bytes); export or download it again.")
        with path.open("rb") as file:
            return status.st_size, hashlib.file_digest(file, "sha256").hexdigest()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileError(f"{name} does not exist; check the name and the folder.") from error
    except PermissionError as error:
        raise FileError(
            f"{name} cannot be opened: you have no permission to read it; change its permissions "
            "or copy it to a place of your own."
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the name
        reason = getattr(error, "strerror", None) or "its name is not valid"
        raise FileError(f"{name} cannot be read: {reason}; check the name and the disk.") from error


def _check_header(path: Path, stream: Stream, max_duration_s: float) -> None:
    name, rate = shown(path), stream.sample_rate_hz
    if not 1 <= stream.channels <= MAX_CHANNELS:
        raise FileError(
            f"{name} has {stream.channels} channels; mix it down to {MAX_CHANNELS} or fewer."
        )
    if not MIN_RATE_HZ <= rate <= MAX_RATE_HZ:
        raise FileError(
            f"{name} has a sample rate of {rate} Hz; convert it to one between {MIN_RATE_HZ} and "
            f"{MAX_RATE_HZ} Hz."
        )
    # A guess from the bit rate may be off by a factor, so it only counts when far beyond.
    stated_s = (stream.promised_frames or 0) / rate
    guessed_s = (stream.guessed_frames or 0) / rate / 2
    if max(stated_s, guessed_s) > max_duration_s:
        raise _too_long(path, max_duration_s)


def _too_long(path: Path, max_duration_s: float) -> FileError:
    hours = max_duration_s / 3600
    limit = f"{hours:g} hours" if hours >= 1 else f"{max_duration_s:g} s"
    return FileError(f"{shown(path)} is longer than {limit}; cut it into shorter pieces first.")


def _decode(path: Path, stream: Stream, max_duration_s: float) -> FloatArray:
    name, rate = shown(path), stream.sample_rate_hz
    grown = GrowingSound(stream.channels)
    low = np.full(stream.channels, np.inf)
    high = np.full(stream.channels, -np.inf)
    for chunk in stream.chunks:
        if chunk.shape[1] == 0:
            continue
        low = np.minimum(low, chunk.min(axis=1))
        high = np.maximum(high, chunk.max(axis=1))
        # One NaN or infinity anywhere makes an extreme that is not finite.
        if not (np.isfinite(low).all() and np.isfinite(high).all()):
            raise FileError(
                f"{name} contains samples that are not numbers (NaN or infinity); export it again "
                "from the program that made it."
            )
        if max(high.max(), -low.min()) > MAX_SAMPLE:
            raise FileError(
                f"{name} contains samples more than 60 dB over full scale; export it again with "
                "full scale at 1.0 or as 24-bit."
            )
        grown.append(chunk)
        if grown.frames > max_duration_s * rate:
            raise _too_long(path, max_duration_s)
    _check_length(path, stream, grown.frames)
    if not np.any(high - low > SILENCE):
        raise FileError(f"{name} is silent from start to end; choose a file with sound in it.")
    return grown.finish()


def _check_length(path: Path, stream: Stream, frames: int) -> None:
    rate = stream.sample_rate_hz
    if stream.promised_frames is not None:
        missing = stream.promised_frames - frames
        if missing > max(_MISSING_S * rate, _MISSING_SHARE * stream.promised_frames):
            raise FileError(
                f"{shown(path)} is cut short or damaged: its header promises "
                f"{stream.promised_frames / rate:.1f} s but only {frames / rate:.1f} s can be "
                "decoded; copy or download it again."
            )
    if frames < MIN_DURATION_S * rate:
        raise FileError(
            f"{shown(path)} is only {1000 * frames / rate:.0f} ms long; at least "
            f"{1000 * MIN_DURATION_S:.0f} ms are needed."
        )
