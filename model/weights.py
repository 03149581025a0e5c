"""Which weights engine `sonicmaster` needs, where they lie, and whether they are whole.

Nothing here reaches the network; `weights_hub` fetches, and only when told to.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from mixmend.tools.errors import FileError, UsageError

FOLDER_VARIABLE = "MIXMEND_WEIGHTS"
_RECORD = "weights.json"
_CHUNK = 1 << 22


@dataclass(frozen=True)
class WeightFile:
    """A file: its path in the repository, its name on this machine, about how many bytes."""

    remote: str
    local: str
    about_bytes: int


@dataclass(frozen=True)
class Part:
    """What belongs together: where it is published, under which licence, with which account."""

    name: str
    repository: str
    about: str
    licence: str
    account: str
    files: tuple[WeightFile, ...]

    @property
    def page(self) -> str:
        return f"https://huggingface.co/{self.repository}"

    @property
    def about_bytes(self) -> int:
        return sum(file.about_bytes for file in self.files)


SONICMASTER = Part(
    "sonicmaster",
    "amaai-lab/SonicMaster",
    "the flow model and its text encoder",
    "Apache-2.0",
    "no account needed",
    (WeightFile("model.safetensors", "sonicmaster/model.safetensors", 3_450_000_000),),
)
TOKENIZER = Part(
    "flan-t5-large",
    "google/flan-t5-large",
    "tokenizer and sizes of the text encoder (its weights come with sonicmaster)",
    "Apache-2.0",
    "no account needed",
    (
        WeightFile("config.json", "flan-t5-large/config.json", 1_000),
        WeightFile("tokenizer.json", "flan-t5-large/tokenizer.json", 2_420_000),
    ),
)
CODEC = Part(
    "codec",
    "stabilityai/stable-audio-open-1.0",
    "the waveform codec (VAE of Stable Audio Open)",
    "Stability AI Community License",
    "a Hugging Face account that accepted the licence on the model's page, its token in HF_TOKEN",
    (
        WeightFile("vae/config.json", "codec/config.json", 1_000),
        WeightFile(
            "vae/diffusion_pytorch_model.safetensors",
            "codec/diffusion_pytorch_model.safetensors",
            625_000_000,
        ),
    ),
)
PARTS = (SONICMASTER, TOKENIZER, CODEC)


@dataclass(frozen=True)
class FileRecord:
    """What is known of a fetched file: length, SHA-256, the commit it came from."""

    bytes: int
    sha256: str
    commit: str


State = Literal["missing", "here", "unrecorded", "damaged"]


@dataclass(frozen=True)
class FileState:
    """A file on this machine: `unrecorded` is one that was copied here, not fetched."""

    part: Part
    file: WeightFile
    path: Path
    state: State
    says: str


def weights_root(environ: Mapping[str, str] | None = None) -> Path:
    """`MIXMEND_WEIGHTS`, or `mixmend/weights` in the user's cache folder; nothing is created."""
    environ = os.environ if environ is None else environ
    if chosen := environ.get(FOLDER_VARIABLE):
        return Path(chosen).expanduser()
    cache = environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "mixmend" / "weights"


def get_part(name: str) -> Part:
    """The part of that name; raises UsageError for an unknown one."""
    for part in PARTS:
        if part.name == name:
            return part
    known = ", ".join(part.name for part in PARTS)
    raise UsageError(f"there are no weights called {name!r}; choose one of {known}.")


def missing_files(root: Path) -> list[tuple[Part, WeightFile]]:
    """Files that are not on this machine, by a look at their names alone."""
    return [
        (part, file) for part in PARTS for file in part.files if not (root / file.local).is_file()
    ]


def list_weights(root: Path) -> list[FileState]:
    """Every file needed and whether it is here, without reading through it."""
    records = read_records(root)
    return [
        _look(part, file, root / file.local, records.get(file.local))
        for part in PARTS
        for file in part.files
    ]


def verify_weights(
    root: Path, on_file: Callable[[str, float], None] | None = None
) -> list[FileState]:
    """Every file read through: against the hash it was fetched with, and for being whole.

    A file that was copied here has no hash to compare with; a safetensors file is then checked
    for its length, JSON for being JSON. `on_file` is told a name and the share done.
    """
    states = []
    for state in list_weights(root):
        if state.state == "missing":
            states.append(state)
            continue
        record = read_records(root).get(state.file.local)
        problem = _soundness(state.path)
        if problem is None and record is not None:
            told = None if on_file is None else _teller(on_file, state.file.local)
            if sha256_of(state.path, told) != record.sha256:
                problem = "its contents are not what was fetched"
        if problem is not None:
            says = f"damaged: {problem}; delete it and run `mixmend weights get {state.part.name}`"
            state = FileState(state.part, state.file, state.path, "damaged", says)
        elif record is None:
            says = "whole, as far as can be told of a file that was copied here"
            state = FileState(state.part, state.file, state.path, "unrecorded", says)
        else:
            state = FileState(state.part, state.file, state.path, "here", "whole, hash right")
        states.append(state)
    return states


def offline_advice(part: Part, root: Path) -> str:
    """Which files to carry from where to where, for a machine that has no network."""
    copies = "; ".join(
        f"{part.page}/resolve/main/{file.remote} to {root / file.local}" for file in part.files
    )
    return f"on a machine with network fetch and copy: {copies}"


def read_records(root: Path) -> dict[str, FileRecord]:
    """What was written down of fetched files; nothing when there is no such record."""
    path = root / _RECORD
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {name: FileRecord(**value) for name, value in content.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise FileError(f"{path} is damaged; delete it and run `mixmend weights get`.") from error


def write_record(root: Path, local: str, record: FileRecord) -> None:
    """Note a fetched file, whole or not at all."""
    records = {**read_records(root), local: record}
    text = json.dumps({name: asdict(value) for name, value in sorted(records.items())}, indent=1)
    temporary = root / f"{_RECORD}.{os.getpid()}"
    temporary.write_text(text + "\n", encoding="utf-8")
    temporary.replace(root / _RECORD)


def sha256_of(path: Path, on_share: Callable[[float], None] | None = None) -> str:
    """SHA-256 of a file, read in pieces."""
    digest, done, size = hashlib.sha256(), 0, max(1, path.stat().st_size)
    for piece in _pieces(path):
        digest.update(piece)
        done += len(piece)
        if on_share is not None:
            on_share(done / size)
    return digest.hexdigest()


def _look(part: Part, file: WeightFile, path: Path, record: FileRecord | None) -> FileState:
    if not path.is_file():
        return FileState(part, file, path, "missing", "not on this machine")
    if record is None:
        return FileState(part, file, path, "unrecorded", "copied here")
    if path.stat().st_size != record.bytes:
        return FileState(part, file, path, "damaged", "its length is not what was fetched")
    return FileState(part, file, path, "here", "fetched")


def _soundness(path: Path) -> str | None:
    """What is wrong with the file by itself, if anything."""
    if path.suffix == ".json":
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            return "it is not JSON"
        return None
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np"):
            return None
    except (SafetensorError, OSError):
        return "it is not a whole safetensors file"


def _teller(on_file: Callable[[str, float], None], name: str) -> Callable[[float], None]:
    return lambda share: on_file(name, share)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            yield piece
