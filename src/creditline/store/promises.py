"""Plans taken up, kept by the seal of their proof, and what was last told of each."""

from __future__ import annotations

import sqlalchemy as sa

from creditline.events.kinds import KINDS
from creditline.store import schema
from creditline.store.database import StoreError
from creditline.store.log import numbers_of

_lines, _events, _proofs, _told = schema.lines, schema.events, schema.proofs, schema.promises_told
# Spelt out, not bound: only so does the database see that its index of such rows will do.
_MADE = sa.text(f"events.kind = {KINDS['promise.made'].code}")


def keep(connection: sa.Connection, seal: str, content: str) -> None:
    """Keep a proof for good; the same again changes nothing, another content under its seal is a StoreError."""
    kept = proof(connection, seal)
    if kept is None:
        connection.execute(sa.insert(_proofs), {"seal": seal, "content": content})
    elif kept != content:
        raise StoreError("plan, seal", seal[:12], "make the plan anew", "is kept with another content")


def proof(connection: sa.Connection, seal: str) -> str | None:
    """The content of the proof with this seal; None where it is not kept here."""
    return connection.execute(sa.select(_proofs.c.content).where(_proofs.c.seal == seal)).scalar()


def lines_promised(connection: sa.Connection) -> list[str]:
    """Lines on which a plan was ever taken up, sorted."""
    query = sa.select(_lines.c.id).where(_lines.c.number.in_(sa.select(_events.c.line).where(_MADE)))
    return list(connection.execute(query.order_by(_lines.c.id)).scalars())


def told(connection: sa.Connection, line: str, event: str) -> str | None:
    """What was last told of the plan taken up by an event of a line; None where nothing was."""
    query = sa.select(_told.c.state).join_from(_told, _lines).where(_lines.c.id == line, _told.c.event == event)
    return connection.execute(query).scalar()


def tell(connection: sa.Connection, line: str, event: str, state: str, at: int) -> None:
    """Note what was told of the plan taken up by an event, at a moment in microseconds."""
    number = numbers_of(connection, [line])[line]
    row = {"line": number, "event": event, "state": state, "at": at}
    connection.execute(sa.insert(_told).prefix_with("OR REPLACE"), row)
