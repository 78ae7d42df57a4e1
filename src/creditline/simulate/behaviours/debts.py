"""Borrowers with debts at other lenders (T02, T03, T10)."""

from __future__ import annotations

from dataclasses import replace

from creditline.events.kinds import FinancingStarted
from creditline.simulate.borrower import HOUR, YUAN, Borrower
from creditline.simulate.habits.line import never_from, settles, uses
from creditline.simulate.habits.money import pays_elsewhere
from creditline.simulate.habits.opening import applies
from creditline.simulate.habits.ordinary import borrows, ordinary
from creditline.simulate.habits.reports import Change, Debts, owes_elsewhere, reported, scored
from creditline.simulate.truth import KEEP, Verdict


def many_lenders(b: Borrower) -> Verdict:
    """Takes loan upon loan elsewhere, then sells something or is helped and pays them off one by one."""
    applies(b)
    begins = b.applied + b.chance.between(40, 110)
    turns = begins + b.chance.between(90, 150)
    ordinary(b, "reported", "scored")
    debts = owes_elsewhere(b)
    most = b.chance.between(4, 8)
    reported(b, _up_and_down(b, begins, turns, most), debts)
    scored(b, step=lambda day: -9 if begins + 30 < day < turns else 6)
    _borrows_elsewhere(b, begins, most)
    pays_elsewhere(b, "online", b.income * 2 // 10, lambda _day: 0, begins, turns + 60)
    borrows(b)
    return Verdict("close", begins + 60, turns + 60, 10)


def under_water(b: Borrower) -> Verdict:
    """Takes loan upon loan elsewhere to pay the last ones until nobody lends any more; then stops paying here."""
    applies(b)
    begins = b.applied + b.chance.between(40, 120)
    ends = begins + b.chance.between(120, 200)
    ordinary(b, "reported", "scored")
    grows = _up_and_down(b, begins, 10_000, b.chance.between(6, 11))
    reported(b, lambda day, seen: _overdue(grows(day, seen), max(0, min(150, day - ends + 40))))
    scored(b, step=lambda day: -14 if day > begins + 40 else 0)
    _borrows_elsewhere(b, begins, 6)
    uses(b, b.applied, ends, percent=80, share=(15, 40), terms=(6, 12))
    settles(b, never_from(ends))
    return Verdict("close", begins + 60, None, 70)


def behind_elsewhere(b: Borrower) -> Verdict:
    """Is 30 to 90 days behind at another lender, over a quarrel or for want of money, and settles it later."""
    applies(b)
    begins = b.applied + b.chance.between(60, 160)
    settled = begins + b.chance.between(60, 140)
    ordinary(b, "reported")
    debts = Debts(b.chance.between(1, 3), b.income * b.chance.between(50, 200) // 100)
    reported(b, lambda day, seen: _overdue(seen, min(90, day - begins) if begins < day < settled else 0), debts)
    pays_elsewhere(b, "card", debts.monthly_due, lambda day: 35 if begins <= day < settled else 0, 0, b.period.days)
    borrows(b)
    return Verdict("close", begins + 30, settled, 8)


def touch_behind_elsewhere(b: Borrower) -> Verdict:
    """Is a week or two behind at another lender once or twice. Sound."""
    applies(b, 40)
    ordinary(b, "reported")
    slips = (b.applied + b.chance.between(40, 200), b.applied + b.chance.between(200, 400))
    debts = Debts(b.chance.between(1, 4), b.income * b.chance.between(40, 150) // 100)
    late = b.chance.between(4, 22)
    reported(b, lambda day, seen: _overdue(seen, late if any(0 <= day - slip < 31 for slip in slips) else 0), debts)
    borrows(b)
    return KEEP


def overstretched(b: Borrower) -> Verdict:
    """Nothing bad enough alone: four or five lenders, a middling score, a full line, a few late days; then better."""
    applies(b)
    begins = b.applied + b.chance.between(40, 90)
    mends = begins + b.chance.between(120, 190)
    ordinary(b, "reported", "scored")
    reported(b, lambda day, seen: _stretched(b) if begins <= day < mends else seen)
    scored(b, b.chance.between(590, 640), lambda day: -12 if begins <= day < begins + 120 else 9 if day > mends else 0)
    uses(b, b.applied, mends - 60, percent=90, share=(20, 45), terms=(12,))
    settles(b, lambda day: b.chance.between(2, 12) if begins < day < mends and b.chance.hit(45) else 0)
    return Verdict("close", begins + 30, mends + 40, 15)


def _stretched(b: Borrower) -> Debts:
    balance = b.income * b.chance.between(70, 115) // 10
    return Debts(b.chance.between(4, 5), balance, b.chance.pick((0, 0, 5)), b.chance.between(3, 7))


def _overdue(debts: Debts, days: int) -> Debts:
    return replace(debts, lenders=max(debts.lenders, 1 if days else 0), days_past_due=max(0, days))


def _up_and_down(b: Borrower, begins: int, turns: int, most: int) -> Change:
    """One more lender about every three weeks up to ``most``, and from ``turns`` one less about every two."""
    each = b.income * b.chance.between(90, 170) // 100 // YUAN * YUAN

    def change(day: int, debts: Debts) -> Debts:
        number = max(0, min(most, (day - begins) // 21) - max(0, (day - turns) // 14))
        asked = 2 + number % 4 if begins < day < turns else debts.inquiries
        return replace(debts.much(number, number * each), inquiries=asked)

    return change


def _borrows_elsewhere(b: Borrower, begins: int, most: int) -> None:
    for number in range(most):
        at = b.when(begins + number * 21 + b.chance.between(0, 9))
        body = FinancingStarted(lender="online", amount=b.income * b.chance.between(80, 160) // 100 // YUAN * YUAN)
        b.tell(at, body, b.later(1, 48, HOUR))
