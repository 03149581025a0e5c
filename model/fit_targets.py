"""Learn `tools/data/targets.npz` again: `python -m mixmend.model.fit_targets [--out FILE]`.

Training packages only. Each song that is neither clipped nor mono gives four excerpts of 20 s and
their sum, as a whole song is measured. The mixture is fitted by expectation-maximisation with
covariances drawn towards their common mean.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from mixmend.model.corpus import Song, excerpt, songs
from mixmend.tools.long_term import EDGES_HZ, Array, LongTerm, band_weights, long_term, to_db
from mixmend.tools.targets import (
    BANDS,
    KINDS,
    LEVEL_VARIANCE,
    RANGE_DB,
    TEMPER,
    Features,
    Mixture,
    band_deviation,
    features,
    gaussian,
    kind_shares,
)

EXCERPTS = 4
EXCERPT_S = 20.0
COMMON_SHARE = 0.5
DIAGONAL_SHARE = 0.1
ROUNDS = 40


def gather(chosen: Iterable[Song]) -> list[Features]:
    """Features of excerpts and of whole songs."""
    found = []
    for song in chosen:
        if song.clipped or song.mono:
            continue
        starts = (np.arange(EXCERPTS) + 0.5) / EXCERPTS
        spectra = [long_term(excerpt(song, float(start), EXCERPT_S)) for start in starts]
        heard = [each for each in spectra if not each.is_silent]
        found += [features(each) for each in heard]
        if len(heard) == EXCERPTS:
            found.append(features(_together(heard)))
    return found


def _together(spectra: list[LongTerm]) -> LongTerm:
    power = np.mean([each.power for each in spectra], axis=0)
    within = np.mean([each.swing_db**2 for each in spectra], axis=0)
    wide = band_weights(spectra[0].freq_hz, EDGES_HZ)
    between = np.var([to_db(wide @ each.power) for each in spectra], axis=0)
    return replace(
        spectra[0],
        power=power,
        swing_db=np.sqrt(within + between),
        side_mid_db=np.mean([each.side_mid_db for each in spectra], axis=0),
        fine_log_db=np.max([each.fine_log_db for each in spectra], axis=0),
    )


def fit(found: list[Features], kinds: int = len(KINDS), seed: int = 0) -> Mixture:
    """The mixture over `found`; kinds ordered by how much treble they have."""
    rows = np.stack([np.concatenate([_centred(each), each.shape]) for each in found])
    shares = _first_guess(rows, kinds, seed)
    model = _maximise(rows, shares)
    for _ in range(ROUNDS):
        parts = zip(model.weights, model.means, model.covariances, strict=True)
        logs = [np.log(weight) + gaussian(rows - mean, each) for weight, mean, each in parts]
        scores = TEMPER * np.stack(logs, axis=1)
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        model = _maximise(rows, shares)
    order = np.argsort(model.means[:, 21:BANDS].mean(axis=1) - model.means[:, 4:12].mean(axis=1))
    model = Mixture(model.weights[order], model.means[order], model.covariances[order], np.empty(0))
    return replace(model, spread_db=_spread(found, model))


def _centred(song: Features) -> Array:
    levels = np.maximum(song.levels_db, -RANGE_DB)
    return np.asarray(levels - np.mean(levels))


def _first_guess(rows: Array, kinds: int, seed: int) -> Array:
    """Shares from k-means on standardised rows."""
    rng = np.random.default_rng(seed)
    plain = rows / np.std(rows, axis=0)
    centres = plain[rng.choice(len(plain), kinds, replace=False)]
    for _ in range(30):
        nearest = np.argmin(np.sum((plain[:, None] - centres) ** 2, axis=2), axis=1)
        centres = np.stack([plain[nearest == kind].mean(axis=0) for kind in range(kinds)])
    return np.asarray(np.eye(kinds)[nearest])


def _maximise(rows: Array, shares: Array) -> Mixture:
    counts = shares.sum(axis=0)
    weights = counts / counts.sum()
    means = (shares.T @ rows) / counts[:, None]
    own = np.stack(
        [
            ((rows - mean) * share[:, None]).T @ (rows - mean) / count
            for mean, share, count in zip(means, shares.T, counts, strict=True)
        ]
    )
    common = np.einsum("k,kij->ij", weights, own)
    drawn = (1 - COMMON_SHARE) * own + COMMON_SHARE * common
    diagonal = np.stack([np.diag(np.diag(each)) for each in drawn])
    covariances = (1 - DIAGONAL_SHARE) * drawn + DIAGONAL_SHARE * diagonal
    covariances[:, :BANDS, :BANDS] += LEVEL_VARIANCE / BANDS
    return Mixture(weights, means, covariances, np.empty(0))


def _spread(found: list[Features], model: Mixture) -> Array:
    """(kinds, 8) root mean square deviation of the named bands, by share of kind."""
    shares = np.stack([kind_shares(each, model) for each in found])
    away = np.stack(
        [
            band_deviation(each, share @ model.means[:, :BANDS])
            for each, share in zip(found, shares, strict=True)
        ]
    )
    known = np.isfinite(away)
    squares = np.where(known, np.nan_to_num(away) ** 2, 0.0)
    return np.asarray(np.sqrt((shares.T @ squares) / np.maximum(shares.T @ known, 1e-9)))


def main() -> int:
    """Fit and write; prints one line a step."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(__file__).resolve().parent.parent / "tools" / "data" / "targets.npz"
    parser.add_argument("--out", type=Path, default=default)
    options = parser.parse_args()
    found = gather(songs("train"))
    print(f"{len(found)} excerpts and songs", file=sys.stderr)
    model = fit(found)
    np.savez_compressed(
        options.out,
        weights=model.weights.astype(np.float32),
        means=model.means.astype(np.float32),
        covariances=model.covariances.astype(np.float32),
        spread_db=model.spread_db.astype(np.float32),
    )
    print(f"wrote {options.out}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
