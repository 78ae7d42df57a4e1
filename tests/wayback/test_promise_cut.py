"""A line whose limit was cut with a plan taken up: who keeps it has the limit raised, whatever the policy became."""

from __future__ import annotations

import pytest

from creditline.events.event import Event
from creditline.lines.succession import InForce
from creditline.policy import read_policy
from creditline.wayback.plans import Plan
from creditline.wayback.progress import cost_of
from creditline.wayback.situation import Situation
from tests.wayback.promises import Life
from tests.wayback.ways import DAY, START, bureau, event, opened

POLICY = """
policy: small
title: {zh: 小额, en: Small}
utc_offset: "+08:00"
limit_step: 100
facts:
  lenders: {last: bureau.reported.lenders_with_balance}
  balance: {last: bureau.reported.balance}
  late: {count: instalment.settled, where: days_late > 3, window: 30d}
  on_time: {streak: outside_instalment.paid, holds: days_late = 0}
  frauds: {count: fraud.confirmed}
  ties: {open: tie.found, where: risk = 'high', ended_by: tie.ended, on: party}
rules:
  - {code: T21, when: frauds > 0, then: terminate, reason: {zh: 欺诈, en: Fraud}}
  - {code: T16, when: ties > 0, then: close, cooling_off: 5d, cure: ties = 0, reason: {zh: 关联, en: Ties}}
  - {code: T03, when: lenders >= 4, then: close, cooling_off: 30d, reason: {zh: 多头, en: Many}}
  - {code: LESS, when: late >= 4, then: limit, limit: "least(limit, 6000)", not_within: 1d, reason: {zh: 迟, en: Late}}
  - {code: CUT, when: late >= 2, then: limit, limit: "least(limit, 8000)", not_within: 1d, reason: {zh: 迟, en: Late}}
  - code: UP
    when: late = 0 and on_time >= 3 and lenders <= 2
    then: limit
    limit: least(1.2 * limit, 20000)
    not_within: 30d
    reason: {zh: 良好, en: Good}
reopen: {when: limit > 0, limit: limit, probation: 90d}
incident: {code: T20, reason: {zh: 修, en: Repair}}
promise: {grace: 5d, overridden_by: [T21]}
levers:
  close_debts:
    title: {zh: 结清, en: Close debts}
    when: lenders > 0
    choose: {from: 1, to: lenders}
    money: balance * chosen / nullif(lenders, 0)
    takes: 10d
    says: [bureau.reported: {lenders_with_balance: lenders - chosen}]
  keep_record:
    title: {zh: 按时, en: On time}
    every: 10d
    times: 4
    says: [outside_instalment.paid: {days_late: 0}]
"""
STRICT = POLICY.replace("lenders >= 4", "lenders >= 1").replace("on_time >= 3", "on_time >= 9")
"""Closes whoever owes anyone, and raises hardly anybody's limit."""

LOOSE, TIGHT = read_policy(POLICY), read_policy(STRICT)
NOW, CHANGE, FAR = START + 12 * DAY, START + 17 * DAY, START + 400 * DAY
CUT_AT = START + 8 * DAY


def paid(at: int, late: int) -> Event:
    return event(at, "instalment.settled", amount=10_000, days_late=late)


EVENTS = (
    opened(), bureau(START + 2, lenders=3, balance=300_000), paid(START + 5 * DAY, 6), paid(CUT_AT, 9),
    event(START + 9 * DAY, "outside_instalment.paid", lender="bank", amount=10_000, days_late=1),
)  # fmt: skip


def cut(strict: str = STRICT, loose: str = POLICY) -> Life:
    """The life of a line whose limit was cut, under versions of a policy."""
    return Life((InForce(read_policy(loose), START), InForce(read_policy(strict), CHANGE)), list(EVENTS))


def taken(life: Life) -> Plan:
    return life.take("fastest", NOW)


def naming(*codes: str) -> str:
    return STRICT.replace("overridden_by: [T21]", f"overridden_by: [{', '.join(codes)}]")


def told(life: Life, until: int = FAR) -> list[tuple[str, int]]:
    """What was decided after the taking up."""
    return [(each.action, each.at) for each in life.decisions(until) if each.at > NOW]


def tie(at: int) -> Event:
    return event(at, "tie.found", party="X", relation="owner", risk="high")


# -- kept


def test_who_keeps_the_plan_has_the_limit_raised_though_the_policy_has_tightened() -> None:
    life = cut()
    plan = taken(life)
    assert [(step.lever, step.repeated, step.answers) for step in plan.steps] == [
        ("close_debts", 1, ("raise",)), ("keep_record", 3, ("raise",)),
    ]  # fmt: skip
    assert plan.reopens_at == CUT_AT + 30 * DAY > CHANGE
    assert plan.limit == 960_000
    life.keep(plan)
    (raised,) = [each for each in life.decisions(FAR) if each.action == "set_limit" and each.limit > each.limit_before]
    assert (raised.at, raised.limit, raised.policy) == (plan.reopens_at, plan.limit, LOOSE.version)
    stood = life.course(FAR).stood[0]
    assert (stood.because, stood.back and stood.back.at) == ("kept", plan.reopens_at)
    # With the days of grace the promise is over, and the stricter version decides.
    assert told(life) == [("set_limit", plan.reopens_at), ("close", plan.reopens_at + 5 * DAY)]


def test_without_the_promise_the_line_is_closed_instead() -> None:
    life = cut()
    life.keep(taken(life))
    life.events = [each for each in life.events if each.kind != "promise.made"]
    assert told(life) == [("close", CHANGE)]


def test_a_version_that_only_raises_less_is_kept_away_too() -> None:
    less = POLICY.replace("1.2 * limit", "1.05 * limit")
    life = cut(less)
    plan = taken(life)
    life.keep(plan)
    assert [each.limit for each in life.decisions(plan.reopens_at) if each.at > NOW] == [960_000]
    cost = cost_of(life.progress(CHANGE + DAY), life.situation(CHANGE + DAY), life.unpinned(CHANGE + DAY), None)
    assert (cost.way, cost.limit, cost.otherwise_limit, cost.more) == ("raised", 960_000, 840_000, 120_000)
    assert (cost.otherwise_on, cost.days_earlier) == (plan.reopens_on, 0)


# -- not kept


def test_a_step_not_done_breaks_the_promise() -> None:
    life = cut()
    plan = taken(life)
    life.keep(plan, leave_out="close_debts")
    stood = life.course(FAR).stood[0]
    assert (stood.because, stood.codes) == ("broken", ("close_debts",))
    assert stood.ended is not None
    assert told(life) == [("close", stood.ended)]


def test_what_is_repeated_is_on_course_as_long_as_it_can_still_come_in_time() -> None:
    life = cut()
    plan = taken(life)
    life.keep(plan)
    second = sorted(each.known for each in life.events if each.id.startswith("did-plan-keep_record"))[1]
    between = life.progress(second + DAY)
    assert [(each.step.lever, each.state) for each in between.steps] == [
        ("close_debts", "done"), ("keep_record", "due"),
    ]  # fmt: skip
    assert (between.expected and between.expected.at) == plan.reopens_at
    assert len([each for each in between.rest if each.kind == "outside_instalment.paid"]) == 1
    # The third is missed, and comes some days late.
    missing = [each for each in life.events if each.id != "did-plan-keep_record-2-0"]
    due = max(each.known for each in life.events if each.id.startswith("did-plan-keep_record"))
    late = Life(life.versions, missing, life.proofs).progress(due + 3 * DAY)
    assert (late.state, late.expected and late.expected.at) == ("late", plan.reopens_at), "there is time enough left"


def test_a_further_cut_breaks_nothing_but_the_raise_is_not_to_be_expected_any_more() -> None:
    life = cut()
    plan = taken(life)
    life.keep(plan)
    at = NOW + 17 * DAY
    life.events += [paid(at, 9), paid(at + 1, 9)]
    assert told(life, at + DAY) == [("set_limit", at + 1)]
    progress = life.progress(at + DAY)
    assert (progress.state, progress.expected) == ("due", None)
    stood = life.course(FAR).stood[0]
    assert (stood.because, stood.back, stood.ended) == ("lapsed", None, stood.taken.lapses)


def test_a_stop_that_is_not_named_only_delays_the_raise() -> None:
    soon = [text.replace("not_within: 30d", "not_within: 10d") for text in (STRICT, POLICY)]
    for days, because in ((8, "kept"), (28, "lapsed")):
        life = cut(*soon)
        plan = taken(life)
        life.keep(plan)
        found = NOW + DAY
        life.events += [tie(found), event(found + days * DAY, "tie.ended", party="X")]
        closed = life.progress(found + 2 * DAY)
        assert (closed.state, closed.expected) == ("due", None), "as long as the tie stands nothing is to be expected"
        stood = life.course(FAR).stood[0]
        assert stood.because == because
        assert told(life)[:2] == [("close", found), ("reopen", found + days * DAY)]
        if because == "kept":
            assert stood.back is not None
            assert stood.back.at == plan.reopens_at
            assert life.progress(plan.reopens_at - DAY).expected == stood.back


def test_no_plan_to_reopen_is_a_better_plan_for_a_raise() -> None:
    life = cut()
    life.keep(taken(life))
    life.events += [bureau(NOW + DAY, lenders=5, balance=300_000, name="more")]
    situation = life.situation(NOW + 2 * DAY)
    assert situation.status == "closed"
    assert life.progress(NOW + 2 * DAY, better=True).better is None


# -- overridden


@pytest.mark.parametrize(("strict", "version"), [(naming("T21", "T16"), "the new one"), (STRICT, "none")])
def test_a_named_rule_overrides_at_once_and_one_that_is_not_named_does_not(strict: str, version: str) -> None:
    life = cut(strict)
    life.keep(taken(life))
    at = CHANGE + DAY
    life.events.append(tie(at))
    stood = life.course(FAR).stood[0]
    expected = ("overridden", at, ("T16",)) if version == "the new one" else ("lapsed", stood.taken.lapses, ())
    assert (stood.because, stood.ended, stood.codes) == expected


def test_a_rule_that_the_new_version_names_and_makes_fire_overrides_on_its_first_day() -> None:
    life = cut(naming("T21", "T03"))
    life.keep(taken(life))
    stood = life.course(FAR).stood[0]
    assert (stood.because, stood.ended, stood.codes) == ("overridden", CHANGE, ("T03",))
    assert told(life) == [("close", CHANGE)]


def test_fraud_ends_the_promise_and_the_line() -> None:
    life = cut()
    life.keep(taken(life))
    at = NOW + 7 * DAY
    life.events.append(event(at, "fraud.confirmed", offence="identity_theft", author="A"))
    stood = life.course(FAR).stood[0]
    assert (stood.because, stood.ended, stood.codes) == ("overridden", at, ("T21",))
    assert told(life)[-1] == ("terminate", at)


# -- raised by a person


def test_a_person_who_raises_the_limit_keeps_the_promise() -> None:
    for limit, until in ((960_000, "grace"), (850_000, "lapses"), (800_000, "lowered")):
        life = cut()
        plan = taken(life)
        at = NOW + 3 * DAY
        life.events.append(event(at, "line.limit_set", limit=limit))
        stood = life.course(FAR).stood[0]
        if until == "lowered":
            assert (stood.because, stood.back) == ("broken", None), "no more than at the taking up is no raise"
            continue
        assert (stood.because, stood.back and (stood.back.at, stood.back.limit)) == ("kept", (at, limit))
        # With less than promised the version of the plan goes on to the end of the promised day's grace.
        assert stood.ended == (at + 5 * DAY if until == "grace" else stood.taken.lapses)
        assert life.progress(at + DAY).state == "back"
        assert plan.limit == 960_000


# -- what it costs, and replays


def test_the_cost_is_the_promised_limit_against_that_which_the_version_in_force_would_leave() -> None:
    no_raise = POLICY.replace("on_time >= 3", "on_time >= 9")
    for strict, otherwise in ((STRICT, 0), (no_raise, 800_000)):
        life = cut(strict)
        plan = taken(life)
        life.keep(plan)
        for now in (CHANGE + DAY, plan.reopens_at + DAY):
            cost = cost_of(life.progress(now), life.situation(now), life.unpinned(now), None)
            assert (cost.returns_on, cost.limit, cost.otherwise_on) == (plan.reopens_on, 960_000, None)
            assert (cost.otherwise_limit, cost.more) == (otherwise, 960_000 - otherwise)


def test_a_version_in_force_that_would_have_raised_sooner_costs_nothing() -> None:
    sooner = POLICY.replace("late = 0 and on_time", "on_time").replace("not_within: 30d", "not_within: 10d")
    life = cut(sooner)
    plan = taken(life)
    life.keep(plan)
    now = plan.reopens_at - 2 * DAY
    cost = cost_of(life.progress(now), life.situation(now), life.unpinned(now), None)
    assert (cost.otherwise_on, cost.more, cost.days_earlier) == ("2026-03-04", 0, -3)


def test_a_line_that_was_never_cut_after_all_has_nothing_to_be_raised() -> None:
    """Another version is run over everything, under which the limit never fell."""
    life = cut()
    taken(life)
    never = read_policy(POLICY.replace("late >= 2", "late >= 20"))
    life.versions = (InForce(never, START), InForce(LOOSE, FAR + DAY))
    stood = life.course(FAR).stood[0]
    assert (stood.because, stood.back and stood.back.limit) == ("kept", 1_000_000)


@pytest.mark.parametrize("kept", ["all", "no debts", "tie", "raised"])
def test_what_was_decided_by_a_moment_does_not_depend_on_how_far_one_looks(kept: str) -> None:
    life = cut(naming("T21", "T16") if kept == "tie" else STRICT)
    plan = taken(life)
    life.keep(plan, leave_out="close_debts" if kept == "no debts" else "never")
    if kept == "tie":
        life.events.append(tie(NOW + 9 * DAY))
    if kept == "raised":
        life.events.append(event(NOW + 3 * DAY, "line.limit_set", limit=850_000))
    whole = life.told(FAR)
    moments = [t for each in whole for t in (each[1] - 1, each[1], each[1] + 1)]
    for until in [*moments, *range(NOW, FAR, 17 * DAY)]:
        assert life.told(until) == [each for each in whole if each[1] <= until]


def test_the_situation_of_a_promised_line_is_still_that_of_a_cut_one() -> None:
    life = cut()
    taken(life)
    situation: Situation = life.situation(CHANGE + DAY)
    assert (situation.status, situation.cut, situation.policy.version) == ("open", ("CUT",), LOOSE.version)
