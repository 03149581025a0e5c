"""Write sound into a file: whole or not at all, tags kept, never over the sound it came from."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from pathlib import Path

from mixmend.tools.audio import Audio
from mixmend.tools.encoding import BitDepth, Format, format_for
from mixmend.tools.errors import FileError
from mixmend.tools.names import shown
from mixmend.tools.reading import SourceInfo
from mixmend.tools.tags import write_tags

__all__ = ["BitDepth", "write_sound"]


def write_sound(
    path: Path,
    audio: Audio,
    *,
    like: SourceInfo | None = None,
    bit_depth: BitDepth = "24",
    seed: int = 0,
) -> None:
    """Write `audio` (channels, frames) to `path` in the format of its extension.

    Whole-number formats get TPDF dither from `seed` and clip at full scale; `32f` is exact. The
    tags and cover of `like` come along. The file appears complete under its name or not at all.
    Raises UsageError when the format cannot hold the sound, FileError when `path` cannot be
    written or is the file that `like` was read from.
    """
    path = Path(path)
    kind = format_for(path, audio, bit_depth)
    # Same folder, so that the rename is atomic; same extension, because encoders look at it.
    draft = path.with_name(f".mixmend-{secrets.token_hex(6)}{path.suffix.lower()}")
    try:
        _check_target(path, like)
        _encode(draft, kind, audio, bit_depth, seed)
        if like is not None:
            write_tags(draft, like.tags)
        _settle(draft, path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        with contextlib.suppress(OSError):  # a folder that cannot be entered holds no draft
            draft.unlink(missing_ok=True)


def _check_target(path: Path, like: SourceInfo | None) -> None:
    if "\0" in str(path):
        raise FileError(f"{shown(path)} is not a valid file name; choose another.")
    if path.is_dir():
        raise FileError(f"{shown(path)} is a folder; name a file in it.")
    if not path.parent.is_dir():
        raise FileError(f"the folder {shown(path.parent)} does not exist; create it first.")
    # samefile sees through symbolic and hard links.
    if like is not None and path.exists() and like.path.exists() and path.samefile(like.path):
        raise FileError(
            f"{shown(path)} is the file being mended; choose another name for the output."
        )


def _encode(draft: Path, kind: Format, audio: Audio, bit_depth: BitDepth, seed: int) -> None:
    import soundfile

    # Creating it first gives the system's own reason when the folder cannot be written.
    with draft.open("xb"):
        pass
    try:
        kind.encode(draft, audio, bit_depth, seed)
    except (soundfile.LibsndfileError, AssertionError) as error:
        # libsndfile does not say why: soundfile asserts that everything was taken.
        raise OSError(errno.ENOSPC, "the disk is full or the file grew too large") from error
    if kind.lossless and soundfile.info(draft).frames != audio.frames:
        raise OSError(errno.ENOSPC, "the disk is full or the file grew too large")


def _settle(draft: Path, path: Path) -> None:
    """To the disk, then under its name, with the permissions of the file it replaces."""
    if path.exists():
        draft.chmod(path.stat().st_mode & 0o777)
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.replace(path)


def _cannot_write(path: Path, error: OSError) -> FileError:
    reasons = {
        errno.ENOSPC: "the disk is full; free some space or choose another disk",
        errno.EDQUOT: "your disk quota is used up; free some space or choose another disk",
        errno.EFBIG: "the file would grow too large; choose another format or disk",
        errno.EACCES: "you have no permission to write there; choose another folder",
        errno.EPERM: "you have no permission to write there; choose another folder",
        errno.EROFS: "the disk is read-only; choose another folder",
        errno.ENAMETOOLONG: "its name is too long; choose a shorter one",
    }
    reason = reasons.get(error.errno or 0, f"{error.strerror or error}; choose another place")
    return FileError(f"{shown(path)} cannot be written: {reason}.")
