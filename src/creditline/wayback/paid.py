"""Loans ahead, compiled: what ``loans.Loans`` tells of a line, for very many ways of paying it.

The functions named in FUNCTIONS are copied into a generated module behind a policy's kernel, whose ``month_index`` and
``month_start`` they use, and run there as plain Python or compiled by Numba. Only days on which something falls due,
money comes in or a month ends are worked out one by one; between them nothing can change but the days of arrears.

Amounts are minor units, moments microseconds since 1970 UTC, days day numbers at the line's offset.
"""

from __future__ import annotations

import inspect

import numpy as np
from numpy.typing import NDArray

from creditline.events.kinds import KINDS, NULL, SLOTS
from creditline.lending.kernel import fraction, interest, leap_days_before, rate_of, rate_within, rounded_up
from creditline.policy.runtime import DAY, month_index, month_start
from creditline.wayback import owing
from creditline.wayback.owing import (
    LINE_CARRIED,
    LINE_CELLS,
    LINE_HAS_LOANS,
    LINE_LATE,
    LINE_NOW,
    LINE_OFFSET,
    LINE_SEEN,
    LINE_TOLD,
    LINE_TOLD_STOP,
    LOAN_AT,
    LOAN_GRACE,
    NOT_CARRIED,
    NOW_AMOUNT,
    NOW_CLAIM,
    NOW_CREDIT,
    NOW_DAYS,
    NOW_DAYS_LOST,
    NOW_EARLY,
    NOW_HEAD,
    NOW_NEXT,
    NOW_PAID,
    NOW_PRINCIPAL,
    NOW_TAIL,
    NOW_TAKEN,
    NOW_WANTS,
    ROW_AMOUNT,
    ROW_DUE,
    ROW_LOAN,
    STEP,
    Columns,
    asked_on,
    debt_begin,
    debt_behind,
    debt_fall_due,
    debt_gross,
    debt_stop,
    debt_take,
    loans_on,
    owed_on,
)

Int64s = NDArray[np.int64]

POWERS = tuple(10**places for places in range(19))
"""What ``lending.kernel`` has as an array."""

FULL = -1
"""What is given where the arrays have no room for another event."""

EVENT_CELLS = 3 + SLOTS
NOON_US = DAY // 2
TOLD_DAYS_MAX, TOLD_MONTHS_MAX = 36_500, 1_200

# Kinds of events, and the settlements of a statement.
REPAID = KINDS["repayment.received"].code
SETTLED = KINDS["instalment.settled"].code
ARREARS = KINDS["arrears.changed"].code
STATED = KINDS["statement.closed"].code
NOTHING_OWED, PAID_IN_FULL, REVOLVING, IS_BEHIND = (
    KINDS["statement.closed"].fields["settlement"].choices.index(each)
    for each in ("nothing_owed", "paid_in_full", "revolving", "behind")
)

# What is to be told of today so far, what the log tells of it already, and moments taken by anything else.
TOLD_WHAT, TOLD_CODE, TOLD_AT, TOLD_SLOT, TOLD_CELLS = 0, 1, 2, 3, 7
TOLD_WANT, TOLD_NEAR, TOLD_TAKEN = 0, 1, 2

# An instalment settled on a day, in the scratch array; the last cell is of another list, of moments taken.
WANT_AMOUNT, WANT_LATE, WANT_AFTER, WANT_DONE, WANT_TAKEN = 0, 1, 2, 3, 4


def put_event(  # noqa: PLR0913
    n: int, first: int, until: int, at: int, known: int, code: int, a: int, b: int, c: int, d: int,
    rows: Int64s,
) -> int:  # fmt: skip
    """Write an event into its place among rows ``first`` to ``n``, by ``known`` and ``at``; how far rows go then."""
    if n < 0 or known > until:
        return n
    if n >= len(rows):
        return FULL
    row = n
    while row > first and (rows[row - 1, 1] > known or (rows[row - 1, 1] == known and rows[row - 1, 0] > at)):
        for cell in range(EVENT_CELLS):
            rows[row, cell] = rows[row - 1, cell]
        row -= 1
    rows[row, 0] = at
    rows[row, 1] = known
    rows[row, 2] = code
    rows[row, 3] = a
    rows[row, 4] = b
    rows[row, 5] = c
    rows[row, 6] = d
    for cell in range(7, EVENT_CELLS):
        rows[row, cell] = NULL
    return n + 1


def is_taken(at: int, s: Int64s) -> bool:
    """Whether something of the day has a moment already."""
    for place in range(s[NOW_WANTS], s[NOW_TAKEN], STEP):  # noqa: SIM110  (Numba knows no generators)
        if s[place + WANT_TAKEN] == at:
            return True
    return False


def take(at: int, s: Int64s) -> None:
    """Note that a moment is taken."""
    s[s[NOW_TAKEN] + WANT_TAKEN] = at
    s[NOW_TAKEN] += STEP


def take_moment(at: int, last: int, s: Int64s) -> int:
    """A moment not yet taken, from the given one on and before it where none is left until the day ends."""
    while at < last and is_taken(at, s):
        at += 1
    while is_taken(at, s):
        at -= 1
    take(at, s)
    return at


def in_log(told: int, told_stop: int, code: int, a: int, b: int, c: int, d: int, debts: Int64s) -> int:
    """How often the log tells this of today already."""
    found = 0
    for row in range(told, told_stop, TOLD_CELLS):
        if debts[row + TOLD_WHAT] != TOLD_NEAR or debts[row + TOLD_CODE] != code:
            continue
        slot = row + TOLD_SLOT
        if debts[slot] == a and debts[slot + 1] == b and debts[slot + 2] == c and debts[slot + 3] == d:
            found += 1
    return found


def want_settled(wants: int, amount: int, days_late: int, after: int, s: Int64s) -> int:
    """Note that an instalment was settled after some moment, NULL for as the day begins; where the next is noted."""
    s[wants + WANT_AMOUNT] = amount
    s[wants + WANT_LATE] = days_late
    s[wants + WANT_AFTER] = after
    s[wants + WANT_DONE] = 0
    return wants + STEP


def wants_of(
    day: int, settled: int, by_credit: int, money_at: int, told: int, told_stop: int, debts: Int64s, s: Int64s
) -> int:
    """Note what was settled on a day, and which moments of it are taken; where the first ends."""
    wants: int = s[NOW_WANTS]
    s[NOW_TAKEN] = wants
    for row in range(told, told_stop, TOLD_CELLS):
        if debts[row + TOLD_WHAT] == TOLD_WANT:
            slot = row + TOLD_SLOT
            wants = want_settled(wants, debts[slot], debts[slot + 1], debts[row + TOLD_AT], s)
        else:
            take(debts[row + TOLD_AT], s)
    if money_at != NULL:
        take(money_at, s)
    for row in range(settled, s[NOW_HEAD], STEP):
        days_late = day - s[row + ROW_DUE]
        if days_late <= debts[s[s[row + ROW_LOAN] + LOAN_AT] + LOAN_GRACE]:
            days_late = 0
        after = NULL if row < by_credit else money_at
        wants = want_settled(wants, s[row + ROW_AMOUNT], min(days_late, TOLD_DAYS_MAX), after, s)
    return wants


def tell_settled(  # noqa: PLR0913
    n: int, first: int, until: int, wants: int, begins: int, last: int, known: int, told: int, told_stop: int,
    debts: Int64s, s: Int64s, rows: Int64s,
) -> int:  # fmt: skip
    """Tell of what was settled on a day: equal instalments together, and less of them by those in the log."""
    for one in range(s[NOW_WANTS], wants, STEP):
        if s[one + WANT_DONE] == 1:
            continue
        amount, days_late = s[one + WANT_AMOUNT], s[one + WANT_LATE]
        left = -in_log(told, told_stop, SETTLED, amount, days_late, NULL, NULL, debts)
        for other in range(one, wants, STEP):
            if s[other + WANT_AMOUNT] == amount and s[other + WANT_LATE] == days_late:
                left += 1
        for other in range(one, wants, STEP):
            if s[other + WANT_AMOUNT] == amount and s[other + WANT_LATE] == days_late:
                s[other + WANT_DONE] = 1
                if left > 0:
                    after = s[other + WANT_AFTER]
                    at = take_moment(begins if after == NULL else min(after + 1, last), last, s)
                    n = put_event(
                        n, first, until, at, max(known, at), SETTLED, amount, days_late, NULL, NULL, rows
                    )  # fmt: skip
                    left -= 1
    return n


def tell_arrears(  # noqa: PLR0913
    n: int, first: int, until: int, day: int, last: int, known: int, told: int, told_stop: int,
    debts: Int64s, s: Int64s, rows: Int64s,
) -> int:  # fmt: skip
    """Tell of the arrears at the end of a day, where they are not what they were."""
    oldest, amount, _ = debt_behind(day, debts, s)
    days = day - oldest if amount > 0 else 0
    if s[NOW_CLAIM] > 0:
        days = max(days, s[NOW_DAYS_LOST])
        amount += s[NOW_CLAIM]
    if days == s[NOW_DAYS] and amount == s[NOW_AMOUNT]:
        return n
    s[NOW_DAYS] = days
    s[NOW_AMOUNT] = amount
    days = min(days, TOLD_DAYS_MAX)
    if in_log(told, told_stop, ARREARS, days, amount, NULL, NULL, debts) > 0:
        return n
    at = take_moment(last, last, s)
    return put_event(n, first, until, at, known, ARREARS, days, amount, NULL, NULL, rows)


def tell_statement(
    n: int, first: int, until: int, last: int, known: int, told: int, told_stop: int,
    debts: Int64s, s: Int64s, rows: Int64s,
) -> int:  # fmt: skip
    """Tell of the month that ends, after its last day's arrears."""
    gross, paid = debt_gross(s), s[NOW_PAID]
    s[NOW_PAID] = 0
    months, settlement = min((s[NOW_DAYS] + 29) // 30, TOLD_MONTHS_MAX), REVOLVING
    if months > 0:
        settlement = IS_BEHIND
    elif gross == 0:
        settlement = PAID_IN_FULL if paid != 0 else NOTHING_OWED
    balance = gross - s[NOW_CREDIT]
    if in_log(told, told_stop, STATED, balance, paid, months, settlement, debts) > 0:
        return n
    at = take_moment(last - 1, last, s)
    return put_event(n, first, until, at, known, STATED, balance, paid, months, settlement, rows)


def put_arrears(  # noqa: PLR0913
    n: int, until: int, day: int, stop: int, oldest: int, lost: int, amount: int, offset: int, late: int,
    s: Int64s, rows: Int64s,
) -> int:  # fmt: skip
    """Write arrears of this amount for days up to one, not included; each becomes known after all that is there.

    It calls nothing: passing arrays on costs more than writing a row.
    """
    while day < stop:
        days = max(day - oldest, lost)
        at = (day + 1) * DAY - offset - 1
        day += 1
        if (days == s[NOW_DAYS] and amount == s[NOW_AMOUNT]) or at + late > until or n < 0:
            continue
        s[NOW_DAYS] = days
        s[NOW_AMOUNT] = amount
        if n >= len(rows):
            return FULL
        rows[n, 0] = at
        rows[n, 1] = at + late
        rows[n, 2] = ARREARS
        rows[n, 3] = min(days, TOLD_DAYS_MAX)
        rows[n, 4] = amount
        for cell in range(5, EVENT_CELLS):
            rows[n, cell] = NULL
        n += 1
    return n


def tell_between(
    n: int, until: int, day: int, stop: int, offset: int, late: int,
    debts: Int64s, s: Int64s, rows: Int64s,
) -> int:  # fmt: skip
    """Tell of the arrears of days up to one, not included, on which nothing but the days past due can change."""
    while day < stop:
        oldest, amount, change = debt_behind(day, debts, s)
        lost, till = 0, min(stop, change)
        if amount == 0:
            oldest = till
        if s[NOW_CLAIM] > 0:
            lost = s[NOW_DAYS_LOST]
            amount += s[NOW_CLAIM]
        n = put_arrears(n, until, day, till, oldest, lost, amount, offset, late, s, rows)
        day = till
    return n


def last_of_month(day: int) -> int:
    """The last day of the month a day lies in."""
    return month_start(month_index(day * DAY) + 1) // DAY - 1


def walk_ahead(  # noqa: PLR0913
    at: int, arrears_on: int, from_day: int, off_on: int, off_loans: int, until: int, until_day: int, offset: int,
    now: int, debts: Int64s, s: Int64s, rows: Int64s, first: int,
) -> int:  # fmt: skip
    """``paid_ahead`` day by day, from today to a day, of the line whose cells begin at a place."""
    day, payable = (now + offset) // DAY, (now + 1 + offset) // DAY
    late, has_loans = debts[at + LINE_LATE], debts[at + LINE_HAS_LOANS] == 1
    told, told_stop = debts[at + LINE_TOLD], debts[at + LINE_TOLD_STOP]
    debt_begin(at, debts, s)
    n, settled, month = first, s[NOW_HEAD], last_of_month(day)
    while day <= until_day:
        begins, by_credit, money_at = day * DAY - offset, s[NOW_HEAD], NULL
        last = begins + DAY - 1
        known, moment = max(last + late, now), max(begins + NOON_US, now + 1)
        if day >= payable and moment <= until:
            amount = debt_take(day, arrears_on, from_day, off_on, off_loans, debts, s)
            if amount > 0:
                money_at = moment
                s[NOW_PAID] += amount
                early = 1 if s[NOW_EARLY] > 0 else 0
                n = put_event(
                    n, first, until, moment, moment, REPAID, amount, s[NOW_PRINCIPAL], early, NULL, rows
                )  # fmt: skip
        wants = wants_of(day, settled, by_credit, money_at, told, told_stop, debts, s)
        if wants > s[NOW_WANTS]:
            n = tell_settled(
                n, first, until, wants, begins, last, known if money_at == NULL else money_at, told, told_stop,
                debts, s, rows
            )  # fmt: skip
        n = tell_arrears(n, first, until, day, last, known, told, told_stop, debts, s, rows)
        if has_loans and day == month:
            n = tell_statement(n, first, until, last, known, told, told_stop, debts, s, rows)
        if day >= month:
            month = last_of_month(day + 1)
        told, settled = told_stop, s[NOW_HEAD]
        stop = debt_stop(day, arrears_on, off_on, min(until_day + 1, month) if has_loans else until_day + 1, s)
        if settled < s[NOW_TAIL]:
            n = tell_between(n, until, day + 1, stop, offset, late, debts, s, rows)
        day = stop
        if day == s[NOW_NEXT]:
            debt_fall_due(day, debts, s)
    return n


def paid_ahead(
    line: int, arrears_on: int, from_day: int, off_on: int, off_loans: int, until: int,
    debts: Columns, rows: Int64s, first: int,
) -> int:  # fmt: skip
    """The events of ``Loans.ahead`` but its ``missing``, into rows from ``first``.

    They are those of ``ahead(Paying(arrears_on, from_day, off_on=off_on, off_loans=off_loans), until)``; a large number
    stands for no day, or for all loans. A row has ``at``, ``known``, the kind's code and the event's slots; rows come
    in order of ``known``, then ``at``. Gives the row after the last, FULL where there is no room for them all, and
    NOT_CARRIED where the columns do not tell of the line or of days up to ``until``.
    """
    cells, s = debts
    at = line * LINE_CELLS
    now, offset = cells[at + LINE_NOW], cells[at + LINE_OFFSET]
    until_day = (until + offset) // DAY
    if cells[at + LINE_CARRIED] == 0 or until < now:
        return first
    if cells[at + LINE_CARRIED] < 0 or until_day > cells[at + LINE_SEEN]:
        return NOT_CARRIED
    return walk_ahead(
        at, arrears_on, from_day, off_on, off_loans, until, until_day, offset, now, cells, s, rows, first
    )  # fmt: skip


# -- what is copied ------------------------------------------------------------------------------------

FUNCTIONS = (
    rounded_up, rate_of, interest, leap_days_before, fraction, rate_within, *owing.FUNCTIONS,
    put_event, is_taken, take, take_moment, in_log, want_settled, wants_of, tell_settled, tell_arrears, tell_statement,
    put_arrears, tell_between, last_of_month, walk_ahead, paid_ahead,
)  # fmt: skip
"""The functions copied, in order of use."""

NUMBERS: dict[str, int | tuple[int, ...]] = {
    name: value
    for module in (vars(owing), globals())
    for name, value in list(module.items())
    if name.isupper() and (isinstance(value, int) or name == "POWERS") and name not in ("NULL", "DAY", "SLOTS")
}
"""The numbers they read by name, beside NULL and DAY, which the policy's kernel has."""


def source() -> str:
    """What is put behind a policy's kernel."""
    said = "\n".join(f"{name} = {value!r}" for name, value in NUMBERS.items())
    return "\n\n\n".join([said, *(inspect.getsource(function).rstrip() for function in FUNCTIONS)]) + "\n"


__all__ = ["FULL", "FUNCTIONS", "NOT_CARRIED", "NUMBERS", "asked_on", "loans_on", "owed_on", "paid_ahead", "source"]
