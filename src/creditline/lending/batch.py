"""Schedules of very many loans at once, on columns: equal to ``schedule.plan`` to the minor unit, always.

Whole numbers do all but one thing: the level instalment is worked out in floating point with a bound on its error, and
a loan whose exact level lies within the bound of where rounding turns is handed back to the scalar path.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from creditline.lending import kernel
from creditline.lending.kernel import COUNTS, DAYS_MAX, METHODS, MONTHS_MAX, RATE_MAX, ROUNDINGS, Agreed, Int64s, Rows
from creditline.lending.schedule import Row, plan
from creditline.lending.terms import PRINCIPAL_MAX, Terms
from creditline.lines.kernel import Engine, Kernel

NUMBA_FROM = 5_000
"""Loans or rows from which compiling pays; fewer are run as Python unless the kernel is compiled already."""

_SHARES = 8
"""Pieces of work a thread, so that none waits long for the other."""


@dataclass(frozen=True)
class Schedules:
    """Schedules of L loans with R rows in all, as columns."""

    offsets: Int64s
    """Shape (L + 1,): where the rows of each loan begin, and where the last end."""
    drawn: Int64s
    """Shape (L,): day of each draw."""
    due: Int64s
    """Shape (R,): due days."""
    rows: Rows
    """Columns of shape (R,), minor units."""
    handed_back: int
    """How many of the loans the scalar path has worked out."""

    def __len__(self) -> int:
        return len(self.drawn)

    def of(self, loan: int) -> list[Row]:
        """The schedule of one loan by its place, as ``schedule.plan`` gives it."""
        part = slice(int(self.offsets[loan]), int(self.offsets[loan + 1]))
        due = self.due[part].tolist()
        starts = [int(self.drawn[loan]), *due[:-1]]
        columns = [column[part].tolist() for column in self.rows]
        return [Row(number, *row) for number, row in enumerate(zip(starts, due, *columns, strict=True), 1)]


def schedules(terms: Sequence[Terms], *, threads: int = 2, engine: Engine | None = None) -> Schedules:
    """The schedules agreed at the draw, in the order of the terms."""
    return plan_columns(*columns_of(terms), threads=threads, engine=engine)


def columns_of(terms: Sequence[Terms]) -> tuple[Agreed, Int64s, Int64s]:
    """Terms as columns of shape (L,), where the rows of each begin (L + 1,), and the due days of all rows."""
    ends = [each.due.days(each.drawn, each.rows) for each in terms]
    cells = [(*_cells(each), *_first(each)) for each in terms]
    table = np.array(cells, np.int64).reshape(len(cells), len(Agreed._fields))
    due = np.fromiter((day for days in ends for day in days), np.int64)
    offsets = np.zeros(len(terms) + 1, np.int64)
    np.cumsum([len(days) for days in ends], out=offsets[1:])
    return Agreed(*np.ascontiguousarray(table.T)), offsets, due


def plan_columns(
    agreed: Agreed, offsets: Int64s, due: Int64s, *, threads: int = 2, engine: Engine | None = None
) -> Schedules:
    """The schedules of L loans: columns of shape (L,), where their rows begin (L + 1,), due days of all rows (R,).

    Every loan has at least one row. What the columns cannot carry, such as a rate above ``RATE_MAX``, is handed back
    to the scalar path too.
    """
    rows = Rows(*(np.zeros(len(due), np.int64) for _ in Rows._fields))
    handed = _out_of_bounds(agreed, offsets, due)
    run("plan_many", len(agreed.drawn), agreed, offsets, due, rows, handed, threads=threads, engine=engine)
    back = np.flatnonzero(handed).tolist()
    for loan in back:
        begin = int(offsets[loan])
        for place, row in enumerate(plan(terms_of(agreed, offsets, due, loan)), begin):
            for name in Rows._fields:
                getattr(rows, name)[place] = getattr(row, name)
    return Schedules(offsets, agreed.drawn, due, rows, len(back))


def terms_of(agreed: Agreed, offsets: Int64s, due: Int64s, loan: int) -> Terms:
    """The terms of one loan of the columns by its place, as far as its schedule asks for them."""
    ends = tuple(due[offsets[loan] : offsets[loan + 1]].tolist())
    cell = {name: int(column[loan]) for name, column in zip(Agreed._fields, agreed, strict=True)}
    return Terms(
        principal=cell["principal"],
        rate=cell["rate"],
        drawn=cell["drawn"],
        rows=len(ends),
        due=_GivenDays(cell["months"], ends, (cell["first_top"], cell["first_bottom"])),
        method=METHODS[cell["method"]],
        day_count=COUNTS[cell["day_count"]],
        rounding=ROUNDINGS[cell["rounding"]],
        smoothing=cell["smoothing"] == 1,
        row_fee=cell["row_fee"],
    )


# -- the kernel --------------------------------------------------------------------------------------


def run(name: str, count: int, *columns: object, threads: int = 2, engine: Engine | None = None) -> None:
    """Run a function of the kernel over ``count`` places in threads; it is handed its first place and its last."""
    compiled = _kernel()
    wanted: Engine = "numba" if count >= NUMBA_FROM or compiled.is_ready else "python"
    function = compiled.function(name, engine or wanted)
    cuts = np.unique(np.linspace(0, count, threads * _SHARES + 1).astype(np.int64)).tolist()
    shares = list(pairwise(cuts)) if threads > 1 and count >= NUMBA_FROM else [(0, count)]
    if len(shares) == 1:
        function(*shares[0], *columns)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda share: function(*share, *columns), shares))


@lru_cache(maxsize=1)
def _kernel() -> Kernel:
    return Kernel(Path(kernel.__file__).read_text(encoding="utf-8"))


# -- within --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _GivenDays:
    """Due days that were worked out before."""

    months: int
    ends: tuple[int, ...]
    in_months: tuple[int, int]

    def days(self, drawn: int, count: int) -> Sequence[int]:
        """The days given, which are as many as there are rows."""
        assert self.ends[0] > drawn
        assert count <= len(self.ends)
        return self.ends[:count]

    def first(self, drawn: int) -> tuple[int, int]:
        """Months from the draw to the first due day, as given."""
        assert self.ends[0] > drawn
        return self.in_months


def _cells(terms: Terms) -> tuple[int, ...]:
    return (
        terms.principal,
        terms.rate,
        terms.drawn,
        METHODS.index(terms.method),
        COUNTS.index(terms.day_count),
        ROUNDINGS.index(terms.rounding),
        int(terms.smoothing),
        terms.row_fee,
        terms.due.months,
    )


def _first(terms: Terms) -> tuple[int, int]:
    return terms.due.first(terms.drawn) if terms.day_count == "30/360" else (0, 1)


def _out_of_bounds(agreed: Agreed, offsets: Int64s, due: Int64s) -> NDArray[np.bool_]:
    """Loans for which the kernel's whole numbers might not do."""
    if not len(agreed.drawn):
        return np.zeros(0, bool)
    days = np.diff(due, prepend=0)
    days[offsets[:-1]] = due[offsets[:-1]] - agreed.drawn
    fits = (agreed.principal >= 1) & (agreed.principal <= PRINCIPAL_MAX) & (agreed.rate >= 0)
    fits &= (agreed.rate <= RATE_MAX) & (agreed.months <= MONTHS_MAX)
    fits &= (agreed.first_top <= DAYS_MAX) & (agreed.first_bottom <= 31)
    fits &= np.maximum.reduceat(days, offsets[:-1]) <= DAYS_MAX
    return ~fits
