"""How a file's name is shown to people: one line, plain text, whatever its author put into it."""

from __future__ import annotations

import unicodedata
from pathlib import Path

LONGEST_NAME = 200


def shown(path: Path) -> str:
    """`path` in quotes, control and direction characters replaced, its middle cut when too long."""
    text = "".join(
        "?" if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else character
        for character in str(path)
    )
    if len(text) > LONGEST_NAME:
        text = f"{text[: LONGEST_NAME // 2]}…{text[-LONGEST_NAME // 2 :]}"
    return f"'{text}'"
