"""What others report month by month: the credit bureau, the external score, the books of a business."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from creditline.events.kinds import BureauReported, BusinessReported, ScoreReported
from creditline.simulate.borrower import DAY, HOUR, YUAN, Borrower
from creditline.simulate.habits.money import Path, usual
from creditline.simulate.habits.opening import looks_up


@dataclass(frozen=True)
class Debts:
    """What the borrower owes at other lenders."""

    lenders: int
    balance: int
    days_past_due: int = 0
    inquiries: int = 0

    @property
    def monthly_due(self) -> int:
        """About a fourteenth of the balance."""
        return self.balance * 7 // 100

    def much(self, lenders: int, balance: int) -> Debts:
        """The same with so many more lenders and so much more owed."""
        return replace(self, lenders=self.lenders + lenders, balance=self.balance + balance)


Change = Callable[[int, Debts], Debts]
"""How the usual debts look on a day."""


def as_usual(_day: int, debts: Debts) -> Debts:
    """No change."""
    return debts


def owes_elsewhere(b: Borrower) -> Debts:
    """Debt at other lenders as sound borrowers have it: up to five of them, each up to one month's income."""
    lenders = b.chance.pick((0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 5))
    return Debts(lenders, lenders * b.income * b.chance.between(20, 100) // 100 // YUAN * YUAN)


def reported(b: Borrower, change: Change = as_usual, debts: Debts | None = None) -> None:
    """A bureau report with the application and one a month after it, known one to four days later."""
    debts = owes_elsewhere(b) if debts is None else debts
    _bureau(b, looks_up(b), change(b.applied, debts), 0)
    for month in b.months(b.applied + 10):
        day = b.period.firsts[month] + b.chance.between(2, 5)
        drift = b.chance.around(100, 6)
        balance = debts.balance * drift // 100 // YUAN * YUAN
        seen = replace(debts, balance=balance, inquiries=b.chance.pick((0, 0, 0, 1)))
        _bureau(b, b.when(day, 1, 5), change(day, seen), b.later(1, 4))


def _bureau(b: Borrower, at: int, debts: Debts, lag: int) -> None:
    body = BureauReported(
        lenders_with_balance=debts.lenders,
        balance=debts.balance,
        days_past_due=debts.days_past_due,
        monthly_due=debts.monthly_due,
        inquiries_30d=debts.inquiries,
    )
    b.tell(at, body, lag)


def scored(b: Borrower, start: int | None = None, step: Path | None = None) -> None:
    """An external score with the application and once a month: often unchanged, else drawn back to its level.

    ``step(day)`` is added to the level that month.
    """
    level = b.chance.around(670, 130) if start is None else start
    score = level
    b.tell(looks_up(b), ScoreReported(score=score))
    for month in b.months(b.applied + 10):
        day = b.period.firsts[month] + b.chance.between(6, 9)
        by = step(day) if step else 0
        level = max(300, min(900, level + by))
        if by or not b.chance.hit(55):
            score = max(300, min(900, (score + level) // 2 + by // 2 + b.chance.around(0, 2 if by else 8)))
        b.tell(b.when(day, 1, 5), ScoreReported(score=score), b.later(2, 30, HOUR))


def keeps_books(
    b: Borrower, takings: Path = usual, margin: Path | None = None, debt: Path = usual, stock: Path = usual
) -> None:
    """Figures of the business every month, in the middle of the next; three months are shown at the application."""
    assets = b.income * b.chance.between(180, 300) // 100
    owed = assets * b.chance.between(40, 65) // 100
    kept = b.chance.between(6, 16)
    for first in [-30 * number for number in range(3, 0, -1)] + list(b.period.firsts[:-1]):
        day = first + b.chance.between(10, 14)
        revenue = b.income * takings(day - 20) // 100 * b.chance.around(100, 10) // 100
        body = BusinessReported(
            revenue=revenue,
            profit=revenue * (kept if margin is None else margin(day)) // 100,
            current_assets=assets * b.chance.around(100, 5) // 100,
            current_liabilities=owed * debt(day) // 100,
            stock=assets * stock(day) * b.chance.between(30, 36) // 10_000,
        )
        at = b.when(day)
        if b.arrived - 100 * DAY < at < b.arrived - DAY:
            b.tell(at, body, looks_up(b) - at)
        elif at > b.arrived:
            b.tell(at, body, b.later(0, 3))
