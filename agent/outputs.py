"""What can be known to be wrong with a result's name before any work is done for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mixmend.agent.finish import refuse_same
from mixmend.tools.errors import FileError, UsageError
from mixmend.tools.names import shown

if TYPE_CHECKING:
    from mixmend.tools.audio import Audio
    from mixmend.tools.writing import BitDepth


def check_out(file: Path, out: Path) -> None:
    """Refuse a result that cannot be written whatever the sound is.

    Raises UsageError for an ending that stands for no format, FileError for a folder, a missing
    folder or the song itself (by whatever name).
    """
    from mixmend.tools.encoding import FORMATS

    if out.is_dir():
        raise FileError(f"{shown(out)} is a folder; name a file in it.")
    if out.suffix.lower() not in FORMATS:
        ending = repr(out.suffix) if out.suffix else "a name without an ending"
        raise UsageError(
            f"{ending} is not a format that can be written; end the name in {', '.join(FORMATS)}."
        )
    if not out.parent.is_dir():
        raise FileError(f"the folder {shown(out.parent)} does not exist; create it first.")
    refuse_same(file, out)


def check_holds(out: Path, audio: Audio, bit_depth: BitDepth) -> None:
    """Raises UsageError when the format of `out` cannot hold this sound at this bit depth."""
    from mixmend.tools.encoding import format_for

    format_for(out, audio, bit_depth)
