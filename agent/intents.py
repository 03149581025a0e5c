"""What a listener asked for, as named values: the records behind `mixmend understand`."""

from __future__ import annotations

from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from mixmend.agent.records import TargetName
from mixmend.model.problems import Aspect, Problem

Kind = Literal[
    "fix", "auto", "leave", "cannot", "target", "undo", "redo", "stronger", "weaker", "compare",
    "explain", "question", "report", "export", "approve", "greeting", "off_topic",
]  # fmt: skip
Change = Literal["more", "less", "fix"]

KINDS: tuple[Kind, ...] = get_args(Kind)

DEFAULT_STRENGTH = 0.5


class _Record(BaseModel):
    """Frozen; written with the names of the JSON (`pass`, not `pass_`)."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="forbid")

    def to_json_dict(self) -> dict[str, Any]:
        """The record as plain JSON values, by the published key names."""
        return self.model_dump(mode="json", by_alias=True)


class Turn(_Record):
    """One earlier turn of the conversation."""

    role: Literal["user", "assistant"]
    text: str


class Intent(_Record):
    """One wish, question or command.

    `region` is `(start_s, end_s)`; an end of None is the end of the song and a negative start
    counts back from it. `section` names a part whose times are not known yet; `section_n` says
    which one ("second verse" is 2). `strength` is 0..1, 0.5 when no amount was given. `pass_`
    (JSON: `pass`) is the pass an undo, redo, stronger, weaker or explain speaks of, `version` the
    version to go back to. `file_format` is what an export asked for. `words` is the part of the
    sentence the intent came from and `confidence` (0..1) how sure the reading is.
    """

    kind: Kind
    problem: Problem | None = None
    aspect: Aspect | None = None
    change: Change | None = None
    strength: float = Field(default=DEFAULT_STRENGTH, ge=0.0, le=1.0)
    region: tuple[float, float | None] | None = None
    section: str | None = None
    section_n: int | None = None
    target: TargetName | None = None
    target_lufs: float | None = None
    pass_: int | None = Field(default=None, alias="pass")
    version: int | None = None
    file_format: str | None = None
    words: str = ""
    confidence: float = Field(default=1.0, ge=0.0, le=1.0)


class Understanding(_Record):
    """Everything one sentence asked for, in the order it was asked."""

    intents: tuple[Intent, ...]
    instruction: str
    language: str = "en"

    def of_kind(self, *kinds: Kind) -> tuple[Intent, ...]:
        """The intents of the given kinds, in order."""
        return tuple(intent for intent in self.intents if intent.kind in kinds)
