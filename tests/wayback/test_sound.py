"""Every plan comes true: its events behind the log, walked by the naive oracle, bring the line back as it says."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given

from creditline.wayback.plans import GOALS, Plan, outlook
from tests import oracle
from tests.oracle import clock
from tests.wayback.ways import BACK, DAY, EPOCH, Down, examples, lines_down

pytestmark = pytest.mark.gate


def check_comes_true(down: Down, plan: Plan) -> None:
    """The line comes back at the very microsecond, with the very limit, and nothing brought it back before."""
    log = [each for each in down.events if each.known <= down.now]
    assert all(each.at > down.now for each in plan.events)
    decided = oracle.life(down.plain, [*log, *plan.events], plan.reopens_at)
    back = [each for each in decided if each.at > down.now and each.action in BACK]
    assert [(each.at, each.limit, each.status) for each in back] == [(plan.reopens_at, plan.limit, "open")]
    local = EPOCH + timedelta(microseconds=plan.reopens_at + clock.offset(down.plain))
    assert plan.reopens_on == local.date().isoformat()


def check_plainly(down: Down, plan: Plan) -> None:
    """What can be seen of a plan without running it: sums, days, order, and that its steps are its events."""
    assert plan.complete
    assert plan.cost == sum(step.amount or 0 for step in plan.steps)
    levers = down.plain["levers"]
    assert plan.effort == sum(levers[step.lever].get("effort", 1) * step.repeated for step in plan.steps)
    days = [step.on for step in plan.steps]
    today = EPOCH + timedelta(microseconds=down.now + clock.offset(down.plain))
    assert days == sorted(days)
    assert all(today.date().isoformat() < day <= plan.reopens_on for day in days)
    moments = [each.at for each in plan.events]
    assert len(set(moments)) == len(moments)
    said = {each.id.split("-")[1] for each in plan.events} - {"coming", "request"}
    assert {step.lever for step in plan.steps} - said <= {"end_ties", "evidence"}, "only these may find nothing to end"
    assert said <= {step.lever for step in plan.steps}


def test_every_plan_comes_true() -> None:
    """300 closed or frozen lines under as many random policies in the normal run, three plans each; all come true."""
    drawn: Counter[str] = Counter()

    @examples(300, 6_000)
    @given(lines_down())
    def comes_true(down: Down) -> None:
        told = outlook(down.situation, engine="python")
        drawn["lines"] += 1
        drawn[down.situation.status] += 1
        drawn["never"] += bool(told.never)
        assert bool(told.plans) != bool(told.never)
        assert [plan.goal for plan in told.plans] == list(GOALS if told.plans else ())
        for plan in told.plans:
            check_plainly(down, plan)
            drawn["plans"] += 1
            drawn["with steps"] += bool(plan.steps)
        # Plans of different goals are often the same events: each future is walked once.
        for plan in {plan.events: plan for plan in told.plans}.values():
            drawn["walked"] += 1
            check_comes_true(down, plan)

    comes_true()
    assert drawn["lines"] >= 300
    assert drawn["closed"] >= 120
    assert drawn["frozen"] >= 20
    assert drawn["plans"] >= 450
    assert drawn["with steps"] >= 200
    assert drawn["walked"] >= 150
    assert drawn["never"] >= 5


def test_fastest_is_no_later_cheapest_no_dearer_and_easiest_no_harder_than_the_others() -> None:
    @examples(60, 2_000)
    @given(lines_down())
    def holds(down: Down) -> None:
        plans = {plan.goal: plan for plan in outlook(down.situation, engine="python").plans}
        for other in plans.values():
            assert plans["fastest"].reopens_at // DAY <= other.reopens_at // DAY
            assert plans["cheapest"].cost <= other.cost
            assert plans["easiest"].effort <= other.effort

    holds()
