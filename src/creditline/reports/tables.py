"""A table of texts, shaped once and shown twice: on the terminal and on a page."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal

from rich import box
from rich.cells import cell_len
from rich.console import Group
from rich.table import Table as RichTable
from rich.text import Text

from creditline.money import decimal_of


@dataclass(frozen=True)
class Column:
    """A column: its heading, and whether figures stand in it, which are set flush right."""

    label: str
    kind: Literal["text", "figure"] = "figure"
    page_only: bool = False
    """Left out on terminals, which are narrow."""


@dataclass(frozen=True)
class Table:
    """A captioned table; the first cell of each row says what the row is."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    strong: frozenset[int] = frozenset()
    """Rows to be set apart."""

    def __post_init__(self) -> None:
        for row in self.rows:
            assert len(row) == len(self.columns), f"{self.caption}: {row} has not {len(self.columns)} cells"


def terminal(table: Table) -> Group:
    """The table for a terminal under its caption; markup in cells is shown, not obeyed."""
    shown = RichTable(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    places = [place for place, column in enumerate(table.columns) if not column.page_only]
    for place in places:
        column, cells = table.columns[place], [row[place] for row in table.rows]
        whole = max(map(cell_len, cells), default=0) if place == 0 or column.kind == "figure" else None
        shown.add_column(
            Text(column.label), justify="right" if column.kind == "figure" else "left", min_width=whole, overflow="fold"
        )
    for number, row in enumerate(table.rows):
        shown.add_row(*(Text(row[place]) for place in places), style="bold" if number in table.strong else None)
    # Above the table rather than as its title, which would be broken to its width.
    return Group(Text(table.caption, style="bold"), shown)


def count(number: int) -> str:
    """A count, grouped by thousands."""
    return f"{number:,}"


def percent(share: float | None, places: int = 1) -> str:
    """A share of one as a percentage; a dash where there is none."""
    return "–" if share is None else f"{share * 100:.{places}f}%"


def figure(value: float | None, places: int = 3) -> str:
    """A plain figure; a dash where there is none."""
    return "–" if value is None else f"{value:.{places}f}"


def millions(minor: int, places: int = 1) -> str:
    """An amount of minor units in millions of currency units, grouped by thousands."""
    exact = decimal_of(minor).scaleb(-6).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
    return f"{exact:,}"


def labelled(*labels: str, text: Collection[int] = (0,), page_only: Collection[int] = ()) -> tuple[Column, ...]:
    """Columns under these labels, of figures but for the places named in ``text``."""
    return tuple(
        Column(label, "text" if place in text else "figure", place in page_only) for place, label in enumerate(labels)
    )


__all__ = ["Column", "Table", "count", "figure", "labelled", "millions", "percent", "terminal"]
