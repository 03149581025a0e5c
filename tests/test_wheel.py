"""The wheel: built from tracked files alone it holds every module and data file, and runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("agent", "tools", "model", "ui")
DATA = {".json", ".md", ".npz", ".safetensors", ".toml", ".txt", ".jsonl", ".html", ".ogg"}


def _tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False
    )  # fmt: skip
    if listed.returncode != 0:
        pytest.skip("this is no git clone, so there is no list of tracked files")
    names = [Path(name) for name in listed.stdout.decode().split("\0") if name]
    return [name for name in names if (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    clean = tmp_path_factory.mktemp("clean")
    for name in _tracked():
        if name.parts[0] in ROOMS or len(name.parts) == 1:
            (clean / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, clean / name)
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), "."],
        cwd=clean, check=True, capture_output=True,
    )  # fmt: skip
    return next(out.glob("*.whl"))


def test_it_holds_every_module_and_data_file(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    tracked = [name for name in _tracked() if name.parts[0] in ROOMS]
    modules = [name for name in tracked if name.suffix == ".py"]
    data = [name for name in tracked if "data" in name.parts[:-1]]
    assert len(modules) > 100
    assert {name.suffix for name in data} <= DATA
    assert len(data) >= 10
    missing = [
        str(name)
        for name in [*modules, *data, *(Path(room) / "py.typed" for room in ROOMS)]
        if f"mixmend/{name.as_posix()}" not in held
    ]
    assert missing == []
    assert any(name.endswith("LICENSE") for name in held)


def test_it_runs_from_another_folder(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "fresh"
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    fresh = Path(sysconfig.get_path("purelib", vars={"base": str(home)}))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(fresh)
    # The packages Mixmend needs are this environment's own: nothing is downloaded. As plain
    # entries on the path they bring no editable install along.
    needed = sysconfig.get_path("purelib")
    (fresh / "needed.pth").write_text(f"{needed}\n")
    where = tmp_path / "elsewhere"
    where.mkdir()
    program = (
        "import mixmend.ui.cli as c, sys; assert str(sys.argv[1]) in c.__file__, c.__file__; "
        "sys.exit(c.run(['doctor']))"
    )
    ran = subprocess.run(
        [str(python), "-I", "-c", program, str(fresh)],
        cwd=where, capture_output=True, text=True, check=False,
        env={**os.environ, "MIXMEND_HOME": str(tmp_path / "home")},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "dsp" in ran.stdout
    assert ran.stderr == ""
    assert list(where.iterdir()) == []
    points = (fresh / next(fresh.glob("mixmend-*.dist-info")).name / "entry_points.txt").read_text()
    assert "mixmend = mixmend.ui.cli:main" in points
