"""The general ledger as a file: CSV, Parquet, or text for Beancount, which then checks it by itself."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from creditline.errors import CreditlineError
from creditline.i18n import text
from creditline.lending.ledger import CHART, Row
from creditline.lending.terms import date_of
from creditline.money import decimal_of, format_minor
from creditline.service.books import LineBooks, general_ledger, line_books
from creditline.store import Home

COLUMNS = (
    "line", "entry", "booked", "day", "kind", "cause", "loan", "account", "name", "debit", "credit", "currency",
)  # fmt: skip
"""Columns of the CSV and the Parquet file, one row a posting; see ``ledger.Row``."""

_MONEY = pa.decimal128(20, 2)
SCHEMA = pa.schema(
    [
        ("line", pa.string()), ("entry", pa.int32()), ("booked", pa.date32()), ("day", pa.date32()),
        ("kind", pa.string()), ("cause", pa.string()), ("loan", pa.string()), ("account", pa.int16()),
        ("name", pa.string()), ("debit", _MONEY), ("credit", _MONEY), ("currency", pa.string()),
    ]
)  # fmt: skip
GROUP_ROWS = 1 << 17
"""Rows in a group of the Parquet file."""

_NAMES = {code: text(info.key, "en") for code, info in CHART.items()}
_ROOTS = {1: "Assets", 2: "Liabilities", 4: "Income", 5: "Expenses"}

Rows = Iterable[tuple[str, Row]]


class BooksFileError(CreditlineError):
    """A file the general ledger cannot be written to."""


def export(home: Home, path: Path, since: int | None, until: int) -> int:
    """Write what was booked from one day (or ever) to another, in the form the file's name ends in; how many postings.

    A file that is there is replaced once all is written. Beancount text begins with the first entry: it takes no
    ``since``. Raises BooksFileError, and what ``books.line_books`` raises.
    """
    if path.suffix.lower() == ".beancount":
        if since is not None:
            remedy = "leave --from out, or write a .csv or .parquet file"
            raise BooksFileError("--from", str(date_of(since)), remedy, "does not go with Beancount's balances")
        with _replacing(path) as partial:
            return write_beancount(partial, line_books(home, until))
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        remedy = f"end its name in {', '.join(_WRITERS)} or .beancount"
        raise BooksFileError("FILE", str(path), remedy, "is no form the books are written in")
    with _replacing(path) as partial:
        return write(partial, general_ledger(home, since, until))


def write_csv(path: Path, rows: Rows) -> int:
    """Write rows with their currencies as CSV in UTF-8, amounts with two decimals; how many rows."""
    written = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for currency, row in rows:
            amounts = (format_minor(row.debit), format_minor(row.credit))
            writer.writerow((*_head(row), *amounts, currency))
            written += 1
    return written


def write_parquet(path: Path, rows: Rows) -> int:
    """Write rows with their currencies as Parquet, amounts as exact decimals; how many rows."""
    written = 0
    listed = iter(rows)
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        while group := list(islice(listed, GROUP_ROWS)):
            columns = zip(
                *((*_head(row), decimal_of(row.debit), decimal_of(row.credit), currency) for currency, row in group),
                strict=True,
            )
            arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=SCHEMA))
            written += len(group)
    return written


_WRITERS: dict[str, Callable[[Path, Rows], int]] = {".csv": write_csv, ".parquet": write_parquet}


def write_beancount(path: Path, books: Iterable[LineBooks]) -> int:
    """Write the books of lines as text for Beancount; how many postings.

    Each entry is a transaction on the day it was booked, with line, loan, cause and the day it counts for. At the end
    the file asserts what stands on each account according to the accounts as worked out anew: Beancount, adding up
    the entries, refuses the file where the two differ by a hundredth.
    """
    postings, last = 0, 0
    stands: dict[str, dict[int, int]] = {}
    with path.open("w", encoding="utf-8") as file:
        file.write(f'option "title" "{text("books.beancount_title", "en")}"\n\n')
        for code in CHART:
            file.write(f"1970-01-01 open {beancount_account(code)}\n")
        for each in books:
            last = each.kept.until
            so_far = stands.setdefault(each.currency, dict.fromkeys(CHART, 0))
            for code, amount in each.kept.account.balances().items():
                so_far[code] += amount
            postings += _transactions(file, each)
        file.write("\n")
        for currency, amounts in sorted(stands.items()):
            for code, amount in amounts.items():
                account = beancount_account(code)
                file.write(f"{date_of(last + 1)} balance {account} {format_minor(amount)} ~ 0 {currency}\n")
    return postings


def beancount_account(code: int) -> str:
    """What Beancount calls an account of the chart."""
    name = re.sub(r"[^A-Za-z]+", "-", _NAMES[code].title())
    return f"{_ROOTS[code // 1000]}:{code}-{name}"


def _transactions(file: IO[str], books: LineBooks) -> int:
    line, written = _quoted(books.kept.line), 0
    for booked, entry in books.kept.booked:
        lines = [f'\n{date_of(booked)} * {line} "{entry.kind}"', f"  line: {line}"]
        if entry.loan:
            lines.append(f"  loan: {_quoted(entry.loan)}")
        lines += [f"  cause: {_quoted(entry.cause)}", f"  day: {date_of(entry.day)}"]
        for code, amount in entry.postings:
            lines.append(f"  {beancount_account(code)}  {format_minor(amount)} {books.currency}")
        file.write("\n".join(lines) + "\n")
        written += len(entry.postings)
    return written


def _quoted(said: str) -> str:
    """A text as Beancount reads it back."""
    escaped = said.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _head(row: Row) -> tuple[Any, ...]:
    return (
        row.line, row.number, date_of(row.booked), date_of(row.day), row.kind, row.cause, row.loan, row.account,
        _NAMES[row.account],
    )  # fmt: skip


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A file to write that takes the path's place once it is whole."""
    partial = path.with_name(path.name + ".partial")
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        remedy = "give a file in a folder that exists and may be written to"
        raise BooksFileError("FILE", str(path), remedy, f"cannot be written ({error.strerror})") from error
    finally:
        partial.unlink(missing_ok=True)
