"""Dynamics: over-compression undone, cut attacks found to the sample, levels ridden."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from mixmend.model.degrade import degrade
from mixmend.tools.audio import Audio
from mixmend.tools.paper_error import onset_strength, paper_error, si_sdr_db
from mixmend.tools.process.dynamics import even_levels, expand, sharpen_transients
from mixmend.tools.process.envelope import Follower
from mixmend.tools.process.equalize import Curve, equalize
from mixmend.tools.process.gain_steps import find_cuts
from mixmend.tools.process.hop_levels import hop_levels, with_gains
from mixmend.tools.process.squash import squash_of
from mixmend.tools.region import Region
from tests.signals import music

RATE = 44100
Process = Callable[..., Audio]


def _swelling(duration_s: float = 8.0, rate_hz: int = RATE, seed: int = 0) -> Audio:
    """Bowed chords with soft attacks and some breath, in passages of different loudness."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(duration_s * rate_hz)) / rate_hz
    out = 0.001 * rng.standard_normal((2, time_s.size))
    for note, beats_per_s in ((82.4, 2.0), (164.8, 1.0), (247.0, 3.0), (329.6, 4.0), (415.3, 1.5)):
        beat_s = (time_s + rng.uniform(0, 0.1)) % (1 / beats_per_s)
        beat = 0.15 + np.minimum(beat_s / 0.02, 1) * np.exp(-8 * beats_per_s * beat_s)
        phase = 2 * np.pi * note * time_s + 0.3 * np.sin(2 * np.pi * 5 * time_s)
        tone = sum(np.sin(k * phase + rng.uniform(0, 6)) / k**1.5 for k in range(1, 9))
        out += rng.uniform(0.2, 1, (2, 1)) * tone * beat
    passages_db = np.interp(time_s % 8, [0, 2, 4, 6, 8], [-12, -2, -9, 0, -12])
    out *= 10 ** (passages_db / 20)
    return Audio((0.9 * out / np.max(np.abs(out))).astype(np.float32), rate_hz)


def _level_db(samples: np.ndarray) -> float:
    return 10 * float(np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-12))


@pytest.fixture(scope="module")
def song() -> Audio:
    return _swelling()


@pytest.fixture(scope="module")
def punched(song: Audio) -> Audio:
    return degrade(song, "punch", parameters={"reduction_db": 9.0}).audio


ALL: list[Process] = [
    expand,
    partial(expand, keep_loudness=True, least_amount=1.0),
    sharpen_transients,
    partial(sharpen_transients, emphasis_db=9.0),
    even_levels,
]


@pytest.mark.parametrize("process", ALL)
def test_strength_zero_returns_the_input(process: Process, punched: Audio) -> None:
    assert process(punched, strength=0.0) is punched


@pytest.mark.parametrize("process", ALL)
@pytest.mark.parametrize(
    ("rate_hz", "channels", "duration_s"),
    [(8000, 1, 0.1), (44100, 2, 0.1), (96000, 6, 0.4), (48000, 2, 1.0)],
)
@pytest.mark.parametrize("level", [0.0, 0.2])
def test_any_shape_stays_finite(
    process: Process, rate_hz: int, channels: int, duration_s: float, level: float
) -> None:
    rng = np.random.default_rng(1)
    noise = rng.standard_normal((channels, round(duration_s * rate_hz)))
    sound = Audio((level * noise).astype(np.float32), rate_hz)
    out = process(sound)
    assert out.samples.shape == sound.samples.shape
    assert out.samples.dtype == np.float32
    assert np.isfinite(out.samples).all()


@pytest.mark.parametrize("process", ALL)
def test_nothing_changes_outside_the_region(process: Process, punched: Audio) -> None:
    out = process(punched, region=Region(2.0, 7.0))
    first, last = 2 * RATE, 7 * RATE
    assert np.array_equal(out.samples[:, :first], punched.samples[:, :first])
    assert np.array_equal(out.samples[:, last:], punched.samples[:, last:])


@pytest.mark.parametrize("process", ALL)
def test_same_result_twice_and_half_strength_between(process: Process, punched: Audio) -> None:
    whole = process(punched)
    assert np.array_equal(whole.samples, process(punched).samples)
    half = process(punched, strength=0.5).samples
    middle = 0.5 * (punched.samples + whole.samples)
    assert np.allclose(half, middle, atol=1e-6)


def test_untouched_music_is_left_alone(song: Audio) -> None:
    even = music(8.0)
    assert expand(even) is even
    assert even_levels(even) is even
    assert sharpen_transients(even) is even
    assert sharpen_transients(song) is song


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_expansion_lowers_the_error_of_compression(seed: int, song: Audio) -> None:
    squashed = degrade(song, "comp", seed).audio
    out = expand(squashed)
    assert squash_of(hop_levels(squashed)).probability > 0.7
    assert paper_error("comp", song, out) < 0.8 * paper_error("comp", song, squashed)
    # Gains go in straight lines between hops, so a peak may pass by a little.
    assert np.max(np.abs(out.samples)) <= 1.1 * np.max(np.abs(squashed.samples))


def test_how_much_is_expanded_does_not_depend_on_the_level(song: Audio) -> None:
    squashed = degrade(song, "comp", 1).audio

    def shape(gain: float) -> np.ndarray:
        out = expand(Audio(squashed.samples * np.float32(gain), RATE)).samples
        return out / np.sqrt(np.mean(np.square(out)))

    for gain in (0.1, 0.001):
        agreement = float(np.mean(shape(gain) * shape(1.0)))
        assert agreement > 0.97


def test_a_faint_song_stays_faint_and_others_come_nearer_to_the_usual_level(song: Audio) -> None:
    squashed = degrade(song, "comp", 1).audio

    def level(gain: float) -> float:
        return _level_db(expand(Audio(squashed.samples * np.float32(gain), RATE)).samples)

    assert level(0.0003) == pytest.approx(level(0.001) + 20 * np.log10(0.3), abs=0.1)
    assert level(1.0) - level(0.5) == pytest.approx(3.0, abs=1.5)  # 6 dB apart before


def test_a_song_over_full_scale_is_not_left_there(song: Audio) -> None:
    squashed = degrade(song, "comp", 1).audio
    loud = Audio(squashed.samples * np.float32(3), RATE)
    assert np.abs(expand(loud).samples).max() < 0.5 * np.abs(loud.samples).max()


def test_wished_expansion_keeps_loudness_and_widens_levels(song: Audio) -> None:
    out = expand(song, least_amount=1.0)
    assert _level_db(out.samples) == pytest.approx(_level_db(song.samples), abs=0.3)
    passages = [slice(at * RATE, (at + 1) * RATE) for at in (0, 2)]
    before, after = (
        [_level_db(sound.samples[:, passage]) for passage in passages] for sound in (song, out)
    )
    assert after[1] - after[0] > before[1] - before[0] + 1


def test_cuts_are_found_to_the_sample(song: Audio) -> None:
    damaged = song.samples.copy()
    cuts = [(60000, 64000), (100000, 102500), (250000, 256000)]
    for start, stop in cuts:
        damaged[:, start:stop] *= np.float32(10 ** (-10 / 20))
    found = find_cuts(Audio(damaged, RATE))
    assert found.reduction_db == pytest.approx(10, abs=0.3)
    assert [(cut.start, cut.stop) for cut in found.passages] == cuts


def test_cuts_are_found_among_the_traces_of_other_faults(song: Audio) -> None:
    """A shelf is off by some decibels, and steps of another size are among those of the cuts."""
    rng = np.random.default_rng(8)
    damaged = song.samples.copy()
    lowered = np.zeros(song.frames, dtype=bool)
    for start in rng.choice(song.frames // 8000 - 1, 16, replace=False) * 8000:
        lowered[start : start + 2000] = True
    damaged[:, lowered] *= np.float32(10 ** (-9 / 20))
    shelf = Curve((100.0, 400.0), (-2.0, 0.0))
    shelved = equalize(Audio(damaged, RATE), shelf)
    noisy = shelved.samples.copy()
    for at in range(5000, song.frames, 16000):
        noisy[:, at : at + 40] *= rng.uniform(0.1, 0.55)
    found = find_cuts(Audio(noisy, RATE))
    raised = np.zeros(song.frames, dtype=bool)
    for cut in found.passages:
        raised[cut.start : cut.stop] = True
    assert found.reduction_db == pytest.approx(9, abs=0.7)
    assert np.sum(raised & lowered) > 0.7 * lowered.sum()
    assert np.sum(raised & ~lowered) < 0.3 * lowered.sum()


def test_no_cuts_in_music_noise_or_clipping(song: Audio) -> None:
    rng = np.random.default_rng(5)
    noise = Audio((0.2 * rng.standard_normal((2, 4 * RATE))).astype(np.float32), RATE)
    clipped = degrade(song, "clip", parameters={"gain": 3}).audio
    assert all(not find_cuts(sound).passages for sound in (song, noise, clipped))


@pytest.mark.parametrize("arithmetic", ["described", "script"])
def test_punch_comes_back(song: Audio, arithmetic: str) -> None:
    damaged = degrade(song, "punch", parameters={"arithmetic": arithmetic}).audio
    out = sharpen_transients(damaged)
    assert paper_error("punch", song, out) < 0.5 * paper_error("punch", song, damaged)
    assert si_sdr_db(song, out) > si_sdr_db(song, damaged) + 6


def test_emphasis_raises_attacks_only(song: Audio) -> None:
    out = sharpen_transients(song, emphasis_db=9.0)
    gain_db = 20 * np.log10(
        (np.abs(out.samples) + 1e-9).max(axis=0) / (np.abs(song.samples) + 1e-9).max(axis=0)
    )
    assert gain_db.min() > -1e-3
    assert 3 < gain_db.max() <= 9.0 + 1e-3
    assert np.mean(gain_db > 0.5) < 0.35
    assert onset_strength(out) > onset_strength(song)


def test_leveller_brings_passages_together() -> None:
    song = music(24.0)
    time_s = np.arange(song.frames) / RATE
    gain = np.where((time_s > 8) & (time_s < 16), 10 ** (-14 / 20), 1.0)
    uneven = Audio((song.samples * gain).astype(np.float32), RATE)
    out = even_levels(uneven)

    def step_db(audio: Audio) -> float:
        loud, soft = (audio.samples[:, at * RATE : (at + 4) * RATE] for at in (2, 10))
        return _level_db(loud) - _level_db(soft)

    assert step_db(uneven) - step_db(out) == pytest.approx(8, abs=3)
    assert _level_db(out.samples) == pytest.approx(_level_db(uneven.samples), abs=0.3)


def test_leveller_does_not_raise_silence() -> None:
    song = music(12.0)
    silent = song.samples.copy()
    silent[:, 6 * RATE :] *= np.float32(1e-4)
    out = even_levels(Audio(silent, RATE)).samples
    rise_db = _level_db(out[:, 9 * RATE :]) - _level_db(silent[:, 9 * RATE :])
    assert rise_db < 1.0


def test_gains_are_put_back_block_by_block(song: Audio) -> None:
    levels = hop_levels(song)
    gains_db = np.linspace(-6, 6, levels.power.size)
    out = with_gains(song, gains_db, levels.hop)
    places = (np.arange(gains_db.size) + 0.5) * levels.hop
    expected = song.samples * 10 ** (np.interp(np.arange(song.frames), places, gains_db) / 20)
    assert np.allclose(out.samples, expected, atol=1e-6)


def test_follower_settles_and_goes_on_between_blocks() -> None:
    follow = Follower(0.01, 0.1, 1000)
    rising = follow(np.ones(10))
    assert rising[-1] == pytest.approx(1 - np.exp(-1), abs=1e-9)
    falling = follow(np.zeros(100))
    assert falling[-1] == pytest.approx(rising[-1] * np.exp(-1), rel=1e-6)
