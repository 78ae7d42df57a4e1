"""``creditline scorecard report``: a page from a card's file, and the page other commands write with their figures."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from creditline.cli import app
from creditline.cli.scorecard.report import check_report, write_report
from creditline.errors import CreditlineError
from creditline.i18n import LANGUAGES, Language, text
from creditline.scoring.card import CardError, read_card


def table(path: Path, seed: int = 3, rows: int = 400) -> Path:
    """Applicants of a made-up lender in a CSV file, their sex beside what tells of the risk."""
    chance = np.random.default_rng(seed)
    used, late = chance.random(rows).round(3), chance.poisson(0.7, rows)
    bad = chance.random(rows) < 1 / (1 + np.exp(3.2 - 3 * used - 0.9 * late))
    sex = chance.choice(["f", "m"], rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        told = csv.writer(file)
        told.writerow(["used", "late", "sex", "outcome"])
        told.writerows(zip(used, late, sex, ["bad" if each else "good" for each in bad], strict=True))
    return path


def typed(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["scorecard", *map(str, words)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data, a card and the figures its training printed."""
    folder = tmp_path_factory.mktemp("cards")
    data = table(folder / "t.csv")
    made = typed(
        "train", "--data", data, "--target", "outcome", "--bad", "bad", "--kind", "woe", "--folds", "3",
        "--drop", "sex", "--out", folder / "card.yaml", "--json",
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    (folder / "figures.json").write_text(made.stdout)
    return folder


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_page_is_made_of_the_card_s_file_alone(folder: Path, lang: Language, tmp_path: Path) -> None:
    out = tmp_path / "card.html"
    result = typed("report", folder / "card.yaml", "--out", out, "--lang", lang)
    assert result.exit_code == 0, result.output
    assert str(out) in result.stdout.replace("\n", "")
    content = out.read_text("utf-8")
    card = read_card(folder / "card.yaml")
    auc = json.loads((folder / "figures.json").read_text())["auc"]
    for said in (card.hash, card.training["data_sha256"], f"<dd>{auc:.3f}", text("cardreport.points_title", lang)):
        assert said in content
    assert text("common.simulated", lang) not in content


def test_the_same_card_gives_the_same_page(folder: Path, tmp_path: Path) -> None:
    pages = []
    for name in ("a.html", "b.html"):
        typed("report", folder / "card.yaml", "--out", tmp_path / name, "--lang", "zh")
        pages.append((tmp_path / name).read_bytes())
    assert pages[0] == pages[1]


def test_columns_are_called_as_a_file_of_words_says(folder: Path, tmp_path: Path) -> None:
    words = tmp_path / "words.yaml"
    words.write_text("used: {zh: 额度使用率, en: Share of the limit used}\n", "utf-8")
    out = tmp_path / "card.html"
    result = typed("report", folder / "card.yaml", "--out", out, "--lang", "zh", "--words", words)
    assert result.exit_code == 0, result.output
    assert "额度使用率" in out.read_text("utf-8")


def test_without_a_place_or_a_language_nothing_is_written(folder: Path, tmp_path: Path) -> None:
    for words, told in (
        (("--out", tmp_path / "none" / "x.html"), r"--out: .* is in no folder; make the folder first"),
        (("--out", tmp_path / "x.txt"), r"--out: .* is no page; name a file that ends in \.html"),
        (("--out", tmp_path / "x.html", "--lang", "fr"), r"--lang: 'fr'"),
    ):
        result = typed("report", folder / "card.yaml", *words)
        assert isinstance(result.exception, CreditlineError), result.output
        assert result.exception.place in told
        with pytest.raises(CreditlineError, match=told):
            raise result.exception
    assert list(tmp_path.iterdir()) == []
    check_report("--report", None)


def test_a_card_changed_by_hand_gets_no_page(folder: Path, tmp_path: Path) -> None:
    card = tmp_path / "card.yaml"
    content = (folder / "card.yaml").read_text("utf-8")
    card.write_text(content.replace("base: 600", "base: 601", 1), "utf-8")
    assert card.read_text("utf-8") != content
    result = typed("report", card, "--out", tmp_path / "x.html")
    assert isinstance(result.exception, CardError)
    assert not (tmp_path / "x.html").exists()


def test_figures_of_a_training_a_check_and_a_comparison_each_make_a_page(folder: Path, tmp_path: Path) -> None:
    card = read_card(folder / "card.yaml")
    later = table(tmp_path / "later.csv", seed=8)
    about = ("--data", later, "--target", "outcome", "--bad", "bad", "--json")
    checked = typed("validate", folder / "card.yaml", *about)
    assert checked.exit_code == 0, checked.output
    models = typed("compare", *about, "--drop", "sex", "--kinds", "woe,logistic", "--folds", "3")
    assert models.exit_code == 0, models.output
    out = tmp_path / "x.html"
    pages = {}
    for name, figures, of in (
        ("train", json.loads((folder / "figures.json").read_text()), card),
        ("validate", json.loads(checked.stdout), card),
        ("compare", json.loads(models.stdout), None),
        ("beside", json.loads(models.stdout), card),
    ):
        write_report(out, figures, of, lang="en")
        pages[name] = out.read_text("utf-8")
    assert "<dd>t.csv</dd>" in pages["train"]
    assert text("cardreport.say_not_same", "en") in pages["validate"]
    assert text("cardreport.roc_title", "en") in pages["validate"]
    assert text("cardreport.kind_logistic", "en") in pages["compare"]
    assert card.hash not in pages["compare"]
    assert text("cardreport.kind_logistic", "en") in pages["beside"]
    assert card.hash in pages["beside"]


def test_help_answers_without_the_libraries_of_the_page() -> None:
    code = (
        "import sys; from creditline.cli.scorecard import report;"
        "sys.exit(any(name in sys.modules for name in ('jinja2', 'creditline.reports.scorecard')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
