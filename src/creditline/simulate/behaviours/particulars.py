"""Scores that fall, files that are thin, particulars out of date, logins that look odd (T09, T11, T18)."""

from __future__ import annotations

from creditline.simulate.borrower import HOUR, Borrower
from creditline.simulate.habits.line import draw, late_for, settles, uses
from creditline.simulate.habits.money import earns, sends, spends
from creditline.simulate.habits.opening import applies
from creditline.simulate.habits.ordinary import borrows, ordinary
from creditline.simulate.habits.presence import login, logs_in, tells
from creditline.simulate.habits.reports import Debts, reported, scored
from creditline.simulate.truth import KEEP, Verdict


def score_slider(b: Borrower) -> Verdict:
    """The external score falls month after month for reasons of its own, then climbs; every instalment is paid."""
    applies(b)
    begins = b.applied + b.chance.between(40, 120)
    ends = begins + b.chance.between(120, 230)
    ordinary(b, "scored")
    fall = b.chance.between(12, 30)
    scored(b, b.chance.between(620, 720), lambda day: -fall if begins < day < ends else 9 if day > ends else 0)
    borrows(b)
    return Verdict(asks_day=ends)


def slides_into_arrears(b: Borrower) -> Verdict:
    """The external score falls first and late instalments follow; both mend once the drawing stops."""
    applies(b)
    begins = b.applied + b.chance.between(30, 90)
    late = begins + b.chance.between(90, 140)
    mends = late + b.chance.between(60, 120)
    ordinary(b, "scored")
    scored(b, b.chance.between(620, 700), lambda day: -18 if begins < day < mends else 11 if day > mends else 0)
    uses(b, b.applied, late, percent=75, share=(15, 30), terms=(12,))
    settles(b, late_for(b, late, mends, 8, 40))
    return Verdict("close", begins + 60, mends + 40, 12)


def thin_file(b: Borrower) -> Verdict:
    """Young: no debts, a bureau that knows little, a score that comes late or never. Sound."""
    applies(b, 50, employment=b.chance.pick(("employed", "student")))
    earns(b)
    spends(b, 2)
    reported(b, debts=Debts(0, 0))
    if b.chance.hit(50):
        scored(b, b.chance.between(540, 620), lambda _day: 3)
    logs_in(b)
    uses(b, b.applied, percent=45, share=(5, 18))
    settles(b)
    return KEEP


def stale_profile(b: Borrower) -> Verdict:
    """Never touches the particulars; half are reminded after more than a year and bring them up to date. Sound."""
    applies(b, 15)
    ordinary(b, "profile")
    if b.chance.hit(55):
        tells(b, b.applied + b.chance.between(360, 440), b.work, 103)
    borrows(b)
    return KEEP


def traveller(b: Borrower) -> Verdict:
    """Goes abroad twice: hotel computers, a borrowed phone, logins at four in the morning at home. Sound."""
    applies(b, 40)
    ordinary(b)
    borrows(b)
    for _ in range(2):
        day = b.applied + b.chance.between(40, 330)
        for place in range(b.chance.between(2, 4)):
            login(b, day + place // 2, 8, 22, new=True, device=f"{b.device}-abroad-{place}", region="Bangkok")
        for place in range(b.chance.between(2, 5)):
            login(b, day + place, 1, 5, region="Bangkok")
    return KEEP


def taken_over(b: Borrower) -> Verdict:
    """A thief logs in at night from new devices and draws; noticed within two weeks, made good, secured."""
    applies(b, 40)
    stolen = b.applied + b.chance.between(50, 260)
    secured = stolen + b.chance.between(8, 25)
    ordinary(b)
    uses(b, b.applied, stolen, percent=40)
    for night in range(b.chance.between(2, 3)):
        for place in range(b.chance.between(2, 4)):
            login(b, stolen + night, 1, 3, new=True, device=f"sim-thief-{stolen}-{place}", region="unknown")
    b.plan(b.when(stolen + 1, 2, 4), _steals)
    settles(b)
    return Verdict("close", stolen, secured, 50)


def _steals(b: Borrower, at: int) -> None:
    amount = draw(b, at, b.account.room(at) * 9 // 10, None, 12)
    if amount:
        sends(b, at + b.later(0, 2, HOUR), amount, f"sim-mule-{b.chance.below(1000):03d}", is_round=True)
