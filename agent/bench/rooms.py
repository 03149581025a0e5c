"""Room responses for the reverberation benchmark and for fitting: simulated, seeded, with truth.

Shoebox rooms come from `pyroomacoustics` (the `bench` extra); exponentially decaying noise stands
in for recorded rooms. Every response starts at its direct peak, as the published damage has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["shoebox", "traced", "small", "big", "mix", "real"]
Floats = NDArray[np.float64]

EARLY_S = 0.05
DIRECT_S = 0.0025


@dataclass(frozen=True, eq=False)
class Room:
    """A response (frames,) starting at the direct peak, and what it measures itself."""

    kind: Kind
    response: NDArray[np.float32]
    rate_hz: int
    rt60_s: float
    drr_db: float
    late_share: float


def schroeder_rt60(response: Floats, rate_hz: int) -> float:
    """Reverberation time in s: T30 from backward integration, or T20 (ISO 3382-1, Schroeder 1965).

    A line is fitted to the energy decay from -5 to -35 dB and continued to -60 dB.
    """
    energy = np.cumsum(response[::-1] ** 2)[::-1]
    decay_db = 10 * np.log10(np.maximum(energy / energy[0], 1e-12))
    for depth in (35.0, 25.0):
        inside = np.flatnonzero((decay_db <= -5) & (decay_db >= -depth))
        if inside.size >= 8 and decay_db[inside[-1]] < -depth + 2:
            slope = np.polyfit(inside / rate_hz, decay_db[inside], 1)[0]
            return float(-60 / slope)
    return float("nan")


def from_response(kind: Kind, response: Floats, rate_hz: int) -> Room:
    """Cut a response at its highest peak, scale it to unit peak and measure it."""
    direct = int(np.argmax(np.abs(response)))
    cut = response[direct:] / np.max(np.abs(response))
    near, early = round(DIRECT_S * rate_hz), round(EARLY_S * rate_hz)
    energy = cut**2
    tail = float(np.sum(energy[near:]))
    drr_db = 10 * np.log10(float(np.sum(energy[:near])) / max(tail, 1e-12))
    late = float(np.sum(energy[early:]) / np.sum(energy))
    rt60_s = schroeder_rt60(cut, rate_hz)
    return Room(kind, cut.astype(np.float32), rate_hz, rt60_s, float(drr_db), late)


def simulate(kind: Kind, seed: int, rate_hz: int) -> Room:
    """One room of a kind; a seed gives the same room on every machine."""
    rng = np.random.default_rng([seed, len(kind), ord(kind[0])])
    for _ in range(50):
        room = from_response(kind, _response(kind, rng, rate_hz), rate_hz)
        if 0.1 <= room.rt60_s <= 4.5:
            return room
    raise RuntimeError(f"no usable {kind} room found from seed {seed}")


def _response(kind: Kind, rng: np.random.Generator, rate_hz: int) -> Floats:
    if kind == "real":
        return _noise_room(rng, rate_hz)
    if kind in ("shoebox", "traced"):
        return _sabine_room(rng, rate_hz, traced=kind == "traced")
    return _published_room(kind, rng, rate_hz)


def _sabine_room(rng: np.random.Generator, rate_hz: int, *, traced: bool) -> Floats:
    """A shoebox meant to ring for 0.2 to 4 s; truncated orders ring shorter, which is measured."""
    import pyroomacoustics as pra

    while True:
        scale = rng.uniform(0, 1)
        dims = np.array([3 + 12 * scale, 3 + 15 * scale, 2.5 + 7.5 * scale])
        dims *= rng.uniform(0.8, 1.25, 3)
        wish_s = 0.2 * 20 ** rng.uniform() ** 0.8
        try:
            absorption, order = pra.inverse_sabine(wish_s, list(dims))
        except ValueError:
            continue
        break
    if traced:
        room = pra.ShoeBox(
            list(dims),
            fs=rate_hz,
            materials=pra.Material(absorption, scattering=rng.uniform(0.05, 0.4)),
            max_order=3,
            ray_tracing=True,
            air_absorption=bool(rng.integers(2)),
        )
        room.set_ray_tracing(n_rays=2500, receiver_radius=0.5)
    else:
        room = pra.ShoeBox(
            list(dims),
            fs=rate_hz,
            materials=pra.Material(absorption),
            max_order=int(min(order, rng.integers(12, 85))),
            air_absorption=bool(rng.integers(2)),
        )
    return _place(room, dims, rng)


def _published_room(kind: Kind, rng: np.random.Generator, rate_hz: int) -> Floats:
    import pyroomacoustics as pra

    low, high = {
        "small": ((3, 3, 2.5), (7, 9, 4)),
        "big": ((7, 8, 4), (15, 18, 14)),
        "mix": ((4, 4, 2.5), (8, 7, 3.5)),
    }[str(kind)]
    dims = rng.uniform(low, high)
    material: object
    if kind == "mix":
        walls = ["east", "west", "north", "south", "ceiling", "floor"]
        soft = set(rng.choice(walls, rng.integers(1, 3), replace=False))
        material = {
            wall: pra.Material(rng.uniform(0.5, 0.95) if wall in soft else rng.uniform(0.02, 0.1))
            for wall in walls
        }
    else:
        material = pra.Material(rng.uniform(0.05, 0.3))
    room = pra.ShoeBox(list(dims), fs=rate_hz, materials=material, max_order=10)
    return _place(room, dims, rng)


def _place(room: object, dims: Floats, rng: np.random.Generator) -> Floats:
    """Source and microphone anywhere, half a metre off the walls and off each other."""
    while True:
        source, microphone = rng.uniform(0.5, dims - 0.5), rng.uniform(0.5, dims - 0.5)
        if np.linalg.norm(source - microphone) > 0.5:
            break
    room.add_source(list(source))  # type: ignore[attr-defined]
    room.add_microphone(list(microphone))  # type: ignore[attr-defined]
    room.compute_rir()  # type: ignore[attr-defined]
    return np.asarray(room.rir[0][0], dtype=np.float64)  # type: ignore[attr-defined]


def _noise_room(rng: np.random.Generator, rate_hz: int) -> Floats:
    """Direct sound, a few early reflections and a noise tail whose treble dies sooner."""
    from scipy.signal import butter, sosfilt

    rt60_s = 0.2 * 22 ** rng.uniform()
    frames = round(1.3 * rt60_s * rate_hz) + rate_hz // 10
    time_s = np.arange(frames) / rate_hz
    edges = [120, 300, 800, 2000, 5000, min(9500, 0.45 * rate_hz)]
    treble = rng.uniform(0.25, 1.0)
    tail = np.zeros(frames)
    for band, edge in enumerate(edges[:-1]):
        noise = sosfilt(
            butter(2, [edge, edges[band + 1]], "band", fs=rate_hz, output="sos"),
            rng.standard_normal(frames),
        )
        ring_s = rt60_s * treble ** (band / 4) * rng.uniform(0.85, 1.15)
        tail += noise * np.exp(-6.9078 * time_s / ring_s) * rng.uniform(0.7, 1.3)
    onset_s = rng.uniform(0.002, 0.03)
    tail *= np.clip(time_s / onset_s, 0, 1)
    early = np.zeros(frames)
    for at_s in rng.uniform(0.001, 0.05, rng.integers(3, 15)):
        early[round(at_s * rate_hz)] += rng.choice([-1, 1]) * rng.uniform(0.1, 0.6)
    drr_db = rng.uniform(-10, 8)
    reverb = early * np.sqrt(np.sum(tail**2)) * 0.3 + tail
    reverb *= 10 ** (-drr_db / 20) / np.sqrt(np.sum(reverb**2))
    reverb[0] += 1.0
    if np.max(np.abs(reverb)) > 1.0:
        reverb[0] = 1.05 * np.max(np.abs(reverb))
    return np.asarray(reverb)
