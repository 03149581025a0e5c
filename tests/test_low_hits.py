"""Added bass hits are counted, what a long narrow filter does to the bass is not."""

from __future__ import annotations

import numpy as np
import pytest

from mixmend.agent.bench.harms import HARMS
from mixmend.agent.guard_limits import allowance
from mixmend.tools.audio import Audio
from mixmend.tools.low_hits import added_low_hits
from mixmend.tools.process.equalize import Curve, equalize

RATE = 44100


def _bass_line(duration_s: float = 12.0) -> Audio:
    """Plucked notes from E1 up, four a second, on both sides, and some hiss."""
    rng = np.random.default_rng(3)
    time_s = np.arange(round(0.25 * RATE)) / RATE
    notes = []
    for _ in range(round(duration_s / 0.25)):
        note_hz = 41.2 * 2 ** (int(rng.integers(0, 24)) / 12)
        wave = sum(np.sin(2 * np.pi * k * note_hz * time_s) / k for k in range(1, 5))
        notes.append(wave * np.exp(-6 * time_s))
    line = 0.15 * np.concatenate(notes)
    hiss = 1e-3 * rng.standard_normal((2, line.size))
    return Audio((line + hiss).astype(np.float32), RATE)


@pytest.fixture(scope="module")
def dried() -> tuple[Audio, Audio]:
    """A song and the same without two narrow resonances of 18 dB."""
    song = _bass_line()
    curve = Curve(
        (20.0, 50.0, 54.0, 58.0, 62.0, 100.0, 104.0, 108.0, 112.0, 20000.0),
        (0.0, 0.0, -18.0, -18.0, 0.0, 0.0, -18.0, -18.0, 0.0, 0.0),
    )
    return song, equalize(song, curve)


def test_a_long_narrow_filter_adds_no_hits(dried: tuple[Audio, Audio]) -> None:
    song, after = dried
    assert added_low_hits(song, after, ringing=True) <= 1
    assert added_low_hits(song, song, ringing=True) == 0


def test_hits_are_counted_beside_such_a_filter(dried: tuple[Audio, Audio]) -> None:
    song, after = dried
    kicked = HARMS["added kicks"](after, 1)
    assert added_low_hits(song, kicked, ringing=True) >= 15
    assert added_low_hits(song, HARMS["added kicks"](song, 1)) >= 15


def test_short_sound_and_silence_have_none() -> None:
    blip = Audio(np.zeros((2, 400), dtype=np.float32), RATE)
    still = Audio(np.zeros((2, 3 * RATE), dtype=np.float32), RATE)
    for sound in (blip, still):
        assert added_low_hits(sound, sound, ringing=True) == 0


def test_hits_are_looked_for_where_a_room_is_taken_out() -> None:
    assert not allowance(("reverb",)).bursts
    assert allowance(("squashed",)).bursts
    assert allowance(("reverb",), final=True).bursts
