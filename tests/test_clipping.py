"""Clipping is found at any level, in the right frames, and only where there is some."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import resample_poly, sawtooth, square

from mixmend.agent.bench.clipping import tabulate
from mixmend.agent.bench.clipping_cases import Found, Innocent, Repaired, cut_frames
from mixmend.tools.audio import Audio
from mixmend.tools.clipping import find_clipping, measure_clipping
from mixmend.tools.clipping_tops import quantisation_step
from mixmend.tools.process.limiter import limit
from tests import signals

RATE = 44100


def clipped(over_db: float, gain_db: float = 0.0, rate: int = RATE, seed: int = 0) -> Audio:
    song = signals.music(4.0, rate, seed=seed).samples
    loud = song / np.abs(song).max() * 10 ** (over_db / 20)
    return Audio((np.clip(loud, -1, 1) * 10 ** (gain_db / 20)).astype(np.float32), rate)


def check_frames(found: np.ndarray, over_db: float, rate: int = RATE) -> None:
    """Every frame with three cut samples in a row is found, and none with fewer than two cut."""
    song = signals.music(4.0, rate, seed=0).samples
    loud = song / np.abs(song).max() * np.float32(10 ** (over_db / 20))
    three = cut_frames(loud, rate)
    cut = np.abs(loud) >= 1
    any_cut = np.add.reduceat(cut.sum(axis=0), np.arange(0, cut.shape[1], round(0.1 * rate)))
    assert three.any()
    assert np.all(found[three])
    assert not np.any(found[any_cut < 2])


def quantised(audio: Audio, bits: int) -> Audio:
    steps = np.float32(2 ** (bits - 1))
    return Audio(np.rint(audio.samples * steps) / steps, audio.sample_rate_hz)


def f1(found: np.ndarray, true: np.ndarray) -> float:
    right = np.count_nonzero(found & true)
    return 2 * right / (np.count_nonzero(found) + np.count_nonzero(true))


@pytest.mark.parametrize(("over_db", "gain_db"), [(2.0, 0.0), (3.0, -20.0), (6.0, -7.3), (12, -13)])
@pytest.mark.parametrize("bits", [16, 24])
def test_frames_are_found_after_a_later_gain(over_db: float, gain_db: float, bits: int) -> None:
    found = find_clipping(quantised(clipped(over_db, gain_db), bits))
    check_frames(found.clipped, over_db)
    assert not found.coded


@pytest.mark.parametrize("rate", [8000, 22050, 96000])
def test_other_sample_rates(rate: int) -> None:
    check_frames(find_clipping(clipped(6.0, -5.0, rate)).clipped, 6.0, rate)


def test_level_share_and_regions_of_a_part() -> None:
    whole = signals.music(4.0, RATE).samples * np.float32(0.5)
    part = slice(2 * RATE, 3 * RATE)
    damaged = whole.copy()
    damaged[:, part] = np.clip(damaged[:, part] * 3, -0.25, 0.25)
    # The part is louder on the whole but its ceiling lies below peaks elsewhere.
    measured = measure_clipping(Audio(damaged, RATE)).value
    assert measured.level_dbfs == pytest.approx(20 * np.log10(0.25), abs=0.05)
    assert measured.regions
    assert min(start for start, _ in measured.regions) >= 1.9
    assert max(end for _, end in measured.regions) <= 3.1


def test_share_and_count_match_what_was_cut() -> None:
    song = signals.music(4.0, RATE).samples
    loud = song / np.abs(song).max() * np.float32(10 ** (6 / 20))
    over = np.abs(loud) >= 1
    measured = measure_clipping(clipped(6.0, -3.0))
    assert measured.value.fraction == pytest.approx(over.mean(), rel=0.02)
    runs = np.count_nonzero(over[:, 1:] & ~over[:, :-1])
    assert measured.value.events == pytest.approx(runs, rel=0.05)
    assert measured.value.level_dbfs == pytest.approx(-3.0, abs=0.01)
    assert sum(measured.per_second["clipped_samples"]) == pytest.approx(over.sum(), rel=0.02)
    assert len(measured.per_second["clipped_samples"]) == 4


def test_unequal_ceilings_of_the_two_sides() -> None:
    loud = signals.music(4.0, RATE).samples * 4
    damaged = np.clip(loud, -0.5, 0.8).astype(np.float32)
    levels = find_clipping(Audio(damaged, RATE)).levels
    assert levels[:, 0] == pytest.approx(0.8, rel=1e-3)
    assert levels[:, 1] == pytest.approx(0.5, rel=1e-3)


def test_resampled_clipping_is_found_by_its_pile_up() -> None:
    rng = np.random.default_rng(4)
    # Dense music: many partials that come and go, quiet and loud in turn.
    time_s = np.arange(8 * RATE) / RATE
    wave = np.zeros(time_s.size)
    for pitch in rng.uniform(80, 3000, 60):
        swell = 1 + np.sin(2 * np.pi * rng.uniform(0.2, 2) * time_s + rng.uniform(0, 6))
        wave += swell * np.sin(2 * np.pi * pitch * time_s) / pitch**0.5
    wave *= 0.6 + 0.4 * np.sin(2 * np.pi * 0.25 * time_s)
    loud = (wave / np.abs(wave).max() * 10 ** (8 / 20)).astype(np.float32)[None]
    damaged = np.clip(loud, -1, 1) * np.float32(0.5)
    moved = Audio(resample_poly(damaged, 160, 147, axis=1).astype(np.float32), 48000)
    measured = measure_clipping(moved)
    assert find_clipping(moved).coded
    assert f1(find_clipping(moved).clipped, cut_frames(loud, RATE)) >= 0.85
    assert measured.value.level_dbfs == pytest.approx(-6.0, abs=0.7)
    assert any("estimate" in note for note in measured.notes)
    intact = Audio(resample_poly(loud * 0.3, 160, 147, axis=1).astype(np.float32), 48000)
    assert not find_clipping(intact).found


def _time(seconds: float = 4.0) -> np.ndarray:
    return np.arange(round(seconds * RATE)) / RATE


def _chip() -> np.ndarray:
    time_s = _time()
    rng = np.random.default_rng(1)
    out = np.zeros(time_s.size)
    for duty, level, note_s in ((0.5, 0.35, 0.125), (0.25, 0.3, 0.25), (0.125, 0.2, 0.5)):
        pitch = rng.choice([220, 262, 330, 392, 523], size=round(4 / note_s))
        phase = np.cumsum(np.repeat(pitch, round(note_s * RATE))[: time_s.size]) / RATE
        out[: phase.size] += level * square(2 * np.pi * phase, duty)
    return out


UNCLIPPED = {
    "sine 50": np.sin(2 * np.pi * 50 * _time()),
    "sine 997": np.sin(2 * np.pi * 997 * _time()),
    "sine 5000": np.sin(2 * np.pi * 5000 * _time()),
    "saw": 0.9 * sawtooth(2 * np.pi * 220 * _time()),
    "triangle": 0.9 * sawtooth(2 * np.pi * 220 * _time(), 0.5),
    "square": 0.8 * square(2 * np.pi * 441 * _time()),
    "chip tune": _chip(),
    "noise": 0.2 * np.random.default_rng(0).standard_normal(_time().size),
    "silence": np.zeros(RATE),
    "offset": np.full(RATE, 0.5),
}


@pytest.mark.parametrize("name", UNCLIPPED)
@pytest.mark.parametrize("bits", [16, 24])
def test_synthetic_waves_are_not_called_clipped(name: str, bits: int) -> None:
    wave = np.clip(UNCLIPPED[name], -1, 1 - 2.0 ** (1 - bits)).astype(np.float32)
    measured = measure_clipping(quantised(Audio(np.stack([wave, wave]), RATE), bits))
    assert measured.value.fraction == 0
    assert measured.value.regions == []
    assert measured.value.level_dbfs is None


@pytest.mark.parametrize("gain_db", [4.0, 12.0])
@pytest.mark.parametrize("release_s", [0.005, 0.1])
def test_loud_limited_masters_are_not_called_clipped(gain_db: float, release_s: float) -> None:
    song = signals.music(4.0, RATE, seed=3)
    loud = Audio(song.samples * np.float32(10 ** (gain_db / 20)), RATE)
    master = limit(loud, ceiling_dbtp=-0.1, release_s=release_s, lookahead_s=0.001)
    assert not find_clipping(quantised(master, 16)).found
    assert not find_clipping(Audio(resample_poly(master.samples, 3, 2, axis=1), 66150)).found


def test_untouched_music_is_not_called_clipped() -> None:
    for seed in range(3):
        song = signals.music(4.0, RATE, seed=seed)
        fade = np.linspace(1, 0.01, song.frames, dtype=np.float32)
        assert not find_clipping(quantised(song, 16)).found
        assert not find_clipping(quantised(Audio(song.samples * fade, RATE), 16)).found


@pytest.mark.parametrize("frames", [1, 7, 441, 4410])
@pytest.mark.parametrize("channels", [1, 8])
def test_any_length_and_channel_count(frames: int, channels: int) -> None:
    wave = np.random.default_rng(0).uniform(-1, 1, (channels, frames)).astype(np.float32)
    measured = measure_clipping(Audio(wave, 8000))
    assert measured.value.fraction is not None
    assert 0 <= measured.value.fraction <= 1


def test_quantisation_step_is_recognised() -> None:
    song = signals.music(1.0)
    assert quantisation_step(quantised(song, 16)) == 2.0**-15
    assert quantisation_step(quantised(song, 8)) == 2.0**-7
    assert quantisation_step(song) == 2.0**-23


def test_table_pools_frames_and_counts_false_alarms() -> None:
    band = (1.0, 3.0)
    found = [Found("16 bit", band, 8, 2, 0), Found("16 bit", band, 1, 0, 1)]
    innocent = [Innocent("limited", "24 bit", 0.0), Innocent("limited", "24 bit", 0.2)]
    table = tabulate(found, innocent, [Repaired(2, 5.0, 0.8)], 2)
    assert table.rows[0] == ("16 bit", "1 to 3", 10.0, 0.818, 0.9, 0.857)
    assert table.facts["limited, 24 bit: called clipped"] == "1 of 2"
    assert "+5.0 dB" in str(table.facts["declip, gain 2"])
