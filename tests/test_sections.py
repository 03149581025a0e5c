"""Named parts of a song from its loudness."""

from __future__ import annotations

from mixmend.agent.sections import find_section
from mixmend.tools.measurement import Measurement, Timeline


def _song(levels: list[float]) -> Measurement:
    return Measurement(
        duration_s=float(len(levels)), sample_rate_hz=44100, channels=2,
        timeline=Timeline(time_s=[float(i) for i in range(len(levels))], short_term_lufs=levels),
    )  # fmt: skip


SONG = _song([-30.0] * 12 + [-20.0] * 20 + [-10.0] * 20 + [-20.0] * 20 + [-10.0] * 20 + [-30.0] * 8)


def test_choruses_are_the_loud_stretches() -> None:
    spans = find_section("chorus", SONG).spans
    assert len(spans) == 2
    assert abs(spans[0][0] - 32) <= 3
    assert abs(spans[1][1] - 92) <= 3
    assert find_section("chorus", SONG, nth=2).spans == (spans[1],)


def test_intro_and_outro_are_at_the_ends() -> None:
    intro = find_section("intro", SONG).spans[0]
    outro = find_section("outro", SONG).spans[0]
    assert intro[0] == 0.0
    assert 8 <= intro[1] <= 16
    assert outro[1] == 100.0


def test_halves_meet_in_the_middle() -> None:
    assert find_section("first half", SONG).spans == ((0.0, 50.0),)
    assert find_section("second half", SONG).spans == ((50.0, 100.0),)


def test_unknown_part_says_so() -> None:
    found = find_section("kazoo", SONG)
    assert found.spans == ()
    assert "kazoo" in found.grounds
