"""What mendflow learns from: clips damaged on the fly, with a request and what it should give.

One to three faults at most one of a group, as published. Filters are added here, in the mel domain;
compression, softened attacks and rooms come damaged in the pack. Requests ask for all of the
faults, for some, for none ("leave it"), for faults that are not there, or for nothing in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mixmend.model.damage_tone import TONE_KINDS
from mixmend.model.flow_render import band_filters
from mixmend.model.mend_mel import (
    BANDS,
    DARKEST_SIDE_DB,
    FFT,
    FLOOR_DB,
    HEARD_FLOOR_DB,
    RATE_HZ,
    Mel,
    as_heard,
    with_floors,
    with_side_floor,
)
from mixmend.model.mend_pack import DYNAMICS, ROOMS, Clip, Pack
from mixmend.model.mend_stats import LEVELS, song_stats
from mixmend.model.problems import PROBLEM_OF_KIND, Problem
from mixmend.model.requests import GENERIC_REQUESTS, LEAVE_REQUESTS, REQUESTS
from mixmend.tools.audio import Audio

Stats = NDArray[np.float32]

EQ_WEIGHTS: Mapping[str, float] = {
    "xband": 6, "mic": 5, "bright": 4, "dark": 3, "airy": 4, "boom": 3, "clarity": 4, "mud": 3,
    "warm": 3, "vocal": 4,
}  # fmt: skip
MONO_GAIN_DB = 6.0206
_IMPULSE = 8192
_STRENGTHS = 400  # different draws of each tonal fault
_BROAD_STRENGTHS, _UNEVEN_SHARE = 4000, 0.6
_NO_CURVE = np.zeros(BANDS, dtype=np.float32)

# Requests that a listener may make for one another: never used as the wrong one.
_ALIKE: tuple[frozenset[Problem], ...] = (
    frozenset({"dull", "airless", "unclear", "mic_colored", "unbalanced", "muddy"}),
    frozenset({"thin", "cold", "mic_colored", "unbalanced"}),
    frozenset({"muddy", "boomy", "unbalanced", "boxy", "vocals_buried"}),
    frozenset({"harsh", "too_bright", "sibilant", "unbalanced"}),
    frozenset({"vocals_buried", "unclear", "mic_colored", "unbalanced"}),
    frozenset({"squashed", "flat_transients", "uneven_levels"}),
)
_ASKED_FOR: tuple[Problem, ...] = tuple(dict.fromkeys(PROBLEM_OF_KIND.values()))


@dataclass(frozen=True, eq=False)
class Drawn:
    """Levels (2, frames, 96) in dB before and as they should become, and the song's statistics."""

    degraded_db: Mel
    aim_db: Mel
    stats: Stats


@dataclass(frozen=True)
class Plan:
    """What is to be done to a clip, before any level is looked at.

    `kinds` are all faults, `asked` those of them that the request asks to repair.
    """

    clip: int
    version: int
    tone: str | None
    mono: bool
    kinds: tuple[str, ...]
    asked: tuple[str, ...]
    request: str
    curve_db: Stats


@dataclass(frozen=True)
class Shares:
    """How often a clip comes clean, squashed or softened, in a room, or both, before any filter."""

    clean: float = 0.56
    dynamics: float = 0.11
    room: float = 0.11
    both: float = 0.08


# The tone head learns filters above all; the flow around it what changes in time.
TONE_SHARES = Shares()
FLOW_SHARES = Shares(clean=0.36, dynamics=0.14, room=0.2, both=0.1)


def draw_plan(
    pack: Pack, clips: Sequence[int], rng: np.random.Generator, shares: Shares = TONE_SHARES
) -> Plan:
    """A clip of `clips`, up to three faults and a request, at random."""
    number = int(rng.choice(clips))
    clip = pack.clips[number]
    version = _draw_version(clip, rng, shares)
    kinds = list(clip.versions[version].kinds)
    tone = None
    if len(kinds) < 3 and rng.random() < (0.3 if kinds else 0.86):
        names = list(EQ_WEIGHTS)
        weights = np.array([EQ_WEIGHTS[name] for name in names])
        tone = str(rng.choice(names, p=weights / weights.sum()))
        kinds.insert(sum(kind in DYNAMICS for kind in kinds), tone)
    mono = len(kinds) < 3 and rng.random() < (0.05 if kinds else 0.35)
    if mono:
        kinds.append("stereo")
    asked, request = _draw_request(kinds, rng)
    curve_db = tone_response_db(tone, int(rng.integers(_STRENGTHS))) if tone else _NO_CURVE
    return Plan(number, version, tone, mono, tuple(kinds), asked, request, curve_db)


def draw_broad(clips: Sequence[int], rng: np.random.Generator) -> Plan:
    """A clean clip under uneven balance or a microphone, asked for: no filter of one strength.

    These two are the hardest to hear, and for them nothing but the tone head speaks.
    """
    kind = "xband" if rng.random() < _UNEVEN_SHARE else "mic"
    words = str(rng.choice(REQUESTS[PROBLEM_OF_KIND[kind]]))
    curve_db = tone_response_db(kind, int(rng.integers(_BROAD_STRENGTHS)))
    return Plan(int(rng.choice(clips)), 0, kind, False, (kind,), (kind,), words, curve_db)


def play(pack: Pack, plan: Plan, start: int, frames: int) -> Drawn:
    """Frames of a plan before and after, and the statistics of the song before.

    A filter's curve is added to levels and to statistics of levels, which leaves the rest as is.
    """
    clip = pack.clips[plan.clip]
    base = pack.mel_db(plan.clip, plan.version, start, frames)
    degraded = base + plan.curve_db
    aim = base
    aim_version = _aim_version(clip, plan)
    if aim_version != plan.version:
        gain_db = np.float32(clip.versions[plan.version].gain_db)
        aim = pack.mel_db(plan.clip, aim_version, start, frames) + gain_db
    if plan.tone not in plan.asked:
        aim = aim + plan.curve_db
    if plan.mono:
        degraded, aim = (mel + np.float32(MONO_GAIN_DB) for mel in (degraded, aim))
        degraded[1] = FLOOR_DB
        if "stereo" not in plan.asked:
            aim[1] = FLOOR_DB
    degraded, aim = with_side_floor(degraded), with_side_floor(aim)
    # A file that went through a codec has nothing above its cut-off to learn from.
    aim[:, :, clip.top_band :] = degraded[:, :, clip.top_band :]
    # The change is that of the sound, however little of a faint band the model may hear.
    heard = as_heard(degraded)
    return Drawn(heard, heard + (aim - degraded), played_stats(pack, plan))


def played_stats(pack: Pack, plan: Plan, floor_db: float = HEARD_FLOOR_DB) -> Stats:
    """Statistics (9, 2, 96) of the whole clip after the damage of a plan, as the model hears it.

    A lower `floor_db` gives what is there, heard or not.
    """
    stats = pack.stats(plan.clip, plan.version)
    levels = stats[: len(LEVELS)]
    lowest = levels[LEVELS.index("low_tenth")] + plan.curve_db
    if plan.mono:
        lowest = lowest[:1] + DARKEST_SIDE_DB
    sinking = (lowest < floor_db) & (levels[LEVELS.index("high_tenth")] > floor_db + 6)
    if bool(sinking.any()):
        # Part of what moves sinks under what the model hears: it must be listened to again.
        mel = pack.mel_db(plan.clip, plan.version) + plan.curve_db
        if plan.mono:
            mel += np.float32(MONO_GAIN_DB)
            mel[1] = FLOOR_DB
        return song_stats(with_floors(mel, floor_db))
    levels[:] = np.maximum(levels + plan.curve_db, floor_db)
    if plan.mono:
        stats[:, 1] = stats[:, 0]
        levels[:, 1] += DARKEST_SIDE_DB
        levels += MONO_GAIN_DB
    return stats


def mean_change_db(pack: Pack, plan: Plan) -> Stats:
    """Mean over time of the change (2, 96) that a plan asks for."""
    clip = pack.clips[plan.clip]
    before = pack.stats(plan.clip, plan.version)[0]
    change = np.zeros_like(before)
    aim_version = _aim_version(clip, plan)
    if aim_version != plan.version:
        change = pack.stats(plan.clip, aim_version)[0] - before
        change += np.float32(clip.versions[plan.version].gain_db)
    aim = before + change
    if plan.tone in plan.asked:
        change = change - plan.curve_db
    if plan.mono:
        change[1] = change[0]
        if "stereo" in plan.asked:
            # From the floor of the side under the damaged middle to the side that was there.
            change[1] = aim[1] - (before[0] + DARKEST_SIDE_DB)
            if plan.tone in plan.asked:
                change[1] -= plan.curve_db
    change[:, clip.top_band :] = 0.0
    return np.asarray(change, dtype=np.float32)


def _aim_version(clip: Clip, plan: Plan) -> int:
    """Which version of the clip is left when what is asked for is gone."""
    kinds = clip.versions[plan.version].kinds
    repaired = [kind for kind in kinds if kind in plan.asked]
    if not repaired:
        return plan.version
    if len(repaired) == len(kinds):
        return 0
    # The room alone is to go: what was there before it has a version of its own.
    return [each.kinds for each in clip.versions].index(kinds[:1])


@lru_cache(maxsize=9000)
def tone_response_db(kind: str, seed: int) -> Stats:
    """What one of the ten tonal faults does to the bands, dB, with the parameters of a seed."""
    impulse = np.zeros((1, _IMPULSE), dtype=np.float32)
    impulse[0, 0] = 1.0
    still = Audio(impulse, RATE_HZ)
    tone = TONE_KINDS[kind]
    heard = tone.apply(still, tone.draw(np.random.default_rng([seed, 77]), still)).samples[0]
    power = np.abs(np.fft.rfft(heard)) ** 2
    filters = band_filters(BANDS)
    at_bins = power[:: _IMPULSE // FFT][: filters.shape[0]]
    bands = at_bins @ filters / filters.sum(axis=0)
    return np.asarray(10 * np.log10(np.maximum(bands, 1e-9)), dtype=np.float32)


def _draw_version(clip: Clip, rng: np.random.Generator, shares: Shares) -> int:
    weights = []
    for version in clip.versions:
        if not version.kinds:
            weights.append(shares.clean)
        elif version.kinds[-1] in ROOMS:
            weights.append(shares.room if len(version.kinds) == 1 else shares.both)
        else:
            weights.append(shares.dynamics)
    share = np.array(weights) / sum(weights)
    return int(rng.choice(len(weights), p=share))


def _draw_request(kinds: Sequence[str], rng: np.random.Generator) -> tuple[tuple[str, ...], str]:
    """Which of the faults are asked for, and the words."""
    lot = rng.random()
    if lot < 0.12:
        return tuple(kinds), ""
    if lot < 0.17:
        return tuple(kinds), str(rng.choice(GENERIC_REQUESTS))
    if lot < 0.21:
        return (), str(rng.choice(LEAVE_REQUESTS))
    if lot < 0.32 or not kinds:
        return (), _sentences(_wrong(kinds, rng), rng)
    asked = tuple(kinds)
    if len(kinds) > 1 and lot < 0.45:
        asked = _some(kinds, rng)
    problems = [PROBLEM_OF_KIND[kind] for kind in asked]
    if rng.random() < 0.06:
        problems += [str(rng.choice(["too_quiet", "clipping"]))]  # type: ignore[list-item]
    return asked, _sentences(problems, rng)


def _some(kinds: Sequence[str], rng: np.random.Generator) -> tuple[str, ...]:
    """Part of several faults; a softened or squashed song in a room is freed of the room first."""
    kept = [kind for kind in kinds if rng.random() < 0.5]
    in_room = any(kind in ROOMS for kind in kinds)
    if in_room and any(kind in DYNAMICS for kind in kept):
        kept = [kind for kind in kinds if kind in kept or kind in ROOMS]
    return tuple(kept) if kept else (kinds[-1],)


def _wrong(kinds: Sequence[str], rng: np.random.Generator) -> list[Problem]:
    faults = {PROBLEM_OF_KIND[kind] for kind in kinds}
    near = set(faults)
    for group in _ALIKE:
        if group & faults:
            near |= group
    open_to = [problem for problem in _ASKED_FOR if problem not in near]
    return [open_to[int(rng.integers(len(open_to)))]]


def _sentences(problems: Sequence[Problem], rng: np.random.Generator) -> str:
    order = rng.permutation(len(problems))
    chosen = dict.fromkeys(problems[int(index)] for index in order)
    return " ".join(str(rng.choice(REQUESTS[problem])) for problem in chosen)
