"""The closing step: level and true peak, written, decoded again, measured, judged as a whole.

What is promised about the result (loudness, true peak, not worse than the source) is checked on
the decoded file. When the file breaks a promise the level is set again; when the song as a whole
is worse than the source, the last kept pass is taken back and the step repeated.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mixmend.agent import takes
from mixmend.agent.guard import judge
from mixmend.agent.plan import LEVEL
from mixmend.agent.records import OutputRecord, PassRecord
from mixmend.agent.session import LEVEL_GOAL, Session
from mixmend.agent.targets import KEEP_WITHIN_LU, Target, get_target
from mixmend.model.problems import Problem
from mixmend.tools.audio import Audio
from mixmend.tools.errors import FileError, MixmendError
from mixmend.tools.measurement import Measurement

if TYPE_CHECKING:
    from mixmend.tools.reading import Sound
    from mixmend.tools.writing import BitDepth

_TRIES = 6
_LEVEL_TRIES = 4
_GENTLER = 0.6
_MARGIN_DB = 0.05  # room for the rounding of the last bit and of the meter
_QUIET_CAP_LUFS = -11.0  # a quiet song is not raised past what masters usually have
_USUAL_LUFS = -14.0
MOST_LIMITING_DB = 8.0
# To keep the loudness is worth some limiting, but none that undoes what was just repaired.
_KEEP_LIMITING_DB = 6.0
_REBUILT_LIMITING_DB = 2.5
_LEAST_STEP_DB = 3.0


@dataclass(frozen=True)
class Level:
    """What the level step shall reach: loudness (None: leave it) under a true-peak ceiling."""

    lufs: float | None
    ceiling_dbtp: float
    tolerance_lu: float
    why: str
    most_limiting_db: float = MOST_LIMITING_DB
    gain_db: float = 0.0  # where no loudness is aimed at


@dataclass(frozen=True, eq=False)
class Applied:
    """The level step as it was done: what `apply_level` was given, and the decoded file."""

    audio: Audio
    sound: Sound
    lufs: float | None
    gain_db: float
    trim_db: float


@dataclass(frozen=True)
class Finished:
    """The written file and the pass that set its level."""

    output: OutputRecord
    level_pass: PassRecord


def finish(
    session: Session, out: Path, *, bit_depth: BitDepth = "24", target: str | None = None
) -> Finished:
    """Set the level, write `out`, and verify the decoded file; the session gets both.

    Raises FileError when `out` cannot be written. `out` appears only when it passed.
    """
    refuse_same(Path(session.record.source.path), out)
    chosen = get_target(target or session.record.target)
    while True:
        finished, verdict_says = _finish_once(session, out, bit_depth, chosen)
        if finished is not None:
            return finished
        _take_back_last(session, verdict_says)


def finish_unsquashed(session: Session, out: Path, bit_depth: BitDepth) -> Finished:
    """`finish`, and a wish for more level is cut back until it does not squash the song."""
    finished = finish(session, out, bit_depth=bit_depth)
    for _ in range(_LEVEL_TRIES):
        goals = takes.level_goals(session)
        checks = finished.level_pass.checks
        squashed = any(check.name == "dynamics_kept" and not check.ok for check in checks)
        if not squashed or not goals:
            break
        gentler = [g.model_copy(update={"strength": _GENTLER * g.strength}) for g in goals]
        takes.set_level_goals(session, gentler)
        session.update(head=finished.level_pass.parent)
        finished = finish(session, out, bit_depth=bit_depth)
    return finished


def _finish_once(
    session: Session, out: Path, bit_depth: BitDepth, target: Target
) -> tuple[Finished | None, str]:
    """Write, decode and judge once; None and the reason when the song as a whole got worse."""
    from mixmend.tools.measure import measure

    start = session.working_version()
    before, before_measured = session.audio(start.number), session.measurement(start.number)
    level = choose_level(session, before_measured, target)
    applied = _write_until_true(before, level, out, session, bit_depth)
    sound = applied.sound
    try:
        measured = measure(sound.audio, sound.info)
        verdict = judge(
            session.audio(0), sound.audio, session.record.source_measurement, measured,
            problems=_worked_on(session, start.number), final=True,
            ceiling_dbtp=level.ceiling_dbtp, expected_lufs=level.lufs,
        )  # fmt: skip
        if not verdict.kept and session.lineage(start.number):
            return None, verdict.because
        record = PassRecord(
            n=len(session.record.passes) + 1,
            goal=LEVEL_GOAL,
            instruction=level.why,
            engine="process",
            strength=1.0,
            seed=session.record.seed,
            target=target.name,
            target_lufs=level.lufs,
            options={
                "lufs": applied.lufs,
                "ceiling_dbtp": level.ceiling_dbtp,
                "trim_db": applied.trim_db,
                "most_limiting_db": level.most_limiting_db,
                "gain_db": applied.gain_db,
                "bit_depth": bit_depth,
            },
            before=before_measured,
            after=measured,
            verdict="kept",
            because=level.why,
            checks=list(verdict.checks),
            parent=start.number,
        )
        entered = session.add_pass(record, applied.audio)
        sound.info.path.replace(out)
    finally:
        sound.info.path.unlink(missing_ok=True)
    output = OutputRecord(path=str(out.resolve()), sha256=file_sha256(out), measurement=measured)
    session.update(output=output)
    return Finished(output, entered), ""


def choose_level(session: Session, measured: Measurement, target: Target) -> Level:
    """The loudness to reach, from the target, the source and what was wished about level."""
    wished = {
        goal.problem: goal.strength
        for goal in session.record.goals
        if goal.problem in LEVEL and goal.state != "skipped"
    }
    lufs, source_lufs = measured.loudness.integrated_lufs, _source_lufs(session)
    asked = session.record.target_lufs
    ceiling = target.ceiling_dbtp
    if asked is not None:
        return Level(asked, ceiling, 0.1, f"Set the loudness to {asked:g} LUFS.")
    if target.lufs is not None:
        return Level(
            target.lufs, ceiling, 0.1, f"Set the level to {target.says} ({target.lufs:g} LUFS)."
        )
    if "too_quiet" in wished and lufs is None:
        # Too faint for the loudness meter: the peaks must do.
        peak = measured.loudness.true_peak_dbtp
        room_db = 0.0 if peak is None else ceiling - peak
        return Level(
            None, ceiling, KEEP_WITHIN_LU, "Raise the level as far as the peaks allow.",
            gain_db=room_db * wished["too_quiet"],
        )  # fmt: skip
    if lufs is None or source_lufs is None:
        return Level(None, ceiling, KEEP_WITHIN_LU, "Keep the level and hold the peaks.")
    if "too_quiet" in wished:
        return Level(
            _louder(measured, wished["too_quiet"]), ceiling, 0.5,
            "Raise the level as far as the peaks allow.",
        )  # fmt: skip
    if "too_loud" in wished:
        drop = max(_LEAST_STEP_DB, source_lufs - _USUAL_LUFS) * wished["too_loud"]
        return Level(source_lufs - drop, ceiling, 0.5, "Lower the level.")
    if "squashed" in _worked_on(session, session.working_version().number):
        # Over-compression moved the level too (attacks that slip through hold the rest down), so
        # the level that comes with the dynamics is part of the repair.
        return Level(lufs, ceiling, 0.5, "Let it be as loud as its dynamics make it.")
    rebuilt = "clipping" in _worked_on(session, session.working_version().number)
    return Level(
        source_lufs,
        ceiling,
        KEEP_WITHIN_LU,
        "Keep the loudness the song came with."
        if not rebuilt
        else "Keep the loudness as far as the rebuilt peaks stay whole.",
        most_limiting_db=_REBUILT_LIMITING_DB if rebuilt else _KEEP_LIMITING_DB,
    )


def _louder(measured: Measurement, strength: float) -> float:
    """Loudness that uses the room under the ceiling; where there is none, a clear step up."""
    lufs, peak = measured.loudness.integrated_lufs, measured.loudness.true_peak_dbtp
    assert lufs is not None  # the caller has looked
    room_db = 0.0 if peak is None else -1.0 - peak
    if room_db >= _LEAST_STEP_DB:
        full = min(lufs + room_db, max(_QUIET_CAP_LUFS, lufs))
    else:
        full = max(_USUAL_LUFS, lufs + _LEAST_STEP_DB)
    return lufs + (full - lufs) * strength


def apply_level(
    audio: Audio,
    *,
    lufs: float | None,
    ceiling_dbtp: float,
    trim_db: float,
    most_limiting_db: float = MOST_LIMITING_DB,
    gain_db: float = 0.0,
) -> tuple[Audio, float]:
    """Loudness and limiter, with the ceiling lowered by `trim_db`; the same call replays it.

    Returns the sound and the gain that was applied, in dB.
    """
    from mixmend.tools.process.level import apply_gain, to_loudness
    from mixmend.tools.process.limiter import limit

    ceiling = ceiling_dbtp - _MARGIN_DB - trim_db
    if lufs is None:
        return limit(apply_gain(audio, gain_db), ceiling_dbtp=ceiling), gain_db
    levelled = to_loudness(audio, lufs, ceiling_dbtp=ceiling, max_limiting_db=most_limiting_db)
    return levelled.audio, levelled.gain_db


def _write_until_true(
    before: Audio, level: Level, out: Path, session: Session, bit_depth: BitDepth
) -> Applied:
    """Write beside `out` and decode until peak and loudness hold in the decoded file."""
    from mixmend.tools.loudness import integrated_lufs
    from mixmend.tools.reading import read_sound
    from mixmend.tools.true_peak import true_peak_dbtp
    from mixmend.tools.writing import write_sound

    lufs, trim_db, gain_db = level.lufs, 0.0, 0.0
    if level.lufs is not None and level.tolerance_lu >= KEEP_WITHIN_LU:
        lufs = _nearest_within(before, level)
    partial = out.with_name(f".{out.stem}.checking{out.suffix}")
    try:
        for _ in range(_TRIES):
            audio, gain_db = apply_level(
                before,
                lufs=lufs,
                ceiling_dbtp=level.ceiling_dbtp,
                trim_db=trim_db,
                most_limiting_db=level.most_limiting_db,
                gain_db=level.gain_db,
            )
            write_sound(
                partial, audio, like=session.source_info(), bit_depth=bit_depth,
                seed=session.record.seed,
            )  # fmt: skip
            sound = read_sound(partial)
            over_db = true_peak_dbtp(sound.audio) - level.ceiling_dbtp
            if over_db <= 0.0:
                reached = integrated_lufs(sound.audio)
                miss = 0.0 if lufs is None or reached is None else lufs - reached
                # A codec may shift loudness a little; only a hard target is chased.
                if abs(miss) <= 0.1 or level.tolerance_lu > 0.1 or abs(miss) > 1.0 or lufs is None:
                    return Applied(audio, sound, lufs, gain_db, trim_db)
                lufs += miss
            trim_db += max(0.0, over_db) + (0.05 if over_db > 0 else 0.0)
        raise MixmendError(f"{out.name} kept exceeding {level.ceiling_dbtp:g} dBTP when decoded.")
    except BaseException:
        # Whatever stopped it, Ctrl-C too, no half-checked file stays beside the result.
        partial.unlink(missing_ok=True)
        raise


def _nearest_within(before: Audio, level: Level) -> float | None:
    """With a tolerance, the loudness nearest to what the song has now; None changes no gain."""
    from mixmend.tools.loudness import integrated_lufs

    now = integrated_lufs(before)
    if now is None or level.lufs is None:
        return None
    slack = level.tolerance_lu - 0.3
    if abs(now - level.lufs) <= slack:
        return now
    return level.lufs + (slack if now > level.lufs else -slack)


def _worked_on(session: Session, version: int) -> tuple[Problem, ...]:
    """The problems whose repairs are in a version."""
    return tuple(p.problem for p in session.lineage(version) if p.problem is not None)


def _source_lufs(session: Session) -> float | None:
    return session.record.source_measurement.loudness.integrated_lufs


def _take_back_last(session: Session, because: str) -> None:
    """Mark the newest kept pass as rolled back and go back to before it."""
    last = session.lineage(session.working_version().number)[-1]
    passes = [
        record.model_copy(
            update={
                "verdict": "rolled_back",
                "because": f"Taken back when the finished song was judged as a whole: {because}",
            }
        )
        if record.n == last.n
        else record
        for record in session.record.passes
    ]
    session.update(passes=passes, head=last.parent)


def refuse_same(file: Path, out: Path) -> None:
    """Raises FileError when `out` is the input itself, by whatever name."""
    if out.exists() and file.exists() and out.samefile(file):
        raise FileError(f"{out} is the song itself; choose another name for the result.")


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
