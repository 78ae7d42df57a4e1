"""Borrowers whose rhythm of drawing and repaying stands out (T04, T05, T06, T07)."""

from __future__ import annotations

from creditline.simulate.borrower import DAY, HOUR, Borrower
from creditline.simulate.habits.line import draw, never_from, purpose, repay, settles, uses
from creditline.simulate.habits.money import earns, falls_to
from creditline.simulate.habits.opening import applies
from creditline.simulate.habits.ordinary import borrows, ordinary
from creditline.simulate.habits.reports import owes_elsewhere, reported
from creditline.simulate.truth import KEEP, Verdict


def cycler(b: Borrower) -> Verdict:
    """Uses the line as a purse: repays all and draws again every few days, never a day late, then pauses. Sound."""
    applies(b)
    ordinary(b)
    begins = b.applied + b.chance.between(20, 120)
    pauses = begins + b.chance.between(60, 150)
    _cycles(b, begins, pauses, b.chance.between(3, 5), b.chance.between(7, 11), flexible=True)
    settles(b)
    uses(b, pauses + 90, percent=40)
    return Verdict(asks_day=pauses + 20)


def refinancer(b: Borrower) -> Verdict:
    """Repays with money borrowed elsewhere and draws again to pay that back: a hole moved about; pays it off later."""
    applies(b)
    begins = b.applied + b.chance.between(30, 100)
    pauses = begins + b.chance.between(90, 160)
    ordinary(b, "reported")
    debts = owes_elsewhere(b)
    extra = b.income * b.chance.between(2, 4)
    reported(b, lambda day, seen: seen.much(3, extra) if begins + 20 < day < pauses else seen, debts)
    _cycles(b, begins, pauses, 3, 7, flexible=True)
    settles(b)
    return Verdict("close", begins + 20, pauses, 20)


def _cycles(b: Borrower, begins: int, pauses: int, least: int, most: int, *, flexible: bool = False) -> None:
    """Every ``least`` to ``most`` days pay all back and draw nearly all again within hours."""

    def again(b: Borrower, at: int) -> None:
        draw(b, at, b.account.room(at) * b.chance.between(70, 98) // 100, purpose(b), 3, flexible=flexible)

    def turn(b: Borrower, at: int) -> None:
        repay(b, at, b.account.owed)
        if b.day(at) < pauses:
            b.plan(at + b.later(1, 30, HOUR), again)
            b.plan(at + b.later(least, most), turn)

    b.plan(b.when(begins), again)
    b.plan(b.when(begins + most), turn)


def early_repayer(b: Borrower) -> Verdict:
    """Draws for a few days to bridge to pay-day and pays it all back within two days, again and again. Sound."""
    applies(b, 35)
    ordinary(b)
    often = b.chance.between(45, 100)
    begins = b.applied + b.chance.between(10, 60)
    ends = begins + b.chance.between(120, 240)

    def bridge(b: Borrower, at: int) -> None:
        amount = b.account.amount * b.chance.between(10, 35) // 100
        drawn = draw(b, at, amount, purpose(b), 3, flexible=True)
        b.plan(at + b.later(8, 66, HOUR), lambda b, at: _gives_back(b, at, drawn))

    day = begins
    while day < ends:
        if b.chance.hit(often):
            b.plan(b.when(day), bridge)
        day += b.chance.between(6, 9)
    settles(b)
    return Verdict(asks_day=ends)


def _gives_back(b: Borrower, at: int, drawn: int) -> None:
    repay(b, at, drawn)


def burst_and_gone(b: Borrower) -> Verdict:
    """Empties the line in two days with many draws and is not seen again: lost."""
    applies(b, 60)
    bursts = b.applied + b.chance.between(20, 150)
    ordinary(b)
    uses(b, b.applied, bursts, percent=30, share=(5, 10))
    _burst(b, bursts, b.chance.between(6, 9), b.chance.between(85, 100))
    settles(b, never_from(bursts))
    return Verdict("close", bursts, None, 85)


def burst_for_a_reason(b: Borrower) -> Verdict:
    """A hospital bill, a move, a wedding: four to seven draws in three days, repaid over a year. Sound."""
    applies(b, 50)
    ordinary(b)
    bursts = b.applied + b.chance.between(20, 150)
    _burst(b, bursts, b.chance.between(4, 7), b.chance.between(55, 95))
    settles(b)
    return KEEP


def _burst(b: Borrower, day: int, number: int, percent: int) -> None:
    whole = b.account.amount * percent // 100

    def deed(b: Borrower, at: int) -> None:
        draw(b, at, whole // number, purpose(b), 12)

    start = b.when(day, 8, 12)
    for place in range(number):
        b.plan(start + place * 2 * DAY // number + b.later(0, 3, HOUR), deed)


def padded_income(b: Borrower) -> Verdict:
    """Shows friends' money as wages to get a line far beyond the true income, draws it all; pays for a while."""
    true_percent = b.chance.between(18, 30)
    applies(b)
    earns(b, falls_to(true_percent, b.applied + 20))
    ordinary(b, "earns")
    stops = b.applied + b.chance.between(150, 320)
    draws = b.applied + b.chance.between(40, 90)
    _burst(b, draws, 3, 100)
    b.plan(b.when(draws + 30), _rolls)
    settles(b, never_from(stops))
    return Verdict("close", draws, None, 60)


def _rolls(b: Borrower, at: int) -> None:
    repay(b, at, b.account.owed * 9 // 10)
    b.plan(at + b.later(4, 9), _draws_full)


def _draws_full(b: Borrower, at: int) -> None:
    draw(b, at, b.account.room(at), purpose(b), 12)


def outgrown_line(b: Borrower) -> Verdict:
    """A business draws and turns over several times its monthly takings within a quarter; its orders shrank; late."""
    applies(b)
    shrinks = b.applied + b.chance.between(60, 120)
    mends = shrinks + b.chance.between(150, 220)
    ordinary(b, "earns")
    earns(b, falls_to(b.chance.between(12, 25), shrinks, mends))
    uses(b, b.applied, shrinks, percent=60)
    _cycles(b, shrinks + 10, shrinks + 100, 14, 24)
    settles(b, lambda day: b.chance.between(3, 25) if shrinks + 60 < day < mends else 0)
    return Verdict("close", shrinks + 30, mends + 30, 25)


def orderly_growth(b: Borrower) -> Verdict:
    """A business whose draws grow with its orders, large but in proportion. Sound."""
    applies(b, 40)
    ordinary(b, "earns")
    earns(b, falls_to(160, b.applied + 120))
    borrows(b)
    uses(b, b.applied + 120, percent=60, share=(20, 35), terms=(3,))
    return KEEP
