"""The engines of this machine by name: which there are, which can run, and one to run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mixmend.model.engine import Engine
from mixmend.tools.errors import UsageError


@dataclass(frozen=True)
class EngineStatus:
    """An engine, whether it can run here, and in a sentence why (not)."""

    name: str
    ready: bool
    why: str


@dataclass(frozen=True)
class _Entry:
    status: Callable[[], EngineStatus]
    load: Callable[[], Engine]


def _dsp_status() -> EngineStatus:
    return EngineStatus("dsp", True, "Classical processing, always there; needs no weights.")


def _load_dsp() -> Engine:
    from mixmend.model.dsp import DspEngine

    return DspEngine()


_ENGINES: dict[str, _Entry] = {"dsp": _Entry(_dsp_status, _load_dsp)}


def available_engines() -> tuple[EngineStatus, ...]:
    """Every engine Mixmend knows, ready or not."""
    return tuple(entry.status() for entry in _ENGINES.values())


def get_engine(name: str) -> Engine:
    """The engine of that name; raises UsageError for an unknown one or one that cannot run here."""
    if name not in _ENGINES:
        raise UsageError(f"there is no engine {name!r}; choose from {', '.join(_ENGINES)}.")
    status = _ENGINES[name].status()
    if not status.ready:
        raise UsageError(f"engine {name} cannot run here: {status.why}")
    return _ENGINES[name].load()
