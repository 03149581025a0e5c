"""No number may be said that nothing measured."""

from __future__ import annotations

import pytest

from mixmend.agent.truth import unfounded_numbers

SOURCES = ['{"loudness.true_peak_dbtp": -1.04, "clipping.events": 212, "reverb.rt60_s": 1.87}']


@pytest.mark.parametrize(
    "text",
    [
        "Peaks now reach -1.0 dBTP.",
        "Peaks now reach \u22121.0 dBTP.",
        "There were 212 clipped spots and the reverb lasts 1.9 s.",
        "I did 3 things.",
        "1. First this\n2. then that",
        "It is brighter now.",
    ],
)
def test_measured_numbers_pass(text: str) -> None:
    assert unfounded_numbers(text, SOURCES) == []


@pytest.mark.parametrize(
    ("text", "lies"),
    [
        ("Peaks now reach -0.3 dBTP.", ["-0.3"]),
        ("I removed 85 % of the reverb.", ["85"]),
        ("Clipped spots fell from 212 to 17.", ["17"]),
    ],
)
def test_invented_numbers_are_named(text: str, lies: list[str]) -> None:
    assert unfounded_numbers(text, SOURCES) == lies
