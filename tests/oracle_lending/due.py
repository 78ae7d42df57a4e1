"""Rules for due days, as small as tests allow."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from creditline.lending.terms import date_of, day_number


def in_month(number: int, wanted: int) -> date:
    """A day of a month (months counted from year 0), its last where the month is too short."""
    year, month = divmod(number, 12)
    return date(year, month + 1, min(wanted, calendar.monthrange(year, month + 1)[1]))


@dataclass(frozen=True)
class Monthly:
    """Every so many months on the day of the draw, or on a fixed day of the month at least a month after it."""

    months: int = 1
    on: int | None = None
    late: int = 0
    """Every second due day is moved this many days on."""

    def unmoved(self, drawn: int, number: int) -> date:
        start = date_of(drawn)
        month = start.year * 12 + start.month - 1
        if self.on is None:
            return in_month(month + self.months * (number + 1), start.day)
        first = month + self.months
        if in_month(first, self.on) < in_month(first, start.day):
            first += 1
        return in_month(first + self.months * number, self.on)

    def days(self, drawn: int, count: int) -> Sequence[int]:
        return [day_number(self.unmoved(drawn, number)) + self.late * (number % 2) for number in range(count)]

    def first(self, drawn: int) -> tuple[int, int]:
        """Whole months counted back from the end, and of the month left over its share by days."""
        if self.on is None:
            return self.months, 1
        end = self.unmoved(drawn, 0)
        month = end.year * 12 + end.month - 1
        whole = 0
        while day_number(in_month(month - whole - 1, self.on)) >= drawn:
            whole += 1
        high = day_number(in_month(month - whole, self.on))
        low = day_number(in_month(month - whole - 1, self.on))
        share = whole + Fraction(high - drawn, high - low)
        return share.numerator, share.denominator


@dataclass(frozen=True)
class EveryDays:
    """Every so many days."""

    every: int

    @property
    def months(self) -> int:
        return 0

    def days(self, drawn: int, count: int) -> Sequence[int]:
        return [drawn + self.every * (number + 1) for number in range(count)]

    def first(self, drawn: int) -> tuple[int, int]:  # noqa: ARG002 - part of the protocol
        return 0, 1
