"""``creditline scorecard publish`` and ``insert``: what two people type, and what the home then holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from creditline.cli import app
from creditline.errors import CreditlineError
from creditline.i18n import LANGUAGES, text
from creditline.policy import load_policy
from creditline.scoring.compiled import compiled
from creditline.store import Home
from tests.service.scored import START, by_arrears, policy, written
from tests.service.test_fitting import behavioural

NOW = "2026-07-20T09:00:00+08:00"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    with Home.open(folder) as opened:
        base = policy()
        opened.publish(base.name, base.version, base.text, START)
    return folder


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path, by_arrears())


HASH = by_arrears().hash


def typed(home: Path, *words: object, now: str = NOW) -> Result:
    given = [str(word) for word in words]
    return CliRunner().invoke(app, ["scorecard", "publish", *given, "--home", str(home), "--now", now])


def told(home: Path, *words: object) -> Any:
    result = typed(home, *words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refusal(home: Path, *words: object) -> CreditlineError:
    result = typed(home, *words)
    assert isinstance(result.exception, CreditlineError), result.output
    return result.exception


def proposal(file: Path, by: str = "Li Wei") -> list[object]:
    return [file, "--policy", "trial", "--by", by]


def test_one_proposes_another_approves_and_the_list_tells_it(home: Path, file: Path) -> None:
    first = typed(home, *proposal(file), "--note", "better on late payers")
    assert first.exit_code == 0
    assert f"Scorecard {HASH[:12]} is proposed as champion of policy trial by Li Wei." in first.output
    assert f"--approve {HASH[:12]}" in first.output
    second = typed(home, "--approve", HASH[:8], "--by", "Chen Jing", "--from", "2026-08-01T00:00:00+08:00")
    assert second.exit_code == 0
    with Home.open(home) as opened:
        published = opened.policies()[-1]
    assert f"Version {published.version[:12]} decides by it from 2026-07-31T16:00:00Z" in second.output
    (row,) = told(home, "--list")
    assert (row["hash"], row["state"], row["proposed_by"], row["note"]) == (
        HASH, "approved", "Li Wei", "better on late payers",
    )  # fmt: skip
    assert (row["proposed_at"], row["data_sha256"], row["code_version"]) == ("2026-07-20T01:00:00Z", "d" * 64, "0.1.0")
    assert row["verdicts"] == [
        {
            "verdict": "approved", "by": "Chen Jing", "at": "2026-07-20T01:00:00Z", "why": "",
            "policy_version": published.version, "effective_from": "2026-07-31T16:00:00Z",
        }
    ]  # fmt: skip
    assert row["used_by"] == [
        {"policy": "trial", "version": published.version, "effective_from": "2026-07-31T16:00:00Z"}
    ]
    shown = typed(home, "--list").output
    for said in (HASH[:12], "trial", "champion", "approved"):
        assert said in shown


def test_the_same_person_is_refused_and_nothing_is_published(home: Path, file: Path) -> None:
    typed(home, *proposal(file))
    error = refusal(home, "--approve", HASH, "--by", " LI wei ")
    assert str(error).startswith("--by: 'LI wei'")
    assert "another person" in error.remedy
    assert told(home, "--list")[0]["state"] == "proposed"


def test_without_a_from_it_is_now(home: Path, file: Path) -> None:
    typed(home, *proposal(file))
    done = told(home, "--approve", HASH, "--by", "Chen Jing")
    assert done["verdicts"][0]["effective_from"] == "2026-07-20T01:00:00Z"


def test_a_challenger_is_approved_rejected_and_told_of_as_such(home: Path, file: Path) -> None:
    assert "challenger" in typed(home, *proposal(file), "--role", "challenger").output
    assert "runs in shadow" in typed(home, "--approve", HASH, "--by", "Chen Jing").output
    assert "is withdrawn" in typed(home, "--reject", HASH, "--by", "Chen Jing", "--why", "no better").output
    typed(home, *proposal(file))
    assert "is rejected" in typed(home, "--reject", HASH, "--by", "Chen Jing", "--why", "thin data").output
    rows = told(home, "--list")
    assert [(row["role"], row["state"]) for row in rows] == [("challenger", "withdrawn"), ("champion", "rejected")]
    assert [row["role"] for row in told(home, "--list", "--role", "champion")] == ["champion"]
    assert told(home, "--list", "--policy", "other") == []


def test_a_challenger_that_needs_facts_says_which_version_measures_them(home: Path, tmp_path: Path) -> None:
    file = written(tmp_path, behavioural(), "behaviour.json")
    assert typed(home, *proposal(file), "--role", "challenger").exit_code == 0
    said = typed(home, "--approve", behavioural().hash, "--by", "Chen Jing").output
    with Home.open(home) as opened:
        version = opened.policies()[-1].version
    assert f"version {version[:12]} measures the facts it needs and decides as before" in said


def test_a_home_without_proposals_says_how_to_begin(home: Path) -> None:
    assert "No scorecard was proposed here" in typed(home, "--list").output


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ([], "scorecard publish"),
        (["--list", "--approve", HASH], "scorecard publish"),
        (["--approve", HASH], "--by"),
        (["--approve", HASH, "--by", "A", "--why", "because"], "--why"),
        (["--reject", HASH, "--by", "A", "--why", "because", "--from", NOW], "--from"),
        (["--reject", HASH, "--by", "A", "--why", "because", "--note", "x"], "--note"),
        (["--reject", HASH, "--by", "A"], "--why"),
        (["--approve", HASH, "--by", "A", "--from", "tomorrow"], "moment"),
        (["--approve", HASH, "--by", "A"], "scorecard"),
        (["absent.yaml", "--by", "A"], "--policy"),
        (["absent.yaml", "--by", "A", "--policy", "trial"], "absent.yaml"),
    ],
)
def test_what_cannot_be_done_names_its_place(home: Path, words: list[str], place: str) -> None:
    assert refusal(home, *words).place == place


def test_a_folder_without_a_home_is_not_made_one(tmp_path: Path, file: Path) -> None:
    assert "is no home" in refusal(tmp_path / "nowhere", *proposal(file)).problem
    assert not (tmp_path / "nowhere").exists()


def test_the_help_says_that_a_name_is_taken_as_it_is_said() -> None:
    for lang in LANGUAGES:
        assert "--by" in text("scorecard.publish_help", lang)
    assert "is not checked" in text("cards.by_help", "en")


# -- insert ------------------------------------------------------------------------------------------


def put(*words: object) -> Result:
    return CliRunner().invoke(app, ["scorecard", "insert", *(str(word) for word in words)])


def test_a_card_is_written_into_a_policy_file_and_nothing_else_changes(tmp_path: Path, file: Path) -> None:
    target = tmp_path / "mine.yaml"
    before = policy()
    target.write_text(before.text, encoding="utf-8")
    result = put(file, target)
    after = load_policy(target)
    assert result.exit_code == 0
    assert f"version {before.version[:12]} became {after.version[:12]}" in result.output
    assert after.scorecard == compiled(by_arrears(), before.types)
    assert (after.facts, after.rules, after.reopen) == (before.facts, before.rules, before.reopen)
    assert f"# Scorecard {HASH[:12]}" in after.text


def test_another_file_may_be_written_and_the_policy_stays(tmp_path: Path, file: Path) -> None:
    source, out = tmp_path / "mine.yaml", tmp_path / "new.yaml"
    source.write_text(policy().text, encoding="utf-8")
    assert put(file, source, "--out", out).exit_code == 0
    assert source.read_text("utf-8") == policy().text
    assert load_policy(out).scorecard == compiled(by_arrears(), policy().types)


def test_what_does_not_fit_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "mine.yaml"
    target.write_text(policy().text, encoding="utf-8")
    dead = written(tmp_path, by_arrears(base=900))
    for words, said in (
        ((dead, target), "can never fire"),
        ((written(tmp_path, by_arrears(), "b.yaml"), "taiwan-panel", "--out", tmp_path / "x.yaml"), "no fact"),
        ((written(tmp_path, by_arrears(), "c.yaml"), "consumer-line"), "--out"),
        ((written(tmp_path, by_arrears(), "c.yaml"), target, "--out", tmp_path / "none" / "x.yaml"), "no folder"),
    ):
        result = put(*words)
        assert isinstance(result.exception, CreditlineError)
        assert said in str(result.exception)
    assert target.read_text("utf-8") == policy().text
    assert not (tmp_path / "x.yaml").exists()


def test_a_policy_without_a_scorecard_is_told_what_to_add(tmp_path: Path, file: Path) -> None:
    bare = policy().text
    start, end = bare.index("scorecard:"), bare.index("rules:")
    target = tmp_path / "bare.yaml"
    target.write_text(
        (bare[:start] + bare[end:]).replace("points < 520", "dpd > 3").replace("points >= 560", "dpd = 0")
    )
    result = put(file, target)
    assert isinstance(result.exception, CreditlineError)
    assert "add a scorecard: block" in result.exception.remedy
