"""Rows of a table chosen by what a column says, such as those from a date on, which a card is to be judged by."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from creditline.errors import CreditlineError
from creditline.scoring.table import Column, Table, number_of

Bools = NDArray[np.bool_]

_SIGNS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    ">=": operator.ge, "<=": operator.le, "!=": operator.ne, ">": operator.gt, "<": operator.lt, "=": operator.eq,
}  # fmt: skip
_WRITTEN: Final = re.compile(r"\s*(.+?)\s*(>=|<=|!=|>|<|=)\s*(.+?)\s*")


@dataclass(frozen=True)
class Condition:
    """A column compared with a value: numbers as numbers, anything else (dates like 2005-09) as text, in its order."""

    column: str
    sign: str
    value: str

    @staticmethod
    def of(written: str, where: str = "--where") -> Condition:
        """What ``month>=2005-09`` says; raises CreditlineError for anything that is no such comparison."""
        found = _WRITTEN.fullmatch(written)
        if found is None:
            raise CreditlineError(where, written, f"write it like {where} month>=2005-09", "compares nothing")
        return Condition(found[1], found[2], found[3])

    def __str__(self) -> str:
        """As one writes it."""
        return f"{self.column}{self.sign}{self.value}"

    def rows(self, table: Table) -> Bools:
        """The rows for which it holds; a missing cell never does. Raises CreditlineError for a column not there."""
        column = table.column(self.column)
        compare = _SIGNS[self.sign]
        number = number_of(self.value)
        if column.numeric is not None:
            if number is None:
                place = f"{table.source}, {self.column}"
                raise CreditlineError(place, self.value, "compare it with a number", "is no number, as the column is")
            return np.asarray(compare(column.numeric, number) & ~column.missing, np.bool_)
        assert column.text is not None
        return np.array([each is not None and bool(compare(each, self.value)) for each in column.text], np.bool_)


def rows_where(table: Table, conditions: Sequence[Condition]) -> Bools:
    """The rows for which all conditions hold. Raises CreditlineError where there is none, or a column is not there."""
    kept = np.ones(table.rows, np.bool_)
    for each in conditions:
        kept &= each.rows(table)
    if not kept.any():
        said = " and ".join(map(str, conditions))
        raise CreditlineError(table.source, said, "choose rows that are there", "holds for no row")
    return kept


def only(table: Table, kept: Bools) -> Table:
    """These rows of the table; errors still name their lines."""
    columns = {
        name: Column(
            name,
            None if each.numeric is None else each.numeric[kept],
            None if each.text is None else each.text[kept],
        )
        for name, each in table.columns.items()
    }
    lines = table.lines[kept] if len(table.lines) else np.flatnonzero(kept) + 1
    return replace(table, columns=columns, rows=int(kept.sum()), lines=lines)


__all__ = ["Condition", "only", "rows_where"]
