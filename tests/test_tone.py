"""The `known` estimator: told the fault, it repairs music-like sound and bounds what it does."""

from __future__ import annotations

import numpy as np
import pytest

from mixmend.model.degrade import degrade
from mixmend.model.problems import PROBLEM_OF_KIND
from mixmend.tools.audio import Audio
from mixmend.tools.bandwidth import measure_bandwidth
from mixmend.tools.long_term import long_term
from mixmend.tools.loudness import integrated_lufs
from mixmend.tools.paper_error import paper_error
from mixmend.tools.process.faults import FAMILIES, TONAL_PROBLEMS, TonalProblem, microphone
from mixmend.tools.process.tone import estimate_tone, repair_tone
from mixmend.tools.region import Region
from mixmend.tools.targets import TARGET_HZ
from tests.signals import music
from tests.test_targets import typical

KINDS = ("bright", "dark", "airy", "boom", "warm", "clarity", "mud", "vocal", "mic")


@pytest.fixture(scope="module")
def clean() -> Audio:
    return typical()


@pytest.mark.parametrize("kind", KINDS)
def test_the_asked_for_error_goes_down(clean: Audio, kind: str) -> None:
    spoilt = degrade(clean, kind, seed=3).audio
    problem = PROBLEM_OF_KIND[kind]
    assert problem in TONAL_PROBLEMS
    mended = repair_tone(spoilt, problem)
    before, after = (paper_error(kind, clean, each) for each in (spoilt, mended))
    assert after < 0.75 * before


@pytest.mark.parametrize("kind", ["bright", "boom", "mud"])
def test_stronger_damage_gets_a_stronger_repair(clean: Audio, kind: str) -> None:
    name = {"mud": "attenuation_db"}.get(kind, "gain_db")
    sign = 1 if kind == "mud" else -1
    amounts = []
    for strength in (3.0, 18.0):
        spoilt = degrade(clean, kind, seed=1, parameters={name: sign * strength}).audio
        problem = PROBLEM_OF_KIND[kind]
        assert problem in FAMILIES
        estimate = estimate_tone(long_term(spoilt), problem)
        assert estimate.spread is not None
        assert 0.3 < estimate.spread < 8
        amounts.append(estimate.amount or 0.0)
    assert amounts[1] >= amounts[0] + 1.0


@pytest.mark.parametrize("problem", TONAL_PROBLEMS)
def test_every_problem_goes_its_own_way_within_bounds(clean: Audio, problem: TonalProblem) -> None:
    estimate = estimate_tone(long_term(clean), problem)
    gains = np.array(estimate.curve.gain_db)
    assert np.max(np.abs(gains)) < (41 if problem == "unclear" else 30)
    bands = {
        "dull": (9000, 1), "harsh": (9000, -1), "too_bright": (9000, -1), "airless": (15000, 1),
        "thin": (50, 1), "boomy": (50, -1), "muddy": (315, -1), "unclear": (6000, 1),
        "cold": (100, 1), "vocals_buried": (1100, 1), "vocals_loud": (1100, -1), "boxy": (500, -1),
    }  # fmt: skip
    if problem in bands:
        at_hz, sign = bands[problem]
        there = float(estimate.curve.at(np.array([float(at_hz)]))[0])
        assert sign * (there - float(np.median(gains))) > 0.5


def test_asking_for_the_opposite_faults_moves_opposite_ways() -> None:
    spectrum = long_term(music(6.0))
    for low, high, at_hz in (("dull", "harsh", 9000.0), ("thin", "boomy", 60.0)):
        assert low in TONAL_PROBLEMS
        assert high in TONAL_PROBLEMS
        up, down = (estimate_tone(spectrum, each).curve.at(np.array([at_hz]))[0]
                    for each in (low, high))  # fmt: skip
        assert up > 0 > down


def test_loudness_stays(clean: Audio) -> None:
    for kind in ("mud", "vocal", "dark"):
        spoilt = degrade(clean, kind, seed=5).audio
        problem = PROBLEM_OF_KIND[kind]
        assert problem in TONAL_PROBLEMS
        before, after = integrated_lufs(spoilt), integrated_lufs(repair_tone(spoilt, problem))
        assert before is not None
        assert after == pytest.approx(before, abs=0.5)


def test_nothing_is_boosted_where_there_is_only_a_floor() -> None:
    rng = np.random.default_rng(2)
    spoilt = degrade(typical(), "clarity", seed=2, parameters={"order": 5}).audio.samples
    coarse = np.round(spoilt * 8192 + rng.uniform(-1, 1, spoilt.shape)) / 32767
    audio = Audio(coarse.astype(np.float32), 44100)
    spectrum = long_term(audio)
    reach_hz = measure_bandwidth(spectrum).signal_hz
    assert reach_hz < 15000
    curve = estimate_tone(spectrum, "unclear").curve
    beyond = np.linspace(reach_hz * 1.02, 22050, 50)
    assert np.max(curve.at(beyond)) < 1.0
    assert np.max(curve.at(np.linspace(4000, reach_hz * 0.8, 50))) > 3.0


def test_strength_region_silence_and_odd_sound() -> None:
    audio = music(8.0)
    assert repair_tone(audio, "dull", strength=0.0) is audio
    silent = Audio(np.zeros((2, 44100), np.float32), 44100)
    assert repair_tone(silent, "dull") is silent
    out = repair_tone(audio, "thin", region=Region(3.0, 6.5))
    start, stop = audio.frame_at(3.0), audio.frame_at(6.5)
    assert np.array_equal(out.samples[:, :start], audio.samples[:, :start])
    assert np.array_equal(out.samples[:, stop:], audio.samples[:, stop:])
    assert not np.array_equal(out.samples[:, start:stop], audio.samples[:, start:stop])
    again = repair_tone(audio, "thin", region=Region(3.0, 6.5))
    assert np.array_equal(out.samples, again.samples)
    rng = np.random.default_rng(0)
    for rate_hz, frames, channels in ((8000, 800, 1), (192000, 19200, 8), (44100, 50, 2)):
        odd = Audio(0.1 * rng.standard_normal((channels, frames)).astype(np.float32), rate_hz)
        for problem in ("airless", "unclear", "unbalanced", "vocals_buried"):
            mended = repair_tone(odd, problem)
            assert mended.samples.shape == odd.samples.shape
            assert np.all(np.isfinite(mended.samples))


def test_families_have_at_least_twelve_candidates() -> None:
    for family in FAMILIES.values():
        assert len(family.amounts) >= 12
        assert family.prior().sum() == pytest.approx(1.0)
    phone = microphone(TARGET_HZ)
    assert phone.mean_db[0] < phone.mean_db[15] - 10
    assert np.min(np.linalg.eigvalsh(phone.covariance)) > -1e-9
