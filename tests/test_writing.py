"""Writing: length and alignment survive every format; dither; atomic; never over the source."""

from __future__ import annotations

import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mixmend.tools import encoding
from mixmend.tools.audio import Audio
from mixmend.tools.dither import Ditherer
from mixmend.tools.encoding import BitDepth
from mixmend.tools.errors import FileError, UsageError
from mixmend.tools.reading import read_sound
from mixmend.tools.resample import resample
from mixmend.tools.writing import write_sound
from tests.signals import music, sine
from tests.test_reading import nobody

ALL = ["wav", "flac", "mp3", "ogg", "m4a", "opus", "aiff"]
LOSSY = {"mp3", "ogg", "m4a", "opus"}


@pytest.fixture(scope="module")
def song() -> Audio:
    return music(2.0137, 48000)


def lag_frames(before: np.ndarray, after: np.ndarray) -> int:
    size = 2 * max(before.size, after.size)
    cross = np.fft.irfft(np.fft.rfft(after, size) * np.conj(np.fft.rfft(before, size)), size)
    peak = int(np.argmax(cross))
    return peak if peak < size // 2 else peak - size


def draft_names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("extension", ALL)
def test_round_trip_keeps_length_rate_and_alignment(
    tmp_path: Path, song: Audio, extension: str
) -> None:
    path = tmp_path / f"song.{extension}"
    write_sound(path, song)
    back = read_sound(path)
    assert back.audio.samples.shape == song.samples.shape
    assert back.audio.sample_rate_hz == 48000
    assert lag_frames(song.samples[0], back.audio.samples[0]) == 0
    error = back.audio.samples - song.samples
    snr_db = 10 * np.log10(np.sum(song.samples**2) / np.sum(error**2))
    assert snr_db > (15 if extension in LOSSY else 115)
    assert back.info.bit_depth == (None if extension in LOSSY else 24)
    assert draft_names(tmp_path) == []


@pytest.mark.parametrize("extension", ["wav", "flac", "mp3", "ogg", "m4a"])
@pytest.mark.parametrize(("rate", "frames"), [(44100, 44100), (22050, 33333), (44100, 8820)])
def test_lengths_are_exact_at_other_rates(
    tmp_path: Path, extension: str, rate: int, frames: int
) -> None:
    audio = Audio(music(1.6, rate).samples[:1, :frames].copy(), rate)
    write_sound(tmp_path / f"x.{extension}", audio)
    back = read_sound(tmp_path / f"x.{extension}").audio
    assert (back.channels, back.frames, back.sample_rate_hz) == (1, frames, rate)
    assert lag_frames(audio.samples[0], back.samples[0]) == 0


def test_dither_is_triangular_and_makes_error_independent_of_the_signal() -> None:
    """A tone below one step survives in 16 bits; the error has TPDF power and no harmonics."""
    level = 0.4 / 32768
    time = np.arange(1 << 17)
    tone = (level * np.sin(2 * np.pi * 0.01 * time)).astype(np.float32)[None]
    ditherer = Ditherer(16, np.random.default_rng(0))
    out = (ditherer.left_aligned(tone) >> 16) / 32768
    error = (out - tone) * 32768
    # Rounding (1/12) plus triangular noise of two uniforms (2/12), in steps squared.
    assert np.var(error) == pytest.approx(0.25, rel=0.03)
    spectrum = np.abs(np.fft.rfft(out[0] * np.hanning(tone.size)))
    at = round(0.01 * tone.size)
    floor = np.median(spectrum)
    assert spectrum[at] > 30 * floor
    assert max(spectrum[3 * at - 2 : 3 * at + 3]) < 6 * floor
    assert abs(np.mean(error)) < 0.01


@pytest.mark.parametrize("extension", ["wav", "flac", "aiff"])
@pytest.mark.parametrize(("depth", "step"), [("16", 2.0**-15), ("24", 2.0**-23)])
def test_depths_and_seeds(tmp_path: Path, extension: str, depth: BitDepth, step: float) -> None:
    song = music(0.5, 44100)
    paths = [tmp_path / f"{name}.{extension}" for name in ("a", "b", "c")]
    for path, seed in zip(paths, (1, 1, 2), strict=True):
        write_sound(path, song, bit_depth=depth, seed=seed)
    first, same, other = (read_sound(path).audio.samples for path in paths)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    np.testing.assert_array_equal(first, same)
    assert np.any(first != other)
    assert read_sound(paths[0]).info.bit_depth == int(depth)
    assert np.max(np.abs(first - song.samples)) <= 1.51 * step
    assert np.std(first - song.samples) == pytest.approx(0.5 * step, rel=0.1)


def test_float_is_exact_beyond_full_scale_and_integers_clip_without_wrapping(
    tmp_path: Path, song: Audio
) -> None:
    loud = Audio(2 * song.samples, 48000)
    write_sound(tmp_path / "a.wav", loud, bit_depth="32f")
    write_sound(tmp_path / "b.wav", loud, bit_depth="32f")
    np.testing.assert_array_equal(read_sound(tmp_path / "a.wav").audio.samples, loud.samples)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
    for depth in ("16", "24"):
        write_sound(tmp_path / "c.wav", loud, bit_depth=depth)
        got = read_sound(tmp_path / "c.wav").audio.samples
        np.testing.assert_allclose(got, np.clip(loud.samples, -1, 1), atol=2.0**-14)


def test_digital_silence_stays_silent_but_single_zeros_are_dithered(tmp_path: Path) -> None:
    samples = music(1.0, 48000).samples.copy()
    samples[:, 12000:24000] = 0
    samples[:, 30000] = 0
    write_sound(tmp_path / "x.wav", Audio(samples, 48000))
    got = read_sound(tmp_path / "x.wav").audio.samples
    assert not np.any(got[:, 12000:24000])
    write_sound(tmp_path / "y.wav", Audio(np.where(samples == 0, 0, samples), 48000), seed=9)
    crossing = [
        Ditherer(24, np.random.default_rng(seed)).left_aligned(samples[:, 29000:31000])[:, 1000]
        for seed in range(8)
    ]
    assert np.any(crossing)


def test_never_over_the_source_by_any_name(tmp_path: Path, song: Audio) -> None:
    source = tmp_path / "song.wav"
    write_sound(source, song)
    info = read_sound(source).info
    before = source.read_bytes()
    (tmp_path / "soft.wav").symlink_to(source)
    (tmp_path / "hard.wav").hardlink_to(source)
    (tmp_path / "inner").mkdir()
    names = ["song.wav", "soft.wav", "hard.wav", "inner/../song.wav"]
    for name in names:
        with pytest.raises(FileError, match="another name"):
            write_sound(tmp_path / name, song, like=info)
    assert source.read_bytes() == before
    write_sound(tmp_path / "other.wav", song, like=info)
    assert source.read_bytes() == before


def test_places_that_cannot_be_written(tmp_path: Path, song: Audio) -> None:
    with pytest.raises(FileError, match="folder"):
        write_sound(_made(tmp_path / "folder.wav"), song)
    with pytest.raises(FileError, match="valid"):
        write_sound(tmp_path / "a\0b.wav", song)
    with pytest.raises(FileError, match="too long"):
        write_sound(tmp_path / f"{'x' * 300}.wav", song)
    with pytest.raises(FileError, match="does not exist"):
        write_sound(tmp_path / "no" / "song.wav", song)
    locked = _made(tmp_path / "locked")
    locked.chmod(0o555)
    tmp_path.chmod(0o755)
    with nobody(), pytest.raises(FileError, match="permission"):
        write_sound(locked / "song.wav", song)
    assert list(locked.iterdir()) == []


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@contextmanager
def small_disk(limit_bytes: int) -> Iterator[None]:
    """Files of this process cannot grow beyond the limit, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("extension", ALL)
def test_a_full_disk_leaves_the_old_file_and_no_half_one(
    tmp_path: Path, song: Audio, extension: str
) -> None:
    path = tmp_path / f"song.{extension}"
    path.write_bytes(b"what was here before")
    with small_disk(20_000), pytest.raises(FileError, match=r"cannot be written"):
        write_sound(path, song)
    assert path.read_bytes() == b"what was here before"
    assert list(tmp_path.iterdir()) == [path]


def test_replaces_whole_files_and_keeps_their_permissions(tmp_path: Path, song: Audio) -> None:
    path = tmp_path / "song.flac"
    path.write_bytes(b"old")
    path.chmod(0o640)
    write_sound(path, song)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert read_sound(path).audio.frames == song.frames


def test_what_a_format_cannot_hold_is_said(tmp_path: Path, song: Audio) -> None:
    def refused(name: str, audio: Audio, depth: BitDepth = "24") -> str:
        with pytest.raises(UsageError) as caught:
            write_sound(tmp_path / name, audio, bit_depth=depth)
        assert not list(tmp_path.iterdir())
        return str(caught.value)

    assert ".flac" in refused("song.xyz", song)
    assert "without an extension" in refused("song", song)
    assert "float" in refused("song.flac", song, "32f")
    high = Audio(np.tile(song.samples, (1, 1)), 192000)
    assert "192000" in refused("song.mp3", high)
    assert "192000" in refused("song.m4a", high)
    assert "44100" in refused("song.opus", Audio(song.samples, 44100))
    six = Audio(np.tile(song.samples, (3, 1)), 48000)
    assert "6 channels" in refused("song.mp3", six)


def test_beyond_four_gigabytes_the_header_has_64_bits(
    tmp_path: Path, song: Audio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "_MAX_CLASSIC_BYTES", 100_000)
    write_sound(tmp_path / "big.wav", song)
    assert (tmp_path / "big.wav").read_bytes()[:4] == b"RF64"
    assert read_sound(tmp_path / "big.wav").audio.frames == song.frames
    with pytest.raises(UsageError, match="4 GB"):
        write_sound(tmp_path / "big.aiff", song)


def test_surround_wave_says_which_channel_is_which(tmp_path: Path, song: Audio) -> None:
    write_sound(tmp_path / "six.wav", Audio(np.tile(song.samples, (3, 1)), 48000))
    assert soundfile.info(tmp_path / "six.wav").format == "WAVEX"


@pytest.mark.parametrize(
    ("old", "new"), [(44100, 48000), (48000, 44100), (192000, 44100), (44100, 96000)]
)
def test_resample_is_exact_in_length_and_time(old: int, new: int) -> None:
    frames = 2 * old + 17
    audio = Audio(sine(997.0, -6.0, 3.0, old).samples[:, :frames].copy(), old)
    out = resample(audio, new)
    assert out.frames == round(frames * new / old)
    assert out.sample_rate_hz == new
    wanted = sine(997.0, -6.0, 3.0, new).samples[:, : out.frames]
    inner = slice(new // 10, out.frames - new // 10)
    np.testing.assert_allclose(out.samples[:, inner], wanted[:, inner], atol=1e-6)


def test_resample_keeps_no_alias_and_the_same_rate_is_free() -> None:
    high = sine(30000.0, -6.0, 1.0, 96000)
    assert resample(high, 96000) is high
    low = resample(high, 44100)
    assert np.max(np.abs(low.samples[:, 4410:-4410])) < 1e-5
    with pytest.raises(UsageError):
        resample(high, 0)
