"""Files into rows: three formats say the same, and damaged files are told."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from creditline.events.parse import parse_row
from creditline.events.readers import LINE_MAX, FileError, Row, format_of, read_rows, size_of
from tests.events.strategies import NOW

NDJSON = (
    '{"id":"e1","line":"L1","kind":"line.opened","happened_at":"2026-03-01T09:30:00+08:00","limit":20000.10}\n'
    '{"id":"e2","line":"L1","kind":"login.recorded","happened_at":"2026-03-02T09:30:00+08:00","device":"机","local_hour":9}\n'
)
CSV = (
    "id,line,kind,happened_at,limit,device,local_hour\n"
    "e1,L1,line.opened,2026-03-01T09:30:00+08:00,20000.10,,\n"
    'e2,L1,login.recorded,2026-03-02T09:30:00+08:00,,"机",9\n'
)


def _file(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    plain = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(plain) if name.endswith(".gz") else plain)
    return path


def _parquet(path: Path, amount: pa.DataType) -> Path:
    table = {
        "id": pa.array(["e1", "e2"]),
        "line": pa.array(["L1", "L1"]),
        "kind": pa.array(["line.opened", "login.recorded"]),
        "happened_at": pa.array(
            [datetime(2026, 3, 1, 1, 30, tzinfo=UTC), datetime(2026, 3, 2, 1, 30, tzinfo=UTC)],
            pa.timestamp("us", tz="UTC"),
        ),
        "limit": pa.array(["20000.10", None]).cast(amount),
        "device": pa.array([None, "机"]),
        "local_hour": pa.array([None, 9], pa.int16()),
    }
    pq.write_table(pa.table(table), path)
    return path


def _wrong(path: Path) -> list[Row]:
    return [row for row in read_rows(path) if row.error is not None]


@pytest.mark.parametrize("name", ["a.ndjson", "a.jsonl", "a.csv", "a.ndjson.gz", "a.csv.gz", "A.CSV"])
def test_all_text_formats_say_the_same(tmp_path: Path, name: str) -> None:
    path = _file(tmp_path, name, CSV if ".csv" in name.lower() else NDJSON)
    assert _events(path) == _events(_file(tmp_path, "plain.ndjson", NDJSON))


@pytest.mark.parametrize("amount", [pa.decimal128(18, 4), pa.decimal128(12, 2), pa.string()])
def test_parquet_says_the_same(tmp_path: Path, amount: pa.DataType) -> None:
    path = _parquet(tmp_path / "a.parquet", amount)
    assert _events(path) == _events(_file(tmp_path, "plain.ndjson", NDJSON))
    assert size_of(path) == 2


def _events(path: Path) -> list[object]:
    return [parse_row(row.fields or {}, now=NOW) for row in read_rows(path)]


def test_a_byte_order_mark_and_blank_lines_are_no_matter(tmp_path: Path) -> None:
    assert len(_events(_file(tmp_path, "a.ndjson", "\ufeff" + NDJSON.replace("\n", "\r\n\n")))) == 2
    assert len(_events(_file(tmp_path, "a.csv", "\ufeff" + CSV.replace("\n", "\r\n")))) == 2


def test_malformed_json_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    first, second = NDJSON.splitlines(keepends=True)
    rows = list(read_rows(_file(tmp_path, "a.ndjson", first + "{oops}\n[1]\n" + second)))
    assert [row.error is None for row in rows] == [True, False, False, True]
    assert [row.place for row in rows[1:3]] == ["a.ndjson:2", "a.ndjson:3"]
    assert rows[1].error is not None
    assert "malformed JSON" in rows[1].error.problem
    assert (rows[1].raw, rows[1].error.value) == ("{oops}", "{oops}")


def test_bytes_that_are_no_utf8_are_told(tmp_path: Path) -> None:
    for name, content in (("a.ndjson", NDJSON), ("a.csv", CSV)):
        path = _file(tmp_path, name, content.encode().replace("机".encode(), b"\xff"))
        assert [row.error is None for row in read_rows(path)] == [True, False]


@pytest.mark.parametrize("name", ["a.ndjson", "a.csv", "a.parquet", "a.ndjson.gz"])
def test_an_empty_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileError, match="is an empty file"):
        list(read_rows(_file(tmp_path, name, b"")))


def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    for name, content in (("a.ndjson", "\n\n"), ("a.csv", CSV.splitlines()[0] + "\n")):
        with pytest.raises(FileError, match="holds no rows"):
            list(read_rows(_file(tmp_path, name, content)))


def test_a_file_that_is_not_there_or_of_no_known_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="is no file"):
        list(read_rows(tmp_path / "none.csv"))
    with pytest.raises(FileError, match=r"one of \.ndjson"):
        format_of(tmp_path / "a.xlsx")


@pytest.mark.parametrize(("name", "content"), [("a.ndjson", NDJSON), ("a.csv", CSV)])
def test_a_file_cut_anywhere_gives_whole_rows_or_tells(tmp_path: Path, name: str, content: str) -> None:
    whole = _events(_file(tmp_path, name, content))
    data = content.encode()
    for end in range(len(data) - 20, len(data)):
        rows = list(read_rows(_file(tmp_path, name, data[:end])))
        read = [parse_row(row.fields, now=NOW) for row in rows if row.fields is not None]
        assert read == whole[: len(read)]
        if len(read) < 2 and data[end - 1 : end] != b"\n":
            assert rows[-1].error is not None
            assert "cut" in rows[-1].error.remedy


def test_a_gzip_file_cut_in_the_middle_gives_what_it_holds_and_tells(tmp_path: Path) -> None:
    lines = NDJSON.splitlines(keepends=True)[0] * 20_000
    packed = gzip.compress(lines.encode())
    path = tmp_path / "a.ndjson.gz"
    path.write_bytes(packed[: len(packed) // 2])
    rows = list(read_rows(path))
    assert len(rows) > 1000
    assert all(row.error is None for row in rows[:-1])
    assert rows[-1].error is not None
    assert "cut gzip" in rows[-1].error.problem


def test_a_parquet_file_cut_in_the_middle_is_refused(tmp_path: Path) -> None:
    path = _parquet(tmp_path / "a.parquet", pa.decimal128(18, 4))
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(FileError, match="was cut"):
        list(read_rows(path))


def test_csv_rows_with_too_few_or_too_many_cells_are_told(tmp_path: Path) -> None:
    header, first, second = CSV.splitlines(keepends=True)
    path = _file(tmp_path, "a.csv", header + "e0,L1\n" + first + second.replace("\n", ",x\n") + first)
    assert [row.place for row in _wrong(path)] == ["a.csv:2", "a.csv:4"]


def test_an_open_quote_is_told_with_the_lines_it_swallowed(tmp_path: Path) -> None:
    header, first, second = CSV.splitlines(keepends=True)
    wrong = _wrong(_file(tmp_path, "a.csv", header + first + '"e3,L1\n' + second + "e4,L1\n"))
    assert wrong[0].place == "a.csv:3-4"


@pytest.mark.parametrize("header", ["id,line,kind", "id,id,line,kind,happened_at", "{}"])
def test_a_csv_file_without_its_header_is_refused(tmp_path: Path, header: str) -> None:
    with pytest.raises(FileError, match="first row"):
        list(read_rows(_file(tmp_path, "a.csv", header + "\n1,2,3\n")))


def test_a_line_too_long_to_be_a_row_is_told_and_skipped(tmp_path: Path) -> None:
    path = _file(tmp_path, "a.ndjson", NDJSON + "x" * (2 * LINE_MAX + 5) + "\n" + NDJSON)
    rows = list(read_rows(path))
    assert [row.error is None for row in rows] == [True, True, False, True, True]
    assert rows[2].place == "a.ndjson:3"
