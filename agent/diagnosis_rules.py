"""Problems that are measured outright: a threshold with a reason, a severity, and where it is.

Thresholds are the edges of what untouched music in the training packages shows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mixmend.agent.records import Severity
from mixmend.model.problems import Problem
from mixmend.tools.measurement import Measurement, Span

_CLICK_SPAN_S = 0.05
_MOST_SPANS = 50


@dataclass(frozen=True)
class Ruling:
    """A problem that is there by measurement."""

    problem: Problem
    severity: Severity
    confidence: float
    where: tuple[Span, ...] | None = None


def rulings(measured: Measurement) -> list[Ruling]:
    """All problems that a figure alone shows, in no particular order."""
    found = (rule(measured) for rule in _RULES)
    return [ruling for ruling in found if ruling is not None]


def _grade(value: float, mild: float, moderate: float, severe: float) -> Severity:
    """Severity of a figure that is worse the larger it is."""
    if value >= severe:
        return "severe"
    if value >= moderate:
        return "moderate"
    return "mild" if value >= mild else "none"


def _ruling(
    problem: Problem, severity: Severity, confidence: float, where: Sequence[Span] | None = None
) -> Ruling | None:
    if severity == "none":
        return None
    spans = None if where is None else tuple(where)[:_MOST_SPANS]
    return Ruling(problem, severity, confidence, spans)


def _clipping(m: Measurement) -> Ruling | None:
    fraction, events = m.clipping.fraction, m.clipping.events
    if not fraction or not events:
        return None
    severity = _grade(fraction, 1e-6, 5e-5, 3e-3)
    return _ruling("clipping", severity, 0.95 if fraction >= 5e-5 else 0.7, m.clipping.regions)


def _noise(m: Measurement) -> Ruling | None:
    if m.noise.snr_db is None or m.noise.floor_dbfs is None:
        return None
    loudness = m.loudness.integrated_lufs
    if loudness is None:
        return None
    under_db = loudness - m.noise.floor_dbfs
    # Steady noise 45 dB under the music is heard in its pauses.
    severity = _grade(-under_db, -45.0, -36.0, -22.0)
    return _ruling("noise", severity, 0.6 if severity == "mild" else 0.8)


def _hum(m: Measurement) -> Ruling | None:
    if m.noise.hum_hz is None or m.noise.hum_db is None:
        return None
    under_db = (m.loudness.integrated_lufs or -20.0) - m.noise.hum_db
    return _ruling("hum", _grade(-under_db, -60.0, -42.0, -20.0), 0.9)


def _clicks(m: Measurement) -> Ruling | None:
    count = m.noise.clicks_count
    if not count:
        return None
    a_minute = 60.0 * count / max(1.0, m.duration_s)
    spans = [(max(0.0, t - _CLICK_SPAN_S), t + _CLICK_SPAN_S) for t in m.noise.clicks]
    return _ruling("clicks", _grade(a_minute, 0.5, 4.0, 40.0), 0.85, spans)


def _dc_offset(m: Measurement) -> Ruling | None:
    offset = max((abs(x) for x in m.noise.dc_offset), default=0.0)
    return _ruling("dc_offset", _grade(offset, 0.002, 0.01, 0.08), 0.95)


def _dropouts(m: Measurement) -> Ruling | None:
    if not m.noise.dropouts:
        return None
    severity: Severity = "severe" if len(m.noise.dropouts) >= 5 else "moderate"
    return _ruling("dropouts", severity, 0.9, m.noise.dropouts)


def _too_quiet(m: Measurement) -> Ruling | None:
    lufs, peak = m.loudness.integrated_lufs, m.loudness.true_peak_dbtp
    if lufs is None and peak is not None and peak < -40.0:
        # Too faint even for the absolute gate of the loudness meter.
        return _ruling("too_quiet", "severe", 0.95)
    if lufs is None or peak is None or peak > -6.0:
        # With peaks near full scale it is dynamic, not quiet.
        return None
    return _ruling("too_quiet", _grade(-lufs, 26.0, 31.0, 38.0), 0.95)


def _too_loud(m: Measurement) -> Ruling | None:
    lufs = m.loudness.integrated_lufs
    return None if lufs is None else _ruling("too_loud", _grade(lufs, -6.5, -5.0, -3.0), 0.7)


def _narrow(m: Measurement) -> Ruling | None:
    if m.channels < 2 or m.stereo.width is None:
        return None
    # Identical channels are a fault of the file; a narrow mix may be meant.
    severity = _grade(-m.stereo.width, -0.06, -0.02, 1.0)
    return _ruling("narrow", severity, 0.9 if m.stereo.is_mono else 0.7)


def _too_wide(m: Measurement) -> Ruling | None:
    width, correlation = m.stereo.width, m.stereo.correlation
    if width is None or correlation is None or correlation > 0.0:
        return None
    return _ruling("too_wide", _grade(width, 1.1, 1.5, 4.0), 0.6)


def _mono_incompatible(m: Measurement) -> Ruling | None:
    loss, correlation = m.stereo.mono_loss_db, m.stereo.correlation
    if loss is None or correlation is None:
        return None
    return _ruling("mono_incompatible", _grade(loss, 4.0, 5.5, 10.0), 0.85)


def _off_balance(m: Measurement) -> Ruling | None:
    balance = m.stereo.balance_db
    return None if balance is None else _ruling("off_balance", _grade(abs(balance), 2, 3.5, 8), 0.8)


def _lossy_source(m: Measurement) -> Ruling | None:
    cutoff = m.spectrum.lossy_cutoff_hz
    if cutoff is None:
        return None
    return _ruling("lossy_source", _grade(-cutoff, -15500.0, -13500.0, -9000.0), 0.7)


def _uneven_levels(m: Measurement) -> Ruling | None:
    span = m.loudness.range_lu
    return None if span is None else _ruling("uneven_levels", _grade(span, 20.0, 26.0, 40.0), 0.6)


_RULES: tuple[Callable[[Measurement], Ruling | None], ...] = (
    _clipping, _noise, _hum, _clicks, _dc_offset, _dropouts, _too_quiet, _too_loud, _narrow,
    _too_wide, _mono_incompatible, _off_balance, _lossy_source, _uneven_levels,
)  # fmt: skip
