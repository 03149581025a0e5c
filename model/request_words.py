"""Reads a free English instruction back into the problems it asks to repair.

Keywords vote. A topic ("bass", "treble", "hiss") names what the sentence is about, the nearest word
of direction in the same clause ("more", "reduce", "too much") says which way it should go, and both
together name the problem. Explanations ("by lifting the highs", "without distorting it") count
little or not at all, and what is to be left alone does not count.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache

from mixmend.model.problems import Problem
from mixmend.model.request_topics import LESS, MORE, TOPICS, WEAK_MORE, Topic

_SENTENCE = re.compile(r"[.!?\n]+")
_CLAUSE = re.compile(r"[,;:]|\b(?:and|but|then|also|plus|while)\b")
_WITHOUT = re.compile(r"\b(?:without|instead of|rather than)\b[^,;]*")
_LEAVE = re.compile(
    r"\b(?:do(?:n't| not)|never|no need to|leave|keep|not)\b[^,;]*"
    r"\b(?:touch\w*|chang\w+|alter\w*|alone|as (?:it|they) (?:is|are)|untouched|as is|intact)\b"
    r"[^,;]*"
)
_HOW = re.compile(r"\b(?:by (?:\w+ly )?\w+ing|for (?:a|an|more|the))\b[^,;]*")
_PURPOSE = re.compile(r"^.*\bto (?:give|make|get)\b")
_ASIDE_WEIGHT = 0.25
_ENOUGH = 1.0
_SURE = 2.0


def problems_in(instruction: str) -> tuple[Problem, ...]:
    """The problems an English instruction asks to repair, in its order; may be empty."""
    found: dict[Problem, None] = {}
    for sentence in _SENTENCE.split(instruction.lower().replace("’", "'")):
        for problem in _sentence_problems(sentence):
            found.setdefault(problem)
    return tuple(found)


def _sentence_problems(sentence: str) -> list[Problem]:
    sentence = _LEAVE.sub(" ", _WITHOUT.sub(" ", sentence))
    cuts = [match.start() for match in _CLAUSE.finditer(sentence)]
    aside = [match.span() for match in _HOW.finditer(sentence)]
    aside += [match.span() for match in _PURPOSE.finditer(sentence)]
    votes: dict[int, dict[Problem, float]] = defaultdict(lambda: defaultdict(float))
    for topic in TOPICS:
        for match in _compiled(topic.pattern).finditer(sentence):
            clause = sum(cut < match.start() for cut in cuts)
            problem = _problem_of(topic, _direction(sentence, cuts, clause, match.span()))
            if problem is not None:
                inside = any(start <= match.start() < stop for start, stop in aside)
                votes[clause][problem] += topic.weight * (_ASIDE_WEIGHT if inside else 1.0)
    return _choose(votes)


def _choose(votes: dict[int, dict[Problem, float]]) -> list[Problem]:
    best = [max(clause.items(), key=lambda item: item[1]) for _, clause in sorted(votes.items())]
    if not best:
        return []
    strongest = max(score for _, score in best)
    least = _SURE if strongest >= _SURE else min(strongest, _ENOUGH)
    return [problem for problem, score in best if score >= least]


def _problem_of(topic: Topic, direction: int) -> Problem | None:
    if direction > 0:
        return topic.more
    return topic.less if direction < 0 else topic.plain


def _direction(sentence: str, cuts: list[int], clause: int, span: tuple[int, int]) -> int:
    """+1 more, -1 less, 0 unsaid: the nearest word before the topic, after it, or earlier."""
    edges = [0, *cuts, len(sentence)]
    for number in range(clause, -1, -1):
        start, stop = edges[number], edges[number + 1]
        before = sentence[start : min(stop, span[0])] if number == clause else sentence[start:stop]
        after = sentence[span[0] : stop] if number == clause else ""
        for text in (before, after):
            if (sign := _sign(text, last=text is before)) != 0:
                return sign
        if _compiled(WEAK_MORE).search(before):
            return 1
    return 0


def _sign(text: str, *, last: bool) -> int:
    if "enough" in text and ("not " in text or "n't " in text):
        return 1
    signs = [(match.start(), 1) for match in _compiled(MORE).finditer(text)]
    signs += [(match.start(), -1) for match in _compiled(LESS).finditer(text)]
    if not signs:
        return 0
    return max(signs)[1] if last else min(signs)[1]


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{pattern})")
