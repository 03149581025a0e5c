"""Scripted dialogues on damaged songs: what the user says, and what must hold in the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mixmend.model.problems import Problem

End = Literal["mended", "original", "first", "branch", "target", "not worse"]


@dataclass(frozen=True)
class Kind:
    """A damage, how people complain of it (first tries, then the plain words), and which repairs
    answer the complaint."""

    name: str
    wishes: tuple[str, ...]
    plainly: str
    answers: frozenset[Problem]


@dataclass(frozen=True)
class Line:
    """One thing the user says. `acts`: whether it asks for a change of the song."""

    words: str
    acts: bool = True
    problems: frozenset[Problem] = frozenset()


@dataclass(frozen=True)
class Dialogue:
    """A damaged song and a talk about it; `end` names what must hold when it is over."""

    number: int
    shape: str
    kind: Kind
    lines: tuple[Line, ...]
    end: End


def _kind(name: str, plainly: str, answers: set[Problem], *wishes: str) -> Kind:
    return Kind(name, wishes, plainly, frozenset(answers))


KINDS: tuple[Kind, ...] = (
    _kind("bright", "bring the treble up", {"dull", "unclear", "airless"},
          "it sounds dull, like through a blanket", "could you make it brighter?",
          "the highs are missing", "needs more sparkle"),
    _kind("dark", "less treble please", {"harsh", "too_bright", "sibilant"},
          "it is way too bright", "the treble hurts my ears", "it sounds harsh and sharp",
          "too much high end"),
    _kind("boom", "more bass please", {"thin", "cold"},
          "there is no bass in it", "it sounds thin", "the low end is missing",
          "can you give it more bass?"),
    _kind("mud", "take the mud out", {"muddy", "boxy", "unclear", "boomy"},
          "it sounds muddy", "the mix is so muddy, please clear it up", "can you remove the mud?",
          "it's kind of muddy"),
    _kind("warm", "make it warmer", {"cold", "thin"},
          "it sounds cold", "I'd like it warmer", "it lacks warmth", "please warm it up"),
    _kind("clarity", "make it clearer", {"unclear", "dull", "airless"},
          "it sounds muffled", "I can't make out the details, it needs more clarity",
          "it's so unclear", "make it clearer please"),
    _kind("vocal", "bring the vocals forward", {"vocals_buried"},
          "the vocals are buried", "I can hardly hear the singer", "vocals are too quiet",
          "can you bring the voice forward?"),
    _kind("punch", "give it more punch", {"flat_transients", "squashed"},
          "the drums have no punch", "it lacks impact", "make it punchier",
          "the attacks are soft, more punch please"),
    _kind("clip", "repair the clipping", {"clipping", "clicks"},
          "the loud parts distort", "it is clipping badly", "the peaks are clipped, please fix it",
          "there is distortion from clipping"),
    _kind("stereo", "make it wider", {"narrow"},
          "it sounds narrow, almost mono", "can you widen the stereo?",
          "everything is in the middle, make it wider", "I want it wider"),
    _kind("hiss", "remove the hiss", {"noise"},
          "there's a hiss all over it", "it is so noisy", "please get rid of the background noise",
          "I hear tape hiss"),
    _kind("hum", "remove the hum", {"hum", "noise"},
          "there is a hum in it", "I hear a low buzz all the time", "can you remove the mains hum?",
          "it hums"),
    _kind("volume", "make it louder", {"too_quiet"},
          "it is much too quiet", "I can hardly hear it, make it louder", "please turn it up",
          "make the song louder"),
    _kind("small", "less reverb please", {"reverb"},
          "it sounds like it was recorded in a bathroom", "there's too much echo",
          "less reverb please", "it is too roomy"),
)  # fmt: skip

# A wish on something else, for dialogues with two changes: what is said, and what it repairs.
_OTHER: tuple[Line, Line] = (
    Line("and now make it a bit warmer", problems=frozenset({"cold", "thin"})),
    Line("and now a touch more treble", problems=frozenset({"dull", "airless"})),
)
_WARMER = Line("like the first version but a bit warmer", problems=frozenset({"cold", "thin"}))
_BRIGHTER = Line(
    "like the first version but a little brighter", problems=frozenset({"dull", "airless"})
)
_ASKS = ("why?", "which is better?", "how loud is it?", "what did you do?")
_ASIDE = ("remove the drums", "what's the weather like tomorrow?", "can you fix the timing?")


def dialogues() -> list[Dialogue]:
    """All of them: each shape of talk with several kinds of damage, kinds and words in turn."""
    made: list[Dialogue] = []
    for turn in range(6):
        for place, shape in enumerate(SHAPES):
            number = len(made)
            kind = KINDS[(number + turn) % len(KINDS)]
            if shape == "stronger" and kind.name == "volume":
                # Louder than it was before the damage is no longer nearer to it.
                kind = KINDS[(number + turn + 1) % len(KINDS)]
            wish = Line(kind.wishes[(turn + place) % len(kind.wishes)], problems=kind.answers)
            made.append(_dialogue(number, shape, kind, wish))
    return made


SHAPES: tuple[str, ...] = (
    "wish", "weaker", "stronger", "undo", "undo and redo", "back to the first", "branch",
    "questions", "cannot and off topic", "automatic", "for Spotify",
)  # fmt: skip


def _dialogue(number: int, shape: str, kind: Kind, wish: Line) -> Dialogue:
    warm = kind.name in ("warm", "boom", "mud")
    other, branch = (_OTHER[1], _BRIGHTER) if warm else (_OTHER[0], _WARMER)
    asks = tuple(Line(words, acts=False) for words in _ASKS)
    aside = tuple(Line(words, acts=False) for words in _ASIDE)
    talks: dict[str, tuple[tuple[Line, ...], End]] = {
        "wish": ((wish,), "mended"),
        "weaker": ((wish, Line("a bit less", problems=kind.answers)), "mended"),
        "stronger": ((wish, Line("a little more please", problems=kind.answers)), "mended"),
        "undo": ((wish, Line("undo that")), "original"),
        "undo and redo": ((wish, Line("undo"), Line("no, bring it back")), "mended"),
        "back to the first": ((wish, other, Line("go back to the first version")), "first"),
        "branch": ((wish, other, branch), "branch"),
        "questions": ((wish, *asks), "mended"),
        "cannot and off topic": ((*aside, wish), "mended"),
        "automatic": ((Line("just make it better"),), "not worse"),
        "for Spotify": ((wish, Line("make it ready for Spotify")), "target"),
    }
    lines, end = talks[shape]
    return Dialogue(number, shape, kind, lines, end)
