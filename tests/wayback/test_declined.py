"""The way back of lines that were declined, and of open lines whose limit was cut."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import product
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from creditline.events.event import Event
from creditline.lines.replay import run
from creditline.policy import Policy
from creditline.wayback.moves import Use, available, carried_out, ways
from creditline.wayback.plans import APPLY, GOALS, Outlook, Plan, outlook
from creditline.wayback.situation import Situation
from tests.wayback.ways import DAY, LINE, START, WORDS, bureau, event, examples, policy_of, situation_of

pytestmark = pytest.mark.gate

MINUTE = 60_000_000

PLAIN: dict[str, Any] = {
    "policy": "small", "title": WORDS, "utc_offset": "+08:00", "limit_step": 100,
    "facts": {
        "lenders": {"last": "bureau.reported.lenders_with_balance", "no_older_than": "90d"},
        "balance": {"last": "bureau.reported.balance", "no_older_than": "90d"},
        "job": {"last": "profile.updated.employment"},
        "asked": {"count": "application.received", "window": "20d"},
        "late": {"count": "instalment.settled", "where": "days_late > 3", "window": "90d"},
        "on_time": {"streak": "outside_instalment.paid", "holds": "days_late = 0"},
    },
    "rules": [
        {"code": "DEBTS", "when": "lenders >= 4", "then": "close", "on": ["application", "line"],
         "cooling_off": "30d", "cure": "lenders <= 2", "reason": WORDS},
        {"code": "OFTEN", "when": "asked >= 3", "then": "decline", "on": ["application"], "reason": WORDS},
        {"code": "CUT", "when": "late >= 2", "then": "limit", "limit": "least(limit, 8000)",
         "not_within": "1d", "reason": WORDS},
        {"code": "UP", "when": "late = 0 and on_time >= 3 and lenders <= 2", "then": "limit",
         "limit": "least(1.2 * limit, 20000)", "not_within": "120d", "reason": WORDS},
    ],
    "approve": {"when": "lenders <= 3 and job <> 'unemployed'", "limit": "least(requested, 8000)",
                "otherwise": {"code": "A01", "reason": WORDS}},
    "reopen": {"when": "limit > 0", "limit": "limit", "probation": "30d", "by": "itself"},
    "incident": {"code": "T20", "reason": WORDS},
    "coming": {"bureau.reported": "30d"},
    "levers": {
        "close_debts": {
            "title": WORDS, "when": "lenders > 0", "choose": {"from": 1, "to": "lenders"}, "effort": 2,
            "takes": "30d", "money": "balance * chosen / nullif(lenders, 0)",
            "says": [{"bureau.reported": {
                "lenders_with_balance": "lenders - chosen",
                "balance": "balance - balance * chosen / nullif(lenders, 0)"}}]},
        "find_work": {"title": WORDS, "when": "job = 'unemployed'", "effort": 9,
                      "says": [{"profile.updated": {"employment": "employed"}}]},
        "keep_record": {"title": WORDS, "every": "30d", "times": 4, "effort": 1,
                        "says": [{"outside_instalment.paid": {
                            "days_late": 0, "amount": 100}}], "when": "on_time is not null"},
    },
}  # fmt: skip


def policy(**changed: Any) -> Policy:
    return policy_of(PLAIN | changed)


def applied(at: int, amount: int = 500_000) -> Event:
    return event(at, "application.received", amount=amount)


def job(at: int, says: str = "employed") -> Event:
    return event(at, "profile.updated", employment=says, monthly_income=500_000)


def told(events: list[Event], now: int, **changed: Any) -> Outlook:
    return outlook(situation_of(policy(**changed), events, now), engine="python")


def decided(events: list[Event], plan: Plan, until: int) -> list[tuple[int, str, int]]:
    """What the policy does on the way, from the first event on."""
    from creditline.facts.slices import from_events

    ran = run(from_events([*events, *plan.events]), policy(), until, engine="python")
    return [(each.at, each.action, each.limit) for each in ran.decisions()]


NOW = START + 10 * DAY
IN_DEBT = [job(START), bureau(START + 1, lenders=5, balance=1_000_000), applied(START + DAY)]


# -- declined lines -----------------------------------------------------------------------------------


def test_a_declined_line_is_told_what_to_do_before_applying_again() -> None:
    found = told(IN_DEBT, NOW)
    assert (found.status, found.reasons, found.closed_on) == ("declined", ("DEBTS",), "2026-01-29")
    plan = found.plans[0]
    # Two of five lenders leave three, which is enough to be approved; the report says so thirty days later.
    assert [(step.lever, step.chosen, step.amount, step.answers) for step in plan.steps] == [
        ("close_debts", 2, 400_000, ("DEBTS", "approve")),
        (APPLY, None, None, ("approve",)),
    ]
    assert plan.steps[-1].on == plan.reopens_on == "2026-03-10"
    assert plan.limit == 500_000


def test_the_plan_of_a_declined_line_comes_true_and_a_day_sooner_it_does_not() -> None:
    plan = told(IN_DEBT, NOW).plans[0]
    assert (plan.reopens_at, "open", 500_000) in decided(IN_DEBT, plan, plan.reopens_at)
    sooner = tuple(
        msgspec.structs.replace(each, at=each.at - DAY, known=each.known - DAY) if each.id == "plan-apply" else each
        for each in plan.events
    )
    assert [action for _, action, _ in decided(IN_DEBT, msgspec.structs.replace(plan, events=sooner), plan.reopens_at)][
        -1
    ] == "decline"


def test_who_applied_too_often_only_has_to_wait() -> None:
    often = [*IN_DEBT, applied(START + 2 * DAY), applied(START + 3 * DAY), bureau(START + 3 * DAY + 1, lenders=1)]
    found = told(often, START + 4 * DAY)
    assert found.reasons == ("OFTEN",)
    plan = found.plans[0]
    # The second application is twenty days old at one in the afternoon of the nineteenth, an hour after noon.
    assert [(step.lever, step.on) for step in plan.steps] == [(APPLY, "2026-02-20")]


def test_what_no_lever_answers_is_told_for_a_declined_line() -> None:
    without = {name: lever for name, lever in PLAIN["levers"].items() if name != "close_debts"}
    found = told(IN_DEBT, NOW, levers=without)
    assert (found.plans, found.never) == ((), ("DEBTS",))


def test_an_application_that_points_alone_decline_is_told_by_the_approvals_code() -> None:
    jobless = [job(START, "unemployed"), bureau(START + 1, lenders=1), applied(START + DAY)]
    found = told(jobless, NOW)
    assert found.reasons == ("A01",)
    assert [(step.lever, step.answers) for step in found.plans[0].steps] == [
        ("find_work", ("approve",)),
        (APPLY, ("approve",)),
    ]


@st.composite
def declined(draw: st.DrawFn) -> tuple[list[Event], int]:
    made = [
        job(START, draw(st.sampled_from(("employed", "unemployed")))),
        bureau(START + 1, lenders=draw(st.integers(0, 6)), balance=draw(st.sampled_from((0, 300_000, 1_000_001)))),
    ]
    made += [applied(START + n * DAY) for n in draw(st.lists(st.integers(1, 8), min_size=1, max_size=4, unique=True))]
    return made, START + draw(st.sampled_from((9, 30, 70))) * DAY + draw(st.integers(0, 3)) * DAY // 4


def approved_on(situation: Situation, uses: tuple[Use, ...], until: int) -> list[tuple[int, int, int]]:
    """Every day up to one on which an application would be approved after these uses, tried day by day."""
    future = carried_out(situation, uses)
    if future is None:
        return []
    found = []
    asked = situation.latest["application.received"]
    for day in range(situation.today + 1, until + 1):
        at = situation.noon(day) + MINUTE
        events = [each for each in future.events if each.at <= at]
        again = [*situation.events, *events, Event("again", LINE, at, at, asked)]
        from creditline.facts.slices import from_events

        ran = run(from_events(again), situation.policy, at, engine="python")
        if ran.statuses() == ["open"]:
            found.append((at, int(ran.column("LIMIT")[0]), future.money))
            break
    return found


def test_no_day_is_sooner_and_no_way_cheaper_for_a_declined_line() -> None:
    """25 declined lines in the normal run, every combination of levers and every day of 75 tried."""
    drawn: Counter[str] = Counter()

    @examples(25, 400)
    @given(declined())
    def no_better(case: tuple[list[Event], int]) -> None:
        events, now = case
        situation = situation_of(policy(), events, now)
        assume(situation.status == "declined")
        until = situation.today + 75
        each = [[None, *ways(situation, lever)] for lever in available(situation)]
        tried = [
            (at, money, sum(use.effort for use in uses))
            for uses in (tuple(use for use in chosen if use is not None) for chosen in product(*each))
            for at, _, money in approved_on(situation, uses, until)
        ]
        plans = {plan.goal: plan for plan in outlook(situation, engine="python").plans}
        drawn["lines"] += 1
        drawn["with plans"] += bool(tried)
        assert bool(tried) <= bool(plans)
        if tried:
            assert plans["fastest"].reopens_at == min(at for at, _, _ in tried)
            assert plans["cheapest"].cost <= min(money for _, money, _ in tried)
            assert plans["easiest"].effort <= min(effort for _, _, effort in tried)
            soonest = [money for at, money, _ in tried if at == plans["fastest"].reopens_at]
            assert plans["fastest"].cost == min(soonest)

    no_better()
    assert drawn["lines"] >= 25
    assert drawn["with plans"] >= 10


# -- lines whose limit was cut ------------------------------------------------------------------------


def paid(at: int, late: int) -> Event:
    return event(at, "instalment.settled", amount=10_000, days_late=late)


CUT = [
    event(START, "line.opened", limit=1_000_000), job(START + 1), bureau(START + 2, lenders=4 - 1, balance=300_000),
    paid(START + 5 * DAY, 6), paid(START + 8 * DAY, 9),
    event(START + 9 * DAY, "outside_instalment.paid", lender="bank", amount=10_000, days_late=1),
]  # fmt: skip


def cut_line(now: int = START + 12 * DAY) -> Situation:
    return replace(situation_of(policy(), CUT, now), cut=("CUT",))


def test_a_line_that_was_cut_is_told_what_raises_its_limit_and_when() -> None:
    found = outlook(cut_line(), engine="python")
    assert (found.status, found.reasons, found.closed_on) == ("open", ("CUT",), "2026-02-05")
    assert [plan.goal for plan in found.plans] == list(GOALS)
    plan = found.plans[0]
    assert {step.lever for step in plan.steps} == {"close_debts", "keep_record"}
    assert all(step.answers == ("raise",) for step in plan.steps)
    # 120 days after the cut, and no sooner: the rule that raises may not act within them.
    assert plan.reopens_at == START + 8 * DAY + 120 * DAY
    assert plan.limit == 960_000
    assert (plan.reopens_at, "set_limit", 960_000) in decided(CUT, plan, plan.reopens_at)


def test_one_step_less_does_not_raise_the_limit() -> None:
    situation = cut_line()
    plan = outlook(situation, engine="python").plans[0]
    levers = {lever.name: lever for lever in situation.policy.levers}
    for step in plan.steps:
        rest = carried_out(situation, [Use(levers[step.lever], step.chosen or 0, step.repeated)])
        assert rest is not None
        actions = decided(CUT, msgspec.structs.replace(plan, events=rest.events), plan.reopens_at)
        assert (plan.reopens_at, "set_limit", 960_000) not in actions


def test_an_open_line_whose_limit_was_not_cut_has_no_plan() -> None:
    assert outlook(replace(cut_line(), cut=()), engine="python").plans == ()
