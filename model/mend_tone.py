"""Trains mendflow's tone head: statistics of a whole song and a request to one gain a band.

The loss is the square error in dB of the gains, and beside it what the paper scores: the error of
the band-energy shares that belong to the asked fault, so that a decibel counts where it is heard.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from mixmend.model.flow_render import band_centres_hz, band_filters
from mixmend.model.mend_descent import Descent, descend
from mixmend.model.mend_draw import (
    Plan,
    draw_broad,
    draw_plan,
    mean_change_db,
    played_stats,
)
from mixmend.model.mend_mel import BANDS
from mixmend.model.mend_net import DB, MendConfig, ToneHead
from mixmend.model.mend_stats import as_features
from mixmend.model.mend_text import sentence_vectors

if TYPE_CHECKING:
    from mixmend.model.mend_pack import Pack

MOST_UP_DB, MOST_DOWN_DB = 48.0, -30.0

# Bands whose share of the energy is scored, Hz (as in `tools.paper_error`), and about how large the
# error of a damaged song is, so that every kind counts alike.
_SHARES_HZ: Mapping[str, tuple[tuple[float, float], float]] = {
    "clarity": ((4000, 22050), 0.03),
    "bright": ((6000, 22050), 0.02),
    "dark": ((6000, 22050), 0.08),
    "airy": ((10000, 22050), 0.01),
    "warm": ((20, 400), 0.35),
    "boom": ((20, 150), 0.25),
    "mud": ((200, 500), 0.4),
    "vocal": ((350, 3500), 0.3),
}
_EDGES_HZ = (20, 60, 250, 500, 2000, 4000, 6000, 10000, 16000, 20000)
_LOWEST_DB = -300.0
# Of the sum over the nine bands: below the usual error, so that these two count for more.
_EDGES_SCALE: Mapping[str, float] = {"xband": 0.25, "mic": 0.5}
_BROAD_SHARE = 0.4


@dataclass(frozen=True)
class ToneSettings:
    """How the tone head is trained."""

    steps: int = 6000
    batch: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    noise: float = 0.05
    shares: float = 0.5
    seed: int = 0


@dataclass(frozen=True)
class ToneRecord:
    """One step: its number, mean square loss, and the error of the shares."""

    step: int
    loss: float
    shares: float


def train_tone(
    pack: Pack,
    clips: Sequence[int],
    config: MendConfig,
    settings: ToneSettings,
    start: ToneHead | None = None,
) -> Iterator[tuple[ToneRecord, ToneHead]]:
    """Step by step: what each was like, and the averaged head so far (the same object).

    `start` is a head to go on from.
    """
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    head, average = ToneHead(config), ToneHead(config).eval()
    if start is not None:
        head.load_state_dict(start.state_dict())

    def loss_of() -> tuple[Tensor, Tensor]:
        drawn = _Drawn.of(pack, [_draw(pack, clips, rng) for _ in range(settings.batch)])
        noisy = drawn.features + settings.noise * torch.randn_like(drawn.features)
        found = head(noisy, drawn.text)[0]
        errors = ((found - drawn.change) ** 2).mean((1, 2))
        loss = (errors / (0.3 + drawn.change.abs().mean((1, 2)))).mean()
        shares = drawn.share_error(found).mean()
        return loss + settings.shares * shares, shares

    descent = Descent(settings.steps, settings.learning_rate, settings.weight_decay, 200, 0.999)
    for done in descend(head, average, descent, loss_of):
        yield ToneRecord(done.step, done.loss - settings.shares * done.told, done.told), average


def _draw(pack: Pack, clips: Sequence[int], rng: np.random.Generator) -> Plan:
    broad = rng.random() < _BROAD_SHARE
    return draw_broad(clips, rng) if broad else draw_plan(pack, clips, rng)


@dataclass(frozen=True, eq=False)
class _Drawn:
    """A batch: what the head hears, what it should answer, and which shares are scored."""

    features: Tensor
    text: Tensor
    change: Tensor
    power_db: Tensor
    scored: Tensor

    @classmethod
    def of(cls, pack: Pack, plans: Sequence[Plan]) -> _Drawn:
        stats = [played_stats(pack, plan) for plan in plans]
        change = np.stack([mean_change_db(pack, plan) for plan in plans])
        change = np.clip(change, MOST_DOWN_DB, MOST_UP_DB) / np.float32(DB)
        return cls(
            torch.from_numpy(np.stack([as_features(each) for each in stats])),
            torch.from_numpy(np.stack([sentence_vectors(plan.request).sum(0) for plan in plans])),
            torch.from_numpy(change.astype(np.float32)),
            torch.from_numpy(
                np.stack([played_stats(pack, plan, _LOWEST_DB)[1, 0] for plan in plans])
            ),
            torch.stack([_scored(plan.tone) for plan in plans]),
        )

    def share_error(self, found: Tensor) -> Tensor:
        """Error of the scored shares (batch,) after the answer, about 1 when nothing is done."""
        after = _shares(self.power_db + DB * found[:, 0])
        aim = _shares(self.power_db + DB * self.change[:, 0])
        return ((after - aim).abs() * self.scored).sum(1)


def _shares(power_db: Tensor) -> Tensor:
    energy = torch.pow(10.0, power_db / 10) * _bands()[0]
    return (energy / energy.sum(1, keepdim=True)) @ _bands()[1]


@cache
def _bands() -> tuple[Tensor, Tensor]:
    """Weight of each band (96,) and which of the scored shares it belongs to (96, shares)."""
    centres = band_centres_hz(BANDS)
    edges = [edge for edge, _ in _SHARES_HZ.values()]
    edges += list(pairwise(_EDGES_HZ))
    inside = [(centres >= low) & (centres < high) for low, high in edges]
    weight = torch.from_numpy(band_filters(BANDS).sum(axis=0))
    return weight, torch.from_numpy(np.stack(inside, axis=1).astype(np.float32))


def _scored(kind: str | None) -> Tensor:
    """Weight of every share for a kind of fault; all zero where tone is in order."""
    weights = torch.zeros(len(_SHARES_HZ) + len(_EDGES_HZ) - 1)
    if kind is None:
        return weights
    if kind in _SHARES_HZ:
        weights[list(_SHARES_HZ).index(kind)] = 1 / _SHARES_HZ[kind][1]
    elif kind in _EDGES_SCALE:
        weights[len(_SHARES_HZ) :] = 1 / _EDGES_SCALE[kind]
    return weights
