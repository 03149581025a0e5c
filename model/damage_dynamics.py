"""Damage to dynamics and level: over-compression, softened attacks, clipping, a far too low level.

Where the published script and its description disagree, the description is followed; with
`{"arithmetic": "script"}` `comp` and `punch` do as the script does (its detector compares a power
with an amplitude threshold, which turns loud and soft around; its look-ahead has no effect).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mixmend.model.damage import (
    BLOCK_S,
    DoubleArray,
    Kind,
    Parameters,
    Value,
    number,
    peak,
    scaled,
)
from mixmend.tools.audio import Audio, Block, FloatArray, allocate, blocks, map_blocks, release
from mixmend.tools.process.envelope import Follower

if TYPE_CHECKING:
    from numpy.random import Generator

# The published compressor averages its gain over 128 samples at 44.1 kHz.
GAIN_AVERAGE_S = 128 / 44100
_ENVELOPE_BINS_PER_DB = 100
_ENVELOPE_FLOOR_DB = -120.0


def _draw_comp(rng: Generator, _: Audio) -> dict[str, Value]:
    return {
        "threshold_db": int(rng.integers(-45, -37)),
        "ratio": int(rng.integers(60, 451)) / 10,
        "attack_ms": int(rng.integers(3, 151)),
        "release_ms": int(rng.integers(80, 251)),
        "makeup_db": int(rng.integers(160, 251)) / 10,
        "arithmetic": "described",
    }


@dataclass
class _Compressor:
    """Feed-forward compressor of one channel, state carried from block to block."""

    parameters: Parameters
    rate_hz: int
    follower: Follower = field(init=False)
    last_gains: DoubleArray = field(init=False)

    def __post_init__(self) -> None:
        attack_s = number(self.parameters, "attack_ms") / 1000
        release_s = number(self.parameters, "release_ms") / 1000
        self.follower = Follower(attack_s, release_s, self.rate_hz)
        self.last_gains = np.ones(max(1, round(GAIN_AVERAGE_S * self.rate_hz)) - 1)

    def __call__(self, samples: FloatArray) -> FloatArray:
        power = self.follower(np.square(samples, dtype=np.float64))
        threshold = 10 ** (number(self.parameters, "threshold_db") / 20)
        script = self.parameters.get("arithmetic") == "script"
        level = power if script else np.sqrt(power)
        exponent = 1 / number(self.parameters, "ratio") - 1
        gains = np.concatenate([self.last_gains, np.maximum(level / threshold, 1.0) ** exponent])
        sums = np.concatenate([[0.0], np.cumsum(gains)])
        span = self.last_gains.size + 1
        self.last_gains = gains[gains.size - span + 1 :]
        makeup = 10 ** (number(self.parameters, "makeup_db") / 20)
        return np.asarray(makeup / span * (sums[span:] - sums[:-span]) * samples, dtype=np.float32)


def _apply_comp(audio: Audio, parameters: Parameters) -> Audio:
    rate = audio.sample_rate_hz
    channels = [_Compressor(parameters, rate) for _ in range(audio.channels)]
    out = allocate(audio.channels, audio.frames)
    for block in blocks(audio, round(BLOCK_S * rate)):
        for channel, compress in enumerate(channels):
            out[channel, block.start : block.stop] = compress(block.samples[channel])
        release(out)
    return Audio(out, rate)


def _draw_punch(_: Generator, __: Audio) -> dict[str, Value]:
    return {"attack_ms": 3, "release_ms": 150, "look_ahead_ms": 10, "arithmetic": "described"}


def _apply_punch(audio: Audio, parameters: Parameters) -> Audio:
    rate = audio.sample_rate_hz
    histogram = np.zeros(round((40 - _ENVELOPE_FLOOR_DB) * _ENVELOPE_BINS_PER_DB))
    for levels in _envelope(audio, parameters):
        at = ((levels.level_db - _ENVELOPE_FLOOR_DB) * _ENVELOPE_BINS_PER_DB).astype(np.int64)
        histogram += np.bincount(np.minimum(at, histogram.size - 1), minlength=histogram.size)
    middle_db, high_db = (_quantile(histogram, share) for share in (0.5, 0.99))
    threshold_db = 0.7 * high_db + 0.3 * middle_db
    reduction_db = float(np.clip(0.7 * (high_db - middle_db), 8, 15))
    if "reduction_db" in parameters:
        reduction_db = number(parameters, "reduction_db")
    loud = np.zeros(audio.frames, dtype=np.bool_)
    for levels in _envelope(audio, parameters):
        loud[levels.start : levels.stop] = levels.level_db > threshold_db
    script = parameters.get("arithmetic") == "script"
    ahead = 0 if script else round(number(parameters, "look_ahead_ms") / 1000 * rate)
    gain = np.float32(10 ** (-reduction_db / 20))

    def cut(samples: FloatArray, block: Block) -> FloatArray:
        above = loud[block.start + ahead : block.stop + ahead]
        gains = np.ones(samples.shape[1], dtype=np.float32)
        gains[: above.size][above] = gain
        return samples * gains

    return map_blocks(audio, cut, block_s=BLOCK_S, context_s=0)


@dataclass(frozen=True, eq=False)
class _Levels:
    start: int
    stop: int
    level_db: DoubleArray


def _envelope(audio: Audio, parameters: Parameters) -> Iterator[_Levels]:
    rate = audio.sample_rate_hz
    attack_s, release_s = (
        number(parameters, f"{name}_ms") / 1000 for name in ("attack", "release")
    )
    follow = Follower(attack_s, release_s, rate)
    for block in blocks(audio, round(BLOCK_S * rate)):
        middle = block.samples.mean(axis=0, dtype=np.float64)
        level_db = 20 * np.log10(follow(np.abs(middle)) + 10 ** (_ENVELOPE_FLOOR_DB / 20))
        yield _Levels(block.start, block.stop, level_db)


def _quantile(histogram: DoubleArray, share: float) -> float:
    total = np.cumsum(histogram)
    at = int(np.searchsorted(total, share * total[-1]))
    return _ENVELOPE_FLOOR_DB + (at + 0.5) / _ENVELOPE_BINS_PER_DB


def _draw_clip(rng: Generator, _: Audio) -> dict[str, Value]:
    return {"gain": int(rng.choice([2, 3, 5]))}


def clipped(audio: Audio, gain: float) -> Audio:
    """Peak-normalised, amplified by `gain` and cut off at full scale; silence stays silence."""
    highest = peak(audio)
    if highest == 0:
        return audio
    factor = np.float32(gain / highest)

    def clip(samples: FloatArray, _: Block) -> FloatArray:
        return np.asarray(np.clip(factor * samples, -1, 1), dtype=np.float32)

    return map_blocks(audio, clip, block_s=BLOCK_S, context_s=0)


def _draw_volume(rng: Generator, _: Audio) -> dict[str, Value]:
    return {"gain": float(rng.choice([0.001, 0.003, 0.01, 0.05]))}


def _apply_volume(audio: Audio, parameters: Parameters) -> Audio:
    highest = peak(audio)
    return audio if highest == 0 else scaled(audio, number(parameters, "gain") / highest)


DYNAMICS_KINDS: dict[str, Kind] = {
    "comp": Kind(_draw_comp, _apply_comp),
    "punch": Kind(_draw_punch, _apply_punch),
    "clip": Kind(_draw_clip, lambda audio, parameters: clipped(audio, number(parameters, "gain"))),
    "volume": Kind(_draw_volume, _apply_volume),
}
