"""Simulated borrowers in a home of their own, and a policy's card trained on them as its recipe says."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
import yaml
from typer.testing import CliRunner, Result

from creditline.cli import app
from creditline.errors import CreditlineError
from creditline.policy import load_policy, read_policy
from creditline.scoring.card import read_card
from creditline.scoring.compiled import compiled
from creditline.scoring.recipe import read_recipe
from creditline.service.run import POLICY_OF_LINE
from creditline.service.simulated import fill
from creditline.simulate import simulate
from creditline.store import Home

BORROWERS, MONTHS, SEED = 110, 12, 11

RECIPE = """
observe:
  moments: ["2025-09-03", "2025-10-17", "2025-12-22"]
  window: 180d
  outcome: 30dpd
  standing: stated
  statuses: [applied, open]
base: 640
reach: 50
settings: {bins: 4, smallest: 0.03}
facts: {worst_late_90d: falling, limit_use: falling, score: rising, lenders: falling, severe_news: falling}
"""


def said(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("simulated") / "home"
    result = said(
        "simulate", "--home", str(path), "--borrowers", str(BORROWERS), "--months", str(MONTHS), "--seed", str(SEED)
    )
    assert result.exit_code == 0, result.output
    assert "SIMULATED" in result.output
    return path


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(load_policy("consumer-line").text)
    path.with_suffix(".train.yaml").write_text(RECIPE)
    return path


def train(home: Path, policy: Path | str, *more: str) -> Result:
    return said("scorecard", "train", "--home", str(home), "--policy", str(policy), "--recipe", "--folds", "2", *more)


def test_the_log_is_the_lives_as_they_go_with_every_line_open(home: Path) -> None:
    lived = simulate(BORROWERS, MONTHS, SEED)
    with Home.open(home) as opened:
        assert len(opened.lines()) == BORROWERS
        events = {(event.line, event.id): event for _, mine in opened.events_by_line(opened.lines()) for event in mine}
        assert events == {(event.line, event.id): event for event in lived.events}
        assert opened.get(POLICY_OF_LINE) == {truth.line: truth.policy for truth in lived.truth}
        assert opened.get("simulated")["by"] == "simulate"
        assert not any(opened.decisions(line) for line in opened.lines())
    rows = [msgspec.json.decode(row) for row in (home / "truth.ndjson").read_bytes().splitlines()]
    assert [(row["line"], row["deserves"]) for row in rows] == [(each.line, each.deserves) for each in lived.truth]
    assert all(row["simulated"] for row in rows)


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(CreditlineError, match="is no empty folder"):
        fill(tmp_path, 1, 6, 1)
    assert [each.name for each in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("options", [[], ["--out", "a.ndjson", "--home", "b"]])
def test_a_file_or_a_home_has_to_be_named(options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = said("simulate", "--borrowers", "1", *options)
    assert isinstance(result.exception, CreditlineError)
    assert not list(tmp_path.iterdir())


def test_a_card_is_trained_as_the_recipe_says_and_put_into_its_policy(home: Path, policy: Path, tmp_path: Path) -> None:
    out, made = tmp_path / "card.yaml", tmp_path / "made.yaml"
    result = train(home, policy, "--out", str(out), "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    card, recipe = read_card(out), read_recipe(policy.with_suffix(".train.yaml"))
    assert recipe is not None
    assert card.kind == "woe"
    assert set(card.facts) <= recipe.facts.keys()
    assert card.training["reach"] == 50
    assert told["columns"] <= len(recipe.facts), "what else the policy counts plays no part"
    assert told["rows"] > BORROWERS / 2, "applicants and open lines"
    assert said("scorecard", "insert", str(out), str(policy), "--out", str(made)).exit_code == 0
    there = read_policy(made.read_text())
    assert there.scorecard == compiled(card, there.types)


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (["--kind", "ebm"], "is said by --recipe"),
        (["--window", "90d"], "is said by --recipe"),
        (["--monotone", "score=up"], "is said by --recipe"),
    ],
)
def test_what_the_recipe_says_is_not_said_twice(home: Path, policy: Path, more: list[str], problem: str) -> None:
    result = train(home, policy, *more)
    assert isinstance(result.exception, CreditlineError)
    assert problem in str(result.exception)


def test_a_recipe_that_cannot_be_followed_is_told(home: Path, policy: Path) -> None:
    file = policy.with_suffix(".train.yaml")
    recipe = yaml.safe_load(RECIPE)
    for change, problem in (
        ({"facts": {"no_such_fact": "free"}}, "are not there"),
        ({"observe": None}, "says no rows"),
        ({"observe": {**recipe["observe"], "statuses": ["declined"]}}, "is not observed"),
    ):
        file.write_text(yaml.safe_dump({**recipe, **change}))
        result = train(home, policy)
        assert isinstance(result.exception, CreditlineError)
        assert problem in str(result.exception)
    file.unlink()
    assert "cannot be followed" in str(train(home, policy).exception)
    assert "says no rows" in str(train(home, "taiwan-panel").exception)
    assert "is the recipe of a policy" in str(said("scorecard", "train", "--recipe", "--home", str(home)).exception)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["consumer-line", "business-line"])
def test_the_commands_beside_a_shipped_policy_make_its_card_again(
    name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp() / "training"
    if not folder.exists():
        fill(folder, 12_000, 18, 11)
    out = folder.parent / f"{name}.card.yaml"
    result = said(
        "scorecard", "train", "--home", str(folder), "--policy", name, "--recipe", "--folds", "2", "--out", str(out)
    )
    assert result.exit_code == 0, result.output
    policy = load_policy(name)
    assert compiled(read_card(out), policy.types) == policy.scorecard
