"""What the terminal shows: tables, findings, progress. People's words never become markup."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mixmend.model.engine import OnProgress, Progress

if TYPE_CHECKING:
    from rich.console import Console

    from mixmend.agent.records import Finding, PassRecord
    from mixmend.tools.measurement import Measurement

_SLOW_S = 2.0
_SEVERITY_STYLE = {"none": "dim", "mild": "yellow", "moderate": "dark_orange", "severe": "red"}


def console() -> Console:
    """Standard output, plain when it is no terminal."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def print_json(value: Any) -> None:
    """One JSON document on standard output and nothing else."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n")


@contextlib.contextmanager
def progress(label: str) -> Iterator[OnProgress]:
    """A progress bar on standard error that appears only when the work takes over two seconds."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    errors = Console(stderr=True)
    bar = Bar(
        TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn(),
        console=errors, transient=True, disable=not errors.is_terminal,
    )  # fmt: skip
    task = bar.add_task(label, total=1.0)
    begun_s, shown = time.monotonic(), False

    def on_progress(now: Progress) -> None:
        nonlocal shown
        if not shown and time.monotonic() - begun_s >= _SLOW_S:
            bar.start()
            shown = True
        bar.update(task, completed=now.fraction, description=f"{label}: {now.label}")

    try:
        yield on_progress
    finally:
        bar.stop()


@contextlib.contextmanager
def working(label: str) -> Iterator[None]:
    """A spinner on standard error for work that cannot say how far it is."""
    from rich.console import Console

    errors = Console(stderr=True)
    if not errors.is_terminal:
        yield
        return
    with errors.status(label):
        yield


def print_measurement(measured: Measurement) -> None:
    """The figures by family, each with its name; lists are counted."""
    from rich.table import Table
    from rich.text import Text

    out = console()
    table = Table(show_header=True, header_style="bold")
    table.add_column("measurement")
    table.add_column("value", justify="right")
    for key in ("duration_s", "sample_rate_hz", "channels", "bit_depth", "codec"):
        table.add_row(key, _cell(getattr(measured, key)))
    families = (
        "loudness",
        "dynamics",
        "clipping",
        "reverb",
        "stereo",
        "spectrum",
        "noise",
        "music",
    )
    for family in families:
        table.add_section()
        for name, value in getattr(measured, family):
            if name == "third_octave_db":
                continue
            if isinstance(value, dict):
                for band, level in value.items():
                    table.add_row(f"{family}.{name}.{band}", _cell(level))
            else:
                table.add_row(f"{family}.{name}", _cell(value))
    out.print(table)
    for note in measured.notes:
        out.print(Text(f"- {note}", style="dim"))


def print_findings(findings: list[Finding]) -> None:
    """Findings, worst first, in plain words."""
    from rich.text import Text

    out = console()
    shown = [finding for finding in findings if finding.severity != "none"]
    if not shown:
        out.print("Nothing that clearly needs mending.")
    for finding in shown:
        line = Text()
        line.append(f"{finding.severity:>8} ", style=_SEVERITY_STYLE[finding.severity])
        line.append(f"{finding.problem.replace('_', ' ')} ", style="bold")
        line.append(f"({finding.confidence:.0%} sure)\n", style="dim")
        line.append(f"         {finding.says}")
        out.print(line)


def print_pass(done: PassRecord) -> None:
    """One pass as it is finished."""
    from rich.text import Text

    mark, style = ("kept", "green") if done.verdict == "kept" else ("taken back", "yellow")
    line = Text(f"  pass {done.n}: {done.goal.replace('_', ' ')} ", style="bold")
    line.append(f"[{done.engine}, strength {done.strength:.2g}] ", style="dim")
    line.append(mark, style=style)
    line.append(f" \N{EM DASH} {done.because}")
    console().print(line)


def print_said(who: str, text: str) -> None:
    """One message of the conversation."""
    from rich.text import Text

    line = Text(f"{who}: ", style="bold cyan" if who == "You" else "bold magenta")
    line.append(text)
    console().print(line)
    console().print()


def _cell(value: object) -> str:
    if value is None:
        return "\N{EM DASH}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        if value and all(isinstance(item, float) for item in value) and len(value) <= 8:
            return ", ".join(f"{item:.4g}" for item in value)
        return f"{len(value)} found"
    return str(value)
