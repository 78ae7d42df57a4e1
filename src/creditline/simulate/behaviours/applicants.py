"""Borrowers who apply more than they use, and applicants who should have been declined (T14, L03)."""

from __future__ import annotations

from creditline.events.kinds import ApplicationReceived
from creditline.simulate.borrower import YUAN, Borrower
from creditline.simulate.habits.line import never_from, settles, uses
from creditline.simulate.habits.money import earns, falls_to
from creditline.simulate.habits.opening import applies
from creditline.simulate.habits.ordinary import ordinary
from creditline.simulate.habits.reports import Debts, reported, scored
from creditline.simulate.truth import KEEP, Verdict


def never_uses_it(b: Borrower) -> Verdict:
    """Applied because it was offered and never drew. Sound."""
    applies(b, 40)
    ordinary(b)
    settles(b)
    return KEEP


def asks_everywhere(b: Borrower) -> Verdict:
    """Asks for a higher limit again and again, here and elsewhere, and draws next to nothing. Sound."""
    applies(b, 30)
    ordinary(b, "reported")
    begins = b.applied + b.chance.between(80, 150)
    reported(b, lambda day, seen: Debts(seen.lenders, seen.balance, 0, 4 + day % 5) if day > begins else seen)
    for number in range(b.chance.between(3, 6)):
        amount = min(500_000, b.account.amount // YUAN * (12 + number) // 10) * YUAN
        b.tell(b.when(begins + number * b.chance.between(12, 24)), ApplicationReceived(amount=amount))
    uses(b, b.applied, percent=5, share=(4, 6), terms=(3,))
    settles(b)
    return KEEP


def too_deep_to_begin_with(b: Borrower) -> Verdict:
    """Applies when already behind at many lenders with a poor score: to be declined; would not pay."""
    applies(b, 70)
    ordinary(b, "reported", "scored")
    debts = Debts(b.chance.between(5, 10), b.income * b.chance.between(9, 18), b.chance.pick((15, 45, 90)), 7)
    reported(b, debts=debts)
    scored(b, b.chance.between(400, 530))
    uses(b, b.applied, percent=100, share=(40, 60), terms=(12,))
    settles(b, never_from(b.applied + 60))
    return Verdict("decline", b.applied, None, 80)


def unverified(b: Borrower) -> Verdict:
    """Says three times the true income under an identity that could not be verified: to be declined."""
    applies(b, 70, told=b.income * 3, verified=False)
    ordinary(b, "earns")
    earns(b, falls_to(70, 0))
    uses(b, b.applied, percent=100, share=(50, 80), terms=(12,))
    settles(b, never_from(b.applied + 20))
    return Verdict("decline", b.applied, None, 90)


def comes_back_later(b: Borrower) -> Verdict:
    """Applies with a poor score, asks again months later when it has recovered, and is a good customer then. Sound."""
    applies(b, 20)
    ordinary(b, "scored")
    better = b.applied + b.chance.between(120, 200)
    scored(b, b.chance.between(470, 515), lambda day: 30 if day < better else 0)
    again = b.when(better + 15)
    b.tell(again, ApplicationReceived(amount=b.account.amount, purpose="daily"))
    uses(b, better + 20)
    settles(b)
    return KEEP
