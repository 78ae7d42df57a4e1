"""Loans of the line paid off early: what it costs and when, and that no combination is better than the plans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import msgspec
from hypothesis import assume, given
from hypothesis import event as noted
from hypothesis import strategies as st

from creditline.clock import DAY
from creditline.events.event import Event
from creditline.events.kinds import BureauReported, ProfileUpdated
from creditline.facts.slices import from_events
from creditline.lending.terms import date_of, day_number
from creditline.lines.replay import run
from creditline.policy import Policy, read_policy
from creditline.wayback.loans import Loans, Paying
from creditline.wayback.moves import Future, Use, available, carried_out, ways
from creditline.wayback.plans import GOALS, Outlook, outlook
from creditline.wayback.predict import returns
from creditline.wayback.proof import differences, sealed
from creditline.wayback.situation import Situation
from tests.lending.line_logs import OFFSET, PLAIN, PLAIN_REF, drawn, opened, repaid, said
from tests.wayback.ways import examples

PRODUCTS = {PLAIN_REF: PLAIN}

POLICY = """
policy: owing
title: {zh: 借款, en: Owing}
utc_offset: "+08:00"
facts:
  dpd: {last: arrears.changed.days_past_due}
  late: {max: arrears.changed.days_past_due, window: 60d}
  drawn: {sum: draw.booked.amount}
  repaid: {sum: repayment.received.principal}
  owed: {sql: "greatest(drawn - repaid, 0)"}
  on_time: {streak: instalment.settled, holds: days_late = 0}
  early: {count: repayment.received, where: early, window: 90d}
  lenders: {last: bureau.reported.lenders_with_balance}
  income: {last: profile.updated.monthly_income}
rules:
  - {code: USE, when: owed > 3000, then: close, cooling_off: 20d, cure: "owed <= ENOUGH", reason: {zh: 多, en: Much}}
  - {code: T01, when: dpd >= 10, then: close, cooling_off: 40d, cure: "not dpd > 0", reason: {zh: 逾, en: Late}}
  - {code: T03, when: lenders >= 4, then: close, cooling_off: 20d, cure: lenders <= 2, reason: {zh: 家, en: Many}}
reopen: {when: "REOPENS", limit: "LIMIT"}
incident: {code: T20, reason: {zh: 修, en: Repair}}
MEANS
levers:
  arrears: {title: {zh: 补足, en: Arrears}, when: dpd > 0, does: pay_arrears}
  keep: {title: {zh: 按期, en: Keep}, does: keep_instalments, effort: 2}
  off: {title: {zh: 结清, en: Off}, does: pay_off, effort: 3}
  debts:
    title: {zh: 还清, en: Debts}
    choose: {from: 1, to: 2}
    money: 400 * chosen
    takes: 9d
    says: [bureau.reported: {lenders_with_balance: lenders - chosen}]
"""


def policy(
    enough: str = "1000", reopens: str = "lenders <= 9", limit: str = "limit", means: str = "means: 0.5 * income"
) -> Policy:
    text = POLICY.replace("ENOUGH", enough).replace("REOPENS", reopens).replace("LIMIT", limit)
    return read_policy(text.replace("MEANS", means))


def situation(rules: Policy, events: Sequence[Event], now: int) -> Situation:
    """How a line stands, once the ends of its days gone by are told."""
    seen = [each for each in events if each.known <= now]
    seen += Loans("L", seen, PRODUCTS, OFFSET, now).missing
    slices = from_events(seen)
    state = run(slices, rules, now, engine="python").states[0]
    return Situation("L", rules, now, seen, slices, state, Loans("L", seen, PRODUCTS, OFFSET, now))


def day(said_so: str) -> int:
    year, month, number = map(int, said_so.split("-"))
    return day_number(date_of(0).replace(year=year, month=month, day=number))


def two_loans(lenders: int = 1, income: int = 4_000_00) -> list[Event]:
    """3,000.00 and, a week later, 2,000.00, each over six months; the line is closed for owing so much."""
    begun = day("2026-01-05")
    return [
        opened(begun),
        said("who", begun, ProfileUpdated(monthly_income=income)),
        said("bureau", begun, BureauReported(lenders_with_balance=lenders, balance=0, days_past_due=0)),
        *drawn("A", begun, 3_000_00, 6),
        *drawn("B", begun + 7, 2_000_00, 6),
    ]


def told(found: Outlook, goal: str) -> list[tuple[str, str, int | None, int | None]]:
    (plan,) = (each for each in found.plans if each.goal == goal)
    return [(each.on, each.lever, each.amount, each.chosen) for each in plan.steps]


# -- stories ------------------------------------------------------------------------------------------

NOW = day("2026-01-20") * DAY - OFFSET


def test_one_loan_paid_off_is_enough_and_costs_what_the_core_asks() -> None:
    here = situation(policy(enough="2000", means=""), two_loans(), NOW)
    assert here.standing == ("USE",)
    found = outlook(here, engine="python")
    # One percent a month, sixteen days of 31; 59.99 is the least that repays 3,000.00 early at a fee of two percent.
    assert told(found, "fastest") == [("2026-01-21", "off", 3_000_00 + 15_48 + 59_99, 1)]
    (plan,) = (each for each in found.plans if each.goal == "fastest")
    assert (plan.reopens_on, plan.cost) == ("2026-02-01", 3_075_47)
    assert plan.effort == 5, "instalments are kept too, though none falls due before"
    assert plan.steps[0].answers == ("USE",)
    assert differences(here, sealed(here, found, 3), engine="python") == []


def test_a_cent_less_would_not_be_enough_and_both_are_where_it_is_not() -> None:
    here = situation(policy(enough="1999.99", means=""), two_loans(), NOW)
    ((_, lever, amount, number),) = told(outlook(here, engine="python"), "fastest")
    assert here.loans is not None
    assert (lever, number) == ("off", 2)
    assert amount == here.loans.asked(day("2026-01-21"), Paying(off_on=day("2026-01-21"), off_loans=2))


def test_it_waits_for_the_means_and_instalments_kept_meanwhile_lower_the_sum() -> None:
    here = situation(policy(enough="100"), two_loans(income=2_000_00), NOW)
    assert here.loans is not None
    found = outlook(here, engine="python")
    steps = told(found, "fastest")
    *kept, (on, lever, amount, _) = steps
    assert kept
    assert {each[1] for each in kept} == {"keep"}
    assert lever == "off"
    assert amount is not None
    spare = 1_000_00
    saved = (day(on) - here.today) * spare // 30
    assert amount <= saved
    before = Paying(from_day=here.today + 1, off_on=day(on) - 1, off_loans=2)
    assert here.loans.asked(day(on) - 1, before) > saved - spare // 30, "a day earlier the means would not do"
    assert differences(here, sealed(here, found, 3), engine="python") == []


def test_a_payment_changed_in_a_file_is_told() -> None:
    here = situation(policy(enough="2000", means=""), two_loans(), NOW)
    found = outlook(here, ("fastest",), engine="python")
    (plan,) = found.plans
    for changed, what in (({"chosen": 2}, "amount"), ({"chosen": 3}, "chosen"), ({"amount": 1}, "amount")):
        step = msgspec.structs.replace(plan.steps[0], **changed)
        other = msgspec.structs.replace(found, plans=(msgspec.structs.replace(plan, steps=(step,)),))
        forged = sealed(here, other, 3)
        assert what in {each["what"] for each in differences(here, forged, engine="python")}


# -- against every combination ------------------------------------------------------------------------


def combinations(here: Situation) -> Iterator[Future]:
    options: list[list[Use | None]] = [[None, *ways(here, lever)] for lever in available(here)]
    for chosen in product(*options):
        future = carried_out(here, [use for use in chosen if use is not None])
        if future is not None:
            yield future


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    begun = day("2026-01-05")
    events = two_loans(draw(st.integers(1, 5)), draw(st.sampled_from([1_000_00, 3_000_00, 12_000_00])))
    loans = draw(st.integers(1, 3))
    if loans == 1:
        events = events[:-2]
    elif loans == 3:
        events += drawn("C", begun + 9, draw(st.integers(1_00, 50_000)), 3)
    for number in range(draw(st.integers(0, 2))):
        events.append(repaid(f"paid {number}", begun + draw(st.integers(20, 70)), draw(st.integers(1, 900_00))))
    rules = policy(
        draw(st.sampled_from(["0", "500", "1000", "2000", "2500"])),
        draw(st.sampled_from(["lenders <= 9", "on_time >= 2", "coalesce(late, 0) < 20", "early = 0", "on_time >= 1"])),
        draw(st.sampled_from(["limit", "case when owed > 500 then 0 else 9000 - owed end"])),
        draw(st.sampled_from(["", "means: 0.5 * income", "means: 0.9 * income"])),
    )
    now = (begun + draw(st.integers(9, 75))) * DAY - OFFSET + draw(st.sampled_from([1, 13 * DAY // 24]))
    here = situation(rules, events, now)
    assume(here.status == "closed")
    return here


@examples(12, 600)
@given(here=situations())
def test_no_combination_is_better(here: Situation) -> None:
    futures = list(combinations(here))
    back = returns(here, [each.events for each in futures], engine="python")
    keys: dict[str, list[tuple[int, ...]]] = {goal: [] for goal in GOALS}
    for future, came in zip(futures, back, strict=True):
        if came is None:
            continue
        on, minute, uses = here.day_of(came.at), came.at // 60_000_000, len(future.done)
        keys["fastest"].append((minute, future.money, future.effort, uses))
        keys["cheapest"].append((future.money, on, future.effort, uses))
        keys["easiest"].append((future.effort, on, future.money, uses))
    found = outlook(here, engine="python")
    assert bool(found.plans) == bool(keys["fastest"])
    for plan in found.plans:
        on, minute = here.day_of(plan.reopens_at), plan.reopens_at // 60_000_000
        mine = {
            "fastest": (minute, plan.cost, plan.effort),
            "cheapest": (plan.cost, on, plan.effort),
            "easiest": (plan.effort, on, plan.cost),
        }[plan.goal]
        assert mine == min(keys[plan.goal])[:3], plan
        noted(" ".join(sorted({step.lever for step in plan.steps})))
    assert differences(here, sealed(here, found, 3), engine="python") == []
