"""Arguments and options that several commands share, and reading them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from mixmend.tools.measurement import Span

F = TypeVar("F", bound=Callable[..., Any])

# Existence is checked where the file is read: one place, one sentence.
FILE = click.Path(path_type=Path)


def file_argument(function: F) -> F:
    return click.argument("file", type=FILE)(function)


def json_option(function: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON only.")(function)


def out_option(function: F) -> F:
    return click.option(
        "-o", "--out", type=FILE, required=True,
        help="Where to write the result (.wav .flac .mp3 .ogg .m4a).",
    )(function)  # fmt: skip


def seed_option(function: F) -> F:
    return click.option("--seed", type=int, default=0, show_default=True)(function)


def region_option(function: F) -> F:
    return click.option(
        "--region", metavar="A:B", help="Only from A to B: 80:110, 1m20s:1m50s, 00:01:20-00:01:50."
    )(function)


def bit_depth_option(function: F) -> F:
    return click.option(
        "--bit-depth", type=click.Choice(["16", "24", "32f"]), default="24", show_default=True,
        help="Of .wav and .flac files.",
    )(function)  # fmt: skip


def read_span(region: str | None) -> Span | None:
    """A region option as seconds; raises UsageError when it is unclear."""
    from mixmend.tools.region import parse_region

    if region is None:
        return None
    parsed = parse_region(region)
    return (parsed.start_s, parsed.end_s)
