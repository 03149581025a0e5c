"""A little room: wide, quiet, the same every time, the middle untouched."""

from __future__ import annotations

import numpy as np
import pytest

from mixmend.tools.audio import Audio
from mixmend.tools.process.ambience import RT60_S, add_room, room_tail
from mixmend.tools.region import Region
from tests.signals import music


@pytest.fixture(scope="module")
def dry() -> Audio:
    return music(5.0, 44100, seed=1)


def test_middle_stays_and_side_grows(dry: Audio) -> None:
    roomy = add_room(dry)
    assert roomy.samples.shape == dry.samples.shape
    assert roomy.samples.dtype == np.float32
    assert np.max(np.abs(roomy.samples.sum(axis=0) - dry.samples.sum(axis=0))) < 1e-5
    assert np.std(np.diff(roomy.samples, axis=0)) > 1.02 * np.std(np.diff(dry.samples, axis=0))


def test_the_tail_is_quiet_but_there(dry: Audio) -> None:
    added = add_room(dry).samples - dry.samples
    level_db = 10 * np.log10(np.mean(added**2) / np.mean(dry.samples**2))
    assert -26 < level_db < -12


@pytest.mark.parametrize("rate_hz", [8000, 44100, 96000])
def test_the_tail_decays_as_named(rate_hz: int) -> None:
    tail = room_tail(rate_hz)
    energy = np.cumsum(tail[::-1] ** 2)[::-1]
    decay_db = 10 * np.log10(np.maximum(energy / energy[0], 1e-12))
    at = np.flatnonzero((decay_db < -5) & (decay_db > -30))
    slope = np.polyfit(at / rate_hz, decay_db[at], 1)[0]
    assert -60 / slope == pytest.approx(RT60_S, rel=0.2)
    assert 10 * np.log10(np.sum(tail**2)) == pytest.approx(-14, abs=0.01)
    assert np.max(np.abs(tail[: round(0.01 * rate_hz)])) == 0


def test_strength_and_region(dry: Audio) -> None:
    assert add_room(dry, strength=0.0) is dry
    full, half = add_room(dry), add_room(dry, strength=0.5)
    change = np.abs(half.samples - (dry.samples + full.samples) / 2)
    assert np.max(change) < 1e-5
    part = add_room(dry, region=Region(1.0, 2.0))
    assert np.array_equal(part.samples[:, :44100], dry.samples[:, :44100])
    assert np.array_equal(part.samples[:, 88201:], dry.samples[:, 88201:])
    assert not np.array_equal(part.samples, dry.samples)


def test_any_channels_lengths_and_silence() -> None:
    rng = np.random.default_rng(0)
    for channels, frames, rate_hz in ((1, 800, 8000), (2, 5, 44100), (6, 20000, 48000)):
        sound = Audio(rng.standard_normal((channels, frames)).astype(np.float32), rate_hz)
        roomy = add_room(sound)
        assert roomy.samples.shape == sound.samples.shape
        assert np.all(np.isfinite(roomy.samples))
        assert np.array_equal(roomy.samples[2:], sound.samples[2:])
    silence = Audio(np.zeros((2, 8000), np.float32), 8000)
    assert not np.any(add_room(silence).samples)


def test_nothing_before_its_cause_and_the_same_twice() -> None:
    samples = np.zeros((2, 30 * 8000), np.float32)
    samples[:, 22 * 8000] = 0.5
    roomy = add_room(Audio(samples, 8000))
    assert np.max(np.abs(roomy.samples[:, : 22 * 8000])) < 1e-6
    # The tail reaches across the 20 s blocks it is made in.
    assert np.array_equal(roomy.samples, add_room(Audio(samples, 8000)).samples)
    early = np.zeros((2, 30 * 8000), np.float32)
    early[:, round(19.9 * 8000)] = 0.5
    moved = add_room(Audio(early, 8000)).samples
    start, other = round(19.9 * 8000), 22 * 8000
    assert (
        np.max(np.abs(moved[:, start : start + 5000] - roomy.samples[:, other : other + 5000]))
        < 1e-5
    )
