"""Lines observed at moments: what was known then, what became of them, and every way of knowing too much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditline.clock import parse_moment
from creditline.events.event import Event
from creditline.events.kinds import (
    KINDS,
    NULL,
    ApplicationReceived,
    ArrearsChanged,
    DrawBooked,
    EventVoided,
    LineEnded,
    LineLimitSet,
    LineOpened,
    LoanWrittenOff,
    OutcomeObserved,
)
from creditline.facts.definitions import CountedFact, parse_window
from creditline.facts.slices import Slices, from_events
from creditline.lines.replay import measure
from creditline.lines.succession import InForce
from creditline.policy import Policy, PolicyErrors, read_policy
from creditline.policy.compiler import STATE
from creditline.replay.observation import (
    Chosen,
    ObservationError,
    Observed,
    decided,
    observe,
    outcome_of,
    stated,
)
from creditline.replay.peeking import PeekingError, as_known, tell_tales

DAY = 86_400_000_000
START = parse_moment("2026-01-01T00:00:00+08:00")
NOW = START + 100 * DAY
"""The moment of observation in most tests."""

TEXT = """
policy: watched
title: {zh: 观察, en: Watched}
facts:
  draws: {count: draw.booked}
  drawn_30d: {sum: draw.booked.amount, window: 30d}
  dpd: {last: arrears.changed.days_past_due}
  used: {sql: "drawn_30d / nullif(limit, 0)"}
rules:
  - code: T01
    when: dpd >= 60
    then: close
    cooling_off: 30d
    cure: dpd = 0
    reason: {zh: 逾期, en: overdue}
incident: {code: T20, reason: {zh: 故障, en: fault}}
"""
POLICY = read_policy(TEXT)


def event(line: str, day: float, body: Any, *, known: float | None = None, name: str = "") -> Event:
    at = START + int(day * DAY)
    return Event(
        name or f"{line}-{day}-{type(body).__name__}", line, at, at if known is None else START + int(known * DAY), body
    )


def opened(line: str, day: float = 0) -> Event:
    return event(line, day, LineOpened(100_000))


def late(line: str, day: float, days: int, *, known: float | None = None, name: str = "") -> Event:
    return event(line, day, ArrearsChanged(days, 500 if days else 0), known=known, name=name)


def drawn(line: str, day: float, *, known: float | None = None, name: str = "") -> Event:
    return event(line, day, DrawBooked(1000), known=known, name=name)


def end_of_log(day: float = 400) -> Event:
    return opened("zz-later", day)


def seen(events: list[Event], *days: float, window: str = "90d", outcome: str = "30dpd", **more: Any) -> Observed:
    moments = [START + int(day * DAY) for day in days or (100,)]
    asked: dict[str, Any] = {"window": parse_window(window), "outcome": outcome_of(outcome), "engine": "python"} | more
    return observe(from_events([*events, end_of_log()]), POLICY, moments, **asked)


def told(found: Observed) -> dict[str, bool]:
    return dict(zip(found.lines, found.bad.tolist(), strict=True))


def test_a_line_is_bad_when_it_falls_so_far_behind_within_the_window() -> None:
    events = [
        *(opened(line) for line in ("a-good", "b-bad", "c-nearly", "d-too-late", "e-on-the-last-moment")),
        late("b-bad", 150, 30), late("c-nearly", 150, 29), late("d-too-late", 190.1, 45),
        late("e-on-the-last-moment", 190, 30),
    ]  # fmt: skip
    found = seen(events)
    assert told(found) == {
        "a-good": False, "b-bad": True, "c-nearly": False, "d-too-late": False, "e-on-the-last-moment": True,
    }  # fmt: skip
    assert found.left_out == {"not_opened": 1}, "the line that opens at the log's end"


def test_a_write_off_is_bad_and_a_voided_report_is_not() -> None:
    void = event("b-voided", 160, EventVoided("wrong", "mistaken"))
    events = [
        opened("a-lost"), opened("b-voided"), event("a-lost", 150, LoanWrittenOff("loan 1")),
        late("b-voided", 150, 90, name="wrong"), void,
    ]  # fmt: skip
    assert told(seen(events)) == {"a-lost": True, "b-voided": False}


def test_what_happened_in_the_window_counts_though_it_became_known_only_after_it() -> None:
    assert told(seen([opened("a"), late("a", 180, 40, known=300)])) == {"a": True}


def test_facts_are_those_of_the_moment_row_by_row() -> None:
    events = [
        opened("a"), drawn("a", 20), drawn("a", 90), drawn("a", 150), opened("b"), late("b", 95, 12),
        drawn("b", 98, known=101),
    ]  # fmt: skip
    found = seen(events, 100, 200)
    rows = list(zip(found.lines, ((found.moment - START) // DAY).tolist(), strict=True))
    assert rows == [("a", 100), ("b", 100), ("a", 200), ("b", 200)]
    assert found.columns["draws"].tolist() == [2, 0, 3, 1]
    assert found.columns["drawn_30d"].tolist() == [1000, 0, 0, 0]
    assert found.columns["dpd"].tolist() == [NULL, 12, NULL, 12]
    assert found.columns["used"].tolist() == [10_000, 0, 0, 0], "of the limit it was opened with"


def test_every_line_is_either_observed_or_counted_with_its_reason() -> None:
    events = [
        opened("a"),
        opened("b-behind"), late("b-behind", 99, 31),
        opened("c-cured"), late("c-cured", 90, 31), late("c-cured", 95, 0),
        opened("d-lost"), event("d-lost", 50, LoanWrittenOff("loan 1")),
        opened("e-ended"), event("e-ended", 50, LineEnded("requested")),
        opened("f-later", 101),
        event("g-asked", 90, ApplicationReceived(5000)),
        opened("h-known-later"), late("h-known-later", 99, 31, known=102),
    ]  # fmt: skip
    found = seen(events)
    assert found.lines == ["a", "c-cured"]
    assert found.left_out == {
        "not_opened": 3, "terminated": 1, "bad_already": 1, "written_off_already": 1, "bad_before_known_later": 1,
    }  # fmt: skip
    found = seen(events, 100, 350)
    for moment in found.moments:
        assert moment.rows + sum(moment.left_out.values()) == 9
    assert found.moments[1].rows == 0
    assert found.moments[1].left_out["window_not_over"] > 0


def test_a_window_that_ends_with_the_log_is_over_and_one_a_moment_later_is_not() -> None:
    whole = seen([opened("a")], 310)
    assert whole.lines == ["a"]
    with pytest.raises(ObservationError, match="1 window not over") as refused:
        seen([opened("a")], 310 + 1 / DAY)
    assert "--until" in str(refused.value)
    assert seen([opened("a")], 310 + 1 / DAY, until=START + 401 * DAY).lines == ["a"], "whole to a later moment"


def test_nothing_after_the_moment_the_log_is_whole_to_is_read() -> None:
    events = [opened("a"), late("a", 150, 40, known=250)]
    assert told(seen(events)) == {"a": True}
    assert told(seen(events, until=START + 200 * DAY)) == {"a": False}


@pytest.mark.parametrize(
    ("day", "window", "end"),
    [
        ("2026-01-31", "1mo", "2026-02-28"),
        ("2026-03-15", "12mo", "2027-03-15"),
        ("2026-01-01", "2d", "2026-01-03"),
        ("2027-11-30", "3mo", "2028-02-29"),
    ],
)
def test_months_are_those_of_the_calendar_in_the_policys_offset(day: str, window: str, end: str) -> None:
    t = parse_moment(f"{day}T00:00:00+08:00")
    log = from_events([opened("a"), end_of_log(1000)])
    found = observe(log, POLICY, [t], window=parse_window(window), outcome=outcome_of("30dpd"), engine="python")
    assert found.moments[0].until == parse_moment(f"{end}T00:00:00+08:00")


def test_an_outcome_told_by_the_log_is_that_of_the_window() -> None:
    events = [
        *(opened(line) for line in ("a", "b", "c-untold", "d-told-before", "e-voided")),
        event("a", 150, OutcomeObserved(True)), event("b", 150, OutcomeObserved(False)),
        event("d-told-before", 50, OutcomeObserved(True)), event("e-voided", 150, OutcomeObserved(True), name="o"),
        event("e-voided", 151, EventVoided("o", "mistaken")),
    ]  # fmt: skip
    found = seen(events, outcome="observed")
    assert told(found) == {"a": True, "b": False}
    assert found.left_out == {"not_opened": 1, "bad_already": 1, "no_outcome": 2}
    log = [each for each in events if each.kind != "outcome.observed"]
    apart = seen(
        log,
        outcome="observed",
        truths=from_events([e for e in events if e.kind in ("outcome.observed", "event.voided")]),
    )
    assert (told(apart), apart.sha256) == (told(found), found.sha256)


def test_lines_stand_as_the_policy_decided_or_as_their_events_say() -> None:
    events = [opened("a"), opened("b"), late("b", 50, 70), late("b", 90, 5)]
    log = from_events([*events, end_of_log()])
    by_policy = Chosen(decided([InForce(POLICY, START)], "python"))
    found = seen(events, chosen=by_policy)
    assert found.lines == ["a"]
    assert found.left_out == {"not_opened": 1, "closed": 1}
    assert seen(events).lines == ["a", "b"]
    closed = Chosen(decided([InForce(POLICY, START)], "python"), ("closed",))
    assert seen(events, chosen=closed).lines == ["b"]
    assert stated(log, NOW)[:2, STATE.index("LIMIT")].tolist() == [100_000, 100_000]


def test_by_its_events_alone_a_line_is_open_from_its_first_draw_with_the_limit_applied_for() -> None:
    log = from_events([
        event("a", 1, ApplicationReceived(7000)), drawn("a", 3), drawn("a", 9),
        event("a", 20, ApplicationReceived(90_000)),
        event("b", 1, ApplicationReceived(8000)),
        opened("c"), event("c", 5, LineLimitSet(3000)), event("c", 50, LineEnded("legal")),
    ])  # fmt: skip
    states = stated(log, START + 30 * DAY)
    assert states[:, STATE.index("STATUS")].tolist() == [3, 1, 3]
    assert states[:, STATE.index("LIMIT")].tolist() == [7000, 8000, 3000]
    assert states[0, STATE.index("SINCE")] == START + 3 * DAY
    assert stated(log, NOW)[2, STATE.index("STATUS")] == 6


def test_the_order_of_moments_and_events_and_a_moment_given_twice_change_nothing() -> None:
    events = [opened(f"l{n}", n / 10) for n in range(20)] + [late(f"l{n}", 130 + n, 20 + n) for n in range(20)]
    first, second = seen(events, 100, 50, 100), seen(events[::-1], 50, 100)
    assert first.sha256 == second.sha256
    assert first.lines == second.lines
    assert seen(events, 50).sha256 != first.sha256


@pytest.mark.parametrize("said", ["90", "dpd", "0dpd", "-3dpd", "90 dpd", "defaulted", "٩dpd", "40000dpd"])
def test_an_outcome_that_is_none_is_refused(said: str) -> None:
    with pytest.raises(ObservationError, match="90dpd"):
        outcome_of(said)


# --- knowing too much ---------------------------------------------------------------------------------------------


BACKDATED = [opened("a"), drawn("a", 90), drawn("a", 99, known=120)]
VOIDED = [opened("a"), drawn("a", 90, name="wrong"), event("a", 120, EventVoided("wrong", "mistaken"))]


def test_a_backdated_event_and_a_later_voiding_are_not_seen() -> None:
    assert seen(BACKDATED).columns["draws"].tolist() == [1]
    assert seen(VOIDED).columns["draws"].tolist() == [1]


def by_happening(slices: Slices, policy: Policy, t: int, **more: Any) -> Mapping[str, Any]:
    """Measures what had happened, known or not."""
    return measure(replace(slices, known=slices.at), policy, t, **more)


def as_it_stands_today(slices: Slices, policy: Policy, t: int, **more: Any) -> Mapping[str, Any]:
    """Measures without what was ever voided."""
    return measure(replace(slices, until=np.where(slices.until < 2**63 - 1, 0, slices.until)), policy, t, **more)


def a_day_ahead(slices: Slices, policy: Policy, t: int, **more: Any) -> Mapping[str, Any]:
    return measure(slices, policy, t + DAY, **more)


def with_the_whole_log(slices: Slices, policy: Policy, t: int, **more: Any) -> Mapping[str, Any]:
    """Ranks a line's draws among all it ever made."""
    facts = dict(measure(slices, policy, t, **more))
    ever = np.bincount(
        np.searchsorted(slices.offsets, np.arange(len(slices.at)), side="right") - 1, minlength=len(slices)
    )
    return facts | {"draws": facts["draws"] * 100 // np.maximum(ever, 1)}


@pytest.mark.parametrize(
    ("events", "peeks"),
    [
        (BACKDATED, by_happening),
        (VOIDED, as_it_stands_today),
        ([opened("a"), drawn("a", 100.5)], a_day_ahead),
        ([opened("a"), drawn("a", 90), late("a", 300, 1)], with_the_whole_log),
    ],
    ids=["back-dated", "voided later", "a day ahead", "by all that ever came"],
)
def test_a_measure_that_peeks_is_caught_by_name(events: list[Event], peeks: Any) -> None:
    with pytest.raises(PeekingError, match="peeks") as caught:
        seen(events, measuring=peeks)
    assert "draws" in caught.value.place or "drawn_30d" in caught.value.place
    assert "line a" in caught.value.place
    harmless = [opened("a"), drawn("a", 50)]
    if peeks is not with_the_whole_log:
        assert seen(harmless, measuring=peeks).columns["draws"].tolist() == [1], "where nothing lies hidden"


def test_choosing_lines_by_what_became_of_them_is_caught() -> None:
    survivors = Chosen(lambda slices, t: stated(slices, t + 200 * DAY))
    events = [opened("a"), opened("b"), event("b", 150, LineEnded("legal"))]
    with pytest.raises(PeekingError, match="why not"):
        seen(events, chosen=survivors)


def test_a_fact_over_outcomes_is_refused_even_where_the_language_is_passed_by() -> None:
    with pytest.raises(PolicyErrors, match="tells the outcome"):
        read_policy(TEXT.replace("{count: draw.booked}", "{count: outcome.observed}"))
    fact = POLICY.by_name["draws"]
    assert isinstance(fact, CountedFact)
    for changed in (
        replace(fact, kind=KINDS["outcome.observed"]),
        replace(fact, within=DAY, after=KINDS["outcome.observed"]),
    ):
        cheating = replace(POLICY, facts=(changed, *POLICY.facts[1:]))
        with pytest.raises(PeekingError, match=r"draws.*tells the outcome"):
            observe(from_events([opened("a"), end_of_log()]), cheating, [NOW], window=DAY, outcome=outcome_of("30dpd"))


def test_a_fact_that_alone_tells_the_outcome_is_found_however_it_does() -> None:
    chance = np.random.default_rng(5)
    bad = chance.random(500) < 0.2
    said = {
        "score": chance.integers(0, 900, 500),
        "limit": np.where(bad, chance.integers(0, 50, 500), chance.integers(51, 900, 500)),
        "around": np.where(bad, 400, chance.choice([100, 700], 500)),
        "there": np.where(bad, chance.integers(0, 900, 500), NULL),
        "gone": np.where(bad, NULL, chance.integers(0, 900, 500)),
        "flag": bad.astype(np.int64),
        "mostly": np.where(chance.random(500) < 0.98, bad, ~bad).astype(np.int64),
        "hardly": np.where(chance.random(500) < 0.8, bad, ~bad).astype(np.int64),
        "same": np.full(500, 7),
    }
    assert sorted(tell_tales(said, bad)) == ["around", "flag", "gone", "limit", "mostly", "there"]
    assert tell_tales({"flag": bad[:30].astype(np.int64)}, bad[:30]) == {}, "too few rows of one outcome"


BODIES = st.one_of(
    st.builds(DrawBooked, st.integers(1, 9).map(lambda n: n * 1000)),
    st.builds(ArrearsChanged, st.integers(0, 90), st.just(500)),
)


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(1, 390), st.integers(0, 60), BODIES, st.integers(0, 2)),
        max_size=14,
    )
)
def test_a_log_cut_at_the_moment_shows_the_same(rows: list[tuple[str, int, int, Any, int]]) -> None:
    """The kernel keeps to it on logs of any shape: observation itself would raise otherwise."""
    events = [opened("a"), opened("b")]
    for number, (line, day, delay, body, voided) in enumerate(rows):
        events.append(event(line, day, body, known=day + delay, name=f"e{number}"))
        if voided == 2:
            events.append(event(line, day + delay + 30, EventVoided(f"e{number}", "mistaken"), name=f"v{number}"))
    chosen = Chosen(decided([InForce(POLICY, START)], "python"), ("open", "frozen", "closed"))
    found = seen(events, 60, 130, outcome="90dpd", chosen=chosen)
    log = from_events([*events, end_of_log()])
    for t in set(found.moment.tolist()):
        early = as_known(log, t)
        assert early.known.max() <= t
        assert len(early.visits) == len(early.at) == early.offsets[-1]
        facts = measure(early, POLICY, t, states=chosen.standing(early, t), engine="python")
        for name, values in facts.items():
            mine = found.moment == t
            assert values[found.line[mine]].tolist() == found.columns[name][mine].tolist()
