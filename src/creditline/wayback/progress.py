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
from creditline.policy.levers import Lever
from creditline.wayback.moves import Done, Use, on_days
from creditline.wayback.plans import APPLICATION, REQUEST, Outlook, Plan, Step
from creditline.wayback.predict import Return, decisions, returns
from creditline.wayback.promise import Stood
from creditline.wayback.situation import Situation
from creditline.wayback.steps import (
    Log,
    Taken,
    Way,
    applied_at,
    day_of,
    done_on,
    has_strayed,
    is_blocked,
    is_done,
    times_done,
)

StepState = Literal["done", "due", "late", "broken", "strayed"]
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
    """When the line comes back if the rest is done from now on; None where it is back, or would not be in time."""
    rest: tuple[Event, ...]
    """What the log will hold then."""
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
    waited_for = stood.ended is None and stood.back is None
    steps = tuple(_step(log, stood, each, situation, t) for each in stood.taken.plan.steps)
    left = _to_do(stood.taken, steps) if waited_for else []
    expected, rest = _expected(log, situation, stood, left) if waited_for else (None, ())
    money, effort = sum(each.amount or 0 for each in left), _effort(stood.taken, left)
    better = None
    if waited_for and outlook_of is not None:
        better = _better(situation, stood, outlook_of(situation).plans, _Left(expected, money, effort))
    return Progress(stood, steps, expected, rest, money, effort, better, waited_for and is_blocked(log, situation.now))


def _to_do(taken: Taken, steps: Iterable[StepStood]) -> list[Step]:
    return [each.step for each in steps if each.state not in ("done", None) and not taken.restrains(each.step)]


def _step(log: Log, stood: Stood, step: Step, situation: Situation, t: int) -> StepStood:
    taken = stood.taken
    by, on = date_of(taken.by(step)).isoformat(), _done_on(log, stood, step, situation, t)
    if on is not None:
        return StepStood(step, "done", by, date_of(on).isoformat())
    if _is_cured(log, taken, step, situation, t):
        return StepStood(step, "done", by)
    if stood.because == "broken" and stood.codes == (step.lever,) and taken.breaks(step) == stood.ended:
        return StepStood(step, "broken", by)
    if stood.ended is not None or stood.back is not None:
        return StepStood(step, None, by)
    if taken.restrains(step) and has_strayed(log, taken, step, t):
        return StepStood(step, "strayed", by)
    return StepStood(step, "due" if situation.now < taken.end_of(taken.by(step)) else "late", by)


def _done_on(log: Log, stood: Stood, step: Step, situation: Situation, t: int) -> int | None:
    """The local day on which a step was known to be done; an application that was declined has to be made again."""
    taken = stood.taken
    if not taken.applies(step):
        return done_on(log, taken, step, t)
    if stood.back is None and stood.ended is not None:
        return done_on(log, taken, step, t)
    if stood.back is None and situation.status != "applied":
        return None
    known = applied_at(log, taken, t if stood.back is None else min(t, stood.back.at))
    return None if known is None else situation.day_of(known)


def _is_cured(log: Log, taken: Taken, step: Step, situation: Situation, t: int) -> bool:
    """Whether a step needs no doing at present, because what it answers is cured."""
    if taken.applies(step) or t != situation.now or situation.policy.version != taken.policy.version:
        return False
    return is_done(log, taken, step, t, lambda: situation.applying if taken.way == "approved" else situation.values)


def _effort(taken: Taken, steps: Iterable[Step]) -> int:
    used = [(lever, step.repeated) for step in steps if (lever := taken.lever(step)) is not None]
    return sum(lever.effort * repeated for lever, repeated in used)


# -- what is left ------------------------------------------------------------------------------------


def _expected(
    log: Log, situation: Situation, stood: Stood, left: Sequence[Step]
) -> tuple[Return | None, tuple[Event, ...]]:
    """When the line comes where it is to be if these steps are done from now on, and what the log will hold then.

    Not after the promise has lapsed: then another version may decide.
    """
    rests = _rests(log, situation, stood.taken, left)
    for back, rest in zip(returns(situation, rests, stood.aim), rests, strict=True):
        if back is not None and back.at < stood.taken.lapses:
            return back, rest
    return None, rests[0]


def _rests(log: Log, situation: Situation, taken: Taken, left: Sequence[Step]) -> list[tuple[Event, ...]]:
    """What the log will hold if these steps are done on their days, late ones on the first day there is.

    A declined line applies on its day or on a later one, up to the last: there is one future for each.
    """
    planned: dict[str, Done] = {}
    for step in left:
        lever = taken.lever(step)
        if lever is not None:
            # What goes through the lending core is told payment by payment, and is one thing from its first day on.
            planned.setdefault(step.lever, _still_to_do(log, situation, taken, step, lever))
    future = on_days(situation, sorted(planned.values(), key=lambda each: each.use.lever.order))
    events = future.events if future is not None else ()
    if any(taken.applies(step) for step in left):
        return _applications(situation, taken, events)
    reopen = situation.policy.reopen
    if taken.way == "back" and reopen is not None and reopen.by_request and not _has_asked(situation):
        at = situation.noon(situation.today + 1)
        return [(Event(REQUEST, situation.line, at, at, ReopenRequested()), *events)]
    return [events]


def _still_to_do(log: Log, situation: Situation, taken: Taken, step: Step, lever: Lever) -> Done:
    """What is not known yet of a step: on the days planned while it can still be known in time, else from now on."""
    came = times_done(log, taken, step, situation.now)
    use = Use(lever, step.chosen or 0, step.repeated - came, money=step.amount or 0)
    planned = situation.day_of(situation.noon(day_of(step.on)) + came * lever.every)
    if situation.noon(planned) + lever.takes > situation.now:
        return Done(use, planned)
    return Done(use, situation.today + (situation.noon(situation.today) <= situation.now))


def _applications(situation: Situation, taken: Taken, events: tuple[Event, ...]) -> list[tuple[Event, ...]]:
    """These events with the application of the plan behind them, on each day on which it may still come."""
    planned = next(each for each in taken.plan.events if each.id == APPLICATION)
    moments = [at for at in range(planned.at, taken.lapses, DAY) if at > situation.now]
    asked = [msgspec.structs.replace(planned, at=at, known=at) for at in moments]
    return [(*events, each) for each in asked] or [events]


def _has_asked(situation: Situation) -> bool:
    since = situation.cell("SINCE")
    return any(isinstance(each.body, ReopenRequested) and each.at > since for each in situation.visible)


@dataclass(frozen=True)
class _Left:
    """What is left of a plan: what it leads to, and what it takes."""

    expected: Return | None
    money: int
    effort: int


def _better(situation: Situation, stood: Stood, plans: Sequence[Plan], left: _Left) -> Plan | None:
    """Of new plans the one of the same goal first that is better than what is left: day, money and effort."""
    expected, above = left.expected, stood.aim.above
    least = expected.limit if expected is not None else 0 if above is None else above + 1
    for plan in sorted(plans, key=lambda each: each.goal != stood.taken.plan.goal):
        if plan.limit < least:
            continue
        if expected is None:
            return plan
        new = (situation.day_of(plan.reopens_at), plan.cost, plan.effort)
        old = (situation.day_of(expected.at), left.money, left.effort)
        if new != old and all(mine <= theirs for mine, theirs in zip(new, old, strict=True)):
            return plan
    return None


# -- what it costs -----------------------------------------------------------------------------------


class Cost(msgspec.Struct, frozen=True):
    """What a promise that stands costs the lender. Money in minor units, days as dates."""

    line: str
    seal: str
    way: Way
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
    """With which limit; for never the one it would leave the line, 0 where it cannot be drawn on."""
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
    otherwise = _otherwise(progress, unpinned)
    back = stood.back
    on = pinned.day_of(back.at) if back else day_of(taken.plan.reopens_on)
    other = None if otherwise is None else pinned.day_of(otherwise.at)
    return Cost(
        line=pinned.line,
        seal=taken.seal,
        way=taken.way,
        goal=taken.plan.goal,
        made_on=date_of((taken.since + taken.policy.utc_offset) // DAY).isoformat(),
        returns_on=date_of(on).isoformat(),
        limit=back.limit if back else taken.plan.limit,
        is_back=back is not None,
        otherwise_on=None if other is None else date_of(other).isoformat(),
        otherwise_limit=_kept_limit(progress, unpinned) if otherwise is None else otherwise.limit,
        days_earlier=None if other is None else other - on,
        owed=owed,
    )


def _otherwise(progress: Progress, unpinned: Situation) -> Return | None:
    """When the version in force alone would have the line where the promise is to bring it, for the same events."""
    above, limit = progress.stood.aim.above, unpinned.cell("LIMIT")
    if unpinned.status == "open" and (above is None or limit > above):
        return Return(unpinned.cell("SINCE" if above is None else "LIMIT_SINCE"), limit)
    return returns(unpinned, [progress.rest], progress.stood.aim)[0]


def _kept_limit(progress: Progress, unpinned: Situation) -> int:
    """The limit it would leave the line on the promised day: 0 unless it is open."""
    until = max(unpinned.now, progress.stood.taken.plan.reopens_at)
    ran = decisions(unpinned, [progress.rest], until)
    return int(ran.column("LIMIT")[0]) if ran.statuses() == ["open"] else 0


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


__all__ = ["Cost", "Month", "Progress", "State", "StepStood", "by_month", "cost_of", "progress_of"]
