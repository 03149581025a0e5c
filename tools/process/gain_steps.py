"""Finds gain that was switched down and up again: passages cut by a fixed number of decibels.

A switched gain leaves no trace in the level of busy music but one in its waveform: at the switch,
the next samples can be predicted from the last ones only when those are multiplied by the step.
Autoregressive prediction gives, for a suspected place, the step that fits best and how much better
it fits than no step; a search over all places then chooses switches down and up in turn.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio, Block, blocks
from mixmend.tools.process.envelope import Follower

DoubleArray = NDArray[np.float64]

ORDER = 32
LEAST_CUT_DB, MOST_CUT_DB = 5.0, 18.0
_FRAME = 2048
_SPAN = 1024
_BLOCK_FRAMES = 64 * _FRAME
_CANDIDATES_A_FRAME = 8
_SUSPICIOUS = 16.0  # residual power over its median
_SURE = 8.0  # log-likelihood gain from which a step counts for estimating the cut
_SWITCH_COST = 12.0
_ALIKE_DB, _ALIKE_SHARE = 0.5, 0.35
_MOST_SHARE = 0.25  # cuts are made where it is loudest, which is not most of the time
_LEAST_EVIDENCE = 30.0
# Where other faults made steps of their own, much must speak for the size: of music without cuts
# it was 19 a second at most, of music with cuts 50 and more.
_PLAIN_EVIDENCE_PER_S = 35.0
_MOST_ALONE = 60.0  # no single step decides
_REACH = 12  # samples after a switch that are looked at
_FREEDOM = 3.0
_LEAST_HINT = 2.0
_ENVELOPE_HOP_S = 0.01
_ENVELOPE_MARGIN_DB = 1.0
_SOFT_COST, _CUT_COST = 1.0, 0.1  # for 10 ms of being cut


@dataclass(frozen=True)
class Cut:
    """A passage, frames [start, stop), that was lowered by a fixed gain."""

    start: int
    stop: int


@dataclass(frozen=True)
class Cuts:
    """What was found: the passages and by how much they were lowered; none is the usual answer."""

    passages: tuple[Cut, ...] = ()
    reduction_db: float = 0.0


@dataclass(frozen=True)
class _Choice:
    passages: tuple[Cut, ...]
    evidence: float


@dataclass(frozen=True)
class _Step:
    """Fit of a step at `frame`: residual power is `same + 2 r cross + r^2 new` at step r."""

    frame: int
    samples: int
    aa: float
    ab: float
    bb: float

    def best_db(self) -> float:
        return 20 * float(np.log10(max(abs(self.ab) / max(self.bb, 1e-30), 1e-6)))

    def evidence(self, step: float) -> float:
        """Log-likelihood gain of that step over none."""
        none = self.aa + 2 * self.ab + self.bb + 1e-20
        some = self.aa + 2 * step * self.ab + step**2 * self.bb + 1e-20
        return 0.5 * self.samples * float(np.log(none / max(some, 1e-20)))


def find_cuts(audio: Audio) -> Cuts:
    """Passages of `audio` (channels, frames) whose gain was switched down and up again."""
    steps = [step for block in _walk(audio) for step in _steps_in(block)]
    sure = [
        step for step in steps
        if step.ab < 0
        and LEAST_CUT_DB <= abs(step.best_db()) <= MOST_CUT_DB
        and step.evidence(-step.ab / step.bb) > _SURE
    ]  # fmt: skip
    size = _common_size(sure)
    if size is None:
        return Cuts()
    chosen = _choose(audio, size.db)
    lowered = sum(cut.stop - cut.start for cut in chosen.passages)
    least = _LEAST_EVIDENCE if size.agreed else _PLAIN_EVIDENCE_PER_S * audio.duration_s
    if chosen.evidence < least or lowered > _MOST_SHARE * audio.frames:
        return Cuts()
    return Cuts(chosen.passages, size.db)


@dataclass(frozen=True)
class _Size:
    """The size of the cuts, and whether a good part of all steps agree on it."""

    db: float
    agreed: bool


def _common_size(steps: list[_Step]) -> _Size | None:
    """The size that has most evidence, up and down; None when no two steps have one in common."""
    sizes_db = np.array([step.best_db() for step in steps])
    if sizes_db.size < 2:
        return None
    evidence = np.array([min(step.evidence(-step.ab / step.bb), _MOST_ALONE) for step in steps])
    near = np.abs(np.abs(sizes_db)[:, None] - np.abs(sizes_db)[None, :]) < _ALIKE_DB
    alike = near[np.argmax(near @ evidence)]
    if not (np.any(sizes_db[alike] > 0) and np.any(sizes_db[alike] < 0)):
        return None
    agreed = bool(np.mean(alike) >= _ALIKE_SHARE)
    return _Size(float(np.median(np.abs(sizes_db[alike]))), agreed)


def _walk(audio: Audio) -> Iterator[Block]:
    return blocks(audio, _BLOCK_FRAMES, _SPAN + ORDER)


def _prediction(segments: list[DoubleArray]) -> DoubleArray:
    """Prediction error filter (ORDER + 1,) of segments (channels, n), each counted alike."""
    from scipy.linalg import solve_toeplitz

    correlation = np.zeros(ORDER + 1)
    for segment in segments:
        size = 2 * segment.shape[1]
        power = np.square(np.abs(np.fft.rfft(segment, size, axis=1))).sum(axis=0)
        lags = np.fft.irfft(power, size)[: ORDER + 1]
        correlation += lags / (lags[0] + 1e-12)
    correlation[0] = correlation[0] * (1 + 1e-6) + 1e-9
    return np.concatenate([[1.0], -solve_toeplitz(correlation[:ORDER], correlation[1:])])


def _steps_in(block: Block) -> Iterator[_Step]:
    samples = block.samples.astype(np.float64)
    window = np.hanning(_FRAME)
    for start in range(block.before, block.before + block.stop - block.start, _FRAME):
        frame = samples[:, start : start + _FRAME]
        if frame.shape[1] < 4 * ORDER or float(np.mean(np.square(frame))) < 1e-12:
            continue
        taps = _prediction([frame * window[: frame.shape[1]]])
        for index in _suspicious(samples, start, frame.shape[1], taps):
            step = _fit(samples, index, block.start - block.before + index)
            if step is not None:
                yield step


def _suspicious(samples: DoubleArray, start: int, size: int, taps: DoubleArray) -> list[int]:
    from scipy.signal import lfilter

    first = max(0, start - ORDER)
    residual = lfilter(taps, [1.0], samples[:, first : start + size], axis=1)[:, start - first :]
    power = np.square(residual).sum(axis=0)
    ratio = power / (np.median(power) + 1e-20)
    chosen: list[int] = []
    for index in np.argsort(ratio)[::-1][: 8 * _CANDIDATES_A_FRAME]:
        if ratio[index] < _SUSPICIOUS or len(chosen) == _CANDIDATES_A_FRAME:
            break
        if all(abs(int(index) - other) > ORDER for other in chosen):
            chosen.append(int(index))
    return sorted(start + index for index in chosen)


def _fit(samples: DoubleArray, index: int, frame: int) -> _Step | None:
    before = samples[:, max(0, index - _SPAN) : index]
    after = samples[:, index : index + _SPAN]
    if min(before.shape[1], after.shape[1]) < 2 * ORDER:
        return None
    taps = _prediction([before, after])
    time = np.arange(ORDER)
    old = np.zeros((samples.shape[0], ORDER))
    new = np.zeros_like(old)
    for lag in range(ORDER + 1):
        part = samples[:, index + time - lag] * taps[lag]
        new += np.where(time >= lag, part, 0)
        old += np.where(time < lag, part, 0)
    sums = (float(np.sum(new * new)), float(np.sum(new * old)), float(np.sum(old * old)))
    return _Step(frame, new.size, *sums)


@dataclass(frozen=True)
class _Switch:
    """A place where the gain may have been switched, and the evidence for either direction."""

    frame: int
    down: float
    up: float


def _switches(audio: Audio, reduction_db: float) -> list[_Switch]:
    """Every place with some evidence for a step of that size, one for each cluster of samples."""
    ratio = 10 ** (-reduction_db / 20)
    found: list[_Switch] = []
    for block in _walk(audio):
        samples = block.samples.astype(np.float64)
        for start in range(block.before, block.before + block.stop - block.start, _FRAME):
            stop = min(start + _FRAME, block.before + block.stop - block.start)
            context = samples[:, max(0, start - _SPAN) : stop + _SPAN]
            if context.shape[1] < 4 * ORDER or float(np.mean(np.square(context))) < 1e-12:
                continue
            taps = _prediction([context * np.hanning(context.shape[1])])
            first = max(0, start - ORDER)
            piece = samples[:, first : stop + _REACH]
            evidence = np.zeros((2, piece.shape[1]))
            _kernel()(piece, taps, ratio, evidence)
            base = block.start - block.before + first
            inside = slice(start - first, stop - first)
            found += _clusters(evidence[:, inside], base + start - first)
    return found


def _clusters(evidence: DoubleArray, base: int) -> list[_Switch]:
    from scipy.ndimage import maximum_filter1d

    best = evidence.max(axis=0)
    tops = (best == maximum_filter1d(best, 2 * _REACH + 1)) & (best > _LEAST_HINT)
    return [
        _Switch(base + int(at), float(evidence[0, at]), float(evidence[1, at]))
        for at in np.flatnonzero(tops)
    ]


@cache
def _kernel() -> Callable[[DoubleArray, DoubleArray, float, DoubleArray], None]:
    compiled: Callable[[DoubleArray, DoubleArray, float, DoubleArray], None]
    compiled = importlib.import_module("numba").njit(_score)
    return compiled


def _score(samples: DoubleArray, taps: DoubleArray, ratio: float, evidence: DoubleArray) -> None:
    """Log-likelihood of a step down by `ratio` and of one back up, over none, at every sample.

    Residuals are taken as Student-t distributed, as those of music have heavy tails.
    """
    channels, frames = samples.shape
    order = taps.size - 1
    residual = np.zeros((channels, frames))
    for channel in range(channels):
        for at in range(order, frames):
            total = 0.0
            for lag in range(order + 1):
                total += taps[lag] * samples[channel, at - lag]
            residual[channel, at] = total
        spread = np.median(np.abs(residual[channel, order:])) * 1.5 + 1e-9
        width = _FREEDOM * spread * spread
        for at in range(order, frames - _REACH):
            down, up = 0.0, 0.0
            for ahead in range(_REACH):
                old = 0.0
                for lag in range(ahead + 1, order + 1):
                    old += taps[lag] * samples[channel, at + ahead - lag]
                now = residual[channel, at + ahead]
                lower = now + (ratio - 1.0) * old
                higher = now + (1.0 / ratio - 1.0) * old
                none = math.log(1.0 + now * now / width)
                down += none - math.log(1.0 + lower * lower / (width * ratio * ratio))
                down -= 2.0 * math.log(ratio) / (_FREEDOM + 1.0)
                up += none - math.log(1.0 + higher * higher / width)
            evidence[0, at] += 0.5 * (_FREEDOM + 1.0) * down
            evidence[1, at] += 0.5 * (_FREEDOM + 1.0) * up


def _choose(audio: Audio, reduction_db: float) -> _Choice:
    """Switches down and up in turn with the most evidence, for one size of cut (Viterbi)."""
    switches = _switches(audio, reduction_db)
    cost = _time_cost(audio, reduction_db)
    hop = _ENVELOPE_HOP_S * audio.sample_rate_hz
    totals = [0.0, -np.inf]
    origins: list[tuple[int, int]] = []
    last = 0.0
    for switch in switches:
        place = float(np.interp(switch.frame / hop, np.arange(cost.size), cost))
        totals[1] -= place - last
        last = place
        into = totals[0] + switch.down - _SWITCH_COST
        out_of = totals[1] + switch.up - _SWITCH_COST
        origins.append((1 if out_of > totals[0] else 0, 0 if into > totals[1] else 1))
        totals = [max(totals[0], out_of), max(totals[1], into)]
    state, stop = 0, 0
    passages: list[Cut] = []
    for switch, origin in zip(reversed(switches), reversed(origins), strict=True):
        if origin[state] != state:
            if state == 0:
                stop = switch.frame
            else:
                passages.append(Cut(switch.frame, stop))
            state = origin[state]
    return _Choice(tuple(reversed(passages)), float(totals[0]))


def _time_cost(audio: Audio, reduction_db: float) -> DoubleArray:
    """Running cost of being cut: what is far under the loudest cannot be a lowered loud passage."""
    from scipy.ndimage import maximum_filter1d

    rate = audio.sample_rate_hz
    hop = max(1, round(_ENVELOPE_HOP_S * rate))
    follow = Follower(0.003, 0.15, rate)
    peaks: list[DoubleArray] = []
    for block in blocks(audio, 1024 * hop):
        envelope = follow(np.abs(block.samples.mean(axis=0, dtype=np.float64)))
        whole = np.concatenate([envelope, np.zeros(-envelope.size % hop)])
        peaks.append(whole.reshape(-1, hop).max(axis=1))
    level_db = 20 * np.log10(maximum_filter1d(np.concatenate(peaks), 3) + 1e-9)
    too_soft = level_db < np.quantile(level_db, 0.999) - reduction_db - _ENVELOPE_MARGIN_DB
    return np.asarray(np.cumsum(np.where(too_soft, _SOFT_COST, _CUT_COST)))
