"""The limiter holds its ceiling between the samples, in time, without pumping."""

from __future__ import annotations

import numpy as np
import pytest

from mixmend.tools.audio import Audio
from mixmend.tools.process import limiter as module
from mixmend.tools.process import peaks as peaks_module
from mixmend.tools.process.limiter import limit, limited
from mixmend.tools.process.peaks import step_frames, step_peaks
from mixmend.tools.true_peak import true_peak_dbtp
from tests import signals

RATE = 44100


def fourier_peak_db(samples: np.ndarray, factor: int = 16) -> float:
    """True peak by an independent way: zero-padded spectrum of the padded sound."""
    padded = np.pad(samples.astype(np.float64), ((0, 0), (2048, 2048)))
    spectrum = np.fft.rfft(padded, axis=1)
    fine = np.fft.irfft(spectrum, padded.shape[1] * factor, axis=1) * factor
    return float(20 * np.log10(np.abs(fine).max()))


def loud_music(over_db: float, seconds: float = 4.0, seed: int = 1) -> Audio:
    song = signals.music(seconds, RATE, seed=seed).samples
    return Audio(song / np.abs(song).max() * np.float32(10 ** ((over_db - 1) / 20)), RATE)


def awkward(name: str) -> np.ndarray:
    time = np.arange(RATE)
    rng = np.random.default_rng(0)
    waves = {
        "quarter rate": 2 * np.sin(np.pi * time / 2 + np.pi / 4),
        "near Nyquist": 2 * np.sin(0.93 * np.pi * time),
        "noise": rng.standard_normal(RATE),
        "impulses": 4.0 * (time % 4001 == 0),
        "bursts": 3 * np.sin(0.3 * time) * (time % 9000 < 300),
        "first sample": np.r_[5.0, np.zeros(RATE - 1)],
    }
    return waves[name][None].astype(np.float32)


NAMES = ["quarter rate", "near Nyquist", "noise", "impulses", "bursts", "first sample"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("ceiling", [-1.0, -0.3])
def test_ceiling_holds_by_every_measure(name: str, ceiling: float) -> None:
    got = limit(Audio(awkward(name), RATE), ceiling_dbtp=ceiling)
    assert true_peak_dbtp(got) <= ceiling
    assert fourier_peak_db(got.samples) <= ceiling + 0.03


@pytest.mark.parametrize("over_db", [3.0, 12.0])
@pytest.mark.parametrize("rate", [8000, 48000, 192000])
def test_ceiling_holds_on_music(over_db: float, rate: int) -> None:
    got = limit(Audio(loud_music(over_db, 2.0).samples, rate))
    assert true_peak_dbtp(got) <= -1.0
    assert fourier_peak_db(got.samples, 8) <= -1.0
    assert true_peak_dbtp(got) > -1.2


def test_quiet_sound_is_returned_as_it_is() -> None:
    quiet = signals.sine(997, -1.5, 1.0)
    assert limit(quiet) is quiet
    silent = Audio(np.zeros((2, 100), dtype=np.float32), RATE)
    assert limit(silent) is silent


def test_untouched_bits_away_from_the_peak() -> None:
    wave = signals.music(3.0, RATE).samples * np.float32(0.5)
    wave[:, RATE] = 1.5
    got = limit(Audio(wave, RATE)).samples
    changed = np.flatnonzero((got != wave).any(axis=0))
    assert changed[0] >= RATE - 0.02 * RATE
    assert changed[-1] <= RATE + 1.5 * RATE
    assert got.shape == wave.shape


def test_aligned_and_linked() -> None:
    sound = loud_music(6.0)
    got = limit(sound).samples
    left, right = sound.samples
    gain = got / np.where(sound.samples == 0, 1, sound.samples)
    both = (np.abs(left) > 1e-3) & (np.abs(right) > 1e-3)
    assert np.allclose(gain[0, both], gain[1, both], rtol=1e-3)
    assert gain[:, both].max() <= 1.0 + 1e-6
    matches = [np.vdot(np.roll(got[0], -k), left) for k in range(-3, 4)]
    assert int(np.argmax(matches)) == 3


def test_blocks_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = loud_music(6.0)
    whole = limit(sound).samples
    monkeypatch.setattr(module, "_BLOCK", 10 * peaks_module.CHUNK)
    monkeypatch.setattr(peaks_module, "_BLOCK", 3 * peaks_module.SEGMENT)
    assert np.allclose(limit(sound).samples, whole, rtol=0, atol=2e-7)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_pumping_at_three_decibels(seed: int) -> None:
    sound = loud_music(3.0, 8.0, seed)
    result = limited(sound)
    assert 2.5 < result.deepest_db < 4
    length = round(0.4 * RATE)
    count = sound.frames // length

    def levels(samples: np.ndarray) -> np.ndarray:
        pieces = samples[:, : count * length].reshape(2, count, length)
        return 10 * np.log10(np.mean(pieces**2, axis=(0, 2)))

    assert np.std(levels(result.audio.samples) - levels(sound.samples)) < 0.5


def test_low_tone_stays_clean() -> None:
    tone = signals.sine(60, 5.0, 3.0)
    got = limit(tone).samples[0, RATE : 2 * RATE]
    spectrum = np.abs(np.fft.rfft(got * np.hanning(got.size))) ** 2
    bin_hz = tone.sample_rate_hz / got.size
    harmonics = spectrum[round(100 / bin_hz) :].sum() / spectrum.sum()
    assert 10 * np.log10(harmonics) < -45


def test_isolated_peak_recovers_quickly() -> None:
    wave = np.full((1, 2 * RATE), 0.5, dtype=np.float32)
    wave[0, RATE] = 1.6
    got = limit(Audio(wave, RATE)).samples[0]
    later = got[RATE + round(0.15 * RATE)]
    assert 20 * np.log10(later / 0.5) > -0.5


def test_step_peaks_read_a_known_inter_sample_peak() -> None:
    wave = np.sin(np.pi * np.arange(4000) / 2 + np.pi / 4)[None].astype(np.float32)
    steps = step_peaks(Audio(wave, RATE), 0.5)
    assert steps.size == -(-4000 // step_frames(RATE))
    assert np.median(steps) == pytest.approx(1.0, abs=2e-3)
    assert np.abs(wave).max() == pytest.approx(np.sqrt(0.5), abs=1e-4)


@pytest.mark.parametrize("frames", [1, 5, 63, 65, 800])
def test_short_sound(frames: int) -> None:
    wave = np.full((8, frames), 2.0, dtype=np.float32)
    got = limit(Audio(wave, 8000))
    assert got.samples.shape == wave.shape
    assert true_peak_dbtp(got) <= -1.0
