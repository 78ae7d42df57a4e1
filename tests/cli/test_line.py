"""``creditline line``: a life told in both languages, for people and for programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from creditline.cli import app
from creditline.errors import CreditlineError
from creditline.service.demo import Asked, Demo, demonstrate

WIDE = {"COLUMNS": "160"}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["line", *arguments], env=WIDE)


def plain(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    content: dict[str, Any] = msgspec.json.decode(result.stdout)
    return content


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return demonstrate(tmp_path_factory.mktemp("line") / "home", Asked(60, 6, 7), engine="python")


@pytest.fixture(scope="module")
def home(made: Demo) -> str:
    return str(made.home)


@pytest.fixture(scope="module")
def closed(made: Demo) -> str:
    """A line that is closed at the end."""
    return next(
        reversed([each.line for each in made.decisions if each.action == "close" and last(made, each.line) == "closed"])
    )


def last(made: Demo, line: str) -> str:
    return [each.status for each in made.decisions if each.line == line][-1]


def test_a_closed_line_is_told_in_both_languages(made: Demo, home: str, closed: str) -> None:
    closing = [each for each in made.decisions if each.line == closed and each.action == "close"][-1]
    policy = made.policies[made.truths[closed].policy]
    reason = policy.by_code[closing.reasons[0]].reason
    for lang, mark, cure in (("en", "Simulated data", "Cured once"), ("zh", "模拟数据", "解除条件")):
        result = run("show", closed, "--home", home, "--lang", lang)
        assert result.exit_code == 0, result.output
        told = " ".join(result.stdout.split())
        assert mark in told
        assert f"1. {closing.reasons[0]} {reason[lang]}" in told
        assert {"zh": reason["en"], "en": reason["zh"]}[lang] in told, "the other language stands beside it"
        assert "✓" in told
        assert cure in told
        assert policy.version[:12] in told


def test_a_life_as_one_json_object(made: Demo, home: str, closed: str) -> None:
    told = plain("show", closed, "--home", home)
    assert told["simulated"] is True
    assert (told["line"], told["status"]) == (closed, "closed")
    mine = [each for each in made.decisions if each.line == closed]
    assert [each["action"] for each in told["decisions"]] == [each.action for each in mine]
    closing = next(each for each in told["decisions"] if each["action"] == "close")
    assert closing["reasons"][0]["reason"].keys() == {"zh", "en"}
    assert any(part["held"] for part in closing["reasons"][0]["conditions"])
    assert closing["limit"].endswith(".00")
    assert closing["facts"].keys() == mine[0].facts.keys()
    assert [each["code"] for each in told["now"]["standing"]] == list(mine[-1].standing)
    assert told["events"] > 0
    assert "log" not in told
    assert len(plain("show", closed, "--home", home, "--events")["log"]) == told["events"]


def test_events_stand_between_the_decisions(home: str, closed: str) -> None:
    told = run("show", closed, "--home", home, "--events").stdout
    assert "draw.booked" in told
    assert "draw.booked  amount" in told
    assert told.index("application.received") < told.index("●")


def test_a_reopening_tells_what_was_cured(made: Demo, home: str) -> None:
    line = next(each.line for each in made.decisions if each.action == "reopen")
    told = plain("show", line, "--home", home)
    reopening = next(each for each in told["decisions"] if each["action"] == "reopen")
    assert reopening["ended"]
    assert all(each["cured"] for each in reopening["ended"])
    assert "cured:" in run("show", line, "--home", home).stdout


def test_an_unknown_line_names_those_like_it(home: str, closed: str) -> None:
    result = run("show", closed.replace("-0", "-"), "--home", home)
    assert isinstance(result.exception, CreditlineError)
    assert "did you mean SIM7-0000" in str(result.exception)


def test_a_folder_without_a_home_is_not_made_one(tmp_path: Path) -> None:
    result = run("show", "L1", "--home", str(tmp_path / "nowhere"))
    assert isinstance(result.exception, CreditlineError)
    assert not (tmp_path / "nowhere").exists()


def test_lists_are_cut_down_by_status_reason_and_number(made: Demo, home: str) -> None:
    everything = plain("list", "--home", home)
    assert (everything["simulated"], everything["found"]) == (True, 60)
    closed = plain("list", "--status", "closed", "--home", home)
    assert {row["line"] for row in closed["lines"]} == {line for line in made.truths if last(made, line) == "closed"}
    code = closed["lines"][0]["reasons"][0]
    with_code = {row["line"] for row in plain("list", "--reason", code, "--home", home)["lines"]}
    assert closed["lines"][0]["line"] in with_code
    assert len(plain("list", "--limit-rows", "3", "--home", home)["lines"]) == 3
    table = run("list", "--status", "closed", "--home", home).stdout
    assert all(row["line"] in table for row in closed["lines"])


@pytest.mark.parametrize(("option", "value", "meant"), [("--status", "close", "closed"), ("--reason", "T99", "T19")])
def test_a_status_or_code_that_does_not_exist_names_the_nearest(home: str, option: str, value: str, meant: str) -> None:
    result = run("list", option, value, "--home", home)
    assert isinstance(result.exception, CreditlineError)
    assert f"did you mean '{meant}'" in str(result.exception)
