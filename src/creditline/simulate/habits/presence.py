"""Being there: logging in as usual, and keeping the particulars up to date."""

from __future__ import annotations

from creditline.events.kinds import Employment, LoginRecorded, ProfileUpdated, ReopenRequested
from creditline.simulate.borrower import HOUR, YUAN, Borrower


def logs_in(b: Borrower, from_day: int | None = None, until_day: int | None = None, a_month: int = 2) -> None:
    """Log in some times a month in waking hours; a new phone once in about two years."""
    start = b.applied if from_day is None else from_day
    for month in b.months(start, until_day):
        for _ in range(a_month):
            login(b, b.period.firsts[month] + b.chance.between(0, 27), 7, 22)
        if b.chance.hit(4):
            b.device = f"sim-device-{b.chance.below(10**9):09d}"
            login(b, b.period.firsts[month] + 27, 7, 22, new=True)


def login(
    b: Borrower, day: int, first: int, last: int, *, new: bool = False, device: str = "", region: str = ""
) -> None:
    """One login on a day between two local hours."""
    at = b.when(day, first, last)
    hour = (at // HOUR + 8) % 24
    body = LoginRecorded(device=device or b.device, local_hour=hour, new_device=new, region=region or b.region)
    b.tell(at, body)


def keeps_profile(b: Borrower, until_day: int | None = None) -> None:
    """Bring the particulars up to date every four to eleven months, with a little more income each time."""
    day = b.applied + b.chance.between(120, 330)
    told = b.income if b.party == "person" else b.income * 15 // 100
    while day < (b.period.days if until_day is None else until_day):
        told = told * b.chance.between(100, 104) // 100 // YUAN * YUAN
        b.tell(b.when(day), ProfileUpdated(employment=b.work, monthly_income=told))
        day += b.chance.between(120, 330)


def asks_back(b: Borrower, from_day: int) -> None:
    """Ask three times within four months for the line back. On a line that was never closed it means nothing."""
    day = from_day
    for _ in range(3):
        day += b.chance.between(3, 45)
        b.tell(b.when(day, 9, 20), ReopenRequested())


def tells(b: Borrower, day: int, work: Employment, percent: int) -> int:
    """Update the particulars: employment, and income at ``percent`` of what it was; the moment of it."""
    at = b.when(day)
    b.tell(at, ProfileUpdated(employment=work, monthly_income=b.income * percent // 100 // YUAN * YUAN))
    return at
