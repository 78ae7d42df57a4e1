"""Due days: every so many months or days from the draw, moved off days without business by the Chinese calendar."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, get_args

import chinese_calendar

from creditline.lending.terms import date_of

Unit = Literal["months", "days"]
Business = Literal["none", "following", "modified_following", "preceding"]
"""Where a due day without business goes: nowhere; to the next business day; to the next, or the one before where the
next lies in another month; to the one before."""

HOLIDAYS_FROM: Final[int] = min(chinese_calendar.holidays).year
HOLIDAYS_KNOWN: Final[int] = max(chinese_calendar.holidays).year
"""First and last year whose holidays, and weekends worked in exchange, the library knows."""

_MONTHS = 12


@lru_cache(maxsize=65_536)
def is_business_day(day: int, holidays_until: int) -> bool:
    """Whether business is done on a day: by the published Chinese calendar up to the end of the year
    ``holidays_until``, by weekends alone in later years and in years the library does not know.
    """
    until = min(holidays_until, HOLIDAYS_KNOWN)
    if _month_begins(HOLIDAYS_FROM * _MONTHS) <= day < _month_begins((until + 1) * _MONTHS):
        return bool(chinese_calendar.is_workday(date_of(day)))
    return (day + 3) % 7 < 5  # day 0, 1970-01-01, was a Thursday


@dataclass(frozen=True, slots=True)
class DueRule:
    """The due days of a loan (``terms.DueDays``), all worked out from the day of its draw.

    Days are counted from the first one, not from the one before, so a short month never shifts those after it:
    31 January, 28 February, 31 March.
    """

    every: int
    """Months or days in a period, at least 1."""
    unit: Unit = "months"
    on: int | None = None
    """Day of the month, 1 to 31, that periods of months end on, or the last one of a shorter month; None: the
    draw's own day. The first is at most ``every`` months after the draw and more than ``every`` - 1, unless ``least``
    puts it off."""
    least: int = 0
    """Days from the draw to the first due day at the least; where ``on`` comes sooner, the month after is taken."""
    first_due: int | None = None
    """The first due day itself, where it was agreed; later ones follow it by its day of the month, or by ``on``."""
    business: Business = "none"
    holidays_until: int = 2026
    """Last year whose holidays count, so that what is published later never moves a due day agreed before."""

    def __post_init__(self) -> None:
        """Guard what no product lets through."""
        assert self.every >= 1
        assert self.unit in get_args(Unit)
        assert self.business in get_args(Business)
        assert self.on is None or (self.unit == "months" and 1 <= self.on <= 31)
        assert self.least == 0 or (self.least > 0 and (self.on is not None or self.first_due is not None))
        if self.on is not None and self.first_due is not None:
            assert self.first_due == _day_in(_month_of(self.first_due), self.on), "the first due day is not on its day"

    @property
    def months(self) -> int:
        """Months in a period, 0 where periods are counted in days."""
        return self.every if self.unit == "months" else 0

    def days(self, drawn: int, count: int) -> list[int]:
        """The first ``count`` due days of a loan drawn on a day, rising, each after the draw.

        Asking for more never changes the first: a day is moved by what comes before it alone. Where the rule would
        move it onto or before the draw or the due day before, it goes to the next business day after both instead.
        """
        days = self._unmoved(drawn, count)
        if self.business == "none":
            return days
        before = drawn
        for at, day in enumerate(days):
            before = days[at] = self._moved(day, before)
        return days

    def first(self, drawn: int) -> tuple[int, int]:
        """Months from the draw to the first due day before it is moved, as a fraction; (0, 1) for periods of days.

        Whole months are counted back from the due day; the days left are a part of the month-long stretch they lie in.
        """
        if self.unit == "days":
            return 0, 1
        if self.on is None and self.first_due is None:
            return self.every, 1
        month, on = self._first_month(drawn)
        # At least so many whole months lie between; then at most two steps are left.
        months = max(0, month - _month_of(drawn) - 1)
        end = _day_in(month - months, on)
        while (start := _day_in(month - months - 1, on)) >= drawn:
            months += 1
            end = start
        length = end - start
        return (months * length + end - drawn, length) if end > drawn else (months, 1)

    def _unmoved(self, drawn: int, count: int) -> list[int]:
        if self.unit == "days":
            first = drawn + self.every if self.first_due is None else self._agreed(drawn, self.first_due)
            return [first + self.every * number for number in range(count)]
        month, on = self._first_month(drawn)
        return [_day_in(month + self.every * number, on) for number in range(count)]

    def _first_month(self, drawn: int) -> tuple[int, int]:
        """The month of the first due day, counted from year 0, and the day of the month."""
        if self.first_due is not None:
            first = self._agreed(drawn, self.first_due)
            return _month_of(first), self.on or date_of(first).day
        month = _month_of(drawn)
        if self.on is None:
            return month + self.every, date_of(drawn).day
        month += self.every - (_day_in(month, self.on) > drawn)
        while _day_in(month, self.on) - drawn < self.least:
            month += 1
        return month, self.on

    def _agreed(self, drawn: int, first: int) -> int:
        assert first - drawn >= max(1, self.least), "the first due day comes too soon after the draw"
        return first

    def _moved(self, day: int, before: int) -> int:
        """The due day in place of ``day``: a business day after ``before``."""
        moved = day
        if not is_business_day(day, self.holidays_until):
            moved = self._business_day(day, -1 if self.business == "preceding" else 1)
            if self.business == "modified_following" and _month_of(moved) != _month_of(day):
                moved = self._business_day(day, -1)
        return moved if moved > before else self._business_day(before + 1, 1)

    def _business_day(self, day: int, step: int) -> int:
        while not is_business_day(day, self.holidays_until):
            day += step
        return day


@lru_cache(maxsize=8_192)
def _month_begins(month: int) -> int:
    """The day number of the first of a month counted from January of year 0; years past 9999 are no obstacle."""
    # Years that begin in March have their leap day at the end.
    year, march = divmod(month - 2, _MONTHS)
    return year * 365 + year // 4 - year // 100 + year // 400 + (153 * march + 2) // 5 - 719_468


@lru_cache(maxsize=65_536)
def _month_of(day: int) -> int:
    """The month a day lies in, counted from January of year 0."""
    that = date_of(day)
    return that.year * _MONTHS + that.month - 1


def _day_in(month: int, on: int) -> int:
    """The day of a month that is its ``on``-th, or its last."""
    return min(_month_begins(month) + on, _month_begins(month + 1)) - 1
