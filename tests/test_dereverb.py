"""Less room: closer to the dry sound, and everything a processor promises."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import fftconvolve

from mixmend.agent.bench.dereverb import Trial, matched, tabulate
from mixmend.tools.audio import Audio
from mixmend.tools.paper_error import log_spectral_distance_db
from mixmend.tools.process.dereverb import (
    LEAST_GAIN,
    Transform,
    dereverb,
    late_gain_db,
    summed_power,
)
from mixmend.tools.region import Region
from mixmend.tools.reverb import measure_reverb
from tests.signals import music

RATE_HZ = 22050


@pytest.fixture(scope="module")
def dry() -> Audio:
    return music(8.0, RATE_HZ, seed=4)


@pytest.fixture(scope="module")
def wet(dry: Audio) -> Audio:
    rng = np.random.default_rng(0)
    time_s = np.arange(2 * RATE_HZ) / RATE_HZ
    response = rng.standard_normal(time_s.size) * 10 ** (-3 * time_s / 1.5)
    response *= 1.0 / np.sqrt(np.sum(response**2))
    response[0] = 1.0
    sound = fftconvolve(dry.samples, response[None], axes=1)[:, : dry.frames]
    return matched(Audio(sound.astype(np.float32), RATE_HZ), dry)


@pytest.fixture(scope="module")
def dried(wet: Audio) -> Audio:
    return dereverb(wet)


@pytest.mark.parametrize("rate_hz", [8000, 44100, 96000])
def test_the_transform_gives_back_what_it_took(rate_hz: int) -> None:
    samples = np.random.default_rng(1).standard_normal((2, 12345)).astype(np.float32)
    transform = Transform(rate_hz)
    again = transform.inverse(transform.forward(samples), samples.shape[1])
    assert np.max(np.abs(again - samples)) < 1e-5
    assert transform.bands[0] == 0
    assert set(np.diff(transform.bands)) <= {0, 1}


def range_db(audio: Audio) -> float:
    """How far bands from 250 Hz to 3 kHz fall between notes."""
    transform = Transform(RATE_HZ)
    power = summed_power(transform.forward(audio.samples), transform)[12:60]
    level = 10 * np.log10(power + 1e-9)
    return float(np.mean(np.quantile(level, 0.95, axis=1) - np.quantile(level, 0.1, axis=1)))


def test_gaps_between_notes_open_again(dry: Audio, wet: Audio, dried: Audio) -> None:
    assert range_db(wet) < range_db(dry) - 5
    assert range_db(dried) > range_db(wet) + 2


def test_it_measures_drier(wet: Audio, dried: Audio) -> None:
    before, after = measure_reverb(wet).value, measure_reverb(dried).value
    assert (after.reverberance or 0) < (before.reverberance or 0) - 0.02


def test_a_free_decay_is_taken_down_and_an_attack_is_not() -> None:
    rng = np.random.default_rng(5)
    time_s = np.arange(3 * RATE_HZ) / RATE_HZ - 1.0
    level = np.where(time_s < 0, 0, 10 ** (-3 * np.maximum(time_s, 0) / 1.0))
    sound = (rng.standard_normal(time_s.size) * level).astype(np.float32)[None]
    transform = Transform(RATE_HZ)
    gain_db = late_gain_db(transform.forward(sound), transform, 1.0)
    frame = (RATE_HZ + transform.size) // transform.hop
    assert np.mean(gain_db[20:, frame - 2 : frame + 2]) > -1.0
    assert np.mean(gain_db[20:, frame + 20 : frame + 60]) < -5.0
    assert np.min(gain_db) >= 20 * np.log10(LEAST_GAIN) - 1e-3


def test_a_dry_song_is_moved_less(dry: Audio, wet: Audio, dried: Audio) -> None:
    moved_dry = log_spectral_distance_db(dry, dereverb(dry))
    assert moved_dry < 0.6 * log_spectral_distance_db(wet, dried)


def test_level_and_time_stay(wet: Audio, dried: Audio) -> None:
    assert dried.samples.shape == wet.samples.shape
    level_db = 10 * np.log10(np.mean(dried.samples**2) / np.mean(wet.samples**2))
    assert abs(level_db) < 0.1
    crossed = fftconvolve(dried.samples[0], wet.samples[0, ::-1])
    assert int(np.argmax(crossed)) == wet.frames - 1


def test_strength(wet: Audio, dried: Audio) -> None:
    assert dereverb(wet, strength=0.0) is wet
    half = dereverb(wet, strength=0.5)
    change = np.mean((half.samples - wet.samples) ** 2)
    assert 0 < change < np.mean((dried.samples - wet.samples) ** 2)


def test_region(wet: Audio) -> None:
    part = dereverb(wet, region=Region(2.0, 4.0))
    assert np.array_equal(part.samples[:, : 2 * RATE_HZ], wet.samples[:, : 2 * RATE_HZ])
    assert np.array_equal(part.samples[:, 4 * RATE_HZ + 1 :], wet.samples[:, 4 * RATE_HZ + 1 :])
    inside = slice(round(2.5 * RATE_HZ), round(3.5 * RATE_HZ))
    assert not np.array_equal(part.samples[:, inside], wet.samples[:, inside])


def test_all_channels_get_one_gain() -> None:
    sound = music(6.0, RATE_HZ, seed=8).samples[:1]
    other = dereverb(Audio(np.concatenate([sound, 0.5 * sound, -sound]), RATE_HZ)).samples
    assert np.allclose(other[1], 0.5 * other[0], atol=1e-5)
    assert np.allclose(other[2], -other[0], atol=1e-5)


def test_silence_scraps_and_odd_rates() -> None:
    silence = Audio(np.zeros((2, 9000), np.float32), 8000)
    assert dereverb(silence) is silence
    rng = np.random.default_rng(2)
    for channels, frames, rate_hz in ((1, 810, 8000), (2, 30000, 96000), (8, 16000, 11025)):
        samples = rng.standard_normal((channels, frames)).astype(np.float32)
        samples[:, frames // 2 :] = 0
        out = dereverb(Audio(samples, rate_hz))
        assert out.samples.shape == samples.shape
        assert np.all(np.isfinite(out.samples))


def test_the_table_counts_what_it_says() -> None:
    better = Trial("small", 0.4, 0.3, 5.0, 4.0, 0.5, 0.3)
    worse = Trial("big", 0.4, 0.5, 5.0, 4.0, 0.5, 0.3)
    table = tabulate([better, worse])
    assert table.facts["improved_share"] == 0.5
    assert table.rows[0][2] == pytest.approx(25.0)
    assert table.rows[1][3] == 0.0
