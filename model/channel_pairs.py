"""How engines that hear two channels go through sound with more, or with one."""

from __future__ import annotations

from mixmend.tools.errors import UsageError

# First and last channel of what is heard together; a channel twice is heard as both sides. The
# channel for low effects of 5.1 and 7.1 is left alone: no model met one.
_PAIRS: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((0, 0),),
    2: ((0, 1),),
    3: ((0, 1), (2, 2)),
    4: ((0, 1), (2, 3)),
    5: ((0, 1), (2, 2), (3, 4)),
    6: ((0, 1), (2, 2), (4, 5)),
    7: ((0, 1), (2, 2), (4, 4), (5, 6)),
    8: ((0, 1), (2, 2), (4, 5), (6, 7)),
}


def channel_pairs(channels: int) -> tuple[tuple[int, int], ...]:
    """First and last channel of every pair of so many channels; UsageError for more than 8."""
    if channels not in _PAIRS:
        raise UsageError(f"{channels} channels are too many; the engine takes up to 8.")
    return _PAIRS[channels]
