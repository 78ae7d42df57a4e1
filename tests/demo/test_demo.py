"""``creditline demo``: one command, a home to work on, the same figures for the same seed, and SIMULATED everywhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from creditline.cli import app
from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.events.kinds import OutcomeObserved
from creditline.lending.operations import local_day
from creditline.lending.product import load_product, read_product, shipped_products
from creditline.money import parse_minor
from creditline.replay.portfolio import closes_by_rule
from creditline.service.books import check_home
from creditline.service.demo import KEY, Asked, Demo, demonstrate
from creditline.service.lending import line_account, publish_product
from creditline.service.run import run_home
from creditline.simulate.period import ENDS, OFFSET
from creditline.store import Home

SMALL = ("--borrowers", "60", "--months", "6")


def run(home: Path, *more: str, size: tuple[str, ...] = SMALL) -> Result:
    return CliRunner().invoke(app, ["demo", *size, "--home", str(home), *more])


def figures_of(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    content: dict[str, Any] = msgspec.json.decode(result.stdout.splitlines()[-1])
    return content


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return demonstrate(tmp_path_factory.mktemp("demo") / "home", Asked(60, 6, 7))


def test_the_last_line_is_one_json_object(tmp_path: Path) -> None:
    told = figures_of(run(tmp_path / "home", "--json"))
    assert told["simulated"] is True
    assert "SIMULATED" in told["notice"]
    assert (told["borrowers"], told["months"], told["seed"]) == (60, 6, 7)
    assert sum(told["by_reason"].values()) == told["closed"] > 0
    assert told["opened"] + told["declined"] <= 60
    assert 0 <= told["wrongly_closed"] <= told["closed"]
    assert told["wrongly_closed"] + told["rightly_closed"] == told["closed"]
    assert told["missed"] <= told["deserving"]
    assert told["failures"] == 0


def test_the_books_are_printed_as_money_and_balance(tmp_path: Path) -> None:
    books = figures_of(run(tmp_path / "home", "--json"))["books"]
    accounts = {code: parse_minor(amount) for code, amount in books.pop("accounts").items()}
    minor = {name: parse_minor(amount) for name, amount in books.items()}
    assert sum(accounts.values()) == 0
    assert minor["debits"] == minor["credits"] > 0
    assert (minor["owed"], minor["interest_earned"]) == (accounts["1110"], -accounts["4010"])
    assert minor["principal_out"] == minor["repaid"] + minor["owed"] + minor["written_off"]


def test_same_seed_same_figures_other_seed_others(tmp_path: Path) -> None:
    places = ("home", "report")
    first, again, other = (
        {key: value for key, value in figures_of(run(tmp_path / name, "--json", "--seed", seed)).items()
         if key not in places}
        for name, seed in (("a", "7"), ("b", "7"), ("c", "8"))
    )  # fmt: skip
    assert first == again
    assert first != other
    assert first["by_reason"] != other["by_reason"]


def test_the_home_is_one_that_other_commands_work_on(made: Demo) -> None:
    with Home.open(made.home) as home:
        assert home.position() == made.events
        assert len(home.lines()) == 60
        assert {each.name for each in home.policies()} == {"consumer-line", "business-line"}
        kept = home.decisions()
        assert home.get(KEY)["by"] == "demo"
    assert sorted(kept, key=lambda each: (each.at, each.line, each.number)) == made.decisions
    truths = [msgspec.json.decode(row) for row in (made.home / "truth.ndjson").read_bytes().splitlines()]
    assert {row["line"] for row in truths} == set(made.truths)
    assert all(row["simulated"] for row in truths)


def test_running_its_lines_again_decides_the_same(made: Demo) -> None:
    """Persons under the consumer policy, businesses under the business policy, as the home says."""
    with Home.open(made.home) as home:
        before = home.decisions()
        summary = run_home(home, until=ENDS)
        assert home.decisions() == before
    assert summary.policy == "business-line, consumer-line"
    assert (summary.lines, summary.decisions) == (60, len(before))


def test_its_books_are_those_of_the_log(made: Demo) -> None:
    """What the borrowers' accounts came to is what the books of the home come to, worked out from its events."""
    with Home.open(made.home) as home:
        assert {each.name for each in home.products()} == set(shipped_products())
        checked = check_home(home, local_day(ENDS - 1, OFFSET))
    assert not checked.faults
    assert checked.trial.balanced
    assert checked.trial.turnovers == {"CNY": dict(made.books.turnovers)}
    assert made.books.debits == made.books.credits > 0
    assert made.books.principal_out == made.books.repaid + made.books.owed + made.books.written_off


def test_principal_owed_at_closings_is_within_the_limits_applied_for(made: Demo) -> None:
    assert 0 < made.figures.money.owed_closed <= made.books.principal_out


def test_the_account_of_any_line_can_be_looked_at(made: Demo) -> None:
    with Home.open(made.home) as home:
        truth = next(truth for truth in made.truths.values() if truth.behaviour == "person.steady")
        shown = line_account(home, truth.line)
    assert shown.simulated
    assert shown.account.owed == sum(loan.balance for loan in shown.account.live)
    assert not shown.skipped


def test_figures_agree_with_the_decisions_kept(made: Demo) -> None:
    figures = made.figures
    closed = {each.line for each in made.decisions if closes_by_rule(each)}
    assert figures.closed == len(closed)
    assert figures.opened == len({each.line for each in made.decisions if each.action == "open"})
    assert figures.reopened == len({each.line for each in made.decisions if each.action == "reopen"})
    assert sum(month.opened for month in figures.months) == figures.opened
    assert sum(sum(counts.values()) for counts in figures.statuses.values()) == 60


def test_it_says_everywhere_that_it_is_simulated(tmp_path: Path) -> None:
    home = tmp_path / "home"
    result = run(home)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("SIMULATED")
    assert "SIMULATED" in result.stdout.split("Closed wrongly")[-1]
    for name, mark in (("portfolio.html", "SIMULATED"), ("portfolio.zh.html", "模拟数据")):
        page = (home / "reports" / name).read_text("utf-8")
        assert 'class="banner"' in page
        assert mark in page
    for name in ("portfolio.html", "portfolio.zh.html"):
        page = (home / "reports" / name).read_text("utf-8")
        charts = re.findall(r'<section aria-labelledby="(\w+)-title">.*?</section>', page, re.DOTALL)
        assert charts == ["months", "reasons", "truth", "waits", "statuses"]
        assert all("<table>" in part for part in re.findall(r"<section.*?</section>", page, re.DOTALL))
        assert not re.search(r"https?://(?!www\.w3\.org|www\.apache\.org)[^\s\"']+", page.split("<script>")[0])


def test_each_month_is_told_and_each_code_with_its_text(tmp_path: Path) -> None:
    told = run(tmp_path / "home", "--lang", "zh").stdout
    assert re.findall(r"^(\d{4}-\d\d)  ", told, re.MULTILINE) == [f"2026-0{month}" for month in range(1, 7)]
    assert "开通" in told
    codes = re.findall(r"^ (T\w+) +[\u4e00-\u9fff]", told, re.MULTILINE)
    assert codes, told
    assert "Served" not in told


def test_an_earlier_demonstration_makes_way(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = figures_of(run(home, "--json"))
    assert figures_of(run(home, "--json")) == first
    other = figures_of(run(home, "--json", "--seed", "9"))
    with Home.open(home) as opened:
        assert opened.position() == other["events"]


def test_a_home_that_holds_anything_else_is_left_alone(tmp_path: Path, made: Demo) -> None:
    with Home.open(tmp_path / "own") as home:
        home.put("note", "mine")
    with pytest.raises(CreditlineError, match=r"no demonstration made.*--home"):
        demonstrate(tmp_path / "own", Asked(1, 1, 1))
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "letter.txt").write_text("dear")
    with pytest.raises(CreditlineError, match="no empty folder"):
        demonstrate(tmp_path / "papers", Asked(1, 1, 1))
    assert (tmp_path / "papers" / "letter.txt").read_text() == "dear"


def test_a_demonstration_that_was_worked_on_is_kept(tmp_path: Path) -> None:
    home = tmp_path / "home"
    demo = demonstrate(home, Asked(2, 2, 1), engine="python")
    line = next(iter(demo.truths))
    with Home.open(home) as opened:
        opened.append([Event("mine", line, demo.firsts[-1], demo.firsts[-1], OutcomeObserved(defaulted=False))])
        position = opened.position()
    with pytest.raises(CreditlineError, match="something was added"):
        demonstrate(home, Asked(2, 2, 1), engine="python")
    with Home.open(home) as opened:
        assert opened.position() == position


def test_a_product_of_ones_own_is_something_added(tmp_path: Path) -> None:
    home = tmp_path / "home"
    demonstrate(home, Asked(1, 1, 1), engine="python")
    own = read_product(load_product("consumer-any-day").text.replace("product: consumer-any-day", "product: own"))
    with Home.open(home) as opened:
        publish_product(opened, own, now=ENDS)
    with pytest.raises(CreditlineError, match="something was added"):
        demonstrate(home, Asked(1, 1, 1), engine="python")


def test_a_demonstration_cut_off_half_way_is_begun_again(tmp_path: Path) -> None:
    home = tmp_path / "home"

    def stop(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        demonstrate(home, Asked(5, 2, 1), engine="python", progress=stop)
    assert demonstrate(home, Asked(5, 2, 1), engine="python").figures.borrowers == 5


def test_a_taken_home_is_an_error_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    result = run(tmp_path, "--json")
    assert isinstance(result.exception, CreditlineError)
