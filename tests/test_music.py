"""Tempo, key and vocals on sound whose answer is known, and on every odd shape of sound."""

from __future__ import annotations

import numpy as np
import pytest

from mixmend.tools.audio import Audio
from mixmend.tools.excerpts import take_excerpts
from mixmend.tools.key import NAMES, key_of
from mixmend.tools.measurement import Music
from mixmend.tools.music import measure_music
from mixmend.tools.tempo import tempo_of
from tests.signals import music, sine

RATE = 22050


def _clicks(bpm: float, duration_s: float = 16.0) -> Audio:
    rng = np.random.default_rng(0)
    out = 0.001 * rng.standard_normal(round(duration_s * RATE))
    hit = rng.standard_normal(1000) * np.exp(-np.arange(1000) / 150)
    for beat in range(int(duration_s * bpm / 60)):
        at = round(beat * 60 / bpm * RATE)
        out[at : at + 1000] += hit[: out.size - at] * (0.5 if beat % 4 else 1.0)
    return Audio((0.3 * out).astype(np.float32)[None], RATE)


def _cadence(tonic: int, minor: bool, seed: int = 0) -> Audio:
    """Tonic, subdominant, dominant, tonic in a key, each chord a second, detuned by seed."""
    rng = np.random.default_rng(seed)
    detune = rng.uniform(-0.3, 0.3)
    time_s = np.arange(RATE) / RATE
    bars = []
    for degree in (0, 5, 7, 0) * 2:
        third = 3 if minor and degree != 7 else 4
        bar = np.zeros(RATE)
        for step, octave in ((0, 36), (0, 60), (third, 60), (7, 60)):
            hz = 440 * 2 ** ((octave + (tonic + degree + step) % 12 + detune - 69) / 12)
            bar += sum(np.sin(2 * np.pi * k * hz * time_s) / k**1.5 for k in range(1, 7))
        bars.append(bar * np.exp(-time_s))
    wave = np.concatenate(bars)
    return Audio((0.5 * wave / np.abs(wave).max()).astype(np.float32)[None], RATE)


@pytest.mark.parametrize("bpm", [72.0, 100.0, 128.0, 163.0])
def test_tempo_of_a_drum(bpm: float) -> None:
    tempo = tempo_of(take_excerpts(_clicks(bpm)))
    assert tempo.bpm == pytest.approx(bpm, rel=0.01)
    assert (tempo.confidence or 0) > 0.5


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_tempo_of_a_band(seed: int) -> None:
    bpm = np.random.default_rng(seed).uniform(90, 130)
    assert tempo_of(take_excerpts(music(16.0, seed=seed))).bpm == pytest.approx(bpm, rel=0.01)


def test_nothing_repeats_in_noise_or_a_tone() -> None:
    noise = np.random.default_rng(0).standard_normal((1, RATE * 16)) * 0.1
    unsure = tempo_of(take_excerpts(Audio(noise.astype(np.float32), RATE)))
    assert (unsure.confidence or 0) < 0.3
    assert (tempo_of(take_excerpts(sine(440, -12, 16))).confidence or 0) < 0.3


@pytest.mark.parametrize("minor", [False, True])
@pytest.mark.parametrize("tonic", range(12))
def test_key_of_a_cadence(tonic: int, minor: bool) -> None:
    key = key_of(take_excerpts(_cadence(tonic, minor, seed=tonic)))
    assert key.name == f"{NAMES[tonic]} {'minor' if minor else 'major'}"
    assert (key.confidence or 0) > 0.4


def test_noise_has_no_key_worth_trusting() -> None:
    noise = np.random.default_rng(0).standard_normal((1, RATE * 8)) * 0.1
    assert (key_of(take_excerpts(Audio(noise.astype(np.float32), RATE))).confidence or 0) < 0.3


def test_instruments_are_not_taken_for_a_voice() -> None:
    for seed in range(3):
        value = measure_music(music(20.0, seed=seed)).value
        assert value.vocals is not True


def test_confidences_stay_between_nought_and_one_and_gain_changes_nothing() -> None:
    audio = music(12.0)
    value = measure_music(audio).value
    quiet = measure_music(Audio((audio.samples * 0.1).astype(np.float32), 44100)).value
    for name in ("tempo_bpm_confidence", "key_confidence", "vocals_confidence"):
        confidence = getattr(value, name)
        assert confidence is None or 0 <= confidence <= 1
    assert quiet.tempo_bpm == pytest.approx(value.tempo_bpm, rel=0.001)
    assert quiet.key == value.key


@pytest.mark.parametrize("rate", [8000, 44100, 192000])
@pytest.mark.parametrize("channels", [1, 6])
@pytest.mark.parametrize("duration_s", [0.1, 2.5, 5.0])
def test_any_rate_channels_and_length(rate: int, channels: int, duration_s: float) -> None:
    rng = np.random.default_rng(0)
    noise = 0.1 * rng.standard_normal((channels, round(rate * duration_s)))
    measured = measure_music(Audio(noise.astype(np.float32), rate))
    if duration_s < 4:
        assert measured.value.tempo_bpm is None
        assert any(note.startswith("music.tempo_bpm") for note in measured.notes)


def test_silence_gives_nulls_and_notes() -> None:
    measured = measure_music(Audio(np.zeros((2, RATE * 20), dtype=np.float32), RATE))
    assert measured.value == Music()
    assert len(measured.notes) == 3


def test_excerpts_spread_over_the_song() -> None:
    ramp = np.linspace(0, 1, RATE * 200, dtype=np.float32)[None]
    excerpts = take_excerpts(Audio(ramp, RATE))
    means = excerpts.middle.mean(axis=1)
    assert excerpts.middle.shape[0] == 4
    assert excerpts.rate_hz == pytest.approx(11025)
    assert list(means) == sorted(means)
    assert means[0] < 0.3
    assert means[-1] > 0.7
    assert not excerpts.side.any()
