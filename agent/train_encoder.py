"""Fine-tunes the sentence encoder's adapter and the heads together, on the CPU or on a GPU.

The encoder's own weights stay as published; each of its linear layers gets a low-rank addition
(LoRA, Hu et al. 2021), small enough to ship. One thread and a fixed seed: the same data give the
same weights on the same machine.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixmend.agent.sentence_model import INPUT_SCALE, LORA_SCALE
from mixmend.model.embed import weights_folder

Floats = NDArray[np.float32]

RANK = 16
FIRST_LAYER = 0
BATCH = 32
HEAD_RATE_OVER_RATE = 5.0
DECAY = 1e-3
DROPOUT = 0.1
SMOOTHING = 0.05
# The head that counts wishes is the easiest: it may not pull as hard as the others.
WEIGHTS = {"one": 0.5}
_PARTS = (
    "attention.self.query", "attention.self.key", "attention.self.value",
    "attention.output.dense", "intermediate.dense", "output.dense",
)  # fmt: skip


@dataclass(frozen=True)
class Example:
    """Words with the shares of the classes that each head should give; empty: learns nothing."""

    words: str
    targets: Mapping[str, Mapping[int, float]]


def learn(
    epoch: Callable[[random.Random], Sequence[Example]],
    classes: dict[str, int],
    *,
    epochs: int,
    rate: float,
    start: Mapping[str, Floats] | None = None,
    seed: int = 0,
    on_epoch: Callable[[int, float], None] | None = None,
) -> dict[str, Floats]:
    """Adapter and heads from the examples of each `epoch`: named as `sentence_model` reads them.

    `classes` gives the number of classes of each head, `rate` the adapter's highest learning rate,
    `start` parts that were learnt before and are learnt further.
    """
    import torch
    from torch.nn import functional

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rng = random.Random(seed)
    student = _Student()
    heads = {name: torch.nn.Linear(384, count) for name, count in classes.items()}
    if start is not None:
        _begin_with(start, student, heads)
    head_parts = [part for head in heads.values() for part in head.parameters()]
    rates = [rate, HEAD_RATE_OVER_RATE * rate]
    groups = [
        {"params": student.trained, "lr": rates[0]}, {"params": head_parts, "lr": rates[1]}
    ]  # fmt: skip
    optimiser = torch.optim.AdamW(groups, weight_decay=DECAY)
    plan = [_batches(epoch(rng), rng) for _ in range(epochs)]
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, rates, total_steps=sum(map(len, plan)) + 1, pct_start=0.1
    )
    for number, batches in enumerate(plan):
        total = 0.0
        for batch in batches:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                vectors = student.vectors([example.words for example in batch], DROPOUT)
            vectors = functional.dropout(INPUT_SCALE * vectors.float(), 0.1)
            loss = torch.zeros(())
            for name, head in heads.items():
                wanted = _table([example.targets[name] for example in batch], classes[name])
                taught = wanted.sum(1) > 0
                if not bool(taught.any()):
                    continue
                wanted = wanted * (1 - SMOOTHING) + SMOOTHING / classes[name]
                likely = functional.log_softmax(head(vectors), 1)
                loss = loss - WEIGHTS.get(name, 1.0) * (wanted * likely)[taught].sum(1).mean()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
        if on_epoch is not None:
            on_epoch(number, total / len(batches))
    parts = {name: part.detach().numpy().copy() for name, part in student.named_parts()}
    for name, head in heads.items():
        parts[f"{name}.weight"] = head.weight.detach().numpy().T.copy()
        parts[f"{name}.bias"] = head.bias.detach().numpy().copy()
    return parts


def _batches(examples: Sequence[Example], rng: random.Random) -> list[list[Example]]:
    """Examples of about one length go together, so that little is padded."""
    order = sorted(examples, key=lambda example: len(example.words) + 12 * rng.random())
    batches = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
    rng.shuffle(batches)
    return batches


def _table(targets: Sequence[Mapping[int, float]], classes: int) -> Any:
    """Targets as a tensor `(examples, classes)`; a row of zeros teaches nothing."""
    import torch

    table = torch.zeros(len(targets), classes)
    for row, shares in enumerate(targets):
        for name, share in shares.items():
            table[row, name] = share
    return table


def _begin_with(start: Mapping[str, Floats], student: _Student, heads: Mapping[str, Any]) -> None:
    import torch

    with torch.no_grad():
        for name, part in student.named_parts():
            part.copy_(torch.from_numpy(start[name].copy()))
        for name, head in heads.items():
            head.weight.copy_(torch.from_numpy(start[f"{name}.weight"].T.copy()))
            head.bias.copy_(torch.from_numpy(start[f"{name}.bias"].copy()))


class _Student:
    """The encoder as torch sees it: published weights held still, additions of low rank learnt."""

    def __init__(self) -> None:
        import torch
        from safetensors.torch import load_file
        from tokenizers import Tokenizer

        folder = weights_folder()
        self._config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        weights = load_file(folder / "model.safetensors")
        # What is held still is kept in half precision where it is multiplied.
        self._w = {
            name: value.bfloat16() if value.ndim == 2 and "embeddings" not in name else value
            for name, value in weights.items()
            if value.is_floating_point()
        }
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(64)
        self._low: dict[str, tuple[torch.nn.Parameter, torch.nn.Parameter]] = {}
        for layer in range(FIRST_LAYER, self._config["num_hidden_layers"]):
            for part in _PARTS:
                name = f"encoder.layer.{layer}.{part}"
                wide, deep = self._w[f"{name}.weight"].shape
                self._low[name] = (
                    torch.nn.Parameter(torch.randn(RANK, deep) * 0.02),
                    torch.nn.Parameter(torch.zeros(wide, RANK)),
                )
        self.trained = [part for pair in self._low.values() for part in pair]

    def named_parts(self) -> list[tuple[str, Any]]:
        """The additions by the layer's name: `.a` (rank, in) and `.b` (out, rank)."""
        pairs = [((f"{n}.a", a), (f"{n}.b", b)) for n, (a, b) in self._low.items()]
        return [item for pair in pairs for item in pair]

    def vectors(self, words: Sequence[str], dropout: float) -> Any:
        """Sentence vectors `(sentences, 384)` of length one, through which gradients flow."""
        import torch
        from torch.nn import functional

        ids = [encoding.ids for encoding in self._tokenizer.encode_batch(list(words))]
        most = max(map(len, ids))
        table = torch.zeros(len(ids), most, dtype=torch.long)
        there = torch.zeros(len(ids), most)
        for row, tokens in enumerate(ids):
            table[row, : len(tokens)] = torch.tensor(tokens)
            there[row, : len(tokens)] = 1.0
        w = self._w
        x = (
            w["embeddings.word_embeddings.weight"][table]
            + w["embeddings.position_embeddings.weight"][:most]
            + w["embeddings.token_type_embeddings.weight"][0]
        )
        x = self._norm(x, "embeddings.LayerNorm")
        mask = there[:, None, None, :].bool()
        with torch.no_grad():
            for layer in range(FIRST_LAYER):
                x = self._layer(x, mask, layer, 0.0)
        for layer in range(FIRST_LAYER, self._config["num_hidden_layers"]):
            x = self._layer(x, mask, layer, dropout)
        pooled = (x * there[..., None]).sum(1) / there.sum(1, keepdim=True)
        return functional.normalize(pooled)

    def _layer(self, x: Any, mask: Any, layer: int, dropout: float) -> Any:
        from torch.nn import functional

        name = f"encoder.layer.{layer}"
        rows, most, width = x.shape
        count = self._config["num_attention_heads"]
        query, key, value = (
            self._linear(x, f"{name}.attention.self.{part}")
            .view(rows, most, count, -1)
            .transpose(1, 2)
            for part in ("query", "key", "value")
        )
        y = functional.scaled_dot_product_attention(query, key, value, mask)
        y = y.transpose(1, 2).reshape(rows, most, width)
        y = functional.dropout(self._linear(y, f"{name}.attention.output.dense"), dropout)
        x = self._norm(x + y, f"{name}.attention.output.LayerNorm")
        y = functional.gelu(self._linear(x, f"{name}.intermediate.dense"))
        y = functional.dropout(self._linear(y, f"{name}.output.dense"), dropout)
        return self._norm(x + y, f"{name}.output.LayerNorm")

    def _linear(self, x: Any, name: str) -> Any:
        from torch.nn import functional

        y = functional.linear(x, self._w[f"{name}.weight"], self._w[f"{name}.bias"])
        if name not in self._low:
            return y
        a, b = self._low[name]
        return y + LORA_SCALE * functional.linear(functional.linear(x, a), b)

    def _norm(self, x: Any, name: str) -> Any:
        from torch.nn import functional

        w = self._w
        epsilon = self._config["layer_norm_eps"]
        width = (x.shape[-1],)
        return functional.layer_norm(x, width, w[f"{name}.weight"], w[f"{name}.bias"], epsilon)
