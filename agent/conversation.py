"""A conversation on one session: what the user says, what is done, what is answered.

One LangGraph agent for every brain, its state kept by a checkpointer. Every answer is checked
sentence by sentence before it is shown; a brain that fails is replaced in mid-turn.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mixmend.agent.brain_care import BrainCare
from mixmend.agent.brains import BrainChoice
from mixmend.agent.budget import Budget
from mixmend.agent.checkpoints import open_checkpoints
from mixmend.agent.facts import Facts
from mixmend.agent.records import Pending
from mixmend.agent.speaking import Speaker
from mixmend.agent.toolbox import Toolbox
from mixmend.agent.truth import correct, sentences
from mixmend.tools.errors import MixmendError

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.graph.state import CompiledStateGraph

    from mixmend.agent.session import Session

CORRECTED = "I take back a part of that, because my measurements do not bear it out."
_REPLACED = {
    "tokens": "The language model has used up its words for this session, so I go on without it.",
    "money": "The language model has used up its budget for this session, so I go on without it.",
    "calls": "The language model came to no end, so I finish this without it.",
}
_FAILED = "The language model {name} stopped answering, so I finish this without it."


@dataclass
class Conversation:
    """A session, its toolbox and the brain that talks; one `turn` for each thing the user says."""

    session: Session
    toolbox: Toolbox
    brain: BaseChatModel
    choice: BrainChoice
    on_text: Callable[[str], None] | None = None
    _care: BrainCare = field(init=False)
    _saver: BaseCheckpointSaver[str] = field(init=False)
    _graph: CompiledStateGraph[Any, Any, Any, Any] = field(init=False)

    def __post_init__(self) -> None:
        from mixmend.agent.graph import build_graph
        from mixmend.agent.offline import OfflineBrain

        self._care = BrainCare(
            Budget(self.session, self.toolbox.limits, self.choice.price), OfflineBrain(),
            hosted=self.choice.hosted, max_calls=self.toolbox.limits.max_model_calls,
        )  # fmt: skip
        self._saver = open_checkpoints(self.session.folder.path)
        self._graph = build_graph(self.brain, self.toolbox, self._care, checkpointer=self._saver)

    @property
    def cut_off(self) -> str | None:
        """What the user said last, when the work on it was cut off; None when all was answered."""
        pending = self.session.record.pending
        return None if pending is None else pending.words

    @property
    def messages(self) -> list[BaseMessage]:
        """The conversation as the checkpointer has it."""
        state = self._graph.get_state(self._config())
        return list(state.values.get("messages", ()))

    def greet(self) -> str:
        """The first words, once; what was found and a proposal. Empty when all that was said."""
        if self.session.record.turns:
            return ""
        text = self.toolbox.greet()
        self.session.say("assistant", text)
        return text

    def turn(self, words: str) -> str:
        """Do and answer one thing the user said. The answer holds only what was measured."""
        self._forget_half_a_turn()
        record = self.session.record
        self.session.update(
            pending=Pending(
                words=words, head=record.head, take=record.take, goals=list(record.goals),
                target=record.target, target_lufs=record.target_lufs,
            )
        )  # fmt: skip
        self.toolbox.begin_turn()
        earlier = self._earlier()
        self.session.say("user", words)
        speaker = Speaker(self._facts, self.on_text)
        self._care.begin_turn()
        self._care.on_failure = lambda why: self._on_failure(why, speaker)
        try:
            self._run([*earlier, *self._human(words)], speaker)
            self._complete(speaker)
        except MixmendError:
            # It failed and that is said; only what is cut off from outside is taken up again.
            self._forget_half_a_turn()
            raise
        text = speaker.text
        self._remember([*earlier, *self._human(words)], text)
        self.session.say("assistant", text)
        self.session.update(pending=None)
        return text

    def go_on(self) -> str:
        """Answer what was cut off, from where things stood before it was said."""
        pending = self.session.record.pending
        return "" if pending is None else self.turn(pending.words)

    def close(self) -> None:
        """Close the conversation and give the session back to other processes."""
        connection = getattr(self._saver, "conn", None)
        if connection is not None:
            connection.close()
        self.session.close()

    # Inside --------------------------------------------------------------------------------

    def _run(self, messages: list[BaseMessage], speaker: Speaker) -> None:
        """Let the brain work, passing on its words as they come."""
        from langchain_core.messages import AIMessage, AIMessageChunk

        self._saver.delete_thread(self.session.record.session.id)
        streamed = False
        with _untraced():
            events = self._graph.stream(
                {"messages": messages}, self._config(), stream_mode=["messages", "updates"],
                durability="sync",
            )  # fmt: skip
            for mode, event in events:
                if mode == "messages":
                    chunk = event[0]
                    if isinstance(chunk, AIMessageChunk):
                        streamed = True
                        speaker.hear(str(chunk.text))
                    elif isinstance(chunk, AIMessage):
                        speaker.hear(str(chunk.text))
                        streamed = True
                elif isinstance(event, dict) and "model" in event:
                    self._end_message(event["model"], speaker, streamed)
                    streamed = False

    def _end_message(self, update: Any, speaker: Speaker, streamed: bool) -> None:
        said = (update or {}).get("messages") or []
        if not streamed and said:
            speaker.hear(str(said[-1].text))
        speaker.end_message()

    def _complete(self, speaker: Speaker) -> None:
        """Whatever the brain forgot: a finished file, and an account in place of false words."""
        told = ""
        if self.toolbox.unfinished:
            told = str(self.toolbox.finish()["text"])
        elif speaker.removed:
            told = self.toolbox.told() or str(self.toolbox.explain()["text"])
        if speaker.removed:
            self.session.update(notes=[*self.session.record.notes, *map(_note_of, speaker.removed)])
            # What could not be said a moment ago is not said again in other company.
            told = correct(_unsaid(told, speaker.text), self._facts()).text
            told = f"{CORRECTED} {told}".strip() if speaker.text else told
        if told:
            speaker.say(told)
        if not speaker.text:
            speaker.say(str(self.toolbox.explain()["text"]))

    def _on_failure(self, why: str, speaker: Speaker) -> None:
        speaker.drop_message()
        name = self.choice.name
        speaker.say(_REPLACED.get(why, _FAILED.format(name=name)))
        speaker.paragraph()
        self.session.update(notes=[*self.session.record.notes, f"{name} was replaced ({why})."])

    def _facts(self) -> Facts:
        said = [turn.text for turn in self.session.record.turns if turn.role == "user"]
        return Facts(self.session, said)

    def _earlier(self) -> list[BaseMessage]:
        """What was said before, from the checkpointer or, where that is new, from the session."""
        from langchain_core.messages import AIMessage, HumanMessage

        kept = self.messages
        turns = self.session.record.turns
        if len(kept) == len(turns):
            return kept
        return [
            HumanMessage(turn.text) if turn.role == "user" else AIMessage(turn.text)
            for turn in turns
        ]

    def _human(self, words: str) -> list[BaseMessage]:
        from langchain_core.messages import HumanMessage

        return [HumanMessage(words)]

    def _remember(self, asked: list[BaseMessage], text: str) -> None:
        """Keep what was said and shown: what tools answered is in the session already."""
        from langchain_core.messages import AIMessage

        self._saver.delete_thread(self.session.record.session.id)
        self._graph.update_state(
            self._config(), {"messages": [*asked, AIMessage(text)]}, as_node="model"
        )

    def _forget_half_a_turn(self) -> None:
        """Go back to before a turn that was cut off, so that nothing is done twice."""
        pending = self.session.record.pending
        if pending is None:
            return
        turns = list(self.session.record.turns)
        if turns and turns[-1].role == "user" and turns[-1].text == pending.words:
            turns.pop()
        self.session.update(
            turns=turns, head=pending.head, take=pending.take, goals=list(pending.goals),
            target=pending.target, target_lufs=pending.target_lufs, pending=None,
        )  # fmt: skip

    def _config(self) -> Any:
        return {
            "configurable": {"thread_id": self.session.record.session.id},
            "recursion_limit": 12 * self.toolbox.limits.max_model_calls,
        }


def _unsaid(told: str, said: str) -> str:
    """The sentences of an account that were not said already."""
    return " ".join(sentence for sentence in sentences(told) if sentence.strip() not in said)


def _note_of(removed: str) -> str:
    return f"Not shown, because no measurement bears it out: {removed}"


@contextlib.contextmanager
def _untraced() -> Iterator[None]:
    """Nothing of a conversation goes to a tracing service, whatever the environment says."""
    from langsmith import tracing_context

    with tracing_context(enabled=False):
        yield
