"""Each behaviour tells its story: what it says it may be seen as is there, and its truth fits."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from creditline.events.event import Event
from creditline.simulate import PORTFOLIO, Behaviour, Truth, behaviour_named, live
from creditline.simulate.period import ENDS
from creditline.simulate.portfolio import WHOLE, behaviour_at
from tests.simulate.signs import SIGNS, of

LIVES = 12
TRIGGERS = [f"T{number:02d}" for number in range(1, 22)]


@cache
def lives(name: str) -> tuple[tuple[list[Event], Truth], ...]:
    behaviour = behaviour_named(name)
    return tuple(live(behaviour, 18, 3, index) for index in range(LIVES))


def share_showing(trigger: str, behaviour: Behaviour) -> float:
    return sum(SIGNS[trigger](events) for events, _ in lives(behaviour.name)) / LIVES


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_every_trigger_is_provoked_by_a_behaviour_that_says_so(trigger: str) -> None:
    assert any(share_showing(trigger, row) >= 0.5 for row in PORTFOLIO if trigger in row.seen_as)


@pytest.mark.parametrize("trigger", ["T02", "T08", "T15", "T16", "T17", "T19", "T20", "T21"])
def test_plain_steady_borrowers_show_nothing_of_it(trigger: str) -> None:
    assert not any(share_showing(trigger, behaviour_named(name)) for name in ("person.steady", "business.steady-shop"))


@pytest.mark.parametrize("row", PORTFOLIO, ids=lambda row: row.name)
def test_truth_fits_the_behaviour(row: Behaviour) -> None:
    for events, truth in lives(row.name):
        assert (truth.behaviour, truth.party) == (row.name, row.party)
        assert truth.policy == ("consumer-line" if row.party == "person" else "business-line")
        assert {event.line for event in events} == {truth.line}
        if truth.deserves == "keep":
            assert (truth.loss_minor, truth.from_moment, truth.cured_from) == (0, None, None)
        else:
            assert truth.from_moment is not None
            assert truth.from_moment < ENDS
            assert truth.cured_from is None or truth.from_moment < truth.cured_from < ENDS
            assert truth.loss_minor >= 0


@pytest.mark.parametrize("row", PORTFOLIO, ids=lambda row: row.name)
def test_every_behaviour_has_its_story_told(row: Behaviour) -> None:
    assert row.recipe.__doc__
    assert row.share > 0
    assert set(row.seen_as) <= set(SIGNS)


def test_the_portfolio_is_whole_and_mostly_sound() -> None:
    assert WHOLE == 10_000
    assert len({row.name for row in PORTFOLIO}) == len(PORTFOLIO)
    looks_sound = sum(row.share for row in PORTFOLIO if not row.seen_as)
    assert 6_000 <= looks_sound <= 7_500
    counted = Counter(behaviour_at(place).name for place in range(WHOLE))
    assert counted == {row.name: row.share for row in PORTFOLIO}


def test_beyond_the_portfolio_there_is_nothing() -> None:
    with pytest.raises(ValueError, match="beyond"):
        behaviour_at(WHOLE)
    with pytest.raises(KeyError, match=r"person\.steady"):
        behaviour_named("person.saint")


def test_steady_borrowers_are_never_late() -> None:
    for name in ("person.steady", "person.cycler", "person.early-repayer", "business.steady-shop"):
        for events, truth in lives(name):
            assert truth.deserves == "keep"
            assert not of(events, "arrears.changed")
            assert all(body.days_late == 0 for body in of(events, "instalment.settled"))


def test_reformed_borrowers_catch_up_and_stay_on_time() -> None:
    for events, truth in lives("person.late-then-reformed"):
        late = [event for event in events if event.kind == "arrears.changed"]
        assert max(event.body.days_past_due for event in late) >= 12  # type: ignore[attr-defined]
        assert late[-1].body.days_past_due == 0  # type: ignore[attr-defined]
        assert truth.cured_from is not None
        after = [event for event in events if event.at > truth.cured_from]
        assert all(body.days_late == 0 for body in of(after, "instalment.settled"))


def test_defaulters_never_come_back() -> None:
    for events, truth in lives("person.defaulter"):
        assert truth.deserves == "close"
        assert truth.cured_from is None
        assert truth.loss_minor > 0
        behind = of(events, "arrears.changed")
        assert max(body.days_past_due for body in behind) > 90
        assert behind[-1].days_past_due > 90 or of(events, "loan.written_off")


def test_one_outage_one_night_repaired_for_some_and_not_for_all() -> None:
    nights: set[int] = set()
    repaired = Counter[bool]()
    for events, truth in lives("person.mistaken-victim"):
        wrong = [event for event in events if event.kind == "arrears.changed"]
        assert truth.deserves == "keep"
        assert wrong
        nights.update((event.at + 9 * 3_600_000_000) // 86_400_000_000 for event in wrong)
        voided = {body.event for body in of(events, "event.voided")}
        assert voided in (set(), {event.id for event in wrong})
        assert len(of(events, "incident.declared")) == len(of(events, "incident.closed")) == bool(voided)
        repaired[bool(voided)] += 1
    assert len(nights) == 1
    assert repaired[True] > 0
    assert repaired[False] > 0


def test_what_deserves_closing_for_a_time_is_mended_within_the_period() -> None:
    for name in ("person.many-lenders", "person.risky-tie", "person.refinancer", "business.dealer-who-mends"):
        assert all(truth.cured_from for _, truth in lives(name))


def test_businesses_ask_for_the_line_back_once_mended() -> None:
    for events, truth in lives("business.dealer-who-mends"):
        asked = [event.at for event in events if event.kind == "reopen.requested"]
        assert truth.cured_from is not None
        assert asked
        assert min(asked) > truth.cured_from
