"""Money that goes where it should not, or seems to (T08, T13, T15)."""

from __future__ import annotations

from typing import Literal

from creditline.events.kinds import (
    PurposeChecked,
    PurposeEvidenced,
    RingCleared,
    RingFound,
    SpendingObserved,
    TransferSent,
)
from creditline.simulate.borrower import DAY, HOUR, YUAN, Borrower
from creditline.simulate.habits.line import draw, leans, never_from, purpose, settles, uses
from creditline.simulate.habits.money import receives, sends
from creditline.simulate.habits.opening import applies
from creditline.simulate.habits.ordinary import borrows, ordinary
from creditline.simulate.truth import KEEP, Verdict

OCCASIONS: tuple[Literal["luxury", "other", "health"], ...] = ("luxury", "luxury", "other", "health")


def cash_out_ring(b: Borrower) -> Verdict:
    """Draws leave at once in round sums to a friend and come back through a third: cash for a ring; then gone."""
    applies(b, 40)
    begins = b.applied + b.chance.between(30, 120)
    ordinary(b)
    number = b.chance.between(3, 6)
    friend, third = (f"sim-ring-{b.chance.below(500):03d}-{place}" for place in "ab")
    for turn in range(number):
        b.plan(b.when(begins + turn * b.chance.between(4, 9)), lambda b, at: _through(b, at, friend, third, number))
    found = b.when(begins + b.chance.between(30, 60))
    members = b.chance.between(3, 9)
    b.tell(found, RingFound(ring=friend[:12], members=members, amount=b.account.amount // 2), b.later(1, 6))
    settles(b, never_from(begins + b.chance.between(100, 180)))
    return Verdict("close", begins, None, 65)


def _through(b: Borrower, at: int, friend: str, third: str, number: int) -> None:
    amount = draw(b, at, b.account.amount // number // 100_000 * 100_000, purpose(b), 12)
    if amount:
        sends(b, at + b.later(300, 5400, 1_000_000), amount, friend, is_round=True)
        receives(b, at + b.later(6, 60, HOUR), amount * b.chance.between(90, 97) // 100, third)


def ring_bystander(b: Borrower) -> Verdict:
    """Lent a cousin money and got it back: taken for a ring, which was cleared up some weeks later. Sound."""
    applies(b, 40)
    ordinary(b)
    borrows(b)
    day = b.applied + b.chance.between(60, 200)
    found = b.when(day)
    ring = f"sim-ring-{b.chance.below(500):03d}"
    b.tell(found, RingFound(ring=ring, members=3, amount=b.income * b.chance.between(20, 80) // 100), b.later(1, 6))
    b.tell(found + b.later(20, 70), RingCleared(ring=ring), b.later(0, 2))
    return Verdict(asks_day=day + 40)


def gambler(b: Borrower) -> Verdict:
    """Draws for daily life and gambles it away at night; some stop after a year and pay up, most do not."""
    applies(b)
    begins = b.applied + b.chance.between(50, 130)
    stops = begins + b.chance.between(110, 180)
    recovers = b.chance.hit(35)
    ordinary(b)
    uses(b, b.applied, stops, percent=90, share=(15, 35), terms=(6, 12))
    for week in range((stops - begins) // 10):
        day = begins + week * 10 + b.chance.between(0, 6)
        amount = b.income * b.chance.between(30, 190) // 100 // YUAN * YUAN
        b.tell(b.when(day, 20, 23), SpendingObserved(amount=amount, category="gambling"), b.later(1, 30, HOUR))
    _mismatch(b, begins + b.chance.between(25, 60), evidenced_after=stops - begins if recovers else None)
    settles(b, (lambda _day: 0) if recovers else never_from(stops - 30))
    return Verdict("close", begins, stops + 60 if recovers else None, 20 if recovers else 70)


def big_spender(b: Borrower) -> Verdict:
    """A wedding, a car, a hospital: two or more months' income in one week, once, from savings. Sound."""
    applies(b, 50)
    ordinary(b)
    borrows(b)
    day = b.applied + b.chance.between(40, 220)
    category = b.chance.pick(OCCASIONS)
    for _ in range(b.chance.between(2, 5)):
        amount = b.income * b.chance.between(50, 110) // 100 // YUAN * YUAN
        at = b.when(day + b.chance.between(0, 4))
        b.tell(at, SpendingObserved(amount=amount, category=category), b.later(1, 30, HOUR))
    return KEEP


def speculator(b: Borrower) -> Verdict:
    """Draws for stock or daily life and buys securities; found out, sells them and pays back."""
    applies(b, 30)
    day = b.applied + b.chance.between(40, 150)
    ordinary(b)
    uses(b, b.applied, day - 5, percent=30)
    leans(b, day, b.chance.between(60, 95))
    broker = f"sim-broker-{b.chance.below(20):02d}"
    b.tell(b.when(day + 1), TransferSent(amount=b.account.amount // 2, counterparty=broker), b.later(1, 20, HOUR))
    mends = b.chance.between(90, 160)
    _mismatch(b, day + b.chance.between(10, 30), evidenced_after=mends)
    settles(b)
    return Verdict("close", day, day + mends, 15)


def mistaken_purpose(b: Borrower) -> Verdict:
    """A check finds the money in the wrong place; invoices show weeks later that it went where it should. Sound."""
    applies(b, 40)
    ordinary(b)
    borrows(b)
    day = b.applied + b.chance.between(60, 220)
    leans(b, day, 60)
    _mismatch(b, day + b.chance.between(8, 20), evidenced_after=b.chance.between(10, 45))
    return Verdict(asks_day=day + 30)


def _mismatch(b: Borrower, day: int, evidenced_after: int | None) -> None:
    """A check that found a mismatch, and evidence accepted for it some days later, if ever."""
    reference = f"check-{day:04d}"
    amount = b.account.amount * b.chance.between(30, 60) // 100
    at = b.when(day, 9, 17)
    b.tell(at, PurposeChecked(reference=reference, result="mismatched", amount=amount), b.later(1, 30, HOUR))
    if evidenced_after is not None:
        b.tell(at + 2 * DAY + b.later(0, evidenced_after), PurposeEvidenced(reference=reference, amount=amount))
