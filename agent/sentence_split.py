"""Which pieces of a sentence belong together: the reading that is best supported as a whole.

Grammar cuts a sentence wherever it may be cut. Here neighbours are put together again where the
heads find one thing said in both ("honky and closed, boxed in", "undo it, it sounds dead").
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise

from mixmend.agent import grammar_meta as meta
from mixmend.agent.clause_reading import ClauseReader, aspect_of
from mixmend.agent.clause_text import said_of, says_nothing
from mixmend.agent.grammar_clauses import Piece
from mixmend.agent.grammar_place import MARK, Place
from mixmend.agent.sentence_model import After
from mixmend.agent.wish_rules import read_wishes

# How much it counts whether all of the sentence says one thing, against what its pieces say.
_WHOLE = 2.0
_PIECE = 1.0
# "Also" and "on top of that" say that something else comes; so do two places.
_ADDED, _PLACES = 2.0, 1.5
# So does "and the vocals are buried" after a clause in which something else was named.
_ANOTHER = 8.0
# A short neighbour that the lexicon reads as another wish mostly is one: "sounds cold, no punch".
_LISTED = 2.0
_AND = re.compile(r"\b(?:and|but)\b")
_OWN_SUBJECT = re.compile(
    r"(?:the|my|his|her|our|their|its|your|there|i|you|nobody|no one|everything)\b"
)
_ADDS = re.compile(r"\b(?:also|plus|besides|on top of that|additionally|moreover)\b")
_LONGEST, _MOST = 4, 8
_LEAST = 1e-3
_CLEAR = math.log(0.8)
_SHORT = 4


def best_pieces(
    pieces: Sequence[Piece],
    places: tuple[tuple[Place, ...], ...],
    reader: ClauseReader,
    after: After,
) -> list[Piece]:
    """`pieces` with neighbours joined where that reads better; as they are without heads."""
    if len(pieces) > 1 and after != "nothing" and _approves(pieces[0]):
        # "Perfect, export it": what was done is kept, and something else comes.
        return [pieces[0], *best_pieces(pieces[1:], places, reader, after)]
    count = len(pieces)
    if not 2 <= count <= _MOST or not reader.has_heads or _enumerates(pieces):
        return list(pieces)
    scores = _Scores(pieces, places, reader, after)
    one = min(max(reader.says_one(scores.text(0, count), after), _LEAST), 1 - _LEAST)
    # A piece that is clear by itself needs no neighbour: only doubtful ones are tried together.
    doubtful = [scores.support(at, at + 1) < _CLEAR for at in range(count)]
    best: list[tuple[float, list[tuple[int, int]]]] = [(0.0, [])]
    for end in range(1, count + 1):
        ways = [
            (best[start][0] + scores.support(start, end), [*best[start][1], (start, end)])
            for start in range(max(0, end - _LONGEST), end)
            if end - start == 1 or (any(doubtful[start:end]) and end - start < count)
        ]
        best.append(max(ways, key=lambda way: way[0]))
    whole = scores.support(0, count) + _WHOLE * math.log(one)
    cut = best[count][0] + _WHOLE * math.log(1 - one)
    spans = [(0, count)] if whole >= cut else best[count][1]
    return [join(pieces[start:end]) for start, end in spans]


def _approves(piece: Piece) -> bool:
    said = meta.read_meta(piece.text, True)
    return said is not None and said.kind == "approve"


class _Scores:
    """How well each run of pieces is read as one thing, worked out where it is asked for."""

    def __init__(
        self,
        pieces: Sequence[Piece],
        places: tuple[tuple[Place, ...], ...],
        reader: ClauseReader,
        after: After,
    ) -> None:
        self._pieces, self._places = pieces, places
        self._reader, self._after = reader, after
        self._known: dict[tuple[int, int], float] = {}

    def text(self, start: int, end: int) -> str:
        """A run of pieces as the heads see it."""
        return said_of(join(self._pieces[start:end]), self._places).text

    def support(self, start: int, end: int) -> float:
        """The logarithm of how sure its reading is, less what speaks for a cut inside it."""
        if (start, end) not in self._known:
            run = self._pieces[start:end]
            added = sum(_ADDS.search(piece.seam) is not None for piece in run[1:])
            asked = self._after != "nothing"
            others = sum(
                _names_another(*pair) or _orders_another(*pair, asked) or _keeps_one(*pair)
                for pair in pairwise(run)
            )
            listed = sum(_lists_another(*pair) for pair in pairwise(run))
            placed = max(0, sum(MARK in piece.raw for piece in run) - 1)
            read = _support(self.text(start, end), self._reader, self._after)
            self._known[start, end] = (
                read - _ADDED * added - _ANOTHER * others - _LISTED * listed - _PLACES * placed
            )
        return self._known[start, end]


def _enumerates(pieces: Sequence[Piece]) -> bool:
    """Whether short pieces each name another thing outright: "more bass, less mud and air"."""
    if any(len(piece.raw.split()) > _SHORT for piece in pieces):
        return False
    named = [read_wishes(piece.text).best for piece in pieces]
    return None not in named and len(set(named)) == len(named)


def _names_another(before: Piece, piece: Piece) -> bool:
    """Whether "and" brings a clause with a subject of its own that names another wish outright."""
    if not _AND.search(piece.seam) or not _OWN_SUBJECT.match(piece.text):
        return False
    first, second = read_wishes(before.text).best, read_wishes(piece.text).best
    return first is not None and second is not None and first != second


# Orders about the work, each of which is said for itself.
_ORDERS = frozenset({"undo", "redo", "export", "report", "compare"})


def _orders_another(before: Piece, piece: Piece, has_history: bool) -> bool:
    """Whether two neighbours order different things: "undo that and export it"."""
    kinds = {said.kind for p in (before, piece) if (said := meta.read_meta(p.text, has_history))}
    return len(kinds) == 2 and kinds < _ORDERS and kinds != {"undo", "redo"}


def _keeps_one(before: Piece, piece: Piece) -> bool:
    """Whether one neighbour is to stay and the other is an order about something else."""
    if meta.is_leave(before.text) == meta.is_leave(piece.text):
        return False
    read = [(p, read_wishes(p.text)) for p in (before, piece)]
    aspects = {aspect_of(p.text, reading) for p, reading in read}
    ordered = any(not meta.is_leave(p.text) and reading.directed for p, reading in read)
    return ordered and len(aspects) == 2 and None not in aspects


def _lists_another(before: Piece, piece: Piece) -> bool:
    """Whether two neighbours, one of them short, each name another wish outright."""
    if min(len(before.raw.split()), len(piece.raw.split())) > _SHORT:
        return False
    first, second = read_wishes(before.text).best, read_wishes(piece.text).best
    return first is not None and second is not None and first != second


def join(pieces: Sequence[Piece]) -> Piece:
    """Neighbours as one piece, in the words they were said in."""
    if len(pieces) == 1:
        return pieces[0]
    text = pieces[0].raw + "".join(piece.seam + piece.raw for piece in pieces[1:])
    return Piece(text, pieces[0].shares, text, pieces[0].seam)


def _support(text: str, reader: ClauseReader, after: After) -> float:
    """How well a piece is read as one thing, as a logarithm; filling words cost nothing."""
    if says_nothing(text):
        return 0.0
    sure = max(reader.judge(text, after).support, _LEAST)
    return math.log(sure) + _PIECE * math.log(max(reader.says_one(text, after), _LEAST))
