"""`mixmend train`: what is wrong with a configuration is said in one line, before any work."""

from __future__ import annotations

from pathlib import Path

import pytest

from mixmend.ui.cli import run


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("music = [", "TOML"),
        ('output = "out"', "music"),
        ('music = "songs"\noutput = "out"\nspeed = 3', "speed"),
        ('music = "songs"\noutput = "out"\nsteps = -1', "steps"),
        ('music = "songs"\noutput = "out"\nbatch = "many"', "batch"),
        ('music = "nowhere"\noutput = "out"', "nowhere"),
    ],
)
def test_a_wrong_configuration_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    config = tmp_path / "train.toml"
    config.write_text(text, encoding="utf-8")
    assert run(["train", "--config", str(config)]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("mixmend: ")
    assert said in lines[0]
    assert not list(tmp_path.glob("out/*.safetensors"))


def test_a_missing_configuration_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["train", "--config", str(tmp_path / "none.toml")]) == 2
    assert "none.toml" in capsys.readouterr().err


def test_a_folder_without_music_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "songs").mkdir()
    config = tmp_path / "train.toml"
    config.write_text('music = "songs"\noutput = "out"\n', encoding="utf-8")
    assert run(["train", "--config", str(config)]) == 2
    assert capsys.readouterr().err.startswith("mixmend: ")
