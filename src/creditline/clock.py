"""Moments and durations: whole microseconds since 1970 UTC inside, RFC 3339 with an offset at the edges."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol

from creditline.errors import CreditlineError

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY
YEAR = 365 * DAY

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {"y": YEAR, "w": WEEK, "d": DAY, "h": HOUR, "m": MINUTE, "s": SECOND}
_INT64_MAX = 2**63 - 1

_OFFSET = re.compile(r"([+-])([01][0-9]|2[0-3]):([0-5][0-9])")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_DURATION = re.compile(r"([0-9]{1,18})(mo|[ywdhms])")


class ClockError(CreditlineError):
    """A moment, offset or duration that cannot be read, or not without guessing."""


@dataclass(frozen=True)
class Duration:
    """A length of time in microseconds, never negative."""

    us: int


@dataclass(frozen=True)
class CalendarMonths:
    """A number of calendar months, whose length depends on where they lie."""

    months: int


class Clock(Protocol):
    """What tells the present moment; handed in, so that tests and replays choose their own."""

    def now(self) -> int:
        """Return the present moment, microseconds since 1970 UTC."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> int:
        """Return the present moment, microseconds since 1970 UTC."""
        return time.time_ns() // 1_000


@dataclass
class FixedClock:
    """A clock that stands still until it is moved."""

    us: int

    def now(self) -> int:
        """Return the moment it was set to, microseconds since 1970 UTC."""
        return self.us

    def advance(self, us: int) -> None:
        """Move it on by so many microseconds."""
        self.us += us


def parse_moment(text: str) -> int:
    """Return an RFC 3339 moment as microseconds since 1970 UTC; raises ClockError where anything would be guessed."""
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        raise ClockError("moment", text, "write it like 2026-03-01T09:30:00+08:00", "is not a moment")
    date, clock, fraction, offset = match.groups()
    if offset is None:
        raise ClockError("moment", text, "add the offset from UTC, like +08:00 or Z", "does not say its offset")
    if fraction and len(fraction) > 7:
        raise ClockError("moment", text, "give at most 6 decimals", "is finer than a microsecond")
    try:
        local = datetime.fromisoformat(f"{date}T{clock}").replace(tzinfo=UTC)
    except ValueError as error:
        raise ClockError("moment", text, "check date and time of day", f"does not exist ({error})") from error
    part = int(fraction[1:].ljust(6, "0")) if fraction else 0
    return (local - _EPOCH) // timedelta(microseconds=1) + part - parse_offset(offset)


def format_moment(us: int, offset: str | int = 0) -> str:
    """Return a moment as RFC 3339 text at an offset from UTC (``"+08:00"``, or microseconds of whole minutes)."""
    shift = parse_offset(offset) if isinstance(offset, str) else offset
    if shift % MINUTE or abs(shift) >= DAY:
        raise ClockError("offset", offset, "give whole minutes, less than a day", "is not an offset")
    try:
        local = (_EPOCH + timedelta(microseconds=us)).astimezone(timezone(timedelta(microseconds=shift)))
    except OverflowError as error:
        raise ClockError("moment", us, "only the years 1 to 9999 can be written", "lies too far off") from error
    text = local.isoformat()
    return text.removesuffix("+00:00") + "Z" if shift == 0 else text


def parse_offset(text: str) -> int:
    """Return an offset from UTC like ``+08:00`` or ``Z`` in microseconds; raises ClockError."""
    if text in {"Z", "z"}:
        return 0
    match = _OFFSET.fullmatch(text)
    if match is None:
        raise ClockError("offset", text, "write it like +08:00", "is not an offset")
    sign, hours, minutes = match.groups()
    shift = int(hours) * HOUR + int(minutes) * MINUTE
    return -shift if sign == "-" else shift


def parse_duration(text: str) -> Duration | CalendarMonths:
    """Return ``30m``, ``48h``, ``3d``, ``2w``, ``1y`` (365 days) or calendar months ``3mo``; raises ClockError."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ClockError("duration", text, "write it like 48h, 3d, 2w, 1y or 3mo", "is not a duration")
    number, unit = int(match[1]), match[2]
    if unit == "mo":
        return CalendarMonths(number)
    if number * _UNITS[unit] > _INT64_MAX:
        raise ClockError("duration", text, "give less than 292,000 years", "is too long")
    return Duration(number * _UNITS[unit])


def format_duration(duration: Duration | CalendarMonths) -> str:
    """Return the shortest exact text of a duration of whole seconds; raises ClockError for parts of one."""
    if isinstance(duration, CalendarMonths):
        return f"{duration.months}mo"
    if duration.us == 0:
        return "0d"
    for unit, us in _UNITS.items():
        if duration.us % us == 0:
            return f"{duration.us // us}{unit}"
    raise ClockError("duration", duration.us, "round it to whole seconds", "is finer than a second")
