"""Mains hum: found under music at its frequency and level; bass notes and loops are no hum."""

from __future__ import annotations

import numpy as np
import pytest

from mixmend.agent.bench.faults import with_hum
from mixmend.tools.audio import Audio
from mixmend.tools.hum import decimation, find_hum
from tests.signals import music, sine


def _tune(duration_s: float = 20.0, rate_hz: int = 44100, seed: int = 0) -> Audio:
    """Notes of all lengths from E1 up, never in step with a clock; some -20 dBFS."""
    rng = np.random.default_rng(seed)
    out = np.zeros(round(duration_s * rate_hz))
    at_s = 0.0
    while at_s < duration_s - 0.05:
        time_s = np.arange(round(min(rng.uniform(0.2, 1.5), duration_s - at_s) * rate_hz)) / rate_hz
        note_hz = 41.2 * 2 ** (rng.integers(0, 40) / 12)
        partials = [k for k in range(1, 9) if k * note_hz < 0.45 * rate_hz]
        note = sum(np.sin(2 * np.pi * k * note_hz * time_s) / k**1.5 for k in partials)
        start = round(at_s * rate_hz)
        out[start : start + time_s.size] += (note * np.exp(-2 * time_s))[: out.size - start]
        at_s += rng.uniform(0.1, 0.5)
    return Audio(np.stack([0.1 * out, 0.08 * out]).astype(np.float32), rate_hz)


@pytest.mark.parametrize("mains_hz", [50.0, 49.93, 60.0, 60.08])
def test_hum_under_music_is_found_at_its_frequency_and_level(mains_hz: float) -> None:
    humming = with_hum(_tune(seed=1), mains_hz, -40.0, np.random.default_rng(0)).audio
    hum = find_hum(humming)
    assert hum is not None
    assert hum.fundamental_hz == pytest.approx(mains_hz, abs=0.04)
    assert hum.level_dbfs == pytest.approx(-40.0, abs=1.0)
    assert len(hum.harmonics) >= 3


@pytest.mark.parametrize("seed", range(1, 4))
def test_music_does_not_hum(seed: int) -> None:
    assert find_hum(music(12.0, seed=seed)) is None
    assert find_hum(_tune(seed=seed)) is None


@pytest.mark.parametrize("note_hz", [48.999, 51.913, 58.27, 61.735])
def test_held_bass_notes_near_the_mains_are_no_hum(note_hz: float) -> None:
    time_s = np.arange(44100 * 20) / 44100
    note = sum(np.sin(2 * np.pi * k * note_hz * time_s) / k for k in range(1, 8))
    swell = 0.6 + 0.4 * np.sin(2 * np.pi * 0.25 * time_s)
    bass = Audio((0.1 * note * swell)[None].astype(np.float32), 44100)
    assert find_hum(bass) is None


def test_a_bar_that_repeats_exactly_is_no_hum() -> None:
    # A loop of 0.4 s has lines at every 2.5 Hz, those of the mains among them.
    bar = np.random.default_rng(4).standard_normal(17640) * np.exp(-np.arange(17640) / 3000)
    loop = Audio((0.1 * np.tile(bar, 50))[None].astype(np.float32), 44100)
    assert find_hum(loop) is None


def test_a_sequencer_at_125_beats_a_minute_is_no_hum() -> None:
    # Sixteenths of 0.12 s: lines at every 8 1/3 Hz, 50 Hz the strongest of those of the mains.
    time_s = np.arange(5292) / 44100
    note = sum(np.sin(2 * np.pi * k * 100 / 3 * time_s) / k for k in range(1, 9))
    step = note * np.exp(-time_s / 0.02)
    bass = Audio((0.1 * np.tile(step, 180))[None].astype(np.float32), 44100)
    assert find_hum(bass) is None


@pytest.mark.parametrize("rate_hz", [8000, 22050, 48000, 96000])
def test_hum_is_found_at_any_rate(rate_hz: int) -> None:
    humming = with_hum(_tune(12.0, rate_hz, seed=2), 50.0, -35.0, np.random.default_rng(1)).audio
    hum = find_hum(humming)
    assert hum is not None
    assert hum.fundamental_hz == pytest.approx(50.0, abs=0.05)


def test_too_short_a_sound_is_not_judged() -> None:
    assert find_hum(sine(50, -20, 0.5)) is None


def test_the_low_band_holds_all_harmonics_that_are_judged() -> None:
    for rate_hz in (8000, 44100, 48000, 88200, 192000):
        assert 2000 <= rate_hz / decimation(rate_hz) < 4001
