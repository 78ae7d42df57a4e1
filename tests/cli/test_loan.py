"""Lending on the command line: products, draws, repayments, quotes and statements, whole stories on one home."""

from __future__ import annotations

import csv
import io
import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from creditline.cli import app
from creditline.clock import ClockError
from creditline.errors import CreditlineError
from creditline.i18n import LANGUAGES, Language, text
from creditline.lending.account import LendingError
from creditline.lending.statement import StatementError

WIDE = {"COLUMNS": "160"}
LINE = "K-1"
OPENED = {"id": "e0", "line": LINE, "kind": "line.opened", "happened_at": "2026-01-02T09:00:00+08:00", "limit": "50000"}

pytestmark = pytest.mark.usefixtures("home")


def at(day: str, hour: int = 10) -> str:
    return f"{day}T{hour:02}:00:00+08:00"


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one open line and two products, made by the commands themselves."""
    folder = tmp_path_factory.mktemp("loan")
    (folder / "in.ndjson").write_text(json.dumps(OPENED) + "\n")
    home = folder / "home"
    for arguments in (
        ["import", "events", str(folder / "in.ndjson")],
        ["run", "--policy", "consumer-line", "--until", at("2026-01-05", 0)],
        ["product", "publish", "consumer-instalment", "--now", at("2026-01-05", 8)],
        ["product", "publish", "consumer-any-day", "--now", at("2026-01-05", 8)],
    ):
        result = CliRunner().invoke(app, [*arguments, "--home", str(home)])
        assert result.exit_code == 0, result.output
    return home


@pytest.fixture
def home(opened: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that home, which every command of a test uses."""
    copied = tmp_path / "home"
    shutil.copytree(opened, copied)
    monkeypatch.setenv("CREDITLINE_HOME", str(copied))
    return copied


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env=WIDE)


def say(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, f"{result.output}{result.exception!r}"
    return result.stdout


def ask(*arguments: str) -> Any:
    return msgspec.json.decode(say(*arguments, "--json"))


def refused(*arguments: str) -> str:
    result = run(*arguments)
    assert isinstance(result.exception, CreditlineError), result.output
    return str(result.exception)


def draw(amount: str, day: str, *more: str) -> Any:
    asked = ("loan", "draw", LINE, amount, "--product", "consumer-instalment", "--instalments", "6")
    return ask(*asked, "--purpose", "education", "--due-day", "5", "--now", at(day), *more)


def minor(text: str) -> int:
    return int(Decimal(text) * 100)


# -- whole stories ----------------------------------------------------------------------------------


def test_a_loan_drawn_quoted_and_repaid_by_its_quote_owes_nothing() -> None:
    agreed = draw("12000", "2026-01-05")
    assert (agreed["loan"], agreed["booked"], agreed["amount"]) == ("L001", False, "12000.00")
    assert sum(minor(row["principal"]) for row in agreed["rows"]) == 12_000_00
    assert ask("loan", "list", LINE, "--now", at("2026-01-05"))["available"] == "38000.00"
    booked = ask("loan", "book", LINE, "L001", "--purpose", "education", "--now", at("2026-01-05", 11))
    assert (booked["booked"], booked["rows"]) == (True, agreed["rows"])
    any_day = ask(
        "loan", "draw", LINE, "5000", "--product", "consumer-any-day", "--instalments", "3", "--purpose", "daily",
        "--book", "--now", at("2026-01-20"),
    )  # fmt: skip
    assert any_day["loan"] == "L002"

    first = agreed["rows"][0]
    paid = ask("loan", "repay", LINE, first["amount"], "--now", at("2026-02-05"))
    assert (paid["principal"], paid["interest"]) == (first["principal"], first["interest"])

    quote = ask("quote", LINE, "--on", "2026-03-20")
    assert quote["total"] == str(sum(Decimal(each["total"]) for each in quote["loans"]))
    late = quote["loans"][0]
    assert (late["loan"], late["due"]) == ("L001", agreed["rows"][1]["amount"])
    assert minor(late["penalty"]) > 0
    alone = ask("quote", LINE, "--on", "2026-03-20", "--loan", "L002")
    assert alone["loans"] == [quote["loans"][1]]

    settled = ask("loan", "repay", LINE, quote["total"], "--now", at("2026-03-20"))
    assert settled["credit"] == "0.00"
    assert minor(settled["principal"]) == 17_000_00 - minor(first["principal"])
    after = ask("loan", "list", LINE, "--now", at("2026-03-21"))
    assert (after["owed"], after["available"], after["credit"]) == ("0.00", "50000.00", "0.00")
    assert [loan["status"] for loan in after["loans"]] == ["repaid", "repaid"]
    assert ask("quote", LINE, "--on", "2026-03-20")["loans"] == []
    assert "owes nothing" in say("quote", LINE, "--on", "2026-03-20")

    told = ask("statement", LINE, "--from", "2026-03-01", "--until", "2026-03-31", "--now", at("2026-04-02"))
    assert (told["closing"]["owed"], told["next_due"]) == ("0.00", None)
    assert [each["kind"] for each in told["movements"]] == ["instalment", "repayment"]
    assert told["movements"][1]["amount"] == quote["total"]
    whole = ask("statement", LINE, "--from", "2026-01-01", "--until", "2026-03-31", "--now", at("2026-04-02"))
    sums = {name: minor(amount) for name, amount in whole["totals"].items()}
    assert sums["drawn"] == 17_000_00
    assert sums["repaid"] == minor(first["amount"]) + minor(quote["total"])
    assert sums["drawn"] + sums["interest"] + sums["fees"] + sums["penalty"] == sums["repaid"]


def test_a_cent_less_than_the_quote_leaves_a_cent_owed() -> None:
    draw("12000", "2026-01-05", "--book")
    total = Decimal(ask("quote", LINE, "--on", "2026-01-25")["total"])
    ask("loan", "repay", LINE, str(total - Decimal("0.01")), "--now", at("2026-01-25"))
    left = ask("loan", "list", LINE, "--now", at("2026-01-25"))
    assert left["owed"] == "0.01"
    assert ask("quote", LINE, "--on", "2026-01-25")["total"] == "0.01"


def test_a_repayment_reversed_is_owed_again_and_stands_in_the_statement() -> None:
    agreed = draw("12000", "2026-01-05", "--book")
    before = ask("quote", LINE, "--on", "2026-02-10")
    paid = ask("loan", "repay", LINE, agreed["rows"][0]["amount"], "--id", "bank-7", "--now", at("2026-02-05"))
    again = ask("loan", "repay", LINE, agreed["rows"][0]["amount"], "--id", "bank-7", "--now", at("2026-02-06"))
    assert (paid["repeated"], again["repeated"]) == (False, True)
    assert again["principal"] == paid["principal"]
    gone = ask("loan", "reverse", LINE, "bank-7", "--reason", "not theirs", "--now", at("2026-02-09"))
    assert "bank-7" in gone["voided"]
    assert ask("quote", LINE, "--on", "2026-02-10") == before
    told = say("statement", LINE, "--until", "2026-02-28", "--now", at("2026-03-02"))
    assert "Reversed: Repayment, loan L001" in told
    assert "Reason: not theirs" in told


def test_money_entered_late_for_the_due_day_leaves_no_penalty() -> None:
    agreed = draw("12000", "2026-01-05", "--book")
    late = ask("loan", "repay", LINE, agreed["rows"][0]["amount"], "--at", at("2026-02-05"), "--now", at("2026-02-20"))
    assert (late["day"], late["penalty"]) == ("2026-02-05", "0.00")
    told = ask("statement", LINE, "--until", "2026-02-28", "--now", at("2026-03-02"))
    repayment = told["movements"][-1]
    assert (repayment["booked"], repayment["value_day"]) == ("2026-02-20", "2026-02-05")
    assert told["arrears"]["days_past_due"] == 0
    then = ask("statement", LINE, "--until", "2026-02-19", "--now", at("2026-03-02"))
    assert then["arrears"]["days_past_due"] == 14, "as known on that day"


def test_a_draw_cancelled_frees_what_it_reserved() -> None:
    draw("12000", "2026-01-05")
    assert ask("loan", "cancel", LINE, "L001", "--now", at("2026-01-06"))["cancelled"] is True
    listed = ask("loan", "list", LINE, "--now", at("2026-01-06"))
    assert (listed["available"], listed["loans"], listed["pending"]) == ("50000.00", [], {})
    assert "was cancelled" in refused("loan", "book", LINE, "L001", "--now", at("2026-01-06"))


def test_a_loan_rescheduled_then_written_off_then_recovered() -> None:
    draw("12000", "2026-01-05", "--book")
    planned = ask(
        "loan", "reschedule", LINE, "L001", "--change", "smaller", "--instalments", "9", "--now", at("2026-01-15")
    )
    assert len(planned["rows"]) == 9
    skipped = ask("loan", "reschedule", LINE, "L001", "--change", "skip_next", "--now", at("2026-01-16"))
    assert skipped["rows"][0]["due"] == "2026-03-05"
    assert ask("loan", "schedule", LINE, "L001", "--now", at("2026-01-16")) == skipped
    lost = ask("loan", "write-off", LINE, "L001", "--now", at("2026-07-01"))
    assert minor(lost["written_off"]) > 12_000_00
    back = ask("loan", "repay", LINE, "1000", "--loan", "L001", "--now", at("2026-07-20"))
    assert (back["recovered"], back["principal"]) == ("1000.00", "0.00")
    told = ask("statement", LINE, "--from", "2026-07-01", "--until", "2026-07-31", "--now", at("2026-08-01"))
    assert minor(told["written_off_owed"]) == minor(lost["written_off"]) - 1_000_00
    assert told["closing"]["owed"] == "0.00"


# -- in words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_everything_is_told_in_the_language_asked(lang: Language) -> None:
    asked = ("loan", "draw", LINE, "12000", "--product", "consumer-instalment", "--instalments", "6", "--due-day", "5")
    agreed = say(*asked, "--purpose", "education", "--now", at("2026-01-05"), "--lang", lang)
    assert "L001" in agreed
    assert text("statement.schedule_title", lang, loan="L001") in agreed
    assert "creditline loan book K-1 L001" in agreed
    said = [
        say("loan", "book", LINE, "L001", "--now", at("2026-01-05", 11), "--lang", lang),
        say("loan", "repay", LINE, "100", "--id", "R", "--now", at("2026-01-06"), "--lang", lang),
        say("loan", "list", LINE, "--now", at("2026-01-07"), "--lang", lang),
        say("loan", "schedule", LINE, "L001", "--now", at("2026-01-07"), "--lang", lang),
        say("quote", LINE, "--on", "2026-01-07", "--lang", lang),
        say("statement", LINE, "--until", "2026-01-07", "--now", at("2026-01-08"), "--lang", lang),
        say("loan", "reverse", LINE, "R", "--reason", "x", "--now", at("2026-01-08"), "--lang", lang),
    ]
    for told in said:
        chinese = any("\u4e00" <= letter <= "\u9fff" for letter in told)
        assert chinese == (lang == "zh"), told
    for key in ("balance", "closing", "owed", "kind_draw"):
        assert text(f"statement.{key}", lang)
    assert text("statement.closing", lang) in said[5]


def test_a_narrow_terminal_shows_figures_whole() -> None:
    draw("12000", "2026-01-05", "--book")
    now = ("--now", at("2026-01-10"))
    for command in (["statement", LINE, *now], ["loan", "list", LINE, *now], ["quote", LINE, "--on", "2026-01-10"]):
        result = CliRunner().invoke(app, command, env={"COLUMNS": "80"})
        assert result.exit_code == 0
        assert "12,000.00" in result.stdout
        assert "…" not in result.stdout


# -- statements as files ----------------------------------------------------------------------------


def test_a_statement_is_written_as_the_file_is_named(home: Path) -> None:
    draw("12000", "2026-01-05", "--book")
    period = ("--until", "2026-01-31", "--now", at("2026-02-02"))
    for name, begins in (("s.html", b"<!doctype html>"), ("s.csv", "记账日期,".encode()), ("s.json", b"{")):
        target = home / "out" / name
        result = run("statement", LINE, *period, "--lang", "zh", "--out", str(target))
        assert result.exit_code == 0
        assert result.stdout == ""
        assert target.read_bytes().startswith(begins)
        shape = name.partition(".")[2]
        piped = CliRunner().invoke(app, ["statement", LINE, *period, "--lang", "zh", "--format", shape])
        assert piped.stdout_bytes == target.read_bytes()
    rows = list(csv.reader(io.StringIO((home / "out" / "s.csv").read_bytes().decode(), newline="")))
    told = ask("statement", LINE, *period)
    assert rows[-1][-1] == told["closing"]["owed"] == "12000.00"


def test_a_statement_begins_with_its_month_and_ends_with_the_present_day() -> None:
    draw("12000", "2026-01-05", "--book")
    told = ask("statement", LINE, "--now", at("2026-02-20"))
    assert (told["from"], told["until"]) == ("2026-02-01", "2026-02-20")
    assert told["arrears"]["days_past_due"] == 15
    limited = ask("statement", LINE, "--until", "2026-01-04", "--now", at("2026-02-20"))
    assert (limited["limit"], limited["loans"]) == ("50000.00", [])


# -- products ---------------------------------------------------------------------------------------


def test_products_are_listed_shown_and_checked() -> None:
    listed = ask("product", "list")
    published = [each for each in listed if not each["shipped"]]
    assert [each["name"] for each in published] == ["consumer-instalment", "consumer-any-day"]
    assert {each["name"] for each in listed if each["shipped"]} >= {each["name"] for each in published}
    assert "consumer-any-day" in say("product", "list")
    reference = f"{published[0]['name']}@{published[0]['version'][:10]}"
    shown = ask("product", "show", reference)
    assert (shown["rate"], shown["version"]) == ("0.144", published[0]["version"])
    assert shown == ask("product", "show", "consumer-instalment")
    assert "14.40%" in say("product", "show", "consumer-instalment")
    assert shown["version"][:12] in say("product", "check", "consumer-instalment", "consumer-any-day")


def test_a_changed_product_is_another_version_and_the_old_one_stays(home: Path) -> None:
    old = draw("1000", "2026-01-05")
    file = home / "dearer.yaml"
    shown = ask("product", "show", "consumer-instalment")
    file.write_text(shown["source"].replace("rate: 0.144", "rate: 0.15"))
    new = ask("product", "publish", str(file), "--now", at("2026-01-06"))
    assert new["version"] != shown["version"]
    assert draw("1000", "2026-01-07")["rate"] == "0.15"
    kept = ask("loan", "book", LINE, old["loan"], "--now", at("2026-01-07"))
    assert (kept["rate"], kept["product"]) == ("0.144", old["product"])
    again = ask("product", "publish", str(file), "--now", at("2026-01-08"))
    assert again == new


def test_a_product_with_mistakes_names_place_and_remedy(home: Path) -> None:
    file = home / "wrong.yaml"
    file.write_text(
        ask("product", "show", "consumer-instalment")["source"].replace("equal_instalment", "equal_instalments")
    )
    message = refused("product", "check", str(file))
    assert f"{file}:" in message
    assert "'equal_instalments'" in message
    assert refused("product", "publish", str(file)) == message
    assert "is not published" in refused("product", "show", "nothing@1")


# -- what is refused --------------------------------------------------------------------------------


def test_what_cannot_be_paid_out_is_not_reserved_either() -> None:
    asked = ("loan", "draw", LINE, "900", "--product", "consumer-instalment", "--instalments", "6", "--due-day", "9")
    now = ("--now", at("2026-01-20"))
    assert "payee" in refused(*asked, "--book", "--payee", "x" * 201, *now)
    assert ask("loan", "list", LINE)["pending"] == {}
    say(*asked, *now)
    assert list(ask("loan", "list", LINE)["pending"].values()) == ["900.00"]


DRAW = "loan draw K-1 900 --product consumer-instalment --instalments 6"


@pytest.mark.parametrize(
    ("command", "said", "kind"),
    [
        ("loan list K-2", "did you mean K-1", LendingError),
        (DRAW.replace("900", "12.345"), "12.345", CreditlineError),
        (f"{DRAW.replace('900', '60000')} --due-day 5", "60000.00", LendingError),
        (DRAW.replace("consumer-instalment", "nothing"), "nothing", LendingError),
        (f"{DRAW} --due-day 32", "32", LendingError),
        (f"{DRAW} --due-day 5 --purpose gambling", "gambling", LendingError),
        (f"{DRAW} --rate 14.4", "14.4", CreditlineError),
        (f"{DRAW} --rate abc", "abc", CreditlineError),
        (f"{DRAW} --payee x", "--book", CreditlineError),
        (f"{DRAW} --now 2026-01-06", "2026-01-06", ClockError),
        ("loan schedule K-1 L009", "L009", LendingError),
        ("loan reschedule K-1 L001 --change less", "fewer, smaller, skip_next", CreditlineError),
        ("quote K-1 --on 20260320", "20260320", CreditlineError),
        ("statement K-1 --until 2026-02-30", "2026-02-30", CreditlineError),
        ("statement K-1 --until 2027-01-01 --now 2026-02-01T00:00:00+08:00", "2027-01-01", StatementError),
        ("statement K-1 --from 2026-01-20 --until 2026-01-10", "2026-01-20", StatementError),
        ("statement K-1 --until 2025-12-01", "2026-01-02", StatementError),
        ("statement K-1 --format pdf", "html, csv, json", CreditlineError),
        ("statement K-1 --format csv --json", "--json", CreditlineError),
        ("statement K-1 --out s.txt", "s.txt", CreditlineError),
        ("statement K-1 --lang fr", "zh or en", CreditlineError),
        ("statement K-1 --home /nowhere/at/all", "is no home", CreditlineError),
    ],
)
def test_what_cannot_be_done_says_what_would_be_right(command: str, said: str, kind: type) -> None:
    result = run(*command.split())
    assert isinstance(result.exception, kind), result.output
    assert said in str(result.exception)


def test_a_waiting_draw_has_no_schedule_yet_and_says_how_to_get_one() -> None:
    draw("1000", "2026-01-05")
    assert "creditline loan book K-1 L001" in refused("loan", "schedule", LINE, "L001")


def test_what_is_refused_leaves_the_line_as_it_was() -> None:
    draw("12000", "2026-01-05", "--book")
    before = ask("loan", "list", LINE, "--now", at("2026-01-10"))
    refused("loan", "repay", LINE, "0", "--now", at("2026-01-10"))
    refused("loan", "repay", LINE, "5", "--loan", "L7", "--now", at("2026-01-10"))
    refused("loan", "reverse", LINE, "e0", "--reason", "x", "--now", at("2026-01-10"))
    refused("loan", "book", LINE, "L001", "--now", at("2026-01-10"))
    assert ask("loan", "list", LINE, "--now", at("2026-01-10")) == before
