"""Other parties: risky counterparties, linked lines in trouble, fraud (T16, T21, L15)."""

from __future__ import annotations

from typing import Literal

from creditline.events.kinds import (
    FraudConfirmed,
    LinkedLineChanged,
    Relation,
    TieEnded,
    TieFound,
    TransferReceived,
    TransferSent,
)
from creditline.simulate.borrower import DAY, HOUR, YUAN, Borrower
from creditline.simulate.habits.line import draw, leans, never_from, settles, uses
from creditline.simulate.habits.opening import applies
from creditline.simulate.habits.ordinary import borrows, ordinary
from creditline.simulate.truth import KEEP, Verdict

FORGERIES: tuple[Literal["application_fraud", "identity_theft"], ...] = (
    "application_fraud",
    "application_fraud",
    "identity_theft",
)


def risky_tie(b: Borrower) -> Verdict:
    """Deals with an account rated high risk and sends it money; ends it when told and stays clear."""
    applies(b, 30)
    begins = b.applied + b.chance.between(50, 150)
    ends = begins + b.chance.between(40, 110)
    party = f"sim-party-{b.chance.below(10**6):06d}"
    ordinary(b)
    borrows(b)
    found = b.when(begins)
    relation: Relation = b.chance.pick(("counterparty", "money_flow"))
    b.tell(found, TieFound(party=party, relation=relation, risk="high"), b.later(1, 9))
    for _ in range(b.chance.between(1, 4)):
        amount = b.income * b.chance.between(10, 60) // 100 // YUAN * YUAN
        at = b.when(b.chance.between(begins - 10, begins + 20))
        b.tell(at, TransferSent(amount=amount, counterparty=party, risk="high"), b.later(1, 20, HOUR))
    b.tell(b.when(ends), TieEnded(party=party), b.later(0, 4))
    return Verdict("close", begins, ends, 10)


def watched_tie(b: Borrower) -> Verdict:
    """Has a tie that is only watched, and gets money from it. Sound."""
    applies(b, 40)
    ordinary(b)
    borrows(b)
    party = f"sim-party-{b.chance.below(10**6):06d}"
    at = b.when(b.applied + b.chance.between(40, 200))
    b.tell(at, TieFound(party=party, relation="counterparty", risk="watch"), b.later(1, 9))
    received = TransferReceived(amount=b.income // 2, counterparty=party, risk="watch")
    b.tell(at + b.later(3, 30), received, b.later(1, 9, HOUR))
    return KEEP


def sanctioned_tie(b: Borrower) -> Verdict:
    """Turns out to act for a sanctioned party: illegal finance, established by people a month later."""
    applies(b, 50)
    found = b.applied + b.chance.between(50, 220)
    party = f"sim-sanctioned-{b.chance.below(10**4):04d}"
    ordinary(b)
    uses(b, b.applied, found, percent=70)
    at = b.when(found)
    b.tell(at, TieFound(party=party, relation="money_flow", risk="sanctioned"), b.later(1, 12))
    proved = at + b.later(20, 45)
    b.tell(proved, FraudConfirmed(offence="illegal_finance", author="sim-reviewer-2"))
    settles(b, never_from(found + 20))
    return Verdict("terminate", found, None, 60)


def linked_trouble(b: Borrower) -> Verdict:
    """Sound itself; the line of its owner, guarantor or firm was closed for a risky tie and came back later."""
    applies(b, 30)
    ordinary(b)
    borrows(b)
    party = f"sim-linked-{b.chance.below(10**6):06d}"
    others: tuple[Relation, ...] = ("business", "guarantor") if b.party == "person" else ("owner", "guarantor")
    relation = b.chance.pick(others)
    day = b.applied + b.chance.between(70, 180)
    closed = b.when(day)
    b.tell(closed - 30 * DAY, TieFound(party=party, relation=relation, risk="none"))
    b.tell(closed, LinkedLineChanged(party=party, relation=relation, status="closed"), b.later(0, 2))
    back = closed + b.later(70, 150)
    b.tell(back, LinkedLineChanged(party=party, relation=relation, status="open"), b.later(0, 2))
    return Verdict(asks_day=day + 70)


def fraudster(b: Borrower) -> Verdict:
    """Opened with forged papers, emptied within weeks, never paid; people establish the fraud two months later."""
    applies(b, 70)
    ordinary(b, "profile")
    emptied = b.applied + b.chance.between(3, 25)
    for place in range(3):
        b.plan(b.when(emptied + place), _empties)
    proved = b.when(emptied + b.chance.between(40, 80))
    b.tell(proved, FraudConfirmed(offence=b.chance.pick(FORGERIES), author=f"sim-reviewer-{b.chance.between(1, 5)}"))
    settles(b, never_from(0))
    return Verdict("terminate", b.applied, None, 95)


def _empties(b: Borrower, at: int) -> None:
    drawn = draw(b, at, max(b.account.room(at) * 6 // 10, b.account.amount // 5), "daily", 12)
    if drawn:
        body = TransferSent(amount=drawn, counterparty=f"sim-mule-{b.chance.below(1000):03d}", is_round=True)
        b.tell(at + b.later(1, 5, HOUR), body, b.later(0, 20, HOUR))


def launderer(b: Borrower) -> Verdict:
    """A firm that moves other people's money through its line; established by people after half a year."""
    applies(b, 30)
    ordinary(b)
    uses(b, b.applied, percent=70, share=(20, 40), terms=(3,))
    leans(b, b.applied + 120, 95)
    proved = b.applied + b.chance.between(160, 280)
    b.tell(b.when(proved), FraudConfirmed(offence="money_laundering", author="sim-reviewer-3"))
    settles(b, never_from(proved))
    return Verdict("terminate", b.applied, None, 50)
