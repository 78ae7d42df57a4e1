"""Using the line: drawing, paying instalments on time or late, paying early, and the arrears the core writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from creditline.events.kinds import (
    ArrearsChanged,
    DrawBooked,
    InstalmentSettled,
    Purpose,
    PurposeChecked,
    RepaymentReceived,
    Settlement,
    StatementClosed,
)
from creditline.simulate.account import Due
from creditline.simulate.borrower import HOUR, SECOND, YUAN, Borrower
from creditline.simulate.period import MINUTE

Lateness = Callable[[int], int | None]
"""Days late by the day an instalment falls due: 0 on time, None for never."""

DAILY: tuple[Purpose, ...] = ("daily", "daily", "education", "medical", "renovation", "travel")
TRADE: tuple[Purpose, ...] = ("stock", "stock", "stock", "wages", "rent", "equipment")

_LEAST = 500 * YUAN
_DAY_END = 23 * HOUR + 50 * MINUTE


def on_time(_day: int) -> int | None:
    """Never late."""
    return 0


def purpose(b: Borrower) -> Purpose:
    """An ordinary purpose for this kind of borrower."""
    return b.chance.pick(DAILY if b.party == "person" else TRADE)


def draw(b: Borrower, at: int, amount: int, what_for: Purpose | None, term: int, payee: str | None = None) -> int:
    """Draw up to ``amount``, what is left of the line at most; what was drawn. Nothing while in arrears."""
    step = 100 * YUAN
    amount = min(amount, b.account.room) // step * step
    if amount < _LEAST or b.account.overdue:
        return 0
    day = b.day(at)
    b.account.draw(day, amount, b.month(day), term)
    b.draws += 1
    b.tell(at, DrawBooked(amount=amount, purpose=what_for, counterparty=payee))
    return amount


def uses(
    b: Borrower,
    from_day: int,
    until_day: int | None = None,
    *,
    percent: int = 55,
    share: tuple[int, int] = (8, 28),
    terms: Sequence[int] = (3, 6, 6, 12),
) -> None:
    """In each month, with a chance of ``percent``, draw ``share`` per cent of the line for something ordinary."""

    def deed(b: Borrower, at: int) -> None:
        what_for = purpose(b)
        amount = b.account.amount * b.chance.between(*share) // 100
        drawn = draw(b, at, amount, what_for, b.chance.pick(terms))
        if drawn and b.chance.hit(45 if b.party == "business" else 10):
            checked(b, at, drawn)

    for month in [b.month(from_day), *b.months(from_day, until_day)]:
        day = b.period.firsts[month] + b.chance.between(0, 27)
        if day >= from_day and (until_day is None or day < until_day) and b.chance.hit(percent):
            b.plan(b.when(day), deed)


def checked(b: Borrower, at: int, amount: int) -> None:
    """The use of a draw was looked at some days later and matched; now and then it could not be shown."""
    result: Literal["unproven", "matched"] = "unproven" if b.chance.hit(6) else "matched"
    reference = f"draw-{b.draws:03d}"
    b.tell(at + b.later(3, 20), PurposeChecked(reference=reference, result=result, amount=amount), b.later(1, 20, HOUR))


def settles(b: Borrower, lateness: Lateness = on_time) -> None:
    """An instalment falls due on the same day of every month after the application's; statements at month's end."""

    def fall_due(b: Borrower, at: int) -> None:
        day = b.day(at)
        due = b.account.bill(day, b.month(day))
        if due is None:
            return
        late = lateness(day)
        if late is not None:
            b.plan(b.when(day + late, 8, 20), lambda b, at: pay(b, at, due))
        if late != 0 and b.unpaid_tick < 0:
            b.unpaid_tick = 0
            b.plan(b.period.midnight(day + 1) + _DAY_END, write_arrears)

    for month in b.months(b.applied):
        b.plan(b.period.midnight(b.period.firsts[month] + b.due_day - 1) + HOUR, fall_due)
        b.plan(b.period.midnight(b.period.firsts[month + 1]) - 5 * MINUTE, close_statement)


def pay(b: Borrower, at: int, due: Due) -> None:
    """Pay this instalment and every older one."""
    day = b.day(at)
    paid = b.account.settle(day, due.day)
    if not paid:
        return
    amount, principal = sum(item.amount for item in paid), sum(item.principal for item in paid)
    b.tell(at, RepaymentReceived(amount=amount, principal=principal))
    for place, item in enumerate(paid, 1):
        body = InstalmentSettled(amount=item.amount, days_late=day - item.day)
        b.tell(at + place * SECOND, body, b.later(0, 600, SECOND))


def close_statement(b: Borrower, at: int) -> None:
    """The billing month closes: balance, what was paid in it, months behind."""
    account = b.account
    behind = (b.day(at) - account.overdue[0].day + 29) // 30 if account.overdue else 0
    settlement: Settlement = "revolving"
    if behind:
        settlement = "behind"
    elif not account.owed:
        settlement = "paid_in_full" if account.paid else "nothing_owed"
    body = StatementClosed(balance=account.owed, paid=account.paid, months_behind=behind, settlement=settlement)
    b.tell(at, body, b.later(0, 3, HOUR))
    account.paid = 0


def write_arrears(b: Borrower, at: int) -> None:
    """The core's day end: days past due and amount overdue, until nothing is overdue any more."""
    day = b.day(at)
    overdue = b.account.overdue
    lag = b.later(24, 70, HOUR) if b.chance.hit(3) else b.later(1, 5, HOUR)
    if not overdue:
        if b.unpaid_tick > 0:
            b.tell(at, ArrearsChanged(days_past_due=0, amount=0), lag)
        b.unpaid_tick = -1
        return
    late = day - overdue[0].day
    if late <= 7 or late % 5 == 0 or late % 30 == 1 or late < b.unpaid_tick:
        b.tell(at, ArrearsChanged(days_past_due=late, amount=sum(item.amount for item in overdue)), lag)
    b.unpaid_tick = late
    b.plan(b.period.midnight(day + 1) + _DAY_END, write_arrears)


def leans(b: Borrower, day: int, percent: int = 85, term: int = 12) -> None:
    """On a day the balance is brought up to about ``percent`` of the line in one draw, repaid over ``term`` months."""

    def deed(b: Borrower, at: int) -> None:
        draw(b, at, b.account.amount * percent // 100 - b.account.owed, purpose(b), term)

    b.plan(b.when(day, 9, 20), deed)


def late_for(b: Borrower, from_day: int, until_day: int, low: int, high: int) -> Lateness:
    """On time, but ``low`` to ``high`` days late where the instalment falls due between two days."""

    def lateness(day: int) -> int | None:
        return b.chance.between(low, high) if from_day <= day < until_day else 0

    return lateness


def never_from(from_day: int) -> Lateness:
    """On time until a day, then never again."""

    def lateness(day: int) -> int | None:
        return 0 if day < from_day else None

    return lateness


def repay(b: Borrower, at: int, amount: int) -> int:
    """Pay back principal before it is due; what was paid."""
    paid = b.account.prepay(b.day(at), amount) if amount > 0 else 0
    if paid:
        interest = max(1, paid // 2000)
        b.tell(at, RepaymentReceived(amount=paid + interest, principal=paid, early=True))
    return paid
