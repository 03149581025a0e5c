"""The benchmark table: one cell a column, Markdown that stays a table, JSON without NaN."""

from __future__ import annotations

import json
import math

import pytest

from mixmend.agent.bench.table import Table


def _table() -> Table:
    return Table(
        title="Meters",
        columns=("case", "reads"),
        rows=(("a | b\nc", -23.01234), ("none", None), ("nan", math.nan)),
        facts={"passed": True, "cases": 3.0},
        notes=("A note.",),
    )


def test_markdown_keeps_every_cell_in_its_column() -> None:
    lines = _table().to_markdown().splitlines()
    assert lines[2] == "| case | reads |"
    assert lines[3] == "| --- | ---: |"
    assert lines[4] == "| a \\| b c | -23.01 |"
    assert lines[5] == "| none | – |"
    assert "- passed: yes" in lines
    assert "- cases: 3" in lines


def test_json_has_no_nan() -> None:
    written = json.loads(json.dumps(_table().to_json_dict(), allow_nan=False))
    assert written["rows"][0] == {"case": "a | b\nc", "reads": -23.01234}
    assert written["rows"][2]["reads"] is None
    assert written["facts"]["passed"] is True


def test_a_short_row_is_refused() -> None:
    with pytest.raises(ValueError, match="1 cells for 2 columns"):
        Table(title="t", columns=("a", "b"), rows=(("x",),))
