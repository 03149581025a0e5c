"""The strength head of mendflow: how strong is a tonal fault whose kind is known?

Eight tonal faults are families of filters of one unknown strength. The head hears the statistics of
the whole song and the fault that is asked for, and answers with how likely each strength is. Its
answer meets that of the `known` estimator of `dsp`, which has heard none of it in time but knows
what spectra music has; the strength is chosen that leaves the least error to be expected.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mixmend.model.flow_render import band_filters
from mixmend.model.mend_mel import BANDS, FFT, RATE_HZ
from mixmend.model.mend_stats import SIZE
from mixmend.model.problems import Problem
from mixmend.tools.long_term import LongTerm
from mixmend.tools.process.faults import FAMILIES, Family, TonalProblem
from mixmend.tools.process.tone import candidates

Array = NDArray[np.float64]

PROBLEMS: tuple[TonalProblem, ...] = (
    "dull", "harsh", "airless", "thin", "unclear", "muddy", "cold", "vocals_buried",
)  # fmt: skip
MOST = max(len(FAMILIES[problem].amounts) for problem in PROBLEMS)
# Asking for less treble is the same request by another name.
_SAME: dict[Problem, TonalProblem] = {"too_bright": "harsh"}
# How much the head counts against `known`; found on music of packages that neither had heard.
_TRUST: dict[TonalProblem, float] = {
    "dull": 0.25, "harsh": 0.25, "airless": 0.25, "thin": 0.75,
    "unclear": 0.5, "muddy": 0.75, "cold": 0.25, "vocals_buried": 0.75,
}  # fmt: skip


@dataclass(frozen=True)
class StrengthConfig:
    """Sizes of the strength head."""

    width: int = 512
    drop: float = 0.1


class StrengthHead(nn.Module):
    """From song statistics (batch, 1729) and problem numbers (batch,) to logits (batch, 23)."""

    def __init__(self, config: StrengthConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.hear = nn.Linear(SIZE, width)
        self.ask_scale = nn.Embedding(len(PROBLEMS), width)
        self.ask_shift = nn.Embedding(len(PROBLEMS), width)
        self.think = nn.ModuleList(nn.Linear(width, width) for _ in range(2))
        self.answer = nn.Linear(width, len(PROBLEMS) * MOST)
        self.drop = nn.Dropout(config.drop)
        fits = torch.tensor(
            [[0.0] * len(f.amounts) + [-1e4] * (MOST - len(f.amounts)) for f in _families()]
        )
        self.register_buffer("fits", fits, persistent=False)
        nn.init.zeros_(self.ask_scale.weight)

    fits: Tensor

    def forward(self, features: Tensor, problem: Tensor) -> Tensor:
        """Logits of the family's amounts; those that a family does not have are far below."""
        heard = self.hear(self.drop(features))
        x = nn.functional.silu(heard * (1 + self.ask_scale(problem)) + self.ask_shift(problem))
        for layer in self.think:
            x = x + nn.functional.silu(layer(self.drop(x)))
        answers = self.answer(x).unflatten(1, (len(PROBLEMS), MOST))
        found: Tensor = answers[torch.arange(len(problem)), problem] + self.fits[problem]
        return found


def strength_problem(problem: Problem) -> TonalProblem | None:
    """The family that the head knows for a problem, or None."""
    found = _SAME.get(problem, problem)
    return next((each for each in PROBLEMS if each == found), None)


def strength_repair_db(
    head: StrengthHead, features: NDArray[np.float32], spectrum: LongTerm, problem: TonalProblem
) -> Array:
    """What undoes `problem` in each of the 96 bands, dB.

    `features` are those of `mend_stats.as_features`, `spectrum` that of the same sound.
    """
    with torch.inference_mode():
        logits = head(torch.from_numpy(features)[None], torch.tensor([PROBLEMS.index(problem)]))
    family = FAMILIES[problem]
    heard = torch.softmax(logits[0, : len(family.amounts)].double(), 0).numpy()
    known = candidates(spectrum, problem)
    chances = _TRUST[problem] * heard + (1 - _TRUST[problem]) * known.chances
    index = int(np.argmin(known.losses @ chances))
    return family.repair_db(band_response_db(problem, index).astype(np.float64), index)


@cache
def band_response_db(problem: TonalProblem, index: int) -> NDArray[np.float32]:
    """What a family's filter of the strength number `index` does to the bands (96,), dB."""
    family, filters = FAMILIES[problem], band_filters(BANDS)
    at_hz = np.maximum(np.arange(filters.shape[0]) * (RATE_HZ / FFT), 1.0)
    power = np.power(10.0, family.response(at_hz, family.amounts[index], RATE_HZ) / 10)
    bands = power @ filters / filters.sum(axis=0)
    return np.asarray(10 * np.log10(np.maximum(bands, 1e-9)), dtype=np.float32)


def _families() -> list[Family]:
    return [FAMILIES[problem] for problem in PROBLEMS]
