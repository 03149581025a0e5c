"""Measurements to findings: what is wrong, how bad, how sure, where, in plain words.

No language model has a part in it. What a figure shows outright comes from `diagnosis_rules`; what
takes experience (is this dull, or meant so?) from the learnt part in `diagnosis_model`.
"""

from __future__ import annotations

from mixmend.agent.diagnosis_model import Opinion, opinions
from mixmend.agent.diagnosis_rules import Ruling, rulings
from mixmend.agent.diagnosis_words import WORDINGS
from mixmend.agent.records import Evidence, Finding, Severity
from mixmend.model.problems import Problem
from mixmend.tools.measurement import Measurement

MOST_FINDINGS = 8
_RANK: dict[Severity, int] = {"severe": 3, "moderate": 2, "mild": 1, "none": 0}
# Under the first a problem is not even listed, under the second it is no more than a possibility.
LEAST_PROBABILITY = 0.06
LEAST_MILD = 0.2
# One cut or boost is heard in several ways; a second reading of it is said after the first.
_ALSO: dict[Problem, tuple[Problem, float]] = {"harsh": ("too_bright", 0.9)}


def diagnose(measured: Measurement) -> list[Finding]:
    """Findings, worst and surest first; an empty list when nothing stands out."""
    findings = [_from_ruling(ruling, measured) for ruling in rulings(measured)]
    for opinion in opinions(measured):
        if opinion.probability >= LEAST_PROBABILITY:
            findings.append(_from_opinion(opinion, measured))
            if opinion.problem in _ALSO:
                also, share = _ALSO[opinion.problem]
                less = Opinion(also, opinion.probability * share, 1.1, opinion.sure_at)
                findings.append(_from_opinion(less, measured))
    findings.sort(key=_badness, reverse=True)
    return findings[:MOST_FINDINGS]


def _badness(finding: Finding) -> float:
    """Severity and confidence together: a sure moderate fault before an unsure severe one."""
    return _RANK[finding.severity] * 0.5 + 2.0 * finding.confidence


def _from_ruling(ruling: Ruling, measured: Measurement) -> Finding:
    return _finding(
        ruling.problem, ruling.severity, ruling.confidence, measured,
        None if ruling.where is None else list(ruling.where),
    )  # fmt: skip


def _from_opinion(opinion: Opinion, measured: Measurement) -> Finding:
    if opinion.probability >= opinion.severe_at:
        severity: Severity = "severe"
    elif opinion.probability >= opinion.sure_at:
        severity = "moderate"
    else:
        severity = "mild" if opinion.probability >= LEAST_MILD else "none"
    return _finding(opinion.problem, severity, opinion.probability, measured, None)


def _finding(
    problem: Problem,
    severity: Severity,
    confidence: float,
    measured: Measurement,
    where: list[tuple[float, float]] | None,
) -> Finding:
    wording = WORDINGS[problem]
    evidence = [
        Evidence(key=key, value=value, expected=wording.expected)
        for key in wording.keys
        if (value := _shown(measured, key)) is not None
    ]
    return Finding(
        problem=problem, severity=severity, confidence=round(min(1.0, max(0.0, confidence)), 3),
        where=where, evidence=evidence, says=_said(problem, measured),
    )  # fmt: skip


def _shown(measured: Measurement, key: str) -> float | str | bool | None:
    """A figure as evidence: places are counted, offsets give the largest, bands the RMS."""
    value = measured.value(key)
    if isinstance(value, list):
        if all(isinstance(item, float) for item in value):
            return max((abs(item) for item in value), default=None)
        return float(len(value))
    if isinstance(value, dict):
        bands = [band for band in value.values() if band is not None]
        return (sum(band * band for band in bands) / len(bands)) ** 0.5 if bands else None
    return value if isinstance(value, float | int | str | bool) else None


def _said(problem: Problem, measured: Measurement) -> str:
    """The problem's sentence, with the one figure that makes it believable where there is one."""
    says = WORDINGS[problem].says
    if problem == "clipping" and measured.clipping.events:
        spots = _counted(measured.clipping.events, "flat spot")
        return f"{says[:-1]}: {spots} in {_counted(len(measured.clipping.regions), 'place')}."
    if problem == "hum" and measured.noise.hum_hz is not None:
        return f"There is a mains hum of {measured.noise.hum_hz:.0f} Hz under the music."
    if problem == "clicks" and measured.noise.clicks_count:
        if measured.noise.clicks_count == 1:
            return "There is 1 click."
        return f"There are {measured.noise.clicks_count} clicks and pops."
    if problem == "dropouts":
        return f"The sound cuts out in {_counted(len(measured.noise.dropouts), 'place')}."
    if problem == "reverb" and measured.reverb.rt60_s is not None:
        return f"{says[:-1]}; it seems to ring on for about {measured.reverb.rt60_s:.1f} s."
    if problem == "too_quiet" and measured.loudness.integrated_lufs is not None:
        return f"{says[:-1]} ({measured.loudness.integrated_lufs:.0f} LUFS)."
    if problem == "off_balance" and measured.stereo.balance_db is not None:
        side = "left" if measured.stereo.balance_db > 0 else "right"
        return f"It leans to the {side} by {abs(measured.stereo.balance_db):.1f} dB."
    return says


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
