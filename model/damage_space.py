"""Damage to space: four ways to put music into a room, and both channels the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixmend.model.damage import (
    BLOCK_S,
    Kind,
    Parameters,
    Value,
    convolved,
    number,
    numbers,
)
from mixmend.model.damage_rooms import (
    BANDS_HZ,
    Hall,
    Shoebox,
    hall_responses,
    shoebox_response,
)
from mixmend.tools.audio import Audio, Block, FloatArray, map_blocks
from mixmend.tools.errors import UsageError

if TYPE_CHECKING:
    from numpy.random import Generator

WALLS = ("west", "east", "south", "north", "floor", "ceiling")
# Energy absorption of the walls of `mix` rooms, lowest and highest, in each of BANDS_HZ.
ABSORBING = (
    (0.15, 0.15, 0.15, 0.15, 0.15, 0.25, 0.25, 0.25, 0.30, 0.35),
    (0.50, 0.50, 0.50, 0.60, 0.70, 0.80, 0.85, 0.90, 0.90, 0.95),
)
REFLECTING = (
    (0.05, 0.05, 0.06, 0.08, 0.10, 0.12, 0.13, 0.15, 0.15, 0.17),
    (0.15, 0.15, 0.15, 0.20, 0.20, 0.22, 0.23, 0.25, 0.25, 0.27),
)


def _places(rng: Generator, least_m: list[float], span_m: list[float]) -> dict[str, Value]:
    size = np.array(least_m) + np.array(span_m) * rng.random(3)
    source, microphone = (size * rng.uniform(0.1, 0.9, 3) for _ in range(2))
    # Neither on the floor nor under the ceiling; the microphone rather low.
    source[2] = rng.random() * size[2] * 0.7 + 0.3
    microphone[2] = rng.random() * size[2] * 0.5 + 0.3
    named = {"room_m": size, "source_m": source, "microphone_m": microphone}
    return {name: [round(float(item), 3) for item in place] for name, place in named.items()}


def _plain_room(least_m: list[float], span_m: list[float]) -> Kind:
    def draw(rng: Generator, _: Audio) -> dict[str, Value]:
        places = _places(rng, least_m, span_m)
        return {**places, "absorption": round(float(rng.uniform(0.05, 0.30)), 4)}

    def apply(audio: Audio, parameters: Parameters) -> Audio:
        absorption = np.full((6, 1), number(parameters, "absorption"))
        return _in_room(audio, parameters, absorption)

    return Kind(draw, apply)


def _draw_mix(rng: Generator, _: Audio) -> dict[str, Value]:
    drawn = _places(rng, [4, 4, 2.5], [4, 3, 1])
    absorbing = rng.choice(len(WALLS), int(rng.integers(1, 3)), replace=False)
    for index, wall in enumerate(WALLS):
        low, high = np.array(ABSORBING if index in absorbing else REFLECTING)
        coefficients = low + (high - low) * rng.random(len(BANDS_HZ))
        drawn[f"absorption_{wall}"] = [round(float(item), 4) for item in coefficients]
    return drawn


def _apply_mix(audio: Audio, parameters: Parameters) -> Audio:
    walls = [numbers(parameters, f"absorption_{wall}") for wall in WALLS]
    return _in_room(audio, parameters, np.array(walls))


def _in_room(
    audio: Audio,
    parameters: Parameters,
    absorption: np.ndarray[tuple[int, int], np.dtype[np.float64]],
) -> Audio:
    size, source, microphone = (
        np.array(numbers(parameters, name)) for name in ("room_m", "source_m", "microphone_m")
    )
    room = Shoebox(size, source, microphone, absorption)
    return convolved(audio, shoebox_response(room, audio.sample_rate_hz)[None, :])


def _draw_real(rng: Generator, _: Audio) -> dict[str, Value]:
    return {
        "rt60_s": round(float(np.exp(rng.uniform(np.log(0.5), np.log(4.5)))), 3),
        "low_ratio": round(float(rng.uniform(0.9, 1.4)), 3),
        "high_ratio": round(float(rng.uniform(0.25, 0.7)), 3),
        "direct_to_reverberant_db": round(float(rng.uniform(-6, 5)), 2),
        "predelay_ms": round(float(rng.uniform(0, 30)), 1),
        "early_reflections": int(rng.integers(6, 21)),
        "response_seed": int(rng.integers(2**31)),
    }


def _apply_real(audio: Audio, parameters: Parameters) -> Audio:
    hall = Hall(
        rt60_s=number(parameters, "rt60_s"),
        low_ratio=number(parameters, "low_ratio"),
        high_ratio=number(parameters, "high_ratio"),
        direct_to_reverberant_db=number(parameters, "direct_to_reverberant_db"),
        predelay_s=number(parameters, "predelay_ms") / 1000,
        early_reflections=int(number(parameters, "early_reflections")),
        seed=int(number(parameters, "response_seed")),
    )
    return convolved(audio, hall_responses(hall, audio.channels, audio.sample_rate_hz))


def _draw_stereo(_: Generator, __: Audio) -> dict[str, Value]:
    return {}


def _apply_stereo(audio: Audio, _: Parameters) -> Audio:
    if audio.channels < 2:
        raise UsageError("this sound is mono already; choose a stereo file for the kind 'stereo'.")

    def sum_channels(samples: FloatArray, _: Block) -> FloatArray:
        return np.broadcast_to(samples.sum(axis=0, keepdims=True), samples.shape)

    return map_blocks(audio, sum_channels, block_s=BLOCK_S, context_s=0)


SPACE_KINDS: dict[str, Kind] = {
    "small": _plain_room([3, 3, 2.5], [4, 6, 1.5]),
    "big": _plain_room([7, 8, 4], [8, 10, 10]),
    "mix": Kind(_draw_mix, _apply_mix),
    "real": Kind(_draw_real, _apply_real),
    "stereo": Kind(_draw_stereo, _apply_stereo),
}
