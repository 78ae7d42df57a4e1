"""What the log says of a simulated line makes the account its borrower lived with, to the minor unit and the day."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from creditline.events.event import Event
from creditline.events.kinds import ArrearsChanged, DrawBooked, DrawRequested, EventVoided, InstalmentSettled
from creditline.lending.account import Account, Arrears
from creditline.lending.derived import corrections, derive
from creditline.lending.operations import build, local_day, operations, pending
from creditline.lending.product import Product, load_product, shipped_products
from creditline.simulate import PORTFOLIO, Behaviour, Lived, behaviour_named, live_whole, lives
from creditline.simulate.behaviours.outside import outage_night
from creditline.simulate.period import DAY, ENDS, HOUR, OFFSET, SECOND, Period

LAST = local_day(ENDS - 1, OFFSET)
LATE_NEWS = 3
"""Days at the end whose arrears may become known after it."""


@cache
def products() -> dict[str, Product]:
    loaded = [load_product(name) for name in shipped_products()]
    return {f"{product.name}@{product.version}": product for product in loaded}


def books(account: Account) -> dict[int, int]:
    return {code: amount for code, amount in account.balances().items() if amount}


def said_at_day_ends(events: list[Event]) -> list[tuple[int, Arrears]]:
    """The arrears written at a day's last microsecond; what the faulty core writes in the outage is not among them."""
    return [
        (local_day(event.at, OFFSET), Arrears(event.body.days_past_due, event.body.amount))
        for event in events
        if isinstance(event.body, ArrearsChanged) and (event.at + OFFSET + 1) % DAY == 0
    ]


def check(lived: Lived) -> None:
    """Books, arrears of every day, and settled instalments, from the events alone."""
    events, truth, account, _ = lived
    moves = operations(events, products(), OFFSET)
    again, skipped = build(truth.line, moves, LAST)
    account.advance(LAST)
    assert not skipped
    assert not pending(events)
    assert books(again) == books(account)
    assert (again.owed, again.credit, again.arrears()) == (account.owed, account.credit, account.arrears())
    assert again.settled == account.settled
    assert [
        (local_day(event.at, OFFSET), event.body.amount, event.body.days_late)
        for event in events
        if isinstance(event.body, InstalmentSettled)
    ] == [(each.day, each.amount, each.days_late) for each in account.settled]
    path = [
        (each.day, Arrears(each.body.days_past_due, each.body.amount))
        for each in derive(truth.line, moves, LAST).derived
        if isinstance(each.body, ArrearsChanged)
    ]
    said = said_at_day_ends(events)
    assert [each for each in path if each[0] <= LAST - LATE_NEWS] == [
        each for each in said if each[0] <= LAST - LATE_NEWS
    ]
    assert set(said) <= set(path)


@pytest.mark.parametrize("row", PORTFOLIO, ids=lambda row: row.name)
def test_every_behaviours_events_make_its_account(row: Behaviour) -> None:
    for index in range(4):
        check(live_whole(row, 18, 3, index))


@given(st.integers(0, 2**32 - 1), st.integers(1, 30))
@settings(max_examples=40)
def test_any_seeds_events_make_its_accounts(seed: int, months: int) -> None:
    for lived in lives(3, months, seed):
        check(lived)


@given(st.integers(0, 2**32 - 1), st.sampled_from(PORTFOLIO), st.lists(st.integers(0, 9), min_size=18, max_size=18))
@settings(max_examples=60)
def test_lives_held_to_limits_make_their_accounts_too(seed: int, row: Behaviour, each_month: list[int]) -> None:
    """A limit for every month, half of the time none; the day end has nothing to put right there either."""
    period = Period.of(18)
    amounts = [max(0, level - 4) * 800_000 for level in each_month]
    limits = [(period.midnight(first), amount) for first, amount in zip(period.firsts, amounts, strict=False)]
    lived = live_whole(row, 18, seed, limits=limits)
    check(lived)
    if not row.name.endswith("mistaken-victim"):
        until = LAST - LATE_NEWS
        wanted = derive(lived.truth.line, operations(lived.events, products(), OFFSET), until).derived
        assert corrections(lived.events, wanted, until=until, offset=OFFSET, now=ENDS) == []


@pytest.mark.parametrize("row", PORTFOLIO, ids=lambda row: row.name)
def test_the_day_end_has_nothing_to_put_right_but_the_outage(row: Behaviour) -> None:
    for index in range(2):
        events, truth, *_ = live_whole(row, 18, 3, index)
        until = LAST - LATE_NEWS
        wanted = derive(truth.line, operations(events, products(), OFFSET), until).derived
        found = corrections(events, wanted, until=until, offset=OFFSET, now=ENDS)
        voided = {event.body.event for event in events if isinstance(event.body, EventVoided)}
        wrong = {event.id for event in events if event.kind == "arrears.changed"} - voided
        by_mistake = wrong if row.name.endswith("mistaken-victim") else set()
        assert {event.body.event for event in found if isinstance(event.body, EventVoided)} == by_mistake
        assert len(found) == len(by_mistake)


def test_every_draw_is_asked_for_a_moment_before_it_is_booked() -> None:
    for name in ("person.cycler", "person.burst-and-gone", "business.steady-shop"):
        events, *_ = live_whole(behaviour_named(name), 18, 3)
        asked = {event.body.loan: event for event in events if isinstance(event.body, DrawRequested)}
        booked = {event.body.loan: event for event in events if isinstance(event.body, DrawBooked)}
        assert asked.keys() == booked.keys()
        for loan, event in booked.items():
            request = asked[loan or ""]
            assert 5 * SECOND <= event.at - request.at <= 60 * SECOND
            assert isinstance(request.body, DrawRequested)
            assert isinstance(event.body, DrawBooked)
            assert request.body.amount == event.body.amount


@pytest.mark.parametrize(
    ("name", "product"),
    [
        ("person.steady", "consumer-instalment"),
        ("person.early-repayer", "consumer-any-day"),
        ("business.steady-shop", "business-instalment"),
        ("business.seasonal-shop", "business-interest-first"),
    ],
)
def test_every_shipped_product_is_drawn_on_by_those_it_is_for(name: str, product: str) -> None:
    events, *_ = live_whole(behaviour_named(name), 18, 3)
    assert {event.body.product.partition("@")[0] for event in events if isinstance(event.body, DrawRequested)} == {
        product
    }


def test_what_is_half_a_year_behind_is_written_off_and_stays_behind() -> None:
    seen = 0
    for index in range(8):
        events, _, account, _ = live_whole(behaviour_named("person.defaulter"), 18, 3, index)
        lost = [event for event in events if event.kind == "loan.written_off"]
        if not lost:
            continue
        seen += 1
        assert len(lost) == sum(loan.is_written_off for loan in account.loans.values())
        assert account.arrears().amount == sum(loan.claim for loan in account.loans.values()) > 0
        behind = [each for day, each in said_at_day_ends(events) if day < local_day(lost[0].at, OFFSET)]
        assert behind[-1].days_past_due == 180
        assert account.owed == 0
        assert not [event for event in events if event.at > lost[0].at and event.kind == "draw.requested"]
    assert seen


def test_the_outages_arrears_are_no_day_ends() -> None:
    night = outage_night(Period.of(18))
    events, _, account, _ = live_whole(behaviour_named("person.mistaken-victim"), 18, 3)
    wrong = [event for event in events if event.kind == "arrears.changed"]
    assert all(0 <= event.at - night <= 3 * HOUR for event in wrong)
    assert account.arrears() == Arrears(0, 0)
    assert said_at_day_ends(events) == []
