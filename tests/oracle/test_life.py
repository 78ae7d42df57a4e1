"""Lives of lines walked through by hand."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from creditline.events.event import Event
from creditline.lines.decision import Decision

from .build import AUTHORED, DAY, HOUR, draw, event, moment
from .walk import life

T = moment("2024-03-10 12:00")

POLICY: dict[str, Any] = yaml.safe_load(
    """
limit_step: 100
facts:
  dpd: {last: arrears.changed.days_past_due}
  draws: {count: draw.booked, window: 3d}
  score: {last: score.reported.score}
scorecard:
  base: 500
  facts:
    score: {missing: 5, bins: [{below: 300.5, points: -100}, {points: 60}]}
rules:
  - {code: F, when: draws >= 2, then: freeze}
  - {code: C, when: dpd >= 10, then: close, cooling_off: 30d, cure: dpd = 0, on: [line, application]}
  - {code: E, when: dpd >= 90, then: terminate}
  - {code: L, when: draws = 1, then: limit, limit: limit * 0.5, not_within: 2d}
approve:
  when: points > 450
  limit: requested * 0.75
  rate: 0.1234567
  otherwise: {code: A01}
reopen: {when: points > 450, limit: 0.8 * limit, probation: 90d}
"""
)


def opened(at: int = T, limit: int = 100_000) -> Event:
    return event(at, "line.opened", limit=limit)


def arrears(at: int, days: int) -> Event:
    return event(at, "arrears.changed", days_past_due=days, amount=0)


def told(decisions: list[Decision]) -> list[tuple[int, str, str, int]]:
    return [(each.at - T, each.action, each.status, each.limit) for each in decisions]


def test_an_application_is_answered_in_the_visit_it_arrives_in() -> None:
    first, second = life(POLICY, [event(T, "application.received", amount=100_000)], T + 9 * DAY)
    assert (first.action, first.status_before, first.status, first.reasons) == ("apply", "new", "applied", ())
    assert (second.action, second.status, second.limit, second.rate) == ("open", "open", 70_000, 123_456)
    assert (first.number, second.number, first.at, second.at) == (0, 1, T, T)
    assert (second.points, second.facts) == (505, {"dpd": None, "draws": 0, "score": None})


def test_an_application_is_declined_by_a_rule_or_for_want_of_points() -> None:
    low_score = event(T, "score.reported", score=300)
    applied = event(T + 1, "application.received", amount=100_000)
    assert [each.reasons for each in life(POLICY, [arrears(T, 10), applied], T + DAY)] == [(), ("C",)]
    assert [each.reasons for each in life(POLICY, [low_score, applied], T + DAY)] == [(), ("A01",)]


def test_a_limit_that_is_cut_to_nothing_declines() -> None:
    applied = event(T, "application.received", amount=13_000)
    assert life(POLICY, [applied], T + DAY)[-1].reasons == ("A01",)


def test_a_frozen_line_opens_at_the_moment_the_window_empties() -> None:
    decisions = life(POLICY, [opened(), draw(T + 1), draw(T + 2)], T + 9 * DAY)
    freeze, unfreeze = decisions[1:3]
    assert told(decisions)[1:3] == [
        (2, "freeze", "frozen", 100_000),
        (1 + 3 * DAY, "unfreeze", "open", 100_000),
    ]
    assert (freeze.reasons, freeze.standing, freeze.cooling_until) == (("F",), ("F",), T + 2)
    assert (unfreeze.reasons, unfreeze.standing, unfreeze.trigger) == ((), (), None)
    # The visit a microsecond later finds no draw any more: the limit rule has nothing to say.
    assert len(decisions) == 3


def test_a_closed_line_comes_back_cured_after_cooling_off_on_probation() -> None:
    events = [opened(), arrears(T + 1, 10), arrears(T + DAY, 0)]
    close, reopen = life(POLICY, events, T + 200 * DAY)[1:]
    assert (close.at, close.action, close.reasons, close.cooling_until) == (T + 1, "close", ("C",), T + 1 + 30 * DAY)
    assert (reopen.at, reopen.action, reopen.limit, reopen.trigger) == (T + 1 + 30 * DAY, "reopen", 80_000, None)
    assert (reopen.probation_until, reopen.standing) == (reopen.at + 90 * DAY, ())


def test_a_line_that_returns_on_request_waits_for_one_made_since_it_closed() -> None:
    policy = POLICY | {"reopen": POLICY["reopen"] | {"by": "request"}}
    asked = [event(T + gap, "reopen.requested") for gap in (1, 40 * DAY)]
    events = [opened(), arrears(T + 1 + HOUR, 10), arrears(T + DAY, 0), *asked]
    assert told(life(policy, events, T + 99 * DAY))[-1] == (40 * DAY, "reopen", "open", 80_000)
    assert told(life(policy, events[:-1], T + 99 * DAY))[-1][1] == "close"


def test_reasons_are_told_most_severe_first_and_a_later_one_extends() -> None:
    events = [opened(), arrears(T + 2, 10), draw(T + 4), draw(T + 5)]
    close, extend = life(POLICY, events, T + DAY)[1:]
    assert (extend.action, extend.reasons, extend.standing) == ("extend", ("F",), ("C", "F"))
    assert extend.cooling_until == close.cooling_until
    both = life(
        POLICY,
        [opened(), draw(T + 3), draw(T + 4), event(T + 2, "arrears.changed", known=T + 4, days_past_due=10, amount=0)],
        T + DAY,
    )
    assert (both[-1].action, both[-1].reasons) == ("close", ("C", "F"))


def test_terminated_is_the_end() -> None:
    events = [opened(), arrears(T + 1, 95), arrears(T + 2, 0), event(T + 3, "line.limit_set", limit=5)]
    assert told(life(POLICY, events, T + 99 * DAY))[1:] == [(1, "terminate", "terminated", 100_000)]
    ended = life(POLICY, [opened(), event(T + 1, "line.ended", cause="legal")], T + DAY)
    assert (ended[-1].action, ended[-1].reasons) == ("terminate", ())


def test_a_limit_rule_speaks_only_once_per_not_within() -> None:
    events = [opened(), draw(T + DAY), draw(T + 4 * DAY)]
    assert told(life(POLICY, events, T + 30 * DAY))[1:] == [
        (2 * DAY, "set_limit", "open", 50_000),  # two days after the line was opened
        (4 * DAY, "set_limit", "open", 20_000),  # 250.00 would be cut to 200.00
        (6 * DAY, "set_limit", "open", 10_000),
    ]


def test_a_person_sets_the_limit_in_any_status() -> None:
    events = [event(T, "line.limit_set", limit=700), opened(T + 1), event(T + 2, "line.limit_set", limit=100_000)]
    assert told(life(POLICY, events, T + DAY)) == [(0, "set_limit", "new", 700), (1, "open", "open", 100_000)]


def test_a_block_freezes_without_rules_and_ends_by_itself() -> None:
    block = event(T + 5, "block.placed", effect="freeze", overridable=True, expires_at=T + HOUR, **AUTHORED)
    freeze, unfreeze = life(POLICY, [opened(), block], T + DAY)[1:]
    assert (freeze.action, freeze.reasons, freeze.standing) == ("freeze", ("BLOCK",), ())
    assert (unfreeze.at, unfreeze.action) == (T + HOUR, "unfreeze")


def test_an_override_outranks_rules_and_soft_blocks_but_no_hard_one() -> None:
    override = event(T + 10, "override.granted", expires_at=T + DAY, approver="bob", **AUTHORED)
    events = [opened(), arrears(T + 1, 10), override]
    assert told(life(POLICY, events, T + 2 * DAY))[1:] == [
        (1, "close", "closed", 100_000),
        (10, "reopen", "open", 100_000),
        (DAY, "close", "closed", 100_000),
    ]
    soft = event(T + 20, "block.placed", effect="close", overridable=True, **AUTHORED)
    hard = event(T + 30, "block.placed", effect="freeze", overridable=False, **AUTHORED)
    assert told(life(POLICY, [*events, soft, hard], T + HOUR))[-1] == (30, "freeze", "frozen", 100_000)


def incident(at: int, kind: str, source: str) -> Event:
    return event(at, kind, data_source=source, reference="i1")


def test_a_rule_on_a_suspended_source_is_held_and_fires_once_the_incident_is_over() -> None:
    events = [
        opened(),
        incident(T + 1, "incident.declared", "core"),
        arrears(T + 2, 10),
        incident(T + 3, "incident.closed", "core"),
    ]
    hold, close = life(POLICY, events, T + DAY)[1:]
    assert (hold.action, hold.reasons, hold.held, hold.fired) == ("hold", ("C",), ("C",), ())
    assert (close.at, close.action, close.held) == (T + 3, "close", ())


def test_an_application_waits_while_a_source_it_reads_is_suspended() -> None:
    events = [
        incident(T, "incident.declared", "score"),
        event(T + 1, "application.received", amount=100_000),
        incident(T + HOUR, "incident.closed", "score"),
    ]
    assert told(life(POLICY, events, T + DAY)) == [(1, "apply", "applied", 0), (HOUR, "open", "open", 70_000)]


def test_a_closed_line_stays_closed_while_its_cure_is_suspended() -> None:
    events = [
        opened(),
        arrears(T + 1, 10),
        arrears(T + 2, 0),
        incident(T + 3, "incident.declared", "core"),
        incident(T + 50 * DAY, "incident.closed", "core"),
    ]
    assert told(life(POLICY, events, T + 99 * DAY))[-1] == (50 * DAY, "reopen", "open", 80_000)


def test_an_event_known_late_acts_when_it_is_known() -> None:
    late = event(T, "line.opened", known=T + DAY, limit=500)
    (decision,) = life(POLICY, [late], T + 2 * DAY)
    assert (decision.at, decision.trigger) == (T + DAY, late.id)


def test_no_events_no_life() -> None:
    assert life(POLICY, [], T) == []


def test_a_number_outside_int64_stops_the_line() -> None:
    events = [opened(T, 10**15), event(T + 1, "application.received", amount=1)]
    policy = POLICY | {"facts": POLICY["facts"] | {"share": {"sql": "limit / nullif(limit, 0)"}}}
    with pytest.raises(OverflowError, match="fact share"):
        life(policy, events, T + DAY)
