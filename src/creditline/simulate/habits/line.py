"""Using the line: drawing, paying instalments on time or late, paying early, and the arrears the core writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from creditline.events.kinds import (
    DrawBooked,
    DrawRequested,
    InstalmentSettled,
    LoanWrittenOff,
    Purpose,
    PurposeChecked,
    RepaymentReceived,
)
from creditline.lending.account import NOT_BEHIND
from creditline.lending.derived import arrears_body, balance, statement_body
from creditline.simulate.account import WRITTEN_OFF_AFTER, reference, shipped
from creditline.simulate.borrower import HOUR, SECOND, YUAN, Borrower, Lateness
from creditline.simulate.period import MINUTE

DAILY: tuple[Purpose, ...] = ("daily", "daily", "education", "medical", "renovation", "travel")
TRADE: tuple[Purpose, ...] = ("stock", "stock", "stock", "wages", "rent", "equipment")

INSTALMENT = {"person": "consumer-instalment", "business": "business-instalment"}
"""The product a draw is on unless it says otherwise, by party."""
FLEXIBLE = {"person": "consumer-any-day", "business": "business-interest-first"}
"""The product for money that is paid back all at once, by party."""

_LEAST = 500 * YUAN


def on_time(_day: int) -> int | None:
    """Never late."""
    return 0


def purpose(b: Borrower) -> Purpose:
    """An ordinary purpose for this kind of borrower."""
    return b.chance.pick(DAILY if b.party == "person" else TRADE)


def draw(
    b: Borrower,
    at: int,
    amount: int,
    what_for: Purpose | None,
    term: int,
    payee: str | None = None,
    *,
    flexible: bool = False,
) -> int:
    """Draw up to ``amount``, what is left of the line at most; what was drawn.

    Nothing while anything that fell due is unpaid, nor after a write-off, nor where the limit in force leaves less
    than the product lends. What is ``flexible`` is drawn on the product for money paid back at once, as long as it
    lends so little and so much.
    """
    step = 100 * YUAN
    day, account = b.day(at), b.account
    account.advance(day)
    if account.unpaid or account.is_lost:
        return 0
    amount = account.room(at, amount) // step * step
    name, at_once = INSTALMENT[b.party], shipped(FLEXIBLE[b.party])
    if flexible and at_once.least <= amount <= at_once.most:
        name = FLEXIBLE[b.party]
    product = shipped(name)
    if amount < max(_LEAST, product.least):
        return 0
    loan = account.draw(at, amount, name, term, what_for).id
    b.draws += 1
    due_day = account.due_day if product.due_day == "line" else None
    request = DrawRequested(loan=loan, amount=amount, product=reference(name), instalments=term, due_day=due_day)
    b.tell(max(at - b.later(5, 60, SECOND), b.arrived + 1), request)
    b.tell(at, DrawBooked(amount=amount, purpose=what_for, counterparty=payee, loan=loan))
    _notes_due_days(b)
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
    """Instalments are paid so late after they fall due; a statement closes at the end of every month."""
    b.lateness = lateness
    for day in b.period.firsts[1:]:
        b.plan(b.period.midnight(day) - 2, close_statement)


def _notes_due_days(b: Borrower) -> None:
    """Put the days on which the loans next fall due on the agenda."""
    for day in b.account.due_days - b.due_days:
        b.due_days.add(day)
        b.plan(b.period.midnight(day) + HOUR, fall_due)


def fall_due(b: Borrower, at: int) -> None:
    """What is due today falls due, and will be paid some day or never."""
    day = b.day(at)
    b.account.advance(day)
    _notes_due_days(b)
    if not b.account.is_unpaid(day):
        return
    late = b.lateness(day)
    if late is not None:
        b.plan(b.when(day + late, 8, 20), lambda b, at: pay(b, at, day))
    if late != 0 and b.behind is None:
        b.behind = NOT_BEHIND
        _looks_tomorrow(b, day)


def pay(b: Borrower, at: int, until: int) -> None:
    """Pay every instalment that fell due up to a day, with its penalty."""
    b.account.advance(b.day(at))
    _pays(b, at, b.account.due(until))


def repay(b: Borrower, at: int, amount: int) -> int:
    """Pay money back before it is due, everything where ``amount`` is all that is owed; principal repaid.

    What has fallen due is paid first, and interest to this day.
    """
    account = b.account
    account.advance(b.day(at))
    whole = account.payoff()
    return _pays(b, at, whole if amount >= account.owed else min(amount, whole))


def _pays(b: Borrower, at: int, amount: int) -> int:
    """Money for the line comes in; principal among it."""
    if amount <= 0:
        return 0
    taken = b.account.repay(b.day(at), amount)
    b.tell(at, RepaymentReceived(amount=amount, principal=taken.principal, early=taken.early > 0))
    for place, row in enumerate(b.account.settled(), 1):
        body = InstalmentSettled(amount=row.amount, days_late=row.days_late)
        b.tell(at + place * SECOND, body, b.later(0, 600, SECOND))
    return taken.principal


def close_statement(b: Borrower, at: int) -> None:
    """The billing month closes: balance, what was paid in it, months behind."""
    account = b.account
    account.advance(b.day(at))
    core = account.core
    body = statement_body(balance(core), core.credit, account.paid, core.arrears().days_past_due)
    b.tell(at, body, b.later(0, 3, HOUR))
    account.paid = 0


def _looks_tomorrow(b: Borrower, day: int) -> None:
    b.plan(b.period.midnight(day + 2) - 1, write_arrears)


def write_arrears(b: Borrower, at: int) -> None:
    """The core's day end: how far the line is behind, where that has changed, until nothing is unpaid any more."""
    day = b.day(at)
    b.account.advance(day)
    now = b.account.core.arrears()
    if now != b.behind:
        lag = b.later(24, 70, HOUR) if b.chance.hit(3) else b.later(1, 5, HOUR)
        b.tell(at, arrears_body(now), lag)
    if not b.account.unpaid:
        b.behind = None
        return
    b.behind = now
    if now.days_past_due == WRITTEN_OFF_AFTER:
        b.plan(b.period.midnight(day + 2) - 10 * MINUTE, _writes_off)
    _looks_tomorrow(b, day)


def _writes_off(b: Borrower, at: int) -> None:
    """What is still unpaid is lost: its loans are taken off the books, and the line stays in arrears by them."""
    b.account.advance(b.day(at))
    if b.account.core.arrears().days_past_due <= WRITTEN_OFF_AFTER:
        return
    for place, loan in enumerate(b.account.write_off(b.day(at))):
        b.tell(at + place * SECOND, LoanWrittenOff(loan=loan))


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
