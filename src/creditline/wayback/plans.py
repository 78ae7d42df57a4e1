"""Dated plans: of all ways of using the levers those that bring the line back soonest, cheapest and with least effort.

Every plan is run through the kernel, so it is not an estimate: it is what the policy does. ``planner`` finds which uses
of which levers are best; here they become steps and events, and the events are run once more as proof.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import msgspec
import numpy as np
from numpy.typing import NDArray

from creditline.events.event import Event
from creditline.events.kinds import ReopenRequested
from creditline.i18n import LANGUAGES, text
from creditline.lending.terms import date_of, day_number
from creditline.lines.kernel import Engine
from creditline.policy import Policy
from creditline.policy.evaluating import Values, value_of
from creditline.policy.levers import DRAWS
from creditline.wayback.cures import cure_of
from creditline.wayback.drawing import Spread, Undrawn, conduct_of_plan, draws_matter
from creditline.wayback.moves import Done, Future, Use, carried_out, on_days, payer
from creditline.wayback.planner import GOALS, Goal, Plans, plans_of, target_of
from creditline.wayback.planning import U_ANSWERS, U_CHOSEN, U_DAY, U_LATE, U_MONEY, U_TIMES, U_USED
from creditline.wayback.predict import Return, returns, slices_of
from creditline.wayback.situation import DAY, HORIZON, NOON, Situation, values_at

APPLY = "apply"
"""What the step of applying again is called in place of a lever's name."""

REQUEST = "plan-request"
"""Id of the event by which a plan's line is asked for back."""

APPLICATION = "plan-apply"
"""Id of its event."""


class Step(msgspec.Struct, frozen=True):
    """One thing to do by a day."""

    on: str
    """Local day, YYYY-MM-DD; of making no draw, until when."""
    lever: str
    title: dict[str, str]
    amount: int | None
    """Minor units; None for what costs no money. Of draws that are spread, one part."""
    chosen: int | None
    """How much of the lever is used, where there is anything to choose."""
    repeated: int
    """How often; of draws that are spread, in how many parts."""
    answers: tuple[str, ...]
    """Codes of the reasons it answers; ``reopen`` for what coming back asks beyond them (``approve`` where the line was
    declined, ``raise`` where its limit was cut)."""


class Plan(msgspec.Struct, frozen=True):
    """Steps, and the day the line comes back when they are done. Money in minor units, moments in microseconds."""

    goal: Goal
    reopens_on: str
    reopens_at: int
    limit: int
    cost: int
    effort: int
    steps: tuple[Step, ...]
    events: tuple[Event, ...]
    """Everything the log will hold after now if the plan is kept; what it is proved by."""
    complete: bool
    """Whether no combination of levers that could be better was left out."""


class Outlook(msgspec.Struct, frozen=True):
    """The way back of one line at one moment."""

    line: str
    now: int
    status: str
    closed_on: str | None
    """Local day on which the line got the status it has, or its limit was cut."""
    reasons: tuple[str, ...]
    policy: str
    """Content address of the version."""
    plans: tuple[Plan, ...]
    never: tuple[str, ...] = ()
    """Codes that nothing the policy knows of answers within the horizon; empty where there are plans."""


def outlook(situation: Situation, goals: Sequence[Goal] = GOALS, *, engine: Engine | None = None) -> Outlook:
    """The plans of a line that is closed, frozen, declined or cut; for other lines none."""
    since = situation.cell("LIMIT_SINCE" if situation.status == "open" else "SINCE")
    there = target_of(situation) is not None
    told = Outlook(
        line=situation.line,
        now=situation.now,
        status=situation.status,
        closed_on=date_of(situation.day_of(since)).isoformat() if there else None,
        reasons=reasons_of(situation),
        policy=situation.policy.version,
        plans=(),
    )
    if not there:
        return msgspec.structs.replace(told, never=("terminated",)) if situation.status == "terminated" else told
    found = plans_of(situation, engine=engine)
    plans = [_plan(situation, goal, found, engine) for goal in goals if found.found[0, GOALS.index(goal)]]
    if not plans:
        return msgspec.structs.replace(told, never=_unanswered(situation))
    return msgspec.structs.replace(told, plans=tuple(plans))


def reasons_of(situation: Situation) -> tuple[str, ...]:
    """What stands against the line; where it was declined, what would decline it today."""
    if situation.status == "open":
        return situation.cut
    if situation.status != "declined":
        return situation.standing
    approve = situation.policy.approve
    return declining(situation.policy, situation.applying) or ((approve.code,) if approve else ())


def declining(policy: Policy, values: Values) -> tuple[str, ...]:
    """Codes of the rules that decline an application on these facts."""
    return tuple(rule.code for rule in policy.rules if rule.on_application and value_of(rule.when, values) == 1)


def _plan(situation: Situation, goal: Goal, found: Plans, engine: Engine | None) -> Plan:
    place = GOALS.index(goal)
    at, limit = int(found.at[0, place]), int(found.limit[0, place])
    done, answers = _done(situation, found.uses[0, place])
    future = on_days(situation, done)
    assert future is not None, f"{situation.line}: what the plan says cannot be said"
    events = log_of(situation, future, at)
    proved = returns(situation, [events], engine=engine)[0]
    assert proved is not None, f"{situation.line}: the plan does not come true"
    assert (proved.at, proved.limit) == (at, limit), f"{situation.line}: the plan comes true otherwise"
    steps = [step for each in done for step in _steps(situation, each, answers[each.use.lever.name], future, at)]
    if situation.status == "declined":
        steps.append(_application(situation, at))
    conduct = conduct_step(situation, events, proved, engine)
    if conduct is not None:
        steps.append(conduct)
    return Plan(
        goal=goal,
        reopens_on=date_of(situation.day_of(at)).isoformat(),
        reopens_at=at,
        limit=limit,
        cost=int(found.money[0, place]),
        effort=int(found.effort[0, place]),
        # The application comes behind what is done the same day.
        steps=tuple(sorted(steps, key=lambda step: (step.on, step.lever == APPLY, step.lever))),
        events=events,
        complete=bool(found.complete[0]),
    )


def _done(situation: Situation, uses: NDArray[np.int64]) -> tuple[list[Done], dict[str, tuple[str, ...]]]:
    """The uses of a plan in order of lever, and what each answers by the lever's name."""
    done, answers = [], {}
    for lever, cells in zip(situation.policy.levers, uses.tolist(), strict=True):
        if cells[U_USED]:
            use = Use(lever, cells[U_CHOSEN], cells[U_TIMES], bool(cells[U_LATE]), cells[U_MONEY])
            done.append(Done(use, cells[U_DAY]))
            answers[lever.name] = _codes(situation, cells[U_ANSWERS])
    return done, answers


def _codes(situation: Situation, bits: int) -> tuple[str, ...]:
    places = {rule.code: place for place, rule in enumerate(situation.policy.rules)}
    rest = {"declined": "approve", "open": "raise"}.get(situation.status, "reopen")
    codes = [code for code in reasons_of(situation) if code in places and bits >> places[code] & 1]
    return (*codes, *([rest] if bits >> 62 & 1 else []))


def log_of(situation: Situation, future: Future, at: int) -> tuple[Event, ...]:
    """What is added to the log: the future, and what the borrower must ask for besides: the line back, or a line."""
    reopen = situation.policy.reopen
    if situation.status == "declined":
        asked = situation.latest["application.received"]
        return (*future.events, Event(APPLICATION, situation.line, at, at, asked))
    if situation.status == "closed" and reopen is not None and reopen.by_request:
        noon = situation.noon(situation.today + 1)
        return (Event(REQUEST, situation.line, noon, noon, ReopenRequested()), *future.events)
    return future.events


def _application(situation: Situation, at: int) -> Step:
    title: dict[str, str] = {lang: text("plan.apply", lang) for lang in LANGUAGES}
    on = date_of(situation.day_of(at)).isoformat()
    return Step(on=on, lever=APPLY, title=title, amount=None, chosen=None, repeated=1, answers=("approve",))


def _steps(situation: Situation, done: Done, answers: tuple[str, ...], future: Future, at: int) -> Iterator[Step]:
    """A use as people do it: paid through the lending core, payment by payment up to the day of coming back."""
    use = done.use
    if use.lever.does is None:
        chosen = use.chosen if use.lever.chosen is not None else None
        yield _step(use, done.day, use.money or None, answers, chosen)
        return
    for day, amount in situation.ahead(future.paying).payments:
        if day <= situation.day_of(at) and payer(future.paying, day) == use.lever.does:
            yield _step(use, day, amount, answers, use.chosen or None)


def _step(use: Use, day: int, amount: int | None, answers: tuple[str, ...], chosen: int | None) -> Step:
    return Step(
        on=date_of(day).isoformat(),
        lever=use.lever.name,
        title=dict(use.lever.title),
        amount=amount,
        chosen=chosen,
        repeated=use.times,
        answers=answers,
    )


# -- what a plan for a cut limit asks of the draws -------------------------------------------------------


def is_conduct(situation: Situation, step: Step) -> bool:
    """Whether a step says how to draw meanwhile, which makes nothing known; on an open line alone."""
    does = {lever.name: lever.does for lever in situation.policy.levers}.get(step.lever)
    return situation.status == "open" and does in DRAWS


def conduct_step(
    situation: Situation, events: Sequence[Event], back: Return, engine: Engine | None = None
) -> Step | None:
    """How to draw so that a future that raises a cut limit comes as it does; None where nothing is asked of draws."""
    if situation.status != "open":
        return None
    found = conduct_of_plan(Undrawn(situation, events, engine), back)
    if found is None:
        return None
    spread = found if isinstance(found, Spread) else None
    return Step(
        on=date_of(found.first).isoformat(),
        lever=found.lever.name,
        title=dict(found.lever.title),
        amount=spread.part if spread else None,
        chosen=None,
        repeated=len(spread.days) if spread else 1,
        answers=("raise",),
    )


def days_of(step: Step, every: int) -> list[int]:
    """The local days of a step that is repeated so far apart (microseconds), from noon of its own on."""
    first = day_number(date.fromisoformat(step.on)) * DAY + NOON
    return [(first + number * every) // DAY for number in range(step.repeated)]


def presumes_no_draw(situation: Situation, plan: Plan, engine: Engine | None = None) -> bool:
    """Whether drawing all that is left at once would make a plan come otherwise, and none of its steps says so."""
    if situation.status != "open" or any(is_conduct(situation, step) for step in plan.steps):
        return False
    return draws_matter(Undrawn(situation, plan.events, engine), Return(plan.reopens_at, plan.limit))


def _unanswered(situation: Situation) -> tuple[str, ...]:
    """Standing reasons whose cure is not met at the end of the horizon if nothing happens; all where none is named."""
    reasons = reasons_of(situation)
    if situation.status in ("declined", "open"):
        return reasons or ({"declined": "approve", "open": "raise"}[situation.status],)
    waiting = carried_out(situation, ())
    slices = slices_of(situation, [waiting.events if waiting else ()])
    values = values_at(situation.policy, slices, situation.state[None, :], situation.now + HORIZON)
    open_ = tuple(code for code in reasons if value_of(cure_of(situation.policy.by_code[code]), values) != 1)
    return open_ or reasons or ("reopen",)


__all__ = [
    "APPLICATION",
    "APPLY",
    "GOALS",
    "REQUEST",
    "Goal",
    "Outlook",
    "Plan",
    "Step",
    "conduct_step",
    "days_of",
    "declining",
    "is_conduct",
    "log_of",
    "outlook",
    "presumes_no_draw",
    "reasons_of",
]  # fmt: skip
