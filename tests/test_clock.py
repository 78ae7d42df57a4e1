"""Moments are read exactly and never guessed; durations mean what the policy language says."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditline.clock import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    CalendarMonths,
    Clock,
    ClockError,
    Duration,
    FixedClock,
    SystemClock,
    format_duration,
    format_moment,
    parse_duration,
    parse_moment,
    parse_offset,
)

FIRST = parse_moment("0001-01-02T00:00:00Z")
LAST = parse_moment("9999-12-30T23:59:59.999999Z")
offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: minutes * MINUTE)


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T08:00:00+08:00", 0),
        ("1970-01-01t00:00:00z", 0),
        ("1970-01-01 00:00:00.000001Z", 1),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("1970-01-02T00:00:00.5Z", DAY + SECOND // 2),
        ("2024-02-29T00:00:00-05:30", 1_709_164_800 * SECOND + 5 * HOUR + 30 * MINUTE),
        # Half a century on, a float of seconds would no longer keep the last microsecond.
        ("2262-04-11T23:47:16.854775Z", 9_223_372_036_854_775),
    ],
)
def test_a_moment_is_read_to_the_microsecond(text: str, us: int) -> None:
    assert parse_moment(text) == us


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2026-03-01T09:30:00", "add the offset from UTC"),
        ("2026-03-01", "is not a moment"),
        ("2026-02-29T00:00:00Z", "does not exist"),
        ("2026-12-31T23:59:60Z", "does not exist"),
        ("2026-03-01T24:00:00Z", "does not exist"),
        ("2026-03-01T09:30:00.1234567Z", "finer than a microsecond"),
        ("2026-03-01T09:30:00+24:00", "is not an offset"),
        ("2026-03-01T09:30:00+0800", "is not a moment"),
        ("\uff12026-03-01T09:30:00Z", "is not a moment"),
        ("", "is not a moment"),
    ],
)
def test_a_doubtful_moment_is_refused_with_the_remedy(text: str, message: str) -> None:
    with pytest.raises(ClockError, match=message):
        parse_moment(text)


@pytest.mark.filterwarnings("ignore")
def test_midnight_written_as_24_is_refused_on_every_python() -> None:
    # datetime.fromisoformat began to accept it in 3.13 as the next day.
    with pytest.raises(ClockError):
        parse_moment("2026-03-01T24:00:00Z")


def test_a_moment_is_written_as_the_borrower_lives_it() -> None:
    us = parse_moment("2026-03-01T01:30:00Z")
    assert format_moment(us) == "2026-03-01T01:30:00Z"
    assert format_moment(us, "+08:00") == "2026-03-01T09:30:00+08:00"
    assert format_moment(us + 7, -HOUR) == "2026-03-01T00:30:00.000007-01:00"


@pytest.mark.parametrize(
    ("us", "offset", "message"),
    [(2**62, 0, "years 1 to 9999"), (0, 90 * SECOND, "whole minutes"), (0, DAY, "less than a day"), (0, "8", "like")],
)
def test_what_cannot_be_written_is_refused(us: int, offset: str | int, message: str) -> None:
    with pytest.raises(ClockError, match=message):
        format_moment(us, offset)


@given(st.integers(FIRST, LAST), offsets)
def test_what_is_written_is_read_back_at_any_offset(us: int, offset: int) -> None:
    assert parse_moment(format_moment(us, offset)) == us


@given(st.text())
def test_whatever_comes_as_a_moment_is_read_or_refused(text: str) -> None:
    with pytest.raises(ClockError):
        parse_moment("never " + text)


@pytest.mark.parametrize(("text", "us"), [("Z", 0), ("+08:00", 8 * HOUR), ("-03:30", -3 * HOUR - 30 * MINUTE)])
def test_an_offset_is_read(text: str, us: int) -> None:
    assert parse_offset(text) == us


@pytest.mark.parametrize(
    ("text", "us"),
    [("30m", 30 * MINUTE), ("48h", 2 * DAY), ("3d", 3 * DAY), ("2w", 14 * DAY), ("1y", 365 * DAY), ("0d", 0)],
)
def test_a_duration_is_a_fixed_length(text: str, us: int) -> None:
    assert parse_duration(text) == Duration(us)


def test_calendar_months_are_no_fixed_length() -> None:
    assert parse_duration("3mo") == CalendarMonths(3)


@pytest.mark.parametrize("text", ["", "3", "d", "3 d", "-3d", "1.5h", "3M", "3months", "9999999y"])
def test_a_doubtful_duration_is_refused(text: str) -> None:
    with pytest.raises(ClockError, match="duration"):
        parse_duration(text)


@given(st.integers(0, 10**12).map(lambda s: Duration(s * SECOND)) | st.integers(0, 999).map(CalendarMonths))
def test_a_duration_written_is_read_back(duration: Duration | CalendarMonths) -> None:
    assert parse_duration(format_duration(duration)) == duration


def test_a_duration_finer_than_a_second_has_no_text() -> None:
    with pytest.raises(ClockError, match="whole seconds"):
        format_duration(Duration(1))


def test_a_clock_is_handed_in() -> None:
    fixed = FixedClock(5)
    clocks: list[Clock] = [fixed, SystemClock()]
    fixed.advance(DAY)
    assert clocks[0].now() == DAY + 5
    assert abs(clocks[1].now() - time.time_ns() // 1_000) < MINUTE
