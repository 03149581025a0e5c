"""Where in the song: times and named parts, taken out of the sentence and replaced by marks.

A place is written back into the text as `§0`, `§1`, ...; what is left reads as if no place had
been named.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MARK = "§"
AROUND_S = 5.0

_NUMBERS = (
    "half a=0.5", "one and a half=1.5", "two and a half=2.5", "a=1", "an=1", "one=1", "two=2",
    "three=3", "four=4", "five=5", "six=6", "seven=7", "eight=8", "nine=9", "ten=10", "eleven=11",
    "twelve=12", "fifteen=15", "twenty=20", "twenty-five=25", "twenty five=25", "thirty=30",
    "thirty-five=35", "forty=40", "forty-five=45", "forty five=45", "fifty=50", "sixty=60",
    "seventy=70", "eighty=80", "ninety=90", "couple of=2", "a couple of=2", "few=5",
)  # fmt: skip
_NUMBER_WORDS = dict(item.split("=") for item in _NUMBERS)
_WORDS = "|".join(sorted(map(re.escape, _NUMBER_WORDS), key=len, reverse=True))
_MIN = r"(?:minutes?|mins?|m)"
_SEC = r"(?:seconds?|secs?|s)"

_CLOCK = r"(?<![\d:.])\d{1,3}:[0-5]\d(?::[0-5]\d)?(?:\.\d+)?(?![\d:])"
_UNITS = (
    rf"(?<![\d:.\-])\d+(?:\.\d+)?\s*{_MIN}(?=\d|"
    rf"\b)(?:\s*(?:and\s+)?\d+(?:\.\d+)?\s*{_SEC}\b|\s*\d{{1,2}}(?![\d:]))?"
    rf"|(?<![\d:.\-])\d+(?:\.\d+)?\s*{_SEC}\b|(?<!\d)\d{{1,2}}'\d{{2}}(?:\"|'')?"
    rf"|\bminute \d+(?:\.\d+)?\b|\bsecond \d+(?:\.\d+)?\b|\b(?:the )?\d+(?:st|nd|rd|"
    rf"th) (?:minute|second)\b"
)
_TIME = re.compile(f"(?:{_CLOCK})|(?:{_UNITS})")

# "an old 80s radio" is a decade, no time.
_DECADE = re.compile(
    r"\b(?:the|an?|old|like|late|early|mid|that|this|my|of|some|from) '?(?:19|"
    r"20)?[2-9]0'?s\b(?! (?:mark|in\b|to\b|on\b))"
)
_DECADE_BACK = re.compile(r"\b\dO'?s\b|\b(?:19|20|2O)\dO'?s\b")

# "Every few seconds", "tired after a minute" and "a two second decay" name no place.
_NO_TIME = re.compile(
    r"(?:\b(?:every|each|by|shorter than|longer than|less than|more than|of|with an?|"
    r"make it|to be|be)(?: other| about| only)?|\b(?:tired|worn out|headache|hurts?|listen\w*|ears|"
    r"waited|for)\b.* after|\b(?:half|split)) $"
)

# "One height for four minutes" lasts; "from 1:00 for 20 seconds" is a place.
_LASTS = re.compile(
    r"(?<!\d )(?<!minute )(?<!minutes )(?<!seconds )\bfor (?:about |over |almost )?$"
)

T = r"(~\d+~)"
# Where a time may begin: a mark is no word, so the start of a text is no word boundary for it.
_OPEN = r"(?:\b|(?<!\S))"
_BARE = r"(~\d+~|\d+(?:\.\d+)?(?!\s*(?:db|hz|khz|k|lufs|%|percent|bpm|kbps|bit|times))\b)"
_END = (
    r"(?:the )?(?:very )?(?:end|finish)(?: of (?:the |this |my )?(?:song|track|piece|tune|"
    r"file|recording))?"
)
_START = (
    r"(?:the )?(?:very )?(?:start|beginning|top)(?: of (?:the |this |my )?(?:song|track|piece|"
    r"tune|file|recording))?"
)
_TO = r"(?:to|until|till|til|up to|through|thru|and|-|/)"

_PATTERNS: tuple[tuple[str, str], ...] = (
    (rf"\b(?:from|starting at|starting from|at) {T} for (?:about |around )?{T}", "for"),
    (rf"\b(?:from|between|starting at|starting from|starting|"
        rf"beginning at) {T},? {_TO} {_END}", "after"),
    (rf"\bfrom {_START} {_TO} {T}", "before"),
    (rf"\b(?:from|between|in between) (?:about |around )?{_BARE} ?(?:on )?{_TO} ?(?:about |"
        rf"around )?{_BARE}(?: ?{_SEC}\b)?", "span"),
    (rf"(?:\bat |\bin |\bfor |\bduring )?{T} ?(?:to|until|till|through|-) ?{T}", "span"),
    (rf"\b(?:after|past|beyond) (?:the |my )?(?:very )?(?:first|opening) {T}", "after"),
    (rf"\b(?:for |in |during |over |within )?(?:the |my )?(?:very )?(?:first|opening|"
        rf"starting|initial) {T}", "first"),
    (rf"\b(?:for |in |during |over |within )?(?:the |my )?(?:very )?(?:last|final|"
        rf"closing) {T}", "last"),
    (rf"{_OPEN}{T} (?:before|from) {_END}", "last"),
    (rf"\b(?:after|past|since|beyond|later than)(?: about| around|"
        rf" roughly)?(?: the)? {T}(?: mark)?", "after"),
    (rf"\b(?:from|starting at|starting from|starting|beginning at|as of)(?: about| around|"
        rf" roughly| the)? {T}(?: mark)?(?: on(?:wards?)?\b| and (?:on|later)| forward)?", "after"),
    (rf"{T} (?:onwards?|and (?:on|onwards?|later|after)|on\b(?! the))", "after"),
    (rf"\b(?:before|until|till|up to|up until|prior to|earlier than)(?: about| around|"
        rf" the)? {T}(?: mark)?", "before"),
    (rf"{_OPEN}(?:somewhere )?(?:at|around|near|about|by|close to|roughly at|approximately at|"
        rf"on|@|in)?(?: about| around| roughly| the| exactly)? ?{T}(?: (?:mark|in(?! the)|"
        rf"into (?:it|the song|the track))\b)?(?: or so)?", "at"),
)  # fmt: skip
_PLACES = tuple((re.compile(pattern), way) for pattern, way in _PATTERNS)
_MORE_TIMES = re.compile(
    rf"\s*(?:,|,? and|,? or|&|/|,? also)(?: again)?(?: at| around)? {T}(?! ?(?:to|until|-) ?~)"
)

_ORDINALS = {
    "first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4,
    "last": -1, "final": -1,
}  # fmt: skip
_ORDINAL = r"(?:(first|1st|second|2nd|third|3rd|fourth|4th|last|final) )?"
_IN = (
    r"(?:just |only |especially |mainly |particularly )?(?:in|at|during|on|for|over|within|"
    r"through|throughout|towards?|near|around|of) (?:all )?"
)
_DET = r"(?:the |my |each |every |both |all (?:the )?|his |her |our |your |that |this )?"
_OF_SONG = r"(?: of (?:the |this |my )?(?:song|track|piece|tune|file|recording|it))?"
_PART = r"(?: (?:parts?|sections?|bits?|passages?|segments?))"

# The named parts; a few words mean a part only after "in", "at" or "the".
_SECTIONS: tuple[tuple[str, str], ...] = (
    (r"pre-?\s?chorus(?:es)?", "pre-chorus"),
    (r"post-?\s?chorus(?:es)?", "post-chorus"),
    (r"chorus(?:es)?|refrains?|hooks?", "chorus"),
    (r"verses?", "verse"),
    (r"bridges?|middle[ -]?eights?|middle 8s?", "bridge"),
    (rf"intros?|introduction|(?:beginning|start|opening){_PART}?", "intro"),
    (rf"outros?|codas?|finale|ending{_PART}?|end{_PART}|fade-?\s?out", "outro"),
    (r"break-?\s?downs?", "breakdown"),
    (r"interludes?", "interlude"),
    (r"build-?\s?ups?", "build-up"),
    (r"solos?|(?:guitar|sax|piano|drum|violin|synth|keyboard|flute|bass) solos?", "solo"),
    (r"drops?(?! (?:in|of|out))", "drop"),
    (rf"(?:quiet|quieter|soft|softer|silent|calm|calmer|gentle|low-?level){_PART}|"
        r"(?:quiet|soft) (?:moments|spots|places|verses|movements|stretches|pieces|songs)",
        "quiet parts"),
    (rf"(?:loud|louder|loudest|heavy|heavier|busy|big|intense){_PART}|(?:loud|"
        rf"big) (?:moments|spots|places|choruses)|climax", "loud parts"),
    (r"(?:first|1st|opening) half", "first half"),
    (r"(?:second|2nd|latter|last|other) half(?! (?:minute|second|of the (?:chorus|verse)))",
        "second half"),
    (rf"middle(?:{_PART}|(?= of (?:the |this |my )?(?:song|track|piece)))", "middle"),
    (rf"(?:spoken|talking|speaking|speech){_PART}", "spoken parts"),
    (rf"(?:sung|singing|vocal){_PART}", "sung parts"),
    (rf"instrumentals?{_PART}", "instrumental"),
)  # fmt: skip
# Words that are places only with a preposition before them.
_NEEDS_IN = frozenset({"intro", "middle", "drop", "outro", "solo", "build-up", "breakdown"})
# At the start of a clause they need none, when what they are like follows: "intro is hissy".
_CLAUSE = r"(?:^|(?<=[,;.:!?-] )|(?<=\band )|(?<=\bbut )|(?<=\bwhile ))"
_SAID = (
    r"(?![\w-])(?:(?= ?: | (?:is|are|was|were|sounds?|feels?|needs?|has|could|should|lacks?|gets?|"
    r"goes|too|way|very|really|so|super|pretty|kinda|kind of|"
    r"a (?:bit|little|tad|touch|lot) (?!of\b)|"
    r"(?!(?:over|under|after|other|never|ever|number|paper|together)\b)\w{3,}er)\b)|"
    r"(?:(?<=intro)|(?<=outro)|(?<=breakdown))(?= (?!of\b)\w))"
)
_ALWAYS = re.compile(r"intro|outro|coda|finale|drops?$|solos?$")


@dataclass(frozen=True)
class Place:
    """A region `(start_s, end_s)` (as in `Intent`), a named section, or both; `n` the which-th."""

    region: tuple[float, float | None] | None = None
    section: str | None = None
    n: int | None = None


@dataclass(frozen=True)
class Placed:
    """`text` with a mark for each of `places` (a mark may stand for several places)."""

    text: str
    places: tuple[tuple[Place, ...], ...]


def take_places(text: str) -> Placed:
    """Find every place named in `text` (normalised words) and put marks in their stead."""
    marked = _DECADE.sub(lambda match: match[0].replace("0", "O"), _words_to_numbers(text))
    times: list[float] = []

    def text_before(match: re.Match[str]) -> str:
        return match.string[: match.start()]

    def note(match: re.Match[str]) -> str:
        moment = re.fullmatch(r"(?:0\.5|1|2) sec(?:ond)?s?", match[0])
        if moment and text_before(match).endswith("for "):
            return match[0]
        if _LASTS.search(text_before(match)):
            return match[0]
        if re.fullmatch(r"\d{3,}s", match[0]) or _NO_TIME.search(text_before(match)):
            return match[0]
        times.append(_seconds(match[0]))
        return f"~{len(times) - 1}~"

    marked = _TIME.sub(note, marked)
    found: list[tuple[Place, ...]] = []

    def value(token: str, unit_s: float = 1.0) -> float:
        return times[int(token.strip("~"))] if token.startswith("~") else float(token) * unit_s

    for pattern, way in _PLACES:
        while match := pattern.search(marked):
            place = _place(way, match, value)
            end = match.end()
            places = [place]
            while way == "at" and (more := _MORE_TIMES.match(marked, end)):
                places.append(_around(value(more[1])))
                end = more.end()
            mark = f" {MARK}{len(found)} "
            found.append(tuple(places))
            marked = marked[: match.start()] + mark + marked[end:]
    marked = _DECADE_BACK.sub(lambda match: match[0].replace("O", "0"), marked)
    marked = _take_sections(marked, found)
    return Placed(re.sub(r"\s+", " ", marked).strip(), tuple(found))


def _place(way: str, match: re.Match[str], value: object) -> Place:
    assert callable(value)
    first = float(value(match[1]))
    if way == "span":
        second = float(value(match[2]))
        return Place((min(first, second), max(first, second)))
    if way == "for":
        return Place((first, first + float(value(match[2]))))
    if way == "first" or way == "before":
        return Place((0.0, first))
    if way == "last":
        return Place((-first, None))
    if way == "after":
        return Place((first, None))
    return _around(first)


def _around(time_s: float) -> Place:
    return Place((max(0.0, time_s - AROUND_S), time_s + AROUND_S))


# "What are the loudest parts?" asks for the place.
_ASKED_FOR = re.compile(r"\b(?:what|which|where|when)(?: is| are| does| do)? $")


def _take_sections(text: str, found: list[tuple[Place, ...]]) -> str:
    for pattern, name in _SECTIONS:
        guarded = name in _NEEDS_IN
        lead = rf"(?:{_IN}{_DET}|(?:the |my |each |every ))" if guarded else rf"(?:{_IN})?{_DET}"
        if name == "middle":
            lead = rf"(?:{_IN}{_DET}|(?:the |my )?(?=middle{_PART}))"
        elif name in ("first half", "second half"):
            lead = rf"(?:{_IN})?(?:the |its )?"
        elif name in ("intro", "outro"):
            lead = (
                rf"(?:{_IN}{_DET}|(?:the |my )(?=intro|outro|coda|finale|ending|introduction|"
                rf"(?:beginning|start|opening)(?:{_PART}|{_OF_SONG[:-1]}| is|"
                rf" sounds?| needs| has| could| was)))"
            )
        begins = rf"(?:{_CLAUSE}{_ORDINAL}(?:{pattern}){_SAID}|" if guarded else "(?:"
        regex = re.compile(
            rf"{begins}(?<![\w-]){lead}(?:very )?{_ORDINAL}(?:{pattern})(?![\w-])){_OF_SONG}"
        )

        def mark(match: re.Match[str], name: str = name) -> str:
            if _ASKED_FOR.search(match.string[: match.start()]):
                return match[0]
            named = next((name for name in match.groups() if name), None)
            n = _ORDINALS.get(named) if named else None
            found.append((Place(None, name, n),))
            # A part that is the subject keeps its place in the sentence: "the chorus is too loud".
            return f" {MARK}{len(found) - 1} "

        text = regex.sub(mark, text)
    at_end = re.compile(
        rf"(?<![\w-])(?:at|towards?|near|by|around|in|right at|"
        rf"just before) the (?:very )?end(?! result)(?![\w-]){_OF_SONG}"
    )

    def outro(_: re.Match[str]) -> str:
        found.append((Place(None, "outro"),))
        return f" {MARK}{len(found) - 1} "

    return at_end.sub(outro, text)


def _words_to_numbers(text: str) -> str:
    text = re.sub(rf"\b(\d+) and a half (?={_MIN}\b)", r"\1.5 ", text)
    text = re.sub(
        r"(?:\b(?:a|one|1) |(?<=first )|(?<=last )|(?<=final ))minute and a half\b",
        "1.5 minutes",
        text,
    )
    # "From 2 to 3 minutes": the first lends its unit from the second.
    text = re.sub(
        r"(?<!every )(?<![\d:.])\b(\d+(?:\.\d+)?) ?(to|until|till|and|-) ?"
        r"(?=(?:\d+(?:\.\d+)?) ?(?:minutes?|mins?)\b)",
        r"\1 minutes \2 ",
        text,
    )
    text = re.sub(r"\b(?:a )?quarter (?:of )?(?:an? )?minute\b", "15 seconds", text)
    text = re.sub(r"\b(?:a )?half(?: a)? minute\b", "30 seconds", text)
    text = re.sub(
        rf"\b({_WORDS})[ -](?=(?:minutes?|mins?|seconds?|secs?)\b)",
        lambda match: _NUMBER_WORDS[match[1]] + " ",
        text,
    )
    text = re.sub(
        r"\bminute (one|two|three|four|five|six|seven|eight|nine|ten)\b",
        lambda match: f"minute {_NUMBER_WORDS[match[1]]}",
        text,
    )
    text = re.sub(
        rf"\b(\d+(?:\.\d+)? ?{_MIN})(?: and)? ({_WORDS})\b(?! \w+ (?:more|less))",
        lambda match: (
            f"{match[1]} {_NUMBER_WORDS[match[2]]}"
            if float(_NUMBER_WORDS[match[2]]) >= 5
            else match[0]
        ),
        text,
    )
    return re.sub(r"\b(first|last|final|opening|closing) (minute|second)\b", r"\1 1 \2", text)


def _seconds(text: str) -> float:
    """Seconds of one written time."""
    if ":" in text:
        total = 0.0
        for part in text.split(":"):
            total = total * 60.0 + float(part)
        return total
    numbers = [float(number) for number in re.findall(r"\d+(?:\.\d+)?", text)]
    if "'" in text or (re.search(r"\d\s*m(?!s)", text) or "minute" in text):
        return numbers[0] * 60.0 + (numbers[1] if len(numbers) > 1 else 0.0)
    return numbers[0]
