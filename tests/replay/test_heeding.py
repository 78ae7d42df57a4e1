"""Lives held to what is decided on them: the loop itself, with deciders simple enough to see through."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from creditline.events.event import Event
from creditline.events.kinds import ApplicationReceived, DrawBooked, InstalmentSettled
from creditline.replay.heeding import PASSES, Decide, Heeded, heed
from creditline.simulate import Lived, live_again, lives
from creditline.simulate.limits import Limits, first_other
from creditline.simulate.period import DAY

MONTHS = 12


def heeded(seed: int, borrowers: int, decide: Decide, passes: int = PASSES) -> tuple[list[Lived], Heeded]:
    free = list(lives(borrowers, MONTHS, seed))
    return free, heed(free, lambda place, limits: live_again(place, MONTHS, seed, limits), decide, passes=passes)


def applied(events: Sequence[Event]) -> tuple[int, int]:
    event = next(event for event in events if isinstance(event.body, ApplicationReceived))
    assert isinstance(event.body, ApplicationReceived)
    return event.known, event.body.amount


def draws(life: Lived) -> list[Event]:
    return [event for event in life.events if isinstance(event.body, DrawBooked)]


def as_it_was(batch: Sequence[Lived]) -> list[Limits]:
    """Every line is opened at once with what was applied for, and never closed."""
    return [[applied(life.events)] for life in batch]


def nothing_for_anyone(batch: Sequence[Lived]) -> list[Limits]:
    return [()] * len(batch)


def rests_after_draws(every: int, days: int, share: int) -> Decide:
    """After every so many draws the line is closed for some days, and comes back smaller: what draws do to limits."""

    def limits(life: Lived) -> Limits:
        at, amount = applied(life.events)
        steps = [(at, amount)]
        for number, event in enumerate(draws(life), 1):
            if number % every == 0 and event.known > steps[-1][0]:
                amount = amount * share // 100
                steps += [(event.known, 0), (event.known + days * DAY, amount)]
        return steps

    return lambda batch: [limits(life) for life in batch]


def grows_with_record(batch: Sequence[Lived]) -> list[Limits]:
    """Opened with a fifth, a fifth more with each instalment on time: the limit lies before and behind the draws."""
    found: list[Limits] = []
    for life in batch:
        at, amount = applied(life.events)
        steps = [(at, amount // 5)]
        for event in life.events:
            if isinstance(event.body, InstalmentSettled) and not event.body.days_late and event.known > steps[-1][0]:
                steps.append((event.known, min(amount, steps[-1][1] + amount // 5)))
        found.append(steps)
    return found


def punishes_drawing(batch: Sequence[Lived]) -> list[Limits]:
    """Looks ahead, as no policy can: who ever draws gets nothing from the start, who never does gets all."""
    return [() if draws(life) else [applied(life.events)] for life in batch]


def test_where_nothing_stands_in_the_way_nobody_lives_again() -> None:
    free, found = heeded(5, 25, as_it_was)
    assert (found.again, found.cut) == ([], [])
    assert found.lived == free


def test_where_nothing_is_granted_nothing_is_drawn() -> None:
    free, found = heeded(5, 25, nothing_for_anyone)
    assert not found.cut
    assert len(found.again) == 1
    assert found.again[0] == sum(bool(draws(life)) for life in free) > 10
    assert not [event for life in found.lived for event in draws(life)]


@pytest.mark.parametrize("decide", [rests_after_draws(2, 40, 70), grows_with_record, nothing_for_anyone])
def test_what_is_decided_on_the_last_lives_is_what_they_were_held_to(decide: Decide) -> None:
    free, found = heeded(9, 30, decide)
    assert not found.cut
    assert found.limits == decide(found.lived)
    for place, life in enumerate(found.lived):
        assert first_other(life.looks, found.limits[place]) is None
        assert life.events == live_again(place, MONTHS, 9, found.limits[place]).events
        assert life.truth == free[place].truth


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 90), st.integers(0, 130))
@settings(max_examples=15)
def test_closings_that_draws_bring_about_are_heeded(seed: int, every: int, days: int, share: int) -> None:
    decide = rests_after_draws(every, days, share)
    _, found = heeded(seed, 4, decide, passes=40)
    assert not found.cut
    assert found.limits == decide(found.lived)
    assert all(first_other(life.looks, limits) is None for life, limits in zip(found.lived, found.limits, strict=True))


def test_each_pass_lives_again_fewer_and_only_those_that_changed() -> None:
    _, found = heeded(9, 40, rests_after_draws(1, 10, 60))
    assert len(found.again) > 2
    assert list(found.again) == sorted(found.again, reverse=True)


@pytest.mark.parametrize("passes", [0, 1, 2])
def test_what_is_not_settled_in_time_is_cut_short_and_goes_beyond_no_decision(passes: int) -> None:
    """With passes to spare some of these are settled; with too few, drawing ends where it first went otherwise."""
    free, found = heeded(9, 40, rests_after_draws(1, 10, 60), passes)
    assert len(found.again) == passes
    assert found.cut
    for place, life in enumerate(found.lived):
        assert all(look.found <= look.under(found.limits[place]) for look in life.looks)
    settled = heeded(9, 40, rests_after_draws(1, 10, 60))[1]
    for place, life in enumerate(found.lived):
        if place in found.cut:
            assert 0 < len(draws(life)) < len(draws(free[place]))
        else:
            assert life.events == settled.lived[place].events


def test_a_decider_that_looks_ahead_ends_too() -> None:
    free, found = heeded(5, 20, punishes_drawing)
    assert len(found.again) == PASSES
    assert [place for place, life in enumerate(free) if draws(life)] == list(found.cut)
    assert not [event for life in found.lived for event in draws(life)]


def test_more_borrowers_never_change_earlier_ones() -> None:
    decide = rests_after_draws(2, 40, 70)
    _, few = heeded(9, 12, decide)
    _, many = heeded(9, 30, decide)
    assert [life.events for life in many.lived[:12]] == [life.events for life in few.lived]
