"""Repeat every kept pass from the source file; same machine and engine give identical samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mixmend.agent.explain import lineage
from mixmend.agent.finish import apply_level
from mixmend.agent.outputs import check_holds, check_out
from mixmend.agent.records import PassRecord, SessionRecord
from mixmend.agent.rendering import render
from mixmend.agent.session import LEVEL_GOAL
from mixmend.agent.store import audio_sha256
from mixmend.model.engine import OnProgress
from mixmend.model.engines import get_engine
from mixmend.tools.audio import Audio
from mixmend.tools.errors import FileError, InputError, MixmendError
from mixmend.tools.measurement import Record
from mixmend.tools.region import Region


class Replayed(Record):
    """What a replay did; `identical` says whether every version came out the same, bit for bit."""

    path: str
    passes: int
    identical: bool


def replay(record: SessionRecord, out: Path, *, on_progress: OnProgress | None = None) -> Replayed:
    """Redo the kept passes that lead to the head and write `out`.

    Raises FileError when the source is gone or changed, MixmendError when a pass needs a
    checkpoint this machine does not have.
    """
    from mixmend.tools.reading import read_sound
    from mixmend.tools.writing import write_sound

    source = Path(record.source.path)
    check_out(source, out)
    sound = read_sound(source)
    if sound.info.sha256 != record.source.sha256:
        raise FileError(f"{source} was changed since the session; put the original file back.")
    passes = lineage(record)
    if not passes:
        raise InputError("this session has no kept pass to repeat.")
    asked = [str(done.options["bit_depth"]) for done in passes if "bit_depth" in done.options]
    # A 32-bit float session may be replayed into a format of whole numbers.
    bit_depth: Any = asked[-1] if asked and _holds(out, asked[-1]) else "24"
    check_holds(out, sound.audio, bit_depth)
    audio, identical = sound.audio, True
    for done in passes:
        audio = _repeat(done, audio, on_progress)
        identical = identical and audio_sha256(audio) == done.audio_sha256
    write_sound(out, audio, like=sound.info, bit_depth=bit_depth, seed=record.seed)
    return Replayed(path=str(out.resolve()), passes=len(passes), identical=identical)


def _holds(out: Path, bit_depth: str) -> bool:
    return bit_depth != "32f" or out.suffix.lower() == ".wav"


def _repeat(done: PassRecord, audio: Audio, on_progress: OnProgress | None) -> Audio:
    if done.goal == LEVEL_GOAL:
        lufs, ceiling = done.options["lufs"], done.options["ceiling_dbtp"]
        trim = done.options["trim_db"]
        limiting = done.options["most_limiting_db"]
        return apply_level(
            audio,
            lufs=None if lufs is None else float(lufs),
            ceiling_dbtp=float(ceiling or 0.0),
            trim_db=float(trim or 0.0),
            most_limiting_db=float(limiting or 0.0),
            gain_db=float(done.options["gain_db"] or 0.0),
        )[0]
    engine = get_engine(done.engine)
    result = render(
        engine,
        audio,
        done.instruction,
        region=None if done.region is None else Region(*done.region),
        strength=done.strength,
        steps=done.steps,
        seed=done.seed,
        on_progress=on_progress,
    )
    # Asked afterwards: engines read their weights with the first sound they are given.
    checkpoint = getattr(engine, "checkpoint_sha256", None)
    if checkpoint != done.checkpoint_sha256:
        raise MixmendError(f"pass {done.n} used other weights of {done.engine} than are here.")
    return result
