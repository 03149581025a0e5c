"""True peak: against known sines, against brute force, and at every odd shape of sound."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.signal import resample_poly

from mixmend.tools.audio import Audio
from mixmend.tools.true_peak import true_peak_dbtp, true_peak_series
from tests.signals import music


def _tone(period: float, phase_deg: float, frames: int = 4800, rate: int = 48000) -> Audio:
    angle = 2 * np.pi * np.arange(frames) / period + math.radians(phase_deg)
    fade = np.minimum(1, np.minimum(np.arange(frames), np.arange(frames)[::-1]) / 480)
    return Audio((0.5 * fade * np.sin(angle)).astype(np.float32)[None], rate)


@pytest.mark.parametrize("period", [3.0, 4.0, 6.0, 8.0, 40.0])
@pytest.mark.parametrize("phase_deg", [0.0, 22.5, 45.0, 67.5])
def test_reads_the_amplitude_of_a_sine_at_any_phase(period: float, phase_deg: float) -> None:
    expected = 20 * math.log10(0.5)
    # Eight-fold oversampling misses at most 20 log10 cos(pi / (8 period)) of the crest.
    lowest = expected + 20 * math.log10(math.cos(math.pi / (8 * period))) - 0.01
    assert lowest <= true_peak_dbtp(_tone(period, phase_deg)) <= expected + 0.02


def test_equals_brute_force_on_music_and_noise() -> None:
    rng = np.random.default_rng(1)
    noise = Audio((0.3 * rng.standard_normal((2, 30000))).astype(np.float32), 44100)
    for audio in (noise, music(3.0)):
        full = np.max(np.abs(_oversample(audio.samples)))
        assert true_peak_dbtp(audio) == pytest.approx(20 * math.log10(full), abs=0.02)


def _oversample(samples: np.ndarray) -> np.ndarray:
    """Eight-fold by scipy with as long a filter."""
    from scipy.signal import firwin

    taps = firwin(8 * 64 + 1, 1 / 8, window=("kaiser", 8.0))
    return np.asarray(resample_poly(samples.astype(np.float64), 8, 1, axis=1, window=taps))


def test_leaving_out_chunks_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from mixmend.tools import true_peak

    audio = music(2.0, seed=3)
    pruned = true_peak_series(audio, 0.1)
    bounds = true_peak._chunk_bounds
    monkeypatch.setattr(
        true_peak, "_chunk_bounds", lambda *given: np.full_like(bounds(*given), np.inf)
    )
    assert true_peak_series(audio, 0.1).true_peak == pytest.approx(pruned.true_peak, rel=1e-6)


def test_never_under_the_sample_peak_and_one_entry_a_second() -> None:
    audio = music(3.4)
    series = true_peak_series(audio)
    assert len(series.true_peak) == 4
    assert all(t >= s for t, s in zip(series.true_peak, series.sample_peak, strict=True))
    assert max(series.sample_peak) == pytest.approx(float(np.max(np.abs(audio.samples))))


def test_a_peak_at_the_join_of_two_blocks_is_found() -> None:
    samples = np.zeros((1, 48000 * 8), dtype=np.float32)
    samples[0, 3 * 48000 - 1 : 3 * 48000 + 1] = 0.7  # crest midway, across a second and a block
    expected = 0.7 * 4 / math.pi
    assert max(true_peak_series(Audio(samples, 48000)).true_peak) == pytest.approx(
        expected, rel=0.01
    )


@pytest.mark.parametrize("rate", [8000, 11025, 44100, 96000, 192000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_any_rate_channels_and_length(rate: int, channels: int) -> None:
    for frames in (1, 2, 63, 800, round(0.1 * rate)):
        audio = Audio(np.full((channels, frames), 0.25, dtype=np.float32), rate)
        assert -12.05 <= true_peak_dbtp(audio) < -8.0  # the edges of a step overshoot


def test_silence_has_no_peak() -> None:
    assert true_peak_dbtp(Audio(np.zeros((2, 5000), dtype=np.float32), 44100)) == -math.inf


def test_gain_moves_it_by_the_gain() -> None:
    audio = music(2.0)
    quieter = Audio((audio.samples * 0.1).astype(np.float32), audio.sample_rate_hz)
    assert true_peak_dbtp(quieter) == pytest.approx(true_peak_dbtp(audio) - 20, abs=0.001)
