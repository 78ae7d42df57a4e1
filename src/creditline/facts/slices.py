"""The slice store: all events of many lines as plain columns, each line a contiguous slice.

Within a line events lie by kind and then by time, so that counting runs through one kind after another without asking
of each event what it is; the order in which they became known stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from creditline.events.event import Event
from creditline.events.kinds import KINDS, NULL, SLOTS, slots, text_code

Int64s = NDArray[np.int64]

NEVER = 2**63 - 1
"""A moment that does not come."""

_VOID = KINDS["event.voided"].code


@dataclass(frozen=True)
class Slices:
    """Events of ``L`` lines in columns of length ``n``; line ``l`` owns rows ``offsets[l]:offsets[l + 1]``."""

    lines: Sequence[str]
    """External ids, length L."""
    offsets: Int64s
    """Shape (L + 1,)."""
    at: Int64s
    """Moment it happened, microseconds; increasing within a line's kind, and no two of a line alike."""
    known: Int64s
    """Moment it became known, microseconds, never before ``at``."""
    until: Int64s
    """Moment from which it no longer counts because it was voided; NEVER otherwise."""
    kind: NDArray[np.uint8]
    """Code of the event kind."""
    values: Int64s
    """Shape (SLOTS, n): the kinds' fields in numeric form, NULL where nothing is said."""
    visits: Int64s
    """Row numbers, line by line, in the order the events became known."""
    position: Int64s
    """Position in the log, 0 where the events are in no log."""
    ids: Sequence[str] | None = None
    """Event ids by row where they are at hand."""

    def __len__(self) -> int:
        return len(self.lines)


def assemble(
    lines: Sequence[str],
    line: Int64s,
    at: Int64s,
    known: Int64s,
    kind: NDArray[np.uint8],
    values: Int64s,
    ids: Sequence[str],
    position: Int64s | None = None,
) -> Slices:
    """Sort rows into slices, part ties by a microsecond, and apply what was voided.

    ``line`` is each row's place in ``lines``; ``values`` has shape (SLOTS, n). Ties of one line are parted in
    order of event id, so that the order in which rows come never matters.
    """
    order = np.lexsort((np.asarray(ids, dtype=object).astype(str) if _has_ties(line, at) else line, at, line))
    line, at, known, kind = line[order], at[order].copy(), known[order], kind[order]
    part_ties(line, at)
    known = np.maximum(known, at)
    by_kind = np.lexsort((at, kind, line))
    order = order[by_kind]
    line, at, known, kind = line[by_kind], at[by_kind], known[by_kind], kind[by_kind]
    values = np.ascontiguousarray(values[:, order])
    position = np.zeros(len(at), np.int64) if position is None else position[order]
    ids = [ids[i] for i in order]
    offsets = np.searchsorted(line, np.arange(len(lines) + 1)).astype(np.int64)
    until = _voided(kind, known, values, offsets, line, ids)
    visits = np.lexsort((at, known, line)).astype(np.int64)
    return Slices(list(lines), offsets, at, known, until, kind, values, visits, position, ids)


def _has_ties(line: Int64s, at: Int64s) -> bool:
    order = np.lexsort((at, line))
    return bool(np.any((line[order][1:] == line[order][:-1]) & (at[order][1:] == at[order][:-1])))


def part_ties(line: Int64s, at: Int64s) -> None:
    """Make ``at`` strictly increasing within each line, in place, by the fewest microseconds."""
    stuck = np.flatnonzero((line[1:] == line[:-1]) & (at[1:] <= at[:-1])) + 1
    for row in stuck:
        while row < len(at) and line[row] == line[row - 1] and at[row] <= at[row - 1]:
            at[row] = at[row - 1] + 1
            row += 1


def _voided(
    kind: NDArray[np.uint8], known: Int64s, values: Int64s, offsets: Int64s, line: Int64s, ids: Sequence[str]
) -> Int64s:
    """Moment from which each row is void: when the first event that voids it became known."""
    until = np.full(len(kind), NEVER, np.int64)
    for row in np.flatnonzero(kind == _VOID):
        target = values[0, row]
        for other in range(offsets[line[row]], offsets[line[row] + 1]):
            if other != row and text_code(ids[other]) == target:
                until[other] = min(until[other], known[row])
    return until


def from_events(events: Iterable[Event]) -> Slices:
    """Slices of events in memory, in whatever order they come."""
    rows = list(events)
    lines = sorted({event.line for event in rows})
    place = {line: number for number, line in enumerate(lines)}
    values = np.array([slots(event.body) for event in rows], np.int64).reshape(len(rows), SLOTS).T
    return assemble(
        lines,
        np.array([place[event.line] for event in rows], np.int64),
        np.array([event.at for event in rows], np.int64),
        np.array([event.known for event in rows], np.int64),
        np.array([KINDS[event.kind].code for event in rows], np.uint8),
        np.ascontiguousarray(values),
        [event.id for event in rows],
    )


__all__ = ["NEVER", "NULL", "Slices", "assemble", "from_events", "part_ties"]
