"""Commands on saved sessions: report, replay, sessions, resume."""

from __future__ import annotations

from pathlib import Path

import click

from mixmend.ui.options import FILE, bit_depth_option, json_option, out_option


@click.command()
@click.argument("session")
@click.option("-o", "--out", type=FILE, required=True, help="Report file: .html .pdf .md or .json.")
def report(session: str, out: Path) -> None:
    """Write a report again from a saved session."""
    from mixmend.agent.report import check_report_path, write_report
    from mixmend.agent.store import SessionStore, load_record
    from mixmend.ui.progress import working

    check_report_path(out)
    record = load_record(SessionStore().find(session))
    with working("Writing the report"):
        write_report(record, out)
    click.echo(f"Report:  {out.resolve()}")


@click.command()
@click.argument("session")
@out_option
@json_option
def replay(session: str, out: Path, as_json: bool) -> None:
    """Repeat every kept pass of a session from the source file."""
    from mixmend.agent.replay import replay as run_replay
    from mixmend.agent.store import SessionStore, load_record
    from mixmend.ui import terminal
    from mixmend.ui.progress import progress

    record = load_record(SessionStore().find(session))
    with progress("Repeating") as on_progress:
        replayed = run_replay(record, out, on_progress=on_progress)
    if as_json:
        terminal.print_json(replayed.model_dump(mode="json"))
        return
    same = "identical to the session's" if replayed.identical else "NOT identical to the session's"
    click.echo(f"Written to {out}: {replayed.passes} passes, samples {same}.")


@click.command()
@json_option
def sessions(as_json: bool) -> None:
    """List saved sessions, newest first."""
    from mixmend.agent.store import SessionStore
    from mixmend.ui import terminal

    rows = SessionStore().rows()
    if as_json:
        terminal.print_json(
            [
                {"id": row.id, "path": str(row.path), "created": row.created,
                 "source": row.source, "words": row.words}
                for row in rows
            ]
        )  # fmt: skip
        return
    for row in rows:
        click.echo(f"{row.id}  {Path(row.source).name}  {row.words}")
    if not rows:
        click.echo("No sessions yet.")


@click.command()
@click.argument("session")
@out_option
@bit_depth_option
@json_option
def resume(session: str, out: Path, bit_depth: str, as_json: bool) -> None:
    """Go on with a session that was cut off.

    Its open goals are worked on, then the result is written.
    """
    from mixmend.agent.mend import Listeners, resume_session
    from mixmend.agent.store import SessionStore
    from mixmend.ui import terminal
    from mixmend.ui.progress import progress

    with progress("Mending") as bar:
        record = resume_session(
            session, SessionStore(), out, bit_depth=bit_depth,  # type: ignore[arg-type]
            listeners=Listeners(
                on_progress=bar, on_pass=None if as_json else bar.aside(terminal.print_pass)
            ),
        )  # fmt: skip
    if as_json:
        terminal.print_json(record.model_dump(mode="json"))
        return
    click.echo()
    terminal.print_said("Mixmend", record.explanation)
    click.echo(f"Result:  {out.resolve()}")
