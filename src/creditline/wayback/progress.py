"""How far a plan taken up has come, what is still to come, what would be better by now, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from creditline.clock import DAY
from creditline.events.event import Event
from creditline.events.kinds import ReopenRequested
from creditline.lending.terms import date_of
from creditline.wayback.moves import Done, Use, on_days
from creditline.wayback.plans import Outlook, Plan, Step
from creditline.wayback.predict import Return, returns
from creditline.wayback.promise import DOWN, Stood
from creditline.wayback.situation import Situation
from creditline.wayback.steps import Log, Taken, day_of, done_on, is_blocked, is_done

StepState = Literal["done", "due", "late", "broken"]
State = Literal[
    "due", "late", "back", "kept", "broken", "overridden", "lapsed", "given_up", "replaced", "voided",
]  # fmt: skip
"""How a promise stands: what is to be done is to come or late, the line is back, or why it ended."""


class StepStood(msgspec.Struct, frozen=True):
    """A step of a plan taken up and how it stands."""

    step: Step
    state: StepState | None
    """None for what was not done and is not needed any more: the line is back, or the promise ended before."""
    by: str
    """Local day by which it is to be known, YYYY-MM-DD."""
    done_on: str | None = None
    """Local day on which it was known to be done, where events say so."""


@dataclass(frozen=True, eq=False)
class Progress:
    """A plan taken up at one moment. Money in minor units."""

    stood: Stood
    steps: tuple[StepStood, ...]
    expected: Return | None
    """When the line comes back if the rest is done from now on; None where it is back, not waited for, or never."""
    money_left: int
    effort_left: int
    better: Plan | None
    """A plan made now that comes no later, costs no more and asks no more than what is left, and less of something."""
    blocked: bool
    """Whether a person's order keeps the line from coming back for the time being."""

    @property
    def state(self) -> State:
        """How the promise stands."""
        if self.stood.because is not None:
            return self.stood.because
        if self.stood.back is not None:
            return "back"
        return "late" if any(each.state == "late" for each in self.steps) else "due"


def progress_of(
    log: Log, stood: Stood, situation: Situation, outlook_of: Callable[[Situation], Outlook] | None = None
) -> Progress:
    """How far a plan has come by the moment of a situation, which is that of its line under its pinned version.

    ``outlook_of`` makes plans anew; without it none is looked for that is better.
    """
    t = situation.now if stood.ended is None else min(situation.now, stood.ended - 1)
    waited_for = stood.ended is None and stood.back is None and situation.status in DOWN
    steps = tuple(_step(log, stood, each, situation, t) for each in stood.taken.plan.steps)
    left = [each.step for each in steps if each.state not in ("done", None)] if waited_for else []
    expected = returns(situation, [rest_of(situation, stood.taken, left)])[0] if waited_for else None
    money, effort = sum(each.amount or 0 for each in left), _effort(stood.taken, left)
    better = None
    if waited_for and outlook_of is not None:
        day = situation.day_of(expected.at) if expected else None
        better = _better(situation, stood.taken, outlook_of(situation).plans, (day, money, effort))
    return Progress(stood, steps, expected, money, effort, better, waited_for and is_blocked(log, situation.now))


def _step(log: Log, stood: Stood, step: Step, situation: Situation, t: int) -> StepStood:
    taken = stood.taken
    by, on = date_of(taken.by(step)).isoformat(), done_on(log, taken, step, t)
    if on is not None:
        return StepStood(step, "done", by, date_of(on).isoformat())
    now = t == situation.now and situation.policy.version == taken.policy.version
    if now and is_done(log, taken, step, t, lambda: situation.values):
        return StepStood(step, "done", by)
    if stood.because == "broken" and stood.codes == (step.lever,) and taken.breaks(step) == stood.ended:
        return StepStood(step, "broken", by)
    if stood.ended is not None or stood.back is not None:
        return StepStood(step, None, by)
    return StepStood(step, "due" if situation.now < taken.end_of(taken.by(step)) else "late", by)


def _effort(taken: Taken, steps: Iterable[Step]) -> int:
    return sum(taken.levers[step.lever].effort * step.repeated for step in steps)


def rest_of(situation: Situation, taken: Taken, left: Sequence[Step]) -> tuple[Event, ...]:
    """What the log will hold if these steps are done on their days, late ones on the first day there is."""
    first = situation.today if situation.noon(situation.today) > situation.now else situation.today + 1
    planned: dict[str, Done] = {}
    for step in left:
        use = Use(taken.levers[step.lever], step.chosen or 0, step.repeated, money=step.amount or 0)
        # What goes through the lending core is told payment by payment, and is one thing done from its first day on.
        planned.setdefault(step.lever, Done(use, max(first, day_of(step.on))))
    future = on_days(situation, [planned[name] for name in sorted(planned)])
    events = future.events if future is not None else ()
    reopen = situation.policy.reopen
    if reopen is not None and reopen.by_request and not _has_asked(situation):
        at = situation.noon(situation.today + 1)
        return (Event("plan-request", situation.line, at, at, ReopenRequested()), *events)
    return events


def _has_asked(situation: Situation) -> bool:
    since = situation.cell("SINCE")
    return any(isinstance(each.body, ReopenRequested) and each.at > since for each in situation.visible)


def _better(
    situation: Situation, taken: Taken, plans: Sequence[Plan], left: tuple[int | None, int, int]
) -> Plan | None:
    """Of new plans the one of the same goal first that is better than what is left: day, money and effort."""
    day, money, effort = left
    for plan in sorted(plans, key=lambda each: each.goal != taken.plan.goal):
        new = (situation.day_of(plan.reopens_at), plan.cost, plan.effort)
        old = (new[0] + 1 if day is None else day, money, effort)
        if day is None or (new != old and all(mine <= theirs for mine, theirs in zip(new, old, strict=True))):
            return plan
    return None


# -- what it costs -----------------------------------------------------------------------------------


class Cost(msgspec.Struct, frozen=True):
    """What a promise that stands costs the lender. Money in minor units, days as dates."""

    line: str
    seal: str
    goal: str
    made_on: str
    returns_on: str
    """The day promised, or on which the line came back."""
    limit: int
    """The limit promised, or with which it came back."""
    is_back: bool
    otherwise_on: str | None
    """The day the version in force would bring the line back on for the same events; None for never."""
    otherwise_limit: int
    """With which limit; 0 for never."""
    days_earlier: int | None
    """By how many days the promise is earlier; None where it would never be."""
    owed: int | None
    """What the borrower owes at present, where it is known."""

    @property
    def more(self) -> int:
        """By how much the promised limit is higher."""
        return self.limit - self.otherwise_limit


def cost_of(progress: Progress, pinned: Situation, unpinned: Situation, owed: int | None) -> Cost:
    """The cost of a promise that stands: the line as it is, and as the version in force alone would have it."""
    stood, taken = progress.stood, progress.stood.taken
    left = [each.step for each in progress.steps if each.state not in ("done", None)]
    events = rest_of(pinned, taken, left) if stood.back is None else ()
    if unpinned.status in DOWN:
        otherwise = returns(unpinned, [events])[0]
    else:
        otherwise = Return(unpinned.cell("SINCE"), unpinned.cell("LIMIT")) if unpinned.status == "open" else None
    back = stood.back
    on = pinned.day_of(back.at) if back else day_of(taken.plan.reopens_on)
    other = None if otherwise is None else pinned.day_of(otherwise.at)
    return Cost(
        line=pinned.line,
        seal=taken.seal,
        goal=taken.plan.goal,
        made_on=date_of((taken.since + taken.policy.utc_offset) // DAY).isoformat(),
        returns_on=date_of(on).isoformat(),
        limit=back.limit if back else taken.plan.limit,
        is_back=back is not None,
        otherwise_on=None if other is None else date_of(other).isoformat(),
        otherwise_limit=0 if otherwise is None else otherwise.limit,
        days_earlier=None if other is None else other - on,
        owed=owed,
    )


class Month(msgspec.Struct, frozen=True):
    """Promises that are due in one month; money in minor units."""

    month: str
    """YYYY-MM."""
    promises: int
    limit: int
    more: int
    """By how much the limits are higher than they would be without the promises."""
    owed: int
    """What these borrowers owe, as far as it is known."""


def by_month(costs: Iterable[Cost]) -> list[Month]:
    """Costs added up by the month of return, in order."""
    months: dict[str, list[Cost]] = {}
    for each in costs:
        months.setdefault(each.returns_on[:7], []).append(each)
    return [
        Month(
            month,
            len(mine),
            sum(each.limit for each in mine),
            sum(each.more for each in mine),
            sum(each.owed or 0 for each in mine),
        )
        for month, mine in sorted(months.items())
    ]


__all__ = ["Cost", "Month", "Progress", "State", "StepStood", "by_month", "cost_of", "progress_of", "rest_of"]
