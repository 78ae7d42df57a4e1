"""A simulated portfolio under its policies: who was opened, closed and reopened, and what the truth says of it."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median_low

import msgspec

from creditline.clock import DAY
from creditline.events.event import Event
from creditline.lending.account import (
    INTEREST_INCOME,
    OTHER_LOST,
    PENALTY_INCOME,
    PRINCIPAL,
    PRINCIPAL_LOST,
    Entry,
)
from creditline.lending.ledger import CHART, Turnover
from creditline.lending.operations import Products, build, local_day, operations
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


class Books(msgspec.Struct, frozen=True):
    """What was lent and what became of it, over all lines and the whole period, minor units. SIMULATED.

    Nothing is lent but on open lines; what was lent on a line before it was closed is among them.
    """

    turnovers: Mapping[int, Turnover]
    """Of every account of the chart, in order of code."""

    @property
    def principal_out(self) -> int:
        """Principal of all draws."""
        return self.turnovers[PRINCIPAL].debit

    @property
    def repaid(self) -> int:
        """Principal that came back."""
        return self.turnovers[PRINCIPAL].credit - self.written_off

    @property
    def owed(self) -> int:
        """Principal owed at the end."""
        return self.turnovers[PRINCIPAL].balance

    @property
    def interest_earned(self) -> int:
        """Interest recognised, paid or not, penalty apart."""
        return -self.turnovers[INTEREST_INCOME].balance

    @property
    def penalty_earned(self) -> int:
        """Penalty interest recognised."""
        return -self.turnovers[PENALTY_INCOME].balance

    @property
    def written_off(self) -> int:
        """Principal written off."""
        return self.turnovers[PRINCIPAL_LOST].balance

    @property
    def others_written_off(self) -> int:
        """Interest, fees and penalty written off."""
        return self.turnovers[OTHER_LOST].balance

    @property
    def debits(self) -> int:
        """All accounts that stand in debit."""
        return sum(max(each.balance, 0) for each in self.turnovers.values())

    @property
    def credits(self) -> int:
        """All accounts that stand in credit: as much as the debits."""
        return -sum(min(each.balance, 0) for each in self.turnovers.values())


class Bookkeeper:
    """Adds up the entries of many accounts."""

    def __init__(self) -> None:
        self._debit: Counter[int] = Counter()
        self._credit: Counter[int] = Counter()

    def take(self, entries: Iterable[Entry]) -> None:
        """Add the entries of one account."""
        for entry in entries:
            for code, amount in entry.postings:
                if amount > 0:
                    self._debit[code] += amount
                else:
                    self._credit[code] -= amount

    def books(self) -> Books:
        """What was added up so far."""
        return Books({code: Turnover(self._debit[code], self._credit[code]) for code in CHART})


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


def principal_owed(
    lines: Iterable[tuple[str, Sequence[Event]]], moments: Mapping[str, int], products: Products, offset: int
) -> dict[str, int]:
    """Principal owed on each line at its moment, minor units, by the lending core from what was known then.

    ``lines`` are the lines with all their events, ``offset`` is from UTC, and moments are microseconds.
    """
    found = {}
    for line, events in lines:
        if (t := moments.get(line)) is not None:
            moves = operations(events, products, offset, known_until=t)
            account, _ = build(line, moves, local_day(t, offset))
            found[line] = account.owed
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
    "GRACE_DAYS", "Bookkeeper", "Books", "Closing", "Group", "Life", "Money", "Month", "Portfolio", "Reason", "Wait",
    "closes_by_rule", "deserved", "first_closings", "portfolio", "principal_owed",
]  # fmt: skip
