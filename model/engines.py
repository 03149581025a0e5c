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


def _sonicmaster_status() -> EngineStatus:
    from mixmend.model.weights import missing_files, weights_root

    missing = missing_files(weights_root())
    if not missing:
        return EngineStatus("sonicmaster", True, "The published flow model; its weights are here.")
    names = ", ".join(dict.fromkeys(part.name for part, _ in missing))
    why = f"Weights are missing ({names}); `mixmend weights get` fetches them."
    return EngineStatus("sonicmaster", False, why)


def _load_sonicmaster() -> Engine:
    from mixmend.model.sonic_engine import SonicEngine, parts_from_weights

    return SonicEngine(parts_from_weights)


_ENGINES: dict[str, _Entry] = {
    "dsp": _Entry(_dsp_status, _load_dsp),
    "sonicmaster": _Entry(_sonicmaster_status, _load_sonicmaster),
}


def available_engines() -> tuple[EngineStatus, ...]:
    """Every engine Mixmend knows, ready or not."""
    return tuple(entry.status() for entry in _ENGINES.values())


def get_engine(name: str, *, render: str | None = None, joining: str | None = None) -> Engine:
    """The engine of that name; raises UsageError for an unknown one or one that cannot run here.

    `render` (faithful, delta, generative) and `joining` (together, published) are choices of the
    flow engine alone.
    """
    if name not in _ENGINES:
        raise UsageError(f"there is no engine {name!r}; choose from {', '.join(_ENGINES)}.")
    status = _ENGINES[name].status()
    if not status.ready:
        raise UsageError(f"engine {name} cannot run here: {status.why}")
    if render is None and joining is None:
        return _ENGINES[name].load()
    if name != "sonicmaster":
        raise UsageError(f"engine {name} has no choice of rendering or joining.")
    from mixmend.model.sonic_engine import SonicEngine, chosen_settings, parts_from_weights

    return SonicEngine(parts_from_weights, chosen_settings(render, joining))
