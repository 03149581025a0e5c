"""Sibilants: measured, and turned down only where they stick out."""

from __future__ import annotations

import numpy as np
import pytest

from mixmend.agent.bench.noise_cases import sdr_db
from mixmend.tools.audio import Audio
from mixmend.tools.process.deess import deess
from mixmend.tools.region import Region
from mixmend.tools.sibilance import sibilance_excess_db, sibilant_bands

RATE_HZ = 44100
STARTS_S = np.arange(0.6, 9.4, 0.8)
LENGTH_S = 0.12


def _voice(sibilant_level: float, seed: int = 0) -> Audio:
    """Vowels of a buzzing source with bursts of 5 to 9 kHz noise between them."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(10 * RATE_HZ) / RATE_HZ
    vowel = sum(np.sin(2 * np.pi * 180 * k * time_s) / k for k in range(1, 25))
    spectrum = np.fft.rfft(rng.standard_normal(time_s.size))
    freq_hz = np.fft.rfftfreq(time_s.size, 1 / RATE_HZ)
    spectrum[(freq_hz < 5000) | (freq_hz > 9000)] = 0
    hissing = np.fft.irfft(spectrum, time_s.size)
    hissing /= np.std(hissing)
    burst = np.zeros(time_s.size)
    for start_s in STARTS_S:
        part = slice(round(start_s * RATE_HZ), round((start_s + LENGTH_S) * RATE_HZ))
        burst[part] = np.sqrt(np.hanning(part.stop - part.start))
    wave = 0.06 * vowel * (1 - 0.8 * (burst > 0)) + sibilant_level * hissing * burst
    return Audio(np.stack([wave, 0.9 * wave]).astype(np.float32), RATE_HZ)


def test_louder_sibilants_measure_higher_by_as_much() -> None:
    soft, loud = sibilance_excess_db(_voice(0.02)), sibilance_excess_db(_voice(0.08))
    assert soft is not None
    assert loud is not None
    assert loud - soft == pytest.approx(12.0, abs=1.5)


def test_no_sibilants_no_figure() -> None:
    assert sibilance_excess_db(_voice(0.0)) is None


def test_low_rates_have_no_such_band() -> None:
    assert sibilant_bands(Audio(np.zeros((1, 16000), dtype=np.float32), 16000)) is None


def test_piercing_sibilants_come_down_and_the_rest_stays_bit_exact() -> None:
    voice = _voice(0.12)
    tamed = deess(voice)
    before, after = sibilance_excess_db(voice), sibilance_excess_db(tamed)
    assert before is not None
    assert after is None or after < before - 5
    time_s = np.arange(voice.frames) / RATE_HZ
    off = np.min(np.abs(time_s[:, None] - (STARTS_S + LENGTH_S / 2)), axis=1) > LENGTH_S
    assert np.array_equal(tamed.samples[:, off], voice.samples[:, off])
    assert tamed.samples.shape == voice.samples.shape


def test_soft_sibilants_stay() -> None:
    voice = _voice(0.003)
    assert sdr_db(voice.samples, deess(voice).samples) > 45.0


def test_channels_are_treated_alike() -> None:
    tamed = deess(_voice(0.12)).samples
    assert np.allclose(tamed[1], 0.9 * tamed[0], atol=1e-5)


def test_strength_and_region() -> None:
    voice = _voice(0.12)
    assert deess(voice, strength=0.0) is voice
    part = deess(voice, region=Region(0.0, 4.0)).samples
    assert np.array_equal(part[:, 4 * RATE_HZ :], voice.samples[:, 4 * RATE_HZ :])
    assert not np.array_equal(part, voice.samples)
