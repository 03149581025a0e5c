"""Declipping comes nearer to the song, keeps what is reliable and leaves the rest alone."""

from __future__ import annotations

import numpy as np
import pytest

from mixmend.tools.audio import Audio
from mixmend.tools.process import declip as module
from mixmend.tools.process.declip import declip
from mixmend.tools.region import Region
from tests import signals

RATE = 44100


def song(seconds: float = 2.5, rate: int = RATE, seed: int = 2) -> np.ndarray:
    wave = signals.music(seconds, rate, seed=seed).samples
    return wave / np.abs(wave).max()


def sdr_db(wanted: np.ndarray, got: np.ndarray) -> float:
    return float(10 * np.log10(np.sum(wanted**2) / np.sum((wanted - got) ** 2)))


def treble(samples: np.ndarray) -> float:
    """Energy of fast changes."""
    return float(np.sum(np.diff(samples, 2, axis=1) ** 2))


@pytest.mark.parametrize("gain", [2, 3, 5])
@pytest.mark.parametrize("later_db", [0.0, -15.0])
def test_nearer_to_the_song(gain: int, later_db: float) -> None:
    later = np.float32(10 ** (later_db / 20))
    wanted = song() * np.float32(gain) * later
    damaged = Audio(np.clip(wanted, -later, later), RATE)
    got = declip(damaged)
    assert sdr_db(wanted, got.samples) > sdr_db(wanted, damaged.samples) + 3
    # Much of the harmonics that clipping added is gone, though the hats are noise.
    assert treble(got.samples - wanted) < 0.65 * treble(damaged.samples - wanted)
    assert np.abs(got.samples).max() > 1.2 * later


def test_reliable_samples_stay_and_cut_ones_stay_outside() -> None:
    damaged = Audio(np.clip(song() * 3, -1, 1), RATE)
    got = declip(damaged).samples
    cut = np.abs(damaged.samples) >= 1 - 2e-3
    assert np.array_equal(got[~cut], damaged.samples[~cut])
    assert np.all(np.abs(got[cut]) >= np.abs(damaged.samples[cut]))
    assert np.all(np.sign(got[cut]) == np.sign(damaged.samples[cut]))
    assert np.isfinite(got).all()


def test_nothing_to_repair_returns_the_same_object() -> None:
    intact = Audio(song() * np.float32(0.7), RATE)
    assert declip(intact) is intact
    damaged = Audio(np.clip(song() * 3, -1, 1), RATE)
    assert declip(damaged, strength=0.0) is damaged


def test_strength_lies_between_and_repeats_exactly() -> None:
    damaged = Audio(np.clip(song() * 3, -1, 1), RATE)
    whole, half = declip(damaged).samples, declip(damaged, strength=0.5).samples
    assert np.allclose(half, (whole + damaged.samples) / 2, rtol=0, atol=1e-6)
    assert np.array_equal(whole, declip(damaged).samples)


def test_region_is_bit_exact_outside() -> None:
    damaged = Audio(np.clip(song() * 3, -1, 1), RATE)
    got = declip(damaged, region=Region(0.5, 1.5)).samples
    assert np.array_equal(got[:, : RATE // 2], damaged.samples[:, : RATE // 2])
    assert np.array_equal(got[:, round(1.5 * RATE) :], damaged.samples[:, round(1.5 * RATE) :])
    assert not np.array_equal(got, damaged.samples)


def test_block_size_hardly_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = song() * 3
    damaged = Audio(np.clip(wanted, -1, 1), RATE)
    whole = declip(damaged).samples
    monkeypatch.setattr(module, "_BLOCK_S", 0.7)
    pieces = declip(damaged).samples
    assert sdr_db(wanted, pieces) > sdr_db(wanted, whole) - 0.5


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (96000, 3)])
def test_other_rates_and_channels(rate: int, channels: int) -> None:
    wanted = np.tile(song(1.5, rate)[:1] * 4, (channels, 1))
    damaged = Audio(np.clip(wanted, -1, 1), rate)
    got = declip(damaged)
    assert got.samples.shape == wanted.shape
    assert sdr_db(wanted, got.samples) > sdr_db(wanted, damaged.samples) + 1
