"""Gain is exact; loudness reaches its target under the ceiling, or says why not."""

from __future__ import annotations

import numpy as np
import pytest

from mixmend.tools.audio import Audio
from mixmend.tools.loudness import integrated_lufs
from mixmend.tools.process.level import apply_gain, to_loudness
from mixmend.tools.region import Region
from mixmend.tools.true_peak import true_peak_dbtp
from tests import signals

RATE = 44100


def song() -> Audio:
    return signals.music(8.0, RATE, seed=5)


@pytest.mark.parametrize("target", [-30.0, -23.0, -16.0, -14.0])
def test_target_is_reached_under_the_ceiling(target: float) -> None:
    got = to_loudness(song(), target)
    assert got.on_target
    assert got.because == ""
    assert integrated_lufs(got.audio) == pytest.approx(target, abs=0.1)
    assert got.reached_lufs == integrated_lufs(got.audio)
    assert true_peak_dbtp(got.audio) <= -1.0
    assert got.true_peak_dbtp == true_peak_dbtp(got.audio)


def test_it_stops_before_squashing_and_says_so() -> None:
    got = to_loudness(song(), -3.0, max_limiting_db=3.0)
    assert not got.on_target
    assert "3 dB of limiting" in got.because
    assert got.limited_db <= 3.0
    assert got.limited_db > 2.0
    assert got.reached_lufs is not None
    assert got.reached_lufs < -3.1
    assert true_peak_dbtp(got.audio) <= -1.0


def test_gain_is_capped_and_says_so() -> None:
    quiet = apply_gain(song(), -50)
    got = to_loudness(quiet, -14.0, max_gain_db=20.0)
    assert not got.on_target
    assert "20 dB of gain" in got.because
    assert got.gain_db == pytest.approx(20.0)


def test_lower_ceiling_is_kept() -> None:
    got = to_loudness(song(), -20.0, ceiling_dbtp=-6.0)
    assert got.true_peak_dbtp <= -6.0


def test_silence_and_very_short_sound_are_left() -> None:
    for frames in (RATE, 200):
        silent = Audio(np.zeros((2, frames), dtype=np.float32), RATE)
        got = to_loudness(silent, -14.0)
        assert got.audio is silent
        assert got.reached_lufs is None
        assert not got.on_target
        assert "cannot" not in got.because
        assert "loudness" in got.because


def test_no_change_needed_is_bit_exact() -> None:
    sound = song()
    loudness = integrated_lufs(sound)
    assert loudness is not None
    assert np.array_equal(to_loudness(sound, loudness).audio.samples, sound.samples)


def test_gain_exact_and_unclamped() -> None:
    sound = song()
    assert apply_gain(sound, 0.0) is sound
    louder = apply_gain(sound, 12.0).samples
    assert np.allclose(louder, sound.samples * 10 ** (12 / 20), rtol=1e-6)
    assert np.abs(louder).max() > 2


def test_gain_in_a_region_is_bit_exact_outside() -> None:
    sound = song()
    got = apply_gain(sound, -6.0, region=Region(2.0, 4.0)).samples
    assert np.array_equal(got[:, : 2 * RATE], sound.samples[:, : 2 * RATE])
    assert np.array_equal(got[:, 4 * RATE + 1 :], sound.samples[:, 4 * RATE + 1 :])
    middle = slice(round(2.2 * RATE), round(3.8 * RATE))
    assert np.allclose(got[:, middle], sound.samples[:, middle] * 10 ** (-6 / 20), rtol=1e-5)
