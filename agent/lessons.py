"""What the sentence model learns from: clauses, sentences, and what each head should say of them.

A sentence that says several things teaches the heads in shares, and that it is not one thing;
every epoch also joins clauses at random and puts remarks around them, so that a story or a "thanks"
beside a wish does not count as a second one.
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mixmend.agent.clause_text import plain_clause
from mixmend.agent.follow_ups import after_what
from mixmend.agent.intents import Intent, Kind
from mixmend.agent.sentence_model import ASPECT_NAMES, BEFORE, HEAD_KINDS, REMARK, WISH_NAMES, After
from mixmend.agent.train_encoder import Example
from mixmend.agent.utterances import Utterance, remarks, slip
from mixmend.agent.wishes import WISHES

CLASSES = {
    "kind": len(HEAD_KINDS), "wish": len(WISH_NAMES), "aspect": len(ASPECT_NAMES), "one": 2,
}  # fmt: skip
ONE, SEVERAL = 0, 1

# Shares of a head's classes; empty where the head learns nothing.
Shares = dict[int, float]

_ANSWERS: frozenset[Kind] = frozenset(
    {
        "undo", "redo", "stronger", "weaker", "compare", "explain", "approve", "report", "export",
    }
)  # fmt: skip
_RARE = frozenset({"off_topic", REMARK})
_BEFORE = ("hey ", "ok so ", "please ", "well ", "can you ", "um ", "i think ", "also ", "and ")
_AFTER = (
    " please", " thanks", " i think", " tbh", " a bit", " really", " somehow", "!", "?", " lol",
)  # fmt: skip
_JOINTS = (
    " and ", " and ", ", ", ", and ", ", ", " but ", ". ", "; ", ", also ", " plus ", " also ",
    ", then ", " and also ", ". also ", ", and please ", " - ",
)  # fmt: skip
_ASIDES = (", ", ". ", " but ", " and ", "; ", ", and ", ", so ", " - ")
# A wish that only the earlier turns explain ("the same there") teaches nothing by its words.
_LEANS_BACK = re.compile(r"\b(?:same|that|it|there|too|this)\b")
_SHORT_WORDS, _JOINED_WORDS = 7, 9


@dataclass(frozen=True)
class Lesson:
    """Words as the heads see them, what they came after (None: anything) and what they teach.

    `composed` clauses, put together by a grammar, are sampled; `times` is how often the others
    come up in an epoch.
    """

    words: str
    targets: dict[str, Shares]
    after: After | None = None
    times: int = 1
    composed: bool = False

    @property
    def kind(self) -> str:
        """The kind it teaches first of all."""
        return HEAD_KINDS[max(self.targets["kind"], key=self.targets["kind"].__getitem__)]

    @property
    def single(self) -> bool:
        """Whether it says one thing."""
        return self.targets["one"] == {ONE: 1.0}


@dataclass(frozen=True)
class Diet:
    """How much of what an epoch holds: shares of what comes up once, and how much is put together.

    `plain` is the share of plain wishes, `talk` of all else that asks; what is off topic and what
    asks for nothing always comes, since strangers rarely say it.
    """

    composed: float = 0.4
    plain: float = 1.0
    talk: float = 1.0
    joined: int = 2000
    remarked: int = 800


def wish_name(intent: Intent) -> str | None:
    """The name of the wish that a labelled intent is."""
    for wish in WISHES.values():
        same_problem = intent.problem is not None and wish.problem == intent.problem
        same_way = (wish.problem, wish.aspect, wish.change) == (None, intent.aspect, intent.change)
        if same_problem or same_way:
            return wish.name
    return None


def targets_of(intents: Sequence[Intent]) -> dict[str, Shares]:
    """What each head should say of words with these intents."""
    fixes = [(i.kind, wish_name(i), None) for i in intents if i.kind == "fix"]
    others = [
        (i.kind, i.aspect if i.kind == "leave" else i.target if i.kind == "target" else None, None)
        for i in intents
        if i.kind != "fix"
    ]
    said = list(dict.fromkeys([*fixes, *others]))
    kinds = [HEAD_KINDS.index(kind) for kind, _, _ in said]
    wishes = [WISH_NAMES.index(name) for kind, name, _ in said if kind == "fix" and name]
    aspects = [ASPECT_NAMES.index(name or "") for kind, name, _ in said if kind == "leave"]
    if len(said) == 1 and intents[0].kind == "fix":
        aspects = [ASPECT_NAMES.index(intents[0].aspect or "")]
    return {
        "kind": _shares(kinds),
        "wish": _shares(wishes),
        "aspect": _shares(aspects),
        "one": {ONE if len(said) == 1 else SEVERAL: 1.0},
    }


def _shares(classes: Iterable[int]) -> Shares:
    counts = Counter(classes)
    return {name: count / counts.total() for name, count in counts.items()}


def lesson_of(utterance: Utterance, times: int = 1) -> Lesson | None:
    """An utterance as a lesson; None when its words alone do not say what it means."""
    words = plain_clause(utterance.words)
    leans = (
        utterance.history
        and len(utterance.intents) == 1
        and utterance.intents[0].kind == "fix"
        and len(utterance.words.split()) <= _SHORT_WORDS
        and _LEANS_BACK.search(utterance.words)
    )
    if utterance.language != "en" or not words or leans:
        return None
    return Lesson(
        words,
        targets_of(utterance.intents),
        after_what(utterance.history) if utterance.history else None,
        times,
        utterance.family.startswith("composed"),
    )


def lessons_from(utterances: Sequence[Utterance], times: int = 1) -> list[Lesson]:
    """Every utterance that the heads can learn from."""
    return [lesson for u in utterances if (lesson := lesson_of(u, times)) is not None]


def quiet_lessons(seed: int = 0) -> list[Lesson]:
    """What is said around a wish and asks for nothing."""
    quiet: dict[str, Shares] = {
        "kind": {HEAD_KINDS.index(REMARK): 1.0}, "wish": {}, "aspect": {}, "one": {ONE: 1.0},
    }  # fmt: skip
    told = (plain_clause(words) for words in remarks(seed))
    return [Lesson(words, dict(quiet)) for words in told if words]


def varied(words: str, rng: random.Random) -> str:
    """A clause as somebody else might type it: slips of the finger, words around it."""
    if rng.random() < 0.18:
        words = slip(words, rng)
    if rng.random() < 0.12:
        words = rng.choice(_BEFORE) + words
    if rng.random() < 0.12:
        words = words + rng.choice(_AFTER)
    return words


def epoch(lessons: Sequence[Lesson], rng: random.Random, diet: Diet) -> list[Example]:
    """One epoch's examples: the lessons with new slips, some joined, some among remarks."""
    short = [
        lesson
        for lesson in lessons
        if lesson.single
        and lesson.after is None
        and len(lesson.words.split()) <= _JOINED_WORDS
        and lesson.kind not in (REMARK, "off_topic")
    ]
    fixes = [lesson for lesson in short if lesson.kind == "fix"]
    others = [lesson for lesson in short if lesson.kind != "fix"]
    quiet = [lesson.words for lesson in lessons if lesson.kind == REMARK]
    examples = []
    for lesson in lessons:
        if lesson.composed and rng.random() > diet.composed:
            continue
        share = diet.plain if lesson.kind == "fix" else diet.talk
        if lesson.times == 1 and lesson.kind not in _RARE and rng.random() > share:
            continue
        examples += [
            _example(lesson.words, _after(lesson, rng), lesson.targets, rng)
            for _ in range(lesson.times)
        ]
    if not (fixes and others and quiet):
        return examples
    for _ in range(diet.joined):
        pair = [rng.choice(fixes), rng.choice(fixes if rng.random() < 0.6 else others)]
        if pair[0].targets["aspect"] == pair[1].targets["aspect"]:
            continue
        rng.shuffle(pair)
        after: After = "nothing" if rng.random() < 0.8 else "account"
        words = pair[0].words + rng.choice(_JOINTS) + pair[1].words
        examples.append(_example(words, after, _together(pair), rng))
    for _ in range(diet.remarked):
        lesson = rng.choice(fixes if rng.random() < 0.6 else others)
        around = rng.choice(quiet)
        words = (
            around + rng.choice(_ASIDES) + lesson.words
            if rng.random() < 0.6
            else lesson.words + rng.choice((", ", ". ", " - ")) + around
        )
        examples.append(_example(words, _after(lesson, rng), lesson.targets, rng))
    return examples


def _example(words: str, after: After, targets: dict[str, Shares], rng: random.Random) -> Example:
    return Example(BEFORE[after] + varied(words, rng), targets)


def _after(lesson: Lesson, rng: random.Random) -> After:
    """What the words may have come after, where nobody said."""
    if lesson.after is not None:
        return lesson.after
    chance = rng.random()
    if lesson.kind == "approve":
        return "nothing" if chance < 0.2 else "account" if chance < 0.6 else "proposal"
    if lesson.kind in _ANSWERS:
        return "nothing" if chance < 0.25 else "account" if chance < 0.95 else "proposal"
    return "nothing" if chance < 0.7 else "account" if chance < 0.93 else "proposal"


def _together(pair: Sequence[Lesson]) -> dict[str, Shares]:
    """What two lessons teach in one sentence: each head half of either."""
    shares: dict[str, Shares] = {"one": {SEVERAL: 1.0}}
    for head in ("kind", "wish"):
        sums: defaultdict[int, float] = defaultdict(float)
        for lesson in pair:
            for name, share in lesson.targets[head].items():
                sums[name] += share
        total = sum(sums.values())
        shares[head] = {name: share / total for name, share in sums.items()}
    left = [lesson.targets["aspect"] for lesson in pair if lesson.kind == "leave"]
    shares["aspect"] = dict(left[0]) if left else {}
    return shares
