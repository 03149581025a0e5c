"""What narrow gains do to the balance of a song is told from a song moved to one side."""

from __future__ import annotations

import numpy as np
import pytest

from mixmend.agent.guard_limits import allowance
from mixmend.tools.alignment import TonalShift, tonal_shift
from mixmend.tools.audio import Audio
from mixmend.tools.process.equalize import Curve, equalize

RATE = 44100


def _panned() -> Audio:
    """A low note on the left, a high one on the right, noise on both."""
    rng = np.random.default_rng(1)
    time_s = np.arange(6 * RATE) / RATE
    left, right = np.sin(2 * np.pi * 110 * time_s), np.sin(2 * np.pi * 880 * time_s)
    both = 0.01 * rng.standard_normal(time_s.size)
    return Audio((0.3 * np.stack([left, right]) + both).astype(np.float32), RATE)


def _balance_db(audio: Audio) -> float:
    left, right = np.mean(np.square(audio.samples.astype(np.float64)), axis=1)
    return float(10 * np.log10(left / right))


def test_a_note_that_goes_down_tips_the_balance_by_tone_alone() -> None:
    song = _panned()
    dip = Curve((20.0, 100.0, 105.0, 115.0, 120.0, 20000.0), (0.0, 0.0, -9.0, -9.0, 0.0, 0.0))
    out = equalize(song, dip)
    moved = _balance_db(out) - _balance_db(song)
    assert moved < -6
    assert tonal_shift(song, out).balance_db == pytest.approx(moved, abs=0.3)


def test_a_song_moved_to_one_side_is_no_tone() -> None:
    song = _panned()
    alike = Audio(np.repeat(song.samples.mean(axis=0, keepdims=True), 2, axis=0), RATE)
    moved = Audio(alike.samples * np.array([[1.0], [0.5]], dtype=np.float32), RATE)
    assert tonal_shift(alike, moved).balance_db == pytest.approx(0.0, abs=0.05)
    assert tonal_shift(song, song).balance_db == pytest.approx(0.0, abs=1e-6)


def _width(audio: Audio) -> float:
    left, right = audio.samples.astype(np.float64)
    return float(np.std(left - right) / np.std(left + right))


def test_without_its_low_middle_a_song_is_wider_by_tone_alone() -> None:
    rng = np.random.default_rng(2)
    time_s = np.arange(6 * RATE) / RATE
    low = 0.4 * np.sin(2 * np.pi * 55 * time_s)
    song = Audio((low + 0.05 * rng.standard_normal((2, time_s.size))).astype(np.float32), RATE)
    dip = Curve((20.0, 45.0, 50.0, 60.0, 65.0, 20000.0), (0.0, 0.0, -18.0, -18.0, 0.0, 0.0))
    out = equalize(song, dip)
    ratio = _width(out) / _width(song)
    assert ratio > 2
    assert tonal_shift(song, out).width_ratio == pytest.approx(ratio, rel=0.05)
    left, right = song.samples
    wider = np.stack([left + 0.5 * (left - right), right + 0.5 * (right - left)])
    made = Audio(wider.astype(np.float32), RATE)
    assert tonal_shift(song, made).width_ratio == pytest.approx(1.0, abs=0.01)


def test_one_channel_and_silence_have_no_balance() -> None:
    one = Audio(_panned().samples[:1], RATE)
    assert tonal_shift(one, one) == TonalShift()
    still = Audio(np.zeros((2, RATE), dtype=np.float32), RATE)
    assert tonal_shift(still, still) == TonalShift()


def test_only_rooms_may_tip_the_balance_by_tone() -> None:
    assert allowance(("reverb",)).tonal_shift
    assert allowance(("reverb", "dull")).tonal_shift
    assert not allowance(("dull",)).tonal_shift
