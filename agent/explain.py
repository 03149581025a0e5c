"""What was done and why, in plain words; every number said is tied to its measurement.

The text is made from the session's record only, so it cannot say what was not measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mixmend.agent.metrics import figure, format_value, telling_metric
from mixmend.agent.plan import LEVEL, worth_mending
from mixmend.agent.records import Claim, Finding, GoalRecord, PassRecord, SessionRecord
from mixmend.agent.session import LEVEL_GOAL
from mixmend.agent.targets import TARGETS
from mixmend.model.problems import Problem
from mixmend.tools.measurement import Measurement

MOST_FINDINGS = 3
# A finding less sure than this is listed by `check`, but not said as if it were so.
LEAST_SAID_CONFIDENCE = 0.4

# What working on a problem is called: after "I ..." and after "I tried to ...".
DOING: dict[Problem, tuple[str, str]] = {
    "reverb": ("took down the reverb", "take down the reverb"),
    "clipping": ("rebuilt the clipped peaks", "rebuild the clipped peaks"),
    "noise": ("took out noise", "take out noise"),
    "hum": ("took out the mains hum", "take out the mains hum"),
    "clicks": ("took out the clicks", "take out the clicks"),
    "dc_offset": ("removed a constant offset", "remove a constant offset"),
    "dropouts": ("filled the gaps", "fill the gaps"),
    "dull": ("brought the treble up", "bring the treble up"),
    "harsh": ("softened the harsh treble", "soften the harsh treble"),
    "airless": ("opened up the air at the top", "open up the air at the top"),
    "thin": ("filled out the bass", "fill out the bass"),
    "boomy": ("tightened the boomy bass", "tighten the boomy bass"),
    "muddy": ("cleared the mud", "clear the mud"),
    "unclear": ("made it clearer", "make it clearer"),
    "cold": ("made it warmer", "make it warmer"),
    "vocals_buried": ("brought the voice range forward", "bring the voice range forward"),
    "vocals_loud": ("set the voice range back", "set the voice range back"),
    "unbalanced": ("evened the tone balance", "even the tone balance"),
    "mic_colored": ("took out the microphone's colour", "take out the microphone's colour"),
    "squashed": ("gave the dynamics room again", "give the dynamics room again"),
    "flat_transients": ("sharpened the attacks", "sharpen the attacks"),
    "too_quiet": ("made it louder", "make it louder"),
    "too_loud": ("made it quieter", "make it quieter"),
    "narrow": ("widened the stereo image", "widen the stereo image"),
    "too_wide": ("narrowed the stereo image", "narrow the stereo image"),
    "mono_incompatible": ("made it safe for mono", "make it safe for mono"),
    "off_balance": ("centred the stereo image", "centre the stereo image"),
    "lossy_source": ("softened the coding damage", "soften the coding damage"),
    "sibilant": ("softened the s sounds", "soften the s sounds"),
    "too_bright": ("made it darker", "make it darker"),
    "boxy": ("took out the boxy tone", "take out the boxy tone"),
    "uneven_levels": ("evened the levels", "even the levels"),
    "too_dry": ("added a little room", "add a little room"),
}


@dataclass(frozen=True)
class Explained:
    """A text for the user and the claims behind every number and direction in it."""

    text: str
    claims: tuple[Claim, ...]


def explain(record: SessionRecord) -> Explained:
    """The whole story of a session: found, done, taken back, result, what is left."""
    claims: list[Claim] = []
    parts = [findings_text(record.findings_before), *_done(record, claims)]
    for finding in record.findings_before[:MOST_FINDINGS]:
        claims += [
            Claim(key=item.key, value=item.value, when="source") for item in finding.evidence
        ]
    if record.output is not None:
        parts.append(_result(record, record.output.measurement, claims))
        parts.append(_left(record))
    return Explained("\n\n".join(part for part in parts if part), tuple(claims))


def findings_text(findings: Sequence[Finding]) -> str:
    """The worst findings in plain words, three at most."""
    found = [f for f in findings if f.severity != "none" and f.confidence >= LEAST_SAID_CONFIDENCE][
        :MOST_FINDINGS
    ]
    if not found:
        return "I measured the song and found nothing that clearly needs mending."
    return "What I found: " + " ".join(finding.says for finding in found)


def pass_text(done: PassRecord, claims: list[Claim]) -> str:
    """One pass in a sentence or two: what changed by measurement, or why it was taken back."""
    if done.problem is None:
        return done.because
    did, do = DOING[done.problem]
    where = where_text(done)
    if done.verdict == "rolled_back":
        return f"I tried to {do}{where} but took it back: {_lower_first(done.because)}"
    change = change_text(done, claims)
    return f"I {did}{where}{': ' + change if change else ''}."


def where_text(done: PassRecord) -> str:
    """ " from 0:12 to 0:34" for a pass on a part of the song, else nothing."""
    return (
        "" if done.region is None else f" from {_clock(done.region[0])} to {_clock(done.region[1])}"
    )


# Figures that move a little with tone and level, whatever is done.
_FOLLOWS_TONE = frozenset({"squashed", "uneven_levels", "flat_transients"})


def hardly_moved(done: PassRecord) -> bool:
    """Whether a kept pass moved its own figure by less than counts as a change."""
    if done.problem is None or done.region is not None:
        return False
    if done.problem == "clipping" and _clipped_spots(done, []):
        return False
    metric = telling_metric(done.problem, done.before, done.after)
    was, now = figure(metric, done.before), figure(metric, done.after)
    if was is None or now is None:
        return False
    steps = 2.0 if done.problem in _FOLLOWS_TONE else 1.0
    return abs(now - was) < steps * metric.least_change


def change_text(done: PassRecord, claims: list[Claim]) -> str:
    """ "X went from A to B" for a pass's own figure, entering both claims; empty if unmeasured."""
    assert done.problem is not None  # only called for passes on a problem
    if done.region is not None:
        # A figure of the whole song says little about a part of it; this one was measured there.
        return _lower_first(done.because.rstrip("."))
    if done.problem == "clipping" and (counted := _clipped_spots(done, claims)):
        return counted
    metric = telling_metric(done.problem, done.before, done.after)
    was, now = figure(metric, done.before), figure(metric, done.after)
    if was is None:
        return ""
    claims.append(Claim(key=metric.key, value=was, pass_n=done.n, when="before"))
    if now is None:
        return f"{metric.phrase} was {format_value(metric, was)} and is no longer measurable"
    direction: Literal["up", "down"] | None = None if now == was else "up" if now > was else "down"
    claims.append(
        Claim(key=metric.key, value=now, pass_n=done.n, when="after", direction=direction)
    )
    if format_value(metric, was) == format_value(metric, now):
        return f"{metric.phrase} stayed at {format_value(metric, now)}"
    way = "rose" if now > was else "fell"
    if metric.better == "nearer_zero" or hardly_moved(done):
        way = "went"
    return f"{metric.phrase} {way} from {format_value(metric, was)} to {format_value(metric, now)}"


def _clipped_spots(done: PassRecord, claims: list[Claim]) -> str:
    was, now = done.before.clipping.events, done.after.clipping.events
    if was is None or now is None or now >= was:
        return ""
    claims.append(Claim(key="clipping.events", value=was, pass_n=done.n, when="before"))
    claims.append(
        Claim(key="clipping.events", value=now, pass_n=done.n, when="after", direction="down")
    )
    return f"clipped spots fell from {was} to {now}"


def _done(record: SessionRecord, claims: list[Claim]) -> list[str]:
    """The passes that lead to the head, and the last failed attempt of each goal not reached."""
    line = {p.n for p in lineage(record)}
    reached = {(p.problem, p.region) for p in record.passes if p.n in line}
    lines = []
    for done in record.passes:
        if done.goal == LEVEL_GOAL:
            continue
        if done.n in line:
            lines.append(pass_text(done, claims))
        elif done.verdict == "rolled_back" and (done.problem, done.region) not in reached:
            reached.add((done.problem, done.region))
            lines.append(pass_text(_last_attempt(record, done), claims))
    level = [g for g in record.goals if g.problem in LEVEL and g.state == "kept"]
    lines += [f"I {DOING[goal.problem][0]}." for goal in level if record.output is not None]
    if not lines and record.output is not None:
        lines.append("I changed nothing but the level, because nothing called for it.")
    return lines


def _last_attempt(record: SessionRecord, first: PassRecord) -> PassRecord:
    same = [
        p for p in record.passes if (p.problem, p.region) == (first.problem, first.region)
        and p.verdict == "rolled_back"
    ]  # fmt: skip
    return same[-1]


def lineage(record: SessionRecord) -> list[PassRecord]:
    """The kept passes that lead from the source to the head, in order."""
    made_by = {version.number: version.made_by for version in record.versions}
    passes = {p.n: p for p in record.passes}
    chain: list[PassRecord] = []
    number = record.head
    while (n := made_by.get(number)) is not None:
        chain.append(passes[n])
        number = passes[n].parent
    return chain[::-1]


def _result(record: SessionRecord, measured: Measurement, claims: list[Claim]) -> str:
    lufs, peak = measured.loudness.integrated_lufs, measured.loudness.true_peak_dbtp
    before = record.source_measurement.loudness
    said = []
    if lufs is not None:
        claims.append(Claim(key="loudness.integrated_lufs", value=lufs, when="output"))
        said.append(f"plays at {_number(lufs)} LUFS")
        if before.integrated_lufs is not None:
            claims.append(
                Claim(key="loudness.integrated_lufs", value=before.integrated_lufs, when="source")
            )
            said[-1] += f" (it came with {_number(before.integrated_lufs)} LUFS)"
    if peak is not None:
        claims.append(Claim(key="loudness.true_peak_dbtp", value=peak, when="output"))
        said.append(f"{'its peaks reach' if said else 'reaches peaks of'} {_number(peak)} dBTP")
    text = f"The finished file {' and '.join(said)}, measured on the written file." if said else ""
    target = TARGETS[record.target]
    wanted = record.target_lufs if record.target_lufs is not None else target.lufs
    if wanted is not None and lufs is not None and abs(lufs - wanted) > 0.2:
        claims.append(Claim(key="loudness.integrated_lufs", value=wanted, when="output"))
        text += f" I stopped short of {_number(wanted)} LUFS, because more would have squashed it."
    source_lufs = before.integrated_lufs
    if wanted is None and lufs is not None and source_lufs is not None:
        if lufs < source_lufs - 1.0:
            text += " It is quieter than it came, because more level would have squashed it again."
        elif lufs > source_lufs + 1.0:
            text += " It is louder than it came, as the repair has it."
    return text


def _left(record: SessionRecord) -> str:
    """What still is wrong, and goals that were not reached, so that nothing is passed over."""
    left = [finding for finding in record.findings_after if worth_mending(finding)]
    skipped = [goal for goal in record.goals if goal.state == "skipped"]
    texts = [_skipped(goal) for goal in skipped]
    if left:
        names = ", ".join(_name(finding.problem) for finding in left[:MOST_FINDINGS])
        texts.append(f"What I still measure: {names}. Say so if I shall work on it.")
    return " ".join(texts)


def _skipped(goal: GoalRecord) -> str:
    return f"I did not {DOING[goal.problem][1]}: {_lower_first(goal.because)}"


def _name(problem: Problem) -> str:
    return problem.replace("_", " ")


def _clock(time_s: float) -> str:
    whole = round(time_s)
    return f"{whole // 60}:{whole % 60:02}"


def _number(value: float) -> str:
    return f"{value:.1f}".replace("-", "\N{MINUS SIGN}")


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
