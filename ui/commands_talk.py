"""Commands that read words: mend, understand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mixmend.tools.errors import FileError, UsageError
from mixmend.ui.options import (
    FILE,
    bit_depth_option,
    file_argument,
    json_option,
    out_option,
    read_span,
    region_option,
    seed_option,
)
from mixmend.ui.telling import unrepeated

if TYPE_CHECKING:
    from mixmend.agent.mend import MendRequest
    from mixmend.agent.records import SessionRecord


@click.command()
@file_argument
@click.argument("words", default="")
@out_option
@click.option("--target", default="keep", show_default=True,
              help="keep, streaming, apple, broadcast, podcast, cd, vinyl or club.")  # fmt: skip
@region_option
@click.option("--strength", type=click.FloatRange(0, 1), help="Of every pass; default: as needed.")
@click.option("--engine", help="See `mixmend doctor`; default: auto, the best one for each goal.")
@click.option("--report", type=FILE, help="Write the report here (.html .pdf .md .json).")
@click.option("--max-passes", type=click.IntRange(0), default=6, show_default=True)
@click.option("--steps", type=click.IntRange(1), help="Solver steps of a flow model.")
@seed_option
@bit_depth_option
@json_option
def mend(
    file: Path,
    words: str,
    out: Path,
    target: str,
    region: str | None,
    strength: float | None,
    engine: str | None,
    report: Path | None,
    max_passes: int,
    steps: int | None,
    seed: int,
    bit_depth: str,
    as_json: bool,
) -> None:
    """Mend a song as WORDS ask; without words, what clearly is wrong."""
    from mixmend.agent.mend import MendRequest

    request = MendRequest(
        path=file, out=out, words=words, target=target, region=read_span(region),
        strength=strength, engine=engine, steps=steps, seed=seed, max_passes=max_passes,
        bit_depth=bit_depth,  # type: ignore[arg-type]
    )  # fmt: skip
    mend_and_show(request, report, as_json=as_json)


def mend_and_show(request: MendRequest, report: Path | None, *, as_json: bool) -> SessionRecord:
    """Mend, show the conversation as it happens (or JSON at the end), write the report."""
    from mixmend.agent.explain import findings_text
    from mixmend.agent.mend import Listeners
    from mixmend.agent.mend import mend as run_mend
    from mixmend.agent.report import check_report_path, write_report
    from mixmend.agent.session import Session
    from mixmend.ui import terminal
    from mixmend.ui.progress import progress, working

    if report is not None:
        check_report_path(report)

    def on_start(session: Session) -> None:
        terminal.print_said("You", request.words or "(no words: make it as good as it can be)")
        terminal.print_said("Mixmend", findings_text(session.record.findings_before))

    with progress("Mending") as bar:
        record = run_mend(
            request,
            listeners=Listeners(
                on_progress=bar,
                on_pass=None if as_json else bar.aside(terminal.print_pass),
                on_start=None if as_json else bar.aside(on_start),
            ),
        )
    report_path = report or Path(record.session.path) / "report.html"
    with working("Writing the report"):
        write_report(record, report_path)
    if as_json:
        shown = record.model_dump(mode="json")
        terminal.print_json({**shown, "report": str(report_path.resolve())})
        return record
    click.echo()
    terminal.print_said("Mixmend", unrepeated(record.explanation, record.findings_before))
    assert record.output is not None  # mend always ends with a verified file
    click.echo(f"Result:  {record.output.path}")
    click.echo(f"Report:  {report_path.resolve()}")
    click.echo(f"Session: {record.session.id}")
    return record


@click.command()
@click.argument("words", default="")
@click.option("--file", type=FILE, help="One sentence (or JSON object) a line; one JSON line each.")
@click.option("--history", type=FILE, help='Earlier turns: [{"role": "user", "text": "..."}, ...].')
@json_option
def understand(words: str, file: Path | None, history: Path | None, as_json: bool) -> None:
    """Say what the words ask for, without touching any sound."""
    from mixmend.agent.intents import Turn
    from mixmend.agent.understand import understand as read_words
    from mixmend.ui import terminal

    if file is not None:
        for line in _read_text(file).splitlines():
            if line.strip():
                asked, turns = _read_line(line)
                understood = read_words(asked, turns)
                click.echo(json.dumps(understood.to_json_dict(), ensure_ascii=False))
        return
    if not words.strip():
        raise UsageError('say what you want, as `mixmend understand "less echo, please"`.')
    earlier = [] if history is None else _turns(_read_json(history), str(history))
    understood = read_words(words, [Turn.model_validate(turn) for turn in earlier])
    if as_json:
        terminal.print_json(understood.to_json_dict())
    else:
        _print_understood(understood.to_json_dict())


def _read_line(line: str) -> tuple[str, Any]:
    from mixmend.agent.intents import Turn

    if not line.lstrip().startswith("{"):
        return line, []
    try:
        item = json.loads(line)
    except json.JSONDecodeError:
        return line, []
    turns = _turns(item.get("history", []), "a line's history")
    return str(item.get("words", "")), [Turn.model_validate(turn) for turn in turns]


def _turns(value: Any, name: str) -> list[dict[str, str]]:
    valid = isinstance(value, list) and all(
        isinstance(turn, dict) and turn.get("role") in ("user", "assistant")
        and isinstance(turn.get("text"), str) and set(turn) <= {"role", "text"}
        for turn in value
    )  # fmt: skip
    if not valid:
        raise UsageError(f'{name} is no list of {{"role": "user|assistant", "text": "..."}}.')
    return list(value)


def _read_json(path: Path) -> Any:
    try:
        return json.loads(_read_text(path))
    except json.JSONDecodeError as error:
        raise FileError(f"{path} is no JSON ({error.msg} in line {error.lineno}).") from error


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise FileError(f"{path} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is no text in UTF-8.") from error


def _print_understood(understood: dict[str, Any]) -> None:
    for intent in understood["intents"]:
        what = intent["problem"] or intent["aspect"] or intent["target"] or ""
        parts = [intent["kind"], what, intent["change"] or ""]
        place = intent["region"] or intent["section"]
        if place:
            parts.append(f"at {place}")
        if intent["kind"] == "fix":
            parts.append(f"(amount {intent['strength']:.2g})")
        click.echo(" ".join(part for part in parts if part))
    if understood["instruction"]:
        click.echo(f"Instruction: {understood['instruction']}")
