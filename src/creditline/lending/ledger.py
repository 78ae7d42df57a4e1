"""The ledger: the chart of accounts, what was booked on which day, turnovers, and what must hold between them."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.events.kinds import DrawBooked, DrawRequested, EventVoided, RepaymentReceived
from creditline.lending.account import (
    CASH,
    CREDIT,
    FEE_INCOME,
    FEES_DUE,
    INTEREST_DUE,
    INTEREST_INCOME,
    OTHER_LOST,
    PENALTY_DUE,
    PENALTY_INCOME,
    PRINCIPAL,
    PRINCIPAL_LOST,
    RECEIVABLE,
    RECOVERIES,
    Account,
    Entry,
)
from creditline.lending.derived import end_of_day
from creditline.lending.loan import Loan
from creditline.lending.operations import Moving, Operation, Products, Skipped, build, local_day, operations

Side = Literal["debit", "credit"]

TELLING = (*get_args(Moving), DrawRequested, EventVoided)
"""Kinds of events that the books are worked out from."""


class AccountInfo(NamedTuple):
    """One account of the books."""

    code: int
    key: str
    """Key of its name among the texts."""
    side: Side
    """The side it normally stands on."""


def _account(code: int, side: Side) -> AccountInfo:
    return AccountInfo(code, f"books.account_{code}", side)


CHART: dict[int, AccountInfo] = {
    info.code: info
    for info in (
        *(_account(code, "debit") for code in (CASH, PRINCIPAL, INTEREST_DUE, FEES_DUE, PENALTY_DUE)),
        *(_account(code, "credit") for code in (CREDIT, INTEREST_INCOME, FEE_INCOME, PENALTY_INCOME, RECOVERIES)),
        *(_account(code, "debit") for code in (PRINCIPAL_LOST, OTHER_LOST)),
    )
}
"""The chart of accounts, in order of code."""


class Booked(NamedTuple):
    """An entry with the day it was booked.

    A reversal has the kind ``reversal``, the postings of what it takes back turned round, and its day.
    """

    booked: int
    entry: Entry


class Turnover(NamedTuple):
    """What was booked on one account, minor units."""

    debit: int
    credit: int

    @property
    def balance(self) -> int:
        """What stands on it, debits positive."""
        return self.debit - self.credit


@dataclass(frozen=True, slots=True)
class Kept:
    """The books of one line at the end of a day, and what they were worked out from."""

    line: str
    until: int
    """The day."""
    known_until: int
    """Its last moment, microseconds: what became known later is not in them."""
    account: Account
    moves: list[Operation]
    skipped: list[Skipped]
    booked: list[Booked]


def keep(line: str, events: Iterable[Event], products: Products, offset: int, until: int) -> Kept:
    """The books of a line at the end of a day, as known then; ``offset`` from UTC in microseconds.

    The account is worked out once, and anew for every day on which something of an earlier day became known or was
    voided. What is booked up to a day depends on nothing that became known after it. Raises what ``operations`` does
    for what is known by the end of that day.
    """
    last = end_of_day(until, offset)
    telling = [event for event in events if isinstance(event.body, TELLING) and event.known <= last]
    turns = _turns(telling, offset)
    starts: list[int | None] = [None, *turns]
    account, moves, skipped = Account(line), list[Operation](), list[Skipped]()
    booked: list[Booked] = []
    for start, end in zip(starts, [*(turn - 1 for turn in turns), until], strict=True):
        was = account.entries
        try:
            moves = operations(telling, products, offset, end_of_day(end, offset))
        except CreditlineError:
            if end == until:
                raise
            # By a draw that was put right since. What could not be booked meanwhile is booked on the day it was.
            end = _stopped(telling, products, offset, start) - 1
            if start is not None and end < start:
                continue
            moves = operations(telling, products, offset, end_of_day(end, offset))
        account, skipped = build(line, moves, end)
        if start is None:
            booked += (Booked(entry.day, entry) for entry in account.entries)
        else:
            booked += _turned(was, account.entries, start)
    return Kept(line, until, last, account, moves, skipped, booked)


def journal(line: str, events: Iterable[Event], products: Products, offset: int, until: int) -> list[Booked]:
    """Everything booked on a line up to the end of a day, in order of booking; see ``keep``."""
    return keep(line, events, products, offset, until).booked


def trial_balance(booked: Iterable[Booked], until: int | None = None, since: int | None = None) -> dict[int, Turnover]:
    """Turnovers of every account of the chart, of what was booked from one day to another, both included."""
    debit, credit = dict.fromkeys(CHART, 0), dict.fromkeys(CHART, 0)
    for day, entry in booked:
        if (until is None or day <= until) and (since is None or day >= since):
            for account, amount in entry.postings:
                if amount > 0:
                    debit[account] += amount
                else:
                    credit[account] -= amount
    return {code: Turnover(debit[code], credit[code]) for code in CHART}


class Row(NamedTuple):
    """One posting in the general ledger. Amounts in minor units, one of the two 0."""

    line: str
    number: int
    """Of its entry, from 1, in order of booking on the line."""
    booked: int
    day: int
    """The day it counts for."""
    kind: str
    cause: str
    loan: str
    account: int
    debit: int
    credit: int


def ledger_rows(line: str, booked: Iterable[Booked]) -> Iterator[Row]:
    """The postings of a line's entries, one by one."""
    for number, (day, entry) in enumerate(booked, 1):
        for account, amount in entry.postings:
            yield Row(
                line, number, day, entry.day, entry.kind, entry.cause, entry.loan, account,
                max(amount, 0), max(-amount, 0),
            )  # fmt: skip


# -- what was booked when -----------------------------------------------------------------------------


def _turns(events: Sequence[Event], offset: int) -> list[int]:
    """The days on which something may have become known that changes what the account was on an earlier day.

    On every other day the account only grows by what is of the day itself. A day too many does no harm.
    """
    ids = {event.id for event in events}
    paid_out: dict[str | None, int] = {}
    for event in events:
        if isinstance(event.body, DrawBooked):
            day = local_day(event.at, offset)
            paid_out[event.body.loan] = min(day, paid_out.get(event.body.loan, day))
    turns: set[int] = set()
    for event in events:
        day, known = local_day(event.at, offset), local_day(event.known, offset)
        if isinstance(event.body, EventVoided):
            is_turn = event.body.event in ids
        elif isinstance(event.body, DrawRequested):
            # A draw counts from when its request is known, whatever day the request is of.
            is_turn = paid_out.get(event.body.loan, known) < known
        else:
            is_turn = day < known
        if is_turn:
            turns.add(known)
    return sorted(turns)


def _stopped(events: Sequence[Event], products: Products, offset: int, start: int | None) -> int:
    """The first day, from a turn on, whose knowledge the books cannot be worked out from; there is one."""
    days = sorted({local_day(event.known, offset) for event in events})
    for day in days if start is None else days[bisect_left(days, start) :]:
        try:
            operations(events, products, offset, end_of_day(day, offset))
        except CreditlineError:
            return day
    raise AssertionError(days)


def _turned(was: Sequence[Entry], now: Sequence[Entry], day: int) -> Iterator[Booked]:
    """What is booked from a day on whose earlier days were worked out anew: first what the books no longer hold."""
    same = 0
    while same < len(was) and same < len(now) and was[same] == now[same]:
        same += 1
    held, holds = Counter(was[same:]), Counter(entry for entry in now[same:] if entry.day < day)
    gone, new = held - holds, holds - held
    for entry in was[same:]:
        if gone[entry]:
            gone[entry] -= 1
            yield Booked(day, reversal(entry))
    for entry in now[same:]:
        if entry.day >= day:
            yield Booked(entry.day, entry)
        elif new[entry]:
            new[entry] -= 1
            yield Booked(day, entry)


def reversal(entry: Entry) -> Entry:
    """What takes an entry back: its day, cause and loan, its postings turned round."""
    turned = tuple((account, -amount) for account, amount in entry.postings)
    return Entry(entry.day, "reversal", entry.cause, entry.loan, turned)


# -- what must hold -----------------------------------------------------------------------------------

FaultKind = Literal[
    "entry", "too_soon", "journal", "trace", "control", "side", "negative", "principal", "rows", "recovered", "cash",
    "skipped", "unbooked", "paid_out", "refused", "mixed",
]  # fmt: skip
"""What does not hold. Up to ``cash`` the program is at fault; from ``skipped`` on it is what the log says.

``refused``: a product that is not there or would not have lent so; ``mixed``: one in another currency or zone.
"""

LOG_FAULTS: tuple[FaultKind, ...] = ("skipped", "unbooked", "paid_out", "refused", "mixed")
"""Faults of what the log says, which a person can put right."""


class Fault(NamedTuple):
    """Something that must hold for the books of a line and does not."""

    line: str
    kind: FaultKind
    where: str
    """The loan, event or cause of an entry it was found at; empty for the line as a whole."""
    account: int | None
    """The account of the books, where it is one."""
    found: int | str
    """Minor units; a day number for ``too_soon``, a count for ``trace``; text for faults of the log."""
    expected: int | str


def check(
    line: str,
    account: Account,
    booked: Sequence[Booked],
    moves: Iterable[Operation] = (),
    skipped: Iterable[Skipped] = (),
) -> list[Fault]:
    """What does not hold for the books of a line; ``booked`` and ``account`` are of the same day.

    With the moves they were worked out from, and those of them that did not fit, cash is checked too.
    """
    sums: dict[tuple[str, int], int] = {}
    for _, entry in booked:
        for code, amount in entry.postings:
            sums[entry.loan, code] = sums.get((entry.loan, code), 0) + amount
    found = [*_entry_faults(line, booked), *_journal_faults(line, account, booked)]
    for loan in account.loans.values():
        found += _loan_faults(line, loan, sums)
    found += _total_faults(line, account, sums)
    listed = list(moves)
    if listed:
        missing = {each.operation.id for each in skipped}
        paid = sum(_cash(move) for move in listed if move.id not in missing)
        found += _unequal(line, "cash", "", _total(sums, CASH), paid, CASH)
    return found


def check_log(events: Iterable[Event], kept: Kept) -> list[Fault]:
    """What the log says of a line's money that its books could not take, as known at the end of their day."""
    line = kept.line
    found = [Fault(line, "skipped", each.operation.id, None, str(each.why), "") for each in kept.skipped]
    known = [event for event in events if event.known <= kept.known_until]
    voided = {event.body.event for event in known if isinstance(event.body, EventVoided)}
    taken = {move.id: move for move in kept.moves}
    begun = min((e.at for e in known if isinstance(e.body, DrawBooked) and e.body.loan), default=kept.known_until)
    for event in known:
        body = event.body
        if not isinstance(body, Moving) or event.id in voided:
            continue
        move = taken.get(event.id)
        if move is None and (body.loan or (event.at >= begun and not isinstance(body, DrawBooked))):
            found.append(Fault(line, "unbooked", event.id, None, body.loan or "", ""))
        elif isinstance(body, DrawBooked) and move is not None and move.terms is not None:
            found += _unequal(line, "paid_out", event.id, body.amount, move.terms.principal, PRINCIPAL)
    return found


def _unequal(
    line: str, kind: FaultKind, where: str, found: int, expected: int, account: int | None = None
) -> Iterator[Fault]:
    if found != expected:
        yield Fault(line, kind, where, account, found, expected)


def _total(sums: Mapping[tuple[str, int], int], account: int) -> int:
    return sum(amount for (_, code), amount in sums.items() if code == account)


def _cash(move: Operation) -> int:
    """What a move brings in; negative for what it pays out."""
    if move.terms is not None:
        return move.terms.upfront_fee - move.terms.principal
    return move.says.amount if isinstance(move.says, RepaymentReceived) else 0


def _entry_faults(line: str, booked: Iterable[Booked]) -> Iterator[Fault]:
    """Every entry adds up to nothing and is booked on its day or later."""
    for day, entry in booked:
        yield from _unequal(line, "entry", entry.cause, sum(amount for _, amount in entry.postings), 0)
        if day < entry.day:
            yield Fault(line, "too_soon", entry.cause, None, day, entry.day)


def _journal_faults(line: str, account: Account, booked: Sequence[Booked]) -> Iterator[Fault]:
    """What was booked less what was reversed is what the account holds: in sum, and entry by entry."""
    balances = account.balances()
    for code, turnover in trial_balance(booked).items():
        yield from _unequal(line, "journal", "", turnover.balance, balances.get(code, 0), code)
    if [entry for _, entry in booked] == account.entries:
        return
    held = Counter[Entry]()
    for _, entry in booked:
        if entry.kind == "reversal":
            held[reversal(entry)] -= 1
        else:
            held[entry._replace(kind="reversal")] += 1
    holds = Counter(entry._replace(kind="reversal") for entry in account.entries)
    for entry in held.keys() | holds.keys():
        yield from _unequal(line, "trace", entry.cause, held[entry], holds[entry])


def _loan_faults(line: str, loan: Loan, sums: Mapping[tuple[str, int], int]) -> Iterator[Fault]:
    """One loan: the books say what it says of itself, and nothing of it is lost or below nothing."""
    owed = {part: sum(row.unpaid[part] for row in loan.unsettled) for part in RECEIVABLE}
    fallen_due = owed["principal"]
    owed["principal"] = loan.balance
    for part, code in RECEIVABLE.items():
        yield from _unequal(line, "control", loan.id, sums.get((loan.id, code), 0), owed[part], code)
    yield from _unequal(
        line, "control", loan.id, sums.get((loan.id, PRINCIPAL_LOST), 0), loan.written_off, PRINCIPAL_LOST
    )
    yield from _unequal(
        line, "principal", loan.id, loan.repaid + loan.balance + loan.written_off, loan.terms.principal, PRINCIPAL
    )
    yield from _unequal(line, "rows", loan.id, fallen_due + loan.future, loan.balance, PRINCIPAL)
    lost = loan.written_off + sums.get((loan.id, OTHER_LOST), 0)
    yield from _unequal(line, "recovered", loan.id, -sums.get((loan.id, RECOVERIES), 0), lost - loan.claim, RECOVERIES)
    amounts = [loan.balance, loan.accrued, loan.repaid, loan.written_off, loan.claim]
    amounts += (row.principal for row in loan.coming)
    amounts += (amount for row in loan.instalments for amount in row.unpaid.values())
    if min(amounts) < 0:
        yield Fault(line, "negative", loan.id, None, min(amounts), 0)


def _total_faults(line: str, account: Account, sums: Mapping[tuple[str, int], int]) -> Iterator[Fault]:
    """The line as a whole: credit is what the account says, and no account but cash stands on its wrong side."""
    yield from _unequal(line, "control", "", -_total(sums, CREDIT), account.credit, CREDIT)
    for code, info in CHART.items():
        stands = _total(sums, code)
        if code != CASH and (stands < 0 if info.side == "debit" else stands > 0):
            yield Fault(line, "side", "", code, stands, 0)
