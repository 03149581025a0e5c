"""The command line: `mixmend COMMAND`. Commands load only when called, so help is quick.

Every error is one line on stderr that begins "mixmend: "; exit code 2 for bad usage or input, 1 for
a failure of ours.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

import click

from mixmend.tools.errors import MixmendError

_COMMANDS = {
    "measure": "commands_sound",
    "check": "commands_sound",
    "mend": "commands_talk",
    "chat": "commands_chat",
    "ui": "commands_machine",
    "restore": "commands_sound",
    "degrade": "commands_sound",
    "understand": "commands_talk",
    "compare": "commands_sound",
    "report": "commands_session",
    "replay": "commands_session",
    "sessions": "commands_session",
    "resume": "commands_session",
    "bench": "commands_machine",
    "train": "commands_train",
    "weights": "commands_weights",
    "doctor": "commands_machine",
}


class _LazyGroup(click.Group):
    """Finds a command in its module when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"mixmend.ui.{_COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Every command with the whole first sentence of its help, never cut off."""
        rows = []
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            text = " ".join((command.help or "").split()) if command else ""
            rows.append((name, text.split(". ")[0].rstrip(".")))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(cls=_LazyGroup, context_settings=_SETTINGS)
@click.version_option(package_name="mixmend")
def cli() -> None:
    """Mixmend restores and masters a finished recording by conversation.

    Start with:  mixmend mend SONG "what bothers you" -o BETTER.wav
    """


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; nothing is raised."""
    try:
        result = cli.main(args=arguments, prog_name="mixmend", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.Abort:
        return _say("stopped.", 1)
    except click.ClickException as error:
        return _say(_usage_sentence(error), 2)
    except MixmendError as error:
        return _say(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _say("stopped; nothing was written.", 1)
    except BrokenPipeError:
        # The reader of our output is gone (as in `| head`); that is not an error of anyone.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get("MIXMEND_DEBUG"):
            raise
        reason = " ".join(str(error).split())[:200]
        return _say(
            f"something failed inside Mixmend ({type(error).__name__}: {reason}); "
            "set MIXMEND_DEBUG=1 to see where.",
            1,
        )


def _say(sentence: str, code: int) -> int:
    # Never wrapped: scripts read this line.
    sys.stderr.write(f"mixmend: {' '.join(sentence.split())}\n")
    return code


def _usage_sentence(error: click.ClickException) -> str:
    text = error.format_message().strip()
    text = text if text.endswith((".", "!", "?")) else f"{text}."
    command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else None
    return f"{text} See `{command or 'mixmend'} --help`."


def main() -> None:
    """Entry point of the `mixmend` script."""
    sys.exit(run())


if __name__ == "__main__":
    main()
