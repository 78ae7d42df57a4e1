"""Triggers of the shipped consumer policy before they fire: how near, on which day, what prevents it, how much room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from creditline.events.event import Event
from creditline.lending.derived import end_of_day
from creditline.lending.operations import local_day
from creditline.lending.terms import date_of
from creditline.policy import Policy, load_policy, read_policy
from creditline.service.dayend import day_end
from creditline.service.lending import book_draw, products_of, request_draw
from creditline.store import Home
from creditline.wayback.ahead import Hit, first_of, life, nothing_done
from creditline.wayback.loans import Loans
from creditline.wayback.moves import Done, Use, carried_out, on_days
from creditline.wayback.nearness import Nearness, Trigger, nearness_of
from creditline.wayback.room import acts
from creditline.wayback.situation import Situation
from tests.service.lent import OFFSET, OPENED, PRODUCT, day_of, open_line, publish
from tests.service.lent import moment as moment_of
from tests.wayback.ways import DAY, HOUR, LINE, bureau, event, moment, situation_of

POLICY = load_policy("consumer-line")
START = moment("2026-01-10 04:00")
"""Noon of 10 January where the policy is at home."""
LIMIT = 2_000_000
"""20,000.00."""


def line(*events: Event, income: int | None = 1_000_000) -> list[Event]:
    """A line opened on 10 January for somebody who works and lets everything be read."""
    consents = [
        event(START - 10 + number, "consent.given", name=f"c{number}", data_source=source)
        for number, source in enumerate(("bureau", "score", "bank"))
    ]
    profile = event(START, "profile.updated", employment="employed", monthly_income=income)
    return [*consents, profile, event(START - 1, "line.opened", limit=LIMIT), *events]


def near(events: Sequence[Event], now: int, within: int = 90 * DAY, policy: Policy = POLICY) -> Nearness:
    return nearness_of(situation_of(policy, events, now), within, engine="python")


def of(told: Nearness, code: str) -> Trigger:
    return next(each for each in told.triggers if each.rule.code == code)


def draw(at: int, amount: int) -> Event:
    return event(at, "draw.booked", amount=amount)


def repayment(at: int, amount: int = 100, *, early: bool = False) -> Event:
    return event(at, "repayment.received", amount=amount, principal=amount, early=early)


def hits(situation: Situation, future: Sequence[Event], until: int) -> tuple[Hit, ...]:
    return life(situation, future, until, "python")


def check_room(told: Nearness, code: str, room_of: int = 0) -> None:
    """What is told fires; one draw less, or one cent less, does not."""
    found, situation = of(told, code).rooms[room_of], told.situation
    assert found.count is not None

    def fires(count: int, amount: int) -> bool:
        if count == 0:
            return False
        future = acts(situation, found.act, count, amount, after=found.after)
        return first_of(hits(situation, future, future[-1].at + 1), code) is not None

    amount = found.amount or 0
    assert fires(found.count, amount)
    assert not fires(found.count - 1, amount)
    if found.amount is not None and found.amount > found.count:
        assert not fires(found.count, found.amount - 1)


def without(lever: str, next_one: str) -> Policy:
    """The shipped policy but for one lever, behind which another stands."""
    before, rest = POLICY.text.split(f"\n  {lever}:\n")
    return read_policy(f"{before}\n  {next_one}:\n" + rest.split(f"\n  {next_one}:\n")[1])


# -- T11: the profile grows old


def test_a_profile_grows_old_to_the_day_and_renewing_it_prevents_that() -> None:
    told = near(line(), START + 310 * DAY)
    old = of(told, "T11")
    assert (old.nearness, old.comparisons[0].missing) == (Fraction(310, 366), 56)
    assert told.first == old.hit
    assert old.hit is not None
    assert (old.hit.at, old.hit.action, old.hit.codes) == (START + 366 * DAY, "freeze", ("T11",))
    assert hits(told.situation, nothing_done(told.situation).events, old.hit.at - 1) == ()
    assert old.answer == "levers"
    assert old.prevention is not None
    assert [(step.lever.name, step.day) for step in old.prevention.steps] == [
        ("renew_profile", told.situation.today + 1)
    ]
    assert (old.prevention.money, old.prevention.next) == (0, None)


def test_a_lever_that_opens_later_is_told_with_the_day_it_opens_on() -> None:
    """A profile may be renewed once it is more than 300 days old."""
    told = near(line(), START + 200 * DAY)
    old = of(told, "T11")
    assert old.answer == "opening"
    assert old.prevention is not None
    assert old.prevention.opens == local_day(START + 301 * DAY, OFFSET)
    assert [(step.lever.name, step.day) for step in old.prevention.steps] == [
        ("renew_profile", old.prevention.opens + 1)
    ]


def test_where_the_policy_has_no_lever_nothing_prevents_it() -> None:
    bare = without("renew_profile", "prove_work")
    assert of(near(line(), START + 310 * DAY, policy=bare), "T11").answer == "never"


def test_it_must_stay_away_for_as_long_as_is_asked() -> None:
    """Renewed tomorrow a profile is old again 366 days later: 310 days after the day it would have been."""
    now = START + 310 * DAY
    assert of(near(line(), now, within=309 * DAY), "T11").answer == "levers"
    assert of(near(line(), now, within=312 * DAY), "T11").answer == "never"


# -- T04 to T07: what the borrower draws and pays back


def redrawn(times: int, amount: int) -> list[Event]:
    """Paid back a little and drawn again within a day, so many times, a day after each other."""
    found = []
    for number in range(times):
        at = START + (20 + number * 3) * DAY
        found += [repayment(at), draw(at + HOUR, amount)]
    return found


def test_quick_cycles_tell_how_many_more_draws_and_for_how_much() -> None:
    events = line(draw(START + DAY, 500_000), *redrawn(2, 100_000))
    told = near(events, START + 29 * DAY)
    cycles = of(told, "T04")
    assert cycles.nearness == min(Fraction(2, 4), Fraction(700_000, 1_600_001))
    assert [each.missing for each in cycles.comparisons] == [2, 900_001, 0]
    assert (cycles.hit, cycles.answer, cycles.on_draws) == (None, "idle", True)
    (room,) = cycles.rooms
    assert (room.count, room.amount, room.count_alone) == (2, 900_001, None)
    assert (room.after, room.within, room.drawable) == (True, 48 * HOUR, LIMIT - 700_000 + 200)
    check_room(told, "T04")


def test_room_that_is_more_than_can_be_drawn_is_told_as_none_to_fear() -> None:
    told = near(line(draw(START + DAY, 100_000)), START + 2 * DAY)
    (room,) = of(told, "T07").rooms
    assert (room.count, room.amount, room.drawable) == (None, None, 1_900_000)


def test_a_burst_tells_its_draws_and_their_sum() -> None:
    now = START + 20 * DAY
    told = near(line(draw(now - DAY, 100_000), draw(now - HOUR, 100_000)), now)
    (room,) = of(told, "T05").rooms
    assert (room.count, room.amount, room.after) == (3, 1_200_001, False)
    assert of(told, "T05").nearness == Fraction(200_000, 1_400_001)
    check_room(told, "T05")


def test_draws_against_income_tell_the_amount_to_the_cent() -> None:
    wages = [event(START + number * 30 * DAY + 7, "income.received", amount=100_000) for number in range(3)]
    now = START + 70 * DAY
    told = near(line(*wages, draw(now - DAY, 500_000), income=100_000), now)
    (room,) = of(told, "T07").rooms
    assert (room.count, room.amount, room.count_alone) == (1, 400_001, None)
    assert of(told, "T07").nearness == Fraction(500_000, 900_001)
    check_room(told, "T07")


def test_early_repayments_tell_how_many_more() -> None:
    now = START + 20 * DAY
    acts_so_far = [draw(now - 2 * DAY, 100_000), *[repayment(now - DAY + n, early=True) for n in range(4)]]
    told = near(line(*acts_so_far), now)
    early = of(told, "T06")
    (room,) = early.rooms
    assert early.nearness == Fraction(4, 6)
    assert (room.act, room.count, room.within) == ("early_repayment", 2, 72 * HOUR)
    check_room(told, "T06")


def test_a_stopped_line_has_no_room_and_its_reason_stands() -> None:
    told = near(line(), START + 370 * DAY)
    old = of(told, "T11")
    assert told.situation.status == "frozen"
    assert (old.stands, old.fires, old.nearness, old.answer) == (True, True, Fraction(1), "stands")
    assert [each.rooms for each in told.triggers] == [()] * len(told.triggers)


def test_a_rule_that_fires_while_people_keep_the_line_open_is_told_with_the_day_that_ends() -> None:
    kept: dict[str, Any] = {"author": "A", "approver": "B", "reason": "known"}
    granted = event(START + 360 * DAY, "override.granted", expires_at=START + 400 * DAY, **kept)
    told = near(line(granted), START + 370 * DAY)
    old = of(told, "T11")
    assert (told.situation.status, old.fires, old.stands, old.nearness) == ("open", True, False, Fraction(1))
    assert old.hit is not None
    assert (old.hit.at, old.answer) == (START + 400 * DAY, "levers")


def test_a_rule_whose_source_is_under_repair_is_held() -> None:
    fault = event(START + 360 * DAY, "incident.declared", data_source="profile", reference="I1")
    old = of(near(line(fault), START + 370 * DAY), "T11")
    assert (old.held, old.fires, old.nearness, old.hit) == (True, False, Fraction(1), None)


# -- T03, T09, T10


def test_debts_against_a_fallen_income_are_prevented_by_closing_enough_of_them() -> None:
    """Wages of 10,000.00 become 200.00; 4,000.00 owed to five lenders is more than twelve months of that."""
    wages = [
        event(START + number * 30 * DAY + 7, "income.received", amount=amount)
        for number, amount in enumerate((1_000_000, 1_000_000, 20_000))
    ]
    now = START + 61 * DAY
    told = near(line(*wages, bureau(START + 55 * DAY, lenders=5, balance=400_000)), now)
    debts = of(told, "T03")
    assert debts.nearness == max(Fraction(5, 6), Fraction(400_000, 12_000_001))
    assert debts.hit is not None
    assert debts.hit.at == START + 120 * DAY + 7
    assert hits(told.situation, nothing_done(told.situation).events, debts.hit.at - 1) == ()
    assert debts.answer == "levers"
    found = debts.prevention
    assert found is not None
    assert [(step.lever.name, step.chosen, step.amount) for step in found.steps] == [
        ("close_debts_elsewhere", 2, 160_000)
    ]
    # With means of 4,000.00 a month, 1,600.00 are there after twelve days.
    assert found.steps[0].day == told.situation.today + 12
    fewer = carried_out(told.situation, [Use(found.steps[0].lever, 1, money=80_000)])
    assert fewer is not None
    assert first_of(hits(told.situation, fewer.events, found.until), "T03") is not None
    assert first_of(hits(told.situation, on_days_of(told.situation, found.uses), found.until), "T03") is None


def on_days_of(situation: Situation, done: Sequence[Done]) -> Sequence[Event]:
    future = on_days(situation, done)
    assert future is not None
    return future.events


def test_a_falling_score_is_nearer_with_every_fall_and_does_not_come_by_itself() -> None:
    def after(*scores: int) -> Trigger:
        reports = [event(START + (n + 1) * DAY, "score.reported", score=score) for n, score in enumerate(scores)]
        return of(near(line(*reports), START + 9 * DAY), "T09")

    shares = [after(660, 640).nearness, after(660, 640, 620).nearness, after(660, 640, 620, 590).nearness]
    assert shares == [Fraction(1, 4), Fraction(2, 4), Fraction(3, 4)]
    assert (after(660, 640, 620, 590).hit, after(660, 640, 620, 590).answer) == (None, "idle")
    assert after(660, 640, 620, 605, 601).nearness == Fraction(1000 - 601, 1000 - 599)


def test_points_tell_how_far_they_are_and_how_much_may_be_drawn() -> None:
    """A low score elsewhere and much owed: from 41.8% of the limit on the line would be closed."""
    wages = [event(START + number * 30 * DAY + 7, "income.received", amount=1_000_000) for number in range(3)]
    now = START + 70 * DAY
    reports = [
        bureau(now - DAY, lenders=5, balance=10_000_000, inquiries_30d=3),
        event(now - DAY + 1, "score.reported", score=500),
    ]
    told = near(line(*wages, *reports), now)
    points = of(told, "T10")
    card = POLICY.scorecard
    assert card is not None
    assert points.comparisons[0].value == 547
    assert points.comparisons[0].missing == 28
    assert points.nearness == Fraction(card.highest - 547, card.highest - 519)
    (room,) = points.rooms
    assert (room.count, room.amount) == (1, 836_000)
    check_room(told, "T10")


# -- T01: arrears on the line's own loans


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """12,000.00 drawn on 5 January over six months, the first instalment of 2,067.54 due on the 15th."""
    with Home.open(tmp_path / "home") as opened:
        publish(opened)
        name = open_line(opened, LINE)
        opened.append([event(OPENED, "line.opened", limit=LIMIT)])
        agreed = request_draw(opened, name, 1_200_000, PRODUCT, 6, due_day=15, now=moment_of("2026-01-05"))
        book_draw(opened, name, agreed.loan, now=moment_of("2026-01-05"))
        yield opened


def lent(home: Home, now: int, within: int = 90 * DAY, policy: Policy = POLICY) -> Nearness:
    events = list(home.events(LINE))
    products = products_of(home)

    def loans_of(seen: Sequence[Event], at: int) -> Loans:
        return Loans(LINE, seen, products, OFFSET, at)

    plain = situation_of(policy, events, now)
    situation = Situation(LINE, policy, now, plain.events, plain.slices, plain.state, loans_of(events, now))
    return nearness_of(situation, within, loans_of=loans_of, engine="python")


def test_arrears_to_come_are_told_both_ways_and_kept_instalments_prevent_them(home: Home) -> None:
    told = lent(home, moment_of("2026-01-08"))
    frozen, closed = of(told, "T01F"), of(told, "T01")
    assert frozen.hit is not None
    assert closed.hit is not None
    assert frozen.hit.at == end_of_day(day_of("2026-01-19"), OFFSET)
    assert (closed.hit.at, closed.hit.action) == (end_of_day(day_of("2026-02-14"), OFFSET), "close")
    assert closed.after == frozen.hit == told.first
    assert (told.has_loans, told.kept, frozen.kept, closed.kept) == (True, None, None, None)
    for each in (frozen, closed):
        assert each.answer == "levers"
        assert each.prevention is not None
        assert [done.use.lever.name for done in each.prevention.uses] == ["keep_instalments"]
        first = each.prevention.steps[0]
        assert (str(date_of(first.day)), first.amount) == ("2026-01-15", 206_754)
        assert each.prevention.money == 0


def test_who_is_behind_must_pay_what_is_overdue_and_keep_what_comes(home: Home) -> None:
    day_end(home, day_of("2026-01-17"), now=moment_of("2026-01-18", 1))
    told = lent(home, moment_of("2026-01-18"))
    frozen = of(told, "T01F")
    assert frozen.nearness == Fraction(2, 4)
    assert frozen.hit is not None
    assert frozen.hit.at == end_of_day(day_of("2026-01-19"), OFFSET)
    assert frozen.kept is None
    found = frozen.prevention
    assert found is not None
    assert [done.use.lever.name for done in found.uses] == ["pay_arrears", "keep_instalments"]
    assert (str(date_of(found.steps[0].day)), found.steps[0].amount) == ("2026-01-19", found.money)
    assert found.money > 206_754
    for done in found.uses:
        assert first_of(hits(told.situation, on_days_of(told.situation, [done]), found.until), "T01F") is not None


def test_arrears_that_can_be_paid_only_once_they_are_there_are_told_with_that_day(home: Home) -> None:
    policy = without("keep_instalments", "close_debts_elsewhere")
    frozen = of(lent(home, moment_of("2026-01-08"), 20 * DAY, policy), "T01F")
    assert frozen.answer == "opening"
    found = frozen.prevention
    assert found is not None
    assert found.opens == day_of("2026-01-17")
    assert [(str(date_of(step.day)), step.lever.name) for step in found.steps] == [("2026-01-18", "pay_arrears")]
    assert found.steps[0].amount == found.money > 206_754
    assert of(lent(home, moment_of("2026-01-08"), 90 * DAY, policy), "T01F").answer == "never"
