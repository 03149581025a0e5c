"""Trains the heads of `sentence_model` from our own utterances and writes them into the package.

`python -m mixmend.agent.train_understanding` takes about two minutes on one core and gives the same
weights each time. It also writes the data set as `data/utterances.jsonl`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mixmend.agent.clause_text import plain_clause
from mixmend.agent.intents import KINDS, Intent
from mixmend.agent.sentence_model import INPUT_SCALE, WEIGHTS, WISH_NAMES, Heads
from mixmend.agent.utterances import Utterance, build_utterances, stranger_utterances
from mixmend.agent.wishes import WISHES
from mixmend.model.embed import sentence_encoder

Floats = NDArray[np.float32]

STEPS = 250
RATE = 0.05
DECAY = 3e-4
SMOOTHING = 0.05


def wish_name(intent: Intent) -> str | None:
    """The name of the wish that a labelled intent is."""
    for wish in WISHES.values():
        same_problem = intent.problem is not None and wish.problem == intent.problem
        same_way = (wish.problem, wish.aspect, wish.change) == (None, intent.aspect, intent.change)
        if same_problem or same_way:
            return wish.name
    return None


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


def train(utterances: Sequence[Utterance]) -> dict[str, Floats]:
    """Both heads from single-clause utterances: names as `sentence_model` reads them."""
    clauses = [u for u in utterances if u.clause and len(u.intents) == 1 and u.language == "en"]
    vectors = INPUT_SCALE * sentence_encoder().encode([plain_clause(u.words) for u in clauses])
    kinds = np.array([KINDS.index(u.intents[0].kind) for u in clauses])
    names = [wish_name(u.intents[0]) if u.intents[0].kind == "fix" else None for u in clauses]
    held_out = np.array([u.held_out for u in clauses])
    is_wish = np.array([name is not None for name in names])
    wishes = np.array([WISH_NAMES.index(name) if name else 0 for name in names])
    parts: dict[str, Floats] = {}
    choices: dict[Heads, NDArray[np.bool_]] = {
        "all": np.ones(len(clauses), bool),
        "train": ~held_out,
    }
    for heads, used in choices.items():
        some = used & is_wish
        for name, rows, labels, classes in (
            ("kind", used, kinds, len(KINDS)),
            ("wish", some, wishes, len(WISH_NAMES)),
        ):
            weight, bias = fit(vectors[rows], labels[rows], classes)
            parts[f"{heads}.{name}.weight"], parts[f"{heads}.{name}.bias"] = weight, bias
    return parts


def main() -> None:
    """Write `data/utterances.jsonl` and the weights beside this module."""
    from safetensors.numpy import save_file

    folder = Path(__file__).parent / "data"
    utterances = build_utterances()
    lines = [json.dumps(u.to_json_dict(), ensure_ascii=False) for u in utterances]
    (folder / "utterances.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    parts = train([*utterances, *extra_clauses()])
    save_file(
        {name: part.astype(np.float16) for name, part in parts.items()},
        folder / WEIGHTS,
        metadata={
            "utterances": str(len(utterances)),
            "kinds": " ".join(KINDS),
            "wishes": " ".join(WISH_NAMES),
        },
    )
    (folder / WEIGHTS).chmod(0o644)
    print(f"{len(utterances)} utterances, {sum(u.held_out for u in utterances)} of them held out")


def extra_clauses() -> list[Utterance]:
    """Strangers' sentences of one wish: for the heads that ship, not for those judged."""
    return [
        Utterance(u.words, u.intents, "strangers.work", clause=True)
        for u in stranger_utterances()
        if len(u.intents) == 1 and not u.history and u.family == "strangers.first"
    ]


if __name__ == "__main__":
    main()
