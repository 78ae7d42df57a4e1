"""Days counted as parts of a year, and interest on them."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from math import ceil, floor

from creditline.lending.terms import BILLION, DayCount, Terms, date_of

TWELVE = Context(prec=12, rounding=ROUND_HALF_EVEN)


def rounded(amount: Fraction, rounding: str) -> int:
    """To a whole number of minor units."""
    size = abs(amount)
    below = floor(size)
    rest = size - below
    half = Fraction(1, 2)
    if rounding == "down":
        whole = below
    elif rounding == "up":
        whole = ceil(size)
    elif rounding == "half_up":
        whole = below + 1 if rest >= half else below
    else:
        whole = round(size)  # Python's own: halves to even
    return whole if amount >= 0 else -whole


def rate_of(annual: int, fraction: Fraction) -> Fraction:
    """The rate of a stretch: 12 significant decimals of the annual rate (billionths) times its part of a year."""
    exact = Fraction(annual, BILLION) * fraction
    return Fraction(TWELVE.divide(Decimal(exact.numerator), Decimal(exact.denominator)))


def by_days(count: DayCount, start: int, end: int) -> Fraction:
    """The part of a year from day to day (the last excluded), for day counts that look at nothing but days."""
    if count in ("act/360", "30/360"):
        return Fraction(end - start, 360)
    if count == "act/365":
        return Fraction(end - start, 365)
    lengths = {365: 0, 366: 0}
    for day in range(start, end):
        # A year of act/act ends on 31 December itself: that day is counted to the year that begins the day after.
        year = date_of(day + 1).year if count == "act/act" else date_of(day).year
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        lengths[366 if leap else 365] += 1
    return Fraction(lengths[365], 365) + Fraction(lengths[366], 366)


class Periods:
    """The periods of one loan: they end on its due days, on those that are skipped too, and never stop."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.asked = terms.rows
        self.ends = list(terms.due.days(terms.drawn, self.asked))

    def ends_to(self, day: int) -> list[int]:
        """Ends of periods, far enough that the last lies after the day."""
        while self.ends[-1] <= day:
            self.asked += 12
            self.ends = list(self.terms.due.days(self.terms.drawn, self.asked))
        return self.ends

    def ends_after(self, day: int, count: int, skipped: set[int]) -> list[int]:
        """The next so many due days after a day, none of those skipped."""
        while True:
            found = [end for end in self.ends if end > day and end not in skipped]
            if len(found) >= count:
                return found[:count]
            self.ends_to(self.ends[-1])

    def stretches(self, start: int, end: int) -> list[tuple[int, int]]:
        """From day to day, parted at every end of a period between."""
        cuts = [each for each in self.ends_to(end) if start < each < end]
        return list(zip([start, *cuts], [*cuts, end], strict=True))

    def rate(self, start: int, end: int) -> Fraction:
        """Of a stretch that lies in one period."""
        terms = self.terms
        if terms.day_count != "30/360" or terms.due.months == 0:
            return rate_of(terms.rate, by_days(terms.day_count, start, end))
        number = 0
        while self.ends_to(start)[number] <= start:
            number += 1
        if number == 0:
            begin = terms.drawn
            months = Fraction(*terms.due.first(terms.drawn))
        else:
            begin = self.ends[number - 1]
            months = Fraction(terms.due.months)
        assert begin <= start < end <= self.ends[number]
        return rate_of(terms.rate, months / 12 * Fraction(end - start, self.ends[number] - begin))

    def interest(self, balance: int, start: int, end: int) -> int:
        """On one balance from day to day: every stretch rounded, then all added."""
        if start == end:
            return 0
        parts = self.stretches(start, end)
        return sum(rounded(balance * self.rate(*part), self.terms.rounding) for part in parts)

    def rate_over(self, start: int, end: int) -> Fraction:
        """The rates of all stretches from day to day, added."""
        return sum((self.rate(*part) for part in self.stretches(start, end)), Fraction(0))
