"""A statement as a page, as CSV and as JSON: the account's figures, whole without scripts, on any screen."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from creditline.events.kinds import DrawRequested, EventVoided, LoanRescheduled, LoanWrittenOff
from creditline.i18n import LANGUAGES, Language, text
from creditline.lending.ledger import keep
from creditline.lending.statement import Particulars, Statement, statement
from creditline.lending.terms import day_number
from creditline.money import format_minor
from creditline.reports.statement import as_plain, change, csv_text, movements, page, rate_told, schedule
from tests.browsing import AXE, CHROMIUM, barriers
from tests.lending.line_logs import LINE, OFFSET, PLAIN, PLAIN_REF, drawn, repaid, said

EVIL = '</td><script>alert("x")</script>&'

JANUARY, FEBRUARY = date(2025, 1, 10), date(2025, 2, 1)
EVENTS = [
    *drawn("A", JANUARY, 120_000_00, 6),
    *drawn("B", JANUARY, 12_000_00, 2),
    *drawn("C", date(2025, 1, 20), 3_000_00, 1),
    repaid("wrong", date(2025, 2, 12), 5_000_00),
    said("void", date(2025, 2, 14), EventVoided("wrong", EVIL)),
    repaid("R", date(2025, 2, 10), 6_120_00, date(2025, 2, 17), loan="B"),
    said("again", date(2025, 2, 18), LoanRescheduled("A", "smaller", 8)),
    said("lost", date(2025, 2, 21), LoanWrittenOff("C")),
    repaid("recovered", date(2025, 2, 24), 500_00, loan="C"),
    said("ask", date(2025, 2, 25), DrawRequested("D", 800_00, PLAIN_REF, 1)),
]


def made(until: date = date(2025, 2, 28), *, simulated: bool = True) -> Statement:
    line = Particulars("CNY", OFFSET, "open", 200_000_000, simulated=simulated, titles={PLAIN_REF: PLAIN.title})
    kept = keep(LINE, EVENTS, {PLAIN_REF: PLAIN}, OFFSET, day_number(until))
    assert not kept.skipped
    return statement(kept, EVENTS, day_number(FEBRUARY), line)


FOUND = made()


class Reader(HTMLParser):
    """What a browser makes of a page: its elements in order, those left open, ids and texts."""

    void = frozenset(("meta", "link", "br", "img", "input", "hr"))

    def __init__(self, content: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def values(self, name: str) -> list[str]:
        return [value for _, given in self.elements if (value := given.get(name))]


# -- figures --------------------------------------------------------------------------------------------


def test_figures_on_the_page_are_those_of_the_account() -> None:
    account = keep(LINE, EVENTS, {PLAIN_REF: PLAIN}, OFFSET, day_number(date(2025, 2, 28))).account
    told = as_plain(FOUND)
    assert told["closing"]["principal"] == format_minor(account.owed)
    assert told["closing"]["credit"] == format_minor(account.credit)
    assert told["arrears"]["days_past_due"] == account.arrears().days_past_due
    assert told["written_off_owed"] == format_minor(account.loans["C"].claim)
    for loan in told["loans"]:
        payoff = None if loan["status"] == "written_off" else account.payoff(loan["loan"])
        assert payoff is None or loan["overdue"] == format_minor(payoff.due + payoff.penalty)
        assert payoff is None or loan["accrued"] == format_minor(payoff.interest)
    shown = page(FOUND, "en")
    for amount in (FOUND.closing.owed, FOUND.overdue, FOUND.available, FOUND.accrued):
        assert f"<dd>{format_minor(amount, grouping=True)}" in shown


def test_the_balance_is_carried_from_row_to_row() -> None:
    rows = list(csv.reader(io.StringIO(csv_text(FOUND, "en"), newline="")))
    head, body = rows[0], rows[1:]
    added, taken, balance = (head.index(name) for name in ("Added", "Taken off", "Balance"))
    for before, row in pairwise(body[:-1]):
        assert Decimal(row[balance]) == Decimal(before[balance]) + Decimal(row[added]) - Decimal(row[taken])
    assert body[-1][balance] == body[-2][balance] == format_minor(FOUND.closing.owed)


def test_money_in_json_is_decimal_text_and_days_are_iso_dates() -> None:
    told = json.loads(json.dumps(as_plain(FOUND)))
    first = told["movements"][0]
    assert re.fullmatch(r"-?[0-9]+\.[0-9]{2}", first["amount"])
    assert date.fromisoformat(first["booked"]) >= FEBRUARY
    assert sum(Decimal(each["added"]) - Decimal(each["taken_off"]) for each in told["movements"]) == Decimal(
        told["closing"]["owed"]
    ) - Decimal(told["opening"]["owed"])
    assert told["pending"] == {"D": "800.00"}
    assert told["loans"][0]["rate"] == "0.12"
    assert re.fullmatch(r"[0-9]+\.[0-9]{2}", told["loans"][0]["cost_simple"])


def test_what_did_not_happen_is_left_out_of_the_sums() -> None:
    shown = [row[0] for row in change(FOUND, "en").rows]
    assert shown == ["Opening balance", "Interest", "Repayments", "Written off", "Closing balance"]
    headings = [column.label for column in schedule(FOUND.loans[0], "en", simulated=False).columns]
    assert "Penalty" in headings
    assert "Fee" not in headings


def test_a_rate_keeps_the_decimals_it_was_agreed_with() -> None:
    assert [rate_told(rate) for rate in (144_000_000, 182_500_000, 0, 123_456_789)] == [
        "14.40%", "18.25%", "0.00%", "12.3456789%"
    ]  # fmt: skip


# -- CSV ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_csv_keeps_to_rfc_4180_in_the_language_asked(lang: Language) -> None:
    content = csv_text(FOUND, lang)
    assert not content.startswith("\ufeff")
    assert content.count("\r\n") == content.count("\n") == len(FOUND.movements) + 3
    rows = list(csv.reader(io.StringIO(content, newline=""), strict=True))
    assert len({len(row) for row in rows}) == 1
    assert rows[0][0] == text("statement.date", lang)
    assert rows[1][2] == text("statement.kind_opening", lang)
    assert {row[3] for row in rows[2:-1]} == {text(f"statement.way_{way}", lang) for way in ("booked", "reversed")}


def test_a_spreadsheet_is_given_no_formula() -> None:
    first = FOUND.movements[0]
    evil = replace(FOUND, movements=[replace(first, id='=HYPERLINK("x")', loan="@A"), replace(first, id="-1+1")])
    rows = list(csv.reader(io.StringIO(csv_text(evil, "en"), newline="")))
    assert [(row[4], row[6]) for row in rows[2:4]] == [("'@A", '\'=HYPERLINK("x")'), (first.loan, "'-1+1")]


# -- the page -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_is_whole_without_scripts_and_fetches_nothing(lang: Language) -> None:
    content = page(FOUND, lang)
    read = Reader(content)
    assert (read.wrong, read.open) == ([], [])
    assert "script" not in {tag for tag, _ in read.elements}
    assert read.values("href") == ["#content"]
    assert read.values("src") == []
    assert len(content) < 60_000


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_has_its_landmarks_headings_and_table_headers(lang: Language) -> None:
    read = Reader(page(FOUND, lang))
    tags = [tag for tag, _ in read.elements]
    assert read.elements[0] == ("html", {"lang": "zh-Hans" if lang == "zh" else "en"})
    assert {tags.count(tag) for tag in ("main", "h1", "header", "footer")} == {1}
    levels = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert tags.count("caption") == tags.count("table")
    assert all(given.get("scope") in ("col", "row") for tag, given in read.elements if tag == "th")
    regions = [given["aria-label"] for _, given in read.elements if given.get("role") == "region"]
    assert len(set(regions)) == len(regions)
    ids = read.values("id")
    assert len(set(ids)) == len(ids)
    assert set(read.values("aria-labelledby")) <= set(ids)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_simulated_data_says_so_on_top_and_in_every_caption(lang: Language) -> None:
    simulated, real = page(FOUND, lang), page(made(simulated=False), lang)
    banner = text("common.simulated", lang)
    assert simulated.index(banner) < simulated.index("<h1>")
    captions = re.findall(r"<caption>(.*?)</caption>", simulated)
    assert all(text("statement.marked", lang, caption="") in caption for caption in captions)
    assert banner not in real


def test_texts_come_through_as_texts() -> None:
    content = page(FOUND, "en")
    assert EVIL not in content
    assert "&lt;script&gt;" in content


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_kind_of_movement_is_told_in_words(lang: Language) -> None:
    told = "\n".join(row[1] for row in movements(FOUND, lang).rows)
    for key, named in (
        ("said_instalment", {"number": 1, "loan": "A"}),
        ("said_repayment_loan", {"loan": "B"}),
        ("said_reschedule_smaller", {"number": 8, "loan": "A"}),
        ("said_write_off", {"loan": "C"}),
        ("counts_from", {"day": "2025-02-10"}),
        ("part_recovered", {"amount": "500.00"}),
        ("reason", {"reason": EVIL}),
    ):
        assert text(f"statement.{key}", lang, **named) in told
    assert text("statement.said_reversed", lang, said="") in told


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_line_that_owes_nothing_has_a_page_too(lang: Language) -> None:
    content = page(made(date(2025, 2, 28), simulated=False), lang)
    empty = replace(FOUND, movements=[], loans=[], pending={})
    assert text("statement.movements_none", lang) in page(empty, lang)
    assert text("statement.loans_none", lang) in page(empty, lang)
    assert text("statement.movements_none", lang) not in content


@pytest.mark.skipif(CHROMIUM is None, reason="no browser is installed")
@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_is_cut_off_on_a_phone_or_a_desk(lang: Language, tmp_path: Path) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    target = tmp_path / "statement.html"
    target.write_text(page(FOUND, lang), "utf-8")
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for width in (390, 1280):
            context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=False)
            shown = context.new_page()
            shown.goto(target.as_uri())
            # The page itself never scrolls sideways; of the tables only schedules may, within their frames.
            assert shown.evaluate("document.documentElement.scrollWidth") == width
            wider = shown.evaluate(
                "[...document.querySelectorAll('.wide')].filter(e => e.scrollWidth > e.clientWidth)"
                ".map(e => !!e.closest('.tight'))"
            )
            assert all(wider)
            assert width == 390 or not wider
            cut = (
                "[...document.querySelectorAll('dd, dt, h1, h3, p, small')].filter(e => e.scrollWidth > e.clientWidth)"
            )
            assert shown.evaluate(f"{cut}.map(e => e.innerText)") == []
            rows = shown.get_by_role("table").nth(2).get_by_role("row")
            assert rows.count() == len(FOUND.movements) + 3
            assert (
                shown.locator("dl.figures dd")
                .first.inner_text()
                .startswith(format_minor(FOUND.closing.owed, grouping=True))
            )
            context.close()
        browser.close()


@pytest.mark.skipif(CHROMIUM is None, reason="no browser is installed")
@pytest.mark.skipif(not AXE.is_file(), reason="axe-core was not brought in: run make setup where npm is installed")
@pytest.mark.parametrize("lang", LANGUAGES)
def test_nobody_is_kept_from_reading_it(lang: Language, tmp_path: Path) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    target = tmp_path / "statement.html"
    target.write_text(page(FOUND, lang), "utf-8")
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for width in (390, 1280):
            shown = browser.new_page(viewport={"width": width, "height": 900})
            shown.goto(target.as_uri())
            assert barriers(shown) == []
        browser.close()
