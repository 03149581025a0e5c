"""The room head of mendflow: what a room did to each narrow band of a song, and its undoing.

A small network over frequency hears the figures of `mend_room_stats` and answers with one gain for
every 11 Hz: notes that the room built up go down, those it cancelled come up. What it says of
several pieces of a song is averaged, as the room is the same everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mixmend.model.mend_room_stats import (
    BINS,
    FIGURES,
    FRAMING,
    RATE_HZ,
    narrow_power,
    room_figures,
)
from mixmend.tools.audio import Audio
from mixmend.tools.process.equalize import Curve
from mixmend.tools.resample import resample

PIECE_S = 20.0
MOST_PIECES = 18
_LEAST_S = 2.0
_MOST_DB = 18.0
_DB = 6.0
# Three regions whose mean figures tell what kind of room it is, if any.
_REGIONS = ((4, 30), (30, 120), (120, BINS))


@dataclass(frozen=True)
class RoomConfig:
    """Sizes of the room head."""

    width: int = 96
    drop: float = 0.15


class RoomHead(nn.Module):
    """From figures (batch, 60, 460) to gains (batch, 460) in dB."""

    mean: Tensor
    scale: Tensor

    def __init__(self, config: RoomConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.register_buffer("mean", torch.zeros(FIGURES))
        self.register_buffer("scale", torch.ones(FIGURES))
        self.hear = nn.Conv1d(FIGURES, width, 1)
        self.overall = nn.Linear(len(_REGIONS) * FIGURES, width)
        self.think = nn.ModuleList(
            nn.Conv1d(width, width, 5, padding=2 * away, dilation=away) for away in (1, 2, 4)
        )
        self.answer = nn.Conv1d(width, 1, 1)
        self.drop = nn.Dropout(config.drop)

    def normal(self, figures: Tensor) -> Tensor:
        """Figures about 1 in size, as the layers hear them."""
        found: Tensor = (figures - self.mean[:, None]) / self.scale[:, None]
        return found

    def forward(self, normal: Tensor) -> Tensor:
        """Gains in dB from figures that went through `normal`."""
        regions = [normal[:, :, low:high].mean(2) for low, high in _REGIONS]
        told = nn.functional.silu(self.overall(self.drop(torch.cat(regions, 1))))
        x = nn.functional.silu(self.hear(self.drop(normal)) + told[:, :, None])
        for layer in self.think:
            x = x + nn.functional.silu(layer(self.drop(x)))
        gains: Tensor = self.answer(x)[:, 0] * _DB
        return gains


@dataclass(frozen=True)
class RoomHeard:
    """The `curve` that undoes a room, and how strong it is: RMS in dB, weighed by the power."""

    curve: Curve
    colour_db: float


def room_curve(head: RoomHead, audio: Audio) -> RoomHeard | None:
    """What undoes the room's colour in `audio` (channels, frames); None when too little is heard.

    Gains in dB at every 11 Hz up to 4.9 kHz; above, the mean of the last 400 Hz. The power of the
    song stays as it is.
    """
    gains: NDArray[np.float64] = np.zeros(BINS)
    levels: NDArray[np.float64] = np.zeros(BINS)
    heard = 0
    for piece in pieces_of(audio):
        power = narrow_power(resample(piece, RATE_HZ))
        try:
            figures = torch.from_numpy(room_figures(power))[None]
        except ValueError:
            continue
        with torch.inference_mode():
            gains += head(head.normal(figures))[0].numpy()
        mean = power[:BINS].mean(axis=1)
        levels += mean / mean.sum()
        heard += 1
    if not heard:
        return None
    gains /= heard
    gains -= 10 * np.log10((levels / levels.sum()) @ np.power(10.0, gains / 10))
    gains = np.clip(gains, -_MOST_DB, _MOST_DB)
    colour_db = float(np.sqrt(levels / levels.sum() @ np.square(gains)))
    freq_hz = np.arange(BINS) * (RATE_HZ / FRAMING.size)
    top = float(gains[-40:].mean())
    curve = Curve((*freq_hz[1:].tolist(), 6000.0), (*gains[1:].tolist(), top))
    return RoomHeard(curve, colour_db)


def pieces_of(audio: Audio) -> list[Audio]:
    """At most 18 pieces of 20 s, evenly spread over the song; sound under 2 s has none."""
    if audio.duration_s < _LEAST_S:
        return []
    size = min(audio.frames, round(PIECE_S * audio.sample_rate_hz))
    count = min(MOST_PIECES, max(1, audio.frames // size))
    starts = np.linspace(0, audio.frames - size, count).astype(int) if count > 1 else [0]
    return [
        Audio(np.ascontiguousarray(audio.samples[:, at : at + size]), audio.sample_rate_hz)
        for at in starts
    ]
