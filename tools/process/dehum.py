"""Subtract mains hum: every harmonic is followed in amplitude and phase, and taken away.

Nothing is filtered: a sinusoid is estimated and subtracted, so bass notes beside a harmonic, or on
it, stay. Each second of each harmonic counts by the inverse of the power of the music around it, so
that the hum is read where the music is quiet and carried through where it is loud.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio, Block, FloatArray, blocks, map_blocks
from mixmend.tools.hum import find_hum
from mixmend.tools.region import Region, blend

Vector = NDArray[np.float64]
Complex = NDArray[np.complex128]

PIECE_S = 0.25
WINDOW_PIECES = 16
HOP_PIECES = 4
# Steady mains are read over the long stretch; where they drift too fast for it, the short one.
LONG_S, SHORT_S = 20.0, 6.0
DRIFTS = 0.4
TOP_HZ = 1300.0
MAX_HARMONICS = 24
OFFSETS_HZ = np.array([-2.75, -2.25, -1.75, -1.25, 1.25, 1.75, 2.25, 2.75])
DRIFT_HZ, DRIFT_STEP_HZ = 0.03, 0.001
# A harmonic is taken away only as far as it stands out from what the music alone would give.
SIGNIFICANT = 4.0
_TINY = 1e-18


@dataclass(frozen=True, eq=False)
class HumTrack:
    """Complex amplitude (channels, times, harmonics) at `time_s`, of lines at k * `base_hz`."""

    base_hz: float
    time_s: Vector
    amplitude: Complex


def dehum(
    audio: Audio,
    *,
    hum_hz: float | None = None,
    strength: float = 1.0,
    region: Region | None = None,
) -> Audio:
    """Take hum at `hum_hz` (found when None) and its harmonics out of `audio` (channels, frames).

    Same length, rate and alignment. Without hum the input comes back.
    """
    if strength == 0.0 or audio.duration_s < 1.0:
        return audio
    if hum_hz is None:
        hum = find_hum(audio)
        if hum is None:
            return audio
        hum_hz = hum.fundamental_hz
    track = follow_hum(audio, hum_hz)
    if track is None or not track.amplitude.any():
        return audio
    rate = audio.sample_rate_hz

    def subtract(samples: FloatArray, block: Block) -> FloatArray:
        time_s = np.arange(block.start, block.start + samples.shape[1]) / rate
        return np.asarray(samples - hum_of(track, time_s), dtype=np.float32)

    after = map_blocks(audio, subtract, block_s=10.0, context_s=0.0)
    return blend(audio, after, strength=strength, region=region)


def hum_of(track: HumTrack, time_s: Vector) -> NDArray[np.float64]:
    """The hum itself (channels, times)."""
    channels, _, harmonics = track.amplitude.shape
    turn = np.exp(2j * np.pi * np.mod(track.base_hz * time_s, 1.0))
    power, out = np.ones_like(turn), np.zeros((channels, time_s.size))
    for k in range(harmonics):
        power = power * turn
        for channel in range(channels):
            line = track.amplitude[channel, :, k]
            if line.any():
                out[channel] += np.interp(time_s, track.time_s, line.real) * power.real
                out[channel] -= np.interp(time_s, track.time_s, line.imag) * power.imag
    return out


def follow_hum(audio: Audio, hum_hz: float) -> HumTrack | None:
    """Amplitude and phase of every harmonic over time; None when too short."""
    top = min(TOP_HZ, 0.45 * audio.sample_rate_hz)
    count = max(2, min(MAX_HARMONICS, int(top / hum_hz)))
    harmonics = np.arange(1, count + 1).astype(np.float64)
    pieces = _demodulated(audio, hum_hz * harmonics)
    piece_s = round(PIECE_S * audio.sample_rate_hz) / audio.sample_rate_hz
    width = min(WINDOW_PIECES, pieces.shape[1])
    if width < 4:
        return None
    taper = np.hanning(width + 2)[1:-1]
    taper /= taper.sum()
    starts = np.arange(0, pieces.shape[1] - width + 1, HOP_PIECES)
    window = pieces[:, starts[:, None] + np.arange(width)]
    line = np.einsum("ctwk,w->ctk", window, taper)
    at_s = (np.arange(width) - (width - 1) / 2) * piece_s
    beside = np.exp(-2j * np.pi * np.outer(at_s, OFFSETS_HZ)) * taper[:, None]
    around = np.abs(np.einsum("ctwk,wo->ctko", window, beside)) ** 2
    background = np.exp(np.log(around + _TINY).mean(axis=3)) * 1.78
    time_s = (starts + width / 2) * piece_s
    return HumTrack(hum_hz, time_s, _smoothed(line, 1 / background, time_s, harmonics))


def _demodulated(audio: Audio, freq_hz: Vector) -> Complex:
    """Twice the mean of sound times each line's conjugate (channels, pieces, lines), by pieces."""
    rate = audio.sample_rate_hz
    piece = round(PIECE_S * rate)
    at = np.arange(piece) / rate
    table = np.exp(-2j * np.pi * np.outer(at, freq_hz)) * (2 / piece)
    parts = []
    for block in blocks(audio, piece * 40):
        count = block.samples.shape[1] // piece
        wave = block.samples[:, : count * piece].reshape(audio.channels, count, piece)
        start_s = (block.start + piece * np.arange(count)) / rate
        turn = np.exp(-2j * np.pi * np.mod(np.outer(start_s, freq_hz), 1.0))
        real, imag = wave @ table.real.astype("f4"), wave @ table.imag.astype("f4")
        parts.append((real + 1j * imag) * turn)
    return np.concatenate(parts, axis=1)


def _smoothed(line: Complex, trust: NDArray[np.float64], time_s: Vector, k: Vector) -> Complex:
    """Weighted mean over some seconds either side, after the drift of the mains is taken out."""
    out = np.zeros_like(line)
    # Windows of 4 s each second: neighbours share three quarters of their sound.
    shared = max(1.0, min(2.0, float(time_s.size)))
    for index in range(time_s.size):
        steady, drifting = (
            _mean_line(line, trust, time_s - time_s[index], k, reach_s)
            for reach_s in (LONG_S, SHORT_S)
        )
        # Steady hum gives the short stretch 0.3 of what it gives the long one, noise the same.
        idle = shared * drifting.significance.size
        drifts = drifting.total - idle > max(idle, DRIFTS * (steady.total - idle))
        chosen = drifting if drifts else steady
        significance = np.maximum(chosen.significance / shared, _TINY)
        out[:, index] = np.clip(1 - SIGNIFICANT / significance, 0, 1) * chosen.amplitude
    return out


@dataclass(frozen=True, eq=False)
class _Mean:
    """Mean amplitude and significance (channels, harmonics), and how well it all adds up."""

    amplitude: Complex
    significance: NDArray[np.float64]
    total: float


def _mean_line(
    line: Complex, trust: NDArray[np.float64], off_s: Vector, k: Vector, reach_s: float
) -> _Mean:
    near = np.abs(off_s) <= reach_s
    weight = trust[:, near] * (0.5 + 0.5 * np.cos(np.pi * off_s[near] / reach_s))[:, None]
    total = weight.sum(axis=1) + _TINY
    drift_hz = np.arange(-DRIFT_HZ, DRIFT_HZ + DRIFT_STEP_HZ / 2, DRIFT_STEP_HZ)
    turn = np.exp(-2j * np.pi * off_s[near, None, None] * drift_hz[:, None] * k)
    summed = np.einsum("ctk,tdk->cdk", line[:, near] * weight, turn)
    strength = np.abs(summed) ** 2 / total[:, None, :]
    best = int(np.argmax(np.sqrt(strength).sum(axis=(0, 2))))
    return _Mean(summed[:, best] / total, strength[:, best], float(strength[:, best].sum()))
