"""Slices as Parquet files: written once, read back chunk by chunk, so that memory never holds them all.

Columns, one row an event, all rows of a line together:

| column | type | says |
|---|---|---|
| ``line`` | text | id of the line |
| ``at`` | int64 | moment it happened, microseconds since 1970 UTC; no two of a line alike |
| ``known_after`` | int64 | microseconds until it became known, mostly 0 |
| ``void_at`` | int64 or NULL | moment from which it no longer counts |
| ``kind`` | uint8 | code of the event kind |
| ``v0`` .. ``v5`` | int64 or NULL | the kind's fields in numeric form |
| ``position`` | int64 | position in the log, 0 where it is in none |

A column that says one thing throughout a group of rows is not read at all: its statistics say it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from creditline.errors import CreditlineError
from creditline.events.kinds import NULL, SLOTS
from creditline.facts.slices import NEVER, Slices

Int64s = NDArray[np.int64]

_SLOTS = tuple(f"v{slot}" for slot in range(SLOTS))
_ABSENT = {"void_at": NEVER} | dict.fromkeys(_SLOTS, NULL)
"""What NULL stands for in memory."""
_TYPES = {"at": pa.int64(), "known_after": pa.int64(), "void_at": pa.int64(), "kind": pa.uint8()} | {
    name: pa.int64() for name in (*_SLOTS, "position")
}
SCHEMA = pa.schema([("line", pa.string()), *_TYPES.items()])

GROUP_ROWS = 1 << 20
"""Rows in a group at most, unless one line alone has more."""


class SlicesFileError(CreditlineError):
    """A Parquet file that holds no slices, or not in their order."""


def write_slices(path: Path, slices: Slices | Iterable[Slices]) -> None:
    """Write slices, or one chunk of lines after the other, in groups of whole lines; an existing file is replaced."""
    partial = path.with_suffix(path.suffix + ".partial")
    chunks = [slices] if isinstance(slices, Slices) else slices
    packed = {"at": "DELTA_BINARY_PACKED", "known_after": "DELTA_BINARY_PACKED", "position": "DELTA_BINARY_PACKED"}
    with pq.ParquetWriter(
        partial, SCHEMA, compression="zstd", compression_level=1, column_encoding=packed,
        use_dictionary=["line", "kind", "void_at", *_SLOTS],
    ) as writer:  # fmt: skip
        for chunk in chunks:
            for first, last in _groups(chunk.offsets):
                writer.write_table(
                    _table(chunk, first, last), row_group_size=max(GROUP_ROWS, _rows(chunk, first, last))
                )
    partial.replace(path)


def _groups(offsets: Int64s) -> Iterator[tuple[int, int]]:
    """Runs of whole lines of about GROUP_ROWS rows."""
    first = 0
    while first < len(offsets) - 1:
        last = int(np.searchsorted(offsets, offsets[first] + GROUP_ROWS, side="right")) - 1
        last = max(last, first + 1)
        yield first, last
        first = last


def _rows(slices: Slices, first: int, last: int) -> int:
    return int(slices.offsets[last] - slices.offsets[first])


def _table(slices: Slices, first: int, last: int) -> pa.Table:
    rows = slice(int(slices.offsets[first]), int(slices.offsets[last]))
    counts = np.diff(slices.offsets[first : last + 1])
    owner = np.repeat(np.arange(last - first, dtype=np.int32), counts)
    line = pa.DictionaryArray.from_arrays(owner, pa.array(slices.lines[first:last], pa.string())).cast(pa.string())
    columns: dict[str, NDArray[Any]] = {
        "at": slices.at[rows],
        "known_after": slices.known[rows] - slices.at[rows],
        "void_at": slices.until[rows],
    }
    columns |= {"kind": slices.kind[rows], "position": slices.position[rows]}
    columns |= {name: slices.values[slot, rows] for slot, name in enumerate(_SLOTS)}
    arrays = [_nullable(columns[name], name) for name in _TYPES]
    return pa.table([line, *arrays], schema=SCHEMA)


def _nullable(column: NDArray[Any], name: str) -> pa.Array:
    mask = column == _ABSENT[name] if name in _ABSENT else None
    return pa.array(column, _TYPES[name], mask=mask)


def read_slices(path: Path, rows_per_chunk: int = 2_000_000, *, visits: bool = True) -> Iterator[Slices]:
    """The file's lines in chunks of about ``rows_per_chunk`` rows, never cutting a line.

    ``visits`` False leaves out the order in which events became known: decisions as of one moment do not ask for it.
    SlicesFileError where a column is missing or of another type, or a line's rows are not together.
    """
    try:
        _check_columns(path, pq.read_schema(path))
    except pa.ArrowInvalid as error:
        raise SlicesFileError(str(path), str(error), "give a file that write_slices wrote", "is not Parquet") from None
    told: set[str] = set()
    with pq.ParquetFile(path, read_dictionary=["line"]) as file:
        for groups in _batches(file.metadata, rows_per_chunk):
            chunk = _chunk(file, groups, visits=visits)
            _check_lines(path, chunk, told)
            yield chunk


def _check_columns(path: Path, schema: pa.Schema) -> None:
    for name, kind in zip(SCHEMA.names, SCHEMA.types, strict=True):
        if name not in schema.names:
            raise SlicesFileError(f"{path}: columns", schema.names, f"add {name} ({kind})", f"lack {name!r}")
        found = schema.field(name).type
        is_text = name == "line" and found in (pa.string(), pa.large_string())
        if found != kind and not is_text:
            raise SlicesFileError(f"{path}: column {name}", str(found), f"write it as {kind}", "is of another type")


def _batches(metadata: pq.FileMetaData, rows: int) -> Iterator[list[int]]:
    """Numbers of the row groups that make up each chunk."""
    groups: list[int] = []
    taken = 0
    for number in range(metadata.num_row_groups):
        size = metadata.row_group(number).num_rows
        if groups and taken + size > rows:
            yield groups
            groups, taken = [], 0
        if size:
            groups.append(number)
            taken += size
    if groups:
        yield groups


def _chunk(file: pq.ParquetFile, groups: list[int], *, visits: bool) -> Slices:
    constant = _constants(file.metadata, groups)
    names = [name for name in SCHEMA.names if name not in constant]
    table = file.read_row_groups(groups, columns=names).combine_chunks()
    n = table.num_rows
    lines, offsets = _owners(table.column("line").combine_chunks())
    values = np.empty((SLOTS, n), np.int64)
    for slot, name in enumerate(_SLOTS):
        values[slot] = constant[name] if name in constant else _numbers(table, name)
    plain = {name: _full(n, constant[name], name) if name in constant else _numbers(table, name) for name in _PLAIN}
    at = plain["at"]
    chunk = Slices(
        lines, offsets, at, at + plain["known_after"], plain["void_at"], plain["kind"], values,
        np.broadcast_to(np.int64(0), (n,)), plain["position"],
    )  # fmt: skip
    return _ordered(chunk, visits=visits)


_PLAIN = ("at", "known_after", "void_at", "kind", "position")


def _full(n: int, value: int, name: str) -> NDArray[Any]:
    return np.full(n, value, _TYPES[name].to_pandas_dtype())


def _constants(metadata: pq.FileMetaData, groups: list[int]) -> dict[str, int]:
    """Columns that say one thing throughout the groups, and what they say."""
    places = {metadata.schema.column(place).path: place for place in range(metadata.num_columns)}
    found: dict[str, int] = {}
    for name in (*_SLOTS, "void_at", "known_after", "position"):
        told = {_constant(metadata.row_group(group).column(places[name]), name) for group in groups}
        value = told.pop()
        if not told and value is not None:
            found[name] = value
    return found


def _constant(column: pq.ColumnChunkMetaData, name: str) -> int | None:
    """The one value of a column in one group; None where there are more or its statistics do not say."""
    told = column.statistics
    if told is None or not told.has_null_count:
        return None
    if told.null_count == column.num_values:
        return _ABSENT.get(name)
    if told.null_count == 0 and told.has_min_max and told.min == told.max:
        return int(told.min)
    return None


def _numbers(table: pa.Table, name: str) -> NDArray[Any]:
    column = table.column(name).combine_chunks()
    if column.null_count:
        column = column.fill_null(_ABSENT.get(name, 0))
    numbers: NDArray[Any] = column.to_numpy(zero_copy_only=False)
    return numbers


def _owners(column: pa.DictionaryArray) -> tuple[list[str], Int64s]:
    """Ids of the lines in the order they come, and where each begins and ends."""
    codes = column.indices.to_numpy()
    begins = np.concatenate([[0], np.flatnonzero(codes[1:] != codes[:-1]) + 1])
    names = column.dictionary.take(pa.array(codes[begins])).to_pylist()
    return names, np.append(begins, len(codes)).astype(np.int64)


def _ordered(slices: Slices, *, visits: bool) -> Slices:
    """The chunk with each line's rows by kind and then by time, and the order of visits where it is asked for."""
    same = np.ones(len(slices.at), bool)
    same[slices.offsets[:-1]] = False
    kind, at = slices.kind, slices.at
    follows = (kind[1:] > kind[:-1]) | ((kind[1:] == kind[:-1]) & (at[1:] > at[:-1]))
    if bool(np.all(follows | ~same[1:])) and not visits:
        return slices
    line = np.repeat(np.arange(len(slices)), np.diff(slices.offsets))
    order = np.lexsort((at, kind, line))
    known = slices.known[order]
    return Slices(
        slices.lines, slices.offsets, at[order], known, slices.until[order], kind[order],
        np.ascontiguousarray(slices.values[:, order]), np.lexsort((at[order], known, line)).astype(np.int64),
        slices.position[order],
    )  # fmt: skip


def _check_lines(path: Path, chunk: Slices, told: set[str]) -> None:
    """Add the chunk's lines to those told already; none may be told twice."""
    for line in chunk.lines:
        if line in told:
            raise SlicesFileError(f"{path}: line", line, "sort the file by line first", "stands in two places")
        told.add(line)
