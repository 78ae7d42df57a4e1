"""The page of a scorecard: every point of it, figures in words, groups of people, whole without scripts."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from creditline.i18n import LANGUAGES, Language, text
from creditline.reports.scorecard import compared_page, page
from creditline.reports.scorecard_charts import charts, weights
from creditline.reports.scorecard_checks import by_group, with_differences
from creditline.reports.scorecard_facts import by_weight, labels, limits, number, shown, signed
from creditline.scoring.card import Axis, Calibration, Card, Scaling, Term
from creditline.scoring.crossval import Validated, cross_validate
from creditline.scoring.ebm import EbmSettings, fit_ebm
from creditline.scoring.fairness import fairness, fairness_of
from creditline.scoring.features import Feature, Features
from creditline.scoring.figures import evaluate, out_of_fold_figures
from creditline.scoring.profile import drift, profile_of
from creditline.scoring.woe import fit_woe
from tests.browsing import AXE, CHROMIUM, barriers

EVIL = '</script><b onclick="x">&'
ROWS, CODE = 1_500, -999.0
BOTH = pytest.mark.parametrize("lang", LANGUAGES)


def applicants(seed: int, rows: int = ROWS) -> tuple[Features, np.ndarray, dict[str, list[str | None]]]:
    """Made-up applicants: risk follows use, arrears and two facts together; the shop tells the sex."""
    chance = np.random.default_rng(seed)
    used, left, right = chance.random(rows), chance.random(rows), chance.random(rows)
    late = chance.integers(0, 5, rows).astype(np.float64)
    woman = chance.random(rows) < 0.5
    shop = np.where(chance.random(rows) < 0.8, woman, chance.random(rows) < 0.5).astype(np.int64)
    odds = -2.6 + 2 * used + 0.4 * late + np.where((left > 0.5) == (right > 0.5), 0.8, -0.8) + 0.6 * shop
    bad = chance.random(rows) < 1 / (1 + np.exp(-odds))
    late[chance.random(rows) < 0.1] = CODE
    late[chance.random(rows) < 0.1] = math.nan
    columns = {
        "used": Feature(used), "late": Feature(late), "left": Feature(left), "right": Feature(right),
        "shop": Feature(None, shop, ("tools", EVIL)),
    }  # fmt: skip
    groups: dict[str, list[str | None]] = {
        "sex": [None if number < 40 else "f" if each else "m" for number, each in enumerate(woman)],
        "faith": ["rare" if number < 20 else "usual" for number in range(rows)],
    }
    source = {"kind": "raw", "columns": dict.fromkeys(columns, "number"), "special": [CODE]}
    return Features(columns, rows, (CODE,), source), bad, groups


SEEN, BAD, GROUPS = applicants(1)
LATER, LATER_BAD, _ = applicants(2)
EBM = partial(fit_ebm, settings=EbmSettings(pairs=2, bags=1, bins=8, pair_bins=4, rate=0.2), jobs=1)
ABOUT = {
    "target": "outcome", "bad_value": "1", "data": "applicants.csv", "data_sha256": "a1" * 32, "version": "9.9.9",
    "features": "raw", "dropped": {"sex": "named with --drop", "row": "names the rows"}, "allowed": {},
    "suspects": {"late": 0.97}, "simulated": True, "trained_by": "Ada",
}  # fmt: skip


def made(fit: Any, **about: Any) -> tuple[Card, dict[str, Any], Validated]:
    """A card trained for the test, and the figures that training it tells."""
    found = cross_validate(SEEN, BAD, fit, folds=3, seed=4)
    card = found.calibrated(fit(SEEN, BAD, seed=4))
    told = out_of_fold_figures(found) | ABOUT | about
    told |= {"kind": card.kind, "fairness": fairness_of(found, SEEN, GROUPS, card)}
    profile = profile_of(card, SEEN, BAD)
    return replace(card, training={**card.training, **ABOUT, **about, "profile": profile}), told, found


WOE, FIGURES, WOE_FOUND = made(fit_woe)
BOOSTED, BOOSTED_FIGURES = made(EBM)[:2]
USED = LATER.columns["used"].numbers
assert USED is not None
MOVED = drift(WOE, replace(LATER, columns={**LATER.columns, "used": Feature(np.sqrt(USED))}))


def differing() -> dict[str, Any]:
    """What ``scorecard compare`` tells of the two."""
    apart = {"difference": -0.0144, "low": -0.0285, "high": 0.0003, "p": 0.054}
    models = [{"name": "woe", **FIGURES}, {"name": "ebm", **BOOSTED_FIGURES}]
    about = {
        "target": "outcome",
        "data": "applicants.csv",
        "rows": ROWS,
        "bad": int(BAD.sum()),
        "folds": 3,
        "repeats": 1,
    }
    return {**about, "models": models, "best": "woe", "differences": [{"name": "ebm", **apart}]}


COMPARED = differing()


def whole(lang: Language) -> str:
    """A page with everything on it."""
    return page(BOOSTED, BOOSTED_FIGURES, lang, compared=with_differences(COMPARED), drift=drift(BOOSTED, LATER))


class Reader(HTMLParser):
    """What a browser makes of a page: its elements in order, those left open, and the cells of its tables."""

    void = frozenset(("meta", "link", "br", "img", "input", "hr"))

    def __init__(self, content: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.rows: list[list[str]] = []
        self.caption = ""
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.void:
            self.open.append(tag)
        if tag == "table":
            self.rows, self.caption = [], ""
        elif tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if "caption" in self.open:
            self.caption += data
        elif self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)
        if tag == "table":
            self.tables[self.caption] = self.rows

    def values(self, name: str) -> list[str]:
        return [value for _, given in self.elements if (value := given.get(name))]


def table(read: Reader, key: str, lang: Language = "en", **named: object) -> list[list[str]]:
    """The rows under the heading of the table with this caption, marked as simulated or not."""
    caption = text(f"cardreport.{key}", lang, **named)
    return (read.tables.get(caption) or read.tables[text("cardreport.marked", lang, caption=caption)])[1:]


def points(cell: str) -> int:
    return int(cell.replace("−", "-").replace(",", ""))


# -- every point -----------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("card", [WOE, BOOSTED], ids=["woe", "ebm"])
def test_the_page_holds_every_point_of_the_card(card: Card, lang: Language) -> None:
    read = Reader(page(card, {}, lang))
    for term in card.terms:
        rows = table(read, "places_of", lang, fact=" × ".join(term.facts))
        assert [row[0] for row in rows] == labels(term.axes[0], card, lang)
        cells = [row[1:] if len(term.axes) == 2 else row[1:2] for row in rows]
        assert tuple(points(cell) for row in cells for cell in row) == term.points


def test_the_ebm_of_the_test_has_a_pair() -> None:
    assert any(len(term.axes) == 2 for term in BOOSTED.terms)


def test_bars_and_shades_follow_the_points() -> None:
    term = Term((Axis("x", (1.0, 2.0)),), (0, -40, 10, 60))
    pair = Term((Axis("x", (1.0,)), Axis("y", choices=(("a", "b"),))), (0, 0, 0, -8, 4, 0, 1, 8, 0))
    one, two = shown(Card("ebm", 100, (term, pair)), lambda fact, _: fact, "en")
    assert [(each.start, each.width, each.minus) for each in one.places] == [
        (40.0, 0.0, False), (0.0, 40.0, True), (40.0, 10.0, False), (40.0, 60.0, False)
    ]  # fmt: skip
    assert [[cell.shade for cell in cells] for _, cells in two.heat] == [
        ["h0", "h0", "h0"], ["h-4", "h2", "h0"], ["h1", "h4", "h0"]
    ]  # fmt: skip
    assert two.columns == ("missing", "a, b", "any other")
    assert (one.span, two.span) == ("−40 to +60 points", "−8 to +8 points")


def test_rows_and_bad_of_each_place_come_from_the_profile_where_there_is_one() -> None:
    read = Reader(page(WOE, FIGURES, "en"))
    profile = WOE.training["profile"]
    rows = table(read, "places_of", fact="used")
    counts = profile["facts"]["used"]
    assert [row[3] for row in rows] == [f"{each / ROWS * 100:.1f}%" for each in counts["rows"]]
    shares = [f"{b / n * 100:.1f}%" if n else "–" for b, n in zip(counts["bad"], counts["rows"], strict=True)]
    assert [row[4] for row in rows] == shares
    bare = replace(WOE, training={name: value for name, value in WOE.training.items() if name != "profile"})
    assert {len(row) for row in table(Reader(page(bare, {}, "en")), "places_of", fact="used")} == {3}
    hand = replace(WOE, training={**WOE.training, "profile": {"rows": 5, "facts": {"used": {"rows": [1], "bad": [0]}}}})
    assert {len(row) for row in table(Reader(page(hand, {}, "en")), "places_of", fact="used")} == {3}


def test_limits_are_in_as_few_digits_as_keep_them_apart() -> None:
    assert limits([0.12345678, 0.2, 1000.5, 20000.0]) == ["0.1235", "0.2", "1,000", "20,000"]
    assert limits([12_600.5, 10_550.5, 1e-7]) == ["12,600", "10,550", "1e−07"]
    assert limits([0.1234567, 0.1234568]) == ["0.1234567", "0.1234568"]
    assert limits([1.0, 1.0 + 2**-50])[0] != limits([1.0, 1.0 + 2**-50])[1]
    assert (number(-1234567.0), signed(-1200), signed(0)) == ("−1,234,567", "−1,200", "0")


def test_facts_are_called_by_their_words_and_columns_of_a_table_never_by_those_of_policies() -> None:
    named = {"used": {"en": "Share of the limit used", "zh": "额度使用率"}}
    assert "<span>Share of the limit used <small>used</small></span>" in page(WOE, {}, "en", words=named)
    assert "<span>额度使用率 <small>used</small></span>" in page(WOE, {}, "zh", words=named)
    held = replace(WOE, training={**WOE.training, "words": named})
    assert "<span>额度使用率 <small>used</small></span>" in page(held, {}, "zh")
    card = Card("woe", 500, (Term((Axis("days_past_due", (1.0,)),), (0, 10, -30)),), source={"kind": "raw"})
    assert "<span>days_past_due</span>" in page(card, {}, "zh")
    policy = replace(card, source={"kind": "facts"})
    assert f"{text('facts.days_past_due', 'zh')} <small>days_past_due</small>" in page(policy, {}, "zh")


# -- the model card --------------------------------------------------------------------------------------


@BOTH
def test_the_model_card_says_what_was_trained_on_what_by_whom(lang: Language) -> None:
    content = page(WOE, FIGURES, lang)
    for said in ("outcome = 1", "applicants.csv", "a1" * 32, "9.9.9", "Ada", WOE.hash, f"1,500 / {BAD.sum()}"):
        assert f"<dd>{said}" in content
    assert text("cardreport.not_causes", lang) in content
    rows = dict(table(Reader(content), "left_out_table", lang))
    because = text("cardreport.sensitive_out", lang, why=text("cardreport.ground_sex", lang))
    assert rows["sex"] == text("cardreport.left_out", lang, reason=because)
    assert text("scorecard.why_names_rows", lang) in rows["row"]
    assert "0.970" in rows["late"]
    settings = dict(table(Reader(content), "settings_table", lang))
    assert settings["prebins"] == "20"


def test_what_is_not_recorded_is_said_not_to_be() -> None:
    bare = Card("woe", 500, (Term((Axis("used", (0.5,)),), (0, 10, -30)),))
    content = unescape(page(bare, {}, "en"))
    assert content.count("<dd>not recorded</dd>") == 7
    assert text("cardreport.figures_none", "en") in content
    assert text("cardreport.fair_none", "en") in content
    assert text("cardreport.calibrated_scaling", "en") in content
    assert page(Card("woe", 500, ()), {}, "zh")


def test_a_card_from_the_log_says_what_was_observed_when() -> None:
    log = {
        "policy": "consumer-line", "policy_version": "c" * 64, "features": "behaviour", "outcome": "90dpd",
        "window": "180d", "observed": ["2026-01-01T00:00:00+08:00", "2026-04-01T00:00:00+08:00"], "lines": 1234,
        "log_until": "2026-12-31T00:00:00+08:00", "simulated": True, "seed": 7,
    }  # fmt: skip
    later = evaluate(WOE.points(LATER), WOE.calibration.probability(WOE.points(LATER)), LATER_BAD)
    later |= {"rows_of_lines_trained_on": 900, "auc_other_lines": 0.712, "windows_reaching_in": 55}
    card = replace(WOE, training=log)
    content = page(card, {"out_of_time": later}, "en")
    for said in (
        "90 days past due or worse, within 180d of the moment observed",
        "events of 1,234 lines, known up to 2026-12-31",
        "2026-01-01T00:00:00+08:00 – 2026-04-01T00:00:00+08:00", "consumer-line cccccccccccc",
    ):  # fmt: skip
        assert said in content
    assert (
        "900 are of lines that the card was trained on at earlier moments; over the others the AUC is 0.712" in content
    )
    assert "The outcomes of 55 rows" in content
    assert text("cardreport.limit_no_later", "en") not in content
    assert text("cardreport.limit_no_later", "en") in page(card, {}, "en")


@BOTH
def test_simulated_data_says_so_on_top_among_the_limits_and_in_every_caption(lang: Language) -> None:
    simulated = page(WOE, FIGURES, lang, drift=MOVED, compared=with_differences(COMPARED))
    banner = text("common.simulated", lang)
    assert simulated.index(banner) < simulated.index("<h1>")
    assert text("cardreport.limit_simulated", lang) in simulated
    mark = text("cardreport.marked", lang, caption="")
    captions = re.findall(r"<caption>(.*?)</caption>", simulated)
    own = {text("cardreport.places_of", lang, fact=fact) for fact in WOE.facts}
    assert all(mark in caption for caption in captions if caption not in own)
    plain = {**FIGURES, "simulated": False}
    real = page(replace(WOE, training={**WOE.training, "simulated": False}), plain, lang)
    assert banner not in real
    assert mark not in real
    other = page(replace(WOE, training={**WOE.training, "simulated": False}), FIGURES, lang)
    assert banner in other, "figures over simulated rows are no real ones, whatever the card was trained on"
    assert banner in compared_page({**COMPARED, "simulated": True}, lang)
    assert banner not in compared_page(COMPARED, lang)


# -- figures ---------------------------------------------------------------------------------------------


@BOTH
def test_figures_stand_with_their_bounds_and_in_words(lang: Language) -> None:
    content = page(WOE, FIGURES, lang)
    rows = dict(table(Reader(content), "figures_table", lang))
    value, low, high = (f"{FIGURES[f'auc{end}']:.3f}" for end in ("", "_low", "_high"))
    assert rows[text("cardreport.figure_auc", lang)] == text(
        "cardreport.between_bounds", lang, value=value, low=low, high=high
    )
    assert text("cardreport.says_auc", lang, share=f"{FIGURES['auc'] * 100:.1f}%") in content
    share = BAD.mean()
    assert text("cardreport.says_brier", lang, plain=f"{share * (1 - share):.3f}") in content
    assert text("cardreport.say_out_of_fold", lang, folds=3, repeats=1) in content


def test_a_card_held_against_other_rows_shows_those_first_and_what_it_had_out_of_fold() -> None:
    scores = WOE.points(LATER)
    checked = evaluate(scores, WOE.calibration.probability(scores), LATER_BAD)
    checked |= {"data": "later.csv", "where": ["month>=7"], "trained_on_this_file": False, "rows": ROWS}
    kept = {name: FIGURES[name] for name in ("auc", "ks", "gini", "brier", "log_loss", "folds", "repeats")}
    card = replace(WOE, training={**WOE.training, "out_of_fold": kept})
    content = page(card, checked, "en")
    rows = table(Reader(content), "figures_table")
    assert rows[0][1].startswith(f"{checked['auc']:.3f} (")
    assert rows[0][2] == f"{kept['auc']:.3f}"
    assert "later.csv, month&gt;=7, 1,500 rows" in content
    assert text("cardreport.say_not_same", "en") in content
    assert "<dd>applicants.csv</dd>" in content, "what it was trained on is still that"
    flattered = page(card, {**checked, "trained_on_this_file": True}, "en")
    assert text("cardreport.say_same", "en") in flattered
    unknown = replace(card, training={**card.training, "data_sha256": None})
    assert text("cardreport.say_same_unknown", "en") in page(unknown, checked, "en")


def test_every_chart_has_the_table_that_says_the_same() -> None:
    (roc, scores, gains, reliability) = charts([("Out of fold", FIGURES)], "en")
    assert [each.name for each in (roc, scores, gains, reliability)] == ["roc", "scores", "gains", "reliability-0"]
    curve = dict(roc.option["series"][0]["data"])
    assert roc.table.rows[3] == ("10%", f"{curve[10.0]:.1f}%")
    counted = [(int(row[1].replace(",", "")), int(row[2])) for row in scores.table.rows]
    assert (sum(good for good, _ in counted), sum(bad for _, bad in counted)) == (ROWS - BAD.sum(), BAD.sum())
    (widest,) = scores.table.strong
    gap = float(scores.table.rows[widest][6][:-1])
    assert gap == max(float(row[6][:-1]) for row in scores.table.rows)
    assert gap == pytest.approx(FIGURES["ks"] * 100, abs=6), "bands are coarser, and folds are taken together"
    assert [row[0] for row in gains.table.rows] == [f"{share}%" for share in range(10, 101, 10)]
    assert gains.table.rows[-1][1:3] == ("100.0%", "1.00")
    assert [int(row[4]) for row in reliability.table.rows] == [each["rows"] for each in FIGURES["reliability"]]
    assert [series["name"] for series in reliability.option["series"]] == ["Came", "Low", "High", "As foretold"]


def test_figures_without_tables_make_no_charts() -> None:
    assert charts([("Out of fold", {"auc": 0.7, "ks": 0.3})], "en") == []
    assert charts([], "en") == []


def test_a_roc_curve_of_few_points_is_read_between_them() -> None:
    (roc,) = charts([("x", {"auc": 0.7, "roc": [[0.0, 0.0], [0.4, 0.8], [1.0, 1.0]]})], "en")
    rows = {row[:2] for row in roc.table.rows}
    assert {("20%", "40.0%"), ("40%", "80.0%"), ("70%", "90.0%")} <= rows


def test_the_weightiest_facts_stand_first() -> None:
    chart = weights(BOOSTED, lambda fact, _: fact, "en")
    assert chart is not None
    spans = [int(row[3]) for row in chart.table.rows]
    assert spans == sorted(spans, reverse=True)
    assert spans[0] == max(max(term.points) - min(term.points) for term in BOOSTED.terms)
    assert [row[0] for row in chart.table.rows][:2] == [" × ".join(term.facts) for term in by_weight(BOOSTED)[:2]]
    assert weights(Card("woe", 500, ()), lambda fact, _: fact, "en") is None


# -- from points to probability --------------------------------------------------------------------------


def test_probabilities_of_scores_are_those_of_the_card() -> None:
    rows = table(Reader(page(WOE, FIGURES, "en")), "scores_to_bad")
    scores = np.array([points(row[0]) for row in rows])
    assert [row[1] for row in rows] == [f"{each * 100:.2f}%" for each in WOE.calibration.probability(scores)]
    low = WOE.base + sum(min(term.points) for term in WOE.terms)
    high = WOE.base + sum(max(term.points) for term in WOE.terms)
    assert f"it can be {number(low)} to {number(high)}" in page(WOE, FIGURES, "en")
    assert len(rows) <= 11


def test_a_calibration_says_where_it_is_from() -> None:
    assert text("cardreport.calibrated_unseen", "en") in page(WOE, {}, "en")
    flat = page(WOE.calibrated(Calibration(1.0, 0.0)), {}, "en")
    assert text("cardreport.calibrated_flat", "en") in flat
    assert {row[1] for row in table(Reader(flat), "scores_to_bad")} == {"26.89%"}
    again = replace(WOE, training={**WOE.training, "recalibrated": {"data": "later.csv"}})
    assert text("cardreport.calibrated_again", "en", data="later.csv") in page(again, {}, "en")
    plain = WOE.calibrated(Calibration.of(Scaling()))
    assert "odds of good double every 40.0 points" in page(plain, {}, "en")


# -- other models, drift ---------------------------------------------------------------------------------


def test_models_stand_side_by_side_with_how_they_differ_from_the_best() -> None:
    rows = table(Reader(page(WOE, FIGURES, "en", compared=with_differences(COMPARED))), "compared_table")
    assert [row[0] for row in rows] == [text("cardreport.kind_woe", "en"), text("cardreport.kind_ebm", "en")]
    assert rows[0][2] == "best card"
    assert rows[1][2] == "−0.0144 (−0.0285\u00a0to\u00a00.0003)"


@BOTH
def test_a_comparison_has_a_page_of_its_own(lang: Language) -> None:
    read = Reader(compared_page(COMPARED, lang))
    assert len(table(read, "compared_table", lang)) == 2
    assert len(table(read, "roc_table", lang)[0]) == 3
    files = {
        **COMPARED,
        "folds": 0,
        "models": [{**each, "name": f"/x/{each['name']}.yaml"} for each in COMPARED["models"]],
    }
    content = compared_page({**files, "best": "/x/woe.yaml", "differences": [{"name": "/x/ebm.yaml"}]}, lang)
    assert "ebm.yaml" in content
    assert "/x/" not in content
    assert text("cardreport.compared_rows", lang) in content


@BOTH
def test_drift_is_told_in_words_and_the_facts_that_moved_are_opened_up(lang: Language) -> None:
    content = page(WOE, FIGURES, lang, drift=MOVED)
    rows = table(Reader(content), "csi_table", lang)
    assert rows[0][0] == "used"
    assert rows[0][3] == text("cardreport.level_moved", lang)
    assert {row[3] for row in rows[1:]} == {text("cardreport.level_stable", lang)}
    shares = table(Reader(content), "bins_table", lang, fact="used")
    assert sum(float(row[2][:-1]) for row in shares) == pytest.approx(100, abs=0.5)
    level = text(
        f"cardreport.drift_{MOVED['psi_level']}", lang, psi=f"{MOVED['psi']:.3f}", chance=f"{MOVED['psi_chance']:.3f}"
    )
    assert level in content


def test_what_a_bin_of_drift_holds_is_said_in_words() -> None:
    told = drift(WOE, LATER)
    told["csi_level"] = dict.fromkeys(told["csi_level"], "moving")
    read = Reader(page(WOE, {}, "en", drift=told))
    late = [row[0] for row in table(read, "bins_table", fact="late")]
    assert late[0] == "missing"
    assert "code −999" in late
    assert {EVIL, "tools", "any other"} <= {row[0] for row in table(read, "bins_table", fact="shop")}


# -- groups of people ------------------------------------------------------------------------------------


@BOTH
def test_groups_are_told_of_soberly(lang: Language) -> None:
    content = page(WOE, FIGURES, lang)
    assert text("cardreport.fair_sober", lang) in content
    told = {each["group"]: each for each in FIGURES["fairness"]["columns"]["sex"]}
    rows = {row[0]: row for row in table(Reader(content), "approvals_table", lang, name="sex")}
    assert list(rows) == ["f", "m", text("cardreport.no_answer", lang)]
    assert rows["m"][3] == text("cardreport.most_favoured", lang)
    assert rows["f"][3].startswith(f"{told['f']['ratio']:.2f}")
    mark = "under" if told["f"]["below_four_fifths"] else "met"
    assert rows["f"][4] == text(f"cardreport.fifths_{mark}", lang)
    rare = {row[0]: row for row in table(Reader(content), "approvals_table", lang, name="faith")}["rare"]
    assert rare[1:] == ["20", "–", "–", text("cardreport.too_few", lang)]
    proxy = table(Reader(content), "proxies_table", lang)
    assert [row[:2] for row in proxy] == [["shop", "sex"]]
    assert re.search(r"f[:：] ?−[0-9.]+", proxy[0][4])


def test_a_cut_off_says_whose_it_is_and_allowed_columns_are_named() -> None:
    own = FIGURES["fairness"]
    asked = fairness(WOE_FOUND.scores[0], WOE_FOUND.probabilities[0], BAD, GROUPS, cutoff=480)
    assert "No limit was given" in by_group(own, lambda fact, _: fact, "en").says[1]
    given = by_group(asked, lambda fact, _: fact, "en", ["age"])
    assert "480 points or more, the limit asked for" in given.says[1]
    assert "uses age, for the reason" in given.says[0]
    assert given.proxies is None


def test_bands_and_calibration_are_said_in_words() -> None:
    scores = np.repeat([400, 500], 200)
    bad = np.array(([True] + [False] * 3) * 100)
    ages: list[str | None] = [*["< 25"] * 100, *["25 .. < 35"] * 100, *[">= 35"] * 100, *["..."] * 100]
    chance = np.repeat([0.6, 0.25, 0.05, 0.25], 100)
    told = by_group(fairness(scores, chance, bad, {"age": ages}, cutoff=450), lambda fact, _: fact, "en")
    (_, (_, _, calibrated)), *_ = told.columns
    assert [(row[0], row[4]) for row in calibrated.rows] == [
        ("under 25", "fewer went bad than expected"), ("25 to under 35", "within bounds"),
        ("35 or more", "more went bad than expected"), ("any other", "within bounds"),
    ]  # fmt: skip


# -- the page itself -------------------------------------------------------------------------------------


@BOTH
def test_the_page_is_whole_and_fetches_nothing(lang: Language) -> None:
    for content in (whole(lang), compared_page(COMPARED, lang)):
        read = Reader(content)
        assert (read.wrong, read.open) == ([], [])
        tags = [tag for tag, _ in read.elements]
        assert {tags.count(tag) for tag in ("main", "h1", "header", "footer")} == {1}
        assert all(address.startswith("#") for address in [*read.values("href"), *read.values("src")])
        ids = read.values("id")
        assert len(set(ids)) == len(ids)
        assert {address[1:] for address in read.values("href")} <= set(ids)
        levels = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
        assert all(after <= before + 1 for before, after in pairwise(levels))
        assert tags.count("caption") == tags.count("table")
        regions = [given["aria-label"] for _, given in read.elements if given.get("role") == "region"]
        assert len(set(regions)) == len(regions)


def test_texts_come_through_as_texts() -> None:
    content = whole("en")
    assert EVIL not in content
    assert "&lt;/script&gt;&lt;b onclick=" in content


def test_charts_can_be_read_by_the_library() -> None:
    found = re.findall(r'<script type="application/json" id="([a-z0-9-]+)-data">(.*?)</script>', whole("en"), re.DOTALL)
    assert [name for name, _ in found] == ["roc", "scores", "gains", "reliability-0", "weights", "drift"]
    assert all(json.loads(option)["series"] for _, option in found)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no browser is installed")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Addresses of pages, by language and kind."""
    folder = tmp_path_factory.mktemp("pages")
    pages = {f"{lang}-card": whole(lang) for lang in LANGUAGES} | {
        f"{lang}-compared": compared_page(COMPARED, lang) for lang in LANGUAGES
    }
    for name, content in pages.items():
        Path(folder, f"{name}.html").write_text(content, "utf-8")
    return {name: Path(folder, f"{name}.html").as_uri() for name in pages}


PAGES = pytest.mark.parametrize("name", [f"{lang}-{kind}" for lang in LANGUAGES for kind in ("card", "compared")])


@PAGES
def test_without_scripts_on_a_phone_or_a_desk_nothing_is_cut_off(
    name: str, browser: Any, written: Mapping[str, str]
) -> None:
    for width in (390, 1280):
        context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=False)
        opened = context.new_page()
        opened.goto(written[name])
        for place in range(opened.locator("summary").count()):
            opened.locator("summary").nth(place).click()
        assert opened.locator("details:not([open])").count() == 0
        # Only tables scroll sideways, within their frames.
        assert opened.evaluate("document.documentElement.scrollWidth") == width
        texts = "[...document.querySelectorAll('dd, dt, h1, h2, h3, p, li, summary')]"
        cut = f"{texts}.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.innerText)"
        assert opened.evaluate(cut) == []
        assert opened.locator("figure svg").count() == 0
        assert opened.locator("table").first.is_visible()
        context.close()


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core was not brought in: run make setup where npm is installed")
@PAGES
def test_nobody_is_kept_from_reading_it(name: str, browser: Any, written: Mapping[str, str]) -> None:
    for width in (390, 1280):
        opened = browser.new_page(viewport={"width": width, "height": 900})
        faults: list[str] = []
        opened.on("pageerror", lambda error, faults=faults: faults.append(str(error)))
        opened.goto(written[name])
        opened.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        charts_there, drawn = opened.locator("[data-chart]").count(), opened.locator("[data-chart] svg").count()
        assert drawn in (0, charts_there)  # 0 where the chart library was not brought in
        assert opened.evaluate("document.documentElement.scrollWidth") == width
        assert barriers(opened) == []
        assert faults == []
        opened.close()


def test_a_fact_is_opened_by_the_keyboard_alone(browser: Any, written: Mapping[str, str]) -> None:
    opened = browser.new_page(viewport={"width": 390, "height": 900})
    opened.goto(written["en-card"])
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.className") == "skip"
    for _ in range(200):
        opened.keyboard.press("Tab")
        if opened.evaluate("document.activeElement.closest('details.term') !== null"):
            break
    table_of = opened.locator("details.term").first.locator("table")
    assert not table_of.is_visible()
    assert opened.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    opened.keyboard.press("Enter")
    assert table_of.is_visible()
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.getAttribute('role')") == "region"
    opened.close()
