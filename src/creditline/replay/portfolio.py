"""A simulated portfolio under its policies: who was opened, closed and reopened, and what the truth says of it."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median_low

import msgspec
import numpy as np

from creditline.clock import DAY
from creditline.events.kinds import KINDS
from creditline.facts.slices import Slices
from creditline.lines.decision import STATUSES, Decision
from creditline.simulate.truth import Truth

GRACE_DAYS = 60
"""How long after a line deserves closing a policy may take to act before it counts as missed."""

WAITS_DAYS = (31, 46, 61, 91, 121, 181)
"""Days from closing to reopening at which the next band of waiting begins."""

_STOPPED = ("declined", "frozen", "closed", "terminated")


@dataclass(frozen=True)
class Life:
    """One line: what was decided on it, in order, and what it deserved."""

    truth: Truth
    decisions: Sequence[Decision]


class Closing(msgspec.Struct, frozen=True):
    """One closing or ending by a rule. Moments in microseconds UTC, money in minor units."""

    line: str
    policy: str
    code: str
    """The first of its reasons."""
    at: int
    wrongful: bool
    """The truth says the line was sound then."""
    limit: int
    is_end: bool
    """The line ended for good."""
    reopened_at: int | None


class Month(msgspec.Struct, frozen=True):
    """Lines something happened to within one calendar month of the simulated period, and how many stood where."""

    first: int
    """Moment it begins, microseconds."""
    opened: int
    declined: int
    closed: int
    """Closed or ended by a rule."""
    closed_wrongly: int
    frozen: int
    reopened: int
    unfrozen: int
    open_at_end: int
    frozen_at_end: int
    closed_at_end: int


class Reason(msgspec.Struct, frozen=True):
    """The closings that one rule led: lines whose first closing has it as its first reason."""

    policy: str
    code: str
    lines: int
    closed_wrongly: int
    """Those of them that were closed, at whichever closing, while sound."""
    reopened: int
    closings: int
    """All closings it led, a line's later ones too."""
    days_to_reopen: int | None
    """Median over the closings it led that were followed by a reopening."""


class Wait(msgspec.Struct, frozen=True):
    """Closings that were followed by a reopening after so many days."""

    days_from: int
    days_below: int | None
    closings: int


class Group(msgspec.Struct, frozen=True):
    """Lines that behave alike, and what was done with them."""

    behaviour: str
    lines: int
    opened: int
    frozen: int
    closed: int
    closed_wrongly: int
    missed: int


class Money(msgspec.Struct, frozen=True):
    """Money at stake, minor units; each line counts once."""

    limit_closed: int
    """Limits of closed lines at their first closing."""
    owed_closed: int
    """Principal owed on them at that moment."""
    limit_closed_wrongly: int
    """Limits at the first wrongful closing."""
    earned_at_risk: int
    """Interest that wrongly closed lines were due to earn in the period."""
    loss_avoided: int
    """Losses of lines that deserved closing and were stopped in time."""
    loss_missed: int
    """Losses of lines that were missed."""


class Portfolio(msgspec.Struct, frozen=True):
    """Figures of a whole simulated portfolio. SIMULATED. Counts are of lines unless they say otherwise."""

    borrowers: int
    decisions: int
    opened: int
    declined: int
    """Never opened although asked for."""
    declined_wrongly: int
    opened_wrongly: int
    """Opened at a moment when the truth says decline."""
    frozen: int
    closed: int
    """Closed or ended by a rule at least once."""
    ended: int
    """Ended for good by a rule."""
    reopened: int
    closings: int
    """How often lines were closed, all in all."""
    reopenings: int
    closed_wrongly: int
    closed_rightly: int
    """Never closed but when deserved."""
    deserving: int
    """Opened lines that deserved closing or ending for longer than the grace, within the period."""
    missed: int
    money: Money
    months: tuple[Month, ...]
    reasons: tuple[Reason, ...]
    waits: tuple[Wait, ...]
    groups: tuple[Group, ...]
    statuses: Mapping[str, Mapping[str, int]]
    """Status at the end, by party."""


def portfolio(lives: Sequence[Life], owed: Mapping[str, int], firsts: Sequence[int]) -> Portfolio:
    """Judge decisions by the truth.

    ``owed`` is the principal of each closed line at its first closing, minor units. ``firsts`` are the moments at
    which the months of the period begin, and last the moment it ends.
    """
    until = firsts[-1]
    told = [_Told(life, until) for life in lives]
    closed = [one for one in told if one.closings]
    wrongly = [one for one in closed if one.closed_wrongly]
    waits = [(each.reopened_at - each.at) // DAY for one in told for each in one.closings if each.reopened_at]
    return Portfolio(
        borrowers=len(told),
        decisions=sum(len(life.decisions) for life in lives),
        opened=sum(one.opened for one in told),
        declined=sum(one.declined for one in told),
        declined_wrongly=sum(one.declined and one.truth.deserves == "keep" for one in told),
        opened_wrongly=sum(one.opened_wrongly for one in told),
        frozen=sum(one.did("freeze") for one in told),
        closed=len(closed),
        ended=sum(any(each.is_end for each in one.closings) for one in closed),
        reopened=sum(one.did("reopen") for one in told),
        closings=sum(len(one.closings) for one in closed),
        reopenings=sum(each.action == "reopen" for life in lives for each in life.decisions),
        closed_wrongly=len(wrongly),
        closed_rightly=len(closed) - len(wrongly),
        deserving=sum(one.deserving for one in told),
        missed=sum(one.missed for one in told),
        money=_money(told, owed),
        months=tuple(_months(told, firsts)),
        reasons=_reasons(closed),
        waits=_waits(waits),
        groups=_groups(told),
        statuses=_statuses(told),
    )


def first_closings(lives: Iterable[Life]) -> dict[str, int]:
    """The moment of each closed line's first closing by a rule, microseconds."""
    return {
        life.truth.line: first.at
        for life in lives
        if (first := next((each for each in life.decisions if closes_by_rule(each)), None)) is not None
    }


def principal_owed(slices: Slices, moments: Mapping[str, int]) -> dict[str, int]:
    """Principal drawn and not repaid on each line at its moment, as visible then; minor units, never below 0."""
    drawn, repaid = KINDS["draw.booked"], KINDS["repayment.received"]
    found = {}
    for place, line in enumerate(slices.lines):
        if (t := moments.get(line)) is None:
            continue
        rows = np.arange(slices.offsets[place], slices.offsets[place + 1])
        rows = rows[(slices.at[rows] <= t) & (slices.known[rows] <= t) & (slices.until[rows] > t)]
        out, back = (rows[slices.kind[rows] == kind.code] for kind in (drawn, repaid))
        balance = slices.values[drawn.fields["amount"].slot, out].sum()
        balance -= slices.values[repaid.fields["principal"].slot, back].sum()
        found[line] = max(0, int(balance))
    return found


def closes_by_rule(decision: Decision) -> bool:
    """Whether a rule closed or ended the line: not a person's order, nor the line's own end."""
    return decision.action in ("close", "terminate") and bool(decision.reasons) and "BLOCK" not in decision.reasons


def deserved(truth: Truth, t: int) -> bool:
    """Whether a lender who knew everything would not lend on this line at moment ``t``."""
    if truth.deserves == "keep" or truth.from_moment is None or t < truth.from_moment:
        return False
    return truth.cured_from is None or t < truth.cured_from


class _Told:
    """One life, looked through once."""

    def __init__(self, life: Life, until: int) -> None:
        self.truth, self.decisions = life.truth, life.decisions
        self.moments = [each.at for each in life.decisions]
        self.closings = [self._closing(place) for place, each in enumerate(life.decisions) if closes_by_rule(each)]
        self.opened = self.did("open")
        self.declined = self.did("decline") and not self.opened
        self.opened_wrongly = self.truth.deserves == "decline" and any(
            each.action == "open" and deserved(self.truth, each.at) for each in life.decisions
        )
        self.closed_wrongly = any(each.wrongful for each in self.closings)
        self.deserving, self.missed = self._judged(until)

    def did(self, action: str) -> bool:
        """Whether something was ever done to the line."""
        return any(each.action == action for each in self.decisions)

    def _closing(self, place: int) -> Closing:
        this = self.decisions[place]
        later = (each.at for each in self.decisions[place + 1 :] if each.action == "reopen")
        return Closing(
            line=this.line,
            policy=self.truth.policy,
            code=this.reasons[0],
            at=this.at,
            wrongful=not deserved(self.truth, this.at),
            limit=this.limit_before,
            is_end=this.action == "terminate",
            reopened_at=next(later, None),
        )

    def _judged(self, until: int) -> tuple[bool, bool]:
        """Whether the line deserved closing for longer than the grace while it could be had, and was let be."""
        truth, grace = self.truth, GRACE_DAYS * DAY
        if truth.deserves not in ("close", "terminate") or truth.from_moment is None or not self.opened:
            return False, False
        due = truth.from_moment + grace
        if due > until or not deserved(truth, due):
            return False, False
        seen = {self.status_at(truth.from_moment)}
        seen |= {each.status for each in self.decisions if truth.from_moment < each.at <= due}
        return True, not seen & set(_STOPPED)

    def status_at(self, t: int) -> str:
        """Status of the line at a moment."""
        place = bisect_right(self.moments, t)
        return self.decisions[place - 1].status if place else "new"


def _money(told: Sequence[_Told], owed: Mapping[str, int]) -> Money:
    closed = [one for one in told if one.closings]
    wrongly = [one for one in closed if one.closed_wrongly]
    return Money(
        limit_closed=sum(one.closings[0].limit for one in closed),
        owed_closed=sum(owed.get(one.truth.line, 0) for one in closed),
        limit_closed_wrongly=sum(next(e.limit for e in one.closings if e.wrongful) for one in wrongly),
        earned_at_risk=sum(one.truth.earned_minor for one in wrongly),
        loss_avoided=sum(one.truth.loss_minor for one in told if one.deserving and not one.missed),
        loss_missed=sum(one.truth.loss_minor for one in told if one.missed),
    )


def _months(told: Sequence[_Told], firsts: Sequence[int]) -> Iterable[Month]:
    happened: list[Counter[str]] = [Counter() for _ in firsts[1:]]
    for one in told:
        seen: set[tuple[int, str]] = {(_month(each.at, firsts), each.action) for each in one.decisions}
        seen |= {(_month(each.at, firsts), "closing") for each in one.closings}
        seen |= {(_month(each.at, firsts), "wrongful") for each in one.closings if each.wrongful}
        for month, what in seen:
            happened[month][what] += 1
    for month, counts in enumerate(happened):
        stood = Counter(one.status_at(firsts[month + 1]) for one in told)
        yield Month(
            first=firsts[month],
            opened=counts["open"],
            declined=counts["decline"],
            closed=counts["closing"],
            closed_wrongly=counts["wrongful"],
            frozen=counts["freeze"],
            reopened=counts["reopen"],
            unfrozen=counts["unfreeze"],
            open_at_end=stood["open"],
            frozen_at_end=stood["frozen"],
            closed_at_end=stood["closed"],
        )


def _month(t: int, firsts: Sequence[int]) -> int:
    """Number of the month a moment lies in; what lies outside belongs to the nearest."""
    return min(max(bisect_right(firsts, t) - 1, 0), len(firsts) - 2)


def _reasons(closed: Sequence[_Told]) -> tuple[Reason, ...]:
    led: dict[tuple[str, str], list[_Told]] = {}
    closings: dict[tuple[str, str], list[Closing]] = {}
    for one in closed:
        led.setdefault((one.truth.policy, one.closings[0].code), []).append(one)
        for each in one.closings:
            closings.setdefault((each.policy, each.code), []).append(each)
    rows = [_reason(key, led.get(key, []), mine) for key, mine in closings.items()]
    return tuple(sorted(rows, key=lambda row: (-row.lines, -row.closings, row.code, row.policy)))


def _reason(key: tuple[str, str], lines: Sequence[_Told], closings: Sequence[Closing]) -> Reason:
    waits = [(each.reopened_at - each.at) // DAY for each in closings if each.reopened_at is not None]
    return Reason(
        policy=key[0],
        code=key[1],
        lines=len(lines),
        closed_wrongly=sum(one.closed_wrongly for one in lines),
        reopened=sum(one.closings[0].reopened_at is not None for one in lines),
        closings=len(closings),
        days_to_reopen=median_low(waits) if waits else None,
    )


def _waits(days: Sequence[int]) -> tuple[Wait, ...]:
    edges = (0, *WAITS_DAYS)
    ends = (*WAITS_DAYS, None)
    return tuple(
        Wait(low, high, sum(low <= each and (high is None or each < high) for each in days))
        for low, high in zip(edges, ends, strict=True)
    )


def _groups(told: Sequence[_Told]) -> tuple[Group, ...]:
    alike: dict[str, list[_Told]] = {}
    for one in told:
        alike.setdefault(one.truth.behaviour, []).append(one)
    return tuple(
        Group(
            behaviour=name,
            lines=len(mine),
            opened=sum(one.opened for one in mine),
            frozen=sum(one.did("freeze") for one in mine),
            closed=sum(bool(one.closings) for one in mine),
            closed_wrongly=sum(one.closed_wrongly for one in mine),
            missed=sum(one.missed for one in mine),
        )
        for name, mine in sorted(alike.items())
    )


def _statuses(told: Sequence[_Told]) -> dict[str, dict[str, int]]:
    counts = {party: Counter[str]() for party in ("person", "business")}
    for one in told:
        counts[one.truth.party][one.decisions[-1].status if one.decisions else "new"] += 1
    return {party: {status: mine[status] for status in STATUSES} for party, mine in counts.items()}


__all__ = [
    "GRACE_DAYS", "Closing", "Group", "Life", "Money", "Month", "Portfolio", "Reason", "Wait", "closes_by_rule",
    "deserved", "first_closings", "portfolio", "principal_owed",
]  # fmt: skip
