"""What is owed on a line's loans as days go by and money comes in: plain functions that Numba compiles.

They read an array into which ``debts.packed`` has put the loans of many lines, one table after the other: lines (each
LINE_CELLS wide, from the array's beginning), loans, unpaid rows, rows to come, due days, and what the log holds of
today. A place in the array stands for what lies there: a loan, a due day; the names below say what its cells are.

They work in a scratch array that holds one line: first how the line stands, then a place for each loan, then rows
fallen due and not paid in full, oldest first, then what is to be told of a day; places are STEP cells apart. A row
that falls due goes behind the tail and money takes from the head, as money goes to what is due longest; rows before
the head are settled.

Amounts are minor units, days day numbers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from creditline.lending.kernel import fraction, interest, rate_of, rate_within
from creditline.lending.terms import MILLION
from creditline.policy.runtime import DAY

Int64s = NDArray[np.int64]

Columns = tuple[Int64s, Int64s]
"""What ``debts.packed`` gives: the array read and a scratch array."""

NO_DAY = 2**62
"""A day that does not come."""

NOT_CARRIED = -2
"""What is given for a line or a day that the array does not tell of."""

# A line: places of its loans, unpaid rows and what is told of today; then how it stands.
LINE_CARRIED, LINE_LOAN, LINE_LOAN_STOP, LINE_ROW, LINE_ROW_STOP, LINE_TOLD, LINE_TOLD_STOP = 0, 1, 2, 3, 4, 5, 6
LINE_QUEUE, LINE_SEEN, LINE_LATE, LINE_HAS_LOANS, LINE_CREDIT, LINE_CLAIM, LINE_DAYS_LOST = 7, 8, 9, 10, 11, 12, 13
LINE_PAID, LINE_DAYS, LINE_AMOUNT, LINE_OFFSET, LINE_NOW, LINE_CELLS = 14, 15, 16, 17, 18, 19

# A loan: how it stands, as in the scratch array, which has when its next row falls due and its place beside; then what
# was agreed.
LOAN_BALANCE, LOAN_ACCRUED, LOAN_SINCE, LOAN_END, LOAN_COMING, LOAN_NEXT, LOAN_AT = 0, 1, 2, 3, 4, 5, 6
LOAN_COMING_STOP, LOAN_RATE, LOAN_COUNT, LOAN_ROUNDING, LOAN_MONTHS, LOAN_FIRST_END = 6, 7, 8, 9, 10, 11
LOAN_FIRST_TOP, LOAN_FIRST_BOTTOM, LOAN_FEE, LOAN_GRACE, LOAN_PENALTY, LOAN_PENALTY_ON = 12, 13, 14, 15, 16, 17
LOAN_PENALTY_AFTER, LOAN_EARLY_FEE, LOAN_ORDER, LOAN_CELLS = 18, 19, 20, 24

# A row fallen due, with the place of its loan in the scratch array; from ROW_PRINCIPAL on, what is unpaid of it.
ROW_LOAN, ROW_DUE, ROW_AMOUNT, ROW_FROM, ROW_PRINCIPAL, ROW_INTEREST, ROW_FEE, ROW_PENALTY = 0, 1, 2, 3, 4, 5, 6, 7
ROW_CELLS = 8

# A row to come with its due day; a due day, the day its period begins, and the rate from END_FROM to it once known.
PART_PRINCIPAL, PART_END, PART_CELLS = 0, 1, 2
END_DAY, END_BEGIN, END_FROM, END_DIGITS, END_PLACES, END_CELLS = 0, 1, 2, 3, 4, 5

# The beginning of the scratch array.
NOW_CREDIT, NOW_CLAIM, NOW_DAYS_LOST, NOW_PAID, NOW_DAYS, NOW_AMOUNT = 0, 1, 2, 3, 4, 5
NOW_PRINCIPAL, NOW_NEXT, NOW_ROWS, NOW_HEAD, NOW_TAIL, NOW_WANTS, NOW_TAKEN, NOW_EARLY = 6, 7, 8, 9, 10, 11, 12, 13
STEP = 16


def debt_next(place: int, debts: Int64s, s: Int64s) -> int:
    """The day on which a loan's next row falls due."""
    coming = s[place + LOAN_COMING]
    if coming < debts[s[place + LOAN_AT] + LOAN_COMING_STOP]:
        end = debts[coming + PART_END]
    elif s[place + LOAN_BALANCE] != 0 or s[place + LOAN_ACCRUED] != 0:
        end = s[place + LOAN_END]
    else:
        return NO_DAY
    day: int = debts[end + END_DAY]
    return day


def debt_look(debts: Int64s, s: Int64s) -> None:
    """Note when the next row of each loan falls due, and of the line."""
    soonest = NO_DAY
    for place in range(STEP, s[NOW_ROWS], STEP):
        day = debt_next(place, debts, s)
        s[place + LOAN_NEXT] = day
        soonest = min(soonest, day)
    s[NOW_NEXT] = soonest


def debt_begin(line: int, debts: Int64s, s: Int64s) -> None:
    """Put the line whose cells begin at a place into the scratch array, as it stands now."""
    for cell in range(6):
        s[NOW_CREDIT + cell] = debts[line + LINE_CREDIT + cell]
    place = STEP
    for loan in range(debts[line + LINE_LOAN], debts[line + LINE_LOAN_STOP], LOAN_CELLS):
        for cell in range(LOAN_NEXT):
            s[place + cell] = debts[loan + cell]
        s[place + LOAN_AT] = loan
        place += STEP
    s[NOW_ROWS] = place
    s[NOW_HEAD] = place
    s[NOW_WANTS] = place + STEP * debts[line + LINE_QUEUE]
    for row in range(debts[line + LINE_ROW], debts[line + LINE_ROW_STOP], ROW_CELLS):
        for cell in range(ROW_CELLS):
            s[place + cell] = debts[row + cell]
        place += STEP
    s[NOW_TAIL] = place
    debt_look(debts, s)


def debt_rate(loan: int, end: int, start: int, stop: int, debts: Int64s) -> tuple[int, int]:
    """The rate from one day to another within the period that ends on a due day."""
    top, bottom = debts[loan + LOAN_MONTHS], 1
    if end == debts[loan + LOAN_FIRST_END]:
        top, bottom = debts[loan + LOAN_FIRST_TOP], debts[loan + LOAN_FIRST_BOTTOM]
    whole = debts[end + END_DAY] - debts[end + END_BEGIN]
    return rate_within(
        debts[loan + LOAN_RATE], debts[loan + LOAN_COUNT], debts[loan + LOAN_MONTHS], top, bottom, start, stop, whole
    )


def debt_accrue(place: int, day: int, debts: Int64s, s: Int64s) -> None:
    """``Loan.accrue``: interest up to a day, each period's stretch rounded."""
    loan = s[place + LOAN_AT]
    while s[place + LOAN_SINCE] < day:
        end, start = s[place + LOAN_END], s[place + LOAN_SINCE]
        stop = min(day, debts[end + END_DAY])
        if s[place + LOAN_BALANCE] != 0:
            if start != debts[end + END_FROM] or stop != debts[end + END_DAY]:
                digits, places = debt_rate(loan, end, start, stop, debts)
            else:  # every way goes over the same whole periods: their rates are worked out once
                if debts[end + END_PLACES] < 0:
                    digits, places = debt_rate(loan, end, start, stop, debts)
                    debts[end + END_DIGITS] = digits
                    debts[end + END_PLACES] = places
                digits, places = debts[end + END_DIGITS], debts[end + END_PLACES]
            s[place + LOAN_ACCRUED] += interest(s[place + LOAN_BALANCE], digits, places, debts[loan + LOAN_ROUNDING])
        s[place + LOAN_SINCE] = stop
        if stop == debts[end + END_DAY]:
            s[place + LOAN_END] = end + END_CELLS


def debt_recognise(row: int, day: int, debts: Int64s, s: Int64s) -> None:
    """``Loan.recognise_penalty``: a row's penalty up to a day becomes part of what is unpaid of it."""
    loan, start = s[s[row + ROW_LOAN] + LOAN_AT], s[row + ROW_FROM]
    if day <= s[row + ROW_DUE] + debts[loan + LOAN_GRACE] or day <= start:
        return
    s[row + ROW_FROM] = day
    base = s[row + ROW_PRINCIPAL]
    if debts[loan + LOAN_PENALTY_ON] == 1:
        base += s[row + ROW_INTEREST]
    if base != 0 and debts[loan + LOAN_PENALTY] != 0:
        numerator, denominator = fraction(debts[loan + LOAN_COUNT], start, day)
        digits, places = rate_of(debts[loan + LOAN_PENALTY], numerator, denominator)
        s[row + ROW_PENALTY] += interest(base, digits, places, debts[loan + LOAN_ROUNDING])


def debt_left(row: int, s: Int64s) -> int:
    """What is unpaid of a row."""
    left: int = s[row + ROW_PRINCIPAL] + s[row + ROW_INTEREST] + s[row + ROW_FEE] + s[row + ROW_PENALTY]
    return left


def debt_pay(day: int, money: int, debts: Int64s, s: Int64s) -> int:
    """Pay what has fallen due, oldest first; what is left of the money. Principal paid is added to NOW_PRINCIPAL."""
    row = s[NOW_HEAD]
    while money > 0 and row < s[NOW_TAIL]:
        debt_recognise(row, day, debts, s)
        place = s[row + ROW_LOAN]
        loan = s[place + LOAN_AT]
        for turn in range(LOAN_ORDER, LOAN_ORDER + 4):
            cell = row + debts[loan + turn]
            paid = min(money, s[cell])
            if paid > 0 and cell == row + ROW_PRINCIPAL:
                debt_accrue(place, day, debts, s)
                s[place + LOAN_BALANCE] -= paid
                s[NOW_PRINCIPAL] += paid
            s[cell] -= paid
            money -= paid
        if debt_left(row, s) == 0:
            row += STEP
    s[NOW_HEAD] = row
    debt_look(debts, s)
    return money


def debt_fall_due(day: int, debts: Int64s, s: Int64s) -> None:
    """``Account.advance`` to a day before which nothing else falls due: rows of that day, and credit that pays them."""
    for place in range(STEP, s[NOW_ROWS], STEP):
        if s[place + LOAN_NEXT] != day:
            continue
        debt_accrue(place, day, debts, s)
        loan, coming = s[place + LOAN_AT], s[place + LOAN_COMING]
        bears, principal, fee = s[place + LOAN_ACCRUED], 0, 0
        s[place + LOAN_ACCRUED] = 0
        if coming < debts[loan + LOAN_COMING_STOP]:
            principal = debts[coming + PART_PRINCIPAL]
            s[place + LOAN_COMING] = coming + PART_CELLS
            if principal != 0 or bears != 0:
                fee = debts[loan + LOAN_FEE]
        if principal + bears + fee != 0:
            row = s[NOW_TAIL]
            s[NOW_TAIL] = row + STEP
            s[row + ROW_LOAN] = place
            s[row + ROW_DUE] = day
            s[row + ROW_AMOUNT] = principal + bears + fee
            s[row + ROW_FROM] = day + debts[loan + LOAN_PENALTY_AFTER]
            s[row + ROW_PRINCIPAL] = principal
            s[row + ROW_INTEREST] = bears
            s[row + ROW_FEE] = fee
            s[row + ROW_PENALTY] = 0
    if s[NOW_CREDIT] != 0:
        s[NOW_CREDIT] = debt_pay(day, s[NOW_CREDIT], debts, s)
    else:
        debt_look(debts, s)


def debt_owed(day: int, debts: Int64s, s: Int64s) -> int:
    """All that has fallen due, with penalty up to a day, and what was written off and is still claimed."""
    owed: int = s[NOW_CLAIM]
    for row in range(s[NOW_HEAD], s[NOW_TAIL], STEP):
        debt_recognise(row, day, debts, s)
        owed += debt_left(row, s)
    return owed


def debt_off(day: int, loans: int, debts: Int64s, s: Int64s) -> int:
    """Pay off the first loans, of which nothing is left that has fallen due; what it takes.

    Principal among it is added to NOW_PRINCIPAL and NOW_EARLY.
    """
    asked = 0
    for place in range(STEP, STEP * (1 + min(loans, s[NOW_ROWS] // STEP - 1)), STEP):
        debt_accrue(place, day, debts, s)
        loan, principal = s[place + LOAN_AT], s[place + LOAN_BALANCE]
        asked += s[place + LOAN_ACCRUED] + principal
        if principal > 0:  # ``Loan.early_cost``, by millions and the rest so that no product leaves int64
            millions, rest, fee = (principal - 1) // MILLION, (principal - 1) % MILLION, debts[loan + LOAN_EARLY_FEE]
            asked += millions * fee + rest * fee // MILLION
        s[NOW_PRINCIPAL] += principal
        s[NOW_EARLY] += principal
        s[place + LOAN_BALANCE] = 0
        s[place + LOAN_ACCRUED] = 0
        s[place + LOAN_COMING] = debts[loan + LOAN_COMING_STOP]
    debt_look(debts, s)
    return asked


def debt_take(
    day: int, arrears_on: int, from_day: int, off_on: int, off_loans: int, debts: Int64s, s: Int64s
) -> int:  # fmt: skip
    """Pay what is to be paid on a day, and give it.

    Principal among it goes to NOW_PRINCIPAL, and to NOW_EARLY what of it had not fallen due.
    """
    s[NOW_PRINCIPAL] = 0
    s[NOW_EARLY] = 0
    asked, is_all = 0, day in (arrears_on, off_on)
    if is_all:
        asked = debt_owed(day, debts, s)
    elif day >= from_day:
        row = s[NOW_TAIL] - STEP
        while row >= s[NOW_HEAD] and s[row + ROW_DUE] == day:
            asked += debt_left(row, s)
            row -= STEP
    if asked > 0:
        debt_pay(day, asked, debts, s)
    if is_all:
        s[NOW_CLAIM] = 0
    if day == off_on:
        asked += debt_off(day, off_loans, debts, s)
    return asked


def debt_stop(day: int, arrears_on: int, off_on: int, stop: int, s: Int64s) -> int:
    """The next day on which something falls due or money comes in, none later than the given one."""
    if arrears_on > day:
        stop = min(stop, arrears_on)
    if off_on > day:
        stop = min(stop, off_on)
    soonest: int = s[NOW_NEXT]
    return min(stop, soonest)


def debt_go(that: int, day: int, payable: int, arrears_on: int, from_day: int, debts: Int64s, s: Int64s) -> None:
    """Go on from a day to another, on which nothing is paid yet; money comes in from ``payable`` on."""
    while that < day:
        if that >= payable:
            debt_take(that, arrears_on, from_day, NO_DAY, 0, debts, s)
        that = debt_stop(that, arrears_on, NO_DAY, day, s)
        if that == s[NOW_NEXT]:
            debt_fall_due(that, debts, s)


def debt_behind(day: int, debts: Int64s, s: Int64s) -> tuple[int, int, int]:
    """Due day of the oldest row that is late at the end of a day, what is late in all, and when more will be."""
    oldest, amount, change = NO_DAY, 0, NO_DAY
    for row in range(s[NOW_HEAD], s[NOW_TAIL], STEP):
        owed = s[row + ROW_PRINCIPAL] + s[row + ROW_INTEREST] + s[row + ROW_FEE]
        if owed > 0:
            late_after = s[row + ROW_DUE] + debts[s[s[row + ROW_LOAN] + LOAN_AT] + LOAN_GRACE]
            if day > late_after:
                oldest = min(oldest, s[row + ROW_DUE])
                amount += owed
            else:
                change = min(change, late_after + 1)
    return oldest, amount, change


def debt_gross(s: Int64s) -> int:
    """What is owed in all: principal, and what is recognised of the rest."""
    gross = 0
    for place in range(STEP, s[NOW_ROWS], STEP):
        gross += s[place + LOAN_BALANCE]
    for row in range(s[NOW_HEAD], s[NOW_TAIL], STEP):
        gross += s[row + ROW_INTEREST] + s[row + ROW_FEE] + s[row + ROW_PENALTY]
    return gross


def owed_on(line: int, day: int, debts: Columns) -> int:
    """``Loans.arrears`` of a line on a day, none earlier than its loans' ``payable``.

    NOT_CARRIED for a line or a day that the columns do not tell of.
    """
    cells, s = debts
    at = line * LINE_CELLS
    if cells[at + LINE_CARRIED] == 0:
        return 0
    if cells[at + LINE_CARRIED] < 0 or day > cells[at + LINE_SEEN]:
        return NOT_CARRIED
    debt_begin(at, cells, s)
    while s[NOW_NEXT] <= day:
        debt_fall_due(s[NOW_NEXT], cells, s)
    return debt_owed(day, cells, s)


def asked_on(line: int, day: int, arrears_on: int, from_day: int, off_loans: int, debts: Columns) -> int:
    """``Loans.asked`` of a line on a day, if on it so many loans are paid off early.

    That is ``asked(day, Paying(arrears_on, from_day, off_on=day, off_loans=off_loans))``. A large number stands for no
    day, or for all loans; days named are none earlier than the loans' ``payable``. NOT_CARRIED for a line or a day that
    the columns do not tell of.
    """
    cells, s = debts
    at = line * LINE_CELLS
    if cells[at + LINE_CARRIED] == 0:
        return 0
    if cells[at + LINE_CARRIED] < 0 or day > cells[at + LINE_SEEN]:
        return NOT_CARRIED
    now, offset = cells[at + LINE_NOW], cells[at + LINE_OFFSET]
    payable, that = (now + 1 + offset) // DAY, (now + offset) // DAY
    debt_begin(at, cells, s)
    debt_go(that, day, payable, arrears_on, from_day, cells, s)
    return debt_take(day, arrears_on, from_day, day, off_loans, cells, s)


def day_off(
    line: int, first: int, last: int, arrears_on: int, from_day: int, off_loans: int, today: int, spent: int,
    spare: int, debts: Columns,
) -> tuple[int, int]:  # fmt: skip
    """The first day on which means gathered since today pay for what paying loans off then takes, and what that is.

    From ``first`` on; NO_DAY where it is none up to ``last``, of which days the columns tell. ``spare`` comes in over
    30 days and has to pay for ``spent`` too. The line is walked once; what a day would ask is worked out on a copy.
    """
    cells, s = debts
    at, half, day = line * LINE_CELLS, len(s) // 2, first
    walk, here = s[:half], s[half:]
    now, offset = cells[at + LINE_NOW], cells[at + LINE_OFFSET]
    payable, that = (now + 1 + offset) // DAY, (now + offset) // DAY
    debt_begin(at, cells, walk)
    while day <= last:
        debt_go(that, day, payable, arrears_on, from_day, cells, walk)
        that = day
        for cell in range(half):
            here[cell] = walk[cell]
        asked = debt_take(day, arrears_on, from_day, day, off_loans, cells, here)
        saved = today - (-((spent + asked) * 30) // spare)
        if saved <= day or asked == 0:
            return day, asked
        # Less is asked on a day only where something fell due on it or on the day before.
        tail = walk[NOW_TAIL] - STEP
        is_due = tail >= walk[NOW_ROWS] and walk[tail + ROW_DUE] == day
        day = day + 1 if is_due else min(saved, walk[NOW_NEXT])
    return NO_DAY, 0


def loans_on(line: int, debts: Columns) -> int:
    """``Loans.count`` of a line; 0 where the columns do not tell of it."""
    cells, _ = debts
    at = line * LINE_CELLS
    cells_in_all: int = cells[at + LINE_LOAN_STOP] - cells[at + LINE_LOAN]
    return cells_in_all // LOAN_CELLS


FUNCTIONS = (
    debt_next, debt_look, debt_begin, debt_rate, debt_accrue, debt_recognise, debt_left, debt_pay, debt_fall_due,
    debt_owed, debt_off, debt_take, debt_stop, debt_go, debt_behind, debt_gross, owed_on, asked_on, day_off, loans_on,
)  # fmt: skip
"""In order of use, after those of ``lending.kernel``."""
