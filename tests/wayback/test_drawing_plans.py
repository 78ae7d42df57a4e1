"""How to draw while a plan raises a cut limit: parts that leave it as it is, none at all, and both checked again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from creditline.events.event import Event
from creditline.events.kinds import DrawBooked
from creditline.facts.slices import from_events
from creditline.lending.terms import date_of
from creditline.lines.decision import Decision
from creditline.lines.replay import run
from creditline.policy import Policy, read_policy
from creditline.wayback.ahead import STOPS
from creditline.wayback.plans import Plan, Step, outlook, presumes_no_draw
from creditline.wayback.proof import differences, read_proof, sealed
from creditline.wayback.room import drawable
from creditline.wayback.situation import Situation
from tests.wayback.ways import DAY, HOUR, event, examples, moment, situation_of

pytestmark = pytest.mark.gate

POLICY = """
policy: small
title: {zh: 小额, en: Small}
utc_offset: "+08:00"
facts:
  late: {count: instalment.settled, where: days_late > 3, window: 90d}
  on_time: {streak: outside_instalment.paid, holds: days_late = 0}
  drawn_3d: {sum: draw.booked.amount, window: 3d}
  drawn_200d: {sum: draw.booked.amount, window: 200d}
rules:
  - {code: T05, when: drawn_3d > 0.5 * limit, then: freeze, cure: drawn_3d = 0, reason: {zh: 急, en: Haste}}
  - {code: CUT, when: late >= 2 and limit > 8000, then: limit, limit: 8000, reason: {zh: 降, en: Cut}}
  - code: UP
    when: late = 0 and on_time >= 3 and drawn_200d <= 2 * limit
    then: limit
    limit: least(1.2 * limit, 20000)
    not_within: 120d
    reason: {zh: 升, en: Up}
reopen: {when: limit > 0, limit: limit, probation: 30d}
incident: {code: T20, reason: {zh: 修, en: Repair}}
levers:
  calm: {title: {zh: 暂不借款, en: Make no draw}, does: no_draw}
  record:
    title: {zh: 按时, en: Pay on time}
    every: 30d
    times: 4
    says: [outside_instalment.paid: {days_late: 0}]
  spread: {title: {zh: 分次借款, en: Spread the draws}, does: spread_draws, every: 3d, times: 6}
"""
START = moment("2026-01-28 05:00")
CUT_AT = START + 8 * DAY
NOW = START + 12 * DAY
UP_AT = CUT_AT + 120 * DAY
"""The limit may rise no sooner than 120 days after it was cut."""


def paid(at: int) -> Event:
    return event(at, "instalment.settled", amount=10_000, days_late=9)


EVENTS = [
    event(START, "line.opened", limit=1_000_000), paid(START + 5 * DAY), paid(CUT_AT),
    event(START + 9 * DAY, "outside_instalment.paid", lender="bank", amount=10_000, days_late=1),
]  # fmt: skip


def changed(*changes: tuple[str, str]) -> Policy:
    text = POLICY
    for before, after in changes:
        assert text.count(before) == 1
        text = text.replace(before, after)
    return read_policy(text)


def cut_line(policy: Policy | None = None, *more: Event) -> Situation:
    found = replace(situation_of(policy or read_policy(POLICY), [*EVENTS, *more], NOW), cut=("CUT",))
    assert (found.status, found.cell("LIMIT")) == ("open", 800_000)
    return found


def fastest(situation: Situation) -> Plan:
    plan = outlook(situation, ("fastest",), engine="python").plans[0]
    assert (plan.reopens_at, plan.limit, plan.cost, plan.effort) == (UP_AT, 960_000, 0, 3)
    return plan


def conduct_of(plan: Plan) -> Step | None:
    return next((step for step in plan.steps if step.lever in ("calm", "spread")), None)


def test_a_limit_raised_beyond_all_numbers_later_hides_no_plan() -> None:
    endless = changed(("least(1.2 * limit, 20000)", "1200 * limit"), ("not_within: 120d", "not_within: 20d"))
    here = cut_line(endless)
    told = outlook(here, ("fastest",), engine="python")
    assert [plan.limit for plan in told.plans] == [1200 * 800_000]
    assert differences(here, sealed(here, told, 3), engine="python") == []


NO_OLD_DRAWS = ("drawn_200d <= 2 * limit", "drawn_200d = 0")
ALL_IS_FINE = ("drawn_3d > 0.5 * limit", "drawn_3d > 5 * limit")


def test_draws_that_would_stop_the_line_are_spread() -> None:
    plan = fastest(cut_line())
    title = {"zh": "分次借款", "en": "Spread the draws"}
    assert conduct_of(plan) == Step("2026-02-10", "spread", title, 400_000, None, 2, ("raise",))
    assert not any(each.kind == "draw.booked" for each in plan.events)
    assert {step.lever for step in plan.steps} == {"record", "spread"}


def test_a_day_closer_it_takes_more_parts() -> None:
    step = conduct_of(fastest(cut_line(changed(("every: 3d", "every: 2d")))))
    assert step is not None
    assert (step.lever, step.repeated, step.amount) == ("spread", 4, 200_000)


def test_where_any_draw_puts_the_plan_off_none_is_made_until_its_day() -> None:
    plan = fastest(cut_line(changed(NO_OLD_DRAWS)))
    title = {"zh": "暂不借款", "en": "Make no draw"}
    assert conduct_of(plan) == Step(plan.reopens_on, "calm", title, None, None, 1, ("raise",))
    assert plan.steps[-1].lever == "calm"


def test_parts_drawn_behind_the_plans_day_do_not_put_it_off() -> None:
    """40 days apart three of six parts, and so half of all, come before the day, which the rule bears."""
    bears = changed(ALL_IS_FINE, ("drawn_200d <= 2 * limit", "drawn_200d <= 0.5 * limit"), ("every: 3d", "every: 40d"))
    step = conduct_of(fastest(cut_line(bears)))
    assert step is not None
    assert (step.lever, step.repeated) == ("spread", 6)
    less = changed(ALL_IS_FINE, ("drawn_200d <= 2 * limit", "drawn_200d <= 0.49 * limit"), ("every: 3d", "every: 40d"))
    step = conduct_of(fastest(cut_line(less)))
    assert step is not None
    assert step.lever == "calm"


def test_another_limit_is_another_plan() -> None:
    """What is drawn meanwhile lowers the limit to come, not the day."""
    lower = changed(ALL_IS_FINE, ("least(1.2 * limit, 20000)", "greatest(1.2 * limit - 0.1 * drawn_200d, 8100)"))
    step = conduct_of(fastest(cut_line(lower)))
    assert step is not None
    assert step.lever == "calm"


def test_where_all_can_be_drawn_at_once_nothing_is_asked() -> None:
    situation = cut_line(changed(ALL_IS_FINE))
    plan = fastest(situation)
    assert conduct_of(plan) is None
    assert not presumes_no_draw(situation, plan)


def test_where_nothing_is_left_to_draw_nothing_is_asked() -> None:
    situation = cut_line(
        None, event(NOW - 5 * DAY, "draw.booked", amount=400_000), event(NOW - HOUR, "draw.booked", amount=400_000)
    )
    assert drawable(situation) == 0
    assert conduct_of(fastest(situation)) is None


def without_conduct(*names: str) -> Policy:
    kept = [each for each in POLICY.splitlines() if not any(each.startswith(f"  {name}:") for name in names)]
    return read_policy("\n".join(kept))


def test_where_only_one_lever_is_there_it_is_that_one() -> None:
    step = conduct_of(fastest(cut_line(without_conduct("spread"))))
    assert step is not None
    assert step.lever == "calm"


def test_where_no_lever_of_draws_is_there_the_plan_presumes_that_none_is_made() -> None:
    bare = cut_line(without_conduct("calm", "spread"))
    plan = fastest(bare)
    assert conduct_of(plan) is None
    assert presumes_no_draw(bare, plan)
    hidden = changed(
        ("does: no_draw", "does: no_draw, when: late = 0"), ("does: spread", "when: late = 0, does: spread")
    )
    assert presumes_no_draw(cut_line(hidden), fastest(cut_line(hidden)))
    told = cut_line()
    assert not presumes_no_draw(told, fastest(told))


def test_where_no_number_of_parts_will_do_and_no_other_lever_is_there_it_presumes_so_too() -> None:
    only = read_policy(without_conduct("calm").text.replace(*NO_OLD_DRAWS))
    plan = fastest(cut_line(only))
    assert conduct_of(plan) is None
    assert presumes_no_draw(cut_line(only), plan)


# -- checked again


def check(situation: Situation, plan: Plan) -> list[dict[str, Any]]:
    made = outlook(situation, ("fastest",), engine="python")
    proof = sealed(situation, msgspec.structs.replace(made, plans=(plan,)), 3)
    again = read_proof(msgspec.json.encode(proof), "plan.json")
    return [
        {key: value for key, value in each.items() if key != "goal"}
        for each in differences(situation, again, engine="python")
    ]


def with_conduct(plan: Plan, **changes: Any) -> tuple[Plan, int]:
    """The plan with its step of draws altered, and the number of that step."""
    number = next(n for n, step in enumerate(plan.steps) if step.lever in ("calm", "spread"))
    steps = list(plan.steps)
    steps[number] = msgspec.structs.replace(steps[number], **changes)
    return msgspec.structs.replace(plan, steps=tuple(steps)), number + 1


@pytest.mark.parametrize("policy", [POLICY, changed(NO_OLD_DRAWS).text, changed(ALL_IS_FINE).text])
def test_a_plan_as_it_was_made_holds(policy: str) -> None:
    situation = cut_line(read_policy(policy))
    assert check(situation, fastest(situation)) == []


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"amount": 400_001}, "part"), ({"amount": None}, "part"), ({"repeated": 3}, "repeated"),
        ({"on": "2026-02-11"}, "on"), ({"chosen": 2}, "chosen"), ({"answers": ()}, "answers"),
        ({"title": {"zh": "随意", "en": "As you like"}}, "title"),
    ],
)  # fmt: skip
def test_an_altered_part_is_told(change: dict[str, Any], what: str) -> None:
    situation = cut_line()
    right = conduct_of(fastest(situation))
    plan, number = with_conduct(fastest(situation), **change)
    (name, value) = next(iter(change.items()))
    assert check(situation, plan) == [
        {"what": what, "planned": value, "came": getattr(right, name), "step": number}
    ]  # fmt: skip


def test_an_altered_day_until_which_nothing_is_drawn_is_told() -> None:
    situation = cut_line(changed(NO_OLD_DRAWS))
    plan, number = with_conduct(fastest(situation), on="2026-03-01")
    assert check(situation, plan) == [
        {"what": "on", "planned": "2026-03-01", "came": fastest(situation).reopens_on, "step": number}
    ]


def test_a_step_of_draws_left_out_is_told() -> None:
    situation = cut_line()
    plan = fastest(situation)
    rest = tuple(step for step in plan.steps if step.lever != "spread")
    assert check(situation, msgspec.structs.replace(plan, steps=rest)) == [
        {"what": "lever", "planned": None, "came": "spread"}
    ]


def test_a_step_of_draws_added_or_another_in_its_place_is_told() -> None:
    fine = cut_line(changed(ALL_IS_FINE))
    asked = conduct_of(fastest(cut_line()))
    assert asked is not None
    plan = fastest(fine)
    added = msgspec.structs.replace(plan, steps=(asked, *plan.steps))
    assert check(fine, added) == [{"what": "lever", "planned": "spread", "came": None, "step": 1}]
    situation = cut_line()
    other, number = with_conduct(fastest(situation), lever="calm")
    assert check(situation, other) == [
        {"what": "lever", "planned": "calm", "came": None, "step": number},
        {"what": "lever", "planned": None, "came": "spread"},
    ]
    plan = fastest(situation)
    twice = msgspec.structs.replace(plan, steps=(*plan.steps, asked))
    assert check(situation, twice) == [
        {"what": "lever", "planned": "spread", "came": None, "step": len(plan.steps) + 1}
    ]  # fmt: skip


def test_no_plan_of_a_closed_line_speaks_of_draws() -> None:
    closes = changed(("drawn_3d > 0.5 * limit, then: freeze", "drawn_3d > 0.5 * limit, then: freeze, cooling_off: 9d"))
    at = NOW - HOUR
    situation = situation_of(closes, [*EVENTS, event(at, "draw.booked", amount=500_000)], NOW)
    assert situation.status == "frozen"
    made = outlook(situation, ("fastest",), engine="python")
    assert all(conduct_of(plan) is None for plan in made.plans)
    asked = conduct_of(fastest(cut_line()))
    assert asked is not None
    forged = msgspec.structs.replace(made.plans[0], steps=(asked, *made.plans[0].steps))
    told = differences(situation, sealed(situation, msgspec.structs.replace(made, plans=(forged,)), 3), engine="python")
    assert [(each["what"], each["why"]) for each in told] == [("lever", "not_there")]


# -- against a naive search


@st.composite
def cut_lines(draw: st.DrawFn) -> Situation:
    """Lines whose limit was cut, under a policy whose rules bear draws more or less well."""
    share = draw(st.sampled_from(("0.3", "0.5", "0.9", "2")))
    stop = draw(st.sampled_from(("drawn_3d", "drawn_3d", "drawn_3d", "drawn_200d"))) + f" > {share} * limit"
    bears = ("drawn_200d <= 2 * limit", "drawn_200d <= 0.9 * limit", "drawn_200d <= 0.5 * limit", "drawn_3d = 0")
    up = draw(st.sampled_from((bears[0], *bears)))
    raised = draw(st.sampled_from(("1.2 * limit", "1.3 * limit", "greatest(1.3 * limit - 0.1 * drawn_200d, 8100)")))
    every, times = draw(st.sampled_from(("1d", "3d", "36h", "30d", "50d"))), draw(st.integers(2, 6))
    then = draw(st.sampled_from(("then: freeze", "then: close, cooling_off: 3d", "then: freeze, cure: drawn_3d = 0")))
    policy = changed(
        ("drawn_3d > 0.5 * limit", stop), ("drawn_200d <= 2 * limit", up), ("least(1.2 * limit, 20000)", raised),
        ("then: freeze, cure: drawn_3d = 0", then),
        ("every: 3d, times: 6", f"every: {every}, times: {times}"),
    )  # fmt: skip
    more = [
        event(START + number * DAY + 99, "draw.booked", amount=draw(st.sampled_from((10_001, 90_000))))
        for number in range(draw(st.integers(0, 2)))
    ]
    situation = replace(situation_of(policy, [*EVENTS, *more], NOW), cut=("CUT",))
    assume(situation.status == "open" and situation.cell("LIMIT") == 800_000)
    return situation


def lived(situation: Situation, plan: Plan, draws: Sequence[tuple[int, int]], until: int) -> list[Decision]:
    """What is decided after now if the plan is kept and this is drawn, from the line's first event on."""
    drawn = [event(at, "draw.booked", name=f"drawn-{at}", amount=amount) for at, amount in draws]
    log = from_events([*situation.events, *plan.events, *drawn])
    return [each for each in run(log, situation.policy, until, engine="python").decisions() if each.at > NOW]


def holds(situation: Situation, plan: Plan, draws: Sequence[tuple[int, int]]) -> bool:
    """Whether the limit rises on the same day to the same, nothing stops the line, and each draw can be made."""
    day = situation.day_of(plan.reopens_at)
    end = max(plan.reopens_at, draws[-1][0])
    made = lived(situation, plan, draws, max(end, situation.noon(day) + DAY // 2 - 1))
    raised = next((each for each in made if each.action == "set_limit" and each.limit > 800_000), None)
    if raised is None or (situation.day_of(raised.at), raised.limit) != (day, plan.limit):
        return False
    owed = sum(each.body.amount for each in situation.events if isinstance(each.body, DrawBooked))
    for at, amount in draws:
        before = [each for each in made if each.at < at][-1:]
        status, limit = (before[0].status, before[0].limit) if before else ("open", 800_000)
        owed += amount
        if status != "open" or owed > limit:
            return False
    return not any(each.action in STOPS and each.at <= end for each in made)


def test_what_is_asked_of_draws_is_what_a_naive_search_finds() -> None:
    """100 cut lines in the normal run; of each every number of parts is lived through."""
    drawn: Counter[str] = Counter()

    @examples(100, 1_000)
    @given(cut_lines())
    def is_found(situation: Situation) -> None:
        for plan in outlook(situation, ("fastest",), engine="python").plans:
            lever = next(each for each in situation.policy.levers if each.does == "spread_draws")
            first, total = situation.noon(situation.today + 1), drawable(situation)
            tries = [
                [(first + n * lever.every, total // count) for n in range(count - 1)]
                + [(first + (count - 1) * lever.every, total - total // count * (count - 1))]
                for count in range(1, lever.times + 1)
            ]
            # Steps are done at noon too: a draw comes behind them.
            taken = {each.at for each in plan.events}
            tries = [[(at + (at in taken), amount) for at, amount in draws] for draws in tries]
            good = next((len(draws) for draws in tries if holds(situation, plan, draws)), None)
            step = conduct_of(plan)
            drawn["none" if good == 1 else "calm" if good is None else "spread"] += 1
            if good == 1:
                assert step is None
            elif good is None:
                assert step is not None
                assert (step.lever, step.on) == ("calm", plan.reopens_on)
            else:
                assert step is not None
                told = (step.lever, step.repeated, step.amount, step.on)
                tomorrow = date_of(situation.today + 1).isoformat()
                assert told == ("spread", good, total // good, tomorrow)

    is_found()
    assert min(drawn[each] for each in ("none", "calm", "spread")) >= 1
