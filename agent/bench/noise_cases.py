"""One fault in one song: was it found, how well was it read, what did the repair give?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixmend.agent.bench.faults import (
    Faulty,
    rms,
    with_clicks,
    with_dropouts,
    with_hiss,
    with_hum,
    with_offset,
)
from mixmend.tools.audio import Audio
from mixmend.tools.measurement import Noise
from mixmend.tools.noise import measure_noise
from mixmend.tools.process.dc import remove_dc
from mixmend.tools.process.declick import declick
from mixmend.tools.process.deess import deess
from mixmend.tools.process.dehum import dehum
from mixmend.tools.process.denoise import denoise
from mixmend.tools.process.dropouts import fill_dropouts

Floats = NDArray[np.float64]
Process = Callable[[Audio], Audio]

CLICK_TOLERANCE_S = 0.005
HUM_TOLERANCE_HZ = 0.1
PROCESSES: dict[str, Process] = {
    "denoise": denoise,
    "dehum": dehum,
    "declick": declick,
    "fill_dropouts": fill_dropouts,
    "remove_dc": remove_dc,
    "deess": deess,
}


@dataclass(frozen=True)
class Outcome:
    """`there`, `found` and `right` count true faults, those found, and findings that are true;
    `findings` all of them. Ratios and distances in dB; None where they have no meaning."""

    case: str
    there: int
    found: int
    findings: int
    right: int
    off_by: float | None
    before_db: float | None
    after_db: float | None
    unlike_before_db: float | None = None
    unlike_after_db: float | None = None


@dataclass(frozen=True)
class Untouched:
    """What was claimed of a song that nothing was done to, and what each repair left of it."""

    hiss: bool
    hum: bool
    clicks: int
    dropouts: int
    sdr_db: dict[str, float]


def outcomes(song: Audio, seed: int) -> Iterator[Outcome]:
    """Every kind of fault at every strength, in one song."""
    rng = np.random.default_rng(seed)
    for snr_db in (15.0, 20.0, 30.0, 40.0):
        faulty = with_hiss(song, snr_db, rng, pink=bool(seed % 2))
        yield _hiss(song, faulty, f"hiss, {snr_db:.0f} dB SNR")
    for level_dbfs in (-60.0, -50.0, -40.0, -30.0):
        mains_hz = (50.0, 60.0)[seed % 2] + rng.uniform(-0.1, 0.1)
        faulty = with_hum(song, mains_hz, level_dbfs, rng, int(rng.integers(4, 11)))
        yield _hum(song, faulty, f"hum, {level_dbfs:.0f} dBFS", mains_hz, level_dbfs)
    for per_s, peak in ((1.0, 0.1), (1.0, 0.4), (5.0, 0.2), (20.0, 0.3)):
        faulty = with_clicks(song, per_s, peak, rng)
        yield _clicks(song, faulty, f"clicks, {per_s:.0f}/s, peak {peak:g}")
    for longest_s in (0.05, 0.2):
        faulty = with_dropouts(song, 6, rng, length_s=(longest_s / 5, longest_s))
        yield _dropouts(
            song, faulty, f"dropouts, {200 * longest_s:.0f} to {1000 * longest_s:.0f} ms"
        )
    for size in (0.005, 0.05):
        yield _offset(song, with_offset(song, size, rng), f"offset {size:g}", size)


def untouched(song: Audio) -> Untouched:
    """False claims, and signal-to-change ratio of each repair asked for in vain."""
    noise = measure_noise(song).value
    kept = {name: process(song) for name, process in PROCESSES.items()}
    return Untouched(
        noise.snr_db is not None and noise.snr_db < 45.0,
        noise.hum_hz is not None,
        noise.clicks_count or 0,
        len(noise.dropouts),
        {name: sdr_db(song.samples, after.samples) for name, after in kept.items()},
    )


def sdr_db(wanted: NDArray[np.float32], got: NDArray[np.float32]) -> float:
    """Power of `wanted` over that of the difference, in dB; 120 where they are the same."""
    error = np.sum(np.square(got.astype(np.float64) - wanted))
    power = np.sum(np.square(wanted, dtype=np.float64))
    return float(min(120.0, 10 * np.log10((power + 1e-12) / (error + 1e-30))))


def unlike_db(wanted: Audio, got: Audio) -> float:
    """Log-spectral distance (Gray and Markel 1976) of the channel means, floor at -60 dB."""
    from scipy.signal import stft

    spectra = [
        np.abs(stft(one.samples.mean(axis=0), nperseg=2048, noverlap=1024)[2]) ** 2
        for one in (wanted, got)
    ]
    floor = 1e-6 * float(spectra[0].mean()) + 1e-20
    ratio_db = 10 * np.log10((spectra[1] + floor) / (spectra[0] + floor))
    return float(np.mean(np.sqrt(np.mean(ratio_db**2, axis=0))))


def _hiss(song: Audio, faulty: Faulty, case: str) -> Outcome:
    noise, mended = measure_noise(faulty.audio).value, denoise(faulty.audio)
    found = noise.snr_db is not None and noise.floor_dbfs is not None
    off = abs((noise.floor_dbfs or 0.0) - 20 * np.log10(rms(faulty.added))) if found else None
    before, after = (sdr_db(song.samples, one.samples) for one in (faulty.audio, mended))
    unlike = unlike_db(song, faulty.audio), unlike_db(song, mended)
    return Outcome(case, 1, int(found), 0, 0, off, before, after, *unlike)


def _hum(song: Audio, faulty: Faulty, case: str, mains_hz: float, level_dbfs: float) -> Outcome:
    noise, mended = measure_noise(faulty.audio).value, dehum(faulty.audio)
    claimed = noise.hum_hz is not None and noise.hum_db is not None
    right = claimed and abs((noise.hum_hz or 0.0) - mains_hz) < HUM_TOLERANCE_HZ
    off = abs((noise.hum_db or 0.0) - level_dbfs) if right else None
    before, after = (sdr_db(song.samples, one.samples) for one in (faulty.audio, mended))
    return Outcome(case, 1, int(right), int(claimed), int(right), off, before, after)


def _clicks(song: Audio, faulty: Faulty, case: str) -> Outcome:
    noise, mended = measure_noise(faulty.audio).value, declick(faulty.audio)
    found, right = matched_times(faulty.spans_s[:, 0], np.array(noise.clicks))
    before, after = (sdr_db(song.samples, one.samples) for one in (faulty.audio, mended))
    there, findings = len(faulty.spans_s), len(noise.clicks)
    return Outcome(case, there, found, findings, right, None, before, after)


def matched_times(true_s: Floats, found_s: Floats) -> tuple[int, int]:
    """How many true times were found, and how many of those found are true."""
    if true_s.size == 0 or found_s.size == 0:
        return 0, 0
    near = np.abs(true_s[:, None] - found_s) < CLICK_TOLERANCE_S
    return int(near.any(axis=1).sum()), int(near.any(axis=0).sum())


def _dropouts(song: Audio, faulty: Faulty, case: str) -> Outcome:
    noise: Noise = measure_noise(faulty.audio).value
    spans = [(float(start), float(end)) for start, end in faulty.spans_s]
    pairs = [(true, got) for true in spans for got in noise.dropouts if _share(true, got) > 0.5]
    found, right = len({true for true, _ in pairs}), len({got for _, got in pairs})
    mended = fill_dropouts(faulty.audio)
    inside = np.zeros(song.frames, dtype=bool)
    for start_s, end_s in spans:
        inside[song.frame_at(start_s) : song.frame_at(end_s)] = True
    if not inside.any():
        return Outcome(case, 0, 0, len(noise.dropouts), right, None, None, None)
    before, after = (
        sdr_db(song.samples[:, inside], one.samples[:, inside]) for one in (faulty.audio, mended)
    )
    near = [slice(song.frame_at(a - 0.02), song.frame_at(b + 0.02)) for a, b in spans]
    unlike = [
        float(np.mean([unlike_db(_cut(song, part), _cut(one, part)) for part in near]))
        for one in (faulty.audio, mended)
    ]
    return Outcome(
        case, len(spans), found, len(noise.dropouts), right, None, before, after, *unlike
    )


def _share(true: tuple[float, float], got: tuple[float, float]) -> float:
    return (min(true[1], got[1]) - max(true[0], got[0])) / max(true[1] - true[0], 1e-9)


def _cut(audio: Audio, part: slice) -> Audio:
    return Audio(audio.samples[:, part], audio.sample_rate_hz)


def _offset(song: Audio, faulty: Faulty, case: str, size: float) -> Outcome:
    own = np.abs(np.mean(song.samples, axis=1, dtype=np.float64))
    found = np.abs(measure_noise(faulty.audio).value.dc_offset)
    off = float(np.max(np.abs(found - size)))
    before, after = (
        sdr_db(song.samples, one.samples) for one in (faulty.audio, remove_dc(faulty.audio))
    )
    right = int(off <= 0.1 * size + float(own.max()))
    return Outcome(case, 1, right, 1, right, off, before, after)
