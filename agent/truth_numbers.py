"""Numbers in a sentence against figures: the same unit, topic and time, rounded as it was said."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mixmend.agent.claim_words import TOPICS
from mixmend.agent.facts import Facts
from mixmend.agent.known_figures import Fact

_UNIT = re.compile(
    r"\s*-?(dBTP|dB ?TP|dBFS|decibels?|dB|LUFS|LKFS|LU|kHz|kilohertz|Hz|hertz|ms|milliseconds?|"
    r"seconds?|secs?|s|minutes?|mins?|%|percent|per ?cent|bpm|beats per minute|times|x|k)(?![\w])",
    re.IGNORECASE,
)
_UNITS = {
    "dbtp": "dBTP", "db tp": "dBTP", "dbfs": "dBFS", "db": "dB", "decibel": "dB", "decibels": "dB",
    "lufs": "LUFS", "lkfs": "LUFS", "lu": "LU", "hz": "Hz", "hertz": "Hz", "khz": "kHz",
    "kilohertz": "kHz", "ms": "ms", "millisecond": "ms", "milliseconds": "ms", "s": "s",
    "sec": "s", "secs": "s", "second": "s", "seconds": "s", "minute": "min", "minutes": "min",
    "min": "min", "mins": "min", "%": "%", "percent": "%", "per cent": "%", "bpm": "BPM",
    "beats per minute": "BPM", "times": "x", "x": "x", "k": "kHz",
}  # fmt: skip
_WORDS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "twenty": 20, "thirty": 30, "fifty": 50, "a dozen": 12,
    "a hundred": 100, "a thousand": 1000,
}  # fmt: skip
_NUMBER = re.compile(
    r"(?<![\w.,:])(?P<clock>\d{1,2}:\d\d(?::\d\d)?)(?!\w|:\d)|"
    r"(?<![\w.:])(?P<sign>[-+])?(?P<number>\d{1,3}(?:[ ,]\d{3})+(?![\d.])|\d+(?:[.,]\d+)?)"
)
_COUNTED = re.compile(
    r"\b(?P<word>" + "|".join(_WORDS) + r") (?:\w+ )?(?=spots|clipped|clicks|pops|gaps|drop)", re.I
)
_GENERIC = re.compile(
    r"^\s*(?:things?|changes?|steps?|versions?|passes|pass|ways?|options?|problems?|faults?|"
    r"sides?|speakers?|more|of (?:them|these|those|the)|wishes|songs?|words?|sentences?|tries|"
    r"tools?|findings?|turns?|parts?|places?|channels?|to (?:1|10)\b|\)|or |and |, )",
    re.IGNORECASE,
)
_AIMS = re.compile(
    r"\b(?:you (?:asked|want|said|wish|named|gave)|as asked|target|aim\w*|goal|short of|asks? for|"
    r"services?|spotify|youtube|apple|tidal|podcasts?|broadcast|radio|ceiling|limit|at most|under|"
    r"standard|play(?:s)? at about|recommend\w*|should)\b",
    re.IGNORECASE,
)
_PAST = re.compile(
    r"\b(?:was|were|came with|it came|before|original(?:ly)?|used to|had|at first|from the "
    r"start|instead of|untouched|source)\b",
    re.IGNORECASE,
)
_NOW = re.compile(
    r"\b(?:now|reach(?:es|ed)?|plays? at|is|are|sits? at|ends? up|ended up|came out|result|"
    r"finished|became|to)\b",
    re.IGNORECASE,
)
_TRIED = re.compile(r"\b(?:tried|took|back|because|would|lost|rolled)\b", re.IGNORECASE)
_ABOUT = re.compile(
    r"\b(?:about|around|roughly|nearly|almost|approximately|some|over|more than|just under|close "
    r"to|~)\s*$",
    re.IGNORECASE,
)
_LEVELS = frozenset({"dBTP", "dBFS", "LUFS"})
_REFERENCE = re.compile(r"\b(?:version|change|pass|step|no\.?|number|#|top)\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class Said:
    """A number as it was said: value, unit, half of its last digit, and where it stands."""

    text: str
    value: float
    unit: str
    half: float
    start: int
    end: int
    signed: bool


def unfounded_in(sentence: str, facts: Facts) -> list[str]:
    """Numbers that no figure bears out, as they were written."""
    said = list(_numbers(sentence))
    unknown = [number.text for number in said if not _is_known(number, sentence, facts)]
    return [*unknown, *_wrong_way(said, sentence)]


_ROSE = re.compile(r"\b(?:rose|raised|risen|up|increased|grew)\b[^.,;]*\bfrom $")
_FELL = re.compile(
    r"\b(?:fell|fallen|dropped|down|lowered|reduced|decreased|shrank)\b[^.,;]*\bfrom $"
)


def _wrong_way(said: Sequence[Said], sentence: str) -> Iterator[str]:
    """ "Rose from 5 to 3": the numbers themselves say otherwise."""
    for first, second in itertools.pairwise(said):
        between = sentence[first.end : second.start]
        if not re.fullmatch(r"[^.,;\d]{0,24}?\bto (?:about |only )?", between):
            continue
        before = sentence[: first.start]
        fell = second.value < first.value
        if (fell and _ROSE.search(before)) or (second.value > first.value and _FELL.search(before)):
            yield f"{first.text} to {second.text}"


def _numbers(sentence: str) -> Iterator[Said]:
    found: list[Said] = []
    for match in _NUMBER.finditer(sentence):
        if match["clock"]:
            value = 0.0
            for part in match["clock"].split(":"):
                value = 60.0 * value + float(part)
            found.append(Said(match[0], value, "clock", 1.0, match.start(), match.end(), False))
            continue
        number = match["number"]
        if re.fullmatch(r"\d{1,3}(?:[ ,]\d{3})+", number):
            number = re.sub(r"[ ,]", "", number)
        number = number.replace(",", ".")
        digits = len(number.split(".")[1]) if "." in number else 0
        sign = -1.0 if match["sign"] == "-" else 1.0
        unit = _UNIT.match(sentence, match.end())
        name = _UNITS.get(re.sub(r"\s+", " ", unit[1].lower()), "") if unit else ""
        found.append(
            Said(
                match[0], sign * float(number), name, 0.5 * 10.0**-digits, match.start(),
                match.end(), match["sign"] is not None,
            )
        )  # fmt: skip
    for match in _COUNTED.finditer(sentence):
        value = float(_WORDS[match["word"].lower()])
        found.append(Said(match["word"], value, "", 0.5, match.start(), match.end("word"), False))
    # "from -28.3 to -22.8 dB", "6 to 10 kHz": the unit of the second is that of the first too.
    for index, said in enumerate(found):
        later = found[index + 1] if index + 1 < len(found) else None
        if later and not said.unit and later.unit and later.unit != "clock":
            between = sentence[said.end : later.start]
            if re.fullmatch(r"\s*(?:to|and|or|-|\u2013|from|instead of)\s*", between):
                said = Said(said.text, said.value, later.unit, said.half, said.start, said.end,
                            said.signed)  # fmt: skip
        yield said


def _is_known(said: Said, sentence: str, facts: Facts) -> bool:
    if _REFERENCE.search(sentence[: said.start]):
        return True  # whether there is such a version is asked elsewhere
    scaled = _scaled(said)
    clause = _clause(sentence, said)
    if scaled.unit == "clock" or (scaled.unit == "s" and "reverb" not in _topics(clause)):
        places = any(abs(scaled.value - time) <= scaled.half + 0.05 for time in facts.durations_s)
        if places or scaled.unit == "clock":
            return places or _echoed(scaled, facts)
    aims = _AIMS.search(clause) is not None
    if aims and _echoed(scaled, facts):
        return True
    if not scaled.unit and _harmless(said, sentence):
        return True
    tried = _TRIED.search(sentence) is not None
    when = _when(said, clause, sentence)
    usable = [
        fact
        for fact in facts.figures
        if _same_unit(scaled.unit, fact)
        and (fact.key != "target" or aims)
        and (fact.key != "strength" or "strength" in clause.lower())
        and (fact.key != "tried" or tried)
        and (when == "any" or fact.when in (when, "any"))
    ]
    topics = _topics(clause) or _topics(sentence)
    if topics:
        usable = [fact for fact in usable if _on_topic(fact, topics)]
    elif not scaled.unit:
        return abs(scaled.value) <= 10 and scaled.value == int(scaled.value)
    loose = 0.05 * abs(scaled.value) if _ABOUT.search(sentence[: said.start]) else 0.0
    return any(_matches(scaled, fact, loose) for fact in usable)


def _scaled(said: Said) -> Said:
    factor, unit = {"kHz": (1000.0, "Hz"), "ms": (0.001, "s"), "min": (60.0, "s")}.get(
        said.unit, (1.0, said.unit)
    )
    return Said(said.text, said.value * factor, unit, said.half * factor, said.start, said.end,
                said.signed)  # fmt: skip


def _clause(sentence: str, said: Said) -> str:
    """The part of the sentence between brackets, semicolons and "but" in which a number stands."""
    start, end = 0, len(sentence)
    for match in re.finditer(r"[();:]|,? but |,? and (?=the |its |it )|, (?!\d)", sentence):
        if match.end() <= said.start:
            start = match.end()
        elif match.start() >= said.end:
            end = match.start()
            break
    return sentence[start:end]


def _topics(text: str) -> set[str]:
    found = {name for name, topic in TOPICS.items() if topic.words.search(text)}
    # "play", "level" and the like are too common to tie a number to.
    return found - {"length", "balance"} or found


def _on_topic(fact: Fact, topics: set[str]) -> bool:
    if fact.key in ("band", "target", "strength", "tried"):
        return True
    for name in topics:
        for key, _ in TOPICS[name].keys:
            if fact.key == key or key.startswith(fact.key + "."):
                return True
        if fact.key.split(".")[0] == "loudness" and name == "loudness" and "peak" not in fact.key:
            return True
        if fact.key.startswith("spectrum.deviation_db") and name in (
            "brightness", "air", "bass", "warmth", "mud", "vocals", "tone", "harshness",
        ):  # fmt: skip
            return True
        if name == "clipping" and fact.key.startswith("clipping."):
            return True
        if name == "hum" and fact.key.startswith("noise.hum"):
            return True
        if name == "tempo" and fact.key.startswith("music."):
            return True
    return False


def _when(said: Said, clause: str, sentence: str) -> str:
    before, after = sentence[: said.start], sentence[said.end :]
    if re.search(r"\bfrom\s*$", before) and re.match(r"[^.,;]{0,24}?\bto\b", after):
        return "before"
    if re.search(r"\bfrom\s+\S+(?:\s+\S+){0,3}?\s+to\s*$", before):
        return "after"
    if re.search(r"\b(?:instead of|rather than|down from|up from)\s*$", before):
        return "any"
    past, now = _PAST.search(clause), _NOW.search(clause)
    if past and not re.search(r"\bnow\b", clause):
        return "any"
    return "after" if now else "any"


def _same_unit(unit: str, fact: Fact) -> bool:
    if unit == fact.unit:
        return True
    if unit == "dB":
        return fact.unit in ("dBTP", "dBFS", "LU") or (fact.change and fact.unit == "LU")
    if unit in ("LU", "LUFS"):
        return fact.change and fact.unit == "dB" and fact.key.startswith("loudness")
    if unit in ("dBFS", "dBTP"):
        return fact.change and fact.unit == "dB" and unit == "dBFS"
    return unit == "x" and fact.unit == ""


def _matches(said: Said, fact: Fact, loose: float) -> bool:
    within = said.half + loose + 1e-6
    if fact.change or (fact.unit == "dB" and not said.signed):
        return abs(abs(said.value) - abs(fact.value)) <= within
    return abs(said.value - fact.value) <= within


def _echoed(said: Said, facts: Facts) -> bool:
    """Whether the user said this number."""
    for words in facts.user_words:
        for known in _numbers(words.replace("\u2212", "-")):
            if abs(abs(_scaled(known).value) - abs(said.value)) <= said.half:
                return True
    return False


def _harmless(said: Said, sentence: str) -> bool:
    """Small counts of things that are no measurement, and the ends of a scale."""
    if re.match(r"\s*to 1\b", sentence[said.end :]) or re.search(
        r"\b0 (?:is|to|means|and)\b.*$", sentence[: said.end + 4]
    ):
        return said.value in (0.0, 1.0)
    if said.value == 1.0 and re.search(r"\b0 to\s*$", sentence[: said.start]):
        return True
    return abs(said.value) <= 10 and _GENERIC.match(sentence[said.end :]) is not None
