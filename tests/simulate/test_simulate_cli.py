"""``creditline simulate``: files that say they are simulated, same bytes for the same seed."""

from __future__ import annotations

import gzip
from pathlib import Path

import msgspec
from typer.testing import CliRunner

from creditline.cli import app
from creditline.events.parse import parse_row
from creditline.simulate import digest, simulate
from creditline.simulate.period import ENDS


def run(out: Path, *more: str) -> str:
    arguments = ["simulate", "--borrowers", "6", "--months", "9", "--seed", "5", "--out", str(out), *more]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_rows_read_back_are_the_events(tmp_path: Path) -> None:
    out = tmp_path / "events.ndjson"
    run(out)
    rows = [msgspec.json.decode(line) for line in out.read_bytes().splitlines()]
    assert [parse_row(row, now=ENDS) for row in rows] == simulate(6, 9, 5).events


def test_it_says_everywhere_that_it_is_simulated(tmp_path: Path) -> None:
    out, truth = tmp_path / "events.ndjson", tmp_path / "truth.ndjson"
    told = run(out, "--truth", str(truth))
    note = msgspec.json.decode((tmp_path / "events.ndjson.simulated.json").read_bytes())
    assert "SIMULATED" in told
    assert note["simulated"] is True
    assert "SIMULATED" in note["notice"]
    assert (note["seed"], note["ends"], note["sha256"]) == (5, "2026-06-30T16:00:00Z", digest(simulate(6, 9, 5).events))
    assert note["sha256"] in told
    truths = [msgspec.json.decode(line) for line in truth.read_bytes().splitlines()]
    assert [row["line"] for row in truths] == [known.line for known in simulate(6, 9, 5).truth]
    assert all(row["simulated"] for row in truths)


def test_compressed_files_are_the_same_bytes_each_time(tmp_path: Path) -> None:
    plain, first, second = tmp_path / "a.ndjson", tmp_path / "b.ndjson.gz", tmp_path / "c.ndjson.gz"
    for out in (plain, first, second):
        run(out)
    assert gzip.decompress(first.read_bytes()) == plain.read_bytes()
    assert first.read_bytes() == second.read_bytes()
