"""Regions: how people write them, and that nothing outside one changes."""

from __future__ import annotations

import numpy as np
import pytest

from mixmend.tools.audio import Audio
from mixmend.tools.errors import UsageError
from mixmend.tools.region import Region, blend, parse_region, region_within
from tests.signals import music


@pytest.mark.parametrize(
    ("text", "start_s", "end_s"),
    [
        ("80:110", 80, 110),
        ("80.5:110", 80.5, 110),
        ("1m20s:1m50s", 80, 110),
        ("00:01:20-00:01:50", 80, 110),
        ("1:20-1:50", 80, 110),
        ("0:5", 0, 5),
        ("1h0m0s:1h0m2s", 3600, 3602),
    ],
)
def test_reads_every_way_of_writing(text: str, start_s: float, end_s: float) -> None:
    assert parse_region(text) == Region(start_s, end_s)


@pytest.mark.parametrize(
    "text", ["1:20:1:50", "110:80", "80:80", "", "a:b", "80", "-5:10", "1:2:3"]
)
def test_refuses_what_is_unclear(text: str) -> None:
    with pytest.raises(UsageError):
        parse_region(text)


def test_region_is_cut_to_the_song_and_refused_beyond_it() -> None:
    assert region_within(Region(5, 50), 20.0) == Region(5, 20.0)
    with pytest.raises(UsageError, match="only 20"):
        region_within(Region(25, 50), 20.0)


def test_blend_changes_nothing_outside_and_everything_deep_inside() -> None:
    before = music(4.0)
    after = Audio(before.samples * np.float32(0.5), before.sample_rate_hz)
    mixed = blend(before, after, region=Region(1.0, 3.0)).samples
    rate = before.sample_rate_hz
    assert np.array_equal(mixed[:, :rate], before.samples[:, :rate])
    assert np.array_equal(mixed[:, 3 * rate :], before.samples[:, 3 * rate :])
    inside = slice(int(1.1 * rate), int(2.9 * rate))
    assert np.allclose(mixed[:, inside], after.samples[:, inside], atol=1e-7)


def test_blend_at_strength_zero_is_the_same_object() -> None:
    before = music(1.0)
    assert blend(before, Audio(before.samples * 0, 44100), strength=0.0) is before
