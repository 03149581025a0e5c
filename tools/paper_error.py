"""How far a song is from its clean version, fault by fault, as the SonicMaster paper scores it.

Every figure is what the published evaluation computes (arXiv 2508.03448): sound at 44.1 kHz, mean
of the channels, and for each kind of damage one statistic of both versions, whose absolute
difference (or distance) is the error. Nothing is level-matched: where a statistic depends on level,
so does the error. The kinds that are ours have errors of their own, named below.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from mixmend.tools.audio import Audio
from mixmend.tools.errors import UsageError
from mixmend.tools.frames import DoubleArray, Framing, centred, cut_frames, spectra
from mixmend.tools.resample import resample
from mixmend.tools.sound_distance import (
    dc_distance,
    hum_distance,
    log_spectral_distance_db,
    quiet_distance_db,
    si_sdr_db,
    waveform_distance,
)

__all__ = [
    "RATE_HZ",
    "log_spectral_distance_db",
    "paper_error",
    "recovered_percent",
    "share_cosine_distance",
    "si_sdr_db",
]

RATE_HZ = 44100
_EQ = centred(2048, 512)
_TINY = 1e-10

# Share of the energy in these bands, Hz.
_BANDS_HZ = {
    "clarity": (4000.0, RATE_HZ / 2),
    "bright": (6000.0, RATE_HZ / 2),
    "dark": (6000.0, RATE_HZ / 2),
    "airy": (10000.0, RATE_HZ / 2),
    "warm": (20.0, 400.0),
    "boom": (20.0, 150.0),
    "mud": (200.0, 500.0),
    "vocal": (350.0, 3500.0),
}
_EDGES_HZ = (20, 60, 250, 500, 2000, 4000, 6000, 10000, 16000, 20000)
_MODULATION_BINS = 20


def paper_error(kind: str, clean: Audio, other: Audio) -> float:
    """Error of `other` against `clean` (both (channels, frames)) for one kind of damage, >= 0.

    Sound at another rate than 44.1 kHz is resampled first. Raises UsageError for an unknown kind.
    """
    if kind not in _ERRORS:
        raise UsageError(f"there is no error for {kind!r}; choose from {', '.join(_ERRORS)}.")
    return _ERRORS[kind](resample(clean, RATE_HZ), resample(other, RATE_HZ))


def recovered_percent(error_out: float, error_degraded: float) -> float:
    """100 when nothing is left of the error, 0 when nothing changed, below 0 when it grew."""
    return 100.0 * (1.0 - error_out / (error_degraded + _TINY))


def share_cosine_distance(clean: Audio, other: Audio) -> float:
    """The paper's second figure for `xband` and `mic`: cosine distance of the band shares."""
    ours, theirs = (_band_shares(resample(audio, RATE_HZ)) for audio in (clean, other))
    product = float(np.linalg.norm(ours) * np.linalg.norm(theirs))
    return 1.0 - float(ours @ theirs) / product if product > 0 else 0.0


def _statistic(value: Callable[[Audio], float]) -> Callable[[Audio, Audio], float]:
    return lambda clean, other: abs(value(clean) - value(other))


def _power(audio: Audio) -> DoubleArray:
    total = np.zeros(_EQ.size // 2 + 1)
    for piece in spectra(audio, _EQ):
        total += np.square(np.abs(piece)).sum(axis=0)
    return total


def _band(low_hz: float, high_hz: float) -> slice:
    freqs_hz = np.arange(_EQ.size // 2 + 1) * RATE_HZ / _EQ.size
    return slice(*np.searchsorted(freqs_hz, [low_hz, high_hz], side="left").tolist())


def _share(low_hz: float, high_hz: float) -> Callable[[Audio], float]:
    def share(audio: Audio) -> float:
        power = _power(audio)
        return float(power[_band(low_hz, high_hz)].sum() / (power.sum() + _TINY))

    return share


def _band_shares(audio: Audio) -> DoubleArray:
    power = _power(audio)
    edges = pairwise(_EDGES_HZ)
    sums = np.array([power[_band(low, high)].sum() for low, high in edges])
    return np.asarray(sums / (sums.sum() + _TINY))


def _share_distance(clean: Audio, other: Audio) -> float:
    return float(np.linalg.norm(_band_shares(clean) - _band_shares(other)))


def level_spread(audio: Audio) -> float:
    """Standard deviation of frame RMS (2048 / 1024): the paper's figure for `comp`."""
    levels = [
        np.sqrt(np.mean(np.square(frames), axis=1))
        for frames in cut_frames(audio, Framing(2048, 1024))
    ]
    return float(np.std(np.concatenate(levels))) if levels else 0.0


def onset_strength(audio: Audio) -> float:
    """Mean spectral flux of the log-mel spectrum (librosa's onset strength): for `punch`."""
    levels_db = [10 * np.log10(np.maximum(mel, _TINY)) for mel in _mel_frames(audio)]
    mel_db = np.concatenate(levels_db)
    mel_db = np.maximum(mel_db, mel_db.max() - 80)
    rise = np.maximum(np.diff(mel_db, axis=0), 0).mean(axis=1)
    # The published strength is shifted by lag and half a window; what leaves at the end is lost.
    shift = 1 + _EQ.size // (2 * _EQ.hop)
    return float(rise[: max(0, len(mel_db) - shift)].sum() / max(1, len(mel_db)))


def _mel_frames(audio: Audio) -> list[DoubleArray]:
    import librosa

    bank = librosa.filters.mel(sr=RATE_HZ, n_fft=_EQ.size).astype(np.float64)
    return [np.square(np.abs(piece)) @ bank.T for piece in spectra(audio, _EQ)]


def level(audio: Audio) -> float:
    """RMS of the mean of the channels: for `volume`."""
    return float(np.sqrt(_energy(audio, lambda pair: pair.mean(axis=0)) / max(1, audio.frames)))


def _energy(audio: Audio, fold: Callable[[DoubleArray], DoubleArray]) -> float:
    pieces = cut_frames(audio, Framing(4096, 4096, 0, 4095), fold)
    return sum(float(np.square(piece).sum()) for piece in pieces)


def flatness(audio: Audio) -> float:
    """Mean spectral flatness: for `clip`.

    As published, the power spectrum is squared once more before geometric and arithmetic mean.
    """
    total, count = 0.0, 0
    for piece in spectra(audio, _EQ):
        squared = np.maximum(np.square(np.square(np.abs(piece))), _TINY)
        total += float((np.exp(np.log(squared).mean(axis=1)) / squared.mean(axis=1)).sum())
        count += len(piece)
    return total / max(1, count)


def width(audio: Audio) -> float:
    """RMS of side over RMS of middle, 0 for mono: for `stereo`."""
    if audio.channels != 2:
        return 0.0
    middle = _energy(audio, lambda pair: (pair[0] + pair[1]) / 2)
    side = _energy(audio, lambda pair: (pair[0] - pair[1]) / 2)
    middle, side = (np.sqrt(energy / audio.frames) for energy in (middle, side))
    return float(side / (middle + _TINY))


def modulation_spectrum(audio: Audio) -> DoubleArray:
    """First 20 modulation bins of every band's envelope, unit norm: for the reverb kinds."""
    size, hop = 1024, 512
    # Silence up to a whole number of hops, as the published transform pads its end.
    rest = -(audio.frames + size - size) % hop
    framing = Framing(size, hop, size // 2, size // 2 + rest)
    count = framing.count(audio.frames)
    sums = np.zeros((size // 2 + 1, _MODULATION_BINS), dtype=np.complex128)
    at = 0
    for piece in spectra(audio, framing):
        turns = np.outer(np.arange(at, at + len(piece)), np.arange(_MODULATION_BINS)) / count
        sums += np.abs(piece).T @ np.exp(-2j * np.pi * turns)
        at += len(piece)
    # Taking out a band's mean empties its bin 0 and leaves the others as they are.
    sums[:, 0] = 0
    spectrum = np.abs(sums[:, : min(_MODULATION_BINS, count)])
    return np.asarray(spectrum / (np.linalg.norm(spectrum) + _TINY))


def _modulation_distance(clean: Audio, other: Audio) -> float:
    frames = min(clean.frames, other.frames)
    ours, theirs = (
        modulation_spectrum(Audio(audio.samples[:, :frames], audio.sample_rate_hz))
        for audio in (clean, other)
    )
    return float(np.linalg.norm(ours - theirs))


_ERRORS: dict[str, Callable[[Audio, Audio], float]] = {
    **{kind: _statistic(_share(*band)) for kind, band in _BANDS_HZ.items()},
    **dict.fromkeys(("xband", "mic"), _share_distance),
    **dict.fromkeys(("small", "big", "mix", "real"), _modulation_distance),
    "comp": _statistic(level_spread),
    "punch": _statistic(onset_strength),
    "volume": _statistic(level),
    "clip": _statistic(flatness),
    "stereo": _statistic(width),
    "hiss": quiet_distance_db,
    "hum": hum_distance,
    "clicks": waveform_distance,
    "dropout": waveform_distance,
    "dc": dc_distance,
    "lowbitrate": log_spectral_distance_db,
}
