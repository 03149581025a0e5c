"""Dynamics: known crest and DR, and figures that move the right way when music is squashed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.ndimage import uniform_filter1d

from mixmend.tools.audio import Audio
from mixmend.tools.dynamics import measure_dynamics
from mixmend.tools.measurement import Dynamics
from tests.signals import music, sine


def _of(audio: Audio) -> Dynamics:
    return measure_dynamics(audio).value


def _swelling(seed: int = 0) -> Audio:
    """Music whose level moves by some 12 dB over bars, as played music does."""
    audio = music(15.0, seed=seed)
    time_s = np.arange(audio.frames) / audio.sample_rate_hz
    gain = 10 ** ((-6 + 6 * np.sin(2 * np.pi * time_s / 5)) / 20)
    return Audio((audio.samples * gain).astype(np.float32), audio.sample_rate_hz)


def _compressed(audio: Audio, threshold_db: float, ratio: float) -> Audio:
    """A plain feed-forward compressor: 100 ms RMS level, no attack of its own."""
    width = round(0.1 * audio.sample_rate_hz)
    power = np.mean(np.square(audio.samples, dtype=np.float64), axis=0)
    level = 10 * np.log10(uniform_filter1d(power, width) + 1e-12)
    gain_db = -np.maximum(level - threshold_db, 0) * (1 - 1 / ratio)
    return Audio((audio.samples * 10 ** (gain_db / 20)).astype(np.float32), audio.sample_rate_hz)


def test_a_sine_has_3_db_of_crest_and_no_dr() -> None:
    value = _of(sine(440, -6, 9))
    assert value.crest_db == pytest.approx(3.01, abs=0.01)
    assert value.dr == pytest.approx(0.0, abs=0.01)  # DR scales RMS so that a sine reads 0


def test_dr_follows_the_procedure_on_blocks_with_known_peaks() -> None:
    # Ten 3 s blocks: RMS from the two loudest, the peak from the second highest.
    rate, gains = 8000, [0.9, 0.6] + [0.1] * 8
    time_s = np.arange(3 * rate) / rate
    wave = np.concatenate([gain * np.sin(2 * np.pi * 400 * time_s) for gain in gains])
    rms = math.sqrt((0.9**2 + 0.6**2) / 2)
    expected = 20 * math.log10(0.6 / rms)
    assert _of(Audio(wave[None].astype(np.float32), rate)).dr == pytest.approx(expected, abs=0.01)


def test_dr_averages_channels() -> None:
    noise = np.random.default_rng(0).standard_normal(8000 * 9) * 0.05
    tone = np.sin(2 * np.pi * 400 * np.arange(8000 * 9) / 8000) * 0.5
    both = _of(Audio(np.stack([tone, noise]).astype(np.float32), 8000)).dr
    alone = [_of(Audio(one[None].astype(np.float32), 8000)).dr for one in (tone, noise)]
    assert both == pytest.approx(sum(value or 0 for value in alone) / 2, abs=0.001)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_compression_rises_with_the_compressor(seed: int) -> None:
    audio = _swelling(seed)
    steps = [audio, *(_compressed(audio, t, r) for t, r in ((-22, 2), (-28, 4), (-40, 12)))]
    values = [_of(step).compression or 0.0 for step in steps]
    assert values == sorted(values)
    assert values[-1] > values[0] + 0.2


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_compression_rises_and_punch_falls_with_clipping(seed: int) -> None:
    audio = _swelling(seed)
    loud = Audio(np.clip(audio.samples * 15, -1, 1), audio.sample_rate_hz)
    before, after = _of(audio), _of(loud)
    assert (after.compression or 0) > (before.compression or 0) + 0.2
    assert (after.punch or 0) < (before.punch or 0)


def test_punch_falls_when_attacks_are_softened() -> None:
    audio = music(15.0)
    rate = audio.sample_rate_hz
    power = np.mean(np.square(audio.samples, dtype=np.float64), axis=0)
    fast, slow = (
        np.sqrt(uniform_filter1d(power, n) + 1e-9) for n in (round(0.01 * rate), round(0.3 * rate))
    )
    gain = np.minimum(1.0, (slow / fast) ** 0.9)
    soft = Audio((audio.samples * gain).astype(np.float32), rate)
    assert (_of(soft).punch or 0) < (_of(audio).punch or 0) - 0.1


def test_drums_have_more_punch_than_a_pad() -> None:
    rng = np.random.default_rng(0)
    time_s = np.arange(44100 * 10) / 44100
    pad = sum(np.sin(2 * np.pi * hz * time_s) for hz in (220, 277, 330)) * 0.1
    hits = np.exp(-np.mod(time_s, 0.5) * 30) * rng.standard_normal(time_s.size) * 0.2
    drums = Audio((hits + 0.01 * pad)[None].astype(np.float32), 44100)
    assert (_of(drums).punch or 0) > 0.8
    assert (_of(Audio(pad[None].astype(np.float32), 44100)).punch or 0) < 0.2


def test_gain_changes_nothing() -> None:
    audio = _swelling()
    quiet = Audio((audio.samples * 0.03).astype(np.float32), audio.sample_rate_hz)
    for key, value in _of(audio).model_dump().items():
        assert getattr(_of(quiet), key) == pytest.approx(value, abs=0.01), key


@pytest.mark.parametrize("rate", [8000, 22050, 96000])
def test_rates_agree(rate: int) -> None:
    value, reference = _of(music(9.0, rate_hz=rate)), _of(music(9.0, rate_hz=44100))
    assert value.compression == pytest.approx(reference.compression, abs=0.15)
    assert value.punch == pytest.approx(reference.punch, abs=0.25)


@pytest.mark.parametrize("rate", [8000, 11025, 192000])
@pytest.mark.parametrize("channels", [1, 6])
@pytest.mark.parametrize("duration_s", [0.1, 1.0, 3.2])
def test_any_rate_channels_and_length(rate: int, channels: int, duration_s: float) -> None:
    rng = np.random.default_rng(0)
    noise = 0.1 * rng.standard_normal((channels, round(rate * duration_s)))
    measured = measure_dynamics(Audio(noise.astype(np.float32), rate))
    assert measured.value.crest_db is not None
    assert (measured.value.dr is None) == (duration_s < 3)
    assert (measured.value.compression is None) == (duration_s < 3)
    assert bool(measured.notes) == (duration_s < 3)


def test_silence_gives_nulls_and_a_note() -> None:
    measured = measure_dynamics(Audio(np.zeros((2, 44100 * 4), dtype=np.float32), 44100))
    assert set(measured.value.model_dump().values()) == {None}
    assert measured.notes


def test_silence_inside_a_song_does_not_count_as_dynamics() -> None:
    audio = _swelling()
    gap = np.zeros((2, 44100 * 15), dtype=np.float32)
    longer = Audio(np.concatenate([gap, audio.samples, gap], axis=1), 44100)
    assert _of(longer).compression == pytest.approx(_of(audio).compression or 0, abs=0.1)
