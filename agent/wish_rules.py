"""Reads one clause against the lexicon: which wishes it names, how strongly, which way."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field

from mixmend.agent.intents import Change
from mixmend.agent.lexicon import Noun, lexicon
from mixmend.agent.wishes import WISHES, wish_for

# Words of excess and lack that tell which way a wish goes even inside a complaint.
_SAID_DIRECTION = re.compile(
    r"\b(?:more|less|fewer|too much|too many|not enough|too little|lacks?|lacking|missing|"
    r"reduce\w*|add\w*|boost\w*|"
    r"raise|increase|lower|cut|remov\w+|rid|turn\w*|bring|lift|kill|tame|take|drop|crank|"
    r"pull|tone (?:\w+ )?down|"
    r"soften|need\w*|excess\w*|decrease|enhance|give|dial|strip|eliminat\w+|so much|"
    r"no more|could use|clean \w+|clean|filter|suppress)\b"
)


@dataclass(frozen=True)
class Reading:
    """What the lexicon makes of one clause.

    `scores` by wish name; `directed` those wishes whose direction was said outright; `spans` where
    each wish was named; `nouns` the wishes by plain nouns, which need a direction to be sure.
    """

    scores: dict[str, float] = field(default_factory=dict)
    directed: frozenset[str] = frozenset()
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def best(self) -> str | None:
        """The strongest wish, the one named first among equals."""
        if not self.scores:
            return None
        return max(self.scores, key=lambda name: (self.scores[name], -self.spans[name][0]))

    def change_of(self, wish: str) -> Change:
        """`more` or `less` when the clause says which way, else `fix`."""
        return WISHES[wish].change if wish in self.directed else "fix"


_IMPERATIVE = re.compile(
    r"(?:(?:please|can you|could you|would you|i want you to|you should|and|now|maybe) )*"
    r"(?:calm|tame|reduce|remove|take|kill|get rid|clean|cut|smooth|soften|filter|"
    r"lower|boost|raise|add)\b"
)
_FEWER_OF_BAD = re.compile(r"\b(?:not enough|too little|lack\w*)\b")


def read_wishes(text: str) -> Reading:
    """Wishes named in a clause of normalised text."""
    words = lexicon()
    scores: dict[str, float] = defaultdict(float)
    directed: set[str] = set()
    spans: dict[str, tuple[int, int]] = {}

    def note(wish: str, weight: float, span: tuple[int, int], said: bool) -> None:
        scores[wish] += weight
        spans.setdefault(wish, span)
        if said:
            directed.add(wish)

    covered: list[tuple[int, int]] = []
    said_direction = _SAID_DIRECTION.search(text) is not None
    for saying in words.sayings:
        for match in saying.pattern.finditer(text):
            if _negated(text, match.start()):
                continue
            said = saying.directed or _IMPERATIVE.match(text) is not None
            note(saying.wish, saying.weight, match.span(), said)
            if saying.directed:
                covered.append(match.span())
    for noun in words.nouns:
        for match in noun.pattern.finditer(text):
            if any(start <= match.start() < end for start, end in covered):
                continue
            way = _way(text, match, noun)
            wish = {1: noun.more, -1: noun.less, 0: noun.bare}[way]
            if wish is None:
                continue
            weight = noun.weight + (0.6 if way else 0.0)
            note(wish, weight, match.span(), bool(way) and said_direction)
    _settle(text, scores, spans, directed)
    if _OTHERS_LEAD.search(text):
        directed.clear()
    elif _THAN.search(text):
        scores, spans = _turned(scores, spans, directed)
        directed.clear()
    return Reading(dict(scores), frozenset(directed & scores.keys()), spans)


# "Other songs are brighter" complains of dullness; "mine is brighter than others" of the reverse.
_OTHERS_LEAD = re.compile(
    r"^(?:in |on |next to |compared (?:to|with) |beside |unlike )?(?:all |most |every |"
    r"the |my |any |these |those )*(?:other|others|pro|professional|commercial|original|"
    r"reference|radio|studio version|live version|old|demo|vinyl|records?|famous|real|"
    r"favou?rite|hit)\b.*\b(?:is|are|was|were|sounds?|have|has|had|hits?|feels?|shakes?|"
    r"wraps?|slaps?|smacks?)\b"
)
_THAN = re.compile(
    r"^(?:(?:it|this|that|mine|song|track|my \w+|the \w+(?: \w+)?)(?: \w+)?"
    r"(?: (?:is|are|sounds?|has|"
    r"have|was|feels?|got)\b)(?: \w+){0,4}?|(?:far|way|much|a lot|lots)?) ?\b(?:more|less|"
    r"\w+er)\b(?: [\w-]+){0,3} than "
    r"(?!(?:before|that\b|this\b|the (?:singer|voice|vocals|left|right)))"
)


def compares_with_others(text: str) -> bool:
    """Whether the clause holds the song against others, so that its amounts are no wishes."""
    return _OTHERS_LEAD.search(text) is not None or _THAN.search(text) is not None


def _turned(
    scores: dict[str, float], spans: dict[str, tuple[int, int]], directed: set[str]
) -> tuple[dict[str, float], dict[str, tuple[int, int]]]:
    """What is said to be more than elsewhere is too much, and the reverse."""
    turned: dict[str, float] = {}
    places: dict[str, tuple[int, int]] = {}
    for name, points in scores.items():
        wish = WISHES[name]
        opposite = {"more": "less", "less": "more"}
        other = wish_for(wish.aspect, opposite.get(wish.change, "fix"))  # type: ignore[arg-type]
        new = other.name if other and name in directed else name
        turned[new] = turned.get(new, 0.0) + points
        places.setdefault(new, spans[name])
    return turned, places


def _negated(text: str, start: int) -> bool:
    """Whether what starts here was just denied: "not muddy", "isn't harsh any more"."""
    return (
        re.search(
            r"\b(?:not|never|neither|nor|without being|no longer)(?: (?:at all|really|"
            r"even|too|so|sound|sounding|getting|be|being|get))?(?: a)? $",
            text[:start],
        )
        is not None
    )


_MOVED = re.compile(
    r" (?:way |a bit |a little |a lot |a touch |slightly |much |just )?(up|down|higher|lower)\b"
)


def _way(text: str, match: re.Match[str], noun: Noun) -> int:
    """1 for more, -1 for less, 0 for neither, judged by the words about a noun, nearest first."""
    if noun.unwanted:
        before = text[: match.start()]
        wanted = list(lexicon().want_more.finditer(before))
        less = list(lexicon().less.finditer(text))
        if _FEWER_OF_BAD.search(before):
            return 1 if noun.more else -1
        if (
            noun.more
            and wanted
            and not re.search(r"\b(?:too|so|no) ?$", before[: wanted[-1].start()])
        ):
            said = wanted[-1].group()
            near = len(before) - wanted[-1].end() < 22
            beaten = any(
                m.start() > wanted[-1].start() or -1 <= wanted[-1].start() - m.end() <= 1
                for m in less
            )
            needs_less = re.search(r"\bless|removed?|gone|out\b", text) is not None
            if near and not beaten and not needs_less and said not in ("want", "need", "needs"):
                return 1
        return -1 if less or re.search(r"\b(?:no|away|gone|out|off)\b", text) else 0
    if moved := _MOVED.match(text, match.end()):
        # "Vocals up a touch": what stands right behind a thing says where it goes.
        return 1 if moved[1] in ("up", "higher") else -1
    more = _nearest(lexicon().more, text, match)
    less_near = _nearest(lexicon().less, text, match)
    if more is None and less_near is None:
        return 0
    if less_near is None:
        return 1
    if more is None:
        return -1
    return 1 if more < less_near else -1


def _nearest(pattern: re.Pattern[str], text: str, match: re.Match[str]) -> int | None:
    """Distance from a noun to the nearest direction word; words in front count as closer."""
    gaps = [
        (match.start() - found.end()) if found.end() <= match.start() + 1
        else max(0, found.start() - match.end()) + 2 if found.start() >= match.end() - 1
        else 0
        for found in pattern.finditer(text)
    ]  # fmt: skip
    return min(gaps) if gaps else None


def _settle(
    text: str,
    scores: dict[str, float],
    spans: dict[str, tuple[int, int]],
    directed: set[str],
) -> None:
    """Puts right what single words cannot see: the voice is quiet, not the song."""

    def move(old: str, new: str) -> None:
        if old in scores:
            scores[new] = scores.get(new, 0.0) + scores.pop(old)
            spans.setdefault(new, spans[old])
            if old in directed:
                directed.add(new)

    voice = lexicon().voice.search(text)
    if voice:
        move("too_quiet", "vocals_buried")
        move("too_loud", "vocals_loud")
        if re.search(r"\b(?:understand|hear|make out|follow)\b", text):
            move("unclear", "vocals_buried")
        distant = re.search(r"\b(?:distant|far)\b", text) is not None
        if distant and "vocals_buried" in scores and not re.search(r"reverb|echo|wet", text):
            move("reverb", "vocals_buried")
        fault = [
            name
            for name in (
                "sibilant",
                "harsh",
                "reverb",
                "clipping",
                "boxy",
                "too_dry",
                "mic_colored",
                "muddy",
                "dull",
                "unclear",
                "cold",
                "noise",
                "thin",
                "airless",
            )
            if scores.get(name, 0) >= 2.0
        ]
        if fault:
            # "the voice is harsh" is about harshness, whoever it belongs to.
            for name in ("vocals_buried", "vocals_loud"):
                if name in scores and not re.search(
                    r"\b(?:buried|louder|quieter|turn|hear|bring|up front|forward)\b", text
                ):
                    scores.pop(name)
    if re.search(r"\b(?:bass|kick|low end|lows|sub|808s?|bottom)\b", text):
        if "thin" in scores or "boomy" in scores:
            for name in ("too_quiet", "too_loud"):
                scores.pop(name, None)
        else:
            move("too_quiet", "thin")
            move("too_loud", "boomy")
    if re.search(r"\b(?:highs?|treble|top end|cymbals|hats)\b", text):
        if "harsh" in scores:
            for name in ("too_bright", "dull"):
                scores.pop(name, None)
        for name in ("too_quiet", "too_loud"):
            scores.pop(name, None)
    if "off_balance" in scores and re.search(r"\b(?:left|right)\b", text):
        for name in ("too_quiet", "too_loud"):
            scores.pop(name, None)
    if "uneven_levels" in scores and scores["uneven_levels"] >= 2.8:
        for name in ("too_quiet", "too_loud"):
            scores.pop(name, None)
