"""What befalls many lines at once: an outage, a suspension, a regulation (T19, T20, stories S4 and S5)."""

from __future__ import annotations

from creditline.events.kinds import (
    ArrearsChanged,
    IncidentClosed,
    IncidentDeclared,
    RegulationIssued,
    SuspensionAnnounced,
    SuspensionLifted,
)
from creditline.simulate.borrower import DAY, HOUR, SECOND, Borrower
from creditline.simulate.habits.opening import applies
from creditline.simulate.habits.ordinary import borrows, ordinary
from creditline.simulate.period import MINUTE, Period
from creditline.simulate.truth import KEEP, Verdict

OUTAGE = "sim-outage"
SUSPENSION = "sim-suspension"
REGULATION = "sim-regulation"


def outage_night(period: Period) -> int:
    """Moment at which the one outage of the period begins: 23:00 local time after 65 % of it."""
    return period.midnight(period.part(65)) + 23 * HOUR


def mistaken_victim(b: Borrower) -> Verdict:
    """S4: pays on time; one night the core writes 31 to 90 days of arrears. Repaired for some, not for all. Sound."""
    applies(b, 30)
    ordinary(b)
    borrows(b)
    night = outage_night(b.period)
    asks = Verdict(asks_day=b.day(night) + 1)
    entries = []
    for _ in range(b.chance.between(1, 2)):
        wrong = ArrearsChanged(days_past_due=b.chance.between(31, 90), amount=b.account.amount // 10)
        entries.append(b.tell(night + b.later(0, 3, HOUR), wrong, b.later(5, 900, SECOND)))
    if not b.chance.hit(60):
        return asks
    declared = night + 3 * DAY + 10 * HOUR
    b.tell(declared, IncidentDeclared(data_source="core", reference=OUTAGE))
    for entry in entries:
        b.diary.void(entry, declared + b.later(30, 300, MINUTE), "written by the simulated outage")
    b.tell(declared + 8 * HOUR, IncidentClosed(data_source="core", reference=OUTAGE))
    return asks


def suspended_industry(b: Borrower) -> Verdict:
    """The regulator suspends the trade after half of the period and lifts it four months later: no lending between."""
    applies(b, 35)
    ordinary(b)
    begins, ends = b.period.part(50), b.period.part(50) + 120
    borrows(b, until_day=begins)
    b.tell(b.period.midnight(begins) + 9 * HOUR, SuspensionAnnounced(reference=SUSPENSION, scope="industry"))
    b.tell(b.period.midnight(ends) + 9 * HOUR, SuspensionLifted(reference=SUSPENSION))
    return Verdict("close", begins, ends, 0)


def capped_by_law(b: Borrower) -> Verdict:
    """S5: a regulation caps the limit of this line from one day on. Sound, but smaller."""
    applies(b, 35)
    ordinary(b)
    day = b.period.part(70)
    borrows(b, until_day=day - 30)
    cap = b.account.amount * b.chance.between(50, 95) // 10_000 * 100
    b.tell(b.period.midnight(day) + 9 * HOUR, RegulationIssued(reference=REGULATION, limit_cap=cap))
    return KEEP
