"""The command `weights`: what engine sonicmaster needs, fetching it, checking it."""

from __future__ import annotations

from typing import Any

import click

from mixmend.ui.options import json_option


@click.group()
def weights() -> None:
    """Weights of the engine sonicmaster: what is needed, fetch it, check it.

    Nothing is ever fetched but by `mixmend weights get`.
    """


@weights.command("list")
@json_option
def list_parts(as_json: bool) -> None:
    """What is needed, how large, under which licence, with which account, and what is here."""
    from mixmend.model.weights import PARTS, list_weights, offline_advice, weights_root
    from mixmend.ui import terminal

    root = weights_root()
    states = list_weights(root)
    if as_json:
        terminal.print_json({"folder": str(root), "files": [_plain(state) for state in states]})
        return
    click.echo(f"Weights are kept in {root} (set MIXMEND_WEIGHTS to change that).")
    for part in PARTS:
        click.echo(f"\n{part.name}: {part.about}, {_size(part.about_bytes)}")
        click.echo(f"  from {part.page}\n  licence {part.licence}; {part.account}")
        for state in (state for state in states if state.part is part):
            mark = "ok " if state.state in ("here", "unrecorded") else "-- "
            click.echo(f"  {mark} {state.file.local}: {state.says}")
    for part in {s.part.name: s.part for s in states if s.state == "missing"}.values():
        click.echo(f"\nTo have {part.name}: mixmend weights get {part.name}")
        click.echo(f"Without network: {offline_advice(part, root)}.")


@weights.command("get")
@click.argument("part", default="all")
def get(part: str) -> None:
    """Fetch PART (sonicmaster, flan-t5-large, codec) or all; a fetch cut off goes on."""
    from mixmend.model.weights import PARTS, get_part, weights_root
    from mixmend.model.weights_hub import fetch_part, hub_from_environment
    from mixmend.ui.progress import progress

    chosen = PARTS if part == "all" else (get_part(part),)
    root, hub = weights_root(), hub_from_environment()
    for one in chosen:
        click.echo(
            f"{one.name}: about {_size(one.about_bytes)} from {one.page}, {one.licence}", err=True
        )
        with progress(f"Fetching {one.name}") as on_progress:
            fetch_part(one, root, hub, on_bytes=_told(on_progress))
        click.echo(f"{one.name} is in {root}.")


@weights.command("verify")
@json_option
def verify(as_json: bool) -> None:
    """Read every file through and compare it with what was fetched."""
    from mixmend.model.weights import verify_weights, weights_root
    from mixmend.tools.errors import FileError
    from mixmend.ui import terminal
    from mixmend.ui.progress import working

    root = weights_root()
    with working("Reading the weights"):
        states = verify_weights(root)
    if as_json:
        terminal.print_json({"folder": str(root), "files": [_plain(state) for state in states]})
    else:
        for state in states:
            click.echo(f"{state.file.local}: {state.says}")
    if damaged := [state.file.local for state in states if state.state == "damaged"]:
        raise FileError(f"damaged weights: {', '.join(damaged)}; delete and fetch them again.")


def _plain(state: Any) -> dict[str, object]:
    return {
        "part": state.part.name,
        "file": state.file.local,
        "path": str(state.path),
        "state": state.state,
        "says": state.says,
        "about_bytes": state.file.about_bytes,
        "from": f"{state.part.page}/resolve/main/{state.file.remote}",
        "licence": state.part.licence,
        "account": state.part.account,
    }


def _told(on_progress: Any) -> Any:
    from mixmend.model.engine import Progress

    if on_progress is None:
        return None

    def tell(name: str, done: int, of: int) -> None:
        on_progress(Progress(done / max(1, of), f"{name}, {_size(done)} of {_size(of)}"))

    return tell


def _size(count: int) -> str:
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= scale:
            return f"{count / scale:.3g} {unit}"
    return f"{count} bytes"
