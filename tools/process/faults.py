"""Tonal faults that can be asked away, each a family of spoiling filters of unknown strength.

Every family has at least twelve candidates, with how plausible each is before listening: flat over
the usual strengths, falling off outside them. Weaker and stronger damage than usual stays possible.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from mixmend.tools.long_term import Array
from mixmend.tools.process.responses import Form, bell_db, chebyshev_db, low_pass_db, shelf_db

TonalProblem = Literal[
    "dull", "harsh", "too_bright", "airless", "thin", "boomy", "muddy", "unclear", "cold",
    "vocals_buried", "vocals_loud", "unbalanced", "mic_colored", "boxy",
]  # fmt: skip
TONAL_PROBLEMS: tuple[TonalProblem, ...] = get_args(TonalProblem)

# Response in dB at frequencies, for a strength, at a sample rate.
Response = Callable[[Array, float, int], Array]
_OUTSIDE_DB = 3.0


@dataclass(frozen=True)
class Family:
    """Filters that may have spoiled a song: `response(at_hz, amount, rate_hz)` in dB.

    `amounts` are the candidates, `usual` the range that is expected; the fault is heard in the
    share of energy between `low_hz` and `high_hz`. `most_db` bounds the repair; without it the
    candidate does, with `headroom_db` more: the nulls of a filter do not come back as whistles.
    `fairness`: 0 weighs every song's error as it is, 1 by what the fault cost it; in between, loud
    treble does not drown the songs that have little of it.
    """

    response: Response
    amounts: tuple[float, ...]
    usual: tuple[float, float]
    low_hz: float
    high_hz: float
    most_db: float | None = None
    headroom_db: float = 3.0
    softness: float = _OUTSIDE_DB
    fairness: float = 0.4

    def repair_db(self, damage_db: Array, index: int) -> Array:
        """The repair of candidate `index`, whose response is `damage_db`, within its bounds."""
        most = self.most_db or self.amounts[index] + self.headroom_db
        return np.clip(-damage_db, -most, most)

    def prior(self) -> Array:
        """(candidates,) plausibility before listening, summing to 1."""
        amounts = np.array(self.amounts)
        outside = np.maximum(np.maximum(self.usual[0] - amounts, amounts - self.usual[1]), 0.0)
        weight = np.exp(-0.5 * (outside / self.softness) ** 2)
        return np.asarray(weight / np.sum(weight))


def _shelf(corner_hz: float, sign: float, *, high: bool) -> Response:
    return lambda at_hz, amount, rate: shelf_db(at_hz, corner_hz, sign * amount, rate, high=high)


def _bell(centre_hz: float, q: float) -> Response:
    return lambda at_hz, amount, rate: bell_db(at_hz, centre_hz, amount, q, rate)


def _chebyshev(low_hz: float, high_hz: float, form: Form) -> Response:
    return lambda at_hz, amount, rate: chebyshev_db(at_hz, low_hz, high_hz, amount, form, rate)


def _low_pass(at_hz: Array, amount: float, rate_hz: int) -> Array:
    """Orders in steps of a half: between whole ones, the mean in dB of the two beside."""
    lower = int(amount)
    below = low_pass_db(at_hz, 4000.0, max(1, lower), rate_hz)
    above = low_pass_db(at_hz, 4000.0, lower + 1, rate_hz)
    return np.asarray(below + (amount - lower) * (above - below))


def _steps(first: float, last: float, step: float = 1.0) -> tuple[float, ...]:
    return tuple(float(value) for value in np.arange(first, last + step / 2, step))


_TOP_HZ = 1e6
_BRIGHT = Family(_shelf(6000, 1, high=True), _steps(2, 20), (6, 15), 6000, _TOP_HZ, fairness=0.1)

FAMILIES: dict[TonalProblem, Family] = {
    "dull": Family(_shelf(6000, -1, high=True), _steps(2, 20), (6, 15), 6000, _TOP_HZ),
    "harsh": _BRIGHT,
    "too_bright": _BRIGHT,
    "airless": Family(
        _shelf(10000, -1, high=True), _steps(2, 24), (10, 20), 10000, _TOP_HZ, fairness=0.25
    ),
    "thin": Family(_shelf(120, -1, high=False), _steps(2, 24), (10, 20), 20, 150),
    "boomy": Family(_shelf(120, 1, high=False), _steps(2, 18), (5, 13), 20, 150),
    "muddy": Family(
        _chebyshev(200, 500, "bandpass"), _steps(2, 20), (6, 15), 200, 500, headroom_db=12
    ),
    "unclear": Family(
        _low_pass,
        _steps(1, 6.5, 0.5),
        (3, 5),
        4000,
        _TOP_HZ,
        most_db=40.0,
        softness=0.5,
        fairness=0.2,
    ),
    "cold": Family(_shelf(400, -1, high=False), _steps(2, 24), (6, 20), 20, 400),
    "vocals_buried": Family(
        _chebyshev(350, 3500, "bandstop"), _steps(2, 24), (6, 20), 350, 3500, headroom_db=12
    ),
    "vocals_loud": Family(_bell(1100, 0.45), _steps(2, 14), (4, 9), 350, 3500),
    "boxy": Family(_bell(500, 0.9), _steps(2, 14), (4, 10), 300, 800),
}


@dataclass(frozen=True, eq=False)
class Wandering:
    """A fault of many small bumps: its mean (bands,) and covariance (bands, bands) in dB."""

    mean_db: Array
    covariance: Array
    most_db: float


def unbalanced(at_hz: Array) -> Wandering:
    """Eight to twelve bells of up to 6 dB, evenly spread in pitch from 40 Hz to 16 kHz."""
    rng = np.random.default_rng(0)
    draws = []
    for _ in range(300):
        gains = rng.integers(-6, 7, int(rng.integers(8, 13)))
        centres = np.geomspace(40, 16000, gains.size)
        q = 0.5 * centres[-1] / (centres[-1] - centres[-2])
        bells = (
            bell_db(at_hz, float(centre), float(gain), q, 44100)
            for centre, gain in zip(centres, gains, strict=True)
        )
        draws.append(np.sum(list(bells), axis=0))
    return _wandering(np.array(draws), 9.0)


def microphone(at_hz: Array) -> Wandering:
    """Small microphones: no deep bass, a port resonance, little treble, uneven mids."""
    rng = np.random.default_rng(0)
    draws = []
    for _ in range(400):
        low_hz, low_order = rng.uniform(70, 450), int(rng.integers(1, 4))
        high_hz, high_order = np.exp(rng.uniform(np.log(4e3), np.log(18e3))), rng.integers(1, 4)
        mid_hz, port_hz = np.exp(rng.uniform(np.log([250, 1800]), np.log([2200, 11000])))
        fall = -10 * np.log10(1 + (low_hz / at_hz) ** (2 * low_order))
        end = low_pass_db(at_hz, float(high_hz), int(high_order), 44100)
        mid = bell_db(at_hz, float(mid_hz), rng.uniform(-7, 7), rng.uniform(0.5, 1.5), 44100)
        port = bell_db(at_hz, float(port_hz), rng.uniform(1, 11), rng.uniform(0.8, 4), 44100)
        draws.append(fall + end + mid + port)
    return _wandering(np.array(draws), 20.0)


def _wandering(draws: Array, most_db: float) -> Wandering:
    return Wandering(draws.mean(axis=0), np.cov(draws.T), most_db)
