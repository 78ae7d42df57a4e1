"""A plan taken up, and whether a step of it is done, as the log of its line says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Literal

from creditline.clock import DAY
from creditline.events.event import Event
from creditline.events.kinds import (
    ApplicationReceived,
    ArrearsChanged,
    BlockLifted,
    BlockPlaced,
    DrawBooked,
    EventVoided,
    InstalmentSettled,
    Kind,
    RepaymentReceived,
)
from creditline.facts.slices import Slices
from creditline.lending.terms import day_number
from creditline.policy import Policy
from creditline.policy.evaluating import Values, value_of
from creditline.policy.levers import DRAWS, Lever, Said
from creditline.wayback.cures import cure_of
from creditline.wayback.moves import open_now
from creditline.wayback.plans import APPLY, Plan, Step, days_of

Way = Literal["back", "approved", "raised"]
"""What a plan says: that the line comes back, that an application for it is approved, or that its limit is raised."""

_WAYS: Mapping[str, Way] = {"closed": "back", "frozen": "back", "declined": "approved", "open": "raised"}


def way_of(status: str) -> Way | None:
    """What a plan made for a line of this status says; None where there is no plan."""
    return _WAYS.get(status)


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
    way: Way

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

    def applies(self, step: Step) -> bool:
        """Whether a step is the application that a plan for a declined line ends with."""
        return self.way == "approved" and step.lever == APPLY

    def lever(self, step: Step) -> Lever | None:
        """The lever a step uses; None for the application."""
        return None if self.applies(step) else self.levers[step.lever]

    def by(self, step: Step) -> int:
        """The local day by which a step is to be known: later than it is done where its lever takes time."""
        lever = self.lever(step)
        if lever is None or lever.pays:
            return day_of(step.on)
        return day_of(step.on) + -(-(lever.takes + (step.repeated - 1) * lever.every) // DAY)

    def restrains(self, step: Step) -> bool:
        """Whether a step says how to draw meanwhile, and nothing to be done."""
        lever = self.lever(step)
        return lever is not None and lever.does in DRAWS

    def breaks(self, step: Step) -> int:
        """The moment at which a step not known by then breaks the promise; draws alone never do, before it lapses."""
        return self.lapses + 1 if self.restrains(step) else self.end_of(self.by(step)) + self.grace


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

    ``values`` are the facts at that moment under the version of the plan, of a declined line as if it applied then;
    they are asked for only where they are needed.
    """
    if done_on(log, taken, step, t) is not None:
        return True
    if taken.applies(step):
        return False
    return bool(step.answers) and all(_is_answered(taken, code, values) for code in step.answers)


def _is_answered(taken: Taken, code: str, values: Callable[[], Values]) -> bool:
    """Whether a reason stands in the way no longer. What raises a limit has no condition of its own: it is never."""
    policy = taken.policy
    if code == "reopen" and policy.reopen is not None:
        return value_of(policy.reopen.when, values()) == 1
    if code == "approve" and policy.approve is not None:
        return value_of(policy.approve.when, values()) == 1
    if code not in policy.by_code:
        return False
    rule = policy.by_code[code]
    if taken.way == "approved":
        return value_of(rule.when, values()) != 1
    return value_of(cure_of(rule), values()) == 1


def done_on(log: Log, taken: Taken, step: Step, t: int) -> int | None:
    """The local day on which the events of a step were known, None where they are not all by ``t``."""
    lever = taken.lever(step)
    seen = [each for each in log.visible(t) if each.known > taken.since]
    if lever is None:
        known = _applied(taken, step, seen)
    elif lever.pays:
        known = _paid(log, taken, step, lever, seen)
    elif lever.ends is not None:
        known = _all_ended(log, taken, lever, seen, t)
    elif lever.says:
        known = next(iter(_times_said(log, taken, lever, seen)[step.repeated - 1 :]), None)
    else:
        ends = taken.end_of(taken.by(step) - 1)
        known = None if t < ends or has_strayed(log, taken, step, t) else ends
    return None if known is None else (known + taken.policy.utc_offset) // DAY


def has_strayed(log: Log, taken: Taken, step: Step, t: int) -> bool:
    """Whether more was drawn by ``t`` than a step allows that restrains draws, before the day up to which it does."""
    days, until, drawn = days_of(step, taken.levers[step.lever].every), taken.by(step), 0
    for each in log.visible(t):
        body, moment = each.body, each.at + taken.policy.utc_offset
        if not isinstance(body, DrawBooked) or each.at <= taken.since or moment // DAY >= until:
            continue
        allowed = 0 if step.amount is None else step.amount * sum(day <= moment // DAY for day in days)
        drawn += body.amount
        if drawn > allowed:
            return True
    return False


def applied_at(log: Log, taken: Taken, t: int) -> int | None:
    """When the last application since the taking up was known, None where there was none by ``t``."""
    return max((each.known for each in _applications(log.visible(t)) if each.known > taken.since), default=None)


def _applications(seen: Sequence[Event]) -> list[Event]:
    return [each for each in seen if isinstance(each.body, ApplicationReceived)]


def _applied(taken: Taken, step: Step, seen: Sequence[Event]) -> int | None:
    """When the first application was known that did not come before its day."""
    begins = taken.end_of(day_of(step.on) - 1)
    return min((each.known for each in _applications(seen) if each.known >= begins), default=None)


def _paid(log: Log, taken: Taken, step: Step, lever: Lever, seen: Sequence[Event]) -> int | None:
    special = None
    if lever.does == "pay_arrears":
        special = _arrears_paid(log, taken, seen)
    elif lever.does == "keep_instalments":
        special = _instalment_kept(taken, step, seen)
    return special if special is not None else _paid_as_planned(taken, step, seen)


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
    through_core = [each for each in taken.plan.steps if (lever := taken.lever(each)) is not None and lever.pays]
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


def times_done(log: Log, taken: Taken, step: Step, t: int) -> int:
    """How often the events of a step that says some have come by ``t``; 0 for any other."""
    lever = taken.lever(step)
    if lever is None or not lever.says:
        return 0
    return len(_times_said(log, taken, lever, [each for each in log.visible(t) if each.known > taken.since]))


def _times_said(log: Log, taken: Taken, lever: Lever, seen: Sequence[Event]) -> list[int]:
    """When all the events that a lever says had come once, twice and so on, as far as planned or further."""
    before, found = log.visible(taken.since), []
    for place, said in enumerate(lever.says):
        planned = next((e.body for e in taken.plan.events if e.id == f"plan-{lever.name}-0-{place}"), None)
        if planned is None:
            return []
        last = next((e.body for e in reversed(before) if e.kind == said.kind.name), None)
        mine = [e.known for e in seen if e.kind == said.kind.name and _as_far(said, last, planned, e.body)]
        found.append(sorted(mine))
    return [max(each) for each in zip(*found, strict=False)]


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


__all__ = [
    "Log", "Taken", "Way", "applied_at", "day_of", "done_on", "has_strayed", "is_blocked", "is_done", "times_done",
    "way_of",
]  # fmt: skip
