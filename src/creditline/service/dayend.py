"""The end of a day on all lines lent on: what follows from their operations goes into the log, what does not is voided.

Lines to which something happened are worked out anew from their events; the others are carried on from the day before
as columns (``carried.py``), with the same result. A day may be ended again at any time, days left out are caught up
with, and a run that was killed is completed by the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from creditline.clock import HOUR, format_moment
from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.events.kinds import (
    ArrearsChanged,
    DrawCancelled,
    DrawRequested,
    EventVoided,
    InstalmentSettled,
    Kind,
    StatementClosed,
)
from creditline.lending.account import LendingError
from creditline.lending.book import DayEnd
from creditline.lending.derived import (
    DERIVED,
    Lived,
    arrears_body,
    corrections,
    derive,
    end_of_day,
    month_end,
    statement_body,
)
from creditline.lending.operations import Moving, Products, local_day, operations
from creditline.lending.terms import date_of
from creditline.service.account import CLOSED_UP_TO, offset_of, products_of
from creditline.service.carried import OPEN, OVER, Carried, Lines, merged
from creditline.store import Home

LINES = 200
"""Lines worked out from their events that are committed together."""

EVENTS = 10_000
"""Events of lines carried on that are committed together."""

_FIRST_OFFSET = 14 * HOUR
"""Where a day begins earliest."""

_KINDS: tuple[type[Kind], ...] = (*Moving.__args__, DrawRequested, DrawCancelled, EventVoided, *DERIVED)
_NAMES = tuple(str(kind.__struct_config__.tag) for kind in _KINDS)
"""Kinds of events after which a line is worked out anew."""

Progress = Callable[[int, int], None]
"""Told how many lines are done and how many there are."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A line whose day could not be ended, and why."""

    line: str
    why: CreditlineError


@dataclass(slots=True)
class DayEndDone:
    """A day end in figures."""

    day: int
    """The last day that is ended now: the one asked for, or a later one that had been ended before."""
    lines: int = 0
    """Lines lent on."""
    anew: int = 0
    """Lines among them that were worked out from their events; the others were carried on."""
    rows_due: int = 0
    """Instalments that fell due since a day was ended last."""
    arrears: int = 0
    """Events written, by what they tell."""
    settled: int = 0
    statements: int = 0
    voided: int = 0
    """Events voided."""
    failed: list[Failed] = field(default_factory=list)


def day_end(home: Home, day: int, *, now: int, progress: Progress | None = None) -> DayEndDone:
    """End all days up to one: arrears at each day's end, instalments settled, statements at each month's end.

    Where a later day was ended before, everything is put right up to that day. What is written becomes known at
    ``now``, and never before it happened. LendingError for a day that has not begun.
    """
    if day > local_day(now, _FIRST_OFFSET):
        raise LendingError("day", str(date_of(day)), "give a day that has begun", f"is to come at {format_moment(now)}")
    return _Run(home, day, now, progress or _silent).end()


class _Run:
    """One day end under way."""

    def __init__(self, home: Home, day: int, now: int, tell: Progress) -> None:
        self.home, self.now, self.tell = home, now, tell
        self.closed: int | None = home.get(CLOSED_UP_TO)
        self.carried = Carried.load(home)
        days = (day, self.closed, self.carried.day if self.carried else None)
        self.done = DayEndDone(max(each for each in days if each is not None))
        self.products: Products = products_of(home)
        self.seen = self.carried.position if self.carried else home.position()
        self.again: set[str] = set()
        """Lines that have to be worked out anew."""
        self.moved: set[str] = set()
        """Lines to which something happened after they were done in this run."""

    def end(self) -> DayEndDone:
        """End the day."""
        home, done = self.home, self.done
        lines = home.lines_lent_on()
        done.lines = len(lines)
        known: set[str] = set()
        if self.carried is not None:
            self._look()
            self.carried = self.carried.without(self.moved)
            self.moved.clear()
            known = set(self.carried.lines.line)
            self._carry_on(self.carried)
        self.again = (self.again & set(lines)) | (set(lines) - known)
        parts = [] if self.carried is None else [self.carried.without(self.again)]
        parts += self._work_out(sorted(self.again))
        with home.turn():
            self._look()
            if done.day != self.closed:
                home.put(CLOSED_UP_TO, done.day)
        carried = merged(parts)
        if carried is not None:
            carried = carried.without(self.moved)
            carried.position = self.seen
            carried.save(home)
        return done

    def _look(self) -> None:
        """Note to which lines something happened since this run last looked."""
        self.moved.update(self.home.lines_moved(self.seen, _NAMES))
        self.seen = self.home.position()

    # -- lines to which nothing happened ------------------------------------------------------------

    def _carry_on(self, carried: Carried) -> None:
        """Carry lines on to the day, one day after the other."""
        for day in range(carried.day + 1, self.done.day + 1):
            ended = carried.book.day_end(day)
            self.done.rows_due += len(ended.due.day)
            events: list[Event] = []
            for event in _told(ended, carried.lines, self.now):
                events.append(event)
                if len(events) == EVENTS:
                    self._append_told(events)
                    events = []
            if events:
                self._append_told(events)
            if day == month_end(day):
                carried.lines.paid[:] = 0
        self.tell(len(carried.lines.line), self.done.lines)

    def _append_told(self, events: Sequence[Event]) -> None:
        """Write what lines carried on have to tell, but for those to which something has happened meanwhile."""
        with self.home.turn():
            self._look()
            self.again |= self.moved
            appended = self.home.append([event for event in events if event.line not in self.again])
            # An id that is taken: the line's events will tell by what.
            refused = {refusal.event.line for refusal in appended.refused}
            self.again |= refused
            self.moved.clear()
            self.seen = self.home.position()
        self._count([event for event in events if event.line not in self.again])

    # -- lines to which something happened ----------------------------------------------------------

    def _work_out(self, lines: Sequence[str]) -> Iterator[Carried]:
        """Work lines out from their events."""
        for start in range(0, len(lines), LINES):
            chunk = lines[start : start + LINES]
            lived: list[tuple[Lived, int]] = []
            with self.home.turn():
                self._look()
                events = self._anew(chunk, lived)
                appended = self.home.append(events)
                assert appended.accepted == len(events), appended.refused
                self.moved -= set(chunk)
                self.seen = self.home.position()
            self._count(events)
            yield Carried.of(lived, self.done.day)
            self.tell(self.done.lines - len(lines) + start + len(chunk), self.done.lines)

    def _anew(self, lines: Sequence[str], kept: list[tuple[Lived, int]]) -> list[Event]:
        """What is to be written for lines; how each came through goes to ``kept``, if it may be carried on."""
        out: list[Event] = []
        for line, events in self.home.events_by_line(lines):
            offset = offset_of(events, self.products)
            self.done.anew += 1
            try:
                moves = operations(events, self.products, offset)
                lived = derive(line, moves, self.done.day)
            except CreditlineError as error:
                self.done.failed.append(Failed(line, error))
                continue
            out += corrections(events, lived.derived, until=self.done.day, offset=offset, now=self.now)
            self.done.rows_due += self._fallen_due(lived)
            # What the log already holds of later days would be lost on a line carried on: it lies before ``seen``.
            if all(move.day <= self.done.day for move in moves):
                kept.append((lived, offset))
        return out

    def _fallen_due(self, lived: Lived) -> int:
        rows = (row for loan in lived.account.loans.values() for row in loan.instalments)
        return sum(self.closed is None or row.due > self.closed for row in rows)

    def _count(self, events: Sequence[Event]) -> None:
        done = self.done
        for event in events:
            done.voided += isinstance(event.body, EventVoided)
            done.arrears += isinstance(event.body, ArrearsChanged)
            done.settled += isinstance(event.body, InstalmentSettled)
            done.statements += isinstance(event.body, StatementClosed)


def _told(ended: DayEnd, lines: Lines, now: int) -> Iterator[Event]:
    """What a day's end has to tell of lines carried on."""
    row_of = {line: row for row, line in enumerate(lines.line)}
    date = date_of(ended.day)
    for line, arrears in ended.arrears_changed():
        at = end_of_day(ended.day, int(lines.offset[row_of[line]]))
        yield Event(f"arrears:{date}", line, at, max(now, at), arrears_body(arrears))
    if ended.statements is None:
        return
    owed = _owed(ended)
    for row in np.flatnonzero((lines.standing == OPEN) | (lines.standing == OVER)).tolist():
        line, credit = lines.line[row], int(lines.credit[row])
        balance, days_past_due = owed.get(line, (0, 0))
        body = statement_body(balance - credit, credit, int(lines.paid[row]), days_past_due)
        at = end_of_day(ended.day, int(lines.offset[row])) - 1
        yield Event(f"statement:{date:%Y-%m}", line, at, max(now, at), body)


def _owed(ended: DayEnd) -> Mapping[str, tuple[int, int]]:
    """What is owed on the lines of the book at a month's end, and for how many days it is overdue."""
    assert ended.statements is not None
    amounts = zip(ended.statements.owed.tolist(), ended.days_past_due.tolist(), strict=True)
    return dict(zip(ended.lines.tolist(), amounts, strict=True))


def _silent(done: int, total: int) -> None:
    """Tell nobody."""
