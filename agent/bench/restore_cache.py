"""Results of RestoreBench on disk: one line a result, found again as long as nothing changed.

A result is known by what made it: song, damage, request, and the code and weights of the method.
Code counts by its meaning (comments and layout do not), along all imports inside Mixmend.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

from mixmend.tools.errors import FileError

_PACKAGE = "mixmend"


@dataclass(frozen=True)
class FaultError:
    """The paper's error for one fault of a song, before and after a method."""

    kind: str
    before: float
    after: float


@dataclass(frozen=True)
class Result:
    """One method on one damaged song.

    `measures` by name are empty when only the paper's errors were asked for; `cpu_s` is the
    method's processor time for `seconds` of sound. `skipped`: it makes no sense on that song.
    """

    key: str
    method: str
    case: str
    song: str
    faults: tuple[FaultError, ...]
    cpu_s: float
    seconds: float
    measures: Mapping[str, float] = field(default_factory=dict)
    skipped: bool = False


class ResultCache:
    """The file of results in `folder`; a line that a crash cut off is left out."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "restore.jsonl"
        self._known: dict[str, Result] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lines = self._path.read_text("utf-8").splitlines() if self._path.is_file() else []
        except OSError as error:
            raise FileError(f"{folder} cannot hold results ({error.strerror}).") from error
        for line in lines:
            result = _read(line)
            if result is not None:
                self._keep(result)

    def find(self, key: str, *, measured: bool) -> Result | None:
        """The result of that key, if it has all that is wanted."""
        known = self._known.get(key)
        if known is None or (measured and not known.measures and not known.skipped):
            return None
        return known

    def add(self, result: Result) -> None:
        """Keep a result, on disk at once."""
        self._keep(result)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(result)) + "\n")

    def _keep(self, result: Result) -> None:
        known = self._known.get(result.key)
        if known is None or result.measures or not known.measures:
            self._known[result.key] = result


def _read(line: str) -> Result | None:
    try:
        stored = json.loads(line)
    except json.JSONDecodeError:
        return None
    return Result(**{**stored, "faults": tuple(FaultError(**each) for each in stored["faults"])})


def digest(parts: Mapping[str, object]) -> str:
    """A short name for settings."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def data_digest(package: str) -> str:
    """The files in the data folder of a package of ours."""
    from importlib.resources import files

    found = sorted(
        (file for file in (files(package) / "data").iterdir() if file.is_file()),
        key=lambda file: file.name,
    )
    return digest({file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in found})


def code_digest(modules: Iterable[str], without: Iterable[str] = ()) -> str:
    """What these modules and all of Mixmend that they import mean; `without` are prefixes."""
    return _code_digest(tuple(modules), tuple(without))


@cache
def _code_digest(modules: tuple[str, ...], without: tuple[str, ...]) -> str:
    waiting, seen = list(modules), dict[str, str]()
    while waiting:
        name = waiting.pop()
        if name in seen or name.startswith(without or ("\0",)):
            continue
        path = _source(name)
        if path is None:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        seen[name] = ast.dump(tree)
        waiting += _imports(tree)
    return digest(seen)


@cache
def _source(name: str) -> Path | None:
    parent = name.rpartition(".")[0]
    # Looking for `a.b` imports `a`: only for those of ours, and not for names that are no modules.
    if not name.startswith(_PACKAGE) or (parent != _PACKAGE and parent and _source(parent) is None):
        return None
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:  # a name inside a module that is no package
        return None
    return Path(spec.origin) if spec is not None and spec.origin else None


def _imports(tree: ast.Module) -> list[str]:
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return [name for name in found if name.startswith(f"{_PACKAGE}.")]
