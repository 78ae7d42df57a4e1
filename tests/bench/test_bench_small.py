"""The benchmarks at a tiny size: whatever they time, kernel and peers agree on every fact, bit for bit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bench import data, lending
from bench.cases import CASES, TINY, Row
from bench.page import page
from creditline.lending.batch import plan_columns


@pytest.mark.parametrize("name", ["as-of", "single", "replay", "scoring", "schedules", "day-end", "wayback"])
def test_a_case_yields_figures(name: str) -> None:
    rows = list(CASES[name](TINY))
    assert rows
    assert {row.case for row in rows} == {name}


def test_peers_agree_with_the_kernel_bit_for_bit() -> None:
    """The case itself stops at the first fact or point that differs."""
    assert [row.what for row in CASES["peers"](TINY) if row.what.startswith("Polars")]


def test_parquet_to_decisions_takes_every_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert any(f"{TINY.parquet_lines} lines" in row.what for row in CASES["parquet"](TINY))


def test_threads_leave_the_book_that_one_leaves() -> None:
    loans = lending.generate(8_000)
    book, _ = lending.open_book(loans, plan_columns(loans.agreed, *loans.planned()))
    book, other = book.without(()), book.without(())
    one, two = book.day_end(lending.DAY + 20, threads=1), other.day_end(lending.DAY + 20, threads=2)
    assert len(one.due.loan) > len(loans.rows) // 2
    assert list(one.entries()) == list(two.entries())
    for mine, theirs in zip(
        (*book.loans, *book.unpaid, one.penalty), (*other.loans, *other.unpaid, two.penalty), strict=True
    ):
        assert np.array_equal(mine, theirs)


def test_rows_travel_as_json() -> None:
    row = Row("as-of", "a decision", "1 s", "at most 2 s", met=True)
    assert Row(**json.loads(json.dumps(row.as_dict()))) == row


def test_a_missed_bar_stands_out_on_the_page() -> None:
    told = page([Row("replay", "a year", "9 line-years/s", "at least 20,000", met=False)], 0.1)
    assert "| a year | 9 line-years/s | at least 20,000 | **no** |" in told


def test_the_same_seed_gives_the_same_columns_in_either_order() -> None:
    by_kind, by_time = data.generate(9, 40), data.generate(9, 40, by_time=True)
    line = np.repeat(np.arange(9), 40)
    order = np.lexsort((by_kind.at, line))
    assert np.array_equal(by_kind.at[order], by_time.at)
    assert np.array_equal(by_kind.values[:, order], by_time.values)
    assert np.all(np.diff(by_time.at)[line[1:] == line[:-1]] > 0)


def test_tiled_lines_keep_rows_and_visits_together() -> None:
    once = data.simulated(6, 3)
    thrice = data.tiled(once, 3)
    assert len(thrice) == 3 * len(once)
    assert len(set(thrice.lines)) == len(thrice)
    n = len(once.at)
    assert np.array_equal(thrice.known[thrice.visits][2 * n :], once.known[once.visits])
    assert np.array_equal(thrice.offsets[len(once) : len(once) + 2], [n, n + once.offsets[1]])
