"""Pages and tables: they stand alone, read without scripts, and let nothing of a text through as markup."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from creditline.i18n import LANGUAGES, Language, text
from creditline.replay.outcomes import Judged, Outcomes, judge
from creditline.reports import page as pages
from creditline.reports.charts import Chart, bars_option
from creditline.reports.outcomes import About, charts, expected_rate, page, tables
from creditline.reports.page import beside, write_both
from creditline.reports.tables import Table, count, figure, labelled, millions, percent, terminal

EVIL = "</script><b>&'\""


def judged(lines: int = 300) -> Outcomes:
    chance = np.random.default_rng(2)
    points = chance.integers(300, 600, lines)
    closed = points < 420
    return judge(
        Judged(
            points=points,
            defaulted=chance.random(lines) < (640 - points) / 500,
            closed=closed,
            frozen=np.zeros(lines, bool),
            reopened=np.zeros(lines, bool),
            reasons=[("T10",) if shut else () for shut in closed],
            in_arrears=chance.random(lines) < 0.2,
            limit=np.full(lines, 123_456_789),
            balance=np.full(lines, 1_000_000),
        ),
        ["T10"],
    )


FIGURES = judged()
ABOUT = About("p", "v" * 64, "TWD", 1128095999999999, {"T10": {"zh": EVIL, "en": EVIL}}, 5, 600, 30, 40, panel="taiwan")


class Reader(HTMLParser):
    """What a browser would make of a page: elements that are left open, ids, addresses."""

    void = frozenset(("meta", "link", "br", "img", "input", "hr"))

    def __init__(self, content: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in self.void:
            self.open.append(tag)
        self.ids += [value for name, value in given.items() if name == "id" and value]
        self.addresses += [value for name, value in given.items() if name in ("href", "src") and value]

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_page_is_whole_and_fetches_nothing(lang: Language) -> None:
    read = Reader(page(FIGURES, ABOUT, lang, "other.html"))
    assert (read.wrong, read.open) == ([], [])
    assert len(set(read.ids)) == len(read.ids)
    assert set(read.addresses) == {"#content", "other.html"}


def test_texts_come_through_as_texts() -> None:
    made = page(FIGURES, ABOUT, "en")
    assert EVIL not in made
    assert "&lt;/script&gt;&lt;b&gt;" in made


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_chart_has_its_data_and_its_table(lang: Language) -> None:
    made = page(FIGURES, ABOUT, lang)
    for chart in charts(FIGURES, ABOUT, lang):
        (data,) = re.findall(f'<script type="application/json" id="{chart.name}-data">(.*?)</script>', made, re.DOTALL)
        assert json.loads(data) == json.loads(json.dumps(chart.option))
        assert chart.table.rows


def test_without_the_chart_library_the_tables_are_still_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_echarts", lambda: "")
    made = page(FIGURES, ABOUT, "en")
    assert "echarts" not in made
    assert made.count("<table>") == 5


def test_a_script_cannot_be_closed_by_the_data_of_a_chart() -> None:
    table = Table("t", labelled("a"), (("x",),))
    chart = Chart("c", "t", "s", bars_option("x", "y", [EVIL], {"s": [1]}, ["#000"]), table)
    assert "<" not in chart.json
    assert json.loads(chart.json)["xAxis"]["data"] == [EVIL]


def test_simulated_data_says_so_and_real_data_names_its_publisher() -> None:
    real, simulated = page(FIGURES, ABOUT, "en"), page(FIGURES, replace(ABOUT, simulated=True, panel=None), "en")
    assert text("common.simulated", "en") in simulated
    assert text("common.simulated", "en") not in real
    assert "CC BY 4.0" in real
    assert "CC BY 4.0" not in simulated


def test_both_languages_are_written_beside_each_other(tmp_path: Path) -> None:
    target = tmp_path / "reports" / "outcomes.html"
    written = write_both(target, "zh", {"en": "e", "zh": "z"})
    assert written == [target, tmp_path / "reports" / "outcomes.en.html"]
    assert target.read_text() == "z"
    assert beside(Path("a/b.html"), "en", "zh") == Path("a/b.en.html")


def test_the_promised_rate_follows_the_scale_of_the_card() -> None:
    band = next(band for band in FIGURES.bands if band.low is not None and band.high is not None)
    rate = expected_rate(band, replace(ABOUT, base=(band.low or 0) + 9.5))  # type: ignore[arg-type]
    assert rate == pytest.approx(1 / 31)
    assert expected_rate(band, replace(ABOUT, base=None)) is None
    assert expected_rate(FIGURES.bands[0], ABOUT) is None, "open to one side: no middle"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_figures_are_whole_on_a_narrow_terminal(lang: Language) -> None:
    console = Console(width=80, record=True, file=open("/dev/null", "w"), highlight=False)  # noqa: PTH123, SIM115
    for table in tables(FIGURES, ABOUT, lang):
        console.print(terminal(table))
    shown = console.export_text()
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert count(FIGURES.closed.lines) in shown


def test_markup_in_a_cell_is_shown_not_obeyed() -> None:
    console = Console(width=80, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    console.print(terminal(Table("[red]t[/]", labelled("[b]a"), (("[i]x[/i]",),))))
    shown = console.export_text()
    assert "[red]t[/]" in shown
    assert "[i]x[/i]" in shown


def test_a_row_must_fill_its_columns() -> None:
    with pytest.raises(AssertionError, match="has not 2 cells"):
        Table("t", labelled("a", "b"), (("x",),))


def test_figures_as_people_read_them() -> None:
    assert count(1234567) == "1,234,567"
    assert (percent(0.12345), percent(None)) == ("12.3%", "–")
    assert (figure(0.77697), figure(None)) == ("0.777", "–")
    assert millions(123_456_789_012) == "1,234.6"
    assert millions(5_000_000, 1) == "0.0"
    assert millions(-1_000_000_000) == "-10.0"
