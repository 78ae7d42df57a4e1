"""How to draw before a rule fires: in how few parts, or from which day on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from creditline.events.event import Event
from creditline.lending.terms import date_of
from creditline.policy import Policy, load_policy, read_policy
from creditline.service.near_told import told as told_of
from creditline.wayback.ahead import first_of, life, nothing_done
from creditline.wayback.drawing import Conduct
from creditline.wayback.moves import ways
from creditline.wayback.nearness import Nearness, Trigger, nearness_of
from creditline.wayback.situation import Situation
from tests.service.lent import day_of
from tests.service.lent import moment as moment_of
from tests.wayback.test_near_stories import home, lent
from tests.wayback.test_near_stories import line as shipped_line
from tests.wayback.ways import DAY, HOUR, event, moment, situation_of

pytestmark = pytest.mark.gate

__all__ = ["home"]
"""The fixture: 12,000.00 drawn on 5 January of a limit of 20,000.00, the first instalment due on the 15th."""

POLICY = """
policy: small
title: {zh: 小额, en: Small}
utc_offset: "+08:00"
facts:
  draws_3d: {count: draw.booked, window: 3d}
  drawn_3d: {sum: draw.booked.amount, window: 3d}
  drawn_90d: {sum: draw.booked.amount, window: 90d}
  age: {age: profile.updated}
rules:
  - {code: T05, when: draws_3d >= 2 and drawn_3d > 0.5 * limit, then: freeze, reason: {zh: 急, en: Haste}}
  - {code: T07, when: drawn_90d > 2 * limit, then: close, cooling_off: 9d, reason: {zh: 多, en: Much}}
reopen: {when: limit > 0, limit: 0.8 * limit, probation: 90d}
incident: {code: T20, reason: {zh: 修, en: Repair}}
levers:
  calm: {title: {zh: 暂不借款, en: Make no draw}, does: no_draw}
  spread: {title: {zh: 分次借款, en: Spread the draws}, does: spread_draws, every: 3d, times: 6}
"""
START = moment("2026-01-10 05:00")
"""13:00 of 10 January where the policy is at home."""
NOW = START + 10 * DAY
TODAY = day_of("2026-01-20")


def opened(limit: int = 1_000_000) -> Event:
    return event(START - 5 * DAY, "line.opened", limit=limit)


def draw(at: int, amount: int) -> Event:
    return event(at, "draw.booked", amount=amount)


def near(events: Sequence[Event], now: int = NOW, policy: Policy | None = None, within: int = 90 * DAY) -> Nearness:
    return nearness_of(situation_of(policy or read_policy(POLICY), events, now), within, engine="python")


def of(told: Nearness, code: str) -> Trigger:
    return next(each for each in told.triggers if each.rule.code == code)


def conduct_of(told: Nearness, code: str) -> Conduct:
    found = of(told, code).conduct
    assert found is not None
    return found


def days(conduct: Conduct) -> list[str]:
    return [] if conduct.spread is None else [str(date_of(day)) for day in conduct.spread.days]


def changed(*changes: tuple[str, str]) -> Policy:
    text = POLICY
    for before, after in changes:
        assert text.count(before) == 1
        text = text.replace(before, after)
    return read_policy(text)


def fires_with(situation: Situation, code: str, draws: Sequence[tuple[int, int]], until: int) -> bool:
    """Whether a decision for a rule comes of draws made at these moments and nothing else."""
    future = [event(at, "draw.booked", amount=amount) for at, amount in draws]
    log = [*nothing_done(situation).events, *future]
    return first_of(life(situation, log, until, "python"), code) is not None


# -- spread


def test_two_parts_fire_nothing_where_all_at_once_does() -> None:
    told = near([opened()])
    hasty = conduct_of(told, "T05")
    (room,) = of(told, "T05").rooms
    assert (room.count, room.amount) == (2, 500_001)
    assert hasty.spread is not None
    assert (days(hasty), hasty.spread.part, hasty.spread.last) == (["2026-01-21", "2026-01-24"], 500_000, 500_000)
    first = told.situation.noon(TODAY + 1)
    assert hasty.spread.until == first + 3 * DAY + 90 * DAY
    until = hasty.spread.until
    assert fires_with(told.situation, "T05", [(first, 1), (first + 1, 999_999)], until)
    assert not fires_with(told.situation, "T05", [(first, 500_000), (first + 3 * DAY, 500_000)], until)


def test_a_day_closer_two_parts_fire_it_and_it_takes_four() -> None:
    """Two days apart two parts are always within three days; of four parts two come to no more than half the limit."""
    told = near([opened()], policy=changed(("every: 3d", "every: 2d")))
    hasty = conduct_of(told, "T05")
    assert hasty.spread is not None
    assert days(hasty) == ["2026-01-21", "2026-01-23", "2026-01-25", "2026-01-27"]
    assert hasty.spread.part == 250_000
    first = told.situation.noon(TODAY + 1)
    for parts in (2, 3):
        draws = [(first + number * 2 * DAY, 1_000_000 // parts) for number in range(parts)]
        assert fires_with(told.situation, "T05", draws, hasty.spread.until)


def test_what_does_not_divide_goes_to_the_last_part() -> None:
    told = near([opened(1_000_003)], policy=changed(("every: 3d", "every: 2d")))
    spread = conduct_of(told, "T05").spread
    assert spread is not None
    assert (len(spread.days), spread.part, spread.last, spread.total) == (5, 200_000, 200_003, 1_000_003)


def test_no_more_parts_than_the_policy_names() -> None:
    told = near([opened()], policy=changed(("every: 3d, times: 6", "every: 2d, times: 3")))
    assert conduct_of(told, "T05").spread is None


def test_parts_that_another_rule_would_not_let_be_drawn_are_no_spread() -> None:
    """The first half closes the line for another reason; of smaller parts the limit is never passed in time."""
    closes = changed(("drawn_90d > 2 * limit", "drawn_90d > 0.4 * limit"))
    told = near([opened()], policy=closes)
    assert conduct_of(told, "T05").spread is None
    assert of(told, "T07").conduct is not None


def test_a_rule_that_comes_behind_the_last_part_for_another_reason_is_told_with_it() -> None:
    closes = changed(("drawn_90d > 2 * limit", "drawn_90d > 0.9 * limit"))
    told = near([opened()], policy=closes)
    spread = conduct_of(told, "T05").spread
    assert spread is not None
    assert spread.next is not None
    assert (spread.next.codes, spread.next.at) == (("T07",), told.situation.noon(TODAY + 4))


def test_the_rule_must_stay_away_for_as_long_as_is_asked() -> None:
    """Once the profile is old any draw of the last thirty days freezes the line."""
    ages = changed(("draws_3d >= 2 and drawn_3d > 0.5 * limit", "draws_3d >= 2 or (drawn_90d > 9000 and age >= 30)"))
    events = [opened(), event(NOW - 10 * DAY, "profile.updated")]
    assert days(conduct_of(near(events, policy=ages, within=16 * DAY), "T05")) == ["2026-01-21", "2026-01-24"]
    assert conduct_of(near(events, policy=ages, within=17 * DAY), "T05").spread is None


# -- no draw


def test_until_the_day_the_old_draws_have_left_and_no_longer() -> None:
    """5,000.00 drawn at 13:00 of 10 January leave at 13:00 of 10 April, so that the next noon is the first."""
    much = changed(("drawn_90d > 2 * limit", "drawn_90d > 0.6 * limit"))
    told = near([opened(), draw(START, 500_000)], policy=much)
    (room,) = of(told, "T07").rooms
    assert (room.count, room.amount, room.drawable) == (1, 100_001, 500_000)
    found = conduct_of(told, "T07")
    assert found.spread is None
    assert found.no_draw is not None
    assert str(date_of(found.no_draw.day)) == "2026-04-11"
    noon = told.situation.noon(found.no_draw.day)
    assert not fires_with(told.situation, "T07", [(noon, 500_000)], noon)
    assert fires_with(told.situation, "T07", [(noon - DAY, 500_000)], noon - DAY)
    assert not fires_with(told.situation, "T07", [(noon - DAY + HOUR, 500_000)], noon - DAY + HOUR)


def test_a_count_is_tried_with_as_many_draws_as_fire_it_today() -> None:
    """One draw of today and one more are two within three days; from the fourth day on a single one is not."""
    told = near([opened(), draw(NOW - HOUR, 100_000)])
    (room,) = of(told, "T05").rooms
    assert room.count == 1
    rest = conduct_of(told, "T05").no_draw
    assert rest is not None
    assert str(date_of(rest.day)) == "2026-01-23"
    assert told.situation.noon(rest.day) == NOW - HOUR + 3 * DAY


def test_tomorrow_may_be_the_day() -> None:
    told = near([opened(), draw(NOW - 2 * DAY - 4 * HOUR, 100_000)])
    assert of(told, "T05").rooms[0].count == 1
    rest = conduct_of(told, "T05").no_draw
    assert rest is not None
    assert rest.day == TODAY + 1


def test_a_limit_that_is_cut_meanwhile_leaves_less_to_draw() -> None:
    """All 10,000.00 are always too much; once the limit is 4,000.00, from 9 February on, all of it is not."""
    much, cut = "drawn_90d > 2 * limit", "then: limit, limit: 4000"
    ages = changed(
        (f"when: {much}", "when: drawn_90d > 5000"),
        (
            "reopen:",
            f"  - {{code: T12, when: age >= 20 and limit > 4000, {cut}, reason: {{zh: 旧, en: Old}}}}\nreopen:",
        ),
    )
    told = near([opened(), event(NOW, "profile.updated")], NOW + 1, ages)
    rest = conduct_of(told, "T07").no_draw
    assert rest is not None
    assert str(date_of(rest.day)) == "2026-02-10"
    assert told.situation.noon(rest.day) - DAY < NOW + 20 * DAY < told.situation.noon(rest.day)
    stopped = read_policy(ages.text.replace(cut, "then: freeze"))
    assert conduct_of(near([opened(), event(NOW, "profile.updated")], NOW + 1, stopped), "T07").no_draw is None


def test_where_all_that_can_be_drawn_is_always_too_much_nothing_is_promised() -> None:
    much = changed(("drawn_90d > 2 * limit", "drawn_90d > 0.3 * limit"))
    told = near([opened()], policy=much)
    found = conduct_of(told, "T07")
    assert (found.spread, found.no_draw) == (None, None)
    assert [lever.name for lever in found.levers] == ["calm", "spread"]


def test_instalments_are_presumed_to_be_paid_and_what_they_repay_can_be_drawn_again(home: Any) -> None:
    """Were nothing paid the line would be frozen on 19 January, long before the draw of 5 January is 30 days old."""
    told = lent(home, moment_of("2026-01-08"), policy=load_policy("consumer-line"))
    cycles = of(told, "T04")
    (room,) = cycles.rooms
    assert (room.count, room.amount, room.drawable) == (4, 400_001, 800_000)
    rest = conduct_of(told, "T04").no_draw
    assert rest is not None
    drawn = next(each for each in told.situation.visible if each.kind == "draw.booked")
    first = next(day for day in range(day_of("2026-01-09"), 30_000) if told.situation.noon(day) >= drawn.at + 30 * DAY)
    assert rest.day == first
    assert told.first is not None
    assert told.first.at < told.situation.noon(rest.day)


def test_what_was_repaid_by_then_counts_as_well(home: Any) -> None:
    """8,000.00 are left today; after one instalment nearly 10,000.00, after four nearly 16,000.00."""

    def asked(window: str) -> Conduct:
        policy = changed(("window: 90d", f"window: {window}"), ("drawn_90d > 2 * limit", "drawn_90d > 0.6 * limit"))
        return conduct_of(lent(home, moment_of("2026-01-08"), policy=policy), "T07")

    soon, late = asked("30d").no_draw, asked("130d").no_draw
    assert soon is not None
    assert late is None


def test_draws_soon_after_repayments_are_tried_as_such_each_part_behind_one() -> None:
    cycles = changed(
        ("draws_3d: {count: draw.booked, window: 3d}",
         "draws_3d: {count: draw.booked, within: 48h, after: repayment.received, window: 3d}"),
        ("draws_3d >= 2 and drawn_3d > 0.5 * limit", "draws_3d >= 2"),
        ("every: 3d", "every: 2d"),
    )  # fmt: skip
    told = near([opened()], policy=cycles)
    (room,) = of(told, "T05").rooms
    assert (room.count, room.after) == (2, True)
    assert conduct_of(told, "T05").spread is None
    apart = near([opened()], policy=read_policy(cycles.text.replace("every: 2d", "every: 3d")))
    assert days(conduct_of(apart, "T05")) == ["2026-01-21", "2026-01-24"]


# -- where there is nothing to tell


def test_only_levers_that_are_there_are_told() -> None:
    never = changed(("does: no_draw", "does: no_draw, when: draws_3d > 5"))
    found = conduct_of(near([opened()], policy=never), "T05")
    assert [lever.name for lever in found.levers] == ["spread"]
    assert found.no_draw is None
    none = changed(
        ("does: no_draw", "does: no_draw, when: draws_3d > 5"), ("does: spread", "when: draws_3d > 5, does: spread")
    )
    assert of(near([opened()], policy=none), "T05").conduct is None


def test_where_nothing_that_can_be_drawn_fires_it_nothing_is_asked() -> None:
    told = near([opened()])
    assert of(told, "T07").rooms[0].count is None
    assert of(told, "T07").conduct is None


def test_a_stopped_line_has_nothing_to_draw() -> None:
    events = [opened(), draw(NOW - 2 * HOUR, 400_000), draw(NOW - HOUR, 400_000)]
    told = near(events)
    assert told.situation.status == "frozen"
    assert all(each.conduct is None for each in told.triggers)


def test_levers_of_draws_ask_nothing_and_are_never_used_as_ways_back() -> None:
    told = near([opened()])
    levers = told.situation.policy.levers
    assert [(lever.effort, lever.kinds, ways(told.situation, lever)) for lever in levers] == [(0, frozenset(), [])] * 2


def test_the_shipped_policy_spreads_a_burst_over_weeks() -> None:
    told = near(shipped_line(), NOW, load_policy("consumer-line"))
    burst = of(told, "T05")
    assert burst.rooms[0].count == 5
    assert burst.conduct is not None
    assert days(burst.conduct) == ["2026-01-21", "2026-01-28"]


# -- in words


def test_both_are_told_in_both_languages_with_days_and_amounts() -> None:
    said = told_of(near([opened(1_000_003), draw(NOW - HOUR, 100_000)], policy=changed(("every: 3d", "every: 2d"))))
    found = next(each["conduct"] for each in said["triggers"] if each["code"] == "T05")
    spread, rest = found["spread_draws"], found["no_draw"]
    assert (spread["parts"], spread["amount"], spread["last_amount"]) == (4, "2250.00", "2250.03")
    assert spread["on"] == ["2026-01-21", "2026-01-23", "2026-01-25", "2026-01-27"]
    assert spread["says"]["en"] == (
        "Spread the draws: 9,000.03 CNY in 4 parts (2,250 CNY each, the last 2,250.03 CNY) on 2026-01-21, 2026-01-23, "
        "2026-01-25, 2026-01-27 does not fire it until 2026-04-27."
    )
    assert rest["until"] == "2026-01-23"
    assert rest["says"]["zh"] == "暂不借款至 2026-01-23：届时把可借的全部一次借出也不会触发。"
    assert found["says"] is None


def test_that_nothing_helps_is_told_too() -> None:
    said = told_of(near([opened()], policy=changed(("drawn_90d > 2 * limit", "drawn_90d > 0.3 * limit"))))
    found = next(each["conduct"] for each in said["triggers"] if each["code"] == "T07")
    assert found["spread_draws"] is None
    assert found["no_draw"] is None
    assert found["says"] == {
        "en": "Of no help here: Make no draw; Spread the draws.", "zh": "以下做法在此无效：暂不借款；分次借款。",
    }  # fmt: skip
