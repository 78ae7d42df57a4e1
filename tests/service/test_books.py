"""The books of a home: checked, added up, written to files, and worked out a second time by Beancount."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest
from beancount import loader
from beancount.core.data import Balance, Transaction
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from creditline import cli
from creditline.clock import DAY
from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.events.kinds import (
    ArrearsChanged,
    DrawBooked,
    EventVoided,
    LoanWrittenOff,
    RepaymentReceived,
)
from creditline.lending.account import RECEIVABLE
from creditline.lending.ledger import CHART, Kept, Turnover, keep
from creditline.lending.product import Product
from creditline.lending.terms import day_number
from creditline.money import parse_minor
from creditline.service.books import BooksError, LineBooks, books_day, check_home, general_ledger, line_books, trial
from creditline.service.books_files import beancount_account, export, write_beancount
from creditline.store import Home
from tests.lending.line_logs import DAYS, FIRST, LINE, OFFSET, PLAIN, drawn, logs, opened, repaid, said

JAN_10, FEB_10, MAR_10, MAR_20, MAR_25 = (
    date(2025, month, day) for month, day in ((1, 10), (2, 10), (3, 10), (3, 20), (3, 25))
)
END = day_number(MAR_25)
NOW = "2025-03-25T18:00:00+08:00"


def of_line(line: str, events: Iterable[Event]) -> list[Event]:
    return [msgspec.structs.replace(event, line=line) for event in events]


PAID = of_line("A", [opened(JAN_10), *drawn("A1", JAN_10, 1_200_00, 2), repaid("first", FEB_10, 612_00)])
"""Its second row of 606.00 is overdue since 10 March."""
PUT_RIGHT = of_line(
    "B",
    [
        opened(JAN_10), *drawn("B1", JAN_10, 1_200_00, 2), repaid("first", FEB_10, 612_00),
        repaid("partly", MAR_20, 100_00), repaid("in time", MAR_10, 606_00, known=MAR_25),
    ],
)  # fmt: skip
"""Late on 20 March, as it seemed; on 25 March it turned out that it had been paid on the due day."""
OTHERS = of_line("C", [opened(JAN_10), said("drawn", JAN_10, DrawBooked(500_00)), repaid("paid", FEB_10, 100_00)])
"""Run by another system's core."""


def made(path: Path, *events: Sequence[Event], product: bool = True) -> Path:
    """A home with these lines and the product they draw on."""
    with Home.open(path) as home:
        if product:
            home.publish_product(PLAIN.name, PLAIN.version, PLAIN.text, published_at=0)
        appended = home.append([event for line in events for event in line])
        assert not appended.refused
    return path


@pytest.fixture
def lent(tmp_path: Path) -> Path:
    return made(tmp_path / "home", PAID, PUT_RIGHT, OTHERS)


def run(*arguments: object, status: int = 0) -> str:
    result = CliRunner().invoke(cli.build(), ["books", *map(str, arguments)])
    if isinstance(result.exception, CreditlineError):
        raise result.exception
    assert result.exit_code == status, result.output
    return result.stdout


# -- checked and added up -----------------------------------------------------------------------------------


def test_the_books_of_a_home_are_those_of_its_lines_added_up(lent: Path) -> None:
    with Home.open(lent) as home:
        checked = check_home(home, END)
    assert checked.faults == []
    assert (checked.trial.lent_on, checked.trial.lines, checked.other_lines, checked.loans) == (2, 2, 1, 2)
    assert (checked.trial.entries, checked.reversals) == (4 + 10, 2)
    # B: 612.00, 100.00 and 606.00 came in, and 100.00 was booked anew.
    assert checked.trial.turnovers["CNY"] == {
        **{code: Turnover(0, 0) for code in CHART},
        1010: Turnover(612_00 + 612_00 + 100_00 + 606_00 + 100_00, 2 * 1_188_00 + 100_00),
        1110: Turnover(2 * 1_200_00 + 93_00, 600_00 + 600_00 + 93_00 + 600_00),
        1120: Turnover(2 * 18_00 + 6_00, 12_00 + 12_00 + 6_00 + 6_00),
        1140: Turnover(2_00, 2_00),
        2010: Turnover(0, 100_00),
        4010: Turnover(0, 2 * 18_00),
        4020: Turnover(0, 2 * 12_00),
        4030: Turnover(1_00, 1_00),
    }
    assert checked.trial.balanced


def test_a_day_gone_by_is_shown_as_it_was_closed(lent: Path, tmp_path: Path) -> None:
    """On 24 March nobody knew yet that B had paid in time."""
    unaware = made(tmp_path / "unaware", PAID, [event for event in PUT_RIGHT if event.id != "in time"])
    day = day_number(date(2025, 3, 24))
    with Home.open(lent) as home, Home.open(unaware) as other:
        assert trial(home, day) == trial(other, day)
        assert trial(home, END) != trial(other, END)


def test_books_in_two_currencies_are_kept_apart(tmp_path: Path) -> None:
    text = PLAIN.text.replace("product: plain", "product: elsewhere").replace("CNY", "TWD")
    elsewhere = of_line("T", [opened(JAN_10), *drawn("T1", JAN_10, 900_00, 1, "elsewhere@1")])
    with Home.open(made(tmp_path / "home", PAID, elsewhere)) as home:
        home.publish_product("elsewhere", "1", text, published_at=0)
        checked = check_home(home, day_number(JAN_10))
        assert checked.faults == []
        assert {currency: each[1110].debit for currency, each in checked.trial.turnovers.items()} == {
            "CNY": 1_200_00, "TWD": 900_00,
        }  # fmt: skip


def test_a_line_whose_only_draw_was_voided_keeps_its_currency(tmp_path: Path) -> None:
    voided = [*PAID, *of_line("A", [said("void", MAR_10, EventVoided("agreed A1", "wrong"))])]
    with Home.open(made(tmp_path / "home", voided)) as home:
        (turnovers,) = trial(home, END).turnovers.items()
    assert turnovers[0] == "CNY"
    assert turnovers[1][1110] == Turnover(1_200_00 + 600_00, 1_200_00 + 600_00)


def test_a_line_that_mixes_currencies_is_at_fault(tmp_path: Path) -> None:
    text = PLAIN.text.replace("product: plain", "product: elsewhere").replace("CNY", "TWD")
    with Home.open(
        made(tmp_path / "home", [*PAID, *of_line("A", drawn("A2", FEB_10, 9_00, 1, "elsewhere@1"))])
    ) as home:
        home.publish_product("elsewhere", "1", text, published_at=0)
        assert {(each.kind, each.where, each.found) for each in check_home(home, END).faults} == {
            ("mixed", "agreed A2", "TWD")
        }


def test_the_books_are_taken_at_the_present_day_or_where_a_simulation_ends(lent: Path) -> None:
    now = (END + 40) * DAY
    with Home.open(lent) as home:
        assert books_day(home, now) == END + 40
        assert books_day(home, now, END) == END
        with pytest.raises(BooksError, match="is to come"):
            books_day(home, now, END + 41)
        home.put("simulated", {"until": (day_number(MAR_20) + 1) * DAY - OFFSET})
        assert books_day(home, now) == day_number(MAR_20)
        home.put("simulated", True)
        assert books_day(home, now) == END


# -- the command ----------------------------------------------------------------------------------------------


def test_check_tells_lines_entries_totals_and_that_nothing_is_wrong(lent: Path) -> None:
    told = run("check", "--home", lent, "--now", NOW)
    assert "Trial balance at the end of 2025-03-25, CNY" in told
    row = next(line for line in told.splitlines() if "1110" in line)
    assert row.split() == ["1110", "loans,", "principal", "2,493.00", "1,893.00", "600.00"]
    assert "Checked 2 lines with 2 loans: 14 entries, 2 of them reversals." in " ".join(told.split())
    assert "Balanced" in told
    assert "No faults." in told


def test_check_for_programs(lent: Path) -> None:
    told = json.loads(run("check", "--home", lent, "--now", NOW, "--json"))
    assert (told["until"], told["lines"], told["entries"], told["balanced"]) == ("2025-03-25", 2, 14, True)
    assert told["faults"] == []
    (books,) = told["books"]
    assert books["currency"] == "CNY"
    assert books["accounts"][1] == {
        "account": 1110, "name": "loans, principal", "debit": "2493.00", "credit": "1893.00", "balance": "600.00",
    }  # fmt: skip


def test_a_home_without_loans_of_the_core_says_so(tmp_path: Path) -> None:
    home = made(tmp_path / "home", OTHERS, product=False)
    for command in ("check", "trial"):
        assert "there are no books to keep." in " ".join(run(command, "--home", home, "--now", NOW).split())
    told = json.loads(run("check", "--home", home, "--now", NOW, "--json"))
    assert (told["lines"], told["other_lines"], told["books"], told["balanced"]) == (0, 1, [], True)


def test_faults_are_told_by_line_with_what_to_do_and_status_1(tmp_path: Path) -> None:
    """Line D draws on a product that is not there; on line E a draw was voided and its write-off was not."""
    unknown = of_line("D", [opened(JAN_10), *drawn("D1", JAN_10, 100_00, 1, "gone@1")])
    voided = of_line(
        "E",
        [
            opened(JAN_10), *drawn("E1", JAN_10, 100_00, 1), *drawn("E2", JAN_10, 100_00, 1),
            said("lost", FEB_10, LoanWrittenOff("E2")), said("void", MAR_10, EventVoided("paid out E2", "sent back")),
        ],
    )  # fmt: skip
    home = made(tmp_path / "home", PAID, unknown, voided)
    told = " ".join(run("check", "--home", home, "--now", NOW, status=1).split())
    assert "2 faults on 2 lines" in told
    assert "Line D The books of this line cannot be worked out: product: 'gone@1' is not known" in told
    assert "Line E Event lost no longer fits what is known now" in told
    assert "→ Void lost, or enter again what it needs." in told
    plain = json.loads(run("check", "--home", home, "--now", NOW, "--json", status=1))
    assert [(each["line"], each["kind"]) for each in plain["faults"]] == [("D", "refused"), ("E", "skipped")]
    with pytest.raises(CreditlineError, match="publish the product"):
        run("trial", "--home", home, "--now", NOW)


def test_lines_whose_books_cannot_be_worked_out_are_not_taken_for_ones_without_loans(tmp_path: Path) -> None:
    unknown = of_line("D", [opened(JAN_10), *drawn("D1", JAN_10, 100_00, 1, "gone@1")])
    told = run("check", "--home", made(tmp_path / "home", unknown, OTHERS), "--now", NOW, status=1)
    assert "Checked 1 lines" in told
    assert "On 1 other lines" in " ".join(told.split())


def test_a_draw_that_is_only_agreed_books_nothing(tmp_path: Path) -> None:
    agreed = of_line("A", [opened(JAN_10), drawn("A1", JAN_10, 100_00, 1)[0]])
    home = made(tmp_path / "home", agreed)
    assert "Nothing is booked yet" in run("check", "--home", home, "--now", NOW)
    told = json.loads(run("trial", "--home", home, "--now", NOW, "--json"))
    assert (told["lent_on"], told["lines"], told["entries"], told["books"]) == (1, 0, 0, [])


def test_money_the_books_do_not_hold_is_told_with_its_event(tmp_path: Path) -> None:
    """A draw is paid out that nobody asked for."""
    stray = [*PAID, *of_line("A", [said("stray", MAR_10, DrawBooked(500_00, loan="A9"))])]
    told = " ".join(run("check", "--home", made(tmp_path / "home", stray), "--now", NOW, status=1).split())
    assert "Event stray moves money that the books do not hold" in told


def test_trial_is_of_the_day_asked_for_in_the_language_asked_for(lent: Path) -> None:
    told = run("trial", "--home", lent, "--until", "2025-02-28", "--now", NOW, "--lang", "zh")
    row = next(line for line in told.splitlines() if "1110" in line)
    assert row.split() == ["1110", "贷款本金", "2,400.00", "1,200.00", "1,200.00"]
    plain = json.loads(run("trial", "--home", lent, "--until", "2025-02-28", "--now", NOW, "--json"))
    assert plain["until"] == "2025-02-28"
    assert plain["entries"] == 6


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("trial", "--until", "2025-02-30"), "is no date"),
        (("check", "--until", "2025-03-26"), "is to come"),
        (("check", "--lang", "fr"), "choose zh or en"),
        (("export", "ledger.xlsx"), "is no form"),
        (("export", "nowhere/ledger.csv"), "cannot be written"),
        (("export", "ledger.beancount", "--from", "2025-02-01"), "leave --from out"),
        (("day-end", "--on", "2025-03-27"), "has begun"),
    ],
)
def test_what_cannot_be_done_is_said(
    lent: Path, arguments: tuple[str, ...], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CreditlineError, match=told):
        run(*arguments, "--home", lent, "--now", NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_reading_the_books_of_no_home_makes_none(tmp_path: Path) -> None:
    with pytest.raises(CreditlineError, match="is no home"):
        run("check", "--home", tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_simulated_home_is_told_as_such(lent: Path, tmp_path: Path) -> None:
    with Home.open(lent) as home:
        home.put("simulated", True)
    assert "Simulated data" in run("check", "--home", lent)
    assert "Simulated data" in run("export", tmp_path / "ledger.csv", "--home", lent)
    assert json.loads(run("trial", "--home", lent, "--json"))["simulated"] is True


def test_ending_a_day_tells_the_log_who_is_behind(lent: Path) -> None:
    told = run("day-end", "--on", "2025-03-24", "--home", lent, "--now", NOW)
    assert told.startswith("Ended 2025-03-24: 2 lines")
    with Home.open(lent) as home:
        behind = {event.line for event in home.events() if isinstance(event.body, ArrearsChanged)}
    assert behind == {"A"}
    again = json.loads(run("day-end", "--on", "2025-03-24", "--home", lent, "--now", NOW, "--json"))
    assert (again["arrears"], again["settled"], again["statements"], again["voided"]) == (0, 0, 0, 0)
    assert "No faults." in run("check", "--home", lent, "--now", NOW)


# -- files ----------------------------------------------------------------------------------------------------


def test_the_ledger_as_csv_has_every_posting_and_adds_up_to_the_trial_balance(lent: Path, tmp_path: Path) -> None:
    path = tmp_path / "ledger.csv"
    assert "postings written to" in run("export", path, "--home", lent, "--now", NOW)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0] == {
        "line": "A", "entry": "1", "booked": "2025-01-10", "day": "2025-01-10", "kind": "draw", "cause": "paid out A1",
        "loan": "A1", "account": "1010", "name": "cash", "debit": "0.00", "credit": "1188.00", "currency": "CNY",
    }  # fmt: skip
    debit, credit = Counter[int](), Counter[int]()
    for row in rows:
        debit[int(row["account"])] += parse_minor(row["debit"])
        credit[int(row["account"])] += parse_minor(row["credit"])
    with Home.open(lent) as home:
        turnovers = trial(home, END).turnovers["CNY"]
    assert {code: Turnover(debit[code], credit[code]) for code in CHART} == turnovers


def test_parquet_holds_what_csv_holds(lent: Path, tmp_path: Path) -> None:
    with Home.open(lent) as home:
        assert export(home, tmp_path / "ledger.csv", None, END) == export(home, tmp_path / "ledger.parquet", None, END)
    with (tmp_path / "ledger.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    table = pq.read_table(tmp_path / "ledger.parquet")
    assert [{name: str(value) for name, value in row.items()} for row in table.to_pylist()] == rows
    assert table.schema.field("debit").type.precision == 20
    assert table.column("booked")[0].as_py() == JAN_10


def test_the_ledger_of_some_days_has_what_was_booked_on_them(lent: Path, tmp_path: Path) -> None:
    path = tmp_path / "march.csv"
    run("export", path, "--home", lent, "--from", "2025-03-25", "--until", "2025-03-25", "--now", NOW)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["line"] for row in rows} == {"B"}
    assert {row["day"] for row in rows} == {"2025-03-10", "2025-03-20"}
    assert [row["kind"] for row in rows if row["account"] == "1010"] == ["reversal", "repayment", "repayment"]


def test_an_export_that_fails_leaves_the_file_that_was_there(lent: Path, tmp_path: Path) -> None:
    path = tmp_path / "ledger.csv"
    path.write_text("before", "utf-8")
    unknown = of_line("Z", [opened(JAN_10), *drawn("Z1", JAN_10, 100_00, 1, "gone@1")])
    with Home.open(lent) as home:
        home.append(unknown)
        with pytest.raises(CreditlineError, match="publish the product"):
            export(home, path, None, END)
    assert path.read_text("utf-8") == "before"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["home", "ledger.csv"]


# -- worked out a second time, by Beancount -------------------------------------------------------------------


def read_back(path: Path) -> tuple[dict[tuple[str, str, str], int], list[str]]:
    """What Beancount makes of a file: amounts by line, loan and account, and its errors."""
    entries, errors, _ = loader.load_file(str(path))
    sums: dict[tuple[str, str, str], int] = {}
    for entry in entries:
        if isinstance(entry, Transaction):
            for posting in entry.postings:
                key = (entry.meta["line"], entry.meta.get("loan", ""), posting.account)
                assert posting.units is not None
                assert isinstance(posting.units.number, Decimal)
                sums[key] = sums.get(key, 0) + parse_minor(posting.units.number)
    asserted = {entry.account for entry in entries if isinstance(entry, Balance)}
    assert asserted == ({beancount_account(code) for code in CHART} if sums else set())
    return sums, [str(error.message) for error in errors]


def total(sums: dict[tuple[str, str, str], int], line: str, *codes: int, loan: str | None = None) -> int:
    names = {beancount_account(code) for code in codes}
    return sum(
        amount for (its, of, name), amount in sums.items() if its == line and name in names and loan in (None, of)
    )


def same_as_loans(sums: dict[tuple[str, str, str], int], kept: Kept, log: Iterable[Event]) -> None:
    """What Beancount adds up for a line is what its loans say of themselves, and what the log says came and went."""
    line = kept.line
    for loan in kept.account.loans.values():
        unpaid = {part: sum(row.unpaid[part] for row in loan.unsettled) for part in RECEIVABLE}
        unpaid["principal"] = loan.balance
        for part, code in RECEIVABLE.items():
            assert total(sums, line, code, loan=loan.id) == unpaid[part]
        assert total(sums, line, 5010, loan=loan.id) == loan.written_off
        assert total(sums, line, 5010, 5020, 4040, loan=loan.id) == loan.claim
    assert total(sums, line, 2010) == -kept.account.credit
    skipped = {each.operation.id for each in kept.skipped}
    taken = {move.id for move in kept.moves} - skipped
    paid = sum(event.body.amount for event in log if event.id in taken and isinstance(event.body, RepaymentReceived))
    lent = sum(loan.terms.principal - loan.terms.upfront_fee for loan in kept.account.loans.values())
    assert total(sums, line, 1010) == paid - lent
    assert total(sums, line, *CHART) == 0


def test_beancount_adds_up_the_same_books(lent: Path, tmp_path: Path) -> None:
    path = tmp_path / "ledger.beancount"
    run("export", path, "--home", lent, "--now", NOW)
    sums, errors = read_back(path)
    assert errors == []
    with Home.open(lent) as home:
        for books in line_books(home, END):
            same_as_loans(sums, books.kept, home.events(books.kept.line))
        rows = list(general_ledger(home, None, END))
    assert sum(sums.values()) == 0
    assert {(row.line, row.loan, beancount_account(row.account)) for _, row in rows} == sums.keys()


@given(st.lists(logs(), min_size=1, max_size=2), st.integers(0, 2 * DAYS))
def test_beancount_adds_up_the_same_books_whatever_happens(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[list[Event], dict[str, Product]]], after: int
) -> None:
    path = tmp_path_factory.mktemp("books") / "ledger.beancount"
    kept = [
        keep(f"{LINE}{number}", events, products, OFFSET, FIRST + after)
        for number, (events, products) in enumerate(lines)
    ]
    write_beancount(path, [LineBooks(each, "CNY") for each in kept if each.booked])
    sums, errors = read_back(path)
    assert errors == []
    for each, (events, _) in zip(kept, lines, strict=True):
        same_as_loans(sums, each, events)


def test_beancount_refuses_books_that_are_a_hundredth_off(lent: Path, tmp_path: Path) -> None:
    path = tmp_path / "ledger.beancount"
    with Home.open(lent) as home:
        export(home, path, None, END)
    whole = path.read_text("utf-8")
    cash = beancount_account(1010)
    path.write_text(whole.replace(f"{cash}  612.00 CNY", f"{cash}  612.01 CNY", 1), "utf-8")
    assert any("does not balance" in error for error in read_back(path)[1])
    entry = whole.split("\n\n")[2]
    path.write_text(whole.replace(entry + "\n\n", "", 1), "utf-8")
    assert any("Balance failed" in error for error in read_back(path)[1])


def test_ids_with_quotes_and_backslashes_reach_beancount_whole(tmp_path: Path) -> None:
    line = 'L"1\\n\\'
    events = [opened(JAN_10), *drawn('a"b', JAN_10, 100_00, 1), repaid('say "it"\nagain', FEB_10, 50_00)]
    path = tmp_path / "ledger.beancount"
    with Home.open(made(tmp_path / "home", of_line(line, events))) as home:
        export(home, path, None, END)
    sums, errors = read_back(path)
    assert errors == []
    assert {key[0] for key in sums} == {line}
    assert {key[1] for key in sums} == {'a"b'}


def test_every_account_has_a_name_beancount_knows() -> None:
    names = [beancount_account(code) for code in CHART]
    assert len(set(names)) == len(CHART)
    assert names[:2] == ["Assets:1010-Cash", "Assets:1110-Loans-Principal"]
