"""What a benchmark gives back: one table, the facts under it, and how both are written down.

Every module in this folder has `NAME` and
`run(*, quick=False, on_progress=None) -> Table`; `mixmend bench NAME` prints the Markdown, and
`--json` the dictionary.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

Cell = str | float | None
Fact = float | str | bool


@dataclass(frozen=True)
class Table:
    """A benchmark's result: `rows` of `columns`, single-figure `facts`, and `notes` in words.

    `also` is only in the JSON, under its own keys, for shapes that scripts rely on. Raises
    ValueError when a row does not have one cell a column.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    facts: Mapping[str, Fact] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    also: Mapping[str, Mapping[str, Fact]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"{self.title}: {len(row)} cells for {len(self.columns)} columns")

    def to_markdown(self) -> str:
        """The table as GitHub Markdown: title, table, facts as a list, notes as paragraphs."""
        lines = [f"## {_plain(self.title)}", ""]
        if self.columns:
            numeric = [self._is_numeric(index) for index in range(len(self.columns))]
            lines += [
                _line([_plain(name) for name in self.columns]),
                _line(["---:" if right else "---" for right in numeric]),
                *(_line([_cell(value) for value in row]) for row in self.rows),
                "",
            ]
        if self.facts:
            lines += [f"- {_plain(key)}: {_cell(value)}" for key, value in self.facts.items()]
            lines.append("")
        for note in self.notes:
            lines += [note, ""]
        return "\n".join(lines).rstrip() + "\n"

    def to_json_dict(self) -> dict[str, object]:
        """Plain JSON: rows as objects keyed by column; numbers that are not finite become null."""
        return {
            "title": self.title,
            "columns": list(self.columns),
            "rows": [
                {name: _finite(value) for name, value in zip(self.columns, row, strict=True)}
                for row in self.rows
            ],
            "facts": {key: _finite(value) for key, value in self.facts.items()},
            "notes": list(self.notes),
            **{
                key: {name: _finite(value) for name, value in facts.items()}
                for key, facts in self.also.items()
            },
        }

    def _is_numeric(self, index: int) -> bool:
        cells = [row[index] for row in self.rows if row[index] is not None]
        return bool(cells) and all(isinstance(cell, (int, float)) for cell in cells)


def _finite(value: Cell) -> Cell:
    if isinstance(value, bool | str) or value is None:
        return value
    return value if math.isfinite(value) else None


def _cell(value: Cell) -> str:
    """A number with four significant digits (counts in full), yes/no, or the words."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return _plain(value)
    if not math.isfinite(value):
        return "–"
    if float(value).is_integer() and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.4g}"


def _plain(text: str) -> str:
    """A cell must stay one cell on one line, whatever it says."""
    return " ".join(text.split()).replace("|", "\\|")


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
