"""Versions as the user knows them: takes, numbered as they were heard, with names.

Inside, every kept pass makes a version; what the user hears are the finished ones. Take 0 is the
song as it came. Going to a take brings back everything that belongs to it: passes and level aims.
"""

from __future__ import annotations

from mixmend.agent.plan import LEVEL
from mixmend.agent.records import GoalRecord, PassRecord, Take
from mixmend.agent.session import LEVEL_GOAL, Session
from mixmend.model.problems import Problem
from mixmend.tools.errors import InputError
from mixmend.tools.measurement import Record, Span

ORIGINAL = "the song as it came"

# What a change is called in the name of a take.
SHORT: dict[Problem, str] = {
    "reverb": "reverb down", "clipping": "peaks rebuilt", "noise": "noise down",
    "hum": "hum down", "clicks": "clicks out", "dc_offset": "offset out", "dropouts": "gaps filled",
    "dull": "treble up", "harsh": "harshness down", "airless": "air up", "thin": "bass up",
    "boomy": "bass down", "muddy": "mud down", "unclear": "clarity up", "cold": "warmth up",
    "vocals_buried": "voice range up", "vocals_loud": "voice range down",
    "unbalanced": "tone evened", "mic_colored": "microphone colour out",
    "squashed": "dynamics opened", "flat_transients": "attacks up", "too_quiet": "louder",
    "too_loud": "quieter", "narrow": "wider", "too_wide": "narrower",
    "mono_incompatible": "safe for mono", "off_balance": "centred",
    "lossy_source": "coding softened", "sibilant": "s sounds down", "too_bright": "treble down",
    "boxy": "boxiness down", "uneven_levels": "levels evened", "too_dry": "room added",
}  # fmt: skip


class Change(Record):
    """One thing that was done and is in the current take, numbered from 1 in the order done."""

    number: int
    problem: Problem
    strength: float
    region: Span | None = None
    pass_n: int | None = None  # None: a wish about level, met by the closing step


def changes(session: Session) -> list[Change]:
    """What is in the head: the kept passes that lead to it, and the wishes about its level."""
    line = [p for p in session.lineage() if p.goal != LEVEL_GOAL and p.problem is not None]
    made: list[tuple[float, PassRecord | GoalRecord]] = [(float(p.n), p) for p in line]
    made += [(goal.after_pass + 0.5, goal) for goal in level_goals(session)]
    ordered = [item for _, item in sorted(made, key=lambda pair: pair[0])]
    return [_change(number, item) for number, item in enumerate(ordered, 1)]


def _change(number: int, made: PassRecord | GoalRecord) -> Change:
    assert made.problem is not None  # passes without one were left out
    return Change(
        number=number, problem=made.problem, strength=made.strength, region=made.region,
        pass_n=made.n if isinstance(made, PassRecord) else None,
    )  # fmt: skip


def level_goals(session: Session) -> list[GoalRecord]:
    """The wishes about level that hold now; of several on the same thing the newest."""
    found = [
        goal
        for goal in session.record.goals
        if goal.problem in LEVEL and goal.region is None and goal.state == "kept"
    ]
    return found[-1:]


def set_level_goals(session: Session, goals: list[GoalRecord]) -> None:
    """Let these be the wishes about level, and no others."""
    others = [g for g in session.record.goals if g.problem not in LEVEL or g.region is not None]
    session.set_goals([*others, *goals])


def take(session: Session, number: int | None = None) -> Take:
    """A take by number (the current one when None); InputError when there is none."""
    wanted = session.record.take if number is None else number
    if wanted == 0:
        return Take(number=0, version=0, name=ORIGINAL, before=0)
    for known in session.record.takes:
        if known.number == wanted:
            return known
    most = len(session.record.takes)
    there = "is only the song as it came, version 0" if most == 0 else f"are versions 0 to {most}"
    raise InputError(f"there is no version {wanted} yet; there {there}.")


def enter(session: Session, before: int) -> Take:
    """Make the finished head a take, or find the one that sounds the same; it becomes current."""
    head = session.version()
    record, goals = session.record, level_goals(session)
    aims = (record.target, record.target_lufs, goals)
    if not changes(session) and aims == ("keep", None, []):
        # Only its peaks were held: it still is the song as it came.
        session.update(take=0)
        return take(session, 0)
    for known in record.takes:
        same = session.version(known.version).audio_sha256 == head.audio_sha256
        if same and aims == (known.target, known.target_lufs, known.level_goals):
            session.update(take=known.number, head=known.version)
            return known
    made = Take(
        number=len(session.record.takes) + 1, version=head.number, name=name_of(session),
        before=before, target=session.record.target, target_lufs=session.record.target_lufs,
        level_goals=goals,
    )  # fmt: skip
    session.update(takes=[*session.record.takes, made], take=made.number, undone_takes=[])
    return made


def is_current(session: Session) -> bool:
    """Whether the head is the current take, with nothing new worked on or aimed at since."""
    now = take(session)
    record = session.record
    if now.number == 0:
        return not changes(session) and (record.target, record.target_lufs) == ("keep", None)
    return (
        record.head == now.version
        and (record.target, record.target_lufs) == (now.target, now.target_lufs)
        and level_goals(session) == now.level_goals
    )


def go(session: Session, number: int) -> Take:
    """Make a take current again, with the aims it had; redo leads back to the one left."""
    wanted, left = take(session, number), session.record.take
    session.go_to(wanted.version)
    set_level_goals(session, list(wanted.level_goals))
    session.update(
        take=wanted.number, target=wanted.target, target_lufs=wanted.target_lufs,
        undone_takes=[left] if left != number else [],
    )  # fmt: skip
    return wanted


def undo(session: Session) -> Take:
    """Go back to what was heard before the current take was made."""
    now = take(session)
    if now.number == 0:
        raise InputError("there is nothing to undo; this is the song as it came.")
    redo_list = [*session.record.undone_takes, now.number]
    back = go(session, now.before)
    session.update(undone_takes=redo_list)
    return back


def redo(session: Session) -> Take:
    """Take the last undo back."""
    undone = session.record.undone_takes
    if not undone:
        raise InputError("there is nothing to redo.")
    forward = go(session, undone[-1])
    session.update(undone_takes=undone[:-1])
    return forward


def name_of(session: Session) -> str:
    """What the head is called: the changes in it, few words each."""
    parts = []
    for change in changes(session):
        amount = "" if abs(change.strength - 1.0) < 0.01 else f" {100 * change.strength:.0f} %"
        place = "" if change.region is None else f" at {clock(change.region[0])}"
        parts.append(f"{SHORT[change.problem]}{amount}{place}")
    if session.record.target != "keep":
        parts.append(f"for {session.record.target}")
    return ", ".join(dict.fromkeys(parts)) or "level only"


def clock(time_s: float) -> str:
    """Seconds as a player shows them, 1:05."""
    whole = round(time_s)
    return f"{whole // 60}:{whole % 60:02}"
