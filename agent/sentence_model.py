"""Trained heads on sentence embeddings: how likely each kind of intent and each wish is.

Two softmax layers on MiniLM vectors, a few hundred kilobytes, trained by
`mixmend.agent.train_understanding`. Two sets of weights are shipped: `all` has seen every phrasing
we have, `train` only those that are not held out, for honest figures.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mixmend.agent.intents import KINDS, Kind
from mixmend.agent.wishes import WISHES
from mixmend.model.embed import sentence_encoder

Heads = Literal["all", "train"]
Floats = NDArray[np.float32]

WEIGHTS = "understanding.safetensors"
WISH_NAMES: tuple[str, ...] = tuple(WISHES)
# Unit vectors are too flat a diet for a softmax of modest weights.
INPUT_SCALE = 4.0
_REMEMBERED = 512


@dataclass(frozen=True)
class Guess:
    """Log-probabilities of kinds and of wishes, each in the order of their names."""

    kinds: Floats
    wishes: Floats

    def kind(self, name: Kind) -> float:
        """Log-probability of a kind."""
        return float(self.kinds[KINDS.index(name)])

    def wish(self, name: str) -> float:
        """Log-probability of a wish, given that the clause is one."""
        return float(self.wishes[WISH_NAMES.index(name)])


class SentenceModel:
    """Reads clauses with one set of heads; remembers the latest few hundred."""

    def __init__(self, heads: Heads) -> None:
        self._layers = _load()
        self._heads = heads
        self._memory: OrderedDict[str, Guess] = OrderedDict()

    def guess(self, clauses: Sequence[str]) -> list[Guess]:
        """What the heads make of each clause; new ones are encoded together."""
        new = [clause for clause in dict.fromkeys(clauses) if clause not in self._memory]
        if new:
            vectors = INPUT_SCALE * sentence_encoder().encode(new)
            kinds = self._head("kind", vectors)
            wishes = self._head("wish", vectors)
            for clause, kind, wish in zip(new, kinds, wishes, strict=True):
                self._memory[clause] = Guess(kind, wish)
        found = [self._memory[clause] for clause in clauses]
        while len(self._memory) > _REMEMBERED:
            self._memory.popitem(last=False)
        return found

    def _head(self, name: str, vectors: Floats) -> Floats:
        weight = self._layers[f"{self._heads}.{name}.weight"]
        logits = vectors @ weight + self._layers[f"{self._heads}.{name}.bias"]
        logits = logits - logits.max(axis=1, keepdims=True)
        return np.asarray(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)), np.float32)


@lru_cache(maxsize=1)
def _load() -> dict[str, Floats]:
    from safetensors.numpy import load

    data = (files("mixmend.agent") / "data" / WEIGHTS).read_bytes()
    return {name: value.astype(np.float32) for name, value in load(data).items()}


@lru_cache(maxsize=2)
def sentence_model(heads: Heads = "all") -> SentenceModel:
    """The heads, loaded once a process."""
    return SentenceModel(heads)
