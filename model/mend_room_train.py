"""Trains mendflow's room head: dry songs put into rooms, and what would bring them back.

The loss is what the paper scores: the distance of the modulation spectra, as gains on the narrow
bands would leave it, against that of the wet song. Dry songs are among the examples, so that the
head learns to leave alone what stands in no room.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mixmend.model.corpus import Song, excerpt
from mixmend.model.damage import without_dc
from mixmend.model.degrade import degrade
from mixmend.model.mend_descent import Descent, descend
from mixmend.model.mend_room import PIECE_S, RoomConfig, RoomHead
from mixmend.model.mend_room_stats import (
    BINS,
    FIGURES,
    FRAMING,
    RATE_HZ,
    narrow_power,
    room_figures,
)
from mixmend.tools.errors import InputError

ROOMS = ("small", "big", "mix", "real")
KINDS = (*ROOMS, "dry")
_NARROW, _WIDE = 4096, 1024  # of the head's bins, and of the bins that the paper's distance has
_BANDS = BINS * _WIDE // _NARROW
_MODULATIONS = 20
# Envelopes are kept at every fourth frame (93 ms): what is scored moves slower than once a second.
_EVERY = 4
_FRAMES = int(PIECE_S * RATE_HZ) // (FRAMING.hop * _EVERY)
_USUAL_DISTANCE = 0.2
_NOISE, _DECIBELS, _HARM = 0.05, 0.002, 0.5
_MOST_OFF_DB = 20.0


@dataclass(frozen=True, eq=False)
class RoomExamples:
    """What songs in rooms were like, n first.

    `figures` (60, 460) and `amplitude` (frames, 460) of the wet song, `gain_db` (460,) back to the
    dry one, whose modulation spectrum is `dry` (115, 20), and the kinds of room.
    """

    figures: NDArray[np.float16]
    amplitude: NDArray[np.float16]
    gain_db: NDArray[np.float32]
    dry: NDArray[np.float32]
    kinds: NDArray[np.str_]


@dataclass(frozen=True)
class RoomSettings:
    """How the room head is trained."""

    steps: int = 1500
    batch: int = 32
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.05
    seed: int = 0


@dataclass(frozen=True)
class RoomRecord:
    """One step: its number, and which share of the distance is left."""

    step: int
    left: float


def room_examples(songs: Sequence[Song], count: int, seed: int) -> Iterator[RoomExamples]:
    """One example at a time, at most `count`: songs and kinds in turn, silence passed over."""
    if not songs:
        raise InputError("there is no music to put into rooms.")
    for number in range(count):
        song = songs[number % len(songs)]
        rng = np.random.default_rng([seed, number])
        kind = KINDS[(number + number // len(songs)) % len(KINDS)]
        clean = without_dc(excerpt(song, float(rng.uniform(0.1, 0.7)), PIECE_S))
        wet = clean if kind == "dry" else degrade(clean, kind, int(rng.integers(1 << 31))).audio
        before, after = narrow_power(wet), narrow_power(clean)
        try:
            figures = room_figures(before)
        except ValueError:
            continue
        mean = before.mean(axis=1)
        total, faint = float(mean.sum()), 1e-13 * float(mean.sum())
        gain_db = 10 * np.log10((after.mean(axis=1) + faint) / (mean + faint))
        some = slice(0, _FRAMES * _EVERY, _EVERY)
        wanted = torch.from_numpy(after[None, :BINS, some].astype(np.float32))
        yield RoomExamples(
            figures[None].astype(np.float16),
            np.sqrt(before[:BINS, some] / total).T[None].astype(np.float16),
            gain_db[None, :BINS].astype(np.float32),
            _modulation(wanted.transpose(1, 2) / total).numpy(),
            np.array([kind]),
        )


def joined(examples: Sequence[RoomExamples]) -> RoomExamples:
    """Examples of several lots as one."""
    if not examples:
        raise InputError("none of the music could be put into rooms.")
    names = ("figures", "amplitude", "gain_db", "dry", "kinds")
    return RoomExamples(*(np.concatenate([getattr(e, name) for e in examples]) for name in names))


def train_room(
    examples: RoomExamples,
    config: RoomConfig,
    settings: RoomSettings,
    start: RoomHead | None = None,
) -> Iterator[tuple[RoomRecord, RoomHead]]:
    """Step by step: what each was like, and the averaged head so far (the same object).

    `start` is a head of these sizes to go on from.
    """
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    head, average = RoomHead(config), RoomHead(config).eval()
    if start is None:
        flat = examples.figures.astype(np.float32).transpose(1, 0, 2).reshape(FIGURES, -1)
        head.mean.copy_(torch.from_numpy(flat.mean(axis=1)))
        head.scale.copy_(torch.from_numpy(flat.std(axis=1) + 1e-3))
    else:
        head.load_state_dict(start.state_dict())

    def loss_of() -> tuple[Tensor, Tensor]:
        some = rng.choice(len(examples.kinds), settings.batch)
        normal = head.normal(torch.from_numpy(examples.figures[some].astype(np.float32)))
        gains_db = head(normal + _NOISE * torch.randn_like(normal))
        before, after = distances(examples, some, gains_db)
        scale = before + _USUAL_DISTANCE
        loss = (after / scale).mean() + _HARM * ((after - before).clamp(min=0) / scale).mean()
        left = after.sum() / before.sum().clamp(min=1e-6)
        return loss + _DECIBELS * _square_db(examples, some, gains_db), left

    descent = Descent(settings.steps, settings.learning_rate, settings.weight_decay)
    for done in descend(head, average, descent, loss_of):
        yield RoomRecord(done.step, done.told), average


def distances(
    examples: RoomExamples, some: NDArray[np.int64], gains_db: Tensor
) -> tuple[Tensor, Tensor]:
    """Distances (n,) of the modulation spectra to the dry songs': as it is, and after the gains.

    A wide bin's envelope is taken to be the root of the energy of the narrow bins it hears.
    """
    power = torch.from_numpy(examples.amplitude[some]).float().square()
    aim = torch.from_numpy(examples.dry[some])
    after = power * torch.pow(10.0, gains_db / 10)[:, None]
    return _norm(_modulation(power) - aim), _norm(_modulation(after) - aim)


def _modulation(power: Tensor) -> Tensor:
    """Modulation spectra (n, 115, 20), unit norm, of powers (n, frames, 460)."""
    envelope = torch.sqrt(power @ _spread() + 1e-12)
    real, imaginary = (torch.einsum("ntb,tm->nbm", envelope, each) for each in _turns())
    return _unit(torch.sqrt(real.square() + imaginary.square() + 1e-12))


@cache
def _turns() -> tuple[Tensor, Tensor]:
    """Cosines and sines (frames, 20) of the first modulation bins; bin 0 is left out."""
    angle = 2 * np.pi * np.outer(np.arange(_FRAMES), np.arange(_MODULATIONS)) / _FRAMES
    cosine, sine = np.cos(angle), np.sin(angle)
    cosine[:, 0] = 0.0
    return torch.from_numpy(cosine).float(), torch.from_numpy(sine).float()


def _square_db(examples: RoomExamples, some: NDArray[np.int64], gains_db: Tensor) -> Tensor:
    """Square error of the gains in dB, weighed by power, an overall gain taken out."""
    power = np.square(examples.amplitude[some].astype(np.float32)).mean(axis=1)
    weight = 0.8 * torch.from_numpy(power / power.sum(axis=1, keepdims=True)) + 0.2 / BINS
    weight = weight / weight.sum(1, keepdim=True)
    off = gains_db - torch.from_numpy(examples.gain_db[some])
    off = off - (off * weight).sum(1, keepdim=True)
    square: Tensor = (off.clamp(-_MOST_OFF_DB, _MOST_OFF_DB).square() * weight).sum(1).mean()
    return square


def _unit(spectra: Tensor) -> Tensor:
    return spectra / (_norm(spectra)[:, None, None] + 1e-9)


def _norm(spectra: Tensor) -> Tensor:
    length: Tensor = torch.linalg.vector_norm(spectra, dim=(1, 2))
    return length


@cache
def _spread() -> Tensor:
    """How much of each narrow bin's power (460,) a wide bin (115,) hears through its window."""
    window = np.zeros(_NARROW)
    window[:_WIDE] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WIDE) / _WIDE)
    heard = np.square(np.abs(np.fft.fft(window)))
    away = np.arange(BINS)[:, None] - np.arange(_BANDS)[None] * (_NARROW // _WIDE)
    share = heard[np.abs(away)]
    return torch.from_numpy((share / share.max()).astype(np.float32))
