"""Target curves: what comes with the package, deviations, and the fit on made-up songs."""

from __future__ import annotations

import numpy as np
import pytest

from mixmend.model.fit_targets import fit
from mixmend.tools.audio import Audio
from mixmend.tools.long_term import long_term
from mixmend.tools.process.equalize import Curve, equalize
from mixmend.tools.process.responses import shelf_db
from mixmend.tools.targets import (
    BANDS,
    KINDS,
    TARGET_HZ,
    Features,
    deviation,
    features,
    kind_shares,
    mixture,
)
from tests.test_bandwidth import pink


def typical(rate_hz: int = 44100) -> Audio:
    """Noise with the long-term spectrum of the largest kind of music."""
    model = mixture()
    mean = model.means[int(np.argmax(model.weights)), :BANDS]
    slope = mean - np.mean(mean)
    return equalize(pink(8.0, rate_hz), Curve(tuple(TARGET_HZ.tolist()), tuple(slope.tolist())))


def shelved(audio: Audio, gain_db: float) -> Audio:
    at_hz = np.geomspace(20, 20000, 100)
    gains = shelf_db(at_hz, 6000, gain_db, audio.sample_rate_hz, high=True)
    return equalize(audio, Curve(tuple(at_hz.tolist()), tuple(gains.tolist())))


def test_the_learnt_mixture_is_sound() -> None:
    model = mixture()
    assert model.weights.sum() == pytest.approx(1.0, abs=1e-5)
    assert model.means.shape == (len(KINDS), 3 * BANDS)
    for covariance in model.covariances:
        assert np.min(np.linalg.eigvalsh(covariance)) > 0
    assert np.all(model.spread_db > 1.0)
    assert np.all(model.spread_db < 25.0)


def test_typical_sound_does_not_deviate_and_a_shelf_shows_where_it_is() -> None:
    plain = deviation(long_term(typical()))
    assert all(abs(value) < 5.0 for value in plain.deviation_db.values())
    dull = deviation(long_term(shelved(typical(), -18.0)))
    assert dull.deviation_db["air"] - plain.deviation_db["air"] < -12.0
    assert dull.z("air") < -1.0
    assert abs(dull.deviation_db["mid"] - plain.deviation_db["mid"]) < 3.0
    assert dull.spread_db.keys() == dull.deviation_db.keys()


def test_bands_without_sound_are_left_out() -> None:
    narrow = deviation(long_term(typical(16000)))
    assert "air" not in narrow.deviation_db
    assert narrow.z("air") == 0.0
    silent = deviation(long_term(Audio(np.zeros((2, 44100), np.float32), 44100)))
    assert silent.deviation_db == {}


def test_kind_shares_are_probabilities_and_level_does_not_matter() -> None:
    audio = typical()
    loud = Audio(audio.samples * np.float32(4), audio.sample_rate_hz)
    shares = [kind_shares(features(long_term(each))) for each in (audio, loud)]
    assert shares[0].sum() == pytest.approx(1.0)
    assert np.allclose(shares[0], shares[1], atol=0.01)


def test_fit_finds_two_kinds_of_made_up_songs() -> None:
    rng = np.random.default_rng(3)
    tilts = {-1: np.linspace(8, -30, BANDS), 1: np.linspace(0, -8, BANDS)}
    everywhere = np.ones(BANDS, dtype=bool)
    found = []
    for index in range(160):
        levels = tilts[1 if index % 4 else -1] + rng.normal(0, 2, BANDS)
        shape = np.concatenate([rng.normal(6, 1, BANDS), rng.normal(-4, 1, BANDS)])
        found.append(Features(levels - levels.max(), shape, everywhere))
    model = fit(found, kinds=2)
    assert model.weights[0] == pytest.approx(0.25, abs=0.03), "ordered from dark to bright"
    treble = model.means[:, BANDS - 1] - model.means[:, 0]
    assert treble[0] == pytest.approx(-38, abs=1.5)
    assert treble[1] == pytest.approx(-8, abs=1.5)
    assert model.spread_db.shape == (2, 8)
