"""Progress bars on stderr that leave no trace; none where stderr is no terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

Told = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done and how much there is."""


@contextmanager
def bars() -> Iterator[Told]:
    """Bars that come as they are told of, one for each description."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        tasks = {}

        def told(description: str, done: int, total: int) -> None:
            if description not in tasks:
                tasks[description] = shown.add_task(description, total=total)
            shown.update(tasks[description], completed=done, total=total)

        yield told
