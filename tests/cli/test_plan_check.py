"""``creditline plan check``: what somebody who was handed a plan's file types."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from creditline.cli import app
from creditline.cli.plan import STATUS_DIFFERS
from creditline.service.run import run_home
from creditline.service.wayback import plans_of, situation_of
from creditline.store import Home
from creditline.wayback.plans import Plan
from creditline.wayback.proof import Proof, sealed
from tests.wayback.test_retaken import EVENTS, NOW, POLICY
from tests.wayback.ways import LINE


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    folder = tmp_path_factory.mktemp("plans")
    (folder / "small.yaml").write_text(POLICY, encoding="utf-8")
    with Home.open(folder / "home") as made:
        made.append(EVENTS)
        run_home(made, folder / "small.yaml", until=NOW)
        yield made


@pytest.fixture(scope="module")
def proof(home: Home) -> Proof:
    return plans_of(home, LINE, now=NOW)


def checked(home: Home, folder: Path, proof: Proof, *more: str) -> Result:
    path = folder / "plan.json"
    path.write_bytes(msgspec.json.encode(proof))
    return CliRunner().invoke(app, ["plan", "check", str(path), "--home", str(home.path), *more])


def altered(home: Home, proof: Proof, number: int = 1, **changed: Any) -> Proof:
    """The fastest plan alone, one step of it altered, and sealed by somebody who can."""
    first: Plan = proof.outlook.plans[0]
    steps = list(first.steps)
    steps[number - 1] = msgspec.structs.replace(steps[number - 1], **changed)
    plan = msgspec.structs.replace(first, steps=tuple(steps))
    situation = situation_of(home, LINE, now=NOW)
    return sealed(situation, msgspec.structs.replace(proof.outlook, plans=(plan,)), proof.position)


def test_a_plan_that_holds_is_said_to(home: Home, proof: Proof, tmp_path: Path) -> None:
    result = checked(home, tmp_path, proof, "--lang", "en")
    assert (result.exit_code, result.stdout) == (0, "L1: all 3 plans hold when run again.\n")


def test_an_amount_altered_is_told_in_words_with_the_right_one(home: Home, proof: Proof, tmp_path: Path) -> None:
    forged = altered(home, proof, 2, amount=100)
    result = checked(home, tmp_path, forged, "--lang", "en")
    assert result.exit_code == STATUS_DIFFERS
    assert result.stderr == ("Fastest: step 2, cost of the step: the file says 1.00, it comes out as 3,000.00\n")
    assert checked(home, tmp_path, forged, "--lang", "zh").stderr == (
        "最快：第 2 步，该步金额：文件为 1.00，重新推算为 3,000.00\n"
    )


@pytest.mark.parametrize(
    ("changed", "en", "zh"),
    [
        (
            {"lever": "win"},
            "step 1, lever: the file says win, but the policy has no such lever",
            "第 1 步，做法：文件为 win，但策略中没有这种做法",
        ),
        (
            {"on": "2026-01-01"},
            "step 1, day: the file says 2026-01-01, but that day was past when the plan was made",
            "第 1 步，日期：文件为 2026-01-01，但制定方案时该日已过",
        ),
    ],
)
def test_a_step_that_cannot_be_taken_is_told_in_words(
    home: Home, proof: Proof, tmp_path: Path, changed: dict[str, Any], en: str, zh: str
) -> None:
    forged = altered(home, proof, **changed)
    assert checked(home, tmp_path, forged, "--lang", "en").stderr == f"Fastest: {en}\n"
    assert checked(home, tmp_path, forged, "--lang", "zh").stderr == f"最快：{zh}\n"


def test_every_difference_has_its_words(home: Home, proof: Proof, tmp_path: Path) -> None:
    for number, changed in ((1, {"on": "2026-06-01"}), (2, {"chosen": 4}), (3, {"repeated": 3, "answers": ()})):
        result = checked(home, tmp_path, altered(home, proof, number, **changed), "--lang", "zh")
        assert result.exit_code == STATUS_DIFFERS
        assert result.exception is None or isinstance(result.exception, SystemExit)


def test_as_json_it_says_whether_all_holds_and_what_does_not(home: Home, proof: Proof, tmp_path: Path) -> None:
    result = checked(home, tmp_path, altered(home, proof, 2, amount=100), "--json")
    assert json.loads(result.stdout) == {
        "line": LINE,
        "holds": False,
        "differences": [{"goal": "fastest", "what": "amount", "planned": 100, "came": 300_000, "step": 2}],
    }
    assert json.loads(checked(home, tmp_path, proof, "--json").stdout)["holds"] is True


def test_a_file_without_a_plan_is_said_to_be_right_about_it(tmp_path: Path) -> None:
    (tmp_path / "bare.yaml").write_text(POLICY.partition("levers:")[0], encoding="utf-8")
    with Home.open(tmp_path / "bare") as home:
        home.append(EVENTS)
        run_home(home, tmp_path / "bare.yaml", until=NOW)
        result = checked(home, tmp_path, plans_of(home, LINE, now=NOW), "--lang", "en")
    assert result.exit_code == 0
    assert result.stdout.startswith("The file holds no plan, and so it is: nothing brings L1 back")
