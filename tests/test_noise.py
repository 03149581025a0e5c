"""The noise family: floor, ratio and offset; hiss told from music; any length, rate and layout."""

from __future__ import annotations

import numpy as np
import pytest

from mixmend.agent.bench.faults import with_hiss, with_offset
from mixmend.tools.audio import Audio
from mixmend.tools.hiss import band_edges, frame_length, noise_profiles
from mixmend.tools.noise import measure_noise
from tests.signals import music, sine


def _tones_with_pauses(rate_hz: int = 44100) -> Audio:
    """One second of a chord, one second of nothing, eight times."""
    chord = sine(330, -12, 16, rate_hz).samples + sine(1230, -16, 16, rate_hz).samples
    sounding = (np.arange(chord.shape[1]) // rate_hz) % 2 == 0
    return Audio((chord * sounding).astype(np.float32), rate_hz)


def _with_noise_at(audio: Audio, level_dbfs: float) -> Audio:
    noise = np.random.default_rng(1).standard_normal(audio.samples.shape)
    return Audio(
        (audio.samples + 10 ** (level_dbfs / 20) * noise).astype("f4"), audio.sample_rate_hz
    )


@pytest.mark.parametrize("level_dbfs", [-70.0, -50.0])
def test_the_floor_in_pauses_is_read_within_one_decibel(level_dbfs: float) -> None:
    noise = measure_noise(_with_noise_at(_tones_with_pauses(), level_dbfs)).value
    assert noise.floor_dbfs == pytest.approx(level_dbfs, abs=1.0)


@pytest.mark.parametrize("snr_db", [20.0, 30.0])
@pytest.mark.parametrize("pink", [False, True])
def test_hiss_under_music_is_read_within_two_decibels(snr_db: float, pink: bool) -> None:
    hissing = with_hiss(music(15.0, seed=3), snr_db, np.random.default_rng(0), pink=pink).audio
    assert measure_noise(hissing).value.snr_db == pytest.approx(snr_db, abs=2.5)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_clean_music_is_not_called_noisy_and_says_why(seed: int) -> None:
    measured = measure_noise(music(12.0, seed=seed))
    assert measured.value.snr_db is None
    assert any(note.startswith("noise.snr_db: ") for note in measured.notes)


def test_noise_in_one_channel_counts_half() -> None:
    quiet = _tones_with_pauses()
    noisy = _with_noise_at(quiet, -50.0)
    one_sided = Audio(np.stack([noisy.samples[0], quiet.samples[1]]), quiet.sample_rate_hz)
    assert measure_noise(one_sided).value.floor_dbfs == pytest.approx(-53.0, abs=1.2)


def test_offset_is_signed_and_read_for_each_channel() -> None:
    shifted = music(6.0).samples + np.array([[0.03], [-0.01]], dtype=np.float32)
    offsets = measure_noise(Audio(shifted, 44100)).value.dc_offset
    assert offsets == pytest.approx([0.03, -0.01], abs=2e-3)


def test_nothing_is_claimed_of_clean_music() -> None:
    noise = measure_noise(music(12.0, seed=5, release_s=0.02)).value
    assert (noise.hum_hz, noise.clicks_count, noise.dropouts) == (None, 0, [])


def test_digital_silence_has_no_floor() -> None:
    measured = measure_noise(Audio(np.zeros((2, 44100), dtype=np.float32), 44100))
    assert measured.value.floor_dbfs is None
    assert measured.notes


@pytest.mark.parametrize(
    ("channels", "rate_hz", "duration_s"),
    [(1, 8000, 0.1), (2, 11025, 3.0), (8, 48000, 0.5), (1, 192000, 1.3), (2, 44100, 0.11)],
)
def test_any_layout_gives_finite_values(channels: int, rate_hz: int, duration_s: float) -> None:
    rng = np.random.default_rng(0)
    samples = 0.1 * rng.standard_normal((channels, round(duration_s * rate_hz)))
    noise = measure_noise(Audio(samples.astype(np.float32), rate_hz)).value
    assert len(noise.dc_offset) == channels
    assert np.all(np.isfinite(noise.dc_offset))
    assert noise.floor_dbfs is None or np.isfinite(noise.floor_dbfs)


def test_the_same_sound_gives_the_same_values() -> None:
    sound = with_offset(music(4.0), 0.01, np.random.default_rng(0)).audio
    assert measure_noise(sound) == measure_noise(sound)


def test_white_noise_profile_is_flat_and_as_loud_as_the_noise() -> None:
    noise = 0.01 * np.random.default_rng(2).standard_normal((1, 44100 * 12))
    (profile,) = noise_profiles(Audio(noise.astype(np.float32), 44100))
    assert profile.found
    assert bool(profile.heard[4:].all())
    density_db = 10 * np.log10(profile.power_per_hz[4:] / (0.01**2 / 22050))
    assert np.max(np.abs(density_db)) < 1.0
    assert 10 * np.log10(profile.total_power / 0.01**2) == pytest.approx(0.0, abs=0.7)


def test_bands_never_overlap_and_hold_eight_bins() -> None:
    for rate_hz in (8000, 22050, 44100, 96000, 192000):
        edges = band_edges(rate_hz, frame_length(rate_hz))
        assert np.all(np.diff(edges) >= 8)
        assert edges[-1] <= frame_length(rate_hz) // 2
