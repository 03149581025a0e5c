"""Tags: they cross every format, stay text, and leave behind what described the old sound."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest

from mixmend.tools.audio import Audio
from mixmend.tools.reading import SourceInfo, read_sound
from mixmend.tools.tags import (
    MAX_CHARACTERS,
    MAX_FIELDS,
    Cover,
    Tags,
    clean_tags,
    clean_text,
    make_cover,
    read_tags,
    write_tags,
)
from mixmend.tools.writing import write_sound

FORMATS = ["wav", "flac", "mp3", "ogg", "m4a", "opus", "aiff"]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(200))
FULL = Tags(
    {
        "title": ("Sommer am Müggelsee",),
        "artist": ("Ännchen", "The Others"),
        "album": ("Seen",),
        "albumartist": ("Various",),
        "date": ("1998-05-01",),
        "genre": ("Folk",),
        "track": ("3/12",),
        "disc": ("1/2",),
        "composer": ("J. Doe",),
        "comment": ("First line\nsecond line",),
        "lyrics": ("la la\nla",),
        "copyright": ("CC0",),
        "isrc": ("DEA001200001",),
        "mood": ("sunny",),
    },
    Cover(PNG, "image/png"),
)


def noise() -> Audio:
    samples = np.random.default_rng(0).uniform(-0.1, 0.1, (2, 24000))
    return Audio(samples.astype(np.float32), 48000)


def info(tags: Tags) -> SourceInfo:
    return SourceInfo(Path("none.wav"), "wav", "pcm_s24le", 24, 48000, 2, 0.5, "", 0, tags)


@pytest.mark.parametrize("extension", FORMATS)
def test_all_fields_and_the_cover_survive(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"x.{extension}"
    write_sound(path, noise(), like=info(FULL))
    got = read_sound(path).info.tags
    assert dict(got.fields) == dict(FULL.fields)
    assert got.cover == FULL.cover


@pytest.mark.parametrize("first", FORMATS)
@pytest.mark.parametrize("second", FORMATS)
def test_from_any_format_to_any_other(tmp_path: Path, first: str, second: str) -> None:
    """Two generations: a file read and written anew keeps all of its tags."""
    tags = Tags({**FULL.fields}, Cover(JPEG, "image/jpeg"))
    write_sound(tmp_path / f"a.{first}", noise(), like=info(tags))
    source = read_sound(tmp_path / f"a.{first}")
    write_sound(tmp_path / f"b.{second}", source.audio, like=source.info)
    got = read_tags(tmp_path / f"b.{second}")
    assert dict(got.fields) == dict(FULL.fields)
    assert got.cover == tags.cover


def test_sound_is_the_same_with_and_without_tags(tmp_path: Path) -> None:
    for extension in FORMATS:
        write_sound(tmp_path / f"plain.{extension}", noise())
        write_sound(tmp_path / f"tagged.{extension}", noise(), like=info(FULL))
        plain = read_sound(tmp_path / f"plain.{extension}").audio.samples
        tagged = read_sound(tmp_path / f"tagged.{extension}").audio.samples
        np.testing.assert_array_equal(plain, tagged)


def test_text_is_cleaned_but_stays_what_it_says() -> None:
    assert clean_text("a\x00b\x1b[31mc\u202ed\u2066e") == "ab[31mcde"
    assert clean_text("one\ntwo\tthree") == "one two three"
    assert clean_text("one\r\ntwo", long=True) == "one\ntwo"
    assert clean_text("<script>alert(1)</script>") == "<script>alert(1)</script>"
    assert clean_text("e\u0301") == "é"
    assert len(clean_text("x" * 10_000_000)) == MAX_CHARACTERS


def test_sizes_are_capped() -> None:
    many = {f"name{k}": ("v",) for k in range(500)}
    assert len(clean_tags(many).fields) == MAX_FIELDS
    assert len(clean_tags({"artist": tuple(map(str, range(100)))}).fields["artist"]) == 16
    assert make_cover(PNG + bytes(20_000_000)) is None
    assert make_cover(b"<svg onload=alert(1)>" * 10) is None


def test_what_described_the_old_sound_is_left_behind(tmp_path: Path) -> None:
    raw = {
        "title": ("Keep",),
        "REPLAYGAIN_TRACK_GAIN": ("-9 dB",),
        "iTunSMPB": ("0 1 2",),
        "encoder": ("x",),
        "R128_TRACK_GAIN": ("1",),
    }
    assert dict(clean_tags(raw).fields) == {"title": ("Keep",)}
    for extension in ("ogg", "mp3", "m4a"):
        path = tmp_path / f"x.{extension}"
        write_sound(path, noise())
        write_tags(path, Tags({"replaygain_track_gain": ("-9 dB",), "title": ("Keep",)}))
        assert dict(read_tags(path).fields) == {"title": ("Keep",)}


def test_odd_track_numbers_and_names_do_not_fail(tmp_path: Path) -> None:
    odd = Tags({"track": ("A1",), "disc": ("99999999/x",), "größe=": ("x",), "date": ("soon",)})
    for extension in FORMATS:
        write_sound(tmp_path / f"x.{extension}", noise(), like=info(odd))
        got = read_sound(tmp_path / f"x.{extension}").info.tags
        assert got.first("track") == "A1"
        assert got.first("date") == "soon"


def id3(frames: bytes, version: int = 4) -> bytes:
    size = len(frames)
    synchsafe = bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3" + bytes((version, 0, 0)) + synchsafe + frames


def test_a_compressed_bomb_in_a_tag_is_not_unpacked(tmp_path: Path) -> None:
    write_sound(tmp_path / "x.mp3", noise())
    sound = (tmp_path / "x.mp3").read_bytes()
    packed = zlib.compress(b"\x03" + b"A" * 50_000_000, 9)
    length = len(packed) + 4
    synchsafe = bytes((length >> shift) & 0x7F for shift in (21, 14, 7, 0))
    frame = b"TIT2" + synchsafe + b"\x00\x09" + b"\x17\x6b\x66\x01" + packed
    (tmp_path / "bomb.mp3").write_bytes(id3(frame) + sound)
    got = read_sound(tmp_path / "bomb.mp3")
    assert got.audio.frames == 24000
    assert len(got.info.tags.first("title") or "") <= MAX_CHARACTERS


@pytest.mark.parametrize("seed", range(12))
def test_broken_tags_do_not_stop_the_sound(tmp_path: Path, seed: int) -> None:
    """Random bytes inside a real tag: the sound is read, the tags are clean or empty."""
    rng = np.random.default_rng(seed)
    write_sound(tmp_path / "x.mp3", noise(), like=info(FULL))
    data = bytearray((tmp_path / "x.mp3").read_bytes())
    for at in rng.integers(10, 900, 60):
        data[at] = int(rng.integers(0, 256))
    (tmp_path / "broken.mp3").write_bytes(bytes(data))
    got = read_sound(tmp_path / "broken.mp3")
    assert got.audio.frames == 24000
    for values in got.info.tags.fields.values():
        assert all(value == clean_text(value, long=True) for value in values)
