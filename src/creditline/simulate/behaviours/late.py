"""Borrowers who pay late, for want of care, of work or of means (T01, T12)."""

from __future__ import annotations

from creditline.simulate.borrower import Borrower
from creditline.simulate.habits.line import late_for, leans, never_from, settles, uses
from creditline.simulate.habits.money import earns, falls_to
from creditline.simulate.habits.opening import applies
from creditline.simulate.habits.ordinary import ordinary
from creditline.simulate.habits.presence import tells
from creditline.simulate.habits.reports import Debts, owes_elsewhere, reported, scored
from creditline.simulate.truth import KEEP, Verdict


def forgetful(b: Borrower) -> Verdict:
    """Forgets the day now and then and pays one to six days late. The money was never in doubt."""
    applies(b, 50)
    ordinary(b)
    uses(b, b.applied, percent=25)
    settles(b, lambda _day: b.chance.low(1, 6) if b.chance.hit(22) else 0)
    return KEEP


def late_then_reformed(b: Borrower) -> Verdict:
    """Pays 12 to 50 days late for some months, catches up and is on time ever after: to be closed in between."""
    applies(b)
    begins = b.applied + b.chance.between(60, 130)
    mends = begins + b.chance.between(60, 130)
    ordinary(b, "scored")
    scored(b, step=lambda day: -8 if begins + 20 <= day < mends + 30 else 4)
    uses(b, b.applied, begins)
    leans(b, begins - 20, b.chance.between(60, 95))
    settles(b, late_for(b, begins, mends, 12, 50))
    uses(b, mends + 150, percent=35)
    return Verdict("close", begins + 15, mends + 50, 6)


def defaulter(b: Borrower) -> Verdict:
    """Leans on the line and stops paying for good: most of it is lost."""
    applies(b, 40)
    begins = b.applied + b.chance.between(70, 200)
    ordinary(b, "reported", "scored")
    debts = owes_elsewhere(b)
    reported(b, lambda day, seen: _behind(seen, day - begins - 40) if day > begins + 40 else seen, debts)
    scored(b, step=lambda day: -25 if day > begins - 20 else 0)
    uses(b, b.applied, begins)
    leans(b, begins - 12, b.chance.between(80, 100))
    settles(b, never_from(begins))
    return Verdict("close", begins - 12, None, 75)


def _behind(debts: Debts, days: int) -> Debts:
    return Debts(max(1, debts.lenders), max(debts.balance, 500_000), min(days, 180), debts.inquiries)


def job_loss(b: Borrower) -> Verdict:
    """Loses the job and says so, pays weeks late on savings, finds work after some months and catches up."""
    applies(b)
    lost = b.applied + b.chance.between(80, 170)
    found = lost + b.chance.between(90, 180)
    ordinary(b, "earns", "profile", "scored")
    earns(b, falls_to(0, lost, found))
    scored(b, step=lambda day: -10 if lost <= day < found else 5)
    tells(b, lost + b.chance.between(1, 20), "unemployed", 0)
    tells(b, found + b.chance.between(3, 15), "employed", b.chance.between(85, 105))
    uses(b, b.applied, lost)
    leans(b, lost + 10, 75)
    settles(b, late_for(b, lost + 45, found, 10, 38))
    return Verdict("close", lost, found + 30, 12)


def pay_cut(b: Borrower) -> Verdict:
    """Earns a third to a half less from one day on, says so, spends less and pays on time. Sound, but smaller."""
    applies(b, 40)
    cut = b.applied + b.chance.between(90, 240)
    percent = b.chance.between(50, 69)
    ordinary(b, "earns", "profile")
    earns(b, falls_to(percent, cut))
    tells(b, cut + b.chance.between(5, 40), b.work, percent)
    uses(b, b.applied, cut, percent=45, share=(5, 18))
    settles(b)
    return KEEP
