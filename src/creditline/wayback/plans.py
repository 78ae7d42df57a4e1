"""Dated plans: of all ways of using the levers those that bring the line back soonest, cheapest and with least effort.

Every way is run through the kernel, so a plan is not an estimate: it is what the policy does. Levers that touch nothing
the way back depends on are left out first, which changes no plan; all combinations of the others are weighed as long as
there are no more than ``WEIGHED_MAX``, and a plan says whether all were.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Literal

import msgspec

from creditline.clock import MINUTE
from creditline.events.event import Event
from creditline.events.kinds import ReopenRequested
from creditline.facts.expressions import TRUTH, Expr, IsNull, Logic, Not
from creditline.lending.terms import date_of
from creditline.lines.kernel import Engine
from creditline.policy.evaluating import value_of
from creditline.policy.levers import Lever
from creditline.policy.model import Policy, Rule
from creditline.wayback.moves import Done, Future, Use, available, carried_out, on_days, ways
from creditline.wayback.predict import Return, returns, slices_of
from creditline.wayback.situation import HORIZON, Situation, values_at

Goal = Literal["fastest", "cheapest", "easiest"]
GOALS: tuple[Goal, ...] = ("fastest", "cheapest", "easiest")

WEIGHED_MAX = 4096
"""Combinations weighed at most."""

RETURNABLE = ("closed", "frozen")


class Step(msgspec.Struct, frozen=True):
    """One thing to do by a day."""

    on: str
    """Local day, YYYY-MM-DD."""
    lever: str
    title: dict[str, str]
    amount: int | None
    """Minor units; None for what costs no money."""
    chosen: int | None
    """How much of the lever is used, where there is anything to choose."""
    repeated: int
    answers: tuple[str, ...]
    """Codes of the reasons it answers; ``reopen`` for what coming back asks beyond them."""


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
    """Whether every combination of levers was weighed."""


class Outlook(msgspec.Struct, frozen=True):
    """The way back of one line at one moment."""

    line: str
    now: int
    status: str
    closed_on: str | None
    reasons: tuple[str, ...]
    policy: str
    """Content address of the version."""
    plans: tuple[Plan, ...]
    never: tuple[str, ...] = ()
    """Codes that nothing the policy knows of answers within the horizon; empty where there are plans."""


@dataclass(frozen=True)
class _Weighed:
    future: Future
    back: Return

    def key(self, goal: Goal, situation: Situation) -> tuple[object, ...]:
        """What makes a plan better, most important first; ties go to fewer steps and then by name."""
        day, money, effort = situation.day_of(self.back.at), self.future.money, self.future.effort
        first = {
            "fastest": (self.back.at // MINUTE, money, effort),
            "cheapest": (money, day, effort),
            "easiest": (effort, day, money),
        }[goal]
        named = tuple((each.use.lever.name, each.use.chosen, each.use.times, each.day) for each in self.future.done)
        return (*first, len(self.future.done), self.back.at, named)


def outlook(situation: Situation, goals: Sequence[Goal] = GOALS, *, engine: Engine | None = None) -> Outlook:
    """The plans of a closed or frozen line; for other lines none."""
    since = situation.cell("SINCE")
    told = Outlook(
        line=situation.line,
        now=situation.now,
        status=situation.status,
        closed_on=date_of(situation.day_of(since)).isoformat() if situation.status in RETURNABLE else None,
        reasons=situation.standing,
        policy=situation.policy.version,
        plans=(),
    )
    if situation.status not in RETURNABLE:
        return msgspec.structs.replace(told, never=("terminated",)) if situation.status == "terminated" else told
    weighed, complete = _weighed(situation, engine)
    if not weighed:
        return msgspec.structs.replace(told, never=_unanswered(situation))
    plans = []
    for goal in goals:
        best = min(weighed, key=lambda each: each.key(goal, situation))
        plans.append(_plan(situation, goal, best, complete=complete))
    return msgspec.structs.replace(told, plans=tuple(plans))


def _weighed(situation: Situation, engine: Engine | None) -> tuple[list[_Weighed], bool]:
    options = combinations(situation)
    every = list(islice(options, WEIGHED_MAX))
    complete = next(options, None) is None
    futures = [each for each in (carried_out(situation, uses) for uses in every) if each is not None]
    logs = [_log(situation, each) for each in futures]
    found = [
        _Weighed(each, back)
        for each, back in zip(futures, returns(situation, logs, engine=engine), strict=True)
        if back is not None
    ]
    return found, complete


def combinations(situation: Situation) -> Iterator[tuple[Use, ...]]:
    """Every combination of ways of using the levers that matter, doing nothing first."""
    levers = relevant(situation, available(situation))
    each = [[None, *ways(situation, lever)] for lever in levers]
    return (tuple(use for use in chosen if use is not None) for chosen in product(*each))


def relevant(situation: Situation, levers: Sequence[Lever]) -> list[Lever]:
    """Levers that make known an event of a kind the way back depends on."""
    policy = situation.policy
    exprs: list[Expr] = [rule.when for rule in policy.rules if rule.on_line and rule.severity > 0]
    exprs += [cure_of(rule) for rule in policy.rules if rule.on_line and rule.severity > 0]
    if policy.reopen:
        exprs += [policy.reopen.when, policy.reopen.limit]
    kinds = kinds_read(policy, exprs)
    return [lever for lever in levers if lever.kinds & kinds]


def kinds_read(policy: Policy, exprs: Sequence[Expr]) -> frozenset[str]:
    """Names of the kinds of events that expressions depend on."""
    names = frozenset().union(*(policy.counted(expr) for expr in exprs))
    facts = [fact for fact in policy.counted_facts if fact.name in names]
    read = {kind.name for fact in facts for kind in (fact.kind, fact.after, fact.ended_by) if kind is not None}
    consents = {"consent.given"} if any(fact.sources & set(policy.consents) for fact in facts) else set()
    return frozenset(read | consents)


def cure_of(rule: Rule) -> Expr:
    """What must be TRUE for a reason to stand no longer."""
    if rule.cure is not None:
        return rule.cure
    return Logic(TRUTH, "or", Not(TRUTH, rule.when), IsNull(TRUTH, rule.when))


def _log(situation: Situation, future: Future) -> tuple[Event, ...]:
    """What is added to the log: the future, and the request without which some lines do not come back."""
    reopen = situation.policy.reopen
    if reopen is None or not reopen.by_request:
        return future.events
    at = situation.noon(situation.today + 1)
    return (Event("plan-request", situation.line, at, at, ReopenRequested()), *future.events)


def _plan(situation: Situation, goal: Goal, best: _Weighed, *, complete: bool) -> Plan:
    steps = [step for each in best.future.done for step in _steps(situation, each, best)]
    return Plan(
        goal=goal,
        reopens_on=date_of(situation.day_of(best.back.at)).isoformat(),
        reopens_at=best.back.at,
        limit=best.back.limit,
        cost=best.future.money,
        effort=best.future.effort,
        steps=tuple(sorted(steps, key=lambda step: (step.on, step.lever))),
        events=_log(situation, best.future),
        complete=complete,
    )


def _steps(situation: Situation, done: Done, best: _Weighed) -> Iterator[Step]:
    """A use as people do it: paid through the lending core, payment by payment up to the day of coming back."""
    use, answers = done.use, _answers(situation, done, best)
    if use.lever.does is None:
        chosen = use.chosen if use.lever.chosen is not None else None
        yield _step(use, done.day, use.money or None, answers, chosen)
        return
    back, arrears_on = situation.day_of(best.back.at), best.future.paying.arrears_on
    for day, amount in situation.ahead(best.future.paying).payments:
        if day <= back and (day == arrears_on) == (use.lever.does == "pay_arrears"):
            yield _step(use, day, amount, answers, None)


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


def _answers(situation: Situation, done: Done, best: _Weighed) -> tuple[str, ...]:
    """What would not be met on the day of coming back, were this step alone left out."""
    others = on_days(situation, [each for each in best.future.done if each is not done])
    slices = slices_of(situation, [() if others is None else _log(situation, others)])
    values = values_at(situation.policy, slices, situation.state[None, :], best.back.at)
    asked = {code: cure_of(situation.policy.by_code[code]) for code in situation.standing}
    if situation.policy.reopen and situation.status == "closed":
        asked["reopen"] = situation.policy.reopen.when
    return tuple(code for code, expr in asked.items() if value_of(expr, values) != 1)


def _unanswered(situation: Situation) -> tuple[str, ...]:
    """Standing reasons whose cure is not met at the end of the horizon if nothing happens; all where none is named."""
    waiting = carried_out(situation, ())
    slices = slices_of(situation, [waiting.events if waiting else ()])
    values = values_at(situation.policy, slices, situation.state[None, :], situation.now + HORIZON)
    standing = situation.standing
    open_ = tuple(code for code in standing if value_of(cure_of(situation.policy.by_code[code]), values) != 1)
    return open_ or standing or ("reopen",)


__all__ = ["GOALS", "Goal", "Outlook", "Plan", "Step", "combinations", "outlook", "relevant"]
