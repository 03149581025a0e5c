"""What music usually sounds like: third-octave targets by broad kind, with spread and covariance.

A mixture of Gaussians over 29 third-octave levels (25 Hz to 16 kHz) and two figures that no
filter changes: how much each band moves in time and how wide it lies. It was fitted to the
training packages by `model/fit_targets.py`. The kinds are ordered by treble against bass and named
for what sets them apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.bandwidth import measure_bandwidth
from mixmend.tools.long_term import CENTRES_HZ, Array, LongTerm, band_weights, to_db
from mixmend.tools.long_term import EDGES_HZ as ALL_EDGES_HZ
from mixmend.tools.measurement import BAND_EDGES_HZ

FIRST, LAST = 1, 30
TARGET_HZ: Array = CENTRES_HZ[FIRST:LAST]
BANDS = LAST - FIRST
KINDS = ("dark", "centred", "full", "sparse")
RANGE_DB = 60.0
SHAPE_REACH = 2.0
# The level of a song as a whole says nothing about its tone: its variance, in dB squared.
LEVEL_VARIANCE = 1e4
# Songs are not as Gaussian as the mixture believes; measured on held-in packages, in turn.
TEMPER = 0.25


@dataclass(frozen=True, eq=False)
class Features:
    """`levels_db` (29,) third octaves re the strongest; `shape` (58,): movement and width;
    `present` (29,): bands in which the song has sound and not only a floor."""

    levels_db: Array
    shape: Array
    present: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Mixture:
    """`weights` (kinds,), `means` (kinds, 87), `covariances` (kinds, 87, 87), `spread_db`
    (kinds, 8): of the named bands' deviations among the training songs."""

    weights: Array
    means: Array
    covariances: Array
    spread_db: Array


@dataclass(frozen=True)
class Deviation:
    """How far each named band lies from the target for this kind of music.

    `deviation_db` and `spread_db` (one standard deviation among songs of that kind) by band name;
    bands beyond the song's bandwidth are left out. `kind` is the likeliest of KINDS.
    """

    kind: str
    deviation_db: dict[str, float]
    spread_db: dict[str, float]

    def z(self, band: str) -> float:
        """Deviation in standard deviations; 0 for a band that is left out."""
        return self.deviation_db.get(band, 0.0) / self.spread_db.get(band, 1.0)


@cache
def mixture() -> Mixture:
    """The learnt mixture that comes with the package."""
    with (files("mixmend.tools") / "data" / "targets.npz").open("rb") as file:
        stored = np.load(file, allow_pickle=False)
        names = ("weights", "means", "covariances", "spread_db")
        return Mixture(*(np.asarray(stored[name], dtype=np.float64) for name in names))


def features(spectrum: LongTerm) -> Features:
    """What the mixture knows a song by."""
    power = band_weights(spectrum.freq_hz, ALL_EDGES_HZ)[FIRST:LAST] @ spectrum.power
    levels = to_db(power)
    reach_hz = min(measure_bandwidth(spectrum).signal_hz, spectrum.sample_rate_hz / 2)
    width = np.clip(spectrum.side_mid_db[FIRST:LAST], -30.0, 0.0) * 0.5
    return Features(
        levels - np.max(levels),
        np.concatenate([spectrum.swing_db[FIRST:LAST], width]),
        ALL_EDGES_HZ[FIRST + 1 : LAST + 1] <= max(reach_hz, 1000.0) * 1.06,
    )


def log_likelihood(model: Mixture, levels_db: Array, song: Features) -> Array:
    """(n, kinds) log of weight times density of each row of `levels_db` (n, 29).

    Levels more than 60 dB under the strongest band count as 60 dB under it.
    """
    levels_db = np.maximum(levels_db - levels_db.max(axis=1, keepdims=True), -RANGE_DB)
    return np.stack(
        [
            log_density(levels_db, song, mean, covariance) + np.log(weight)
            for weight, mean, covariance in zip(
                model.weights, model.means, model.covariances, strict=True
            )
        ],
        axis=1,
    )


def log_density(levels_db: Array, song: Features, mean: Array, covariance: Array) -> Array:
    """(n,) log density of rows of levels with the song's shape; bands not present are left out."""
    kept = np.concatenate([song.present, np.ones(2 * BANDS, dtype=bool)])
    rows = np.concatenate(
        [levels_db, np.broadcast_to(song.shape, (len(levels_db), 2 * BANDS))], axis=1
    )
    away = within_reach(rows - mean, covariance)
    return gaussian(away[:, kept], covariance[np.ix_(kept, kept)])


def within_reach(away: Array, covariance: Array) -> Array:
    """(n, 87) differences with those of shape drawn in to two standard deviations.

    Test tones and drones move far less than any song; they must not drag the levels along.
    """
    reach = SHAPE_REACH * np.sqrt(np.diag(covariance)[BANDS:])
    return np.concatenate([away[:, :BANDS], np.clip(away[:, BANDS:], -reach, reach)], axis=1)


def gaussian(away: Array, covariance: Array) -> Array:
    """(n,) log density, up to a constant, of rows (n, d) of differences to the mean."""
    root = np.linalg.cholesky(covariance)
    white = np.linalg.solve(root, away.T)
    return np.asarray(-np.sum(np.log(np.diag(root))) - 0.5 * np.sum(white**2, axis=0))


def kind_shares(song: Features, model: Mixture | None = None) -> Array:
    """(kinds,) how likely each kind is; tempered, so that damage does not decide it."""
    scores = TEMPER * log_likelihood(model or mixture(), song.levels_db[None], song)[0]
    shares = np.exp(scores - np.max(scores))
    return np.asarray(shares / np.sum(shares))


def deviation(spectrum: LongTerm) -> Deviation:
    """Deviation of each named band from the target, beside its spread; empty for silence."""
    if spectrum.is_silent:
        return Deviation(KINDS[-2], {}, {})
    song, model = features(spectrum), mixture()
    shares = kind_shares(song, model)
    away = band_deviation(song, shares @ model.means[:, :BANDS])
    spread = np.sqrt(shares @ model.spread_db**2)
    names = [name for name, value in zip(BAND_EDGES_HZ, away, strict=True) if np.isfinite(value)]
    order = list(BAND_EDGES_HZ)
    return Deviation(
        KINDS[int(np.argmax(shares))],
        {name: round(float(away[order.index(name)]), 2) for name in names},
        {name: round(float(spread[order.index(name)]), 2) for name in names},
    )


def band_deviation(song: Features, target_db: Array) -> Array:
    """(8,) mean difference to the target in each named band, level-matched; NaN if not present.

    Level-matched by the median band from 50 Hz to 8 kHz: a fault in a few bands moves only those.
    """
    difference = np.maximum(song.levels_db, -RANGE_DB) - target_db
    heard = song.present & (TARGET_HZ > 45) & (TARGET_HZ < 9000)
    difference = difference - np.median(difference[heard if np.any(heard) else song.present])
    return np.array(
        [
            np.mean(difference[inside]) if np.any(inside) else np.nan
            for low, high in BAND_EDGES_HZ.values()
            for inside in [song.present & (low <= TARGET_HZ) & (high > TARGET_HZ)]
        ]
    )
