"""Reading: every format the same sound, every bad file one sentence, long files flat in memory."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from mixmend.tools import reading
from mixmend.tools.audio import Audio
from mixmend.tools.errors import FileError
from mixmend.tools.growing import GrowingSound
from mixmend.tools.reading import Sound, read_sound
from mixmend.tools.writing import write_sound
from tests.signals import music

RATE = 44100


@pytest.fixture(scope="module")
def song() -> Audio:
    return music(2.0137, RATE)


def refused(path: Path, **options: float) -> str:
    """The sentence a file is refused with: one line, names the file, ends like a sentence."""
    with pytest.raises(FileError) as caught:
        read_sound(path, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert path.name[:8] in message or path.parent.name in message
    assert message.endswith(".")
    assert caught.value.exit_code == 2
    return message


def snr_db(wanted: np.ndarray, got: np.ndarray) -> float:
    error = np.sum((wanted - got) ** 2) + 1e-30
    return float(10 * np.log10(np.sum(wanted**2) / error))


def encode(path: Path, audio: Audio, codec: str, container: str, sample_format: str) -> None:
    """Write `audio` with any of FFmpeg's encoders, for formats that we read but do not write."""
    with av.open(str(path), "w", format=container) as file:
        track = file.add_stream(codec, rate=audio.sample_rate_hz)
        track.layout = "stereo"
        track.format = sample_format
        track.bit_rate = 192_000
        packed = np.ascontiguousarray(audio.samples.T).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, format="flt", layout="stereo")
        frame.sample_rate = audio.sample_rate_hz
        file.mux(track.encode(frame))
        file.mux(track.encode(None))


@pytest.mark.parametrize(
    ("subtype", "codec", "bits", "at_least_db"),
    [
        ("PCM_U8", "pcm_u8", 8, 25),
        ("PCM_16", "pcm_s16le", 16, 75),
        ("PCM_24", "pcm_s24le", 24, 120),
        ("PCM_32", "pcm_s32le", 32, 130),
        ("FLOAT", "pcm_f32le", 32, 200),
        ("DOUBLE", "pcm_f64le", 64, 200),
    ],
)
def test_wav_of_every_depth(
    tmp_path: Path, song: Audio, subtype: str, codec: str, bits: int, at_least_db: float
) -> None:
    path = tmp_path / "song.wav"
    soundfile.write(path, song.samples.T, RATE, subtype=subtype)
    sound = read_sound(path)
    assert (sound.info.codec, sound.info.bit_depth) == (codec, bits)
    assert (sound.info.container, sound.info.channels) == ("wav", 2)
    assert sound.info.duration_s == pytest.approx(song.duration_s, abs=1e-9)
    assert sound.info.size_bytes == path.stat().st_size
    assert len(sound.info.sha256) == 64
    assert snr_db(song.samples, sound.audio.samples) > at_least_db


@pytest.mark.parametrize(
    ("name", "codec", "container", "sample_format", "bits", "length_error"),
    [
        ("song.wma", "wmav2", "asf", "fltp", None, 2048),
        ("song.tta", "tta", "tta", "s16", 16, 0),
        ("song.wv", "wavpack", "wv", "s16p", 16, 0),
        ("song.m4a", "alac", "ipod", "s32p", 24, 0),
        ("song.mp2", "mp2", "mp2", "s16", None, 2 * 1152),
        ("song.aac", "aac", "adts", "fltp", None, 3 * 1024),
        ("song.ac3", "ac3", "ac3", "fltp", None, 3 * 1536),
    ],
)
def test_what_only_ffmpeg_reads(
    tmp_path: Path,
    song: Audio,
    name: str,
    codec: str,
    container: str,
    sample_format: str,
    bits: int | None,
    length_error: int,
) -> None:
    encode(tmp_path / name, song, codec, container, sample_format)
    sound = read_sound(tmp_path / name)
    assert sound.info.codec == codec
    assert sound.info.bit_depth == bits
    assert abs(sound.audio.frames - song.frames) <= length_error
    spectrum = np.abs(np.fft.rfft(sound.audio.samples[0], 1 << 17))
    wanted = np.abs(np.fft.rfft(song.samples[0], 1 << 17))
    assert np.corrcoef(spectrum[:20000], wanted[:20000])[0, 1] > 0.95


@pytest.mark.parametrize("rate", [8000, 192000])
@pytest.mark.parametrize("channels", [1, 8])
@pytest.mark.parametrize("extension", ["wav", "flac", "aiff"])
def test_extreme_rates_and_channels(
    tmp_path: Path, rate: int, channels: int, extension: str
) -> None:
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, (rate // 5, channels))
    soundfile.write(tmp_path / f"x.{extension}", noise, rate, subtype="PCM_24")
    sound = read_sound(tmp_path / f"x.{extension}")
    assert sound.audio.samples.shape == (channels, rate // 5)
    assert sound.info.sample_rate_hz == rate
    np.testing.assert_allclose(sound.audio.samples, noise.T, atol=2e-7)


@pytest.mark.parametrize(
    ("extension", "channels"), [("wav", 6), ("flac", 6), ("m4a", 6), ("ogg", 5), ("ogg", 8)]
)
def test_surround_keeps_its_channel_order(tmp_path: Path, extension: str, channels: int) -> None:
    """Tones of different level come back in the order they were written, also from Vorbis."""
    time_s = np.arange(48000) / 48000
    level = 0.1 * np.arange(1, channels + 1)
    tones = [a * np.sin(2 * np.pi * (50 + 8 * k) * time_s) for k, a in enumerate(level)]
    write_sound(tmp_path / f"x.{extension}", Audio(np.array(tones, dtype=np.float32), 48000))
    got = read_sound(tmp_path / f"x.{extension}").audio.samples[:, 4800:-4800]
    np.testing.assert_allclose(np.sqrt(2 * np.mean(got**2, axis=1)), level, rtol=0.05)


def test_sound_of_a_video_and_a_video_without_sound(tmp_path: Path, song: Audio) -> None:
    for name, with_sound in (("film.mp4", True), ("silent.mp4", False)):
        with av.open(str(tmp_path / name), "w") as file:
            pictures = file.add_stream("mpeg4", rate=10)
            pictures.width = pictures.height = 64
            pictures.pix_fmt = "yuv420p"
            track = file.add_stream("aac", rate=RATE) if with_sound else None
            for _ in range(20):
                file.mux(pictures.encode(av.VideoFrame(64, 64, "yuv420p")))
            file.mux(pictures.encode(None))
            if track is not None:
                packed = np.ascontiguousarray(song.samples.T).reshape(1, -1)
                frame = av.AudioFrame.from_ndarray(packed, format="flt", layout="stereo")
                frame.sample_rate, frame.pts = RATE, 0
                file.mux(track.encode(frame))
                file.mux(track.encode(None))
    film = read_sound(tmp_path / "film.mp4")
    assert film.info.codec == "aac"
    assert abs(film.audio.frames - song.frames) < 0.002 * RATE
    assert snr_db(song.samples[:, : film.audio.frames], film.audio.samples[:, : song.frames]) > 10
    assert "no sound track" in refused(tmp_path / "silent.mp4")


def test_what_is_no_file(tmp_path: Path) -> None:
    assert "does not exist" in refused(tmp_path / "none.wav")
    assert "folder" in refused(tmp_path)
    (tmp_path / "empty.wav").touch()
    assert "empty" in refused(tmp_path / "empty.wav")
    os.mkfifo(tmp_path / "pipe.wav")
    assert "ordinary" in refused(tmp_path / "pipe.wav")
    message = refused(tmp_path / "two\nlines\x1b[31m.wav"[:8])
    assert "\x1b" not in message


@contextmanager
def nobody() -> Iterator[None]:
    """As a user without rights: the superuser reads everything, so it steps down for a moment."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_without_permission(tmp_path: Path, song: Audio) -> None:
    path = tmp_path / "mine.wav"
    write_sound(path, song)
    path.chmod(0)
    with nobody():
        assert "no permission" in refused(path)


@pytest.mark.parametrize("name", ["text.wav", "text.mp3", "text.flac", "text.m4a", "text.raw"])
def test_text_and_noise_with_a_sound_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("Dear sir, this is a letter and no song.\n" * 200)
    assert "not a sound file" in refused(tmp_path / name)
    noise = np.random.default_rng(3).bytes(20000)
    (tmp_path / f"noise-{name}").write_bytes(noise)
    refused(tmp_path / f"noise-{name}")


def test_playlists_are_not_followed(tmp_path: Path, song: Audio) -> None:
    target = tmp_path / "song.wav"
    write_sound(target, song)
    lists = {
        "hls.m4a": f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{target}\n#EXT-X-ENDLIST\n",
        "concat.wav": "ffconcat version 1.0\nfile song.wav\n",
    }
    for name, text in lists.items():
        (tmp_path / name).write_text(text)
        assert "not a sound file" in refused(tmp_path / name)


@pytest.mark.parametrize("extension", ["wav", "flac", "mp3", "ogg", "m4a", "aiff", "opus"])
@pytest.mark.parametrize("left", [0.9, 0.5, 0.02])
def test_cut_short(tmp_path: Path, song: Audio, extension: str, left: float) -> None:
    whole, cut = tmp_path / f"whole.{extension}", tmp_path / f"cut.{extension}"
    write_sound(whole, Audio(song.samples, 48000))
    data = whole.read_bytes()
    cut.write_bytes(data[: int(left * len(data))])
    assert "cut short" in refused(cut)


def test_files_of_open_length_are_read_to_their_end(tmp_path: Path, song: Audio) -> None:
    """Programs that write to a pipe leave sizes at zero or at all ones."""
    write_sound(tmp_path / "song.wav", song)
    data = bytearray((tmp_path / "song.wav").read_bytes())
    at = data.find(b"data")
    for filler in (b"\0\0\0\0", b"\xff\xff\xff\xff"):
        data[4:8] = data[at + 4 : at + 8] = filler
        (tmp_path / "piped.wav").write_bytes(bytes(data))
        assert read_sound(tmp_path / "piped.wav").audio.frames == song.frames
    write_sound(tmp_path / "song.flac", song)
    data = bytearray((tmp_path / "song.flac").read_bytes())
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    (tmp_path / "piped.flac").write_bytes(bytes(data))
    assert read_sound(tmp_path / "piped.flac").audio.frames == song.frames


def write_float(path: Path, samples: np.ndarray, rate: int = RATE) -> Path:
    soundfile.write(path, samples.T, rate, subtype="FLOAT")
    return path


def test_sound_that_is_no_use(tmp_path: Path, song: Audio) -> None:
    for bad in (np.nan, np.inf, -np.inf):
        broken = song.samples.copy()
        broken[1, 70000] = bad
        assert "not numbers" in refused(write_float(tmp_path / "nan.wav", broken))
    assert "full scale" in refused(write_float(tmp_path / "int.wav", 32768 * song.samples))
    assert "silent" in refused(write_float(tmp_path / "zero.wav", np.zeros((2, RATE))))
    assert "silent" in refused(write_float(tmp_path / "dc.wav", np.full((2, RATE), 0.25)))
    assert "20 ms" in refused(write_float(tmp_path / "blip.wav", song.samples[:, :882]))
    nine = np.tile(song.samples[:1, :RATE], (9, 1))
    assert "9 channels" in refused(write_float(tmp_path / "nine.wav", nine))
    assert "sample rate" in refused(write_float(tmp_path / "low.wav", song.samples, 4000))
    assert "sample rate" in refused(write_float(tmp_path / "high.wav", song.samples, 384000))


def test_quiet_and_one_sided_music_is_no_silence(tmp_path: Path, song: Audio) -> None:
    one_sided = song.samples * np.array([[1e-4], [0]], dtype=np.float32)
    sound = read_sound(write_float(tmp_path / "quiet.wav", one_sided))
    np.testing.assert_array_equal(sound.audio.samples, one_sided)


def test_too_long_by_its_header_and_while_it_comes(tmp_path: Path, song: Audio) -> None:
    write_sound(tmp_path / "song.flac", song)
    assert "longer than 1.5 s" in refused(tmp_path / "song.flac", max_duration_s=1.5)
    data = bytearray((tmp_path / "song.flac").read_bytes())
    data[21] |= 0x0F  # 36-bit sample count: 18 days
    data[22:26] = b"\xff\xff\xff\xff"
    (tmp_path / "days.flac").write_bytes(bytes(data))
    assert "longer than 4 hours" in refused(tmp_path / "days.flac")
    # An MP3 pasted together 40 times still says in its first frame that it lasts two seconds.
    write_sound(tmp_path / "song.mp3", song)
    pasted = tmp_path / "pasted.mp3"
    pasted.write_bytes((tmp_path / "song.mp3").read_bytes() * 40)
    assert "longer than 30 s" in refused(pasted, max_duration_s=30)


def riff(channels: int = 2, rate: int = RATE, bits: int = 16, data_bytes: int = 2000) -> bytes:
    width = channels * bits // 8 & 0xFFFF
    numbers = (16, 1, channels, rate, rate * width & 0xFFFFFFFF, width, bits)
    head = b"RIFF\xff\xff\xff\xffWAVEfmt " + struct.pack("<IHHIIHH", *numbers)
    return head + b"data" + struct.pack("<I", data_bytes) + bytes(range(200)) * 10


@pytest.mark.parametrize(
    "lie",
    [
        {"data_bytes": 0x7FFEFFFF},
        {"data_bytes": 0xFFFFFFFF},
        {"channels": 65535, "data_bytes": 0x7FFEFFFF},
        {"channels": 0},
        {"rate": 0xFFFFFFFF, "data_bytes": 0xFFFFFFFF},
        {"rate": 0},
        {"bits": 255},
    ],
)
def test_headers_that_lie_take_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lie: dict[str, int]
) -> None:
    kept = 0

    def append(_self: GrowingSound, chunk: np.ndarray) -> None:
        nonlocal kept
        kept += chunk.size

    monkeypatch.setattr(reading.GrowingSound, "append", append)
    path = tmp_path / "bomb.wav"
    path.write_bytes(riff(**lie))
    refused(path)
    assert kept <= 2000


def test_long_sound_spills_into_a_scratch_file() -> None:
    rng = np.random.default_rng(5)
    chunks = [rng.standard_normal((2, n)).astype(np.float32) for n in (1000, 1, 777, 3000)]
    short, long = GrowingSound(2), GrowingSound(2, in_memory_samples=1500)
    for chunk in chunks:
        short.append(chunk)
        long.append(chunk)
    whole = np.concatenate(chunks, axis=1)
    in_memory, on_disk = short.finish(), long.finish()
    assert not isinstance(in_memory, np.memmap)
    assert isinstance(on_disk, np.memmap)
    np.testing.assert_array_equal(in_memory, whole)
    np.testing.assert_array_equal(on_disk, whole)


def test_reading_twice_gives_the_same(tmp_path: Path, song: Audio) -> None:
    write_sound(tmp_path / "song.mp3", song)
    first: Sound = read_sound(tmp_path / "song.mp3")
    second = read_sound(tmp_path / "song.mp3")
    assert first.info == second.info
    np.testing.assert_array_equal(first.audio.samples, second.audio.samples)
