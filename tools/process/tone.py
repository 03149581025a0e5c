"""The `known` estimator: told which tonal fault to repair, it finds its strength and undoes it.

A family of spoiling filters is tried in all its strengths. Each gives a corrected long-term
spectrum, which the mixture of `targets` finds more or less likely for music; from these
probabilities the repair is chosen that leaves the least error to be expected in the band where the
fault is heard. Faults of many bumps are estimated at once, as the conditional mean of a Gaussian.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixmend.tools.audio import Audio
from mixmend.tools.bandwidth import measure_bandwidth
from mixmend.tools.long_term import EDGES_HZ as ALL_EDGES_HZ
from mixmend.tools.long_term import Array, LongTerm, band_weights, long_term
from mixmend.tools.process.equalize import Curve, equalize
from mixmend.tools.process.faults import (
    FAMILIES,
    Family,
    TonalProblem,
    Wandering,
    microphone,
    unbalanced,
)
from mixmend.tools.region import Region
from mixmend.tools.targets import (
    BANDS,
    FIRST,
    LAST,
    TARGET_HZ,
    TEMPER,
    features,
    gaussian,
    log_likelihood,
    mixture,
    within_reach,
)

# Songs are less Gaussian than the mixture believes: how much of its evidence counts.
_EVIDENCE = 0.35
# The damage is believed to be this much weaker evidence than the mixture says.
_DOUBT = {"unbalanced": 3.5, "mic_colored": 1.0}
# How far under its strongest band a song may lie for bumps to be told from emptiness.
_DEEPEST_DB = 80.0
_SHORTEST_REGION_S = 3.0
_CURVE_POINTS = 256


@dataclass(frozen=True)
class ToneEstimate:
    """What a repair will do: `curve`, the chosen `amount` of the fault (dB, or filter order), and
    the `spread` (one standard deviation) of that amount; None where there is no single amount."""

    problem: TonalProblem
    curve: Curve
    amount: float | None = None
    spread: float | None = None


def repair_tone(
    audio: Audio,
    problem: TonalProblem,
    *,
    strength: float = 1.0,
    region: Region | None = None,
) -> Audio:
    """Undo a tonal fault of `audio` (channels, frames), as strong as it is estimated to be.

    Perceived level stays (by the K-weighting of BS.1770), so the repair is not a change of volume.
    With a `region` of 3 s or more the estimate is made from that region.
    """
    if strength == 0.0 or audio.frames == 0:
        return audio
    spectrum = long_term(_listened_to(audio, region))
    if spectrum.is_silent:
        return audio
    curve = estimate_tone(spectrum, problem).curve.scaled(strength)
    return equalize(audio, level_kept(curve, spectrum), region=region)


def estimate_tone(spectrum: LongTerm, problem: TonalProblem) -> ToneEstimate:
    """The repair of `problem` for a song with this long-term spectrum."""
    if problem == "unbalanced":
        return _conditional(spectrum, problem, unbalanced(TARGET_HZ))
    if problem == "mic_colored":
        return _conditional(spectrum, problem, microphone(TARGET_HZ))
    return _best_candidate(spectrum, problem, FAMILIES[problem])


def level_kept(curve: Curve, spectrum: LongTerm) -> Curve:
    """The curve moved up or down so that K-weighted level stays what it was."""
    weighted = spectrum.power * 10 ** (_k_weighting_db(spectrum.freq_hz) / 10)
    after = float(weighted @ 10 ** (curve.at(spectrum.freq_hz) / 10))
    change_db = 10 * np.log10(max(after, 1e-20) / max(float(np.sum(weighted)), 1e-20))
    return Curve(curve.freq_hz, tuple(gain - float(change_db) for gain in curve.gain_db))


def _listened_to(audio: Audio, region: Region | None) -> Audio:
    if region is None or region.end_s - region.start_s < _SHORTEST_REGION_S:
        return audio
    start, stop = audio.frame_at(region.start_s), audio.frame_at(region.end_s)
    piece = Audio(audio.samples[:, start:stop], audio.sample_rate_hz)
    return piece if piece.duration_s >= _SHORTEST_REGION_S else audio


@dataclass(frozen=True, eq=False)
class Candidates:
    """All strengths of a fault for one song: `chances` (n,) of each to be the true one, and
    `losses` (tried, true), the error to be expected of the repair for one where another is true."""

    chances: Array
    losses: Array


def candidates(spectrum: LongTerm, problem: TonalProblem) -> Candidates:
    """The strengths of a fault's family, weighed for a song; KeyError for faults of many bumps."""
    family, rate = FAMILIES[problem], spectrum.sample_rate_hz
    damages = np.stack([family.response(spectrum.freq_hz, a, rate) for a in family.amounts])
    return Candidates(_posterior(spectrum, damages, family), _losses(spectrum, damages, family))


def _best_candidate(spectrum: LongTerm, problem: TonalProblem, family: Family) -> ToneEstimate:
    rate = spectrum.sample_rate_hz
    known = candidates(spectrum, problem)
    chances = known.chances
    chosen = int(np.argmin(known.losses @ chances))
    amounts = np.array(family.amounts)
    mean = float(amounts @ chances)
    spread = float(np.sqrt(np.maximum((amounts - mean) ** 2 @ chances, 0.0)))
    at_hz = _frequencies(rate)
    repair = family.repair_db(family.response(at_hz, family.amounts[chosen], rate), chosen)
    curve = _within_content(at_hz, repair, spectrum)
    return ToneEstimate(problem, curve, family.amounts[chosen], spread)


def _posterior(spectrum: LongTerm, damages: Array, family: Family) -> Array:
    """(candidates,) probability of each strength given the spectrum."""
    song, model = features(spectrum), mixture()
    wide = band_weights(spectrum.freq_hz, ALL_EDGES_HZ)[FIRST:LAST]
    per_band = damages @ (wide / np.maximum(wide.sum(axis=1, keepdims=True), 1e-12)).T
    scores = log_likelihood(model, song.levels_db - per_band, song)
    best = scores.max(axis=1)
    logs = _EVIDENCE * (best + np.log(np.sum(np.exp(scores - best[:, None]), axis=1)))
    chances = np.exp(logs - logs.max()) * family.prior()
    return np.asarray(chances / np.sum(chances))


def _losses(spectrum: LongTerm, damages: Array, family: Family) -> Array:
    """(tried, true): error of the energy share in the fault's band, were `true` the strength."""
    repairs = np.stack([family.repair_db(each, index) for index, each in enumerate(damages)])
    repaired = spectrum.power * 10 ** (repairs / 10)
    inside = (spectrum.freq_hz >= family.low_hz) & (spectrum.freq_hz <= family.high_hz)
    share = repaired[:, inside].sum(axis=1) / repaired.sum(axis=1)
    before = float(spectrum.power[inside].sum() / spectrum.power.sum())
    cost = np.maximum(np.abs(before - share), 1e-6) ** family.fairness
    return np.asarray(np.abs(share[:, None] - share[None, :]) / cost[None, :])


def _conditional(spectrum: LongTerm, problem: TonalProblem, fault: Wandering) -> ToneEstimate:
    """Mean of the fault given the spectrum, over all kinds of music by their probability."""
    song, model = features(spectrum), mixture()
    kept = np.concatenate([song.present, np.ones(2 * BANDS, dtype=bool)])
    heard = np.maximum(song.levels_db, -_DEEPEST_DB)
    levels = np.concatenate([heard - fault.mean_db, song.shape])
    estimates, logs = [], []
    for weight, mean, own in zip(model.weights, model.means, model.covariances, strict=True):
        both = _DOUBT[problem] * own  # a new array
        both[:BANDS, :BANDS] += fault.covariance
        both = both[np.ix_(kept, kept)]
        away = within_reach((levels - mean)[None], own)[0][kept]
        reach = np.zeros((BANDS, kept.size))
        reach[:, :BANDS] = fault.covariance
        estimates.append(fault.mean_db + reach[:, kept] @ np.linalg.solve(both, away))
        logs.append(np.log(weight) + gaussian(away[None], both)[0])
    scores = TEMPER * np.array(logs)
    chances = np.exp(scores - scores.max())
    found = (chances / chances.sum()) @ np.array(estimates)
    repair = np.clip(np.median(found) - found, -fault.most_db, fault.most_db)
    at_hz = _frequencies(spectrum.sample_rate_hz)
    smooth = np.interp(np.log(at_hz), np.log(TARGET_HZ), repair)
    return ToneEstimate(problem, _within_content(at_hz, smooth, spectrum))


def _frequencies(rate_hz: int) -> Array:
    return np.geomspace(10.0, rate_hz / 2, _CURVE_POINTS)


def _within_content(at_hz: Array, gain_db: Array, spectrum: LongTerm) -> Curve:
    """The curve without boost where the song has nothing but noise, or what a codec left."""
    reach_hz = measure_bandwidth(spectrum).signal_hz
    if reach_hz < 0.9 * spectrum.sample_rate_hz / 2:
        beyond = np.clip(np.log2(at_hz / reach_hz) * 6 + 1, 0.0, 1.0)
        gain_db = np.where(gain_db > 0, gain_db * (1 - beyond), gain_db)
    return Curve(tuple(at_hz.tolist()), tuple(gain_db.tolist()))


def _k_weighting_db(freq_hz: Array) -> Array:
    """Magnitude of the BS.1770 pre-filter and high-pass, by their analogue prototypes."""
    high = (freq_hz / 1682.0) ** 2
    shelf = 10 * np.log10((1 + 2.51 * high) / (1 + high))
    low = 20 * np.log10(np.maximum(freq_hz, 1e-3) ** 2 / (freq_hz**2 + 38.1**2))
    return np.asarray(shelf + low)
