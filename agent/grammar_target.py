"""Where the song is going, and how loud: "for Spotify", "radio-ready", "-9 LUFS"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mixmend.agent.records import TargetName

_TARGETS: tuple[tuple[TargetName, str], ...] = (
    ("apple", r"apple music|itunes|apple"),
    ("podcast", r"podcasts?|audio ?books?|acx"),
    ("broadcast", r"radio(?: (?:play|airplay|broadcast|station))?|tv|television|broadcast(?:ing)?|"
        r"ebu(?: r ?128)?|r ?128|netflix|airplay|the telly|fm|film|cinema"),
    ("cd", r"cds?|compact discs?|red ?book"),
    ("vinyl", r"vinyl|lps?|(?:a )?record pressing|lacquer|12-?inch|7-?inch|turntables?"),
    ("club", r"(?:the )?(?:clubs?|dance ?floors?|djs?|dj (?:sets?|use)|festivals?|nightclubs?|"
        r"part(?:y|ies)|discos?|raves?|big (?:pa|rig)s?)"),
    ("streaming", r"spotify|you ?tube|tidal|deezer|amazon(?: music)?|sound ?cloud|tik ?tok|"
        r"instagram|insta|ig|beatport|reels?|shorts|facebook|bandcamp|"
        r"streaming(?: (?:services?|platforms?))?|"
        r"streams?|the (?:web|internet|net)|online|social media|pandora|qobuz|netlabel|"
        r"platforms|twitch"),
)  # fmt: skip
_TARGET_LEAD = (
    r"(?:(?:ready |suitable |good |fit |optimi[sz]ed? |right |set |prepared? |"
    r"loud enough |mastered? |level(?:led)? |meant |destined |made |normali[sz]ed? |okay |"
    r"ok |perfect |great |safe )?(?:for|to)|needs? to (?:pass|meet|be (?:on|in)|go (?:on|to|up on)|"
    r"(?:sound|work)(?: \w+)? (?:on|in|for|at)|fit)|(?:will|going to|has to|must) (?:be|sound|"
    r"work|run)(?: \w+)? "
    r"(?:on|in|at)|(?:play|run|use|show)(?:ed|ing|s)? (?:it |this |that )?(?:on|in|at)|"
    r"has to (?:pass|meet|be on|go on)|(?:pass|meet|fit|suit)s?|"
    r"(?:upload|release|put|publish|post|out|going|"
    r"live|drop|press|burn|cut|print|submit|play|air|stream|share|get)(?:ed|ing|s)?(?: (?:it|"
    r"this|that|up|out|live|"
    r"played|the song|the track|my song|be|go))? (?:on|to|onto)|onto|meets?|conform(?:s|"
    r"ing)? to|comply with|according to|match(?:es|ing)?|hit|by|target(?:ing)?|want|is) "
    r"(?:be )?(?:(?:the|a|an|my|our|local|national|college|some|use on|use in|"
    r"playing (?:on|in|at)|play in|playback on|upload(?:ing)? to|release on|an upload to|"
    r"listening on|broadcast on|printing on|pressing (?:on|to)|cutting to|burning (?:to|a|"
    r"on)(?: a)?|putting (?:on|it on)|mastered for)(?: the| a)? )?"
)
_TARGET_TAIL = (
    r"(?:'s)?(?:[ -](?:ready|levels?|loudness|standards?|specs?|targets?|master|version|"
    r"friendly|normali[sz]ation|compliant|compatible|requirements|playback|preset|release|"
    r"volume|delivery|safe|reels?|stor(?:y|ies)|channel|videos?|vlog))"
)

_LUFS = re.compile(r"(?<![\d.])(-|minus |negative )?\s?(\d{1,2}(?:\.\d+)?)\s*(?:lufs|lkfs|lu\b)")
# "LUFS -11".
_LUFS_FIRST = re.compile(
    r"\b(?:lufs|lkfs|loudness)(?: of| at| to| is|:)? ?(?:-|minus )\s?"
    r"(\d{1,2}(?:\.\d+)?)\b(?!\s*(?:db|%))"
)
_LUFS_DB = re.compile(
    r"\b(?:to|at|target|around|of|about|hit|reach) (?:about |around |exactly )?(?:-|"
    r"minus )\s?(\d{1,2}(?:\.\d+)?)\s*(?:db|integrated|loudness)\b(?!\s*(?:tp|true|peak))"
)


# "Master it to -9": no unit, but nothing else is counted so.
_LUFS_BARE = re.compile(
    r"\b(?:master|normali[sz]e|level|loudness|target|aim|deliver|hit|push|bring|"
    r"get)\w*\b(?: \w+){0,3}? "
    r"(?:to|at|for|of|around|about) (?:-|minus )\s?(\d{1,2}(?:\.\d+)?)\b(?!\s*(?:db|hz|khz|"
    r"s\b|%|:|tp))"
)


# "-11 would be better", "target -23": a number that can only be a loudness.
_LUFS_ALONE = re.compile(
    r"^(?:(?:no|rather|target|aim for|make it|go for|at|to) )*(?:-|minus )\s?"
    r"((?:[6-9]|1\d|2[0-7])(?:\.\d+)?)(?= (?:would|is|for|please|rather|instead|then|it is)\b|$)"
)


_NAMES = "|".join(words for _, words in _TARGETS)
# "Broadcast -23".
_LUFS_AFTER = re.compile(
    rf"^(?:for )?(?:{_NAMES})(?: at| to| around|,)? (?:-|minus )\s?"
    r"((?:[6-9]|1\d|2[0-7])(?:\.\d+)?)$"
)
# One word that answers where to: "vinyl", "Spotify please", "podcast, -19 LUFS".
_ALONE = (
    r"^(?:ok |so |then |it is |just |well )?(?:an? |the )?(?:{})"
    r"(?: please| then| it is| i think)?$"
)


_COUNTED = {
    "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10", "eleven": "11",
    "twelve": "12", "thirteen": "13", "fourteen": "14", "fifteen": "15", "sixteen": "16",
    "seventeen": "17", "eighteen": "18", "nineteen": "19", "twenty": "20", "twenty three": "23",
    "twenty-three": "23", "twenty four": "24", "twenty-four": "24",
}  # fmt: skip
_SPOKEN = re.compile(
    r"\b(?:minus|negative) (" + "|".join(sorted(_COUNTED, key=len, reverse=True)) + r")\b"
)
# Words that name a place to go to once it is clear that one is named.
_LOOSELY: tuple[tuple[TargetName, str], ...] = (
    ("podcast", r"pod(?:cast)?s?|episodes?"),
    ("broadcast", r"radio|wireless|tv|telly|stations?|broadcast\w*|airs?|aired|airplay|bbc"),
    ("vinyl", r"vinyl|wax|lathe|lp|(?:seven|twelve|ten|7|10|12)[ -]?inch(?:es)?"),
    ("cd", r"cds?|(?:compact |silver )?discs?"),
    ("club", r"clubs?|djs?|raves?|dance ?floors?|rigs?|festivals?"),
    ("apple", r"apple|itunes"),
    (
        "streaming",
        r"spotify|you ?tube|stream\w*|tidal|deezer|sound ?cloud|bandcamp|tik ?tok|insta\w*",
    ),
)


def named_loosely(text: str) -> TargetName | None:
    """The delivery target whose word stands anywhere in a clause that is known to name one."""
    said = (name for name, words in _LOOSELY if re.search(rf"\b(?:{words})\b", text))
    return next(said, None)


@dataclass(frozen=True)
class TargetReading:
    """A delivery target and/or loudness found in the words, and the span it was said in."""

    target: TargetName | None
    lufs: float | None
    start: int
    end: int


def find_target(text: str) -> TargetReading | None:
    """A delivery target: "for Spotify", "radio-ready", "-9 LUFS"; not "like an old radio"."""
    text = text.replace("reel to reel", "####-##-####")
    if "lufs" in text and (spoken := _SPOKEN.search(text)):
        # Of the same length, so that the places of what is found stay true.
        number = f"-{_COUNTED[spoken[1]]}".rjust(len(spoken[0]))
        text = text[: spoken.start()] + number + text[spoken.end() :]
    lufs = None
    span: tuple[int, int] | None = None
    patterns = (_LUFS, _LUFS_FIRST, _LUFS_DB, _LUFS_BARE, _LUFS_ALONE, _LUFS_AFTER)
    match = next((found for pattern in patterns if (found := pattern.search(text))), None)
    if match:
        lufs = -abs(float(match.groups()[-1]))
        lead = re.search(
            r"(?:\b(?:to|at|of|target(?:ing)?|around|about|for|hit|aim(?:ing)? for)\s)+$",
            text[: match.start()],
        )
        span = (lead.start() if lead else match.start(), match.end())
    for name, words in _TARGETS:
        said = re.search(
            rf"\b{_TARGET_LEAD}(?:{words})\b{_TARGET_TAIL}?|\b(?:{words}){_TARGET_TAIL}\b|"
            + (rf"\b(?:{words})\b" if lufs else _ALONE.format(words)),
            text,
        )
        if said is None or re.search(
            r"\b(?:(?<!would )(?<!'d )like|as|than|heard|from|off|through|sounds?)(?: (?:it|"
            r"an?|the|is|being|played|"
            r"playing|on|off|from|old|my|to))* ?$",
            text[: said.start()],
        ):
            continue
        start = min(said.start(), span[0]) if span else said.start()
        end = max(said.end(), span[1]) if span else said.end()
        return TargetReading(name, lufs, start, end)
    return TargetReading(None, lufs, *span) if span else None
