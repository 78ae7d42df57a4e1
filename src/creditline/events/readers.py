"""Files into rows: NDJSON, CSV and Parquet, told apart by suffix; NDJSON and CSV may be gzipped."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import msgspec

from creditline.errors import CreditlineError
from creditline.events.rejects import Rejected

FORMATS = {
    ".ndjson": "ndjson", ".jsonl": "ndjson", ".ndjson.gz": "ndjson", ".jsonl.gz": "ndjson",
    ".csv": "csv", ".csv.gz": "csv", ".parquet": "parquet",
}  # fmt: skip
"""Formats by suffix."""

LINE_MAX = 1_000_000
"""Longest line of a file that is read as a row, in bytes."""


_NO_UTF8 = re.compile("[\udc80-\udcff]")


class FileError(CreditlineError):
    """A file that cannot be read as a whole."""


@dataclass(frozen=True)
class Row:
    """One row of a file: where it stands, how much of the file is read, and its fields or why it has none."""

    place: str
    done: int
    """Bytes of the file (rows, for Parquet) read so far."""
    fields: dict[str, object] | None
    raw: object
    error: Rejected | None = None


def format_of(path: Path) -> str:
    """The format a file's suffix tells: ndjson, csv or parquet; raises FileError for another."""
    for suffix, name in FORMATS.items():
        if path.name.lower().endswith(suffix):
            return name
    raise FileError(str(path), path.suffix, f"name it with one of {', '.join(FORMATS)}", "is no known suffix")


def size_of(path: Path) -> int:
    """What ``Row.done`` comes to at the end of the file: bytes, or rows for Parquet."""
    if format_of(path) == "parquet":
        return int(_parquet(path).metadata.num_rows)
    return path.stat().st_size


def read_rows(path: Path) -> Iterator[Row]:
    """All rows of a file in order. Rows that cannot be read carry the error; so does what a cut file ends with.

    Raises FileError when nothing of the file can be read: missing, empty, no header, not in its format.
    """
    kind = format_of(path)
    if not path.is_file():
        raise FileError(str(path), path.name, "give the path of a file", "is no file")
    if path.stat().st_size == 0:
        raise FileError(str(path), "0 bytes", "export it again: it holds no rows", "is an empty file")
    found = False
    try:
        for row in {"ndjson": _ndjson, "csv": _csv, "parquet": _parquet_rows}[kind](path):
            found = True
            yield row
    except OSError as error:
        remedy = "check that the file may be read and its disk is healthy"
        raise FileError(str(path), path.name, remedy, f"cannot be read ({error.strerror})") from error
    if not found:
        raise FileError(str(path), "0 rows", "export it again: it holds no rows", "is an empty file")


_decode = msgspec.json.Decoder(float_hook=Decimal).decode


def _ndjson(path: Path) -> Iterator[Row]:
    for number, line, done in _lines(path):
        place = f"{path.name}:{number}"
        if isinstance(line, Rejected):
            yield Row(place, done, None, None, line)
        elif line.strip():
            yield _json_row(place, line, done)


def _json_row(place: str, line: bytes, done: int) -> Row:
    text = line.decode(errors="replace").rstrip("\r\n")
    try:
        fields = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        cut = not line.endswith(b"\n")
        remedy = (
            "the file seems cut here: export it again and import it again" if cut else "write one JSON object a line"
        )
        return Row(place, done, None, text, Rejected(place, text[:200], remedy, f"is malformed JSON ({error})"))
    if not isinstance(fields, dict):
        wrong = Rejected(place, text[:200], "write one JSON object a line", "is no JSON object")
        return Row(place, done, None, text, wrong)
    return Row(place, done, fields, fields)


def _lines(path: Path) -> Iterator[tuple[int, bytes | Rejected, int]]:
    """Lines with their number and the bytes of the file read so far; what is wrong with the file stands as Rejected."""
    number = done = 0
    with path.open("rb") as file:
        stream = gzip.GzipFile(fileobj=file) if path.name.lower().endswith(".gz") else file
        try:
            while line := stream.readline(LINE_MAX):
                number += 1
                # Asked now and then only: it is a call to the system.
                done = file.tell() if number % 500 == 1 else done
                if len(line) == LINE_MAX and not line.endswith(b"\n"):
                    yield number, _overlong(path, number, stream), done
                else:
                    yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line, done
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            place = f"{path.name}:{number + 1}"
            remedy = "export it again and import it again: what was read before is kept once"
            yield number + 1, Rejected(place, path.name, remedy, f"is a damaged or cut gzip file ({error})"), done


def _overlong(path: Path, number: int, stream: IO[bytes] | gzip.GzipFile) -> Rejected:
    """Skip the rest of a line that is too long to be a row."""
    while (rest := stream.readline(LINE_MAX)) and not rest.endswith(b"\n"):
        continue
    return Rejected(f"{path.name}:{number}", path.name, "write one row a line", f"has a line over {LINE_MAX} bytes")


class _Texts:
    """Lines of a CSV file as text for the reader, remembering how far it is and what was wrong."""

    def __init__(self, path: Path) -> None:
        self.done = 0
        self.ended = True
        self.wrong: list[Rejected] = []
        self._lines = _lines(path)

    def __iter__(self) -> Iterator[str]:
        for _, line, done in self._lines:
            self.done = done
            if isinstance(line, Rejected):
                self.wrong.append(line)
                yield ""
            else:
                self.ended = line.endswith(b"\n")
                # Bytes that are no UTF-8 come through as lone surrogates and are told below, row by row.
                yield line.decode(errors="surrogateescape")


def _csv(path: Path) -> Iterator[Row]:
    texts = _Texts(path)
    reader = csv.reader(iter(texts), strict=True)
    header = _header(path, reader)
    while True:
        first = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            place = f"{path.name}:{first}" + (f"-{reader.line_num}" if reader.line_num > first else "")
            remedy = "close the quote; if the file was cut, export it again"
            yield Row(place, texts.done, None, None, Rejected(place, path.name, remedy, f"is malformed CSV ({error})"))
            continue
        if cells is None:
            break
        if cells:
            yield _csv_row(f"{path.name}:{first}", header, cells, texts)
    for wrong in texts.wrong:
        yield Row(wrong.place, texts.done, None, None, wrong)


def _csv_row(place: str, header: list[str], cells: list[str], texts: _Texts) -> Row:
    text = ",".join(cells)
    seen = text.encode(errors="surrogateescape").decode(errors="replace") if _NO_UTF8.search(text) else text
    if seen != text:
        wrong = Rejected(place, seen[:200], "save the file as UTF-8", "is not UTF-8")
    elif not texts.ended:
        # A cut inside the last cell leaves a row that looks whole, with another amount.
        remedy = "if the file was cut, export it again; if it is whole, end its last row with a line break"
        wrong = Rejected(place, text[:200], remedy, "is the last row and has no end")
    elif len(cells) != len(header):
        remedy = f"give {len(header)} cells"
        wrong = Rejected(place, text[:200], remedy, f"has {len(cells)} cells under {len(header)} columns")
    else:
        fields: dict[str, object] = dict(zip(header, cells, strict=True))
        return Row(place, texts.done, fields, fields)
    return Row(place, texts.done, None, seen, wrong)


def _header(path: Path, reader: Any) -> list[str]:
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise FileError(f"{path.name}:1", path.name, "write the columns' names in the first row", str(error)) from error
    doubled = {name for name in header if name and header.count(name) > 1}
    missing = {"id", "line", "kind", "happened_at"} - set(header)
    if missing or doubled:
        names = ", ".join(sorted(missing or doubled))
        problem = f"lacks {names}" if missing else f"names {names} twice"
        raise FileError(f"{path.name}:1", ",".join(header), "write the columns' names in the first row", problem)
    return header


def _parquet(path: Path) -> Any:
    # Loaded only when needed: it is large, and most imports are text.
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        remedy = "export it again: a Parquet file that was cut cannot be read at all"
        raise FileError(str(path), path.name, remedy, f"is no whole Parquet file ({error})") from error


def _parquet_rows(path: Path) -> Iterator[Row]:
    number = 0
    for batch in _parquet(path).iter_batches(batch_size=10_000):
        for fields in _records(path, batch):
            number += 1
            plain = {name: _plain(value) for name, value in fields.items()}
            yield Row(f"{path.name}:{number}", number, plain, plain)


def _records(path: Path, batch: Any) -> list[dict[str, object]]:
    try:
        rows: list[dict[str, object]] = batch.to_pylist()
    except ValueError as error:
        raise FileError(str(path), path.name, "write moments in microseconds", f"cannot be read ({error})") from error
    return rows


def _plain(value: object) -> object:
    """A decimal without the zeros its column's scale adds beyond two places."""
    if isinstance(value, Decimal) and value.is_finite():
        exponent = value.as_tuple().exponent
        if isinstance(exponent, int) and exponent < -2:
            short = value.quantize(Decimal("0.01"))
            return short if short == value else value
    return value
