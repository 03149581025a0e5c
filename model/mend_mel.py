"""The space in which engine `mendflow` works: log mel spectra of middle and side.

Frames of 2048 samples at 44.1 kHz, 1024 apart (43 a second), 96 bands from 20 Hz to the Nyquist
frequency. Levels are dB re full scale. Nothing is decoded from it: what a flow changes here becomes
a gain on the recording's own spectrum (see `flow_render.apply_gains`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mixmend.model.flow_render import band_filters, band_power
from mixmend.tools.audio import Audio, FloatArray, blocks
from mixmend.tools.resample import resample

RATE_HZ = 44100
HOP = 1024
FFT = 2048
BANDS = 96
SIDES = 2
FLOOR_DB = -160.0
# What the model hears of anything fainter: the floor of the music that it learnt from.
HEARD_FLOOR_DB = -115.0
DARKEST_SIDE_DB = -40.0

Mel = NDArray[np.float32]

_BLOCK_FRAMES = 512


def log_mel_db(wave: FloatArray) -> Mel:
    """Levels (2, frames, 96) of middle and side of `wave` (2, n at 44.1 kHz), dB re full scale.

    Frame i is centred at sample 1024 i; nothing is below -160 dB.
    """
    power = band_power(wave, BANDS, HOP) / band_filters(BANDS).sum(axis=0)
    return np.asarray(10 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10))), dtype=np.float32)


def song_mel_db(audio: Audio) -> Mel:
    """`log_mel_db` of a song of any length, rate and of one or two channels, block by block."""
    sound = resample(audio, RATE_HZ)
    pieces = []
    for block in blocks(sound, _BLOCK_FRAMES * HOP, context_frames=2 * HOP):
        wave = block.samples if sound.channels == 2 else np.repeat(block.samples[:1], 2, axis=0)
        # A block begins at a frame of the grid, and so does what it hears before.
        lead = block.before // HOP
        found = log_mel_db(np.ascontiguousarray(wave))
        count = -(-(block.stop - block.start) // HOP)
        if block.stop == sound.frames:
            count = found.shape[1] - lead
        pieces.append(found[:, lead : lead + count])
    return np.concatenate(pieces, axis=1)


def level_db(mel_db: Mel) -> float:
    """RMS level of the middle over the whole of (2, frames, bands), dB re full scale."""
    power = np.power(10.0, mel_db[0] / 10) @ band_filters(BANDS).sum(axis=0)
    return float(10 * np.log10(max(float(power.mean()), 1e-12)))


def with_side_floor(mel_db: Mel) -> Mel:
    """The side no fainter than 40 dB under the middle, where it is no part of the sound."""
    out = mel_db.copy()
    out[1] = np.maximum(mel_db[1], mel_db[0] + np.float32(DARKEST_SIDE_DB))
    return out


def as_heard(mel_db: Mel) -> Mel:
    """Levels (2, frames, bands) as the model hears them: floors of the side and of everything."""
    return with_floors(mel_db, HEARD_FLOOR_DB)


def with_floors(mel_db: Mel, floor_db: float) -> Mel:
    """The side no fainter than 40 dB under the middle, and nothing below `floor_db`."""
    return np.maximum(with_side_floor(mel_db), np.float32(floor_db))
