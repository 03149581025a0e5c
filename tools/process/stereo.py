"""Stereo repairs: wider, narrower, centred again, and safe to add together to mono.

All of them work on the front pair and leave other channels and mono files alone. `widen` and
`narrow` change the side only: left + right stays what it was.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio, Block, FloatArray, blocks, map_blocks
from mixmend.tools.process.decorrelate import (
    bass_free,
    design_size,
    fitted_side_filter,
    typical_width,
)
from mixmend.tools.region import Region, blend
from mixmend.tools.stereo import PairPowers, pair_sums

Array = NDArray[np.float64]

# A side that exists is raised by 6 dB at most; what is missing then is made from the middle.
MAX_SIDE_GAIN = 2.0
# The made side is nowhere stronger than this against the middle, lest a tone leaves one channel.
MAX_MADE_RATIO = 0.8
# Music is rarely wider; `narrow` leaves anything below alone unless told a width.
WIDE = 0.9
# Differences below these are not worth touching the sound for.
_CLOSE_ENOUGH = 0.95
_CENTRED_DB = 1.0
# A channel this far below the other is dead: raising it would raise nothing but noise.
_DEAD_DB = 24.0
_REVERSED_CORRELATION = -0.3
# Music as wide as most loses up to this much in mono, and nobody minds.
SAFE_MONO_LOSS_DB = 1.5
_BLOCK_S = 10.0
_CONTEXT_S = 0.1


@dataclass(frozen=True, eq=False)
class _Spectra:
    """Long-term power of middle and side over frequency, from Hann windows end to end."""

    middle: Array
    side: Array
    freqs_hz: Array


def widen(
    audio: Audio,
    *,
    strength: float = 1.0,
    region: Region | None = None,
    target_width: float | None = None,
) -> Audio:
    """Bring side over middle RMS up to `target_width`, by default what such music usually has.

    `audio` (channels, frames); same shape, rate and alignment. A side that exists is raised by up
    to 6 dB above the bass, the rest is made from the middle by a decorrelator that adds nothing
    before the sound and stays out of the bass. Left + right is unchanged, so a mono fold is what it
    was. Sound that is wide enough comes back as it is (the same object).
    """
    if strength == 0 or audio.channels < 2:
        return audio
    spectra = _spectra(audio, region)
    middle, side = float(spectra.middle.sum()), float(spectra.side.sum())
    if middle <= 1e-14 * spectra.middle.size:
        return audio
    wanted = target_width
    if wanted is None:
        wanted = typical_width(spectra.middle, spectra.freqs_hz)
    if math.sqrt(side / middle) >= _CLOSE_ENOUGH * wanted:
        return audio
    missing = wanted**2 * middle - side
    high = float((spectra.side * bass_free(spectra.freqs_hz)).sum())
    gain = min(MAX_SIDE_GAIN, math.sqrt(1 + missing / high)) if high > 1e-9 * side else 1.0
    missing = max(0.0, missing - (gain**2 - 1) * high)
    after = _change_side(audio, gain, _made_side(spectra, missing, audio.sample_rate_hz))
    return blend(audio, after, strength=strength, region=region)


def usual_width(audio: Audio, region: Region | None = None) -> float | None:
    """Side over middle RMS that music with this spectrum usually has; None for silence or mono."""
    if audio.channels < 2:
        return None
    spectra = _spectra(audio, region)
    if float(spectra.middle.sum()) <= 1e-14 * spectra.middle.size:
        return None
    return typical_width(spectra.middle, spectra.freqs_hz)


def _made_side(spectra: _Spectra, power: float, rate: int) -> Array:
    """Taps that turn the middle into a side of that long-term power, shape (n,)."""
    taps = fitted_side_filter(rate, spectra.middle).taps
    response = np.fft.rfft(taps, design_size(rate))
    made = float((spectra.middle * np.square(np.abs(response))).sum())
    return taps * min(MAX_MADE_RATIO, math.sqrt(power / made)) if made > 0 else taps * 0.0


def narrow(
    audio: Audio,
    *,
    strength: float = 1.0,
    region: Region | None = None,
    target_width: float | None = None,
) -> Audio:
    """Bring side over middle RMS down to `target_width` (0.9, as wide as most music gets).

    Same shape, rate and alignment; left + right is unchanged. Sound that is narrow enough comes
    back as it is (the same object).
    """
    if strength == 0 or audio.channels < 2:
        return audio
    width = _powers(audio, region).width
    wanted = WIDE if target_width is None else target_width
    if width * _CLOSE_ENOUGH <= wanted:
        return audio
    gain = np.float32(wanted / width)

    def change(samples: FloatArray, _: Block) -> FloatArray:
        side = (samples[0] - samples[1]) * np.float32(0.5)
        return _with_more_side(samples, (gain - 1) * side)

    after = map_blocks(audio, change, block_s=_BLOCK_S, context_s=0)
    return blend(audio, after, strength=strength, region=region)


def rebalance(
    audio: Audio,
    *,
    strength: float = 1.0,
    region: Region | None = None,
) -> Audio:
    """Make left and right equally loud (RMS) at the same total power.

    Same shape, rate and alignment. A channel more than 24 dB below the other is dead and gets the
    other's sound instead of its own noise. Within 1 dB nothing changes (the same object).
    """
    if strength == 0 or audio.channels < 2:
        return audio
    powers = _powers(audio, region)
    balance_db = powers.balance_db
    if abs(balance_db) < _CENTRED_DB or powers.left + powers.right <= 0:
        return audio
    matrix = np.zeros((2, 2), dtype=np.float32)
    if abs(balance_db) > _DEAD_DB:
        matrix[:, 0 if balance_db > 0 else 1] = math.sqrt(0.5)
    else:
        mean = (powers.left + powers.right) / 2
        matrix[0, 0] = math.sqrt(mean / powers.left)
        matrix[1, 1] = math.sqrt(mean / powers.right)

    def change(samples: FloatArray, _: Block) -> FloatArray:
        changed = samples.copy()
        changed[:2] = matrix @ samples[:2]
        return changed

    after = map_blocks(audio, change, block_s=_BLOCK_S, context_s=0)
    return blend(audio, after, strength=strength, region=region)


def fix_mono_compatibility(
    audio: Audio,
    *,
    strength: float = 1.0,
    region: Region | None = None,
) -> Audio:
    """Keep the song whole when its channels are added together.

    Same shape, rate and alignment. A pair with correlation below -0.3 has one channel reversed:
    the right one is turned round (wholly, at any strength above 0: half a turn would silence it).
    What is still out of phase is narrowed where and when the side exceeds the middle by more than
    3 dB, from 6 dB on down to the middle; left + right is unchanged by that. Where mono costs less
    than 1.5 dB altogether, it is left alone.
    """
    from mixmend.tools.process.phase import tame_side

    if strength == 0 or audio.channels < 2:
        return audio
    correlation = _powers(audio, region).correlation
    turned = audio
    if correlation is not None and correlation < _REVERSED_CORRELATION:
        turned = blend(audio, _turn_right_round(audio), region=region)
    if _powers(turned, region).mono_loss_db < SAFE_MONO_LOSS_DB:
        return turned
    return blend(turned, tame_side(turned), strength=strength, region=region)


def _powers(audio: Audio, region: Region | None) -> PairPowers:
    if region is None:
        return pair_sums(audio).whole()
    return pair_sums(audio, region.start_s, region.end_s).whole()


def _spectra(audio: Audio, region: Region | None) -> _Spectra:
    rate = audio.sample_rate_hz
    first = audio.frame_at(region.start_s) if region else 0
    last = audio.frame_at(region.end_s) if region else audio.frames
    size = design_size(rate)
    part = Audio(audio.samples[:2, first:last], rate)
    window = np.hanning(size).astype(np.float32)
    middle, side = np.zeros(size // 2 + 1), np.zeros(size // 2 + 1)
    for block in blocks(part, 64 * size):
        pair = block.samples
        short = -pair.shape[1] % size
        frames = np.pad(pair, ((0, 0), (0, short))).reshape(2, -1, size)
        sums = np.stack([frames[0] + frames[1], frames[0] - frames[1]]) * (0.5 * window)
        power = np.square(np.abs(np.fft.rfft(sums, axis=2))).sum(axis=1, dtype=np.float64)
        middle += power[0]
        side += power[1]
    return _Spectra(middle, side, _bins_hz(size, rate))


def _bins_hz(size: int, rate: int) -> Array:
    return np.asarray(np.fft.rfftfreq(size, 1 / rate), dtype=np.float64)


def _with_more_side(samples: FloatArray, more: FloatArray) -> FloatArray:
    """`samples` with `more` added to the left and taken from the right."""
    changed = samples.copy()
    changed[0] += more
    changed[1] -= more
    return changed


def _change_side(audio: Audio, gain: float, taps: Array) -> Audio:
    """Raise the side by `gain` above the bass and add the middle through `taps`."""
    rate = audio.sample_rate_hz
    reach = taps.size

    def change(samples: FloatArray, _: Block) -> FloatArray:
        middle = (samples[0] + samples[1]) * np.float32(0.5)
        # Silence as long as the filters reach keeps the ends of a block apart.
        size = _fast_size(middle.size + 2 * reach)
        spectrum = np.fft.rfft(middle, size) * np.fft.rfft(taps, size).astype(np.complex64)
        if gain != 1:
            side = (samples[0] - samples[1]) * np.float32(0.5)
            raise_by = (gain - 1) * bass_free(_bins_hz(size, rate))
            spectrum += np.fft.rfft(side, size) * raise_by.astype(np.float32)
        more = np.fft.irfft(spectrum, size)[: middle.size].astype(np.float32)
        more[_long_silent(samples[:2], reach)] = 0
        return _with_more_side(samples, more)

    return map_blocks(audio, change, block_s=_BLOCK_S, context_s=max(_CONTEXT_S, reach / rate))


def _long_silent(pair: FloatArray, reach: int) -> NDArray[np.bool_]:
    """Frames with `reach` exact zeros behind them: silence must not pick up rounding noise.

    What lies before the piece counts as silent: it is the start, or context that is cut off again.
    """
    places = np.arange(pair.shape[1])
    last = np.maximum.accumulate(np.where(pair.any(axis=0), places, -reach - 1))
    return np.asarray(places - last > reach)


def _fast_size(least: int) -> int:
    """Smallest 2^a or 3 * 2^a that is at least `least`."""
    power = 1 << math.ceil(math.log2(least))
    return 3 * power // 4 if 3 * power // 4 >= least else power


def _turn_right_round(audio: Audio) -> Audio:
    def change(samples: FloatArray, _: Block) -> FloatArray:
        samples[1] *= -1  # a block is a copy
        return samples

    return map_blocks(audio, change, block_s=_BLOCK_S, context_s=0)
