"""The report as one HTML file: no network, no script, everything escaped."""

from __future__ import annotations

import base64
from importlib import resources

from mixmend.agent.report_data import ReportData


def render_html(data: ReportData) -> str:
    """The page. Jinja escapes every value, so nothing in a name or a wish becomes markup."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["data_uri"] = _data_uri
    template = resources.files("mixmend.agent").joinpath("data/report.html").read_text("utf-8")
    return environment.from_string(template).render(data=data)


def _data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
