"""What RestoreBench measures on a result beside the paper's error, against the clean song."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixmend.tools.alignment import lag_between
from mixmend.tools.audio import Audio
from mixmend.tools.frames import DoubleArray, centred, spectra
from mixmend.tools.pair import added_onsets, band_gains_db, level_wobble_db, make_pair
from mixmend.tools.sound_distance import si_sdr_db

NAMES = (
    "ssim", "log_spectral_distance_db", "si_sdr_db", "added_onsets_per_min",
    "added_onsets_percent", "level_wobble_db", "lag_frames",
)  # fmt: skip
_MELS = 128
_RANGE_DB = 80.0
_MOST_SI_SDR_DB = 100.0
_SSIM_SIZE = 7


@dataclass(frozen=True, eq=False)
class CleanMel:
    """Log-mel spectrum (frames, 128) of a clean song in dB, not below `floor`."""

    level_db: DoubleArray
    floor: float


def mel_power(audio: Audio) -> DoubleArray:
    """(frames, 128) mel power (2048 / 512) of the mean of the channels."""
    import librosa

    bank = librosa.filters.mel(sr=audio.sample_rate_hz, n_fft=2048, n_mels=_MELS).T
    pieces = spectra(audio, centred(2048, 512))
    return np.concatenate([np.square(np.abs(piece)) @ bank for piece in pieces])


def clean_mel(clean: Audio) -> CleanMel:
    """The reference of a song, made once for all methods."""
    power = mel_power(clean)
    floor = max(float(power.max()) * 10 ** (-_RANGE_DB / 10), 1e-12)
    return CleanMel(10 * np.log10(np.maximum(power, floor)), floor)


def measure_result(
    clean: Audio, reference: CleanMel, damaged: Audio, result: Audio
) -> dict[str, float]:
    """Every measure of NAMES; `damaged` is what the method was given.

    Onsets and level are compared with the clean song: an attack counts as added when that has
    none there. The lag is against the damaged song.
    """
    level_db = 10 * np.log10(np.maximum(mel_power(result), reference.floor))
    pair = make_pair(clean, result)
    onsets = added_onsets(pair)
    return {
        "ssim": ssim(reference.level_db, level_db),
        "log_spectral_distance_db": _distance_db(reference.level_db, level_db),
        "si_sdr_db": min(si_sdr_db(clean, result), _MOST_SI_SDR_DB),
        "added_onsets_per_min": 60.0 * onsets.added / clean.duration_s,
        "added_onsets_percent": 100.0 * onsets.added_share,
        "level_wobble_db": level_wobble_db(pair, band_gains_db(pair)),
        "lag_frames": float(_lag(clean, damaged, result)),
    }


def _lag(clean: Audio, damaged: Audio, result: Audio) -> int:
    if result is damaged:
        return 0
    lag = lag_between(damaged, result).frames
    return lag if lag == 0 else min(lag, lag_between(clean, result).frames, key=abs)


def _distance_db(clean_db: DoubleArray, other_db: DoubleArray) -> float:
    count = min(len(clean_db), len(other_db))
    return float(np.mean(np.sqrt(np.mean((other_db[:count] - clean_db[:count]) ** 2, axis=1))))


def ssim(clean_db: DoubleArray, other_db: DoubleArray) -> float:
    """Structural similarity of two log-mel spectra over their common 80 dB range, -1..1.

    Wang et al. 2004, "Image quality assessment", with 7 x 7 windows of even weight.
    """
    from scipy.ndimage import uniform_filter

    count = min(len(clean_db), len(other_db))
    ours, theirs = clean_db[:count], other_db[:count]
    c1, c2 = (0.01 * _RANGE_DB) ** 2, (0.03 * _RANGE_DB) ** 2
    # From the floor up, so that silence is 0 as black is in pictures.
    floor = float(min(ours.min(), theirs.min()))
    ours, theirs = ours - floor, theirs - floor

    def mean(values: DoubleArray) -> DoubleArray:
        return np.asarray(uniform_filter(values, _SSIM_SIZE))

    m1, m2 = mean(ours), mean(theirs)
    v1, v2 = mean(ours**2) - m1**2, mean(theirs**2) - m2**2
    both = mean(ours * theirs) - m1 * m2
    value = (2 * m1 * m2 + c1) * (2 * both + c2) / ((m1**2 + m2**2 + c1) * (v1 + v2 + c2))
    return float(np.mean(value))
