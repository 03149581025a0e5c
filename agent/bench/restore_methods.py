"""What RestoreBench compares: Mixmend's engines, and what people do otherwise.

Engines come three ways: `NAME` is asked for the repair, `NAME-auto` gets no words, `NAME-wrong` is
asked for the repair of a fault that the song does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from mixmend.agent.bench.restore_cache import code_digest, data_digest, digest
from mixmend.agent.bench.restore_cases import Case
from mixmend.agent.bench.restore_peers import PEERS, always
from mixmend.model.engine import Engine
from mixmend.model.engines import available_engines, get_engine
from mixmend.tools.audio import Audio
from mixmend.tools.errors import UsageError

WAYS = ("", "-auto", "-wrong")
_TOOLS = "mixmend.tools"
_PEERS = "mixmend.agent.bench.restore_peers"
_NOT_PEERS = ("mixmend.model", "mixmend.agent.bench.restore_cases")


@dataclass(frozen=True)
class Method:
    """A row of the benchmark: `about` it in words, whether it `fits` a case, and how to run it.

    `code` is a digest of what decides its result besides the song; `reads_words` says whether the
    request does too.
    """

    name: str
    about: str
    fits: Callable[[Case], bool]
    run: Callable[[Case], Audio]
    code: str
    reads_words: bool = False


def method_names() -> tuple[str, ...]:
    """Every method that can run here."""
    engines = [status.name for status in available_engines() if status.ready]
    return (*PEERS, *(name + way for name in engines for way in WAYS))


def default_methods(*, quick: bool) -> tuple[str, ...]:
    """The methods that are run unless others are named."""
    ready = [status.name for status in available_engines() if status.ready]
    flows = tuple(name + way for name in ready if name != "dsp" for way in WAYS)
    plain = ("match", "known") if quick else tuple(PEERS)[1:]
    return ("input", *plain, "dsp", *flows)


def get_methods(names: Sequence[str]) -> tuple[Method, ...]:
    """Methods by name; raises UsageError for one that is unknown or cannot run here."""
    return tuple(get_method(name) for name in dict.fromkeys(names))


@cache
def get_method(name: str) -> Method:
    """One method by name, its weights loaded once a process."""
    if name in PEERS:
        peer = PEERS[name]
        # The cases are counted for every method alike.
        code = {"code": code_digest([_PEERS], _NOT_PEERS), "data": data_digest(_TOOLS)}
        return Method(name, peer.about, peer.fits, peer.run, digest(code))
    engine_name, _, way = name.partition("-")
    ready = {status.name for status in available_engines() if status.ready}
    if engine_name not in ready or (way and f"-{way}" not in WAYS):
        raise UsageError(
            f"there is no method {name!r} here; choose from {', '.join(method_names())}."
        )
    return _engine_method(get_engine(engine_name), name, way)


def weights_of(name: str) -> str:
    """SHA-256 of the weights of a method's engine; empty where there are none."""
    if name in PEERS:
        return ""
    return _weights(get_engine(name.partition("-")[0]))


def _weights(engine: Engine) -> str:
    if not hasattr(engine, "checkpoint_sha256"):
        return ""
    if engine.checkpoint_sha256 is None:
        # Engines read their weights with the first sound they are given.
        noise = np.random.default_rng(0).standard_normal((2, 44100)).astype(np.float32)
        engine.restore(Audio(0.1 * noise, 44100), "Make it brighter.", steps=1)
    return str(engine.checkpoint_sha256)


def _engine_method(engine: Engine, name: str, way: str) -> Method:
    def run(case: Case) -> Audio:
        words = {"": case.request, "auto": "", "wrong": case.wrong_request}[way]
        return engine.restore(case.damaged, words, seed=case.material.number)

    abouts = {
        "": "asked for the repair", "auto": "without words", "wrong": "asked for another repair",
    }  # fmt: skip
    code = digest(
        {
            "weights": _weights(engine),
            "code": code_digest([type(engine).__module__]),
            "data": data_digest(_TOOLS),
        }
    )
    fits = _damaged if way == "wrong" else always
    return Method(name, f"engine {engine.name}, {abouts[way]}", fits, run, code, way != "auto")


def _damaged(case: Case) -> bool:
    return bool(case.kinds)
