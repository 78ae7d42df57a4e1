"""A line that comes back on request: whether it would come back with more if it were asked for later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice

from creditline.events.event import Event
from creditline.events.kinds import NULL, ReopenRequested
from creditline.lending.terms import day_number
from creditline.lines.kernel import Engine
from creditline.lines.replay import run
from creditline.wayback.ahead import engine_of
from creditline.wayback.moves import scaled, worked_out
from creditline.wayback.plans import REQUEST, Plan
from creditline.wayback.predict import Return, returns, slices_of
from creditline.wayback.situation import HORIZON, Situation, values_at

WITHIN = 180
"""Days after that of the plan up to which asking later is looked at."""

TRIED = 12
"""Days on which asking is tried; rules and cures may stand against what the limit alone would allow."""


def asked_later(situation: Situation, plan: Plan, engine: Engine | None = None) -> Return | None:
    """The first return with a higher limit than a plan's that asking on a later day brings, all else done as it says.

    None where there is none within ``WITHIN`` days, where the line comes back by itself, or was asked for already.
    """
    reopen, engine = situation.policy.reopen, engine or engine_of(situation.policy)
    rest = [each for each in plan.events if each.id != REQUEST]
    if reopen is None or len(rest) == len(plan.events):
        return None
    days = _worth_asking(situation, plan, rest, engine)
    found = returns(situation, [_asked(situation, rest, noon) for noon in islice(days, TRIED)], engine=engine)
    return next((back for back in found if back is not None and back.limit > plan.limit), None)


def _worth_asking(situation: Situation, plan: Plan, rest: Sequence[Event], engine: Engine) -> Iterator[int]:
    """Noons of days on which the policy would reopen, by the condition of it alone, with a higher limit."""
    policy, reopen = situation.policy, situation.policy.reopen
    assert reopen is not None
    slices, state, since = slices_of(situation, [rest]), situation.state[None, :], situation.now
    first = day_number(date.fromisoformat(plan.reopens_on)) + 1
    last = min(first + WITHIN, situation.day_of(situation.now + HORIZON) - 1)
    for noon in (situation.noon(day) for day in range(first, last + 1)):
        state = run(slices, policy, noon, since=since, states=state, threads=1, engine=engine).states
        since, values = noon, values_at(policy, slices, state, noon)
        limit = worked_out(reopen.limit, values)
        is_more = limit != NULL and scaled(limit, reopen.limit, 2) >= plan.limit + policy.limit_step
        if is_more and worked_out(reopen.when, values) == 1:
            yield noon


def _asked(situation: Situation, rest: Sequence[Event], at: int) -> list[Event]:
    """The plan's future with a request at a moment, or at the first behind it at which nothing happens."""
    taken = {each.at for each in rest}
    while at in taken:
        at += 1
    return [*rest, Event(REQUEST, situation.line, at, at, ReopenRequested())]


__all__ = ["WITHIN", "asked_later"]
