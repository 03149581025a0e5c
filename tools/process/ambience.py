"""A little room for music that has none: a short, quiet, wide tail behind the sound.

Velvet-noise reverberation (Karjalainen and Järveläinen 2007; Välimäki and others 2017): a sparse
row of signed impulses, whose density sounds smooth from some 1,500 a second, under an exponential
decay. The tail is pure side (plus to one channel, minus to the other), so the middle, and with it
the mono fold, stays as it was.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio, Block, FloatArray, map_blocks
from mixmend.tools.region import Region, blend

Floats = NDArray[np.float32]

RT60_S = 0.65
LENGTH_S = 0.7
PREDELAY_S = 0.012
IMPULSES_PER_S = 2000
LOWEST_HZ = 250.0
HIGHEST_HZ = 7000.0
TAIL_DB = -14.0
BLOCK_S = 20.0


def add_room(audio: Audio, *, strength: float = 1.0, region: Region | None = None) -> Audio:
    """A subtle ambience behind `audio` (channels, frames), any rate; same shape and alignment.

    The tail lies 14 dB under the sound at full strength, between 250 Hz and 7 kHz. Stereo gets it
    as a side signal: left plus right is unchanged. Mono gets it added; of more than two channels
    only the front pair is touched. `strength` 0 returns `audio` itself. Source: see the module.
    """
    if strength == 0.0 or audio.frames == 0:
        return audio
    tail = room_tail(audio.sample_rate_hz)

    def change(samples: FloatArray, _: Block) -> FloatArray:
        from scipy.signal import oaconvolve

        front = samples[:2]
        wet = oaconvolve(front.mean(axis=0), tail)[: samples.shape[1]].astype(np.float32)
        out = samples.copy()
        if samples.shape[0] == 1:
            out[0] += wet
        else:
            out[0] += wet
            out[1] -= wet
        return out

    roomy = map_blocks(audio, change, block_s=BLOCK_S, context_s=LENGTH_S + PREDELAY_S + 0.1)
    return blend(audio, roomy, strength=strength, region=region)


def room_tail(rate_hz: int, seed: int = 11) -> Floats:
    """Band-limited velvet noise (frames,) that decays by 60 dB in `RT60_S`; energy `TAIL_DB`."""
    from scipy.signal import butter, sosfilt

    rng = np.random.default_rng(seed)
    predelay = round(PREDELAY_S * rate_hz)
    # Times are drawn in seconds, so that every rate hears the same room.
    slots_s = np.arange(int(LENGTH_S * IMPULSES_PER_S)) / IMPULSES_PER_S
    times_s = slots_s + rng.uniform(0, 1 / IMPULSES_PER_S, slots_s.size)
    signs = rng.choice([-1.0, 1.0], slots_s.size)
    tail = np.zeros(predelay + round((LENGTH_S + 0.01) * rate_hz))
    np.add.at(tail, predelay + np.round(times_s * rate_hz).astype(int), signs * _decay(times_s))
    highest = min(HIGHEST_HZ, 0.45 * rate_hz)
    tail = sosfilt(butter(2, LOWEST_HZ, "high", fs=rate_hz, output="sos"), tail)
    tail = sosfilt(butter(1, highest, "low", fs=rate_hz, output="sos"), tail)
    tail *= 10 ** (TAIL_DB / 20) / np.sqrt(np.sum(tail**2))
    return np.asarray(tail, dtype=np.float32)


def _decay(times_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Exponential decay that rises within 10 ms and ends in a short fade."""
    rise = np.minimum(1.0, times_s / 0.01)
    fall = np.clip((LENGTH_S - times_s) / 0.05, 0, 1)
    return np.asarray(10 ** (-3 * times_s / RT60_S) * rise * fall)
