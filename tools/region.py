"""Places in a song: a region in seconds and how people write one (`80:110`, `1m20s:1m50s`)."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from mixmend.tools.audio import Audio, FloatArray, allocate, blocks, release
from mixmend.tools.errors import UsageError

CROSSFADE_S = 0.05


@dataclass(frozen=True)
class Region:
    """From `start_s` to `end_s`, in seconds from the start of the song."""

    start_s: float
    end_s: float


_SECONDS = re.compile(r"\d+(?:\.\d+)?")
_UNITS = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")
_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d{2}(?:\.\d+)?)")


def parse_region(text: str) -> Region:
    """Read `A:B` or `A-B`; raises UsageError when unclear, empty or reversed."""
    text = text.strip()
    start, end = _split(text)
    if end <= start:
        raise UsageError(f"the region {text!r} ends before it starts; write start:end, as 80:110.")
    return Region(start, end)


def _split(text: str) -> tuple[float, float]:
    if text.count("-") == 1:
        left, right = text.split("-")
    elif text.count(":") == 1:
        left, right = text.split(":")
    else:
        raise UsageError(
            f"the region {text!r} is unclear; write seconds (80:110), 1m20s:1m50s or "
            "00:01:20-00:01:50."
        )
    return parse_time(left), parse_time(right)


def parse_time(text: str) -> float:
    """Seconds from `80`, `80.5`, `1m20s` or `00:01:20`; raises UsageError otherwise."""
    text = text.strip().lower()
    if _SECONDS.fullmatch(text):
        return float(text)
    if (match := _UNITS.fullmatch(text)) and any(match.groups()):
        hours, minutes, seconds = (float(part or 0) for part in match.groups())
        return hours * 3600 + minutes * 60 + seconds
    if match := _CLOCK.fullmatch(text):
        hours, minutes, seconds = (float(part or 0) for part in match.groups())
        return hours * 3600 + minutes * 60 + seconds
    raise UsageError(f"the time {text!r} is unclear; write 80, 1m20s or 00:01:20.")


def region_within(region: Region, duration_s: float) -> Region:
    """Clip a region to the song; raises UsageError when it lies beyond the end."""
    if region.start_s >= duration_s:
        raise UsageError(
            f"the region starts at {region.start_s:g} s but the song is only {duration_s:.1f} s "
            "long; choose a place inside the song."
        )
    return Region(region.start_s, min(region.end_s, duration_s))


def region_weight(
    start: int, stop: int, region: Region, rate_hz: int, crossfade_s: float = CROSSFADE_S
) -> FloatArray:
    """Weight 0..1 of frames [start, stop): 1 inside, raised-cosine flanks *inside* the region."""
    time_s = np.arange(start, stop, dtype=np.float64) / rate_hz
    fade = max(1e-9, min(crossfade_s, (region.end_s - region.start_s) / 2))
    rise = np.clip((time_s - region.start_s) / fade, 0.0, 1.0)
    fall = np.clip((region.end_s - time_s) / fade, 0.0, 1.0)
    ramp = np.minimum(rise, fall)
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * ramp), dtype=np.float32)


def blend(
    before: Audio, after: Audio, *, strength: float = 1.0, region: Region | None = None
) -> Audio:
    """`before + strength * weight * (after - before)`: bit-exact `before` outside the region.

    For processors whose result is phase-aligned with their input. Strength 0 returns `before`.
    """
    if strength == 0.0:
        return before
    if strength == 1.0 and region is None:
        return after
    out = allocate(before.channels, before.frames)
    rate = before.sample_rate_hz
    for block in blocks(before, 30 * rate):
        piece = slice(block.start, block.stop)
        weight = np.full(block.stop - block.start, strength, dtype=np.float32)
        if region is not None:
            weight *= region_weight(block.start, block.stop, region, rate)
        mixed = block.samples + weight * (after.samples[:, piece] - block.samples)
        out[:, piece] = np.where(weight > 0, mixed, block.samples)
        release(after.samples)
        release(out)
    return Audio(out, rate)
