"""The words people use for sound: nouns that need a direction, and sayings that carry their own.

They are kept in `data/lexicon.toml`; here they are read, once a process, into compiled patterns.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Noun:
    """A thing in the sound: the wishes for more and for less of it, and for neither said.

    `unwanted` things are faults by their mere mention ("the hiss"), and "no hiss" asks for less,
    where "no bass" complains of too little.
    """

    pattern: re.Pattern[str]
    more: str | None
    less: str | None
    bare: str | None
    unwanted: bool
    weight: float


@dataclass(frozen=True)
class Saying:
    """Words that name a wish by themselves; `directed` when they say which way to go."""

    pattern: re.Pattern[str]
    wish: str
    weight: float
    directed: bool


@dataclass(frozen=True)
class Lexicon:
    """Everything the clause rules read with.

    `more` and `less` are words of direction, `want_more` those that ask for an unwanted thing
    ("add reverb"), `voice` whoever sings or speaks.
    """

    nouns: tuple[Noun, ...]
    sayings: tuple[Saying, ...]
    more: re.Pattern[str]
    less: re.Pattern[str]
    want_more: re.Pattern[str]
    voice: re.Pattern[str]

    def plain_words(self) -> frozenset[str]:
        """Words of four letters and more that are spelt out in it: what typos are put right to."""
        patterns = [noun.pattern.pattern for noun in self.nouns]
        patterns += [saying.pattern.pattern for saying in self.sayings]
        found = re.compile(r"(?<![\\\w])[a-z]{4,}(?![\w?*+(\[])")
        return frozenset(word for pattern in patterns for word in found.findall(pattern))


def pattern_of(entry: Mapping[str, Any]) -> re.Pattern[str]:
    """One pattern of an entry's `words` (between word boundaries) and `raw` expressions."""
    words, raw = entry.get("words", ()), entry.get("raw", ())
    parts = [rf"\b(?:{'|'.join(words)})\b"] if words else []
    return re.compile("|".join([*parts, *raw]))


def load_patterns(name: str) -> dict[str, Any]:
    """A pattern file of the package's data, parsed."""
    text = (files("mixmend.agent") / "data" / name).read_text(encoding="utf-8")
    return tomllib.loads(text)


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The lexicon, read once a process."""
    data = load_patterns("lexicon.toml")
    nouns = tuple(
        Noun(
            pattern_of(entry),
            entry.get("more"),
            entry.get("less"),
            entry.get("bare"),
            entry.get("unwanted", False),
            entry.get("weight", 2.0),
        )
        for entry in data["noun"]
    )
    sayings = tuple(
        Saying(pattern_of(entry), entry["wish"], entry["weight"], entry.get("directed", False))
        for entry in data["saying"]
    )
    sides = (pattern_of(data[name]) for name in ("more", "less", "want_more", "voice"))
    return Lexicon(nouns, sayings, *sides)
