"""The whole of `measure`: every family wired, notes joined, timeline of one length, JSON safe."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mixmend.agent.bench.measure import run as bench
from mixmend.tools.audio import Audio
from mixmend.tools.errors import FileError, UsageError
from mixmend.tools.loudness import measure_loudness
from mixmend.tools.measure import FAMILIES, measure, measure_file
from mixmend.tools.measurement import Measurement, Stereo, Timeline
from tests.signals import music


@pytest.fixture(scope="module")
def song() -> Measurement:
    return measure(music(9.5))


def test_every_family_is_there(song: Measurement) -> None:
    assert song.duration_s == pytest.approx(9.5)
    assert (song.sample_rate_hz, song.channels) == (44100, 2)
    for key in (
        "loudness.integrated_lufs",
        "loudness.true_peak_dbtp",
        "dynamics.crest_db",
        "dynamics.compression",
        "clipping.fraction",
        "stereo.width",
        "spectrum.tilt_db_per_octave",
        "spectrum.bands_db",
        "noise.dc_offset",
        "music.tempo_bpm",
    ):
        assert song.value(key) not in (None, {}, []), key


def test_timeline_has_one_entry_for_each_second_begun(song: Measurement) -> None:
    lengths = {name: len(getattr(song.timeline, name)) for name in Timeline.model_fields}
    assert set(lengths.values()) == {10}, lengths
    assert song.timeline.time_s == [float(second) for second in range(10)]
    for name in ("short_term_lufs", "true_peak_dbtp", "width", "centroid_hz"):
        assert any(value is not None for value in getattr(song.timeline, name)), name


def test_written_as_json_and_read_back_it_is_the_same(song: Measurement) -> None:
    written = song.model_dump_json()
    assert Measurement.model_validate_json(written) == song
    assert json.loads(written)["loudness"]["true_peak_dbtp"] is not None


def test_only_the_families_asked_for_are_measured() -> None:
    audio = music(5.0)
    some = measure(audio, families=frozenset({"loudness"}))
    assert some.loudness == measure_loudness(audio).value
    assert some.stereo == Stereo()
    assert all(note.startswith("loudness") for note in some.notes)
    assert len(some.timeline.width) == 5
    assert set(some.timeline.width) == {None}


def test_an_unknown_family_is_refused() -> None:
    with pytest.raises(UsageError, match="no measurement family 'tempo'"):
        measure(music(1.0), families=frozenset({"tempo"}))


def test_twice_the_same_measurement() -> None:
    audio = music(4.0)
    assert measure(audio) == measure(audio)


def test_every_null_of_silence_is_explained() -> None:
    quiet = measure(Audio(np.zeros((2, 44100 * 5), dtype=np.float32), 44100))
    assert quiet.loudness.integrated_lufs is None
    for family in ("loudness", "dynamics", "music"):
        assert any(note.startswith(family) for note in quiet.notes), family


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (96000, 2), (48000, 6)])
@pytest.mark.parametrize("duration_s", [0.1, 1.3])
def test_any_rate_channels_and_length(rate: int, channels: int, duration_s: float) -> None:
    rng = np.random.default_rng(0)
    noise = 0.1 * rng.standard_normal((channels, round(rate * duration_s)))
    measured = measure(Audio(noise.astype(np.float32), rate))
    assert measured.channels == channels
    assert len(measured.timeline.clipped_samples) == int(np.ceil(duration_s))


def test_a_file_adds_what_it_says_of_itself(tmp_path: Path) -> None:
    path = tmp_path / "song.wav"
    soundfile.write(path, music(2.0).samples.T, 44100, subtype="PCM_16")
    measured = measure_file(path)
    assert measured.bit_depth == 16
    assert measured.codec == "pcm_s16le"
    assert measured.duration_s == pytest.approx(2.0)


def test_a_file_that_is_no_sound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "song.wav"
    path.write_text("not sound")
    with pytest.raises(FileError):
        measure_file(path)


def test_the_bench_names_every_family_and_a_ratio() -> None:
    table = bench(quick=True)
    assert {row[0] for row in table.rows} == FAMILIES | {"all"}
    assert float(table.facts["ratio"]) > 0
