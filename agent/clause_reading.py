"""Reads one clause: what rules and trained heads make of it, added up into a verdict.

Rules vote with the weight of what they matched; the heads vote with their log-probabilities. Where
rules found nothing the heads decide alone, which is what metaphors need; where rules are sure
("undo the second one") the heads cannot overrule them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
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
    After,
    Guess,
    sentence_model,
)
from mixmend.agent.wish_rules import Reading, compares_with_others, read_wishes
from mixmend.agent.wishes import WISHES, Wish
from mixmend.model.problems import ASPECTS, Aspect

Way = Literal["rules", "embeddings", "fused"]

# How much a rule's word counts against the heads' log-probabilities; found on strangers' sentences
# that neither rules nor heads knew. A word of sound says little about what is wanted of it, and
# what asks for "just make it good" is rarely told by single words.
_RULE_WISH = 0.35
_RULE_COMPARED = 3.0
# "Thinner", "more low end": two or three words are what a lexicon knows best.
_SHORT, _RULE_SHORT = 3, 1.0
_RULE_KIND: dict[Kind, float] = {
    "question": 1.0, "leave": 2.0, "cannot": 1.0, "fix": 0.1, "auto": 0.1,
}  # fmt: skip
# "Is there any chance you could ..." is an order.
_NO_QUESTION = 3.0
_SURE = 0.9
# A command that a rule knows counts this much; an attempt at something else outweighs all.
_RULE_COMMAND = 4.0
_CERTAIN, _DECISIVE = 0.99, 20.0
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
    # How well the heads and rules together support this reading (0..1).
    support: float = 0.0


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

    def judge(self, text: str, after: After = "nothing", *, asks: bool = False) -> Verdict:
        """The most likely reading of a clause of normalised text without places.

        With `asks` it is known to be no mere remark: all that was said.
        """
        votes = rule_votes(text, after)
        if self.way != "embeddings" and not asks and meta.is_remark(text):
            return Verdict("off_topic", 0.2, remark=True, support=_SURE)
        guess = self._model.guess([text], after)[0] if self._model else None
        if guess is None:
            return _by_rules(text, votes)
        if self.way == "embeddings":
            votes = Votes({}, Reading())
        return _fused(text, votes, guess, asks)

    @property
    def has_heads(self) -> bool:
        """Whether trained heads read along."""
        return self._model is not None

    def read_ahead(self, texts: Sequence[str], after: After) -> None:
        """Let the heads read several clauses at once, which is quicker than one by one."""
        if self._model is not None:
            self._model.guess([text for text in texts if text], after)

    def says_one(self, text: str, after: After = "nothing") -> float:
        """How likely all of a sentence says one thing (0..1); 0 where only rules read."""
        return self._model.guess([text], after)[0].one if self._model else 0.0

    def stands(self, text: str, after: After = "nothing") -> bool:
        """Whether a piece means something on its own, so that a sentence may be split there."""
        if self.way != "embeddings" and rules_stand(text):
            return True
        if self._model is None or len(text.split()) < 2:
            return False
        guess = self._model.guess([text], after)[0]
        least = math.log(_STANDS if len(text.split()) > 2 else _STANDS_SHORT)
        if guess.kind("fix") > least:
            return float(guess.wishes.max()) > least
        return float(guess.kinds.max()) > least


def rules_stand(text: str) -> bool:
    """Whether rules alone make something of a piece."""
    votes = rule_votes(text)
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
def rule_votes(text: str, after: After = "nothing") -> Votes:
    """What each rule says of a clause."""
    reading = read_wishes(text)
    if after == "proposal" and meta.declines(text):
        return Votes({"leave": _RULE_COMMAND}, reading, sure=True)
    if meta.asks_about_song(text, after != "nothing"):
        return Votes({"question": _RULE_COMMAND}, reading, sure=True, certain=True)
    if meta.is_just_right(text) and aspect_of(text, reading) is not None:
        return Votes({"leave": _RULE_COMMAND}, reading)
    said = meta.read_meta(text, after != "nothing")
    if said is not None:
        return Votes(
            {said.kind: _RULE_COMMAND * said.sure},
            reading,
            said.sure >= _SURE,
            said.sure >= _CERTAIN,
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
        kinds["fix"] = _RULE_KIND["fix"]
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


# More of a fault is never forbidden: "no more hiss" is a wish, "no more bass" a ban.
_NO_MORE = re.compile(
    r"^(?:please |and |so |but )*no more (?:of )?(?:the |that |this |any )?"
    r"(?:background |tape |mains )?(?:hiss\w*|noise|hum\w*|buzz\w*|clicks?|pops?|crackl\w*|"
    r"distortion|clipping|static|echo\w*|mud|ess\w*|sibilance|dropouts?|harshness|boxiness|boom\w*|"
    r"crunch|rumble)\b"
)
# "The tanpura drone" is music and no hum.
_PLAYED_DRONE = re.compile(
    r"\b(?:tanpura|tambura|bagpipes?|shruti(?: box)?|hurdy-gurdy|didgeridoo|sitar|pipes?|organ|"
    r"cello|synth)(?:'s)? (?:drone|hum|buzz)"
)


def _fused(text: str, votes: Votes, guess: Guess, asks: bool) -> Verdict:
    wishes = guess.wishes.astype(np.float64).copy()
    # Which of two is the brighter one is for grammar to say.
    weight = _RULE_SHORT if len(text.split()) <= _SHORT else _RULE_WISH
    if compares_with_others(text):
        weight = _RULE_COMPARED
    for name, points in votes.reading.scores.items():
        wishes[WISH_NAMES.index(name)] += weight * points
    kinds = guess.kinds.astype(np.float64).copy()
    for kind, points in votes.kinds.items():
        kinds[HEAD_KINDS.index(kind)] += _DECISIVE if votes.certain else points
    if _NO_MORE.search(text):
        kinds[HEAD_KINDS.index("fix")] += _RULE_COMMAND
    if meta.asks_for_doing(text):
        kinds[HEAD_KINDS.index("question")] -= _NO_QUESTION
        if votes.reading.best:
            kinds[HEAD_KINDS.index("fix")] += _NO_QUESTION
            kinds[HEAD_KINDS.index("off_topic")] -= _NO_QUESTION
    if asks:
        kinds[HEAD_KINDS.index(REMARK)] = -np.inf
    shares = np.exp(kinds - kinds.max())
    shares /= shares.sum()
    best = HEAD_KINDS[int(kinds.argmax())]
    if best == REMARK:
        return Verdict("off_topic", 0.2, remark=True, support=float(shares.max()))
    kind = KINDS[HEAD_KINDS.index(best)]
    likely = np.exp(wishes - wishes.max())
    likely /= likely.sum()
    name = WISH_NAMES[int(wishes.argmax())]
    sure = float(shares.max()) * (float(likely.max()) if kind == "fix" else 1.0)
    support = sure
    if kind == "off_topic" and not votes.sure:
        sure = min(sure, _DOUBTED)
    named = name in votes.reading.scores
    directed = name in votes.reading.directed or (not named and says_direction(text))
    aspect = aspect_of(text, votes.reading)
    if kind == "leave":
        aspect = None if _PLAYED_DRONE.search(text) else _left_alone(aspect, guess)
    wish = WISHES[name] if kind == "fix" or named else None
    return Verdict(kind, sure, wish, directed, aspect, support=support)


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
