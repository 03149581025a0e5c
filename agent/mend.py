"""The main job, and one turn of conversation: words in, a verified result and an account out.

CLI, chat, studio and benchmarks all come through here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mixmend.agent.brains import BrainChoice, choose_brain, make_brain
from mixmend.agent.engine_choice import AUTO, check_engine
from mixmend.agent.limits import Limits
from mixmend.agent.outputs import check_holds, check_out
from mixmend.agent.records import PassRecord, SessionRecord
from mixmend.agent.session import Session
from mixmend.agent.store import SessionStore
from mixmend.agent.targets import get_target
from mixmend.agent.toolbox import Toolbox, Wanted
from mixmend.agent.truth import unfounded_numbers
from mixmend.model.engine import OnProgress
from mixmend.tools.errors import MixmendError, UsageError
from mixmend.tools.measurement import Span
from mixmend.tools.region import Region, region_within

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

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


@dataclass
class Conversation:
    """A session, its toolbox and the brain that talks; one `turn` for each thing the user says."""

    session: Session
    toolbox: Toolbox
    brain: BaseChatModel
    choice: BrainChoice
    messages: list[BaseMessage] = field(default_factory=list)

    def turn(self, words: str) -> str:
        """Do and answer one thing the user said. The answer holds only what was measured."""
        from langchain_core.messages import AIMessage, HumanMessage

        from mixmend.agent.graph import build_graph

        self.toolbox.spent = type(self.toolbox.spent)(self.toolbox.limits)
        self.session.say("user", words)
        graph = build_graph(self.brain, self.toolbox)
        asked = [*self.messages, HumanMessage(words)]
        try:
            state = graph.invoke(
                {"messages": asked}, {"recursion_limit": 12 * self.toolbox.limits.max_model_calls}
            )
            messages: list[BaseMessage] = state["messages"]
            text = str(messages[-1].text)
        except _brain_failures() as error:
            messages, text = self._offline_turn(asked, error)
        text = self._truthful(text, messages)
        self.messages = [*messages[:-1], AIMessage(text)]
        self.session.say("assistant", text)
        return text

    def _offline_turn(
        self, asked: Sequence[BaseMessage], error: Exception
    ) -> tuple[list[BaseMessage], str]:
        """The hosted brain failed: the offline one finishes the turn and says so."""
        from mixmend.agent.graph import build_graph
        from mixmend.agent.offline import OfflineBrain

        graph = build_graph(OfflineBrain(), self.toolbox)
        state = graph.invoke({"messages": list(asked)}, {"recursion_limit": 200})
        messages: list[BaseMessage] = state["messages"]
        reason = type(error).__name__
        self.session.update(
            notes=[*self.session.record.notes, f"{self.choice.name} failed ({reason})."]
        )
        return messages, (
            f"(The language model {self.choice.name} did not answer, so I go on without it.)\n\n"
            f"{messages[-1].text}"
        )

    def _truthful(self, text: str, messages: Sequence[BaseMessage]) -> str:
        """The text itself, or our own account when it states a number that nothing measured."""
        sources = [str(message.text) for message in messages[:-1]]
        sources += [self.session.record.explanation]
        if text and not unfounded_numbers(text, sources):
            return text
        self.toolbox.explain()
        return self.session.record.explanation


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
        text = conversation.turn(request.words)
        if session.record.output is None:
            # Whatever the brain did or forgot, the user gets a file with its level right.
            conversation.toolbox.finish()
            text = "\n\n".join(part for part in (text, session.record.explanation) if part)
        session.update(explanation=text)
        return session.record
    finally:
        session.close()


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
            text = conversation.turn(session.record.words)
            session.update(explanation=text)
        if session.record.output is None or open_goals:
            conversation.toolbox.finish()
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
    from langchain_core.messages import AIMessage, HumanMessage

    heard = listeners or Listeners()
    chosen = choice or choose_brain()
    session.update(brain=chosen.name)
    toolbox = Toolbox(
        session, wanted, limits or Limits(), on_progress=heard.on_progress, on_pass=heard.on_pass
    )
    earlier: list[BaseMessage] = [
        HumanMessage(turn.text) if turn.role == "user" else AIMessage(turn.text)
        for turn in session.record.turns
    ]
    return Conversation(session, toolbox, brain or make_brain(chosen), chosen, earlier)


def _check_request(request: MendRequest) -> None:
    if request.strength is not None and not 0.0 <= request.strength <= 1.0:
        raise UsageError(f"the strength {request.strength:g} is outside 0 to 1.")
    if request.max_passes < 0:
        raise UsageError("the number of passes cannot be negative.")
    get_target(request.target)
    if request.engine is not None:
        check_engine(request.engine)
    check_out(request.path, request.out)


def _brain_failures() -> tuple[type[Exception], ...]:
    """Errors of a hosted model or the way to it; our own errors are not among them."""
    import httpx
    import openai

    return (openai.OpenAIError, httpx.HTTPError)


__all__: list[Any] = [
    "Conversation", "Listeners", "MendRequest", "MixmendError", "mend", "open_conversation",
]  # fmt: skip
