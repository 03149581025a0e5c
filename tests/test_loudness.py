"""Loudness: the EBU signals, an independent meter, and sound of every odd shape."""

from __future__ import annotations

import math

import numpy as np
import pyloudnorm
import pytest

from mixmend.agent.bench.meters import read_case, run
from mixmend.tools.audio import Audio
from mixmend.tools.loudness import (
    channel_weights,
    integrated_lufs,
    k_hops,
    k_weighting_sos,
    loudness_range_lu,
    measure_loudness,
    momentary_series,
    short_term_series,
)
from mixmend.tools.tech3341 import cases
from tests.signals import music, sine

CASES = {case.name: case for case in cases()}


@pytest.mark.parametrize("name", CASES)
def test_ebu_signals_read_within_their_tolerance(name: str) -> None:
    read = read_case(CASES[name], 48000)
    assert CASES[name].accepts(read), f"reads {read:.3f}"


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 96000])
@pytest.mark.parametrize("number", [2, 5, 9, 12, 17, 22])
def test_ebu_signals_at_other_rates(number: int, rate: int) -> None:
    case = CASES[f"Tech 3341 case {number}"]
    assert case.accepts(read_case(case, rate))


def test_a_wrong_reading_is_not_accepted() -> None:
    assert not CASES["Tech 3341 case 1"].accepts(-22.8)
    assert not CASES["Tech 3341 case 20"].accepts(0.21)
    assert not CASES["Tech 3341 case 20"].accepts(math.nan)


def test_the_bench_prints_a_row_for_every_kind_of_case() -> None:
    table = run(quick=True)
    assert table.facts["passed"] == table.facts["cases"] == len(table.rows) == 25


def test_the_48_khz_filters_are_those_of_the_standard() -> None:
    shelf, high_pass = k_weighting_sos(48000)
    table = [1.53512485958697, -2.69169618940638, 1.19839281085285]
    assert shelf[:3] == pytest.approx(table, abs=1e-9)
    assert shelf[4:] == pytest.approx([-1.69065929318241, 0.73248077421585], abs=1e-9)
    assert high_pass[4:] == pytest.approx([-1.99004745483398, 0.99007225036621], abs=1e-9)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_agrees_with_an_independent_meter_on_music(seed: int) -> None:
    audio = music(12.0, seed=seed)
    meter = pyloudnorm.Meter(audio.sample_rate_hz, filter_class="DeMan")
    expected = meter.integrated_loudness(audio.samples.T.astype(np.float64))
    assert integrated_lufs(audio) == pytest.approx(expected, abs=0.05)


def test_surrounds_weigh_more_and_the_low_channel_nothing() -> None:
    tone = sine(1000, -30, 5).samples[:1]
    silent = np.zeros_like(tone)
    heard: dict[int, float | None] = {}
    for channel in range(6):
        channels = [tone if k == channel else silent for k in range(6)]
        heard[channel] = integrated_lufs(Audio(np.concatenate(channels), 48000))
    assert heard[3] is None
    assert heard[4] == pytest.approx(float(heard[0] or 0) + 1.5, abs=0.01)
    assert heard[2] == pytest.approx(float(heard[0] or 0), abs=0.001)
    assert channel_weights(2) == (1.0, 1.0)
    assert len(channel_weights(12)) == 12


def test_gain_moves_loudness_and_leaves_range() -> None:
    audio = music(12.0)
    quiet = Audio((audio.samples * 0.25).astype(np.float32), audio.sample_rate_hz)
    loud, soft = measure_loudness(audio).value, measure_loudness(quiet).value
    shift = 20 * math.log10(0.25)
    for key in ("integrated_lufs", "max_momentary_lufs", "true_peak_dbtp", "sample_peak_dbfs"):
        assert getattr(soft, key) == pytest.approx(getattr(loud, key) + shift, abs=0.01), key
    for key in ("range_lu", "plr_lu", "psr_lu"):
        assert getattr(soft, key) == pytest.approx(getattr(loud, key), abs=0.01), key


def test_ratios_are_differences_of_what_is_reported() -> None:
    value = measure_loudness(music(8.0)).value
    assert value.true_peak_dbtp is not None
    assert value.plr_lu == pytest.approx(value.true_peak_dbtp - float(value.integrated_lufs or 0))
    assert value.psr_lu == pytest.approx(
        value.true_peak_dbtp - float(value.max_short_term_lufs or 0)
    )


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (44100, 2), (48000, 8), (192000, 1)])
@pytest.mark.parametrize("duration_s", [0.1, 0.39, 0.41, 3.05])
def test_any_rate_channels_and_length(rate: int, channels: int, duration_s: float) -> None:
    rng = np.random.default_rng(0)
    noise = 0.1 * rng.standard_normal((channels, round(rate * duration_s)))
    measured = measure_loudness(Audio(noise.astype(np.float32), rate))
    assert (measured.value.integrated_lufs is None) == (duration_s < 0.4)
    assert (measured.value.max_short_term_lufs is None) == (duration_s < 3.0)
    assert measured.value.true_peak_dbtp is not None
    for series in measured.per_second.values():
        assert len(series) == math.ceil(duration_s)
    if duration_s < 3.0:
        assert any(note.startswith("loudness.") for note in measured.notes)


def test_silence_gives_nulls_and_a_note() -> None:
    measured = measure_loudness(Audio(np.zeros((2, 44100 * 4), dtype=np.float32), 44100))
    assert set(measured.value.model_dump().values()) == {None}
    assert measured.notes
    assert measured.per_second["short_term_lufs"] == (None,) * 4


def test_below_the_gate_there_is_a_peak_but_no_programme() -> None:
    measured = measure_loudness(sine(1000, -80, 5))
    assert measured.value.integrated_lufs is None
    assert measured.value.true_peak_dbtp == pytest.approx(-80, abs=0.1)
    assert "-70 LUFS" in " ".join(measured.notes)


def test_silence_around_a_song_does_not_lower_it() -> None:
    audio = music(8.0)
    padded = Audio(np.pad(audio.samples, ((0, 0), (441000, 441000))), audio.sample_rate_hz)
    assert integrated_lufs(padded) == pytest.approx(float(integrated_lufs(audio) or 0), abs=0.1)


def test_series_are_placed_in_time() -> None:
    quiet, loud = sine(1000, -40, 5).samples, sine(1000, -20, 5).samples
    audio = Audio(np.concatenate([quiet, loud], axis=1), 48000)
    momentary = momentary_series(audio, 0.1)
    assert momentary.lufs[0] == pytest.approx(-40, abs=0.1)
    assert momentary.lufs[50] == pytest.approx(-20, abs=0.1)
    assert len(short_term_series(audio, 0.1).lufs) == 71
    each = measure_loudness(audio).per_second["short_term_lufs"]
    assert each[1] == pytest.approx(-40, abs=0.1)
    assert each[8] == pytest.approx(-20, abs=0.1)
    assert loudness_range_lu(k_hops(audio)) == pytest.approx(20, abs=1)
