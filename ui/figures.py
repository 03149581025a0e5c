"""The table of `mixmend measure`: figures with their units, as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixmend.agent.metrics import as_percent

if TYPE_CHECKING:
    from mixmend.tools.measurement import Measurement

_FAMILIES = ("loudness", "dynamics", "clipping", "reverb", "stereo", "spectrum", "noise", "music")
_HEAD = ("duration_s", "sample_rate_hz", "channels", "bit_depth", "codec")
# By the ending of the key; the longest first.
_UNITS = {
    "_db_per_octave": "dB/octave", "_lufs": "LUFS", "_dbtp": "dBTP", "_dbfs": "dBFS",
    "_bpm": "BPM", "_lu": "LU", "_db": "dB", "_hz": "Hz", "_s": "s",
}  # fmt: skip
_DIGITS = {"s": 2, "Hz": 0, "dB/octave": 2, "": 3}


def print_measurement(measured: Measurement) -> None:
    """The figures by family, each with its name and unit; lists are counted."""
    from rich.table import Table
    from rich.text import Text

    from mixmend.ui.terminal import console

    out = console()
    table = Table(show_header=True, header_style="bold")
    table.add_column("measurement", no_wrap=True)
    table.add_column("value", justify="right")
    table.add_column("unit")
    for key in _HEAD:
        table.add_row(key, *cell(key, getattr(measured, key)))
    for family in _FAMILIES:
        table.add_section()
        for name, value in getattr(measured, family):
            if name == "third_octave_db":
                continue
            if isinstance(value, dict):
                for band, level in value.items():
                    table.add_row(f"{family}.{name}.{band}", *cell(name, level))
            else:
                table.add_row(f"{family}.{name}", *cell(name, value))
    out.print(table)
    for note in measured.notes:
        out.print(Text(f"- {note}", style="dim"))


def cell(key: str, value: object) -> tuple[str, str]:
    """A value and its unit as text; a dash for what could not be measured."""
    if value is None:
        return "\N{EM DASH}", ""
    if isinstance(value, bool):
        return ("yes" if value else "no"), ""
    if key == "fraction" and isinstance(value, float):
        share, unit = as_percent(value).split()
        return share, unit
    unit = next((unit for ending, unit in _UNITS.items() if key.endswith(ending)), "")
    if isinstance(value, float):
        return _figure(value, unit), unit
    if isinstance(value, list):
        if value and len(value) <= 8 and all(isinstance(item, float) for item in value):
            return ", ".join(_figure(item, unit) for item in value), unit
        return (f"{len(value)} found" if value else "none"), ""
    return str(value), unit


def _figure(value: float, unit: str) -> str:
    digits = _DIGITS.get(unit, 1)
    if value and not unit and abs(value) < 0.001:
        return f"{value:.1g}"
    text = f"{value:.{digits}f}"
    # -0.0 and 0.000 are both nothing.
    return "0" if value == 0.0 else text.lstrip("-") if float(text) == 0.0 else text
