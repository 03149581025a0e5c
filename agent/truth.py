"""Holds a brain's words against what was measured, sentence by sentence.

A number needs a figure of that unit, on that topic, at that time (before or after); a direction
("brighter", "less reverb", "the hum is gone", "I kept the reverb pass") needs figures that moved
that way or a kept pass that proved it; a measurement that is named must exist. A sentence with
anything else in it is not shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mixmend.agent.claim_words import COMPARATIVES, DOWN, FIX, GONE, NONE, TOPICS, UP, Sign
from mixmend.agent.facts import Facts
from mixmend.agent.truth_numbers import unfounded_in
from mixmend.agent.truth_sources import unfounded_numbers

# What is wished, planned, asked or denied is no claim about the song.
_OPEN = re.compile(
    r"\b(?:can|could|would|should|shall|may|might|want(?:ed)?|wish|if|whether|try|tried|trying|"
    r"to (?:make|bring|take|get|give|remove|fix|reduce|raise|lift|lower|soften|rebuild|repair|"
    r"cut|clear|tighten|widen|open|add|do|work|hear|have|be|keep)|going to|will|let me|let us|"
    r"let's|tell me|ask(?:ed|ing)?|need(?:s|ed)?|too (?:much|little)|instead of|rather|unless|"
    r"cannot|(?:did|do|does|is|was|has|have|had|were|are|ca|could|would|wo) ?n[o']t|never|failed|"
    r"without it|next|say (?:so|undo)|enough|help|helps|because you|you said|you say|you told|"
    r"usually|often|normally|in general|what (?:i )?would|how (?:much|far)|means?|called|by half|"
    r"had it|cause|would have|shows? (?:how|where)|i'll|i am about)\b|\?",
    re.IGNORECASE,
)
# ... but these say it all the same.
_ASSERTS = re.compile(
    r"\b(?:(?:can|could|may) (?:now |already |clearly |safely |proudly |honestly )?(?:hear|notice|"
    r"confirm|say|tell you|report|see|assure|promise|guarantee|enjoy|feel)|(?:would|'d) (?:say|"
    r"call|argue)|(?:will|'ll|should) (?:now |already |really |definitely |immediately |clearly )*"
    r"(?:hear|notice|find|feel|see|enjoy|sound|agree|be (?:glad|happy|pleased))|(?:will|should) "
    r"now|not only|not just|need not worry|no need|as you asked|as you wanted|as asked|like you "
    r"asked|what you asked|just as you|because you asked|never again|never been)\b",
    re.IGNORECASE,
)
_TAKEN_BACK = re.compile(
    r"\b(?:took|taken|rolled|put|went|gone|turned) (?:\w+ ){0,4}?back\b|\b(?:undid|undone|"
    r"reverted|reversed|discarded|dropped that|threw (?:\w+ )?away)\b",
    re.IGNORECASE,
)
_TRIED = re.compile(r"\b(?:tried|attempt\w*|try)\b", re.IGNORECASE)
_KEPT = re.compile(
    r"\b(?:(?:was|is|were|are|has been|got|stays?|stayed) (?:now )?(?:kept|in place|left in|in the "
    r"(?:song|result|file|mix))|i (?:have )?kept|is still (?:there|in)|passed (?:all |the |every )*"
    r"(?:checks?|guard|tests?)|(?:succeeded|was successful|worked(?: out)?(?: well)?))\b",
    re.IGNORECASE,
)
_LATELY = re.compile(
    r"\b(?:even|still) (?=\w+er\b|more|less)|\bfurther\b|\bthan (?:before|the (?:last|previous|"
    r"version before)|last time|a moment ago)\b|\bthis time\b",
    re.IGNORECASE,
)
_UNTOUCHED = re.compile(
    r"\b(?:untouched|unchanged|left (?:\w+ ){0,3}?alone|did ?n[o']t (?:touch|change)|stayed (?:as|"
    r"the same|where)|exactly as (?:it|they) (?:was|were)|the same as before)\b",
    re.IGNORECASE,
)
# A comparison with other music is no change of this song.
_USUAL = re.compile(
    r"\bthan (?:usual|normal|most|other|others|average|it should|you would|is usual|almost any)\b",
    re.IGNORECASE,
)
_DONE_AT_ALL = re.compile(
    r"\bi(?: have|'ve)? (?:just |now |already |fully |completely |successfully )*(?:fixed|"
    r"repaired|improved|mastered|enhanced|restored|polished|changed|mended|cleaned|"
    r"finished|optimi[sz]ed|"
    r"treated|processed)\b|\b(?:it|song|track|mix|sound|recording|everything|result)(?: \w+)? "
    r"(?:is|sounds?|feels?|has been|was|came out|got|became) (?:now |so |much |a lot |"
    r"way |far |already |"
    r"noticeably |significantly )*(?:better|improved|fixed|repaired|mastered|enhanced|restored|"
    r"mended|perfect|flawless|professional|polished)\b|\b(?:made|making) (?:it|the \w+) (?:sound )?"
    r"(?:much |a lot )?better\b|\bbig improvement\b|\bhuge difference\b",
    re.IGNORECASE,
)
_STATES_FAULT = re.compile(
    r"\b(?:there (?:is|are|'s)|i (?:hear|measured?|found|detected?|see)|it has|(?:song|track|it) "
    r"(?:has|suffers from|contains)|has got) (?!no\b|not\b|nothing|any\b|hardly|neither)(?:a |an |"
    r"some |strong |severe |heavy |lots? of |much |clear |bad |loud |many |several |plenty of |"
    r"terrible |serious |audible |steady |mains |the )*(hum|buzz|clicks?|pops?|clipping|hiss|gaps|"
    r"drop.?outs|distortion|noise)\b",
    re.IGNORECASE,
)
_COMPARATIVE = re.compile(
    r"\b(?:is|are|sounds?|feels?|got|became|become|turned|grew|made (?:it|them|"
    r"the \w+(?: \w+)?)|came "
    r"out|now) (?:now |much |a lot |a bit |a little |slightly |noticeably |clearly |"
    r"far |way |so much |also )*"
    r"(\w{3,}(?:ier|er))\b",
    re.IGNORECASE,
)
_NO_COMPARATIVES = re.compile(
    r"(?:after|over|under|how|what|when|wher|wheth|oth|anoth|eith|neith|rath|numb|mast|limit|nev|"
    r"ev|wat|togeth|form|latt|high|low|bett|lat|earli|long|short|strong|weak|great|small|bigg|"
    r"larg|wond|matt|off|pow|speak|compress|equali[sz]|play|comput|pap|corn|cent|us|filt|furth|"
    r"lay|p|h|th|rememb|consid|easi|soon|sing|saf|happi|ord|transf|prop|sup|near|remaind|rubb|fin|"
    r"old|new)(?:er|ever|ier)?s?$"
)
_MEASURED_WHAT = re.compile(
    r"\b(?:measur(?:ed|ing|ement of|ements of|es)|(?:score|rating|index|factor|ratio) "
    r"(?:of|is|for))\b",
    re.IGNORECASE,
)
_ANY_SUBJECT = re.compile(
    r"\b(?:song|track|file|result|it|that|this|everything|anything|nothing|both|them|two|version|"
    r"difference|same|fault|what|you|level|checks?|figure|one|range|worse|wrong|more|again|whole|"
    r"needs?|hits|content|start|peaks?)\b",
    re.IGNORECASE,
)
_NO_SUCH = re.compile(
    r"\b(?:pesq|visqol|stoi|polqa|mushra|mos\b|thd|sdr|snr of the master|phase coheren\w*|jitter|"
    r"wow and flutter|flutter|aesthetic score|quality score|emotion\w* score|harmonic richness|"
    r"listener score|danceability|groove (?:score|index)|intermodulation|group delay|fad\b|"
    r"(?:quality|clarity|warmth|brightness|punch|fidelity|mastering|sound) (?:score|index|rating))",
    re.IGNORECASE,
)
_REFERS = re.compile(r"\b(version|change|pass|step)s? (?:number |no\.? ?|#)?(\d{1,4})\b", re.I)
_SENTENCE_END = re.compile(r"(?<=[.!?\u2026])[\"')\u201d]*\s+|\n+")
_CLAUSE = re.compile(
    r"[,;()\u2014\u2013]\s*|:(?!\d)\s*|\s(?:-|but|so that|which|while|whereas)\s|\s(?=and\s)"
)
_PLACE = re.compile(r"\bfrom (\d+):(\d\d) to (\d+):(\d\d)\b")


@dataclass(frozen=True)
class Checked:
    """A text without its unfounded sentences, and those sentences."""

    text: str
    removed: tuple[str, ...]


def correct(text: str, facts: Facts) -> Checked:
    """`text` with every sentence taken out that the session does not bear out."""
    kept: list[str | None] = []
    removed: list[str] = []
    for line in text.split("\n"):
        good: list[str] = []
        for sentence in sentences(line):
            (removed if lies_in(sentence, facts) else good).append(sentence)
        kept.append(" ".join(good) if good or not line.strip() else None)
    left = "\n".join(line for line in kept if line is not None)
    return Checked(re.sub(r"\n{3,}", "\n\n", left).strip(), tuple(removed))


def sentences(text: str) -> list[str]:
    """A text in sentences, their ends included."""
    return [part for part in _SENTENCE_END.split(text) if part.strip()]


def lies_in(sentence: str, facts: Facts) -> list[str]:
    """What in a sentence nothing measured bears out, as it was written; empty when all is true."""
    plain = _plain(facts.without_findings(facts.without_names(sentence)))
    return [*unfounded_in(plain, facts), *_false_words(plain, facts)]


def _plain(text: str) -> str:
    """Without Markdown, list numbers and typographic variants."""
    text = re.sub(r"^\s*(?:[-*\u2022]|\d+[.)])\s+", "", text)
    text = re.sub(r"[*_`#]+", "", text)
    return text.replace("\u2019", "'").replace("\u2212", "-").replace("\u00a0", " ")


def _false_words(sentence: str, facts: Facts) -> Iterator[str]:
    for match in _REFERS.finditer(sentence):
        what = "pass" if match[1].lower() == "step" else match[1].lower()
        denied = re.search(r"\b(?:no|not)\s*$", sentence[: match.start()])
        if not denied and not facts.exists(what, int(match[2])):
            yield match[0]
    if unknown := _NO_SUCH.search(sentence):
        yield unknown[0]
    question = sentence.rstrip(" \"')").endswith("?")
    if not question:
        yield from _false_measuring(sentence)
        yield from _false_states(sentence, facts)
        yield from _false_verdicts(sentence, facts)
        yield from _false_changes(sentence, facts)


def _false_measuring(sentence: str) -> Iterator[str]:
    """ "I measured the groove": a measurement that does not exist."""
    for match in _MEASURED_WHAT.finditer(sentence):
        rest = sentence[match.end() :]
        known = any(topic.words.search(sentence) for topic in TOPICS.values())
        if rest.strip(" .!") and not known and not _ANY_SUBJECT.search(rest):
            yield match[0] + rest


def _false_states(sentence: str, facts: Facts) -> Iterator[str]:
    """A fault is stated that was not found (unless the user spoke of it)."""
    for match in _STATES_FAULT.finditer(sentence):
        topic = next((t for t in TOPICS.values() if t.words.search(match[1])), None)
        said = topic and any(topic.words.search(words) for words in facts.user_words)
        if topic and not said and not facts.found(topic.name):
            yield match[0]


def _false_verdicts(sentence: str, facts: Facts) -> Iterator[str]:
    """What was kept or taken back, and that something was done at all."""
    topics = _topics_in(sentence)
    for clause in re.split(r"[,;]\s*|\sbut\s", sentence):
        same = _UNTOUCHED.search(clause)
        if same and not all(facts.unchanged(t) for t in _topics_in(clause)):
            yield same[0]
        if _OPEN.search(clause) and not _ASSERTS.search(clause) and not _TRIED.search(clause):
            continue
        back = _TAKEN_BACK.search(clause)
        if (back and not (facts.anything_failed or facts.taken_back_on(""))) or (
            back and topics and not any(facts.taken_back_on(t) for t in topics)
        ):
            yield back[0]
        kept = _KEPT.search(clause)
        if kept and not back and not _TRIED.search(clause):
            about = _topics_in(clause) or topics
            if (about and not any(facts.kept_on(t) for t in about)) or not facts.anything_done:
                yield kept[0]
        done = _DONE_AT_ALL.search(clause)
        if done and not back and not facts.anything_done:
            yield done[0]


def _was_taken_back(topics: Sequence[str], facts: Facts) -> bool:
    if not topics:
        return facts.anything_failed or facts.taken_back_on("")
    return any(facts.taken_back_on(topic) for topic in topics)


def _false_changes(sentence: str, facts: Facts) -> Iterator[str]:
    lately = _LATELY.search(sentence) is not None
    carried: list[str] = []
    for clause in _clauses(sentence):
        topics = _topics_in(clause)
        if (
            (_OPEN.search(clause) and not _ASSERTS.search(clause))
            or _TAKEN_BACK.search(clause)
            or _UNTOUCHED.search(clause)
            or _USUAL.search(clause)
        ):
            carried = topics or carried
            continue
        yield from _false_comparatives(clause, facts, lately)
        directed = _direction(clause)
        if directed is None:
            carried = [*carried, *topics] if topics else carried
            continue
        about = topics or carried
        # A change that is told with its numbers is held against those.
        much = re.search(r"\d", sentence) is None
        if directed == "fixed" and _fixed_there(about, sentence, facts):
            carried = about
            continue
        if about and not any(
            _is_true(directed, topic, facts, lately=lately, much=much) for topic in about
        ):
            yield clause.strip()
        carried = topics or carried


def _fixed_there(about: Sequence[str], sentence: str, facts: Facts) -> bool:
    """Whether a sentence that names a place speaks of what was mended there, if not elsewhere."""
    named = _PLACE.search(sentence)
    if named is None:
        return False
    start_s, end_s = (60.0 * int(named[at]) + int(named[at + 1]) for at in (1, 3))
    return any(facts.fixed_in(topic, start_s, end_s) for topic in about)


def _clauses(sentence: str) -> list[str]:
    return [part for part in _CLAUSE.split(sentence) if part and part.strip()]


def _false_comparatives(clause: str, facts: Facts, lately: bool) -> Iterator[str]:
    known_at: list[tuple[int, int]] = []
    for pattern, meaning in COMPARATIVES:
        for match in pattern.finditer(clause):
            known_at.append(match.span())
            about = _topics_in(clause)
            relevant = [m for m in meaning if m[0] in about] or list(meaning)
            much = re.search(r"\d", clause) is None
            true = any(facts.moved(t, s, lately=lately, much=much) for t, s in relevant)
            # "Softer" of treble, "quieter" of noise: the topic that stands there counts.
            soft = match[0].lower() in ("quieter", "softer")
            if not true and not (soft and any(facts.moved(t, -1) for t in about)):
                yield match[0]
    for match in _COMPARATIVE.finditer(clause):
        word = match[1].lower()
        start = match.start(1)
        if _NO_COMPARATIVES.match(word) or any(a <= start < b for a, b in known_at):
            continue
        yield match[0]


def _direction(clause: str) -> str | None:
    """Which way a clause says something went: gone, fixed, up or down; None for no such claim."""
    if GONE.search(clause):
        return "gone"
    if NONE.search(clause):
        return "none"
    down, up, fix = DOWN.search(clause), UP.search(clause), FIX.search(clause)
    if fix and not (up and up.start() < fix.start()):
        return "fixed"
    if up and down:
        # "rose ... less than": the verb comes first.
        return "up" if up.start() < down.start() else "down"
    return "up" if up else "down" if down else None


def _is_true(direction: str, topic: str, facts: Facts, *, lately: bool, much: bool) -> bool:
    if direction in ("gone", "none"):
        return facts.gone(topic, ever_there=direction == "gone")
    if direction == "fixed":
        return facts.fixed(topic)
    sign: Sign = 1 if direction == "up" else -1
    return facts.moved(topic, sign, lately=lately, much=much)


def _topics_in(clause: str) -> list[str]:
    return [name for name, topic in TOPICS.items() if topic.words.search(clause)]


def unfounded(texts: Iterable[str], facts: Facts) -> Sequence[str]:
    """All unfounded sentences of some texts, for tests and benchmarks."""
    return [s for text in texts for s in correct(text, facts).removed]


__all__ = ["Checked", "correct", "lies_in", "sentences", "unfounded", "unfounded_numbers"]
