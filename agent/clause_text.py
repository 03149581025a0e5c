"""Clauses made ready for reading: typos put right, places out, polite openings off."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from mixmend.agent.grammar_clauses import Piece
from mixmend.agent.grammar_place import MARK, Place, take_places
from mixmend.agent.lexicon import lexicon
from mixmend.agent.wording import Speller, normalise, speller_for

POLITE = re.compile(
    r"^(?:(?:please|thanks|thank you|hi|hey|hello|ok|okay|so|well|also|too|and|just|"
    r"really|maybe|cheers|sorry|i think|i guess|i mean|if possible|if you can|kindly|um|"
    r"hmm|there|now|again|actually|basically|like|you know|or something|or so|"
    r"everything else|nothing else|that is all|only that|guys|mate|dear|honestly|"
    r"in my opinion|for me|at all|alright|good|great|cool|nice)[ ,]*)+$"
)
_FILLER = re.compile(
    r"[^a-z]*(?:it|this|that|the|a|is|be|in|of|song|track|mix|there|here|only|just|"
    r"especially|mainly|please|mostly|part|bit)*[^a-z]*"
)
# Words of the talk about the work, which the lexicon of sounds does not hold.
_WORK_WORDS = (
    "flac wave perfect thanks great awesome beautiful instead twice undo redo revert compare "
    "export download report explain spotify youtube podcast radio vinyl loudness please "
    "louder quieter brighter darker warmer clearer wider narrower punchier muddy boomy harsh "
    "tinny vocals reverb bass treble distortion clipping compression compressed chorus verse "
    "bridge intro outro section remove reduce increase decrease slightly really little more "
    "less much sound sounds sounding song track make master background noise hiss crackle "
    "muffled stereo mono dynamic dynamics volume stronger weaker different original version "
    "better before again whisker pint boominess brightening widening warming levelling "
)


@dataclass(frozen=True)
class Said:
    """One clause made ready for reading: places and politeness out, words uniform."""

    text: str
    places: tuple[Place, ...] = ()
    shares: bool = False


def uniform(words: str) -> str:
    """Normalised words with typos put right towards the lexicon."""
    return _EVEN.sub("even out the volume", normalise(words, _speller()))


# Both ends at once: one wish, about the levels, and no places.
_EVEN = re.compile(
    r"some (?:\w+ ){0,2}(?:is|are) (?:too )?(?:quiet|soft|loud)\w*,? (?:and |but |while )?"
    r"(?:the )?(?:others?|some) (?:\w+ ){0,2}(?:too )?(?:quiet|soft|loud)\w*|"
    r"(?:make )?(?:the )?(?:quiet\w*|soft\w*) (?:\w+ )?(?:louder|up) and (?:the )?loud\w* (?:\w+ )?"
    r"(?:quieter|softer|down)"
)


def plain_clause(words: str) -> str:
    """Words as the heads see them: uniform, without places and polite openings."""
    placed = take_places(uniform(words))
    return said_of(Piece(placed.text), placed.places).text


def says_nothing(text: str) -> bool:
    """Whether a clause is only politeness and filling words."""
    return not text or bool(_FILLER.fullmatch(text)) or bool(POLITE.match(text))


def protect(text: str) -> str:
    """Keeps "clicks and pops" and "loud and clear" from being taken apart."""
    text = re.sub(
        r"\bclicks?,? (?:and|&|n) (?:pops?|crackles?)\b|\bpops?,? (?:and|&) (?:clicks?|"
        r"crackles?)\b",
        "clicks",
        text,
    )
    text = re.sub(r"^((?:more|less) (?:\w+ ){1,2})(?=(?:more|less) )", r"\1and ", text)
    text = re.sub(
        r"\b(?:nice|good|loud) and (?=warm|loud|bright|wide|clear|clean|punchy|fat|dry)", "", text
    )
    text = re.sub(r"\b(go|went|gone|going|come|try) and (?=\w)", r"\1 ", text)
    return re.sub(
        r"\bup and down\b", "up-and-down", re.sub(r"\bback and forth\b", "back-and-forth", text)
    )


def leads(text: str) -> bool:
    """Whether a piece begins with a place, which then holds for the pieces after it."""
    return (
        re.match(rf"(?:please |and |now |so |just |maybe )*{MARK}\d+[ ,:]", text + " ") is not None
    )


# "How do I make it louder?" asks for it.
_ROUNDABOUT = re.compile(
    r"^(?:how (?:do|can|could|would) (?:i|we|you)|(?:is there )?any (?:chance|way) (?:that )?"
    r"(?:i|we|you) (?:could|can|might)) (?=(?:make|get|fix|remove|add|reduce|take|bring|lower|"
    r"raise|boost|give|turn|clean|lift|cut)\b)"
)


def said_of(piece: Piece, places: tuple[tuple[Place, ...], ...]) -> Said:
    """A piece of marked text as a clause, with the places its marks stand for."""
    marks = [int(number) for number in re.findall(rf"{MARK}(\d+)", piece.text)]
    text = re.sub(
        rf"^{MARK}\d+ (?:(?:and )?{MARK}\d+ )*"
        rf"(?=(?:is|are|sounds?|needs?|has|was|gets|could|should|feels?|seems?|"
        rf"lacks?)\b)",
        "it ",
        piece.text,
    )
    text = re.sub(rf"(?<=make ){MARK}\d+", "it", text)
    text = re.sub(rf"\s*{MARK}\d+\s*", " ", text)
    text = re.sub(
        r"^(?:(?:and|so|now|please|ok|okay|hey|hi|hello|well|maybe|then|also)[ ,]+)+(?=\w+ \w+)",
        "",
        text.strip(" ,.:"),
    )
    text = _ROUNDABOUT.sub("", re.sub(r"(?: and| but)+$", "", text.strip(" ,.:")))
    return Said(
        re.sub(r"\s+", " ", text).strip(" ,.:"),
        tuple(place for number in marks for place in places[number]),
        piece.shares,
    )


@lru_cache(maxsize=1)
def _speller() -> Speller:
    """Corrects towards every plain word of the lexicon and of the talk about the work."""
    return speller_for(lexicon().plain_words() | frozenset(_WORK_WORDS.split()))
