"""How each tag format names the shared fields: ID3 (mp3, wav, aiff), Vorbis comments (flac, ogg,
opus), MP4 atoms (m4a), ASF (wma) and APE; on top of the mutagen library.

Works on an opened `mutagen` file; raises whatever mutagen raises on malformed data.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

from mixmend.tools.tags import Cover, Tags

_ID3 = {
    "title": "TIT2", "artist": "TPE1", "album": "TALB", "albumartist": "TPE2", "date": "TDRC",
    "genre": "TCON", "track": "TRCK", "disc": "TPOS", "composer": "TCOM", "copyright": "TCOP",
    "isrc": "TSRC",
}  # fmt: skip
_ID3_NAMES = {frame: name for name, frame in _ID3.items()}
_MP4 = {
    "title": "©nam", "artist": "©ART", "album": "©alb", "albumartist": "aART", "date": "©day",
    "genre": "©gen", "composer": "©wrt", "comment": "©cmt", "lyrics": "©lyr", "copyright": "cprt",
}  # fmt: skip
_MP4_NAMES = {atom: name for name, atom in _MP4.items()}
_MP4_PAIRS = {"track": "trkn", "disc": "disk"}
_MP4_OWN = "----:com.apple.iTunes:"
_ASF = {
    "Title": "title", "Author": "artist", "WM/AlbumTitle": "album", "WM/AlbumArtist": "albumartist",
    "WM/Year": "date", "WM/Genre": "genre", "WM/TrackNumber": "track", "WM/PartOfSet": "disc",
    "WM/Composer": "composer", "Description": "comment", "WM/Lyrics": "lyrics",
    "Copyright": "copyright", "WM/ISRC": "isrc",
}  # fmt: skip
_ALIASES = {
    "tracknumber": "track", "discnumber": "disc", "album_artist": "albumartist", "year": "date",
    "album artist": "albumartist", "description": "comment", "unsyncedlyrics": "lyrics",
    "name": "title", "author": "artist",
}  # fmt: skip
_VORBIS = {"track": "tracknumber", "disc": "discnumber"}
_PICTURE = "metadata_block_picture"
_ID3_COMPRESSED = {3: 0x0080, 4: 0x0008}
_FRONT_COVER = 3
_ID3_DATE = re.compile(r"\d{4}(-\d\d(-\d\d)?)?$")


def canonical(name: str) -> str:
    """Our name of a field for any of its usual spellings."""
    name = name.lower()
    return _ALIASES.get(name, name)


def has_compressed_id3(path: Path) -> bool:
    """True when an ID3 tag at the start has compressed frames: no program writes them, bombs do."""
    with path.open("rb") as file:
        head = file.read(10)
        if head[:3] != b"ID3" or head[3] not in _ID3_COMPRESSED:
            return False
        size = _synchsafe(head[6:10])
        body = file.read(min(size, 1 << 25))
    at = 0
    while at + 10 <= len(body) and body[at] != 0:
        raw = body[at + 4 : at + 8]
        length = _synchsafe(raw) if head[3] == 4 else int.from_bytes(raw, "big")
        flags = int.from_bytes(body[at + 8 : at + 10], "big")
        if flags & _ID3_COMPRESSED[head[3]]:
            return True
        at += 10 + length
    return False


def fields_of(file: Any) -> dict[str, tuple[str, ...]]:
    """Raw text fields of an opened file under our names."""
    from mutagen.apev2 import APEv2
    from mutagen.asf import ASFTags
    from mutagen.id3 import ID3
    from mutagen.mp4 import MP4Tags

    tags = file.tags
    if isinstance(tags, ID3):
        return _id3_fields(tags)
    if isinstance(tags, MP4Tags):
        return _mp4_fields(tags)
    if isinstance(tags, ASFTags):
        named = ((_ASF[key], values) for key, values in tags.as_dict().items() if key in _ASF)
        return {name: tuple(str(value) for value in values) for name, values in named}
    if isinstance(tags, APEv2):
        texts = ((key, value) for key, value in tags.items() if value.kind == 0)
        return {canonical(key): tuple(str(item) for item in value) for key, value in texts}
    skipped = {_PICTURE, "coverart", "coverartmime"}
    fields: dict[str, tuple[str, ...]] = {}
    for key in tags.keys():  # noqa: SIM118 - iterating a Vorbis comment gives pairs
        if key.lower() not in skipped:
            name = canonical(key)
            fields[name] = fields.get(name, ()) + tuple(tags[key])
    return fields


def _id3_fields(tags: Any) -> dict[str, tuple[str, ...]]:
    fields: dict[str, tuple[str, ...]] = {}
    for frame in tags.values():
        if frame.FrameID in _ID3_NAMES:
            fields[_ID3_NAMES[frame.FrameID]] = tuple(str(text) for text in frame.text)
        elif frame.FrameID == "TXXX":
            fields[canonical(frame.desc)] = tuple(str(text) for text in frame.text)
        elif frame.FrameID == "COMM" and not frame.desc.startswith("iTun"):
            fields["comment"] = fields.get("comment", ()) + tuple(frame.text)
        elif frame.FrameID == "USLT":
            fields["lyrics"] = (*fields.get("lyrics", ()), str(frame.text))
    return fields


def _mp4_fields(tags: Any) -> dict[str, tuple[str, ...]]:
    fields: dict[str, tuple[str, ...]] = {}
    for key, values in tags.items():
        if key in _MP4_NAMES:
            fields[_MP4_NAMES[key]] = tuple(str(value) for value in values)
        elif key.startswith(_MP4_OWN):
            texts = tuple(bytes(value).decode("utf-8", "replace") for value in values)
            fields[canonical(key[len(_MP4_OWN) :])] = texts
    for name, atom in _MP4_PAIRS.items():
        if tags.get(atom):
            number, total = tags[atom][0]
            fields[name] = (f"{number}/{total}" if total else str(number),)
    return fields


def cover_of(file: Any) -> bytes | None:
    """Bytes of the front cover, or of the first picture there is."""
    from mutagen.flac import Picture

    tags = file.tags
    if hasattr(tags, "getall"):
        frames = sorted(tags.getall("APIC"), key=lambda frame: int(frame.type) != _FRONT_COVER)
        return bytes(frames[0].data) if frames else None
    pictures = list(getattr(file, "pictures", []))
    if hasattr(tags, "as_dict") and "WM/Picture" not in tags:
        for text in tags.as_dict().get(_PICTURE, []):
            pictures.append(Picture(base64.b64decode(text)))
    if pictures:
        pictures.sort(key=lambda picture: int(picture.type) != _FRONT_COVER)
        return bytes(pictures[0].data)
    if tags.get("covr"):
        return bytes(tags["covr"][0])
    return None


def put(file: Any, tags: Tags) -> None:
    """Set `tags` on an opened file that has a tag object; nothing is saved yet."""
    from mutagen.id3 import ID3
    from mutagen.mp4 import MP4Tags

    if isinstance(file.tags, ID3):
        _put_id3(file.tags, tags)
    elif isinstance(file.tags, MP4Tags):
        _put_mp4(file.tags, tags)
    else:
        for name, values in tags.fields.items():
            file.tags[_VORBIS.get(name, _vorbis_name(name))] = list(values)
        if tags.cover is not None:
            picture = _picture(tags.cover)
            if hasattr(file, "add_picture"):
                file.clear_pictures()
                file.add_picture(picture)
            else:
                file.tags[_PICTURE] = [base64.b64encode(picture.write()).decode("ascii")]


def _put_id3(tags: Any, wanted: Tags) -> None:
    from mutagen import id3

    utf8 = id3.Encoding.UTF8
    for name, values in wanted.fields.items():
        texts = list(values)
        if name == "date" and not all(_ID3_DATE.match(text) for text in texts):
            tags.add(id3.TXXX(encoding=utf8, desc=name, text=texts))  # TDRC takes only dates
        elif name in _ID3:
            tags.add(getattr(id3, _ID3[name])(encoding=utf8, text=texts))
        elif name == "comment":
            # Players read one comment: several are joined rather than lost.
            text = ["\n".join(texts)]
            tags.add(id3.COMM(encoding=utf8, lang="eng", desc="", text=text))
        elif name == "lyrics":
            tags.add(id3.USLT(encoding=utf8, lang="eng", desc="", text="\n".join(texts)))
        else:
            tags.add(id3.TXXX(encoding=utf8, desc=name, text=texts))
    if wanted.cover is not None:
        cover = wanted.cover
        tags.add(id3.APIC(encoding=utf8, mime=cover.media_type, type=3, desc="", data=cover.data))


def _put_mp4(tags: Any, wanted: Tags) -> None:
    from mutagen.mp4 import MP4Cover

    for name, values in wanted.fields.items():
        if name in _MP4:
            tags[_MP4[name]] = list(values)
        elif name in _MP4_PAIRS and (pair := _number_pair(values[0])) is not None:
            tags[_MP4_PAIRS[name]] = [pair]
        else:
            tags[_MP4_OWN + name] = [value.encode() for value in values]
    kinds = {"image/jpeg": MP4Cover.FORMAT_JPEG, "image/png": MP4Cover.FORMAT_PNG}
    if wanted.cover is not None and wanted.cover.media_type in kinds:
        kind = kinds[wanted.cover.media_type]
        tags["covr"] = [MP4Cover(wanted.cover.data, imageformat=kind)]


def _number_pair(text: str) -> tuple[int, int] | None:
    """(3, 12) for `3/12`, (3, 0) for `3`; None when it is no small number."""
    number, _, total = text.partition("/")
    if not number.strip().isdecimal() or (total and not total.strip().isdecimal()):
        return None
    pair = int(number), int(total or 0)
    return pair if max(pair) < 1 << 16 else None


def _vorbis_name(name: str) -> str:
    """Vorbis comment names are printable ASCII without `=`."""
    return "".join(c if " " <= c <= "}" and c != "=" else "_" for c in name)


def _picture(cover: Cover) -> Any:
    from mutagen.flac import Picture

    picture = Picture()
    picture.type, picture.mime, picture.data = _FRONT_COVER, cover.media_type, cover.data
    return picture


def _synchsafe(raw: bytes) -> int:
    size = 0
    for byte in raw:
        size = size << 7 | byte & 0x7F
    return size
