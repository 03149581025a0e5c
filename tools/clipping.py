"""Clipping: where, how much and at what level, also after later gain, coding or resampling.

Two ways, the plain one first. Flat tops (`clipping_tops`) finds the equal samples that hard
clipping leaves, at any level. Where there are none, the pile-up of magnitudes under a ceiling
(`clipping_pileup`) tells whether a coded song had been clipped; a song that is only limited is
not. Steps as of naive square waves are not called clipping.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio, FloatArray, blocks
from mixmend.tools.clipping_pileup import PileUp, pile_up
from mixmend.tools.clipping_tops import (
    FRAME_S,
    LONG,
    Ceiling,
    Runs,
    accepted,
    ceilings,
    flat_runs,
    plateaus_elsewhere,
    quantisation_step,
    stepped,
)
from mixmend.tools.measurement import Clipping, Measured, Span

MERGE_GAP_S = 0.05
# A coded song is called clipped from these log odds on.
CODED_LOG_ODDS = 1.5
# A frame of it is clipped when its peak comes this near the ceiling, in spreads of the bell.
CODED_REACH = -0.25

_BLOCK_FRAMES = 64
_LOUD_SHARE = 0.1
_LOUD_AT_MOST = 600
_SYNTHETIC_FRAMES = 24
_SYNTHETIC_SHARE = 0.5
_KEPT_RUNS = 200_000

Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ClippingMap:
    """Where a song is clipped.

    `frame`: samples in a frame of 100 ms; `clipped`: flags (frames,); `samples`, `events`: clipped
    samples and runs in each frame, all channels together; `levels`: the ceiling of each channel
    and polarity (channels, 2), linear, NaN where there is none; `tolerance`: how far below it a
    sample still counts as clipped, as a share; `coded`: found as a pile-up, not as flat tops.
    """

    frame: int
    clipped: Flags
    samples: NDArray[np.int64]
    events: NDArray[np.int64]
    levels: NDArray[np.float64]
    tolerance: float
    coded: bool

    @property
    def found(self) -> bool:
        return bool(self.clipped.any())


def measure_clipping(audio: Audio) -> Measured[Clipping]:
    """Share, count, level and regions of clipping; `clipped_samples` a second.

    `fraction` is of all samples of all channels; `level_dbfs` is where they sit now, after any
    later gain (the loudest channel and polarity if they differ), None when nothing is clipped;
    `regions` are runs of clipped 100 ms frames. Any rate, channels, length. Method: ours, see
    docs/measurements/clipping.md.
    """
    found = find_clipping(audio)
    per_second = {"clipped_samples": _each_second(found, audio)}
    if not found.found:
        return Measured(Clipping(fraction=0.0, events=0), per_second=per_second)
    value = Clipping(
        fraction=float(found.samples.sum()) / (audio.frames * audio.channels),
        events=int(found.events.sum()),
        level_dbfs=_decibels(float(np.nanmax(found.levels))),
        regions=_regions(found, audio),
    )
    notes: tuple[str, ...] = ()
    if found.coded:
        notes = (
            "clipping.fraction is an estimate: the song was coded or resampled after it was "
            "clipped, so its flat tops are smeared.",
        )
    return Measured(value, notes, per_second)


def find_clipping(audio: Audio) -> ClippingMap:
    """Which frames are clipped and at what ceilings; for measuring and for repair."""
    scan = _scan(audio)
    flat = _flat_map(audio, scan)
    if flat.found or not scan.peaks.size:
        return flat
    found = pile_up(_loud_frames(audio, scan))
    if found is None or found.score < CODED_LOG_ODDS:
        return flat
    return _coded_map(audio, scan, found)


@dataclass(frozen=True, eq=False)
class _Scan:
    """One pass: peak and power of each frame (channels, frames), flat runs by channel, polarity."""

    frame: int
    step: float
    peaks: NDArray[np.float32]
    power: NDArray[np.float32]
    highest: NDArray[np.float64]
    runs: tuple[tuple[Runs, Runs], ...]


def _scan(audio: Audio) -> _Scan:
    frame = max(8, round(FRAME_S * audio.sample_rate_hz))
    count = -(-audio.frames // frame)
    step = quantisation_step(audio)
    peaks = np.zeros((audio.channels, count), dtype=np.float32)
    power = np.zeros((audio.channels, count), dtype=np.float32)
    highest = np.zeros((audio.channels, 2))
    parts: list[list[list[Runs]]] = [[[], []] for _ in range(audio.channels)]
    kept = np.zeros((audio.channels, 2), dtype=np.int64)
    for block in blocks(audio, _BLOCK_FRAMES * frame):
        rows = slice(block.start // frame, -(-block.stop // frame))
        padded = _whole_frames(block.samples, frame)
        for index, wave in enumerate(padded):
            shaped = wave.reshape(-1, frame)
            high, low = shaped.max(axis=1), shaped.min(axis=1)
            peaks[index, rows] = np.maximum(high, -low)
            power[index, rows] = np.einsum("ij,ij->i", shaped, shaped)
            sides = (float(high.max()), float(-low.min()))
            for side, polarity in enumerate((1, -1)):
                highest[index, side] = max(highest[index, side], sides[side])
                if kept[index, side] < _KEPT_RUNS:
                    runs = flat_runs(shaped, high, low, block.start, polarity, step)
                    parts[index][side].append(runs)
                    kept[index, side] += runs.level.size
    joined = tuple((Runs.joined(up), Runs.joined(down)) for up, down in parts)
    return _Scan(frame, step, peaks, power, highest, joined)


def _whole_frames(samples: FloatArray, frame: int) -> FloatArray:
    """Repeats the last sample up to a whole number of frames: adds no peak and no corner."""
    missing = -samples.shape[1] % frame
    return np.pad(samples, ((0, 0), (0, missing)), mode="edge") if missing else samples


def _flat_map(audio: Audio, scan: _Scan) -> ClippingMap:
    count = scan.peaks.shape[1]
    samples, events = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    clipped = np.zeros(count, dtype=bool)
    levels = np.full((audio.channels, 2), np.nan)
    tops: dict[tuple[int, int], Ceiling] = {}
    usable = [not _synthetic(audio, scan, index) for index in range(audio.channels)]
    pooled = Runs.joined([run for i, sides in enumerate(scan.runs) if usable[i] for run in sides])
    for index, sides in enumerate(scan.runs):
        for side, runs in enumerate(sides):
            if not usable[index]:
                continue
            shared = ceilings(runs, pooled, float(scan.highest[index, side]), scan.step)
            top = next((ceiling for ceiling in shared if ceiling.top), None)
            real = runs.only(accepted(runs, shared))
            if top is None and not real.level.size:
                continue
            if real.level.size:
                levels[index, side] = float(np.median(real.level))
            if top is not None:
                tops[index, side] = top
                levels[index, side] = top.level
                real = real.only(np.abs(real.level - top.level) > 2 * top.tolerance)
            at = real.start // scan.frame
            np.add.at(samples, at, real.length)
            np.add.at(events, at, 1)
            clipped[at] = True
    if tops:
        _count_tops(audio, scan, tops, samples, events)
    clipped |= samples >= 2
    samples[~clipped] = 0
    events[~clipped] = 0
    return ClippingMap(scan.frame, clipped, samples, events, levels, 1e-3, False)


def _synthetic(audio: Audio, scan: _Scan, channel: int) -> bool:
    """Whether this channel is made of steps: jumps, or many plateaus below the top."""
    runs = Runs.joined(list(scan.runs[channel]))
    if stepped(runs):
        return True
    starts = runs.start[runs.length >= LONG]
    frames = np.unique(starts // scan.frame)
    if not frames.size:
        return False
    chosen = frames[:: max(1, frames.size // _SYNTHETIC_FRAMES)]
    on_top = int(np.isin(starts // scan.frame, chosen).sum())
    elsewhere = 0
    for frame in chosen:
        wave = audio.samples[channel, frame * scan.frame : (frame + 1) * scan.frame]
        elsewhere += plateaus_elsewhere(np.ascontiguousarray(wave), scan.step)
    return elsewhere > _SYNTHETIC_SHARE * on_top


def _count_tops(
    audio: Audio,
    scan: _Scan,
    tops: dict[tuple[int, int], Ceiling],
    samples: NDArray[np.int64],
    events: NDArray[np.int64],
) -> None:
    """Add every sample at a ceiling that nothing exceeds, in frames that reach it."""
    for block in blocks(audio, _BLOCK_FRAMES * scan.frame):
        first = block.start // scan.frame
        for (index, side), ceiling in tops.items():
            floor = ceiling.level - 2 * ceiling.tolerance
            wave = block.samples[index]
            _add_counts(
                wave >= floor if side == 0 else wave <= -floor, scan, first, samples, events
            )


def _add_counts(
    at_top: Flags,
    scan: _Scan,
    first: int,
    samples: NDArray[np.int64],
    events: NDArray[np.int64],
) -> None:
    where = np.flatnonzero(at_top)
    if not where.size:
        return
    frame = first + where // scan.frame
    samples += np.bincount(frame, minlength=samples.size)
    begins = np.concatenate([[True], np.diff(where) > 1])
    events += np.bincount(frame[begins], minlength=events.size)


def _loud_frames(audio: Audio, scan: _Scan) -> FloatArray:
    """The loudest tenth of the frames, (count, n): where a ceiling shows best."""
    flat = scan.power.ravel()
    wanted = max(4, round(_LOUD_SHARE * np.count_nonzero(flat > 0)))
    order = np.argsort(-flat, kind="stable")[:wanted]
    order = order[:: -(-order.size // _LOUD_AT_MOST)]
    count = scan.power.shape[1]
    picked = [
        audio.samples[place // count, (place % count) * scan.frame :][: scan.frame]
        for place in np.sort(order)
        if flat[place] > 0
    ]
    whole = [np.asarray(piece) for piece in picked if piece.size == scan.frame]
    return np.stack(whole) if whole else np.zeros((0, scan.frame), dtype=np.float32)


def _coded_map(audio: Audio, scan: _Scan, found: PileUp) -> ClippingMap:
    reached = np.asarray(scan.peaks >= found.level * (1 + CODED_REACH * found.spread), dtype=bool)
    count = scan.peaks.shape[1]
    samples, events = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    floor = found.level * (1 - found.spread)
    for block in blocks(audio, _BLOCK_FRAMES * scan.frame):
        first = block.start // scan.frame
        for index, wave in enumerate(block.samples):
            if reached[index, first : first + _BLOCK_FRAMES].any():
                _add_counts(np.abs(wave) >= floor, scan, first, samples, events)
    clipped = np.asarray(reached.any(axis=0), dtype=bool)
    samples[~clipped] = 0
    events[~clipped] = 0
    levels = np.where(np.any(reached, axis=1, keepdims=True), found.level, np.nan) * np.ones(2)
    return ClippingMap(scan.frame, clipped, samples, events, levels, found.spread, True)


def _regions(found: ClippingMap, audio: Audio) -> list[Span]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], found.clipped, [False]]).astype(int)))
    frame_s = found.frame / audio.sample_rate_hz
    spans: list[Span] = []
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        start_s, end_s = begin * frame_s, min(end * frame_s, audio.duration_s)
        if spans and start_s - spans[-1][1] < MERGE_GAP_S:
            spans[-1] = (spans[-1][0], end_s)
        else:
            spans.append((float(start_s), float(end_s)))
    return spans


def _each_second(found: ClippingMap, audio: Audio) -> tuple[float | None, ...]:
    seconds = -(-audio.frames // audio.sample_rate_hz)
    middle = (np.arange(found.samples.size) + 0.5) * found.frame / audio.sample_rate_hz
    second = np.minimum(middle.astype(np.intp), max(0, seconds - 1))
    counts = np.bincount(second, weights=found.samples, minlength=seconds)
    return tuple(float(value) for value in counts[:seconds])


def _decibels(level: float) -> float:
    return 20 * math.log10(level)
