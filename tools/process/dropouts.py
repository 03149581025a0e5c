"""Fill dropouts from the sound on both sides; everything else stays bit-exact.

Short gaps are filled by a long autoregressive model fitted to both sides (Janssen, Veldhuis and
Vries 1986). In longer ones that dies away towards the middle, so there the best-fitting piece of
the same song is laid in: the one whose own surroundings are most like those of the gap.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio, FloatArray, map_blocks
from mixmend.tools.dropouts import Gap, find_gaps
from mixmend.tools.process.interpolate import extend, fill_gap
from mixmend.tools.region import Region, blend

Vector = NDArray[np.float64]

CONTEXT_S = 0.1
ORDER = 1000
SHORT_S, LONGEST_FILL_S = 0.05, 0.1
FADE_S = 0.02
# Dropouts fade out and in over up to 3 ms, and gaps are known to one 2 ms step.
EDGE_S = 0.0035
SEARCH_S = 4.0
TEMPLATE_S = 0.06
LOUDEST = 2.0


def fill_dropouts(
    audio: Audio,
    *,
    strength: float = 1.0,
    region: Region | None = None,
    gaps: list[Gap] | None = None,
) -> Audio:
    """Fill the gaps of `audio` (channels, frames); `gaps` when they are known already.

    Same length, rate and alignment; samples more than 4 ms from a gap are bit-exact.
    """
    if strength == 0.0:
        return audio
    gaps = find_gaps(audio) if gaps is None else gaps
    if not gaps:
        return audio
    after = map_blocks(audio, lambda samples, _: samples, context_s=0.0)
    for gap in gaps:
        start, stop = whole_gap(audio, gap)
        after.samples[gap.channel, start:stop] = _filling(after, gap.channel, start, stop)
    return blend(audio, after, strength=strength, region=region)


def whole_gap(audio: Audio, gap: Gap) -> tuple[int, int]:
    """First and last frame of what is missing or faded."""
    edge = round(EDGE_S * audio.sample_rate_hz)
    return max(0, gap.start - edge), min(audio.frames, gap.stop + edge)


def _filling(audio: Audio, channel: int, start: int, stop: int) -> FloatArray:
    rate, size = audio.sample_rate_hz, stop - start
    context = max(round(CONTEXT_S * rate), size)
    first, last = max(0, start - context), min(audio.frames, stop + context)
    near = audio.samples[channel, first:last].astype(np.float64)
    left, right = near[: start - first], near[stop - first :]
    order = round(ORDER * rate / 44100)
    patch = _patch(audio, channel, start, stop) if size > SHORT_S * rate else None
    if patch is None and size <= LONGEST_FILL_S * rate:
        return fill_gap(near, start - first, stop - first, order).astype(np.float32)
    fade = min(size // 2, round(FADE_S * rate))
    before, after = extend(left, fade, order), extend(right[::-1], fade, order)[::-1]
    filled = np.zeros(size) if patch is None else patch
    # Sine and cosine keep the power where the two are unlike.
    turn = np.pi / 2 * (0.5 - 0.5 * np.cos(np.pi * np.arange(fade) / fade))
    filled[:fade] = np.cos(turn) * before + np.sin(turn) * filled[:fade]
    filled[size - fade :] = np.cos(turn[::-1]) * after + np.sin(turn[::-1]) * filled[size - fade :]
    return filled.astype(np.float32)


def _patch(audio: Audio, channel: int, start: int, stop: int) -> Vector | None:
    """The piece within `SEARCH_S` whose surroundings correlate best with those of the gap."""
    from scipy.signal import fftconvolve

    rate, size = audio.sample_rate_hz, stop - start
    reach, side = round(SEARCH_S * rate), round(TEMPLATE_S * rate)
    first, last = max(0, start - reach), min(audio.frames, stop + reach)
    wave = audio.samples[channel, first:last].astype(np.float64)
    at = start - first
    if at < side or wave.size - at - size < side:
        return None
    template = wave[at - side : at + size + side].copy()
    template[side : side + size] = 0.0
    known = np.ones(template.size)
    known[side : side + size] = 0.0
    match = fftconvolve(wave, template[::-1], "valid")
    power = fftconvolve(wave**2, known[::-1], "valid")
    energy = float(np.sum(template**2))
    if energy <= 0:
        return None
    likeness = match / np.sqrt(np.maximum(power, 1e-3 * energy) * energy)
    # A drum inside the gap would be one too many: the piece must not outgrow its surroundings.
    within = fftconvolve(wave**2, 1 - known, "valid")
    likeness[within * 2 * side > LOUDEST * size * power] = -2.0
    # The gap itself and its flanks are no source.
    own = slice(max(0, at - side - size - side), at + size)
    likeness[own] = -2.0
    best = int(np.argmax(likeness))
    if likeness[best] <= 0:
        return None
    gain = float(np.clip(np.sqrt(energy / max(power[best], 1e-12)), 0.5, 2.0))
    return gain * wave[best + side : best + side + size]
