"""Talk about the work itself: undo, stronger, compare, why, report, targets and small talk.

Patterns are tried in order on one clause of normalised text; the first that fits decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from mixmend.agent.intents import Kind
from mixmend.agent.lexicon import load_patterns, pattern_of


@dataclass(frozen=True)
class MetaReading:
    """A kind that a clause's wording gives away, and how sure that is (0..1)."""

    kind: Kind
    sure: float


@dataclass(frozen=True)
class TalkPatterns:
    """The kinds with their patterns and how sure each is, and three looser ones."""

    kinds: tuple[tuple[Kind, float, re.Pattern[str]], ...]
    leave: re.Pattern[str]
    auto: re.Pattern[str]
    cannot: re.Pattern[str]


@lru_cache(maxsize=1)
def talk_patterns() -> TalkPatterns:
    """The patterns of `data/talk.toml`, read once a process."""
    data = load_patterns("talk.toml")
    kinds = tuple((entry["name"], entry["sure"], pattern_of(entry)) for entry in data["kind"])
    return TalkPatterns(kinds, *(pattern_of(data[name]) for name in ("leave", "auto", "cannot")))


_STRONGER = (
    r"^(?:(?:and|but|ok|okay|hmm|well|no|yes|please|now|can you|could you|would you|i want|"
    r"i would like|i need|just|let us|try|make|do|go|a|the|nice|good|better)[ ,]+)*(?:it |"
    r"that |this |them |is |was |the effect |(?:pass|step) \w+ |the (?:first|second|third|"
    r"last|previous) (?:one|pass|step|change) )*(?:still )?(?:(?:even |a bit |a little |"
    r"a touch |a tad |a hair |slightly |much |a lot |way |far |some |lots |quite a bit |"
    r"loads |tons |a little bit |still |go |push |make |be |do |needs |to be |bit |one notch |"
    r"twice as |twice |a smidge |a whole lot |more )*)(?:more|stronger|harder|further|farther|"
    r"heavier|more intense|more aggressive|extreme|not enough|"
    r"(?:is )?not (?:quite )?(?:enough|strong enough|far enough|much)|too (?:subtle|little|"
    r"weak|timid|gentle|mild|light|careful|shy|cautious)|keep going|double (?:it|that)|"
    r"crank (?:it|that)(?: up)?(?: more)?|intensify(?: it)?|do more|full (?:strength|power|"
    r"blast)|max(?:imum)?(?: it out)?|bolder|the full amount|again but (?:stronger|more|"
    r"harder)|twice (?:as (?:much|hard|strong)|that))(?:[ ,]+(?:please|of (?:that|it|this|"
    r"the same)|like (?:that|this)|than that|yet|now|still|it|that|on (?:pass|step|the) .*|"
    r"with (?:that|it|the .*)|for me|in that direction|so|then|though|again|and more|more|"
    r"further|for (?:pass|step|the (?:first|second|third|last)).*))*[ .!]*$"
)
_WEAKER = (
    r"^(?:(?:and|but|ok|okay|hmm|well|no|yes|please|now|can you|could you|would you|i want|"
    r"i would like|i need|just|let us|try|make|do|go|maybe|nice|good|better|whoa|oh|oof|ouch|"
    r"woah|hey|sorry)[ ,]+)*(?:it |that |this |them |is |was |the effect |now |(?:pass|"
    r"step) \w+ |the (?:first|second|third|last|previous) (?:one|pass|step|"
    r"change) )*(?:(?:even |a bit |a little |a touch |a tad |a hair |slightly |much |a lot |"
    r"way |far |some |lots |quite a bit |loads |a little bit |still |go |make |be |do |needs |"
    r"to be |bit |one notch |half as |only half |with half |a smidge |a whole lot )*)(?:less|"
    r"weaker|gentler|lighter|milder|subtler|more (?:subtle|gentle|subtly|gently|careful)|"
    r"too (?:much|strong|far|heavy|extreme|hard|intense|aggressive|drastic)|over ?the ?top|"
    r"over ?done|over ?cooked|over ?did it|(?:you )?(?:over ?did|over ?do|over ?cooked) (?:it|"
    r"that|a bit)|(?:tone|dial|scale|pull|take|rein|back|ease|water) (?:it|that|"
    r"this) (?:down|back|off|in)(?: a (?:bit|little|notch|touch|tad))?|(?:tone|dial|scale|"
    r"back|ease) (?:down|back|off)(?: (?:on )?(?:it|that))?|back (?:it )?off|ease (?:up|"
    r"off)(?: on (?:it|that))?|half (?:of )?(?:that|it|the (?:amount|strength|effect))|"
    r"(?:by )?half|not (?:so|that|as|quite so|quite that) (?:much|strong|far|hard|heavy|"
    r"extreme)|not so much|(?:you )?(?:went|took it|gone|go|pushed it) too far|easy(?: there|"
    r" now| tiger)?|lighter touch|chill|calm down|a bit much|a little much|softer touch|"
    r"go easy(?: on it)?|took it (?:a bit )?too far|exaggerated|the same but (?:weaker|"
    r"gentler|less)|halve (?:it|that)|half it)(?:[ ,]+(?:please|of (?:that|it|this)|"
    r"like (?:that|this)|than that|now|now it is|it|that|on (?:pass|step|the) .*|with (?:that|"
    r"it|the .*)|for me|so|then|though|a (?:bit|little|notch|touch|tad)|there|this time|again|"
    r"less|i think|for (?:pass|step|the (?:first|second|third|last)).*))*[ .!]*$"
)

_QUESTION = re.compile(
    r"^(?:(?:and|so|but|ok|okay|hey|hi|hmm|well|um|bruh|bro|oh|like|"
    r"please|just wondering|i wonder|do you know|"
        r"can you tell me|could you tell me|tell me|please tell me|i would like to know|"
        r"i want to know|any idea|can you check|could you check|check|can you see|show me|"
        r"give me)[ ,]+)*"
    r"(?:is (?:-|minus )?\d[\d.]*|"
    r"how (?:loud|quiet|much|many|long|is|are|does|wide|bad|good|compressed|bright|"
        r"dynamic|noisy|fast|big|come|hot|clean|far|high|low|would you rate|do you)|"
        r"what(?: (?:is|are|was|were|does|do|key|tempo|bpm|lufs|level|loudness|kind|about|"
        r"sample|bit|frequency|format|problems?|faults?|would|else|sort|genre|should|note|"
        r"time|else is))?\b|"
    r"any (?!chance|way|idea|more)\w+|is (?:it|this|that|there|the|my|anything|everything|any|"
    r"one)\b|are (?:there|the|my|"
        r"any|we|those|these|you sure)\b|does (?:it|this|that|the|my|anything)\b|do (?:the|my|"
        r"you (?:hear|think|find|notice|see|detect))\b|did you (?:find|notice|hear|see|detect|"
        r"measure)|has (?:it|this|the|my)\b|have (?:the|you (?:found|noticed|heard|"
        r"measured))\b|where (?:is|are|does|do|exactly|in)\b|when (?:does|do|is)\b|"
        r"which (?:parts?|key|frequenc\w+|channel|instrument|section|bits?|problems?|places?|"
        r"note|side)\b|why (?:is|does|do|are|am|can)\b|who\b|will (?:it|this|that|spotify|the|"
        r"they|people|my)\b|would (?:it|this|that|spotify)\b|should i\b|can (?:it|this|the|"
        r"that) (?:be|go)|whether|if (?:it|there|the) (?:is|are|has)|"
    r"the (?:lufs|loudness|peak|true peak|tempo|bpm|key|dynamic range|numbers|"
        r"measurements|stats|values|rt60|crest)|numbers|stats|measurements|lufs|bpm|tempo)\b"
)  # fmt: skip
_ASKS_FOR_DOING = re.compile(
    r"^(?:\w+[ ,]+){0,3}(?:can|could|would|will) (?:you|we|u|it|this|the \w+|"
        r"that) (?!tell|check|measure|hear|see|show|explain)|^how about\b|"
        r"^what could (?:be done|you do)|^what bothers|"
        r"^what about (?:some |a bit |making|adding|less|more)|^(?:is|would) (?:it|"
        r"there) (?:be )?(?:possible|any (?:chance|way))|^what if (?:you|we)|^any (?:chance|"
        r"way)|^do you (?:think you|mind)|^would you mind|^why (?:do not|not) (?:you|we|make|"
        r"add|try)|^how (?:do|can|could|would) (?:i|we|you) (?:make|get|fix|remove)|"
        r"^can (?:it|this|the \w+) (?:be|sound) \w+er\b|^(?:can|could) i (?:have|get) "
)  # fmt: skip


_NAMES = (
    "first 1st one", "second 2nd two", "third 3rd three", "fourth 4th four", "fifth 5th five",
    "sixth 6th six", "seventh 7th seven", "eighth 8th eight",
)  # fmt: skip
_ORDINALS = {name: n for n, names in enumerate(_NAMES, 1) for name in names.split()}
_NTH = "|".join(_ORDINALS)
# "One step back" counts steps, "the first step" names one.
_WHICH = "|".join(name for names in _NAMES for name in names.split()[:2])
_PASS = re.compile(
    rf"\b(?:pass|step|change|edit|fix|move|number|adjustment|tweak|#) ?(?:#|number |"
    rf"no\.? ?|nr\.? ?)?(\d{{1,2}}|{_NTH})\b|\b({_WHICH}|\d{{1,2}}(?:st|nd|rd|th)) (?:pass|"
    rf"step|change|edit|fix|one|thing|move|adjustment|tweak|of (?:those|these|them))\b|"
    rf"(?:#|\bno\.? ?)(\d{{1,2}})\b"
)
_VERSION = re.compile(
    rf"\b(?:version|take|v) ?(?:#|number |no\.? ?)?(\d{{1,2}}|{_NTH})\b|\b({_NTH}|"
    rf"\d{{1,2}}(?:st|nd|rd|th)|original|untouched) (?:version|take|mix|master)\b|"
    rf"\b(original)\b"
)
_FORMAT = re.compile(r"\b(wav|wave|flac|mp3|ogg|m4a|aac|aiff?)\b")


_SPOILT = re.compile(
    r"^(?:(?:no|nah|nope|ugh|oh|hmm|hey|wait|um|god|damn|ok)[ ,]+)*(?:that|this|it|you|"
    r"now you)(?: have| has)? "
    r"(?:just |really |completely |totally )?(?:killed|ruined|destroyed|broke|wrecked|butchered|"
    r"messed up|screwed up|spoil\w*|murdered)\b"
)
_TAKEN_BACK = re.compile(
    r"(?:(?:actually|oh|ok|okay|hmm|sorry|no|nah|wait)[ ,]+)*(?:never ?mind|nvm|forget (?:it|that)|"
    r"do not|stop|cancel|not like that|not that)(?:[ ,]+(?:please|then|it|that))*"
)
# With nothing done yet, "undo the clipping" asks for a repair.
_UNDO_DAMAGE = re.compile(
    r"\bundo (?:the |this |that |all )*(?:\w+ )?(?:compress|limit|clip|overload|distort|telephone|"
    r"phone|damage|squash|effect|echo|reverb|mud|hiss|noise|hum)"
)


# "I don't like that, put it back" takes back what was done.
_DISLIKES = re.compile(
    r"\b(?:(?:do|did) not like|hate|dislike) (?:it|that|this|what you did|the change)\b.*"
    r"\b(?:put|bring|get|give) \w+ back\b"
)
_ONCE_AGAIN = re.compile(r"(?:and |once |one more )?(?:again|another (?:round|go|one))(?: please)?")
_YES = re.compile(r"y|ya|ye|yh|yea|k|kk|ja|si|oui|aye")
_NO = re.compile(
    r"^(?:no|nope|nah|not good|wrong|bad|stop|worse|yuck|ew+|ugh)(?:[ ,!.]+(?:no|"
    r"please|that is (?:bad|wrong)|thanks?))*$"
)
_DECLINES = re.compile(
    r"^(?:(?:oh|um|hm+|well|sorry)[ ,]+)*(?:no+|nope|nah|rather not|better not|(?:please )?do not|"
    r"not (?:now|needed|necessary|really)|no need(?: for (?:it|that))?)"
    r"(?:[ ,!.]+(?:no|please|thanks?|thank you|do not|it is fine|need(?: for (?:it|that))?|"
    r"rather not|not now))*$"
)


def declines(text: str) -> bool:
    """Whether a clause says no to what was proposed."""
    return _DECLINES.search(text.strip(" .,;:!")) is not None


def read_meta(text: str, has_history: bool) -> MetaReading | None:
    """The kind that the wording of a clause gives away; None when it is about the sound."""
    clause = text.strip(" .,;:!")
    bare = clause.rstrip("? ")
    for kind, sure, pattern in talk_patterns().kinds:
        if kind == "undo" and not has_history and _UNDO_DAMAGE.search(clause):
            continue
        if kind == "redo" and _DISLIKES.search(clause):
            continue
        if pattern.search(clause) or (kind in ("explain", "approve") and pattern.search(bare)):
            return MetaReading(kind, sure)
    if re.search(_WEAKER, bare):
        return MetaReading("weaker", 0.95)
    if re.search(_STRONGER, bare):
        return MetaReading("stronger", 0.95)
    if has_history and (_SPOILT.search(bare) or _TAKEN_BACK.fullmatch(bare)):
        return MetaReading("undo", 0.9)
    if has_history and _ONCE_AGAIN.fullmatch(bare):
        return MetaReading("stronger", 0.9)
    if has_history and _YES.fullmatch(bare):
        return MetaReading("approve", 0.95)
    if has_history and _NO.search(bare):
        return MetaReading("undo", 0.9)
    return None


def is_question(text: str) -> bool:
    """Whether a clause asks about the song rather than for a change of it."""
    clause = text.strip(" .,;:!")
    if _ASKS_FOR_DOING.search(clause):
        return False
    return _QUESTION.search(clause) is not None


_ABOUT_SONG = re.compile(
    r"\btell me (?:more |something |everything |a bit )?about (?:my|the|this|our) "
    r"(?:song|track|mix|recording|music|file|tape|sound|tune)\b"
)
_FOUND = re.compile(
    r"\bwhat (?:all |else |problems |faults )?(?:did|do|have|can) you (?:find|found|hear|heard|"
    r"notice|noticed|detect|detected|measure|measured|see)\b"
)


def asks_about_song(text: str, has_history: bool) -> bool:
    """Whether a clause asks what the song is like: where nothing was done, findings are that."""
    return bool(_ABOUT_SONG.search(text) or (not has_history and _FOUND.search(text)))


_JUST_RIGHT = re.compile(
    r"^(?:and |but )?(?:the|my|her|his|our|your) (?:\w+ ){1,3}?(?:is|are|sounds?) "
    r"(?:already |absolutely |really |now )?"
    r"(?:just right|perfect|spot on|exactly right|bang on|dead right)(?: (?:already|for me|now))?$"
)


def is_just_right(text: str) -> bool:
    """Whether a clause praises one thing as it is: "the bass is just right"."""
    return _JUST_RIGHT.search(text.strip(" .,;:!")) is not None


def asks_for_doing(text: str) -> bool:
    """Whether a clause is an order in the form of a question: "could you make it warmer?"."""
    return _ASKS_FOR_DOING.search(text.strip(" .,;:!")) is not None


def is_leave(text: str) -> bool:
    """Whether a clause forbids a change: "don't touch the bass"."""
    return talk_patterns().leave.search(text) is not None


_FORBIDS = re.compile(
    r"\b(?:leave|leaving|keep|keeping|do not|dont|never|not|no|without|hands off|preserve|stays?|"
    r"untouched|remain|off limits|sacred|respect|spare|protect|maintain|retain|as (?:it|they) "
    r"(?:is|are)|alone)\b"
)


def is_praise(text: str) -> bool:
    """Whether what reads as a ban only praises: "the song is fine"."""
    return _FORBIDS.search(text) is None


_DENIES = re.compile(
    r"^(?:(?:it|this|that) is )?not (?:about |so much )?(?:the|my|her|his|that) (?:\w+ ?){1,2}$|"
    r"^(?:the |all )?(?:rest|everything else|other (?:parts|things|stuff)) (?:is|are|sounds?) "
    r"(?:\w+ )?(?:fine|good|ok|okay|great|perfect|alright)$"
)


def is_remark(text: str) -> bool:
    """Whether a clause only says what is not meant: "it's not the vocals", "the rest is fine"."""
    return _DENIES.search(text.strip(" .,!")) is not None


def is_auto(text: str) -> bool:
    """Whether a clause asks for "just make it good"."""
    return talk_patterns().auto.search(text) is not None


def is_cannot(text: str) -> bool:
    """Whether a clause asks for what no mastering can do: other notes, parts, instruments."""
    return talk_patterns().cannot.search(text) is not None


def number_of_pass(text: str) -> int | None:
    """The pass that is spoken of ("the second one", "pass 3"); None when none is."""
    return _number(_PASS.search(text))


def number_of_version(text: str) -> int | None:
    """The version spoken of; 0 is the original."""
    match = _VERSION.search(text)
    if (match and "original" in match[0]) or (match and "untouched" in match[0]):
        return 0
    return _number(match)


def _number(match: re.Match[str] | None) -> int | None:
    if match is None:
        return None
    said = next(group for group in match.groups() if group)
    if said in _ORDINALS:
        return _ORDINALS[said]
    digits = re.match(r"\d+", said)
    return int(digits[0]) if digits else None


def format_of(text: str) -> str | None:
    """The file format an export names."""
    match = _FORMAT.search(text)
    return {"wave": "wav", "aif": "aiff", "aac": "m4a"}.get(match[1], match[1]) if match else None
