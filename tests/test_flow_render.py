"""Renderers: exact where nothing changes, right where the change is known."""

from __future__ import annotations

import numpy as np
import pytest

from mixmend.model.flow_render import RENDERS, render
from mixmend.tools.audio import Audio
from mixmend.tools.resample import resample
from tests.signals import music


def _span(samples: np.ndarray):
    return lambda a, b: np.ascontiguousarray(samples[:, a:b])


@pytest.fixture(scope="module")
def song() -> Audio:
    return music(6.0)


@pytest.mark.parametrize("how", ["faithful", "delta"])
@pytest.mark.parametrize("rate_hz", [44100, 48000, 8000])
@pytest.mark.parametrize("channels", [1, 2])
def test_nothing_changes_where_the_flow_does_nothing(
    song: Audio, how, rate_hz: int, channels: int
) -> None:
    source = resample(song, rate_hz)
    source = Audio(source.samples[:channels], rate_hz)
    decoded = np.random.default_rng(0).standard_normal((2, song.frames)).astype(np.float32)
    done = render(source, _span(decoded), _span(decoded), samples=song.frames, how=how)
    assert np.array_equal(done.samples, source.samples)


@pytest.mark.parametrize("rate_hz", [22050, 44100, 96000])
def test_a_gain_in_the_model_becomes_that_gain(song: Audio, rate_hz: int) -> None:
    source = resample(song, rate_hz)
    for how in RENDERS:
        done = render(
            source, _span(song.samples), _span(0.5 * song.samples), samples=song.frames, how=how
        )
        middle = slice(rate_hz, 4 * rate_hz)
        # -6 dB, right to 1 % (0.1 dB) whatever the renderer.
        error = done.samples[:, middle] - 0.5 * source.samples[:, middle]
        assert np.std(error) < 0.01 * np.std(source.samples[:, middle]), how


def test_strength_scales_decibels_or_waveforms(song: Audio) -> None:
    before, after = _span(song.samples), _span(0.25 * song.samples)
    middle = slice(44100, 4 * 44100)
    for how, gain in (("faithful", 0.5), ("delta", 0.625), ("generative", 0.625)):
        done = render(song, before, after, samples=song.frames, how=how, strength=0.5)
        error = done.samples[:, middle] - gain * song.samples[:, middle]
        assert np.std(error) < 0.01 * np.std(song.samples[:, middle]), how


def test_a_tonal_change_is_taken_over_band_by_band(song: Audio) -> None:
    from scipy.signal import butter, sosfilt

    bright = sosfilt(butter(2, 3000, "high", fs=44100, output="sos"), song.samples)
    after = (song.samples + bright).astype(np.float32)
    done = render(song, _span(song.samples), _span(after), samples=song.frames)

    def band_db(wave: np.ndarray, low: float, high: float) -> float:
        power = np.abs(np.fft.rfft(wave[0])) ** 2
        freq = np.fft.rfftfreq(wave.shape[1], 1 / 44100)
        return float(10 * np.log10(power[(freq >= low) & (freq < high)].sum()))

    for low, high in ((60, 500), (500, 2000), (6000, 12000)):
        assert band_db(done.samples, low, high) == pytest.approx(band_db(after, low, high), abs=0.7)


def test_mid_and_side_have_their_own_gains(song: Audio) -> None:
    mid, side = song.samples.mean(axis=0), 0.5 * (song.samples[0] - song.samples[1])
    wider = np.stack([mid + 2 * side, mid - 2 * side])
    done = render(song, _span(song.samples), _span(wider), samples=song.frames)
    middle = slice(44100, 4 * 44100)
    assert np.std(done.samples[:, middle] - wider[:, middle]) < 0.02 * np.std(wider)


def test_tiles_leave_no_seam(song: Audio, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    gains = np.repeat(rng.uniform(0.5, 1.5, 60), song.frames // 60 + 1)[: song.frames]
    after = (song.samples * gains).astype(np.float32)
    whole = render(song, _span(song.samples), _span(after), samples=song.frames)
    monkeypatch.setattr("mixmend.model.flow_render._TILE", 12 * 2048)
    tiled = render(song, _span(song.samples), _span(after), samples=song.frames)
    assert np.max(np.abs(tiled.samples - whole.samples)) < 1e-5


def test_silence_stays_silent_and_finite() -> None:
    silence = Audio(np.zeros((2, 30000), np.float32), 44100)
    noise = np.random.default_rng(2).standard_normal((2, 30720)).astype(np.float32)
    nothing = np.zeros_like(noise)
    done = render(silence, _span(nothing), _span(noise), samples=30720)
    assert not np.any(done.samples)
    done = render(silence, _span(noise), _span(nothing), samples=30720)
    assert np.all(np.isfinite(done.samples))
