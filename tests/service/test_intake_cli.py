"""``creditline import events`` and ``creditline events kinds`` as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from creditline import cli
from creditline.errors import CreditlineError
from creditline.events.kinds import KINDS
from creditline.store import Home
from tests.service.test_intake import DRAW, OPENED, _ndjson


def _run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(cli.build(), [str(argument) for argument in arguments])
    if isinstance(result.exception, CreditlineError):
        raise result.exception
    return result.exit_code, result.stdout


def test_counts_are_told_and_status_0_says_all_is_in(tmp_path: Path) -> None:
    path = _ndjson(tmp_path, OPENED, DRAW)
    status, told = _run("import", "events", path, "--home", tmp_path / "h")
    assert (status, told.strip()) == (0, "in.ndjson: 2 taken in, 0 already there, 0 rejected.")
    with Home.open(tmp_path / "h") as home:
        assert home.position() == 2


def test_rejected_rows_give_status_1_and_the_path_of_their_file(tmp_path: Path) -> None:
    one, two = _ndjson(tmp_path, OPENED, "{"), _ndjson(tmp_path, DRAW, name="two.ndjson")
    status, told = _run("import", "events", one, two, "--home", tmp_path / "h", "--json")
    first, second = json.loads(told)
    assert status == 1
    assert (first["accepted"], first["rejected"], second["accepted"], second["rejects_path"]) == (1, 1, 1, None)
    assert Path(first["rejects_path"]).is_file()


def test_the_home_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDITLINE_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("CREDITLINE_LANG", "zh")
    assert _run("import", "events", _ndjson(tmp_path, OPENED))[0] == 0
    assert (tmp_path / "elsewhere" / "creditline.db").is_file()


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CreditlineError, match="is no file"):
        _run("import", "events", tmp_path / "none.csv", "--home", tmp_path / "h")


def test_kinds_are_listed() -> None:
    status, told = _run("events", "kinds")
    assert status == 0
    assert all(name in told for name in KINDS)
    described = json.loads(_run("events", "kinds", "--json")[1])
    assert [kind["kind"] for kind in described] == list(KINDS)
    draw = next(kind for kind in described if kind["kind"] == "draw.booked")
    assert draw["fields"][0] == {
        "name": "amount",
        "unit": "money",
        "required": True,
        "may_be": "an amount from 0.01 to 10000000000000.00",
    }
