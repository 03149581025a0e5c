"""The engines of this machine by name: which there are, which can run, and one to run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mixmend.model.engine import Engine
from mixmend.tools.errors import UsageError

if TYPE_CHECKING:
    from mixmend.model.mend_flow import MendFlow


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


def _mendflow_status() -> EngineStatus:
    from importlib.util import find_spec

    from mixmend.model.mend_weights import chosen_weights

    if find_spec("torch") is None or find_spec("diffusers") is None:
        return EngineStatus("mendflow", False, "It needs torch and diffusers; install them.")
    path = chosen_weights()
    if not path.is_file():
        return EngineStatus("mendflow", False, f"Its weights are missing: {path}.")
    return EngineStatus("mendflow", True, "Our own small flow; its weights come with Mixmend.")


def _load_mendflow() -> Engine:
    from mixmend.model.mend_engine import MendEngine
    from mixmend.model.mend_weights import chosen_weights

    def load() -> MendFlow:
        from mixmend.model.mend_flow import load_flow

        return load_flow(chosen_weights())

    return MendEngine(load)


_ENGINES: dict[str, _Entry] = {
    "dsp": _Entry(_dsp_status, _load_dsp),
    "mendflow": _Entry(_mendflow_status, _load_mendflow),
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
