"""Take steady broadband noise out of music with a Wiener-type gain that cannot ring.

The noise spectrum comes from `tools.hiss`: only noise that is really heard in quiet moments is
removed. Signal-to-noise ratio is estimated in two shapes of neighbourhood, long in time for tones
and wide in frequency for attacks, and the better one counts; so tones, attacks and reverberation
survive and no isolated bin blinks (musical noise; Cappé 1994). The gain has a floor: a little even
noise masks what is left better than silence.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio, Block, FloatArray, map_blocks
from mixmend.tools.hiss import NoiseProfile, noise_profiles
from mixmend.tools.process.overlap import Spectrum, root_hann, take_away
from mixmend.tools.region import Region, blend

Matrix = NDArray[np.float32]

WINDOW_S = 0.0465
OVERLAP = 4
DEEPEST_DB = -18.0
LONG_FRAMES, WIDE_BINS = 13, 15
# The larger of two noisy estimates runs high: what noise alone gives must count as noise.
BIAS = 1.6
SLOPE = 1.0


def denoise(
    audio: Audio,
    *,
    strength: float = 1.0,
    region: Region | None = None,
    profiles: list[NoiseProfile] | None = None,
) -> Audio:
    """Reduce hiss in `audio` (channels, frames); `profiles`, one a channel, when known already.

    Same length, rate and alignment. Where no steady noise is heard the input comes back.
    """
    if strength == 0.0:
        return audio
    profiles = noise_profiles(audio) if profiles is None else profiles
    if not any(profile.found for profile in profiles):
        return audio
    rate = audio.sample_rate_hz
    window = int(2 ** max(6, round(np.log2(WINDOW_S * rate))))
    freq_hz = np.fft.rfftfreq(window, 1 / rate).astype(np.float64)
    scale = float(np.sum(root_hann(window) ** 2)) * rate / 2
    noise = [
        (profile.power_at(freq_hz) * scale).astype(np.float32) if profile.found else None
        for profile in profiles
    ]

    def clean(samples: FloatArray, block: Block) -> FloatArray:
        out = samples.copy()
        for channel, power in enumerate(noise):
            if power is not None:
                removal = partial(_removal, noise=power)
                first = block.start - block.before
                out[channel] = take_away(samples[channel], first, window, OVERLAP, removal)
        return out

    after = map_blocks(audio, clean, block_s=20.0, context_s=1.0)
    return blend(audio, after, strength=strength, region=region)


def _removal(spectrum: Spectrum, _: int, noise: Matrix) -> Matrix:
    return 1 - gain_of(spectrum.real**2 + spectrum.imag**2, noise)


def gain_of(power: Matrix, noise: Matrix) -> Matrix:
    """Gain (frames, bins) for a power spectrogram of the same shape over noise (bins,)."""
    from scipy.ndimage import uniform_filter1d

    ratio = power / (noise + np.float32(1e-20))
    tone = uniform_filter1d(ratio, LONG_FRAMES, axis=0, mode="nearest")
    attack = uniform_filter1d(ratio, WIDE_BINS, axis=1, mode="nearest")
    signal = np.maximum(np.maximum(tone, attack) - np.float32(BIAS), 0)
    gain = signal / (signal + np.float32(SLOPE))
    lowest = np.float32(10 ** (DEEPEST_DB / 20))
    return np.asarray(np.maximum(gain, lowest), dtype=np.float32)
