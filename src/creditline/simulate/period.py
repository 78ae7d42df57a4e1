"""The simulated period: it ends at one fixed moment, so that figures do not depend on the day they are made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

OFFSET = 8 * HOUR
"""Local time of all simulated borrowers: UTC+8, no summer time."""

ENDS = 1_782_835_200 * SECOND
"""2026-06-30T16:00:00Z, midnight at the start of July in local time."""

_LAST = date(2026, 7, 1)


def _first_of(months_before_end: int) -> date:
    whole = _LAST.year * 12 + _LAST.month - 1 - months_before_end
    return date(whole // 12, whole % 12 + 1, 1)


@dataclass(frozen=True)
class Period:
    """``months`` calendar months up to ``ENDS``; days are counted from local midnight of its first day."""

    months: int
    days: int
    """Length of the period; day ``days`` is the first one no longer in it."""
    firsts: tuple[int, ...]
    """Day on which each month begins; one longer than ``months``, the last is ``days``."""

    @classmethod
    def of(cls, months: int) -> Period:
        """The last ``months`` months. ValueError unless it is 1 to 240."""
        if not 1 <= months <= 240:
            raise ValueError(f"months: {months} is out of range; give 1 to 240")
        start = _first_of(months)
        firsts = tuple((_first_of(months - month) - start).days for month in range(months + 1))
        return cls(months, firsts[-1], firsts)

    def midnight(self, day: int) -> int:
        """Moment at which a local day begins, microseconds UTC; days before the period are negative."""
        return ENDS - (self.days - day) * DAY

    def day_of(self, moment: int) -> int:
        """The local day a moment falls on."""
        return self.days + (moment - ENDS) // DAY

    def part(self, percent: int) -> int:
        """The day by which so many per cent of the period are over."""
        return self.days * percent // 100
