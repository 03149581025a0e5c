"""What a session is made of, in the shape `mend --json` prints and the saved session has."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mixmend.model.problems import Problem
from mixmend.tools.measurement import Measurement, Record, Span

Severity = Literal["none", "mild", "moderate", "severe"]
Verdict = Literal["kept", "rolled_back"]
CheckName = Literal[
    "target_moved",
    "true_peak",
    "new_clipping",
    "loudness_jump",
    "mono_loss",
    "added_onsets",
    "lost_content",
    "level_wobble",
    "time_shift",
    "length",
    "channels_rate",
    "stereo_shift",
    "silence_kept",
    "dc_added",
    "dynamics_kept",
    "outside_untouched",
]
TargetName = Literal["keep", "streaming", "apple", "broadcast", "podcast", "cd", "vinyl", "club"]


class Evidence(Record):
    """One measurement behind a finding; `expected` says in words what would be normal."""

    key: str
    value: float | str | bool | None
    expected: str


class Finding(Record):
    """One problem found by measuring: how bad, how sure, where, why, in a plain sentence."""

    problem: Problem
    severity: Severity
    confidence: float = Field(ge=0.0, le=1.0)
    where: list[Span] | None = None
    evidence: list[Evidence] = Field(default_factory=list)
    says: str


class Check(Record):
    """One guard check: `value` against `limit`, both in the unit the docs give for `name`."""

    name: CheckName
    ok: bool
    value: float | None
    limit: float | None
    says: str = ""


class Claim(Record):
    """A number or direction that the explanation states, and the measurement behind it.

    `when` says which measurement: before or after pass `pass`, of the source file, or of the
    decoded output. `direction` is set when the explanation says the figure rose or fell.
    """

    key: str
    value: float | str | bool | None
    pass_n: int | None = Field(default=None, serialization_alias="pass", validation_alias="pass")
    when: Literal["before", "after", "source", "output"] = "after"
    direction: Literal["up", "down"] | None = None


class PassRecord(Record):
    """One attempt: what was asked of which engine, what it did by measurement, and the verdict."""

    n: int
    goal: str
    problem: Problem | None = None
    instruction: str
    engine: str
    region: Span | None = None
    strength: float
    steps: int | None = None
    seed: int = 0
    target: TargetName | None = None
    target_lufs: float | None = None
    options: dict[str, float | str | bool | None] = Field(default_factory=dict)
    checkpoint_sha256: str | None = None
    before: Measurement
    after: Measurement
    verdict: Verdict
    because: str
    checks: list[Check]
    parent: int = 0  # the version it started from; 0 is the source
    version: int | None = None  # the version it made, when kept
    audio_sha256: str | None = None  # of the stored samples of that version
    asked: bool = True  # by the user's words (True) or by a finding (False)


class Drift(Record):
    """How far a version is from the song as it came, at matched level, in dB.

    `distance_db` is the root mean square difference of third-octave levels over all moments that
    play; `tone_db` the part of it that is a constant change of tone; `texture_db` what is left:
    changes that come and go, where artefacts are.
    """

    distance_db: float
    tone_db: float
    texture_db: float


class Version(Record):
    """A state of the song one can go back to. Version 0 is the source."""

    number: int
    parent: int | None
    made_by: int | None  # pass number
    audio_sha256: str
    name: str = ""
    drift: Drift | None = None


class GoalRecord(Record):
    """A wish or finding still to be worked on, or done with."""

    problem: Problem
    strength: float
    region: Span | None = None
    asked: bool
    state: Literal["open", "in_flight", "kept", "rolled_back", "skipped"] = "open"
    because: str = ""
    after_pass: int = 0  # how many passes there were when it was entered


class SourceRecord(Record):
    """Where the song came from, and proof of which file it was."""

    path: str
    sha256: str
    size_bytes: int
    container: str
    codec: str
    bit_depth: int | None
    sample_rate_hz: int
    channels: int
    duration_s: float


class OutputRecord(Record):
    """The final file: measured by decoding it, never from what a writer said."""

    path: str
    sha256: str
    measurement: Measurement


class SessionRef(Record):
    """Name and folder of a session."""

    id: str
    path: str


class Take(Record):
    """A result the user has heard, by the number it is called by; 0 is the song as it came.

    `before` is the take that was current when it was made: what undo goes back to. The aims of the
    closing level step belong to it, so that going back brings them back too.
    """

    number: int
    version: int
    name: str
    before: int
    target: TargetName = "keep"
    target_lufs: float | None = None
    level_goals: list[GoalRecord] = Field(default_factory=list)


class Usage(Record):
    """What the hosted model of a session has cost so far; `cost_usd` None where no price is set."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None


class Pending(Record):
    """A turn that is being worked on: what was asked, and what was there when it began."""

    words: str
    head: int
    take: int
    goals: list[GoalRecord] = Field(default_factory=list)
    target: TargetName = "keep"
    target_lufs: float | None = None


class TurnRecord(Record):
    """One message of the conversation."""

    role: Literal["user", "assistant"]
    text: str


class SessionRecord(Record):
    """Everything about one song being mended."""

    session: SessionRef
    created: str
    source: SourceRecord
    words: str = ""
    engine: str = "dsp"
    brain: str = "offline"
    seed: int = 0
    target: TargetName = "keep"
    target_lufs: float | None = None
    source_measurement: Measurement
    goals: list[GoalRecord] = Field(default_factory=list)
    passes: list[PassRecord] = Field(default_factory=list)
    versions: list[Version] = Field(default_factory=list)
    head: int = 0
    undone: list[int] = Field(default_factory=list)  # versions that redo can bring back, last first
    turns: list[TurnRecord] = Field(default_factory=list)
    takes: list[Take] = Field(default_factory=list)  # without take 0, which is version 0
    take: int = 0  # the one that is current
    undone_takes: list[int] = Field(default_factory=list)  # what redo can bring back, last first
    pending: Pending | None = None  # a turn that was begun and not yet answered
    usage: Usage = Usage()
    findings_before: list[Finding] = Field(default_factory=list)
    findings_after: list[Finding] = Field(default_factory=list)
    output: OutputRecord | None = None
    explanation: str = ""
    claims: list[Claim] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
