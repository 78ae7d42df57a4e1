"""From the log to accounts: which events of a line move its money, in which order, and the account they make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from creditline.clock import DAY
from creditline.events.event import Event
from creditline.events.kinds import (
    DrawBooked,
    DrawCancelled,
    DrawRequested,
    EventVoided,
    LoanRescheduled,
    LoanWrittenOff,
    RepaymentReceived,
)
from creditline.lending.account import Account, LendingError
from creditline.lending.product import Product
from creditline.lending.terms import Terms

Products = Mapping[str, Product]
"""Products by the reference that draws give them: name, ``@``, version."""

Moving = DrawBooked | LoanRescheduled | RepaymentReceived | LoanWrittenOff


class Operation(NamedTuple):
    """One event that moves money. An account takes them in order of moment, then id."""

    at: int
    """Moment it happened, microseconds."""
    id: str
    day: int
    loan: str
    says: Moving
    terms: Terms | None
    """What was agreed, for a draw."""


class Skipped(NamedTuple):
    """An operation that no longer fits, because something before it was voided or became known late."""

    operation: Operation
    why: LendingError


def local_day(moment: int, offset: int) -> int:
    """The day number of a moment at an offset from UTC, both in microseconds."""
    return (moment + offset) // DAY


def operations(
    events: Iterable[Event], products: Products, offset: int, known_until: int | None = None
) -> list[Operation]:
    """What moves money on one line, in order, as known by a moment (microseconds; None for all that is known).

    Voided events do not count, and neither does what another system's core did: draws that name no loan, and whatever
    came before the first draw that does, voided or not. Of two requests for one loan the earlier counts. LendingError
    where a draw names a product that is not there, ProductError where the product does not allow it.
    """
    known = [event for event in events if known_until is None or event.known <= known_until]
    known.sort(key=lambda event: (event.at, event.id))
    voided = {event.body.event for event in known if isinstance(event.body, EventVoided)}
    asked = {event.body.loan for event in known if isinstance(event.body, DrawRequested)}
    agreed: dict[str | None, DrawRequested] = {}
    found: list[Operation] = []
    for event in known:
        if isinstance(event.body, DrawRequested) and event.id not in voided:
            agreed.setdefault(event.body.loan, event.body)
    begun = False
    for event in known:
        body = event.body
        if not isinstance(body, Moving):
            continue
        is_draw = isinstance(body, DrawBooked)
        begun = begun or (is_draw and body.loan in asked)
        if not begun or event.id in voided or (is_draw and body.loan not in agreed):
            continue
        day, loan = local_day(event.at, offset), body.loan or ""
        terms = _terms(agreed[loan], day, products) if is_draw else None
        found.append(Operation(event.at, event.id, day, loan, body, terms))
    return found


def pending(events: Iterable[Event]) -> dict[str, int]:
    """Amounts of draws that were agreed and are neither paid out nor cancelled, by loan, minor units."""
    listed = list(events)
    voided = {event.body.event for event in listed if isinstance(event.body, EventVoided)}
    waiting: dict[str, int] = {}
    ended: set[str | None] = set()
    for event in listed:
        if event.id in voided:
            continue
        if isinstance(event.body, DrawRequested):
            waiting[event.body.loan] = event.body.amount
        elif isinstance(event.body, DrawBooked | DrawCancelled):
            ended.add(event.body.loan)
    return {loan: amount for loan, amount in waiting.items() if loan not in ended}


def apply(account: Account, operation: Operation) -> None:
    """Do one operation on an account. LendingError where it does not fit; then nothing was done."""
    body = operation.says
    if isinstance(body, DrawBooked):
        assert operation.terms is not None
        account.draw(operation.day, operation.id, operation.loan, operation.terms)
    elif isinstance(body, RepaymentReceived):
        # Money whose loan is gone, its draw being voided, is the borrower's all the same: it goes to the line.
        account.repay(operation.day, operation.id, body.amount, body.loan if body.loan in account.loans else None)
    elif isinstance(body, LoanRescheduled):
        account.reschedule(operation.day, body.loan, body.change, body.instalments)
    else:
        account.write_off(operation.day, operation.id, body.loan)


def build(line: str, moves: Iterable[Operation], until: int) -> tuple[Account, list[Skipped]]:
    """The account at the end of a day, worked out from nothing, and what did not fit."""
    account, skipped = Account(line), list[Skipped]()
    for move in moves:
        if move.day <= until:
            _try(account, move, skipped)
    if account.loans:
        account.advance(until)
    return account, skipped


def _try(account: Account, move: Operation, skipped: list[Skipped]) -> None:
    try:
        apply(account, move)
    except LendingError as error:
        skipped.append(Skipped(move, error))


def _terms(agreed: DrawRequested, day: int, products: Products) -> Terms:
    product = products.get(agreed.product)
    if product is None:
        raise LendingError("product", agreed.product, "publish the product this draw names", "is not known")
    rate = None if agreed.rate is None else agreed.rate * 1000
    return product.terms(agreed.amount, day, agreed.instalments, rate=rate, due_day=agreed.due_day, check_cost=False)
