"""The borrower's account: a line of the lending core, and the limit that is drawn on. Whole minor units throughout."""

from __future__ import annotations

from functools import cache

from creditline.lending.account import INTEREST_INCOME, Receipt, Settled
from creditline.lending.account import Account as Core
from creditline.lending.loan import Instalment, Loan
from creditline.lending.operations import local_day
from creditline.lending.product import Product, load_product
from creditline.simulate.limits import Limits, Look, in_force, room
from creditline.simulate.period import OFFSET

WRITTEN_OFF_AFTER = 180
"""Days past due after which what a line owes is taken off the books as lost."""


@cache
def shipped(name: str) -> Product:
    """A shipped product, read once."""
    return load_product(name)


def reference(name: str) -> str:
    """How draws name a shipped product: name and version."""
    return f"{name}@{shipped(name).version}"


class Account:
    """What one line owes. What is done to it comes in order of time; the borrower's agenda sees to that.

    Days count from the period's start, whose first one is the day number ``begins`` of the lending core.
    """

    __slots__ = ("_begins", "_limits", "_told", "amount", "core", "due_day", "looks", "paid", "path")

    def __init__(self, line: str, amount: int, due_day: int, begins: int, limits: Limits | None = None) -> None:
        self.core = Core(line)
        self.amount = amount
        """Amount applied for: the limit throughout where no ``limits`` in force are given."""
        self.due_day = due_day
        """Day of the month on which instalments fall due, where the product leaves that to the line."""
        self.paid = 0
        """What came in since the last statement."""
        self.path: list[tuple[int, int]] = []
        """Day and principal owed after each change."""
        self.looks: list[Look] = []
        """Each look at what could still be drawn, in order of time."""
        self._begins = begins
        self._limits = limits
        self._told = 0

    # -- what it is ---------------------------------------------------------------------------------

    @property
    def owed(self) -> int:
        """Principal not repaid, fallen due or not."""
        return self.core.owed

    def room(self, at: int, wanted: int | None = None) -> int:
        """What can still be drawn at a moment, ``wanted`` at most; the look is noted.

        A draw asked for is booked before the next one is decided on, so none is ever pending.
        """
        found = room(self._limit(at), self.owed, wanted)
        self.looks.append(Look(at, self.owed, wanted, found))
        return found

    def _limit(self, at: int) -> int:
        return self.amount if self._limits is None else in_force(self._limits, at)

    @property
    def unpaid(self) -> list[Instalment]:
        """Instalments that fell due and are not paid in full, late or not yet."""
        return [row for loan in self.core.live for row in loan.unsettled]

    @property
    def is_lost(self) -> bool:
        """Whether anything of it was written off."""
        return any(loan.is_written_off for loan in self.core.loans.values())

    @property
    def earned(self) -> int:
        """Interest recognised so far, penalty apart."""
        sums = (amount for entry in self.core.entries for code, amount in entry.postings if code == INTEREST_INCOME)
        return -sum(sums)

    @property
    def due_days(self) -> set[int]:
        """The next day on which each loan falls due."""
        return {due - self._begins for loan in self.core.live if (due := loan.next_due) is not None}

    def is_unpaid(self, due: int) -> bool:
        """Whether an instalment that fell due on a day is not paid in full."""
        return any(row.due == due + self._begins for row in self.unpaid)

    def due(self, until: int) -> int:
        """What pays every instalment that fell due up to a day, penalty to this day included."""
        core, last = self.core, until + self._begins
        return sum(
            row.owed + row.unpaid["penalty"] + loan.penalty_on(row, core.day)
            for loan in core.live
            for row in loan.unsettled
            if row.due <= last
        )

    def payoff(self) -> int:
        """What repays everything on the day it stands at."""
        return sum(self.core.payoff(loan.id).total for loan in self.core.live)

    def highest(self, from_day: int) -> int:
        """The largest principal owed on or after a day, counting what was owed when it began."""
        peak = 0
        for day, owed in self.path:
            peak = max(peak, owed) if day >= from_day else owed
        return peak

    # -- how it moves -------------------------------------------------------------------------------

    def advance(self, day: int) -> None:
        """Go on to a day, on which what is due falls due."""
        if self.core.day != day + self._begins:
            self.core.advance(day + self._begins)

    def draw(self, at: int, amount: int, name: str, instalments: int, purpose: str | None = None) -> Loan:
        """Draw at a moment on a shipped product.

        AssertionError beyond the room there is, ProductError for what the product does not lend.
        """
        left = room(self._limit(at), self.owed)
        assert 0 < amount <= left, f"draw of {amount} where {left} is left"
        day = local_day(at, OFFSET) - self._begins
        product = shipped(name)
        due_day = self.due_day if product.due_day == "line" else None
        terms = product.terms(
            amount, day + self._begins, instalments, due_day=due_day, purpose=purpose, check_cost=False
        )
        # Ids in order of the draws: loans of one day are paid in that order.
        loan = f"L{len(self.core.loans) + 1:04d}"
        self.core.draw(day + self._begins, loan, loan, terms)
        self.path.append((day, self.owed))
        return self.core.loans[loan]

    def repay(self, day: int, amount: int) -> Receipt:
        """Money comes in for the line: for what has fallen due, the oldest first, then early."""
        receipt = self.core.repay(day + self._begins, "repayment", amount)
        self.paid += amount
        if receipt.principal:
            self.path.append((day, self.owed))
        return receipt

    def settled(self) -> list[Settled]:
        """Instalments paid in full since this was last asked."""
        new = self.core.settled[self._told :]
        self._told = len(self.core.settled)
        return new

    def write_off(self, day: int) -> list[str]:
        """Take everything owed off the books as lost; the loans that were."""
        lost = [loan.id for loan in self.core.live]
        for loan in lost:
            self.core.write_off(day + self._begins, "write-off", loan)
        self.path.append((day, self.owed))
        return lost
