"""The line a demonstration follows: its notice, its plans of that day, what it did, and the day it came back."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.cells import cell_len
from typer.testing import CliRunner, Result

from creditline.cli import app
from creditline.clock import DAY
from creditline.events.event import Event
from creditline.events.kinds import EventVoided, IncidentDeclared
from creditline.i18n import LANGUAGES, Language
from creditline.lending.terms import date_of
from creditline.notices import kind_of, load_profile
from creditline.notices.model import REASONS_MOST
from creditline.policy import load_policy
from creditline.service.demo import Asked, Demo, demonstrate
from creditline.service.followed import Followed, answerable, follow
from creditline.service.notices import notice_for
from creditline.service.wayback import situation_of
from creditline.store import Home
from creditline.wayback.plans import outlook
from creditline.wayback.predict import returns

SIZE = ("--borrowers", "24", "--months", "9", "--seed", "7")
"""Small, and one of them is closed for arrears elsewhere, clears them and comes back."""


def run(home: Path, *more: str, size: tuple[str, ...] = SIZE) -> Result:
    return CliRunner().invoke(app, ["demo", *size, "--home", str(home), *more], env={"COLUMNS": "80"})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return demonstrate(tmp_path_factory.mktemp("demo") / "home", Asked(24, 9, 7), lang="en")


@pytest.fixture(scope="module")
def followed(made: Demo) -> Followed:
    assert made.followed is not None
    return made.followed


def test_it_was_closed_by_a_rule_and_came_back_next(made: Demo, followed: Followed) -> None:
    turns = ("close", "extend", "reopen", "terminate")
    mine = [each for each in made.decisions if each.line == followed.closed.line and each.action in turns]
    at = mine.index(followed.closed)
    assert (followed.closed.action, mine[at + 1]) == ("close", followed.reopened)
    assert 0 < len(followed.notice.reasons) <= REASONS_MOST
    assert followed.notice.decision == followed.closed.number
    assert followed.notice.simulated


def test_its_plans_are_those_of_the_moment_it_closed(made: Demo, followed: Followed) -> None:
    with Home.open(made.home) as home:
        situation = situation_of(home, followed.closed.line, now=followed.closed.at)
        assert outlook(situation, engine="python") == followed.outlook
        (back,) = returns(situation, [followed.planned.events], engine="python")
    assert back is not None
    assert (back.at, back.limit) == (followed.planned.reopens_at, followed.planned.limit)
    answered = {code for step in followed.planned.steps for code in step.answers}
    assert set(followed.closed.reasons) & answered, "its plan asks for more than waiting"


def test_who_does_what_the_plan_says_comes_back_on_the_day_it_says(followed: Followed) -> None:
    """This borrower cleared the arrears elsewhere without knowing of a plan."""
    assert {step.lever for step in followed.planned.steps} >= {"clear_arrears_elsewhere"}
    assert [each.days_past_due for each in followed.did if each.kind == "report"][-1] == 0
    assert followed.days_later == 0
    assert followed.planned.reopens_on == date_of(followed.day_of(followed.reopened.at)).isoformat()
    assert followed.planned.limit == followed.reopened.limit


def test_what_it_did_lies_between_closing_and_return_in_order(made: Demo, followed: Followed) -> None:
    days = [day for each in followed.did for day in (each.first, each.last)]
    assert days == sorted(days)
    assert followed.day_of(followed.closed.at) <= days[0]
    assert days[-1] <= followed.day_of(followed.reopened.at)
    with Home.open(made.home) as home:
        between = [
            each
            for each in home.events(followed.closed.line)
            if followed.closed.at < each.known <= followed.reopened.at
        ]
    paid = sum(each.body.amount for each in between if each.kind == "repayment.received")  # type: ignore[attr-defined]
    assert sum(each.amount or 0 for each in followed.did if each.kind == "paid") == paid > 0
    assert not any(isinstance(each.body, EventVoided | IncidentDeclared) for each in between)


def test_a_line_that_came_back_because_something_was_untrue_is_not_followed(
    tmp_path: Path, made: Demo, followed: Followed
) -> None:
    """A mistake put right is no way back that anybody could have planned."""
    versions, profile = {policy.version: policy for policy in made.policies.values()}, load_profile("china")
    copied = tmp_path / "home"
    shutil.copytree(made.home, copied)
    with Home.open(copied) as home:
        again = follow(home, made.decisions, versions, profile, "en")
        assert again is not None
        assert again.closed == followed.closed
        line, at = followed.closed.line, followed.closed.at + DAY
        false = next(each for each in home.events(line) if each.kind == "spending.observed")
        assert home.append([Event("untrue", line, at, at, EventVoided(false.id, "another's"))]).accepted == 1
        other = follow(home, made.decisions, versions, profile, "en")
    assert other is None or other.closed.line != line


@pytest.mark.parametrize(
    ("code", "can"), [("T01", True), ("T02", True), ("T03", True), ("T21", False), ("BLOCK", False)]
)
def test_only_reasons_a_borrower_can_do_something_about_are_followed(code: str, can: bool) -> None:
    assert answerable(load_policy("consumer-line"), code) is can


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_is_told_in_eighty_columns(tmp_path: Path, lang: Language, followed: Followed) -> None:
    told = run(tmp_path / "home", "--lang", lang, "--no-serve").stdout
    head = {"en": "One line followed: ", "zh": "跟踪一条额度："}[lang]
    ends = {"en": "The notice in full:", "zh": "通知全文："}[lang]
    part = told[told.index(head) : told.index(ends)]
    assert max(map(cell_len, part.splitlines())) <= 80
    assert len(part.splitlines()) <= 50
    assert {"en": "SIMULATED", "zh": "模拟数据"}[lang] in part.splitlines()[0]
    with Home.open(tmp_path / "home") as home:
        notice, policy = notice_for(home, followed.closed.line, followed.closed.number, load_profile("china"), lang)
    plain = re.sub(r"[\s│]", "", part)
    for said in (*notice.opening, *(each.text for each in notice.reasons)):
        assert re.sub(r"\s", "", said) in plain
    assert followed.planned.reopens_on in part
    assert policy.levers[0].title[lang]
    assert all(re.sub(r"\s", "", step.title[lang]) in plain for step in followed.planned.steps)
    assert {"en": "Complaints", "zh": "投诉"}[lang] in plain
    command = f"creditline notice {followed.closed.line} --decision {followed.closed.number} --home"
    assert command in told[told.index(ends) :]


def plain(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    content: dict[str, Any] = msgspec.json.decode(result.stdout.splitlines()[-1])
    return content


def test_programs_get_it_as_one_object(tmp_path: Path, followed: Followed) -> None:
    told = plain(run(tmp_path / "home", "--json", "--lang", "en"))["followed"]
    assert told["simulated"] is True
    assert told["line"] == followed.closed.line
    assert told["reasons"] == list(followed.closed.reasons)
    assert told["notice"]["hash"] == followed.notice.hash
    assert [plan["goal"] for plan in told["plans"]] == ["fastest", "cheapest", "easiest"]
    fastest = told["plans"][0]
    assert fastest["reopens_on"] == told["planned_on"] == told["reopened_on"]
    assert (told["days_later"], fastest["limit"]) == (0, told["limit"])
    assert {"on", "lever", "amount", "answers"} <= fastest["steps"][0].keys()
    assert told["closed_on"] < told["done"][0]["on"] <= told["reopened_on"]
    assert {"paid", "report"} <= {each["kind"] for each in told["done"]}
    assert all(re.fullmatch(r"\d+\.\d\d", each["amount"]) for each in told["done"] if "amount" in each)


def test_where_no_line_came_back_so_none_is_followed(tmp_path: Path) -> None:
    size = ("--borrowers", "2", "--months", "2")
    assert plain(run(tmp_path / "a", "--json", size=size))["followed"] is None
    told = run(tmp_path / "b", size=size).stdout
    assert "One line followed" not in told
    assert "Notices waiting in the outbox" in told


# -- notices ----------------------------------------------------------------------------------------------


def test_every_decision_has_the_notice_it_is_owed(made: Demo) -> None:
    owed = {(each.line, each.number): kind for each in made.decisions if (kind := kind_of(each)) is not None}
    with Home.open(made.home) as home:
        letters = home.letters()
    assert {(each.line, each.decision): each.kind for each in letters} == owed
    assert made.notices == dict(Counter(owed.values()))
    assert {"closing", "reopening", "increase"} <= made.notices.keys()
    assert {each.jurisdiction for each in letters} == {"china"}


def test_the_notice_shown_is_the_one_that_waits(made: Demo, followed: Followed) -> None:
    with Home.open(made.home) as home:
        shown, _ = notice_for(home, followed.closed.line, followed.closed.number, load_profile("china"))
        waiting = {each.decision: each.hash for each in home.letters(followed.closed.line)}
    assert waiting[followed.closed.number] == shown.hash


def test_notices_are_counted_by_kind_with_the_command_that_delivers_them(tmp_path: Path, made: Demo) -> None:
    told = run(tmp_path / "home", "--lang", "en").stdout
    assert f"Notices waiting in the outbox: {sum(made.notices.values()):,} (" in told
    assert f"closing {made.notices['closing']}" in told
    assert f"creditline notice --deliver FOLDER --home {tmp_path / 'home'}" in told
