"""Keeps third-party imports working where one of their parts cannot be loaded."""

from __future__ import annotations

import importlib
import sys
import types


def allow_torchaudio() -> bool:
    """Make `import torchaudio` harmless where its compiled part does not fit the torch installed.

    transformers imports torchaudio whenever it is there, and a torchaudio built for CUDA breaks
    beside a CPU torch. Call this before importing transformers; a working torchaudio is left as it
    is. Returns whether a stand-in was needed.
    """
    if "torchaudio" in sys.modules:
        return False
    try:
        importlib.import_module("torchaudio")
    except ModuleNotFoundError:
        return False
    except (OSError, RuntimeError, ImportError, AttributeError):
        for name in [name for name in sys.modules if name.split(".")[0] == "torchaudio"]:
            del sys.modules[name]
        stand_in = types.ModuleType("torchaudio._extension")
        # What torchaudio reads from its extension on import: nothing compiled is at hand.
        for flag in ("_IS_ALIGN_AVAILABLE", "_IS_RIR_AVAILABLE", "_IS_TORCHAUDIO_EXT_AVAILABLE"):
            setattr(stand_in, flag, False)
        stand_in.__dict__["fail_if_no_align"] = lambda function: function
        sys.modules["torchaudio._extension"] = stand_in
        return True
    return False
