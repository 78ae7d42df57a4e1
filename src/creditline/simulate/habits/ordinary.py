"""The ordinary background of a life, so that a behaviour need only say what is special about it."""

from __future__ import annotations

from creditline.events.kinds import Lender
from creditline.simulate.borrower import YUAN, Borrower, Lateness
from creditline.simulate.habits.line import on_time, settles, uses
from creditline.simulate.habits.money import earns, pays_elsewhere, spends
from creditline.simulate.habits.presence import keeps_profile, logs_in
from creditline.simulate.habits.reports import keeps_books, owes_elsewhere, reported, scored

LENDERS: tuple[Lender, ...] = ("bank", "card", "online")


def ordinary(b: Borrower, *without: str) -> None:
    """Income, spending, reports, score, logins and profile (and books, for a business), ``without`` some of them."""
    if "earns" not in without:
        earns(b)
    if "spends" not in without:
        spends(b)
    if "reported" not in without:
        debts = owes_elsewhere(b)
        reported(b, debts=debts)
        if debts.lenders and debts.monthly_due >= YUAN:
            pays_elsewhere(b, b.chance.pick(LENDERS), debts.monthly_due, lambda _day: 0, b.applied, b.period.days)
    if "scored" not in without:
        scored(b)
    if "logs_in" not in without:
        logs_in(b)
    if "profile" not in without:
        keeps_profile(b)
    if b.party == "business" and "books" not in without:
        keeps_books(b)


def borrows(b: Borrower, lateness: Lateness = on_time, until_day: int | None = None) -> None:
    """Ordinary use of the line: draws now and then until a day, instalments paid with this lateness."""
    uses(b, b.applied, until_day)
    settles(b, lateness)
