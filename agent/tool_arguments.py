"""What each tool takes, as pydantic checks it; a wrong argument goes back to the model in words.

No tool takes a path, an address or a text that is run: these models are all that is in reach.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from mixmend.agent.records import TargetName
from mixmend.model.problems import Problem


class Arguments(BaseModel):
    """Nothing but the named arguments, and only finite numbers."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


Amount = Annotated[
    float,
    Field(ge=0.0, le=1.0, description="0.2 a hair, 0.35 a bit, 0.5 nothing said, 0.8 a lot, 1 all"),
]
VersionNumber = Annotated[
    int, Field(ge=0, le=10_000, description="a version's number; 0 is the song as it came")
]
ChangeNumber = Annotated[
    int, Field(ge=1, le=1000, description="a change's number, as `history` lists them")
]
Time = Annotated[float, Field(ge=-36_000.0, le=36_000.0)]


class Nothing(Arguments):
    """For tools that take nothing."""


class MeasureArguments(Arguments):
    key: Annotated[
        str, Field(max_length=80, description='one figure, as "loudness.true_peak_dbtp"; or empty')
    ] = ""
    version: VersionNumber | None = None


class CheckArguments(Arguments):
    version: VersionNumber | None = None


class CompareArguments(Arguments):
    a: VersionNumber | None = Field(None, description="default: the version before this one")
    b: VersionNumber | None = Field(None, description="default: this version")


class RestoreArguments(Arguments):
    problem: Problem = Field(description="the one fault to work on")
    amount: Amount = 0.5
    start_s: Time | None = Field(None, description="where to begin; negative counts from the end")
    end_s: Time | None = None
    section: str | None = Field(None, max_length=40, description='a named part, as "chorus"')
    section_n: Annotated[int, Field(ge=-20, le=20)] | None = None
    asked: bool = Field(True, description="by the user (true) or because it was measured (false)")


class AgainArguments(Arguments):
    factor: float = Field(ge=0.1, le=3.0, description="0.6 is weaker, 1.5 is stronger")
    n: ChangeNumber | None = Field(None, description="which change; default: the last one")
    problem: Problem | None = Field(None, description="or the change by its problem")


class UndoArguments(Arguments):
    n: ChangeNumber | None = Field(None, description="only this change; default: the last step")
    problem: Problem | None = Field(None, description="or the change by its problem")


class GoToArguments(Arguments):
    version: VersionNumber


class TargetArguments(Arguments):
    name: TargetName | None = None
    lufs: Annotated[float, Field(ge=-40.0, le=-6.0)] | None = None
