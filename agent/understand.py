"""What plain words ask for: `understand(words, history)` gives intents in the published shape.

Grammar takes out places, amounts and targets and splits the sentence into one piece a wish; each
piece is read by rules and by trained heads on its sentence embedding, whose votes are added up.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Literal

from mixmend.agent import grammar_clauses as clauses
from mixmend.agent import grammar_meta as meta
from mixmend.agent.clause_reading import ClauseReader, Way, aspect_of
from mixmend.agent.clause_text import POLITE, Said, leads, protect, said_of, says_nothing, uniform
from mixmend.agent.compose import instruction_for
from mixmend.agent.follow_ups import after_what, back_to_what, is_only_amount, once_more
from mixmend.agent.grammar_amount import find_amount
from mixmend.agent.grammar_place import MARK, Place, Placed, take_places
from mixmend.agent.grammar_target import find_target, named_loosely
from mixmend.agent.intent_making import make_intents, placed, tidy
from mixmend.agent.intents import DEFAULT_STRENGTH, Intent, Turn, Understanding
from mixmend.agent.known_requests import split_known
from mixmend.agent.languages import gloss
from mixmend.agent.sentence_model import After
from mixmend.agent.sentence_split import best_pieces
from mixmend.agent.wish_rules import compares_with_others, read_wishes
from mixmend.agent.wishes import WISHES
from mixmend.model.embed import EmbeddingError

Heads = Literal["all", "train"]

MOST_CHARACTERS = 2000
MOST_TURNS = 12
# How sure a wish must be when what was said looked like a remark at first.
_ASKS_FOR_SOUND = 0.5
# Below this a sentence says more than one thing.
_SEVERAL = 0.3


def understand(words: str, history: Sequence[Turn] = ()) -> Understanding:
    """Every wish, question and command in `words`, read in the light of earlier turns.

    No words at all ask for the automatic mode. Never raises on any text.
    """
    known = split_known(words)
    if not known.intents:
        return understand_by(words, history)
    read = understand_by(known.rest, history).intents if known.rest else ()
    intents = (*known.intents, *read)
    return Understanding(intents=intents, instruction=instruction_for(intents), language="en")


def understand_by(
    words: str, history: Sequence[Turn] = (), *, way: Way = "fused", heads: Heads = "all"
) -> Understanding:
    """`understand` by rules alone, by embeddings alone or by both, for benchmarks and tests.

    Both names of `heads` stand for the one set that ships, which no held-out phrasing has taught.
    """
    del heads
    return _understood(words[:MOST_CHARACTERS], tuple(history)[-MOST_TURNS:], way)


@lru_cache(maxsize=256)
def _understood(words: str, history: tuple[Turn, ...], way: Way) -> Understanding:
    glossed = gloss(words)
    intents = _read(glossed.text, history, _reader(way)) if words.strip() else ()
    intents = intents or (Intent(kind="auto"),)
    return Understanding(
        intents=intents, instruction=instruction_for(intents), language=glossed.language
    )


@lru_cache(maxsize=3)
def _reader(way: Way) -> ClauseReader:
    try:
        return ClauseReader(way)
    except EmbeddingError:
        # Without the encoder's package the rules still understand most of what is said.
        return ClauseReader("rules")


def _read(words: str, history: tuple[Turn, ...], reader: ClauseReader) -> tuple[Intent, ...]:
    text = _asked_in_full(uniform(words))
    marked = take_places(text)
    after = after_what(history)
    pieces = clauses.split(protect(marked.text), lambda piece: _stands(piece, reader, after))
    if len(pieces) == 1 and _several(marked, reader, after):
        pieces = clauses.split(protect(marked.text), lambda _: True)
    pieces = best_pieces(pieces, marked.places, reader, after)
    found: list[Intent] = []
    waiting: tuple[Place, ...] = ()
    for piece in pieces:
        said = said_of(piece, marked.places)
        if says_nothing(said.text):
            if not found and history and _PRAISES.search(said.text):
                found.append(Intent(kind="approve", words=said.text, confidence=0.9))
            waiting = _hand_on_place(said, found, waiting, history, reader)
            continue
        intents = _intents_of(said, history, found, reader)
        if not intents and said.places:
            waiting = _hand_on_place(said, found, waiting, history, reader)
            continue
        everywhere = _EVERYWHERE.search(said.text) is not None
        if not said.places and waiting and not everywhere:
            intents = [
                i if i.kind not in ("fix", "leave") else p
                for i in intents
                for p in placed(i, waiting)
            ]
        elif not said.places and said.shares and found and len(intents) == 1 and not everywhere:
            last = found[-1]
            if last.kind == intents[0].kind == "fix":
                place = {
                    "region": last.region,
                    "section": last.section,
                    "section_n": last.section_n,
                }
                intents = [intents[0].model_copy(update=place)]
        if said.places and leads(piece.text):
            waiting = said.places
        found += intents
    if not found:
        found = _whole(said_of(clauses.Piece(marked.text), marked.places), history, reader)
    return tidy(found, text, bool(history))


def _several(marked: Placed, reader: ClauseReader, after: After) -> bool:
    """Whether the heads find several things said where grammar sees no seam."""
    text = said_of(clauses.Piece(marked.text), marked.places).text
    return reader.has_heads and bool(text) and reader.says_one(text, after) < _SEVERAL


def _whole(said: Said, history: tuple[Turn, ...], reader: ClauseReader) -> list[Intent]:
    """All that was said as one, where none of its pieces asked for anything."""
    if says_nothing(said.text):
        return []
    verdict = reader.judge(said.text, after_what(history), asks=True)
    if verdict.kind in ("fix", "leave") and verdict.sure < _ASKS_FOR_SOUND:
        return []
    last = _last_fix(history, reader)
    return make_intents(verdict, said, said.text, DEFAULT_STRENGTH, last)


_NAMED_ONLY = re.compile(
    r"(?:and |so |the )*(mono|stereo|lufs|true peak|peaks?|tempo|bpm|key|clipping|noise floor|"
    r"headroom|dynamic range|dynamics|crest factor|loudness|hum|noise|hiss|clicks|dropouts|phase|"
    r"sample rate|bit depth|duration|length|rt60|level|levels|width|tonal balance) ?\?"
)


# What can only be asked for: "crest factor please", "LRA value?", "sample rate of my file?".
_FIGURE = re.compile(
    r"(?:and |so |the |my |its |just )*(lufs|lra|loudness range|true peak|peak level|crest factor|"
    r"dynamic range|sample rate|bit depth|bit ?rate|tempo|bpm|rt60|noise floor|duration)"
    r"(?: (?:value|number|figure|reading|level|of (?:my|the|this) \w+|right now|now|please))* ?\??"
)


def _asked_in_full(text: str) -> str:
    """A thing named with a question mark ("true peak?") asks for it."""
    named = _NAMED_ONLY.fullmatch(text) or _FIGURE.fullmatch(text)
    return f"how is the {named[1]}?" if named else text


_NOT_SO = re.compile(r"(?:please |maybe |but |and )*not (?:as|so|that|quite (?:so|as|that)) ")
_SAYS_DO_IT = re.compile(
    r"(?:(?:please|and|so|can|could|might|would|will|you|we|kindly|just|do) )*\w+ (?:it|them|those|"
    r"these|that|this)(?: (?:up|down|out|off|away|please|for me|a bit|somehow))* ?\??"
)
# Below this an order about "it" after a wish is the same wish again.
_ANOTHER_WISH = 0.6
# "Thanks, now the hum": what was done is kept.
_PRAISES = re.compile(r"\b(?:thanks|thank you|cheers|great|good|nice|cool)\b")
_EVERYWHERE = re.compile(
    r"\b(?:throughout|everywhere|overall|all (?:through|over|the way)|"
    r"(?:the|this|my) (?:whole|entire) (?:song|track|thing|piece|recording|file|mix))\b"
)
_POINTS_BACK = re.compile(r"\b(?:it|them|that|this|those|these)\b")


def _bare(text: str) -> str:
    return re.sub(rf"{MARK}\d+", "", text).strip()


def _stands(text: str, reader: ClauseReader, after: After) -> bool:
    # As it will be judged, so that the heads read it once.
    bare = said_of(clauses.Piece(_bare(text)), ()).text
    return bool(bare) and (POLITE.match(bare) is not None or reader.stands(bare, after))


def _hand_on_place(
    said: Said,
    found: list[Intent],
    waiting: tuple[Place, ...],
    history: tuple[Turn, ...],
    reader: ClauseReader,
) -> tuple[Place, ...]:
    """A place on its own belongs to the wish before it, else to the ones that follow."""
    if not said.places:
        return waiting
    if (
        found
        and found[-1].kind in ("fix", "leave")
        and found[-1].region is None
        and found[-1].section is None
    ):
        last = found.pop()
        found += placed(last, said.places)
        return waiting
    if not found and (wish := _last_fix(history, reader)) is not None:
        found += placed(wish.model_copy(update={"words": said.text}), said.places)
    return said.places


def _intents_of(
    said: Said, history: tuple[Turn, ...], found: list[Intent], reader: ClauseReader
) -> list[Intent]:
    text = said.text
    last_wish = _last_fix(history, reader)
    if last_wish and not found and (again := once_more(said, last_wish)):
        return again
    amount = find_amount(text)
    if amount and compares_with_others(text):
        amount = None
    if amount and _NOT_SO.match(text):
        # "Not as drastic please" is less of it; how much less is not said.
        amount = None
    strength = amount.strength if amount else DEFAULT_STRENGTH
    # An amount after the wish changes that wish: "make it brighter, but not too much".
    if (
        found
        and found[-1].kind == "fix"
        and amount
        and is_only_amount(text, amount.start, amount.end)
        and _same_aspect(text, found[-1])
    ):
        found[-1] = found[-1].model_copy(update={"strength": strength})
        return []
    if said.shares and amount is None and found:
        strength = found[-1].strength
    out: list[Intent] = []
    target = find_target(text)
    asks = meta.is_question(text)
    if target and not asks:
        out.append(Intent(kind="target", target=target.target, target_lufs=target.lufs, words=text))
        rest = (text[: target.start] + " " + text[target.end :]).strip(" ,.")
        wish = read_wishes(rest).best
        if wish is None or (target.lufs is not None and wish in ("too_quiet", "too_loud")):
            return out
        text = rest
    verdict = reader.judge(text, after_what(history))
    verdict = replace(verdict, kind=back_to_what(verdict.kind, text, history))
    if (
        verdict.kind == "leave"
        and found
        and found[-1].kind == "leave"
        and _POINTS_BACK.search(text)
        and aspect_of(text, read_wishes(text)) is None
    ):
        # "The bass is perfect, don't touch it": what was spoken of last.
        return []
    if target and verdict.kind != "fix" and not asks:
        return out
    if (
        verdict.kind in ("fix", "auto", "off_topic")
        and verdict.sure < _ANOTHER_WISH
        and found
        and found[-1].kind == "fix"
        and _SAYS_DO_IT.fullmatch(text)
    ):
        # "The upper voices are strident; might you soften them?"
        return []
    made = make_intents(verdict, said, text, strength, last_wish)
    if verdict.kind == "target" and (name := named_loosely(text)):
        made = [intent.model_copy(update={"target": name}) for intent in made]
    out += made
    if target and asks:
        out[-1] = out[-1].model_copy(update={"target": target.target, "target_lufs": target.lufs})
    return out


def _same_aspect(text: str, wish: Intent) -> bool:
    """Whether a clause names nothing but what `wish` is about: "much louder" after "wider"."""
    best = read_wishes(text).best
    return best is None or WISHES[best].aspect == wish.aspect


def _last_fix(history: Sequence[Turn], reader: ClauseReader) -> Intent | None:
    """The last wish about the sound that the user uttered."""
    for index in range(len(history) - 1, max(-1, len(history) - 9), -1):
        if history[index].role == "user":
            fixes = [i for i in _heard_before(history[index].text, reader) if i.kind == "fix"]
            if fixes:
                return fixes[-1]
    return None


@lru_cache(maxsize=128)
def _heard_before(words: str, reader: ClauseReader) -> tuple[Intent, ...]:
    """What an earlier turn asked for; it comes up for every piece of every later one."""
    return _read(gloss(words).text, (), reader)
