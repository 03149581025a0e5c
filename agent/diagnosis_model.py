"""The learnt part of the diagnosis: how likely each problem is, given a measurement's figures.

A small network over `diagnosis_features`, fitted by `train_diagnosis` to music of the training
packages, whole and damaged. Weights are a NumPy file; nothing but NumPy is needed to use them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from mixmend.agent.diagnosis_features import NAMES, feature_vector
from mixmend.model.problems import Problem
from mixmend.tools.errors import MixmendError
from mixmend.tools.measurement import Measurement

Array = NDArray[np.float64]

# The problems that only experience tells; the others are measured outright.
LEARNT: tuple[Problem, ...] = (
    "reverb", "dull", "harsh", "airless", "thin", "muddy", "unclear", "cold", "vocals_buried",
    "unbalanced", "mic_colored", "squashed", "flat_transients",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Network:
    """Several two-layer perceptrons, averaged. Shapes: mean, scale (features,); each member
    w1 (features, hidden), b1 (hidden,), w2 (hidden, problems), b2 (problems,).

    `severe_at` and `sure_at` (problems,): probabilities that few untouched songs reach.
    """

    mean: Array
    scale: Array
    members: tuple[tuple[Array, Array, Array, Array], ...]
    severe_at: Array
    sure_at: Array

    def probabilities(self, features: Array) -> Array:
        """(n, problems) from (n, features)."""
        x = np.clip((features - self.mean) / self.scale, -6.0, 6.0)
        total = np.zeros((x.shape[0], self.severe_at.size))
        for w1, b1, w2, b2 in self.members:
            hidden = np.maximum(x @ w1 + b1, 0.0)
            total += 1.0 / (1.0 + np.exp(-np.clip(hidden @ w2 + b2, -30, 30)))
        return total / len(self.members)


@cache
def network() -> Network:
    """The network that ships with the package."""
    with (files("mixmend.agent") / "data" / "diagnosis.npz").open("rb") as file:
        stored = np.load(file, allow_pickle=False)
        facts = json.loads(str(stored["facts"]))
        if tuple(facts["features"]) != NAMES or tuple(facts["problems"]) != LEARNT:
            raise MixmendError("the diagnosis weights are of another version; install again.")
        count = int(facts["members"])
        members = tuple(
            (
                np.asarray(stored[f"w1_{i}"], dtype=np.float64),
                np.asarray(stored[f"b1_{i}"], dtype=np.float64),
                np.asarray(stored[f"w2_{i}"], dtype=np.float64),
                np.asarray(stored[f"b2_{i}"], dtype=np.float64),
            )
            for i in range(count)
        )
        return Network(
            stored["mean"], stored["scale"], members, stored["severe_at"], stored["sure_at"]
        )


@dataclass(frozen=True)
class Opinion:
    """How likely a problem is (0..1), and how that compares with what untouched songs reach."""

    problem: Problem
    probability: float
    severe_at: float
    sure_at: float


def opinions(measured: Measurement) -> tuple[Opinion, ...]:
    """One opinion a learnt problem, most likely first."""
    net = network()
    found = net.probabilities(feature_vector(measured)[None])[0]
    order = np.argsort(-found)
    return tuple(
        Opinion(LEARNT[i], float(found[i]), float(net.severe_at[i]), float(net.sure_at[i]))
        for i in order
    )
