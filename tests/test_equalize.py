"""Curves as filters: exact gains, no delay, phase, regions, bit-exact nothing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from mixmend.model.damage import filtered
from mixmend.model.damage_tone import shelf
from mixmend.tools.audio import Audio
from mixmend.tools.process.equalize import Curve, Phase, equalize
from mixmend.tools.process.responses import bell_db, chebyshev_db, low_pass_db, shelf_db
from mixmend.tools.region import Region
from tests.signals import music, sine

TILT = Curve((100.0, 1000.0, 8000.0), (-6.0, 0.0, 6.0))


def level_db(audio: Audio) -> float:
    middle = audio.samples[:, audio.frames // 3 : -audio.frames // 3]
    return float(10 * np.log10(np.mean(np.square(middle, dtype=np.float64))))


@pytest.mark.parametrize("phase", ["minimum", "zero"])
@pytest.mark.parametrize("rate_hz", [16000, 44100, 96000])
def test_gain_at_each_frequency_is_the_curve(phase: Phase, rate_hz: int) -> None:
    for freq_hz, gain_db in ((60, -6.0), (100, -6.0), (1000, 0.0), (2828.4, 3.0), (7000, 5.61)):
        tone = sine(freq_hz, -12.0, 2.0, rate_hz)
        change = level_db(equalize(tone, TILT, phase=phase)) - level_db(tone)
        assert change == pytest.approx(gain_db, abs=0.12), freq_hz


def test_zero_phase_has_no_delay_and_half_strength_half_the_decibels() -> None:
    audio = music(4.0)
    out = equalize(audio, TILT, phase="zero")
    lags = range(-3, 4)
    middle = slice(20000, -20000)
    products = [
        float(np.sum(audio.samples[:, middle] * np.roll(out.samples, lag, axis=1)[:, middle]))
        for lag in lags
    ]
    assert lags[int(np.argmax(products))] == 0
    tone = sine(8000, -12.0, 2.0)
    halved = equalize(tone, TILT, strength=0.5)
    assert level_db(halved) - level_db(tone) == pytest.approx(3.0, abs=0.1)


def test_minimum_phase_inverse_gives_the_sound_back() -> None:
    clean = music(5.0)
    spoilt = filtered(clean, shelf(6000, -12.0, 44100, high=True))
    at_hz = np.geomspace(10, 22050, 256)
    gains = -shelf_db(at_hz, 6000, -12.0, 44100, high=True)
    back = equalize(spoilt, Curve(tuple(at_hz.tolist()), tuple(gains.tolist())))
    rest = np.mean(np.square(back.samples - clean.samples))
    assert 10 * np.log10(np.mean(np.square(clean.samples)) / rest) > 40


def test_nothing_is_changed_at_strength_zero_or_outside_the_region() -> None:
    audio = music(6.0)
    assert equalize(audio, TILT, strength=0.0) is audio
    assert equalize(audio, Curve((100.0,), (0.0,))) is audio
    out = equalize(audio, TILT, region=Region(2.0, 4.0))
    start, stop = audio.frame_at(2.0), audio.frame_at(4.0)
    assert np.array_equal(out.samples[:, :start], audio.samples[:, :start])
    assert np.array_equal(out.samples[:, stop:], audio.samples[:, stop:])
    assert not np.array_equal(out.samples[:, start:stop], audio.samples[:, start:stop])


def test_blocks_are_inaudible(monkeypatch: pytest.MonkeyPatch) -> None:
    from mixmend.tools.process import equalize as module

    audio = music(6.0)
    whole = equalize(audio, TILT)
    real = module.map_blocks
    monkeypatch.setattr(
        module,
        "map_blocks",
        lambda a, f, *, block_s, context_s: real(a, f, block_s=block_s / 20, context_s=context_s),
    )
    assert np.allclose(equalize(audio, TILT).samples, whole.samples, atol=2e-6)


@pytest.mark.parametrize(("rate_hz", "frames"), [(8000, 800), (44100, 1), (192000, 19200)])
def test_any_rate_and_length(rate_hz: int, frames: int) -> None:
    rng = np.random.default_rng(0)
    audio = Audio(rng.standard_normal((3, frames)).astype(np.float32), rate_hz)
    out = equalize(audio, TILT)
    assert out.samples.shape == audio.samples.shape
    assert np.all(np.isfinite(out.samples))


def test_responses_are_those_of_the_filters() -> None:
    impulse = np.zeros(65536)
    impulse[0] = 1.0
    freq_hz = np.fft.rfftfreq(65536, 1 / 44100)[30:-200]
    low_pass = sosfilt(butter(4, 4000, fs=44100, output="sos"), impulse)
    spectrum_db = 20 * np.log10(np.maximum(np.abs(np.fft.rfft(low_pass)), 1e-5))[30:-200]
    expected = np.maximum(low_pass_db(freq_hz, 4000, 4, 44100), -100)
    assert np.allclose(spectrum_db, expected, atol=0.05)
    assert shelf_db(np.array([15000.0]), 1000, 9.0, 44100, high=True)[0] == pytest.approx(
        9, abs=0.1
    )
    assert bell_db(np.array([500.0]), 500, -4.0, 1.0, 44100)[0] == pytest.approx(-4, abs=1e-6)
    stop = chebyshev_db(np.array([50.0, 1100.0]), 350, 3500, 12, "bandstop", 44100)
    assert stop[0] == pytest.approx(0, abs=0.5)
    assert stop[1] == pytest.approx(-12, abs=2)


def test_a_curve_must_make_sense() -> None:
    with pytest.raises(ValueError, match="one gain for each"):
        Curve((100.0, 200.0), (1.0,))
    with pytest.raises(ValueError, match="rise"):
        Curve((200.0, 100.0), (1.0, 2.0))
