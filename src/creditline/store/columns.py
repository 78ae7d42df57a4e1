"""From the log to columns of numbers: payloads decoded in bulk, kind by kind, for the slice store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import msgspec
import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from creditline.events.kinds import KINDS, NULL, SLOTS, FieldSpec, KindSpec, text_code
from creditline.facts.slices import Int64s, Slices, assemble
from creditline.store import schema
from creditline.store.log import KINDS_BY_CODE, among, numbers_of

CHUNK = 100_000
"""Positions read at a time: bounds the texts and Python objects alive at once."""

_TRUTHS = [spec.code for spec in KINDS.values() if spec.struct.is_truth]
_lines, _events = schema.lines, schema.events
_integers = msgspec.json.Decoder(list[int]).decode
_texts = msgspec.json.Decoder(list[str]).decode

# The database writes each column of a kind as one JSON array: several times faster than a Python row an event.
_QUERY = (
    sa.select(
        _events.c.kind,
        *(sa.func.json_group_array(_events.c[name]) for name in ("position", "line", "at", "known", "id")),
        "[" + sa.func.group_concat(_events.c.payload) + "]",
    )
    .where(_events.c.kind.not_in(_TRUTHS))
    .group_by(_events.c.kind)
)


class _TextCodes(dict[str, int]):
    """Codes of free texts, each hashed once; the empty text stands for NULL."""

    def __missing__(self, text: str) -> int:
        code = self[text] = text_code(text)
        return code


@dataclass(frozen=True)
class _Block:
    """Rows of one kind: numbers of shape (4, rows) are position, line, at, known; values of shape (SLOTS, rows)."""

    numbers: Int64s
    kind: NDArray[np.uint8]
    ids: list[str]
    values: Int64s


def load(connection: sa.Connection, lines: Sequence[str] | None, until_position: int | None) -> Slices:
    """Slices of the log without outcomes: of some lines or all, as the log stood at a position or stands now.

    Raises StoreError when a line asked for is not in the log.
    """
    last = connection.execute(sa.select(sa.func.max(_events.c.position))).scalar() or 0
    last = last if until_position is None else min(last, until_position)
    blocks: list[_Block] = []
    codes = _TextCodes({"": NULL})
    if lines is not None:
        numbers = list(numbers_of(connection, lines).values())
        chosen = among(_QUERY.where(_events.c.position <= last), _events.c.line, numbers)
        blocks += _blocks(connection, chosen, codes)
    else:
        for first in range(0, last, CHUNK):
            part = _QUERY.where(_events.c.position > first, _events.c.position <= min(first + CHUNK, last))
            blocks += _blocks(connection, part, codes)
    return _assembled(connection, blocks)


def _blocks(connection: sa.Connection, query: sa.Select[Any], codes: _TextCodes) -> Iterator[_Block]:
    """The query's rows, one block a kind."""
    for code, *numbers, ids, payloads in connection.execute(query):
        table = np.array([_integers(column) for column in numbers], np.int64)
        kind = np.full(table.shape[1], code, np.uint8)
        yield _Block(table, kind, _texts(ids), _values(code, payloads, codes))


def _assembled(connection: sa.Connection, blocks: list[_Block]) -> Slices:
    numbers = np.concatenate([np.empty((4, 0), np.int64), *(block.numbers for block in blocks)], axis=1)
    kind = np.concatenate([np.empty(0, np.uint8), *(block.kind for block in blocks)])
    values = np.concatenate([np.empty((SLOTS, 0), np.int64), *(block.values for block in blocks)], axis=1)
    ids = list(chain.from_iterable(block.ids for block in blocks))
    position, line, at, known = numbers
    names, place = _by_name(connection, line)
    return assemble(names, place, at, known, kind, values, ids, position)


def _by_name(connection: sa.Connection, line: Int64s) -> tuple[list[str], Int64s]:
    """Ids of the lines that have rows, sorted, and each row's place among them."""
    numbers, index = np.unique(line, return_inverse=True)
    query = sa.select(_lines.c.number, _lines.c.id)
    if len(numbers) < 1000:
        query = among(query, _lines.c.number, numbers.tolist())
    ids: dict[int, str] = {row.number: row.id for row in connection.execute(query)}
    names = [ids[number] for number in numbers.tolist()]
    order = sorted(range(len(names)), key=names.__getitem__)
    place = np.empty(len(names), np.int64)
    place[order] = np.arange(len(names))
    return [names[i] for i in order], place[index]


def _values(code: int, payloads: str, codes: _TextCodes) -> Int64s:
    """Payloads of one kind in numeric form, shape (SLOTS, rows): equal to ``slots`` of each event."""
    decode, fields = _DECODERS[code]
    bodies = decode(payloads)
    values = np.full((SLOTS, len(bodies)), NULL, np.int64)
    for field in fields:
        values[field.slot] = _numeric(field, [getattr(body, field.name) for body in bodies], codes)
    return values


def _numeric(field: FieldSpec, said: list[Any], codes: _TextCodes) -> NDArray[np.int64]:
    if field.unit == "text":
        said = [codes[text] for text in said]
    elif field.unit == "choice":
        places = {"": NULL} | {choice: place for place, choice in enumerate(field.choices)}
        said = [places[choice] for choice in said]
    return np.array(said, np.int64)


def _decoder(spec: KindSpec) -> tuple[Callable[[str], list[Any]], list[FieldSpec]]:
    """Reads an array of the kind's payloads into bare rows, where what is not said is NULL or empty."""
    fields = list(spec.fields.values())
    types: list[tuple[str, type, Any]] = [
        (field.name, str, "") if field.unit in ("text", "choice") else (field.name, int, NULL) for field in fields
    ]
    row = msgspec.defstruct("Row", types, gc=False)
    return msgspec.json.Decoder(list[row]).decode, fields  # type: ignore[valid-type]


_DECODERS = {code: _decoder(spec) for code, spec in KINDS_BY_CODE.items()}
