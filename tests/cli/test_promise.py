"""``creditline promise``: a plan taken up, followed to the line's return, and every mistake told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from creditline.cli import app
from creditline.clock import format_moment
from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.service.run import POLICY_OF_LINE, run_home
from creditline.store import Home
from creditline.wayback.proof import read_proof
from tests.wayback.promises import CHANGE, EVENTS, LOOSE, NOW, POLICY, TIGHT
from tests.wayback.ways import DAY, LINE, START

AT = format_moment(NOW)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    file = tmp_path / "small.yaml"
    file.write_text(POLICY, "utf-8")
    with Home.open(tmp_path / "home") as made:
        made.append(EVENTS)
        made.put(POLICY_OF_LINE, {LINE: str(file)})
        made.publish(LOOSE.name, LOOSE.version, LOOSE.text, START, published_at=START)
        made.publish(TIGHT.name, TIGHT.version, TIGHT.text, CHANGE, published_at=START)
        run_home(made, until=NOW)
    return tmp_path / "home"


def run(home: Path, *arguments: str, status: int = 0) -> Result:
    done = CliRunner().invoke(app, [*arguments[:1], *arguments[1:], "--home", str(home)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == status, done.output
    return done


def told(home: Path, *arguments: str) -> Any:
    return json.loads(run(home, "promise", *arguments, "--json").stdout)


def test_a_plan_is_made_taken_up_followed_and_kept(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    run(home, "plan", LINE, "--now", AT, "--out", str(file))
    taken = told(home, "take", LINE, "--goal", "fastest", "--plan", str(file), "--now", AT)
    assert (taken["new"], taken["plan"]["limit"], taken["simulated"]) == (True, "8000.00", False)
    assert told(home, "take", LINE, "--goal", "fastest", "--plan", str(file), "--now", AT)["new"] is False
    shown = told(home, "show", LINE, "--now", AT)
    assert shown["state"] == "due"
    assert [step["state"] for step in shown["steps"]] == ["due", "due"]
    assert shown["expected"]["limit"] == shown["plan"]["limit"]
    (plan,) = [each for each in read_proof(file.read_bytes(), "x").outlook.plans if each.goal == "fastest"]
    with Home.open(home) as opened:
        opened.append([Event(f"did-{e.id}", LINE, e.at, e.known, e.body) for e in plan.events])
        run_home(opened, until=plan.reopens_at + DAY)
    later = format_moment(plan.reopens_at + DAY)
    shown = told(home, "show", LINE, "--now", later)
    assert (shown["state"], shown["status"]) == ("back", "open")
    assert shown["returned"]["limit"] == "8000.00"
    assert [step["state"] for step in shown["steps"]] == ["done", "done"]
    assert told(home, "follow", "--now", later)["told"][0]["state"] == "back"
    assert told(home, "follow", "--now", later) == {"told": [], "simulated": False}


def test_what_promises_cost_is_one_object(home: Path) -> None:
    told(home, "take", LINE, "--goal", "cheapest", "--now", AT)
    costs = told(home, "list", "--now", format_moment(CHANGE + DAY))
    (cost,) = costs["promises"]
    assert (cost["line"], cost["limit"], cost["otherwise_on"], cost["more"]) == (LINE, "8000.00", None, "8000.00")
    assert costs["total"] == {"promises": 1, "limit": "8000.00", "more": "8000.00", "owed": "0.00"}
    assert costs["months"][0]["month"] == cost["returns_on"][:7]


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ["taken up. Kept, it comes back on", "kept so far", "Promises that stand: 1", "is given up"]),
        ("zh", ["已接受。照做即于", "目前履行良好", "有效承诺：1", "已放弃方案"]),
    ],
)
def test_people_read_it_in_their_language(home: Path, lang: str, words: list[str]) -> None:
    said = [
        run(home, "promise", "take", LINE, "--goal", "easiest", "--now", AT, "--lang", lang).stdout,
        run(home, "promise", "show", LINE, "--now", AT, "--lang", lang).stdout,
        run(home, "promise", "list", "--now", AT, "--lang", lang).stdout,
        run(home, "promise", "give-up", LINE, "--now", AT, "--lang", lang).stdout,
    ]
    assert all(word in text for word, text in zip(words, said, strict=True))
    none = {"en": "No promise stands.", "zh": "目前没有有效的承诺。"}[lang]
    later = format_moment(NOW + DAY)
    assert none in run(home, "promise", "list", "--now", later, "--lang", lang).stdout
    assert "0" in run(home, "promise", "follow", "--now", later, "--lang", lang).stdout


def test_what_is_late_and_what_is_better_is_shown(home: Path) -> None:
    told(home, "take", LINE, "--goal", "cheapest", "--now", AT)
    now = format_moment(NOW + 3 * DAY)
    with Home.open(home) as opened:
        report = msgspec.structs.replace(EVENTS[2], id="less", at=NOW + DAY, known=NOW + DAY)
        body = msgspec.structs.replace(report.body, lenders_with_balance=3, balance=30_000)
        opened.append([msgspec.structs.replace(report, body=body)])
    shown = run(home, "promise", "show", LINE, "--now", now, "--lang", "en").stdout
    assert "late since" in shown
    assert "A better plan" in shown
    plain = told(home, "show", LINE, "--now", now)
    assert float(plain["better"]["cost"]) < float(plain["money_left"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["take", "LL1", "--goal", "fastest"], "line: 'LL1' is not known in"),
        (["take", LINE, "--goal", "nearest"], "--goal: 'nearest' is not accepted; choose fastest, cheapest, easiest"),
        (["take", LINE, "--goal", "fastest", "--plan", "none.json"], "give the file of a plan"),
        (["show", LINE], "line: 'L1' has no promise; take a plan up: creditline promise take L1"),
        (["give-up", LINE], "line: 'L1' has no promise that stands; see what was promised"),
        (["show", LINE, "--lang", "fr"], "--lang: 'fr'"),
        (["list", "--now", "soon"], "is not a moment"),
    ],
)
def test_a_mistake_is_told_with_what_would_be_right(home: Path, arguments: list[str], told: str) -> None:
    with pytest.raises(CreditlineError, match=told):
        run(home, "promise", *arguments)
