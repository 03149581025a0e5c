"""How well plain words are understood: rules alone, embeddings alone, and both together."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mixmend.agent.bench.table import Cell, Table
from mixmend.agent.clause_reading import Way
from mixmend.agent.intents import Intent, Understanding
from mixmend.agent.utterances import Utterance, build_utterances, stranger_utterances
from mixmend.agent.wishes import WISHES

NAME = "understanding"

META_KINDS = frozenset(
    {
        "auto", "cannot", "target", "undo", "redo", "stronger", "weaker", "compare", "explain",
        "question", "report", "export", "approve", "greeting",
    }
)  # fmt: skip
AMOUNT_WITHIN = 0.16


@dataclass(frozen=True)
class Score:
    """What was right of one utterance; None where the question does not arise."""

    sound: bool | None
    place: bool | None
    meta: bool | None
    off_topic: bool | None
    leave: bool | None
    whole: bool


def score(utterance: Utterance, heard: Understanding) -> Score:
    """Compare what was understood with the label, wish by wish."""
    gold, found = utterance.intents, heard.intents
    fixes = [intent for intent in gold if intent.kind == "fix"]
    leaves = [intent for intent in gold if intent.kind == "leave"]
    metas = [intent for intent in gold if intent.kind in META_KINDS]
    pairs = _pairs(fixes, [intent for intent in found if intent.kind == "fix"])
    sound = place = meta = off_topic = leave = None
    if fixes:
        sound = pairs is not None
        # A wrong wish tells nothing about places and amounts of the right one.
        same = pairs if pairs is not None else _in_order(fixes, found)
        place = same is not None and all(_same_place_and_amount(a, b) for a, b in same)
    if metas:
        said = [intent for intent in found if intent.kind in META_KINDS]
        meta = len(said) == len(metas) and all(map(_same_meta, metas, said))
    if any(intent.kind == "off_topic" for intent in gold):
        off_topic = {intent.kind for intent in found} == {"off_topic"}
    if leaves:
        leave = {i.aspect for i in leaves} == {i.aspect for i in found if i.kind == "leave"}
    parts = (sound, place, meta, off_topic, leave)
    extra = {i.kind for i in found} - {i.kind for i in gold}
    return Score(*parts, whole=not extra and all(part is not False for part in parts))


def _in_order(
    fixes: Sequence[Intent], found: Sequence[Intent]
) -> list[tuple[Intent, Intent]] | None:
    others = [intent for intent in found if intent.kind == "fix"]
    return list(zip(fixes, others, strict=True)) if len(others) == len(fixes) else None


def _pairs(gold: Sequence[Intent], found: Sequence[Intent]) -> list[tuple[Intent, Intent]] | None:
    """Each wanted wish with the one heard for it; None when one is missing or one too many."""
    left = list(found)
    pairs = []
    for wanted in gold:
        right = [i for i in left if same_wish(wanted, i)]
        # Of several with the same wish the one in the right place.
        right.sort(key=lambda i: (i.region, i.section) != (wanted.region, wanted.section))
        if not right:
            return None
        pairs.append((wanted, right[0]))
        left.remove(right[0])
    return pairs if not left else None


def same_wish(a: Intent, b: Intent) -> bool:
    """Whether two intents ask for the same repair: same problem, or same aspect and direction."""
    if a.problem is not None and a.problem == b.problem:
        return True
    return a.aspect is not None and a.aspect == b.aspect and _way(a) == _way(b)


def _way(intent: Intent) -> str | None:
    """The direction that is meant: a complaint of a fault means the way out of it."""
    if intent.change in ("more", "less"):
        return intent.change
    wish = WISHES.get(intent.problem or "")
    return wish.change if wish else intent.change


def _same_place_and_amount(a: Intent, b: Intent) -> bool:
    place = (a.region, a.section) == (b.region, b.section)
    return place and abs(a.strength - b.strength) < AMOUNT_WITHIN


def _same_meta(a: Intent, b: Intent) -> bool:
    if a.kind != b.kind or a.pass_ != b.pass_:
        return False
    if a.kind in ("stronger", "weaker") and abs(a.strength - b.strength) >= AMOUNT_WITHIN:
        return False
    if a.kind not in ("target", "export"):
        return True
    # A format that was named counts; the target of a question is an extra.
    named = a.file_format is None or a.file_format == b.file_format
    return named and (a.target, a.target_lufs) == (b.target, b.target_lufs)


def _share(scores: Sequence[Score], part: str) -> Cell:
    values = [value for score in scores if (value := getattr(score, part)) is not None]
    return 100.0 * sum(values) / len(values) if values else None


def run(*, quick: bool = False, on_progress: Callable[[float, str], None] | None = None) -> Table:
    """The table: a row for each way and each set of sentences, in percent right."""
    from mixmend.agent.understand import understand_by

    held_out = [u for u in build_utterances() if u.held_out]
    strangers = stranger_utterances()
    sets = {
        "held-out families": held_out,
        "strangers, earlier lots": [u for u in strangers if u.family.endswith(("second", "third"))],
        "strangers, everyday lot": [u for u in strangers if u.family.endswith("s7")],
        "strangers, lot with pictures": [u for u in strangers if u.family.endswith("s8")],
        "strangers, larger everyday lot": [u for u in strangers if u.family.endswith("s9")],
    }
    if quick:
        sets = {name: utterances[::5] for name, utterances in sets.items()}
    rows: list[tuple[Cell, ...]] = []
    spent, count = 0.0, 0
    # Timed before the heads alone: what was read once is remembered and then takes no time.
    ways: tuple[Way, ...] = ("rules", "fused", "embeddings")
    for number, way in enumerate(ways):
        for name, utterances in sets.items():
            if on_progress is not None:
                on_progress(number / len(ways), f"{way} on {name}")
            started = time.process_time()
            scores = [score(u, understand_by(u.words, u.history, way=way)) for u in utterances]
            if way == "fused":
                spent += time.process_time() - started
                count += len(utterances)
            parts = ("sound", "place", "meta", "leave", "off_topic", "whole")
            rows.append((way, name, len(scores), *(_share(scores, part) for part in parts)))
    return Table(
        title="Understanding plain words",
        columns=(
            "way", "sentences", "n", "problem or aspect and direction %", "region and amount %",
            "commands and questions %", "left alone %", "off topic %", "all of it right %",
        ),
        rows=tuple(rows),
        facts={"ms_per_sentence_cpu": 1000.0 * spent / max(count, 1)},
        notes=(
            "Held-out families are ways of phrasing the heads were not trained on; strangers are "
            "sentences written apart from the system, in these lots never used to train the heads; "
            "the last two lots were drawn up when the rest was done.",
        ),
    )  # fmt: skip
