"""Splits a sentence into one piece a wish, and gives each piece the words it shares with others.

"More bass and air" becomes "more bass" and "more air"; "the vocals and the bass are too loud"
becomes two complaints; "mud and gravel" stays whole unless both sides say something on their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from mixmend.agent.grammar_place import MARK
from mixmend.agent.lexicon import lexicon

_HARD = re.compile(
    r",?\s+(?=but not (?!so|too|as|that|in|at|on|the)\w+)|(?<!\d)\.(?!\d)|(?<=\d)\.(?=\s|$)|"
    r"[;!?\n]+|\.{2,}|\s-+\s|,?\s*\b(?:but(?! not (?!in|at|on|the)\w+)|however|although|"
    r"though|then|also|plus|besides|on top of that|"
    r"additionally|moreover|yet)\b[ ,]*|,?\s*\b(?=without (?:touching|changing|losing|"
    r"making|adding|affecting|killing|ruining|hurting|destroying|altering|messing|"
    r"removing|squashing|crushing))|,?\s*\b(?:while|whilst|and) (?=(?:keep|leav|preserv|"
    r"maintain|retain)(?:e|ing|ep)?\b)"
)
_SOFT = re.compile(
    r"\s*,\s*(?:and|or|as well as|&)?\s*|\s+(?:and|as well as|or|nor|&|along with|"
    r"together with)\s+|(?<=[a-z])\s*/\s*(?=[a-z])"
)
_FORBIDS = re.compile(r"\b(?:do not|never|without|leave|keep|preserve|hands off|dont)\b")
_VERB = re.compile(
    r"\b(?:is|are|was|were|sounds?|feels?|seems?|make|need|needs|add|reduce|remove|cut|"
    r"boost|turn|bring|take|get|give|can|could|would|want|has|have|fix|do|should|lacks?|"
    r"hurts?|kill|lower|raise|push|tame|clean|keep|leave|undo|too|not)\b"
)
# "Vocals up", "bass down a touch": named and moved.
_MOVES = re.compile(r"\w (?:up|down)(?: (?:an? \w+|slightly|please|some))?$")
# "..., as if I had cotton in my ears" says the same again in a picture.
_ELABORATES = re.compile(
    r"(?:as if|as though|like|because|since|which|so that|almost like|just like)\b"
)
_OPENING = re.compile(
    r".*?\b(?:make (?:it|this|that|the \w+)|(?:it|this|that) (?:is|sounds)|should (?:be|sound)|"
    r"(?:the|my|his|her|our) \w+ (?:is|are|sounds?))\b"
)
# "Less mud and a bit of air": an amount of something is more of it.
_SOME_OF = re.compile(
    r"(?:an? (?:\w+ )?(?:bit|little|touch|dash|hint|pinch|lot|dose) of|some|lots of) "
)
_BARE_QUALITY = re.compile(r"(?:far |way |much |a bit |a little )?(?:too|not|very|quite|so) \w+$")


@dataclass(frozen=True)
class Piece:
    """One piece of a sentence; `shares` when its words lean on those of the piece before.

    `raw` are its own words without lent ones, `seam` what stood between it and the piece before.
    """

    text: str
    shares: bool = False
    raw: str = ""
    seam: str = ""


def noun_span(text: str) -> tuple[int, int] | None:
    """Where the first thing of the sound is named."""
    spans = [match.span() for noun in lexicon().nouns if (match := noun.pattern.search(text))]
    return min(spans) if spans else None


def _directs(text: str) -> bool:
    words = lexicon()
    return bool(words.more.search(text) or words.less.search(text))


def only_names(text: str) -> bool:
    """Whether a piece just names a thing: "the bass", "air", with no word about it."""
    if len(text.split()) > 5 or noun_span(text) is None:
        return False
    if _directs(text) or _VERB.search(text) or _MOVES.search(text):
        return False
    return not any(saying.pattern.search(text) for saying in lexicon().sayings)


def split(text: str, stands: Callable[[str], bool]) -> list[Piece]:
    """Pieces of `text` in order. `stands` says whether a piece means something on its own."""
    pieces: list[Piece] = []
    seams = ["", *(match.group() for match in _HARD.finditer(text))]
    open_seam = ""
    for seam, chunk in zip(seams, _HARD.split(text), strict=True):
        open_seam += seam
        chunk = chunk.strip(" ,:")
        if chunk:
            pieces += _split_soft(chunk, stands, open_seam if open_seam.strip() else " ")
            open_seam = ""
    return pieces


def _split_soft(chunk: str, stands: Callable[[str], bool], before: str) -> list[Piece]:
    parts = [part.strip() for part in _SOFT.split(chunk)]
    seams = [match.group() for match in _SOFT.finditer(chunk)]
    pieces: list[Piece] = []
    joined = parts[0]
    for seam, part in zip(seams, parts[1:], strict=True):
        # Both sides must say something, or one must lean on the other in a way we know.
        if (
            joined
            and part
            and not _ELABORATES.match(part)
            and (stands(joined) or only_names(joined))
            and (stands(part) or only_names(part))
        ):
            pieces.append(Piece(joined, bool(pieces) and _leans(joined), joined, before))
            joined, before = part, seam
        else:
            joined = f"{joined}{seam}{part}" if joined else part
    pieces.append(Piece(joined, bool(pieces) and _leans(joined), joined, before))
    return _lend(pieces)


_ORDERS = re.compile(
    r"(?:please |now |just )*(?:even|level|balance|smooth|tighten|soften|warm|brighten|darken|"
    r"widen|narrow|lift|dry|de-?ess|de-?clip|drop|trim|restore|repair|mend|pull|open|let|tuck|calm|spread)\b"
)


def _leans(text: str) -> bool:
    """Whether a piece has neither a verb nor a direction of its own."""
    return not _ORDERS.match(text) and not _own_verb(text) and not _directs(text)


def _own_verb(text: str) -> bool:
    return _VERB.search(text) is not None


def _lend(pieces: list[Piece]) -> list[Piece]:
    """Gives bare names the direction, verb or ban of their neighbour."""
    texts = [piece.text for piece in pieces]
    for index in range(len(texts) - 2, -1, -1):
        if only_names(texts[index]) and (span := noun_span(texts[index + 1])):
            predicate = texts[index + 1][span[1] :].strip()
            if predicate and (_directs(predicate) or _VERB.search(predicate)):
                texts[index] = f"{texts[index]} {predicate}"
    for index in range(1, len(texts)):
        before, text = texts[index - 1], texts[index]
        if _SOME_OF.match(text):
            texts[index] = f"more {_SOME_OF.sub('', text)}" if only_names(text) else text
            continue
        if not only_names(text):
            lead = None if _FORBIDS.search(before) else _OPENING.match(before)
            bare = re.sub(rf"{MARK}\d+", "", text).strip(" ,")
            if lead and (not _own_verb(text) or _BARE_QUALITY.match(bare)):
                opening = re.sub(rf"{MARK}\d+ ?", "", lead.group())
                texts[index] = f"{opening} {text}"
            continue
        span = noun_span(before)
        if span and before[: span[0]].strip():
            lead_text = re.sub(r"\b(?:the|my|a|an|its)\s*$", "", before[: span[0]]).strip()
            if MARK in lead_text:
                lead_text = re.sub(rf"{MARK}\d+", "", lead_text).strip()
            tail = re.search(
                r"\b(?:up|down|out|back|forward|alone|as (?:it|they) (?:is|are))$", before
            )
            own = re.search(r"\b(?:up|down|out|back|forward|alone)$", text)
            after = f" {tail.group()}" if tail and span[1] <= tail.start() and not own else ""
            texts[index] = f"{lead_text} {text}{after}".strip()
        elif span and (predicate := re.sub(rf"{MARK}\d+", "", before[span[1] :]).strip()):
            texts[index] = f"{text} {predicate}"
    return [replace(piece, text=text) for text, piece in zip(texts, pieces, strict=True)]
