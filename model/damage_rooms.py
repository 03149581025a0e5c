"""Room responses: shoebox rooms by mirror images, and halls made of shaped noise.

The shoebox follows Allen and Berkley (1979), "Image method for efficiently simulating small-room
acoustics", with sub-sample arrival times and wall absorption that may depend on frequency.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixmend.model.damage import DoubleArray

SPEED_OF_SOUND_M_S = 343.0
IMAGE_ORDER = 10
# Centres of the bands in which walls absorb and halls decay.
BANDS_HZ = (125, 250, 500, 1000, 2000, 4000, 8000, 12000, 16000, 20000)
_SINC_HALF = 20


@dataclass(frozen=True, eq=False)
class Shoebox:
    """A room: size, source and microphone in metres, (3,); energy absorption (6 walls, bands).

    Walls come as the two of the x axis, of y and of z; one band means the same at all frequencies.
    """

    size_m: DoubleArray
    source_m: DoubleArray
    microphone_m: DoubleArray
    absorption: DoubleArray


def shoebox_response(room: Shoebox, rate_hz: int) -> DoubleArray:
    """Response (taps,) from the direct sound on, which arrives at tap 0 with amplitude 1."""
    steps = np.arange(-IMAGE_ORDER, IMAGE_ORDER + 1)
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    grid = grid[np.abs(grid).sum(axis=1) <= IMAGE_ORDER]
    odd = grid % 2 != 0
    places = grid * room.size_m + np.where(odd, room.size_m - room.source_m, room.source_m)
    distances_m = np.linalg.norm(places - room.microphone_m, axis=1)
    direct_m = max(float(np.linalg.norm(room.source_m - room.microphone_m)), 0.1)
    # An image n rooms away has met the far wall ceil(n/2) times and the near one floor(n/2) times.
    far = np.where(grid >= 0, (grid + 1) // 2, -grid // 2)
    near = np.abs(grid) - far
    hits = np.stack([near, far], axis=2).reshape(len(grid), 6)
    reflection = np.sqrt(np.clip(1 - room.absorption, 1e-6, 1.0))
    amplitudes = (
        np.exp(hits @ np.log(reflection)) * (direct_m / np.maximum(distances_m, 0.1))[:, None]
    )
    delays = np.maximum(distances_m - direct_m, 0.0) / SPEED_OF_SOUND_M_S * rate_hz
    trains = _impulses(delays, amplitudes)
    return trains[0] if len(trains) == 1 else _join_bands(trains, rate_hz)


def _impulses(delays: DoubleArray, amplitudes: DoubleArray) -> DoubleArray:
    """Band-limited impulses (bands, taps) at fractional `delays` (n,); amplitudes (n, bands)."""
    whole = np.round(delays).astype(np.int64)
    taps = np.arange(-_SINC_HALF, _SINC_HALF + 1)
    window = 0.5 + 0.5 * np.cos(np.pi * taps / (_SINC_HALF + 1))
    shapes = np.sinc(taps[None, :] - (delays - whole)[:, None]) * window
    out = np.zeros((amplitudes.shape[1], int(whole.max()) + 2 * _SINC_HALF + 1))
    places = (whole[:, None] + taps[None, :] + _SINC_HALF).ravel()
    for band, weights in enumerate(amplitudes.T):
        np.add.at(out[band], places, (shapes * weights[:, None]).ravel())
    # The direct sound sits at tap 0 exactly; what would ring before it is left out.
    return out[:, _SINC_HALF:]


def _join_bands(trains: DoubleArray, rate_hz: int) -> DoubleArray:
    """Sum of the bands' trains (bands, taps), each weighted around its own centre frequency."""
    size = 2 * trains.shape[1]
    spectrum = np.sum(np.fft.rfft(trains, size) * band_weights(size, rate_hz), axis=0)
    return np.asarray(np.fft.irfft(spectrum, size)[: trains.shape[1]])


def band_weights(size: int, rate_hz: int) -> DoubleArray:
    """Weights (bands, size // 2 + 1) that fade between neighbouring bands and add up to one."""
    centres = np.log(np.array(BANDS_HZ))
    freqs = np.log(np.maximum(np.fft.rfftfreq(size, 1 / rate_hz), 1.0))
    return np.stack([np.interp(freqs, centres, row) for row in np.eye(len(BANDS_HZ))])


@dataclass(frozen=True)
class Hall:
    """A large room heard from one seat; `rt60_s` at 1 kHz, ratios of it at 125 Hz and 8 kHz."""

    rt60_s: float
    low_ratio: float
    high_ratio: float
    direct_to_reverberant_db: float
    predelay_s: float
    early_reflections: int
    seed: int


def hall_responses(hall: Hall, channels: int, rate_hz: int) -> DoubleArray:
    """Responses (channels, taps): direct sound 1 at tap 0, early reflections, decaying noise.

    Each band of the noise decays at its own rate (Moorer 1979, "About this reverberation
    business"); channels share the direct sound and have their own reflections and tails.
    """
    from scipy.fft import next_fast_len

    rng = np.random.default_rng(hall.seed)
    ratios = np.interp(
        np.log(BANDS_HZ), np.log([125, 1000, 8000]), [hall.low_ratio, 1.0, hall.high_ratio]
    )
    rt60_s = hall.rt60_s * ratios
    frames = next_fast_len(max(2, round(min(float(rt60_s.max()), 6.0) * rate_hz)), real=True)
    time_s = np.arange(frames) / rate_hz
    weights = band_weights(frames, rate_hz)
    start = round(hall.predelay_s * rate_hz)
    out = np.zeros((channels, frames))
    for channel in out:
        noise = np.fft.rfft(rng.standard_normal(frames))
        for weight, decay_s in zip(weights, rt60_s, strict=True):
            channel += np.fft.irfft(noise * weight, frames) * 10 ** (-3 * time_s / decay_s)
        channel *= np.minimum(1.0, time_s / 0.05)
        channel[:] = np.concatenate([np.zeros(start), channel])[:frames]
        channel *= 1 / np.sqrt(max(float(np.sum(channel**2)), 1e-12))
        early_s = hall.predelay_s + rng.uniform(0.004, 0.08, hall.early_reflections)
        at = np.minimum(np.round(early_s * rate_hz).astype(np.int64), frames - 1)
        early = rng.choice([-1.0, 1.0], at.size) * 0.1 / (1 + early_s / 0.02)
        np.add.at(channel, at, early / np.sqrt(max(1, at.size)) * 3)
        channel *= 10 ** (-hall.direct_to_reverberant_db / 20)
        channel[0] = 1.0
    return out
