"""The chat in the terminal: a greeting, turns with their progress, and taking up an old session."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mixmend.tools.errors import Cancelled, MixmendError, UsageError
from mixmend.ui.options import FILE, bit_depth_option, seed_option

if TYPE_CHECKING:
    from mixmend.agent.mend import Conversation
    from mixmend.agent.session import Session
    from mixmend.ui.progress import Bar
    from mixmend.ui.terminal import Telling

_LEAVING = frozenset({"bye", "exit", "quit", "q", "goodbye"})


@click.command()
@click.argument("file", type=FILE, required=False)
@click.option(
    "-o", "--out", type=FILE, help="Where results go; default: SONG.mended.wav beside it."
)
@click.option("--resume", "session_name", metavar="SESSION", help="Go on with a saved session.")
@click.option("--max-passes", type=click.IntRange(0), default=8, show_default=True,
              help="A turn may take, and changes may lie on top of each other.")  # fmt: skip
@seed_option
@bit_depth_option
def chat(
    file: Path | None,
    out: Path | None,
    session_name: str | None,
    max_passes: int,
    seed: int,
    bit_depth: str,
) -> None:
    """Talk about a song in the terminal until it sounds right. 'bye' ends.

    With --resume the conversation and all versions of a saved session are there again.
    """
    from mixmend.agent.limits import Limits
    from mixmend.agent.mend import open_conversation
    from mixmend.agent.outputs import check_holds
    from mixmend.agent.toolbox import Wanted

    session, result = _open(file, out, session_name, seed)
    try:
        check_holds(result, session.audio(0), bit_depth)  # type: ignore[arg-type]
        conversation = open_conversation(
            session,
            Wanted(out=result, bit_depth=bit_depth),  # type: ignore[arg-type]
            limits=Limits(max_passes=max_passes),
        )
        try:
            _begin(conversation)
            _talk(lambda words: _answer(conversation, words))
        finally:
            conversation.close()
    finally:
        session.close()
    _end(session)


def _open(
    file: Path | None, out: Path | None, session_name: str | None, seed: int
) -> tuple[Session, Path]:
    from mixmend.agent.outputs import check_out
    from mixmend.agent.session import Session
    from mixmend.agent.store import SessionStore
    from mixmend.ui.progress import working

    if (file is None) == (session_name is None):
        raise UsageError("give either a song or --resume with a session.")
    if file is not None:
        result = out or file.with_name(f"{file.stem}.mended.wav")
        check_out(file, result)
        with working("Listening to the song"):
            return Session.start(file, SessionStore(), seed=seed), result
    session = Session.resume(str(session_name), SessionStore())
    try:
        source = Path(session.record.source.path)
        written = session.record.output
        beside = source.with_name(f"{source.stem}.mended.wav")
        result = out or (Path(written.path) if written is not None else beside)
        check_out(source, result)
    except BaseException:
        session.close()
        raise
    return session, result


def _begin(conversation: Conversation) -> None:
    """The greeting, or where an old conversation stands, and what was cut off in it."""
    from mixmend.ui import terminal

    record = conversation.session.record
    if not record.turns:
        terminal.print_said("Mixmend", conversation.greet())
        return
    for turn in record.turns[-4:]:
        terminal.print_said("You" if turn.role == "user" else "Mixmend", turn.text)
    if conversation.cut_off is not None:
        terminal.print_said(
            "Mixmend", f"I was cut off at \N{LEFT DOUBLE QUOTATION MARK}{conversation.cut_off}"
            "\N{RIGHT DOUBLE QUOTATION MARK}; I do that now."
        )  # fmt: skip
        _answer(conversation, None)
    else:
        terminal.print_said(
            "Mixmend", f"Welcome back. You are at version {record.take} of {len(record.takes)}."
        )


def _answer(conversation: Conversation, words: str | None) -> None:
    """One turn: what is being done goes to the bar, words are shown as they are checked."""
    from mixmend.ui import terminal
    from mixmend.ui.progress import progress

    with progress("Working") as bar:
        said = terminal.Telling("Mixmend")
        _listen(conversation, bar, said)
        try:
            conversation.turn(words) if words is not None else conversation.go_on()
        except Cancelled:
            raise
        except MixmendError as error:
            # One turn failed; the conversation goes on from where it was.
            said.piece(f"That did not work: {error}")
        bar.aside(said.end)()


def _listen(conversation: Conversation, bar: Bar, said: Telling) -> None:
    box = conversation.toolbox
    box.on_progress = bar
    box.on_step = bar.aside(said.step)
    conversation.on_text = bar.aside(said.piece)


def _talk(answer: Callable[[str], None]) -> None:
    """Read lines until the user leaves; every line is one turn."""
    while True:
        try:
            words = click.prompt("You", prompt_suffix=": ", default="", show_default=False).strip()
        except click.exceptions.Abort:
            return
        if words.lower().rstrip("!.") in _LEAVING:
            return
        if words:
            answer(words)
        elif not sys.stdin.isatty():
            return


def _end(session: Session) -> None:
    record = session.record
    click.echo()
    if record.output is not None:
        click.echo(f"Result:  {record.output.path} (version {record.take})")
    if record.usage.calls:
        used = record.usage
        cost = "" if used.cost_usd is None else f", {used.cost_usd:.4f} USD"
        tokens = used.input_tokens + used.output_tokens
        click.echo(f"Model:   {used.calls} calls, {tokens} tokens{cost}")
    click.echo(f"Session: {record.session.id}  (mixmend chat --resume {record.session.id})")
