"""What a report holds, apart from how it looks: the same rows for HTML, PDF and Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mixmend.agent.explain import DOING, lineage
from mixmend.agent.metrics import figure, format_value, telling_metric
from mixmend.agent.plan import worth_mending
from mixmend.agent.records import Finding, PassRecord, SessionRecord
from mixmend.agent.report_plots import Plot, draw_plots
from mixmend.agent.session import LEVEL_GOAL
from mixmend.agent.store import load_audio
from mixmend.agent.targets import TARGETS
from mixmend.tools.errors import FileError
from mixmend.tools.measurement import Measurement


@dataclass(frozen=True)
class PassRow:
    """One pass: what, why, how much, what moved, the verdict and its reason."""

    n: int
    what: str
    why: str
    how_much: str
    moved: str
    verdict: str
    kept: bool
    because: str
    checks: str


@dataclass(frozen=True)
class FigureRow:
    """One measurement before and after, its unit, and how far it can be trusted."""

    name: str
    before: str
    after: str
    unit: str
    trust: str


@dataclass(frozen=True)
class ReportData:
    """Everything a report shows. All strings are plain text and must be escaped by the writer."""

    title: str
    asked: str
    explanation: str
    found: tuple[Finding, ...]
    passes: tuple[PassRow, ...]
    not_fixed: tuple[str, ...]
    figures: tuple[FigureRow, ...]
    plots: tuple[Plot, ...]
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


# (key, name for people, unit, digits, trust)
_FIGURES: tuple[tuple[str, str, str, int, str], ...] = (
    ("loudness.integrated_lufs", "Loudness", "LUFS", 1, "±0.1, EBU meter"),
    ("loudness.true_peak_dbtp", "True peak", "dBTP", 1, "+0.2/-0.4, EBU meter"),
    ("loudness.range_lu", "Loudness range", "LU", 1, "±1, EBU meter"),
    ("loudness.plr_lu", "Peak to loudness", "LU", 1, "follows from the two above"),
    ("dynamics.dr", "DR", "", 0, "as the DR procedure has it"),
    ("dynamics.compression", "How squashed", "0 to 1", 2, "our scale; compare, do not quote"),
    ("dynamics.punch", "Strength of attacks", "0 to 1", 2, "our scale; compare, do not quote"),
    ("clipping.fraction", "Clipped samples", "share", 6, "see docs/measurements"),
    ("clipping.events", "Clipped spots", "", 0, "see docs/measurements"),
    ("reverb.reverberance", "Reverberance", "0 to 1", 2, "blind estimate: rough"),
    ("reverb.rt60_s", "Reverberation time", "s", 1, "blind estimate: ±30 % when confident"),
    ("stereo.width", "Stereo width", "side/mid", 2, "exact"),
    ("stereo.correlation", "Stereo correlation", "-1 to 1", 2, "exact"),
    ("stereo.mono_loss_db", "Lost in mono", "dB", 1, "exact"),
    ("spectrum.tilt_db_per_octave", "Spectral tilt", "dB/octave", 1, "long-term average"),
    ("spectrum.centroid_hz", "Spectral centre", "Hz", 0, "long-term average"),
    ("spectrum.bandwidth_hz", "Highest frequency", "Hz", 0, "±500 Hz"),
    ("noise.floor_dbfs", "Level of the quietest places", "dBFS", 1, "music may be in it"),
    ("noise.hum_db", "Mains hum", "dBFS", 1, "only when found"),
    ("noise.clicks_count", "Clicks", "", 0, "see docs/measurements"),
)


def collect(record: SessionRecord, folder: Path) -> ReportData:
    """Gather a report's content; plots are left out with a note when the sound is gone."""
    after = record.output.measurement if record.output is not None else _latest(record)
    notes = list(record.notes)
    try:
        plots = draw_plots(
            load_audio(folder, record.versions[0].audio_sha256),
            load_audio(folder, _head_digest(record)),
            record.source_measurement,
            after,
        )
    except FileError as error:
        plots = ()
        notes.append(f"There are no plots: {error}")
    return ReportData(
        title=Path(record.source.path).name,
        asked=record.words or "No words: make it as good as it can be.",
        explanation=record.explanation,
        found=tuple(f for f in record.findings_before if f.severity != "none"),
        passes=tuple(_pass_row(p, record) for p in record.passes),
        not_fixed=tuple(_not_fixed(record)),
        figures=tuple(_figures(record.source_measurement, after)),
        plots=plots,
        facts=tuple(_facts(record)),
        notes=tuple(notes),
    )


def _head_digest(record: SessionRecord) -> str:
    return next(v.audio_sha256 for v in record.versions if v.number == record.head)


def _latest(record: SessionRecord) -> Measurement:
    line = lineage(record)
    return line[-1].after if line else record.source_measurement


def _pass_row(done: PassRecord, record: SessionRecord) -> PassRow:
    kept = done.n in {p.n for p in lineage(record)}
    place = "" if done.region is None else f", {done.region[0]:.1f} to {done.region[1]:.1f} s"
    if done.goal == LEVEL_GOAL:
        what, why, moved = "set level and peaks", "the closing step", _level_moved(done)
    else:
        assert done.problem is not None  # only the level step has none
        what = DOING[done.problem][1]
        why = "you asked for it" if done.asked else "it was found by measuring"
        moved = _moved(done)
    failed = [c for c in done.checks if not c.ok]
    checks = (
        f"all {len(done.checks)} checks passed"
        if not failed
        else "; ".join(f"{c.name.replace('_', ' ')}: {_short(c.value)} (limit {_short(c.limit)})"
                       for c in failed)
    )  # fmt: skip
    verdict = "kept" if kept else ("taken back" if done.verdict == "rolled_back" else "undone")
    return PassRow(
        n=done.n, what=what, why=why,
        how_much=f"{done.engine}, strength {done.strength:.2g}{place}", moved=moved,
        verdict=verdict, kept=kept, because=done.because, checks=checks,
    )  # fmt: skip


def _moved(done: PassRecord) -> str:
    assert done.problem is not None  # the caller has looked
    metric = telling_metric(done.problem, done.before, done.after)
    was, now = figure(metric, done.before), figure(metric, done.after)
    if was is None and now is None:
        return f"{metric.phrase}: not measurable"
    left = "not measurable" if was is None else format_value(metric, was)
    right = "no longer measurable" if now is None else format_value(metric, now)
    return f"{metric.phrase}: {left} \N{RIGHTWARDS ARROW} {right}"


def _level_moved(done: PassRecord) -> str:
    was, now = done.before.loudness, done.after.loudness
    return (
        f"{_short(was.integrated_lufs)} \N{RIGHTWARDS ARROW} {_short(now.integrated_lufs)} LUFS, "
        f"peaks {_short(was.true_peak_dbtp)} \N{RIGHTWARDS ARROW} {_short(now.true_peak_dbtp)} dBTP"
    )


def _not_fixed(record: SessionRecord) -> list[str]:
    line = {p.n for p in lineage(record)}
    reached = {p.problem for p in record.passes if p.n in line}
    texts = []
    for problem in dict.fromkeys(p.problem for p in record.passes if p.problem is not None):
        if problem not in reached:
            last = [p for p in record.passes if p.problem == problem][-1]
            texts.append(f"{problem.replace('_', ' ')}: {last.because}")
    named = {p.problem for p in record.passes}
    for finding in record.findings_after:
        if worth_mending(finding) and finding.problem not in named:
            texts.append(f"{finding.problem.replace('_', ' ')}: not asked for. {finding.says}")
    return texts


def _figures(before: Measurement, after: Measurement) -> list[FigureRow]:
    rows = []
    for key, name, unit, digits, trust in _FIGURES:
        was, now = before.value(key), after.value(key)
        rows.append(FigureRow(name, _figure(was, digits), _figure(now, digits), unit, trust))
    for band, level in before.spectrum.bands_db.items():
        rows.append(
            FigureRow(
                f"Share of {band.replace('_', ' ')}",
                _figure(level, 1),
                _figure(after.spectrum.bands_db.get(band), 1),
                "dB",
                "long-term average",
            )
        )
    return rows


def _figure(value: object, digits: int) -> str:
    if value is None:
        return "\N{EM DASH}"
    return f"{float(value):.{digits}f}" if isinstance(value, int | float) else str(value)


def _short(value: float | None) -> str:
    return "\N{EM DASH}" if value is None else f"{value:.3g}"


def _facts(record: SessionRecord) -> Sequence[tuple[str, str]]:
    source = record.source
    facts = [
        ("Song", f"{Path(source.path).name}, {source.duration_s:.1f} s, {source.codec}, "
                 f"{source.sample_rate_hz} Hz, {source.channels} channels"),
        ("SHA-256 of the song", source.sha256),
        ("Level aimed at", TARGETS[record.target].says),
        ("Brain", record.brain),
        ("Seed", str(record.seed)),
        ("Session", record.session.id),
    ]  # fmt: skip
    if record.output is not None:
        facts[2:2] = [
            ("Result", Path(record.output.path).name),
            ("SHA-256 of the result", record.output.sha256),
        ]
    return facts
