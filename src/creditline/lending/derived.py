"""What the lending core tells the policies about a line: instalments settled, arrears at a day's end, statements.

These events follow from the operations alone. ``derive`` says what they should be; ``corrections`` sets that against
those in the log and gives the events that put the log right: voids of what is wrong, and what is missing.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from creditline.clock import DAY
from creditline.events.event import Event
from creditline.events.kinds import (
    ArrearsChanged,
    DrawBooked,
    DrawRequested,
    EventVoided,
    InstalmentSettled,
    RepaymentReceived,
    Settlement,
    StatementClosed,
)
from creditline.lending.account import NOT_BEHIND, Account, Arrears, LendingError
from creditline.lending.operations import Operation, apply, local_day
from creditline.lending.terms import Part, date_of, day_number

DerivedBody = InstalmentSettled | ArrearsChanged | StatementClosed
DERIVED: tuple[type[DerivedBody], ...] = (InstalmentSettled, ArrearsChanged, StatementClosed)

VOIDED_BECAUSE = "follows no longer from what is known"
"""The reason given for voiding a derived event."""

DAYS_MAX = 36_500
MONTHS_MAX = 1_200
"""The most days and months that an event can tell; what lies further back is told as these."""

_BESIDE_PRINCIPAL: tuple[Part, ...] = ("fee", "penalty", "interest")
_LONGEST = 150
"""Longest name that others are made from: with what is added, an id stays below 200 characters."""


class Derived(NamedTuple):
    """One event that should be in the log."""

    name: str
    """Its id, but for the number of the version where it had to be written again."""
    day: int
    after: int | None
    """Moment of the operation that brought it about; None for the day itself."""
    body: DerivedBody


@dataclass(slots=True)
class Lived:
    """A line lived through day by day."""

    account: Account
    """As it stands at the end of the last day."""
    derived: list[Derived]
    paid: int = 0
    """Money that came in since the last statement, minor units."""
    arrears: Arrears = NOT_BEHIND


def derive(line: str, moves: Sequence[Operation], until: int) -> Lived:
    """Live through a line's operations to the end of a day, and note what is to be told of it."""
    lived = Lived(Account(line), [])
    account, number = lived.account, 0
    while (day := _next_day(account, moves[number].day if number < len(moves) else None)) is not None and day <= until:
        before = len(account.settled)
        account.advance(day)
        _note_settled(lived, before, None)
        while number < len(moves) and moves[number].day == day:
            _take(lived, moves[number])
            number += 1
        arrears = account.arrears()
        if arrears != lived.arrears:
            lived.derived.append(Derived(f"arrears:{date_of(day)}", day, None, arrears_body(arrears)))
        lived.arrears = arrears
        if account.loans and day == month_end(day):
            body = statement_body(balance(account), account.credit, lived.paid, arrears.days_past_due)
            lived.derived.append(Derived(f"statement:{date_of(day):%Y-%m}", day, None, body))
            lived.paid = 0
    if account.loans:
        account.advance(until)
    return lived


def balance(account: Account) -> int:
    """What is owed in all, minor units: principal, and what is recognised of the rest and unpaid; less the credit."""
    parts = (row.unpaid[part] for loan in account.live for row in loan.unsettled for part in _BESIDE_PRINCIPAL)
    return account.owed + sum(parts) - account.credit


def arrears_body(arrears: Arrears) -> ArrearsChanged:
    """How far a line is behind, as an event tells it."""
    return ArrearsChanged(days_past_due=min(arrears.days_past_due, DAYS_MAX), amount=arrears.amount)


def statement_body(balance: int, credit: int, paid: int, days_past_due: int) -> StatementClosed:
    """The statement of a month at whose end this is owed (``balance``, less the credit) and so much was paid in it."""
    behind = min((days_past_due + 29) // 30, MONTHS_MAX)
    settlement: Settlement = "revolving"
    if behind:
        settlement = "behind"
    elif not balance + credit:
        settlement = "paid_in_full" if paid else "nothing_owed"
    return StatementClosed(balance=balance, paid=paid, months_behind=behind, settlement=settlement)


@lru_cache(maxsize=8_192)
def month_end(day: int) -> int:
    """The last day of the month a day lies in."""
    that = date_of(day)
    year, month = divmod(that.year * 12 + that.month, 12)
    return day_number(that.replace(year=year, month=month + 1, day=1)) - 1


def end_of_day(day: int, offset: int) -> int:
    """The last microsecond of a local day."""
    return (day + 1) * DAY - offset - 1


def lent_since(events: Iterable[Event], offset: int) -> int | None:
    """The day of the first draw that the lending core ever booked on a line, voided or not; None where there is none.

    From that day on, instalments settled, arrears and statements are the core's to tell, whoever wrote them.
    """
    listed = list(events)
    asked = {event.body.loan for event in listed if isinstance(event.body, DrawRequested)}
    booked = (event.at for event in listed if isinstance(event.body, DrawBooked) and event.body.loan in asked)
    first = min(booked, default=None)
    return None if first is None else local_day(first, offset)


def void_of(event: Event, reason: str, now: int, taken: set[str]) -> Event:
    """The event that voids another one, under an id that is not taken."""
    name = f"void:{event.id if len(event.id) <= _LONGEST else _short(event.id)}"
    return Event(free_id(name, taken), event.line, now, now, EventVoided(event=event.id, reason=reason))


def free_id(name: str, taken: set[str]) -> str:
    """The id of a new event: the name, or the next version of it where that is taken."""
    version, free = 1, name
    while free in taken:
        version += 1
        free = f"{name}~{version}"
    return free


def corrections(
    events: Sequence[Event],
    wanted: Iterable[Derived],
    *,
    until: int,
    offset: int,
    now: int,
    only: tuple[type[DerivedBody], ...] = DERIVED,
) -> list[Event]:
    """Events to append so that the derived ones standing in a line's log, up to the end of a day, say what is wanted.

    ``events`` are all of the line. One that stands counts as right if it says the same of the same day, whatever its
    id. ``now`` is when the new ones become known; none does before it happened.
    """
    since = lent_since(events, offset)
    if since is None:
        return []
    wants: dict[tuple[int, DerivedBody], list[Derived]] = defaultdict(list)
    for want in wanted:
        if isinstance(want.body, only):
            wants[want.day, want.body].append(want)
    voided = {event.body.event for event in events if isinstance(event.body, EventVoided)}
    ids = {event.id for event in events}
    out: list[Event] = []
    for event in events:
        day, body = local_day(event.at, offset), event.body
        if not isinstance(body, only) or event.id in voided or not since <= day <= until:
            continue
        if wants.get((day, body)):
            wants[day, body].pop()
        else:
            out.append(void_of(event, VOIDED_BECAUSE, now, ids))
            ids.add(out[-1].id)
    taken = {event.at for event in events}
    for want in (want for same in wants.values() for want in same):
        name, at = free_id(want.name, ids), _moment(want, taken, offset)
        out.append(Event(name, events[0].line, at, max(now, at), want.body))
        ids.add(name)
        taken.add(at)
    return out


def _take(lived: Lived, move: Operation) -> None:
    """Do one operation; one that does not fit is left out."""
    before = len(lived.account.settled)
    try:
        apply(lived.account, move)
    except LendingError:
        return
    if isinstance(move.says, RepaymentReceived):
        lived.paid += move.says.amount
    _note_settled(lived, before, move.at)


def _note_settled(lived: Lived, before: int, after: int | None) -> None:
    """Tell of the instalments settled since there were ``before`` of them."""
    for each in lived.account.settled[before:]:
        body = InstalmentSettled(amount=each.amount, days_late=min(each.days_late, DAYS_MAX))
        lived.derived.append(Derived(f"settled:{_short(each.loan)}:{each.number}", each.day, after, body))


def _next_day(account: Account, move: int | None) -> int | None:
    """The next day on which there may be something to tell: a move's, a due day, any while late, a month's end."""
    days = [due for loan in account.live if (due := loan.next_due) is not None]
    if any(loan.unsettled for loan in account.live):
        days.append(account.day + 1)
    if account.loans:
        days.append(month_end(account.day + 1))
    if move is not None:
        days.append(move)
    return min(days, default=None)


def _moment(want: Derived, taken: set[int], offset: int) -> int:
    """When it happened: right after what brought it about, else as its day begins or ends; no moment twice."""
    last = end_of_day(want.day, offset)
    if not isinstance(want.body, InstalmentSettled):
        at = last - isinstance(want.body, StatementClosed)
    else:
        at = want.day * DAY - offset if want.after is None else min(want.after + 1, last)
        while at in taken and at < last:
            at += 1
    while at in taken:
        at -= 1
    return at


def _short(name: str) -> str:
    """A name that ids can hold: a long one by its hash."""
    return name if len(name) <= _LONGEST else hashlib.sha256(name.encode()).hexdigest()[:32]
