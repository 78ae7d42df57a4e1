"""Loans ahead: what the lending core will tell of a line if its borrower pays in a stated way and nothing else happens.

The account is worked out once from what is known and then carried on for each way of paying, so amounts are exact to
the minor unit. Money comes in at noon, or one microsecond after now where the noon of today is over; every day is ended
at its last microsecond. Amounts are minor units, moments microseconds since 1970 UTC, days day numbers at the line's
offset.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Self

import msgspec

from creditline.clock import DAY
from creditline.events.event import Event
from creditline.events.kinds import DrawBooked, DrawRequested, EventVoided, InstalmentSettled, RepaymentReceived
from creditline.lending.account import NOT_BEHIND, Account, Arrears, LendingError, Receipt
from creditline.lending.derived import (
    DAYS_MAX,
    Derived,
    arrears_body,
    balance,
    corrections,
    derive,
    end_of_day,
    free_id,
    lent_since,
    month_end,
    statement_body,
)
from creditline.lending.loan import Loan
from creditline.lending.operations import Operation, apply, local_day, operations
from creditline.lending.product import Product
from creditline.lending.terms import date_of, day_number

NOON = DAY // 2
END = 2**62
"""A day that does not come."""

_UNDONE = (DrawRequested, DrawBooked, EventVoided)
"""Kinds of events that say from when on the core tells of a line, and what of that stands."""


@dataclass(frozen=True, slots=True)
class Paying:
    """What is paid from now on, in one sum a day; nothing where nothing is said."""

    arrears_on: int | None = None
    """The day on which all is paid that has fallen due by then: what is late and its penalty, what was written off and
    is still claimed, and an instalment due that very day."""
    from_day: int | None = None
    """From this day on what falls due is paid on its due day. Money goes to what is due longest, so this keeps nothing
    on time as long as older instalments are left unpaid."""
    months: int | None = None
    """How many calendar months from then on; None for to the end."""
    off_on: int | None = None
    """The day on which loans are paid off early, the oldest first, with all that has fallen due on any by then."""
    off_loans: int | None = None
    """How many of the loans on which something is owed now; None for all of them."""

    def __post_init__(self) -> None:
        """Guard what makes no sense."""
        assert self.months is None or (self.from_day is not None and self.months >= 1)
        assert self.off_loans is None or self.off_loans >= 0

    def keeps(self, day: int) -> bool:
        """Whether what falls due on a day is paid on it."""
        if self.from_day is None or day < self.from_day:
            return False
        return self.months is None or day < months_after(self.from_day, self.months)

    @property
    def days(self) -> list[int]:
        """The days named on which money comes in, in order."""
        return sorted({day for day in (self.arrears_on, self.off_on) if day is not None})


NOTHING = Paying()


@dataclass(frozen=True, slots=True)
class Ahead:
    """What comes of a line that is paid on as stated."""

    events: tuple[Event, ...]
    """What the log would hold beyond what was known now, in order of when it becomes known."""
    payments: tuple[tuple[int, int], ...]
    """Day and amount of every repayment among them, in order."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a line's loans stand now: what every way ahead begins from. Nothing of it may be changed."""

    account: Account
    """Today begun and what happened today done."""
    paid: int
    """Money that came in since the last statement, minor units."""
    arrears: Arrears
    """As yesterday's end has them."""
    derived: tuple[Derived, ...]
    """What there is to tell of today so far."""
    near: tuple[Event, ...]
    """Events of the log from today on, and what it lacks of days gone by; voids of any day."""


class Loans:
    """The loans of one line, carried on from now in as many ways as are asked for."""

    def __init__(
        self, line: str, events: Sequence[Event], products: Mapping[str, Product], offset: int, now: int, late: int = 0
    ) -> None:
        """Work out the account from what was known at ``now``; events known later are not seen.

        ``late`` is how long after a day's last microsecond its end is worked out. LendingError where a draw names a
        product that is not among ``products``.
        """
        self.line, self.offset, self.now, self.late = line, offset, now, late
        self.today = local_day(now, offset)
        self.payable = local_day(now + 1, offset)
        """The first day on which money can still come in."""
        seen = [event for event in events if event.known <= now]
        self._is_lent_on = lent_since(seen, offset) is not None
        self._base, self._missing, self._near = _Walk(Account(line)), list[Event](), list[Event]()
        self._ids: frozenset[str] = frozenset()
        if self._is_lent_on:
            self._ids = frozenset(event.id for event in seen)
            self._begin(seen, operations(seen, products, offset))

    def _begin(self, seen: list[Event], moves: Sequence[Operation]) -> None:
        """Live up to now: days that are over, with what the log lacks of them, and today as far as it has come."""
        yesterday = self.today - 1
        lived = derive(self.line, [move for move in moves if move.day <= yesterday], yesterday)
        self._missing = corrections(seen, lived.derived, until=yesterday, offset=self.offset, now=self.now)
        base = self._base = _Walk(lived.account, lived.paid, lived.arrears)
        base.begin(self.today)
        for move in moves:
            if move.day == self.today:
                base.take(move)
        self._near = [
            event
            for event in [*seen, *self._missing]
            if isinstance(event.body, _UNDONE) or local_day(event.at, self.offset) >= self.today
        ]

    @property
    def standing(self) -> Standing | None:
        """How they stand now; None where the core has lent nothing on the line."""
        if not self._is_lent_on:
            return None
        base = self._base
        return Standing(base.account, base.paid, base.arrears, tuple(base.derived), tuple(self._near))

    @property
    def missing(self) -> tuple[Event, ...]:
        """What the log lacks of days gone by, or has to take back: the same whatever is paid, as ``ahead`` tells it."""
        return tuple(self._named([self._known(event, {}) for event in self._missing]))

    # -- what is owed -------------------------------------------------------------------------------

    @property
    def count(self) -> int:
        """Number of loans on which something is owed now."""
        return len(self._base.account.live)

    def arrears(self, day: int) -> int:
        """What pays all that will have fallen due by a day, if nothing is paid before; see ``Paying.arrears_on``."""
        self._check_to_come(day)
        account = _copied(self._base.account)
        account.advance(day)
        return _due(account)

    def payoff(self, day: int) -> int:
        """What pays off everything owed on a day, if nothing is paid before."""
        return self.asked(day, Paying(off_on=day))

    def asked(self, day: int, paying: Paying) -> int:
        """What is to be paid on a day, if it was paid as stated before. AssertionError for a day gone by."""
        for each in (day, *paying.days):
            self._check_to_come(each)
        walk = self._base.copied()
        for each in walk.days(paying.days, day - 1):
            self._pay(walk, paying, each)
        walk.begin(day)
        return self._asked(walk.account, paying, day)

    def turn_after(self, day: int) -> int:
        """The next day on which less may be asked than on the day before: a due day, or the day after one."""
        found = END
        for loan in self._base.account.live:
            periods, period = loan.periods, loan.period
            periods.need(period + 1)
            while periods.ends[period] < day:
                period += 1
                periods.need(period + 1)
            turn = periods.ends[period]
            found = min(found, turn if turn > day else day + 1)
        return found

    def _asked(self, account: Account, paying: Paying, day: int) -> int:
        """What is to be paid on the day an account stands at."""
        if day == paying.off_on:
            first = {loan.id for loan in self._base.account.live[: paying.off_loans]}
            return _due(account) + _early(account, first)
        if day == paying.arrears_on:
            return _due(account)
        if not paying.keeps(day):
            return 0
        return sum(sum(row.unpaid.values()) for loan in account.live for row in loan.unsettled if row.due == day)

    def _check_to_come(self, day: int) -> None:
        assert day >= self.payable, f"{self.line}: nothing can be paid on {date_of(day)} any more"

    # -- what comes ---------------------------------------------------------------------------------

    def ahead(self, paying: Paying, until: int) -> Ahead:
        """What becomes known by ``until`` if exactly this is paid.

        Where the log lacks what the ends of days gone by tell, or holds what they tell no longer, that comes first,
        known now. AssertionError for a payment on a day gone by.
        """
        for day in paying.days:
            self._check_to_come(day)
        if not self._is_lent_on or until < self.now:
            return Ahead((), ())
        last = local_day(until, self.offset)
        walk = self._base.copied()
        money: dict[int, Event] = {}
        for day in walk.days(paying.days, last):
            paid = self._pay(walk, paying, day) if self._moment(day) <= until else None
            if paid is not None:
                money[day] = paid
            walk.end()
        known = [*self._near, *money.values()]
        told = corrections(known, walk.derived, until=last, offset=self.offset, now=self.now)
        told = [self._known(event, money) for event in (*self._missing, *told)]
        found = (event for event in (*self._named(told), *money.values()) if event.known <= until)
        events = sorted(found, key=lambda event: (event.known, event.at, event.id))
        return Ahead(tuple(events), tuple((day, _amount(event)) for day, event in money.items()))

    def _moment(self, day: int) -> int:
        """When money comes in on a day."""
        return max(day * DAY + NOON - self.offset, self.now + 1)

    def _pay(self, walk: _Walk, paying: Paying, day: int) -> Event | None:
        """Pay what is to be paid on a day; the repayment as the log would hold it, None for no money."""
        amount = self._asked(walk.account, paying, day) if day >= self.payable else 0
        if not amount:
            return None
        at = self._moment(day)
        name = free_id(f"plan-repayment:{date_of(day)}", set(self._ids))
        receipt = walk.pay(at, day, name, amount)
        body = RepaymentReceived(amount=amount, principal=receipt.principal, early=receipt.early > 0)
        return Event(name, self.line, at, at, body)

    def _known(self, event: Event, money: Mapping[int, Event]) -> Event:
        """An event with the moment it becomes known: with the money that settles, else when its day is ended."""
        if isinstance(event.body, EventVoided):
            return event
        day = local_day(event.at, self.offset)
        known = end_of_day(day, self.offset) + self.late
        if day in money and isinstance(event.body, InstalmentSettled):
            known = money[day].at
        return msgspec.structs.replace(event, known=max(known, event.at, self.now))

    def _named(self, events: Iterable[Event]) -> Iterator[Event]:
        """Events under ids that are plainly a plan's and that the log does not hold."""
        taken = set(self._ids)
        for event in events:
            name = free_id(f"plan-{event.id}", taken)
            taken.add(name)
            yield msgspec.structs.replace(event, id=name)


def months_after(day: int, months: int) -> int:
    """The same day of a later month, or the last of a shorter one."""
    that = date_of(day)
    year, month = divmod(that.year * 12 + that.month - 1 + months, 12)
    first = day_number(that.replace(year=year, month=month + 1, day=1))
    return min(first + that.day - 1, month_end(first))


# -- day by day -------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Walk:
    """A line lived through day by day as ``lending.derived.derive`` does it, so that it can be stopped and copied."""

    account: Account
    paid: int = 0
    """Money that came in since the last statement."""
    arrears: Arrears = NOT_BEHIND
    """At the end of the last day that was ended."""
    derived: list[Derived] = field(default_factory=list)
    """What there is to tell since the walk began."""

    def copied(self) -> Self:
        """The same walk, to be gone on with by itself."""
        return type(self)(_copied(self.account), self.paid, self.arrears, list(self.derived))

    def days(self, more: Sequence[int], last: int) -> Iterator[int]:
        """Today, then each day up to the last on which there is something to tell or money comes in, begun."""
        account, day = self.account, self.account.day
        stops = [stop for stop in reversed(more) if stop > day]
        while day <= last:
            if day != account.day:
                self.begin(day)
            yield day
            coming = [due for loan in account.live if (due := loan.next_due) is not None]
            coming += [day + 1] if any(loan.unsettled for loan in account.live) else []
            coming += [month_end(day + 1)] if account.loans else []
            while stops and stops[-1] <= day:
                stops.pop()
            day = min((*coming, *stops[-1:]), default=last + 1)

    def begin(self, day: int) -> None:
        """Go on to a day, on which what is due falls due."""
        before = len(self.account.settled)
        self.account.advance(day)
        self._settled(before, None)

    def take(self, move: Operation) -> None:
        """Do what happened on the day; what does not fit is left out."""
        before = len(self.account.settled)
        try:
            apply(self.account, move)
        except LendingError:
            return
        if isinstance(move.says, RepaymentReceived):
            self.paid += move.says.amount
        self._settled(before, move.at)

    def pay(self, at: int, day: int, cause: str, amount: int) -> Receipt:
        """Take in money for the line."""
        before = len(self.account.settled)
        receipt = self.account.repay(day, cause, amount)
        self.paid += amount
        self._settled(before, at)
        return receipt

    def end(self) -> None:
        """End the day: arrears, and the statement where its month ends."""
        account, day = self.account, self.account.day
        arrears = account.arrears()
        if arrears != self.arrears:
            self.derived.append(Derived(f"arrears:{date_of(day)}", day, None, arrears_body(arrears)))
        self.arrears = arrears
        if account.loans and day == month_end(day):
            body = statement_body(balance(account), account.credit, self.paid, arrears.days_past_due)
            self.derived.append(Derived(f"statement:{date_of(day):%Y-%m}", day, None, body))
            self.paid = 0

    def _settled(self, before: int, after: int | None) -> None:
        for each in self.account.settled[before:]:
            body = InstalmentSettled(amount=each.amount, days_late=min(each.days_late, DAYS_MAX))
            self.derived.append(Derived(f"settled:{date_of(each.day)}", each.day, after, body))


def _copied(account: Account) -> Account:
    """An account to be gone on with by itself, without what its books and its past hold."""
    loans = {name: _loan_copied(loan) for name, loan in account.loans.items()}
    return Account(
        line=account.line,
        loans=loans,
        live=[loans[loan.id] for loan in account.live],
        lost=[loans[loan.id] for loan in account.lost],
        credit=account.credit,
        day=account.day,
    )


def _loan_copied(loan: Loan) -> Loan:
    # Made from its terms it would be planned as agreed at the draw; ``periods`` only grow and are shared.
    made = copy(loan)
    made.coming = list(loan.coming)
    made.unsettled = [copy(row) for row in loan.unsettled]
    for row in made.unsettled:
        row.unpaid = dict(row.unpaid)
    made.instalments = list(loan.instalments)  # only how many they are matters to what comes
    return made


# -- what is owed -----------------------------------------------------------------------------------


def _due(account: Account) -> int:
    """What has fallen due and is not paid, with penalty up to the day, and what was written off and not recovered."""
    rows = ((loan, row) for loan in account.live for row in loan.unsettled)
    owed = sum(sum(row.unpaid.values()) + loan.penalty_on(row, account.day) for loan, row in rows)
    return owed + sum(loan.claim for loan in account.lost)


def _early(account: Account, loans: Collection[str]) -> int:
    """What pays off those of some loans that are still live, beyond what has fallen due of them."""
    owed = [account.payoff(loan.id) for loan in account.live if loan.id in loans]
    return sum(each.interest + each.principal + each.early_fee for each in owed)


def _amount(event: Event) -> int:
    assert isinstance(event.body, RepaymentReceived)
    return event.body.amount


__all__ = ["NOTHING", "Ahead", "Loans", "Paying", "Standing", "months_after"]
