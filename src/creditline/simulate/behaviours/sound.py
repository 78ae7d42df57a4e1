"""Borrowers who are sound and look it."""

from __future__ import annotations

from creditline.events.kinds import LineEnded
from creditline.simulate.borrower import DAY, Borrower
from creditline.simulate.habits.line import draw, leans, purpose, repay, settles, uses
from creditline.simulate.habits.money import falls_to, sends
from creditline.simulate.habits.opening import applies
from creditline.simulate.habits.ordinary import borrows, ordinary
from creditline.simulate.habits.presence import keeps_profile
from creditline.simulate.habits.reports import keeps_books
from creditline.simulate.truth import KEEP, Verdict


def steady(b: Borrower) -> Verdict:
    """Draws now and then for ordinary ends and pays every instalment on its day. Sound."""
    applies(b, 60)
    ordinary(b)
    borrows(b)
    return KEEP


def light_user(b: Borrower) -> Verdict:
    """Has the line for a rainy day, draws little and seldom. Sound."""
    applies(b, 60)
    ordinary(b)
    uses(b, b.applied, percent=12, share=(5, 12), terms=(3, 6))
    settles(b)
    return KEEP


def ahead_of_plan(b: Borrower) -> Verdict:
    """Draws as usual and pays part of it back weeks before it is due whenever money is there. Sound."""
    applies(b, 60)
    ordinary(b)
    borrows(b)
    for month in b.months(b.applied + 40):
        if b.chance.hit(35):
            day = b.period.firsts[month] + b.chance.between(12, 26)
            b.plan(b.when(day), _pays_some)
    return KEEP


def _pays_some(b: Borrower, at: int) -> None:
    repay(b, at, b.account.owed * b.chance.between(20, 60) // 10_000 * 100)


def one_big_thing(b: Borrower) -> Verdict:
    """Renovates a home or buys a machine: most of the line in one draw, paid down over a year. Sound."""
    applies(b, 50)
    ordinary(b)
    leans(b, b.applied + b.chance.between(3, 90), b.chance.between(70, 95))
    settles(b)
    return KEEP


def pays_rent_from_it(b: Borrower) -> Verdict:
    """Each draw goes on the same day, a round sum, to the same landlord: looks like cash-out, is rent. Sound."""
    applies(b, 40)
    ordinary(b)
    landlord = f"sim-landlord-{b.chance.below(10**6):06d}"

    def deed(b: Borrower, at: int) -> None:
        rent = b.account.amount * 7 // 100 // 50_000 * 50_000
        if rent and draw(b, at, rent, "daily", 3, landlord):
            sends(b, at + b.later(600, 3600 * 5, 1_000_000), rent, landlord, is_round=True)

    for month in b.months(b.applied):
        b.plan(b.when(b.period.firsts[month] + 1), deed)
    settles(b)
    return KEEP


def leaver(b: Borrower) -> Verdict:
    """Uses the line for some months, pays it off and asks for it to be ended. Sound."""
    applies(b, 30)
    leaves = b.applied + b.chance.between(150, 300)
    ordinary(b)
    borrows(b, until_day=leaves - 40)

    def deed(b: Borrower, at: int) -> None:
        repay(b, at, b.account.owed)
        # Nobody asks for the end of a line that was never granted.
        if not b.account.owed and b.account.room(at, 1):
            b.tell(at + DAY, LineEnded(cause="requested"))

    b.plan(b.when(leaves), deed)
    return KEEP


def steady_shop(b: Borrower) -> Verdict:
    """A business that buys stock on the line and repays from takings, month by month. Sound."""
    applies(b, 60)
    ordinary(b)
    uses(b, b.applied, percent=65, share=(8, 25), terms=(3, 3, 6))
    settles(b)
    return KEEP


def seasonal_shop(b: Borrower) -> Verdict:
    """Takes half of its money in three months of the year, draws the line full before and repays after. Sound."""
    applies(b, 30)
    season = b.applied + b.chance.between(110, 190)
    takings = falls_to(190, season, season + 90)
    ordinary(b, "books", "profile")
    keeps_profile(b)
    keeps_books(b, takings, stock=falls_to(170, season - 60, season))
    for week in range(5):
        b.plan(b.when(season - 60 + week * 7), _stocks_up)
    b.plan(b.when(season + 70), _pays_off)
    settles(b)
    return KEEP


def _stocks_up(b: Borrower, at: int) -> None:
    amount = draw(b, at, b.account.amount * b.chance.between(15, 24) // 100, purpose(b), 6, flexible=True)
    if amount:
        sends(b, at + b.later(1, 3), amount * 9 // 10, f"sim-supplier-{b.chance.below(40):03d}")


def _pays_off(b: Borrower, at: int) -> None:
    repay(b, at, b.account.owed)
