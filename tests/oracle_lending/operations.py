"""What is done to a line, and the order in which one day takes it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from creditline.lending.terms import Terms


@dataclass(frozen=True)
class Draw:
    """Money paid out; becomes a loan."""

    day: int
    id: str
    loan: str
    terms: Terms
    at: int = 0
    """Moment of the day."""


@dataclass(frozen=True)
class Repay:
    """Money come in, for one loan or (``None``) for the line."""

    day: int
    id: str
    amount: int
    loan: str | None = None
    at: int = 0


@dataclass(frozen=True)
class Reschedule:
    """What has not fallen due, planned over another number of rows (unless one is skipped)."""

    day: int
    id: str
    loan: str
    change: Literal["fewer", "smaller", "skip_next"]
    instalments: int | None = None
    at: int = 0


@dataclass(frozen=True)
class WriteOff:
    """A loan given up."""

    day: int
    id: str
    loan: str
    at: int = 0


Operation = Draw | Repay | Reschedule | WriteOff


def in_order(operations: Iterable[Operation]) -> list[Operation]:
    """By day, moment and id."""
    return sorted(operations, key=lambda each: (each.day, each.at, each.id))
