"""Less room: late-reverberation suppression on the song's own phase.

Lebart, Boucher and Denbigh (2001), Habets (2009): in every band the power a moment ago, decayed
as the measured room decays, is taken for the late part and subtracted. Besides, a part of the
room's colouring is taken out of the long-term spectrum. Two other ways were measured and lost:
delayed linear prediction (WPE, Nakatani et al. 2010), which moved even dry music far, and a learnt
gain, which left the measured reverberance almost where it was (docs/processing/reverb.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio, Block, FloatArray, blocks, map_blocks
from mixmend.tools.region import Region, blend
from mixmend.tools.reverb import room_figures

Floats = NDArray[np.float32]
Complexes = NDArray[np.complex64]

HOP_S = 0.0116
LINEAR_UP_TO_HZ = 1000.0
BANDS_PER_OCTAVE = 12
LATE_AFTER_S = 0.05
OVERSUBTRACTION = 0.9
LEAST_GAIN = 0.25
SHORTEST_RT60_S, LONGEST_RT60_S = 0.15, 4.0
BLOCK_S = 12.0
CONTEXT_S = 0.5
# Long songs are surveyed in this many seconds, spread evenly.
SURVEY_S = 120.0
SILENCE = 1e-12
# A room lifts some frequencies by chance and the bass by build-up; leaning the long-term spectrum
# back towards its own course over this many bins each way undoes some of it.
DECOLOUR = 0.2
DECOLOUR_UP_TO_HZ = 3000.0
DECOLOUR_BINS = 40
DECOLOUR_LIMIT_DB = 6.0
# Share of late energy below which a song counts as dry, and above which as wet throughout; a small
# room measures nearly dry, so some of the repair is left to whoever asks for it.
DRY_SHARE, WET_SHARE = 0.1, 0.3
LEAST_WETNESS = 0.35


@dataclass(frozen=True, eq=False)
class Transform:
    """Square-root Hann STFT with four-fold overlap on a grid of whole hops."""

    rate_hz: int

    @property
    def hop(self) -> int:
        return max(4, round(HOP_S * self.rate_hz))

    @property
    def size(self) -> int:
        return 4 * self.hop

    @property
    def window(self) -> Floats:
        time = np.arange(self.size) / self.size
        return np.asarray(np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * time)), dtype=np.float32)

    @property
    def bands(self) -> NDArray[np.intp]:
        return band_of_bins(self.size // 2 + 1, self.rate_hz, self.size)

    def forward(self, samples: FloatArray) -> Complexes:
        """(channels, frames) to (channels, times, bins)."""
        from scipy.fft import rfft

        padded = np.pad(samples, ((0, 0), (self.size, 2 * self.size)))
        view = np.lib.stride_tricks.sliding_window_view(padded, self.size, axis=1)
        return np.asarray(rfft(view[:, :: self.hop] * self.window, axis=2), dtype=np.complex64)

    def inverse(self, spectrum: Complexes, frames: int) -> FloatArray:
        """(channels, times, bins) back to (channels, frames)."""
        from scipy.fft import irfft

        pieces = irfft(spectrum, self.size, axis=2) * (self.window / 2)
        channels, times, _ = pieces.shape
        quarters = pieces.reshape(channels, times, 4, self.hop)
        out = np.zeros((channels, times + 3, self.hop), dtype=np.float32)
        for quarter in range(4):
            out[:, quarter : quarter + times] += quarters[:, :, quarter]
        return out.reshape(channels, -1)[:, self.size : self.size + frames]


@dataclass(frozen=True, eq=False)
class Survey:
    """How long the room rings, the gain (bins,) in dB that evens its tone, wetness 0..1."""

    rt60_s: float
    even_db: Floats
    wetness: float


def dereverb(audio: Audio, *, strength: float = 1.0, region: Region | None = None) -> Audio:
    """Less reverberation: `audio` (channels, frames), any rate; the same shape and alignment.

    One gain for all channels per band and moment, so the stereo picture stays; the long-term
    level is kept and a song that measures dry is changed less. `strength` 0..1 scales the gain
    in dB, 0 returns `audio` itself; nothing changes outside `region`. Sources: see the module.
    """
    if strength == 0.0 or audio.frames < audio.sample_rate_hz // 10:
        return audio
    transform = Transform(audio.sample_rate_hz)
    survey = _survey(audio, transform)
    if survey is None:
        return audio
    hop_s = transform.hop / audio.sample_rate_hz
    before, after = [0.0], [0.0]

    def change(samples: FloatArray, block: Block) -> FloatArray:
        spectrum = transform.forward(samples)
        late_db = late_gain_db(spectrum, transform, survey.rt60_s) * survey.wetness
        gain_db = late_db[transform.bands].T + survey.even_db
        gain = 10 ** (gain_db * np.float32(strength / 20))
        out = transform.inverse((spectrum * gain).astype(np.complex64), samples.shape[1])
        before[0] += float(np.sum(block.core(samples).astype(np.float64) ** 2))
        after[0] += float(np.sum(block.core(out).astype(np.float64) ** 2))
        return out

    hops = max(1, round(BLOCK_S / hop_s))
    context = max(1, round(CONTEXT_S / hop_s))
    drier = map_blocks(audio, change, block_s=hops * hop_s, context_s=context * hop_s)
    makeup = np.float32(np.sqrt(before[0] / max(after[0], 1e-20)))
    level = map_blocks(drier, lambda samples, _: samples * makeup, context_s=0.0)
    return blend(audio, level, region=region)


def _survey(audio: Audio, transform: Transform) -> Survey | None:
    """What the whole song tells; None for silence."""
    bins = np.zeros(transform.bands.size)
    times = 0
    step = max(1, round(audio.duration_s / SURVEY_S))
    for number, block in enumerate(blocks(audio, round(10 * audio.sample_rate_hz))):
        if number % step == 0:
            spectrum = transform.forward(block.samples)
            bins += np.sum(spectrum.real**2 + spectrum.imag**2, axis=(0, 1))
            times += spectrum.shape[1]
    if bins.max() <= SILENCE * times:
        return None
    room = room_figures(audio)
    late = 1 / (1 + 10 ** -float(room[2]))
    share = float(np.clip((late - DRY_SHARE) / (WET_SHARE - DRY_SHARE), 0, 1))
    wetness = LEAST_WETNESS + (1 - LEAST_WETNESS) * share
    even_db = _even_db(bins / times, transform) * wetness
    rt60_s = float(np.clip(2 ** room[0], SHORTEST_RT60_S, LONGEST_RT60_S))
    return Survey(rt60_s, even_db.astype(np.float32), wetness)


def _even_db(power: NDArray[np.float64], transform: Transform) -> NDArray[np.float64]:
    """Gain (bins,) that takes a part of the unevenness out of a long-term spectrum."""
    from scipy.ndimage import uniform_filter1d

    level = 10 * np.log10(power + 1e-9 * power.max())
    course = uniform_filter1d(level, 2 * DECOLOUR_BINS + 1, mode="nearest")
    gain_db = -DECOLOUR * (level - course)
    freqs = np.arange(power.size) * transform.rate_hz / transform.size
    fade = np.clip(2 - freqs / DECOLOUR_UP_TO_HZ, 0, 1)
    return np.asarray(fade * np.clip(gain_db, -DECOLOUR_LIMIT_DB, DECOLOUR_LIMIT_DB))


def band_of_bins(bins: int, rate_hz: float, size: int) -> NDArray[np.intp]:
    """Band number of each STFT bin: single bins below 1 kHz, twelfths of an octave above."""
    freqs = np.arange(bins) * rate_hz / size
    linear = np.arange(bins)
    first = int(np.searchsorted(freqs, LINEAR_UP_TO_HZ))
    octaves = np.log2(np.maximum(freqs, 1.0) / LINEAR_UP_TO_HZ)
    band = np.where(linear < first, linear, first + np.floor(octaves * BANDS_PER_OCTAVE))
    return np.unique(band, return_inverse=True)[1].astype(np.intp)


def summed_power(spectrum: Complexes, transform: Transform) -> Floats:
    """Mean bin power of each band (bands, times), channels together."""
    power = np.sum(spectrum.real**2 + spectrum.imag**2, axis=0).T
    first = np.flatnonzero(np.diff(transform.bands, prepend=-1))
    width = np.bincount(transform.bands)[:, None]
    return np.asarray(np.add.reduceat(power, first, axis=0) / width, dtype=np.float32)


def late_gain_db(spectrum: Complexes, transform: Transform, rt60_s: float) -> Floats:
    """Gain (bands, times) that takes the late part off: power subtraction with a floor."""
    power = summed_power(spectrum, transform)
    lag = max(1, round(LATE_AFTER_S * transform.rate_hz / transform.hop))
    earlier = np.zeros_like(power)
    earlier[:, lag:] = power[:, :-lag]
    earlier[:, 1:] = (earlier[:, 1:] + earlier[:, :-1]) / 2
    decay = 10 ** (-6 * lag * transform.hop / transform.rate_hz / rt60_s)
    ratio = OVERSUBTRACTION * decay * earlier / np.maximum(power, 1e-14)
    gain_db = 10 * np.log10(np.maximum(1 - ratio, LEAST_GAIN**2))
    return np.where(power < 1e-13, 0, gain_db).astype(np.float32)
