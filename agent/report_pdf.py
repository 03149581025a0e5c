"""The report as PDF, with the DejaVu fonts that matplotlib carries, so that any script prints."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from mixmend.agent.report_data import ReportData

if TYPE_CHECKING:
    from fpdf import FPDF

_FONT = "DejaVu"
_TEXT, _SMALL, _HEAD, _TITLE = 10, 8, 13, 18
_INK = (28, 33, 40)
_SOFT = (89, 99, 110)


def render_pdf(data: ReportData) -> bytes:
    """The document, A4. Text is set as text: nothing in it is interpreted."""
    pdf = _new_pdf()
    _line(pdf, "Mixmend report", _SMALL, color=(15, 111, 184))
    _line(pdf, data.title, _TITLE, bold=True)
    _head(pdf, "You asked")
    _line(pdf, data.asked, _TEXT)
    pdf.ln(2)
    for paragraph in data.explanation.split("\n\n"):
        _line(pdf, paragraph, _TEXT)
        pdf.ln(1)
    _head(pdf, "What was found")
    for finding in data.found:
        _line(pdf, f"\N{BULLET} {finding.severity}: {finding.says}", _TEXT)
    if not data.found:
        _line(pdf, "Nothing that clearly needed mending.", _TEXT)
    _head(pdf, "Before and after")
    for plot in data.plots:
        _line(pdf, plot.title, _TEXT, bold=True)
        pdf.image(io.BytesIO(plot.png), w=pdf.epw)
        _line(pdf, plot.caption, _SMALL, color=_SOFT)
        pdf.ln(2)
    _head(pdf, "Every pass")
    for row in data.passes:
        _line(pdf, f"{row.n}. {row.what} \N{EM DASH} {row.verdict}", _TEXT, bold=True)
        _line(pdf, f"{row.why}; {row.how_much}; {row.moved}", _SMALL)
        reason = row.checks if row.kept else f"{row.because} ({row.checks})"
        _line(pdf, reason, _SMALL, color=_SOFT)
        pdf.ln(1)
    if data.not_fixed:
        _head(pdf, "What was not fixed, and why")
        for text in data.not_fixed:
            _line(pdf, f"\N{BULLET} {text}", _TEXT)
    _head(pdf, "Measurements")
    _figures(pdf, data)
    _head(pdf, "Files and facts")
    for name, value in data.facts:
        _line(pdf, f"{name}: {value}", _SMALL)
    for note in data.notes:
        _line(pdf, note, _SMALL, color=_SOFT)
    return bytes(pdf.output())


def _new_pdf() -> FPDF:
    import matplotlib
    from fpdf import FPDF

    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    pdf = FPDF(format="A4")
    pdf.set_margin(16)
    pdf.set_auto_page_break(auto=True, margin=16)
    pdf.add_font(_FONT, "", str(fonts / "DejaVuSans.ttf"))
    pdf.add_font(_FONT, "B", str(fonts / "DejaVuSans-Bold.ttf"))
    pdf.add_page()
    return pdf


def _head(pdf: FPDF, text: str) -> None:
    pdf.ln(3)
    _line(pdf, text, _HEAD, bold=True)
    pdf.ln(1)


def _line(
    pdf: FPDF,
    text: str,
    size: int,
    *,
    bold: bool = False,
    color: tuple[int, int, int] = _INK,
) -> None:
    pdf.set_font(_FONT, "B" if bold else "", size)
    pdf.set_text_color(*color)
    pdf.multi_cell(0, size * 0.5, text, new_x="LMARGIN", new_y="NEXT", align="L")


def _figures(pdf: FPDF, data: ReportData) -> None:
    pdf.set_font(_FONT, "", _SMALL)
    pdf.set_text_color(28, 33, 40)
    with pdf.table(
        col_widths=(40, 18, 18, 22, 48), line_height=4.6, borders_layout="HORIZONTAL_LINES"
    ) as table:
        header = table.row()
        for name in ("Measurement", "Before", "After", "Unit", "Trust"):
            header.cell(name)
        for figure in data.figures:
            row = table.row()
            for value in (figure.name, figure.before, figure.after, figure.unit, figure.trust):
                row.cell(value)
