"""Tags and cover art: read from any format, cleaned, and written into any other.

What a file's author wrote is untrusted text: control and direction characters go, sizes are
capped, and nothing here ever treats it as markup. Figures that describe the old sound
(ReplayGain, encoder delays, encoder names) are left behind, because the new sound differs.
"""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mixmend.tools.errors import FileError
from mixmend.tools.names import shown

# The names every format is mapped to; others are kept under their own lower-case name.
KNOWN_FIELDS = (
    "title", "artist", "album", "albumartist", "date", "genre", "track", "disc", "composer",
    "comment", "lyrics", "copyright", "isrc",
)  # fmt: skip
LONG_FIELDS = {"comment", "lyrics"}
MAX_FIELDS, MAX_VALUES, MAX_NAME = 64, 16, 60
MAX_CHARACTERS, MAX_LONG_CHARACTERS = 1000, 20_000
MAX_COVER_BYTES = 16 * 1024 * 1024

_ABOUT_THE_OLD_SOUND = (
    "replaygain", "r128_", "itunnorm", "itunsmpb", "itunpgap", "encoder", "encoded", "encoding",
    "mp3gain", "accurip", "md5", "waveformatex", "duration", "length", "bitrate", "major_brand",
    "minor_version", "compatible_brands", "handler_name", "vendor", "creation_time", "language",
    "coding_history", "number_of", "_statistics", "isvbr", "device",
)  # fmt: skip
# A malformed tag makes the parser fail in any of these ways; the sound is still good.
_MALFORMED = (
    ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, TypeError, ValueError,
    struct.error,
)  # fmt: skip


@dataclass(frozen=True)
class Cover:
    """A picture as it was embedded: `media_type` image/jpeg, image/png, image/gif or image/webp."""

    data: bytes
    media_type: str


@dataclass(frozen=True)
class Tags:
    """Clean text fields by name, each with one value or more, and the front cover."""

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cover: Cover | None = None

    def first(self, name: str) -> str | None:
        """The first value of a field, or None."""
        values = self.fields.get(name, ())
        return values[0] if values else None


def clean_text(text: str, *, long: bool = False) -> str:
    """`text` in normal form without control, direction or unassigned characters, and capped.

    Line ends and tabs stay in long fields (comment, lyrics) and become spaces elsewhere.
    """
    limit = MAX_LONG_CHARACTERS if long else MAX_CHARACTERS
    kept = []
    for character in text[: 2 * limit].replace("\r\n", "\n").replace("\r", "\n"):
        if character in "\n\t":
            kept.append(character if long else " ")
        elif unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}:
            kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept)).strip()[:limit]


def clean_tags(raw: Mapping[str, tuple[str, ...]], cover: Cover | None = None) -> Tags:
    """Cleaned and capped fields; drops what is empty or describes the old sound."""
    fields: dict[str, tuple[str, ...]] = {}
    for raw_name, raw_values in raw.items():
        name = clean_text(raw_name).lower()[:MAX_NAME].replace("=", "")
        if not name or any(mark in name for mark in _ABOUT_THE_OLD_SOUND):
            continue
        cleaned = [clean_text(value, long=name in LONG_FIELDS) for value in raw_values[:MAX_VALUES]]
        values = tuple(dict.fromkeys(value for value in cleaned if value))
        if values and (name in fields or len(fields) < MAX_FIELDS):
            fields[name] = tuple(dict.fromkeys(fields.get(name, ()) + values))[:MAX_VALUES]
    return Tags(fields, cover)


def make_cover(data: bytes) -> Cover | None:
    """A cover whose type is told by its own first bytes; None when unknown or too large."""
    if not 16 <= len(data) <= MAX_COVER_BYTES:
        return None
    if data.startswith(b"\xff\xd8\xff"):
        return Cover(data, "image/jpeg")
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return Cover(data, "image/png")
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return Cover(data, "image/gif")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Cover(data, "image/webp")
    return None


def tags_from_texts(texts: Mapping[str, str], cover: Cover | None = None) -> Tags:
    """Tags from a decoder's flat texts (RIFF INFO, Matroska, AVI)."""
    from mixmend.tools.tag_formats import canonical

    return clean_tags({canonical(name): (text,) for name, text in texts.items()}, cover)


def read_tags(path: Path) -> Tags:
    """Tags and cover of `path`; empty when there are none or they are malformed."""
    import mutagen

    from mixmend.tools import tag_formats

    try:
        if tag_formats.has_compressed_id3(path):
            return Tags()
        file = mutagen.File(path)
        if file is None or file.tags is None:
            return Tags()
        raw, cover_bytes = tag_formats.fields_of(file), tag_formats.cover_of(file)
    except (mutagen.MutagenError, OSError, *_MALFORMED):
        return Tags()
    return clean_tags(raw, make_cover(cover_bytes) if cover_bytes else None)


def write_tags(path: Path, tags: Tags) -> None:
    """Add `tags` to a finished sound file, in the manner of its format.

    Formats that hold none are left as they are. Raises FileError when the file cannot be changed.
    """
    import mutagen

    from mixmend.tools import tag_formats

    if not tags.fields and tags.cover is None:
        return
    try:
        file = mutagen.File(path)
        if file is None:
            return
        if file.tags is None:
            file.add_tags()
        tag_formats.put(file, tags)
        file.save()
    except mutagen.MutagenError as error:
        if isinstance(error.__cause__, OSError):
            raise error.__cause__ from error
        raise FileError(f"the tags of {shown(path)} cannot be written: {error}.") from error
