"""What mendflow is told of a request: a MiniLM vector a sentence, so that wishes add up."""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mixmend.model.embed import DIMENSIONS, sentence_encoder

MOST_SENTENCES = 4
_END = re.compile(r"(?<=[.!?;])\s+|\n+")

Vectors = NDArray[np.float32]


def sentences_of(request: str) -> tuple[str, ...]:
    """The sentences of a request, at most four; none for automatic mode."""
    found = (sentence.strip() for sentence in _END.split(request.strip()))
    return tuple(sentence for sentence in found if sentence)[:MOST_SENTENCES]


def sentence_vectors(request: str) -> Vectors:
    """Vectors (4, 384), each of length one or zero where there is no sentence."""
    out = np.zeros((MOST_SENTENCES, DIMENSIONS), dtype=np.float32)
    for place, sentence in enumerate(sentences_of(request)):
        out[place] = _vector(sentence)
    return out


@lru_cache(maxsize=4096)
def _vector(sentence: str) -> Vectors:
    return np.asarray(sentence_encoder().encode([sentence])[0], np.float32)
