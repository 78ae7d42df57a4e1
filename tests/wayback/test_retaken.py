"""A plan that somebody altered and sealed again: its steps are taken anew, and what does not come of them is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given

from creditline.clock import DAY
from creditline.events.event import Event
from creditline.events.kinds import LineOpened
from creditline.facts.slices import from_events
from creditline.lending.derived import end_of_day
from creditline.lines.replay import run
from creditline.policy import Policy, read_policy
from creditline.service.account import products_of
from creditline.service.dayend import day_end
from creditline.store import Home
from creditline.wayback.loans import Loans
from creditline.wayback.plans import Plan, Step, outlook
from creditline.wayback.proof import PlanError, Proof, differences, sealed
from creditline.wayback.situation import Situation
from tests.service.lent import OFFSET, OPENED, day_of, decide, publish
from tests.wayback.test_loans import draw
from tests.wayback.ways import START, Down, bureau, event, examples, lines_down, opened, situation_of

POLICY = """
policy: small
title: {zh: 小额, en: Small}
utc_offset: "+08:00"
facts:
  lenders: {last: bureau.reported.lenders_with_balance}
  balance: {last: bureau.reported.balance}
  job: {last: profile.updated.employment}
  on_time: {streak: outside_instalment.paid, holds: days_late = 0}
  asked: {count: application.received}
rules:
  - {code: T03, when: lenders >= 4, then: close, cooling_off: 30d, cure: lenders <= 2, reason: {zh: 多头, en: Many}}
reopen: {when: job = 'employed' and on_time >= 2, limit: 0.8 * limit, probation: 90d}
incident: {code: T20, reason: {zh: 修, en: Repair}}
means: 1000
levers:
  close_debts:
    title: {zh: 结清, en: Close debts}
    choose: {from: 1, to: lenders}
    money: balance * chosen / nullif(lenders, 0)
    takes: 10d
    says: [bureau.reported: {lenders_with_balance: lenders - chosen}]
  find_work:
    title: {zh: 就业, en: Find work}
    effort: 5
    says: [profile.updated: {employment: employed}]
  record:
    title: {zh: 按时, en: Pay on time}
    every: 20d
    times: 3
    money: 10
    says: [outside_instalment.paid: {days_late: 0}]
  rent:
    title: {zh: 房东, en: For those who rent}
    when: asked > 5
    says: [income.received: {amount: 100}]
  sell:
    title: {zh: 变卖, en: Sell}
    says: [bureau.reported: {lenders_with_balance: 0}]
    takes: 300d
"""
EVENTS = [
    opened(),
    event(START + DAY, "profile.updated", employment="unemployed", monthly_income=None),
    bureau(START + 2 * DAY, lenders=5, balance=500_000),
    event(START + 3 * DAY, "outside_instalment.paid", lender="bank", amount=20_000, days_late=9),
]
NOW = START + 9 * DAY


@pytest.fixture(scope="module")
def situation() -> Situation:
    return situation_of(read_policy(POLICY), EVENTS, NOW)


@pytest.fixture(scope="module")
def proof(situation: Situation) -> Proof:
    return sealed(situation, outlook(situation, engine="python"), 3)


@pytest.fixture(scope="module")
def plan(proof: Proof) -> Plan:
    """The fastest: close three debts, find work, and keep a record twice."""
    plan = proof.outlook.plans[0]
    assert [(each.lever, each.chosen, each.repeated) for each in plan.steps] == [
        ("find_work", None, 1), ("close_debts", 3, 1), ("record", None, 2),
    ]  # fmt: skip
    return plan


Told = list[dict[str, Any]]
Check = Callable[[Plan], Told]


@pytest.fixture
def check(situation: Situation, proof: Proof) -> Check:
    """What is told of a proof whose only plan is this."""

    def told(plan: Plan) -> Told:
        forged = sealed(situation, msgspec.structs.replace(proof.outlook, plans=(plan,)), 3)
        return [
            {key: value for key, value in each.items() if key != "goal"}
            for each in differences(situation, forged, engine="python")
        ]

    return told


def with_step(plan: Plan, number: int, **changed: Any) -> Plan:
    """The plan with its step of this number, from 1, altered."""
    steps = list(plan.steps)
    steps[number - 1] = msgspec.structs.replace(steps[number - 1], **changed)
    return msgspec.structs.replace(plan, steps=tuple(steps))


def names(told: Told) -> set[str]:
    return {each["what"] for each in told}


def test_a_plan_as_it_was_made_shows_nothing(check: Check, plan: Plan) -> None:
    assert check(plan) == []


# -- steps that cannot be taken


@pytest.mark.parametrize(
    ("number", "changed", "what", "why"),
    [
        (1, {"lever": "win_a_lottery"}, "lever", "unknown"),
        (1, {"lever": "rent"}, "lever", "not_there"),
        (1, {"lever": "apply"}, "lever", "unknown"),
        (1, {"lever": "record"}, "lever", "twice"),
        (1, {"lever": "sell"}, "lever", "contradicts"),
        (1, {"on": "2026-02-06"}, "on", "past"),
        (1, {"on": "2025-02-06"}, "on", "past"),
        (1, {"on": "2026-2-9"}, "on", "no_day"),
        (1, {"on": "20260209"}, "on", "no_day"),
        (1, {"on": "soon"}, "on", "no_day"),
        (1, {"chosen": 1}, "chosen", "no_way"),
        (2, {"chosen": 6}, "chosen", "no_way"),
        (2, {"chosen": 0}, "chosen", "no_way"),
        (2, {"chosen": None}, "chosen", "no_way"),
        (3, {"repeated": 4}, "repeated", "no_way"),
        (3, {"repeated": 0}, "repeated", "no_way"),
        (1, {"repeated": 2}, "repeated", "no_way"),
    ],
)
def test_a_step_that_cannot_be_taken_is_named_and_nothing_else(
    check: Check, plan: Plan, number: int, changed: dict[str, Any], what: str, why: str
) -> None:
    told = check(with_step(plan, number, **changed))
    at = {"contradicts": 2, "twice": 3}.get(why, number)
    planned = "close_debts" if why == "contradicts" else "record" if why == "twice" else changed[what]
    assert told == [{"what": what, "planned": planned, "came": None, "step": at, "why": why}]


def test_all_steps_that_cannot_be_taken_are_told_at_once(check: Check, plan: Plan) -> None:
    told = check(with_step(with_step(plan, 1, lever="no_such"), 2, chosen=9))
    assert [(each["step"], each["what"]) for each in told] == [(1, "lever"), (2, "chosen")]


@pytest.mark.parametrize("at", [NOW, NOW - DAY, NOW + 731 * DAY])
def test_a_day_beyond_what_is_looked_at_is_told(check: Check, plan: Plan, at: int) -> None:
    assert [(each["what"], each["why"]) for each in check(msgspec.structs.replace(plan, reopens_at=at))] == [
        ("reopens_at", "beyond")
    ]


# -- steps that say something else


def test_another_amount_is_told_with_the_right_one(check: Check, plan: Plan) -> None:
    assert check(with_step(plan, 2, amount=1)) == [{"what": "amount", "planned": 1, "came": 300_000, "step": 2}]
    assert check(with_step(plan, 1, amount=1)) == [{"what": "amount", "planned": 1, "came": None, "step": 1}]


def test_other_answers_and_another_title_are_told(check: Check, plan: Plan) -> None:
    assert check(with_step(plan, 1, answers=("T03",))) == [
        {"what": "answers", "planned": ("T03",), "came": ("reopen",), "step": 1}
    ]
    title = {"zh": "什么也不做", "en": "Do nothing"}
    assert [(each["what"], each["planned"]) for each in check(with_step(plan, 1, title=title))] == [("title", title)]


def test_another_day_is_told_and_what_comes_of_it(check: Check, plan: Plan) -> None:
    told = check(with_step(plan, 1, on="2026-06-01"))
    first = next(each for each in told if each["what"] == "on")
    assert first == {"what": "on", "planned": "2026-06-01", "came": plan.steps[0].on, "step": 1}
    assert {"event plan-find_work-0-0", "reopens_at", "reopens_on"} <= names(told)


def test_a_day_before_the_means_pay_for_it_is_told_even_where_all_else_is_made_to_fit(
    situation: Situation, check: Check, plan: Plan
) -> None:
    from creditline.wayback.plans import log_of
    from creditline.wayback.predict import returns
    from creditline.wayback.retaken import retaken

    early = with_step(plan, 2, on=plan.steps[0].on)
    taken = retaken(situation, early)
    assert taken.future is not None
    (back,) = returns(situation, [taken.events], engine="python")
    assert back is not None
    fitted = msgspec.structs.replace(
        early, events=log_of(situation, taken.future, back.at), reopens_at=back.at, limit=back.limit
    )
    told = check(fitted)
    assert {"what": "on", "planned": plan.steps[0].on, "came": plan.steps[1].on, "step": 2} in told
    assert names(told) <= {"on", "reopens_on", "answers"}


def test_another_choice_and_other_times_are_told_by_their_events_and_amounts(check: Check, plan: Plan) -> None:
    told = check(with_step(plan, 2, chosen=4))
    assert {"event plan-close_debts-0-0", "amount", "cost"} <= names(told)
    told = check(with_step(plan, 3, repeated=3))
    assert {"event plan-record-2-0", "amount", "cost", "effort"} <= names(told)


def test_a_step_left_out_is_told_by_what_is_missing(check: Check, plan: Plan) -> None:
    told = check(msgspec.structs.replace(plan, steps=plan.steps[1:]))
    assert {"event plan-find_work-0-0", "effort", "reopens_at"} <= names(told)
    assert next(each for each in told if each["what"] == "reopens_at")["came"] is None


def test_a_step_added_is_told_by_its_events(check: Check, plan: Plan) -> None:
    without = with_step(plan, 3, repeated=1)
    assert {"event plan-record-1-0", "amount", "cost"} <= names(check(without))


# -- events its steps do not stand for


def test_an_event_left_out_is_told_though_the_line_comes_back(check: Check, plan: Plan) -> None:
    for number, each in enumerate(plan.events):
        told = check(msgspec.structs.replace(plan, events=plan.events[:number] + plan.events[number + 1 :]))
        (found,) = told
        assert (found["what"], found["planned"]) == (f"event {each.id}", None)
        assert found["came"]["at"] == each.at


def test_an_event_added_is_told(check: Check, plan: Plan) -> None:
    gift = event(NOW + DAY, "score.reported", name="gift", score=999)
    (found,) = check(msgspec.structs.replace(plan, events=(gift, *plan.events)))
    assert (found["what"], found["came"]) == ("event gift", None)
    assert found["planned"]["body"] == {"kind": "score.reported", "score": 999}


@pytest.mark.parametrize("changed", [{"at": NOW + 1}, {"known": NOW + 400 * DAY}])
def test_an_event_at_another_moment_is_told(check: Check, plan: Plan, changed: dict[str, int]) -> None:
    first, *rest = plan.events
    told = check(msgspec.structs.replace(plan, events=(msgspec.structs.replace(first, **changed), *rest)))
    assert names(told) == {f"event {first.id}"}


def test_events_that_say_something_else_or_stand_in_another_order_are_told(check: Check, plan: Plan) -> None:
    first, *rest = plan.events
    other = msgspec.structs.replace(first, body=bureau(0, lenders=1).body)
    assert names(check(msgspec.structs.replace(plan, events=(other, *rest)))) == {f"event {first.id}"}
    (found,) = check(msgspec.structs.replace(plan, events=plan.events[::-1]))
    assert (found["what"], found["why"]) == ("events", "order")


def test_of_many_events_only_the_first_are_told_one_by_one(check: Check, plan: Plan) -> None:
    gifts = tuple(event(NOW + number, "score.reported", name=f"gift {number}", score=9) for number in range(1, 40))
    told = check(msgspec.structs.replace(plan, events=(*gifts, *plan.events)))
    assert len(told) == 6
    assert (told[-1]["why"], told[-1]["count"]) == ("count", 34)


# -- figures and what stands above the plans


@pytest.mark.parametrize("what", ["limit", "cost", "effort"])
def test_another_figure_is_told(check: Check, plan: Plan, what: str) -> None:
    right = getattr(plan, what)
    assert check(msgspec.structs.replace(plan, **{what: right + 1})) == [
        {"what": what, "planned": right + 1, "came": right}
    ]


def test_another_moment_and_another_day_of_coming_back_are_told(check: Check, plan: Plan) -> None:
    assert names(check(msgspec.structs.replace(plan, reopens_at=plan.reopens_at + 1))) == {"reopens_at"}
    assert names(check(msgspec.structs.replace(plan, reopens_on="2026-12-24"))) == {"reopens_on"}


@pytest.mark.parametrize("changed", [{"reasons": ("T01",)}, {"reasons": ()}, {"closed_on": "2025-01-01"}])
def test_other_reasons_and_another_day_of_closing_are_refused(
    situation: Situation, proof: Proof, changed: dict[str, Any]
) -> None:
    forged = sealed(situation, msgspec.structs.replace(proof.outlook, **changed), 3)
    with pytest.raises(PlanError, match=f"plan, {next(iter(changed))}"):
        differences(situation, forged)


def test_a_file_that_says_nothing_helps_is_told_what_does(situation: Situation, proof: Proof) -> None:
    none = sealed(situation, msgspec.structs.replace(proof.outlook, plans=(), never=("T03",)), 3)
    found = differences(situation, none, engine="python")
    assert [(each["goal"], each["planned"], each["came"]) for each in found] == [
        (plan.goal, None, plan.reopens_on) for plan in proof.outlook.plans
    ]


def test_a_file_that_names_the_wrong_reasons_nothing_answers_is_refused() -> None:
    without = situation_of(read_policy(POLICY.partition("levers:")[0]), EVENTS, NOW)
    made = outlook(without, engine="python")
    assert differences(without, sealed(without, made, 3), engine="python") == []
    forged = sealed(without, msgspec.structs.replace(made, never=("T99",)), 3)
    with pytest.raises(PlanError, match="plan, never: 'T99' is not what nothing answers; nothing answers T03"):
        differences(without, forged)


def test_a_plan_by_request_is_taken_again_with_the_request() -> None:
    policy = read_policy(POLICY.replace("probation: 90d}", "probation: 90d, by: request}"))
    situation = situation_of(policy, EVENTS, NOW)
    made = outlook(situation, engine="python")
    assert "plan-request" in {each.id for each in made.plans[0].events}
    assert differences(situation, sealed(situation, made, 3), engine="python") == []
    kept = tuple(each for each in made.plans[0].events if each.id != "plan-request")
    without = msgspec.structs.replace(made, plans=(msgspec.structs.replace(made.plans[0], events=kept),))
    (found,) = differences(situation, sealed(situation, without, 3), engine="python")
    assert (found["what"], found["planned"]) == ("event plan-request", None)


# -- what goes through the lending core


LENT = """
policy: lent
title: {zh: 借款, en: Lent}
utc_offset: "+08:00"
facts:
  dpd: {last: arrears.changed.days_past_due}
  on_time: {streak: instalment.settled, holds: days_late = 0}
rules:
  - {code: T01, when: dpd >= 10, then: close, cooling_off: 20d, cure: dpd = 0, reason: {zh: 逾期, en: Late}}
reopen: {when: on_time >= 2, limit: 0.8 * limit, probation: 90d}
incident: {code: T20, reason: {zh: 修, en: Repair}}
levers:
  pay: {title: {zh: 补足, en: Pay what is overdue}, when: dpd > 0, does: pay_arrears}
  keep: {title: {zh: 按期, en: Pay on time}, does: keep_instalments}
"""


@pytest.fixture(scope="module")
def lent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Situation]:
    """A borrower who drew on 5 January and has paid nothing of what fell due on 15 January."""
    with Home.open(tmp_path_factory.mktemp("lent") / "home") as home:
        publish(home)
        home.append([Event("open", "A1", OPENED - DAY, OPENED - DAY, LineOpened(limit=5_000_000))])
        decide(home, "A1")
        draw(home)
        for day in range(day_of("2026-01-05"), day_of("2026-01-29")):
            day_end(home, day, now=end_of_day(day, OFFSET))
        yield lent_situation(home, read_policy(LENT), end_of_day(day_of("2026-01-28"), OFFSET) + 1)


def lent_situation(home: Home, policy: Policy, now: int) -> Situation:
    events = [each for each in home.events("A1") if each.known <= now]
    slices = from_events(events)
    state = run(slices, policy, now, engine="python").states[0]
    return Situation("A1", policy, now, events, slices, state, Loans("A1", events, products_of(home), OFFSET, now))


@pytest.fixture(scope="module")
def paid(lent: Situation) -> Proof:
    made = outlook(lent, engine="python")
    assert [each.lever for each in made.plans[0].steps] == ["pay", "keep", "keep"]
    return sealed(lent, made, 3)


def paid_otherwise(lent: Situation, paid: Proof, steps: tuple[Step, ...]) -> Told:
    plan = msgspec.structs.replace(paid.outlook.plans[0], steps=steps)
    forged = sealed(lent, msgspec.structs.replace(paid.outlook, plans=(plan,)), 3)
    return differences(lent, forged, engine="python")


def test_payments_through_the_lending_core_hold_to_the_cent(lent: Situation, paid: Proof) -> None:
    assert differences(lent, paid, engine="python") == []


def test_another_payment_is_told(lent: Situation, paid: Proof) -> None:
    steps = paid.outlook.plans[0].steps
    for number, step in enumerate(steps):
        assert step.amount
        altered = (*steps[:number], msgspec.structs.replace(step, amount=step.amount - 1), *steps[number + 1 :])
        (found,) = paid_otherwise(lent, paid, altered)
        assert (found["what"], found["step"], found["came"]) == ("amount", number + 1, step.amount)


def test_a_payment_left_out_or_added_or_on_another_day_is_told(lent: Situation, paid: Proof) -> None:
    pay, first, second = paid.outlook.plans[0].steps
    (found,) = paid_otherwise(lent, paid, (pay, first))
    assert (found["what"], found["planned"], found["came"]) == (f"payment keep {second.on}", None, second.amount)
    more = msgspec.structs.replace(second, on="2026-03-16")
    assert [
        (each["what"], each["step"], each["came"]) for each in paid_otherwise(lent, paid, (pay, first, second, more))
    ] == [("amount", 4, None)]
    told = paid_otherwise(lent, paid, (pay, first, more))
    assert {each["what"] for each in told} == {"amount", f"payment keep {second.on}"}
    later = msgspec.structs.replace(pay, on="2026-02-03")
    told = paid_otherwise(lent, paid, (later, first, second))
    assert {"on", "amount"} <= {each["what"] for each in told}
    assert any(each["what"].startswith("event ") for each in told)


# -- whatever the line


@examples(40, 1500)
@given(down=lines_down())
def test_what_the_planner_says_holds_when_its_steps_are_taken_again(down: Down) -> None:
    told = outlook(down.situation, engine="python")
    assert differences(down.situation, sealed(down.situation, told, 3), engine="python") == []
