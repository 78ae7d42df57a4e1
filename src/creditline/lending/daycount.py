"""Parts of a year, rates of a period, and interest: exact arithmetic on whole numbers."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from creditline.lending.rounding import Rounding, divide
from creditline.lending.terms import BILLION, DayCount, date_of, day_number

SIGNIFICANT = 12
"""Decimals a period's rate is held to."""


class Rate(NamedTuple):
    """The rate of one stretch of days: ``digits / 10**places``."""

    digits: int
    places: int


def fraction(count: DayCount, start: int, end: int) -> tuple[int, int]:
    """The part of a year from day ``start`` to day ``end`` by actual days, as numerator and denominator.

    ``30/360`` counts by periods, not by days: ValueError.
    """
    days = end - start
    if count == "act/360":
        return days, 360
    if count == "act/365":
        return days, 365
    if count == "30/360":
        raise ValueError("30/360 needs the period the days lie in")
    # A year that ends on 31 December itself gives that day to the year after it.
    shift = 1 if count == "act/act" else 0
    leap = _leap_days(start + shift, end + shift)
    if not leap:
        return days, 365
    return ((days - leap) * 366 + leap * 365, 365 * 366) if leap < days else (days, 366)


@lru_cache(maxsize=65_536)
def rate_of(annual: int, numerator: int, denominator: int) -> Rate:
    """The annual rate (billionths) times a part of a year, rounded half-even to 12 significant decimals."""
    top, bottom = annual * numerator, BILLION * denominator
    if not top:
        return Rate(0, 0)
    places = SIGNIFICANT - len(str(top)) + len(str(bottom))
    if top * 10**places >= 10**SIGNIFICANT * bottom:
        places -= 1
    return Rate(divide(top * 10**places, bottom, "half_even"), places)


def interest(balance: int, rate: Rate, rounding: Rounding) -> int:
    """Interest on a balance in minor units over the stretch the rate is for, rounded to the minor unit."""
    return divide(balance * rate.digits, 10**rate.places, rounding)


@lru_cache(maxsize=4_096)
def _leap_days(start: int, end: int) -> int:
    """How many days from ``start`` to ``end`` (excluded) lie in leap years."""
    found = 0
    for year in range(date_of(start).year, date_of(end).year + 1):
        if year % 4 == 0 and (year % 100 or year % 400 == 0):
            first = day_number(date_of(start).replace(year=year, month=1, day=1))
            found += max(0, min(end, first + 366) - max(start, first))
    return found
