"""Other languages: says which one a sentence is in, and puts common wishes into English words.

A gloss, no translation: known words and sayings are replaced, longest first, which is enough for
the English rules and sentence heads to read "weniger Hall im Refrain, bitte". Languages we cannot
gloss are still told apart, so that the answer can say so politely.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

_SCRIPTS: tuple[tuple[str, str], ...] = (
    ("ja", r"[\u3040-\u30ff]"), ("zh", r"[\u4e00-\u9fff]"), ("ko", r"[\uac00-\ud7af]"),
    ("ru", r"[\u0400-\u04ff]"), ("el", r"[\u0370-\u03ff]"), ("ar", r"[\u0600-\u06ff]"),
    ("he", r"[\u0590-\u05ff]"), ("hi", r"[\u0900-\u097f]"), ("th", r"[\u0e00-\u0e7f]"),
)  # fmt: skip
# Small words that few other languages share.
_TELLING: dict[str, str] = {
    "en": "the it is of my make more less "
        "sounds please and to too with this that what why how can you a bit in i at not no yes we "
        "and so an do me did",
    "de": "ist das der die und nicht ein "
        "eine bitte mehr weniger zu es "
        "mach im den klingt ohne für "
        "warum was wie lauter leiser bisschen auf bei hast noch mir ich",
    "fr": "le la les est et pas une plus "
        "moins trop dans c'est rends "
        "un peu de des du pour sans il je sonne pourquoi avec ça s'il",
    "es": "el los las es y más menos muy "
        "demasiado en un una por favor "
        "con sin para suena la está qué hay poco haz de pero quita mas",
    "it": "il lo gli è di più meno troppo "
        "nel per favore una un con senza suona che la non po' c'è rendi togli fai della",
    "pt": "o os é não mais menos muito "
        "um uma com sem por favor na está soa do da que você e som tire faça voz",
    "nl": "de het een en niet meer minder "
        "te veel is in met zonder voor "
        "klinkt maak alsjeblieft ik wat waarom beetje van dat zang",
    "sv": "och är det inte en ett mer mindre för mycket låter gör tack jag basen rösten med utan",
    "pl": "i nie jest to za więcej mniej bardzo proszę zrób dźwięk głos bez jak dlaczego dużo",
    "tr": "ve bir bu çok daha az ses lütfen değil için neden yap fazla",
    "da": "og er det ikke en et mere mindre for meget lyder gør tak jeg",
    "fi": "ja on ei se enemmän vähemmän liian kuulostaa tee kiitos ääni basso",
    "cs": "a je to není více méně příliš zní prosím udělej hlas bez proč",
}  # fmt: skip
# "De-ess" and "de-hum" are English.
_PREFIX = re.compile(r"\b(?:de|re)-(?=\w)")
_QUALITIES = r"(?:quiet|loud|dull|dark|muddy|harsh|thin|boomy|cold|narrow|unclear|distorted|bright)"


@dataclass(frozen=True)
class Glossed:
    """English words for a sentence, and the language (ISO 639-1) that it is in."""

    text: str
    language: str


def gloss(words: str) -> Glossed:
    """The sentence in English words as far as we know them; unchanged when it is English."""
    language = language_of(words)
    if language not in _entries():
        return Glossed(words, language)
    text = f" {words.lower().replace('’', chr(39))} "
    text = re.sub(r"(?<=\w)-(?=(?:le|la|les|lo|moi|en|y)\b)", " ", text)
    for foreign, english in _entries()[language]:
        text = foreign.sub(f" {english} ", text)
    text = re.sub(rf"\btoo much (?={_QUALITIES}\b)", "too ", re.sub(r"\s+", " ", text))
    return Glossed(text.strip(), language)


def language_of(words: str) -> str:
    """Two-letter code of the language of `words`; English when nothing tells otherwise."""
    for code, pattern in _SCRIPTS:
        if re.search(pattern, words):
            return code
    plain = _PREFIX.sub("", words.lower().replace("’", "'"))
    tokens = re.findall(r"[^\W\d_]+(?:'[^\W\d_]*)?", plain)
    counts = {
        code: sum(2 if token in _own()[code] else token in telling for token in tokens)
        for code, telling in _telling().items()
    }
    best = max(counts, key=lambda code: (counts[code], code == "en"))
    enough = 1 if len(tokens) <= 3 else 2
    return best if counts[best] > counts["en"] and counts[best] >= enough else "en"


@lru_cache(maxsize=1)
def _telling() -> dict[str, frozenset[str]]:
    return {code: frozenset(words.split()) for code, words in _TELLING.items()}


@lru_cache(maxsize=1)
def _own() -> dict[str, frozenset[str]]:
    """Single words of our trade that a language has and English has not."""
    from mixmend.agent.wording import common_words

    known = common_words()
    own: dict[str, frozenset[str]] = {code: frozenset() for code in _TELLING}
    for code, pairs in _pairs().items():
        singles = {foreign for foreign, _ in pairs if " " not in foreign and len(foreign) > 3}
        own[code] = frozenset(word for word in singles if word not in known or not word.isascii())
    return own


@lru_cache(maxsize=1)
def _pairs() -> dict[str, list[tuple[str, str]]]:
    text = (files("mixmend.agent") / "data" / "gloss.txt").read_text(encoding="utf-8")
    pairs: dict[str, list[tuple[str, str]]] = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        english, rest = line.split(" = ", 1)
        for part in rest.split(";"):
            code, foreign = part.split(":", 1)
            pairs.setdefault(code.strip(), []).extend(
                (f.strip(), english) for f in foreign.split(",")
            )
    return pairs


@lru_cache(maxsize=1)
def _entries() -> dict[str, list[tuple[re.Pattern[str], str]]]:
    """Per language, patterns with their English, the longest first."""
    return {
        code: [
            (
                re.compile(
                    rf"(?<![\w']){re.escape(foreign)}(?!\w)"
                    if not foreign.endswith("'")
                    else rf"(?<!\w){re.escape(foreign)}"
                ),
                english,
            )
            for foreign, english in sorted(pairs, key=lambda pair: -len(pair[0]))
        ]
        for code, pairs in _pairs().items()
    }
