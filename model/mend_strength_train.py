"""Trains mendflow's strength head: clips of the pack, one known tonal fault of unknown strength.

One clip in five comes from a room or squashed, and some have a second tonal fault or no side, so
that the strength is told among other faults as well. The loss is cross-entropy against
probabilities around the true strength; weaker and stronger faults than usual are drawn, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mixmend.model.mend_descent import Descent, descend
from mixmend.model.mend_draw import EQ_WEIGHTS, Plan, played_stats, tone_response_db
from mixmend.model.mend_net import ToneHead
from mixmend.model.mend_pack import Pack
from mixmend.model.mend_stats import as_features
from mixmend.model.mend_strength import (
    MOST,
    PROBLEMS,
    StrengthConfig,
    StrengthHead,
    band_response_db,
)
from mixmend.model.mend_text import sentence_vectors
from mixmend.model.problems import PROBLEM_OF_KIND
from mixmend.model.requests import REQUESTS
from mixmend.tools.process.faults import FAMILIES

_OTHER_VERSION, _SECOND_FAULT, _NO_SIDE = 0.2, 0.08, 0.1
_UNUSUAL, _UNUSUAL_DB = 0.25, 2.5
_STEPS = {"unclear": 0.4}  # how finely strengths are told apart: an order of a filter, or 1 dB
_DRAWS = 400


@dataclass(frozen=True)
class StrengthSettings:
    """How the strength head is trained."""

    steps: int = 1500
    batch: int = 96
    learning_rate: float = 5e-4
    weight_decay: float = 0.05
    noise: float = 0.05
    seed: int = 0


@dataclass(frozen=True)
class StrengthRecord:
    """One step: its number and mean cross-entropy."""

    step: int
    loss: float


def train_strength(
    pack: Pack,
    clips: Sequence[int],
    config: StrengthConfig,
    settings: StrengthSettings,
    start: StrengthHead | None = None,
) -> Iterator[tuple[StrengthRecord, StrengthHead]]:
    """Step by step: what each was like, and the averaged head so far (the same object).

    `start` is a head to go on from.
    """
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    head, average = StrengthHead(config), StrengthHead(config).eval()
    if start is not None:
        head.load_state_dict(start.state_dict())
    aims = torch.from_numpy(np.stack([_aims(number) for number in range(len(PROBLEMS))]))

    def loss_of() -> tuple[Tensor, Tensor]:
        drawn = [draw_strength(pack, clips, rng) for _ in range(settings.batch)]
        stats = [as_features(played_stats(pack, plan)) for _, _, plan in drawn]
        features = torch.from_numpy(np.stack(stats))
        problem = torch.tensor([number for number, _, _ in drawn])
        amount = torch.tensor([index for _, index, _ in drawn])
        noisy = features + settings.noise * torch.randn_like(features)
        logs = torch.log_softmax(head(noisy, problem), 1)
        loss = -(aims[problem, amount] * logs).sum(1).mean()
        return loss, loss

    descent = Descent(settings.steps, settings.learning_rate, settings.weight_decay)
    for done in descend(head, average, descent, loss_of):
        yield StrengthRecord(done.step, done.loss), average


def with_ears_of(tone: ToneHead, config: StrengthConfig) -> StrengthHead:
    """A strength head that begins with what a tone head of the same width has learnt to hear."""
    head = StrengthHead(config)
    head.hear.load_state_dict(tone.hear.state_dict())
    head.think.load_state_dict(tone.think.state_dict())
    words = [np.mean([_words(each) for each in REQUESTS[problem]], axis=0) for problem in PROBLEMS]
    asked = torch.from_numpy(np.stack(words).astype(np.float32))
    with torch.no_grad():
        head.ask_scale.weight.copy_(tone.ask_scale(asked))
        head.ask_shift.weight.copy_(tone.ask_shift(asked))
    return head


def _words(request: str) -> NDArray[np.float32]:
    return np.asarray(sentence_vectors(request).sum(axis=0))


def draw_strength(
    pack: Pack, clips: Sequence[int], rng: np.random.Generator
) -> tuple[int, int, Plan]:
    """The number of a problem, that of its strength, and the clip with it, at random."""
    number = int(rng.integers(len(PROBLEMS)))
    problem = PROBLEMS[number]
    index = int(rng.choice(len(FAMILIES[problem].amounts), p=_drawn_chances(number)))
    clip = int(rng.choice(np.asarray(clips)))
    version = 0
    if rng.random() < _OTHER_VERSION:
        version = int(rng.integers(len(pack.clips[clip].versions)))
    curve = band_response_db(problem, index)
    if rng.random() < _SECOND_FAULT:
        other = str(rng.choice(list(EQ_WEIGHTS)))
        curve = curve + tone_response_db(other, int(rng.integers(_DRAWS)))
    kind = next(kind for kind, asked in PROBLEM_OF_KIND.items() if asked == problem)
    mono = bool(rng.random() < _NO_SIDE)
    return number, index, Plan(clip, version, kind, mono, (kind,), (kind,), "", curve)


def _drawn_chances(number: int) -> NDArray[np.float64]:
    family = FAMILIES[PROBLEMS[number]]
    amounts = np.array(family.amounts)
    outside = np.maximum(np.maximum(family.usual[0] - amounts, amounts - family.usual[1]), 0.0)
    unusual = _UNUSUAL * np.exp(-0.5 * np.square(outside / _UNUSUAL_DB))
    weights = np.where(outside > 0, unusual, 1.0)
    return np.asarray(weights / weights.sum())


def _aims(number: int) -> NDArray[np.float32]:
    """Probabilities (true, said) of all amounts of a family, spread by about one step."""
    problem = PROBLEMS[number]
    amounts = np.array(FAMILIES[problem].amounts)
    away = (amounts[:, None] - amounts[None]) / _STEPS.get(problem, 1.0)
    near = np.exp(-0.5 * np.square(away))
    out = np.zeros((MOST, MOST), dtype=np.float32)
    out[: amounts.size, : amounts.size] = near / near.sum(axis=1, keepdims=True)
    return out
