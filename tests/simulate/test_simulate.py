"""Seeds, sizes and sanity: same seed same figures, earlier borrowers unmoved, every event valid."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable
from itertools import groupby, islice, pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from creditline.events.event import Event
from creditline.events.kinds import KINDS, SOURCES, Kind
from creditline.facts.slices import from_events
from creditline.simulate import digest, simulate, stream
from creditline.simulate.chance import Chance
from creditline.simulate.period import DAY, ENDS, Period

FORTY_BORROWERS_OF_SEED_7 = "8192a2c467dcf555852865bfe3d84b01dda9d88d8f7bac6184ccf8ade7059cca"
"""Changes only when the meaning of a seed changes, or a shipped product does, whose version draws name: say so in the
changelog then."""

BEFORE_ANY_LINE = {"party.identified", "profile.updated", "consent.given", "login.recorded", "income.received",
                   "bureau.reported", "score.reported", "business.reported"}  # fmt: skip


def by_line(events: Iterable[Event]) -> list[tuple[str, list[Event]]]:
    return [(line, list(rows)) for line, rows in groupby(events, key=lambda event: event.line)]


def check_line(events: list[Event]) -> None:
    """All that must hold for one line's events."""
    assert all(a.at < b.at for a, b in pairwise(events))
    assert all(event.at <= event.known < ENDS for event in events)
    assert len({event.id for event in events}) == len(events)
    begins = next(place for place, event in enumerate(events) if event.body.begins_line)
    assert {event.kind for event in events[:begins]} <= BEFORE_ANY_LINE
    check_account(events)
    check_voids(events)


def check_account(events: list[Event]) -> None:
    owed, amount = 0, 0
    for event in events:
        body: Kind = event.body
        match event.kind:
            case "application.received" if not amount:
                amount = msgspec.structs.asdict(body)["amount"]
            case "draw.booked":
                owed += msgspec.structs.asdict(body)["amount"]
            case "repayment.received":
                paid = msgspec.structs.asdict(body)
                assert paid["principal"] <= paid["amount"]
                owed -= paid["principal"]
            case "loan.written_off":
                owed = 0  # a line is written off whole
            case "statement.closed":
                # Interest, fees and penalty that have fallen due come on top; test_rebuilt has the figure itself.
                assert msgspec.structs.asdict(body)["balance"] >= owed
        assert 0 <= owed <= max(amount, 0)


def check_voids(events: list[Event]) -> None:
    ids = {event.id: event for event in events}
    for event in events:
        if event.kind == "event.voided":
            target = ids[msgspec.structs.asdict(event.body)["event"]]
            assert target.known <= event.at
            assert target.kind != "event.voided"


def test_same_seed_same_figures_on_every_machine() -> None:
    assert digest(simulate(40, 18, 7).events) == FORTY_BORROWERS_OF_SEED_7


def test_another_seed_is_another_portfolio() -> None:
    assert digest(simulate(5, 6, 7).events) != digest(simulate(5, 6, 8).events)


@given(st.integers(0, 2**32 - 1), st.integers(1, 24), st.integers(0, 6), st.integers(0, 6))
@settings(max_examples=25)
def test_more_borrowers_never_change_the_earlier_ones(seed: int, months: int, few: int, more: int) -> None:
    small, large = simulate(few, months, seed), simulate(few + more, months, seed)
    assert large.events[: len(small.events)] == small.events
    assert large.truth[:few] == small.truth
    assert len(large.truth) == few + more


@given(st.integers(0, 2**32 - 1), st.integers(1, 36), st.integers(1, 5))
@settings(max_examples=40)
def test_every_line_is_sane(seed: int, months: int, borrowers: int) -> None:
    simulation = simulate(borrowers, months, seed)
    lines = by_line(simulation.events)
    assert [line for line, _ in lines] == [truth.line for truth in simulation.truth]
    for _, events in lines:
        check_line(events)


def test_every_event_is_what_its_kind_allows() -> None:
    for event in simulate(150, 18, 11).events:
        body = msgspec.convert(msgspec.to_builtins(event.body), type(event.body))
        assert body == event.body
        assert event.body.source in SOURCES
        assert not event.body.is_truth


def test_some_things_are_known_days_late_and_some_are_voided() -> None:
    events = simulate(300, 18, 2).events
    assert any(event.kind == "arrears.changed" and event.known - event.at > DAY for event in events)
    assert any(event.kind == "bureau.reported" and event.known - event.at > DAY for event in events)
    assert any(event.kind == "event.voided" for event in events)


def test_some_consents_expire_and_some_of_those_lapse() -> None:
    renewed, lapsed = 0, 0
    for _, events in by_line(simulate(120, 24, 5).events):
        given_ = [msgspec.structs.asdict(event.body) for event in events if event.kind == "consent.given"]
        for consent in given_:
            if consent["expires_at"] and consent["expires_at"] < ENDS:
                again = sum(other["data_source"] == consent["data_source"] for other in given_) > 1
                renewed, lapsed = renewed + again, lapsed + (not again)
    assert renewed > lapsed > 0


def test_everything_says_that_it_is_simulated() -> None:
    simulation = simulate(3, 3, 1)
    assert simulation.simulated
    assert all(event.line.startswith("SIM1-") for event in simulation.events)
    assert [truth.line for truth in simulation.truth] == ["SIM1-000001", "SIM1-000002", "SIM1-000003"]


def test_slices_take_them_as_they_are() -> None:
    events = simulate(20, 12, 4).events
    slices = from_events(reversed(events))
    assert len(slices) == 20
    by_kind = sorted(events, key=lambda event: (event.line, KINDS[event.kind].code, event.at))
    assert slices.at.tolist() == [event.at for event in by_kind]
    assert slices.ids == [event.id for event in by_kind]


def test_most_deserve_to_be_kept_and_each_verdict_occurs() -> None:
    deserves = [truth.deserves for truth in simulate(600, 18, 9).truth]
    assert 0.7 < deserves.count("keep") / 600 < 0.9
    assert {"keep", "close", "decline", "terminate"} == set(deserves)


def test_a_stream_needs_no_more_memory_for_more_borrowers() -> None:
    lines = stream(100_000, 12, 3)
    for _ in islice(lines, 50):
        pass
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    count = sum(1 for _ in islice(lines, 250))
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 250
    assert after - before < 500_000


@pytest.mark.parametrize(
    ("borrowers", "months", "seed", "named"),
    [(-1, 12, 7, "borrowers"), (1, 0, 7, "months"), (1, 241, 7, "months"), (1, 12, -1, "seed"), (1, 12, 2**32, "seed")],
)
def test_numbers_out_of_range_are_refused_by_name(borrowers: int, months: int, seed: int, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        simulate(borrowers, months, seed)


def test_the_period_ends_at_the_start_of_july_in_local_time() -> None:
    period = Period.of(18)
    assert ENDS == 1_782_835_200_000_000
    assert period.days == 365 + 181
    assert period.firsts[0] == 0
    assert period.midnight(period.days) == ENDS
    assert period.day_of(ENDS - 1) == period.days - 1


@given(st.integers(0, 2**32 - 1), st.integers(-(10**12), 10**12), st.integers(0, 10**12))
def test_chance_stays_within_its_bounds(seed: int, low: int, span: int) -> None:
    chance = Chance(seed, 0)
    for draw in (chance.between, chance.low):
        assert low <= draw(low, low + span) <= low + span
    assert low - span <= chance.around(low, span) <= low + span


def test_chance_comes_from_the_raw_bits_alone() -> None:
    chance = Chance(7, 0)
    assert [chance.below(1_000_000) for _ in range(4)] == [770513, 706528, 316561, 201340]
