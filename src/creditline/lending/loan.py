"""One loan: what is left, what has fallen due, what is to come. The account of its line moves it through time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from creditline.lending.daycount import fraction, interest, rate_of
from creditline.lending.schedule import Periods, RowRates, spread
from creditline.lending.terms import MILLION, Part, Terms

Change = Literal["fewer", "smaller", "skip_next"]
"""How a loan is rescheduled."""

Unpaid = dict[Part, int]


@dataclass(slots=True)
class Instalment:
    """A row that has fallen due. Amounts in minor units."""

    loan: str
    number: int
    """Counted from 1; rows that bear interest only, after the last planned one, count on."""
    due: int
    amount: int
    """What fell due: principal, interest and fee."""
    unpaid: Unpaid
    penalty: int = 0
    """Penalty recognised so far, paid or not."""
    penalty_from: int = 0
    """Day from which penalty has not been recognised yet."""
    settled: int | None = None
    """Day it was paid in full, penalty included."""

    @property
    def owed(self) -> int:
        """Unpaid principal, interest and fee."""
        return self.unpaid["principal"] + self.unpaid["interest"] + self.unpaid["fee"]


class Planned(NamedTuple):
    """A row to come."""

    period: int
    """Number of the period at whose end it falls due."""
    principal: int


@dataclass(slots=True)
class Loan:
    """One loan as it stands on the day its account stands at. Amounts in minor units, days as day numbers."""

    id: str
    terms: Terms
    balance: int = 0
    """Principal outstanding, fallen due or not; 0 once written off."""
    accrued: int = 0
    """Interest of the running period up to ``since``, neither fallen due nor paid."""
    since: int = 0
    """Day up to which interest is in ``accrued``."""
    period: int = 0
    """Number of the period that ``since`` lies in."""
    level: int = 0
    """The instalment, or the part of principal, that the rows to come keep to."""
    coming: list[Planned] = field(default_factory=list)
    instalments: list[Instalment] = field(default_factory=list)
    """All that have fallen due."""
    unsettled: list[Instalment] = field(default_factory=list)
    """Those of them that are not paid in full, oldest first."""
    repaid: int = 0
    """Principal repaid."""
    written_off: int = 0
    """Principal written off."""
    claim: int = 0
    """All that was written off and has not been recovered."""
    days_lost: int = 0
    """Days past due when it was written off, which the line stays behind until the claim is recovered."""
    is_written_off: bool = False
    periods: Periods = field(init=False)

    def __post_init__(self) -> None:
        """Plan the rows as agreed."""
        terms = self.terms
        self.periods = Periods(terms)
        self.balance = terms.principal
        self.since = terms.drawn
        self._replan(terms.principal, list(range(terms.rows)), keep_level=False)

    # -- what it is ---------------------------------------------------------------------------------

    @property
    def order(self) -> tuple[int, str]:
        """Its place among the loans of its line."""
        return (self.terms.drawn, self.id)

    @property
    def future(self) -> int:
        """Principal that has not fallen due."""
        return sum(row.principal for row in self.coming)

    @property
    def is_over(self) -> bool:
        """Whether nothing is owed on it any more, or it was written off."""
        return not (self.balance or self.accrued or self.unsettled or self.coming)

    @property
    def next_due(self) -> int | None:
        """The day on which the next row falls due, None when there is none."""
        if self.coming:
            return self.periods.ends[self.coming[0].period]
        if self.balance or self.accrued:
            self.periods.need(self.period + 1)
            return self.periods.ends[self.period]
        return None

    @property
    def early_fee(self) -> int:
        """Millionths of the principal repaid early."""
        return 0 if self.terms.method == "any_day" else self.terms.early_fee

    def accrued_on(self, day: int) -> int:
        """Interest accrued and not recognised by the end of a day, none earlier than ``since``."""
        return self.accrued + self._bears(self.balance, self.since, day)

    def penalty_on(self, row: Instalment, day: int) -> int:
        """Penalty on a row by a day that is not recognised yet."""
        terms = self.terms
        if day <= row.due + terms.grace_days or not terms.penalty.rate:
            return 0
        base = row.unpaid["principal"] + (row.unpaid["interest"] if terms.penalty.on_instalment else 0)
        count = "act/360" if terms.day_count == "30/360" else terms.day_count
        rate = rate_of(terms.penalty.rate, *fraction(count, row.penalty_from, max(day, row.penalty_from)))
        return interest(base, rate, terms.rounding)

    def is_late(self, row: Instalment, day: int) -> bool:
        """Whether a row counts as late at the end of a day."""
        return day > row.due + self.terms.grace_days and row.owed > 0

    def early_cost(self, principal: int) -> int:
        """The least money that repays so much principal early, fee included."""
        if not principal:
            return 0
        return (principal - 1) * (MILLION + self.early_fee) // MILLION + 1

    # -- how it moves -------------------------------------------------------------------------------

    def accrue(self, day: int) -> int:
        """Take interest up to a day into ``accrued`` and return all that is there."""
        self.accrued = self.accrued_on(day)
        while self.since < day:
            self.periods.need(self.period + 1)
            self.since = min(day, self.periods.ends[self.period])
            self.period += self.since == self.periods.ends[self.period]
        return self.accrued

    def fall_due(self, day: int) -> Instalment | None:
        """The next row falls due on its day; None when it comes to nothing."""
        bears = self.accrue(day)
        self.accrued = 0
        principal, fee = 0, 0
        if self.coming:
            principal = self.coming.pop(0).principal
            fee = self.terms.row_fee if principal or bears else 0
        if not principal + bears + fee:
            return None
        row = Instalment(
            self.id,
            len(self.instalments) + 1,
            day,
            principal + bears + fee,
            {"fee": fee, "penalty": 0, "interest": bears, "principal": principal},
            penalty_from=day + (self.terms.grace_days if self.terms.penalty.after_grace else 0),
        )
        self.instalments.append(row)
        self.unsettled.append(row)
        return row

    def recognise_penalty(self, row: Instalment, day: int) -> int:
        """Take a row's penalty up to a day into what is unpaid of it; how much was new."""
        if day <= row.due + self.terms.grace_days:
            return 0
        new = self.penalty_on(row, day)
        row.unpaid["penalty"] += new
        row.penalty += new
        row.penalty_from = max(day, row.penalty_from)
        return new

    def repay_early(self, day: int, money: int) -> tuple[int, int, int]:
        """Use money for what has not fallen due: interest accrued, principal, and the fee on it, as taken."""
        bears = min(money, self.accrue(day))
        self.accrued -= bears
        money -= bears
        future = self.future
        if not money or not future:
            return bears, 0, 0
        cost = self.early_cost(future)
        principal = future if money >= cost else -(-money * MILLION // (MILLION + self.early_fee))
        fee = min(money, cost) - principal
        self._lower(principal)
        return bears, principal, fee

    def reschedule(self, day: int, change: Change, rows: int | None) -> None:
        """Plan what has not fallen due anew: over another number of rows, or without the next due day."""
        self.accrue(day)
        first = self.coming[0].period
        if change == "skip_next":
            periods = list(range(first + 1, first + 1 + len(self.coming)))
        else:
            assert rows is not None
            periods = list(range(first, first + rows))
        self._replan(self.future, periods, keep_level=False)

    def write_off(self, day: int) -> Unpaid:
        """Take everything that is recognised off the books; what that was, by part."""
        late = [row.due for row in self.unsettled if self.is_late(row, day)]
        self.days_lost = max(1, day - min(late, default=day))
        lost: Unpaid = {"fee": 0, "penalty": 0, "interest": 0, "principal": self.balance}
        for row in self.unsettled:
            for part in ("fee", "penalty", "interest"):
                lost[part] += row.unpaid[part]
        self.written_off = self.balance
        self.claim = sum(lost.values())
        self.is_written_off = True
        self.balance = self.accrued = 0
        self.coming, self.unsettled = [], []
        return lost

    # -- planning -----------------------------------------------------------------------------------

    def _bears(self, balance: int, start: int, end: int) -> int:
        """Interest on a balance from the running ``since`` on, each period's stretch rounded."""
        total, period = 0, self.period
        while start < end:
            self.periods.need(period + 1)
            stop = min(end, self.periods.ends[period])
            if balance:
                total += interest(balance, self.periods.rate(period, start, stop), self.terms.rounding)
            start = stop
            period += 1
        return total

    def _lower(self, principal: int) -> None:
        """Principal was repaid early: plan the rest as the product says."""
        self.balance -= principal
        self.repaid += principal
        left = self.future - principal
        if not left:
            self.coming = []
        elif self.terms.early == "next":
            for at, row in enumerate(self.coming):
                taken = min(principal, row.principal)
                self.coming[at] = Planned(row.period, row.principal - taken)
                principal -= taken
        else:
            self._replan(left, [row.period for row in self.coming], keep_level=self.terms.early == "fewer")

    def _replan(self, balance: int, periods: list[int], *, keep_level: bool) -> None:
        """Spread a balance over rows that fall due at the ends of these periods."""
        rates: list[RowRates] = []
        start, first = self.since, self.period
        for period in periods:
            rates.append(self.periods.stretches(start, first, period))
            start, first = self.periods.ends[period], period + 1
        out = spread(self.terms, balance, rates, carried=self.accrued, level=self.level if keep_level else None)
        self.level = out.level
        self.coming = [Planned(period, principal) for period, principal in zip(periods, out.principal, strict=True)]
        while self.coming and not self.coming[-1].principal:
            self.coming.pop()
