"""Tame sibilants: the band around them is turned down while one lasts, and only then."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio, Block, FloatArray, map_blocks
from mixmend.tools.process.overlap import Spectrum, take_away
from mixmend.tools.region import Region, blend
from mixmend.tools.sibilance import SibilantBands, find_bursts, sibilant_bands

Vector = NDArray[np.float64]

BAND_HZ = (4500.0, 10000.0)
FLANK_OCTAVES = 0.25
# A burst may stand this far over the song's usual balance of sibilant and presence band.
USUAL_MARGIN_DB = 12.0
LOWEST_LIMIT_DB, HIGHEST_LIMIT_DB = -3.0, 3.0
MAX_REDUCTION_DB = 12.0
OVERLAP = 4


def deess(audio: Audio, *, strength: float = 1.0, region: Region | None = None) -> Audio:
    """Turn sibilants in `audio` (channels, frames) down to where they no longer stick out.

    Same length, rate and alignment, all channels alike; bit-exact away from sibilants.
    """
    if strength == 0.0:
        return audio
    bands = sibilant_bands(audio)
    if bands is None:
        return audio
    reduction_db = planned_reduction_db(bands)
    if not reduction_db.any():
        return audio
    rate, window = audio.sample_rate_hz, 2 * bands.hop
    shape = _band_shape(np.fft.rfftfreq(window, 1 / rate).astype(np.float64))
    centre = np.arange(reduction_db.size) * bands.hop

    def removal(spectrum: Spectrum, first_centre: int) -> NDArray[np.float32]:
        at = first_centre + np.arange(spectrum.shape[0]) * (window // OVERLAP)
        here_db = np.interp(at, centre, reduction_db, left=0.0, right=0.0)
        gain = 10 ** (-here_db[:, None] * shape / 20)
        return np.asarray(1 - gain, dtype=np.float32)

    def tame(samples: FloatArray, block: Block) -> FloatArray:
        first = block.start - block.before
        return np.stack([take_away(one, first, window, OVERLAP, removal) for one in samples])

    after = map_blocks(audio, tame, block_s=20.0, context_s=0.5)
    return blend(audio, after, strength=strength, region=region)


def planned_reduction_db(bands: SibilantBands) -> Vector:
    """How far to turn the band down in each frame (frames,), in dB."""
    bursts = find_bursts(bands)
    usual_db = float(np.median(bands.ratio_db))
    limit_db = float(np.clip(usual_db + USUAL_MARGIN_DB, LOWEST_LIMIT_DB, HIGHEST_LIMIT_DB))
    reduction = np.zeros(bands.sibilant_db.size)
    for start, stop, excess_db in zip(bursts.start, bursts.stop, bursts.excess_db, strict=True):
        if excess_db <= limit_db:
            continue
        over_db = bands.ratio_db[start:stop] - limit_db
        reduction[start:stop] = np.clip(over_db, 0.0, MAX_REDUCTION_DB)
    # One frame (12 ms) of glide on both sides.
    padded = np.pad(reduction, 1)
    glide = np.maximum(padded[:-2], padded[2:]) / 2
    return np.maximum(reduction, glide)


def _band_shape(freq_hz: Vector) -> Vector:
    octave = np.log2(np.maximum(freq_hz, 1.0))
    low, high = np.log2(BAND_HZ[0]), np.log2(BAND_HZ[1])
    outside = np.maximum(low - octave, octave - high)
    return np.asarray(0.5 + 0.5 * np.cos(np.pi * np.clip(outside / FLANK_OCTAVES, 0, 1)))
