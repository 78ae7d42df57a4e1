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
from tests.wayback import test_promise_cut as cut
from tests.wayback import test_promise_declined as declined
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
    done = CliRunner().invoke(app, [*arguments, "--home", str(home)], env={"COLUMNS": "200"})
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
        ("en", ["taken up. If it is kept: back on", "kept so far", "Promises that stand: 1", "is given up"]),
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
    ("lang", "words"),
    [
        (
            "en",
            [
                "A plan taken up on 2026-02-06 is promised: back on",
                "the version it was made with decides",
                "Cured once",
            ],
        ),
        ("zh", ["已承诺2026-02-06接受的方案", "由制定方案时的版本裁决", "解除条件"]),
    ],
)
def test_a_promised_line_is_shown_by_the_version_that_decides_for_it(home: Path, lang: str, words: list[str]) -> None:
    with Home.open(home) as opened:
        opened.append([msgspec.structs.replace(EVENTS[1], id="later", at=CHANGE + DAY, known=CHANGE + DAY)])
        run_home(opened, until=CHANGE + DAY)
    by_all = run(home, "line", "show", LINE, "--lang", lang).stdout
    assert "lenders = 0" in by_all.split(words[2])[-1]
    assert words[0] not in by_all
    seal = told(home, "take", LINE, "--goal", "fastest", "--now", AT)["seal"]
    by_plan = " ".join(run(home, "line", "show", LINE, "--lang", lang).stdout.split())
    assert all(word in by_plan for word in [*words, LOOSE.version[:12]])
    assert "lenders <= 2" in by_plan.split(words[2])[-1]
    now = json.loads(run(home, "line", "show", LINE, "--json").stdout)["now"]
    assert now["version"] == now["promise"]["policy"] == LOOSE.version
    assert (now["promise"]["seal"], now["promise"]["way"], now["promise"]["limit"]) == (seal, "back", "8000.00")
    told(home, "give-up", LINE, "--now", format_moment(CHANGE + DAY))
    assert json.loads(run(home, "line", "show", LINE, "--json").stdout)["now"]["promise"] is None


@pytest.mark.parametrize(
    ("made", "way", "words"),
    [
        (
            declined,
            "approved",
            {"en": "approved on 2026-02-17 with a limit of 8,000.00", "zh": "2026-02-17获批准，额度8,000.00"},
        ),
        (cut, "raised", {"en": "limit raised on 2026-03-07 to 9,600.00", "zh": "2026-03-07额度升至9,600.00"}),
    ],
)
def test_plans_of_declined_and_cut_lines_are_told_in_their_own_words(
    tmp_path: Path, made: Any, way: str, words: dict[str, str]
) -> None:
    file, at = tmp_path / "small.yaml", format_moment(made.NOW)
    file.write_text(made.POLICY, "utf-8")
    with Home.open(tmp_path / "home") as opened:
        opened.append(made.EVENTS)
        run_home(opened, file, until=made.NOW)
    for lang, what in words.items():
        for command in (["take", LINE, "--goal", "fastest"], ["show", LINE]):
            assert what in run(tmp_path / "home", "promise", *command, "--now", at, "--lang", lang).stdout
        assert what in " ".join(run(tmp_path / "home", "line", "show", LINE, "--lang", lang).stdout.split())
    shown = told(tmp_path / "home", "show", LINE, "--now", at)
    assert (shown["way"], shown["steps"][-1]["state"], shown["state"]) == (way, "due", "due")
    (cost,) = told(tmp_path / "home", "list", "--now", at)["promises"]
    assert (cost["way"], cost["more"], cost["days_earlier"]) == (way, "0.00", 0)


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
