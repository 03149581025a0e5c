"""How far the work is, on standard error and only where a person looks at it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, ParamSpec

from mixmend.model.engine import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as RichBar
    from rich.progress import TaskID

P = ParamSpec("P")


class Bar:
    """A progress bar; call it with a `Progress`. Other output goes through `aside`."""

    def __init__(self, bar: RichBar, task: TaskID, label: str) -> None:
        self._bar, self._task, self._label = bar, task, label

    def __call__(self, now: Progress) -> None:
        """Show how far it is (0 to 1) and with what."""
        self._bar.update(
            self._task, total=1.0, completed=now.fraction, description=f"{self._label}: {now.label}"
        )

    def aside(self, show: Callable[P, None]) -> Callable[P, None]:
        """`show`, with the bar out of the way meanwhile: both may share one terminal."""

        def shown(*args: P.args, **kwargs: P.kwargs) -> None:
            self._bar.stop()
            show(*args, **kwargs)
            self._bar.update(self._task, total=None, description=self._label)
            self._bar.start()

        return shown


@contextlib.contextmanager
def progress(label: str) -> Iterator[Bar]:
    """A bar for the time of the block; it moves to and fro until something says how far it is."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichBar

    errors = Console(stderr=True)
    bar = RichBar(
        TextColumn("{task.description}", markup=False), BarColumn(bar_width=24),
        TimeElapsedColumn(), console=errors, transient=True, disable=not errors.is_terminal,
    )  # fmt: skip
    task = bar.add_task(label, total=None)
    bar.start()
    try:
        yield Bar(bar, task, label)
    finally:
        bar.stop()


@contextlib.contextmanager
def working(label: str) -> Iterator[None]:
    """A spinner for work that cannot say how far it is."""
    from rich.console import Console

    errors = Console(stderr=True)
    if not errors.is_terminal:
        yield
        return
    with errors.status(label):
        yield
