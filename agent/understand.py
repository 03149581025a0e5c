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
from mixmend.agent.clause_reading import ClauseReader, Verdict, Way, aspect_of
from mixmend.agent.compose import instruction_for
from mixmend.agent.grammar_amount import find_amount
from mixmend.agent.grammar_place import MARK, Place, take_places
from mixmend.agent.grammar_target import find_target
from mixmend.agent.intents import DEFAULT_STRENGTH, Intent, Kind, Turn, Understanding
from mixmend.agent.languages import gloss
from mixmend.agent.lexicon import lexicon
from mixmend.agent.sentence_model import Heads
from mixmend.agent.wish_rules import compares_with_others, read_wishes
from mixmend.agent.wishes import wish_for
from mixmend.agent.wording import Speller, normalise, speller_for
from mixmend.model.embed import EmbeddingError

MOST_CHARACTERS = 2000
MOST_TURNS = 12

_POLITE = re.compile(
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
_SAME = re.compile(
    r"\b(?:(?:the )?same(?: (?:thing|again|goes))?|also|likewise|do (?:that|it|this)|that|"
    r"there|too|as well)\b"
)
_KEEPS_APPROVAL = re.compile(
    r"^(?:(?:oh|ok|okay|well)[ ,]+)?(?:yes|yep|yeah|yup|sure|go ahead|do it|do that|keep|"
    r"absolutely|definitely|please do|i (?:love|like))\b"
)


@dataclass(frozen=True)
class Said:
    """One clause made ready for reading: places and politeness out, words uniform."""

    text: str
    places: tuple[Place, ...] = ()
    shares: bool = False


def understand(words: str, history: Sequence[Turn] = ()) -> Understanding:
    """Every wish, question and command in `words`, read in the light of earlier turns.

    No words at all ask for the automatic mode. Never raises on any text.
    """
    return understand_by(words, history)


def understand_by(
    words: str, history: Sequence[Turn] = (), *, way: Way = "fused", heads: Heads = "all"
) -> Understanding:
    """`understand` by rules alone, by embeddings alone or by both, for benchmarks and tests."""
    return _understood(words[:MOST_CHARACTERS], tuple(history)[-MOST_TURNS:], way, heads)


@lru_cache(maxsize=256)
def _understood(words: str, history: tuple[Turn, ...], way: Way, heads: Heads) -> Understanding:
    glossed = gloss(words)
    intents = _read(glossed.text, history, _reader(way, heads)) if words.strip() else ()
    intents = intents or (Intent(kind="auto"),)
    return Understanding(
        intents=intents, instruction=instruction_for(intents), language=glossed.language
    )


@lru_cache(maxsize=6)
def _reader(way: Way, heads: Heads) -> ClauseReader:
    try:
        return ClauseReader(way, heads)
    except EmbeddingError:
        # Without the encoder's package the rules still understand most of what is said.
        return ClauseReader("rules")


def plain_clause(words: str) -> str:
    """Words as the heads see them: uniform, without places and polite openings."""
    placed = take_places(normalise(words, _speller()))
    return _said(clauses.Piece(placed.text), placed.places).text


def _read(words: str, history: tuple[Turn, ...], reader: ClauseReader) -> tuple[Intent, ...]:
    text = normalise(words, _speller())
    placed = take_places(text)
    pieces = clauses.split(_protect(placed.text), lambda piece: _stands(piece, reader))
    found: list[Intent] = []
    waiting: tuple[Place, ...] = ()
    for piece in pieces:
        said = _said(piece, placed.places)
        if _says_nothing(said.text):
            waiting = _hand_on_place(said, found, waiting, history, reader)
            continue
        intents = _intents_of(said, history, found, reader)
        if not said.places and waiting:
            intents = [
                i if i.kind not in ("fix", "leave") else p
                for i in intents
                for p in _placed(i, waiting)
            ]
        elif not said.places and said.shares and found and len(intents) == 1:
            last = found[-1]
            if last.kind == intents[0].kind == "fix":
                place = {
                    "region": last.region,
                    "section": last.section,
                    "section_n": last.section_n,
                }
                intents = [intents[0].model_copy(update=place)]
        if said.places and _leads(piece.text):
            waiting = said.places
        found += intents
    return _tidy(found, text, history)


def _says_nothing(text: str) -> bool:
    return not text or bool(_FILLER.fullmatch(text)) or bool(_POLITE.match(text))


def _protect(text: str) -> str:
    """Keeps "clicks and pops" and "loud and clear" from being taken apart."""
    text = re.sub(
        r"\bclicks?,? (?:and|&|n) (?:pops?|crackles?)\b|\bpops?,? (?:and|&) (?:clicks?|"
        r"crackles?)\b",
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
        rf"^{MARK}\d+ (?=(?:is|are|sounds?|needs?|has|was|gets|could|should|feels?|seems?|"
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
    return Said(
        re.sub(r"\s+", " ", text).strip(" ,.:"),
        tuple(place for number in marks for place in places[number]),
        piece.shares,
    )


def _stands(text: str, reader: ClauseReader) -> bool:
    bare = re.sub(rf"{MARK}\d+", "", text).strip()
    return bool(bare) and (_POLITE.match(bare) is not None or reader.stands(bare))


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
        found += _placed(last, said.places)
        return waiting
    if not found and (wish := _last_fix(history, reader)) is not None:
        found += _placed(wish.model_copy(update={"words": said.text}), said.places)
    return said.places


def _intents_of(
    said: Said, history: tuple[Turn, ...], found: list[Intent], reader: ClauseReader
) -> list[Intent]:
    text = said.text
    if history and not found and (again := _again(said, history, reader)):
        return again
    amount = find_amount(text)
    if amount and compares_with_others(text):
        amount = None
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
    target = find_target(text)
    asks = meta.is_question(text)
    if target and not asks:
        out.append(Intent(kind="target", target=target.target, target_lufs=target.lufs, words=text))
        rest = (text[: target.start] + " " + text[target.end :]).strip(" ,.")
        wish = read_wishes(rest).best
        if wish is None or (target.lufs is not None and wish in ("too_quiet", "too_loud")):
            return out
        text = rest
    verdict = reader.judge(text, bool(history))
    if target and verdict.kind != "fix" and not asks:
        return out
    out += _put(verdict, said, text, strength, history, reader)
    if target and asks:
        out[-1] = out[-1].model_copy(update={"target": target.target, "target_lufs": target.lufs})
    return out


_ANEW = re.compile(
    r"(?:and |now |also |do |then |please |just )*(?:(?:the )?same(?: (?:thing|again|goes|"
    r"treatment|change))?|do (?:that|it|this)|that|likewise|this)(?: too| as well| also|"
    r" again| please| there| here| for| in| with)*"
)


def _again(said: Said, history: tuple[Turn, ...], reader: ClauseReader) -> list[Intent]:
    """The last wish anew, in another place or for another thing: "the same for the outro"."""
    last = _last_fix(history, reader)
    if last is None:
        return []
    if said.places and _ANEW.fullmatch(said.text):
        return _placed(last.model_copy(update={"words": said.text}), said.places)
    bare = re.sub(
        r"^(?:and|now|also|then|what about|how about)\b(?: (?:and|now|also))*|\b(?:too|"
        r"as well|also|please|now)\b",
        "",
        said.text,
    ).strip(" ,?")
    way = last.change if last.change in ("more", "less") else None
    if way and clauses.only_names(bare):
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
            return _placed(fix, said.places)
    return []


def _only_amount(text: str, start: int, end: int) -> bool:
    rest = (text[:start] + text[end:]).strip(" ,.")
    return re.fullmatch(
        r"(?:(?:just|but|only|please|by|about|maybe|though|and|if you can|more|ok|it|make|"
        r"do)[ ,]*)*",
        rest,
    ) is not None and not re.search(r"\b(?:more|less)$", text)


def _put(
    verdict: Verdict,
    said: Said,
    text: str,
    strength: float,
    history: tuple[Turn, ...],
    reader: ClauseReader,
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
    elif kind in ("stronger", "weaker") and (last := _last_fix(history, reader)) is not None:
        update |= {"problem": last.problem, "aspect": last.aspect}
    base = base.model_copy(update=update)
    if kind in ("stronger", "weaker", "undo", "explain", "question", "cannot", "redo", "auto"):
        return _placed(base, said.places)
    return [base]


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


def _last_fix(history: Sequence[Turn], reader: ClauseReader) -> Intent | None:
    """The last wish about the sound that the user uttered."""
    for index in range(len(history) - 1, max(-1, len(history) - 9), -1):
        if history[index].role == "user":
            fixes = [
                i for i in _read(gloss(history[index].text).text, (), reader) if i.kind == "fix"
            ]
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


_COMPARED = (
    "kind", "problem", "aspect", "region", "section", "section_n", "target", "target_lufs",
    "pass_", "version",
)  # fmt: skip


def _same(a: Intent, b: Intent) -> bool:
    return all(getattr(a, name) == getattr(b, name) for name in _COMPARED)


@lru_cache(maxsize=1)
def _speller() -> Speller:
    """Corrects towards every plain word of the lexicon and of the talk about the work."""
    return speller_for(lexicon().plain_words() | _WORK_WORDS)


_WORK_WORDS = frozenset(
    [
        "undo",
        "redo",
        "revert",
        "compare",
        "export",
        "download",
        "report",
        "explain",
        "spotify",
        "youtube",
        "podcast",
        "radio",
        "vinyl",
        "loudness",
        "please",
        "louder",
        "quieter",
        "brighter",
        "darker",
        "warmer",
        "clearer",
        "wider",
        "narrower",
        "punchier",
        "muddy",
        "boomy",
        "harsh",
        "tinny",
        "vocals",
        "reverb",
        "bass",
        "treble",
        "distortion",
        "clipping",
        "compression",
        "compressed",
        "chorus",
        "verse",
        "bridge",
        "intro",
        "outro",
        "section",
        "remove",
        "reduce",
        "increase",
        "decrease",
        "slightly",
        "really",
        "little",
        "more",
        "less",
        "much",
        "sound",
        "sounds",
        "sounding",
        "song",
        "track",
        "make",
        "master",
        "background",
        "noise",
        "hiss",
        "crackle",
        "muffled",
        "stereo",
        "mono",
        "dynamic",
        "dynamics",
        "volume",
        "stronger",
        "weaker",
        "different",
        "original",
        "version",
        "better",
        "before",
        "again",
    ]
)
