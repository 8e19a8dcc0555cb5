"""What commands print: tables and lines for people, one JSON value for machines, progress on a terminal only."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

PIPE_WIDTH = 240


class Output:
    """
    Args:
        as_json: Print data for machines and nothing else.
    """

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        # A terminal's own width counts on a terminal; a pipe gets lines wide enough that nothing is cut.
        width = None if sys.stdout.isatty() else PIPE_WIDTH
        self._console = Console(highlight=False, markup=False, soft_wrap=width is not None, width=width)

    def line(self, text: str = "") -> None:
        """A sentence for people."""
        if not self.as_json:
            self._console.print(text)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, right: Sequence[int] = ()) -> None:
        """
        A table for people.

        Args:
            right: Positions of columns that hold numbers.
        """
        if self.as_json:
            return
        table = Table(show_edge=False, box=None, pad_edge=False, header_style="bold")
        for i, column in enumerate(columns):
            table.add_column(column, justify="right" if i in right else "left", overflow="fold")
        for row in rows:
            table.add_row(*(str(cell) for cell in row))
        self._console.print(table)

    def data(self, value: Any) -> None:
        """The same for machines."""
        if self.as_json:
            print(json.dumps(value, ensure_ascii=False, indent=1, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")


class Bars:
    """
    Progress of long work: bars on a terminal, silence in a pipe.

    Args:
        label: Turns a stage's name into words.
    """

    def __init__(self, label: Callable[[str], str], *, quiet: bool = False) -> None:
        self._label = label
        self._progress: Progress | None = None
        self._tasks: dict[str, Any] = {}
        if sys.stderr.isatty() and not quiet:
            self._progress = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
            )

    def __enter__(self) -> Bars:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Stage, how far it is, how far it goes (0: unknown)."""
        if self._progress is None:
            return
        task = self._tasks.get(stage)
        if task is None:
            task = self._tasks[stage] = self._progress.add_task(self._label(stage), total=total or None)
        self._progress.update(task, completed=done, total=total or None)
