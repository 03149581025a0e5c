"""The spectrum family on signals whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from mixmend.tools.audio import Audio
from mixmend.tools.long_term import long_term
from mixmend.tools.measurement import BAND_EDGES_HZ
from mixmend.tools.spectrum import measure_spectrum
from tests.signals import music, sine
from tests.test_bandwidth import pink


def white(duration_s: float, rate_hz: int = 44100, channels: int = 2) -> Audio:
    rng = np.random.default_rng(1)
    wave = 0.1 * rng.standard_normal((channels, round(duration_s * rate_hz)))
    return Audio(wave.astype(np.float32), rate_hz)


def test_bands_and_third_octaves_of_white_noise_follow_their_width() -> None:
    value = measure_spectrum(white(8.0)).value
    for name, (low_hz, high_hz) in BAND_EDGES_HZ.items():
        share_db = 10 * np.log10((high_hz - low_hz) / 22050)
        assert value.bands_db[name] == pytest.approx(share_db, abs=0.6), name
    assert list(value.third_octave_db)[:3] == ["20", "25", "31.5"]
    assert value.third_octave_db["1000"] == pytest.approx(10 * np.log10(230.8 / 22050), abs=0.4)
    assert value.tilt_db_per_octave == pytest.approx(0.0, abs=0.1)
    assert value.centroid_hz == pytest.approx(11025, rel=0.01)


def test_pink_noise_falls_three_decibels_an_octave() -> None:
    value = measure_spectrum(pink(10.0)).value
    assert value.tilt_db_per_octave == pytest.approx(-3.01, abs=0.15)
    thirds = [value.third_octave_db[name] for name in ("100", "400", "1600", "6300")]
    assert np.ptp([each for each in thirds if each is not None]) < 1.0


def test_sine_is_all_in_its_band() -> None:
    measured = measure_spectrum(sine(1000.0, -6.0, 3.2))
    value = measured.value
    assert value.third_octave_db["1000"] == pytest.approx(0.0, abs=0.05)
    assert value.bands_db["mid"] == pytest.approx(0.0, abs=0.05)
    assert value.centroid_hz == pytest.approx(1000, rel=0.05)
    assert len(measured.per_second["centroid_hz"]) == 4


def test_centroid_per_second_follows_the_sound_and_skips_silence() -> None:
    low, high = sine(200.0, -6.0, 3.0, 44100), sine(5000.0, -6.0, 3.0, 44100)
    gap = np.zeros((2, 3 * 44100), dtype=np.float32)
    both = np.concatenate([low.samples, gap, high.samples], axis=1)
    series = measure_spectrum(Audio(both, 44100)).per_second["centroid_hz"]
    assert len(series) == 9
    assert series[1] == pytest.approx(200, rel=0.2)
    assert series[4] is None
    assert series[7] == pytest.approx(5000, rel=0.05)


def test_power_sums_to_the_mean_square_and_ignores_offset() -> None:
    noise = white(5.0)
    shifted = Audio(noise.samples + np.float32(0.25), 44100)
    for audio in (noise, shifted):
        assert float(np.sum(long_term(audio).power[3:])) == pytest.approx(0.01, rel=0.02)


def test_silence_gives_nulls_and_a_note() -> None:
    measured = measure_spectrum(Audio(np.zeros((1, 30000), np.float32), 16000))
    assert measured.value.centroid_hz is None
    assert measured.value.bands_db == {}
    assert measured.notes[0].startswith("spectrum")


@pytest.mark.parametrize(
    ("rate_hz", "frames", "channels"),
    [(8000, 800, 1), (16000, 50000, 2), (192000, 19200, 8), (44100, 4410, 3), (48000, 1, 2)],
)
def test_every_rate_length_and_channel_count_gives_finite_numbers(
    rate_hz: int, frames: int, channels: int
) -> None:
    measured = measure_spectrum(white(frames / rate_hz, rate_hz, channels))
    assert len(measured.per_second["centroid_hz"]) == int(np.ceil(frames / rate_hz))
    missing = [name for name, value in measured.value.bands_db.items() if value is None]
    assert ("air" in missing) == (rate_hz < 30000) or frames == 1
    if missing:
        assert any(note.startswith("spectrum.bands_db") for note in measured.notes)


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    audio = music(7.3)
    whole = long_term(audio)
    monkeypatch.setattr("mixmend.tools.long_term._BLOCK_HOPS", 3)
    pieces = long_term(audio)
    assert np.allclose(whole.power, pieces.power, rtol=1e-4, atol=1e-12)
    assert np.allclose(whole.swing_db, pieces.swing_db, atol=1e-3)
    assert len(whole.centroid_hz_per_s) == len(pieces.centroid_hz_per_s) == 8
