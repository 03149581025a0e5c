"""One error tree. Every message is one sentence a person can act on.

MixmendError            a failure of ours (exit code 1)
├── Cancelled           the user stopped the work
└── InputError          what was asked cannot be done with what was given (exit code 2)
    ├── FileError       a file cannot be read or written
    └── UsageError      an option or argument makes no sense
"""


class MixmendError(Exception):
    """Base of every error raised on purpose; `str(error)` is a sentence for people."""

    exit_code = 1


class Cancelled(MixmendError):
    """The user stopped the work; nothing was written under a final name."""


class InputError(MixmendError):
    """The request cannot be met with the given input."""

    exit_code = 2


class FileError(InputError):
    """A file cannot be read, is not sound, or cannot be written."""


class UsageError(InputError):
    """An option or argument makes no sense; the message says what would."""
