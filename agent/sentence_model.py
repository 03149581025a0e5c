"""Trained heads on sentence embeddings: how likely each kind of intent, wish and aspect is.

MiniLM with a small adapter of ours and three softmax layers, trained together by
`mixmend.agent.train_understanding`. What ships is what is judged: phrasings held out for the
figures were never learnt from.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mixmend.agent.intents import KINDS, Kind
from mixmend.agent.wishes import WISHES
from mixmend.model.embed import SentenceEncoder
from mixmend.model.problems import ASPECTS

Floats = NDArray[np.float32]

WEIGHTS = "understanding.safetensors"
WISH_NAMES: tuple[str, ...] = tuple(WISHES)
# Kinds as the head tells them: beside the published ones what is said around a wish.
REMARK = "remark"
HEAD_KINDS: tuple[str, ...] = (*KINDS, REMARK)
ASPECT_NAMES: tuple[str, ...] = ("", *ASPECTS)
# Unit vectors are too flat a diet for a softmax of modest weights.
INPUT_SCALE = 8.0
# Strength of the adapter's additions to the encoder's weights.
LORA_SCALE = 2.0
_REMEMBERED = 512
HEADS = ("kind", "wish", "aspect", "one")
# What was said last by the other side, put before a clause in words the encoder knows.
After = Literal["nothing", "account", "proposal"]
BEFORE: dict[After, str] = {"nothing": "", "account": "done: ", "proposal": "shall i: "}


@dataclass(frozen=True)
class Guess:
    """Log-probabilities of kinds, wishes and aspects, each in the order of their names.

    `counts` tells one thing said from several.
    """

    kinds: Floats
    wishes: Floats
    aspects: Floats
    counts: Floats

    @property
    def one(self) -> float:
        """How likely all of the words say one thing (0..1)."""
        return float(np.exp(self.counts[0]))

    def kind(self, name: Kind) -> float:
        """Log-probability of a kind."""
        return float(self.kinds[HEAD_KINDS.index(name)])

    def wish(self, name: str) -> float:
        """Log-probability of a wish, given that the clause is one."""
        return float(self.wishes[WISH_NAMES.index(name)])


class AdaptedEncoder(SentenceEncoder):
    """The published encoder with our adapter added to its weights."""

    def __init__(self, adapter: Mapping[str, Floats]) -> None:
        super().__init__()
        for name in self._weights:
            low, high = (adapter.get(f"{name.removesuffix('.weight')}.{part}") for part in "ab")
            if low is not None and high is not None:
                # Kept (in, out); the adapter is (rank, in) and (out, rank).
                self._weights[name] = self._weights[name] + LORA_SCALE * (high @ low).T


class SentenceModel:
    """Reads clauses; remembers the latest few hundred."""

    def __init__(self) -> None:
        self._layers = stored()
        self._encoder = AdaptedEncoder(self._layers)
        self._memory: OrderedDict[str, Guess] = OrderedDict()

    def guess(self, clauses: Sequence[str], after: After = "nothing") -> list[Guess]:
        """What the heads make of each clause said `after`; new ones are encoded together."""
        clauses = [BEFORE[after] + clause for clause in clauses]
        new = [clause for clause in dict.fromkeys(clauses) if clause not in self._memory]
        if new:
            vectors = INPUT_SCALE * self._encoder.encode(new)
            heads = (self._head(name, vectors) for name in HEADS)
            for clause, *said in zip(new, *heads, strict=True):
                self._memory[clause] = Guess(*said)
        found = [self._memory[clause] for clause in clauses]
        while len(self._memory) > _REMEMBERED:
            self._memory.popitem(last=False)
        return found

    def _head(self, name: str, vectors: Floats) -> Floats:
        logits = vectors @ self._layers[f"{name}.weight"] + self._layers[f"{name}.bias"]
        logits = logits - logits.max(axis=1, keepdims=True)
        return np.asarray(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)), np.float32)


@lru_cache(maxsize=1)
def stored() -> dict[str, Floats]:
    """The adapter and the heads as they are shipped, by name."""
    from safetensors.numpy import load

    data = (files("mixmend.agent") / "data" / WEIGHTS).read_bytes()
    return {name: value.astype(np.float32) for name, value in load(data).items()}


@lru_cache(maxsize=1)
def sentence_model() -> SentenceModel:
    """The adapted encoder and its heads, loaded once a process."""
    return SentenceModel()
