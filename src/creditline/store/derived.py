"""Decisions and policy versions as the home keeps them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import sqlalchemy as sa

from creditline.clock import SystemClock
from creditline.lines.decision import Decision
from creditline.store import schema
from creditline.store.database import StoreError
from creditline.store.log import numbers_of

_lines, _decisions, _policies = schema.lines, schema.decisions, schema.policies
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Decision).decode


class PublishedPolicy(msgspec.Struct, frozen=True):
    """A policy version in force from a moment. Moments in microseconds since 1970 UTC."""

    name: str
    version: str
    source: str
    effective_from: int
    published_at: int


def record(connection: sa.Connection, decisions: Iterable[Decision], lines: Iterable[str] = ()) -> None:
    """Replace what stands for the decisions' lines and for ``lines``; a line the log does not know is an error."""
    kept = list(decisions)
    numbers = numbers_of(connection, {decision.line for decision in kept}.union(lines))
    if not numbers:
        return
    replaced = sa.delete(_decisions).where(_decisions.c.line == sa.bindparam("of"))
    connection.execute(replaced, [{"of": number} for number in numbers.values()])
    rows = [
        {
            "line": numbers[decision.line],
            "number": decision.number,
            "at": decision.at,
            "action": decision.action,
            "content": _encode(decision).decode(),
        }
        for decision in kept
    ]
    if rows:
        connection.execute(sa.insert(_decisions), rows)


def decisions(connection: sa.Connection, line: str | None) -> list[Decision]:
    """Decisions of one line or of all, by line and number."""
    query = sa.select(_decisions.c.content).join_from(_decisions, _lines).order_by(_lines.c.id, _decisions.c.number)
    if line is not None:
        query = query.where(_lines.c.id == line)
    return [_decode(content) for content in connection.execute(query).scalars()]


def publish(
    connection: sa.Connection, name: str, version: str, source: str, effective_from: int, published_at: int | None
) -> None:
    """Keep a version; what is kept under a name and version never gets another source."""
    this = sa.and_(_policies.c.name == name, _policies.c.version == version)
    for row in connection.execute(sa.select(_policies.c.source, _policies.c.effective_from).where(this)):
        if row.source != source:
            remedy = "publish the changed text as a new version"
            raise StoreError(f"policy {name}", version, remedy, "is published with another text")
        if row.effective_from == effective_from:
            return
    published_at = SystemClock().now() if published_at is None else published_at
    new = PublishedPolicy(name, version, source, effective_from, published_at)
    connection.execute(sa.insert(_policies), msgspec.structs.asdict(new))


def policies(connection: sa.Connection) -> list[PublishedPolicy]:
    """All published versions, by the moment they come into force, then as published."""
    order = (_policies.c.effective_from, _policies.c.number)
    query = sa.select(_policies).order_by(*order)
    return [
        PublishedPolicy(row.name, row.version, row.source, row.effective_from, row.published_at)
        for row in connection.execute(query)
    ]
