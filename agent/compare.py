"""Two measurements side by side: what changed, with the difference in level taken out."""

from __future__ import annotations

from mixmend.agent.known_figures import number_in
from mixmend.agent.metrics import METRICS, Metric
from mixmend.tools.measurement import Measurement, Record

# These move with plain gain; they are compared as if both played equally loud.
_WITH_LEVEL = frozenset(
    {"noise.floor_dbfs", "noise.hum_db", "loudness.true_peak_dbtp", "clipping.level_dbfs"}
)
_MOST_SAID = 6


class Change(Record):
    """One figure of both sides; `change` is b minus a, level-matched where level matters."""

    key: str
    a: float | None
    b: float | None
    change: float | None
    unit: str
    counts: bool
    says: str


class Compared(Record):
    """What is different between A and B. `level_difference_lu` is how much louder B plays."""

    level_difference_lu: float | None
    changes: list[Change]
    text: str


_PEAK = Metric("loudness.true_peak_dbtp", "lower", 0.3, "dB", "the peaks")
_EXTRA = (_PEAK,)


def compare_measurements(a: Measurement, b: Measurement) -> Compared:
    """Compare every figure that speaks for a problem; differences below its least are not said."""
    loudness_a, loudness_b = a.loudness.integrated_lufs, b.loudness.integrated_lufs
    louder = None if loudness_a is None or loudness_b is None else loudness_b - loudness_a
    metrics = {metric.key: metric for metric in (*METRICS.values(), *_EXTRA)}
    changes = [
        _change(metric, a, b, louder or 0.0)
        for metric in metrics.values()
        if metric.key != "loudness.integrated_lufs"
    ]
    said = [change.says for change in changes if change.counts][:_MOST_SAID]
    level = ""
    if louder is not None and abs(louder) >= 0.5:
        level = f"B plays {abs(louder):.1f} LU {'louder' if louder > 0 else 'quieter'} than A."
    text = " ".join([level, *said]).strip() or "By measurement the two are the same."
    return Compared(level_difference_lu=louder, changes=changes, text=text)


def _change(metric: Metric, a: Measurement, b: Measurement, louder: float) -> Change:
    was, now = number_in(a.value(metric.key)), number_in(b.value(metric.key))
    change = None
    if was is not None and now is not None:
        change = now - was - (louder if metric.key in _WITH_LEVEL else 0.0)
    counts = change is not None and abs(change) >= metric.least_change
    says = ""
    if counts and change is not None:
        more = "more" if change > 0 else "less"
        amount = f"{abs(change):.{metric.digits}f} {metric.unit}".strip()
        says = f"In B {metric.phrase} is {amount} {more}."
    return Change(
        key=metric.key, a=was, b=now, change=change, unit=metric.unit, counts=counts, says=says
    )
