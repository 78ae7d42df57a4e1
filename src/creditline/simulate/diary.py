"""The diary of one line: what is written down in any order, and read out as events in order of time."""

from __future__ import annotations

from creditline.events.event import Event
from creditline.events.kinds import EventVoided, Kind


class Diary:
    """Collects what happened to one line."""

    __slots__ = ("_entries", "_voids")

    def __init__(self) -> None:
        self._entries: list[tuple[int, int, Kind]] = []
        self._voids: list[tuple[int, int, str]] = []

    def write(self, at: int, body: Kind, lag: int = 0) -> int:
        """Note that something happened at ``at`` and was known ``lag`` microseconds later; its entry number."""
        self._entries.append((at, at + lag, body))
        return len(self._entries) - 1

    def void(self, entry: int, at: int, reason: str) -> None:
        """Note that an earlier entry turned out wrong and was voided at ``at``."""
        self._voids.append((entry, at, reason))

    def read(self, line: str, end: int) -> list[Event]:
        """Events known by ``end`` (excluded), in order of time, no two at the same moment, ids counting up."""
        rows: list[tuple[int, int, int, int]] = []
        for number, (at, known, _) in enumerate(self._entries):
            if known < end:
                rows.append((at, number, known, -1))
        for number, (entry, at, _) in enumerate(self._voids):
            if at < end and self._entries[entry][1] <= at:
                rows.append((at, len(self._entries) + number, at, number))
        rows.sort()
        ids = {number: f"{place:05d}" for place, (_, number, _, _) in enumerate(rows, 1)}
        events: list[Event] = []
        earliest = rows[0][0] if rows else 0
        for at, number, known, void in rows:
            at = max(at, earliest)
            earliest = at + 1
            body = self._entries[number][2] if void < 0 else self._voiding(void, ids)
            events.append(Event(ids[number], line, at, max(at, known), body))
        return events

    def _voiding(self, void: int, ids: dict[int, str]) -> Kind:
        entry, _, reason = self._voids[void]
        return EventVoided(event=ids[entry], reason=reason)
