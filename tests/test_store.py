"""Sessions on disk: whole after a crash, one process at a time, sound by content."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from mixmend.agent.records import SessionRecord, SessionRef, SourceRecord, Version
from mixmend.agent.store import SessionBusy, SessionStore, audio_sha256
from mixmend.tools.audio import Audio
from mixmend.tools.errors import FileError, InputError
from mixmend.tools.measurement import Measurement
from tests.signals import music


def _record(path: Path, words: str = "less echo") -> SessionRecord:
    return SessionRecord(
        session=SessionRef(id=path.name, path=str(path)),
        created="2026-01-01T00:00:00+00:00",
        source=SourceRecord(
            path="song.wav", sha256="0" * 64, size_bytes=1, container="wav", codec="pcm_s16le",
            bit_depth=16, sample_rate_hz=44100, channels=2, duration_s=1.0,
        ),
        words=words,
        source_measurement=Measurement(duration_s=1.0, sample_rate_hz=44100, channels=2),
        versions=[Version(number=0, parent=None, made_by=None, audio_sha256="0" * 64)],
    )  # fmt: skip


def test_record_comes_back_as_it_was(tmp_path: Path) -> None:
    store = SessionStore(tmp_path)
    folder = store.create()
    record = _record(folder.path)
    folder.save(record)
    store.index(record)
    folder.close()
    opened, loaded = store.open(record.session.id)
    opened.close()
    assert loaded == record
    assert [row.words for row in store.rows()] == ["less echo"]


def test_unknown_session_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no session 'nope'"):
        SessionStore(tmp_path).open("nope")


def test_sound_is_stored_by_content_bit_for_bit(tmp_path: Path) -> None:
    folder = SessionStore(tmp_path).create()
    sound = music(1.0)
    loud = Audio(sound.samples * np.float32(3.0), sound.sample_rate_hz)
    digests = {folder.put_audio(sound), folder.put_audio(loud), folder.put_audio(sound)}
    assert len(list((folder.path / "audio").iterdir())) == len(digests) == 2
    again = folder.get_audio(audio_sha256(loud))
    assert np.array_equal(again.samples, loud.samples)
    folder.close()


def test_changed_sound_is_refused(tmp_path: Path) -> None:
    folder = SessionStore(tmp_path).create()
    digest = folder.put_audio(music(1.0))
    path = folder.path / "audio" / f"{digest}.wav"
    content = bytearray(path.read_bytes())
    content[-100] ^= 0xFF
    path.write_bytes(bytes(content))
    with pytest.raises(FileError, match="was changed"):
        folder.get_audio(digest)
    folder.close()


def _try_to_open(root: Path, name: str, answers: multiprocessing.Queue[str]) -> None:
    try:
        SessionStore(root).open(name)
        answers.put("opened")
    except SessionBusy as error:
        answers.put(str(error))


def test_two_processes_cannot_work_on_one_session(tmp_path: Path) -> None:
    store = SessionStore(tmp_path)
    folder = store.create()
    folder.save(_record(folder.path))
    context = multiprocessing.get_context("spawn")
    answers: multiprocessing.Queue[str] = context.Queue()
    for held, expected in ((True, "another process"), (False, "opened")):
        if not held:
            folder.close()
        other = context.Process(target=_try_to_open, args=(tmp_path, folder.path.name, answers))
        other.start()
        assert expected in answers.get(timeout=60)
        other.join()


def test_a_crash_while_saving_leaves_the_old_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = SessionStore(tmp_path).create()
    folder.save(_record(folder.path, "first"))

    def crash(*_args: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr("os.fsync", crash)
    with pytest.raises(RuntimeError):
        folder.save(_record(folder.path, "second"))
    loaded = SessionRecord.model_validate_json((folder.path / "session.json").read_bytes())
    assert loaded.words == "first"
    folder.close()
