"""What people do to a damaged song without Mixmend, and what knowing the fault alone gives.

Apart from `restore_methods`, so that a change there does not make these results unknown again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mixmend.agent.bench.restore_cases import START, Case
from mixmend.model.corpus import excerpt, songs
from mixmend.model.degrade import GROUPS
from mixmend.tools.audio import Audio, FloatArray
from mixmend.tools.long_term import EDGES_HZ, Array, band_weights, long_term
from mixmend.tools.process.equalize import Curve, equalize
from mixmend.tools.process.faults import FAMILIES, Family, TonalProblem
from mixmend.tools.process.tone import level_kept
from mixmend.tools.targets import BANDS, FIRST, LAST, TARGET_HZ, Features, features, mixture

TARGET_LUFS = -14.0
CANDIDATES = 12
_REVERB = frozenset(GROUPS["reverb"])
_TONAL: dict[str, TonalProblem] = {
    "bright": "dull", "dark": "harsh", "airy": "airless", "boom": "thin", "clarity": "unclear",
    "mud": "muddy", "warm": "cold", "vocal": "vocals_buried",
}  # fmt: skip
_MATCH_MOST_DB = 24.0
_KNOWN_MOST_DB = 24.0


@dataclass(frozen=True)
class Peer:
    """A way to restore that is no engine: `about` it in words, whether it `fits`, how to run it."""

    about: str
    fits: Callable[[Case], bool]
    run: Callable[[Case], Audio]


def always(_: Case) -> bool:
    """Fits every case."""
    return True


def _reverberant(case: Case) -> bool:
    return bool(_REVERB & set(case.kinds))


# Tone --------------------------------------------------------------------------------------


def _match(case: Case, share: float) -> Audio:
    """Move the song's average third-octave spectrum to the training music's average."""
    spectrum = long_term(case.damaged)
    song, model = features(spectrum), mixture()
    away = model.weights @ model.means[:, :BANDS] - song.levels_db
    away -= np.median(away[song.present])
    away = np.where(song.present, np.clip(away, -_MATCH_MOST_DB, _MATCH_MOST_DB), 0.0)
    curve = Curve(tuple(TARGET_HZ.tolist()), tuple((share * away).tolist()))
    return equalize(case.damaged, level_kept(curve, spectrum))


def _known(case: Case) -> Audio:
    """Told which filter spoiled the song: undo it in the strength that is likeliest.

    12 strengths; the corrected long-term spectrum is judged by one Gaussian over training music.
    """
    spectrum = long_term(case.damaged)
    rate = spectrum.sample_rate_hz
    family = FAMILIES[_TONAL[case.kinds[0]]]
    amounts = np.linspace(*family.usual, CANDIDATES)
    wide = band_weights(spectrum.freq_hz, EDGES_HZ)[FIRST:LAST]
    wide /= np.maximum(wide.sum(axis=1, keepdims=True), 1e-12)
    song = features(spectrum)
    scores = [
        _likelihood(song.levels_db - wide @ family.response(spectrum.freq_hz, amount, rate), song)
        for amount in amounts
    ]
    best = float(amounts[int(np.argmax(scores))])
    at_hz = np.geomspace(10.0, rate / 2, 256)
    repair = _undo_db(family, best, at_hz, rate)
    curve = Curve(tuple(at_hz.tolist()), tuple(repair.tolist()))
    return equalize(case.damaged, level_kept(curve, spectrum))


def _undo_db(family: Family, amount: float, at_hz: Array, rate_hz: int) -> Array:
    return np.clip(-family.response(at_hz, amount, rate_hz), -_KNOWN_MOST_DB, _KNOWN_MOST_DB)


def _likelihood(levels_db: Array, song: Features) -> float:
    mean, covariance = _one_gaussian()
    kept = song.present
    away = (levels_db - mean)[kept]
    away -= away.mean()
    return -float(away @ np.linalg.solve(covariance[np.ix_(kept, kept)], away))


@cache
def _one_gaussian() -> tuple[Array, Array]:
    """Mean and covariance of the training music's levels as a whole."""
    model = mixture()
    means = model.means[:, :BANDS]
    mean = model.weights @ means
    own = np.einsum("k,kij->ij", model.weights, model.covariances[:, :BANDS, :BANDS])
    between = np.einsum("k,ki,kj->ij", model.weights, means - mean, means - mean)
    return np.asarray(mean), np.asarray(own + between)


# Peers -------------------------------------------------------------------------------------


def _loudness(case: Case) -> Audio:
    from mixmend.tools.loudness import integrated_lufs
    from mixmend.tools.process.level import apply_gain

    loudness = integrated_lufs(case.damaged)
    return case.damaged if loudness is None else apply_gain(case.damaged, TARGET_LUFS - loudness)


def _matchering(case: Case) -> Audio:
    from matchering import Config
    from matchering.stages import main as match_and_limit

    song = case.material.song
    same = sorted(
        (one for one in songs("held_out") if one.package == song.package and not one.clipped),
        key=lambda one: one.path.name,
    )
    at = [one.path for one in same].index(song.path)
    reference = excerpt(same[(at + 1) % len(same)], START, case.damaged.duration_s)
    result, _, _ = match_and_limit(
        case.damaged.samples.T.astype(np.float64), reference.samples.T.astype(np.float64), Config()
    )
    return _as_given(np.asarray(result).T, case)


def _wpe(case: Case) -> Audio:
    from nara_wpe.utils import istft, stft
    from nara_wpe.wpe import wpe

    spectrum = stft(case.damaged.samples.astype(np.float64), size=1024, shift=256)
    dried = wpe(spectrum.transpose(2, 0, 1), taps=10, delay=3, iterations=3)
    return _as_given(istft(dried.transpose(1, 2, 0), size=1024, shift=256), case)


def _hpss(case: Case) -> Audio:
    """Blows up by 6 dB for `punch`; for rooms, what is neither tone nor blow down by 6 dB."""
    import librosa

    samples = case.damaged.samples
    spectrum = np.stack([librosa.stft(channel, n_fft=2048) for channel in samples])
    if "punch" in case.kinds:
        _, blows = librosa.decompose.hpss(spectrum)
        changed = spectrum + blows
    else:
        tones, blows = librosa.decompose.hpss(spectrum, margin=2.0)
        changed = 0.5 * (spectrum + tones + blows)
    return _as_given(librosa.istft(changed, length=samples.shape[1]), case)


def _as_given(samples: NDArray[np.floating], case: Case) -> Audio:
    """Samples (2, about as many) as sound of the case's length."""
    out: FloatArray = np.zeros_like(case.damaged.samples)
    size = min(out.shape[1], samples.shape[1])
    out[:, :size] = samples[:, :size]
    return Audio(out, case.damaged.sample_rate_hz)


PEERS: dict[str, Peer] = {
    "input": Peer("the damaged song itself", always, lambda case: case.damaged),
    "match": Peer(
        "average spectrum moved to the training music's average", always,
        lambda case: _match(case, 1.0),
    ),
    "half": Peer("the same, half-way", always, lambda case: _match(case, 0.5)),
    "known": Peer(
        "told which filter it was; its strength by likelihood under one Gaussian",
        lambda case: len(case.kinds) == 1 and case.kinds[0] in _TONAL, _known,
    ),
    "loudness": Peer(f"gain to {TARGET_LUFS:g} LUFS", always, _loudness),
    "matchering": Peer(
        "Matchering 2 with another song of the same package as reference", always, _matchering
    ),
    "wpe": Peer("weighted prediction error dereverberation (nara_wpe)", _reverberant, _wpe),
    "hpss": Peer(
        "harmonic-percussive separation (librosa), blows up or the rest down",
        lambda case: _reverberant(case) or "punch" in case.kinds, _hpss,
    ),
}  # fmt: skip
