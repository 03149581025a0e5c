"""Which pieces of a sentence belong together: the reading that is best supported as a whole.

Grammar cuts a sentence wherever it may be cut. Here neighbours are put together again where the
heads find one thing said in both ("honky and closed, boxed in", "undo it, it sounds dead").
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from mixmend.agent.clause_reading import ClauseReader
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
_ADDS = re.compile(r"\b(?:also|plus|besides|on top of that|additionally|moreover)\b")
_LONGEST, _MOST = 4, 8
_LEAST = 1e-3
_SHORT = 4


def best_pieces(
    pieces: Sequence[Piece],
    places: tuple[tuple[Place, ...], ...],
    reader: ClauseReader,
    after: After,
) -> list[Piece]:
    """`pieces` with neighbours joined where that reads better; as they are without heads."""
    count = len(pieces)
    if not 2 <= count <= _MOST or not reader.has_heads or _enumerates(pieces):
        return list(pieces)
    spans = [
        (start, end)
        for start in range(count)
        for end in range(start + 1, count + 1)
        if end - start <= _LONGEST or (start, end) == (0, count)
    ]
    joined = {span: join(pieces[span[0] : span[1]]) for span in spans}
    texts = {span: said_of(piece, places).text for span, piece in joined.items()}
    reader.read_ahead([text for text in texts.values() if text], after)
    one = min(max(reader.says_one(texts[0, count], after), _LEAST), 1 - _LEAST)
    support = {
        (start, end): _support(text, reader, after)
        - _ADDED * sum(_ADDS.search(piece.seam) is not None for piece in pieces[start + 1 : end])
        - _PLACES * max(0, sum(MARK in piece.raw for piece in pieces[start:end]) - 1)
        for (start, end), text in texts.items()
    }
    best: list[tuple[float, list[Piece]]] = [(0.0, [])]
    for end in range(1, count + 1):
        ways = [
            (best[start][0] + support[start, end], [*best[start][1], joined[start, end]])
            for start in range(end)
            if (start, end) in joined and (start, end) != (0, count)
        ]
        best.append(max(ways, key=lambda way: way[0]))
    whole = support[0, count] + _WHOLE * math.log(one)
    cut = best[count][0] + _WHOLE * math.log(1 - one)
    return [joined[0, count]] if whole >= cut else best[count][1]


def _enumerates(pieces: Sequence[Piece]) -> bool:
    """Whether short pieces each name another thing outright: "more bass, less mud and air"."""
    if any(len(piece.raw.split()) > _SHORT for piece in pieces):
        return False
    named = [read_wishes(piece.text).best for piece in pieces]
    return None not in named and len(set(named)) == len(named)


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
