"""Damage a song on purpose: the 19 published ways and 6 of ours, by seed, with the plain request.

Every damage keeps length, rate, channels and alignment. Parameters are drawn by seed and returned,
so that the same damage can be done again, whole or with some of them changed.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mixmend.model.damage import Parameters, Value, means, peak, scaled, without_dc
from mixmend.model.damage_dynamics import DYNAMICS_KINDS, clipped
from mixmend.model.damage_faults import FAULT_KINDS
from mixmend.model.damage_space import SPACE_KINDS
from mixmend.model.damage_tone import TONE_KINDS
from mixmend.model.problems import PROBLEM_OF_KIND
from mixmend.model.requests import join_requests, sentence_for
from mixmend.tools.audio import Audio
from mixmend.tools.errors import UsageError

_KINDS = {**TONE_KINDS, **DYNAMICS_KINDS, **SPACE_KINDS, **FAULT_KINDS}

# Published groups in the order in which they are applied; a song has at most one fault of each.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "dynamics": ("comp", "punch"),
    "eq": (
        "xband", "mic", "bright", "dark", "airy", "boom", "clarity", "mud", "warm", "vocal",
    ),
    "reverb": ("small", "big", "mix", "real"),
    "stereo": ("stereo",),
    "amplitude": ("clip", "volume"),
}  # fmt: skip
PUBLISHED_KINDS: tuple[str, ...] = tuple(PROBLEM_OF_KIND)[:19]
KINDS: tuple[str, ...] = (*PUBLISHED_KINDS, *FAULT_KINDS)

HIDDEN_CLIPPING_SHARE = 0.15


@dataclass(frozen=True)
class Damage:
    """What was done: enough to do it again, and the request that asks for its repair."""

    kind: str
    seed: int
    parameters: Parameters
    instruction: str


@dataclass(frozen=True, eq=False)
class Degraded:
    """Damaged sound and what was done to it."""

    audio: Audio
    damage: Damage


@dataclass(frozen=True, eq=False)
class DegradedMany:
    """Sound with several damages, in the order in which they were done, and one joint request."""

    audio: Audio
    damages: tuple[Damage, ...]
    instruction: str
    hidden_clipping: bool = False


def degrade(
    audio: Audio,
    kind: str,
    seed: int = 0,
    *,
    parameters: Mapping[str, Value] | None = None,
) -> Degraded:
    """Damage `audio` (channels, frames) in one of `KINDS`; `parameters` replace drawn ones.

    Raises UsageError for an unknown kind or parameter, and for `stereo` on mono sound.
    """
    drawn = draw_parameters(audio, kind, seed, parameters)
    degraded = _finish(_apply(audio, kind, drawn), (kind,), drawn)
    return Degraded(degraded, Damage(kind, seed, drawn, _request(kind, seed)))


def degrade_many(
    audio: Audio, kinds: Sequence[str], seed: int = 0, *, hidden_clipping: bool = False
) -> DegradedMany:
    """Several damages in the published order (dynamics, EQ, reverb, stereo, amplitude, then ours).

    The joint request keeps the order of `kinds`. With `hidden_clipping`, 15 % of the songs with
    `comp` or a reverb and no amplitude fault are also clipped unannounced, as published.
    """
    if not kinds:
        raise UsageError(f"no kind of damage was named; choose from {', '.join(KINDS)}.")
    damages: list[Damage] = []
    for kind in sorted(kinds, key=_place):
        drawn = draw_parameters(audio, kind, seed)
        audio = _apply(audio, kind, drawn)
        damages.append(Damage(kind, seed, drawn, _request(kind, seed)))
    hide = hidden_clipping and _hides_clipping(kinds, seed)
    if hide:
        highest = peak(audio)
        audio = clipped(audio, 5.0 if highest > 5 else 3.0 if highest > 3 else 2.0)
    else:
        audio = _finish(audio, tuple(kinds), damages[0].parameters)
    instruction = join_requests([PROBLEM_OF_KIND[kind] for kind in kinds], seed)
    return DegradedMany(audio, tuple(damages), instruction, hide)


def draw_parameters(
    audio: Audio, kind: str, seed: int, parameters: Mapping[str, Value] | None = None
) -> dict[str, Value]:
    """The parameters that `degrade` would use: drawn by seed, then replaced where given."""
    if kind not in _KINDS:
        raise UsageError(f"there is no damage called {kind!r}; choose from {', '.join(KINDS)}.")
    if audio.frames == 0:
        raise UsageError("there is no sound to damage; choose a file that is longer.")
    rng = np.random.default_rng([zlib.crc32(kind.encode()), seed & (2**64 - 1)])
    drawn = _KINDS[kind].draw(rng, audio)
    drawn["full_scale"] = int(rng.integers(80, 101)) / 100
    known = {*drawn, "reduction_db"} if kind == "punch" else set(drawn)
    for name in parameters or {}:
        if name not in known:
            raise UsageError(f"{kind} has no parameter {name!r}; it has {', '.join(known)}.")
    return {**drawn, **(parameters or {})}


def _apply(audio: Audio, kind: str, parameters: Parameters) -> Audio:
    clean = without_dc(audio) if kind in PUBLISHED_KINDS else audio
    return _KINDS[kind].apply(clean, parameters)


def _finish(audio: Audio, kinds: tuple[str, ...], parameters: Parameters) -> Audio:
    """Take out DC again and bring a peak above full scale to 0.8..1.0; amplitude faults stay."""
    if set(kinds) & set(GROUPS["amplitude"]):
        return audio
    if set(kinds) <= set(PUBLISHED_KINDS) and bool(np.any(np.abs(means(audio)) > 1e-7)):
        audio = without_dc(audio)
    highest = peak(audio)
    return scaled(audio, float(str(parameters["full_scale"])) / highest) if highest > 1 else audio


def _place(kind: str) -> int:
    places = [name for group in GROUPS.values() for name in group]
    return places.index(kind) if kind in places else len(places)


def _request(kind: str, seed: int) -> str:
    return sentence_for(PROBLEM_OF_KIND[kind], seed)


def _hides_clipping(kinds: Sequence[str], seed: int) -> bool:
    able = set(kinds) & {"comp", *GROUPS["reverb"]} and not set(kinds) & set(GROUPS["amplitude"])
    draw = np.random.default_rng([zlib.crc32(b"hidden"), seed & (2**64 - 1)]).random()
    return bool(able) and bool(draw < HIDDEN_CLIPPING_SHARE)
