"""Write a session's report: HTML, PDF, Markdown or JSON by the file's ending.

A failed report leaves no half file: it is written beside its place and moved there when whole.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mixmend.agent.records import SessionRecord
from mixmend.agent.report_data import ReportData, collect
from mixmend.tools.errors import FileError, UsageError


def write_report(record: SessionRecord, out: Path, *, folder: Path | None = None) -> Path:
    """Write the report of a session; `folder` is where its sound lies, if it was moved.

    Raises UsageError for an unknown ending and FileError when `out` cannot be written.
    """
    write = check_report_path(out)
    content = write(record, collect(record, folder or Path(record.session.path)))
    partial = out.with_name(f".{out.name}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(out)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise FileError(f"the report {out} cannot be written ({error.strerror}).") from error
    return out


def check_report_path(out: Path) -> Callable[[SessionRecord, ReportData], bytes]:
    """The writer for a report's ending; raises UsageError when there is none, FileError when
    the folder is missing (better before the work than after it)."""
    writer = _WRITERS.get(out.suffix.lower())
    if writer is None:
        raise UsageError(f"a report ends in {', '.join(_WRITERS)}; {out.name} does not.")
    if not out.parent.is_dir():
        raise FileError(f"the folder {out.parent} for the report does not exist.")
    return writer


def _html(_record: SessionRecord, data: ReportData) -> bytes:
    from mixmend.agent.report_html import render_html

    return render_html(data).encode()


def _pdf(_record: SessionRecord, data: ReportData) -> bytes:
    from mixmend.agent.report_pdf import render_pdf

    return render_pdf(data)


def _markdown(_record: SessionRecord, data: ReportData) -> bytes:
    from mixmend.agent.report_markdown import render_markdown

    return render_markdown(data).encode()


def _json(record: SessionRecord, _data: ReportData) -> bytes:
    return record.model_dump_json(indent=1).encode()


_WRITERS: dict[str, Callable[[SessionRecord, ReportData], bytes]] = {
    ".html": _html,
    ".pdf": _pdf,
    ".md": _markdown,
    ".json": _json,
}
