"""Whether a file was cut short, judged from what its own headers promise.

Decoders give what is left of a broken copy without a word, so the promise is read here: the chunk
sizes of WAV, RF64, Wave64, AVI, AU and AIFF, the byte count of an MP3's Xing header, the last page
of an Ogg file. Streamed files whose headers leave the size open promise nothing.
"""

from __future__ import annotations

import struct
from pathlib import Path

# Recorders that write to a pipe put "as large as can be" here; no honest size is that large.
_OPEN_ENDED = 0x7FFF0000
# Some writers round or pad by a few bytes; less than this share missing is not worth a refusal.
_TOLERANCE = 0.01
_TOLERANCE_BYTES = 1024
_PAGE_SEARCH_BYTES = 200_000


def is_cut_short(path: Path) -> bool:
    """True when headers promise clearly more bytes than the file has; reads a few kilobytes."""
    size = path.stat().st_size
    promised = _promised_bytes(path, size)
    if promised is None:
        return False
    return promised - size > max(_TOLERANCE_BYTES, _TOLERANCE * promised)


def _promised_bytes(path: Path, size: int) -> int | None:
    with path.open("rb") as file:
        head = file.read(65536)
        if head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE":
            return _riff_bytes(head)
        if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
            return 8 + int(struct.unpack("<I", head[4:8])[0])
        if head[:4] == b"riff" and len(head) >= 24:  # Wave64: the size of the whole file
            return int(struct.unpack("<Q", head[16:24])[0])
        if head[:4] == b".snd" and len(head) >= 12:
            offset, data = struct.unpack(">II", head[4:12])
            return int(offset + data) if data < _OPEN_ENDED else None
        if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
            return 8 + int(struct.unpack(">I", head[4:8])[0])
        if head[:4] == b"OggS":
            file.seek(max(0, size - _PAGE_SEARCH_BYTES))
            return _ogg_bytes(file.read(), size)
        if head[:3] == b"ID3" or head[:1] == b"\xff":
            start = _id3_bytes(head)
            file.seek(start)
            return _xing_bytes(file.read(4096), start)
    return None


def _riff_bytes(head: bytes) -> int | None:
    """End of the `data` chunk; None when it is open-ended or lies beyond `head`."""
    at, long_size = 12, None
    while at + 8 <= len(head):
        name, size = head[at : at + 4], int(struct.unpack("<I", head[at + 4 : at + 8])[0])
        if name == b"ds64" and at + 24 <= len(head):
            long_size = int(struct.unpack("<Q", head[at + 16 : at + 24])[0])
        if name == b"data":
            if size == 0xFFFFFFFF and long_size is not None:
                return at + 8 + long_size
            return at + 8 + size if 0 < size < _OPEN_ENDED else None
        at += 8 + size + size % 2
    return None


def _ogg_bytes(tail: bytes, size: int) -> int | None:
    """Where the last page should end; far beyond the file when that page is incomplete."""
    at = tail.rfind(b"OggS")
    if at < 0:
        return None
    lacing = tail[at + 27 : at + 27 + tail[at + 26]] if at + 26 < len(tail) else b""
    complete = at + 26 < len(tail) and len(lacing) == tail[at + 26]
    if complete and at + 27 + len(lacing) + sum(lacing) <= len(tail):
        return size
    # How much more there was cannot be known, only that there was more.
    return 2 * size + 2 * _TOLERANCE_BYTES


def _id3_bytes(head: bytes) -> int:
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    size = 0
    for byte in head[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size


def _xing_bytes(frame: bytes, start: int) -> int | None:
    """End of the sound by the byte count in the first frame's Xing or Info header."""
    found = max(frame.find(b"Xing", 0, 256), frame.find(b"Info", 0, 256))
    if found < 0 or len(frame) < found + 16:
        return None
    flags = int(struct.unpack(">I", frame[found + 4 : found + 8])[0])
    if not flags & 2:
        return None
    at = found + 8 + (4 if flags & 1 else 0)
    counted = int(struct.unpack(">I", frame[at : at + 4])[0])
    return start + counted if counted else None
