"""Small businesses in trouble, out of it, or wrongly thought to be (T02, T17, stories S1 and S2)."""

from __future__ import annotations

from creditline.events.kinds import FinancingStarted, NewsCleared, NewsPublished, Severity
from creditline.simulate.borrower import HOUR, YUAN, Borrower
from creditline.simulate.habits.line import late_for, leans, never_from, settles, uses
from creditline.simulate.habits.money import earns, falls_to, pays_elsewhere
from creditline.simulate.habits.opening import applies
from creditline.simulate.habits.ordinary import borrows, ordinary
from creditline.simulate.habits.reports import Debts, keeps_books, owes_elsewhere, reported, scored
from creditline.simulate.truth import Verdict


def crisis(b: Borrower) -> Verdict:
    """Takings halve, losses pile up, the papers write about it, the line is emptied and never paid."""
    applies(b)
    begins = b.applied + b.chance.between(80, 170)
    takings = falls_to(b.chance.between(25, 55), begins)
    ordinary(b, "earns", "books")
    earns(b, takings)
    keeps_books(b, takings, lambda day: -35 if day > begins else 9, falls_to(220, begins + 60))
    _news(b, begins + b.chance.between(60, 110), "severe", None)
    uses(b, b.applied, begins, percent=70)
    leans(b, begins + 40, 100)
    settles(b, never_from(begins + 75))
    return Verdict("close", begins + 30, None, 75)


def dip_and_recovery(b: Borrower) -> Verdict:
    """A bad half year: takings down by half, losses, a seizure in the papers, weeks late; then it mends."""
    applies(b)
    begins = b.applied + b.chance.between(60, 130)
    mends = begins + b.chance.between(110, 170)
    takings = falls_to(b.chance.between(35, 60), begins, mends)
    ordinary(b, "earns", "books")
    earns(b, takings)
    keeps_books(b, takings, lambda day: -12 if begins < day < mends else 10, falls_to(170, begins, mends + 30))
    _news(b, begins + b.chance.between(30, 70), b.chance.pick(("adverse", "severe")), mends + 10)
    uses(b, b.applied, begins)
    leans(b, begins + 10, 80)
    settles(b, late_for(b, begins + 50, mends, 5, 42))
    return Verdict("close", begins + 30, mends + 30, 15)


def dealer_who_mends(b: Borrower) -> Verdict:
    """S1: a dealer leans on the line and falls behind; clears debts elsewhere, cuts stock, takes a bank loan, pays."""
    applies(b, 15)
    begins = b.applied + b.chance.between(70, 110)
    mends = begins + b.chance.between(80, 120)
    ordinary(b, "reported", "scored", "books")
    scored(b, step=lambda day: -9 if begins < day < mends else 5 if day > mends else 0)
    many = b.income * b.chance.between(70, 130) // 100
    reported(b, lambda day, seen: seen.much(4, many) if begins - 30 < day < mends else seen, owes_elsewhere(b))
    keeps_books(b, margin=lambda day: 2 if begins < day < mends else 11, stock=falls_to(210, begins - 60, mends))
    uses(b, b.applied, begins, percent=100, share=(25, 45), terms=(6, 12))
    settles(b, late_for(b, begins, mends, 15, 48))
    at = b.when(mends + 20)
    loan = b.income * 8 // 10 // YUAN * YUAN
    b.tell(at, FinancingStarted(lender="bank", amount=loan), b.later(1, 40, HOUR))
    pays_elsewhere(b, "bank", max(YUAN, loan // 12), lambda _day: 0, mends + 25, b.period.days)
    return Verdict("close", begins + 20, mends + 60, 12)


def trader_with_swings(b: Borrower) -> Verdict:
    """S2: orders swing, instalments are missed for want of a forecast; supply-chain finance evens it out."""
    applies(b, 15)
    evens = b.applied + b.chance.between(190, 260)
    ordinary(b, "earns", "books")
    swing = b.chance.between(0, 70)

    def takings(day: int) -> int:
        return 40 if (day + swing) // 50 % 2 and day < evens else 125

    earns(b, takings)
    keeps_books(b, takings, lambda day: 3 if day < evens else 9)
    uses(b, b.applied, evens - 30, percent=75, share=(15, 30), terms=(6,))
    settles(b, lambda day: b.chance.between(12, 45) if day < evens and takings(day) < 100 else 0)
    b.tell(b.when(evens), FinancingStarted(lender="supply_chain", amount=b.income // YUAN * YUAN), b.later(1, 40, HOUR))
    pays_elsewhere(b, "supply_chain", max(YUAN, b.income // 10), lambda _day: 0, evens, b.period.days)
    return Verdict("close", b.applied + 60, evens + 20, 10)


def false_news(b: Borrower) -> Verdict:
    """The papers took it for a namesake; corrected after some weeks. Sound."""
    applies(b, 40)
    ordinary(b)
    borrows(b)
    day = b.applied + b.chance.between(60, 220)
    cleared = day + b.chance.between(15, 60)
    _news(b, day, b.chance.pick(("severe", "severe", "adverse")), cleared)
    return Verdict(asks_day=cleared)


def behind_at_bank(b: Borrower) -> Verdict:
    """A firm whose bank loan falls 40 days behind when a buyer pays late; the buyer pays, so does the firm."""
    applies(b, 30)
    begins = b.applied + b.chance.between(60, 150)
    settled = begins + b.chance.between(50, 100)
    ordinary(b, "reported")
    debts = Debts(b.chance.between(1, 3), b.income * b.chance.between(60, 150) // 100)
    reported(b, lambda day, seen: _late(seen, min(65, day - begins)) if begins < day < settled else seen, debts)
    borrows(b)
    return Verdict("close", begins + 30, settled, 8)


def _late(debts: Debts, days: int) -> Debts:
    return Debts(debts.lenders, debts.balance, days, debts.inquiries)


def _news(b: Borrower, day: int, severity: Severity, cleared: int | None) -> None:
    subject = f"sim-news-{b.chance.below(10**6):06d}"
    b.tell(b.when(day, 6, 18), NewsPublished(subject=subject, severity=severity), b.later(1, 60, HOUR))
    if cleared is not None:
        b.tell(b.when(cleared, 6, 18), NewsCleared(subject=subject), b.later(1, 60, HOUR))
