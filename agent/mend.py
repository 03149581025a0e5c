"""The main job, and one turn of conversation: words in, a verified result and an account out.

CLI, chat, studio and benchmarks all come through here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mixmend.agent.brains import BrainChoice, choose_brain, make_brain
from mixmend.agent.conversation import Conversation
from mixmend.agent.engine_choice import AUTO, check_engine
from mixmend.agent.explain import findings_text
from mixmend.agent.limits import Limits
from mixmend.agent.outputs import check_holds, check_out
from mixmend.agent.records import PassRecord, SessionRecord
from mixmend.agent.session import Session
from mixmend.agent.store import SessionStore
from mixmend.agent.targets import get_target
from mixmend.agent.toolbox import Toolbox, Wanted
from mixmend.model.engine import OnProgress
from mixmend.tools.errors import MixmendError, UsageError
from mixmend.tools.measurement import Span
from mixmend.tools.region import Region, region_within

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from mixmend.tools.writing import BitDepth

AUTO_WORDS = ""


@dataclass(frozen=True)
class MendRequest:
    """Everything `mixmend mend` was given. `words` empty is automatic mode."""

    path: Path
    out: Path
    words: str = AUTO_WORDS
    target: str = "keep"
    region: Span | None = None
    strength: float | None = None
    engine: str | None = None
    steps: int | None = None
    seed: int = 0
    max_passes: int = 6
    bit_depth: BitDepth = "24"


@dataclass(frozen=True)
class Listeners:
    """Who wants to know what happens meanwhile."""

    on_progress: OnProgress | None = None
    on_pass: Callable[[PassRecord], None] | None = None
    on_start: Callable[[Session], None] | None = None
    on_step: Callable[[str], None] | None = None
    on_text: Callable[[str], None] | None = None


def mend(
    request: MendRequest, store: SessionStore | None = None, listeners: Listeners | None = None
) -> SessionRecord:
    """Mend one song as asked; returns the finished session's record, the session saved and closed.

    Raises InputError for bad input; the output file appears only when everything succeeded.
    """
    from mixmend.tools.reading import read_sound

    heard = listeners or Listeners()
    _check_request(request)
    sound = read_sound(request.path)
    check_holds(request.out, sound.audio, request.bit_depth)
    region = request.region
    if region is not None:
        place = region_within(Region(*region), sound.audio.duration_s)
        region = (place.start_s, place.end_s)
    session = Session.start(
        request.path, store or SessionStore(), words=request.words,
        engine=request.engine or AUTO, seed=request.seed, sound=sound,
    )  # fmt: skip
    del sound
    try:
        session.update(target=get_target(request.target).name)
        if heard.on_start:
            heard.on_start(session)
        conversation = open_conversation(
            session,
            Wanted(
                out=request.out, bit_depth=request.bit_depth, engine=request.engine,
                region=region, strength=request.strength, steps=request.steps,
            ),
            limits=Limits(max_passes=request.max_passes),
            listeners=heard,
        )  # fmt: skip
        _answer(conversation, request.words)
        conversation.close()
        return session.record
    finally:
        session.close()


def _answer(conversation: Conversation, words: str) -> None:
    """One turn, and whatever the brain did or forgot, a file with its level right; the whole
    story becomes the session's explanation."""
    session = conversation.session
    text = conversation.turn(words)
    if session.record.output is None:
        text = "\n\n".join(part for part in (text, conversation.toolbox.finish()["text"]) if part)
    found = findings_text(session.record.findings_before)
    session.update(explanation=f"{found}\n\n{text}")


def resume_session(
    name: str,
    store: SessionStore,
    out: Path,
    *,
    bit_depth: BitDepth = "24",
    listeners: Listeners | None = None,
) -> SessionRecord:
    """Go on where a crash or a stop left a session: open goals, then level, file and account.

    Raises InputError when there is no such session or another process works on it.
    """
    session = Session.resume(name, store)
    try:
        check_out(Path(session.record.source.path), out)
        check_holds(out, session.audio(0), bit_depth)
        conversation = open_conversation(
            session, Wanted(out=out, bit_depth=bit_depth), listeners=listeners
        )
        open_goals = [goal for goal in session.record.goals if goal.state == "open"]
        for goal in open_goals:
            start_s, end_s = goal.region or (None, None)
            conversation.toolbox.restore(
                goal.problem, goal.strength / 2.0, start_s, end_s, asked=goal.asked
            )
        if not open_goals and not session.record.passes:
            _answer(conversation, session.record.words)
        elif session.record.output is None or open_goals:
            text = conversation.toolbox.finish()["text"]
            found = findings_text(session.record.findings_before)
            session.update(explanation=f"{found}\n\n{text}", pending=None)
        conversation.close()
        return session.record
    finally:
        session.close()


def open_conversation(
    session: Session,
    wanted: Wanted,
    *,
    limits: Limits | None = None,
    listeners: Listeners | None = None,
    choice: BrainChoice | None = None,
    brain: BaseChatModel | None = None,
) -> Conversation:
    """A conversation on a session with the configured brain (or a given one)."""
    heard = listeners or Listeners()
    chosen = choice or choose_brain()
    session.update(brain=chosen.name)
    toolbox = Toolbox(
        session, wanted, chosen.limits(limits or Limits()), on_progress=heard.on_progress,
        on_pass=heard.on_pass, on_step=heard.on_step,
    )  # fmt: skip
    return Conversation(session, toolbox, brain or make_brain(chosen), chosen, heard.on_text)


def _check_request(request: MendRequest) -> None:
    if request.strength is not None and not 0.0 <= request.strength <= 1.0:
        raise UsageError(f"the strength {request.strength:g} is outside 0 to 1.")
    if request.max_passes < 0:
        raise UsageError("the number of passes cannot be negative.")
    get_target(request.target)
    if request.engine is not None:
        check_engine(request.engine)
    check_out(request.path, request.out)


__all__: list[Any] = [
    "Conversation", "Listeners", "MendRequest", "MixmendError", "mend", "open_conversation",
]  # fmt: skip
