"""Special words among numbers, from the file to the card and back: a code inside, the word wherever people read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from creditline.scoring.card import Axis, Card, CardError, Term, read_card, write_card
from creditline.scoring.features import FeatureError, Features, again, panel, raw
from creditline.scoring.table import Column, Table, TableError, as_given, code_of, read_table, specials

REFUSED = code_of("refused")
SAID = {"kind": "raw", "columns": {"x": "number", "y": "number"}, "special": [-999.0, "refused"]}
X, Y = (Axis(name, (1.0,), (-999.0, REFUSED)) for name in "xy")
CARD = Card("ebm", 500, (Term((X,), (1, 2, 3, 4, 5)), Term((X, Y), tuple(range(25)))), source=SAID)


def features(text: str, folder: Path, **more: Any) -> Features:
    path = folder / "t.csv"
    path.write_text(text, encoding="utf-8")
    return raw(read_table(path, **more))


def test_specials_are_told_apart_and_given_back_in_one_order() -> None:
    codes, words = specials(["refused", " -999 ", 7, "n/a"])
    assert words == {REFUSED: "refused", code_of("n/a"): "n/a"}
    assert codes == tuple(sorted([REFUSED, code_of("n/a"), -999.0, 7.0]))
    assert as_given(codes, words) == [-999.0, 7.0, "n/a", "refused"]
    assert specials(as_given(codes, words)) == (codes, words)


def test_a_code_hangs_on_the_word_alone() -> None:
    assert specials(["refused"])[0][0] in specials(["a", "refused", "z"])[0]


def test_features_carry_the_codes_and_their_source_the_words(tmp_path: Path) -> None:
    made = features("x,y\n1,2\nrefused,3\n", tmp_path, special=["refused", "-999"])
    assert made.special == (REFUSED, -999.0)
    assert made.source["special"] == [-999.0, "refused"]
    json.dumps(dict(made.source))


def test_other_rows_get_the_same_codes_from_the_source(tmp_path: Path) -> None:
    source = features("x,y\n1,2\nrefused,3\n", tmp_path, special=["refused"]).source
    (tmp_path / "later.csv").write_text("y,x\n3,refused\n", encoding="utf-8")
    later = again(read_table(tmp_path / "later.csv", special=source["special"], kinds=source["columns"]), source)
    assert later.columns["x"].numbers is not None
    assert later.columns["x"].numbers.tolist() == [REFUSED]
    assert (later.special, later.source) == ((REFUSED,), source)


def test_a_word_not_named_in_training_is_refused_at_scoring(tmp_path: Path) -> None:
    source = features("x,y\n1,2\nrefused,3\n", tmp_path, special=["refused"]).source
    (tmp_path / "later.csv").write_text("x,y\nlost,3\n", encoding="utf-8")
    with pytest.raises(TableError, match="'lost' is a word among numbers"):
        read_table(tmp_path / "later.csv", special=source["special"], kinds=source["columns"])


def test_text_in_training_stays_text_where_another_file_reads_it_as_numbers(tmp_path: Path) -> None:
    source = raw(Table({"b": Column("b", text=np.array(["1", "A", "refused"], np.object_))}, 3)).source
    (tmp_path / "later.csv").write_text("b,c\n1,0\nrefused,0\n", encoding="utf-8")
    scored = again(read_table(tmp_path / "later.csv", special=["refused"]), source).columns["b"]
    assert scored.codes is not None
    assert [scored.choices[code] for code in scored.codes] == ["1", "refused"]


def test_in_a_panel_a_special_word_is_missing_in_what_is_worked_out() -> None:
    months = {
        "bill_1": [REFUSED, 5.0],
        "bill_2": [600.0, 6.0],
        "bill_3": [400.0, 7.0],
    }
    columns = {name: Column(name, np.array(values)) for name, values in months.items()}
    made = panel(Table(columns, 2, special=(REFUSED,), words={REFUSED: "refused"}))
    mean, first = made.columns["bill_mean"].numbers, made.columns["bill_1"].numbers
    assert mean is not None
    assert first is not None
    assert (mean[0], first[0]) == (500, REFUSED)
    assert made.source["special"] == ["refused"]


@pytest.mark.parametrize(("latest", "step", "trend"), [("lowest", -2, -1), ("highest", 0, 1)])
def test_the_latest_month_of_a_panel_is_the_one_asked_for(latest: Any, step: float, trend: float) -> None:
    columns = {f"bill_{n + 1}": Column(f"bill_{n + 1}", np.array([value])) for n, value in enumerate([4.0, 6.0, 6.0])}
    table = Table(columns, 1)
    made = again(table, _source(table, latest))
    found = {name: made.columns[name].numbers for name in ("bill_step", "bill_trend")}
    assert [float(each[0]) for each in found.values() if each is not None] == [step, trend]
    assert made.source["latest"] == latest


def _source(table: Table, latest: Any) -> Any:
    two = {name: Column(name, np.array([*(each.numeric if each.numeric is not None else ()), 9.0 * n]))
           for n, (name, each) in enumerate(table.columns.items())}  # fmt: skip
    return panel(Table(two, 2), latest=latest).source


def test_a_card_of_before_month_order_was_written_down_reads_as_it_did() -> None:
    columns = {f"bill_{n}": Column(f"bill_{n}", np.array([4.0 * n, 1.0])) for n in (1, 2, 3)}
    source = dict(panel(Table(columns, 2)).source)
    made = again(Table(columns, 2), source)
    del source["latest"]
    older = again(Table(columns, 2), source)
    assert set(older.columns) == set(made.columns)
    for name, each in older.columns.items():
        assert np.array_equal(each.numbers, made.columns[name].numbers, equal_nan=True)  # type: ignore[arg-type]
    assert older.source["latest"] == "lowest"
    with pytest.raises(FeatureError, match="no plan"):
        again(Table(columns, 2), {**source, "series": 3})


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_the_file_of_a_card_says_the_word_and_reads_back_as_the_same_card(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"card.{suffix}"
    write_card(CARD, path)
    said = CARD.to_dict()
    assert [each["value"] for each in said["facts"]["x"]["special"]] == [-999, "refused"]
    assert said["pairs"][0]["columns"]["special"] == [-999, "refused"]
    back = read_card(path)
    assert back == CARD
    assert back.hash == CARD.hash
    assert back.words == {REFUSED: "refused"}
    assert [back.special_text(code) for code in (-999.0, REFUSED, 0.5)] == ["-999", "refused", "0.5"]
    assert back.score({"x": REFUSED, "y": -999.0}) == 500 + 5 + 4 * 5 + 3


def changed(at: tuple[Any, ...], value: Any) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(json.dumps(CARD.to_dict()))
    inner: Any = said
    for step in at[:-1]:
        inner = inner[step]
    inner[at[-1]] = value
    return said


@pytest.mark.parametrize(
    ("at", "value", "why"),
    [
        (("facts", "x", "special", 1, "value"), "lost", "'lost' is a special word the source does not name"),
        (("pairs", 0, "rows", "special", 1), "lost", "'lost' is a special word the source does not name"),
        (("source", "special"), [-999.0], "'refused' is a special word the source does not name"),
        (("source", "special"), [-999.0, "refused", "lost"], "is not that of the content"),
        (("source", "special"), "refused", "is no list of special values"),
        (("source", "special"), [[1]], "is no list of special values"),
        (("facts", "x", "special", 1, "value"), -998, "is not that of the content"),
    ],
)
def test_a_card_whose_special_words_were_changed_by_hand_is_refused(at: Any, value: Any, why: str) -> None:
    with pytest.raises(CardError, match=why):
        Card.from_dict(changed(at, value))
