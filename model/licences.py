"""Who made a file and under which licence, read from a Debian `copyright` file.

The machine-readable format (Debian policy, copyright-format 1.0) lists `Files:` patterns of the
*source* package; installed paths differ at the front, so patterns are matched by their tails.
"""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

_FIELD = re.compile(r"^([A-Za-z-]+):(.*)$")


@dataclass(frozen=True)
class Grant:
    """One paragraph: which files, whose, and under which licence (short name)."""

    patterns: tuple[str, ...]
    holder: str
    licence: str

    @property
    def is_specific(self) -> bool:
        """Whether it names files, and not just everything."""
        return self.patterns != ("*",)


def parse_copyright(text: str) -> tuple[Grant, ...]:
    """The `Files:` paragraphs in order; empty when the text is not machine-readable."""
    if not text.lstrip().lower().startswith("format:"):
        return ()
    grants = []
    for paragraph in re.split(r"\n\s*\n", text):
        fields = _fields(paragraph)
        if "files" in fields and "license" in fields:
            patterns = tuple(re.split(r"[\s]+", fields["files"].strip()))
            licence = (fields["license"].strip().splitlines() or ["unnamed"])[0].strip()
            grants.append(Grant(patterns, _holder(fields.get("copyright", "")), licence))
    return tuple(grants)


def grant_of(path: str, grants: tuple[Grant, ...]) -> Grant | None:
    """The grant that covers an installed file; the last fitting paragraph wins, as in the format.

    A pattern that names the file or its folder goes before the catch-all `*`.
    """
    fitting = [grant for grant in grants if any(_fits(path, each) for each in grant.patterns)]
    specific = [grant for grant in fitting if grant.is_specific]
    chosen = specific or fitting
    return chosen[-1] if chosen else None


def _fields(paragraph: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in paragraph.splitlines():
        if (match := _FIELD.match(line)) is not None:
            name = match[1].lower()
            fields[name] = match[2]
        elif name:
            fields[name] += "\n" + line
    return fields


def _holder(text: str) -> str:
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    without_years = re.sub(r"^(\(c\)|©|copyright|[\d,\s–-])+", "", first, flags=re.IGNORECASE)
    return re.sub(r"\s*[<(].*$", "", without_years).strip(" ,")


def _fits(path: str, pattern: str) -> bool:
    if pattern == "*":
        return True
    parts = PurePosixPath(pattern).parts
    for skipped in range(len(parts)):
        tail = "/".join(parts[skipped:])
        if tail.startswith("*") and skipped > 0:
            return False
        if fnmatch.fnmatchcase("/" + path, "*/" + tail):
            return True
    return False
