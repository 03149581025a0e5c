"""The figures of a measurement that the learnt part of the diagnosis looks at, as one vector."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.measurement import BAND_EDGES_HZ, Measurement

# Below 40 Hz and above 16 kHz songs differ too much to tell anything.
_THIRD_OCTAVES = (
    "40", "50", "63", "80", "100", "125", "160", "200", "250", "315", "400", "500", "630", "800",
    "1000", "1250", "1600", "2000", "2500", "3150", "4000", "5000", "6300", "8000", "10000",
    "12500", "16000",
)  # fmt: skip
_LOWEST_DB = -70.0
_SCALARS: tuple[tuple[str, float], ...] = (
    # (key, value when it was not measured)
    ("spectrum.tilt_db_per_octave", -5.0),
    ("dynamics.crest_db", 14.0),
    ("dynamics.dr", 10.0),
    ("dynamics.compression", 0.4),
    ("dynamics.punch", 0.4),
    ("loudness.range_lu", 6.0),
    ("loudness.plr_lu", 14.0),
    ("loudness.psr_lu", 12.0),
    ("reverb.reverberance", 0.4),
    ("reverb.rt60_s", 0.0),
    ("reverb.drr_db", 0.0),
    ("reverb.confidence", 0.0),
    ("stereo.width", 0.0),
    ("stereo.correlation", 1.0),
)
_LOGARITHMIC = ("spectrum.centroid_hz", "spectrum.bandwidth_hz")

NAMES: tuple[str, ...] = (
    *(f"third.{name}" for name in _THIRD_OCTAVES),
    *(f"step.{name}" for name in _THIRD_OCTAVES[1:]),
    *(f"deviation.{name}" for name in BAND_EDGES_HZ),
    *(key for key, _ in _SCALARS),
    *_LOGARITHMIC,
)


def feature_vector(measured: Measurement) -> NDArray[np.float64]:
    """(len(NAMES),) figures; nothing in it depends on the level the song is played at."""
    thirds = np.array(
        [_number(measured, f"spectrum.third_octave_db.{name}", _LOWEST_DB)
         for name in _THIRD_OCTAVES]
    )  # fmt: skip
    thirds = np.maximum(thirds, _LOWEST_DB)
    # Re the middle of the song, so that one loud band does not move all others.
    thirds = np.clip(thirds - np.median(thirds), -45.0, 45.0)
    deviations = [
        np.clip(_number(measured, f"spectrum.deviation_db.{band}", 0.0), -30.0, 30.0)
        for band in BAND_EDGES_HZ
    ]
    scalars = [_number(measured, key, missing) for key, missing in _SCALARS]
    logarithms = [np.log2(max(50.0, _number(measured, key, 2000.0))) for key in _LOGARITHMIC]
    return np.concatenate([thirds, np.diff(thirds), deviations, scalars, logarithms])


def _number(measured: Measurement, key: str, missing: float) -> float:
    family, _, name = key.partition(".")
    name, _, band = name.partition(".")
    value = getattr(getattr(measured, family), name)
    if band:
        value = value.get(band)
    return missing if value is None else float(value)
