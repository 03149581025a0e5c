"""Trains what `sentence_model` reads with from our own utterances, and writes it beside them.

`python -m mixmend.agent.train_understanding` learns adapter and heads together, which needs torch
and some five minutes of one core; with `--heads` it only fits the heads anew to the adapter that is
stored. Both give the same weights each time on one machine. It also writes the data set as
`data/utterances.jsonl`.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mixmend.agent.clause_text import plain_clause
from mixmend.agent.intents import Intent
from mixmend.agent.sentence_model import (
    ASPECT_NAMES,
    HEAD_KINDS,
    INPUT_SCALE,
    REMARK,
    WEIGHTS,
    WISH_NAMES,
    AdaptedEncoder,
    stored,
)
from mixmend.agent.train_encoder import Lesson, learn
from mixmend.agent.utterances import (
    Utterance,
    build_utterances,
    remarks,
    slip,
    stranger_utterances,
)
from mixmend.agent.wishes import WISHES

Floats = NDArray[np.float32]

STEPS = 250
RATE = 0.05
DECAY = 1e-4
SMOOTHING = 0.05
CLASSES = {"kind": len(HEAD_KINDS), "wish": len(WISH_NAMES), "aspect": len(ASPECT_NAMES)}
# Sets of strangers' sentences that were used for work and may be learnt from.
WORKED_ON = (
    "strangers.first", "strangers.s2_dev", "strangers.s2_test", "strangers.s3", "strangers.s4",
)  # fmt: skip
_BEFORE = ("hey ", "ok so ", "please ", "well ", "can you ", "um ", "i think ", "also ", "and ")
_AFTER = (
    " please",
    " thanks",
    " i think",
    " tbh",
    " a bit",
    " really",
    " somehow",
    "!",
    "?",
    " lol",
)


def wish_name(intent: Intent) -> str | None:
    """The name of the wish that a labelled intent is."""
    for wish in WISHES.values():
        same_problem = intent.problem is not None and wish.problem == intent.problem
        same_way = (wish.problem, wish.aspect, wish.change) == (None, intent.aspect, intent.change)
        if same_problem or same_way:
            return wish.name
    return None


def lesson_of(utterance: Utterance) -> Lesson:
    """A single-clause utterance as a lesson for the three heads."""
    (intent,) = utterance.intents
    wish = wish_name(intent) if intent.kind == "fix" else None
    labels = {
        "kind": HEAD_KINDS.index(intent.kind),
        "wish": WISH_NAMES.index(wish) if wish else None,
        "aspect": ASPECT_NAMES.index(intent.aspect or "")
        if intent.kind in ("fix", "leave")
        else None,
    }
    return Lesson(plain_clause(utterance.words), labels)


def lessons_from(utterances: Sequence[Utterance], seed: int = 0) -> list[Lesson]:
    """Every clause that the heads can learn from, and the remarks, which are no intent."""
    usable = [u for u in utterances if u.clause and len(u.intents) == 1 and u.language == "en"]
    found = [lesson_of(u) for u in usable]
    quiet = {"kind": HEAD_KINDS.index(REMARK), "wish": None, "aspect": None}
    found += [Lesson(plain_clause(words), dict(quiet)) for words in remarks(seed)]
    return [lesson for lesson in found if lesson.words]


def varied(words: str, rng: random.Random) -> str:
    """A clause as somebody else might type it: slips of the finger, words around it."""
    chance = rng.random()
    if chance < 0.18:
        words = slip(words, rng)
    if rng.random() < 0.12:
        words = rng.choice(_BEFORE) + words
    if rng.random() < 0.12:
        words = words + rng.choice(_AFTER)
    return words


def fit(vectors: Floats, labels: NDArray[np.int64], classes: int) -> tuple[Floats, Floats]:
    """Softmax regression by Adam on all of `vectors` (samples, dimensions) at once."""
    wanted = np.eye(classes, dtype=np.float32)[labels] * (1 - SMOOTHING) + SMOOTHING / classes
    counts = np.bincount(labels, minlength=classes).astype(np.float32)
    # Rare classes count more, but not in full: half-way between samples and classes.
    importance = 1.0 / np.sqrt(counts[labels])
    importance /= importance.sum()
    parts = [np.zeros((vectors.shape[1], classes), np.float32), np.zeros(classes, np.float32)]
    first = [np.zeros_like(part) for part in parts]
    second = [np.zeros_like(part) for part in parts]
    for step in range(1, STEPS + 1):
        logits = vectors @ parts[0] + parts[1]
        likely = np.exp(logits - logits.max(axis=1, keepdims=True))
        likely /= likely.sum(axis=1, keepdims=True)
        slope = (likely - wanted) * importance[:, None]
        slopes = [vectors.T @ slope + DECAY * parts[0], slope.sum(axis=0)]
        for index, gradient in enumerate(slopes):
            first[index] = 0.9 * first[index] + 0.1 * gradient
            second[index] = 0.99 * second[index] + 0.01 * gradient**2
            mean = first[index] / (1 - 0.9**step)
            spread = np.sqrt(second[index] / (1 - 0.99**step)) + 1e-8
            parts[index] = (parts[index] - RATE * mean / spread).astype(np.float32)
    return parts[0], parts[1]


def fit_heads(lessons: Sequence[Lesson], adapter: Mapping[str, Floats]) -> dict[str, Floats]:
    """The three heads on the vectors that the adapted encoder gives, and on slips of them."""
    rng = random.Random(0)
    known = [(lesson.words, lesson.labels) for lesson in lessons]
    known += [(varied(words, rng), labels) for words, labels in known]
    vectors = INPUT_SCALE * AdaptedEncoder(adapter).encode([words for words, _ in known])
    parts: dict[str, Floats] = {}
    for name, classes in CLASSES.items():
        rows = [row for row, (_, labels) in enumerate(known) if labels[name] is not None]
        labels = np.array([known[row][1][name] for row in rows], np.int64)
        parts[f"{name}.weight"], parts[f"{name}.bias"] = fit(vectors[rows], labels, classes)
    return parts


def train_all(lessons: Sequence[Lesson]) -> dict[str, Floats]:
    """Adapter and heads, learnt together: what ships."""

    def tell(epoch: int, loss: float) -> None:
        print(f"  epoch {epoch + 1}: loss {loss:.3f}", file=sys.stderr, flush=True)

    return learn(lessons, CLASSES, vary=varied, on_epoch=tell)


def main() -> None:
    """Write `data/utterances.jsonl` and the weights beside this module."""
    from safetensors.numpy import save_file

    folder = Path(__file__).parent / "data"
    utterances = build_utterances()
    lines = [json.dumps(u.to_json_dict(), ensure_ascii=False) for u in utterances]
    (folder / "utterances.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    chosen = [*(u for u in utterances if not u.held_out), *extra_clauses()]
    lessons = lessons_from(chosen)
    print(f"{len(lessons)} lessons", file=sys.stderr, flush=True)
    if "--heads" in sys.argv[1:]:
        adapter = {name: part for name, part in stored().items() if name.startswith("encoder.")}
        learnt = adapter | fit_heads(lessons, adapter)
    else:
        learnt = train_all(lessons)
    parts = {name: part.astype(np.float16) for name, part in learnt.items()}
    save_file(
        parts,
        folder / WEIGHTS,
        metadata={
            "utterances": str(len(utterances)),
            "kinds": " ".join(HEAD_KINDS),
            "wishes": " ".join(WISH_NAMES),
            "aspects": " ".join(ASPECT_NAMES),
        },
    )
    (folder / WEIGHTS).chmod(0o644)
    print(f"{len(utterances)} utterances, {sum(u.held_out for u in utterances)} of them held out")


def extra_clauses() -> list[Utterance]:
    """Strangers' sentences of one wish, of the lots that were worked on."""
    return [
        Utterance(u.words, u.intents, "strangers.work", clause=True)
        for u in stranger_utterances()
        if len(u.intents) == 1 and u.family in WORKED_ON and u.language == "en"
        # With earlier turns a wish may be one they named; a command is one by its own words.
        if not u.history or u.intents[0].kind != "fix"
    ]


if __name__ == "__main__":
    main()
