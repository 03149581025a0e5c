"""Stereo measurement against signals whose answers are known by arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.signal import lfilter

from mixmend.tools.audio import Audio
from mixmend.tools.measurement import Measured, Stereo
from mixmend.tools.stereo import measure_stereo
from tests.signals import music

RATE = 44100


def noise(channels: int, seconds: float = 5.0, seed: int = 0, rate: int = RATE) -> np.ndarray:
    shape = (channels, round(seconds * rate))
    return 0.1 * np.random.default_rng(seed).standard_normal(shape)


def measured(samples: np.ndarray, rate: int = RATE) -> Measured[Stereo]:
    return measure_stereo(Audio(np.ascontiguousarray(samples, dtype=np.float32), rate))


def from_middle_and_side(width: float) -> np.ndarray:
    middle, side = noise(2)
    return np.stack([middle + width * side, middle - width * side])


@pytest.mark.parametrize("width", [0.05, 0.3, 1.0, 3.0])
def test_width_correlation_and_fold_loss_follow_from_middle_and_side(width: float) -> None:
    value = measured(from_middle_and_side(width)).value
    assert value.width == pytest.approx(width, rel=0.02)
    assert value.correlation == pytest.approx((1 - width**2) / (1 + width**2), abs=0.02)
    assert value.mono_loss_db == pytest.approx(10 * math.log10(1 + width**2), abs=0.05)
    assert value.is_mono is False


@pytest.mark.parametrize("gain_db", [-20.0, -3.0, 0.0, 6.0])
def test_balance_is_left_minus_right(gain_db: float) -> None:
    pair = noise(2)
    pair[0] *= 10 ** (gain_db / 20)
    assert measured(pair).value.balance_db == pytest.approx(gain_db, abs=0.1)


def test_identical_channels_are_mono_with_dither_too() -> None:
    song = music(3.0).samples.mean(axis=0)
    dither = np.random.default_rng(1).uniform(-1, 1, (2, song.size)) / 32768
    for pair in (np.stack([song, song]), np.stack([song, song]) + dither):
        result = measured(pair)
        assert result.value.is_mono is True
        assert result.value.correlation == 1.0
        assert result.value.mono_loss_db == pytest.approx(0, abs=1e-3)
        assert result.notes == ()


def test_one_channel_has_no_sides() -> None:
    result = measured(noise(1, 2.5))
    assert result.value == Stereo(correlation=1.0, width=0.0, mono_loss_db=0.0, is_mono=True)
    assert any(note.startswith("stereo.balance_db") for note in result.notes)
    assert result.per_second["width"] == (0.0, 0.0, 0.0)


def test_reversed_polarity_cancels() -> None:
    left = noise(1)[0]
    result = measured(np.stack([left, -left]))
    assert result.value.correlation == pytest.approx(-1)
    assert result.value.mono_loss_db == 60.0
    assert result.value.width == 100.0
    assert any("polarity" in note for note in result.notes)
    assert any("cancel" in note for note in result.notes)


def test_a_silent_channel() -> None:
    left = noise(1)[0]
    result = measured(np.stack([left, 0 * left]))
    assert result.value.correlation is None
    assert any("right channel is silent" in note for note in result.notes)
    assert result.value.balance_db == pytest.approx(60)
    assert result.value.mono_loss_db == pytest.approx(3.01, abs=0.01)


def test_silence_gives_no_numbers() -> None:
    result = measured(np.zeros((2, RATE)))
    assert result.value == Stereo()
    assert result.per_second["width"] == (None,)


def test_a_constant_offset_does_not_count() -> None:
    pair = from_middle_and_side(0.5)
    clean, shifted = measured(pair).value, measured(np.add(pair, [[0.3], [-0.2]])).value
    assert clean.width is not None
    assert shifted.width == pytest.approx(clean.width, rel=0.01)
    assert shifted.balance_db == pytest.approx(clean.balance_db, abs=0.05)


def test_width_per_second_follows_the_song_and_leaves_silence_out() -> None:
    wide, narrow = from_middle_and_side(1.0), from_middle_and_side(0.1)
    pair = np.concatenate(
        [wide[:, :RATE], narrow[:, :RATE], np.zeros((2, RATE)), wide[:, : RATE // 2]], axis=1
    )
    width = measured(pair).per_second["width"]
    assert len(width) == 4
    assert width[0] == pytest.approx(1.0, rel=0.05)
    assert width[1] == pytest.approx(0.1, rel=0.05)
    assert width[2] is None
    assert width[3] == pytest.approx(1.0, rel=0.05)


def test_surround_measures_the_front_pair() -> None:
    six = np.concatenate([from_middle_and_side(0.5), noise(4, seed=3)])
    result = measured(six)
    assert result.value.width == pytest.approx(0.5, rel=0.02)
    assert any("front" in note for note in result.notes)


def fakes() -> dict[str, np.ndarray]:
    mono = music(12.0, seed=4).samples.mean(axis=0).astype(np.float64)
    late, comb = np.roll(mono, 529), np.roll(mono, 400)
    return {
        "12.0 ms late": np.stack([mono, late]),
        "different levels": np.stack([mono, 0.6 * mono]),
        "filtered copy": np.stack([mono + 0.6 * comb, mono - 0.6 * comb]),
        "filtered": np.stack([mono, lfilter([0.3], [1, -0.7], mono)]),
    }


@pytest.mark.parametrize("kind", list(fakes()))
def test_stereo_made_of_one_signal_is_named(kind: str) -> None:
    notes = measured(fakes()[kind]).notes
    assert any(kind in note for note in notes)


@pytest.mark.parametrize("seed", range(4))
def test_real_stereo_is_not_called_fake(seed: int) -> None:
    """A band with panned players, as it is and quite narrow."""
    song = music(12.0, seed=seed).samples.astype(np.float64)
    middle, side = song.mean(axis=0), (song[0] - song[1]) / 2
    for amount in (1.0, 0.25):
        pair = np.stack([middle + amount * side, middle - amount * side])
        assert measured(pair).notes == ()


@pytest.mark.parametrize("rate", [8000, 192000])
@pytest.mark.parametrize("seconds", [0.1, 1.3])
def test_any_rate_and_length(rate: int, seconds: float) -> None:
    result = measured(noise(2, seconds, rate=rate), rate)
    assert result.value.width == pytest.approx(1.0, rel=0.15)
    assert len(result.per_second["width"]) == math.ceil(seconds)
