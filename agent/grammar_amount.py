"""How much: from "a hair" to "completely", percentages and decibels, as a strength 0..1."""

from __future__ import annotations

import re
from dataclasses import dataclass

# First match wins, so longer and stronger sayings stand before the words inside them.
_AMOUNTS: tuple[tuple[str, float], ...] = (
    (r"\b(?:do not|not) (?:overdo|go overboard|go crazy|go mad|push) ?(?:it|"
        r"with it)?(?: too far| too much)?\b", 0.35),
    (r"\b(?:nothing|not|without) too? ?(?:drastic|extreme|dramatic|crazy|obvious)\w*\b", 0.35),
    (r"\b(?:but )?(?:not|do not|never)(?: do| make| go)? (?:it )?too (?:much|far|strong|"
        r"hard|heavy)\b", 0.35),
    (r"\bas (?:much|far|hard|clean|strong\w*) as (?:possible|you can|it gets|it goes)\b", 1.0),
    (r"\b(?:to the max|to the maximum|all the way|every (?:last )?(?:bit|trace|drop|ounce)|"
        r"every single)\b", 1.0),
    (r"\b(?:complete(?:ly)?|total(?:ly)?|entirely|fully|utterly|absolutely all|"
        r"altogether|for good|full blast)\b", 1.0),
    (r"\b(?:remove|kill|take(?: out| away)?|get rid of|cut(?: out)?|clean(?: up| out)?|"
        r"strip(?: out)?|"
        r"eliminate|erase|delete|filter out|fix|lose) all (?:of )?(?:the|that|this|those|"
        r"these) (?=\w+)", 1.0),
    (r"\b(?:ever so (?:slightly|little)|the (?:slightest|tiniest|smallest) (?:bit|touch|"
        r"amount|hint)?|"
     r"(?:an? |just )?(?:tiny|teeny|weeny|minuscule|small little)(?: tiny)? (?:bit|"
         r"touch|amount|little bit|more|less)|a smidge\w*|a smidgin|smidgen|a whisker|whisker|"
         r"a hair|"
         r"hair's breadth|"
     r"a pinch|a dash|a hint|a sliver|microscopic\w*|just a hair|a nudge|imperceptibl\w*)\b", 0.2),
    (r"\b(?:a touch|a tad|a drop|a shade|subtl[ey]\w*|a little touch|tad)\b", 0.25),
    (r"\b(?:slightly|gently|mildly|lightly|delicately|modest\w*|gentle)\b", 0.3),
    (r"\b(?:way|far|much|miles|heaps|loads) (?:too|more|less|over)\b|\b(?:way|"
        r"far|much) (?!(?:power|paper|water|number|over|under|other|ever|after|super|proper|"
        r"layer)\b)\w+er\b", 0.8),
    (r"\b(?:extremely|insanely|ridiculous\w*|massively|hugely|drastic(?:ally)?|"
        r"dramatic(?:ally)?|enormously|(?:massive|huge|enormous) (?:amount|boost|cut|lift|dose)|"
     r"incredibly|terribly|horribly|awfully|unbearably|unbelievably|hella|radically|"
         r"hell of a lot|waaa*y)\b", 0.85),
    (r"\b(?:(?:like|as) (?:mad|crazy|hell)|to bits|out of hand)\b", 0.8),
    (r"\b(?:a (?:whole |hell of a |heck of a )?lot|lots|tons?|loads|heaps|plenty|"
        r"a great deal|a good deal|big time|a ton|a bunch|a great amount|"
     r"seriously|heavily|strong(?:ly)|significant(?:ly)?|substantial(?:ly)?|"
         r"considerabl[ey]|(?:it|that|this|them|really|very) hard|way|"
        r"twice as|twice the|double (?:it|that|the)|"
         r"excessive(?:ly)?|"
     r"mega|ultra|so (?:much|many)|severely|badly|deeply)\b", 0.8),
    (r"\b(?:(?:a |just )?(?:little bit|wee bit)|a bit|bit of|a little|a few|somewhat|"
        r"kind of|sort of|some|marginally|just a little|little more|little less|bit more|"
        r"bit less|a notch|partly|partially)\b", 0.35),
    (r"\b(?:painfully|fiercely)\b", 0.75),
    (r"\b(?:very|really|so|super|quite a bit|quite a lot|noticeabl[ey]|clearly more|"
        r"properly|proper|pretty)\b", 0.65),
    (r"\b(?:quite|rather|fairly)\b", 0.6),
    (r"\b(?:moderate(?:ly)?|medium|half(?:way)?)\b", 0.5),
)  # fmt: skip

# "some more bass", "really like the sound", "hard to hear": no amounts at all.
_NOT_AMOUNTS = re.compile(
    r"\b(?:bit (?:depth|rate)|\d+ ?-?bit|every bit as|some(?:how|thing|one|where|times|"
    r" kind| sort)|(?:in|on) (?:some|all)|"
    r"hard to (?:hear|understand|make out|tell)|hard (?:rock|left|right|core|style)|"
    r"(?:really|very) (?:like|love|want|need)|so (?:that|it|i|we|you|please|can|could|"
    r"far)\b|"
    r"by far|far (?:away|off|back|apart|left|right)|so far|way (?:out|back|behind|"
    r"above)|(?:top|bass)[- ]heavy|heavy (?:bass|metal|rock)|hard to|pretty please|"
    r"go(?:es|ing)? way|the way|(?:the )?very (?:top|bottom|end|beginning|start|low|high)|"
    r"by the way|"
    r"this way|that way|no way|any way|"
    r"half way|in an? (?:\w+ )?way|an? (?:bad|good|nice|nasty) way|"
    r"(?<!way )(?<!far )(?<!much )too (?:far|hard|heavy|strong)|"
    r"(?:go|push|take) (?:it )?far|far from|so far|further|harder|hard on|hits? hard|"
    r"some (?:of )?(?:the|that|more|reverb|bass|air|warmth|punch|highs?|treble|life|"
    r"sparkle|space|room|width)|a few (?:times|years|people))\b"
)

_PERCENT = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*(?:%|percent|per cent|pct)")
_DECIBELS = re.compile(
    r"(?<![\d.])[+-]?\s?(\d{1,2}(?:\.\d+)?)\s*(?:db|decibels?|dbs)\b"
    r"(?!\s*tp|\s*fs|\s*(?:apart|difference|of headroom|headroom|peaks?|floor|hotter|louder than))"
)
_FULL_DB = 8.0


@dataclass(frozen=True)
class Amount:
    """A strength 0..1 and where in the text it was said."""

    strength: float
    start: int
    end: int


def find_amount(text: str) -> Amount | None:
    """The first amount said in `text`, by the most telling expression; None when there is none."""
    if match := _PERCENT.search(text):
        return Amount(min(1.0, float(match[1]) / 100.0), match.start(), match.end())
    if match := _DECIBELS.search(text):
        return Amount(min(1.0, max(0.1, float(match[1]) / _FULL_DB)), match.start(), match.end())
    hidden = _NOT_AMOUNTS.sub(lambda match: "#" * len(match[0]), text)
    for pattern, strength in _AMOUNTS:
        if match := re.search(pattern, hidden):
            return Amount(strength, match.start(), match.end())
    return None
