"""Limits in force: what a borrower may draw at a moment, and lives held to them."""

from __future__ import annotations

from bisect import bisect_left

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from creditline.events.kinds import DrawBooked, RepaymentReceived
from creditline.simulate import PORTFOLIO, Behaviour, behaviour_named, live_again, live_whole, lives
from creditline.simulate.limits import ASKED_BEFORE, Limits, Look, first_other, in_force, room
from creditline.simulate.period import DAY, SECOND, Period

STARTS = Period.of(12).midnight(0)


@st.composite
def some_limits(draw: st.DrawFn) -> Limits:
    """Limits that come and go over a year."""
    days = sorted(draw(st.sets(st.integers(0, 364), max_size=8)))
    amounts = st.sampled_from((0, 0, 100_000, 600_000, 1_500_000, 4_000_000, 20_000_000))
    return [(STARTS + day * DAY + 7, draw(amounts)) for day in days]


def test_a_limit_counts_after_its_moment_and_a_lower_one_at_once() -> None:
    limits = [(1_000 * SECOND, 500), (5_000 * SECOND, 300), (9_000 * SECOND, 0), (9_030 * SECOND, 400)]
    opened, lowered, closed, again = (at for at, _ in limits)
    assert in_force([], opened) == in_force(limits, opened) == in_force(limits, opened + ASKED_BEFORE) == 0
    assert in_force(limits, opened + ASKED_BEFORE + 1) == 500
    assert in_force(limits, lowered) == 500
    assert in_force(limits, lowered + 1) == 300
    assert in_force(limits, closed + 1) == 0
    assert in_force(limits, again + ASKED_BEFORE) == 0
    assert in_force(limits, again + ASKED_BEFORE + 1) == 400


@given(some_limits(), st.integers(0, 366 * DAY))
def test_the_limit_of_a_draw_is_the_least_of_the_minute_before(limits: Limits, after: int) -> None:
    at = STARTS + after

    def just_before(moment: int) -> int:
        place = bisect_left([begins for begins, _ in limits], moment)
        return limits[place - 1][1] if place else 0

    asked = range(at - ASKED_BEFORE, at + 1, SECOND)
    changes = (begins + 1 for begins, _ in limits if at - ASKED_BEFORE <= begins < at)
    assert in_force(limits, at) == min(map(just_before, (*asked, *changes)))


def test_there_is_never_less_than_nothing() -> None:
    assert (room(500, 200), room(500, 200, 250), room(500, 200, 900), room(100, 200)) == (300, 250, 300, 0)
    assert Look(STARTS, 200, 250, 250).under([(STARTS - DAY, 400)]) == 200


@pytest.mark.parametrize("row", PORTFOLIO, ids=lambda row: row.name)
def test_every_behaviour_draws_within_its_limits_and_is_itself_until_a_draw_goes_otherwise(row: Behaviour) -> None:
    free = live_whole(row, 12, 3)
    limits = [(STARTS + 100 * DAY, 1_000_000), (STARTS + 200 * DAY, 0), (STARTS + 280 * DAY, 700_000)]
    held = live_whole(row, 12, 3, limits=limits)
    owed = 0
    for event in held.events:
        if isinstance(event.body, DrawBooked):
            owed += event.body.amount
            assert owed <= in_force(limits, event.at)
        elif isinstance(event.body, RepaymentReceived):
            owed -= event.body.principal
        elif event.kind == "loan.written_off":
            owed = 0
    other = first_other(free.looks, limits)
    if other is None:
        assert held.events == free.events
        return
    # A draw is asked for up to a minute before; the next one may have been, already.
    until = other.at - ASKED_BEFORE
    before = [event for event in free.events if event.at < until]
    assert before == [event for event in held.events if event.at < until]
    assert [look for look in held.looks if look.at < other.at] == [look for look in free.looks if look.at < other.at]


def test_who_can_draw_nothing_goes_on_living_otherwise() -> None:
    free = live_whole(behaviour_named("person.steady"), 12, 3)
    held = live_whole(behaviour_named("person.steady"), 12, 3, limits=[])
    gone = {"draw.requested", "draw.booked", "repayment.received", "instalment.settled"}
    kinds = {event.kind for event in held.events}
    assert gone <= {event.kind for event in free.events}
    assert not gone & kinds
    assert {"income.received", "login.recorded", "bureau.reported", "statement.closed"} <= kinds
    assert not held.account.loans


def test_nobody_asks_for_the_end_of_a_line_that_was_never_granted() -> None:
    leaver = behaviour_named("person.leaver")
    ends = [index for index in range(6) if any(e.kind == "line.ended" for e in live_whole(leaver, 18, 3, index).events)]
    assert ends
    for index in ends:
        assert not [e for e in live_whole(leaver, 18, 3, index, limits=[]).events if e.kind == "line.ended"]


def test_without_limits_the_life_is_that_of_the_stream() -> None:
    for index, lived in enumerate(lives(5, 6, 11)):
        assert live_again(index, 6, 11, None).events == lived.events


@given(st.integers(0, 2**32 - 1), some_limits())
@settings(max_examples=25)
def test_a_life_without_another_look_is_the_one_lived_under_those_limits(seed: int, limits: Limits) -> None:
    held = live_again(0, 12, seed, limits)
    assert first_other(held.looks, limits) is None
    free = live_again(0, 12, seed, None)
    if first_other(free.looks, limits) is None:
        assert free.events == held.events
