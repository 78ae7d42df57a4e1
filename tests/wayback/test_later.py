"""A line that comes back on request: what asking later than the plan does would bring."""

from __future__ import annotations

import pytest

from creditline.events.event import Event
from creditline.policy import Policy, read_policy
from creditline.wayback.later import WITHIN, asked_later
from creditline.wayback.plans import Plan, outlook
from creditline.wayback.predict import Return
from creditline.wayback.situation import Situation
from tests.wayback.ways import DAY, HOUR, START, bureau, event, opened, situation_of

POLICY = """
policy: asked
title: {zh: 申请恢复, en: Asked for}
utc_offset: "+08:00"
limit_step: 100
facts:
  lenders: {last: bureau.reported.lenders_with_balance}
  late: {count: instalment.settled, where: days_late > 3, window: 30d}
  idle: {age: bureau.reported}
rules:
  - {code: T03, when: lenders >= 4, then: close, cooling_off: 10d, cure: lenders <= 2, reason: {zh: 多头, en: Many}}
  - {code: OLD, when: idle > 900, then: freeze, reason: {zh: 过期, en: Old}}
reopen: {when: lenders <= 2, limit: case when late = 0 then 1.2 * limit else 0.8 * limit end, by: request}
incident: {code: T20, reason: {zh: 修, en: Repair}}
"""
LATE_AT, CLOSED_AT, NOW = START + 5 * DAY, START + 6 * DAY, START + 9 * DAY
BACK_AT = CLOSED_AT + 10 * DAY
EVENTS = (
    opened(), event(LATE_AT, "instalment.settled", amount=10_000, days_late=9), bureau(CLOSED_AT, lenders=5),
    bureau(START + 8 * DAY, lenders=1),
)  # fmt: skip


def policy(before: str = "", after: str = "") -> Policy:
    assert before in POLICY
    return read_policy(POLICY.replace(before, after) if before else POLICY)


def plan_of(rules: Policy, *more: Event, now: int = NOW) -> tuple[Situation, Plan]:
    here = situation_of(rules, [*EVENTS, *more], now)
    (plan,) = outlook(here, ("fastest",), engine="python").plans
    return here, plan


def later(rules: Policy, *more: Event) -> Return | None:
    return asked_later(*plan_of(rules, *more), engine="python")


def test_asked_for_when_the_late_instalment_is_forgotten_it_comes_back_with_more() -> None:
    here, plan = plan_of(policy())
    assert (plan.reopens_at, plan.limit) == (BACK_AT, 800_000)
    back = asked_later(here, plan, engine="python")
    assert back is not None
    assert back.limit == 1_200_000
    # It lies thirty days back for the first time at this noon, and did not a day before.
    assert LATE_AT + 29 * DAY < back.at - DAY <= LATE_AT + 30 * DAY < back.at
    assert (back.at + 8 * HOUR) % DAY == 12 * HOUR


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("by: request", "by: itself"),
        ("then 1.2 * limit", "then 0.8 * limit"),
        ("then 1.2 * limit", "then 0.8 * limit + 99"),
        ("lenders <= 2, limit", "lenders <= 2 and late > 0, limit"),
        ("window: 30d", f"window: {WITHIN + 30}d"),
    ],
    ids=["by itself", "no more", "less than a step more", "not opened any more", "too far"],
)
def test_where_nothing_is_gained_nothing_is_told(before: str, after: str) -> None:
    assert later(policy(before, after)) is None


def test_where_it_was_asked_for_already_it_comes_back_as_the_plan_says() -> None:
    assert later(policy(), event(NOW - HOUR, "reopen.requested")) is None


def test_a_rule_that_keeps_it_closed_by_then_is_seen() -> None:
    assert later(policy("idle > 900", "idle > 20")) is None, "asked for later, the report is too old"
