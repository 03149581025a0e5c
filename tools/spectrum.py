"""The spectrum family of `Measurement`: bands, third octaves, tilt, reach, and what is unusual."""

from __future__ import annotations

import numpy as np

from mixmend.tools.audio import Audio
from mixmend.tools.bandwidth import measure_bandwidth
from mixmend.tools.long_term import (
    CENTRES_HZ,
    EDGES_HZ,
    NOMINAL_HZ,
    Array,
    LongTerm,
    band_weights,
    long_term,
)
from mixmend.tools.measurement import BAND_EDGES_HZ, Measured, Spectrum
from mixmend.tools.targets import Deviation, deviation

_TILT_FROM_HZ = 60.0
_TILT_TO_HZ = 10000.0


def measure_spectrum(audio: Audio) -> Measured[Spectrum]:
    """Long-term spectrum of `audio` (channels, frames), all channels together.

    Band levels are dB re the whole; the tilt is that of the power density (white noise 0, pink
    noise -3 dB an octave) fitted to third octaves from 60 Hz to 10 kHz; the centroid is of the
    magnitude spectrum, as is the one a second in `per_second`. Null for silence, with a note.
    """
    return spectrum_of(long_term(audio))


def spectrum_of(spectrum: LongTerm) -> Measured[Spectrum]:
    """The record from statistics that were gathered before."""
    series = {"centroid_hz": spectrum.centroid_hz_per_s}
    if spectrum.is_silent:
        note = "spectrum: the sound is silent, so it has no tone to measure."
        return Measured(Spectrum(), (note,), series)
    reach = measure_bandwidth(spectrum)
    away = deviation(spectrum)
    top_hz = spectrum.sample_rate_hz / 2
    thirds = _third_octaves(spectrum)
    value = Spectrum(
        bands_db={
            name: _relative_db(spectrum, low, high) if (low + high) / 2 <= top_hz else None
            for name, (low, high) in BAND_EDGES_HZ.items()
        },
        third_octave_db=thirds,
        tilt_db_per_octave=_tilt(spectrum, min(top_hz, reach.bandwidth_hz or top_hz)),
        centroid_hz=_centroid_hz(spectrum),
        bandwidth_hz=reach.bandwidth_hz,
        lossy_cutoff_hz=reach.lossy_cutoff_hz,
        deviation_db={name: away.deviation_db.get(name) for name in BAND_EDGES_HZ},
    )
    return Measured(value, _notes(value, away, top_hz), series)


def _relative_db(spectrum: LongTerm, low_hz: float, high_hz: float) -> float:
    share = spectrum.band_power(low_hz, high_hz) / float(np.sum(spectrum.power))
    return round(float(10 * np.log10(max(share, 1e-15))), 2)


def _third_octaves(spectrum: LongTerm) -> dict[str, float | None]:
    powers = band_weights(spectrum.freq_hz, EDGES_HZ) @ spectrum.power
    shares = powers / float(np.sum(spectrum.power))
    top_hz = spectrum.sample_rate_hz / 2
    return {
        f"{name:g}": round(float(10 * np.log10(max(share, 1e-15))), 2) if centre < top_hz else None
        for name, share, centre in zip(NOMINAL_HZ, shares, CENTRES_HZ, strict=True)
    }


def _tilt(spectrum: LongTerm, reach_hz: float) -> float | None:
    """Least squares over third octaves of equal weight; null with fewer than four of them."""
    density = (band_weights(spectrum.freq_hz, EDGES_HZ) @ spectrum.power) / np.diff(EDGES_HZ)
    within = (CENTRES_HZ >= _TILT_FROM_HZ) & (EDGES_HZ[1:] <= min(reach_hz, 1.2 * _TILT_TO_HZ))
    within &= density > 1e-16 * np.max(density)
    if np.count_nonzero(within) < 4:
        return None
    octaves: Array = np.log2(CENTRES_HZ[within])
    return round(float(np.polyfit(octaves, 10 * np.log10(density[within]), 1)[0]), 2)


def _centroid_hz(spectrum: LongTerm) -> float:
    heard = spectrum.freq_hz >= EDGES_HZ[0]
    magnitude = np.sqrt(spectrum.power[heard])
    return float(spectrum.freq_hz[heard] @ magnitude / max(float(np.sum(magnitude)), 1e-30))


def _notes(value: Spectrum, away: Deviation, top_hz: float) -> tuple[str, ...]:
    notes = []
    if value.bands_db["air"] is None:
        notes.append(
            "spectrum.bands_db: bands above the middle of their range cannot be had at this sample "
            f"rate, which ends at {top_hz:g} Hz."
        )
    if value.tilt_db_per_octave is None:
        notes.append("spectrum.tilt_db_per_octave: too few bands have content for a slope.")
    if any(value.deviation_db[name] is None for name in value.deviation_db):
        missing = ", ".join(name for name in BAND_EDGES_HZ if name not in away.deviation_db)
        notes.append(f"spectrum.deviation_db: no content to compare in {missing}.")
    return tuple(notes)
