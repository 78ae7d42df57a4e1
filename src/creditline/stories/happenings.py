"""From the entries an analyst writes (one event, or one repeated) to typed events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from creditline.clock import ClockError, format_moment
from creditline.events.event import Event
from creditline.events.kinds import KINDS
from creditline.events.parse import Rejected, parse_row
from creditline.policy.source import Path, Source
from creditline.stories.times import Calendar

TIMES_MAX = 10_000
"""Most repetitions of one entry."""

_NOW = 2**63 - 1
"""Stories may lie in the future, so no moment is too late for them."""

_OWN = ("on", "known", "id", "line", "from", "every", "times")
"""Keys of an entry that are no field of the event."""


class _Refused(Exception):
    """An entry that cannot be taken: the key at fault (none: the whole entry), message, remedy."""

    def __init__(self, key: str | None, message: str, suggestion: str = "", *, is_key: bool = False) -> None:
        super().__init__(message)
        self.key, self.message, self.suggestion = key, message, suggestion
        self.is_key = is_key
        """Whether the key itself is wrong and not its value."""


@dataclass
class Happenings:
    """Reads the entries of one case, numbering its events in the order written."""

    calendar: Calendar
    line: str
    events: list[Event] = field(default_factory=list)
    given: int = 0
    """How many of them come from openings."""

    def begin(self) -> None:
        """Take the events so far as the opening; what comes now is the case's own."""
        self.given = len(self.events)

    @property
    def own(self) -> Sequence[Event]:
        """The case's own events."""
        return self.events[self.given :]

    def add(self, entries: object, source: Source, path: Path) -> None:
        """Read a list of entries; mistakes are noted in their source."""
        if not isinstance(entries, list):
            source.add(path, "events must be a list", "write one '- {on: .., kind: ..}' a line")
            return
        for number, entry in enumerate(entries):
            here = (*path, number)
            try:
                self.events += self._entry(entry)
            except _Refused as refused:
                if isinstance(entry, dict) and refused.key is not None and refused.key in entry:
                    here = (*here, refused.key)
                source.add(here, refused.message, refused.suggestion, key=refused.is_key)

    def _entry(self, entry: object) -> list[Event]:
        if not isinstance(entry, dict):
            raise _Refused(None, f"{entry!r} is no event", "write {on: 2026-02-01, kind: draw.booked, amount: 500.00}")
        if "kind" not in entry:
            raise _Refused(None, "the event does not say its kind", "add kind: draw.booked, or another")
        moments = list(self._times(entry))
        known = self._moment(entry, "known") if "known" in entry else 0
        said = self._said(entry)
        many = len(moments) > 1
        return [
            self._event(said | {"id": self._id(entry, number, many)}, at, max(at, known))
            for number, at in enumerate(moments)
        ]

    def _event(self, said: Mapping[str, Any], at: int, known: int) -> Event:
        row = {**said, "happened_at": format_moment(at), "known_at": format_moment(known)}
        try:
            return parse_row(row, now=_NOW, place="event")
        except Rejected as error:
            key = error.place.split(", ", 1)[1]
            value = "" if error.value is None else f" {str(error.value)!r}"
            is_key = key not in KINDS[str(said["kind"])].fields if said["kind"] in KINDS else False
            raise _Refused(key, f"{key}{value} {error.problem}", error.remedy, is_key=is_key) from None

    def _id(self, entry: Mapping[str, Any], number: int, many: bool) -> str:
        """The id as told (numbered where it is repeated), else the place among the case's events."""
        if "id" not in entry:
            return f"e{len(self.events) + number + 1:05d}"
        return f"{entry['id']}-{number + 1}" if many else str(entry["id"])

    def _said(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """Line, kind and fields; moments among the fields as RFC 3339."""
        said = {"line": str(entry.get("line", self.line))}
        said |= {key: value for key, value in entry.items() if key not in _OWN}
        spec = KINDS.get(str(entry["kind"]))
        for name, spec_field in spec.fields.items() if spec else ():
            if spec_field.unit == "moment" and said.get(name) is not None:
                said[name] = format_moment(self._moment(entry, name))
        return said

    def _moment(self, entry: Mapping[str, Any], key: str) -> int:
        try:
            return self.calendar.read(str(entry[key])).at
        except ClockError as error:
            raise _Refused(key, f"{key} {entry[key]!r} {error.problem}", error.remedy) from None

    def _times(self, entry: Mapping[str, Any]) -> Iterator[int]:
        """When the entry happens, once or again and again."""
        repeated = {"from", "every", "times"} & set(entry)
        if not repeated:
            if "on" not in entry:
                raise _Refused(None, "the event does not say when", "add on: 2026-02-01, or from:, every: and times:")
            yield self._moment(entry, "on")
            return
        if len(repeated) < 3 or "on" in entry:
            remedy = "write {from: 2026-01-05, every: 5d, times: 4, kind: ..}"
            raise _Refused(None, "a repeated event needs from, every and times, and no on", remedy)
        first = self._moment(entry, "from")
        for number in range(self._repetitions(entry["times"])):
            try:
                yield self.calendar.step(first, str(entry["every"]), number)
            except ClockError as error:
                raise _Refused("every", f"every {entry['every']!r} {error.problem}", error.remedy) from None

    def _repetitions(self, times: object) -> int:
        if isinstance(times, bool) or not isinstance(times, int) or not 1 <= times <= TIMES_MAX:
            raise _Refused("times", f"times {times!r} is not a whole number from 1 to {TIMES_MAX:,}", "for example 4")
        return times
