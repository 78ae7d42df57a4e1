"""A plan taken up, and whether a step of it is done, as the log of its line says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from creditline.clock import DAY
from creditline.events.event import Event
from creditline.events.kinds import (
    ArrearsChanged,
    BlockLifted,
    BlockPlaced,
    EventVoided,
    InstalmentSettled,
    Kind,
    RepaymentReceived,
)
from creditline.facts.expressions import Expr
from creditline.facts.slices import Slices
from creditline.lending.terms import day_number
from creditline.policy import Policy
from creditline.policy.evaluating import Values, value_of
from creditline.policy.levers import Lever, Said
from creditline.wayback.cures import cure_of
from creditline.wayback.moves import open_now
from creditline.wayback.plans import Plan, Step


def day_of(date_said: str) -> int:
    """The day number of a date like 2026-03-01."""
    return day_number(date.fromisoformat(date_said))


@dataclass(frozen=True, eq=False)
class Log:
    """Everything that is known of one line, whenever it became known."""

    line: str
    events: Sequence[Event]
    slices: Slices

    @cached_property
    def voids(self) -> Mapping[str, int]:
        """The moment from which each voided event counts no longer."""
        found: dict[str, int] = {}
        for each in self.events:
            if isinstance(each.body, EventVoided):
                found[each.body.event] = min(found.get(each.body.event, each.known), each.known)
        return found

    def visible(self, t: int) -> list[Event]:
        """What counts at a moment, in order of when it happened."""
        seen = (each for each in self.events if each.at <= t and each.known <= t and not self.voided(each, t))
        return sorted(seen, key=lambda each: (each.at, each.id))

    def voided(self, event: Event, t: int) -> bool:
        """Whether an event counts no longer at a moment."""
        return event.id in self.voids and self.voids[event.id] <= t

    def said(self, body: type[Kind]) -> list[Event]:
        """Events of a kind in the order in which they became known."""
        mine = (each for each in self.events if isinstance(each.body, body))
        return sorted(mine, key=lambda each: (each.known, each.at, each.id))


@dataclass(frozen=True, eq=False)
class Taken:
    """A plan taken up."""

    event: str
    """Id of the event that says so."""
    seal: str
    """Of the proof the plan stands in."""
    since: int
    """Moment at which it was known, microseconds; the version it was made with decides from the next one on."""
    plan: Plan
    policy: Policy
    """The version it was made with."""

    @property
    def grace(self) -> int:
        """Microseconds that a step or the return itself may be late."""
        return self.policy.promise.grace

    def end_of(self, day: int) -> int:
        """The first moment after a local day."""
        return (day + 1) * DAY - self.policy.utc_offset

    @property
    def due(self) -> int:
        """The first moment after the promised day."""
        return self.end_of(day_of(self.plan.reopens_on))

    @property
    def lapses(self) -> int:
        """The moment at which a line that is not back by then is waited for no longer."""
        return self.due + self.grace

    @cached_property
    def levers(self) -> Mapping[str, Lever]:
        """The levers of the version it was made with, by name."""
        return {lever.name: lever for lever in self.policy.levers}

    def by(self, step: Step) -> int:
        """The local day by which a step is to be known: later than it is done where its lever takes time."""
        lever = self.levers[step.lever]
        spent = 0 if lever.does else lever.takes + (step.repeated - 1) * lever.every
        return day_of(step.on) + -(-spent // DAY)

    def breaks(self, step: Step) -> int:
        """The moment at which a step not known by then breaks the promise."""
        return self.end_of(self.by(step)) + self.grace


def is_blocked(log: Log, t: int) -> bool:
    """Whether a person's order that the line be frozen or closed stands at a moment."""
    last: dict[bool, Kind] = {}
    for each in log.visible(t):
        if isinstance(each.body, BlockPlaced | BlockLifted):
            last[each.body.overridable] = each.body
    placed = [body for body in last.values() if isinstance(body, BlockPlaced)]
    return any(body.expires_at is None or body.expires_at > t for body in placed)


# -- steps -------------------------------------------------------------------------------------------


def is_done(log: Log, taken: Taken, step: Step, t: int, values: Callable[[], Values]) -> bool:
    """Whether a step is done at a moment: seen to be, or every reason it answers is cured by then.

    ``values`` are the facts at that moment under the version of the plan; asked for only where they are needed.
    """
    if done_on(log, taken, step, t) is not None:
        return True
    asked = [_cure(taken.policy, code) for code in step.answers]
    return bool(asked) and all(expr is not None and value_of(expr, values()) == 1 for expr in asked)


def _cure(policy: Policy, code: str) -> Expr | None:
    if code == "reopen":
        return policy.reopen.when if policy.reopen else None
    return cure_of(policy.by_code[code]) if code in policy.by_code else None


def done_on(log: Log, taken: Taken, step: Step, t: int) -> int | None:
    """The local day on which the events of a step were known, None where they are not all by ``t``."""
    lever = taken.levers[step.lever]
    seen = [each for each in log.visible(t) if each.known > taken.since]
    if lever.does is not None:
        special = (
            _arrears_paid(log, taken, seen) if lever.does == "pay_arrears" else _instalment_kept(taken, step, seen)
        )
        known = special if special is not None else _paid_as_planned(taken, step, seen)
    elif lever.ends is not None:
        known = _all_ended(log, taken, lever, seen, t)
    else:
        known = _said_as_planned(log, taken, step, seen)
    return None if known is None else (known + taken.policy.utc_offset) // DAY


def _arrears_paid(log: Log, taken: Taken, seen: Sequence[Event]) -> int | None:
    paid = [e.known for e in seen if isinstance(e.body, ArrearsChanged) and e.body.days_past_due == 0]
    before = [e.body for e in log.visible(taken.since) if isinstance(e.body, ArrearsChanged)][-1:]
    if not any(body.days_past_due > 0 for body in before):
        return taken.since
    return min(paid, default=None)


def _instalment_kept(taken: Taken, step: Step, seen: Sequence[Event]) -> int | None:
    """When what fell due on the step's day was paid, at most the grace late."""
    due, known, paid = day_of(step.on), 0, 0
    for each in seen:
        body = each.body
        if isinstance(body, InstalmentSettled) and body.days_late * DAY <= taken.grace:
            day = (each.at + taken.policy.utc_offset) // DAY
            if day - body.days_late == due:
                known, paid = max(known, each.known), paid + body.amount
    return known if paid and paid >= (step.amount or 0) else None


def _paid_as_planned(taken: Taken, step: Step, seen: Sequence[Event]) -> int | None:
    """When all the money had come in that the plan asks for up to this payment; to what it goes, the core decides."""
    through_core = [each for each in taken.plan.steps if taken.levers[each.lever].does is not None]
    asked = sum(each.amount or 0 for each in through_core if each.on <= step.on)
    paid = 0
    for each in sorted(seen, key=lambda event: (event.known, event.at, event.id)):
        if isinstance(each.body, RepaymentReceived):
            paid += each.body.amount
            if paid >= asked:
                return each.known
    return None


def _all_ended(log: Log, taken: Taken, lever: Lever, seen: Sequence[Event], t: int) -> int | None:
    assert lever.ends is not None
    if any(open_now(log.visible(t), lever.ends)):
        return None
    ended = lever.ends.ended_by
    return max((e.known for e in seen if ended is not None and e.kind == ended.name), default=taken.since)


def _said_as_planned(log: Log, taken: Taken, step: Step, seen: Sequence[Event]) -> int | None:
    """When every event the lever says had come as often as planned, its named fields as far as planned or further."""
    known = taken.since
    before = log.visible(taken.since)
    for place, said in enumerate(taken.levers[step.lever].says):
        planned = next((e.body for e in taken.plan.events if e.id == f"plan-{step.lever}-0-{place}"), None)
        if planned is None:
            return None
        last = next((e.body for e in reversed(before) if e.kind == said.kind.name), None)
        mine = [e.known for e in seen if e.kind == said.kind.name and _as_far(said, last, planned, e.body)]
        if len(mine) < step.repeated:
            return None
        known = max(known, sorted(mine)[step.repeated - 1])
    return known


def _as_far(said: Said, before: Kind | None, planned: Kind, came: Kind) -> bool:
    """Whether the fields a lever names went from what they were at least as far as planned, and the same way."""
    return all(
        _reaches(None if before is None else getattr(before, name), getattr(planned, name), getattr(came, name))
        for name in said.fields
    )


def _reaches(before: Any, planned: Any, came: Any) -> bool:
    numbers = all(type(each) is int for each in (before, planned, came))
    if not numbers or before == planned:
        return bool(came == planned)
    return bool(came <= planned if planned < before else came >= planned)


__all__ = ["Log", "Taken", "day_of", "done_on", "is_blocked", "is_done"]
