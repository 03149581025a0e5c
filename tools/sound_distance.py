"""Distances between two versions of a song: spectra in dB, waveforms, hum, quiet parts, DC.

Both versions have the same rate and are compared over their common length.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mixmend.tools.audio import Audio, blocks
from mixmend.tools.frames import DoubleArray, Framing, centred, spectra

# Spectra more than this far under the loudest band count as silence.
_RANGE_DB = 80.0
_MELS = 128
_QUIET_SHARE = 0.2
_HUM_FRAME_S = 1.0


@dataclass(frozen=True, eq=False)
class _Pair:
    clean: DoubleArray
    other: DoubleArray


def _pairs(clean: Audio, other: Audio) -> Iterator[_Pair]:
    frames = min(clean.frames, other.frames)
    step = 30 * clean.sample_rate_hz
    cut = (Audio(audio.samples[:, :frames], audio.sample_rate_hz) for audio in (clean, other))
    for ours, theirs in zip(*(blocks(audio, step) for audio in cut), strict=True):
        yield _Pair(ours.samples.astype(np.float64), theirs.samples.astype(np.float64))


def si_sdr_db(clean: Audio, other: Audio) -> float:
    """Scale-invariant signal-to-distortion ratio of `other` (channels, frames), all channels.

    Infinite when they are the same up to a gain (Le Roux et al. 2019, "SDR - half-baked or well
    done?").
    """
    clean_power = sum(float(np.sum(pair.clean**2)) for pair in _pairs(clean, other))
    product = sum(float(np.sum(pair.clean * pair.other)) for pair in _pairs(clean, other))
    gain = product / clean_power if clean_power > 0 else 0.0
    rest = sum(
        float(np.sum((pair.other - gain * pair.clean) ** 2)) for pair in _pairs(clean, other)
    )
    if rest == 0:
        return float("inf")
    return 10 * float(np.log10(max(gain**2 * clean_power / rest, 1e-30)))


def waveform_distance(clean: Audio, other: Audio) -> float:
    """RMS of the difference over RMS of the clean version, after matching the level."""
    ratio_db = si_sdr_db(clean, other)
    return float(10 ** (-ratio_db / 20))


def log_spectral_distance_db(clean: Audio, other: Audio) -> float:
    """Mean over time of the RMS difference of 128 mel bands in dB (2048 / 512, channel mean)."""
    distances = [np.sqrt(np.mean(step**2, axis=1)) for step in _mel_steps(clean, other)]
    return float(np.mean(np.concatenate(distances))) if distances else 0.0


def quiet_distance_db(clean: Audio, other: Audio) -> float:
    """The same in the quietest fifth of the clean version's frames, where noise is heard."""
    levels = np.concatenate([mel.sum(axis=1) for mel in _mels(clean)])
    quiet = levels <= np.quantile(levels, _QUIET_SHARE)
    steps = np.concatenate(list(_mel_steps(clean, other)))
    return float(np.mean(np.sqrt(np.mean(steps[quiet[: len(steps)]] ** 2, axis=1))))


def _mels(audio: Audio) -> Iterator[DoubleArray]:
    import librosa

    bank = librosa.filters.mel(sr=audio.sample_rate_hz, n_fft=2048, n_mels=_MELS)
    for piece in spectra(audio, centred(2048, 512)):
        yield np.square(np.abs(piece)) @ bank.T.astype(np.float64)


def _mel_steps(clean: Audio, other: Audio) -> Iterator[DoubleArray]:
    """Differences in dB (n, bands) of both versions, frame by frame."""
    loudest = max((float(mel.max()) for mel in _mels(clean)), default=0.0)
    floor = max(loudest * 10 ** (-_RANGE_DB / 10), 1e-12)
    for ours, theirs in zip(_mels(clean), _mels(other), strict=False):
        count = min(len(ours), len(theirs))
        pair = (np.maximum(mel[:count], floor) for mel in (ours, theirs))
        levels = [10 * np.log10(mel) for mel in pair]
        yield levels[1] - levels[0]


def hum_distance(clean: Audio, other: Audio) -> float:
    """Difference of the amplitude around 50 and 60 Hz and their harmonics, re the clean RMS."""
    ours, theirs = (_hum_power(audio) for audio in (clean, other))
    power = sum(float(np.sum(pair.clean.mean(axis=0) ** 2)) for pair in _pairs(clean, other))
    rms = np.sqrt(power / max(1, min(clean.frames, other.frames)))
    return float(np.sqrt(abs(theirs - ours))) / max(float(rms), 1e-9)


def _hum_power(audio: Audio) -> float:
    rate = audio.sample_rate_hz
    size = round(_HUM_FRAME_S * rate)
    framing = Framing(size, size // 2, 0, max(0, size - audio.frames))
    freqs_hz = np.arange(framing.size // 2 + 1) * rate / framing.size
    near = np.zeros(freqs_hz.size, dtype=np.bool_)
    for base_hz in (50.0, 60.0):
        for harmonic in range(1, 9):
            near |= np.abs(freqs_hz - harmonic * base_hz) <= 2.0 / _HUM_FRAME_S
    powers = [np.square(np.abs(piece[:, near])) for piece in spectra(audio, framing)]
    # A low quantile over time passes over notes that happen to lie there: hum is always on.
    steady = np.quantile(np.concatenate(powers), 0.2, axis=0) if powers else np.zeros(1)
    return float(steady.sum() / (0.1875 * framing.size**2))


def dc_distance(clean: Audio, other: Audio) -> float:
    """Largest difference of the means of the channels."""
    total = np.zeros(clean.channels)
    for pair in _pairs(clean, other):
        total += (pair.other - pair.clean).sum(axis=1)
    return float(np.max(np.abs(total))) / max(1, min(clean.frames, other.frames))
