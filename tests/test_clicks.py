"""Clicks: found among music in place and number; drums, plucks and square waves are none."""

from __future__ import annotations

import numpy as np
import pytest

from mixmend.agent.bench.faults import chip_music, with_clicks
from mixmend.agent.bench.noise_cases import matched_times
from mixmend.tools.audio import Audio
from mixmend.tools.clicks import find_clicks
from mixmend.tools.noise import measure_noise
from tests.signals import music, sine


@pytest.mark.parametrize(("per_s", "peak"), [(1.0, 0.5), (5.0, 0.5), (15.0, 0.5)])
def test_most_clicks_are_found_and_hardly_anything_else(per_s: float, peak: float) -> None:
    there = found = claimed = right = 0
    for seed in range(2):
        faulty = with_clicks(
            music(15.0, seed=seed, release_s=0.02), per_s, peak, np.random.default_rng(seed)
        )
        clicks = find_clicks(faulty.audio)
        hits, true = matched_times(faulty.spans_s[:, 0], clicks.time_s)
        there, found = there + len(faulty.spans_s), found + hits
        claimed, right = claimed + clicks.count, right + true
    assert found >= 0.75 * there
    assert right >= 0.95 * claimed


@pytest.mark.parametrize("seed", range(4))
def test_a_band_with_drums_and_plucks_has_no_clicks(seed: int) -> None:
    assert find_clicks(music(15.0, seed=seed, release_s=0.02)).count == 0


def test_square_waves_gated_hard_are_no_clicks() -> None:
    found = [
        find_clicks(chip_music(15.0, 44100, np.random.default_rng(seed))).count
        for seed in range(100, 108)
    ]
    assert sum(found) <= 4


def test_a_click_in_one_channel_is_laid_to_that_channel() -> None:
    samples = sine(440, -20, 6.0, 44100).samples.copy()
    samples[1, 100000:100010] += 0.5
    clicks = find_clicks(Audio(samples, 44100))
    assert clicks.count == 1, clicks
    assert clicks.time_s[0] == pytest.approx(100005 / 44100, abs=0.002)
    assert clicks.log_odds[0, 1] > 2 > clicks.log_odds[0, 0]


def test_edges_of_dropouts_are_not_counted_as_clicks() -> None:
    samples = sine(440, -12, 6.0, 44100).samples.copy()
    samples[:, 100000:103000] = 0.0
    noise = measure_noise(Audio(samples, 44100)).value
    assert len(noise.dropouts) == 1
    assert noise.clicks_count == 0


def test_at_most_a_thousand_times_are_listed_but_all_are_counted() -> None:
    samples = sine(200, -30, 60.0, 44100).samples[:1].copy()
    places = np.arange(2000, samples.shape[1] - 2000, 2205) + 7
    samples[:, places] += np.random.default_rng(0).choice([-0.6, 0.6], places.size).astype("f4")
    noise = measure_noise(Audio(samples, 44100)).value
    assert noise.clicks_count is not None
    assert noise.clicks_count > 1000
    assert len(noise.clicks) == 1000


@pytest.mark.parametrize("rate_hz", [16000, 48000, 96000])
def test_clicks_are_found_at_other_rates(rate_hz: int) -> None:
    faulty = with_clicks(
        music(10.0, rate_hz, seed=1, release_s=0.02), 3.0, 0.6, np.random.default_rng(3)
    )
    hits, _ = matched_times(faulty.spans_s[:, 0], find_clicks(faulty.audio).time_s)
    assert hits >= 0.6 * len(faulty.spans_s)


@pytest.mark.parametrize("frames", [1, 50, 4410])
def test_short_sounds_do_no_harm(frames: int) -> None:
    assert find_clicks(Audio(np.ones((2, frames), dtype=np.float32), 44100)).count == 0
