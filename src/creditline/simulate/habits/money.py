"""Money on the borrower's own account: wages, takings, spending, instalments elsewhere, and where draws go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from creditline.events.kinds import (
    IncomeReceived,
    Lender,
    OutsideInstalmentPaid,
    SpendingObserved,
    TransferReceived,
    TransferSent,
)
from creditline.simulate.borrower import DAY, HOUR, YUAN, Borrower
from creditline.simulate.habits.opening import looks_up

Path = Callable[[int], int]
"""A percentage of the usual, by day."""

Everyday = Literal["living", "housing", "health", "business"]
_EVERYDAY: tuple[Everyday, ...] = ("living", "living", "housing", "health")


def usual(_day: int) -> int:
    """One hundred per cent of the usual, always."""
    return 100


def falls_to(percent: int, from_day: int, until_day: int | None = None) -> Path:
    """One hundred per cent of the usual, but ``percent`` of it from one day until another."""

    def path(day: int) -> int:
        return percent if day >= from_day and (until_day is None or day < until_day) else 100

    return path


def earns(b: Borrower, path: Path = usual) -> None:
    """Wages once a month, or takings in four parts; three months before the application are seen with it."""
    parts, spread = (1, 2) if b.party == "person" else (4, 20)
    payday = b.chance.between(5, 12)
    known = looks_up(b)
    for first in _month_starts(b):
        for part in range(parts):
            day = first + payday - 1 + part * 7 - (8 if parts > 1 and payday > 6 else 0)
            amount = b.income * path(day) // 100 * b.chance.around(100, spread) // (100 * parts) // YUAN * YUAN
            if amount <= 0:
                continue
            at = b.when(day, 9, 17)
            seen = at + b.later(1, 40, HOUR)
            if b.arrived - 100 * DAY < at < known:
                b.tell(at, IncomeReceived(amount=amount), known - at)
            elif at > b.arrived:
                b.tell(at, IncomeReceived(amount=amount), seen - at)


def _month_starts(b: Borrower) -> list[int]:
    """First days of the months from four before the application on, months before the period taken as 30 days."""
    return [-30 * number for number in range(4, 0, -1)] + list(b.period.firsts[:-1])


def spends(b: Borrower, times: int = 3, path: Path = usual) -> None:
    """Everyday payments, ``times`` a month, together about half of what comes in."""
    for month in b.months(b.applied):
        for _ in range(times):
            day = b.period.firsts[month] + b.chance.between(0, 27)
            share = b.chance.between(50, 150) * path(day) // 100
            amount = b.income * share // (200 * times) // YUAN * YUAN
            if amount > 0:
                body = SpendingObserved(amount=amount, category=_category(b))
                b.tell(b.when(day), body, b.later(1, 30, HOUR))


def _category(b: Borrower) -> Everyday:
    return b.chance.pick(_EVERYDAY) if b.party == "person" else "business"


def pays_elsewhere(b: Borrower, lender: Lender, amount: int, late: Path, from_day: int, until_day: int) -> None:
    """A monthly instalment at another lender, ``late(day)`` days late."""
    for month in b.months(max(from_day, b.applied), until_day):
        day = b.period.firsts[month] + 17
        days_late = late(day)
        at = b.when(day + days_late)
        b.tell(at, OutsideInstalmentPaid(lender=lender, amount=amount, days_late=days_late), b.later(2, 48, HOUR))


def sends(b: Borrower, at: int, amount: int, to: str, *, is_round: bool = False, lag_hours: int = 3) -> None:
    """A transfer out, known within some hours."""
    body = TransferSent(amount=amount, counterparty=to, is_round=is_round)
    b.tell(at, body, b.later(0, lag_hours, HOUR))


def receives(b: Borrower, at: int, amount: int, by: str) -> None:
    """A transfer in, known within some hours."""
    b.tell(at, TransferReceived(amount=amount, counterparty=by), b.later(0, 3, HOUR))
