"""Every figure that a measurement or a pass holds, with its unit, its topic and when it held."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from mixmend.agent.claim_words import TOPICS
from mixmend.agent.metrics import METRICS
from mixmend.agent.records import PassRecord
from mixmend.agent.targets import TARGETS
from mixmend.tools.measurement import BAND_EDGES_HZ, Measurement

When = Literal["before", "after", "any"]

_UNITS: tuple[tuple[str, str], ...] = (
    ("_lufs", "LUFS"), ("_dbtp", "dBTP"), ("_dbfs", "dBFS"), ("hum_db", "dBFS"), ("_lu", "LU"),
    ("_db", "dB"), ("_hz", "Hz"), ("_s", "s"), ("_bpm", "BPM"), ("_per_octave", "dB"),
)  # fmt: skip
WITH_LEVEL = frozenset({"noise.floor_dbfs", "noise.hum_db", "clipping.level_dbfs"})
_LEVEL_UNITS = frozenset({"LUFS", "dBTP", "dBFS", "LU", "dB"})
LEAST_CHANGE: dict[str, float] = {metric.key: metric.least_change for metric in METRICS.values()}
LEAST_CHANGE |= {
    "clipping.events": 1.0, "loudness.integrated_lufs": 0.3, "loudness.true_peak_dbtp": 0.3,
    "loudness.sample_peak_dbfs": 0.3, "noise.snr_db": 0.5, "reverb.drr_db": 0.5,
    "reverb.rt60_s": 0.03, "dynamics.dr": 1.0, "dynamics.crest_db": 0.3, "loudness.psr_lu": 0.3,
    "loudness.plr_lu": 0.3, "loudness.range_lu": 0.3, "stereo.correlation": 0.02,
    "spectrum.bands_db.sub": 0.3, "spectrum.bands_db.presence": 0.3, "duration_s": 0.1,
    "spectrum.centroid_hz": 100.0, "spectrum.lossy_cutoff_hz": 100.0, "music.tempo_bpm": 1.0,
}  # fmt: skip
_NUMBER = re.compile(r"(?<![\w.])[-\u2212+]?\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Fact:
    """One figure: its value, unit ("" for counts and shares), what it is about, when it held.

    `change` marks a difference or a share of one, which is said without its sign.
    """

    value: float
    unit: str
    key: str
    when: When
    change: bool = False


def figures_of(measured: Measurement, when: When) -> Iterator[Fact]:
    """Every number of a measurement; shares also as percentages, lists as their lengths."""
    for key, value in _leaves(measured.model_dump(exclude={"notes"}), ""):
        yield Fact(value, _unit(key), key, when)
        if _unit(key) == "" and abs(value) <= 1.0:
            yield Fact(100.0 * value, "%", key, when)
    yield Fact(float(len(measured.noise.dropouts)), "", "noise.dropouts", when)
    yield Fact(float(len(measured.clipping.regions)), "", "clipping.regions", when)
    for key in ("noise.dc_offset", "spectrum.deviation_db"):
        if (number := number_in(measured.value(key))) is not None:
            yield Fact(number, _unit(key), key, when)


def _leaves(tree: object, key: str) -> Iterator[tuple[str, float]]:
    if isinstance(tree, bool) or tree is None or isinstance(tree, str):
        return
    if isinstance(tree, int | float):
        yield key, float(tree)
    elif isinstance(tree, dict):
        for name, item in tree.items():
            if name != "timeline":
                yield from _leaves(item, f"{key}.{name}" if key else str(name))
    elif isinstance(tree, list | tuple):
        for item in tree:
            yield from _leaves(item, key)


def _unit(key: str) -> str:
    if key.startswith(("spectrum.bands_db", "spectrum.deviation_db", "spectrum.third_octave_db")):
        return "dB"
    return next((unit for ending, unit in _UNITS if key.endswith(ending)), "")


def differences(before: Measurement, after: Measurement) -> Iterator[Fact]:
    """How far each figure moved, for levels also with the change of loudness taken out."""
    louder = (after.loudness.integrated_lufs or 0.0) - (before.loudness.integrated_lufs or 0.0)
    keys = {key for topic in TOPICS.values() for key, _ in topic.keys} | set(LEAST_CHANGE)
    for key in sorted(keys):
        was, now = number_in(before.value(key)), number_in(after.value(key))
        if was is None or now is None:
            continue
        unit = _unit(key)
        steps = {now - was, now - was - louder} if key in WITH_LEVEL else {now - was}
        for step in steps:
            yield Fact(step, "dB" if unit in _LEVEL_UNITS else unit, key, "any", change=True)
            if key in WITH_LEVEL:
                yield Fact(was + step, unit, key, "any")
        if was and unit not in _LEVEL_UNITS:
            yield Fact(100.0 * (now - was) / abs(was), "%", key, "any", change=True)


def said_by_guard(done: PassRecord) -> Iterator[Fact]:
    """Figures in the guard's own sentences: those of a place, and why something was taken back."""
    key = "tried"
    if done.problem is not None and done.verdict == "kept":
        key = METRICS[done.problem].key
    for text in (done.because, *(check.says for check in done.checks)):
        for match in _NUMBER.finditer(text):
            value = float(match.group().replace("\u2212", "-"))
            unit = re.match(r"\s*(dBFS|dBTP|dB|LUFS|LU|Hz|kHz|ms|s|%)?", text[match.end() :])
            when: When = "any"
            if re.search(r"\bfrom $", text[: match.start()]):
                when = "before"
            elif re.search(r"\bto $", text[: match.start()]):
                when = "after"
            yield Fact(value, (unit[1] or "") if unit else "", key, when)
    yield Fact(done.strength, "", "strength", "any")
    yield Fact(100.0 * done.strength, "%", "strength", "any")


def constants() -> Iterator[Fact]:
    """Figures that hold for every song: edges of bands, and what targets ask for."""
    for low, high in BAND_EDGES_HZ.values():
        yield Fact(low, "Hz", "band", "any")
        yield Fact(high, "Hz", "band", "any")
    for target in TARGETS.values():
        yield Fact(target.ceiling_dbtp, "dBTP", "target", "any")
        if target.lufs is not None:
            yield Fact(target.lufs, "LUFS", "target", "any")


def number_in(value: object) -> float | None:
    """One number for a measured value: of a list its length or largest, of bands their RMS."""
    if value is None or isinstance(value, bool | str):
        return None
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, list):
        if value and all(isinstance(item, float) for item in value):
            return float(max(abs(item) for item in value))
        return float(len(value))
    if isinstance(value, dict):
        bands = [item for item in value.values() if item is not None]
        return float((sum(item * item for item in bands) / len(bands)) ** 0.5) if bands else None
    return None
