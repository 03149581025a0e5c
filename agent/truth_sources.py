"""Numbers in a text against plain texts: the simple check that needs no session.

A number counts as given when a source holds it, rounded to the digits said, or when it is a small
count. `agent.truth` asks more of a sentence; this serves where only texts are there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_NUMBER = re.compile(r"(?<![\w.])[-\u2212+]?\d+(?:[.,]\d+)?(?:e-?\d+)?")
_PERCENT = re.compile(r"\s?%")
_SMALL_COUNTS = frozenset(range(11))


def unfounded_numbers(text: str, sources: Iterable[str]) -> list[str]:
    """Numbers in `text` that no source holds, as they were written, in order."""
    known = [value for source in sources for value in _values(source)]
    # A share of 0 to 1 may be said in per cent.
    shares = [100.0 * value for value in known if 0.0 < abs(value) <= 1.0]
    plain = _without_lists(text)
    return [
        match.group()
        for match in _NUMBER.finditer(plain)
        if not _is_known(
            match.group(), [*known, *shares] if _PERCENT.match(plain, match.end()) else known
        )
    ]


def _is_known(said: str, known: Sequence[float]) -> bool:
    value = _parse(said)
    if value in _SMALL_COUNTS:
        return True
    digits = len(re.split(r"[.,]", said)[1]) if re.search(r"[.,]", said) else 0
    half = 0.5 * 10.0**-digits + 1e-9
    # Directions are often said with the magnitude only ("3.2 dB quieter").
    return any(abs(abs(value) - abs(number)) <= half for number in known)


def _values(source: str) -> list[float]:
    return [_parse(match.group()) for match in _NUMBER.finditer(source)]


def _parse(text: str) -> float:
    return float(text.replace("\u2212", "-").replace(",", "."))


def _without_lists(text: str) -> str:
    return re.sub(r"(?m)^\s*\d+[.)]\s", "", text)
