"""What plain words ask for: `understand(words, history)` gives intents in the published shape.

Grammar takes out places, amounts and targets and splits the sentence into one piece a wish; each
piece is read by rules and by trained heads on its sentence embedding, whose votes are added up.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from mixmend.agent import grammar_clauses as clauses
from mixmend.agent import grammar_meta as meta
from mixmend.agent import lexicon
from mixmend.agent.compose import instruction_for
from mixmend.agent.grammar_amount import find_amount
from mixmend.agent.grammar_place import MARK, Place, take_places
from mixmend.agent.intents import DEFAULT_STRENGTH, Intent, Kind, Turn, Understanding
from mixmend.agent.wish_rules import Reading, read_wishes
from mixmend.agent.wishes import WISHES, Wish, wish_for
from mixmend.agent.wording import Speller, normalise, speller_for
from mixmend.model.problems import Aspect

_POLITE = re.compile(
    r"^(?:(?:please|thanks|thank you|hi|hey|hello|ok|okay|so|well|also|too|and|just|really|maybe|cheers|sorry|i think|i guess|i mean|if possible|if you can|kindly|um|hmm|there|now|again|actually|basically|like|you know|or something|or so|everything else|nothing else|that is all|only that|guys|mate|dear|honestly|in my opinion|for me|at all|alright|good|great|cool|nice)[ ,]*)+$"
)
_FILLER = re.compile(
    r"[^a-z]*(?:it|this|that|the|a|is|be|in|of|song|track|mix|there|here|only|just|especially|mainly|please|mostly|part|bit)*[^a-z]*"
)
_SAME = re.compile(
    r"\b(?:(?:the )?same(?: (?:thing|again|goes))?|also|likewise|do (?:that|it|this)|that|there|too|as well)\b"
)
_KEEPS_APPROVAL = re.compile(
    r"^(?:(?:oh|ok|okay|well)[ ,]+)?(?:yes|yep|yeah|yup|sure|go ahead|do it|do that|keep|absolutely|definitely|please do|i (?:love|like))\b"
)


@dataclass(frozen=True)
class Said:
    """One clause made ready for reading: places and politeness out, words uniform."""

    text: str
    places: tuple[Place, ...] = ()
    shares: bool = False


@dataclass(frozen=True)
class Verdict:
    """What a clause was read as, before it is put into an intent."""

    kind: Kind
    sure: float
    wish: Wish | None = None
    directed: bool = False
    aspect: Aspect | None = None


def understand(words: str, history: Sequence[Turn] = ()) -> Understanding:
    """Every wish, question and command in `words`, read in the light of earlier turns.

    No words at all ask for the automatic mode. Never raises on any text.
    """
    if not words.strip():
        return Understanding(
            intents=(Intent(kind="auto"),), instruction=instruction_for(()), language="en"
        )
    intents = _read(words, tuple(history))
    return Understanding(intents=intents, instruction=instruction_for(intents), language="en")


def _read(words: str, history: tuple[Turn, ...]) -> tuple[Intent, ...]:
    text = normalise(words, _speller())
    placed = take_places(text)
    pieces = clauses.split(_protect(placed.text), _stands)
    found: list[Intent] = []
    waiting: tuple[Place, ...] = ()
    for piece in pieces:
        said = _said(piece, placed.places)
        if not said.text or _FILLER.fullmatch(said.text) or _POLITE.match(said.text):
            waiting = _hand_on_place(said, found, waiting, history)
            continue
        intents = _intents_of(said, history, found)
        if not said.places and waiting:
            intents = [
                i if i.kind not in ("fix", "leave") else p
                for i in intents
                for p in _placed(i, waiting)
            ]
        if said.places and _leads(piece.text):
            waiting = said.places
        found += intents
    return _tidy(found, text, history)


def _protect(text: str) -> str:
    """Keeps "clicks and pops" and "loud and clear" from being taken apart."""
    text = re.sub(
        r"\bclicks?,? (?:and|&|n) (?:pops?|crackles?)\b|\bpops?,? (?:and|&) (?:clicks?|crackles?)\b",
        "clicks",
        text,
    )
    text = re.sub(
        r"\b(?:nice|good|loud) and (?=warm|loud|bright|wide|clear|clean|punchy|fat|dry)", "", text
    )
    return re.sub(
        r"\bup and down\b", "up-and-down", re.sub(r"\bback and forth\b", "back-and-forth", text)
    )


def _leads(text: str) -> bool:
    return (
        re.match(rf"(?:please |and |now |so |just |maybe )*{MARK}\d+[ ,:]", text + " ") is not None
    )


def _said(piece: clauses.Piece, places: tuple[tuple[Place, ...], ...]) -> Said:
    marks = [int(number) for number in re.findall(rf"{MARK}(\d+)", piece.text)]
    text = re.sub(
        rf"^{MARK}\d+ (?=(?:is|are|sounds?|needs?|has|was|gets|could|should|feels?|seems?|lacks?)\b)",
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
    return Said(
        re.sub(r"\s+", " ", text).strip(" ,.:"),
        tuple(place for number in marks for place in places[number]),
        piece.shares,
    )


def _stands(text: str) -> bool:
    """Whether a piece means something on its own, so that a sentence may be split there."""
    bare = re.sub(rf"{MARK}\d+", "", text).strip()
    if not bare:
        return False
    if (
        read_wishes(bare).scores
        or meta.find_target(bare)
        or meta.is_leave(bare)
        or meta.is_cannot(bare)
    ):
        return True
    reading = meta.read_meta(bare, False)
    return reading is not None or meta.is_auto(bare) or _POLITE.match(bare) is not None


def _hand_on_place(
    said: Said, found: list[Intent], waiting: tuple[Place, ...], history: tuple[Turn, ...]
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
        found += _placed(last, said.places)
        return waiting
    if not found and (wish := _last_fix(history)) is not None and _SAME.search(said.text):
        found += _placed(wish, said.places)
    return said.places


def _intents_of(said: Said, history: tuple[Turn, ...], found: list[Intent]) -> list[Intent]:
    text = said.text
    amount = find_amount(text)
    strength = amount.strength if amount else DEFAULT_STRENGTH
    # An amount after the wish changes that wish: "make it brighter, but not too much".
    if (
        found
        and found[-1].kind == "fix"
        and amount
        and _only_amount(text, amount.start, amount.end)
    ):
        found[-1] = found[-1].model_copy(update={"strength": strength})
        return []
    if said.shares and amount is None and found:
        strength = found[-1].strength
    out: list[Intent] = []
    target = meta.find_target(text)
    asks = meta.is_question(text)
    if target and not asks:
        out.append(Intent(kind="target", target=target.target, target_lufs=target.lufs, words=text))
        rest = (text[: target.start] + " " + text[target.end :]).strip(" ,.")
        wish = read_wishes(rest).best
        if wish is None or (target.lufs is not None and wish in ("too_quiet", "too_loud")):
            return out
        text = rest
    verdict = _judge(text, bool(history), asks)
    if target and verdict.kind != "fix" and not asks:
        return out
    out += _put(verdict, said, text, strength, history)
    if target and asks:
        out[-1] = out[-1].model_copy(update={"target": target.target, "target_lufs": target.lufs})
    return out


def _only_amount(text: str, start: int, end: int) -> bool:
    rest = (text[:start] + text[end:]).strip(" ,.")
    return re.fullmatch(
        r"(?:(?:just|but|only|please|by|about|maybe|though|and|if you can|more|ok|it|make|do)[ ,]*)*",
        rest,
    ) is not None and not re.search(r"\b(?:more|less)$", text)


def _judge(text: str, has_history: bool, asks: bool) -> Verdict:
    reading = read_wishes(text)
    best = reading.best
    wish = WISHES[best] if best else None
    directed = best in reading.directed if best else False
    aspect = _aspect_of(text, reading)
    said = meta.read_meta(text, has_history)
    if said is not None:
        return Verdict(said.kind, said.sure, wish, directed, aspect)
    if asks:
        return Verdict("question", 0.9, wish, directed, aspect)
    if meta.is_leave(text) and not (
        wish and re.search(r"\b(?:do not|not) (?:want|like|need)\b", text)
    ):
        return Verdict("leave", 0.9, wish, directed, aspect)
    if meta.is_cannot(text):
        return Verdict("cannot", 0.9, None, False, None)
    if wish is not None:
        return Verdict(
            "fix", min(0.95, 0.55 + 0.12 * reading.scores[wish.name]), wish, directed, aspect
        )
    if meta.is_auto(text):
        return Verdict("auto", 0.85)
    return Verdict("off_topic", 0.3)


def _put(
    verdict: Verdict, said: Said, text: str, strength: float, history: tuple[Turn, ...]
) -> list[Intent]:
    kind, wish = verdict.kind, verdict.wish
    base = Intent(kind=kind, strength=strength, words=said.text, confidence=verdict.sure)
    if kind == "fix":
        if wish is None:
            return []
        change = wish.change if verdict.directed or wish.change == "fix" else "fix"
        fix = base.model_copy(
            update={"problem": wish.problem, "aspect": wish.aspect, "change": change}
        )
        return _placed(fix, said.places)
    if kind == "leave":
        return _placed(base.model_copy(update={"aspect": verdict.aspect}), said.places)
    update: dict[str, object] = {}
    if kind in (
        "undo",
        "redo",
        "stronger",
        "weaker",
        "explain",
        "compare",
        "export",
        "report",
        "approve",
    ):
        update["pass_"] = meta.number_of_pass(text)
        update["version"] = meta.number_of_version(text)
        if kind == "export":
            update["file_format"] = meta.format_of(text)
    if kind in ("undo", "redo", "stronger", "weaker", "explain", "question", "compare") and wish:
        update |= {"problem": wish.problem, "aspect": wish.aspect}
    elif kind in ("stronger", "weaker") and (last := _last_fix(history)) is not None:
        update |= {"problem": last.problem, "aspect": last.aspect}
    base = base.model_copy(update=update)
    if kind in ("stronger", "weaker", "undo", "explain", "question", "cannot", "redo", "auto"):
        return _placed(base, said.places)
    return [base]


def _aspect_of(text: str, reading: Reading) -> Aspect | None:
    """The aspect a clause speaks of, whichever way it should or should not go."""
    spans: list[tuple[int, Aspect]] = []
    for noun in lexicon.NOUNS:
        if match := re.search(noun.pattern, text):
            for name in (noun.more, noun.less, noun.bare):
                aspect = WISHES[name].aspect if name else None
                if aspect:
                    spans.append((match.start(), aspect))
                    break
    if spans:
        return min(spans)[1]
    best = reading.best
    return WISHES[best].aspect if best else None


def _placed(intent: Intent, places: Sequence[Place]) -> list[Intent]:
    if not places:
        return [intent]
    regions = [place for place in places if place.region is not None]
    parts = [place for place in places if place.region is None]
    if len(regions) == 1 and len(parts) == 1:
        # "the drop at 1:20" is one place, said twice.
        both = replace(regions[0], section=parts[0].section, n=parts[0].n)
        regions, parts = [both], []
    return [
        intent.model_copy(update={"region": p.region, "section": p.section, "section_n": p.n})
        for p in (*regions, *parts)
    ]


def _last_fix(history: Sequence[Turn]) -> Intent | None:
    """The last wish about the sound that the user uttered."""
    for index in range(len(history) - 1, max(-1, len(history) - 9), -1):
        if history[index].role == "user":
            fixes = [i for i in _read(history[index].text, ()) if i.kind == "fix"]
            if fixes:
                return fixes[-1]
    return None


def _tidy(found: list[Intent], text: str, history: tuple[Turn, ...]) -> tuple[Intent, ...]:
    """Drops what goes without saying beside a real wish, and joins wishes said twice."""
    if not found:
        reading = meta.read_meta(text, bool(history))
        kind: Kind = reading.kind if reading else "greeting" if _POLITE.match(text) else "off_topic"
        return (Intent(kind=kind, words=text, confidence=0.5),)
    kinds = {intent.kind for intent in found}
    kept: list[Intent] = []
    for intent in found:
        others = kinds - {intent.kind}
        if intent.kind == "greeting" and others:
            continue
        if (
            intent.kind == "approve"
            and others - {"greeting"}
            and not _KEEPS_APPROVAL.match(intent.words)
        ):
            continue
        if intent.kind == "off_topic" and intent.confidence < 0.9 and others - {"greeting"}:
            continue
        if intent.kind == "auto" and others & {"fix", "target"}:
            continue
        same = next((i for i in kept if _same(i, intent)), None)
        if same is None:
            kept.append(intent)
        elif same.strength == DEFAULT_STRENGTH != intent.strength or (
            same.change == "fix" and intent.change != "fix"
        ):
            change = intent.change if same.change == "fix" else same.change
            strength = intent.strength if same.strength == DEFAULT_STRENGTH else same.strength
            kept[kept.index(same)] = same.model_copy(
                update={"strength": strength, "change": change}
            )
    return tuple(kept)


def _same(a: Intent, b: Intent) -> bool:
    return (a.kind, a.problem, a.aspect, a.region, a.section, a.section_n, a.target, a.target_lufs, a.pass_, a.version) == (
        b.kind, b.problem, b.aspect, b.region, b.section, b.section_n, b.target, b.target_lufs, b.pass_, b.version
    )  # fmt: skip


@lru_cache(maxsize=1)
def _speller() -> Speller:
    """Corrects towards every plain word of the lexicon and of the talk about the work."""
    sources = [noun.pattern for noun in lexicon.NOUNS] + [s.pattern for s in lexicon.SAYINGS]
    words = {
        w for source in sources for w in re.findall(r"(?<![\\\w])[a-z]{4,}(?![\w?*+(\[])", source)
    }
    return speller_for(words | _WORK_WORDS)


_WORK_WORDS = frozenset(
    "undo redo revert compare export download report explain spotify youtube podcast radio vinyl loudness please "
    "louder quieter brighter darker warmer clearer wider narrower punchier muddy boomy harsh tinny vocals reverb bass treble "
    "distortion clipping compression compressed chorus verse bridge intro outro section remove reduce increase decrease slightly "
    "really little more less much sound sounds sounding song track make master background noise hiss crackle muffled "
    "stereo mono dynamic dynamics volume stronger weaker different original version better before again".split()
)

__all__ = ["understand", "wish_for"]
