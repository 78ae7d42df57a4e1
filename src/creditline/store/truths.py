"""The events of a home that tell outcomes, which its slices leave out."""

from __future__ import annotations

import sqlalchemy as sa

from creditline.events.canonical import body_of
from creditline.events.event import Event
from creditline.events.kinds import KINDS
from creditline.store import database, schema
from creditline.store.home import FILE, Home
from creditline.store.log import KINDS_BY_CODE

_VOID = KINDS["event.voided"].code
_TRUTHS = [spec.code for spec in KINDS.values() if spec.struct.is_truth]


def truths(home: Home) -> list[Event]:
    """All events that tell outcomes, and those that void an event of a line that has one, in order of position."""
    events, lines = schema.events, schema.lines
    told = sa.select(events.c.line).where(events.c.kind.in_(_TRUTHS))
    query = (
        sa.select(events.c.id, lines.c.id.label("line"), events.c.at, events.c.known, events.c.kind, events.c.payload)
        .join_from(events, lines)
        .where(events.c.kind.in_([*_TRUTHS, _VOID]), events.c.line.in_(told))
        .order_by(events.c.position)
    )
    engine = database.connect(home.path / FILE)
    try:
        with database.reading(engine) as connection:
            return [
                Event(row.id, row.line, row.at, row.known, body_of(KINDS_BY_CODE[row.kind], row.payload))
                for row in connection.execute(query)
            ]
    finally:
        engine.dispose()


__all__ = ["truths"]
