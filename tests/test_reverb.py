"""Reverberance: truth of the rooms, order of the estimates, and what cannot be told."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import fftconvolve

from mixmend.agent.bench.reverb import Case, tabulate
from mixmend.agent.bench.rooms import from_response, schroeder_rt60, simulate
from mixmend.agent.bench.train_reverb import Examples, fit, save, targets
from mixmend.tools.audio import Audio
from mixmend.tools.decay import ANALYSIS_RATE_HZ, decay_features, reduce_rate
from mixmend.tools.measurement import Reverb
from mixmend.tools.reverb import Estimator, measure_reverb
from tests.signals import music


def tail(rt60_s: float, rate_hz: int, drr_db: float = -3.0, seed: int = 3) -> np.ndarray:
    """Direct sound and exponentially decaying noise."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(1.2 * rt60_s * rate_hz)) / rate_hz
    noise = rng.standard_normal(time_s.size) * 10 ** (-3 * time_s / rt60_s)
    noise *= 10 ** (-drr_db / 20) / np.sqrt(np.sum(noise**2))
    noise[0] = 1.0
    return noise


def in_room(dry: Audio, rt60_s: float) -> Audio:
    response = tail(rt60_s, dry.sample_rate_hz)[None]
    wet = fftconvolve(dry.samples, response, axes=1)[:, : dry.frames]
    return Audio((0.3 * wet).astype(np.float32), dry.sample_rate_hz)


@pytest.fixture(scope="module")
def dry() -> Audio:
    return music(16.0, 22050, seed=5)


@pytest.mark.parametrize("rt60_s", [0.3, 1.0, 3.0])
def test_schroeder_reads_a_known_decay(rt60_s: float) -> None:
    response = tail(rt60_s, 16000, drr_db=-30.0)
    assert schroeder_rt60(response, 16000) == pytest.approx(rt60_s, rel=0.06)


def test_room_truth_of_direct_sound_alone() -> None:
    response = np.zeros(2000)
    response[100] = 0.5
    room = from_response("real", response + 1e-6, 8000)
    assert room.response[0] == 1.0
    assert room.drr_db > 40
    assert room.late_share < 1e-4


def test_rooms_are_the_same_for_the_same_seed() -> None:
    first, again = simulate("real", 4, 16000), simulate("real", 4, 16000)
    assert np.array_equal(first.response, again.response)
    assert not np.array_equal(first.response[:500], simulate("real", 5, 16000).response[:500])


def test_wetter_is_called_wetter(dry: Audio) -> None:
    found = [measure_reverb(sound).value for sound in (dry, in_room(dry, 0.5), in_room(dry, 2.5))]
    wetness = [value.reverberance or 0.0 for value in found]
    assert wetness[0] < wetness[1] < wetness[2]
    assert wetness[2] - wetness[0] > 0.2


def test_long_rooms_read_longer_than_short_ones() -> None:
    times = []
    for rt60_s in (0.35, 2.5):
        answers = [
            measure_reverb(in_room(music(12.0, 22050, seed), rt60_s)).value.rt60_s
            for seed in (1, 2, 3)
        ]
        times.append(np.median([answer for answer in answers if answer is not None]))
    assert times[1] > 1.8 * times[0]


def test_level_does_not_matter(dry: Audio) -> None:
    wet = in_room(dry, 1.0)
    loud = measure_reverb(wet).value
    quiet = measure_reverb(Audio(wet.samples * np.float32(0.01), wet.sample_rate_hz)).value
    assert quiet.reverberance == pytest.approx(loud.reverberance, abs=0.01)
    assert quiet.confidence == pytest.approx(loud.confidence, abs=0.01)


@pytest.mark.parametrize("rate_hz", [16000, 48000, 96000])
def test_sample_rate_matters_little(rate_hz: int) -> None:
    wet = in_room(music(12.0, 96000, seed=2), 1.2)
    from scipy.signal import resample_poly

    common = np.gcd(rate_hz, 96000)
    lowered = resample_poly(wet.samples, rate_hz // common, 96000 // common, axis=1)
    other = measure_reverb(Audio(lowered.astype(np.float32), rate_hz)).value
    reference = measure_reverb(wet).value
    assert other.reverberance == pytest.approx(reference.reverberance, abs=0.12)


def test_silence_and_scraps_have_no_room() -> None:
    for frames in (800, 8000 * 10):
        result = measure_reverb(Audio(np.zeros((2, frames), np.float32), 8000))
        assert result.value.rt60_s is None
        assert result.value.drr_db is None
        assert result.value.confidence == 0.0
        assert result.notes[0].startswith("reverb.rt60_s")


def test_every_null_has_a_note_and_numbers_have_their_range() -> None:
    rng = np.random.default_rng(0)
    sounds = {
        "noise": rng.standard_normal((1, 8 * 16000)),
        "tone": np.sin(np.arange(8 * 16000) * 0.2)[None],
        "click": np.eye(1, 8 * 16000),
        "loud dc": np.ones((3, 8 * 8000)),
    }
    for name, samples in sounds.items():
        result = measure_reverb(Audio(samples.astype(np.float32), 16000))
        value = result.value
        assert (value.rt60_s is None) == bool(result.notes), name
        assert value.confidence is not None
        assert 0 <= value.confidence <= 1
        if value.rt60_s is not None:
            assert 0.05 < value.rt60_s < 12
        assert value.reverberance is None or 0 <= value.reverberance <= 1


def test_opposite_channels_are_heard(dry: Audio) -> None:
    wet = in_room(dry, 1.5)
    mono = wet.samples[:1]
    opposite = measure_reverb(Audio(np.concatenate([mono, -mono]), wet.sample_rate_hz)).value
    alone = measure_reverb(Audio(mono, wet.sample_rate_hz)).value
    assert opposite.reverberance == pytest.approx(alone.reverberance, abs=0.02)


def test_reduced_rate_keeps_the_sound() -> None:
    time_s = np.arange(44100 * 2) / 44100
    tone = np.sin(2 * np.pi * 1000 * time_s).astype(np.float32)
    lowered, rate_hz = reduce_rate(tone, 44100)
    expected = np.sin(2 * np.pi * 1000 * np.arange(lowered.size) / rate_hz)
    assert np.max(np.abs(lowered[2000:-2000] - expected[2000:-2000])) < 1e-2
    assert reduce_rate(tone, 16000)[1] == 16000


def test_features_have_one_size_at_any_rate() -> None:
    rng = np.random.default_rng(1)
    sizes = {
        decay_features(rng.standard_normal(rate * 5).astype(np.float32), rate).size
        for rate in (8000, 16000, ANALYSIS_RATE_HZ)
    }
    assert len(sizes) == 1


def test_fitting_learns_and_knows_its_error(tmp_path) -> None:
    rng = np.random.default_rng(2)
    hidden = rng.uniform(-1, 1, 900)
    truths = np.stack([0.8 * 2 ** (1.5 * hidden), -8 * hidden, 0.4 + 0.3 * hidden], axis=1)
    noise = rng.standard_normal((900, 6)) * 0.2
    features = np.concatenate([hidden[:, None] + noise, rng.standard_normal((900, 4))], axis=1)
    data = Examples(features.astype(np.float32), truths.astype(np.float32), np.arange(900) % 50)
    weights = fit(data, epochs=15)
    path = tmp_path / "weights.npz"
    save(weights, path)
    stored = dict(np.load(path, allow_pickle=False))
    calibration = float(stored.pop("calibration"))
    estimate = Estimator(
        **{k: v.astype(np.float32) for k, v in stored.items()}, calibration=calibration
    )
    answers = np.stack([estimate(row) for row in data.features[:200]])
    wanted = targets(data.truths[:200])[:, 0]
    miss = np.abs(answers[:, 0, 0] - wanted)
    assert np.median(miss) < 0.25
    assert 0.4 < np.mean(miss / answers[:, 1, 0]) < 2.0


def test_the_table_counts_what_it_says() -> None:
    cases = [
        Case(str(n), truth, 0.0, 0.5, Reverb(rt60_s=truth * 1.1, reverberance=0.6, confidence=0.7))
        for n, truth in enumerate((0.3, 0.7, 1.2, 2.5))
    ]
    cases.append(Case("null", 1.0, 0.0, 0.5, Reverb(reverberance=0.5, confidence=0.1)))
    cases.append(Case("dry", 0.0, 40.0, 0.0, Reverb(rt60_s=1.5, reverberance=0.1, confidence=0.8)))
    facts = tabulate(cases).facts
    assert facts["rank correlation, songs with a number"] == pytest.approx(1.0)
    assert facts["median relative error, confidence >= 0.5"] == pytest.approx(0.1)
    assert facts["share with a number"] == 0.8
    assert facts["share confident"] == 0.8
    assert facts["dry songs confident over 1 s"] == 1.0
    assert facts["reverberance tells dry from rooms (AUC)"] == 1.0
