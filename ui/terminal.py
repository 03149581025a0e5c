"""What the terminal shows: findings, passes, words. People's words never become markup."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from mixmend.agent.records import Finding, PassRecord

_SEVERITY_STYLE = {"none": "dim", "mild": "yellow", "moderate": "dark_orange", "severe": "red"}
_WIDEST = 100


def console() -> Console:
    """Standard output, plain when it is no terminal."""
    from rich.console import Console

    out = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
    # Long lines are hard to read, however wide the window is.
    return (
        Console(highlight=False, width=_WIDEST) if out.is_terminal and out.width > _WIDEST else out
    )


def print_json(value: Any) -> None:
    """One JSON document on standard output and nothing else."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n")


def print_findings(findings: list[Finding]) -> None:
    """Findings, worst first, in plain words."""
    from rich.padding import Padding
    from rich.text import Text

    out = console()
    shown = [finding for finding in findings if finding.severity != "none"]
    if not shown:
        out.print("Nothing that clearly needs mending.")
    for finding in shown:
        line = Text(f"{finding.severity:>8}  ", style=_SEVERITY_STYLE[finding.severity])
        line.append(f"{finding.problem.replace('_', ' ')} ", style="bold default")
        line.append(f"({finding.confidence:.0%} sure)", style="dim default")
        out.print(line)
        said = finding.says + (f" Where: {_places(finding)}." if finding.where else "")
        if out.is_terminal:
            out.print(Padding(Text(said), (0, 0, 0, 10)))
        else:
            out.print(Text(f"          {said}"))


def print_pass(done: PassRecord) -> None:
    """One pass as it is finished."""
    from rich.text import Text

    mark, style = ("kept", "green") if done.verdict == "kept" else ("taken back", "yellow")
    line = Text("  ")
    line.append(f"{done.n}. {done.goal.replace('_', ' ')} ", style="bold")
    line.append(f"({done.engine}, strength {done.strength:.2g}) ", style="dim")
    line.append(mark, style=style)
    line.append(f": {done.because}")
    console().print(line)


def print_said(who: str, text: str) -> None:
    """One message of the conversation."""
    from rich.text import Text

    line = Text(f"{who}: ", style="bold cyan" if who == "You" else "bold magenta")
    line.append(text, style="not bold default")
    console().print(line)
    console().print()


class Telling:
    """An answer as it comes: steps of the work in grey, then the words, piece by piece."""

    def __init__(self, who: str) -> None:
        self._who = who
        self._begun = False
        self._line = ""

    def step(self, text: str) -> None:
        """One step of the work that begins now."""
        self._flush()
        if self._begun:
            console().print()
        console().print(f"  {text}...", style="dim", markup=False)

    def piece(self, text: str) -> None:
        """More of the answer; whole lines are shown at once."""
        self._line += text
        if "\n" in self._line or self._line.rstrip().endswith((".", "!", "?")):
            self._flush()

    def end(self) -> None:
        """The answer is complete."""
        self._flush()
        console().print("\n")

    def _flush(self) -> None:
        from rich.text import Text

        text, self._line = self._line, ""
        if not text.strip() and not self._begun:
            return
        line = Text()
        if not self._begun:
            line.append(f"{self._who}: ", style="bold magenta")
            text = text.lstrip()
            self._begun = True
        line.append(text, style="not bold default")
        console().print(line, end="")
        sys.stdout.flush()


def _places(finding: Finding) -> str:
    """The first few places, as a player shows time."""
    places = finding.where or []
    shown = [
        clock(start) if end - start < 1.0 else f"{clock(start)} to {clock(end)}"
        for start, end in places[:4]
    ]
    more = len(places) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def clock(time_s: float) -> str:
    """Seconds as 1:05, or 1:02:05 from an hour on."""
    whole = round(time_s)
    hours, minutes, seconds = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
