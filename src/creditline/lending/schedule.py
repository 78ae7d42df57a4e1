"""Repayment schedules: how principal is spread over rows, and what interest each row is expected to bear."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Context, Decimal
from typing import NamedTuple

from creditline.lending.daycount import Rate, fraction, interest, rate_of
from creditline.lending.rounding import Rounding, divide
from creditline.lending.terms import ONE_ROW, Terms

_EXACT = Context(prec=60)
_MODES = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "down": ROUND_DOWN, "up": ROUND_UP}
_ONE = Decimal(1)

RowRates = tuple[Rate, ...]
"""The rates of the stretches that make up one row; more than one where a due day was left out."""


class Row(NamedTuple):
    """One row of a schedule; amounts in minor units, days as day numbers."""

    number: int
    start: int
    due: int
    principal: int
    interest: int
    fee: int
    balance: int
    """Principal left after it."""

    @property
    def amount(self) -> int:
        """What is to be paid."""
        return self.principal + self.interest + self.fee


class Spread(NamedTuple):
    """Principal spread over rows."""

    principal: list[int]
    interest: list[int]
    level: int
    """The level instalment, or the level part of principal, that the rows keep to; 0 where there is none."""


class Periods:
    """The periods of one loan, due day after due day, and the rate of any stretch within one of them."""

    __slots__ = ("_first", "_months", "_terms", "ends")

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._months = terms.due.months
        self._first = terms.due.first(terms.drawn) if terms.day_count == "30/360" else (0, 1)
        self.ends = list(terms.due.days(terms.drawn, terms.rows))
        """Due days in turn; ``need`` makes more of them."""

    def need(self, count: int) -> None:
        """See that at least ``count`` due days are known."""
        if len(self.ends) < count:
            self.ends = list(self._terms.due.days(self._terms.drawn, count))

    def start(self, period: int) -> int:
        """The day a period begins."""
        return self.ends[period - 1] if period else self._terms.drawn

    def rate(self, period: int, start: int, end: int) -> Rate:
        """The rate from one day to another, both within one period."""
        terms = self._terms
        if terms.day_count != "30/360":
            return rate_of(terms.rate, *fraction(terms.day_count, start, end))
        if not self._months:
            return rate_of(terms.rate, end - start, 360)
        months, parts = self._first if period == 0 else (self._months, 1)
        whole = self.ends[period] - self.start(period)
        if end - start == whole:
            return rate_of(terms.rate, months, parts * 12)
        return rate_of(terms.rate, months * (end - start), parts * 12 * whole)

    def stretches(self, start: int, first: int, last: int) -> RowRates:
        """The rates from a day within period ``first`` to the end of period ``last``, period by period."""
        self.need(last + 1)
        return tuple(
            self.rate(period, max(start, self.start(period)), self.ends[period]) for period in range(first, last + 1)
        )


def plan(terms: Terms) -> list[Row]:
    """The schedule agreed at the draw."""
    periods = Periods(terms)
    rates = [periods.stretches(terms.drawn, number, number) for number in range(terms.rows)]
    spread_out = spread(terms, terms.principal, rates)
    rows: list[Row] = []
    left = terms.principal
    for number, (principal, due_interest) in enumerate(zip(spread_out.principal, spread_out.interest, strict=True)):
        left -= principal
        fee = terms.row_fee if principal or due_interest else 0
        rows.append(Row(number + 1, periods.start(number), periods.ends[number], principal, due_interest, fee, left))
    return rows


def spread(
    terms: Terms, balance: int, rates: Sequence[RowRates], *, carried: int = 0, level: int | None = None
) -> Spread:
    """Spread a balance over rows by the method of the terms.

    ``carried`` is interest accrued already that falls due with the first row. With ``level`` the instalment (or part
    of principal) is kept, so that later rows may be left with nothing; without, it is worked out anew.
    """
    if terms.method == "equal_instalment":
        if level is not None:
            return _kept(balance, rates, carried, level, terms.rounding)
        return _levelled(terms, balance, rates, carried)
    if terms.method == "equal_principal":
        part = divide(balance, len(rates), terms.rounding) if level is None else level
        parts: list[int] = []
        left = balance
        for _ in rates[1:]:
            parts.append(min(part, left))
            left -= parts[-1]
        return _bearing(balance, [*parts, left], rates, carried, part, terms.rounding)
    assert terms.method in ONE_ROW or terms.method == "interest_first"
    return _bearing(balance, [0] * (len(rates) - 1) + [balance], rates, carried, 0, terms.rounding)


def level_instalment(balance: int, rates: Sequence[RowRates], carried: int, rounding: Rounding) -> int:
    """The instalment that repays a balance and carried interest in equal rows at these rates, rounded."""
    later, weight = _ONE, Decimal(0)
    factors = [_EXACT.add(_ONE, _sum(row)) for row in rates]
    for factor in reversed(factors[1:]):
        weight = _EXACT.add(weight, later)
        later = _EXACT.multiply(later, factor)
    weight = _EXACT.add(weight, later)
    owed = _EXACT.add(_EXACT.multiply(Decimal(balance), factors[0]), Decimal(carried))
    exact = _EXACT.divide(_EXACT.multiply(later, owed), weight)
    return int(exact.to_integral_value(_MODES[rounding]))


def _sum(row: RowRates) -> Decimal:
    total = Decimal(0)
    for rate in row:
        total = _EXACT.add(total, _EXACT.scaleb(Decimal(rate.digits), -rate.places))
    return total


def _levelled(terms: Terms, balance: int, rates: Sequence[RowRates], carried: int) -> Spread:
    """Equal instalments, smoothed where the terms ask for it."""
    level = level_instalment(balance, rates, carried, terms.rounding)
    first = _kept(balance, rates, carried, level, terms.rounding)
    number = len(rates)
    gap = _gap(first)
    if not terms.smoothing or abs(gap) <= number // 2:
        return first
    second = _kept(balance, rates, carried, level + divide(gap, number, terms.rounding), terms.rounding)
    return second if abs(_gap(second)) < abs(gap) else first


def _gap(rows: Spread) -> int:
    """By how much the last instalment differs from the last but one; 0 where there is only one."""
    if len(rows.principal) < 2:
        return 0
    last, before = (rows.principal[at] + rows.interest[at] for at in (-1, -2))
    return last - before


def _kept(balance: int, rates: Sequence[RowRates], carried: int, level: int, rounding: Rounding) -> Spread:
    """Rows of a given instalment; the last takes what is left."""
    principal: list[int] = []
    bearing: list[int] = []
    left = balance
    for number, row in enumerate(rates, 1):
        bears = sum(interest(left, rate, rounding) for rate in row) + (carried if number == 1 else 0)
        part = left if number == len(rates) else min(max(level - bears, 0), left)
        principal.append(part)
        bearing.append(bears)
        left -= part
    return Spread(principal, bearing, level)


def _bearing(
    balance: int, principal: list[int], rates: Sequence[RowRates], carried: int, level: int, rounding: Rounding
) -> Spread:
    """Given principal, with the interest each row bears."""
    bearing: list[int] = []
    left = balance
    for number, (part, row) in enumerate(zip(principal, rates, strict=True)):
        bearing.append(sum(interest(left, rate, rounding) for rate in row) + (0 if number else carried))
        left -= part
    return Spread(principal, bearing, level)
