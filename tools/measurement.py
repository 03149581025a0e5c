"""The `Measurement` record: every figure Mixmend takes of a song, with fixed names and units.

`None` means "could not be measured"; `notes` then holds a sentence that begins with the key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Seconds = float
Span = tuple[Seconds, Seconds]

BAND_EDGES_HZ: dict[str, tuple[float, float]] = {
    "sub": (20.0, 60.0),
    "bass": (60.0, 120.0),
    "upper_bass": (120.0, 250.0),
    "low_mid": (250.0, 500.0),
    "mid": (500.0, 2000.0),
    "presence": (2000.0, 6000.0),
    "brilliance": (6000.0, 10000.0),
    "air": (10000.0, 20000.0),
}


class Record(BaseModel):
    """Frozen value with finite numbers only."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        populate_by_name=True,
        serialize_by_alias=True,
    )


RecordT = TypeVar("RecordT", bound=Record)


@dataclass(frozen=True)
class Measured(Generic[RecordT]):
    """What one family of measurements gives: its record, notes on what it could not measure,
    and series with one entry a second under their `timeline` names."""

    value: RecordT
    notes: tuple[str, ...] = ()
    per_second: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)


class Loudness(Record):
    """ITU-R BS.1770-5 and EBU Tech 3341/3342."""

    integrated_lufs: float | None = None
    range_lu: float | None = None
    max_momentary_lufs: float | None = None
    max_short_term_lufs: float | None = None
    true_peak_dbtp: float | None = None
    sample_peak_dbfs: float | None = None
    plr_lu: float | None = None
    psr_lu: float | None = None


class Dynamics(Record):
    crest_db: float | None = None
    dr: float | None = None
    compression: float | None = None
    punch: float | None = None


class Clipping(Record):
    fraction: float | None = None
    events: int | None = None
    level_dbfs: float | None = None
    regions: list[Span] = Field(default_factory=list)


class Reverb(Record):
    rt60_s: float | None = None
    drr_db: float | None = None
    reverberance: float | None = None
    confidence: float | None = None


class Stereo(Record):
    correlation: float | None = None
    width: float | None = None
    balance_db: float | None = None
    mono_loss_db: float | None = None
    is_mono: bool | None = None


class Spectrum(Record):
    bands_db: dict[str, float | None] = Field(default_factory=dict)
    third_octave_db: dict[str, float | None] = Field(default_factory=dict)
    tilt_db_per_octave: float | None = None
    centroid_hz: float | None = None
    bandwidth_hz: float | None = None
    lossy_cutoff_hz: float | None = None
    deviation_db: dict[str, float | None] = Field(default_factory=dict)


class Noise(Record):
    floor_dbfs: float | None = None
    snr_db: float | None = None
    hum_hz: float | None = None
    hum_db: float | None = None
    clicks: Annotated[list[Seconds], Field(max_length=1000)] = Field(default_factory=list)
    clicks_count: int | None = None
    dc_offset: list[float] = Field(default_factory=list)
    dropouts: list[Span] = Field(default_factory=list)


class Music(Record):
    tempo_bpm: float | None = None
    tempo_bpm_confidence: float | None = None
    key: str | None = None
    key_confidence: float | None = None
    vocals: bool | None = None
    vocals_confidence: float | None = None


class Timeline(Record):
    """One entry a second; `time_s` is the start of each second."""

    time_s: list[float] = Field(default_factory=list)
    short_term_lufs: list[float | None] = Field(default_factory=list)
    true_peak_dbtp: list[float | None] = Field(default_factory=list)
    clipped_samples: list[int] = Field(default_factory=list)
    width: list[float | None] = Field(default_factory=list)
    centroid_hz: list[float | None] = Field(default_factory=list)


class Measurement(Record):
    """All that was measured of one song."""

    duration_s: float
    sample_rate_hz: int
    channels: int
    bit_depth: int | None = None
    codec: str | None = None
    loudness: Loudness = Loudness()
    dynamics: Dynamics = Dynamics()
    clipping: Clipping = Clipping()
    reverb: Reverb = Reverb()
    stereo: Stereo = Stereo()
    spectrum: Spectrum = Spectrum()
    noise: Noise = Noise()
    music: Music = Music()
    timeline: Timeline = Timeline()
    notes: list[str] = Field(default_factory=list)

    def value(self, key: str) -> object:
        """The value under a dotted key, as `loudness.true_peak_dbtp`; KeyError if unknown."""
        found: object = self
        for part in key.split("."):
            if isinstance(found, dict):
                # A band above a low-rate file's Nyquist frequency has no entry.
                found = found.get(part)
            elif isinstance(found, BaseModel) and part in type(found).model_fields:
                found = getattr(found, part)
            else:
                raise KeyError(key)
        return found
