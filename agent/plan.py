"""From wishes and findings to goals in the order in which they should be worked on.

Faults are undone in the reverse order in which they usually happened: what was done to the file
last (gaps, clicks, clipping) comes off first, tone and dynamics follow, width and level are last.
"""

from __future__ import annotations

from collections.abc import Sequence

from mixmend.agent.records import Finding, GoalRecord, Severity
from mixmend.model.problems import Problem
from mixmend.tools.measurement import Span

ORDER: tuple[Problem, ...] = (
    "dc_offset", "dropouts", "clicks", "clipping", "hum", "noise", "lossy_source", "reverb",
    "mono_incompatible", "off_balance", "mic_colored", "unbalanced", "muddy", "boomy", "boxy",
    "thin", "cold", "unclear", "dull", "airless", "harsh", "too_bright", "vocals_buried",
    "vocals_loud", "sibilant", "squashed", "flat_transients", "uneven_levels", "narrow",
    "too_wide", "too_dry", "too_quiet", "too_loud",
)  # fmt: skip

# One cause moves many bands, so of these only the surest is worked on before measuring again.
TONAL: frozenset[Problem] = frozenset(
    {
        "mic_colored", "unbalanced", "muddy", "boomy", "boxy", "thin", "cold", "unclear", "dull",
        "airless", "harsh", "too_bright", "vocals_buried", "vocals_loud", "sibilant",
    }
)  # fmt: skip

# The closing level step meets these by itself: it is the only place where level is decided.
LEVEL: frozenset[Problem] = frozenset({"too_quiet", "too_loud"})

# Nothing can bring back what was never recorded; said to the user instead of tried unasked.
HOPELESS_UNASKED: frozenset[Problem] = frozenset({"lossy_source", "too_dry", "uneven_levels"})

STRENGTH_OF: dict[Severity, float] = {"none": 0.0, "mild": 0.5, "moderate": 0.8, "severe": 1.0}
LEAST_CONFIDENCE = 0.5


def engine_strength(amount: float) -> float:
    """Strength for an engine from an understood amount, where 0.5 is what people mean unsaid.

    The full estimated repair (1.0) is what "fix it" means; "a bit" gets less of it.
    """
    return min(1.0, 2.0 * amount)


def goal_from_words(problem: Problem, amount: float, region: Span | None = None) -> GoalRecord:
    """A goal the user asked for, with an understood amount 0..1."""
    return GoalRecord(problem=problem, strength=engine_strength(amount), region=region, asked=True)


def goals_from_findings(
    findings: Sequence[Finding], tried: frozenset[Problem] = frozenset()
) -> list[GoalRecord]:
    """Goals for what clearly is wrong and was not tried yet; one tonal fault at a time."""
    goals: list[GoalRecord] = []
    tonal_taken = False
    for finding in findings:
        if not worth_mending(finding) or finding.problem in tried:
            continue
        if finding.problem in TONAL:
            if tonal_taken:
                continue
            tonal_taken = True
        goals.append(
            GoalRecord(
                problem=finding.problem,
                strength=STRENGTH_OF[finding.severity],
                asked=False,
            )
        )
    return in_order(goals)


def worth_mending(finding: Finding) -> bool:
    """Whether a finding is sure and bad enough to be worked on without being asked."""
    return (
        finding.severity in ("moderate", "severe")
        and finding.confidence >= LEAST_CONFIDENCE
        and finding.problem not in HOPELESS_UNASKED
    )


def in_order(goals: Sequence[GoalRecord]) -> list[GoalRecord]:
    """Goals in the order of repair; the same problem in the same place only once."""
    seen: set[tuple[Problem, Span | None]] = set()
    unique = []
    for goal in goals:
        if (goal.problem, goal.region) not in seen:
            seen.add((goal.problem, goal.region))
            unique.append(goal)
    return sorted(unique, key=lambda goal: ORDER.index(goal.problem))
