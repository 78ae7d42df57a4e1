"""Files of events into a home: every row is taken in, recognised as taken before, or told in a rejects file."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.events.parse import parse_row
from creditline.events.readers import read_rows, size_of
from creditline.events.rejects import Reject, Rejected, write_rejects
from creditline.store import Home, Refusal

BATCH = 20_000
"""About how many events are committed at a time; the events of one line are never parted."""

TOLD_EVERY = 1_000
"""Rows between two calls of the progress callback."""

Stage = Literal["read", "write"]
Progress = Callable[[Stage, int, int], None]
"""Told the stage, how much is done and how much there is (bytes or rows of the file, then events)."""


class Imported(msgspec.Struct, frozen=True):
    """What became of the rows of a file: each is in exactly one of the three."""

    accepted: int
    duplicates: int
    rejected: int
    rejects_path: Path | None
    """Where the rejected rows are told, None when there are none."""


@dataclass
class _Read:
    """A file read into memory: events with the number of their row, and what could not be one."""

    events: list[Event] = field(default_factory=list)
    rows: dict[int, int] = field(default_factory=dict)
    """Number of the row, by identity of the event."""
    rejects: dict[int, Reject] = field(default_factory=dict)
    """By number of the row."""


def import_file(home: Home, path: Path, *, now: int, progress: Progress | None = None) -> Imported:
    """Take the events of a file into the home's log; ``now`` is the present moment in microseconds.

    The order of rows does not matter, nor how often it is run: a run that was killed is completed by the next one.
    Raises FileError when nothing of the file can be read and StoreError when the database cannot be written.
    """
    with _no_cycles():
        read = _read(path, now, progress or _silent)
        accepted = duplicates = 0
        refused: list[Refusal] = []
        for done, batch in _batches(read.events):
            appended = home.append(batch)
            accepted += appended.accepted
            duplicates += appended.duplicates
            refused += appended.refused
            (progress or _silent)("write", done, len(read.events))
    _tell_refused(path, read, refused)
    target = home.path / "rejects" / f"{path.name}-{_digest(path)}.ndjson"
    rejected = write_rejects(target, (read.rejects[number] for number in sorted(read.rejects)))
    return Imported(accepted, duplicates, rejected, target if rejected else None)


def _read(path: Path, now: int, progress: Progress) -> _Read:
    """Every row of the file, parsed. In memory as a whole: only so does the order of rows not matter."""
    read, size = _Read(), size_of(path) if path.is_file() else 0
    for number, row in enumerate(read_rows(path)):
        if number % TOLD_EVERY == 0:
            progress("read", row.done, size)
        try:
            if row.fields is None:
                raise row.error or Rejected(row.place, row.raw, "write one row a line")
            event = parse_row(row.fields, now=now, place=row.place)
        except CreditlineError as error:
            read.rejects[number] = Reject.of(error, row.raw)
        else:
            read.rows[id(event)] = number
            read.events.append(event)
    progress("read", size, size)
    return read


def _batches(events: list[Event]) -> Iterator[tuple[int, Sequence[Event]]]:
    """Events by line and time in batches of whole lines, each with how many events are done after it.

    Whole lines, so that an event may stand before the one that begins its line or that it voids; in order of line,
    so that the log's indexes grow at one end. Of one id the first row stays first.
    """
    events = sorted(events, key=lambda event: event.line)
    start = 0
    for end in range(1, len(events) + 1):
        last = end == len(events)
        if last or (end - start >= BATCH and events[end].line != events[end - 1].line):
            yield end, events[start:end]
            start = end


def _tell_refused(path: Path, read: _Read, refused: list[Refusal]) -> None:
    """Add what the log refused to the rejects, with the rows as they were read: the file is read a second time."""
    by_row = {read.rows[id(refusal.event)]: refusal for refusal in refused}
    if not by_row:
        return
    for number, row in enumerate(read_rows(path)):
        if number in by_row:
            refusal = by_row[number]
            place = f"{row.place}, {refusal.field}"
            read.rejects[number] = Reject(place, refusal.value, refusal.reason, refusal.remedy, row.raw)


def _digest(path: Path) -> str:
    """Short name of the file's content: the same input tells its rejects in the same file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


@contextmanager
def _no_cycles() -> Iterator[None]:
    """Rest the collector of reference cycles: millions of events, none in a cycle, would be walked again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _silent(stage: Stage, done: int, total: int) -> None:
    """Tell nobody."""
