"""What was agreed for one loan: everything its schedule and its account are worked out from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, Protocol

from creditline.lending.rounding import Rounding

Method = Literal["equal_instalment", "equal_principal", "interest_first", "bullet", "any_day"]
DayCount = Literal["30/360", "act/360", "act/365", "act/act", "act/act ISDA"]
Part = Literal["fee", "penalty", "interest", "principal"]
Early = Literal["next", "fewer", "smaller"]
"""What an early repayment of principal does to the rest: the next rows shrink, the last fall away, or all shrink."""

BILLION = 10**9
MILLION = 10**6

ONE_ROW: tuple[Method, ...] = ("bullet", "any_day")
"""Methods that repay everything in one row."""

PRINCIPAL_MAX = 10**12
"""Largest principal of one loan, in minor units; the batch's whole-number arithmetic is exact up to here."""

_EPOCH = date(1970, 1, 1)


def day_number(day: date) -> int:
    """Days since 1970-01-01: the form in which days are reckoned with."""
    return (day - _EPOCH).days


def date_of(day: int) -> date:
    """The date of a day number."""
    return _EPOCH + timedelta(days=day)


class DueDays(Protocol):
    """The rule that gives a loan its due days."""

    @property
    def months(self) -> int:
        """Months in a period, 0 where periods are counted in days."""

    def days(self, drawn: int, count: int) -> Sequence[int]:
        """The first ``count`` due days of a loan drawn on a day, rising; asking for more never changes the first."""

    def first(self, drawn: int) -> tuple[int, int]:
        """Months from the draw to the first due day before it is moved, as a fraction; (0, 1) if ``months`` is 0."""


@dataclass(frozen=True, slots=True)
class Penalty:
    """Penalty interest on late rows."""

    rate: int = 0
    """Annual, in billionths, on top of the ordinary rate."""
    on_instalment: bool = False
    """Whether unpaid interest of the row bears it too."""
    after_grace: bool = False
    """Whether it runs from the end of grace rather than from the due day."""


@dataclass(frozen=True, slots=True)
class Terms:
    """One loan as agreed."""

    principal: int
    """Minor units, 1 to PRINCIPAL_MAX."""
    rate: int
    """Annual, in billionths."""
    drawn: int
    """Day of the draw."""
    rows: int
    """Instalments; 1 for a method that repays in one row."""
    due: DueDays
    method: Method
    day_count: DayCount
    rounding: Rounding = "half_up"
    smoothing: bool = True
    grace_days: int = 0
    penalty: Penalty = Penalty()
    order: tuple[Part, ...] = ("fee", "penalty", "interest", "principal")
    early: Early = "fewer"
    early_fee: int = 0
    """Millionths of the principal repaid early."""
    upfront_fee: int = 0
    """Minor units, kept back from the money paid out."""
    row_fee: int = 0
    """Minor units, with every instalment."""
