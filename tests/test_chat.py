"""The chat in the terminal: greeting, turns, and the same conversation again another day."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from mixmend.agent.bench.model_engineer import BOASTS, Engineer
from mixmend.agent.bench.model_server import ModelServer
from mixmend.model.degrade import degrade
from mixmend.tools.writing import write_sound
from mixmend.ui.cli import cli
from tests.signals import music


@pytest.fixture
def song(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MIXMEND_HOME", str(tmp_path / "home"))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "MIXMEND_MODEL", "MIXMEND_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "song.wav"
    write_sound(path, degrade(music(3.0, seed=4), "bright", 1).audio)
    return path


def _chat(arguments: list[str], *lines: str) -> str:
    result = CliRunner().invoke(cli, ["chat", *arguments], input="\n".join([*lines, "bye", ""]))
    assert result.exit_code == 0, result.output
    return result.output


def test_a_conversation_and_its_continuation(song: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.wav"
    first = _chat([str(song), "-o", str(out)], "make it brighter please", "remove the drums")
    assert "I have listened" in first
    assert "Working on the missing treble..." in first
    assert "I brought the treble up" in first
    assert "I cannot take one instrument" in first
    assert out.exists()
    session = re.search(r"--resume (\S+?)\)", first)
    assert session is not None
    again = _chat(["--resume", session[1]], "undo that", "redo")
    assert "You are at version 1 of 1" in again
    assert "version 0, the song as it came" in again
    assert "version 1 (treble up) is the current one again" in again
    assert f"Result:  {out}" in " ".join(again.split(" "))


def test_a_hosted_model_talks_in_the_terminal(
    song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ModelServer(Engineer(boasts=True)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("MIXMEND_MODEL", "local")
        said = _chat([str(song), "-o", str(tmp_path / "out.wav")], "make it brighter please")
    assert "Done: I brought the treble up" in said
    assert not any(boast in said for boast in BOASTS)
    assert re.search(r"Model: +\d+ calls, \d+ tokens", said)


def test_a_song_or_a_session_not_both(song: Path) -> None:
    for arguments in ([], [str(song), "--resume", "x"]):
        result = CliRunner().invoke(cli, ["chat", *arguments])
        assert result.exit_code != 0
        assert "either a song or --resume" in str(result.exception)
