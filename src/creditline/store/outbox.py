"""Notices of a home on their way: due, sent, read. What was sent is never changed.

A notice is of one decision and one kind. One that waits is renewed where it would say something else by now; one that
was sent stays, and only where it told of something else than stands there now does a further edition become due.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

import msgspec
import sqlalchemy as sa

from creditline.store import schema
from creditline.store.database import StoreError
from creditline.store.log import among, numbers_of

State = Literal["due", "sent", "read"]
STATES: tuple[State, ...] = get_args(State)

_outbox, _lines = schema.outbox, schema.lines


class Letter(msgspec.Struct, frozen=True, omit_defaults=True):
    """A notice in the outbox. Moments in microseconds since 1970 UTC."""

    line: str
    decision: int
    """Number of the decision it is of."""
    kind: str
    lang: str
    jurisdiction: str
    subject: str
    """Digest of what it tells of, in hex: the decision, or a plan."""
    content: str
    """The notice itself, as JSON."""
    hash: str
    """SHA-256 of the content, in hex."""
    deadline: int | None
    """The last moment at which it is in time; None where there is no deadline."""
    queued_at: int
    edition: int = 0
    """Counts up where a notice had been sent and what it told of became something else."""
    state: State = "due"
    sent_at: int | None = None
    read_at: int | None = None
    number: int = 0
    """Given by the home."""

    @property
    def key(self) -> str:
        """What it is known by, to senders too."""
        return f"{self.line}/{self.decision}/{self.kind}/{self.edition}"


_FIELDS = tuple(name for name in Letter.__struct_fields__ if name not in ("line", "number"))


def enqueue(connection: sa.Connection, letters: Iterable[Letter]) -> int:
    """Put notices into the outbox; how many were new or changed. A line the log does not know is a StoreError."""
    waiting = list(letters)
    numbers = numbers_of(connection, {letter.line for letter in waiting})
    told = among(sa.select(_outbox.c.line), _outbox.c.line, sorted(numbers.values()))
    known = set(connection.execute(told).scalars())
    # Lines without any notice yet are written at once, each notice the first of its decision and kind.
    first: dict[tuple[str, int, str], Letter] = {}
    for letter in waiting:
        if numbers[letter.line] not in known:
            first.setdefault((letter.line, letter.decision, letter.kind), letter)
    if first:
        connection.execute(sa.insert(_outbox), [_row(letter, numbers[letter.line]) for letter in first.values()])
    rest = [letter for letter in waiting if first.get((letter.line, letter.decision, letter.kind)) is not letter]
    return len(first) + sum(_enqueue(connection, letter, numbers[letter.line]) for letter in rest)


def _row(letter: Letter, line: int) -> dict[str, object]:
    return {name: getattr(letter, name) for name in _FIELDS} | {"line": line, "edition": 0}


def _enqueue(connection: sa.Connection, letter: Letter, line: int) -> bool:
    same = (_outbox.c.line == line, _outbox.c.decision == letter.decision, _outbox.c.kind == letter.kind)
    last = connection.execute(sa.select(_outbox).where(*same).order_by(_outbox.c.edition.desc()).limit(1)).first()
    row = _row(letter, line)
    if last is None:
        connection.execute(sa.insert(_outbox), row)
        return True
    if last.hash == letter.hash or (last.state != "due" and last.subject == letter.subject):
        return False
    if last.state == "due":
        renewed = {**row, "edition": last.edition}
        connection.execute(sa.update(_outbox).where(_outbox.c.number == last.number).values(renewed))
    else:
        connection.execute(sa.insert(_outbox), row | {"edition": last.edition + 1})
    return True


def letters(
    connection: sa.Connection, line: str | None = None, state: State | None = None, late_at: int | None = None
) -> list[Letter]:
    """Notices by deadline, those without one last, then as queued; of one line, in one state, or late at a moment."""
    query = sa.select(_outbox, _lines.c.id).join_from(_outbox, _lines)
    if line is not None:
        query = query.where(_lines.c.id == line)
    if state is not None:
        query = query.where(_outbox.c.state == state)
    if late_at is not None:
        query = query.where(_outbox.c.deadline < late_at)
    query = query.order_by(_outbox.c.deadline.is_(None), _outbox.c.deadline, _outbox.c.number)
    return [
        Letter(line=row.id, number=row.number, **{name: getattr(row, name) for name in _FIELDS})
        for row in connection.execute(query)
    ]


def mark(connection: sa.Connection, number: int, state: Literal["sent", "read"], at: int) -> bool:
    """Note that a notice was sent or read; False where it was already. StoreError where it was not sent or is none."""
    known = connection.execute(sa.select(_outbox.c.state).where(_outbox.c.number == number)).scalar()
    if known is None:
        raise StoreError("notice", number, "see them: creditline notice --overdue", "is not in the outbox")
    if STATES.index(known) >= STATES.index(state):
        return False
    if state == "read" and known == "due":
        raise StoreError("notice", number, "deliver it first: creditline notice --deliver FOLDER", "was not sent yet")
    connection.execute(sa.update(_outbox).where(_outbox.c.number == number).values({"state": state, f"{state}_at": at}))
    return True


def drop(connection: sa.Connection, number: int) -> bool:
    """Take a notice out that nobody was sent; False where it was sent or is none."""
    gone = connection.execute(sa.delete(_outbox).where(_outbox.c.number == number, _outbox.c.state == "due"))
    return gone.rowcount > 0


__all__ = ["STATES", "Letter", "State", "drop", "enqueue", "letters", "mark"]
