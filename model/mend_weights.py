"""Which weights engine `mendflow` runs with: those of the package, or a checkpoint of your own."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

VARIABLE = "MIXMEND_MENDFLOW"


def shipped_weights() -> Path:
    """Where the weights that come with the package are."""
    return Path(str(files("mixmend.model") / "data" / "mendflow.safetensors"))


def chosen_weights() -> Path:
    """The checkpoint that `MIXMEND_MENDFLOW` names, else the one that comes with the package."""
    chosen = os.environ.get(VARIABLE)
    return Path(chosen) if chosen else shipped_weights()
