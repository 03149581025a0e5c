"""Download one Debian package and keep what is sound, and who made it, in a folder."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Collection
from pathlib import Path, PurePosixPath

from mixmend.tools.errors import InputError

_ARCHIVES = {".pk3", ".zip"}


def unpack_package(name: str, folder: Path, suffixes: Collection[str]) -> None:
    """Fetch package `name` with apt and unpack its sound and copyright files into `folder`.

    `folder` appears only when everything is in it. Raises InputError where apt is missing or the
    package cannot be downloaded.
    """
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        raise InputError(
            "fetching music needs apt-get and dpkg (Debian, Ubuntu); on other systems unpack the "
            "packages elsewhere and give their folder with --from."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{name}-") as scratch:
        work = Path(scratch)
        package = _download(name, work)
        tree = work / "tree"
        _run(["dpkg", "-x", str(package), str(tree)], work, f"{name} cannot be unpacked")
        _open_archives(tree, suffixes)
        _keep_sound(tree, suffixes)
        tree.replace(folder)


def _download(name: str, work: Path) -> Path:
    _run(["apt-get", "download", name], work, f"apt-get cannot download {name}")
    found = sorted(work.glob("*.deb"))
    if not found:
        raise InputError(f"apt-get gave no file for {name}; run apt-get update and try again.")
    return found[0]


def _run(command: list[str], work: Path, failure: str) -> None:
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        why = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise InputError(f"{failure} ({why}); check the network and the package sources.")


def _open_archives(tree: Path, suffixes: Collection[str]) -> None:
    for path in sorted(tree.rglob("*")):
        if path.suffix.lower() in _ARCHIVES and zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for member in archive.namelist():
                    if PurePosixPath(member).suffix.lower() in suffixes:
                        archive.extract(member, tree / "unpacked" / path.name)


def _keep_sound(tree: Path, suffixes: Collection[str]) -> None:
    for path in tree.rglob("*"):
        if path.is_symlink() or (path.is_file() and not _is_kept(path, suffixes)):
            path.unlink()


def _is_kept(path: Path, suffixes: Collection[str]) -> bool:
    return path.suffix.lower() in suffixes or path.name.lower().startswith("copyright")
