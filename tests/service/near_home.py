"""A home with lines that something is coming for: with and without loans, on time, behind, closed, frozen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from creditline.clock import DAY
from creditline.events.event import Event
from creditline.service.dayend import day_end
from creditline.service.lending import book_draw, request_draw
from creditline.service.run import run_home
from creditline.store import Home
from tests.service.lent import OPENED, PRODUCT, day_of, decide, moment, publish
from tests.wayback.ways import event

POLICY = """
policy: trial
title: {zh: 试, en: Trial}
currency: CNY
utc_offset: "+08:00"
consents: [bureau]
facts:
  dpd:         {last: arrears.changed.days_past_due}
  lenders:     {last: bureau.reported.lenders_with_balance, no_older_than: 60d}
  profile_age: {age: profile.updated}
  income_90d:  {sum: income.received.amount, window: 90d}
  seen_ever:   {count: income.received}
  months:      {months: statement.closed, holds: months_behind = 0}
rules:
  - {code: T21, when: months >= 40, then: terminate, reason: {zh: 满, en: Long enough}}
  - {code: T01, when: dpd >= 30, then: close, cooling_off: 60d, cure: dpd = 0, reason: {zh: 久逾, en: Long overdue}}
  - {code: T01F, when: dpd >= 4, then: freeze, reason: {zh: 逾期, en: Overdue}}
  - {code: T11, when: profile_age > 100, then: freeze, reason: {zh: 旧, en: Old profile}}
  - {code: T12, when: seen_ever > 0 and income_90d < 3000, then: limit, limit: 0.5 * limit, not_within: 30d,
     reason: {zh: 收入, en: Less income}}
reopen: {when: limit > 0, limit: limit, probation: 30d}
incident: {code: T20, reason: {zh: 修, en: Repair}}
coming: {income.received: 20d, bureau.reported: 10d}
levers:
  pay: {title: {zh: 还, en: Pay what is overdue}, when: dpd > 0, does: pay_arrears}
  keep: {title: {zh: 按期, en: Keep instalments}, does: keep_instalments}
  renew: {title: {zh: 更新, en: Renew}, money: 12.5, says: [profile.updated: {}]}
"""
NOW = moment("2026-03-01")
LIMIT = 5_000_000


def known(line: str, kind: str, at: int, **says: Any) -> Event:
    made = event(at, kind, name=f"{line}-{kind}-{at}", **says)
    return Event(made.id, line, at, at, made.body)


def a_home(made: Home, folder: Path) -> None:
    """Lines by name: quiet, lent on and on time, late, poor with an income that shrinks, shut, and old, frozen."""
    (folder / "trial.yaml").write_text(POLICY, "utf-8")
    publish(made)
    for number, line in enumerate(("quiet", "lent", "late", "poor", "shut", "old")):
        made.append([known(line, "line.opened", OPENED + number, limit=LIMIT)])
        age = {"old": 200, "quiet": 10}.get(line, 40 + number)
        made.append([known(line, "profile.updated", NOW - age * DAY - 5, employment="employed")])
        decide(made, line)
    for line, day in (("lent", "2026-02-10"), ("late", "2026-01-20")):
        agreed = request_draw(made, line, 600_000, PRODUCT, 6, due_day=15, now=moment(day))
        book_draw(made, line, agreed.loan, now=moment(day))
    made.append([known("poor", "income.received", NOW - 80 * DAY + n * DAY, amount=90_000) for n in range(4)])
    made.append([known("poor", "income.received", NOW - 5 * DAY, amount=2_000)])
    made.append([known("shut", "arrears.changed", NOW - 9 * DAY, days_past_due=40, amount=1)])
    made.append([known("quiet", "income.received", NOW - 7 * DAY, amount=900_000)])
    day_end(made, day_of("2026-02-28"), now=moment("2026-03-01", 1))
    run_home(made, folder / "trial.yaml", until=NOW)
