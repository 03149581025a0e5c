"""Sessions on disk: a folder each, sound by content, one SQLite index over all of them.

A session's folder holds `session.json` (the truth, replaced atomically after every change),
`audio/<sha256>.wav` (32-bit float, written once, never changed) and `lock`. The index
(`index.sqlite`) is only for finding sessions; losing it loses nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import numpy as np

from mixmend.agent.records import SessionRecord
from mixmend.tools.audio import Audio, allocate, blocks, release
from mixmend.tools.errors import FileError, InputError, MixmendError

_BLOCK_FRAMES = 1 << 20


class SessionBusy(InputError):
    """Another process works on this session."""


@dataclass(frozen=True)
class SessionRow:
    """A line of the index."""

    id: str
    path: Path
    created: str
    source: str
    words: str


def default_root() -> Path:
    """Where sessions live: $MIXMEND_HOME, else the user's data folder."""
    if home := os.environ.get("MIXMEND_HOME"):
        return Path(home)
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "mixmend"


def audio_sha256(audio: Audio) -> str:
    """SHA-256 over rate, shape and the float32 samples in time order."""
    digest = hashlib.sha256(f"{audio.sample_rate_hz} {audio.channels} {audio.frames} ".encode())
    for block in blocks(audio, _BLOCK_FRAMES):
        digest.update(np.ascontiguousarray(block.samples.T).tobytes())
    return digest.hexdigest()


class SessionFolder:
    """One session's folder, held by this process while the object is open."""

    def __init__(self, path: Path, lock: IO[str]) -> None:
        self.path = path
        self._lock = lock

    def close(self) -> None:
        self._lock.close()

    def save(self, record: SessionRecord) -> None:
        """Replace `session.json` atomically: a crash leaves the old one or the new one, whole."""
        _replace(self.path / "session.json", record.model_dump_json(by_alias=True, indent=1))

    def put_audio(self, audio: Audio) -> str:
        """Store sound by content; returns its SHA-256. Storing the same sound twice is free."""
        import soundfile

        digest = audio_sha256(audio)
        final = self._audio_path(digest)
        if final.exists():
            return digest
        final.parent.mkdir(exist_ok=True)
        partial = final.with_suffix(".partial")
        with soundfile.SoundFile(
            partial, "w", audio.sample_rate_hz, audio.channels, subtype="FLOAT", format="RF64"
        ) as out:
            for block in blocks(audio, _BLOCK_FRAMES):
                out.write(np.ascontiguousarray(block.samples.T))
        partial.replace(final)
        return digest

    def get_audio(self, digest: str) -> Audio:
        """Load stored sound; raises FileError when it is missing or was changed."""
        return load_audio(self.path, digest)

    def keep_only(self, digests: set[str]) -> None:
        """Delete stored sound that nothing refers to any more (and halves of a crash)."""
        for path in (self.path / "audio").glob("*"):
            if path.stem not in digests or path.suffix == ".partial":
                path.unlink(missing_ok=True)

    def _audio_path(self, digest: str) -> Path:
        return self.path / "audio" / f"{digest}.wav"


class SessionStore:
    """All sessions under one root folder."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or default_root()

    def create(self) -> SessionFolder:
        """A new, empty, locked session folder with a readable name."""
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        path = self.root / "sessions" / f"{stamp}-{secrets.token_hex(3)}"
        try:
            path.mkdir(parents=True)
        except OSError as error:
            raise FileError(
                f"the session folder {path} cannot be made ({error.strerror}); "
                "set MIXMEND_HOME to a folder you can write."
            ) from error
        return SessionFolder(path, _lock(path))

    def open(self, name: str) -> tuple[SessionFolder, SessionRecord]:
        """Open and lock a session by id or folder; SessionBusy when another process has it."""
        path = self.find(name)
        folder = SessionFolder(path, _lock(path))
        return folder, load_record(path)

    def find(self, name: str) -> Path:
        """The folder of a session by id or path; InputError when there is none."""
        for path in (Path(name), self.root / "sessions" / name):
            if path.name and (path / "session.json").is_file():
                return path.resolve()
        raise InputError(
            f"there is no session {name!r}; `mixmend sessions` lists the ones there are."
        )

    def index(self, record: SessionRecord) -> None:
        """Enter or update a session in the index."""
        with self._database() as database:
            database.execute(
                "INSERT INTO sessions VALUES (?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET "
                "path = excluded.path, words = excluded.words",
                (
                    record.session.id,
                    record.session.path,
                    record.created,
                    record.source.path,
                    record.words,
                ),
            )

    def rows(self) -> list[SessionRow]:
        """All sessions, newest first."""
        with self._database() as database:
            found = database.execute(
                "SELECT id, path, created, source, words FROM sessions ORDER BY created DESC"
            ).fetchall()
        return [SessionRow(row[0], Path(row[1]), row[2], row[3], row[4]) for row in found]

    @contextlib.contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        self.root.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self.root / "index.sqlite", timeout=30)
        try:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute(
                "CREATE TABLE IF NOT EXISTS sessions (id TEXT PRIMARY KEY, path TEXT NOT NULL, "
                "created TEXT NOT NULL, source TEXT NOT NULL, words TEXT NOT NULL)"
            )
            with database:
                yield database
        finally:
            database.close()


def load_audio(folder: Path, digest: str) -> Audio:
    """Load a session's stored sound by content, without locking the session.

    Raises FileError when it is missing or is not what was stored.
    """
    import soundfile

    path = folder / "audio" / f"{digest}.wav"
    if not path.exists():
        raise FileError(f"the session {folder.name} has lost a stored version; start anew.")
    with soundfile.SoundFile(path) as stored:
        samples = allocate(stored.channels, stored.frames)
        at = 0
        while (piece := stored.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)).size:
            samples[:, at : at + piece.shape[0]] = piece.T
            at += piece.shape[0]
            release(samples)
        audio = Audio(samples, stored.samplerate)
    if audio_sha256(audio) != digest:
        raise FileError(f"a stored version of the session {folder.name} was changed; start anew.")
    return audio


def load_record(path: Path) -> SessionRecord:
    """Read a session's record without locking it (for reports); raises InputError if unreadable."""
    from pydantic import ValidationError

    try:
        return SessionRecord.model_validate_json((path / "session.json").read_bytes())
    except (OSError, ValidationError) as error:
        raise InputError(f"the session in {path} cannot be read; it may be damaged.") from error


def _lock(path: Path) -> IO[str]:
    handle = (path / "lock").open("a+")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        handle.close()
        raise SessionBusy(
            f"the session {path.name} is being worked on by another process; try again when it "
            "is done."
        ) from error
    return handle


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        Path(name).replace(path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise MixmendError(f"{path} could not be saved ({error.strerror}).") from error
