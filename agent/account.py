"""What the user is told: greeting, the account of a turn, reasons. From the record alone.

An account tells one turn: what was done, what it changed by measurement, what was taken back and
why, and what comes next or that it is time to stop.
"""

from __future__ import annotations

from typing import get_args

from mixmend.agent import takes
from mixmend.agent.account_level import (
    Mark,
    level_lines,
    lufs_text,
    new_level_goals,
    result_text,
)
from mixmend.agent.advice import HELPS, WHAT
from mixmend.agent.drift import MOST_TEXTURE_DB, WARN_TEXTURE_DB
from mixmend.agent.explain import (
    DOING,
    LEAST_SAID_CONFIDENCE,
    change_text,
    hardly_moved,
    lineage,
    where_text,
)
from mixmend.agent.metrics import figure, format_value, telling_metric
from mixmend.agent.plan import HOPELESS_UNASKED, LEVEL, worth_mending
from mixmend.agent.records import Claim, Finding, PassRecord, SessionRecord, Severity
from mixmend.agent.session import LEVEL_GOAL, Session
from mixmend.model.problems import Problem

MOST_SAID = 3
_SEVERITIES: tuple[Severity, ...] = get_args(Severity)


_STOP = (
    "By measurement nothing else clearly needs mending, so I would stop here. Tell me if it is too "
    "much or not enough, or say undo."
)


def greeting(record: SessionRecord) -> str:
    """What was found, worst first, three things at most, in plain words; then a proposal."""
    said = [f for f in record.findings_before if _is_said(f)][:MOST_SAID]
    if not said:
        return (
            "I have listened to the whole song and measured it, and nothing clearly needs mending. "
            "Tell me what bothers you about it, in your own words."
        )
    heard = " ".join(finding.says for finding in said)
    mendable = [f for f in said if worth_mending(f)]
    if not mendable:
        return (
            f"I have listened to the song and measured it. {heard} None of it is so bad that I "
            "would touch it unasked. Tell me what bothers you, in your own words."
        )
    work = _listed([WHAT[f.problem] for f in mendable])
    return (
        f"I have listened to the song and measured it. {heard} I would start with {work}. Shall I "
        "do that, or does something else bother you more?"
    )


def _is_said(finding: Finding) -> bool:
    return finding.severity != "none" and finding.confidence >= LEAST_SAID_CONFIDENCE


def account(session: Session, mark: Mark, claims: list[Claim]) -> str:
    """This turn in measured terms: what was done, the result, what is next."""
    new_take = session.record.take > mark.takes
    parts = [" ".join(_done(session, mark, claims))]
    if new_take or mark == Mark():
        parts.append(result_text(session, mark, claims))
    if new_take:
        parts[1] = f"{parts[1]} This is version {session.record.take}.".strip()
        parts.append(_drift(session))
    if any(p.n > mark.passes and p.goal != LEVEL_GOAL for p in session.record.passes):
        parts.append(_next(session, mark, claims))
    return "\n\n".join(part for part in parts if part)


def _done(session: Session, mark: Mark, claims: list[Claim]) -> list[str]:
    """The passes of this turn: kept ones in the head, and what was tried and taken back."""
    record = session.record
    line = {p.n for p in lineage(record)}
    new = [p for p in record.passes if p.n > mark.passes and p.goal != LEVEL_GOAL]
    lines: list[str] = []
    for index, done in enumerate(new):
        tried = [p for p in new[:index] if _same(p, done) and p.verdict == "rolled_back"]
        if "repeats" in done.options:
            if done.n not in line:
                lines.append(_lost(done))
        elif done.n in line:
            lines.append(_kept(session, done, tried, claims))
            if done.asked and "instead_of" not in done.options and done.parent == 0:
                lines += _disagreement(record, done)
        elif done.verdict == "rolled_back" and not any(_same(p, done) for p in new[index + 1 :]):
            lines.append(_rolled_back(done))
    for goal in new_level_goals(session, mark):
        lines += level_lines(session, mark, goal.problem, claims)
    return lines


def _same(a: PassRecord, b: PassRecord) -> bool:
    return (a.problem, a.region) == (b.problem, b.region)


def _kept(session: Session, done: PassRecord, tried: list[PassRecord], claims: list[Claim]) -> str:
    assert done.problem is not None  # passes on level are left out before
    did = DOING[done.problem][0]
    change = change_text(done, claims)
    if "instead_of" in done.options:
        was = session.pass_record(int(done.options["instead_of"] or 0))
        return _once_more(was, done, change)
    text = f"I {did}{where_text(done)}{f': {change}' if change else ''}."
    what = WHAT[done.problem]
    if hardly_moved(done):
        text = f"I worked on {what}, but by measurement that hardly moved it: {change}."
    elif change and done.region is None and _as_bad_as_it_was(session, done.problem):
        plain = change.replace(" rose from ", " went from ").replace(" fell from ", " went from ")
        text = f"I worked on {what}, of which much is left: {plain}."
    if tried:
        first = tried[0]
        how = "with more of it" if first.strength > done.strength else "in another way"
        why = _small(first.because).rstrip(".")
        text += f" I first tried {how}, but that did not pass my checks: {why}."
    return text


def _as_bad_as_it_was(session: Session, problem: Problem) -> bool:
    """Whether a fault is still found, at least moderate, and no milder than in the song."""
    was, now = (
        max((_SEVERITIES.index(f.severity) for f in found if f.problem == problem), default=0)
        for found in (session.findings(0), session.findings())
    )
    return now >= max(was, _SEVERITIES.index("moderate"))


def _once_more(was: PassRecord, done: PassRecord, change: str) -> str:
    """A change run again at another strength: what it is now, and what it was before."""
    assert done.problem is not None  # only passes on a problem are run again
    how = "stronger" if done.strength > was.strength else "more gently"
    text = f"I ran that again {how}, from where it started, and {DOING[done.problem][0]}"
    text += f"{where_text(done)}{f': {change}' if change else ''}."
    metric = telling_metric(done.problem, done.before, done.after)
    old, new = figure(metric, was.after), figure(metric, done.after)
    if done.region is None and old is not None and new is not None:
        if format_value(metric, old) != format_value(metric, new):
            text += f" In the version before, {metric.phrase} was {format_value(metric, old)}."
        elif done.strength > was.strength:
            text += " That moved the figure no further: there is no more of it to be had."
    return text


def _rolled_back(done: PassRecord) -> str:
    assert done.problem is not None  # passes on level are left out before
    do = DOING[done.problem][1]
    why = _small(done.because)
    if "instead_of" in done.options:
        return (
            f"I tried to {do} at that other strength, but took it back, because {_reason(why)}. I "
            "left it as it was: this is as good as I can make it without harming it."
        )
    text = f"I tried to {do}{where_text(done)}, but took it back, because {_reason(why)}."
    if done.problem in HELPS:
        text += f" {HELPS[done.problem]}"
    return text


def _lost(done: PassRecord) -> str:
    assert done.problem is not None  # only passes on a problem are repeated
    return (
        f"Without it I could not {DOING[done.problem][1]} again, because "
        f"{_reason(_small(done.because))}."
    )


def _reason(because: str) -> str:
    """The guard's sentence after "because": it speaks of the result as "it"."""
    text = because.rstrip(".")
    moved = text.startswith("it did not move ")
    return text.replace("it did not move ", "that did not move ") if moved else text


def _disagreement(record: SessionRecord, done: PassRecord) -> list[str]:
    """The user is obeyed; that the measurements saw nothing of it is said all the same."""
    found = {f.problem for f in record.findings_before if f.severity != "none"}
    related = found & WHAT.keys()
    if done.problem in related or done.region is not None or not done.problem:
        return []
    return ["My measurements had not shown that as a fault; I did it because you asked."]


def _drift(session: Session) -> str:
    """A warning before many passes have done harm, not after."""
    drift = session.version().drift
    if drift is None or drift.texture_db < WARN_TEXTURE_DB:
        return ""
    if drift.texture_db < MOST_TEXTURE_DB:
        return (
            "A word of warning: it has moved quite far from the song as it came, and every change "
            "leaves traces. Compare it with an earlier version before you ask for more."
        )
    return (
        "It has moved so far from the song as it came that I would not add anything to it. I would "
        "rather go back a version and ask for less."
    )


def _next(session: Session, mark: Mark, claims: list[Claim]) -> str:
    """The next step, or that it is time to stop."""
    record = session.record
    # What was mended in one place only may be left in others.
    tried = {p.problem for p in record.passes if p.region is None}
    line = {p.problem for p in lineage(record)}
    left = [
        f for f in session.findings()
        if worth_mending(f) and f.problem not in tried and f.problem not in LEVEL
    ][:MOST_SAID]  # fmt: skip
    hopeless = [
        f for f in session.findings()
        if f.problem in HOPELESS_UNASKED and f.severity == "severe" and _is_said(f)
    ][:1]  # fmt: skip
    if left:
        claims += [Claim(key=e.key, value=e.value) for f in left for e in f.evidence]
        heard = " ".join(f.says for f in left)
        work = _listed([WHAT[f.problem] for f in left])
        proposal = f"Shall I work on {work} next?"
        return "" if _said(session, proposal) else f"What I still measure: {heard} {proposal}"
    new = [p for p in record.passes if p.n > mark.passes and p.goal != LEVEL_GOAL]
    if new and all(p.verdict == "rolled_back" for p in new) and not line - {None}:
        return "This is as good as I can make it without harming it."
    if hopeless:
        return f"{hopeless[0].says} That cannot be undone; {HELPS[hopeless[0].problem]}"
    fresh = [p for p in new if p.verdict == "kept" and "instead_of" not in p.options]
    if not fresh or not line - {None}:
        return ""
    return "" if _said(session, _STOP) else _STOP


def _said(session: Session, text: str) -> bool:
    """Whether this was said a moment ago; nobody wants to read it in every answer."""
    return any(text in turn.text for turn in session.record.turns[-4:])


def reasons(session: Session, claims: list[Claim]) -> str:
    """Why the song is as it is now: for each change what called for it, what it did, and what was
    tried and taken back."""
    record = session.record
    line = [p for p in lineage(record) if p.goal != LEVEL_GOAL and p.problem is not None]
    says = {f.problem: f.says for f in record.findings_before if _is_said(f)}
    lines: list[str] = []
    for done in line:
        assert done.problem is not None  # filtered above
        change = change_text(done, claims)
        why = "you asked for it" if done.asked else "I measured that it needed it"
        if done.problem in says:
            why += ", and it showed in the song as it came"
        did = f"worked on {WHAT[done.problem]}" if hardly_moved(done) else DOING[done.problem][0]
        lines.append(f"I {did}{where_text(done)}, because {why}.")
        if change:
            lines.append(f"By measurement {change}.")
    if line:
        lines.append(
            "Nothing else got worse by measurement (no hits were added, nothing was lost), so it "
            "stayed."
        )
    reached = {(p.problem, p.region) for p in line}
    for done in _failures(record):
        if (done.problem, done.region) not in reached:
            lines.append(_rolled_back(done))
    for goal in takes.level_goals(session):
        now = session.measurement().loudness.integrated_lufs
        if now is not None:
            lines.append(f"You asked for another level; it plays at {lufs_text(now, claims)} now.")
            _ = goal
    if not lines:
        found = [f.says for f in record.findings_before if _is_said(f)][:MOST_SAID]
        heard = " ".join(found) if found else "I measured nothing that clearly needs mending."
        return f"I have not changed the sound yet. {heard}"
    return " ".join(lines)


def _failures(record: SessionRecord) -> list[PassRecord]:
    """The last failed attempt for each thing that was tried and is not in the head."""
    last = {
        (p.problem, p.region): p
        for p in record.passes
        if p.verdict == "rolled_back" and p.problem is not None
    }
    return list(last.values())


def _listed(items: list[str]) -> str:
    items = list(dict.fromkeys(items))
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]
