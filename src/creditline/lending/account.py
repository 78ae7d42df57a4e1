"""The account of one line: its loans, the credit on it, and every entry in the books, day after day.

An account is worked out from operations in order of their days; ``docs/lending.md`` is its exact meaning.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from creditline.errors import CreditlineError
from creditline.lending.loan import Change, Instalment, Loan
from creditline.lending.terms import ONE_ROW, Part, Terms

CASH = 1010
PRINCIPAL = 1110
INTEREST_DUE = 1120
FEES_DUE = 1130
PENALTY_DUE = 1140
CREDIT = 2010
INTEREST_INCOME = 4010
FEE_INCOME = 4020
PENALTY_INCOME = 4030
RECOVERIES = 4040
PRINCIPAL_LOST = 5010
OTHER_LOST = 5020

RECEIVABLE: dict[Part, int] = {
    "fee": FEES_DUE, "penalty": PENALTY_DUE, "interest": INTEREST_DUE, "principal": PRINCIPAL
}  # fmt: skip

EntryKind = Literal["draw", "due", "recognised", "repayment", "credit_used", "write_off", "reversal"]


class LendingError(CreditlineError):
    """An operation that the account cannot take; nothing of it is done."""


class Entry(NamedTuple):
    """One entry in the books: postings that add up to nothing."""

    day: int
    """The day it counts for."""
    kind: EntryKind
    cause: str
    """Id of the event it comes from; for a row falling due and what follows from it, the loan and its number."""
    loan: str
    """Empty for money that reached no loan."""
    postings: tuple[tuple[int, int], ...]
    """Account and amount in minor units, debits positive, in order of account."""


class Settled(NamedTuple):
    """An instalment was paid in full."""

    day: int
    loan: str
    number: int
    due: int
    amount: int
    """What had fallen due, without penalty."""
    days_late: int
    """0 within grace."""


class Arrears(NamedTuple):
    """How far a line is behind at the end of a day."""

    days_past_due: int
    amount: int


class Receipt(NamedTuple):
    """Where the money of one repayment went, minor units."""

    amount: int
    principal: int
    interest: int
    fees: int
    penalty: int
    recovered: int
    credit: int
    early: int
    """Principal among it that had not fallen due."""


class Payoff(NamedTuple):
    """What repays one loan in full on the day the account stands at, minor units."""

    loan: str
    due: int
    """Principal, interest and fees that have fallen due."""
    penalty: int
    interest: int
    """Accrued since the last due day."""
    principal: int
    """Not fallen due."""
    early_fee: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.due + self.penalty + self.interest + self.principal + self.early_fee


NOT_BEHIND = Arrears(0, 0)


@dataclass(slots=True)
class Account:
    """One line's loans and books. Operations come in order of day; one out of order is an AssertionError."""

    line: str
    loans: dict[str, Loan] = field(default_factory=dict)
    live: list[Loan] = field(default_factory=list)
    """Loans on which something is owed, by day of the draw, then id."""
    lost: list[Loan] = field(default_factory=list)
    """Loans written off, in the same order."""
    credit: int = 0
    """Money of the borrower that nothing was owed for."""
    day: int = 0
    """The day it stands at, whose due rows have fallen due."""
    entries: list[Entry] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)

    # -- what it is ---------------------------------------------------------------------------------

    @property
    def owed(self) -> int:
        """Principal outstanding on all loans, minor units."""
        return sum(loan.balance for loan in self.live)

    def arrears(self) -> Arrears:
        """How far the line is behind at the end of the day it stands at."""
        days, amount = 0, 0
        for loan in self.live:
            for row in loan.unsettled:
                if loan.is_late(row, self.day):
                    days = max(days, self.day - row.due)
                    amount += row.owed
        for loan in self.lost:
            if loan.claim:
                days = max(days, loan.days_lost)
                amount += loan.claim
        return Arrears(days, amount) if amount else NOT_BEHIND

    def payoff(self, loan: str) -> Payoff:
        """What repays a loan in full today. LendingError where there is no such loan or it was written off."""
        found = self._loan(loan)
        if found.is_written_off:
            raise LendingError("loan", loan, "what comes in for it is a recovery", "was written off")
        future = found.future
        return Payoff(
            loan,
            sum(row.owed for row in found.unsettled),
            sum(row.unpaid["penalty"] + found.penalty_on(row, self.day) for row in found.unsettled),
            found.accrued_on(self.day),
            future,
            found.early_cost(future) - future,
        )

    def balances(self) -> dict[int, int]:
        """What stands on each account of the books, debits positive."""
        sums: dict[int, int] = {}
        for entry in self.entries:
            for account, amount in entry.postings:
                sums[account] = sums.get(account, 0) + amount
        return sums

    # -- how it moves -------------------------------------------------------------------------------

    def advance(self, day: int) -> None:
        """Go on to a day: rows up to and on it fall due, and credit pays them."""
        assert day >= self.day, f"{self.line}: day {day} comes before {self.day}"
        while day > self.day:
            coming = [(due, loan) for loan in self.live if (due := loan.next_due) is not None and due <= day]
            if not coming:
                break
            self.day = min(due for due, _ in coming)
            for due, loan in coming:
                if due == self.day:
                    self._fall_due(loan)
            self._use_credit(f"credit:{self.day}")
            self._tidy()
        self.day = day

    def draw(self, day: int, cause: str, loan: str, terms: Terms) -> None:
        """A draw becomes a loan. LendingError where the id is taken."""
        self.advance(day)
        if loan in self.loans:
            raise LendingError("loan", loan, "give each loan of a line an id of its own", "is there already")
        made = Loan(loan, terms)
        self.loans[loan] = made
        self.live.append(made)
        self.live.sort(key=lambda each: each.order)
        paid_out = terms.principal - terms.upfront_fee
        self._enter("draw", cause, loan, {PRINCIPAL: terms.principal, CASH: -paid_out, FEE_INCOME: -terms.upfront_fee})

    def repay(self, day: int, cause: str, amount: int, loan: str | None = None) -> Receipt:
        """Money comes in, for one loan or for the line. LendingError for no money or a loan that is not there."""
        if amount <= 0:
            raise LendingError("amount", amount, "give more than 0", "is no repayment")
        target = None if loan is None else self._loan(loan)
        self.advance(day)
        loans = list(self.live) if target is None else [target]
        taken = _Taken()
        left = self._pay_due(loans, amount, cause, taken)
        for each in self.lost:
            if target is None or target is each:
                left -= self._recover(each, left, cause, taken)
        for each in loans:
            if left and not each.is_written_off:
                left -= self._repay_early(each, left, cause, taken)
        if left:
            self.credit += left
            self._enter("repayment", cause, "", {CASH: left, CREDIT: -left})
            taken.credit = left
        self._use_credit(cause)
        self._tidy()
        return Receipt(
            amount, taken.part["principal"] + taken.early, taken.part["interest"], taken.part["fee"],
            taken.part["penalty"], taken.recovered, taken.credit, taken.early,
        )  # fmt: skip

    def reschedule(self, day: int, loan: str, change: Change, rows: int | None = None) -> None:
        """Plan the rest of a loan anew; ``rows`` is how many instalments are then still to come, None to skip.

        LendingError where the change does not fit the loan.
        """
        found = self._loan(loan)
        self.advance(day)
        now = len(found.coming)
        if found.terms.method in ONE_ROW:
            raise LendingError("loan", loan, "only loans in instalments can be", "is repaid at once, not rescheduled")
        if not now:
            raise LendingError("loan", loan, "nothing of it is to come", "cannot be rescheduled")
        if change == "skip_next":
            if rows is not None:
                raise LendingError("instalments", rows, "leave it out", "cannot be chosen when skipping one")
        elif rows is None or not 1 <= rows <= 600 or (rows >= now if change == "fewer" else rows <= now):
            raise LendingError("instalments", rows, f"give a number {change} asks for; {now} are to come")
        found.reschedule(day, change, rows)

    def write_off(self, day: int, cause: str, loan: str) -> None:
        """Take a loan off the books as lost. LendingError where nothing is owed on it or it was done before."""
        found = self._loan(loan)
        self.advance(day)
        if found.is_over:
            raise LendingError("loan", loan, "name a loan on which something is owed", "has nothing to write off")
        lost = found.write_off(day)
        self.lost = sorted([*self.lost, found], key=lambda each: each.order)
        others = lost["fee"] + lost["penalty"] + lost["interest"]
        changes = {RECEIVABLE[part]: -amount for part, amount in lost.items()}
        self._enter("write_off", cause, loan, {PRINCIPAL_LOST: lost["principal"], OTHER_LOST: others, **changes})
        self._tidy()

    # -- within ---------------------------------------------------------------------------------------

    def _loan(self, loan: str) -> Loan:
        found = self.loans.get(loan)
        if found is None:
            raise LendingError("loan", loan, f"name a loan of line {self.line}", "is none of this line")
        return found

    def _fall_due(self, loan: Loan) -> None:
        row = loan.fall_due(self.day)
        if row is not None:
            bears, fee = row.unpaid["interest"], row.unpaid["fee"]
            cause = f"due:{loan.id}:{row.number}"
            self._enter("due", cause, loan.id, _recognised(interest=bears, fee=fee))

    def _use_credit(self, cause: str) -> None:
        if self.credit:
            self.credit = self._pay_due(self.live, self.credit, cause, _Taken(), source=CREDIT)

    def _pay_due(self, loans: Iterable[Loan], money: int, cause: str, taken: _Taken, source: int = CASH) -> int:
        """Pay what has fallen due on these loans, oldest first; what is left of the money."""
        rows = [(row.due, *loan.order, number) for loan in loans for number, row in enumerate(loan.unsettled)]
        done: list[tuple[Loan, Instalment]] = []
        for _, _, name, number in sorted(rows):
            if not money:
                break
            loan = self.loans[name]
            row = loan.unsettled[number]
            money -= self._pay_row(loan, row, money, cause, taken, source)
            if not any(row.unpaid.values()):
                done.append((loan, row))
        for loan, row in done:
            loan.unsettled.remove(row)
            row.settled = self.day
            late = self.day - row.due if self.day > row.due + loan.terms.grace_days else 0
            self.settled.append(Settled(self.day, loan.id, row.number, row.due, row.amount, late))
        return money

    def _pay_row(self, loan: Loan, row: Instalment, money: int, cause: str, taken: _Taken, source: int) -> int:
        """Pay one row in the product's order of parts; what was used."""
        new = loan.recognise_penalty(row, self.day)
        if new:
            self._enter("recognised", cause, loan.id, _recognised(penalty=new))
        changes: dict[int, int] = {}
        used = 0
        for part in loan.terms.order:
            paid = min(money - used, row.unpaid[part])
            if part == "principal" and paid:
                loan.accrue(self.day)
                loan.balance -= paid
                loan.repaid += paid
            row.unpaid[part] -= paid
            changes[RECEIVABLE[part]] = -paid
            taken.part[part] += paid
            used += paid
        self._enter("repayment" if source == CASH else "credit_used", cause, loan.id, {source: used, **changes})
        return used

    def _recover(self, loan: Loan, money: int, cause: str, taken: _Taken) -> int:
        used = min(money, loan.claim)
        loan.claim -= used
        taken.recovered += used
        if used:
            self._enter("repayment", cause, loan.id, {CASH: used, RECOVERIES: -used})
        return used

    def _repay_early(self, loan: Loan, money: int, cause: str, taken: _Taken) -> int:
        bears, principal, fee = loan.repay_early(self.day, money)
        used = bears + principal + fee
        if used:
            self._enter("recognised", cause, loan.id, _recognised(interest=bears, fee=fee))
            paid = {CASH: used, INTEREST_DUE: -bears, FEES_DUE: -fee, PRINCIPAL: -principal}
            self._enter("repayment", cause, loan.id, paid)
        taken.part["interest"] += bears
        taken.part["fee"] += fee
        taken.early += principal
        return used

    def _tidy(self) -> None:
        """Forget loans on which nothing is owed any more."""
        if any(loan.is_over for loan in self.live):
            self.live = [loan for loan in self.live if not loan.is_over]

    def _enter(self, kind: EntryKind, cause: str, loan: str, changes: dict[int, int]) -> None:
        postings = tuple(sorted((account, amount) for account, amount in changes.items() if amount))
        assert sum(amount for _, amount in postings) == 0, f"{self.line}: {kind} {cause} does not balance"
        if postings:
            self.entries.append(Entry(self.day, kind, cause, loan, postings))


@dataclass(slots=True)
class _Taken:
    """Where money went so far."""

    part: dict[Part, int] = field(default_factory=lambda: {"fee": 0, "penalty": 0, "interest": 0, "principal": 0})
    early: int = 0
    recovered: int = 0
    credit: int = 0


def _recognised(*, interest: int = 0, fee: int = 0, penalty: int = 0) -> dict[int, int]:
    """Income recognised against what is then receivable."""
    return {
        INTEREST_DUE: interest, INTEREST_INCOME: -interest, FEES_DUE: fee, FEE_INCOME: -fee,
        PENALTY_DUE: penalty, PENALTY_INCOME: -penalty,
    }  # fmt: skip
