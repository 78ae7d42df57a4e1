"""Slices go to Parquet and come back the same, chunk by chunk; what is no such file is refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench import data
from creditline.facts import parquet
from creditline.facts.parquet import SlicesFileError, read_slices, write_slices
from creditline.facts.slices import NEVER, NULL, Slices

COLUMNS = ("offsets", "at", "known", "until", "kind", "values", "position", "visits")


@pytest.fixture(scope="module")
def slices() -> Slices:
    return data.simulated(8, 3)


def alike(one: Slices, other: Slices) -> bool:
    return list(one.lines) == list(other.lines) and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in COLUMNS
    )


def changed(path: Path, table: pa.Table) -> Path:
    pq.write_table(table, path)
    return path


def test_what_is_written_is_read(slices: Slices, tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    write_slices(path, slices)
    (read,) = read_slices(path)
    assert alike(read, slices)
    assert [each.name for each in tmp_path.iterdir()] == ["events.parquet"]


def test_chunks_hold_whole_lines(slices: Slices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "GROUP_ROWS", 60)
    path = tmp_path / "events.parquet"
    write_slices(path, slices)
    chunks = list(read_slices(path, 90))
    assert len(chunks) > 2
    assert [line for chunk in chunks for line in chunk.lines] == list(slices.lines)
    assert np.array_equal(np.concatenate([chunk.at for chunk in chunks]), slices.at)
    assert np.array_equal(np.concatenate([chunk.values for chunk in chunks], axis=1), slices.values)


def test_chunk_after_chunk_is_written_as_one_file(slices: Slices, tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    write_slices(path, (data.generate(3, 20, 1, first) for first in (0, 3)))
    (read,) = read_slices(path, visits=False)
    assert read.lines == [f"L{line:07d}" for line in range(6)]
    assert np.all(read.visits == 0)


def test_rows_in_order_of_time_alone_are_put_in_order(tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    write_slices(path, data.generate(5, 30, by_time=True))
    (read,) = read_slices(path)
    assert np.array_equal(read.at, data.generate(5, 30).at)
    assert np.array_equal(np.sort(read.visits), np.arange(150))


def test_absent_values_and_voided_rows_come_back(tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    whole = data.generate(4, 20)
    whole.until[7] = whole.known[7] + 1
    whole.values[5, 3] = 9
    write_slices(path, whole)
    (read,) = read_slices(path)
    assert np.array_equal(read.until, whole.until)
    assert np.array_equal(read.values, whole.values)
    assert read.until[8] == NEVER
    assert read.values[5, 4] == NULL


@pytest.mark.parametrize("missing", ["line", "at", "known_after", "kind", "v3", "position"])
def test_a_missing_column_is_named(slices: Slices, tmp_path: Path, missing: str) -> None:
    path = tmp_path / "events.parquet"
    write_slices(path, slices)
    changed(path, pq.read_table(path).drop_columns([missing]))
    with pytest.raises(SlicesFileError, match=f"lack '{missing}'; add {missing}"):
        list(read_slices(path))


def test_a_column_of_another_type_is_named(slices: Slices, tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    write_slices(path, slices)
    table = pq.read_table(path)
    table = table.set_column(table.schema.get_field_index("at"), "at", table["at"].cast(pa.float64()))
    with pytest.raises(SlicesFileError, match="column at: 'double'"):
        list(read_slices(changed(path, table)))


def test_a_line_in_two_places_is_named(tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    one = data.generate(2, 20)
    write_slices(path, [one, one])
    with pytest.raises(SlicesFileError, match=r"L0000000.*two places"):
        list(read_slices(path))


def test_what_is_no_parquet_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    path.write_text("line,at\n", encoding="utf-8")
    with pytest.raises(SlicesFileError, match="is not Parquet"):
        list(read_slices(path))


def test_an_empty_file_has_no_chunks(tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    write_slices(path, [])
    assert list(read_slices(path)) == []
