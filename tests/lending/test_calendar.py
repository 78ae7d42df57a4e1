"""Due days: of the month and by days, in short months, on holidays; the same whoever asks and however many."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from creditline.lending.calendar import HOLIDAYS_KNOWN, Business, DueRule, is_business_day
from creditline.lending.terms import DueDays, date_of, day_number


def day(text: str) -> int:
    return day_number(date.fromisoformat(text))


def told(days: list[int]) -> str:
    return " ".join(f"{date_of(each):%y-%m-%d}" for each in days)


# -- days of the month ------------------------------------------------------------------------------


def test_a_loan_falls_due_on_the_day_of_its_draw() -> None:
    assert told(DueRule(1).days(day("2026-01-15"), 3)) == "26-02-15 26-03-15 26-04-15"


def test_a_short_month_takes_its_last_day_and_the_months_after_it_are_not_shifted() -> None:
    assert told(DueRule(1).days(day("2026-01-31"), 4)) == "26-02-28 26-03-31 26-04-30 26-05-31"
    assert told(DueRule(1).days(day("2028-01-30"), 3)) == "28-02-29 28-03-30 28-04-30"
    assert told(DueRule(1, on=31).days(day("2026-02-10"), 3)) == "26-02-28 26-03-31 26-04-30"


def test_a_draw_on_the_29th_of_february_falls_due_on_the_28th_a_year_later() -> None:
    assert told(DueRule(12).days(day("2024-02-29"), 4)) == "25-02-28 26-02-28 27-02-28 28-02-29"


@pytest.mark.parametrize(
    ("drawn", "due"),
    [
        ("2026-01-14", "26-01-15 26-02-15"),
        ("2026-01-15", "26-02-15 26-03-15"),
        ("2026-01-16", "26-02-15 26-03-15"),
        ("2025-12-31", "26-01-15 26-02-15"),
    ],
)
def test_a_fixed_day_is_the_next_one_after_the_draw(drawn: str, due: str) -> None:
    assert told(DueRule(1, on=15).days(day(drawn), 2)) == due


@pytest.mark.parametrize(
    ("drawn", "due"),
    [("2026-01-05", "26-01-15"), ("2026-01-06", "26-02-15"), ("2026-01-15", "26-02-15"), ("2026-02-06", "26-03-15")],
)
def test_a_fixed_day_too_soon_is_left_to_the_month_after(drawn: str, due: str) -> None:
    assert told(DueRule(1, on=15, least=10).days(day(drawn), 1)) == due


def test_a_long_least_first_period_leaves_out_several_months() -> None:
    assert told(DueRule(1, on=15, least=70).days(day("2026-01-10"), 2)) == "26-04-15 26-05-15"


def test_a_quarter_on_a_fixed_day_is_more_than_two_months_and_at_most_three() -> None:
    quarterly = DueRule(3, on=20)
    assert told(quarterly.days(day("2026-01-10"), 2)) == "26-03-20 26-06-20"
    assert told(quarterly.days(day("2026-01-20"), 2)) == "26-04-20 26-07-20"
    assert told(quarterly.days(day("2026-01-25"), 2)) == "26-04-20 26-07-20"


def test_one_long_period_ends_where_so_many_short_ones_do() -> None:
    for drawn in range(day("2027-12-01"), day("2028-04-01")):
        for on in (None, 1, 28, 30, 31):
            assert DueRule(7, on=on).days(drawn, 1)[0] == DueRule(1, on=on).days(drawn, 7)[-1]


def test_weeks_are_seven_days() -> None:
    assert told(DueRule(14, "days").days(day("2026-02-20"), 3)) == "26-03-06 26-03-20 26-04-03"


def test_an_agreed_first_due_day_leads_the_others() -> None:
    agreed = DueRule(1, first_due=day("2026-03-10"))
    assert told(agreed.days(day("2026-01-31"), 3)) == "26-03-10 26-04-10 26-05-10"
    at_the_end = DueRule(1, on=31, first_due=day("2026-02-28"))
    assert told(at_the_end.days(day("2026-01-31"), 3)) == "26-02-28 26-03-31 26-04-30"
    by_days = DueRule(10, "days", first_due=day("2026-02-03"))
    assert told(by_days.days(day("2026-01-31"), 3)) == "26-02-03 26-02-13 26-02-23"


# -- the first period in months ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "drawn", "months"),
    [
        (DueRule(1), "2026-01-31", Fraction(1)),
        (DueRule(3), "2026-01-31", Fraction(3)),
        (DueRule(1, on=15), "2026-01-15", Fraction(1)),
        (DueRule(1, on=15), "2026-01-10", Fraction(5, 31)),  # of 15 December to 15 January
        (DueRule(1, on=15), "2026-02-20", Fraction(23, 28)),  # of 15 February to 15 March
        (DueRule(1, on=31), "2026-02-28", Fraction(1)),  # the 28th is the 31st of February
        (DueRule(1, on=31), "2026-01-31", Fraction(1)),
        (DueRule(1, on=15, least=10), "2026-01-10", Fraction(1) + Fraction(5, 31)),
        (DueRule(3, on=20), "2026-01-10", Fraction(2) + Fraction(10, 31)),
        (DueRule(12, on=1), "2026-03-31", Fraction(11) + Fraction(1, 31)),
        (DueRule(1, first_due=day("2026-06-10")), "2026-01-31", Fraction(4) + Fraction(10, 31)),
        (DueRule(1, on=20, business="following"), "2026-02-10", Fraction(10, 31)),  # due on the 24th
    ],
)
def test_the_first_period_counts_whole_months_back_and_a_part(rule: DueRule, drawn: str, months: Fraction) -> None:
    assert Fraction(*rule.first(day(drawn))) == months


def test_periods_of_days_have_no_months() -> None:
    assert (DueRule(7, "days").months, DueRule(7, "days").first(0)) == (0, (0, 1))
    assert DueRule(3).months == 3


# -- days without business --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("which", "is_open"),
    [
        ("2026-01-01", False),  # New Year, a Thursday
        ("2026-02-17", False),  # Spring Festival, a Tuesday
        ("2026-02-28", True),  # a Saturday worked in exchange
        ("2026-03-07", False),  # a Saturday
        ("2026-03-09", True),
        ("2003-10-01", True),  # National Day, a Wednesday: before the library begins
        ("2003-10-04", False),
        ("2999-10-01", True),  # a Tuesday: beyond what it knows
    ],
)
def test_business_days_follow_the_chinese_calendar(which: str, is_open: bool) -> None:
    assert is_business_day(day(which), 9999) is is_open


def test_holidays_published_after_the_agreed_year_do_not_count() -> None:
    spring = day("2026-02-17")
    assert is_business_day(spring, 2025)
    assert not is_business_day(spring, 2026)
    assert not is_business_day(day("2025-01-28"), 2025)


@pytest.mark.parametrize(
    ("business", "due"),
    [
        ("none", "25-12-31 26-01-31 26-02-28 26-03-31"),
        ("following", "25-12-31 26-02-02 26-02-28 26-03-31"),
        ("modified_following", "25-12-31 26-01-30 26-02-28 26-03-31"),
        ("preceding", "25-12-31 26-01-30 26-02-28 26-03-31"),
    ],
)
def test_a_due_day_on_a_saturday_moves_and_one_on_a_worked_saturday_stays(business: Business, due: str) -> None:
    assert told(DueRule(1, on=31, business=business).days(day("2025-12-01"), 4)) == due


def test_a_day_moved_off_the_spring_festival_does_not_move_the_next() -> None:
    assert told(DueRule(1, on=20, business="following").days(day("2026-02-01"), 3)) == "26-02-24 26-03-20 26-04-20"


def test_two_weeks_that_end_in_one_holiday_fall_due_on_two_days() -> None:
    weekly = DueRule(7, "days", business="following")
    # 1 to 8 October 2020 were holidays, the Saturday after was worked.
    assert told(weekly.days(day("2020-09-24"), 3)) == "20-10-09 20-10-10 20-10-15"


def test_a_day_that_would_move_back_onto_the_draw_moves_on_instead() -> None:
    # 15 to 23 February 2026 are holidays, the Saturday before is worked.
    assert told(DueRule(2, "days", business="preceding").days(day("2026-02-14"), 2)) == "26-02-24 26-02-25"
    assert told(DueRule(2, "days", business="preceding").days(day("2026-02-13"), 2)) == "26-02-14 26-02-24"
    assert told(DueRule(1, on=1, business="modified_following").days(day("2026-01-30"), 1)) == "26-02-02"
    assert told(DueRule(1, on=31, business="modified_following").days(day("2026-01-30"), 1)) == "26-02-02"


# -- whatever the rule ------------------------------------------------------------------------------

DRAWS = st.integers(day("1999-12-01"), day("2032-03-31"))
BUSINESS: st.SearchStrategy[Business] = st.sampled_from(["none", "following", "modified_following", "preceding"])


@st.composite
def rules(draw: st.DrawFn) -> DueRule:
    business = draw(BUSINESS)
    until = draw(st.sampled_from([2004, 2020, 2026]))
    if draw(st.booleans()):
        return DueRule(draw(st.integers(1, 40)), "days", business=business, holidays_until=until)
    on = draw(st.none() | st.integers(1, 31))
    least = draw(st.integers(0, 100)) if on else 0
    return DueRule(draw(st.integers(1, 14)), on=on, least=least, business=business, holidays_until=until)


@given(rules(), DRAWS, st.integers(1, 30), st.integers(0, 30))
def test_due_days_rise_after_the_draw_and_asking_for_more_changes_none(
    rule: DueRule, drawn: int, count: int, more: int
) -> None:
    asked: DueDays = rule
    days = list(asked.days(drawn, count))
    assert len(days) == count
    assert all(a < b for a, b in pairwise([drawn, *days]))
    assert list(asked.days(drawn, count + more))[:count] == days


@given(rules(), DRAWS)
def test_a_moved_due_day_has_business_and_lies_next_to_where_it_was(rule: DueRule, drawn: int) -> None:
    assume(rule.business != "none" and rule.every * (30 if rule.unit == "months" else 1) > 14)
    still = DueRule(rule.every, rule.unit, rule.on, rule.least)
    for moved, due in zip(rule.days(drawn, 12), still.days(drawn, 12), strict=True):
        assert is_business_day(moved, rule.holidays_until)
        # Nowhere between the two is business done: the move goes no further than it must.
        between = range(due, moved) if due < moved else range(moved + 1, due + 1)
        assert not any(is_business_day(each, rule.holidays_until) for each in between)
        if rule.business == "modified_following":
            first_fallback = moved == rule.days(drawn, 1)[0]
            assert date_of(moved).month == date_of(due).month or first_fallback
        if rule.business == "following":
            assert moved >= due


@given(st.integers(1, 14), st.none() | st.integers(1, 31), st.integers(0, 100), DRAWS)
def test_days_of_the_month_are_those_a_wall_calendar_shows(every: int, on: int | None, least: int, drawn: int) -> None:
    least = least if on else 0
    days = DueRule(every, on=on, least=least).days(drawn, 24)
    wanted = on or date_of(drawn).day
    for due in map(date_of, days):
        assert due.day == min(wanted, monthrange(due.year, due.month)[1])
    months = [date_of(due).year * 12 + date_of(due).month for due in days]
    assert {later - before for before, later in pairwise(months)} == {every}
    assert days[0] - drawn >= max(1, least)
    assert days[0] - drawn <= every * 31 + max(0, least)


def months_back(due: int, months: int, on: int) -> int:
    """The day so many months before a due day, on the rule's day of the month."""
    that = date_of(due).replace(day=1)
    for _ in range(months):
        that = (that - timedelta(days=1)).replace(day=1)
    return day_number(that.replace(day=min(on, monthrange(that.year, that.month)[1])))


@given(st.integers(1, 14), st.integers(1, 31), st.integers(0, 100), DRAWS)
def test_the_first_period_is_what_counting_back_by_hand_gives(every: int, on: int, least: int, drawn: int) -> None:
    rule = DueRule(every, on=on, least=least)
    due = rule.days(drawn, 1)[0]
    whole = 0
    while months_back(due, whole + 1, on) >= drawn:
        whole += 1
    start, end = months_back(due, whole + 1, on), months_back(due, whole, on)
    assert Fraction(*rule.first(drawn)) == whole + Fraction(end - drawn, end - start)


def test_the_library_still_knows_the_years_that_shipped_rules_rely_on() -> None:
    assert DueRule(1).holidays_until <= HOLIDAYS_KNOWN
