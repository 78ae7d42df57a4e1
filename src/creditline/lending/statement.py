"""A line's statement for a period: what moved, what is owed at its end, and what comes next. Plain figures.

What moved is taken from the journal by the day it was booked, so that a statement once made never changes: what
becomes known later stands in a later one, as a reversal or a correction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal, NamedTuple

from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.events.kinds import (
    DrawBooked,
    DrawRequested,
    EventVoided,
    LoanRescheduled,
    LoanWrittenOff,
    RepaymentReceived,
)
from creditline.lending.account import (
    CASH,
    CREDIT,
    FEE_INCOME,
    FEES_DUE,
    INTEREST_DUE,
    INTEREST_INCOME,
    PENALTY_DUE,
    PENALTY_INCOME,
    PRINCIPAL,
    RECOVERIES,
    Account,
    Arrears,
    Entry,
)
from creditline.lending.cost import CostError, yearly_cost
from creditline.lending.ledger import Booked, Kept
from creditline.lending.loan import Loan
from creditline.lending.operations import local_day, pending
from creditline.lending.schedule import plan
from creditline.lending.terms import Terms, date_of

MovementKind = Literal["draw", "instalment", "repayment", "credit_used", "reschedule", "write_off"]
Way = Literal["booked", "reversed", "corrected"]
"""As it happened; taken back because its event was voided; set right because something else became known late."""
RowStatus = Literal["paid", "due", "late", "to_come", "written_off"]
LoanStatus = Literal["running", "late", "repaid", "written_off"]

_KINDS: dict[type, MovementKind] = {
    DrawBooked: "draw", RepaymentReceived: "repayment", LoanWrittenOff: "write_off", LoanRescheduled: "reschedule"
}  # fmt: skip


class StatementError(CreditlineError):
    """A period that no statement can be made for."""


class Parts(NamedTuple):
    """An amount by what it is, minor units."""

    principal: int = 0
    interest: int = 0
    fees: int = 0
    penalty: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self)


@dataclass(frozen=True, slots=True)
class Movement:
    """One thing that moved, as booked on one day. Amounts in minor units; negative where it was taken back."""

    booked: int
    """Day it was booked."""
    day: int
    """Day it counts for; earlier than ``booked`` where it became known late."""
    kind: MovementKind
    way: Way
    id: str
    """Of its event; for an instalment its loan and number."""
    loan: str
    """Empty where it concerns several loans or none."""
    number: int | None
    """Of the instalment."""
    amount: int
    """Drawn, fallen due, received, used, or written off."""
    charged: int
    """What it added to the balance."""
    credited: int
    """What it took off the balance."""
    balance: int
    """What is owed after it."""
    parts: Parts
    """Of what was drawn, fell due, was paid or was written off."""
    kept_back: int
    """Fee taken out of the money of a draw."""
    recovered: int
    """Of money received, what went to loans written off before."""
    to_credit: int
    """Change of the credit on the line."""
    note: str
    """The reason given for a reversal; what a reschedule changed."""


class Balance(NamedTuple):
    """What is owed at the end of a day as the books have it, minor units."""

    principal: int
    interest: int
    """Fallen due and unpaid, as are fees and penalty."""
    fees: int
    penalty: int
    credit: int

    @property
    def owed(self) -> int:
        """All that is owed, less the credit on the line."""
        return self.principal + self.interest + self.fees + self.penalty - self.credit


@dataclass(frozen=True, slots=True)
class Totals:
    """How the opening balance became the closing one: opening + the first four - the last two."""

    drawn: int
    interest: int
    fees: int
    penalty: int
    repaid: int
    written_off: int


@dataclass(frozen=True, slots=True)
class RowShown:
    """One row of a loan's schedule as it stands. Amounts in minor units."""

    number: int
    due: int
    principal: int
    interest: int
    fee: int
    penalty: int
    """Up to the day of the statement, paid or not; in ``unpaid``, not in ``amount``."""
    unpaid: int
    settled: int | None
    """Day it was paid in full."""
    status: RowStatus

    @property
    def amount(self) -> int:
        """What falls due: principal, interest, fee."""
        return self.principal + self.interest + self.fee


@dataclass(frozen=True, slots=True)
class LoanShown:
    """One loan as it stands."""

    loan: str
    product: str
    """Name, ``@``, version; empty where it is not known."""
    title: Mapping[str, str]
    """The product's, by language."""
    terms: Terms
    status: LoanStatus
    balance: int
    """Principal outstanding."""
    accrued: int
    """Interest up to the day that has not fallen due."""
    overdue: int
    """Fallen due and unpaid, penalty up to the day included."""
    claim: int
    """Written off and not recovered."""
    rows: Sequence[RowShown]
    """Those fallen due, then those to come if all that is due is paid on its day."""
    simple: Decimal | None
    """Yearly cost as agreed, fees included, a period's rate times periods; None where there is none."""
    compound: Decimal | None

    @property
    def next_row(self) -> RowShown | None:
        """The row that falls due next."""
        return next((row for row in self.rows if row.status == "to_come"), None)


@dataclass(frozen=True, slots=True)
class Statement:
    """A line's statement. Days as day numbers, both of the period included; amounts in minor units."""

    line: str
    since: int
    until: int
    currency: str
    status: str
    simulated: bool
    opening: Balance
    closing: Balance
    totals: Totals
    limit: int
    available: int
    """Limit less principal owed and draws agreed; nothing on a line that is not open."""
    pending: Mapping[str, int]
    """Draws agreed and not paid out, by loan."""
    movements: Sequence[Movement]
    loans: Sequence[LoanShown]
    arrears: Arrears
    """As the line's rules see them: late instalments without penalty, and what was written off and not recovered."""

    @property
    def accrued(self) -> int:
        """Interest up to the last day that has not fallen due."""
        return sum(loan.accrued for loan in self.loans)

    @property
    def overdue(self) -> int:
        """Fallen due and unpaid, penalty up to the last day included."""
        return sum(loan.overdue for loan in self.loans)

    @property
    def days_late(self) -> int:
        """Days since the oldest late instalment fell due; 0 where none is late. What was written off does not count."""
        late = [row.due for loan in self.loans for row in loan.rows if row.status == "late"]
        return self.until - min(late, default=self.until)

    @property
    def claim(self) -> int:
        """Written off and not recovered."""
        return sum(loan.claim for loan in self.loans)

    @property
    def next_due(self) -> tuple[int, int] | None:
        """The next day on which something falls due, and how much in all; None when nothing does."""
        rows = [row for loan in self.loans if (row := loan.next_row) is not None]
        if not rows:
            return None
        day = min(row.due for row in rows)
        return day, sum(row.amount for row in rows if row.due == day)


@dataclass(frozen=True, slots=True)
class Particulars:
    """What a statement says of a line beyond its account."""

    currency: str
    offset: int
    """Microseconds ahead of UTC."""
    status: str
    limit: int
    """Minor units."""
    simulated: bool
    titles: Mapping[str, Mapping[str, str]]
    """Of products, by the reference that draws give them, then by language."""


def statement(kept: Kept, events: Iterable[Event], since: int, line: Particulars) -> Statement:
    """The statement from a day to the day of the books kept; ``events`` are the line's, those known by then count.

    Raises StatementError for a period that ends before it begins.
    """
    account, until = kept.account, kept.until
    if since > until:
        raise StatementError(
            "period",
            f"{date_of(since)} to {date_of(until)}",
            "begin it on its last day or before",
            "ends before it begins",
        )
    known = [event for event in events if local_day(event.known, line.offset) <= until]
    known.sort(key=lambda event: (event.known, event.at, event.id))
    before = [each for each in kept.booked if each.booked < since]
    within = [each for each in kept.booked if each.booked >= since]
    opening = _balance(before)
    movements = list(_running(_Moves(kept, known, line.offset).within(kept.booked, since), opening.owed))
    agreed = agreed_products(known)
    concerned = {each.entry.loan for each in within} | {each.loan for each in movements}
    waiting = pending(known)
    return Statement(
        line=kept.line,
        since=since,
        until=until,
        currency=line.currency,
        status=line.status,
        simulated=line.simulated,
        opening=opening,
        closing=_balance(kept.booked),
        totals=_totals(movements, within),
        limit=line.limit,
        available=max(0, line.limit - account.owed - sum(waiting.values())) if line.status == "open" else 0,
        pending=waiting,
        movements=movements,
        loans=[
            loan_shown(account, loan.id, agreed.get(loan.id, ""), line.titles)
            for loan in sorted(account.loans.values(), key=lambda loan: loan.order)
            if not loan.is_over or loan.claim or loan.id in concerned
        ],
        arrears=account.arrears(),
    )


# -- loans ------------------------------------------------------------------------------------------


def loan_shown(
    account: Account, loan: str, product: str = "", titles: Mapping[str, Mapping[str, str]] | None = None
) -> LoanShown:
    """A loan as it stands at the end of the day its account stands at; KeyError where there is none."""
    found, day = account.loans[loan], account.day
    fell_due = _fell_due(account.entries)
    rows = [*(_fallen(found, at, fell_due, day) for at in range(len(found.instalments))), *to_come(found, day)]
    status: LoanStatus = "running"
    if found.is_written_off:
        status = "written_off"
    elif found.is_over:
        status = "repaid"
    elif any(row.status == "late" for row in rows):
        status = "late"
    simple, compound = cost_of(found.terms)
    return LoanShown(
        loan=loan,
        product=product,
        title=(titles or {}).get(product, {}),
        terms=found.terms,
        status=status,
        balance=found.balance,
        accrued=found.accrued_on(day),
        overdue=sum(row.unpaid for row in rows if row.status in ("due", "late")),
        claim=found.claim,
        rows=rows,
        simple=simple,
        compound=compound,
    )


def agreed_products(events: Iterable[Event]) -> dict[str, str]:
    """The product each draw was agreed on, by loan."""
    return {event.body.loan: event.body.product for event in events if isinstance(event.body, DrawRequested)}


def to_come(loan: Loan, day: int) -> list[RowShown]:
    """The rows that fall due after a day if what has fallen due is paid on it and each row on its own day."""
    ahead = deepcopy(loan)
    if ahead.balance != ahead.future:
        # Only a change of the balance parts the running stretch; parted elsewhere, its interest may round otherwise.
        ahead.accrue(day)
        ahead.balance = ahead.future
    ahead.unsettled = []
    rows: list[RowShown] = []
    while (due := ahead.next_due) is not None:
        row = ahead.fall_due(due)
        if row is not None:
            ahead.balance -= row.unpaid["principal"]
            parts = row.unpaid["principal"], row.unpaid["interest"], row.unpaid["fee"]
            rows.append(RowShown(row.number, due, *parts, 0, row.amount, None, "to_come"))
    return rows


def cost_of(terms: Terms) -> tuple[Decimal | None, Decimal | None]:
    """What a loan costs a year as agreed, fees included, simple and compounded; None where no rate belongs to it."""
    by_months = terms.day_count == "30/360"
    months, first = (terms.due.months, terms.due.first(terms.drawn)) if by_months else (0, (0, 1))
    rows, proceeds = plan(terms), terms.principal - terms.upfront_fee
    try:
        simple = yearly_cost(proceeds, terms.drawn, rows, "simple", months=months, first=first)
        return simple, yearly_cost(proceeds, terms.drawn, rows, "compound")
    except CostError:
        return None, None


def _fell_due(entries: Iterable[Entry]) -> dict[str, tuple[int, int]]:
    """Interest and fee that fell due with each instalment, by the cause of its entry."""
    found: dict[str, tuple[int, int]] = {}
    for entry in entries:
        if entry.kind == "due":
            posted = dict(entry.postings)
            found[entry.cause] = posted.get(INTEREST_DUE, 0), posted.get(FEES_DUE, 0)
    return found


def _fallen(loan: Loan, at: int, fell_due: Mapping[str, tuple[int, int]], day: int) -> RowShown:
    row = loan.instalments[at]
    bears, fee = fell_due.get(_cause(loan.id, row.number), (0, 0))
    status: RowStatus = "due"
    if row.settled is not None:
        status = "paid"
    elif loan.is_written_off:
        status = "written_off"
    elif loan.is_late(row, day):
        status = "late"
    owing = status in ("due", "late")
    running = loan.penalty_on(row, day) if owing else 0
    return RowShown(
        number=row.number,
        due=row.due,
        principal=row.amount - bears - fee,
        interest=bears,
        fee=fee,
        penalty=row.penalty + running,
        unpaid=sum(row.unpaid.values()) + running if owing else 0,
        settled=row.settled,
        status=status,
    )


def _cause(loan: str, number: int) -> str:
    return f"due:{loan}:{number}"


# -- what moved -------------------------------------------------------------------------------------


class _Net:
    """What the entries of one cause, booked on one day, come to."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.day = min((entry.day for entry in entries), default=0)
        self.loans = sorted({entry.loan for entry in entries} - {""})
        self.on: dict[int, int] = {}
        for entry in entries:
            for account, amount in entry.postings:
                self.on[account] = self.on.get(account, 0) + amount
        turned = [entry.kind == "reversal" for entry in entries]
        self.is_taken_back, self.is_mended = all(turned), any(turned)

    def __getitem__(self, account: int) -> int:
        return self.on.get(account, 0)

    @property
    def change(self) -> int:
        """Of the balance owed."""
        return self[PRINCIPAL] + self[INTEREST_DUE] + self[FEES_DUE] + self[PENALTY_DUE] + self[CREDIT]

    @property
    def income(self) -> Parts:
        """What was charged."""
        return Parts(0, -self[INTEREST_INCOME], -self[FEE_INCOME], -self[PENALTY_INCOME])

    @property
    def taken(self) -> Parts:
        """What was paid or written off."""
        new = self.income
        return Parts(
            -self[PRINCIPAL], new.interest - self[INTEREST_DUE], new.fees - self[FEES_DUE],
            new.penalty - self[PENALTY_DUE],
        )  # fmt: skip


class _Moves:
    """Reads movements from the journal of one line."""

    def __init__(self, kept: Kept, events: Sequence[Event], offset: int) -> None:
        self._account = kept.account
        self._bearing = _fell_due(kept.account.entries)
        self._skipped = {each.operation.id for each in kept.skipped}
        self._offset = offset
        self._events = {event.id: event for event in events}
        self._voids: dict[str, Event] = {}
        for event in events:
            if isinstance(event.body, EventVoided):
                self._voids.setdefault(event.body.event, event)

    def within(self, booked: Iterable[Booked], since: int) -> list[Movement]:
        """Movements from a day on, in order, without the balance after each."""
        grouped: dict[tuple[int, str], list[Entry]] = {}
        drawn: dict[str, int] = {}
        for day, entry in booked:
            if entry.kind == "draw":
                drawn[entry.loan] = day
            if day >= since:
                grouped.setdefault((day, entry.cause), []).append(entry)
        found = [self._movement(day, cause, _Net(entries)) for (day, cause), entries in grouped.items()]
        found += self._free(since, drawn)
        found += self._replanned(since)
        kept = [each for each in found if each.way != "corrected" or any(each.parts) or each.to_credit or each.charged]
        return sorted(kept, key=self._place)

    def _place(self, each: Movement) -> tuple[int, bool, int, int, str]:
        """Its place: of one day what is set right first, the rest in the order in which an account takes it."""
        event = self._events.get(each.id)
        at = event.at if event is not None else int(each.kind == "credit_used")
        return (each.booked, each.way == "booked", each.day, at, each.id)

    def _movement(self, booked: int, cause: str, net: _Net) -> Movement:
        event = self._events.get(cause)
        if event is not None:
            kind = _KINDS[type(event.body)]
        else:
            kind = "instalment" if cause.startswith("due:") else "credit_used"
        way: Way = "booked"
        if net.is_taken_back and cause in self._voids:
            way = "reversed"
        elif net.is_mended:
            way = "corrected"
        number, parts, amount, charged = None, net.taken, 0, net.income.total
        if kind == "draw":
            parts, amount, charged = Parts(net[PRINCIPAL]), net[PRINCIPAL], net.change
        elif kind == "instalment":
            loan, _, last = cause.removeprefix("due:").rpartition(":")
            number = int(last)
            parts = net.income._replace(principal=self._principal(loan, number) if way == "booked" else 0)
            amount = parts.total
        elif kind == "repayment":
            amount = net[CASH]
        else:
            amount = net[CREDIT] if kind == "credit_used" else parts.total
        note = self._voids[cause].body if way == "reversed" else None
        return Movement(
            booked=booked,
            day=net.day,
            kind=kind,
            way=way,
            id=cause,
            loan=net.loans[0] if len(net.loans) == 1 else "",
            number=number,
            amount=amount,
            charged=charged,
            credited=charged - net.change,
            balance=0,
            parts=parts,
            kept_back=-net[FEE_INCOME] if kind == "draw" else 0,
            recovered=-net[RECOVERIES],
            to_credit=-net[CREDIT],
            note=note.reason if isinstance(note, EventVoided) else "",
        )

    def _principal(self, loan: str, number: int) -> int:
        """Principal that fell due with an instalment, as the account has it."""
        found = self._account.loans.get(loan)
        if found is None or number > len(found.instalments):
            return 0
        bears, fee = self._bearing.get(_cause(loan, number), (0, 0))
        return found.instalments[number - 1].amount - bears - fee

    def _free(self, since: int, drawn: Mapping[str, int]) -> Iterator[Movement]:
        """Instalments without interest or fee, which the books say nothing of."""
        for loan in self._account.loans.values():
            for row in loan.instalments:
                cause, booked = _cause(loan.id, row.number), max(row.due, drawn.get(loan.id, row.due))
                if cause not in self._bearing and booked >= since:
                    yield _silent("instalment", booked, row.due, cause, loan.id, row.number, row.amount)

    def _replanned(self, since: int) -> Iterator[Movement]:
        """Reschedules, and those of them taken back: they move dates, not money."""
        for event in self._events.values():
            body = event.body
            if not isinstance(body, LoanRescheduled) or event.id in self._skipped:
                continue
            day, known = local_day(event.at, self._offset), local_day(event.known, self._offset)
            told = _silent("reschedule", max(day, known), day, event.id, body.loan, body.instalments, 0)
            if told.booked >= since:
                yield replace(told, note=body.change)
            void = self._voids.get(event.id)
            if void is not None and (taken_back := local_day(void.known, self._offset)) >= since:
                assert isinstance(void.body, EventVoided)
                yield replace(told, booked=taken_back, way="reversed", note=void.body.reason)


def _silent(
    kind: MovementKind, booked: int, day: int, cause: str, loan: str, number: int | None, amount: int
) -> Movement:
    """A movement that leaves the balance as it was."""
    return Movement(
        booked, day, kind, "booked", cause, loan, number, amount, 0, 0, 0, Parts(amount), 0, 0, 0, ""
    )  # fmt: skip


def _running(movements: Iterable[Movement], balance: int) -> Iterator[Movement]:
    """Movements with the balance after each."""
    for each in movements:
        balance += each.charged - each.credited
        yield replace(each, balance=balance)


def _balance(booked: Iterable[Booked]) -> Balance:
    net = _Net([each.entry for each in booked])
    return Balance(net[PRINCIPAL], net[INTEREST_DUE], net[FEES_DUE], net[PENALTY_DUE], -net[CREDIT])


def _totals(movements: Sequence[Movement], within: Sequence[Booked]) -> Totals:
    """What the movements come to."""
    net = _Net([each.entry for each in within])
    draws = [each for each in movements if each.kind == "draw"]
    return Totals(
        drawn=sum(each.charged for each in draws),
        interest=net.income.interest,
        fees=net.income.fees - sum(each.kept_back for each in draws),
        penalty=net.income.penalty,
        repaid=sum(each.credited for each in movements if each.kind in ("repayment", "credit_used", "instalment")),
        written_off=sum(each.credited for each in movements if each.kind == "write_off"),
    )
