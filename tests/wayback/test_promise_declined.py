"""A declined line with a plan taken up: who keeps it and applies on its day is approved, whatever the policy became."""

from __future__ import annotations

import pytest

from creditline.events.event import Event
from creditline.events.kinds import ApplicationReceived
from creditline.lines.succession import InForce
from creditline.policy import read_policy
from creditline.wayback.plans import APPLY, Plan, outlook
from creditline.wayback.progress import cost_of
from creditline.wayback.steps import day_of
from tests.wayback.promises import CHANGE, NOW, Life
from tests.wayback.ways import DAY, LINE, START, bureau, event

POLICY = """
policy: small
title: {zh: 小额, en: Small}
utc_offset: "+08:00"
facts:
  lenders: {last: bureau.reported.lenders_with_balance}
  balance: {last: bureau.reported.balance}
  job: {last: profile.updated.employment}
  frauds: {count: fraud.confirmed}
  ties: {open: tie.found, where: risk = 'high', ended_by: tie.ended, on: party}
rules:
  - {code: T21, when: frauds > 0, then: terminate, on: [application, line], reason: {zh: 欺诈, en: Fraud}}
  - {code: T16, when: ties > 0, then: close, cooling_off: 10d, on: [application, line], reason: {zh: 联, en: Ties}}
  - {code: T03, when: lenders >= 4, then: close, cooling_off: 9d, cure: lenders <= 1, on: [application, line],
     reason: {zh: 多头, en: Many}}
approve:
  when: job = 'employed'
  limit: least(requested, 8000)
  otherwise: {code: A01, reason: {zh: 未达, en: Not enough}}
reopen: {when: job = 'employed', limit: limit, probation: 90d}
incident: {code: T20, reason: {zh: 修, en: Repair}}
promise: {grace: 5d, overridden_by: [T21]}
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
"""
STRICT = POLICY.replace("lenders >= 4", "lenders >= 2")
"""Declines at two lenders what was declined at four."""

LOOSE, TIGHT = read_policy(POLICY), read_policy(STRICT)
FAR = NOW + 400 * DAY
HOUR = DAY // 24


def applied(at: int, amount: int = 1_000_000) -> Event:
    return event(at, "application.received", amount=amount)


EVENTS = (
    event(START, "profile.updated", employment="unemployed", monthly_income=None),
    bureau(START + DAY, lenders=5, balance=500_000),
    applied(START + 2 * DAY),
)


def declined(strict: str = STRICT, loose: str = POLICY) -> Life:
    """The life of a line that was declined, under versions of a policy."""
    return Life((InForce(read_policy(loose), START), InForce(read_policy(strict), CHANGE)), list(EVENTS))


def naming(*codes: str) -> str:
    """The stricter version, which names more rules that override promises."""
    return STRICT.replace("overridden_by: [T21]", f"overridden_by: [{', '.join(codes)}]")


def told(life: Life, until: int = FAR) -> list[tuple[str, int]]:
    """What was decided after the taking up."""
    return [(each.action, each.at) for each in life.decisions(until) if each.at > NOW]


def without_application(life: Life, plan: Plan) -> None:
    """Keep the plan but for the application."""
    life.keep(plan, leave_out="never")
    life.events = [each for each in life.events if each.id != "did-plan-apply"]


# -- kept


def test_who_keeps_the_plan_is_approved_though_the_policy_has_tightened() -> None:
    life = declined()
    plan = life.take()
    assert [(step.lever, step.on) for step in plan.steps] == [
        ("close_debts", "2026-02-07"), ("find_work", "2026-02-07"), (APPLY, "2026-02-17"),
    ]  # fmt: skip
    assert plan.reopens_at > CHANGE
    life.keep(plan)
    (opened,) = [each for each in life.decisions(FAR) if each.action == "open"]
    assert (opened.at, opened.limit, opened.policy) == (plan.reopens_at, plan.limit, LOOSE.version)
    stood = life.course(FAR).stood[0]
    assert (stood.because, stood.back and stood.back.at) == ("kept", plan.reopens_at)


def test_without_the_promise_the_same_application_is_declined() -> None:
    life = declined()
    plan = life.take()
    life.keep(plan)
    life.events = [each for each in life.events if each.kind != "promise.made"]
    assert told(life) == [("apply", plan.reopens_at), ("decline", plan.reopens_at)]


def test_approved_it_has_the_days_of_grace_before_the_tighter_version_decides() -> None:
    life = declined()
    plan = life.take()
    life.keep(plan)
    over = plan.reopens_at + 5 * DAY
    assert told(life)[-2:] == [("open", plan.reopens_at), ("close", over)]
    assert life.course(FAR).stood[0].ended == over


def test_who_asks_for_more_gets_what_was_promised_and_who_asks_for_less_gets_that() -> None:
    for asked, limit in ((2_000_000, 800_000), (300_000, 300_000)):
        life = declined()
        plan = life.take()
        without_application(life, plan)
        life.events.append(applied(plan.reopens_at, asked))
        stood = life.course(FAR).stood[0]
        assert (stood.because, stood.back and stood.back.limit) == ("kept", limit)
        # With less than promised the version of the plan decides at least to the end of the promised day's grace.
        assert stood.ended == (plan.reopens_at + 5 * DAY if limit == plan.limit else stood.taken.lapses)


# -- too early, late, not at all


def test_an_application_made_too_early_is_declined_and_can_be_made_again() -> None:
    life = declined()
    plan = life.take()
    life.keep(plan)
    early = NOW + 3 * DAY
    life.events.append(applied(early))
    assert told(life)[:2] == [("apply", early), ("decline", early)]
    between = life.progress(early + DAY)
    assert [(each.step.lever, each.state) for each in between.steps][-1] == (APPLY, "due")
    assert (between.expected and between.expected.at) == plan.reopens_at
    stood = life.course(FAR).stood[0]
    assert (stood.because, stood.back and stood.back.at) == ("kept", plan.reopens_at)
    done = life.progress(plan.reopens_at + DAY)
    assert [each.state for each in done.steps] == ["done", "done", "done"]
    assert done.steps[-1].done_on == plan.reopens_on


def test_an_application_before_its_day_that_is_approved_is_all_that_was_promised() -> None:
    """The bureau puts the report right, so that no debt had to be closed."""
    life = declined()
    plan = life.take()
    life.keep(plan, leave_out="close_debts")
    at = NOW + 4 * DAY
    life.events = [each for each in life.events if each.id != "did-plan-apply"]
    life.events += [bureau(at - HOUR, lenders=3, balance=0, name="put-right"), applied(at)]
    stood = life.course(FAR).stood[0]
    assert (stood.because, stood.back and stood.back.at, stood.ended) == ("kept", at, at + 5 * DAY)
    shown = life.progress(at + DAY)
    assert shown.state == "back"
    assert [each.state for each in shown.steps] == ["done", "done", "done"]


def test_an_application_on_a_later_day_within_the_grace_is_late_and_approved() -> None:
    life = declined()
    plan = life.take()
    without_application(life, plan)
    now = plan.reopens_at + DAY
    late = life.progress(now)
    assert (late.state, [each.state for each in late.steps]) == ("late", ["done", "done", "late"])
    assert (late.expected and late.expected.at) == plan.reopens_at + 2 * DAY, "a minute past noon has gone by today"
    life.events.append(applied(plan.reopens_at + 4 * DAY))
    stood = life.course(FAR).stood[0]
    assert (stood.because, stood.back and stood.back.at) == ("kept", plan.reopens_at + 4 * DAY)


def test_a_step_that_is_late_puts_off_the_day_on_which_to_apply() -> None:
    sooner = [text.replace("takes: 10d", "takes: 3d") for text in (STRICT, POLICY)]
    life = declined(*sooner)
    plan = life.take()
    life.keep(plan, leave_out="close_debts")
    life.events = [each for each in life.events if each.id != "did-plan-apply"]
    assert (plan.steps[0].on, plan.reopens_on) == ("2026-02-07", "2026-02-10")
    due = life.progress(plan.reopens_at - DAY)
    assert [each.state for each in due.steps] == ["due", "done", "due"]
    assert (due.expected and due.expected.at) == plan.reopens_at, "it may be done already and not be reported yet"
    # Debts closed tomorrow at noon are reported three days later, five days after the day promised.
    late = life.progress(plan.reopens_at + DAY)
    assert [each.state for each in late.steps] == ["late", "done", "late"]
    assert (late.expected and late.expected.at) == plan.reopens_at + 5 * DAY
    assert life.progress(plan.reopens_at + 2 * DAY).expected is None, "now it is too late for that"


def test_who_does_not_apply_breaks_the_promise_and_who_was_declined_does_not() -> None:
    life = declined()
    plan = life.take()
    without_application(life, plan)
    stood = life.course(FAR).stood[0]
    assert (stood.because, stood.codes, stood.ended) == ("broken", (APPLY,), stood.taken.lapses)
    assert life.progress(FAR).steps[-1].state == "broken"
    # One that came too early and was declined is none.
    life.events.append(applied(NOW + 3 * DAY))
    assert life.course(FAR).stood[0].because == "broken"
    # One that came in time is: something else stood in the way.
    life.events += [
        applied(plan.reopens_at),
        event(NOW + 8 * DAY, "tie.found", party="X", relation="owner", risk="high"),
    ]
    stood = life.course(FAR).stood[0]
    assert (stood.because, stood.back, stood.ended) == ("lapsed", None, stood.taken.lapses)


def test_a_step_not_done_breaks_the_promise_and_the_stricter_version_judges_the_application() -> None:
    life = declined()
    plan = life.take()
    life.keep(plan, leave_out="find_work")
    stood = life.course(FAR).stood[0]
    breaks = (day_of(plan.steps[1].on) + 6) * DAY - 8 * HOUR
    assert (stood.because, stood.ended, stood.codes) == ("broken", breaks, ("find_work",))
    late = plan.reopens_at + DAY
    life.events += [event(late, "profile.updated", employment="employed"), applied(late + HOUR)]
    assert told(life)[-1] == ("decline", late + HOUR)


def test_a_reason_that_would_not_decline_any_more_counts_as_its_step_done() -> None:
    large = [text.replace("lenders >= 4", "lenders >= 4 and balance > 1000") for text in (STRICT, POLICY)]
    for balance, state, because in ((100_000, "done", "kept"), (100_001, "due", "broken")):
        life = declined(*large)
        plan = life.take()
        life.keep(plan, leave_out="close_debts")
        life.events.append(bureau(NOW + 6 * DAY, lenders=5, balance=balance, name="put-right"))
        assert [each.state for each in life.progress(NOW + 7 * DAY).steps] == [state, "done", "due"]
        assert life.course(FAR).stood[0].because == because


def test_an_application_that_waits_is_neither_late_nor_broken() -> None:
    """The bureau's data are under repair when it comes; they are sound again on the last day but one."""
    life = declined()
    plan = life.take()
    without_application(life, plan)
    early, closed = plan.reopens_at - DAY, plan.reopens_at + 4 * DAY
    life.events += [
        event(early - HOUR, "incident.declared", data_source="bureau", reference="i"),
        applied(early),
        event(closed, "incident.closed", data_source="bureau", reference="i"),
    ]
    waiting = life.progress(plan.reopens_at + 2 * DAY)
    assert (waiting.state, waiting.steps[-1].state) == ("due", "done")
    stood = life.course(FAR).stood[0]
    assert (stood.because, stood.back and stood.back.at) == ("kept", closed)
    # Never decided, it is not the borrower's doing: the promise lapses.
    life.events = [each for each in life.events if each.kind != "incident.closed"]
    assert life.course(FAR).stood[0].because == "lapsed"


def test_a_reason_is_judged_as_if_the_line_applied_then() -> None:
    """This rule reads how long the line has had its status: on the day of an application that is no day."""
    fresh = [text.replace("lenders >= 4", "lenders >= 4 and days_in_status < 1") for text in (STRICT, POLICY)]
    life = declined(*fresh)
    plan = life.take()
    life.keep(plan, leave_out="close_debts")
    assert [each.state for each in life.progress(NOW + 7 * DAY).steps] == ["due", "done", "due"]
    stood = life.course(FAR).stood[0]
    assert (stood.because, stood.codes) == ("broken", ("close_debts",))


# -- overridden


def test_fraud_overrides_when_the_line_applies() -> None:
    life = declined()
    plan = life.take()
    life.keep(plan)
    life.events.append(event(NOW + 7 * DAY, "fraud.confirmed", offence="identity_theft", author="A"))
    stood = life.course(FAR).stood[0]
    assert (stood.because, stood.ended, stood.codes) == ("overridden", plan.reopens_at, ("T21",))
    assert told(life) == [("apply", plan.reopens_at), ("decline", plan.reopens_at)]
    assert life.decisions(FAR)[-1].policy == TIGHT.version


def test_a_rule_that_only_the_new_version_names_overrides_and_one_that_nobody_names_does_not() -> None:
    found = event(NOW + 8 * DAY, "tie.found", party="X", relation="owner", risk="high")
    life = declined(naming("T21", "T16"))
    plan = life.take()
    life.keep(plan)
    life.events.append(found)
    stood = life.course(FAR).stood[0]
    assert (stood.because, stood.ended, stood.codes) == ("overridden", plan.reopens_at, ("T16",))
    other = declined()
    other.keep(other.take())
    over = plan.reopens_at + DAY
    other.events += [found, event(over, "tie.ended", party="X"), applied(over + HOUR)]
    assert told(other)[1:4] == [("decline", plan.reopens_at), ("apply", over + HOUR), ("open", over + HOUR)]
    assert other.course(FAR).stood[0].because == "kept"


def test_a_named_rule_that_would_have_declined_when_the_plan_was_taken_up_overrides_nothing() -> None:
    """The very rule the plan answers is named by the stricter version, under which it still declines."""
    life = declined(naming("T21", "T03"))
    plan = life.take()
    life.keep(plan)
    stood = life.course(FAR).stood[0]
    assert (stood.because, stood.back and stood.back.at) == ("kept", plan.reopens_at)


def test_a_rule_named_by_the_version_in_force_overrides_a_line_that_was_approved_too() -> None:
    """The version of the plan does not know ties; the one in force had declined the line and looks at it no more."""
    without = "\n".join(line for line in POLICY.splitlines() if "T16" not in line)
    life = declined(naming("T21", "T16"), without)
    plan = life.take()
    life.keep(plan)
    found = plan.reopens_at + 2 * DAY
    life.events.append(event(found, "tie.found", party="X", relation="owner", risk="high"))
    stood = life.course(FAR).stood[0]
    assert (stood.because, stood.ended, stood.codes) == ("overridden", found, ("T16",))
    assert stood.back is not None
    assert told(life)[-1] == ("close", found)


def test_a_block_that_keeps_the_application_waiting_is_told_when_the_grace_is_over() -> None:
    life = declined()
    plan = life.take()
    life.keep(plan)
    life.events.append(
        event(NOW + DAY, "block.placed", effect="close", overridable=False, author="court", reason="order")
    )
    assert life.progress(NOW + 2 * DAY).blocked
    stood = life.course(FAR).stood[0]
    assert (stood.because, stood.codes, stood.ended) == ("overridden", ("BLOCK",), stood.taken.lapses)


# -- what is better, what it costs, and replays


def test_a_sooner_day_to_apply_is_a_better_plan() -> None:
    life = declined()
    first = life.take()
    life.keep(first, leave_out="close_debts")
    life.events = [each for each in life.events if each.id != "did-plan-apply"]
    life.events.append(bureau(NOW + 2 * DAY, lenders=3, balance=0, name="put-right"))
    now = NOW + 3 * DAY
    better = life.progress(now, better=True).better
    assert better is not None
    assert [step.lever for step in better.steps] == [APPLY]
    assert better.reopens_at < first.reopens_at
    second = life.take("fastest", now)
    life.keep(second)
    one, two = life.course(FAR).stood
    assert (one.because, two.because, two.back and two.back.at) == ("replaced", "kept", second.reopens_at)


def test_no_plan_is_better_that_gives_less() -> None:
    """Who asked for less meanwhile was declined; a plan made now would be for that amount."""
    life = declined()
    life.take()
    life.events.append(applied(NOW + DAY, 100_000))
    life.events.append(bureau(NOW + 2 * DAY, lenders=3, balance=0, name="put-right"))
    now = NOW + 3 * DAY
    (made, *_) = outlook(life.situation(now), engine="python").plans
    assert made.limit == 100_000
    assert life.progress(now, better=True).better is None


def test_the_cost_is_the_whole_limit_where_the_version_in_force_declines() -> None:
    life = declined()
    plan = life.take()
    life.keep(plan)
    for now in (CHANGE + DAY, plan.reopens_at + DAY):
        progress = life.progress(now)
        cost = cost_of(progress, life.situation(now), life.unpinned(now), None)
        assert (cost.way, cost.returns_on, cost.limit) == ("approved", plan.reopens_on, 800_000)
        assert (cost.otherwise_on, cost.otherwise_limit, cost.more) == (None, 0, 800_000)
    same = life.progress(CHANGE - DAY)
    cost = cost_of(same, life.situation(CHANGE - DAY), life.unpinned(CHANGE - DAY), None)
    assert (cost.otherwise_on, cost.more, cost.days_earlier) == (plan.reopens_on, 0, 0)


@pytest.mark.parametrize("kept", ["all", "early", "no work", "nothing"])
def test_what_was_decided_by_a_moment_does_not_depend_on_how_far_one_looks(kept: str) -> None:
    life = declined(naming("T21", "T16"))
    plan = life.take()
    if kept != "nothing":
        life.keep(plan, leave_out="find_work" if kept == "no work" else "never")
    if kept == "early":
        life.events.append(applied(NOW + 3 * DAY))
    life.events.append(event(plan.reopens_at + 3 * DAY, "tie.found", party="X", relation="owner", risk="high"))
    whole = life.told(FAR)
    moments = [t for each in whole for t in (each[1] - 1, each[1], each[1] + 1)]
    for until in [*moments, *range(NOW, FAR, 17 * DAY)]:
        assert life.told(until) == [each for each in whole if each[1] <= until]


def test_the_application_of_a_plan_is_for_the_amount_last_asked_for() -> None:
    plan = declined().take()
    assert plan.events[-1].body == ApplicationReceived(amount=1_000_000)
    assert plan.events[-1].line == LINE
