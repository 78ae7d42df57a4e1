"""What goes through the lending core is done when it is settled, in arrears no more, or paid as far as planned."""

from __future__ import annotations

from creditline.events.event import Event
from creditline.facts.slices import from_events
from creditline.policy import read_policy
from creditline.wayback.plans import Plan, Step
from creditline.wayback.steps import Log, Taken, done_on
from tests.wayback.ways import DAY, LINE, WORDS, event, moment, opened

POLICY = read_policy("""
policy: own
title: {zh: 自有, en: Own}
utc_offset: "+08:00"
facts:
  dpd: {last: arrears.changed.days_past_due}
rules:
  - {code: T01, when: dpd >= 30, then: close, cooling_off: 30d, cure: dpd = 0, reason: {zh: 逾期, en: Late}}
reopen: {when: dpd = 0, limit: limit}
incident: {code: T20, reason: {zh: 修, en: Repair}}
promise: {grace: 3d}
levers:
  pay: {title: {zh: 还清, en: Pay}, does: pay_arrears}
  stay: {title: {zh: 按时, en: On time}, does: keep_instalments}
  settle: {title: {zh: 提前结清, en: Settle}, does: pay_off}
""")
SINCE = moment("2026-03-01 00:00")


def step(on: str, lever: str, amount: int) -> Step:
    return Step(on=on, lever=lever, title=WORDS, amount=amount, chosen=None, repeated=1, answers=("T01",))


PAY, STAY = step("2026-03-05", "pay", 5_000), step("2026-03-20", "stay", 1_000)
SETTLE = step("2026-03-25", "settle", 7_000)
PLAN = Plan("fastest", "2026-04-01", moment("2026-04-01 00:00"), 1, 12_000, 3, (PAY, STAY, SETTLE), (), True)
TAKEN = Taken("e", "seal", SINCE, PLAN, POLICY, "back")
LATE = (opened(SINCE - 90 * DAY), event(SINCE - DAY, "arrears.changed", days_past_due=40, amount=5_000))


def done(asked: Step, *events: Event, t: str = "2026-03-31 00:00") -> int | None:
    every = [*LATE, *events]
    day = done_on(Log(LINE, every, from_events(every)), TAKEN, asked, moment(t))
    return None if day is None else day - SINCE // DAY


def paid(at: str, amount: int) -> Event:
    return event(moment(at), "repayment.received", amount=amount, principal=amount)


def settled(at: str, days_late: int, amount: int = 1_000) -> Event:
    return event(moment(at), "instalment.settled", amount=amount, days_late=days_late)


def test_arrears_are_paid_when_nothing_is_late_or_all_the_money_has_come() -> None:
    assert done(PAY) is None
    assert done(PAY, event(moment("2026-03-06 15:00"), "arrears.changed", days_past_due=0, amount=0)) == 5
    assert done(PAY, event(moment("2026-03-06 15:00"), "arrears.changed", days_past_due=3, amount=50)) is None
    assert done(PAY, paid("2026-03-04 02:00", 2_000), paid("2026-03-05 02:00", 3_000)) == 4
    assert done(PAY, paid("2026-03-04 02:00", 4_999)) is None
    assert done(PAY, paid("2026-02-20 02:00", 5_000)) is None, "paid before the plan was taken up"


def test_an_instalment_is_kept_when_it_is_settled_within_the_grace_of_its_own_day() -> None:
    assert done(STAY, settled("2026-03-20 04:00", 0)) == 19
    assert done(STAY, settled("2026-03-23 04:00", 3)) == 22
    assert done(STAY, settled("2026-03-24 04:00", 4)) is None, "later than the grace"
    assert done(STAY, settled("2026-03-10 04:00", 0)) is None, "another instalment"
    assert done(STAY, settled("2026-03-20 04:00", 0, 999)) is None, "only one of two that fell due"


def test_an_instalment_is_kept_when_the_money_came_though_it_went_to_what_was_late() -> None:
    before = paid("2026-03-05 02:00", 5_000)
    assert done(STAY, before) is None
    assert done(STAY, before, paid("2026-03-20 04:00", 1_000)) == 19


def test_loans_are_paid_off_when_all_the_money_has_come_that_the_plan_asks_for_up_to_then() -> None:
    before = (paid("2026-03-05 02:00", 5_000), paid("2026-03-20 02:00", 1_000))
    assert done(SETTLE, *before, paid("2026-03-24 04:00", 7_000)) == 23
    assert done(SETTLE, *before, paid("2026-03-24 04:00", 6_999)) is None
    cured = event(moment("2026-03-24 04:00"), "arrears.changed", days_past_due=0, amount=0)
    assert done(SETTLE, *before, cured) is None, "no arrears is not paid off"


def test_what_became_known_later_does_not_count_yet() -> None:
    assert done(STAY, settled("2026-03-20 04:00", 0), t="2026-03-20 03:59") is None
