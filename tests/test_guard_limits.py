"""What one repair may do to a song must not let another harm through."""

from __future__ import annotations

import pytest

from mixmend.agent.bench.harms import HARMS, centred
from mixmend.agent.guard import judge
from mixmend.model.problems import Problem
from mixmend.tools.audio import Audio
from mixmend.tools.measure import measure
from mixmend.tools.measurement import Measurement
from tests.signals import music

FAMILIES = frozenset({"loudness", "clipping", "stereo", "noise", "spectrum"})


@pytest.fixture(scope="module")
def song() -> tuple[Audio, Measurement]:
    audio = centred(music(15.0, seed=6))
    return audio, measure(audio, families=FAMILIES)


@pytest.fixture(scope="module")
def wavering(song: tuple[Audio, Measurement]) -> tuple[Audio, Measurement]:
    audio = HARMS["level wobble"](song[0], 2)
    return audio, measure(audio, families=FAMILIES)


@pytest.mark.parametrize(
    "problem",
    [
        "dull", "muddy", "reverb", "noise", "hum", "clicks", "clipping", "dropouts", "squashed",
        "too_dry", "sibilant", "narrow",
    ],
)  # fmt: skip
def test_no_repair_excuses_a_level_that_wavers(
    problem: Problem, song: tuple[Audio, Measurement], wavering: tuple[Audio, Measurement]
) -> None:
    verdict = judge(song[0], wavering[0], song[1], wavering[1], problems=(problem,))
    assert not next(c for c in verdict.checks if c.name == "level_wobble").ok
    assert not verdict.kept
