"""Dropouts: gaps in sounding music, not its pauses."""

from __future__ import annotations

import numpy as np
import pytest

from mixmend.agent.bench.faults import with_dropouts
from mixmend.tools.audio import Audio
from mixmend.tools.dropouts import Gap, find_gaps, spans
from tests.signals import music, sine


def _chord(duration_s: float = 10.0, rate_hz: int = 44100) -> Audio:
    parts = [sine(hz, -18, duration_s, rate_hz).samples for hz in (220.0, 277.2, 329.6, 1108.7)]
    return Audio(np.sum(parts, axis=0, dtype=np.float32), rate_hz)


@pytest.mark.parametrize("depth_db", [-200.0, -55.0])
def test_gaps_of_10_to_200_ms_are_found_in_place(depth_db: float) -> None:
    faulty = with_dropouts(_chord(), 8, np.random.default_rng(0), depth_db=depth_db)
    found = spans(find_gaps(faulty.audio), 44100)
    assert len(found) == len(faulty.spans_s) == 8
    assert np.array(found) == pytest.approx(faulty.spans_s, abs=0.005)


@pytest.mark.parametrize("rate_hz", [8000, 48000, 192000])
def test_gaps_are_found_at_any_rate(rate_hz: int) -> None:
    faulty = with_dropouts(_chord(4.0, rate_hz), 3, np.random.default_rng(1))
    assert len(spans(find_gaps(faulty.audio), rate_hz)) == len(faulty.spans_s)


@pytest.mark.parametrize("seed", range(4))
def test_music_has_no_dropouts(seed: int) -> None:
    assert find_gaps(music(12.0, seed=seed)) == []


def test_a_pause_that_rings_out_is_no_dropout() -> None:
    samples = _chord().samples.copy()
    at = np.arange(samples.shape[1]) / 44100
    ring = np.where(at < 4, 1.0, np.exp(-(at - 4) / 0.03)) * (at < 4.3) + (at >= 4.3)
    assert find_gaps(Audio((samples * ring).astype(np.float32), 44100)) == []


def test_the_end_and_a_long_silence_are_no_dropouts() -> None:
    samples = _chord().samples.copy()
    samples[:, 4 * 44100 : 6 * 44100] = 0.0
    samples[:, 9 * 44100 :] = 0.0
    assert find_gaps(Audio(samples, 44100)) == []


def test_an_offset_does_not_hide_a_gap() -> None:
    samples = _chord().samples.copy()
    samples[:, 200000:204410] = 0.0
    assert len(spans(find_gaps(Audio(samples + np.float32(0.05), 44100)), 44100)) == 1


def test_a_gap_in_one_channel_names_that_channel() -> None:
    samples = _chord().samples.copy()
    samples[1, 200000:204410] = 0.0
    gaps = find_gaps(Audio(samples, 44100))
    assert [gap.channel for gap in gaps] == [1]


def test_overlapping_gaps_of_channels_are_one_span() -> None:
    gaps = [Gap(0, 44100, 46305), Gap(1, 44100, 48510)]
    assert spans(gaps, 44100) == [(1.0, 1.1)]


@pytest.mark.parametrize("offset", [0.0, 0.1])
def test_a_bass_note_that_was_cut_off_flat_is_no_gap(offset: float) -> None:
    time_s = np.arange(44100 * 4) / 44100
    note = 6.0 * np.sin(2 * np.pi * 35 * time_s) * (1 + 0.2 * np.sin(2 * np.pi * 3 * time_s))
    clipped = np.clip(note + 0.02 * np.sin(2 * np.pi * 900 * time_s), -1, 1) + offset
    assert find_gaps(Audio(clipped[None].astype(np.float32), 44100)) == []
