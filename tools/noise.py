"""The `noise` family: floor, signal-to-noise ratio, hum, clicks, offset and dropouts, in one walk.

The floor is the steady broadband noise under the music where its quiet moments reveal it
(`tools.hiss`), else the level of quiet frames, else nothing: quiet music is not noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lcm

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio, blocks
from mixmend.tools.clicks import ClickFinder, Clicks
from mixmend.tools.dropouts import DropoutFinder, spans
from mixmend.tools.hiss import SILENT_POWER, HissFinder, NoiseProfile
from mixmend.tools.hum import LowBand, hum_in
from mixmend.tools.measurement import Measured, Noise, Span

Vector = NDArray[np.float64]

BLOCK_S = 12.0
MAX_CLICKS = 1000
# Quiet frames hold no music to speak of only when they lie this far under the whole.
QUIET_BELOW_DB = 40.0
QUIET_SHARE = 0.03
EDGE_CLICK_S = 0.006


@dataclass(frozen=True)
class Floor:
    """Noise floor in dBFS and signal-to-noise ratio in dB, with what could not be told."""

    floor_dbfs: float | None
    snr_db: float | None
    notes: tuple[str, ...] = ()


def measure_noise(audio: Audio) -> Measured[Noise]:
    """Measure the noise family of `audio` (channels, frames).

    `floor_dbfs` and `hum_db` are RMS levels re full scale (a full-scale sine is -3.0), mean of the
    channels; `snr_db` the power of the rest over that of the noise; times in s. Memory does not
    grow with the sound beyond contours of a few hundred values a second.
    """
    rate = audio.sample_rate_hz
    hiss = HissFinder(audio.channels, rate, audio.frames)
    low, clicks = LowBand(rate), ClickFinder(audio.channels, rate)
    dropouts = DropoutFinder(audio.channels, rate)
    # Every part wants whole steps of its own from each block but the last.
    unit = lcm(hiss.window, low.factor)
    step = lcm(clicks.step, dropouts.step)
    block_frames = lcm(unit, step)
    block_frames *= max(1, round(BLOCK_S * rate / block_frames))
    sums = np.zeros(audio.channels)
    for block in blocks(audio, block_frames):
        samples = block.samples
        sums += samples.sum(axis=1, dtype=np.float64)
        hiss.add(samples)
        low.add(samples)
        clicks.add(samples)
        dropouts.add(samples)
    gaps = spans(dropouts.gaps(), rate)
    found = without_edges(clicks.clicks(), gaps)
    hum = hum_in(low.samples(), low.rate_hz)
    power = np.mean([hiss.frame_power(channel) for channel in range(audio.channels)], axis=0)
    floor = floor_of(power, hiss.profiles())
    notes = list(floor.notes)
    if audio.duration_s < 1.0:
        notes.append("noise.hum_hz: too short to tell hum from a bass note.")
    return Measured(
        Noise(
            floor_dbfs=floor.floor_dbfs,
            snr_db=floor.snr_db,
            hum_hz=None if hum is None else round(hum.fundamental_hz, 2),
            hum_db=None if hum is None else hum.level_dbfs,
            clicks=[float(time_s) for time_s in found[:MAX_CLICKS]],
            clicks_count=int(found.size),
            dc_offset=[float(value) for value in sums / max(1, audio.frames)],
            dropouts=gaps,
        ),
        tuple(notes),
    )


def floor_of(power: Vector, profiles: list[NoiseProfile]) -> Floor:
    """Floor from the mean square of all frames and the noise profile of each channel."""
    sounding = np.sort(power[power > SILENT_POWER])
    if sounding.size < 4:
        return Floor(None, None, ("noise.floor_dbfs: the sound is too short or silent.",))
    whole = float(np.mean(sounding))
    quiet = float(np.median(sounding[: max(2, round(QUIET_SHARE * sounding.size))]))
    heard = [profile.total_power for profile in profiles if profile.found]
    if heard:
        # No more noise than the quietest moments hold, whatever the bands add up to.
        noise = min(float(np.mean(heard)) * len(heard) / len(profiles), 1.1 * quiet)
        noise = max(noise, SILENT_POWER)
        return Floor(_db(noise), max(0.0, _db(max(whole - noise, noise * 1e-3) / noise)))
    if _db(whole / quiet) >= QUIET_BELOW_DB:
        note = "noise.snr_db: the quiet moments show no steady noise; the floor is their level."
        return Floor(_db(quiet), None, (note,))
    reason = "the music has no quiet moment and no steady noise is heard under it."
    return Floor(None, None, (f"noise.floor_dbfs: {reason}", f"noise.snr_db: {reason}"))


def without_edges(clicks: Clicks, gaps: list[Span]) -> Vector:
    """Times of clicks that are not merely the edges of dropouts."""
    times_s = clicks.time_s
    for start_s, end_s in gaps:
        off = np.minimum(np.abs(times_s - start_s), np.abs(times_s - end_s))
        times_s = times_s[off > EDGE_CLICK_S]
    return times_s


def _db(power: float) -> float:
    return float(10 * np.log10(power))
