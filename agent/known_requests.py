"""Requests in the words the engines were taught with: read at once, without weighing them.

`mixmend degrade` hands these sentences out and reports show them, so people paste them back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from mixmend.agent.intents import Intent
from mixmend.agent.wishes import WISHES
from mixmend.model.problems import Problem
from mixmend.model.requests import REQUESTS

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_NOT_LETTERS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Split:
    """The wishes of sentences that are known word for word, and the text that is left."""

    intents: tuple[Intent, ...]
    rest: str


def split_known(words: str) -> Split:
    """Take the known sentences out of a text; what is left must be read as any other text."""
    intents, rest = [], []
    for sentence in _SENTENCE_END.split(words.strip()):
        problem = _table().get(_plain(sentence))
        if problem is None:
            rest.append(sentence)
        else:
            intents.append(_intent(problem, sentence))
    return Split(tuple(intents), " ".join(rest))


def _intent(problem: Problem, sentence: str) -> Intent:
    wish = WISHES.get(problem)
    return Intent(
        kind="fix", problem=problem, aspect=wish.aspect if wish else None, change="fix",
        words=sentence, confidence=1.0,
    )  # fmt: skip


@cache
def _table() -> dict[str, Problem]:
    """Sentences by their letters; one that stands for two problems stands for neither."""
    table: dict[str, Problem] = {}
    twice: set[str] = set()
    for problem, sentences in REQUESTS.items():
        for sentence in sentences:
            plain = _plain(sentence)
            if plain in table and table[plain] != problem:
                twice.add(plain)
            table[plain] = problem
    return {plain: problem for plain, problem in table.items() if plain not in twice}


def _plain(sentence: str) -> str:
    return _NOT_LETTERS.sub(" ", sentence.lower()).strip()
