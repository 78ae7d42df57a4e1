"""One borrower being simulated: who they are, their diary, their account, and an agenda of what they will do."""

from __future__ import annotations

import heapq
from collections.abc import Callable

from creditline.events.event import Event
from creditline.events.kinds import Employment, Kind, PartyType
from creditline.lending.account import Arrears
from creditline.lending.operations import local_day
from creditline.simulate.account import Account
from creditline.simulate.chance import Chance
from creditline.simulate.diary import Diary
from creditline.simulate.limits import Limits
from creditline.simulate.period import DAY, ENDS, HOUR, OFFSET, SECOND, Period

Deed = Callable[["Borrower", int], None]
"""Something a borrower does at a moment."""

Lateness = Callable[[int], int | None]
"""Days late by the day an instalment falls due: 0 on time, None for never."""

YUAN = 100
"""Minor units in one currency unit."""


class Borrower:
    """Who lives the story. Days count from the period's start, moments are microseconds UTC, money minor units."""

    def __init__(
        self, line: str, party: PartyType, chance: Chance, period: Period, limits: Limits | None = None
    ) -> None:
        self.line = line
        self.party = party
        self.chance = chance
        self.period = period
        self.diary = Diary()
        self._agenda: list[tuple[int, int, Deed]] = []
        self._deeds = 0
        self.income = self._income()
        amount = self._amount()
        begins = local_day(period.midnight(0), OFFSET)
        self.account = Account(line, amount, chance.between(5, 25), begins, limits)
        self.applied = 0
        self.arrived = 0
        """Moment of the application."""
        self.device = f"sim-device-{chance.below(10**9):09d}"
        self.region = chance.pick(("Hangzhou", "Shanghai", "Chengdu", "Shenzhen", "Wuhan", "Xi'an", "Qingdao"))
        self.work: Employment = "self_employed" if party == "business" else "employed"
        """Employment as the borrower states it."""
        self.draws = 0
        self.lateness: Lateness = lambda _day: 0
        """How late instalments are paid."""
        self.due_days: set[int] = set()
        """Days on the agenda because something falls due then."""
        self.behind: Arrears | None = None
        """The arrears last written down; None while nobody looks at every day's end, for all is paid."""

    def _income(self) -> int:
        """Monthly wages of a person or takings of a business."""
        if self.party == "person":
            return self.chance.low(45, 260) * 100 * YUAN
        return self.chance.low(8, 120) * 10_000 * YUAN

    def _amount(self) -> int:
        """Amount applied for: up to three months' wages, or one and a half months' takings."""
        if self.party == "person":
            return min(50_000 * YUAN, max(5_000 * YUAN, self._share(self.income, 100, 280, 1_000 * YUAN)))
        return min(500_000 * YUAN, max(50_000 * YUAN, self._share(self.income, 40, 140, 10_000 * YUAN)))

    def _share(self, whole: int, low: int, high: int, step: int) -> int:
        return whole * self.chance.between(low, high) // 100 // step * step

    def when(self, day: int, first_hour: int = 8, last_hour: int = 21) -> int:
        """A moment on a local day between two hours, to the millisecond."""
        span = (last_hour + 1 - first_hour) * HOUR // 1000
        return self.period.midnight(day) + first_hour * HOUR + self.chance.below(span) * 1000

    def later(self, low: int, high: int, unit: int = DAY) -> int:
        """A span of time from ``low`` to ``high`` units, to the millisecond."""
        return self.chance.between(low * unit // 1000, high * unit // 1000) * 1000

    def tell(self, at: int, body: Kind, lag: int = 0) -> int:
        """Write something into the diary; its entry number, by which it can be voided."""
        return self.diary.write(at, body, lag)

    def plan(self, at: int, deed: Deed) -> None:
        """Put something on the agenda; what falls outside the line's life is left out."""
        if self.arrived < at < ENDS:
            self._deeds += 1
            heapq.heappush(self._agenda, (at, self._deeds, deed))

    def live(self) -> list[Event]:
        """Do everything on the agenda in order of time, then read out the diary."""
        while self._agenda:
            at, _, deed = heapq.heappop(self._agenda)
            deed(self, at)
        return self.diary.read(self.line, ENDS)

    def day(self, at: int) -> int:
        """The local day of a moment."""
        return self.period.day_of(at)

    def month(self, day: int) -> int:
        """Number of the month a day of the period lies in."""
        month = max(0, min(day // 28, self.period.months - 1))
        while self.period.firsts[month] > day:
            month -= 1
        return month

    def months(self, from_day: int, until_day: int | None = None) -> list[int]:
        """Numbers of the months that begin after one day and before another."""
        until = self.period.days if until_day is None else min(until_day, self.period.days)
        return [month for month, first in enumerate(self.period.firsts[:-1]) if from_day < first < until]


__all__ = ["DAY", "HOUR", "SECOND", "YUAN", "Borrower", "Deed", "Lateness"]
