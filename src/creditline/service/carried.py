"""What one day end hands to the next: how every line lent on stands, as columns in files of the home's folder.

It is a cache. All of it can be worked out from the log, and is, where the files are missing, damaged, of another
version, or do not belong to this log.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from creditline import __version__
from creditline.lending.account import NOT_BEHIND
from creditline.lending.book import Book, BookError, Names
from creditline.lending.derived import Lived
from creditline.store import Home

NOTHING, OVER, OPEN = range(3)
"""How a line stands: nothing was ever paid out on it; nothing is owed on its loans; in the book."""

_NOTE = b"creditline.day_end"

Int64s = NDArray[np.int64]


class Lines(NamedTuple):
    """Columns of shape (L,), one row for each line carried; amounts in minor units."""

    line: Names
    offset: Int64s
    """From UTC, microseconds."""
    standing: Int64s
    paid: Int64s
    """Money that came in since the last statement."""
    credit: Int64s

    def where(self, keep: NDArray[np.bool_]) -> Lines:
        """Some of them."""
        return Lines(self.line[keep], *(column[keep] for column in self[1:]))


@dataclass(slots=True)
class Carried:
    """Lines as they stand at the end of a day, by the log up to a position."""

    book: Book
    lines: Lines
    position: int

    @property
    def day(self) -> int:
        """The day at whose end they stand."""
        return self.book.day

    @classmethod
    def of(cls, lived: Sequence[tuple[Lived, int]], day: int, position: int = 0) -> Self:
        """Lines lived through to the end of a day, each with its offset; what columns cannot carry is left out."""
        book = Book.from_accounts((each.account for each, _ in lived), day)
        # A claim on a loan written off keeps a line in arrears that has nothing in the book.
        stays = {each.account.line for each, _ in lived if not each.account.live and each.arrears != NOT_BEHIND}
        carried = [(each, offset) for each, offset in lived if each.account.line not in stays | book.left_out.keys()]
        book.left_out = {}
        lines = Lines(
            np.array([each.account.line for each, _ in carried], object),
            np.array([offset for _, offset in carried], np.int64),
            np.array([_standing(each) for each, _ in carried], np.int64),
            np.array([each.paid for each, _ in carried], np.int64),
            np.array([each.account.credit for each, _ in carried], np.int64),
        )
        return cls(book, lines, position)

    def without(self, lines: Collection[str]) -> Carried:
        """All but these lines."""
        gone = set(lines)
        keep = np.array([line not in gone for line in self.lines.line], bool)
        return Carried(self.book.without(gone), self.lines.where(keep), self.position)

    def joined(self, other: Carried) -> Carried:
        """These lines and others, none in both, at the end of the same day."""
        one, two = self.lines, other.lines
        numbers = (np.concatenate(pair) for pair in zip(one[1:], two[1:], strict=True))
        both = Lines(np.concatenate([one.line, two.line]), *numbers)
        return Carried(self.book.joined(other.book), both, self.position)

    # -- in the home's folder -----------------------------------------------------------------------

    @classmethod
    def load(cls, home: Home) -> Carried | None:
        """What the last day end left in a home; None where nothing of use is there."""
        for path in sorted(home.path.glob("book-*.lines"), reverse=True):
            try:
                return _read(path, home)
            except (BookError, OSError, pa.ArrowException, KeyError, ValueError, TypeError):
                continue
        return None

    def save(self, home: Home) -> None:
        """Leave it in the home's folder, in place of what was left there before."""
        before = _files(home)
        stem = f"book-{self.day}-{self.position}"
        book, path = home.path / f"{stem}.loans", home.path / f"{stem}.lines"
        self.book.save(book)
        note = {"version": __version__, "day": self.day, "position": self.position, "mark": home.mark(self.position)}
        columns = self.lines._asdict() | {"line": pa.array(self.lines.line, pa.string())}
        partial = path.with_name(path.name + ".partial")
        pq.write_table(pa.table(columns).replace_schema_metadata({_NOTE: json.dumps(note)}), partial)
        partial.replace(path)
        for each in before - {book, path}:
            each.unlink(missing_ok=True)


def merged(parts: Iterable[Carried]) -> Carried | None:
    """All of them together, none having a line of another; None where there are none."""
    listed = list(parts)
    while len(listed) > 1:
        pairs = [listed[at : at + 2] for at in range(0, len(listed), 2)]
        listed = [reduce(Carried.joined, pair) for pair in pairs]
    return listed[0] if listed else None


def _standing(lived: Lived) -> int:
    if lived.account.live:
        return OPEN
    return OVER if lived.account.loans else NOTHING


def _files(home: Home) -> set[Path]:
    return {path for path in home.path.glob("book-*") if path.is_file()}


def _read(path: Path, home: Home) -> Carried:
    table = pq.read_table(path)
    note = json.loads((table.schema.metadata or {})[_NOTE])
    if note["version"] != __version__ or home.mark(note["position"]) != note["mark"]:
        raise ValueError(path)
    book = Book.load(path.with_suffix(".loans"))
    names = table.column("line").to_numpy()
    numbers = (table.column(name).to_numpy().copy() for name in Lines._fields[1:])
    carried = Carried(book, Lines(names, *numbers), note["position"])
    opened = carried.lines.line[carried.lines.standing == OPEN]
    if book.day != note["day"] or set(opened) != set(book.lines) or book.unbalanced():
        raise ValueError(path)
    return carried
