"""Lending on the lines of a home: draws, repayments and what undoes them, each checked as a whole before it is written.

Every operation reads and writes in one transaction. What is refused is a ``LendingError`` and leaves every byte of the
home as it was. Amounts are minor units, moments microseconds since 1970 UTC, days day numbers at the line's offset.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple, cast, get_args

import msgspec

from creditline.clock import format_moment
from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.events.kinds import (
    MINOR_MAX,
    DrawBooked,
    DrawCancelled,
    DrawRequested,
    EventVoided,
    InstalmentSettled,
    Kind,
    LoanRescheduled,
    LoanWrittenOff,
    Purpose,
    RepaymentReceived,
)
from creditline.lending.account import Account, LendingError, Receipt
from creditline.lending.cost import yearly_cost
from creditline.lending.derived import DERIVED, corrections, derive, free_id, void_of
from creditline.lending.loan import Change
from creditline.lending.operations import (
    Moving,
    Operation,
    Skipped,
    apply,
    build,
    local_day,
    pending,
)
from creditline.lending.product import Product
from creditline.lending.schedule import Row, plan
from creditline.lending.statement import RowShown, to_come
from creditline.lending.terms import Terms
from creditline.money import format_minor
from creditline.policy import read_policy
from creditline.service.account import (
    CLOSED_UP_TO,
    OFFSET_DEFAULT,
    Line,
    LineAccount,
    Refused,
    check_loan,
    line_account,
    line_of,
    not_of,
    offset_of,
    payoffs,
    product_named,
    products_of,
    publish_product,
    standing_of,
    voided_in,
)
from creditline.store import Home

_LENDING = (*get_args(Moving), DrawRequested, DrawCancelled, EventVoided)
_OWN_IDS = ("arrears:", "settled:", "statement:", "void:", "draw:", "reschedule:", "write-off:")
_ID = re.compile(r"[^\x00-\x1f\x7f]{1,100}")
_LOAN = re.compile(r"[A-Za-z0-9._-]{1,40}")


@dataclass(frozen=True, slots=True)
class DrawAgreed:
    """A draw as agreed: its terms, its schedule and what it costs a year, all from the day they were worked out for."""

    line: str
    loan: str
    product: Product
    terms: Terms
    rows: list[Row]
    simple: Decimal
    """Yearly cost, fees and all: 0.144 is 14.4 %."""
    compound: Decimal


class Repaid(NamedTuple):
    """A repayment as it was taken; amounts as in ``Receipt``."""

    id: str
    """Of its event: what ``reverse`` is told."""
    day: int
    """The day it counts for."""
    amount: int
    principal: int
    interest: int
    fees: int
    penalty: int
    recovered: int
    credit: int
    early: int
    repeated: bool = False
    """Whether it was in the log already, so that nothing was written."""


# -- drawing ----------------------------------------------------------------------------------------


def request_draw(
    home: Home,
    line: str,
    amount: int,
    product: str,
    instalments: int,
    *,
    purpose: str | None = None,
    loan: str | None = None,
    rate: int | None = None,
    due_day: int | None = None,
    now: int,
) -> DrawAgreed:
    """Agree to a draw: it reserves the limit until it is booked or cancelled.

    ``product`` is a reference, or a name for the version published last. Without a ``rate`` (annual, millionths) the
    line's own counts, as decided when it was opened, else the product's; without a ``due_day`` that of the line's
    earlier draws. Raises Refused.
    """
    with home.turn():
        found = line_of(home, line)
        _check_now(found, now)
        _check_amount(amount)
        reference, chosen = product_named(home, found.products, product)
        _check_same_books(home, found, chosen)
        day = local_day(now, chosen.utc_offset)
        standing = standing_of(home, found, day)
        _check_may_draw(standing)
        rate = standing.rate if rate is None else rate
        if due_day is None and chosen.due_day == "line":
            due_day = standing.due_day
        name = _new_loan(found, loan)
        asked = DrawRequested(
            loan=name, amount=amount, product=reference, instalments=instalments, rate=rate, due_day=due_day
        )
        agreed = _agreed(found, asked, chosen, day, purpose)
        _check_room(standing, amount)
        _write(home, found, [_event(found, f"draw:{name}:requested", now, asked)])
    return agreed


def book_draw(
    home: Home, line: str, loan: str, *, purpose: str | None = None, payee: str | None = None, now: int
) -> DrawAgreed:
    """Pay out a draw that was agreed: it becomes a loan on the day of ``now``, on the terms of that day.

    The line must still be open, not in arrears, and its limit large enough. Raises Refused.
    """
    with home.turn():
        found = line_of(home, line)
        _check_now(found, now)
        asked = _waiting(home, found, loan)
        _, product = product_named(home, found.products, asked.product)
        day = local_day(now, found.offset)
        standing = standing_of(home, found, day)
        _check_may_draw(standing)
        if payee is not None and not 1 <= len(payee) <= 200:
            raise Refused("payee", payee, "give 1 to 200 characters, or leave it out")
        agreed = _agreed(found, asked, product, day, purpose)
        del standing.pending[loan]
        _check_room(standing, asked.amount)
        body = DrawBooked(amount=asked.amount, purpose=cast(Purpose | None, purpose), counterparty=payee, loan=loan)
        _write(home, found, [_event(found, f"draw:{loan}:booked", now, body)])
    return agreed


def cancel_draw(home: Home, line: str, loan: str, *, now: int) -> None:
    """Give up a draw that was agreed and not paid out; what it reserved is free again. Raises Refused."""
    with home.turn():
        found = line_of(home, line)
        _check_now(found, now)
        _waiting(home, found, loan)
        _write(home, found, [_event(found, f"draw:{loan}:cancelled", now, DrawCancelled(loan=loan))])


def _agreed(found: Line, asked: DrawRequested, product: Product, day: int, purpose: str | None) -> DrawAgreed:
    """The terms of a draw on a day and what it costs; Refused where the product does not allow it."""
    rate = None if asked.rate is None else asked.rate * 1_000
    try:
        terms = product.terms(asked.amount, day, asked.instalments, rate=rate, due_day=asked.due_day, purpose=purpose)
        rows = plan(terms)
        proceeds = terms.principal - terms.upfront_fee
        by_months = terms.day_count == "30/360"
        months, first = (terms.due.months, terms.due.first(day)) if by_months else (0, (0, 1))
        simple = yearly_cost(proceeds, day, rows, "simple", months=months, first=first)
        compound = yearly_cost(proceeds, day, rows, "compound")
    except CreditlineError as error:
        raise Refused(error.place, error.value, error.remedy, error.problem) from error
    return DrawAgreed(found.id, asked.loan, product, terms, rows, simple, compound)


def _check_may_draw(standing: LineAccount) -> None:
    """Whether the line may be drawn on at all."""
    if standing.status != "open":
        problem = "was never decided on" if standing.status == "new" else f"is {standing.status}, not open"
        remedy = "let the policy decide on it: creditline run"
        if standing.status != "new":
            remedy = f"see why: creditline line show {standing.line}"
        raise Refused("line", standing.line, remedy, problem)
    behind = standing.account.arrears()
    if behind.amount:
        remedy = "repay what is overdue first"
        raise Refused("overdue", format_minor(behind.amount), remedy, f"has been for {behind.days_past_due} days")


def _check_room(standing: LineAccount, amount: int) -> None:
    if amount > standing.available:
        owed, waiting = standing.account.owed, sum(standing.pending.values())
        remedy = (
            f"draw at most {format_minor(standing.available)}: of a limit of {format_minor(standing.limit)}, "
            f"{format_minor(owed)} is owed and {format_minor(waiting)} reserved"
        )
        raise Refused("amount", format_minor(amount), remedy, "is more than is available")


def _check_same_books(home: Home, found: Line, product: Product) -> None:
    """A line has one currency, that of its limit and of its earlier draws, and one calendar."""
    currency = found.currency or _currency_decided(home, found)
    if currency not in (None, product.currency):
        raise Refused("currency", product.currency, f"choose a product in {currency}", "is not the line's")
    if found.currency is not None and product.utc_offset != found.offset:
        own, other = (format_moment(0, offset)[19:] for offset in (found.offset, product.utc_offset))
        raise Refused(
            "utc_offset", other, f"choose a product at {own}, as the line's earlier draws", "is not the line's"
        )


def _currency_decided(home: Home, found: Line) -> str | None:
    """The currency of the policy that decided last; None where that is not published in the home."""
    version = found.decisions[-1].policy if found.decisions else None
    return next((_currency(each.source) for each in home.policies() if each.version == version), None)


@lru_cache(maxsize=64)
def _currency(source: str) -> str:
    return read_policy(source, "policy.yaml").currency


def _new_loan(found: Line, loan: str | None) -> str:
    """The id of a loan to be: as given, or the next number."""
    taken = {event.body.loan for event in found.events if isinstance(event.body, DrawRequested)}
    if loan is None:
        numbers = [int(name[1:]) for name in taken if re.fullmatch(r"L[0-9]{1,9}", name)]
        return f"L{max(numbers, default=0) + 1:03d}"
    if not _LOAN.fullmatch(loan):
        raise Refused("loan", loan, "give 1 to 40 letters, digits, dots, dashes", "cannot be an id")
    if loan in taken:
        raise Refused("loan", loan, "give each loan of a line an id of its own", "is there already")
    return loan


def _waiting(home: Home, found: Line, loan: str) -> DrawRequested:
    """What was agreed for a draw that is neither paid out nor cancelled."""
    if loan in pending(found.events):
        return found.agreed[loan]
    if loan not in found.agreed:
        raise not_of(home, found, loan, "draw")
    voided = voided_in(found.events)
    ended = [each.body for each in found.events if each.id not in voided and isinstance(each.body, DrawCancelled)]
    became = "was cancelled" if any(body.loan == loan for body in ended) else "is booked already"
    raise Refused("loan", loan, "ask for a new draw", became)


# -- repaying ---------------------------------------------------------------------------------------


def repay(
    home: Home,
    line: str,
    amount: int,
    *,
    loan: str | None = None,
    at: int | None = None,
    now: int,
    id: str | None = None,  # noqa: A002 - what it is called wherever there are events
) -> Repaid:
    """Take in money for a line, or for one of its loans, that came in at ``at`` (now, if not given).

    Sent again under the same id it changes nothing and tells where the money went; without an id one is made from
    line, amount, loan and moment. Raises Refused.
    """
    with home.turn():
        found = line_of(home, line)
        _check_amount(amount)
        if id is not None and (not _ID.fullmatch(id) or id.startswith(_OWN_IDS)):
            raise Refused("id", id, f"give up to 100 characters that do not begin with {', '.join(_OWN_IDS)}")
        moment = now if at is None else at
        name = id or _made_id(line, amount, loan, moment)
        if moment > now:
            raise Refused("at", format_moment(moment, found.offset), "send it once the money is in", "is to come")
        known = next((event for event in found.events if event.id == name), None)
        if known is not None:
            return _again(found, known, amount, loan, at)
        _check_now(found, now)
        event = Event(name, line, moment, now, RepaymentReceived(amount=amount, principal=0, loan=loan))
        _check_drawn(home, found, event, loan)
        receipt = _receipt(found, found.moves(event), name)
        body = RepaymentReceived(amount=amount, principal=receipt.principal, early=receipt.early > 0, loan=loan)
        event = msgspec.structs.replace(event, body=body)
        _write(home, found, [event, *_settled_anew(found, [event], now)])
    return Repaid(name, local_day(moment, found.offset), *receipt)


def reverse(home: Home, line: str, event_id: str, reason: str, *, now: int) -> tuple[str, ...]:
    """Take back a repayment, a draw on which nothing was repaid, a reschedule or a write-off, as if it had never been.

    Instalments it had settled are settled no longer. The ids of all events that were voided. Raises Refused.
    """
    with home.turn():
        found = line_of(home, line)
        _check_now(found, now)
        if not 1 <= len(reason.strip()) <= 200:
            raise Refused("reason", reason, "say why, in 1 to 200 characters")
        target = _reversible(found, event_id)
        void = void_of(target, reason, now, {event.id for event in found.events})
        if not isinstance(target.body, RepaymentReceived):
            _check_still_fits(found, [void], f"reversing {event_id}")
        events = [void, *_settled_anew(found, [void], now)]
        _write(home, found, events)
    return tuple(event.body.event for event in events if isinstance(event.body, EventVoided))


def _check_drawn(home: Home, found: Line, event: Event, loan: str | None) -> None:
    """Money comes in after the draw that it repays, as does what else is done to a loan."""
    if loan is not None:
        check_loan(home, found, loan)
    draws = [move for move in found.moves() if move.terms is not None and loan in (None, move.loan)]
    if not draws:
        place, value = ("line", found.id) if loan is None else ("loan", loan)
        raise Refused(place, value, "book the draw first", "is not drawn")
    first = draws[0]
    if (event.at, event.id) < (first.at, first.id):
        remedy = f"give a moment after {format_moment(first.at, found.offset)}, when the draw was paid out"
        raise Refused("at", format_moment(event.at, found.offset), remedy, "lies before the draw")


def _again(found: Line, known: Event, amount: int, loan: str | None, at: int | None) -> Repaid:
    """The same repayment sent again: where its money went. Refused where anything differs."""
    body = known.body
    same = isinstance(body, RepaymentReceived) and (body.amount, body.loan) == (amount, loan)
    if not same or (at is not None and at != known.at):
        remedy = "give a new repayment an id of its own; to take the old one back, reverse it"
        raise Refused("id", known.id, remedy, "is in the log with other content")
    if known.id in voided_in(found.events):
        raise Refused("id", known.id, "give the money that came in again an id of its own", "was reversed")
    receipt = _receipt(found, found.moves(), known.id)
    return Repaid(known.id, local_day(known.at, found.offset), *receipt, repeated=True)


def _receipt(found: Line, moves: Sequence[Operation], event: str) -> Receipt:
    """Where the money of one repayment went, by all that is known."""
    account = Account(found.id)
    for move in moves:
        body = move.says
        if move.id == event:
            assert isinstance(body, RepaymentReceived)
            return account.repay(move.day, move.id, body.amount, body.loan if body.loan in account.loans else None)
        try:
            apply(account, move)
        except LendingError:
            continue
    raise Refused("id", event, "send it to the system that lent then", "was not booked by the lending core")


def _settled_anew(found: Line, events: Sequence[Event], now: int) -> list[Event]:
    """What these events change about the instalments that the log says are settled."""
    today = local_day(now, found.offset)
    wanted = derive(found.id, found.moves(*events), today).derived
    known = [*found.events, *events]
    return corrections(known, wanted, until=today, offset=found.offset, now=now, only=(InstalmentSettled,))


def _reversible(found: Line, event_id: str) -> Event:
    target = next((event for event in found.events if event.id == event_id), None)
    if target is None:
        raise Refused("event", event_id, f"name an event of line {found.id}", "is none of this line")
    if isinstance(target.body, EventVoided):
        raise Refused("event", event_id, "enter again what should count, under a new id", "is a reversal itself")
    if event_id in voided_in(found.events):
        raise Refused("event", event_id, "it counts no longer", "is reversed already")
    if isinstance(target.body, DERIVED):
        raise Refused("event", event_id, "reverse the repayment it follows from", "is worked out, not entered")
    if isinstance(target.body, DrawRequested):
        raise Refused("event", event_id, "cancel the draw", "only reserves the limit")
    if event_id not in {move.id for move in found.moves()}:
        raise Refused("event", event_id, "name a repayment or a draw of the lending core", "cannot be reversed")
    if isinstance(target.body, DrawBooked):
        assert target.body.loan is not None
        _check_nothing_repaid(found, target.body.loan)
    return target


def _check_nothing_repaid(found: Line, loan: str) -> None:
    moves = found.moves()
    account, _ = build(found.id, moves, max(move.day for move in moves))
    paid = [
        entry.cause for entry in account.entries if entry.loan == loan and entry.kind in ("repayment", "credit_used")
    ]
    if paid:
        raise Refused("loan", loan, f"reverse {paid[-1]} first", "has been repaid in part")


# -- changing ---------------------------------------------------------------------------------------


def reschedule(
    home: Home, line: str, loan: str, change: Change, instalments: int | None = None, *, now: int
) -> list[RowShown]:
    """Plan what of a loan has not fallen due anew, as of today; its rows to come. Raises Refused."""
    with home.turn():
        found = line_of(home, line)
        _check_now(found, now)
        if change not in get_args(Change):
            raise Refused("change", change, f"choose {', '.join(get_args(Change))}")
        if instalments is not None and not 1 <= instalments <= 600:
            raise Refused("instalments", instalments, "give 1 to 600")
        before = sum(isinstance(event.body, LoanRescheduled) and event.body.loan == loan for event in found.events)
        body = LoanRescheduled(loan=loan, change=change, instalments=instalments)
        event = _event(found, f"reschedule:{loan}:{before + 1:03d}", now, body)
        _check_drawn(home, found, event, loan)
        account = _check_still_fits(found, [event], f"rescheduling {loan}")
        _write(home, found, [event])
    return to_come(account.loans[loan], account.day)


def write_off(home: Home, line: str, loan: str, *, now: int) -> int:
    """Take a loan off the books as lost; how much that was. What comes in for it later is recovered. Raises Refused."""
    with home.turn():
        found = line_of(home, line)
        _check_now(found, now)
        event = _event(found, f"write-off:{loan}", now, LoanWrittenOff(loan=loan))
        _check_drawn(home, found, event, loan)
        account = _check_still_fits(found, [event], f"writing off {loan}")
        _write(home, found, [event])
    return account.loans[loan].claim


def _check_still_fits(found: Line, events: Sequence[Event], doing: str) -> Account:
    """The account with these events; Refused where they do not fit, or others no longer would."""
    before, after = found.moves(), found.moves(*events)
    unfit = {each.operation.id for each in _built(found, before)[1]}
    account, skipped = _built(found, after)
    mine = {event.id for event in events}
    for each in skipped:
        if each.operation.id in mine:
            why = each.why
            raise Refused(why.place, why.value, why.remedy, why.problem) from why
    # Without its first draw a line is none of the lending core's, and what came before the next draw is not either.
    gone = {move.id for move in before} - {move.id for move in after} - voided_in(events)
    gone |= {each.operation.id for each in skipped} - unfit
    if gone:
        raise Refused("event", max(gone), "reverse that first", f"would not fit after {doing}")
    return account


def _built(found: Line, moves: Sequence[Operation]) -> tuple[Account, list[Skipped]]:
    return build(found.id, moves, max((move.day for move in moves), default=0))


# -- shared -----------------------------------------------------------------------------------------


def _check_amount(amount: int) -> None:
    if amount <= 0:
        raise Refused("amount", format_minor(amount), "give more than 0.00")
    if amount > MINOR_MAX:
        raise Refused("amount", format_minor(amount), f"give at most {format_minor(MINOR_MAX)}", "is too large")


def _check_now(found: Line, now: int) -> None:
    """What is done becomes known after what was done before; else it could not be told what was known when."""
    last = max((event.known for event in found.events if isinstance(event.body, _LENDING)), default=0)
    if now < last:
        remedy = f"give {format_moment(last, found.offset)} or later, when the last of this line became known"
        raise Refused("now", format_moment(now, found.offset), remedy, "lies before it")


def _event(found: Line, name: str, now: int, body: Kind) -> Event:
    """An event of this moment, under its id or, where that is taken, a further version of it."""
    return Event(free_id(name, {event.id for event in found.events}), found.id, now, now, body)


def _made_id(line: str, amount: int, loan: str | None, moment: int) -> str:
    content = f"{line}\n{amount}\n{loan or ''}\n{moment}"
    return f"repayment:{hashlib.sha256(content.encode()).hexdigest()[:16]}"


def _write(home: Home, found: Line, events: Sequence[Event]) -> None:
    appended = home.append(events)
    assert not appended.refused, appended.refused
    assert appended.accepted == len(events), found.id


__all__ = [
    "CLOSED_UP_TO", "OFFSET_DEFAULT", "DrawAgreed", "LineAccount", "Refused", "Repaid", "book_draw", "cancel_draw",
    "line_account", "offset_of", "payoffs", "products_of", "publish_product", "repay", "request_draw", "reschedule",
    "reverse", "write_off",
]  # fmt: skip
