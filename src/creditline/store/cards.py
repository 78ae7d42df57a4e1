"""Scorecards of a home: as proposed, what was decided on them, and the points of challengers beside decisions.

Names of people are kept with what they did here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import msgspec
import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from creditline.store import schema
from creditline.store.database import StoreError
from creditline.store.log import numbers_of

Int64s = NDArray[np.int64]
Role = Literal["champion", "challenger"]
ROLES: tuple[Role, ...] = get_args(Role)
State = Literal["proposed", "approved", "rejected", "withdrawn"]
Said = Literal["approved", "rejected", "withdrawn"]

CHUNK = 50_000
"""Rows handed to the database at a time."""

_cards, _verdicts, _shadows = schema.scorecards, schema.scorecard_verdicts, schema.shadows
_decisions, _lines = schema.decisions, schema.lines
_integers = msgspec.json.Decoder(list[int]).decode
_texts = msgspec.json.Decoder(list[str]).decode


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a person decided on a proposed scorecard. Moments in microseconds since 1970 UTC."""

    verdict: Said
    by: str
    at: int
    why: str = ""
    policy_version: str | None = None
    """Of the policy published with it: the one that decides by a champion, or measures what a challenger needs."""
    effective_from: int | None = None


class ProposedCard(msgspec.Struct, frozen=True):
    """A scorecard someone proposed for a policy, with what was decided on it since."""

    hash: str
    source: str
    """The card's file as it was written."""
    data_sha256: str
    """Of the data it was trained on."""
    code_version: str
    """Version of this package it was trained with."""
    policy: str
    policy_version: str
    """The version it was checked against."""
    role: Role
    proposed_by: str
    proposed_at: int
    """Microseconds since 1970 UTC."""
    note: str = ""
    number: int = 0
    """Given by the home."""
    verdicts: tuple[Verdict, ...] = ()
    """In the order in which they were given."""

    @property
    def state(self) -> State:
        """How it stands by its last verdict."""
        return self.verdicts[-1].verdict if self.verdicts else "proposed"

    @property
    def approval(self) -> Verdict | None:
        """Who approved it and when, whatever became of it since."""
        return next((each for each in self.verdicts if each.verdict == "approved"), None)


@dataclass(frozen=True)
class Shadows:
    """A challenger's points beside the decisions of the home, by line and number; arrays of one length."""

    lines: Sequence[str]
    numbers: Int64s
    at: Int64s
    """Moments of the decisions, microseconds."""
    policies: Sequence[str]
    """Versions that decided."""
    statuses: Sequence[str]
    """Status of the line before the decision."""
    champion: Int64s
    """Points the decision was made on."""
    points: Int64s
    """The challenger's, on the same facts."""


def propose(connection: sa.Connection, card: ProposedCard) -> ProposedCard:
    """Keep a proposal; it comes back with its number. StoreError while the same one waits or runs already."""
    for kept in cards(connection):
        same = (kept.hash, kept.policy, kept.role) == (card.hash, card.policy, card.role)
        if same and kept.state == "proposed":
            remedy = "let a second person approve or reject it: creditline scorecard publish --list"
            raise StoreError("scorecard", card.hash[:12], remedy, f"is proposed for policy {card.policy} already")
        if same and kept.state == "approved" and card.role == "challenger":
            remedy = "see how it does: creditline scorecard watch"
            raise StoreError("scorecard", card.hash[:12], remedy, f"is a challenger of policy {card.policy} already")
    row = {name: getattr(card, name) for name in card.__struct_fields__ if name not in ("number", "verdicts")}
    number = connection.execute(sa.insert(_cards), row).inserted_primary_key
    assert number is not None
    return msgspec.structs.replace(card, number=number[0], verdicts=())


def decide(connection: sa.Connection, number: int, verdict: Verdict) -> None:
    """Keep a verdict. StoreError where there is no such proposal, or where it was decided on already.

    What waits may be approved, rejected or withdrawn; an approved challenger may be withdrawn. A champion stays what
    it was: another policy version takes its place.
    """
    card = next((each for each in cards(connection) if each.number == number), None)
    if card is None:
        raise StoreError("scorecard", number, "see them: creditline scorecard publish --list", "is not proposed here")
    may_end = card.state == "approved" and card.role == "challenger" and verdict.verdict == "withdrawn"
    if card.state != "proposed" and not may_end:
        remedy = "propose a card anew: creditline scorecard publish CARD"
        if card.state == "approved":
            remedy = "what is approved stays; propose the card that should take its place"
        raise StoreError("scorecard", card.hash[:12], remedy, f"is {card.state} already")
    connection.execute(sa.insert(_verdicts), {"scorecard": number, **msgspec.structs.asdict(verdict)})


def cards(connection: sa.Connection) -> list[ProposedCard]:
    """All proposals in the order in which they were made."""
    said: dict[int, list[Verdict]] = {}
    names = Verdict.__struct_fields__
    for row in connection.execute(sa.select(_verdicts).order_by(_verdicts.c.number)):
        said.setdefault(row.scorecard, []).append(Verdict(*(getattr(row, name) for name in names)))
    names = tuple(name for name in ProposedCard.__struct_fields__ if name != "verdicts")
    return [
        ProposedCard(**{name: getattr(row, name) for name in names}, verdicts=tuple(said.get(row.number, ())))
        for row in connection.execute(sa.select(_cards).order_by(_cards.c.number))
    ]


def record_shadows(
    connection: sa.Connection, card: int, lines: Sequence[str], line: Int64s, number: Int64s, points: Int64s
) -> None:
    """Keep a card's points beside decisions, in place of what it had there.

    ``line`` is each decision's place in ``lines``, ``number`` its number on the line.
    """
    places, index = np.unique(line, return_inverse=True)
    names = [lines[place] for place in places.tolist()]
    known = numbers_of(connection, names)
    numbers = np.array([known[name] for name in names], np.int64)[index] if names else line
    put = sa.insert(_shadows).prefix_with("OR REPLACE")
    for first in range(0, len(points), CHUNK):
        part = slice(first, first + CHUNK)
        cells = zip(numbers[part].tolist(), number[part].tolist(), points[part].tolist(), strict=True)
        connection.execute(put, [{"line": a, "number": b, "scorecard": card, "points": c} for a, b, c in cells])


def shadows(connection: sa.Connection, card: int, until: int | None = None) -> Shadows:
    """A card's points beside the decisions made up to a moment (microseconds), or all of them."""
    said = sa.func.json_extract
    beside = sa.and_(_decisions.c.line == _shadows.c.line, _decisions.c.number == _shadows.c.number)
    found = (
        sa.select(
            _lines.c.id.label("id"),
            _shadows.c.number,
            _decisions.c.at,
            said(_decisions.c.content, "$.policy").label("policy"),
            said(_decisions.c.content, "$.status_before").label("status"),
            said(_decisions.c.content, "$.points").label("champion"),
            _shadows.c.points,
        )
        .select_from(_shadows.join(_decisions, beside).join(_lines, _lines.c.number == _shadows.c.line))
        .where(_shadows.c.scorecard == card, said(_decisions.c.content, "$.points").is_not(None))
        .order_by(_lines.c.id, _shadows.c.number)
    )
    rows = (found if until is None else found.where(_decisions.c.at <= until)).subquery()
    # As in columns.py: one JSON array a column is several times faster than a Python row a decision.
    query = sa.select(*(sa.func.json_group_array(column) for column in rows.c))
    ids, number, at, policy, status, champion, points = connection.execute(query).one()
    return Shadows(
        _texts(ids),
        np.array(_integers(number), np.int64),
        np.array(_integers(at), np.int64),
        _texts(policy),
        _texts(status),
        np.array(_integers(champion), np.int64),
        np.array(_integers(points), np.int64),
    )


__all__ = ["ROLES", "ProposedCard", "Role", "Shadows", "State", "Verdict"]
