"""The borrower's account: principal, instalments to come, what is overdue. Whole minor units throughout."""

from __future__ import annotations

from dataclasses import dataclass, field

MONTHLY_INTEREST_PERMILLE = 12
"""Interest on the balance per month, about 14.4 % a year."""


@dataclass
class Due:
    """One instalment that fell due and is not paid yet."""

    day: int
    """Day it fell due."""
    principal: int
    interest: int

    @property
    def amount(self) -> int:
        """What is to be paid, minor units."""
        return self.principal + self.interest


@dataclass
class Account:
    """What one line owes. Draws and repayments come in order of time; the borrower's agenda sees to that."""

    amount: int
    """Amount applied for, which the balance never exceeds."""
    owed: int = 0
    """Principal not repaid, overdue or not."""
    earned: int = 0
    """Interest billed so far."""
    parts: dict[int, int] = field(default_factory=dict)
    """Principal to fall due, by number of the month."""
    overdue: list[Due] = field(default_factory=list)
    paid: int = 0
    """What came in since the last statement, principal and interest."""
    path: list[tuple[int, int]] = field(default_factory=list)
    """Day and balance after each change."""

    @property
    def room(self) -> int:
        """What can still be drawn."""
        return self.amount - self.owed

    def draw(self, day: int, amount: int, month: int, term: int) -> None:
        """Book a draw, to be repaid in ``term`` equal parts of principal from the month after ``month`` on."""
        assert 0 < amount <= self.room, f"draw of {amount} where {self.room} is left"
        part, rest = divmod(amount, term)
        for number in range(term):
            due = month + 1 + number
            self.parts[due] = self.parts.get(due, 0) + part + (rest if number == 0 else 0)
        self._change(day, amount)

    def bill(self, day: int, month: int) -> Due | None:
        """The instalment of a month falls due; None when nothing is owed."""
        interest = self.owed * MONTHLY_INTEREST_PERMILLE // 1000
        principal = self.parts.pop(month, 0)
        if principal + interest == 0:
            return None
        self.earned += interest
        due = Due(day, principal, interest)
        self.overdue.append(due)
        return due

    def settle(self, day: int, until: int) -> list[Due]:
        """Pay every instalment that fell due up to day ``until``, oldest first; those paid."""
        paid = [due for due in self.overdue if due.day <= until]
        self.overdue = [due for due in self.overdue if due.day > until]
        self.paid += sum(due.amount for due in paid)
        self._change(day, -sum(due.principal for due in paid))
        return paid

    def prepay(self, day: int, amount: int) -> int:
        """Pay principal that is not due yet, the last instalments first; what of ``amount`` could be used."""
        left = amount
        for month in sorted(self.parts, reverse=True):
            used = min(left, self.parts[month])
            left -= used
            self.parts[month] -= used
            if not self.parts[month]:
                del self.parts[month]
        self.paid += amount - left
        self._change(day, left - amount)
        return amount - left

    def highest(self, from_day: int) -> int:
        """The largest balance on or after a day, counting what was owed when it began."""
        peak = 0
        for day, owed in self.path:
            peak = max(peak, owed) if day >= from_day else owed
        return peak

    def _change(self, day: int, by: int) -> None:
        self.owed += by
        assert 0 <= self.owed <= self.amount, f"balance {self.owed} outside 0 to {self.amount}"
        if by:
            self.path.append((day, self.owed))
