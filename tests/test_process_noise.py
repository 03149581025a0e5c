"""Repairs of the noise family: better where the fault is, bit-exact where it is not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mixmend.agent.bench.faults import (
    Faulty,
    rms,
    with_clicks,
    with_dropouts,
    with_hiss,
    with_hum,
    with_offset,
)
from mixmend.agent.bench.noise_cases import PROCESSES, sdr_db, unlike_db
from mixmend.tools.audio import Audio
from mixmend.tools.clicks import find_clicks
from mixmend.tools.process.dc import remove_dc
from mixmend.tools.process.declick import declick
from mixmend.tools.process.dehum import dehum
from mixmend.tools.process.denoise import denoise
from mixmend.tools.process.dropouts import fill_dropouts
from mixmend.tools.process.interpolate import fill_gap
from mixmend.tools.process.overlap import take_away
from mixmend.tools.region import Region
from tests.signals import music, sine

Process = Callable[..., Audio]
FAULTS: dict[str, Callable[[Audio, np.random.Generator], Faulty]] = {
    "denoise": lambda audio, rng: with_hiss(audio, 25.0, rng, pink=False),
    "dehum": lambda audio, rng: with_hum(audio, 50.0, -30.0, rng),
    "declick": lambda audio, rng: with_clicks(audio, 3.0, 0.6, rng),
    "fill_dropouts": lambda audio, rng: with_dropouts(audio, 2, rng),
    "remove_dc": lambda audio, rng: with_offset(audio, 0.05, rng),
}


def _clean(seed: int = 2) -> Audio:
    return music(8.0, seed=seed, release_s=0.02)


def _faulty(name: str) -> Audio:
    return FAULTS[name](_clean(), np.random.default_rng(7)).audio


@pytest.mark.parametrize("name", list(FAULTS))
def test_a_repair_helps_and_keeps_shape_and_rate(name: str) -> None:
    clean, faulty = _clean(), _faulty(name)
    mended = PROCESSES[name](faulty)
    assert mended.samples.shape == faulty.samples.shape
    assert mended.samples.dtype == np.float32
    assert mended.sample_rate_hz == faulty.sample_rate_hz
    assert sdr_db(clean.samples, mended.samples) > sdr_db(clean.samples, faulty.samples) + 1.0


@pytest.mark.parametrize("name", list(PROCESSES))
def test_strength_nought_returns_the_input(name: str) -> None:
    faulty = _faulty(name) if name in FAULTS else _clean()
    process: Process = PROCESSES[name]
    assert process(faulty, strength=0.0) is faulty


@pytest.mark.parametrize("name", list(FAULTS))
def test_nothing_changes_outside_the_region(name: str) -> None:
    faulty = _faulty(name)
    process: Process = PROCESSES[name]
    mended = process(faulty, region=Region(2.0, 5.0))
    outside = np.r_[0 : 2 * 44100, 5 * 44100 : faulty.frames]
    assert np.array_equal(mended.samples[:, outside], faulty.samples[:, outside])
    assert not np.array_equal(mended.samples, faulty.samples)


@pytest.mark.parametrize("name", list(FAULTS))
def test_half_strength_is_half_the_change(name: str) -> None:
    faulty = _faulty(name)
    process: Process = PROCESSES[name]
    whole = process(faulty).samples - faulty.samples
    half = process(faulty, strength=0.5).samples - faulty.samples
    assert np.allclose(half, 0.5 * whole, atol=1e-6)


@pytest.mark.parametrize("name", list(PROCESSES))
@pytest.mark.parametrize("seed", [2, 3])
def test_clean_music_is_left_alone(name: str, seed: int) -> None:
    clean = _clean(seed)
    # The mean of this music is not quite zero, and is taken for an offset.
    least_db = 30.0 if name == "remove_dc" else 40.0
    assert sdr_db(clean.samples, PROCESSES[name](clean).samples) > least_db


@pytest.mark.parametrize("name", list(PROCESSES))
@pytest.mark.parametrize(("channels", "rate_hz", "frames"), [(1, 8000, 800), (3, 96000, 9600)])
def test_short_sounds_of_any_layout_stay_finite(
    name: str, channels: int, rate_hz: int, frames: int
) -> None:
    noise = 0.1 * np.random.default_rng(1).standard_normal((channels, frames))
    mended = PROCESSES[name](Audio(noise.astype(np.float32), rate_hz))
    assert mended.samples.shape == (channels, frames)
    assert np.all(np.isfinite(mended.samples))


@pytest.mark.parametrize("name", list(PROCESSES))
def test_silence_stays_silent(name: str) -> None:
    silence = Audio(np.zeros((2, 2 * 44100), dtype=np.float32), 44100)
    assert not PROCESSES[name](silence).samples.any()


def test_declick_changes_only_samples_near_clicks() -> None:
    faulty = with_clicks(_clean(), 3.0, 0.6, np.random.default_rng(1)).audio
    changed = np.flatnonzero(np.any(declick(faulty).samples != faulty.samples, axis=0)) / 44100
    times_s = find_clicks(faulty).time_s
    assert changed.size
    assert np.max(np.min(np.abs(changed[:, None] - times_s), axis=1)) < 0.006


def test_declick_restores_a_tone_under_impulses() -> None:
    tone = sine(440, -12, 4.0, 44100)
    samples = tone.samples.copy()
    samples[:, 22057::13003] += 0.7
    mended = declick(Audio(samples, 44100))
    assert sdr_db(tone.samples, mended.samples) > 50.0


def test_short_gaps_in_tones_are_filled_seamlessly() -> None:
    parts = [sine(hz, -20, 4.0, 44100).samples for hz in (220.0, 277.2, 1108.7)]
    chord = Audio(np.sum(parts, axis=0, dtype=np.float32), 44100)
    samples = chord.samples.copy()
    samples[:, 80000:80900] = 0.0
    mended = fill_dropouts(Audio(samples, 44100))
    gap = slice(80000, 80900)
    assert sdr_db(chord.samples[:, gap], mended.samples[:, gap]) > 20.0


def test_long_gaps_keep_level_and_colour() -> None:
    clean = _clean()
    faulty = with_dropouts(clean, 3, np.random.default_rng(3), length_s=(0.08, 0.15))
    mended = fill_dropouts(faulty.audio)
    before, after = [], []
    for start_s, end_s in faulty.spans_s:
        gap = slice(clean.frame_at(start_s), clean.frame_at(end_s))
        levels = rms(clean.samples[:, gap]), rms(mended.samples[:, gap])
        assert abs(20 * np.log10(levels[1] / levels[0])) < 4.0
        near = slice(clean.frame_at(start_s - 0.02), clean.frame_at(end_s + 0.02))
        wanted = Audio(clean.samples[:, near], 44100)
        before.append(unlike_db(wanted, Audio(faulty.audio.samples[:, near], 44100)))
        after.append(unlike_db(wanted, Audio(mended.samples[:, near], 44100)))
    assert np.mean(after) < 0.6 * np.mean(before)


def test_hum_is_taken_away_and_a_bass_note_beside_it_stays() -> None:
    # G1 and G2 lie 1 and 2 Hz under the hum.
    time_s = np.arange(20 * 44100) / 44100
    swell = 0.5 + 0.5 * np.cos(2 * np.pi * 0.15 * time_s)
    note = 0.2 * swell * (np.sin(2 * np.pi * 48.999 * time_s) + np.sin(2 * np.pi * 97.999 * time_s))
    bass = Audio(np.stack([note, note]).astype(np.float32), 44100)
    humming = with_hum(bass, 50.0, -35.0, np.random.default_rng(0))
    mended = dehum(humming.audio, hum_hz=50.0)
    left = mended.samples.astype(np.float64) - bass.samples
    assert 20 * np.log10(rms(humming.added) / rms(left)) > 6.0
    assert sdr_db(bass.samples, mended.samples) > 25.0


def test_drifting_hum_is_followed() -> None:
    time_s = np.arange(30 * 44100) / 44100
    phase = 2 * np.pi * (50.0 * time_s + 0.01 * np.sin(2 * np.pi * time_s / 60) * 60 / (2 * np.pi))
    hum = 0.02 * (np.sin(phase) + 0.5 * np.sin(2 * phase))
    mended = dehum(Audio(hum[None].astype(np.float32), 44100), hum_hz=50.0)
    assert rms(mended.samples) < 0.2 * rms(hum)


def test_hiss_goes_in_pauses_and_tones_stay() -> None:
    tone = sine(1000, -12, 12.0, 44100).samples * (np.arange(12 * 44100) // 44100 % 2 == 0)
    hissing = with_hiss(
        Audio(tone.astype(np.float32), 44100), 35.0, np.random.default_rng(0), pink=False
    )
    mended = denoise(hissing.audio)
    pause = slice(round(3.2 * 44100), round(3.8 * 44100))
    note = slice(round(4.2 * 44100), round(4.8 * 44100))
    gone_db = 20 * np.log10(rms(hissing.audio.samples[:, pause]) / rms(mended.samples[:, pause]))
    assert gone_db > 14.0
    assert rms(mended.samples[:, note]) == pytest.approx(rms(tone[:, note]), rel=0.005)


def test_offset_goes_and_digital_silence_stays() -> None:
    clean = _clean().samples.copy()
    clean[:, 3 * 44100 : 5 * 44100] = 0.0
    shifted = np.where(clean != 0, clean + np.float32(0.04), 0).astype(np.float32)
    mended = remove_dc(Audio(shifted, 44100)).samples
    assert not mended[:, round(3.02 * 44100) : round(4.98 * 44100)].any()
    assert np.abs(mended[:, : 3 * 44100].mean(axis=1)).max() < 0.003


def test_block_length_does_not_change_the_spectrum_repair() -> None:
    wave = music(3.0).samples[0]
    half = np.full((1, 1), 0.5, dtype=np.float32)
    whole = take_away(wave, 0, 2048, 4, lambda *_: half)
    part = take_away(wave[40000:], 40000, 2048, 4, lambda *_: half)
    assert np.allclose(part[4096:-4096], whole[44096:-4096], atol=1e-6)


def test_filling_a_gap_in_an_autoregressive_signal_beats_silence_by_far() -> None:
    rng = np.random.default_rng(0)
    wave = np.zeros(6000)
    for at in range(2, wave.size):
        wave[at] = 1.9 * wave[at - 1] - 0.95 * wave[at - 2] + 0.01 * rng.standard_normal()
    filled = fill_gap(wave, 3000, 3020, 8)
    assert np.sum((filled - wave[3000:3020]) ** 2) < 0.1 * np.sum(wave[3000:3020] ** 2)
