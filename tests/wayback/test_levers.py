"""Levers: what each part of one does to the plans, and every mistake in one told at its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from creditline.events.event import Event
from creditline.policy import PolicyErrors, load_policy, read_policy
from creditline.wayback.moves import CHOSEN_MAX, available, ways
from creditline.wayback.plans import Outlook, Plan, outlook
from creditline.wayback.situation import Situation
from tests.wayback.ways import DAY, bureau, event, moment, opened, situation_of

TOLD: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "lever_mistakes.yaml").read_text(encoding="utf-8"))
SOUND: str = TOLD["sound"]

POLICY = """
policy: small
title: {zh: 小额, en: Small}
utc_offset: "+08:00"
facts:
  lenders: {last: bureau.reported.lenders_with_balance}
  balance: {last: bureau.reported.balance}
  dpd: {last: bureau.reported.days_past_due}
  job: {last: profile.updated.employment}
  income: {last: profile.updated.monthly_income}
  ties: {open: tie.found, where: "risk = 'high'", ended_by: tie.ended, on: party}
  on_time: {streak: outside_instalment.paid, holds: days_late = 0}
  draws: {count: draw.booked, window: 60d}
rules:
  - {code: T01, when: draws >= 3, then: freeze, cooling_off: 5d, reason: {zh: 支用, en: Draws}}
  - {code: T02, when: dpd >= 30, then: close, cooling_off: 30d, cure: dpd = 0, reason: {zh: 逾期, en: Late}}
  - {code: T03, when: lenders >= 4, then: close, cooling_off: 30d, cure: lenders <= 2, reason: {zh: 多头, en: Many}}
  - {code: T16, when: ties > 0, then: close, cooling_off: 30d, cure: ties = 0, reason: {zh: 关联, en: Tie}}
reopen: {when: limit > 0, limit: 0.8 * limit, probation: 90d}
incident: {code: T20, reason: {zh: 修, en: Repair}}
levers:
"""
START = moment("2026-01-10 04:00")
"""Noon of Saturday 10 January where the policy is at home."""
NOW = START + 3 * DAY
"""Three days into the cooling-off of 30 days."""
OVER = "2026-02-09"
"""The day the cooling-off ends on."""

CLOSE = """
  close_debts:
    title: {zh: 结清, en: Close debts}
    choose: {from: 1, to: lenders}
    says: [bureau.reported: {lenders_with_balance: lenders - chosen}]
"""
CLEAR = """
  clear:
    title: {zh: 还清, en: Clear}
    says: [bureau.reported: {days_past_due: 0}]
"""
TIES = """
  end_ties:
    title: {zh: 解除, en: End ties}
    ends: ties
"""
RECORD = """
  record:
    title: {zh: 按时, en: Pay on time}
    every: 20d
    times: 4
    says: [outside_instalment.paid: {days_late: 0}]
"""


def line(*events: Event) -> list[Event]:
    return [opened(START - 5 * DAY, 1_000_000), *events]


def in_debt(lenders: int = 4, balance: int = 400_000, dpd: int = 0) -> list[Event]:
    return line(bureau(START, lenders, balance, dpd, inquiries_30d=7))


def late() -> list[Event]:
    """Forty days behind with the one other lender."""
    return line(bureau(START, 1, 100_000, 40, inquiries_30d=7))


def stands(levers: str, events: list[Event], now: int = NOW, **changed: tuple[str, str]) -> Situation:
    text = POLICY + levers
    for before, after in changed.values():
        assert before in text
        text = text.replace(before, after)
    return situation_of(read_policy(text), events, now)


def told(levers: str, events: list[Event], now: int = NOW, **changed: Any) -> Outlook:
    return outlook(stands(levers, events, now, **changed), engine="python")


def fastest(levers: str, events: list[Event], now: int = NOW, **changed: Any) -> Plan:
    return told(levers, events, now, **changed).plans[0]


def steps(plan: Plan) -> list[tuple[str, str]]:
    return [(step.on, step.lever) for step in plan.steps]


# -- says


def test_a_field_not_named_is_as_the_last_such_event_said_it() -> None:
    (said,) = fastest(CLOSE, in_debt()).events
    assert said.body == bureau(0, lenders=2, balance=400_000, inquiries_30d=7).body


def test_an_earlier_step_is_the_last_such_event_of_a_later_one() -> None:
    plan = fastest(CLOSE + CLEAR, in_debt(dpd=40))
    assert steps(plan) == [("2026-01-14", "clear"), ("2026-01-14", "close_debts")]
    clear, close = plan.events
    assert clear.body == bureau(0, lenders=4, balance=400_000, dpd=0, inquiries_30d=7).body
    assert close.body == bureau(0, lenders=2, balance=400_000, dpd=0, inquiries_30d=7).body


def test_of_one_noon_the_order_is_that_of_the_levers_names() -> None:
    first, second = fastest(CLOSE + CLEAR.replace("clear", "zclear"), in_debt(dpd=40)).events
    assert (first.id, second.id) == ("plan-close_debts-0-0", "plan-zclear-0-0")
    assert 0 < second.at - first.at < 1_000


def test_a_lever_may_say_several_events_each_after_the_one_before() -> None:
    more = "lenders - chosen}, bureau.reported: {balance: 5}]"
    twice = CLOSE.replace("lenders - chosen}]", more)
    first, second = fastest(twice, in_debt()).events
    assert first.body == bureau(0, lenders=2, balance=400_000, inquiries_30d=7).body
    assert second.body == bureau(0, lenders=2, balance=500, inquiries_30d=7).body


def test_what_was_never_said_and_must_be_is_no_lever() -> None:
    assert told(CLOSE + CLEAR, line(event(START, "tie.found", party="X", relation="owner", risk="high"))).never == (
        "T16",
    )
    assert not told(CLEAR + RECORD, late(), reopen=("limit > 0", "on_time > 0")).plans


def test_what_does_not_fit_its_field_is_no_lever() -> None:
    short = CLOSE.replace("lenders - chosen", "lenders - chosen - 3")
    plan = fastest(short, in_debt())
    assert [step.chosen for step in plan.steps] == [1]
    assert told(short.replace("- 3", "- 4"), in_debt()).never == ("T03",)


def test_words_flags_and_money_are_said_as_the_field_has_them() -> None:
    levers = """
  work: {title: {zh: 一, en: one}, says: [profile.updated: {employment: retired, monthly_income: 1234.567}]}
"""
    plan = fastest(CLEAR + levers, late(), reopen=("when: limit > 0", "when: job = 'retired'"))
    assert plan.events[1].body == event(0, "profile.updated", employment="retired", monthly_income=123_456).body


# -- when, choose, money


@pytest.mark.parametrize(("when", "there"), [("dpd > 0", True), ("dpd > 50", False), ("income > 0", False)])
def test_a_lever_is_there_when_its_condition_is_true_not_false_and_not_unknown(when: str, there: bool) -> None:
    situation = stands(CLEAR.replace("says", f"when: {when}\n    says"), late())
    assert [each.name for each in available(situation)] == (["clear"] if there else [])
    assert bool(outlook(situation).plans) is there


def test_no_more_is_chosen_than_needed() -> None:
    plan = fastest(CLOSE.replace("says", "money: 100 * chosen\n    says"), in_debt(lenders=6))
    assert [(step.chosen, step.amount) for step in plan.steps] == [(4, 40_000)]
    assert plan.cost == 40_000


def test_both_bounds_of_what_is_chosen_count() -> None:
    def amounts(low: object, high: object) -> list[int]:
        situation = stands(CLOSE.replace("from: 1, to: lenders", f"from: {low}, to: {high}"), in_debt())
        return [use.chosen for use in ways(situation, available(situation)[0]) if not use.late]

    assert amounts(2, "lenders") == [2, 3, 4]
    assert amounts(3, 3) == [3]
    assert amounts(5, "lenders") == []
    assert amounts(1, 10_000) == list(range(1, CHOSEN_MAX + 1))


@pytest.mark.parametrize(
    "unknown",
    ["money: income", "money: balance - 1000000", "choose: {from: 1, to: on_time + case when income > 0 then 1 end}"],
)
def test_a_lever_whose_money_or_bound_is_unknown_is_not_there(unknown: str) -> None:
    lever = CLEAR.replace("says", f"{unknown}\n    says")
    assert told(lever, late()).never == ("T02",)


def test_money_is_exact_to_the_cent_and_cut() -> None:
    plan = fastest(CLOSE.replace("says", "money: balance / 7 * chosen\n    says"), in_debt(balance=100_000))
    assert plan.cost == 2 * 14_285


def test_effort_is_one_where_nothing_is_said_and_counts_for_every_time() -> None:
    assert fastest(CLEAR, late()).effort == 1
    assert fastest(CLEAR.replace("says", "effort: 0\n    says"), late()).effort == 0
    paid = event(START - DAY, "outside_instalment.paid", lender="bank", amount=5, days_late=3)
    record = RECORD.replace("every", "effort: 3\n    every")
    assert fastest(CLEAR + record, [*late(), paid], reopen=("limit > 0", "on_time >= 2")).effort == 1 + 2 * 3


# -- ends


def tie(party: str, risk: str = "high", at: int = 0) -> Event:
    return event(START + at, "tie.found", name=party + risk, party=party, relation="owner", risk=risk)


def test_everything_open_is_ended_and_nothing_else() -> None:
    gone = event(START + 9, "tie.ended", party="C")
    events = line(tie("A"), tie("B", at=1), tie("C", at=2), tie("D", "none", at=3), tie("B", "none", at=4), gone)
    plan = fastest(TIES, events)
    assert [each.body for each in plan.events] == [event(0, "tie.ended", party="A").body]
    assert (steps(plan), plan.reopens_on) == ([("2026-01-14", "end_ties")], OVER)


def test_many_things_end_one_microsecond_after_another() -> None:
    plan = fastest(TIES + CLEAR, [*line(*[tie(f"P{n}", at=n) for n in range(20)]), bureau(START - DAY, 1, 1, 40)])
    moments = [each.at for each in plan.events]
    assert len(moments) == 21
    assert sorted(set(moments)) == moments


# -- takes, every and times


def test_what_takes_a_while_comes_that_much_later() -> None:
    slow = CLEAR.replace("says", "takes: 45d\n    says")
    plan = fastest(slow, late())
    (said,) = plan.events
    assert (steps(plan), plan.reopens_on) == ([("2026-01-14", "clear")], "2026-02-28")
    assert said.known - moment("2026-01-14 04:00") - 45 * DAY in range(1_000)


def test_it_is_done_as_often_as_needed_and_so_far_apart() -> None:
    paid = event(START - DAY, "outside_instalment.paid", lender="bank", amount=500, days_late=3)
    plan = fastest(CLEAR + RECORD, [*late(), paid], reopen=("limit > 0", "on_time >= 3"))
    step = plan.steps[1]
    assert (step.on, step.repeated, plan.reopens_on) == ("2026-01-14", 3, "2026-02-23")
    _, first, second, third = plan.events
    assert [round((each.at - first.at) / DAY, 6) for each in (second, third)] == [20, 40]
    assert first.body == event(0, "outside_instalment.paid", lender="bank", amount=500, days_late=0).body
    assert not told(CLEAR + RECORD, [*late(), paid], reopen=("limit > 0", "on_time >= 5")).plans


# -- days


def test_the_first_day_is_tomorrow_where_the_policy_is_at_home() -> None:
    for hour, day in ((15, "2026-01-14"), (16, "2026-01-15")):
        assert steps(fastest(CLEAR, late(), moment(f"2026-01-13 {hour}:59")))[0][0] == day
    assert fastest(CLEAR, late(), moment("2026-01-13 16:00")).events[0].at // 60_000_000 == (
        moment("2026-01-15 04:00") // 60_000_000
    )


def test_a_report_that_would_be_too_old_is_put_off_to_the_last_day_that_counts() -> None:
    old = ("days_past_due}", "days_past_due, no_older_than: 20d}")
    plan = fastest(CLEAR.replace("says", "takes: 2d\n    says"), late(), old=old)
    assert (steps(plan), plan.reopens_on) == ([("2026-02-07", "clear")], OVER)
    assert steps(fastest(CLEAR.replace("says", "takes: 2d\n    says"), late())) == [("2026-01-14", "clear")]


@pytest.mark.parametrize(
    ("means", "day"),
    [("3000", "2026-01-23"), ("2999.99", "2026-01-24"), ("100000", "2026-01-14"), ("income", "2026-01-14")],
)
def test_what_costs_money_waits_until_the_means_pay_for_it(means: str, day: str) -> None:
    paid = CLEAR.replace("says", "money: 1000\n    says")
    assert steps(fastest(f"{paid}means: {means}\n", late())) == [(day, "clear")]


def test_the_means_pay_for_one_step_after_another_in_order_of_name() -> None:
    paid = (CLEAR + CLOSE).replace("says", "money: 1000\n    says")
    plan = fastest(f"{paid}means: 3000\n", in_debt(dpd=40))
    assert steps(plan) == [("2026-01-23", "clear"), ("2026-02-02", "close_debts")]


def test_who_has_nothing_to_spare_can_only_do_what_is_free() -> None:
    paid = CLEAR.replace("says", "money: 1000\n    says") + "means: 0\n"
    assert told(paid, late()).never == ("T02",)
    assert fastest(CLEAR + "means: 0\n", late()).reopens_on == OVER


# -- what is weighed


def test_levers_that_contradict_each_other_are_not_combined() -> None:
    some = CLEAR.replace("clear", "some").replace("0}", "10}").replace("says", "effort: 0\n    says")
    lenders = (
        "  lend: {title: {zh: 一, en: one}, says: [bureau.reported: {days_past_due: 0, lenders_with_balance: 0}]}\n"
    )
    both = told(CLEAR + some, late(), cure=("cure: dpd = 0", "cure: dpd <= 10"))
    assert [[step.lever for step in plan.steps] for plan in both.plans] == [["some"]] * 3
    for plan in told(CLEAR + some + lenders, late()).plans:
        assert len(plan.steps) == 1


def test_a_lever_that_nothing_on_the_way_back_reads_is_left_out() -> None:
    unread = "  a_work: {title: {zh: 一, en: one}, effort: 0, says: [profile.updated: {employment: employed}]}\n"
    assert steps(fastest(unread + CLEAR, late())) == [("2026-01-14", "clear")]


def test_a_lever_that_cures_what_will_only_come_is_weighed() -> None:
    """A frozen line waits for its draws to be forgotten; meanwhile its profile grows old and closes it."""
    events = line(
        event(START - 4 * DAY, "profile.updated", employment="employed"),
        *[event(START + n, "draw.booked", amount=1) for n in range(3)],
    )
    aged = ("  draws: {count", "  age: {age: profile.updated}\n  proofs: {count: evidence.accepted}\n  draws: {count")
    old = "{code: T21, when: age >= 30, then: close, cooling_off: 1d, cure: proofs > 0 and age < 30"
    rule = ("rules:\n", f"rules:\n  - {old}, reason: {{zh: 旧, en: Old}}}}\n")
    levers = """
  prove: {title: {zh: 一, en: one}, says: [evidence.accepted: {answers: T21}]}
  renew: {title: {zh: 二, en: two}, takes: 40d, says: [profile.updated: {employment: employed}]}
"""
    found = told(levers, events, aged=aged, rule=rule)
    assert (found.status, found.reasons) == ("frozen", ("T01",))
    assert [step.lever for step in found.plans[0].steps] == ["prove", "renew"]


def test_fastest_cheapest_and_easiest_are_three_plans() -> None:
    levers = "".join(
        f"  {name}: {{title: {{zh: 一, en: one}}, {asks}, says: [bureau.reported: {{days_past_due: 0}}]}}\n"
        for name, asks in {
            "cheap": "takes: 60d, effort: 9",
            "quick": "money: 50, effort: 5",
            "soft": "money: 10, takes: 40d, effort: 1",
        }.items()
    )
    plans = told(levers, late()).plans
    assert [(plan.goal, plan.steps[0].lever, plan.reopens_on) for plan in plans] == [
        ("fastest", "quick", OVER), ("cheapest", "cheap", "2026-03-15"), ("easiest", "soft", "2026-02-23"),
    ]  # fmt: skip


def test_a_microsecond_sooner_is_not_worth_money() -> None:
    """Two free levers of one noon take effect a microsecond after each other, one dear lever at once."""
    levers = "".join(
        f"  {name}: {{title: {{zh: 一, en: one}}, takes: 60d, {asks}says: [bureau.reported: {{{says}: 0}}]}}\n"
        for name, asks, says in (
            ("a_dear", "money: 9, ", "days_past_due: 0, lenders_with_balance"),
            ("b_free", "", "days_past_due"),
            ("c_free", "", "lenders_with_balance"),
        )
    )
    assert [step.lever for step in fastest(levers, in_debt(dpd=40)).steps] == ["b_free", "c_free"]


def test_of_equal_plans_the_one_with_fewer_steps_is_told() -> None:
    levers = CLEAR.replace("says", "effort: 0\n    says") + TIES.replace("ends", "effort: 0\n    ends")
    assert steps(fastest(levers, late())) == [("2026-01-14", "clear")]


def test_a_step_tells_which_reasons_it_answers() -> None:
    events = [*in_debt(dpd=40), tie("A", at=1), event(START - DAY, "profile.updated", employment="student")]
    work = "  work: {title: {zh: 一, en: one}, says: [profile.updated: {employment: employed}]}\n"
    plan = fastest(CLEAR + TIES + CLOSE + work, events, reopen=("when: limit > 0", "when: job = 'employed'"))
    assert {step.lever: step.answers for step in plan.steps} == {
        "clear": ("T02",), "close_debts": ("T03",), "end_ties": ("T16",), "work": ("reopen",),
    }  # fmt: skip


# -- asking, waiting, and what keeps coming


def test_a_policy_that_wants_to_be_asked_is_asked_on_the_first_noon() -> None:
    plan = fastest(CLEAR, late(), by=("probation: 90d", "probation: 90d, by: request"))
    asked, said = plan.events
    assert (asked.kind, asked.at) == ("reopen.requested", moment("2026-01-14 04:00"))
    assert (plan.reopens_on, said.kind) == (OVER, "bureau.reported")
    assert [step.lever for step in plan.steps] == ["clear"]


def test_where_only_waiting_helps_the_plan_has_no_steps() -> None:
    events = line(*[event(START + n, "draw.booked", amount=1) for n in range(3)])
    found = told(CLEAR + TIES, events)
    assert (found.status, found.closed_on) == ("frozen", "2026-01-10")
    assert [(plan.steps, plan.reopens_on, plan.cost, plan.effort) for plan in found.plans] == [
        ((), "2026-03-11", 0, 0)
    ] * 3
    assert found.plans[0].reopens_at == START + 60 * DAY


def test_where_nothing_helps_the_reasons_that_stay_are_told() -> None:
    both = [*in_debt(dpd=40), tie("A", at=1)]
    assert told(CLOSE, both).never == ("T02", "T03", "T16")
    assert told(CLOSE + CLEAR, both).never == ("T02", "T03", "T16")


def test_reports_that_keep_coming_say_what_was_said_last_a_plans_own_included() -> None:
    old = ("days_past_due}", "days_past_due, no_older_than: 20d}")
    coming = ("incident:", "coming: {bureau.reported: 10d}\nincident:")
    plan = fastest(CLEAR.replace("says", "takes: 12d\n    says"), late(), old=old, coming=coming)
    assert (steps(plan), plan.reopens_on) == ([("2026-01-14", "clear")], OVER)
    reports = [(each.at - START) / DAY for each in plan.events[:4]]
    assert [round(each, 3) for each in reports] == [10, 16, 20, 30]
    assert [each.body.days_past_due for each in plan.events[:4]] == [40, 0, 0, 0]  # type: ignore[attr-defined]
    assert plan.events[0].at == START + 10 * DAY


def test_it_is_looked_at_for_two_years_and_no_longer() -> None:
    for days, back in ((200, "2026-08-02"), (728, "2028-01-12"), (730, None)):
        plans = told(CLEAR.replace("says", f"takes: {days}d\n    says"), late()).plans
        assert [plan.reopens_on for plan in plans] == ([] if back is None else [back] * 3)


def test_a_consent_is_a_lever_where_what_is_read_needs_one() -> None:
    events = [
        event(START - 2 * DAY, "consent.given", data_source="bureau", expires_at=None),
        *in_debt(),
        event(START + DAY, "consent.withdrawn", data_source="bureau"),
    ]
    lever = "  allow: {title: {zh: 一, en: one}, says: [consent.given: {data_source: bureau}]}\n"
    debts = CLOSE.replace("lenders - chosen", "2").replace("to: lenders", "to: 1")
    plan = fastest(lever + debts, events, needs=("facts:\n", "consents: [bureau]\nfacts:\n"))
    assert steps(plan) == [("2026-01-14", "allow"), ("2026-01-14", "close_debts")]
    assert {step.lever: step.answers for step in plan.steps} == {"allow": ("T03",), "close_debts": ("T03",)}


# -- lines and policies that cannot be planned for


def test_a_line_that_is_open_or_ended_has_no_plans() -> None:
    assert told(CLEAR, line()).plans == ()
    assert told(CLEAR, line()).never == ()
    ended = told(CLEAR, [*late(), event(START + 5, "line.ended", cause="legal")])
    assert (ended.status, ended.plans, ended.never) == ("terminated", (), ("terminated",))


def test_a_policy_without_levers_or_without_reopening_still_tells_what_comes() -> None:
    assert told("  {}\n", in_debt(dpd=40)).never == ("T02", "T03")
    assert told(
        CLEAR + CLOSE, in_debt(), gone=("reopen: {when: limit > 0, limit: 0.8 * limit, probation: 90d}\n", "")
    ).never


def test_numbers_beyond_what_a_number_may_be_are_no_lever() -> None:
    huge = CLEAR.replace("says", "money: balance * lenders\n    says")
    assert told(huge, in_debt(lenders=10**6, balance=10**15, dpd=40)).never == ("T02", "T03")


# -- mistakes


def changed(mistake: dict[str, Any]) -> str:
    before, after = mistake["change"]
    assert SOUND.count(before) == 1, f"{before!r} is not once in the sound policy"
    return SOUND.replace(before, after)


def test_the_sound_policy_is_sound() -> None:
    policy = read_policy(SOUND)
    by_name = sorted(yaml.safe_load(SOUND)["levers"])
    assert [lever.name for lever in policy.levers] == ["pay", *(name for name in by_name if name != "pay")]
    assert policy.means is not None


@pytest.mark.parametrize("mistake", TOLD["mistakes"], ids=lambda mistake: str(mistake["it"]))
def test_mistake(mistake: dict[str, Any]) -> None:
    with pytest.raises(PolicyErrors) as raised:
        read_policy(changed(mistake), "p.yaml")
    assert str(raised.value).splitlines() == mistake["says"]


def test_too_many_levers_are_told() -> None:
    many = "".join(CLEAR.replace("clear", f"clear_{n}") for n in range(41))
    with pytest.raises(PolicyErrors, match="41 levers are too many"):
        read_policy(POLICY + many)


def test_a_lever_is_part_of_the_policys_version() -> None:
    assert read_policy(POLICY + CLEAR).version != read_policy(POLICY + CLEAR.replace(": 0", ": 1")).version


def test_the_shipped_consumer_policy_has_levers_and_every_one_can_matter() -> None:
    policy = load_policy("consumer-line")
    assert len(policy.levers) >= 8
    assert policy.means is not None
