"""Stereo repairs: what they reach, what they leave alone, and that mono folds survive."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from mixmend.tools.audio import Audio
from mixmend.tools.process.decorrelate import WIDEST, bass_free, side_filter
from mixmend.tools.process.stereo import fix_mono_compatibility, narrow, rebalance, widen
from mixmend.tools.region import Region
from mixmend.tools.stereo import measure_stereo
from tests.signals import music

RATE = 44100
Processor = Callable[..., Audio]


def pair(samples: np.ndarray, rate: int = RATE) -> Audio:
    return Audio(np.ascontiguousarray(samples, dtype=np.float32), rate)


@lru_cache(maxsize=8)
def mono_song(seconds: float = 8.0, seed: int = 0, rate: int = RATE) -> Audio:
    middle = music(seconds, rate, seed).samples.mean(axis=0)
    return pair(np.stack([middle, middle]), rate)


@lru_cache(maxsize=16)
def with_width(factor: float, seed: int = 0) -> Audio:
    song = music(8.0, RATE, seed).samples.astype(np.float64)
    middle, side = song.mean(axis=0), factor * (song[0] - song[1]) / 2
    return pair(np.stack([middle + side, middle - side]))


@lru_cache(maxsize=1)
def faults() -> dict[str, tuple[Processor, Audio]]:
    """Each repair with sound that needs it."""
    song = music(8.0).samples
    return {
        "widen": (widen, mono_song()),
        "narrow": (narrow, with_width(6.0)),
        "rebalance": (rebalance, pair(song * [[1.0], [0.3]])),
        "fix_mono_compatibility": (fix_mono_compatibility, pair(song * [[1.0], [-1.0]])),
    }


REPAIRS = list(faults())


def width(audio: Audio) -> float:
    value = measure_stereo(audio).value.width
    assert value is not None
    return value


def fold_error_db(before: Audio, after: Audio) -> float:
    was, now = before.samples[:2].sum(axis=0), after.samples[:2].sum(axis=0)
    return float(20 * np.log10(np.max(np.abs(now - was)) / np.max(np.abs(was)) + 1e-12))


@pytest.mark.parametrize("name", REPAIRS)
def test_shape_determinism_strength_zero_and_region(name: str) -> None:
    repair, audio = faults()[name]
    assert repair(audio, strength=0.0) is audio
    after = repair(audio)
    assert after.samples.shape == audio.samples.shape
    assert after.sample_rate_hz == audio.sample_rate_hz
    assert np.isfinite(after.samples).all()
    assert np.any(after.samples != audio.samples)
    np.testing.assert_array_equal(after.samples, repair(audio).samples)
    part = repair(audio, region=Region(2.0, 5.0)).samples
    outside = np.r_[0 : 2 * RATE, 5 * RATE : audio.frames]
    np.testing.assert_array_equal(part[:, outside], audio.samples[:, outside])
    assert np.any(part[:, 3 * RATE : 4 * RATE] != audio.samples[:, 3 * RATE : 4 * RATE])


@pytest.mark.parametrize("name", REPAIRS)
def test_mono_files_silence_and_other_channels_are_left_alone(name: str) -> None:
    repair, audio = faults()[name]
    one = pair(audio.samples[:1])
    assert repair(one) is one
    silent = pair(np.zeros((2, RATE)))
    np.testing.assert_array_equal(repair(silent).samples, 0)
    four = pair(np.concatenate([audio.samples, audio.samples[::-1]]))
    np.testing.assert_array_equal(repair(four).samples[2:], four.samples[2:])
    np.testing.assert_allclose(repair(four).samples[:2], repair(audio).samples, atol=1e-6)


@pytest.mark.parametrize("name", REPAIRS)
@pytest.mark.parametrize(("rate", "seconds"), [(8000, 0.1), (8000, 1.0), (192000, 0.3)])
def test_any_rate_and_length(name: str, rate: int, seconds: float) -> None:
    repair, audio = faults()[name]
    short = pair(audio.samples[:, : round(rate * seconds)], rate)
    after = repair(short)
    assert after.samples.shape == short.samples.shape
    assert np.isfinite(after.samples).all()


@pytest.mark.parametrize("seed", range(3))
def test_good_music_is_left_alone(seed: int) -> None:
    song = with_width(1.4, seed)
    assert narrow(song) is song
    assert fold_error_db(song, fix_mono_compatibility(song)) < -120
    changed = fix_mono_compatibility(song).samples - song.samples
    assert np.sum(changed**2) < 1e-4 * np.sum(song.samples**2)
    wide = widen(with_width(2.0, seed))
    assert widen(wide) is wide


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("target", [0.15, 0.3, 0.45])
def test_widening_mono_reaches_its_width_and_folds_back_exactly(seed: int, target: float) -> None:
    before = mono_song(seed=seed)
    after = widen(before, target_width=target)
    # A bass-heavy song may fall short: tones must not end up in one channel.
    assert 0.6 * target < width(after) < 1.1 * target
    assert fold_error_db(before, after) < -120
    growth_db = 10 * np.log10(np.sum(after.samples**2) / np.sum(before.samples**2))
    assert 0 < growth_db < 1.0
    balance = measure_stereo(after).value.balance_db
    assert balance is not None
    assert abs(balance) < 0.5


def test_by_itself_it_widens_mono_to_what_music_has_and_half_strength_to_half() -> None:
    before = mono_song()
    full, half = widen(before), widen(before, strength=0.5)
    assert 0.1 < width(full) <= WIDEST + 0.02
    assert width(half) == pytest.approx(width(full) / 2, rel=0.02)


def test_a_weak_side_is_raised_before_one_is_made() -> None:
    """Within 6 dB the song's own side is enough: nothing is in it that was not there."""
    before = with_width(0.6)
    after = widen(before, target_width=1.3 * width(before))
    assert width(after) == pytest.approx(1.3 * width(before), rel=0.05)
    side_before = before.samples[0] - before.samples[1]
    side_after = after.samples[0] - after.samples[1]
    assert np.corrcoef(side_before, side_after)[0, 1] > 0.99


def test_the_bass_stays_in_the_middle() -> None:
    after = widen(mono_song(), target_width=0.4)
    side = (after.samples[0] - after.samples[1]) / 2
    low = butter(4, 80, "low", fs=RATE, output="sos")
    low_side, low_middle = sosfilt(low, side), sosfilt(low, after.samples.mean(axis=0))
    assert np.sum(low_side**2) < 1e-3 * np.sum(low_middle**2)
    np.testing.assert_array_equal(bass_free(np.array([20.0, 99.0])), 0)


@pytest.mark.parametrize("rate", [8000, 44100, 192000])
def test_attacks_stay_tight_and_nothing_comes_before_them(rate: int) -> None:
    frames, at = rate, rate // 2
    hit = np.zeros(frames)
    hit[at : at + rate // 100] = np.random.default_rng(0).standard_normal(rate // 100)
    after = widen(pair(np.stack([hit, hit]), rate), target_width=0.3)
    side = (after.samples[0] - after.samples[1]).astype(np.float64) ** 2
    assert np.sum(side[:at]) == 0
    assert np.sum(side[at : at + rate // 25]) > 0.97 * np.sum(side)
    assert not np.any(side[at + rate // 10 :])


def test_each_channel_keeps_its_colour() -> None:
    """Thirds of octaves of both channels within 2.5 dB of the mono song, for noise-like sound."""
    noise = 0.1 * np.random.default_rng(2).standard_normal(10 * RATE)
    before = pair(np.stack([noise, noise]))
    after = widen(before, target_width=0.45)
    freqs = np.fft.rfftfreq(before.frames, 1 / RATE)
    was = np.abs(np.fft.rfft(before.samples[0])) ** 2
    for channel in after.samples:
        now = np.abs(np.fft.rfft(channel)) ** 2
        for centre in 1000 * 2.0 ** (np.arange(-12, 13) / 3):
            band = (freqs >= centre * 2 ** (-1 / 6)) & (freqs < centre * 2 ** (1 / 6))
            assert abs(10 * np.log10(now[band].sum() / was[band].sum())) < 2.5


def test_steady_tones_stay_in_both_channels() -> None:
    """A chord of bare tones, the worst case for a decorrelator, is not torn to the sides."""
    time = np.arange(8 * RATE) / RATE
    tones = sum(np.sin(2 * np.pi * f * time + f) for f in (220.0, 277.2, 329.6, 440.0, 880.0))
    after = widen(pair(np.stack([tones, tones]) * 0.1), target_width=0.4)
    spectra = np.abs(np.fft.rfft(after.samples * np.hanning(time.size)))
    for freq in (220.0, 277.2, 329.6, 440.0, 880.0):
        left, right = spectra[:, round(freq * 8)]
        assert abs(20 * np.log10(left / right)) < 3.5


def test_the_filter_is_the_same_at_every_rate() -> None:
    grid = np.arange(0, 4000, 50.0)
    responses = []
    for rate in (16000, 44100, 96000):
        taps = side_filter(rate).taps
        turns = np.exp(-2j * np.pi * np.outer(grid, np.arange(taps.size) / rate))
        responses.append(turns @ taps)
    for other in responses[1:]:
        error = np.abs(other[:70] - responses[0][:70])
        assert np.sqrt(np.mean(error**2)) < 0.2


def test_blocks_are_not_heard() -> None:
    """A song longer than a block gives what its parts give: no joins."""
    song = mono_song(24.0)
    whole = widen(song, target_width=0.3)
    for join in (10, 20):
        around = whole.samples[:, join * RATE - 400 : join * RATE + 400].astype(np.float64)
        side = around[0] - around[1]
        steps = np.abs(np.diff(side, 2))
        assert steps[390:410].max() < 4 * np.quantile(steps, 0.99) + 1e-6


def test_narrowing_reaches_its_width_and_keeps_the_fold() -> None:
    before = with_width(6.0)
    after = narrow(before)
    assert width(before) > 1
    assert width(after) == pytest.approx(0.9, abs=0.02)
    assert fold_error_db(before, after) < -120
    assert width(narrow(before, target_width=0.2)) == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize("gain", [0.1, 0.5, 1.8])
def test_rebalancing_centres_at_the_same_power(gain: float) -> None:
    before = pair(music(8.0).samples * [[1.0], [gain]])
    after = rebalance(before)
    assert measure_stereo(after).value.balance_db == pytest.approx(0, abs=0.05)
    assert np.sum(after.samples**2) == pytest.approx(np.sum(before.samples**2), rel=0.01)
    assert rebalance(after) is after


def test_a_dead_channel_gets_the_sound_of_the_other() -> None:
    song = music(8.0).samples
    hiss = 1e-4 * np.random.default_rng(0).standard_normal(song.shape[1])
    after = rebalance(pair(np.stack([hiss, song[1]])))
    np.testing.assert_allclose(after.samples[0], song[1] * np.sqrt(0.5), atol=1e-6)
    np.testing.assert_array_equal(after.samples[0], after.samples[1])


@pytest.mark.parametrize("strength", [0.3, 1.0])
def test_a_reversed_channel_is_turned_round_at_any_strength(strength: float) -> None:
    song = music(8.0)
    after = fix_mono_compatibility(pair(song.samples * [[1.0], [-1.0]]), strength=strength)
    np.testing.assert_allclose(after.samples, song.samples, atol=1e-6)


def test_one_voice_out_of_phase_is_found_in_its_band_and_time() -> None:
    """A tone in opposite phase over seconds 2 to 5: narrowed there, the rest is untouched."""
    song = music(8.0).samples.astype(np.float64)
    time = np.arange(song.shape[1]) / RATE
    tone = 0.2 * np.sin(2 * np.pi * 3000 * time) * ((time > 2) & (time < 5))
    before = pair(song + np.stack([tone, -tone]))
    after = fix_mono_compatibility(before)
    assert fold_error_db(before, after) < -120

    def level(audio: Audio, start: float) -> float:
        piece = audio.samples[:, round(start * RATE) : round((start + 1) * RATE)]
        side = (piece[0] - piece[1]) / 2
        return float(np.abs(np.fft.rfft(side * np.hanning(side.size)))[3000])

    assert level(after, 3) < 0.5 * level(before, 3)
    away = slice(round(6 * RATE), None)
    np.testing.assert_allclose(after.samples[:, away], before.samples[:, away], atol=1e-6)
    loss_before = measure_stereo(before).value.mono_loss_db
    loss_after = measure_stereo(after).value.mono_loss_db
    assert loss_before is not None
    assert loss_after is not None
    assert loss_after < loss_before - 1
