"""The account of one line, walked through every calendar day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import ceil, floor

from creditline.lending.terms import MILLION, ONE_ROW, Part, Terms

from .counting import Periods, by_days, rate_of, rounded
from .operations import Draw, Operation, Repay, Reschedule, in_order
from .plan import Planned, Setting, anew, that_come, with_level, with_part

RECEIVABLE: dict[Part, int] = {"principal": 1110, "interest": 1120, "fee": 1130, "penalty": 1140}
INCOME: dict[Part, int] = {"interest": 4010, "fee": 4020, "penalty": 4030}
ACCOUNTS = (1010, 1110, 1120, 1130, 1140, 2010, 4010, 4020, 4030, 4040, 5010, 5020)


class Ledger:
    """Balances of the accounts, debit positive."""

    def __init__(self) -> None:
        self.balances: dict[int, int] = dict.fromkeys(ACCOUNTS, 0)

    def book(self, debit: int, credit: int, amount: int) -> None:
        """One entry."""
        assert amount >= 0
        self.balances[debit] += amount
        self.balances[credit] -= amount


class Late:
    """A row that has fallen due (late or not yet), until it is paid."""

    def __init__(self, terms: Terms, due: int, principal: int, interest: int, fee: int) -> None:
        self.terms = terms
        self.due = due
        # Of penalty, what has been recognised.
        self.owed: dict[Part, int] = {"principal": principal, "interest": interest, "fee": fee, "penalty": 0}
        self.paid: dict[Part, int] = {"principal": 0, "interest": 0, "fee": 0, "penalty": 0}
        self.penalty_parts: list[int] = []
        self.since = due + terms.grace_days if terms.penalty.after_grace else due

    def unpaid(self, part: Part) -> int:
        """What has been recognised of a part and not been paid."""
        return self.owed[part] - self.paid[part]

    def instalment_left(self) -> int:
        """Unpaid principal, interest and fee."""
        return self.unpaid("principal") + self.unpaid("interest") + self.unpaid("fee")

    def after_grace(self, day: int) -> bool:
        """Whether grace is over on a day."""
        return day > self.due + self.terms.grace_days

    def is_late(self, day: int) -> bool:
        """Whether it is late on a day, as things stand."""
        return self.after_grace(day) and self.instalment_left() > 0

    def base(self) -> int:
        """What bears penalty interest."""
        return self.unpaid("principal") + (self.unpaid("interest") if self.terms.penalty.on_instalment else 0)

    def running_penalty(self, day: int) -> int:
        """Penalty interest of the stretch that is running."""
        if not self.after_grace(day):
            return 0
        rate = rate_of(self.terms.penalty.rate, by_days(self.terms.day_count, self.since, day))
        return rounded(self.base() * rate, self.terms.rounding)

    def penalty_to_recognise(self, day: int) -> int:
        """Penalty interest up to a day that has not been recognised."""
        return sum(self.penalty_parts) + self.running_penalty(day) - self.owed["penalty"]

    def left(self, day: int) -> int:
        """All that must be paid for the row on a day."""
        return self.instalment_left() + self.unpaid("penalty") + self.penalty_to_recognise(day)

    def take(self, money: int, day: int, ledger: Ledger, source: int) -> int:
        """Money reaches the row: penalty is recognised, then the parts are paid; returns the money not needed."""
        penalty = self.penalty_to_recognise(day)
        self.owed["penalty"] += penalty
        ledger.book(1140, 4030, penalty)
        if self.after_grace(day):
            self.penalty_parts.append(self.running_penalty(day))
            self.since = max(day, self.since)
        for part in self.terms.order:
            amount = min(money, self.unpaid(part))
            self.paid[part] += amount
            ledger.book(source, RECEIVABLE[part], amount)
            money -= amount
        return money


class Loan:
    """One loan."""

    def __init__(self, draw: Draw) -> None:
        self.id = draw.loan
        self.terms = draw.terms
        self.drawn = draw.day
        self.periods = Periods(self.terms)
        self.skipped: set[int] = set()
        self.fallen: list[Late] = []
        self.balance = self.terms.principal  # all principal outstanding, overdue or not
        self.interest_parts: list[int] = []  # of the running period, closed
        self.interest_paid = 0  # of the running period, paid early
        self.since = self.drawn  # where the running stretch of interest starts
        self.written_off = False
        self.claim = 0
        self.days_lost = 0
        self.recovered = 0
        dues = self.periods.ends_after(self.drawn, self.terms.rows, set())
        # The level instalment, or the part of principal, stays known: `fewer` goes by it.
        self.to_come: list[Planned] = []
        self.measure = 0
        self.plan_anew(Setting(self.periods, self.drawn, self.balance, 0, dues))

    # Interest

    def future(self) -> int:
        """Principal that has not fallen due."""
        return sum(row.principal for row in self.to_come)

    def accrued(self, day: int) -> int:
        """Interest of the running period up to a day that has not been recognised."""
        running = self.periods.interest(self.balance, self.since, day)
        return sum(self.interest_parts) + running - self.interest_paid

    def part(self, day: int) -> None:
        """Close the running stretch."""
        self.interest_parts.append(self.periods.interest(self.balance, self.since, day))
        self.since = day

    # A row falls due

    def fall_due(self, day: int, ledger: Ledger) -> None:
        """The row due on a day, if there is one; after the last planned row interest goes on falling due."""
        if self.written_off or day not in self.periods.ends_to(day):
            return
        planned = bool(self.to_come)
        if planned and self.to_come[0].due != day:
            return
        row = self.to_come.pop(0) if planned else Planned(day, 0, 0)
        interest = self.accrued(day)
        self.interest_parts, self.interest_paid, self.since = [], 0, day
        fee = self.terms.row_fee if planned and (row.principal or interest) else 0
        ledger.book(1120, 4010, interest)
        ledger.book(1130, 4020, fee)
        if row.principal or interest:
            self.fallen.append(Late(self.terms, day, row.principal, interest, fee))

    # Money

    def take_due(self, row: Late, money: int, day: int, ledger: Ledger, source: int) -> int:
        """Money for a row that has fallen due; returns what is not needed."""
        before = row.paid["principal"]
        unpaid = row.unpaid("principal")
        rest = row.take(money, day, ledger, source)
        if row.unpaid("principal") != unpaid:
            self.part(day)
            self.balance -= row.paid["principal"] - before
        return rest

    def take_early(self, money: int, day: int, ledger: Ledger) -> int:
        """Money before anything more is due; returns what is not needed."""
        if self.written_off or money == 0 or (self.balance == 0 and self.accrued(day) == 0):
            return money
        self.part(day)
        interest = min(money, self.accrued(day))
        self.interest_paid += interest
        ledger.book(1120, 4010, interest)
        ledger.book(1010, 1120, interest)
        money -= interest
        future = self.future()
        if money > 0 and future > 0:
            share = early_share(self.terms)
            used = min(money, least_for(future, share))
            principal = ceil(used / share)
            fee = used - principal
            ledger.book(1130, 4020, fee)
            ledger.book(1010, 1130, fee)
            ledger.book(1010, 1110, principal)
            money -= used
            self.balance -= principal
            self.plan_after_early(day, principal)
        if self.balance == 0 and self.accrued(day) == 0:
            self.to_come = []
        return money

    def take_recovery(self, money: int, ledger: Ledger) -> int:
        """Money for a loan written off; returns what is not needed."""
        if not self.written_off:
            return money
        amount = min(money, self.claim - self.recovered)
        self.recovered += amount
        ledger.book(1010, 4040, amount)
        return money - amount

    # Planning anew

    def setting(self, day: int, principal: int, count: int) -> Setting:
        """What to plan anew from on a day."""
        dues = self.periods.ends_after(day, count, self.skipped)
        return Setting(self.periods, day, principal, self.accrued(day), dues)

    def plan_anew(self, setting: Setting) -> None:
        """All rows to come, and what they go by."""
        rows, self.measure = anew(setting)
        self.to_come = that_come(rows)

    def plan_after_early(self, day: int, repaid: int) -> None:
        """The rest, planned as the product says."""
        left = self.future() - repaid
        if left == 0:
            self.to_come = []
            return
        method, early = self.terms.method, self.terms.early
        if method not in ("equal_instalment", "equal_principal"):
            last = self.to_come[-1]
            self.to_come[-1] = Planned(last.due, last.principal - repaid, last.interest)
        elif early == "next":
            for number, row in enumerate(self.to_come):
                taken = min(row.principal, repaid)
                repaid -= taken
                self.to_come[number] = Planned(row.due, row.principal - taken, row.interest)
        elif early == "smaller":
            self.plan_anew(self.setting(day, left, len(self.to_come)))
        else:
            keep = with_level if method == "equal_instalment" else with_part
            self.to_come = keep(self.setting(day, left, len(self.to_come)), self.measure, stop=True)

    def reschedule(self, each: Reschedule) -> bool:
        """What has not fallen due, over other rows; False where it cannot be."""
        now = len(self.to_come)
        if self.written_off or now == 0 or self.terms.method in ONE_ROW:
            return False
        if each.change == "skip_next":
            count = now
            self.skipped.add(self.to_come[0].due)
        else:
            assert each.instalments is not None
            count = each.instalments
            if not (1 <= count < now if each.change == "fewer" else count > now):
                return False
        self.part(each.day)
        self.plan_anew(self.setting(each.day, self.future(), count))
        return True

    # Write-off

    def write_off(self, day: int, ledger: Ledger) -> bool:
        """Everything on the books leaves them; False where nothing is owed."""
        if self.written_off or not (self.balance or self.accrued(day) or self.open_rows(day)):
            return False
        late = [day - row.due for row in self.fallen if row.is_late(day)]
        self.days_lost = max([1, *late])
        ledger.book(5010, 1110, self.balance)
        self.claim = self.balance
        for row in self.fallen:
            for part in ("interest", "fee", "penalty"):
                ledger.book(5020, RECEIVABLE[part], row.unpaid(part))
                self.claim += row.unpaid(part)
        self.written_off = True
        self.to_come = []
        return True

    def open_rows(self, day: int) -> list[Late]:
        """Rows fallen due of which something must be paid on a day."""
        return [] if self.written_off else [row for row in self.fallen if row.left(day) > 0]


def early_share(terms: Terms) -> Fraction:
    """1 + the early-repayment fee."""
    return 1 + (Fraction(0) if terms.method == "any_day" else Fraction(terms.early_fee, MILLION))


def least_for(principal: int, share: Fraction) -> int:
    """The least money of which ceil(m / (1 + f)) is so much principal; whoever brings more is not charged more."""
    return floor((principal - 1) * share) + 1


class Book:
    """All loans of a line, its credit and its ledger."""

    def __init__(self) -> None:
        self.loans: dict[str, Loan] = {}
        self.ledger = Ledger()
        self.credit = 0
        self.arrears: dict[int, tuple[int, int]] = {}
        self.balances: dict[int, dict[int, int]] = {}
        self.settled: list[tuple[str, int, int]] = []
        self.refused: list[str] = []

    def in_draw_order(self) -> list[Loan]:
        """Loans by day of the draw, then id."""
        return sorted(self.loans.values(), key=lambda loan: (loan.drawn, loan.id))

    def pay_due(self, money: int, day: int, source: int, only: Loan | None = None) -> int:
        """Money to what has fallen due, the oldest first; returns what is not needed."""
        if money == 0:
            return 0
        loans = self.in_draw_order() if only is None else [only]
        rows = [(row.due, number, row) for number, loan in enumerate(loans) for row in loan.open_rows(day)]
        for _, number, row in sorted(rows, key=lambda each: each[:2]):
            if money == 0:
                break
            loan = loans[number]
            money = loan.take_due(row, money, day, self.ledger, source)
            if row.left(day) == 0:
                self.settled.append((loan.id, row.due, day))
        return money

    def spend_credit(self, day: int) -> None:
        """Credit pays what is due."""
        self.credit = self.pay_due(self.credit, day, 2010)

    def repay(self, each: Repay) -> None:
        """Money in."""
        day = each.day
        if each.loan is not None:
            loan = self.loans[each.loan]
            money = self.pay_due(each.amount, day, 1010, loan)
            money = loan.take_recovery(money, self.ledger)
            money = loan.take_early(money, day, self.ledger)
        else:
            money = self.pay_due(each.amount, day, 1010)
            for loan in self.in_draw_order():
                money = loan.take_recovery(money, self.ledger)
            for loan in self.in_draw_order():
                money = loan.take_early(money, day, self.ledger)
        self.credit += money
        self.ledger.book(1010, 2010, money)

    def fall_due(self, day: int) -> None:
        """All rows of a day, then credit."""
        for loan in self.in_draw_order():
            loan.fall_due(day, self.ledger)
        self.spend_credit(day)

    def do(self, each: Operation) -> None:
        """One operation, and what credit can do after it."""
        if not isinstance(each, Draw) and each.loan is not None and each.loan not in self.loans:
            self.refused.append(each.id)
        elif isinstance(each, Draw):
            terms = each.terms
            self.loans[each.loan] = Loan(each)
            self.ledger.book(1110, 1010, terms.principal - terms.upfront_fee)
            self.ledger.book(1110, 4020, terms.upfront_fee)
        elif isinstance(each, Repay):
            self.repay(each)
        else:
            loan = self.loans[each.loan]
            fits = loan.reschedule(each) if isinstance(each, Reschedule) else loan.write_off(each.day, self.ledger)
            if not fits:
                self.refused.append(each.id)
        self.spend_credit(each.day)

    def close(self, day: int) -> None:
        """The end of a day: arrears and balances."""
        living = [loan for loan in self.loans.values() if not loan.written_off]
        late = [row for loan in living for row in loan.fallen if row.is_late(day)]
        claims = [loan for loan in self.loans.values() if loan.claim > loan.recovered]
        amount = sum(row.instalment_left() for row in late) + sum(loan.claim - loan.recovered for loan in claims)
        days = [day - row.due for row in late] + [loan.days_lost for loan in claims]
        self.arrears[day] = (max(days, default=0), amount)
        self.balances[day] = dict(self.ledger.balances)
        assert sum(self.ledger.balances.values()) == 0
        assert self.ledger.balances[2010] == -self.credit
        assert self.ledger.balances[1110] == sum(loan.balance for loan in living)

    def quote(self, name: str, day: int) -> int:
        """What must be paid to a loan at the end of a day to owe nothing on it."""
        loan = self.loans[name]
        if loan.written_off:
            return loan.claim - loan.recovered
        due = sum(row.left(day) for row in loan.fallen)
        future = loan.future()
        early = least_for(future, early_share(loan.terms)) if future else 0
        return due + loan.accrued(day) + early


def walk(operations: Iterable[Operation], until: int) -> Book:
    """The line at the end of a day."""
    ordered: Sequence[Operation] = in_order(operations)
    book = Book()
    if not ordered:
        return book
    for day in range(ordered[0].day, until + 1):
        book.fall_due(day)
        for each in ordered:
            if each.day == day:
                book.do(each)
        book.close(day)
    return book


def quote(operations: Iterable[Operation], loan: str, day: int) -> int:
    """What must be paid to a loan at the end of a day to owe nothing on it."""
    return walk(operations, day).quote(loan, day)
