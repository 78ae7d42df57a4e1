"""Reads the file of the Taiwan panel as it circulates: the publisher's workbook, or text in either heading."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from creditline.errors import CreditlineError

Int64s = NDArray[np.int64]

MONTHS = 6
WHERE = (
    "expected is the file of dataset 350 of the UCI Machine Learning Repository, 'Default of Credit Card Clients': "
    "its .xls, or the same table as .csv or .csv.gz"
)

_PAY = ("pay_6", "pay_5", "pay_4", "pay_3", "pay_2", "pay_0")
_BILL = tuple(f"bill_amt{k}" for k in range(MONTHS, 0, -1))
_PAID = tuple(f"pay_amt{k}" for k in range(MONTHS, 0, -1))
_NEEDED = ("id", "limit_bal", *_PAY, *_BILL, *_PAID, "target")

_SAME = {
    "default payment next month": "target",
    "default.payment.next.month": "target",
    "default_payment_next_month": "target",
    "will_default_next_month": "target",
    "default": "target",
    "y": "target",
    "pay_1": "pay_0",
    "": "id",
    "unnamed: 0": "id",
}
"""Headings under which the columns go round, in lower case."""

_NUMBERED = {
    "x1": "limit_bal",
    **{f"x{6 + k}": name for k, name in enumerate(reversed(_PAY))},
    **{f"x{12 + k}": name for k, name in enumerate(reversed(_BILL))},
    **{f"x{18 + k}": name for k, name in enumerate(reversed(_PAID))},
}
"""The publisher's numbered headings: X6 is September's repayment state, X12 its bill, X18 what was paid in it."""

_LIMITS = {"id": (0, 10**9), "limit_bal": (1, 10**12), "target": (0, 1)}
_LIMITS |= dict.fromkeys(_PAY, (-2, 24)) | dict.fromkeys(_BILL, (-(10**12), 10**12)) | dict.fromkeys(_PAID, (0, 10**12))


class PanelError(CreditlineError):
    """A file that is not the Taiwan panel, or not whole."""


@dataclass(frozen=True)
class Panel:
    """The panel, one row a line; months run April to September 2005. Sex, age and the like are not read."""

    ids: Int64s
    limit: Int64s
    """New Taiwan dollars, whole."""
    state: Int64s
    """Shape (L, 6): -2 nothing owed, -1 paid in full, 0 the rest revolves, n months behind."""
    bill: Int64s
    """Shape (L, 6), whole dollars owed at the month's end; negative: in credit."""
    paid: Int64s
    """Shape (L, 6), whole dollars paid in the month."""
    defaulted: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)


def read_panel(path: Path) -> Panel:
    """The panel in this file (.csv, .csv.gz, .xls, or the publisher's .zip of one); raises PanelError."""
    if not path.is_file():
        raise PanelError("panel file", str(path), WHERE, "is no file")
    rows = list(_rows(path.name, path.read_bytes()))
    # The workbook has a row of X1 .. Y above the named headings; an export may have either or both.
    start = next((n for n, row in reversed(list(enumerate(rows[:2]))) if "target" in map(_canonical, row)), None)
    if start is None:
        raise PanelError(str(path), ", ".join(rows[0][:6]) if rows else "", WHERE, "has none of the panel's headings")
    return _panel(path, [_canonical(cell) for cell in rows[start]], rows[start + 1 :], start + 2)


def _canonical(heading: str) -> str:
    name = heading.strip().lstrip("\ufeff").lower()
    return _NUMBERED.get(name) or _SAME.get(name, name)


def _rows(name: str, content: bytes) -> Iterator[list[str]]:
    """Rows as text, whatever the file is packed in; told by its first bytes, not by its name."""
    try:
        if content[:2] == b"\x1f\x8b":
            yield from _rows(name.removesuffix(".gz"), gzip.decompress(content))
        elif content[:2] == b"PK":
            yield from _archived(name, content)
        elif content[:4] == b"\xd0\xcf\x11\xe0":
            yield from _workbook(content)
        else:
            yield from csv.reader(io.StringIO(content.decode("utf-8-sig")))
    except (OSError, EOFError, UnicodeDecodeError, csv.Error, zipfile.BadZipFile) as error:
        raise PanelError(name, type(error).__name__, WHERE, "cannot be read") from error


def _archived(name: str, content: bytes) -> Iterator[list[str]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        inside = [entry for entry in archive.namelist() if entry.lower().endswith((".xls", ".csv", ".csv.gz"))]
        if len(inside) != 1:
            raise PanelError(name, ", ".join(archive.namelist()[:5]), WHERE, "does not hold one table")
        yield from _rows(inside[0], archive.read(inside[0]))


def _workbook(content: bytes) -> Iterator[list[str]]:
    import xlrd  # only here: text files need no reader of workbooks

    try:
        sheet = xlrd.open_workbook(file_contents=content).sheet_by_index(0)
    except xlrd.XLRDError as error:
        raise PanelError("workbook", str(error), WHERE, "cannot be read") from error
    for row in range(sheet.nrows):
        yield [f"{cell:.15g}" if isinstance(cell, float) else str(cell) for cell in sheet.row_values(row)]


def _panel(path: Path, heading: Sequence[str], rows: Sequence[Sequence[str]], first: int) -> Panel:
    missing = [name for name in _NEEDED if name not in heading and name != "id"]
    if missing:
        raise PanelError(str(path), ", ".join(missing), WHERE, "are columns it lacks")
    if not rows:
        raise PanelError(str(path), "0 rows", WHERE, "follow its headings")
    ragged = next((n for n, row in enumerate(rows) if len(row) != len(heading)), None)
    if ragged is not None:
        raise PanelError(f"{path}:{first + ragged}", len(rows[ragged]), f"give {len(heading)} cells", "cells are there")
    column = {name: _whole(path, name, [row[heading.index(name)] for row in rows], first) for name in _NEEDED[1:]}
    ids = np.arange(1, len(rows) + 1)
    if "id" in heading:
        ids = _whole(path, "id", [row[heading.index("id")] for row in rows], first)
        if len(np.unique(ids)) < len(ids):
            twice = ids[np.argmin(np.isin(np.arange(len(ids)), np.unique(ids, return_index=True)[1]))]
            raise PanelError(f"{path}: column id", int(twice), "give each line one row", "stands more than once")
    state, bill, paid = (_months(column, names) for names in (_PAY, _BILL, _PAID))
    return Panel(ids, column["limit_bal"], state, bill, paid, column["target"] == 1)


def _months(column: dict[str, Int64s], names: Sequence[str]) -> Int64s:
    return np.stack([column[name] for name in names], axis=1)


def _whole(path: Path, name: str, cells: Sequence[str], first: int) -> Int64s:
    """A column of whole numbers within its bounds; ``20000.0`` is taken as 20000."""
    low, high = _LIMITS[name]
    values = np.empty(len(cells), np.int64)
    for n, cell in enumerate(cells):
        text = cell.strip()
        whole = text.removesuffix(".0") if text.endswith(".0") else text
        if not (whole.removeprefix("-").isdecimal() and len(whole) < 18 and low <= int(whole) <= high):
            remedy = f"give a whole number from {low} to {high}"
            raise PanelError(f"{path}:{first + n}, column {name}", cell, remedy, "cannot be taken")
        values[n] = int(whole)
    return values
