"""The report as Markdown: no pictures, every value escaped so that it stays text."""

from __future__ import annotations

import re

from mixmend.agent.report_data import ReportData

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&])")


def render_markdown(data: ReportData) -> str:
    """The document, ready to be shown anywhere Markdown is."""
    lines = [f"# Mixmend report: {_text(data.title)}", "", "## You asked", ""]
    lines += [f"> {_text(data.asked)}", ""]
    lines += [item for part in data.explanation.split("\n\n") for item in (_text(part), "")]
    lines += ["## What was found", ""]
    lines += [f"- **{f.severity}**: {_text(f.says)}" for f in data.found] or [
        "Nothing that clearly needed mending."
    ]
    lines += ["", "## Every pass", "", "| # | What | Why | How | What moved | Verdict |"]
    lines += ["| ---: | --- | --- | --- | --- | --- |"]
    for row in data.passes:
        verdict = row.verdict if row.kept else f"{row.verdict}: {row.because}"
        cells = (str(row.n), row.what, row.why, row.how_much, row.moved, verdict)
        lines.append(f"| {' | '.join(_text(cell) for cell in cells)} |")
    if data.not_fixed:
        lines += ["", "## What was not fixed, and why", ""]
        lines += [f"- {_text(text)}" for text in data.not_fixed]
    lines += ["", "## Measurements", "", "| Measurement | Before | After | Unit | Trust |"]
    lines += ["| --- | ---: | ---: | --- | --- |"]
    for figure in data.figures:
        values = (figure.name, figure.before, figure.after, figure.unit, figure.trust)
        lines.append(f"| {' | '.join(_text(value) for value in values)} |")
    lines += ["", "## Files and facts", ""]
    lines += [f"- {_text(name)}: {_text(value)}" for name, value in data.facts]
    lines += [f"- {_text(note)}" for note in data.notes]
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(value.split()))
