"""Reads one clause: what rules and trained heads make of it, added up into a verdict.

Rules vote with the weight of what they matched; the heads vote with their log-probabilities. Where
rules found nothing the heads decide alone, which is what metaphors need; where rules are sure
("undo the second one") the heads cannot overrule them.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import numpy as np

from mixmend.agent import grammar_meta as meta
from mixmend.agent.grammar_target import find_target
from mixmend.agent.intents import KINDS, Kind
from mixmend.agent.lexicon import lexicon
from mixmend.agent.sentence_model import (
    ASPECT_NAMES,
    HEAD_KINDS,
    REMARK,
    WISH_NAMES,
    Guess,
    sentence_model,
)
from mixmend.agent.wish_rules import Reading, compares_with_others, read_wishes
from mixmend.agent.wishes import WISHES, Wish
from mixmend.model.problems import ASPECTS, Aspect

Way = Literal["rules", "embeddings", "fused"]

# How much a rule's word counts against the heads' log-probabilities; found on training families.
_RULE_WISH = 1.0
_RULE_COMPARED = 3.0
_RULE_KIND: dict[Kind, float] = {
    "question": 4.5, "leave": 6.0, "cannot": 5.5, "fix": 4.0, "auto": 2.5,
}  # fmt: skip
_RULE_SHARE = 0.5
_RULE_SURE = 6.0
_SURE = 0.9
# A command that a rule knows counts this much; an attempt at something else outweighs all.
_RULE_COMMAND = 6.0
_CERTAIN, _DECISIVE = 0.99, 20.0
# After a turn a short answer is likelier to speak of it than without one.
_AFTER_A_TURN = 0.0
_ANSWERS: tuple[Kind, ...] = (
    "undo", "redo", "stronger", "weaker", "compare", "explain", "approve", "report", "export",
)  # fmt: skip
_STANDS = 0.6
# When the head overrules the noun that a ban names ("the tanpura drone" is no hum).
_UNLIKELY, _LIKELY = 0.08, 0.6
# Only a rule (an attempt at something else) is so sure that it is told beside a real wish.
_DOUBTED = 0.89
# Two words on their own must be clearer than three to stand for a wish.
_STANDS_SHORT = 0.85


@dataclass(frozen=True)
class Verdict:
    """What a clause was read as, before it is put into an intent."""

    kind: Kind
    sure: float
    wish: Wish | None = None
    directed: bool = False
    aspect: Aspect | None = None
    # Said around a wish: a story, a denial; asks for nothing.
    remark: bool = False


@dataclass(frozen=True)
class Votes:
    """The rules' votes on one clause: kinds with weights, and the lexicon's reading."""

    kinds: dict[Kind, float]
    reading: Reading
    sure: bool = field(default=False)
    certain: bool = field(default=False)


class ClauseReader:
    """Reads clauses one `way`."""

    def __init__(self, way: Way = "fused") -> None:
        self.way = way
        self._model = None if way == "rules" else sentence_model()

    def judge(self, text: str, has_history: bool, *, asks: bool = False) -> Verdict:
        """The most likely reading of a clause of normalised text without places.

        With `asks` it is known to be no mere remark: all that was said.
        """
        votes = rule_votes(text, has_history)
        if self.way != "embeddings" and not asks and meta.is_remark(text):
            return Verdict("off_topic", 0.2, remark=True)
        guess = self._model.guess([text])[0] if self._model else None
        if guess is None:
            return _by_rules(text, votes)
        if self.way == "embeddings":
            votes = Votes({}, Reading())
        return _fused(text, votes, guess, has_history, asks)

    def stands(self, text: str) -> bool:
        """Whether a piece means something on its own, so that a sentence may be split there."""
        if self.way != "embeddings" and rules_stand(text):
            return True
        if self._model is None or len(text.split()) < 2:
            return False
        guess = self._model.guess([text])[0]
        least = math.log(_STANDS if len(text.split()) > 2 else _STANDS_SHORT)
        if guess.kind("fix") > least:
            return float(guess.wishes.max()) > least
        return float(guess.kinds.max()) > least


def rules_stand(text: str) -> bool:
    """Whether rules alone make something of a piece."""
    votes = rule_votes(text, False)
    return bool(votes.kinds) or bool(votes.reading.scores) or find_target(text) is not None


_ASKS = re.compile(
    r"(?:\w+[ ,]+){0,2}(?:why|what|how|which|where|when) (?:is|are|does|do|was|much|"
    r"many|loud)\b|(?:is|are|does) (?:it|the|there|my)\b"
)
_OF_MUSIC = re.compile(
    r"\b(?:it|song|track|mix|recording|lufs|loud\w*|peaks?|tempo|bpm|key|sound\w*|version|"
    r"pass|stereo|mono|dynamic\w*|headroom|problems?|wrong|measur\w*|numbers|clip\w*|rt60|"
    r"sample rate|bit ?rate|spectrum|frequenc\w+|vocals?|bass|decibels?|db|crest|"
    r"mastering)\b"
)


@lru_cache(maxsize=1024)
def rule_votes(text: str, has_history: bool) -> Votes:
    """What each rule says of a clause."""
    reading = read_wishes(text)
    said = meta.read_meta(text, has_history)
    if said is not None:
        return Votes(
            {said.kind: _RULE_SURE * said.sure}, reading, said.sure >= _SURE, said.sure >= _CERTAIN
        )
    kinds: dict[Kind, float] = {}
    unwanted = re.search(r"\b(?:do not|not) (?:want|like|need)\b", text) is not None
    if meta.is_question(text):
        about_song = bool(reading.best) or _OF_MUSIC.search(text) is not None
        strong = 2.0 if _ASKS.match(text) else 1.0
        kinds["question"] = strong * _RULE_KIND["question"] if about_song else 0.5
    elif (
        meta.is_leave(text)
        and not (reading.best and unwanted)
        and not (meta.is_praise(text) and aspect_of(text, reading) is None)
    ):
        kinds["leave"] = _RULE_KIND["leave"]
    elif meta.is_cannot(text):
        kinds["cannot"] = _RULE_KIND["cannot"]
    if reading.best:
        kinds["fix"] = min(_RULE_KIND["fix"], 1.5 * reading.scores[reading.best])
    if meta.is_auto(text):
        kinds["auto"] = _RULE_KIND["auto"]
    return Votes(kinds, reading)


def _by_rules(text: str, votes: Votes) -> Verdict:
    best = votes.reading.best
    wish = WISHES[best] if best else None
    directed = best in votes.reading.directed if best else False
    aspect = aspect_of(text, votes.reading)
    if votes.kinds == {"question": 0.5}:
        return Verdict("off_topic", 0.3)
    order: tuple[Kind, ...] = ("question", "leave", "cannot", "fix", "auto")
    if votes.sure or len(votes.kinds) == 1:
        kind = next(iter(votes.kinds))
    else:
        kind = next((kind for kind in order if kind in votes.kinds), "off_topic")
    sure = {True: 0.97, False: 0.85 if votes.kinds else 0.3}[votes.sure]
    return Verdict(kind, sure, wish, directed, aspect)


def _fused(text: str, votes: Votes, guess: Guess, has_history: bool, asks: bool) -> Verdict:
    wishes = guess.wishes.astype(np.float64).copy()
    # Which of two is the brighter one is for grammar to say.
    weight = _RULE_COMPARED if compares_with_others(text) else _RULE_WISH
    for name, points in votes.reading.scores.items():
        wishes[WISH_NAMES.index(name)] += weight * points
    kinds = guess.kinds.astype(np.float64).copy()
    for kind, points in votes.kinds.items():
        told = _RULE_COMMAND if votes.sure else _RULE_SHARE * points
        kinds[HEAD_KINDS.index(kind)] += _DECISIVE if votes.certain else told
    if has_history:
        for kind in _ANSWERS:
            kinds[HEAD_KINDS.index(kind)] += _AFTER_A_TURN
    if asks:
        kinds[HEAD_KINDS.index(REMARK)] = -np.inf
    shares = np.exp(kinds - kinds.max())
    shares /= shares.sum()
    best = HEAD_KINDS[int(kinds.argmax())]
    if best == REMARK:
        return Verdict("off_topic", 0.2, remark=True)
    kind = KINDS[HEAD_KINDS.index(best)]
    likely = np.exp(wishes - wishes.max())
    likely /= likely.sum()
    name = WISH_NAMES[int(wishes.argmax())]
    sure = float(shares.max()) * (float(likely.max()) if kind == "fix" else 1.0)
    if kind == "off_topic" and not votes.sure:
        sure = min(sure, _DOUBTED)
    named = name in votes.reading.scores
    directed = name in votes.reading.directed or (not named and says_direction(text))
    aspect = aspect_of(text, votes.reading)
    if kind == "leave":
        aspect = _left_alone(aspect, guess)
    wish = WISHES[name] if kind == "fix" or named else None
    return Verdict(kind, sure, wish, directed, aspect)


def _left_alone(named: Aspect | None, guess: Guess) -> Aspect | None:
    """The aspect that is to be left alone: the one named, unless the head surely knows better."""
    if named is not None:
        doubtful = float(guess.aspects[ASPECT_NAMES.index(named)]) < math.log(_UNLIKELY)
        if not doubtful or float(guess.aspects.max()) < math.log(_LIKELY):
            return named
    return _aspect_guessed(guess)


def _aspect_guessed(guess: Guess) -> Aspect | None:
    """The aspect that is to be left alone, where the head is more sure than not."""
    best = int(guess.aspects.argmax())
    name = ASPECT_NAMES[best]
    if float(guess.aspects[best]) < math.log(0.5):
        return None
    return next((aspect for aspect in ASPECTS if aspect == name), None)


_DIRECTION = re.compile(
    r"\b(?:more|less|add|boost|raise|increase|reduce|cut|lower|remove|get rid|turn (?:up|"
    r"down)|bring|lift|take|"
    r"give|make it \w+er|lacks?|needs?|too much|not enough|too little|missing some|"
    r"\w+en (?:it|the)|could be|i want|i would like|kill|tame|put)\b"
)


def says_direction(text: str) -> bool:
    """Whether a clause says which way to go rather than what is wrong."""
    return _DIRECTION.search(text) is not None


@lru_cache(maxsize=1)
def _nouns() -> tuple[tuple[re.Pattern[str], Aspect], ...]:
    found: list[tuple[re.Pattern[str], Aspect]] = []
    for noun in lexicon().nouns:
        names = [name for name in (noun.more, noun.less, noun.bare) if name]
        aspect = next((a for name in names if (a := WISHES[name].aspect)), None)
        if aspect:
            found.append((noun.pattern, aspect))
    return tuple(found)


def aspect_of(text: str, reading: Reading) -> Aspect | None:
    """The aspect a clause speaks of, whichever way it should or should not go."""
    spans = [(m.start(), aspect) for pattern, aspect in _nouns() if (m := pattern.search(text))]
    if spans:
        return min(spans)[1]
    best = reading.best
    return WISHES[best].aspect if best else None
