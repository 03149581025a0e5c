"""Our labelled utterances: hand-written phrasings, and the sentences built from them.

The phrasings are in `data/phrases_sound.txt` and `data/phrases_talk.txt`. `build_utterances` puts
them into frames (politeness, amounts, places, several wishes in a sentence, typos, follow-ups) and
labels the result in the shape of `mixmend understand`. Families are ways of phrasing; held-out ones
are never seen in training.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from mixmend.agent import utterance_frames as frames
from mixmend.agent import utterance_grammar, utterance_nouns
from mixmend.agent.intents import Intent, Turn
from mixmend.agent.wishes import WISHES

# Ways of phrasing that training never sees, by the part of the family's name after the point.
HELD_OUT_FAMILIES = frozenset(
    {
        "effect", "compare", "slang", "story", "like", "voice", "dislike", "how", "find", "diff",
        "work", "happy", "nth", "flac", "mark", "onward", "sliver", "letter", "three_and", "aside",
        "over_again",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Utterance:
    """Words with what they mean; `family` is the way of phrasing, `clause` a single plain one."""

    words: str
    intents: tuple[Intent, ...]
    family: str
    history: tuple[Turn, ...] = ()
    language: str = "en"
    clause: bool = False

    @property
    def held_out(self) -> bool:
        """Whether any of its ways of phrasing is held out from training."""
        ways = {part.split(".", 1)[-1] for part in self.family.split("+")}
        return bool(HELD_OUT_FAMILIES & ways)

    def to_json_dict(self) -> dict[str, Any]:
        """A line of the data set: only what is not at its default."""
        out: dict[str, Any] = {
            "words": self.words,
            "family": self.family,
            "held_out": self.held_out,
            "language": self.language,
            "intents": [
                intent.model_dump(mode="json", by_alias=True, exclude_defaults=True)
                | {"kind": intent.kind}
                for intent in self.intents
            ],
        }
        if self.history:
            out["history"] = [turn.to_json_dict() for turn in self.history]
        return out


def phrases_file(name: str) -> list[tuple[str, list[str]]]:
    """Headed lines of a phrase file: `(head, phrasings)`."""
    text = (files("mixmend.agent") / "data" / name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    heads = [line.split(":", 1) for line in lines]
    return [(head, [p.strip() for p in rest.split("|")]) for head, rest in heads]


@lru_cache(maxsize=1)
def sound_phrases() -> tuple[Utterance, ...]:
    """The hand-written wishes about the sound, one clause each."""
    found = []
    for head, phrasings in phrases_file("phrases_sound.txt"):
        wish_name, family = head.split(".")
        wish = WISHES[wish_name]
        for phrase in phrasings:
            directed = phrase[0] in "+-"
            intent = Intent(
                kind="fix",
                problem=wish.problem,
                aspect=wish.aspect,
                change=wish.change if directed else "fix",
            )
            found.append(Utterance(phrase.lstrip("+-"), (intent,), f"sound.{family}", clause=True))
    return tuple(found)


@lru_cache(maxsize=1)
def talk_phrases() -> tuple[Utterance, ...]:
    """The hand-written talk about the work, one clause each."""
    found = []
    for head, phrasings in phrases_file("phrases_talk.txt"):
        name, *pairs = head.split()
        kind, family = name.split(".")
        values: dict[str, Any] = dict(pair.split("=") for pair in pairs)
        intent = Intent.model_validate({"kind": kind, **values})
        found += [
            Utterance(phrase, (intent,), f"{kind}.{family}", clause=True) for phrase in phrasings
        ]
    return tuple(found)


@lru_cache(maxsize=1)
def stranger_utterances() -> tuple[Utterance, ...]:
    """Sentences as strangers would say them, written apart from lexicon and training data."""
    text = (files("mixmend.agent") / "data" / "strangers.jsonl").read_text(encoding="utf-8")
    return tuple(_from_json(json.loads(line)) for line in text.splitlines() if line.strip())


def _from_json(item: dict[str, Any]) -> Utterance:
    return Utterance(
        item["words"],
        tuple(Intent.model_validate(intent) for intent in item["intents"]),
        item["family"],
        tuple(Turn.model_validate(turn) for turn in item.get("history", ())),
        item.get("language", "en"),
    )


def build_utterances(seed: int = 0) -> list[Utterance]:
    """The whole data set, the same for the same seed; no two entries have the same words."""
    rng = random.Random(seed)
    built = [*sound_phrases(), *talk_phrases(), *_composed(random.Random(seed + 1))]
    built += _framed(rng)
    built += _amounts(rng)
    built += _places(rng)
    built += _several(rng)
    built += _with_leave(rng)
    built += _targets(rng)
    built += _follow_ups(rng)
    built += _typos(rng)
    unique: dict[tuple[str, tuple[Turn, ...]], Utterance] = {}
    for utterance in built:
        unique.setdefault((utterance.words, utterance.history), utterance)
    return list(unique.values())


def _composed(rng: random.Random) -> Iterator[Utterance]:
    """Clauses put together from subjects and what is said of them."""
    for source in (utterance_grammar, utterance_nouns):
        for words, intent, way in source.clauses(rng):
            yield Utterance(words, (intent,), f"composed.{way}", clause=True)


def remarks(seed: int = 0) -> list[str]:
    """What is said around a wish and asks for nothing: stories, and faults that are denied."""
    told = [words for _, phrasings in phrases_file("remarks.txt") for words in phrasings]
    return [*told, *utterance_grammar.denials(random.Random(seed + 2))]


def _family(*parts: str) -> str:
    return "+".join(parts)


def _sounds(*families: str) -> list[Utterance]:
    return [u for u in sound_phrases() if u.family.split(".")[1] in families]


def _framed(rng: random.Random) -> Iterator[Utterance]:
    """Politeness, hedges and company around a wish."""
    for family, frame_list in frames.ASKING.items():
        for utterance in rng.sample(_sounds("verb"), 40):
            words = rng.choice(frame_list).format(utterance.words)
            yield Utterance(
                words, utterance.intents, _family(utterance.family, family), clause=True
            )
    for family, frame_list in frames.TELLING.items():
        for utterance in rng.sample(_sounds("adj", "noun", "scene"), 40):
            words = rng.choice(frame_list).format(utterance.words)
            yield Utterance(
                words, utterance.intents, _family(utterance.family, family), clause=True
            )


def _amounts(rng: random.Random) -> Iterator[Utterance]:
    """Amounts in front of what can be had more or less of."""
    for family, items in frames.AMOUNTS.items():
        for amount, strength in items:
            for phrase, wish_name in rng.sample(frames.MEASURED, 9):
                wish = WISHES[wish_name]
                intent = Intent(
                    kind="fix",
                    problem=wish.problem,
                    aspect=wish.aspect,
                    change=wish.change,
                    strength=strength,
                )
                yield Utterance(phrase.format(amount).strip(), (intent,), f"amount.{family}")
    for family, items in frames.COMPLAINT_AMOUNTS.items():
        for amount, strength in items:
            for phrase, wish_name in rng.sample(frames.COMPLAINTS, 7):
                wish = WISHES[wish_name]
                intent = Intent(
                    kind="fix",
                    problem=wish.problem,
                    aspect=wish.aspect,
                    change="fix",
                    strength=strength,
                )
                yield Utterance(phrase.format(amount), (intent,), f"amount.{family}")


def _places(rng: random.Random) -> Iterator[Utterance]:
    """Times and named parts, before or after the wish."""
    wishes = _sounds("verb", "noun", "adj")
    for family, makers in frames.PLACES.items():
        for _ in range(20):
            said, places = rng.choice(makers)(rng)
            wish = rng.choice(wishes)
            front = rng.random() < 0.4
            words = f"{said} {wish.words}" if front else f"{wish.words} {said}"
            intents = tuple(wish.intents[0].model_copy(update=place) for place in places)
            yield Utterance(words, intents, _family(f"place.{family}", wish.family))


def _several(rng: random.Random) -> Iterator[Utterance]:
    """Two or three wishes in one sentence."""
    wishes = _sounds("verb", "adj", "noun", "want")
    for family, joints in frames.JOINTS.items():
        for _ in range(45):
            first, second = _different(rng, wishes, 2)
            words = f"{first.words}{rng.choice(joints)}{second.words}"
            yield Utterance(words, first.intents + second.intents, f"several.{family}")
    for _ in range(45):
        three = _different(rng, _sounds("verb"), 3)
        words = f"{three[0].words}, {three[1].words} and {three[2].words}"
        intents = tuple(intent for u in three for intent in u.intents)
        yield Utterance(words, intents, "several.three_and")
    for family, pattern in frames.SHARED.items():
        for _ in range(25):
            names = rng.sample(list(frames.NOUNS), 2)
            way = rng.choice(("more", "less"))
            found = [WISHES[frames.NOUNS[name][0 if way == "more" else 1]] for name in names]
            words = pattern[way].format(*names)
            intents = tuple(
                Intent(kind="fix", problem=w.problem, aspect=w.aspect, change=w.change)
                for w in found
            )
            yield Utterance(words, intents, f"several.{family}")


def _different(rng: random.Random, wishes: list[Utterance], count: int) -> list[Utterance]:
    while True:
        chosen = rng.sample(wishes, count)
        if len({u.intents[0].aspect for u in chosen}) == count:
            return chosen


def _with_leave(rng: random.Random) -> Iterator[Utterance]:
    """A wish, and something to be left alone."""
    leaves = [u for u in talk_phrases() if u.family in ("leave.touch", "leave.without")]
    for family, joints in frames.BUTS.items():
        for _ in range(50):
            wish, leave = rng.choice(_sounds("verb", "want")), rng.choice(leaves)
            if wish.intents[0].aspect == leave.intents[0].aspect or "," in leave.words:
                continue
            joint = " " if leave.words.startswith(("without", "but")) else rng.choice(joints)
            yield Utterance(
                f"{wish.words}{joint}{leave.words}",
                wish.intents + leave.intents,
                f"wish_but.{family}",
            )


def _targets(rng: random.Random) -> Iterator[Utterance]:
    """A wish, and where the song is going."""
    targets = [u for u in talk_phrases() if u.intents[0].kind == "target" and u.intents[0].target]
    for _ in range(40):
        wish, target = rng.choice(_sounds("verb")), rng.choice(targets)
        if wish.intents[0].aspect == "loudness" or "keep" in target.words or "," in target.words:
            continue
        yield Utterance(
            f"{wish.words} and {target.words}", wish.intents + target.intents, "wish_target.and"
        )


def _follow_ups(rng: random.Random) -> Iterator[Utterance]:
    """Short answers that only earlier turns explain."""
    for family, items in frames.FOLLOW_UPS.items():
        for words, values in items:
            wish = rng.choice(_sounds("verb"))
            history = (
                Turn(role="user", text=wish.words),
                Turn(role="assistant", text="Done. The first pass was kept; have a listen."),
            )
            yield Utterance(words, (Intent.model_validate(values),), f"follow.{family}", history)


def _typos(rng: random.Random) -> Iterator[Utterance]:
    """Fingers that slip: swapped, lost, doubled and wrong letters in one longer word."""
    pool = [
        *_sounds("verb", "adj", "noun", "want"),
        *(u for u in talk_phrases() if "inject" not in u.family),
    ]
    for utterance in rng.sample(pool, 400):
        words = slip(utterance.words, rng)
        if words != utterance.words:
            yield Utterance(
                words, utterance.intents, _family(utterance.family, "typo"), clause=True
            )


def slip(words: str, rng: random.Random) -> str:
    """`words` with one slip of the finger in one of the longer words."""
    long = list(re.finditer(r"[a-z]{5,}", words))
    if not long:
        return words
    match = rng.choice(long)
    word = match[0]
    at = rng.randrange(1, len(word) - 1)
    ways = (
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[:at] + word[at + 1 :],
        word[:at] + word[at] + word[at:],
        word[:at] + rng.choice("etaoinsr") + word[at + 1 :],
    )
    return words[: match.start()] + rng.choice(ways) + words[match.end() :]
