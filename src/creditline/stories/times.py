"""Moments as an analyst writes them: a date, a date with a time, or so long after the story's start."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from creditline.clock import DAY, MINUTE, SECOND, CalendarMonths, ClockError, parse_duration, parse_moment

_WRITTEN = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2})(:\d{2})?)?")
_RELATIVE = re.compile(r"([+-])\s*(\d+(?:mo|[ywdhms]))")


@dataclass(frozen=True)
class When:
    """A moment and the span it stands for: a date the whole day, a time its minute or second. Microseconds UTC."""

    at: int
    first: int
    end: int
    """The span is half-open: ``first <= moment < end``."""


@dataclass(frozen=True)
class Calendar:
    """Reads moments of one story: the policy's offset from UTC and the story's start, in microseconds."""

    offset: int
    start: int = 0

    def read(self, text: str) -> When:
        """The moment a text means; a date means noon there. Raises ClockError."""
        relative = _RELATIVE.fullmatch(text.strip())
        if relative:
            return self._relative(relative[1], relative[2])
        written = _WRITTEN.fullmatch(text.strip())
        if written is None:
            remedy = "write 2026-02-01, 2026-02-01 10:30, or +30d and -2w counted from the start"
            raise ClockError("moment", text, remedy, "is not a moment")
        date, minute, second = written.groups()
        at = parse_moment(f"{date}T{minute or '12:00'}{second or ':00'}Z") - self.offset
        if minute is None:
            return self._day(at)
        return When(at, at, at + (SECOND if second else MINUTE))

    def step(self, at: int, text: str, times: int) -> int:
        """The moment so many steps of a duration after ``at``; calendar months keep the day of the month."""
        length = parse_duration(text)
        if isinstance(length, CalendarMonths):
            return self._months_on(at, length.months * times)
        return at + length.us * times

    def _relative(self, sign: str, text: str) -> When:
        at = self.step(self.start, text, -1 if sign == "-" else 1)
        return When(at, at, at + MINUTE) if text[-1] in "hms" else self._day(at)

    def _day(self, at: int) -> When:
        first = (at + self.offset) // DAY * DAY - self.offset
        return When(at, first, first + DAY)

    def _months_on(self, at: int, months: int) -> int:
        zone = timezone(timedelta(microseconds=self.offset))
        local = datetime.fromtimestamp(at // SECOND, UTC).astimezone(zone)
        year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
        last = monthrange(year, month + 1)[1]
        moved = local.replace(year=year, month=month + 1, day=min(local.day, last))
        return int(moved.timestamp()) * SECOND + at % SECOND

    def written(self, at: int) -> str:
        """A moment as text in the story's own offset, to the second."""
        zone = timezone(timedelta(microseconds=self.offset))
        return datetime.fromtimestamp(at // SECOND, UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
