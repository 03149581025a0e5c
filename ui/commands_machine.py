"""Commands about this machine: ui, bench, doctor."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from mixmend.tools.errors import FileError
from mixmend.ui.options import FILE, json_option


@click.command()
@click.option("--port", type=int, default=8501, show_default=True)
@click.option("--headless", is_flag=True, help="Open no browser window.")
def ui(port: int, headless: bool) -> None:
    """Open the studio in the browser.

    Everything stays on this machine.
    """
    import sys

    page = Path(__file__).with_name("studio.py")
    settings = {
        "server.port": str(port), "server.address": "127.0.0.1", "server.maxUploadSize": "2048",
        "server.headless": str(headless).lower(), "server.fileWatcherType": "none",
        "server.showEmailPrompt": "false",  # else the first start waits for an answer
        # Our own line says where it is; theirs, and a notice in the page, are for developers.
        "logger.hideWelcomeMessage": "true",
        "browser.gatherUsageStats": "false", "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none", "theme.primaryColor": "#0f6fb8",
        "theme.font": "sans-serif",
    }  # fmt: skip
    flags = [part for name, value in settings.items() for part in (f"--{name}", value)]
    click.echo(f"The studio: http://127.0.0.1:{port} (Ctrl+C ends it)")
    # The page takes this process's place, so that stopping `mixmend ui` stops it.
    os.execv(sys.executable, [sys.executable, "-m", "streamlit", "run", str(page), *flags])


@click.command()
@click.argument("name", default="")
@click.option("--quick", is_flag=True, help="Fewer songs; figures are rougher.")
@click.option("--checkpoint", type=FILE, help="Folder of a checkpoint (bench parity).")
@click.option("--song", type=FILE, help="A song to run on (bench measure).")
@click.option("--methods", metavar="A,B", help="Rows to run (bench restore).")
@click.option(
    "--kinds", metavar="X,Y", help="Kinds of damage, double, triple, intact (bench restore)."
)
@click.option("--songs", type=click.IntRange(1), help="How many songs (bench restore).")
@click.option("--jobs", type=click.IntRange(1), help="Processes at a time (bench restore).")
@click.option(
    "--metrics", type=click.Choice(["paper", "all"]),
    help="The paper's error alone, or everything (bench restore).",
)  # fmt: skip
@click.option("--cache", type=FILE, help="Folder that keeps results (bench restore).")
@click.option("--plots", type=FILE, help="Folder for pictures (bench restore).")
@click.option(
    "--write-choice", type=FILE, is_flag=False, flag_value="",
    help="Write what mend chooses engines by, here or beside the weights (bench restore).",
)  # fmt: skip
@click.option(
    "-o", "--out", type=FILE, help="Also write the table here, as Markdown (.json: JSON)."
)
@json_option
def bench(
    name: str, quick: bool, out: Path | None, as_json: bool, methods: str | None,
    kinds: str | None, write_choice: Path | None, **chosen: Any,
) -> None:  # fmt: skip
    """Run a benchmark; without a name, list them."""
    from mixmend.agent.bench.registry import BenchRequest, names, run_bench
    from mixmend.ui import terminal

    if name in ("", "list"):
        if as_json:
            terminal.print_json([{"name": n, "shows": about} for n, about in names().items()])
            return
        for known, about in names().items():
            click.echo(f"{known:14} {about}")
        return
    if write_choice == Path():
        from mixmend.agent.engine_choice import table_path

        write_choice = table_path()
    request = BenchRequest(
        name=name, quick=quick, methods=_listed(methods), kinds=_listed(kinds),
        write_choice=write_choice, **chosen,
    )  # fmt: skip
    table = run_bench(request, on_progress=lambda text: click.echo(text, err=True))
    if out is not None:
        as_table = out.suffix.lower() != ".json"
        _write(out, table.to_markdown() if as_table else json.dumps(table.to_json_dict(), indent=1))
    if as_json:
        terminal.print_json(table.to_json_dict())
    else:
        click.echo(table.to_markdown())


def _listed(names: str | None) -> tuple[str, ...] | None:
    """Names with commas between them."""
    if names is None:
        return None
    return tuple(part.strip() for part in names.split(",") if part.strip())


def _write(out: Path, text: str) -> None:
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FileError(f"{out} cannot be written ({error.strerror}).") from error


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Say which engines, models, decoders and devices are here."""
    from mixmend.agent.doctor import examine
    from mixmend.ui import terminal
    from mixmend.ui.progress import working

    with working("Looking around"):
        state = examine()
    if as_json:
        terminal.print_json(state.model_dump(mode="json"))
        return
    for section in state.sections:
        click.echo(section.title)
        for item in section.items:
            mark = "ok " if item.ready else "-- "
            click.echo(f"  {mark} {item.name}: {item.says}")
