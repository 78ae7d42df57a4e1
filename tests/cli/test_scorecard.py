"""``creditline scorecard``: trained on tables typed here, with everything that can be wrong with one."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner, Result

from creditline.cli import STATUS_REFUSED, app, main
from creditline.errors import CreditlineError
from creditline.i18n import LANGUAGES, text

ROWS = 400
Cells = dict[str, list[object]]
Given = Callable[..., Path]


def cells(rows: int = ROWS, seed: int = 3) -> Cells:
    """Applicants: two numbers and a text that tell something of the outcome, and one that tells nothing."""
    chance = np.random.default_rng(seed)
    used = chance.uniform(0, 1, rows).round(3)
    late = chance.poisson(0.7, rows)
    home = chance.choice(["own", "rent", "with parents"], rows)
    odds = 3 * used + 0.9 * late + 0.8 * (home == "rent") - 3.2
    bad = chance.random(rows) < 1 / (1 + np.exp(-odds))
    return {
        "used": used.tolist(),
        "late": late.tolist(),
        "home": home.tolist(),
        "noise": chance.integers(0, 50, rows).tolist(),
        "outcome": ["bad" if each else "good" for each in bad],
    }


@pytest.fixture
def given(tmp_path: Path) -> Given:
    """Write a table with columns put in or replaced."""

    def written(name: str = "t.csv", content: Cells | None = None, **more: list[object]) -> Path:
        columns = (content or cells()) | more
        rows = zip(*columns.values(), strict=True)
        path = tmp_path / name
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([list(columns), *rows])
        return path

    return written


def typed(data: Path, *words: str, kind: str = "woe") -> Result:
    command = ["scorecard", "train", "--data", str(data), "--kind", kind, "--folds", "3", "--seed", "5", "--json"]
    if "--target" not in words:
        command += ["--target", "outcome", "--bad", "bad"]
    return CliRunner().invoke(app, [*command, *words])


def trained(data: Path, *words: str, kind: str = "woe") -> dict[str, Any]:
    result = typed(data, *words, kind=kind)
    assert result.exit_code == 0, result.output + str(result.exception)
    return json.loads(result.stdout)  # type: ignore[no-any-return]


def refusal(data: Path, *words: str) -> str:
    result = typed(data, *words)
    assert isinstance(result.exception, CreditlineError), result.output
    assert result.stdout == ""
    return str(result.exception)


@pytest.mark.parametrize("kind", ["woe", "ebm"])
def test_training_prints_one_object_with_the_figures_out_of_fold(given: Given, kind: str) -> None:
    path = given()
    got = trained(path, "--repeats", "2", kind=kind)
    assert {
        "auc", "ks", "gini", "brier", "rows", "bad", "folds", "repeats", "auc_sd", "kind", "features", "seed",
        "auc_unrounded", "seconds", "dropped",
    } <= got.keys()  # fmt: skip
    assert (got["rows"], got["bad"]) == (ROWS, cells()["outcome"].count("bad"))
    assert (got["folds"], got["repeats"], got["seed"], got["kind"], got["features"]) == (3, 2, 5, kind, "raw")
    assert 0.65 < got["auc"] < 0.95
    assert got["auc_low"] < got["auc"] < got["auc_high"]
    assert got["gini"] == pytest.approx(2 * got["auc"] - 1)
    assert got["ks"] <= 1
    share = got["bad"] / ROWS
    assert got["brier"] < share * (1 - share), "worse than the mean"
    assert abs(got["auc"] - got["auc_unrounded"]) < 0.01
    assert got["data_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_same_seed_gives_the_same_figures_and_card_and_another_other_folds(given: Given, tmp_path: Path) -> None:
    path = given()
    first, second = (trained(path, "--out", str(tmp_path / name)) for name in ("a.yaml", "b.yaml"))
    for figures in (first, second):
        del figures["seconds"], figures["card"]
    assert first == second
    assert (tmp_path / "a.yaml").read_bytes() == (tmp_path / "b.yaml").read_bytes()
    assert trained(path, "--seed", "6")["auc"] != first["auc"]


def test_a_score_that_tells_nothing_is_said_to_tell_nothing(given: Given) -> None:
    chance = np.random.default_rng(11)
    content: Cells = {name: chance.integers(0, 30, 600).tolist() for name in "abc"}
    got = trained(given(content=content | {"outcome": chance.choice(["good", "bad"], 600).tolist()}))
    assert 0.4 < got["auc"] < 0.6, "an honest figure out of fold"


def test_the_file_may_be_packed_and_its_target_a_number(given: Given, tmp_path: Path) -> None:
    path = given(outcome=[1 if each == "bad" else 0 for each in cells()["outcome"]])
    (tmp_path / "p.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    plain, packed = (trained(each, "--target", "outcome", "--bad", "1.0") for each in (path, tmp_path / "p.csv.gz"))
    assert packed["auc"] == plain["auc"]


def test_a_sensitive_column_is_refused_by_name_with_the_way_out(given: Given) -> None:
    path = given(sex=[1, 2] * 200, age=list(range(20, 60)) * 10)
    said = refusal(path)
    assert "sex (sex), age (age)" in said
    assert "--drop sex,age" in said
    assert "--allow age=REASON" in said
    assert trained(path, "--drop", "sex,age")["dropped"] == dict.fromkeys(("sex", "age"), "named with --drop")
    got = trained(path, "--drop", "sex", "--allow", "age=the law of the place lets it")
    assert got["allowed"] == {"age": "the law of the place lets it"}
    assert "no reason allows" in refusal(path, "--drop", "age", "--allow", "sex=it helps")


def test_a_sensitive_column_is_found_by_what_it_holds(given: Given) -> None:
    assert "x7 (sex)" in refusal(given(x7=["m", "f"] * 200))


@pytest.mark.parametrize(
    "leak",
    [
        lambda bad: [int(each) for each in bad],
        lambda bad: ["written off" if each else "running" for each in bad],
        lambda bad: [1000 + n if each else n for n, each in enumerate(bad)],
        lambda bad: [n if each else "" for n, each in enumerate(bad)],
    ],
    ids=["equal", "words", "limit", "only for bad"],
)
def test_a_column_that_tells_the_outcome_is_refused_by_name(
    given: Given, leak: Callable[[list[bool]], list[object]]
) -> None:
    path = given(recovered=leak([each == "bad" for each in cells()["outcome"]]))
    said = refusal(path)
    assert "column recovered" in said
    assert "is a leak" in said
    assert "--drop recovered" in said
    assert trained(path, "--drop", "recovered")["auc"] < 0.95


def test_a_column_that_nearly_tells_it_is_pointed_out(given: Given) -> None:
    near = [(100 if each == "bad" else 0) + n % 50 for n, each in enumerate(cells()["outcome"])]
    near[cells()["outcome"].index("bad")] = -1
    result = typed(given(near=near))
    assert list(json.loads(result.stdout)["suspects"]) == ["near"]
    assert "Look at near" in result.stderr


def test_columns_that_can_tell_nothing_are_left_out_and_told(given: Given) -> None:
    result = typed(given(empty=[""] * ROWS, same=["x"] * ROWS, id=list(range(ROWS))))
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["dropped"] == {
        "empty": "is empty",
        "same": "says the same in every row",
        "id": "names the rows",
    }
    assert result.stderr.count("Left out:") == 3


def test_nothing_left_to_train_on_is_refused(given: Given) -> None:
    assert "leave at least one column" in refusal(given(), "--drop", "used,late,home,noise")


def test_one_outcome_an_unseen_value_and_an_unknown_column_are_refused(given: Given) -> None:
    assert "bring rows of both kinds" in refusal(given(outcome=["bad"] * ROWS))
    path = given()
    assert "values seen: 'good', 'bad'" in refusal(path, "--target", "outcome", "--bad", "default")
    assert "did you mean 'outcome'?" in refusal(path, "--target", "outcom", "--bad", "bad")
    assert "did you mean 'noise'?" in refusal(path, "--drop", "nois")
    assert "is the target" in refusal(path, "--drop", "outcome")


def test_infinities_are_refused_with_their_line_unless_the_column_is_dropped(given: Given) -> None:
    odd: list[object] = list(range(ROWS))
    odd[6] = "inf"
    path = given(odd=odd)
    assert "t.csv:8, odd" in refusal(path)
    assert trained(path, "--drop", "odd")["rows"] == ROWS


def test_ragged_rows_are_kept_out_and_their_places_told(given: Given) -> None:
    path = given()
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:10], "1,2", *lines[10:], ""]))
    result = typed(path)
    got = json.loads(result.stdout)
    assert got["rows"] == ROWS
    assert got["rows_aside"] == [{"place": "t.csv:11", "why": "2 cells under 5 names"}]
    assert "t.csv:11: 2 cells under 5 names" in result.stderr


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [("t.csv", b"", "is an empty file"), ("t.xlsx", b"x", "no known suffix"), ("t.parquet", b"x", "no sound Parquet")],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert said in refusal(tmp_path / name)
    assert "is no file" in refusal(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--kind", "forest"], "choose woe or ebm"),
        (["--features", "all"], "choose raw or panel"),
        (["--folds", "1"], "give 2 to"),
        (["--folds", "4000"], "give 2 to"),
        (["--repeats", "0"], "give 1 or more"),
        (["--seed", "-1"], "give a whole number"),
        (["--allow", "age"], "write it like --allow NAME=..."),
        (["--monotone", "used=sideways"], "choose up or down"),
        (["--monotone", "home=up"], "is text"),
        (["--monotone", "usd=up"], "did you mean 'used'?"),
        (["--out", "no/such/folder/card.yaml"], "make the folder first"),
    ],
)
def test_an_option_that_cannot_be_taken_says_what_can(given: Given, words: list[str], said: str) -> None:
    assert said in refusal(given(), *words)


def test_a_special_code_gets_points_of_its_own(given: Given, tmp_path: Path) -> None:
    bad = [each == "bad" for each in cells()["outcome"]]
    score = [-999 if each and n % 2 else n % 40 for n, each in enumerate(bad)]
    path = given(score=score)
    trained(path, "--special", "-999", "--out", str(tmp_path / "card.json"))
    fact = json.loads((tmp_path / "card.json").read_text())["facts"]["score"]
    assert [each["value"] for each in fact["special"]] == [-999]
    assert fact["special"][0]["points"] < min(each["points"] for each in fact["bins"])


@pytest.mark.parametrize("kind", ["woe", "ebm"])
def test_a_special_word_gets_points_of_its_own_from_training_to_scoring(
    given: Given, tmp_path: Path, kind: str
) -> None:
    bad = [each == "bad" for each in cells()["outcome"]]
    score = ["refused" if each and n % 2 else n % 40 for n, each in enumerate(bad)]
    path, card = given(score=score), tmp_path / "card.yaml"
    trained(path, "--special", "refused", "--out", str(card), kind=kind)
    said = yaml.safe_load(card.read_text())
    (special,) = said["facts"]["score"]["special"]
    assert special["value"] == "refused"
    assert special["points"] < min(each["points"] for each in said["facts"]["score"]["bins"])
    assert said["source"]["special"] == ["refused"]
    shown = CliRunner().invoke(app, ["scorecard", "show", str(card)]).stdout
    assert "= refused" in shown
    scored = CliRunner().invoke(app, ["scorecard", "score", str(card), str(path)])
    assert scored.exit_code == 0, scored.exception
    points = [int(row["score"]) for row in csv.DictReader(io.StringIO(scored.stdout))]
    worst = sorted(range(ROWS), key=points.__getitem__)[:20]
    assert all(score[row] == "refused" for row in worst)


def test_a_panel_may_count_its_months_upwards(given: Given, tmp_path: Path) -> None:
    """The same borrowers with months numbered the other way round get the same figures and the same scores."""
    chance = np.random.default_rng(2)
    late = chance.integers(0, 4, (300, 4))
    outcome = ["bad" if each else "good" for each in chance.random(300) < 0.1 + 0.2 * late[:, 0]]
    down: Cells = {f"pay_{n + 1}": late[:, n].tolist() for n in range(4)} | {"outcome": outcome}
    up: Cells = {f"pay_{4 - n}": late[:, n].tolist() for n in reversed(range(4))} | {"outcome": outcome}
    scores = []
    for name, content, latest in (("down", down, "lowest"), ("up", up, "highest")):
        path, card = given(f"{name}.csv", content), tmp_path / f"{name}.yaml"
        trained(path, "--features", "panel", "--latest", latest, "--out", str(card))
        source = yaml.safe_load(card.read_text())["source"]
        assert source["latest"] == latest
        assert source["series"][0]["columns"][0] == ("pay_1" if latest == "lowest" else "pay_4")
        result = CliRunner().invoke(app, ["scorecard", "score", str(card), str(path)])
        scores.append([(row["score"]) for row in csv.DictReader(io.StringIO(result.stdout))])
    assert len(set(scores[0])) > 3
    assert scores[0] == scores[1]
    assert "choose lowest or highest" in refusal(path, "--latest", "newest")


def test_a_declared_direction_is_kept(given: Given, tmp_path: Path) -> None:
    path = given()
    trained(path, "--monotone", "used=down", "--monotone", "noise=up", "--out", str(tmp_path / "c.json"), kind="ebm")
    facts = json.loads((tmp_path / "c.json").read_text())["facts"]
    points = [each["points"] for each in facts["used"]["bins"]]
    assert points == sorted(points, reverse=True)


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A card and the table it was trained on."""
    folder = tmp_path_factory.mktemp("card")
    columns = cells()
    with (folder / "t.csv").open("w", newline="") as file:
        csv.writer(file).writerows([list(columns), *zip(*columns.values(), strict=True)])
    trained(folder / "t.csv", "--out", str(folder / "card.yaml"))
    return folder / "card.yaml", folder / "t.csv"


def scored(card: Path, data: Path) -> Result:
    return CliRunner().invoke(app, ["scorecard", "score", str(card), str(data)])


def test_every_row_is_scored_with_reasons_that_cost_points(card: tuple[Path, Path]) -> None:
    result = scored(*card)
    assert result.exit_code == 0, result.output
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert len(rows) == ROWS
    assert rows[0]["place"] == "t.csv:2"
    for row in rows:
        costs = [int(row[f"cost_{n}"]) for n in range(1, 5) if row[f"cost_{n}"]]
        assert costs == sorted(costs, reverse=True)
        assert all(each > 0 for each in costs)
    by_points = sorted(rows, key=lambda row: int(row["score"]))
    chances = [float(row["probability_of_bad"]) for row in by_points]
    assert chances == sorted(chances, reverse=True)
    bad = np.array([each == "bad" for each in cells()["outcome"]])
    assert np.mean([float(row["probability_of_bad"]) for row in rows]) == pytest.approx(bad.mean(), abs=0.05)


def test_one_row_alone_scores_as_it_does_among_others_whatever_else_its_file_holds(
    card: tuple[Path, Path], tmp_path: Path
) -> None:
    whole = list(csv.DictReader(io.StringIO(scored(*card).stdout)))
    columns = cells()
    for row in (0, 7, 100):
        # Columns in another order, one more, the outcome not known yet.
        names = ["extra", "noise", "home", "late", "used"]
        values = ["anything", *(str(columns[name][row]) for name in names[1:])]
        (tmp_path / "one.csv").write_text(",".join(names) + "\n" + ",".join(values) + "\n")
        alone = next(csv.DictReader(io.StringIO(scored(card[0], tmp_path / "one.csv").stdout)))
        assert {**alone, "place": ""} == {**whole[row], "place": ""}


def test_an_unseen_choice_and_a_missing_value_have_their_own_points(card: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "n.csv").write_text("used,late,home,noise\n0.5,0,a boat,3\n,0,own,3\n")
    result = scored(card[0], tmp_path / "n.csv")
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("late,home,noise\n0,own,3\n", "used"),
        ("used,late,home,noise\nmuch,0,own,3\n", "n.csv:2, used: 'much' is a word among numbers"),
        ("used,late,home,noise\n1e999,0,own,3\n", "is infinite"),
    ],
)
def test_rows_that_cannot_be_scored_are_refused(
    card: tuple[Path, Path], tmp_path: Path, content: str, said: str
) -> None:
    (tmp_path / "n.csv").write_text(content)
    result = scored(card[0], tmp_path / "n.csv")
    assert isinstance(result.exception, CreditlineError)
    assert said in str(result.exception)
    assert result.stdout == ""


def test_ragged_rows_are_not_scored_and_the_status_says_so(card: tuple[Path, Path], tmp_path: Path) -> None:
    sound = "0.5,0,own,3\n" * 20
    (tmp_path / "n.csv").write_text(f"used,late,home,noise\n{sound}0.5,0,own\n")
    result = scored(card[0], tmp_path / "n.csv")
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 21
    assert "n.csv:22" in result.stderr


def test_scores_may_go_to_a_file(card: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    result = CliRunner().invoke(app, ["scorecard", "score", *map(str, card), "--out", str(out)])
    assert result.exit_code == 0
    assert result.stdout == ""
    assert out.read_text() == scored(*card).stdout


def test_a_card_changed_by_hand_is_refused(card: tuple[Path, Path], tmp_path: Path) -> None:
    content = card[0].read_text()
    base = next(line for line in content.splitlines() if line.startswith("base: "))
    (tmp_path / "c.yaml").write_text(content.replace(base, "base: 1000"))
    result = scored(tmp_path / "c.yaml", card[1])
    assert isinstance(result.exception, CreditlineError)
    assert "hash" in str(result.exception)


def test_show_has_every_fact_with_its_points(card: tuple[Path, Path]) -> None:
    result = CliRunner().invoke(app, ["scorecard", "show", str(card[0])])
    assert result.exit_code == 0, result.output
    content = json.loads(CliRunner().invoke(app, ["scorecard", "show", str(card[0]), "--json"]).stdout)
    assert content["training"]["out_of_fold"]["folds"] == 3
    for name, fact in content["facts"].items():
        assert name in result.stdout
        for each in fact.get("bins") or fact["choices"]:
            assert f"{each['points']:+}" in result.stdout


def test_without_json_the_figures_are_a_table(given: Given) -> None:
    words = ["--data", str(given()), "--target", "outcome", "--bad", "bad", "--kind", "woe", "--folds", "2"]
    result = CliRunner().invoke(app, ["scorecard", "train", *words])
    assert result.exit_code == 0, result.output
    assert all(text(f"scorecard.figure_{name}", "en") in result.stdout for name in ("auc", "ks", "gini", "brier"))


def test_every_reason_for_leaving_out_has_its_words() -> None:
    from creditline.cli.scorecard.train import why_left_out

    for lang in LANGUAGES:
        told = {why_left_out(why, lang) for why in ("is empty", "says the same in every row", "names the rows")}
        assert len(told) == 3


def test_on_the_command_line_a_refusal_is_one_message_and_status_2(
    given: Given, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--data", str(given(sex=[1, 2] * 200)), "--target", "outcome", "--bad", "bad", "--kind", "woe"]
    monkeypatch.setattr(sys, "argv", ["creditline", "scorecard", "train", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == STATUS_REFUSED
    assert "sex (sex)" in capsys.readouterr().err
