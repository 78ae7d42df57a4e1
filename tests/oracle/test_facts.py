"""Facts of the oracle against values worked out by hand."""

from __future__ import annotations

import pytest

from creditline.events.event import Event
from creditline.events.kinds import text_code

from .build import AUTHORED, DAY, HOUR, draw, event, fact, moment
from .state import State

T = moment("2024-03-10 12:00")


def arrears(at: int, days: int, amount: int = 0) -> Event:
    return event(at, "arrears.changed", days_past_due=days, amount=amount)


def test_an_event_exactly_one_window_old_is_out() -> None:
    assert fact("{count: draw.booked, window: 3d}", [draw(T - 3 * DAY)], T) == 0
    assert fact("{count: draw.booked, window: 3d}", [draw(T - 3 * DAY + 1)], T) == 1


def test_the_event_of_this_very_moment_counts() -> None:
    assert fact("{sum: draw.booked.amount, window: 30m}", [draw(T, 150), draw(T + 1, 7)], T) == 150


def test_an_event_counts_only_once_it_is_known() -> None:
    late = event(T - DAY, "draw.booked", known=T, amount=100)
    assert fact("{count: draw.booked}", [late], T - 1) == 0
    assert fact("{count: draw.booked}", [late], T) == 1


def test_a_voided_event_is_gone_from_then_on_even_if_the_void_is_voided() -> None:
    first = event(T, "draw.booked", name="e1", amount=100)
    void = event(T + 5, "event.voided", name="e2", event="e1", reason="wrong")
    void_of_void = event(T + 9, "event.voided", name="e3", event="e2", reason="wrong too")
    counts = [fact("{count: draw.booked}", [first, void, void_of_void], t) for t in (T + 4, T + 5, T + 9)]
    assert counts == [1, 0, 0]


@pytest.mark.parametrize(("offset", "expected"), [("+00:00", 0), ("+08:00", 1)])
def test_months_follow_the_offset(offset: str, expected: int) -> None:
    # 16:00 UTC on the last of February is midnight of the first of March in Shanghai.
    events = [draw(moment("2024-02-29 16:00"))]
    assert fact("{count: draw.booked, window: 1mo}", events, T, utc_offset=offset) == expected


def test_the_first_moment_of_a_month_belongs_to_it() -> None:
    start = moment("2024-02-01 00:00")
    assert fact("{count: draw.booked, window: 2mo}", [draw(start)], T) == 1
    assert fact("{count: draw.booked, window: 2mo}", [draw(start - 1)], T) == 0


def test_where_drops_false_and_null_alike() -> None:
    events = [draw(T - 3, purpose="rent"), draw(T - 2), draw(T - 1, purpose="daily")]
    assert fact("{count: draw.booked, where: purpose <> 'daily'}", events, T) == 1


def test_amounts_compare_in_whole_currency_units() -> None:
    assert fact("{count: draw.booked, where: amount > 1}", [draw(T - 1, 100), draw(T, 101)], T) == 1


def test_within_is_open_at_both_ends() -> None:
    repaid = event(T, "repayment.received", amount=1, principal=1)
    text = "{count: draw.booked, within: 48h, after: repayment.received}"
    assert [fact(text, [repaid, draw(T + gap)], T + 9 * DAY) for gap in (1, 48 * HOUR - 1, 48 * HOUR)] == [1, 1, 0]
    assert fact(text, [draw(T - 1), repaid], T + DAY) == 0


def test_after_where_chooses_among_the_events_before() -> None:
    repaid = event(T, "repayment.received", amount=1, principal=1, early=False)
    text = "{max: draw.booked.amount, within: 1d, after: repayment.received, after_where: early}"
    assert fact(text, [repaid, draw(T + 1, 500)], T + 1) is None


def test_last_is_null_when_the_latest_event_does_not_say() -> None:
    events = [
        event(T - 2 * DAY, "profile.updated", monthly_income=500, employment="student"),
        event(T - DAY, "profile.updated", employment="retired"),
    ]
    assert fact("{last: profile.updated.monthly_income}", events, T) is None
    assert fact("{last: profile.updated.employment}", events, T) == 3
    assert fact("{last: profile.updated.employment, no_older_than: 1d}", events, T) is None


def test_texts_and_flags_are_numbers_outside() -> None:
    login = event(T, "login.recorded", device="phone", local_hour=3, new_device=True)
    assert fact("{last: login.recorded.device}", [login], T) == text_code("phone")
    assert fact("{last: login.recorded.new_device}", [login], T) == 1


def test_age_rounds_down() -> None:
    assert fact("{age: draw.booked}", [draw(T - 2 * DAY + 1)], T) == 1
    assert fact("{age: draw.booked, unit: hour}", [draw(T - 2 * DAY)], T) == 48
    assert fact("{age: draw.booked}", [], T) is None


def test_gap_is_whole_hours_between_neighbours() -> None:
    events = [draw(T - 30 * HOUR), draw(T - 5 * HOUR), draw(T - 1)]
    assert fact("{gap: draw.booked}", events, T) == 4
    assert fact("{gap: draw.booked, take: max}", events, T) == 25
    assert fact("{gap: draw.booked, take: max, unit: day}", events, T) == 1
    assert fact("{gap: draw.booked, take: last}", events, T) == 4
    assert fact("{gap: draw.booked, window: 4h}", events, T) is None


def test_streak_counts_back_to_the_first_that_does_not_hold() -> None:
    events = [arrears(T - n, days) for n, days in enumerate((5, 4, 0, 9))]
    assert fact("{streak: arrears.changed, holds: days_past_due > 0}", events, T) == 2
    assert fact("{streak: arrears.changed, holds: days_past_due > 0, where: days_past_due <> 0}", events, T) == 3
    assert fact("{streak: arrears.changed, holds: days_past_due > 5}", events, T) == 0


def test_months_end_with_the_month_before_and_stop_at_a_gap() -> None:
    good = [arrears(moment(f"2024-{month}-15"), 0) for month in ("01", "02")]
    text = "{months: arrears.changed, holds: days_past_due = 0}"
    assert fact(text, good, T) == 2
    assert fact(text, [*good, arrears(moment("2024-03-05"), 9)], T) == 2
    assert fact(text, [*good, arrears(moment("2024-02-20"), 9)], T) == 0
    assert fact(text, good, moment("2024-04-01")) == 0
    assert fact(text, [*good, arrears(moment("2023-11-01"), 0)], T) == 2


def test_falls_and_rises_count_strict_steps_from_the_latest() -> None:
    events = [event(T - n, "score.reported", score=score) for n, score in enumerate((500, 510, 520, 520, 600))]
    assert fact("{falls: score.reported.score}", events, T) == 2
    assert fact("{rises: score.reported.score}", events, T) == 0


def test_falls_step_over_what_is_not_said() -> None:
    incomes = [event(T - n, "profile.updated", monthly_income=income) for n, income in enumerate((3, None, 5))]
    assert fact("{falls: profile.updated.monthly_income}", incomes, T) == 1


def test_distinct_skips_null() -> None:
    events = [draw(T - n, counterparty=name) for n, name in enumerate(("a", "b", None, "a"))]
    assert fact("{distinct: draw.booked.counterparty}", events, T) == 2


def tie(at: int, party: str, risk: str = "high") -> Event:
    return event(at, "tie.found", party=party, relation="owner", risk=risk)


def test_open_counts_what_nothing_later_of_the_same_value_ended() -> None:
    text = "{open: tie.found, ended_by: tie.ended, on: party}"
    events = [tie(T, "a"), tie(T + 1, "b"), event(T + 2, "tie.ended", party="a")]
    assert [fact(text, events, t) for t in (T + 1, T + 2)] == [2, 1]


def test_open_is_ended_by_a_later_one_even_where_that_one_does_not_count() -> None:
    text = "{open: tie.found, ended_by: tie.ended, on: party, where: risk = 'high'}"
    assert fact(text, [tie(T, "a"), tie(T + 1, "a", "none")], T + 1) == 0
    assert fact(text, [tie(T, "a"), tie(T + 1, "a")], T + 1) == 1


def test_open_without_on_is_ended_by_anything_later() -> None:
    text = "{open: tie.found, ended_by: tie.ended}"
    assert fact(text, [tie(T, "a"), tie(T + 1, "b")], T + 1) == 1
    assert fact(text, [tie(T, "a"), event(T + 1, "tie.ended", party="z")], T + 1) == 0


def test_a_fact_without_consent_is_null_counts_too() -> None:
    given = event(T, "consent.given", data_source="core", expires_at=T + 10)
    events = [draw(T - 5), given]
    seen = [fact("{count: draw.booked}", events, t, consents=["core"]) for t in (T - 1, T, T + 9, T + 10)]
    assert seen == [None, 1, 1, None]
    taken_back = event(T + 3, "consent.withdrawn", data_source="core")
    assert fact("{count: draw.booked}", [*events, taken_back], T + 3, consents=["core"]) is None


def test_consent_is_asked_for_the_kinds_beside_the_counted_one_too() -> None:
    assert fact("{open: news.published, ended_by: tie.ended}", [], T, consents=["registry"]) is None
    text = "{count: login.recorded, within: 1h, after: draw.booked}"
    assert fact(text, [], T, consents=["core"]) is None


def test_the_line_is_at_hand_in_sql_facts() -> None:
    state = State(status="closed", since=T - 36 * HOUR, limit=12_345, closings=2, probation_until=T + 1)
    assert fact("{sql: limit * 2}", [], T, state) == 24_690
    assert fact("{sql: days_in_status + closings * 10}", [], T, state) == 21
    assert fact("{sql: \"case when on_probation and status = 'closed' then 1 else 0 end\"}", [], T, state) == 1
    assert fact("{sql: requested}", [], T, state) is None
    assert fact("{sql: requested}", [event(T, "application.received", amount=9)], T, state) == 9


def test_a_sum_outside_int64_is_an_error_that_names_the_fact() -> None:
    events = [draw(T - n, 10**15) for n in range(9300)]
    with pytest.raises(OverflowError, match="fact it"):
        fact("{sum: draw.booked.amount}", events, T)


def test_blocks_are_events_like_others_when_counted() -> None:
    placed = event(T, "block.placed", effect="freeze", overridable=True, **AUTHORED)
    assert fact("{count: block.placed, where: overridable and expires_at is null}", [placed], T) == 1
