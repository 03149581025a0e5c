"""Short answers that only the turn before explains: "the same for the outro", "and the bass"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mixmend.agent.clause_reading import aspect_of
from mixmend.agent.clause_text import Said
from mixmend.agent.grammar_clauses import only_names
from mixmend.agent.intent_making import placed
from mixmend.agent.intents import Intent, Kind, Turn
from mixmend.agent.sentence_model import After
from mixmend.agent.wish_rules import read_wishes
from mixmend.agent.wishes import wish_for

_ANEW = re.compile(
    r"(?:and |now |also |do |then |please |just )*(?:(?:the )?same(?: (?:thing|again|goes|"
    r"treatment|change))?|do (?:that|it|this)|that|likewise|this)(?: too| as well| also|"
    r" again| please| there| here| for| in| with)*"
)


_OFFERS = re.compile(
    r"\?\s*$|\b(?:shall i|should i|would you like|want me to|do you want|may i|i suggest|i propose|"
    r"i would|i could)\b",
    re.IGNORECASE,
)


def after_what(history: Sequence[Turn]) -> After:
    """What a sentence answers: nothing, an account of what was done, or a proposal."""
    if not history:
        return "nothing"
    said = next((turn.text for turn in reversed(history) if turn.role == "assistant"), "")
    return "proposal" if _OFFERS.search(said) else "account"


_UNDONE = re.compile(
    r"\b(?:undone|taken back|took (?:it|that) back|reverted|as (?:it|they) (?:was|were)|gone again|"
    r"removed again|back (?:to|as|at)|restored)\b",
    re.IGNORECASE,
)
_UNDOES = re.compile(
    r"\b(?:undo|revert|go back|take (?:it|that) back|scrap|cancel)\b", re.IGNORECASE
)
_HAVE_BACK = re.compile(r"\b(?:put|bring|give|get) (?:it|that|this) back\b(?! (?:in|on|again))")
_YOURS = re.compile(r"\b(?:your|change|edit|again|after all|changed my mind)\b")


def was_undone(history: Sequence[Turn]) -> bool:
    """Whether the last thing that happened was that a change was taken back."""
    lately = history[-2:]
    said = any(turn.role == "assistant" and _UNDONE.search(turn.text) for turn in lately)
    return said or any(turn.role == "user" and _UNDOES.search(turn.text) for turn in lately)


def back_to_what(kind: Kind, text: str, history: Sequence[Turn]) -> Kind:
    """Which of undo and redo "put it back" is: that depends on what was done last."""
    plainly = _HAVE_BACK.search(text) is not None and _YOURS.search(text) is None
    if kind == "redo" and plainly and history and not was_undone(history):
        return "undo"
    return kind


def once_more(said: Said, last: Intent) -> list[Intent]:
    """The last wish anew, in another place or for another thing: "the same for the outro"."""
    if said.places and _ANEW.fullmatch(said.text):
        return placed(last.model_copy(update={"words": said.text}), said.places)
    bare = re.sub(
        r"^(?:and|now|also|then|what about|how about)\b(?: (?:and|now|also))*|\b(?:too|"
        r"as well|also|please|now)\b",
        "",
        said.text,
    ).strip(" ,?")
    way = last.change if last.change in ("more", "less") else None
    if way and only_names(bare):
        aspect = aspect_of(bare, read_wishes(bare))
        wish = wish_for(aspect, way)
        if wish is not None:
            fix = last.model_copy(
                update={
                    "problem": wish.problem,
                    "aspect": wish.aspect,
                    "region": None,
                    "section": None,
                    "words": said.text,
                }
            )
            return placed(fix, said.places)
    return []


def is_only_amount(text: str, start: int, end: int) -> bool:
    """Whether a clause says no more than the amount that stands there."""
    rest = (text[:start] + text[end:]).strip(" ,.")
    return re.fullmatch(
        r"(?:(?:just|but|only|please|by|about|maybe|though|and|if you can|more|ok|it|make|"
        r"do)[ ,]*)*",
        rest,
    ) is not None and not re.search(r"\b(?:more|less)$", text)
