"""Trains what `sentence_model` reads with from our own utterances, and writes it beside them.

`python -m mixmend.agent.train_understanding` learns adapter and heads together in stages: first
from what we put together ourselves, then mostly from how strangers speak; it needs torch and an
hour and a half of one core. `--stages 2 3 --begin FILE` goes on from an earlier stage and
`--out FILE` writes elsewhere. It also writes the data set as `data/utterances.jsonl`.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mixmend.agent.lessons import CLASSES, Diet, Lesson, epoch, lessons_from, quiet_lessons
from mixmend.agent.sentence_model import ASPECT_NAMES, HEAD_KINDS, WEIGHTS, WISH_NAMES
from mixmend.agent.train_encoder import learn
from mixmend.agent.utterances import Utterance, build_utterances, stranger_utterances

Floats = NDArray[np.float32]

# Sets of strangers' sentences that may be learnt from, by stage.
FIRST_LOTS = ("first", "s2_dev", "s2_test", "s3", "s4")
SECOND_LOTS = (*FIRST_LOTS, "s5", "a", "c", "d")
THIRD_LOTS = (*SECOND_LOTS, "b")
FOURTH_LOTS = (*THIRD_LOTS, "e")
FIFTH_LOTS = (*FOURTH_LOTS, "f")
SIXTH_LOTS = (*FIFTH_LOTS, "s6")
SEVENTH_LOTS = (*SIXTH_LOTS, "g", "h", "i", "j")
# One in so many of these was kept apart while the last stages were chosen.
CHOSEN_BY = ("g", "h", "i", "j")
ONE_IN = 6


# What ships is the mean of the weights after this many of the last stages. The last two went on
# from the mean after the three before them, which counts once beside them:
# `--stages 8 9 --begin MEAN --average MEAN`.
AVERAGED = 3


@dataclass(frozen=True)
class Stage:
    """One round of learning: from which strangers, how often each, how long and how fast.

    With `apart` the sentences that later stages were chosen by are left out.
    """

    lots: tuple[str, ...]
    times: int
    epochs: int
    rate: float
    diet: Diet
    apart: bool = False


_MOSTLY_STRANGERS = Diet(composed=0.5, plain=0.25, talk=0.7, joined=600, remarked=400)
_OF_ALL = Diet(composed=0.5, plain=0.5, talk=1.0, joined=1000, remarked=600)
_MORE_OF_OURS = Diet(composed=0.5, plain=0.6, talk=1.0, joined=1000, remarked=600)
_MORE_JOINED = Diet(composed=0.5, plain=0.6, talk=1.0, joined=1500, remarked=600)
STAGES = (
    Stage(FIRST_LOTS, times=2, epochs=3, rate=2e-3, diet=Diet()),
    Stage(SECOND_LOTS, times=2, epochs=2, rate=1e-3, diet=_MOSTLY_STRANGERS),
    Stage(THIRD_LOTS, times=2, epochs=2, rate=8e-4, diet=_MOSTLY_STRANGERS),
    Stage(FOURTH_LOTS, times=2, epochs=2, rate=8e-4, diet=_MOSTLY_STRANGERS),
    Stage(FIFTH_LOTS, times=2, epochs=1, rate=6e-4, diet=_MOSTLY_STRANGERS),
    Stage(SIXTH_LOTS, times=2, epochs=2, rate=8e-4, diet=_MOSTLY_STRANGERS),
    Stage(SIXTH_LOTS, times=2, epochs=2, rate=8e-4, diet=_OF_ALL),
    Stage(SEVENTH_LOTS, times=2, epochs=2, rate=8e-4, diet=_MORE_OF_OURS, apart=True),
    Stage(SEVENTH_LOTS, times=2, epochs=2, rate=8e-4, diet=_MORE_JOINED),
)


def kept_apart(utterance: Utterance) -> bool:
    """Whether a stranger's sentence is of those that the last stages were chosen by."""
    lot = utterance.family.removeprefix("strangers.")
    return lot in CHOSEN_BY and zlib.crc32(utterance.words.encode()) % ONE_IN == 0


def lessons_for(stage: Stage, built: Sequence[Utterance]) -> list[Lesson]:
    """All that a stage teaches: our own utterances, remarks and strangers' sentences."""
    lots = {f"strangers.{lot}" for lot in stage.lots}
    strangers = [
        u for u in stranger_utterances() if u.family in lots and not (stage.apart and kept_apart(u))
    ]
    own = [u for u in built if not u.held_out]
    return [*lessons_from(own), *quiet_lessons(), *lessons_from(strangers, stage.times)]


def train(
    stage: Stage, lessons: Sequence[Lesson], start: Mapping[str, Floats] | None = None
) -> dict[str, Floats]:
    """Adapter and heads, learnt together."""

    def tell(number: int, loss: float) -> None:
        print(f"  epoch {number + 1}: loss {loss:.3f}", file=sys.stderr, flush=True)

    return learn(
        lambda rng: epoch(lessons, rng, stage.diet),
        CLASSES,
        epochs=stage.epochs,
        rate=stage.rate,
        start=start,
        on_epoch=tell,
    )


def average(results: Sequence[Mapping[str, Floats]]) -> dict[str, Floats]:
    """The mean of the weights after several stages, which reads unseen words better than one."""
    return {
        name: np.mean([result[name] for result in results], axis=0, dtype=np.float32)
        for name in results[0]
    }


def main() -> None:
    """Write `data/utterances.jsonl` and the weights beside this module."""
    folder = Path(__file__).parent / "data"
    parser = argparse.ArgumentParser(description="Teaches the sentence model.")
    parser.add_argument("--stages", type=int, nargs="+", metavar="N")
    parser.add_argument("--begin", type=Path, help="weights to learn on from")
    parser.add_argument("--average", type=Path, nargs="*", default=[], help="of earlier stages")
    parser.add_argument("--out", type=Path, default=folder / WEIGHTS)
    asked = parser.parse_args()
    utterances = build_utterances()
    lines = [json.dumps(u.to_json_dict(), ensure_ascii=False) for u in utterances]
    (folder / "utterances.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    learnt = _weights(asked.begin) if asked.begin else None
    results: list[dict[str, Floats]] = []
    for number in asked.stages or range(1, len(STAGES) + 1):
        stage = STAGES[number - 1]
        lessons = lessons_for(stage, utterances)
        print(f"stage {number}: {len(lessons)} lessons", file=sys.stderr, flush=True)
        learnt = train(stage, lessons, learnt)
        results.append(learnt)
        _write(asked.out, learnt, len(utterances))
    for path in asked.average:
        results.insert(0, _weights(path))
    _write(asked.out, average(results[-AVERAGED:]), len(utterances))
    print(f"{len(utterances)} utterances, {sum(u.held_out for u in utterances)} of them held out")


def _weights(path: Path) -> dict[str, Floats]:
    from safetensors.numpy import load_file

    return {name: part.astype(np.float32) for name, part in load_file(path).items()}


def _write(path: Path, learnt: Mapping[str, Floats], count: int) -> None:
    from safetensors.numpy import save_file

    parts = {name: part.astype(np.float16) for name, part in learnt.items()}
    names = {"kinds": HEAD_KINDS, "wishes": WISH_NAMES, "aspects": ASPECT_NAMES}
    metadata = {name: " ".join(values) for name, values in names.items()}
    save_file(parts, path, metadata={"utterances": str(count), **metadata})
    path.chmod(0o644)


if __name__ == "__main__":
    main()
