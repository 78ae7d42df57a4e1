"""The log: events appended once, whatever order they come in and however often they are sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import sqlalchemy as sa

from creditline.events.canonical import SPECS, body_of, sealed
from creditline.events.event import Event
from creditline.events.kinds import KINDS, EventVoided, KindSpec
from creditline.store import schema
from creditline.store.database import StoreError

KINDS_BY_CODE: dict[int, KindSpec] = {spec.code: spec for spec in KINDS.values()}
BEGINNINGS = tuple(name for name, spec in KINDS.items() if spec.struct.begins_line)
"""Names of the kinds a line may begin with."""

_VOID = KINDS["event.voided"].code
_lines, _events = schema.lines, schema.events
# Spelt out, not bound: only so does the database see that its index of such rows will do.
_LENT = sa.text(f"events.kind = {KINDS['draw.requested'].code}")


@dataclass(frozen=True)
class Refusal:
    """An event the log did not take: why, and what would be right."""

    event: Event
    field: str
    value: str
    reason: str
    remedy: str


@dataclass(frozen=True)
class Appended:
    """What became of a batch: every event is in exactly one of the three."""

    accepted: int = 0
    duplicates: int = 0
    refused: list[Refusal] = field(default_factory=list)


@dataclass(frozen=True)
class _Entry:
    """An event on its way in, with its canonical payload and digest and the number of its line."""

    event: Event
    payload: bytes
    digest: bytes
    line: int


def append(connection: sa.Connection, batch: Sequence[Event]) -> Appended:
    """Add a batch to the log inside the caller's transaction.

    Same id and same content: a duplicate. Same id, other content: refused, the first stands. Events of a line that
    neither the log nor this batch begins are refused, and so are voids that name nothing of their line.
    """
    refused: list[Refusal] = []
    numbers, fresh_lines = _number_lines(connection, batch)
    entries, duplicates = _first_of_each_id(batch, numbers, refused)
    stored = _stored(connection, entries, fresh_lines)
    unseen = []
    for key, entry in entries.items():
        if key not in stored:
            unseen.append(entry)
        elif stored[key][0] == entry.digest:
            duplicates += 1
        else:
            refused.append(_other_content(entry.event))
    accepted = [entry for entry in unseen if _may_void(entry, entries, stored, refused)]
    accepted.sort(key=lambda entry: (entry.line, entry.event.at, entry.event.id))
    if accepted:
        connection.execute(sa.insert(_events), _rows(connection, accepted, fresh_lines))
    return Appended(len(accepted), duplicates, refused)


def read(connection: sa.Connection, line: str | None = None, until_position: int | None = None) -> Iterator[Event]:
    """Events as their rows stated them, in order of position, up to one if given; of one line, or of all."""
    query = (
        sa.select(
            _events.c.id,
            _lines.c.id.label("line"),
            sa.func.coalesce(_events.c.stated_at, _events.c.at).label("at"),
            sa.func.coalesce(_events.c.stated_known, _events.c.known).label("known"),
            _events.c.kind,
            _events.c.payload,
        )
        .join_from(_events, _lines)
        .order_by(_events.c.position)
    )
    if line is not None:
        query = query.where(_lines.c.id == line)
    if until_position is not None:
        query = query.where(_events.c.position <= until_position)
    for row in connection.execute(query):
        yield Event(row.id, row.line, row.at, row.known, body_of(KINDS_BY_CODE[row.kind], row.payload))


def read_lines(connection: sa.Connection, lines: Sequence[str]) -> Iterator[tuple[str, list[Event]]]:
    """Each of these lines that is in the log, with its events in order of position."""
    for line in lines:
        events = list(read(connection, line))
        if events:
            yield line, events


def lines_lent_on(connection: sa.Connection) -> list[str]:
    """Lines with a draw that the lending core agreed to, sorted."""
    query = sa.select(_lines.c.id).where(_lines.c.number.in_(sa.select(_events.c.line).where(_LENT)))
    return list(connection.execute(query.order_by(_lines.c.id)).scalars())


def lines_with_loan(connection: sa.Connection, loan: str) -> list[str]:
    """Lines with a draw agreed under this loan's id, sorted."""
    named = sa.func.json_extract(_events.c.payload, "$.loan") == loan
    query = sa.select(_lines.c.id).where(_lines.c.number.in_(sa.select(_events.c.line).where(_LENT, named)))
    return list(connection.execute(query.order_by(_lines.c.id)).scalars())


def lines_moved(connection: sa.Connection, position: int, kinds: Iterable[str]) -> list[str]:
    """Lines with an event of one of these kinds after a position, sorted."""
    codes = [KINDS[kind].code for kind in kinds]
    moved = sa.select(_events.c.line).where(_events.c.position > position, _events.c.kind.in_(codes))
    return list(
        connection.execute(sa.select(_lines.c.id).where(_lines.c.number.in_(moved)).order_by(_lines.c.id)).scalars()
    )


def numbers_of(connection: sa.Connection, lines: Iterable[str]) -> dict[str, int]:
    """Numbers of these lines; StoreError for the first the log does not know."""
    wanted = set(lines)
    numbers = _known(connection, wanted)
    for line in sorted(wanted - numbers.keys()):
        raise StoreError("line", line, "give the id of a line that is in the log", "is not known")
    return numbers


def _known(connection: sa.Connection, lines: Iterable[str]) -> dict[str, int]:
    found = among(sa.select(_lines.c.id, _lines.c.number), _lines.c.id, sorted(lines))
    return {row.id: row.number for row in connection.execute(found)}


def _number_lines(connection: sa.Connection, batch: Iterable[Event]) -> tuple[dict[str, int], set[int]]:
    """Numbers of the lines the log knows or the batch begins, and which of them are new."""
    numbers = _known(connection, {event.line for event in batch})
    # Only the first event of an id counts, as below: a beginning that will be refused begins nothing.
    first: dict[tuple[str, str], Event] = {}
    for event in batch:
        if event.line not in numbers:
            first.setdefault((event.line, event.id), event)
    begun = sorted({event.line for event in first.values() if event.body.begins_line})
    if not begun:
        return numbers, set()
    last = connection.execute(sa.select(sa.func.max(_lines.c.number))).scalar() or 0
    new = {line: number for number, line in enumerate(begun, last + 1)}
    connection.execute(sa.insert(_lines), [{"number": number, "id": line} for line, number in new.items()])
    return numbers | new, set(new.values())


def _first_of_each_id(
    batch: Iterable[Event], numbers: dict[str, int], refused: list[Refusal]
) -> tuple[dict[tuple[int, str], _Entry], int]:
    """The batch by line number and id, where the first of an id stands; and how many only repeated one."""
    entries: dict[tuple[int, str], _Entry] = {}
    duplicates = 0
    for event in batch:
        line = numbers.get(event.line)
        if line is None:
            refused.append(_unknown_line(event))
            continue
        entry = _Entry(event, *sealed(event), line)
        first = entries.setdefault((line, event.id), entry)
        if first is entry:
            continue
        if first.digest == entry.digest:
            duplicates += 1
        else:
            refused.append(_other_content(event))
    return entries, duplicates


def _stored(
    connection: sa.Connection, entries: dict[tuple[int, str], _Entry], fresh_lines: set[int]
) -> dict[tuple[int, str], tuple[bytes, int]]:
    """Digest and kind of every event in the log that an entry repeats or voids."""
    keys = {key for key in entries if key[0] not in fresh_lines}
    bodies = ((entry.line, entry.event.body) for entry in entries.values())
    keys |= {(line, body.event) for line, body in bodies if isinstance(body, EventVoided)}
    columns = (_events.c.line, _events.c.id, _events.c.digest, _events.c.kind)
    found = connection.execute(among_pairs(columns, _events.c.id, sorted(keys)))
    return {(row.line, row.id): (row.digest, row.kind) for row in found}


def _may_void(
    entry: _Entry,
    entries: dict[tuple[int, str], _Entry],
    stored: dict[tuple[int, str], tuple[bytes, int]],
    refused: list[Refusal],
) -> bool:
    """Whether the entry is no void, or voids an event of its line that is no void itself; else it is refused."""
    body = entry.event.body
    if not isinstance(body, EventVoided):
        return True
    key = (entry.line, body.event)
    if key in stored:
        target: int | None = stored[key][1]
    else:
        target = SPECS[type(entries[key].event.body)].code if key in entries else None
    if target is None:
        reason, remedy = "no event of this line has that id", "name an event of this line, or send that event first"
    elif target == _VOID:
        reason, remedy = "a void cannot be voided", "send the event that should count again, under a new id"
    else:
        return True
    refused.append(Refusal(entry.event, "event", body.event, reason, remedy))
    return False


def _rows(connection: sa.Connection, entries: list[_Entry], fresh_lines: set[int]) -> list[dict[str, Any]]:
    """Rows ready to insert, ties of one line parted by a microsecond."""
    taken = _taken(connection, entries, fresh_lines)
    rows = []
    line, last = 0, 0
    for entry in entries:
        event = entry.event
        at = event.at if entry.line != line else max(event.at, last + 1)
        if entry.line in taken:
            while at in taken[entry.line]:
                at += 1
        line, last = entry.line, at
        known = max(event.known, at)
        rows.append(
            {
                "line": line,
                "at": at,
                "known": known,
                "kind": event.body.code,
                "id": event.id,
                "digest": entry.digest,
                "payload": entry.payload.decode(),
                "stated_at": event.at if at != event.at else None,
                "stated_known": event.known if known != event.known else None,
            }
        )
    return rows


def _taken(connection: sa.Connection, entries: list[_Entry], fresh_lines: set[int]) -> dict[int, set[int]]:
    """Moments already taken in the log, of those lines where an entry may meet one."""
    earliest: dict[int, int] = {}
    ties = set()
    keys = set()
    for entry in entries:
        if entry.line in fresh_lines:
            continue
        earliest.setdefault(entry.line, entry.event.at)
        key = (entry.line, entry.event.at)
        if key in keys:
            ties.add(entry.line)
        keys.add(key)
    hit = connection.execute(among_pairs((_events.c.line,), _events.c.at, sorted(keys)))
    taken: dict[int, set[int]] = defaultdict(set)
    for line in ties | {row.line for row in hit}:
        later = sa.select(_events.c.at).where(_events.c.line == line, _events.c.at >= earliest[line])
        taken[line].update(connection.execute(later).scalars())
    return taken


def among(query: sa.Select[Any], column: sa.ColumnElement[Any], values: Sequence[object]) -> sa.Select[Any]:
    """The query where the column has one of the values, however many: they travel as one JSON array."""
    each = sa.func.json_each(msgspec.json.encode(values).decode()).table_valued("value")
    return query.where(column.in_(sa.select(each.c.value)))


def among_pairs(
    columns: Sequence[sa.ColumnElement[Any]], second: sa.ColumnElement[Any], pairs: Sequence[tuple[int, Any]]
) -> sa.Select[Any]:
    """Columns of the events whose (line, second column) is one of the pairs, each found by its unique index."""
    each = sa.func.json_each(msgspec.json.encode(pairs).decode()).table_valued("value")
    line, value = sa.func.json_extract(each.c.value, "$[0]"), sa.func.json_extract(each.c.value, "$[1]")
    return sa.select(*columns).select_from(each.join(_events, sa.and_(_events.c.line == line, second == value)))


def _unknown_line(event: Event) -> Refusal:
    remedy = f"send {' or '.join(BEGINNINGS)} for this line first"
    return Refusal(event, "line", event.line, "the line is not known", remedy)


def _other_content(event: Event) -> Refusal:
    remedy = "give a new event a new id; to take the old one back, send event.voided naming it"
    return Refusal(event, "id", event.id, "an event with this id and other content is in the log", remedy)
