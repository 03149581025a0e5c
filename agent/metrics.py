"""Which measurement speaks for which problem, which way is better, and how people read it.

Guard, diagnosis, explanation and reports all look here, so that what is checked, what is said and
what is shown are the same figure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from mixmend.model.problems import Problem
from mixmend.tools.measurement import BAND_EDGES_HZ, Measurement

Better = Literal["lower", "higher", "nearer_zero"]


@dataclass(frozen=True)
class Metric:
    """`key` in the measurement; `least_change` is the smallest change that counts, in `unit`.

    `phrase` completes "... went from A to B".
    """

    key: str
    better: Better
    least_change: float
    unit: str
    phrase: str
    digits: int = 1
    percent: bool = False  # a share of 0 to 1 that people read as per cent


# Part of the least change that counts: a weak pass on purpose may move little, but not nothing.
LEAST_SHARE = 0.25

METRICS: dict[Problem, Metric] = {
    "reverb": Metric("reverb.reverberance", "lower", 0.01, "", "measured reverberance (0 to 1)", 2),
    "too_dry": Metric(
        "reverb.reverberance", "higher", 0.01, "", "measured reverberance (0 to 1)", 2
    ),
    "clipping": Metric(
        "clipping.fraction",
        "lower",
        1e-6,
        "",
        "the share of samples cut flat at the top",
        percent=True,
    ),
    "noise": Metric("noise.floor_dbfs", "lower", 0.5, "dBFS", "the noise in quiet places"),
    "hum": Metric("noise.hum_db", "lower", 1.0, "dBFS", "the mains hum"),
    "clicks": Metric("noise.clicks_count", "lower", 1.0, "", "the number of clicks", 0),
    "dc_offset": Metric(
        "noise.dc_offset", "nearer_zero", 1e-4, "of full scale", "the constant offset", 4
    ),
    "dropouts": Metric("noise.dropouts", "lower", 1.0, "", "the number of gaps", 0),
    "dull": Metric("spectrum.bands_db.brilliance", "higher", 0.3, "dB", "the treble (6 to 10 kHz)"),
    "harsh": Metric("spectrum.bands_db.brilliance", "lower", 0.3, "dB", "the treble (6 to 10 kHz)"),
    "too_bright": Metric(
        "spectrum.bands_db.brilliance", "lower", 0.3, "dB", "the treble (6 to 10 kHz)"
    ),
    "airless": Metric("spectrum.bands_db.air", "higher", 0.3, "dB", "the air (above 10 kHz)"),
    "thin": Metric("spectrum.bands_db.bass", "higher", 0.3, "dB", "the bass (60 to 120 Hz)"),
    "boomy": Metric("spectrum.bands_db.bass", "lower", 0.3, "dB", "the bass (60 to 120 Hz)"),
    "muddy": Metric(
        "spectrum.bands_db.low_mid", "lower", 0.2, "dB", "the low mids (250 to 500 Hz)"
    ),
    "boxy": Metric("spectrum.bands_db.low_mid", "lower", 0.2, "dB", "the low mids (250 to 500 Hz)"),
    "unclear": Metric(
        "spectrum.bands_db.brilliance", "higher", 0.3, "dB", "the treble (6 to 10 kHz)"
    ),
    "cold": Metric(
        "spectrum.bands_db.upper_bass", "higher", 0.2, "dB", "the warmth (120 to 250 Hz)"
    ),
    "vocals_buried": Metric(
        "spectrum.bands_db.mid", "higher", 0.2, "dB", "the voice range (500 to 2000 Hz)"
    ),
    "vocals_loud": Metric(
        "spectrum.bands_db.mid", "lower", 0.2, "dB", "the voice range (500 to 2000 Hz)"
    ),
    "unbalanced": Metric(
        "spectrum.deviation_db", "nearer_zero", 0.1, "dB", "the distance from a usual tone balance"
    ),
    "mic_colored": Metric(
        "spectrum.deviation_db", "nearer_zero", 0.1, "dB", "the distance from a usual tone balance"
    ),
    "squashed": Metric("dynamics.compression", "lower", 0.01, "", "how squashed it is (0 to 1)", 2),
    "flat_transients": Metric(
        "dynamics.punch", "higher", 0.005, "", "the strength of the attacks (0 to 1)", 2
    ),
    "too_quiet": Metric("loudness.integrated_lufs", "higher", 0.5, "LUFS", "the loudness"),
    "too_loud": Metric("loudness.integrated_lufs", "lower", 0.5, "LUFS", "the loudness"),
    "narrow": Metric("stereo.width", "higher", 0.01, "", "the stereo width (side to mid)", 2),
    "too_wide": Metric("stereo.width", "lower", 0.01, "", "the stereo width (side to mid)", 2),
    "mono_incompatible": Metric(
        "stereo.mono_loss_db", "lower", 0.2, "dB", "the level lost when played in mono"
    ),
    "off_balance": Metric(
        "stereo.balance_db", "nearer_zero", 0.2, "dB", "the lean to one side (left minus right)"
    ),
    "lossy_source": Metric(
        "spectrum.bandwidth_hz", "higher", 100.0, "Hz", "the highest frequency with sound in it", 0
    ),
    "sibilant": Metric("spectrum.bands_db.brilliance", "lower", 0.1, "dB", "the sharp s range"),
    "uneven_levels": Metric(
        "loudness.range_lu", "lower", 0.2, "LU", "the distance between soft and loud parts"
    ),
}


def _band(name: str, better: Better) -> Metric:
    low, high = BAND_EDGES_HZ[name]
    called = f"the {name.replace('_', ' ')} ({low:.0f} to {high:.0f} Hz)"
    return Metric(f"spectrum.bands_db.{name}", better, 0.3, "dB", called)


# One figure does not show every way a problem can be mended: these speak when the first is silent.
ALSO_TELLING: dict[Problem, tuple[Metric, ...]] = {
    "squashed": (
        Metric("dynamics.dr", "higher", 1.0, "", "the dynamic range (DR)", 0),
        Metric("loudness.range_lu", "higher", 0.3, "LU", "the step from soft to loud parts"),
        Metric("loudness.psr_lu", "higher", 0.5, "LU", "the peaks over the loudest passage"),
    ),
    "flat_transients": (
        Metric("dynamics.crest_db", "higher", 0.3, "dB", "the height of peaks over the rest"),
        Metric("loudness.psr_lu", "higher", 0.3, "LU", "the peaks over the loudest passage"),
    ),
    "dull": (_band("presence", "higher"), _band("air", "higher")),
    "unclear": (_band("presence", "higher"), _band("air", "higher")),
    "airless": (_band("brilliance", "higher"),),
    "harsh": (_band("presence", "lower"), _band("air", "lower")),
    "too_bright": (_band("air", "lower"), _band("presence", "lower")),
    "cold": (_band("bass", "higher"), _band("low_mid", "higher")),
    "thin": (_band("sub", "higher"), _band("upper_bass", "higher")),
    "boomy": (_band("sub", "lower"), _band("upper_bass", "lower")),
    "muddy": (_band("upper_bass", "lower"), _band("mid", "higher")),
    "vocals_buried": (_band("presence", "higher"), _band("low_mid", "higher")),
    "reverb": (
        Metric("reverb.drr_db", "higher", 0.3, "dB", "the direct sound over its reverberation"),
        Metric("reverb.rt60_s", "lower", 0.03, "s", "the estimated reverberation time", 2),
    ),
}  # fmt: skip


def telling_metric(problem: Problem, before: Measurement, after: Measurement) -> Metric:
    """The figure to judge and to tell a change by: the problem's own, unless it did not move the
    right way and another one that speaks for the problem did."""
    own = METRICS[problem]
    for metric in (own, *ALSO_TELLING.get(problem, ())):
        moved = moved_right(metric, before, after)
        if moved is not None and moved >= LEAST_SHARE * metric.least_change:
            return metric
    return own


def metric_value(problem: Problem, measurement: Measurement) -> float | None:
    """The problem's own figure, or None when it was not measured; see `figure`."""
    return figure(METRICS[problem], measurement)


def figure(metric: Metric, measurement: Measurement) -> float | None:
    """The figure of a metric, or None when it was not measured.

    Lists count their entries (dropouts) or give their largest magnitude (DC offset); band
    deviations give their root mean square, in dB.
    """
    key = metric.key
    value = measurement.value(key)
    if key == "noise.dc_offset" and isinstance(value, list):
        return max((abs(offset) for offset in value), default=None)
    if isinstance(value, list):
        return float(len(value))
    if isinstance(value, dict):
        bands = [band for band in value.values() if band is not None]
        return (sum(band * band for band in bands) / len(bands)) ** 0.5 if bands else None
    return None if value is None else float(value)  # type: ignore[arg-type]


def moved_right(metric: Metric, before: Measurement, after: Measurement) -> float | None:
    """How far the figure moved the right way (negative: the wrong way), in the metric's unit.

    None when it was not measured before. A fault that can no longer be measured afterwards (hum
    that is gone has no level) counts as moved by twice the least change.
    """
    was, now = figure(metric, before), figure(metric, after)
    if was is None:
        return None
    if now is None:
        return 2 * metric.least_change if metric.better == "lower" else None
    if metric.better == "higher":
        return now - was
    if metric.better == "lower":
        return was - now
    return abs(was) - abs(now)


def format_value(metric: Metric, value: float) -> str:
    """The figure as people read it, with its unit."""
    if metric.percent:
        return as_percent(value)
    text = f"{value + 0.0:.{metric.digits}f}".replace("-", "\N{MINUS SIGN}")
    return f"{text} {metric.unit}".strip()


def as_percent(share: float) -> str:
    """A share of 0 to 1 as per cent: two figures where it is small, none where it is nothing."""
    percent = 100.0 * share
    if percent == 0.0:
        return "0 %"
    if percent >= 1.0:
        return f"{percent:.1f} %"
    digits = min(4, 1 - math.floor(math.log10(percent)))
    return f"{percent:.{digits}f} %"
