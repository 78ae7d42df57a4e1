"""``creditline scorecard validate`` and ``compare``: cards held against rows they never saw, and one another."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from creditline.cli import app
from creditline.clock import parse_moment
from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.events.kinds import ArrearsChanged, DrawBooked, InstalmentSettled, LineOpened
from creditline.scoring.card import Calibration, read_card, write_card
from creditline.scoring.selecting import Condition
from creditline.scoring.table import read_table
from creditline.store import Home

GERMAN = Path(__file__).parents[3] / "shared" / "data" / "german" / "german_credit.csv.gz"
SENSITIVE = "personal_status_and_sex,age_in_years,foreign_worker"
ROWS = 600
Write = Callable[..., Path]


def cells(rows: int = ROWS, seed: int = 3, harder: float = 0.0) -> dict[str, list[Any]]:
    """Applicants over a year; where times are ``harder`` more go bad and more is used."""
    chance = np.random.default_rng(seed)
    used = (chance.random(rows) ** (1 / (1 + harder))).round(3)
    late = chance.poisson(0.7, rows)
    home = chance.choice(["own", "rent", "with parents"], rows)
    bad = chance.random(rows) < 1 / (1 + np.exp(3.2 - harder - 3 * used - 0.9 * late - 0.8 * (home == "rent")))
    return {
        "used": used.tolist(),
        "late": late.tolist(),
        "home": home.tolist(),
        "month": [f"2025-{1 + n * 12 // rows:02}" for n in range(rows)],
        "part": ["test" if n % 3 == 0 else "train" for n in range(rows)],
        "outcome": ["bad" if each else "good" for each in bad],
    }


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a table of applicants."""

    def written(name: str, content: dict[str, list[Any]] | None = None, **more: Any) -> Path:
        columns = cells(**more) if content is None else content
        path = tmp_path / name
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([list(columns), *zip(*columns.values(), strict=True)])
        return path

    return written


@pytest.fixture
def card(write: Write, tmp_path: Path) -> Path:
    """A card trained on a table, with the counts of its rows."""
    return trained(write("seen.csv"), tmp_path / "card.yaml")


def trained(data: Path, out: Path, *words: str) -> Path:
    named = ["--target", "outcome", "--bad", "bad", "--drop", "month,part"]
    command = ["scorecard", "train", "--data", str(data), *named, "--kind", "woe", "--folds", "3", *words]
    result = CliRunner().invoke(app, [*command, "--out", str(out), "--json"])
    assert result.exit_code == 0, result.output + str(result.exception)
    return out


def vars_of(card: Any) -> dict[str, Any]:
    return {name: getattr(card, name) for name in ("kind", "base", "terms", "scaling", "calibration", "source")}


def typed(command: str, *words: str | Path) -> Result:
    return CliRunner().invoke(app, ["scorecard", command, *map(str, words), "--target", "outcome", "--bad", "bad"])


def told(command: str, *words: str | Path) -> dict[str, Any]:
    result = typed(command, *words, "--json")
    assert result.exit_code == 0, result.output + str(result.exception)
    return json.loads(result.stdout)  # type: ignore[no-any-return]


def refusal(command: str, *words: str | Path) -> str:
    result = typed(command, *words)
    assert isinstance(result.exception, CreditlineError), result.output
    assert result.stdout == ""
    return str(result.exception)


# --- validate -------------------------------------------------------------------------------------------------------


def test_a_card_is_held_against_later_rows_of_the_same_kind(card: Path, write: Write) -> None:
    later = write("later.csv", seed=4)
    got = told("validate", card, "--data", later)
    assert 0.65 < got["auc_low"] < got["auc"] < got["auc_high"] < 0.95
    assert got["calibration_slope_low"] < 1 < got["calibration_slope_high"]
    assert (got["rows"], got["kind"], got["card_hash"]) == (ROWS, "woe", read_card(card).hash)
    assert not got["trained_on_this_file"]
    assert got["drift"]["psi_level"] == "stable"
    assert set(got["drift"]["csi"]) == {"used", "late", "home"} & set(read_card(card).facts)
    assert got["trained"]["folds"] == 3
    assert {"reliability", "gains", "roc", "distribution"} <= got.keys()


def test_harder_times_show_in_drift_and_in_the_calibration(card: Path, write: Write) -> None:
    got = told("validate", card, "--data", write("harder.csv", seed=5, harder=1.5))
    assert got["drift"]["psi_level"] == "moved"
    assert got["drift"]["csi_level"]["used"] != "stable"
    assert got["drift"]["csi_level"]["home"] == "stable"
    assert got["calibration_in_the_large_low"] > 0, "more went bad than was foretold"


def test_rows_of_the_training_have_not_moved_and_are_said_to_be_those_of_the_training(
    card: Path, tmp_path: Path
) -> None:
    result = typed("validate", card, "--data", tmp_path / "seen.csv", "--json")
    got = json.loads(result.stdout)
    assert got["trained_on_this_file"]
    assert "trained on this file" in result.stderr
    assert got["drift"]["psi"] == 0
    assert set(got["drift"]["csi"].values()) == {0}


def test_only_the_rows_asked_for_are_judged(card: Path, write: Write) -> None:
    later = write("later.csv", seed=4)
    said = cells(seed=4)
    months = told("validate", card, "--data", later, "--where", "month>=2025-10")
    assert months["rows"] == sum(each >= "2025-10" for each in said["month"])
    parts = told("validate", card, "--data", later, "--split", "part=test", "--where", "late<2")
    assert parts["rows"] == sum(p == "test" and n < 2 for p, n in zip(said["part"], said["late"], strict=True))
    assert parts["where"] == ["part=test", "late<2"]
    alone = write("alone.csv", {name: [v for v, m in zip(each, said["month"], strict=True) if m >= "2025-10"]
                                for name, each in said.items()})  # fmt: skip
    assert told("validate", card, "--data", alone)["auc"] == months["auc"]


def test_rows_left_aside_need_no_outcome(card: Path, write: Write) -> None:
    """The latest months are not over yet."""
    said = cells(seed=4)
    open_ = said | {
        "outcome": ["" if m > "2025-11" else each for m, each in zip(said["month"], said["outcome"], strict=True)]
    }
    path = write("open.csv", open_)
    assert "without an outcome" in refusal("validate", card, "--data", path)
    assert told("validate", card, "--data", path, "--where", "month<=2025-11")["rows"] < ROWS


def test_conditions_that_compare_nothing_or_hold_nowhere_are_refused(card: Path, write: Write) -> None:
    later = ("--data", write("later.csv", seed=4))
    assert "write it like" in refusal("validate", card, *later, "--where", "month")
    assert "did you mean 'month'?" in refusal("validate", card, *later, "--where", "mont>=2025-01")
    assert "holds for no row" in refusal("validate", card, *later, "--where", "month>2026")
    assert "compare it with a number" in refusal("validate", card, *later, "--where", "late>two")


@pytest.mark.parametrize(
    ("written", "column", "sign", "value"),
    [
        ("a>=5", "a", ">=", "5"),
        ("a b != x=y", "a b", "!=", "x=y"),
        ("a<5", "a", "<", "5"),
        (" a = z ", "a", "=", "z"),
    ],
)
def test_a_condition_is_read_as_it_is_written(written: str, column: str, sign: str, value: str) -> None:
    assert Condition.of(written) == Condition(column, sign, value)


@pytest.mark.parametrize(
    ("condition", "kept"),
    [("late!=2", [0, 3]), ("late>=2", [1, 3]), ("late<2", [0]), ("month!=2025-01", [1, 2]), ("month<2025-03", [0, 1])],
)
def test_a_missing_cell_is_neither_more_nor_less_nor_other(write: Write, condition: str, kept: list[int]) -> None:
    table = read_table(write("t.csv", {"late": [1, 2, "", 3], "month": ["2025-01", "2025-02", "2025-03", ""]}))
    assert np.flatnonzero(Condition.of(condition).rows(table)).tolist() == kept


def test_columns_that_are_not_those_of_the_training_are_all_named(card: Path, write: Write) -> None:
    said = cells(seed=4)
    renamed = {("uses" if name == "used" else name): each for name, each in said.items() if name != "late"}
    problem = refusal("validate", card, "--data", write("other.csv", renamed))
    assert "'used, late' are 2 columns the card was trained on" in problem
    assert "did you mean 'uses'?" in problem
    assert "is a word among numbers" in refusal(
        "validate", card, "--data", write("text.csv", said | {"used": ["much"] * ROWS})
    )
    assert "is a fact the card scores" in str(
        CliRunner()
        .invoke(
            app, ["scorecard", "validate", str(card), "--data", str(write("l.csv")), "--target", "late", "--bad", "1"]
        )
        .exception
    )


def test_one_outcome_only_is_refused(card: Path, write: Write) -> None:
    problem = refusal("validate", card, "--data", write("good.csv", cells(seed=4) | {"outcome": ["bad"] * ROWS}))
    assert "bring rows of both kinds" in problem


def test_a_card_without_counts_is_judged_without_drift_and_says_so(card: Path, write: Write, tmp_path: Path) -> None:
    plain = read_card(card)
    training = {name: each for name, each in plain.training.items() if name != "profile"}
    write_card(type(plain)(**vars_of(plain), training=training), tmp_path / "old.yaml")
    result = typed("validate", tmp_path / "old.yaml", "--data", write("later.csv", seed=4), "--json")
    assert json.loads(result.stdout)["drift"] is None
    assert "drift cannot be told" in result.stderr


def test_a_card_is_recalibrated_without_moving_a_point(card: Path, write: Write, tmp_path: Path) -> None:
    """Its probabilities were too low for harder times, on rows of their own as well."""
    harder, again_, out = write("h.csv", seed=5, harder=1.5), write("h2.csv", seed=6, harder=1.5), tmp_path / "new.yaml"
    got = told("validate", card, "--data", harder, "--recalibrate", out)
    made, before = read_card(out), read_card(card)
    assert made.hash == got["recalibrated"]["card_hash"] != before.hash
    assert (made.base, made.terms) == (before.base, before.terms)
    assert made.calibration == Calibration(got["recalibrated"]["intercept"], got["recalibrated"]["slope"])
    assert made.training["recalibrated"]["card_hash"] == before.hash
    assert got["recalibrated"]["brier"] < got["brier"]
    assert got["recalibrated"]["calibration_slope"] == pytest.approx(1, abs=1e-3)
    assert got["recalibrated"]["calibration_in_the_large"] == pytest.approx(0, abs=1e-3)
    old, new = told("validate", card, "--data", again_), told("validate", out, "--data", again_)
    assert new["auc"] == old["auc"]
    assert new["log_loss"] < old["log_loss"]


def test_a_card_is_not_written_into_no_folder(card: Path, write: Write, tmp_path: Path) -> None:
    words = ("--data", write("l.csv"), "--recalibrate", tmp_path / "nowhere" / "c.yaml")
    assert "is in no folder" in refusal("validate", card, *words)


def test_the_tables_say_the_figures_and_the_drift_in_words(card: Path, write: Write) -> None:
    result = typed("validate", card, "--data", write("harder.csv", seed=5, harder=1.5))
    assert result.exit_code == 0, result.output
    for said in ("AUC", "Calibration slope", "Gains", "Reliability", "another population", "In training"):
        assert said in result.stdout
    assert "used" in result.stdout


def test_a_card_of_other_facts_than_a_tables_is_refused(card: Path, write: Write, tmp_path: Path) -> None:
    plain = read_card(card)
    write_card(type(plain)(**{**vars_of(plain), "source": {"kind": "elsewhere"}}), tmp_path / "home.yaml")
    assert "whose facts are made from a table" in refusal(
        "validate", tmp_path / "home.yaml", "--data", write("later.csv", seed=4)
    )


# --- compare --------------------------------------------------------------------------------------------------------


def test_all_kinds_are_compared_on_the_same_folds_by_default(write: Write) -> None:
    words = ("--data", write("t.csv"), "--drop", "month,part", "--folds", "3")
    got = told("compare", *words, "--kinds", "woe,lightgbm,logistic")
    assert [each["name"] for each in got["models"]] == ["woe", "lightgbm", "logistic"]
    assert got["best"] == "woe", "the best card, not the best of all"
    assert [each["name"] for each in got["differences"]] == ["lightgbm", "logistic"]
    areas = {each["name"]: each["auc"] for each in got["models"]}
    for each in got["differences"]:
        assert each["difference"] == pytest.approx(areas[each["name"]] - areas["woe"])
        assert each["low"] < each["difference"] < each["high"]
        assert 0 <= each["p"] <= 1
    for each in got["models"]:
        assert {"auc_low", "ks", "brier", "log_loss", "calibration_slope", "seconds", "roc"} <= each.keys()
        assert 0.6 < each["auc"] < 0.95
    plain = CliRunner().invoke(
        app, ["scorecard", "train", *map(str, words), "--target", "outcome", "--bad", "bad", "--kind", "woe", "--json"]
    )
    assert json.loads(plain.stdout)["auc"] == areas["woe"]


def test_a_comparison_comes_out_the_same_again(write: Write) -> None:
    words = ("--data", write("t.csv", rows=300), "--drop", "month,part", "--folds", "2", "--kinds", "woe,lightgbm")
    first, second = told("compare", *words), told("compare", *words)
    for got in (first, second):
        for each in got["models"]:
            del each["seconds"]
    assert first == second
    assert told("compare", *words, "--seed", "8")["models"][0]["auc"] != first["models"][0]["auc"]


def test_tuned_cards_are_compared_as_honestly(write: Write) -> None:
    got = told(
        "compare",
        "--data",
        write("t.csv", rows=300),
        "--drop",
        "month,part",
        "--folds",
        "2",
        "--kinds",
        "woe",
        "--tune",
    )
    assert got["tuned"]
    assert got["differences"] == []
    assert 0.6 < got["models"][0]["auc"] < 0.95


def test_cards_that_are_there_are_compared_on_other_rows_without_training(write: Write, tmp_path: Path) -> None:
    good = trained(write("a.csv"), tmp_path / "a.yaml")
    poor = trained(write("b.csv"), tmp_path / "b.yaml", "--drop", "late,home")
    later = write("later.csv", seed=9, rows=1_500)
    got = told("compare", "--data", later, "--card", good, "--card", poor)
    assert got["best"] == str(good)
    assert (got["folds"], got["rows"]) == (0, 1_500)
    assert got["differences"][0]["high"] < 0
    alone = told("validate", poor, "--data", later)
    assert got["models"][1]["auc"] == alone["auc"]
    assert got["models"][1]["auc_low"] == alone["auc_low"]
    part = told("compare", "--data", later, "--card", good, "--where", "part=test")
    assert part["rows"] == 500
    shown = typed("compare", "--data", later, "--card", good, "--card", poor)
    assert "worse" in shown.stdout
    assert "b.yaml" in shown.stdout


def test_options_that_would_be_passed_over_are_refused(card: Path, write: Write) -> None:
    later = ("--data", write("later.csv", seed=4))
    assert "nothing is trained" in refusal("compare", *later, "--card", card, "--kinds", "woe")
    assert "nothing is trained" in refusal("compare", *later, "--card", card, "--tune")
    assert "given with --card" in refusal("compare", *later, "--where", "part=test")
    assert "woe or ebm or lightgbm or logistic" in refusal("compare", *later, "--kinds", "woe,forest")
    assert "--kinds" in refusal("compare", *later, "--kinds", ",")


def test_what_is_needed_and_not_given_is_named(card: Path, write: Write) -> None:
    for words in (("--kinds", "woe"), ("--card", str(card))):
        result = CliRunner().invoke(
            app, ["scorecard", "compare", *words, "--data", str(write("l.csv")), "--bad", "bad"]
        )
        assert "--target" in str(result.exception)
        assert "is needed" in str(result.exception)


def test_both_write_a_page_in_the_language_asked_for(card: Path, write: Write, tmp_path: Path) -> None:
    words = ("--data", write("later.csv", seed=4, harder=1.5))
    told("validate", card, *words, "--report", tmp_path / "v.html", "--lang", "zh")
    told("compare", *words, "--card", card, "--report", tmp_path / "c.html", "--lang", "en")
    validated, compared = ((tmp_path / name).read_text("utf-8") for name in ("v.html", "c.html"))
    assert '<html lang="zh' in validated
    assert '<html lang="en' in compared
    assert "card.yaml" in compared
    assert "is no page" in refusal("validate", card, *words, "--report", tmp_path / "v.txt")
    assert "is in no folder" in refusal("compare", *words, "--card", card, "--report", tmp_path / "no" / "v.html")
    assert "--lang" in refusal("compare", *words, "--card", card, "--lang", "fr")


def test_the_comparison_is_shown_as_tables(write: Write) -> None:
    words = ("--data", write("t.csv", rows=300), "--drop", "month,part", "--folds", "2", "--kinds", "woe,logistic")
    result = typed("compare", *words)
    assert result.exit_code == 0, result.output
    for said in ("woe", "logistic", "the same 2 folds x 1 for all", "DeLong's paired test", "Verdict"):
        assert said in result.stdout


POLICY = """
policy: made-up
title: {zh: 虚构, en: Made up}
facts:
  late_90d: {count: instalment.settled, where: days_late > 3, window: 90d}
  drawn_90d: {sum: draw.booked.amount, window: 90d}
rules: []
incident: {code: T20, reason: {zh: 故障, en: fault}}
"""


def life(number: int) -> Iterator[Event]:
    """A year of one line: some settle late, and of those some fall behind."""
    chance = np.random.default_rng(number)
    careless = number % 10 < 4

    def told(day: int, body: Any, name: str) -> Event:
        at = parse_moment("2026-01-01T00:00:00+08:00") + day * 86_400_000_000 + number
        return Event(f"{name}-{day}", f"line-{number:03d}", at, at, body)

    yield told(0, LineOpened(1_000_000), "opened")
    for day in range(5, 360, 30):
        yield told(day, DrawBooked(int(chance.integers(1, 100)) * 1000), "draw")
        yield told(day + 1, InstalmentSettled(1000, 10 if careless and chance.random() < 0.5 else 0), "settled")
        if chance.random() < (0.12 if careless else 0.02):
            yield told(day + 2, ArrearsChanged(45, 1000), "behind")
            yield told(day + 7, ArrearsChanged(0, 0), "cured")


def test_models_are_compared_on_lines_of_a_home_which_stay_whole(tmp_path: Path) -> None:
    """Two moments of each line: both are in one fold, and the intervals know that they are alike."""
    with Home.open(tmp_path) as home:
        home.append([event for number in range(150) for event in life(number)])
    (tmp_path / "p.yaml").write_text(POLICY, encoding="utf-8")
    words = ["--home", str(tmp_path), "--policy", str(tmp_path / "p.yaml"), "--observe", "2026-04-15,2026-08-15"]
    words += ["--window", "110d", "--outcome", "30dpd", "--standing", "stated", "--folds", "3"]
    result = CliRunner().invoke(app, ["scorecard", "compare", *words, "--kinds", "woe,logistic", "--json"])
    assert result.exit_code == 0, result.output + str(result.exception)
    got = json.loads(result.stdout)
    assert 200 < got["rows"] <= 300
    areas = [each["auc"] for each in got["models"]]
    assert all(0.6 < area < 0.95 for area in areas)
    assert got["differences"][0]["difference"] == pytest.approx(areas[1] - areas[0])
    alone = CliRunner().invoke(app, ["scorecard", "train", *words, "--kind", "woe", "--json"])
    assert json.loads(alone.stdout)["auc"] == areas[0]
    assert json.loads(alone.stdout)["auc_low"] == got["models"][0]["auc_low"]


@pytest.mark.skipif(not GERMAN.is_file(), reason="German credit is not at hand; UCI Machine Learning Repository 144")
def test_on_german_credit_a_readable_card_is_not_told_apart_from_boosted_trees() -> None:
    words = ["--data", str(GERMAN), "--target", "creditability", "--bad", "bad", "--drop", SENSITIVE, "--folds", "3"]
    result = CliRunner().invoke(app, ["scorecard", "compare", *words, "--kinds", "woe,lightgbm,logistic", "--json"])
    got = json.loads(result.stdout)
    areas = {each["name"]: each["auc"] for each in got["models"]}
    assert areas["woe"] >= 0.765
    assert (got["rows"], got["bad"]) == (1_000, 300)
    (trees,) = (each for each in got["differences"] if each["name"] == "lightgbm")
    assert trees["low"] < 0 < trees["high"]
