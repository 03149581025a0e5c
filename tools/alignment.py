"""How far one sound lags behind another, whether its sides were exchanged, and how they shifted."""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio
from mixmend.tools.frames import centred, spectra

_TINY = 1e-12
_PIECE_S = 3.0
_PIECES = 7
_FARTHEST_S = 0.25


@dataclass(frozen=True)
class Lag:
    """`frames` the second sound comes later (negative: earlier); `ms` the same in time."""

    frames: int
    ms: float
    sure: bool


def lag_between(before: Audio, after: Audio) -> Lag:
    """Lag of `after` behind `before`: median over loud pieces of a generalised cross-correlation.

    The spectrum is whitened by magnitude (GCC-PHAT, Knapp and Carter 1976), so that an equaliser
    in between does not move the peak. `sure` is False when no piece gave a clear peak.
    """
    rate = before.sample_rate_hz
    size = min(before.frames, after.frames, round(_PIECE_S * rate))
    if size < rate // 20:
        return Lag(0, 0.0, False)
    lags = []
    for start in np.linspace(0, min(before.frames, after.frames) - size, _PIECES).astype(int):
        found = _piece_lag(
            _mono(before, int(start), size), _mono(after, int(start), size),
            round(_FARTHEST_S * rate),
        )  # fmt: skip
        if found is not None:
            lags.append(found)
    if not lags:
        return Lag(0, 0.0, False)
    frames = int(np.median(lags))
    return Lag(frames, 1000.0 * frames / rate, True)


def _mono(audio: Audio, start: int, size: int) -> NDArray[np.float64]:
    piece = np.asarray(audio.samples[:, start : start + size], dtype=np.float64)
    # The strongest channel: a fold could cancel.
    return np.asarray(piece[int(np.argmax(np.sum(piece**2, axis=1)))])


def _piece_lag(was: NDArray[np.float64], now: NDArray[np.float64], farthest: int) -> int | None:
    if not np.any(np.abs(was) > 1e-4) or not np.any(np.abs(now) > 1e-4):
        return None
    size = 1 << int(np.ceil(np.log2(2 * was.size)))
    window = np.hanning(was.size)
    cross = np.fft.rfft(now * window, size) * np.conj(np.fft.rfft(was * window, size))
    magnitude = np.abs(cross)
    # Bins with next to nothing in them would only add noise after whitening.
    floor = 1e-3 * float(np.max(magnitude))
    correlation = np.fft.irfft(cross / (magnitude + floor), size)
    around = np.concatenate([correlation[-farthest:], correlation[: farthest + 1]])
    best = int(np.argmax(np.abs(around)))
    if np.abs(around[best]) < 6.0 * float(np.sqrt(np.mean(around**2))):
        return None
    return best - farthest


@dataclass(frozen=True)
class TonalShift:
    """What tone alone does to the stereo image: left against right, and the width's ratio."""

    balance_db: float = 0.0
    width_ratio: float = 1.0


def tonal_shift(before: Audio, after: Audio) -> TonalShift:
    """How balance and width move by tone alone: what equal gains on both sides, as `after` has them
    in bins of about 10 Hz, do to `before`. Nothing for other than two channels.
    """
    if before.channels != 2 or after.channels != 2:
        return TonalShift()
    was, now = _powers(before), _powers(after)
    both = was @ _gain(was[:2], now[:2])
    # A wider side makes both channels louder, but not the middle.
    middle = was @ _gain(was[2:3], now[2:3])
    old = was.sum(axis=1)
    if min(*old[:2], *both[:2]) <= 0:
        return TonalShift()
    balance = both[:2] / old[:2]
    narrow = min(old[2], old[3], middle[2], middle[3]) <= 0
    return TonalShift(
        float(10 * np.log10(balance[0] / balance[1])),
        1.0 if narrow else float(np.sqrt(middle[3] / old[3] * old[2] / middle[2])),
    )


def _gain(was: NDArray[np.float64], now: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((now.sum(axis=0) + _TINY) / (was.sum(axis=0) + _TINY))


def _powers(audio: Audio) -> NDArray[np.float64]:
    """Mean power (4, bins) of left, right, middle and side."""
    size = 1 << round(np.log2(audio.sample_rate_hz / 10))
    framing = centred(size, size // 2)
    power = np.zeros((4, size // 2 + 1))
    for left, right in zip(
        spectra(audio, framing, itemgetter(0)), spectra(audio, framing, itemgetter(1)), strict=True
    ):
        for row, piece in enumerate((left, right, (left + right) / 2, (left - right) / 2)):
            power[row] += np.square(np.abs(piece)).sum(axis=0)
    return power


def side_agreement(before: Audio, after: Audio) -> float | None:
    """Correlation of the side signals, -1..1: about -1 when left and right were exchanged.

    None when a side is missing or too weak (40 dB under the mid) to tell.
    """
    from mixmend.tools.audio import blocks, release

    if before.channels < 2 or after.channels < 2:
        return None
    sums = np.zeros(5)
    for block in blocks(before, 1 << 20):
        was = np.asarray(block.samples[:2], dtype=np.float64)
        now = np.asarray(after.samples[:2, block.start : block.stop], dtype=np.float64)
        release(after.samples)
        size = min(was.shape[1], now.shape[1])
        side_was, side_now = was[0, :size] - was[1, :size], now[0, :size] - now[1, :size]
        mid_was, mid_now = was[:, :size].sum(axis=0), now[:, :size].sum(axis=0)
        sums += [
            float(side_was @ side_was), float(side_now @ side_now), float(side_was @ side_now),
            float(mid_was @ mid_was), float(mid_now @ mid_now),
        ]  # fmt: skip
    if sums[0] < 1e-4 * sums[3] or sums[1] < 1e-4 * sums[4] or sums[0] <= 0 or sums[1] <= 0:
        return None
    return float(sums[2] / np.sqrt(sums[0] * sums[1]))
