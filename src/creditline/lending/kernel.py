"""What the batch does loan by loan, on columns: plain Python that Numba compiles, in whole numbers of 64 bits.

Nothing overflows within these bounds, which the callers see to: a principal up to 10^12 minor units, annual rates up
to RATE_MAX, periods of up to DAYS_MAX days and MONTHS_MAX months, penalty that runs for up to a century. Then
- a part of a year is a numerator up to 1.4 * 10^7 over a denominator up to 1.4 * 10^6: annual rate times numerator
  stays below 1.4 * 10^17, and ten times the remainder of its long division below 1.4 * 10^16;
- a period's rate stays below 103 and its digits are at most 10^12, so that interest stays below 1.1 * 10^14;
- interest splits both factors by millions: of amounts up to 1.1 * 10^14, as penalty may be taken on, the partial
  products stay below 1.2 * 10^14, and what they are put together to below 1.1 * 10^18.
"""

from __future__ import annotations

from math import floor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from creditline.lending.rounding import Rounding
from creditline.lending.terms import DayCount, Method

Int64s = NDArray[np.int64]

RATE_MAX = 10**10
"""Largest annual rate, in billionths: a thousand percent."""

DAYS_MAX = 3_700
MONTHS_MAX = 120
"""Longest period, ten years and some days for moving its ends."""

NEVER = 2**62
"""A day that does not come."""

ROUNDINGS: tuple[Rounding, ...] = ("half_up", "half_even", "down", "up")
COUNTS: tuple[DayCount, ...] = ("30/360", "act/360", "act/365", "act/act", "act/act ISDA")
METHODS: tuple[Method, ...] = ("equal_instalment", "equal_principal", "interest_first", "bullet", "any_day")
"""What the codes in columns stand for, by place."""

POWERS = 10 ** np.arange(19, dtype=np.int64)
"""Ten to the place; as floats they are exact too."""


class Agreed(NamedTuple):
    """Columns of what was agreed, one value a loan; amounts in minor units, days as day numbers."""

    principal: Int64s
    rate: Int64s
    """Annual, in billionths."""
    drawn: Int64s
    method: Int64s
    day_count: Int64s
    rounding: Int64s
    smoothing: Int64s
    """1 where the plan is smoothed, 0 where not."""
    row_fee: Int64s
    months: Int64s
    """Months in a period, 0 where periods are counted in days."""
    first_top: Int64s
    """Months from the draw to the first due day as a fraction, for 30/360; this over the next."""
    first_bottom: Int64s


class Rows(NamedTuple):
    """Columns of schedules' rows, one value a row, minor units."""

    principal: Int64s
    interest: Int64s
    fee: Int64s
    balance: Int64s
    """Principal left after the row."""


class Open(NamedTuple):
    """Columns of open loans, one value a loan; amounts in minor units, days as day numbers."""

    line: Int64s
    """Place of its line; lines come in rising order."""
    rate: Int64s
    day_count: Int64s
    rounding: Int64s
    months: Int64s
    first_top: Int64s
    first_bottom: Int64s
    row_fee: Int64s
    grace: Int64s
    """Days."""
    penalty_rate: Int64s
    penalty_on_interest: Int64s
    penalty_after: Int64s
    """Days after the due day from which penalty runs."""
    balance: Int64s
    accrued: Int64s
    since: Int64s
    period: Int64s
    fallen: Int64s
    """How many rows have fallen due so far."""
    next_period: Int64s
    """Period at whose end the next planned row falls due; those after it follow period by period."""
    coming: Int64s
    """Where the principal of the rows to come begins among the parts,"""
    coming_stop: Int64s
    """and where it ends."""
    end: Int64s
    """Where the end of ``period`` stands among the ends; the place before it has the day it begins,"""
    end_stop: Int64s
    """and where the loan's known due days stop."""
    next_due: Int64s
    """Day the next row falls due, NEVER where there is none."""


class Unpaid(NamedTuple):
    """Columns of rows fallen due and not paid in full, by loan, oldest first; minor units and day numbers."""

    loan: Int64s
    """Place of its loan."""
    number: Int64s
    due: Int64s
    principal: Int64s
    interest: Int64s
    fee: Int64s
    penalty: Int64s
    """Recognised and unpaid."""
    penalty_from: Int64s
    """Day from which penalty has not been recognised yet."""


class Fell(NamedTuple):
    """Columns of rows that fell due, minor units; number 0 where nothing came of it."""

    number: Int64s
    principal: Int64s
    interest: Int64s
    fee: Int64s


# -- whole numbers ----------------------------------------------------------------------------------


def rounded_up(whole: int, some: bool, half: int, rounding: int) -> int:
    """A whole number and a rest, rounded: whether there is a rest, and the sign of rest less a half."""
    if rounding == 0:
        return whole + 1 if half >= 0 else whole
    if rounding == 1:
        return whole + 1 if half > 0 or (half == 0 and whole % 2 == 1) else whole
    if rounding == 3:
        return whole + 1 if some else whole
    return whole


def divided(numerator: int, denominator: int, rounding: int) -> int:
    """``rounding.divide`` by the code of the rounding."""
    size = abs(numerator)
    rest = size % denominator
    whole = rounded_up(size // denominator, rest > 0, 2 * rest - denominator, rounding)
    return -whole if numerator < 0 else whole


def rate_of(annual: int, numerator: int, denominator: int) -> tuple[int, int]:
    """``daycount.rate_of`` by long division: digits and places."""
    top, bottom = annual * numerator, 1_000_000_000 * denominator
    if top == 0:
        return 0, 0
    digits, rest, places = top // bottom, top % bottom, 0
    while digits < 100_000_000_000:
        rest *= 10
        digits = 10 * digits + rest // bottom
        rest %= bottom
        places += 1
    if 2 * rest > bottom or (2 * rest == bottom and digits % 2 == 1):
        digits += 1
    return digits, places


def interest(balance: int, digits: int, places: int, rounding: int) -> int:
    """``daycount.interest``: the product as ``high * 10**12 + low``, put together from parts of six digits."""
    if digits == 0 or balance == 0:
        return 0
    high_balance, low_balance = balance // 1_000_000, balance % 1_000_000
    high_digits, low_digits = digits // 1_000_000, digits % 1_000_000
    middle = high_balance * low_digits + low_balance * high_digits
    low = low_balance * low_digits + middle % 1_000_000 * 1_000_000
    high = high_balance * high_digits + middle // 1_000_000 + low // 1_000_000_000_000
    low %= 1_000_000_000_000
    if places <= 12:
        unit = POWERS[places]
        whole, rest, less = high * POWERS[12 - places] + low // unit, low % unit, 0
    else:
        unit = POWERS[places - 12]
        whole, rest, less = high // unit, high % unit, low
    half = 2 * rest - unit
    if half == 0 and less > 0:
        half = 1
    return rounded_up(whole, rest > 0 or less > 0, half, rounding)


# -- parts of a year --------------------------------------------------------------------------------


def leap_days_before(day: int) -> int:
    """Days of leap years before a day number, counted from 1 January of year 1."""
    days = day + 719_162
    cycle, days = days // 146_097, days % 146_097
    century = min(days // 36_524, 3)
    days -= century * 36_524
    four, days = days // 1_461, days % 1_461
    year = min(days // 365, 3)
    # The fourth year of four is a leap year, that of a century's last four only in the fourth century.
    is_leap = year == 3 and (four < 24 or century == 3)
    leaps = 97 * cycle + 24 * century + four
    return 366 * leaps + (days - 1_095 if is_leap else 0)


def fraction(count: int, start: int, end: int) -> tuple[int, int]:
    """``daycount.fraction`` by the code of the day count; for 30/360 as act/360."""
    days = end - start
    if count <= 1:
        return days, 360
    if count == 2:
        return days, 365
    shift = 1 if count == 3 else 0
    leap = leap_days_before(end + shift) - leap_days_before(start + shift)
    if leap == 0:
        return days, 365
    if leap == days:
        return days, 366
    return (days - leap) * 366 + leap * 365, 365 * 366


def rate_within(
    annual: int, count: int, months: int, top: int, bottom: int, start: int, end: int, whole: int
) -> tuple[int, int]:
    """``Periods.rate``: from one day to another within a period of ``whole`` days and ``top / bottom`` months."""
    if count != 0 or months == 0:
        numerator, denominator = fraction(count, start, end)
        return rate_of(annual, numerator, denominator)
    if end - start == whole:
        return rate_of(annual, top, bottom * 12)
    return rate_of(annual, top * (end - start), bottom * 12 * whole)


# -- schedules --------------------------------------------------------------------------------------


def level_of(balance: int, digits: Int64s, places: Int64s, rounding: int) -> int:
    """The level instalment, or -1 where floating point cannot tell to which side it is rounded.

    With n rows and u = 2^-53: a factor 1 + rate is within 3u of its size, a product of them within 4u for each, their
    sum adds u for each term, and the rest five more roundings, so that the quotient is within (9n + 8)u. Ten for each
    row and 32 beside leave room for terms of second order and for the scalar path's own 60 digits.
    """
    rows = len(digits)
    later, weight = 1.0, 0.0
    for row in range(rows - 1, -1, -1):
        if row < rows - 1:
            later *= factor(digits[row + 1], places[row + 1])
        weight += later
    exact = later * (balance * factor(digits[0], places[0])) / weight
    if not exact < 4_503_599_627_370_496.0:
        return -1
    whole = floor(exact)
    rest, bound = exact - whole, exact * (10 * rows + 32) * 2.0**-53
    if rounding <= 1:
        if abs(rest - 0.5) <= bound:
            return -1
        return int(whole) + 1 if rest > 0.5 else int(whole)
    if min(rest, 1 - rest) <= bound:
        return -1
    return int(whole) + 1 if rounding == 3 else int(whole)


def factor(digits: int, places: int) -> float:
    """One and a rate; powers of ten up to 10^18 divide it exactly rounded."""
    if places <= 12:
        return float(1.0 + digits / POWERS[places])
    return float(1.0 + digits / 1e12 / POWERS[places - 12])


def keep_level(
    level: int, balance: int, digits: Int64s, places: Int64s, rounding: int, principal: Int64s, bears: Int64s
) -> int:
    """Fill rows of a given instalment; by how much the last instalment differs from the last but one."""
    rows = len(digits)
    before = last = 0
    for row in range(rows):
        bears[row] = interest(balance, digits[row], places[row], rounding)
        principal[row] = balance if row == rows - 1 else min(max(level - bears[row], 0), balance)
        balance -= principal[row]
        before, last = last, principal[row] + bears[row]
    return last - before if rows > 1 else 0


def fill_level(
    balance: int, digits: Int64s, places: Int64s, rounding: int, smoothing: int, principal: Int64s, bears: Int64s
) -> bool:
    """Fill rows of equal instalments, smoothed where asked; False where the scalar path has to do it."""
    rows = len(digits)
    level = divided(balance, rows, rounding) if digits[0] == 0 else level_of(balance, digits, places, rounding)
    if level < 0:
        return False
    gap = keep_level(level, balance, digits, places, rounding, principal, bears)
    if smoothing == 1 and abs(gap) > rows // 2:
        other = level + divided(gap, rows, rounding)
        if abs(keep_level(other, balance, digits, places, rounding, principal, bears)) >= abs(gap):
            keep_level(level, balance, digits, places, rounding, principal, bears)
    return True


def plan_many(
    first: int, last: int, agreed: Agreed, offsets: Int64s, due: Int64s, out: Rows, handed: NDArray[np.bool_]
) -> None:
    """Fill the rows of loans ``first`` to ``last`` but those ``handed``, and mark those that floats cannot decide."""
    most = 0
    for loan in range(first, last):
        most = max(most, offsets[loan + 1] - offsets[loan])
    digits_of, places_of = np.zeros(most, np.int64), np.zeros(most, np.int64)
    for loan in range(first, last):
        if handed[loan]:
            continue
        begin, stop = offsets[loan], offsets[loan + 1]
        rows = stop - begin
        digits, places = digits_of[:rows], places_of[:rows]
        start, top, bottom = agreed.drawn[loan], agreed.first_top[loan], agreed.first_bottom[loan]
        for row in range(rows):
            end = due[begin + row]
            digits[row], places[row] = rate_within(
                agreed.rate[loan], agreed.day_count[loan], agreed.months[loan], top, bottom, start, end, end - start
            )
            start, top, bottom = end, agreed.months[loan], 1
        principal, bears = out.principal[begin:stop], out.interest[begin:stop]
        balance, rounding, method = agreed.principal[loan], agreed.rounding[loan], agreed.method[loan]
        if method == 0:
            if not fill_level(balance, digits, places, rounding, agreed.smoothing[loan], principal, bears):
                handed[loan] = True
                continue
        else:
            fill_given(balance, digits, places, rounding, method, principal, bears)
        for row in range(rows):
            balance -= principal[row]
            out.balance[begin + row] = balance
            out.fee[begin + row] = agreed.row_fee[loan] if principal[row] != 0 or bears[row] != 0 else 0


def fill_given(
    balance: int, digits: Int64s, places: Int64s, rounding: int, method: int, principal: Int64s, bears: Int64s
) -> None:
    """Fill rows whose principal the method gives: equal parts, or all in the last row."""
    rows = len(digits)
    part = divided(balance, rows, rounding) if method == 1 else 0
    for row in range(rows):
        bears[row] = interest(balance, digits[row], places[row], rounding)
        principal[row] = balance if row == rows - 1 else min(part, balance)
        balance -= principal[row]


# -- the day end ------------------------------------------------------------------------------------


def fall_due_many(
    first: int, last: int, which: Int64s, day: int, loans: Open, ends: Int64s, parts: Int64s, fell: Fell
) -> None:
    """``Loan.fall_due`` for the loans at these places, whose next row falls due on a day.

    ``fell`` is filled at the same places as ``which``.
    """
    for place in range(first, last):
        loan = which[place]
        bears = loans.accrued[loan] + accrued_until(loan, day, loans, ends)
        loans.accrued[loan] = 0
        principal, fee = 0, 0
        if loans.coming[loan] < loans.coming_stop[loan]:
            principal = parts[loans.coming[loan]]
            loans.coming[loan] += 1
            loans.next_period[loan] += 1
            fee = loans.row_fee[loan] if principal != 0 or bears != 0 else 0
        if loans.coming[loan] < loans.coming_stop[loan]:
            loans.next_due[loan] = ends[loans.end[loan] + loans.next_period[loan] - loans.period[loan]]
        else:
            loans.next_due[loan] = ends[loans.end[loan]] if loans.balance[loan] != 0 else NEVER
        number = 0
        if principal + bears + fee != 0:
            loans.fallen[loan] += 1
            number = loans.fallen[loan]
        fell.number[place], fell.principal[place] = number, principal
        fell.interest[place], fell.fee[place] = bears, fee


def accrued_until(loan: int, day: int, loans: Open, ends: Int64s) -> int:
    """Interest from ``since`` to the end of a period, each period's stretch rounded; ``since`` moves there."""
    total, balance = 0, loans.balance[loan]
    while loans.since[loan] < day:
        end = loans.end[loan]
        start, stop, begins = loans.since[loan], ends[end], ends[end - 1]
        if balance != 0:
            top, bottom = loans.months[loan], 1
            if loans.period[loan] == 0:
                top, bottom = loans.first_top[loan], loans.first_bottom[loan]
            digits, places = rate_within(
                loans.rate[loan], loans.day_count[loan], loans.months[loan], top, bottom, start, stop, stop - begins
            )
            total += interest(balance, digits, places, loans.rounding[loan])
        loans.since[loan] = stop
        loans.period[loan] += 1
        loans.end[loan] += 1
    return total


def penalty_many(first: int, last: int, day: int, loans: Open, rows: Unpaid, out: Int64s) -> None:
    """``Loan.penalty_on`` for rows ``first`` to ``last`` at the end of a day, into ``out``."""
    for row in range(first, last):
        loan = rows.loan[row]
        start = rows.penalty_from[row]
        if day <= rows.due[row] + loans.grace[loan] or day <= start or loans.penalty_rate[loan] == 0:
            continue
        base = rows.principal[row]
        if loans.penalty_on_interest[loan] == 1:
            base += rows.interest[row]
        numerator, denominator = fraction(loans.day_count[loan], start, day)
        digits, places = rate_of(loans.penalty_rate[loan], numerator, denominator)
        out[row] = interest(base, digits, places, loans.rounding[loan])
