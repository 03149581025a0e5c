"""Reverberance: a blind estimate of how long and how strongly a recording rings.

There is no standard for this on produced music. Three places of the song are looked at;
`decay` turns each into statistics of how its sound dies away; small perceptrons fitted on music
in rooms whose responses are known turn those into a reverberation time, a direct-to-reverberant
ratio, the share of late energy, and how far off each may be. The weights are in
`data/reverb_weights.npz`; `mixmend.agent.bench.train_reverb` fits them again from any folder of
music, `mixmend.agent.bench.reverb` says how far they can be trusted.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio
from mixmend.tools.decay import decay_features, reduce_rate
from mixmend.tools.measurement import Measured, Reverb

Floats = NDArray[np.float32]

EXCERPT_S = 20.0
MAX_EXCERPTS = 3
SHORTEST_S = 4.0
# Chance of lying within 30 % of the truth below which no number is given.
LEAST_CONFIDENCE = 0.35
WITHIN = 0.3
# Outside what rooms do and the fit has met (a held tone "rings" for ever): no number.
SHORTEST_RT60_S, LONGEST_RT60_S = 0.1, 6.0


@dataclass(frozen=True, eq=False)
class Estimator:
    """An ensemble of two-layer perceptrons: weights (members, inputs, outputs)."""

    mean: Floats
    scale: Floats
    first: Floats
    first_bias: Floats
    second: Floats
    second_bias: Floats
    last: Floats
    last_bias: Floats
    calibration: float

    def __call__(self, features: Floats) -> NDArray[np.float64]:
        """Targets and their scales, (2, 3): log2 RT60, DRR / 10 dB, log10 odds of late energy."""
        inputs = np.clip((features - self.mean) / self.scale, -5, 5)
        hidden = np.maximum(inputs @ self.first + self.first_bias, 0)
        hidden = np.maximum(np.einsum("mi,mio->mo", hidden, self.second) + self.second_bias, 0)
        out = np.einsum("mi,mio->mo", hidden, self.last) + self.last_bias
        value, scale = out[:, :3], np.exp(np.clip(out[:, 3:], -3, 2))
        spread = self.calibration * (scale.mean(axis=0) + value.std(axis=0))
        return np.stack([value.mean(axis=0), spread]).astype(np.float64)


@cache
def estimator() -> Estimator:
    """The shipped weights."""
    with (files("mixmend.tools") / "data" / "reverb_weights.npz").open("rb") as stored:
        arrays = np.load(stored, allow_pickle=False)
        names = [name for name in Estimator.__dataclass_fields__ if name != "calibration"]
        weights = {name: arrays[name].astype(np.float32) for name in names}
        return Estimator(**weights, calibration=float(arrays["calibration"]))


def measure_reverb(audio: Audio) -> Measured[Reverb]:
    """Blind reverberance of `audio` (channels, frames), any rate from 8 kHz.

    `rt60_s` s, `drr_db` dB, `reverberance` the share 0..1 of the room's energy that comes later
    than 50 ms, `confidence` the chance 0..1 that the time is within 30 % of the truth. What the
    music does not tell is null with a note. Sources: Wen, Habets and Naylor 2008 (decay-rate
    distributions); Falk, Zheng and Chan 2010 (modulation energies); our own fit.
    """
    answer = _answer(audio)
    if answer is None:
        note = f"the sound is silent or under {SHORTEST_S:g} s, too little to hear a room in"
        return Measured(Reverb(confidence=0.0), (f"reverb.rt60_s: {note}.",))
    value, spread = answer
    confidence = 1 - float(np.exp(-np.log2(1 + WITHIN) / spread[0]))
    rt60_s = float(2 ** value[0])
    if not SHORTEST_RT60_S <= rt60_s <= LONGEST_RT60_S:
        confidence = 0.0
    late = float(1 / (1 + 10 ** -value[2]))
    heard = confidence >= LEAST_CONFIDENCE
    notes = () if heard else ("reverb.rt60_s: the music gives no free decay to time.",)
    record = Reverb(
        rt60_s=round(rt60_s, 3) if heard else None,
        drr_db=round(float(np.clip(10 * value[1], -20, 20)), 1) if heard else None,
        reverberance=round(late, 3),
        confidence=round(confidence, 3),
    )
    return Measured(record, notes)


def room_figures(audio: Audio) -> Floats:
    """(3,): log2 RT60, DRR / 10 dB, log10 odds of late energy, however uncertain; dry if unknown.

    For processors that weigh the figures themselves.
    """
    answer = _answer(audio)
    value = np.array([-2.7, 2.0, -2.5]) if answer is None else answer[0]
    return value.astype(np.float32)


def _answer(audio: Audio) -> NDArray[np.float64] | None:
    """Values and scales (2, 3), or None when there is too little sound."""
    answers = [
        estimator()(decay_features(*reduce_rate(piece, audio.sample_rate_hz)))
        for piece in _excerpts(audio)
    ]
    return _pool(np.stack(answers)) if answers else None


def _pool(answers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Several places of one song: means weighted by certainty; the spread counts disagreement.

    Errors of one song's places go together, so the pooled scale is not divided by their number.
    """
    values, scales = answers[:, 0], answers[:, 1]
    weight = 1 / scales**2
    weight /= weight.sum(axis=0)
    value = np.sum(weight * values, axis=0)
    apart = np.sum(weight * np.abs(values - value), axis=0)
    return np.stack([value, np.sum(weight * scales, axis=0) + 0.5 * apart])


def _excerpts(audio: Audio) -> list[Floats]:
    """Up to `MAX_EXCERPTS` mono pieces spread over the song, without the silent ones."""
    length = min(audio.frames, round(EXCERPT_S * audio.sample_rate_hz))
    if length < SHORTEST_S * audio.sample_rate_hz:
        return []
    count = max(1, min(MAX_EXCERPTS, audio.frames // length))
    gap = (audio.frames - count * length) / count
    pieces = []
    for number in range(count):
        start = int(number * (length + gap) + gap / 2)
        piece = _mono(np.asarray(audio.samples[:, start : start + length], dtype=np.float32))
        if np.sqrt(np.mean(piece**2)) > 1e-5:
            pieces.append(piece)
    return pieces


def _mono(samples: Floats) -> Floats:
    """The mean of the channels, or the strongest one where the mean cancels."""
    samples = np.nan_to_num(samples)
    powers = np.mean(samples**2, axis=1)
    mean = samples.mean(axis=0)
    if np.mean(mean**2) < 0.05 * powers.max():
        return np.asarray(samples[int(powers.argmax())])
    return np.asarray(mean, dtype=np.float32)
