"""Where in the song a change is meant: times, or a part by its name, as spans in seconds."""

from __future__ import annotations

from mixmend.agent.sections import find_section
from mixmend.agent.session import Session
from mixmend.tools.errors import InputError
from mixmend.tools.measurement import Span

# Parts that are told by their level: without a difference in level all of the song is meant.
_LEVEL_PARTS = frozenset({"loud parts", "quiet parts", "loud part", "quiet part"})
_SHORTEST_S = 0.05


def places(
    session: Session,
    start_s: float | None = None,
    end_s: float | None = None,
    section: str | None = None,
    nth: int | None = None,
) -> tuple[list[Span | None], str]:
    """The spans that are meant (None: the whole song), and on what grounds.

    A negative `start_s` counts from the end; `nth` says which verse. Raises InputError for a part
    that cannot be found and for a place outside the song.
    """
    if section:
        found = find_section(section, session.measurement(), nth)
        if not found.spans and section.lower() in _LEVEL_PARTS:
            return [None], "I could not tell these parts apart, so I took the whole song"
        if not found.spans:
            raise InputError(f"{found.grounds}; give me the time instead.")
        return list(found.spans), found.grounds
    if start_s is None and end_s is None:
        return [None], ""
    duration_s = session.record.source.duration_s
    start = start_s or 0.0
    if start < 0:
        start += duration_s
    end = duration_s if end_s is None else end_s
    start, end = max(0.0, start), min(duration_s, end)
    if end - start < _SHORTEST_S:
        raise InputError(f"the song is {duration_s:.0f} s long; choose a place inside it.")
    return [(start, end)], ""
