"""The form of a card: points add up exactly, the file says all of it, and nothing in it can be changed by hand."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditline.scoring.card import (
    Axis,
    Calibration,
    Card,
    CardError,
    Exact,
    ExactTerm,
    Scaling,
    Term,
    read_card,
    write_card,
)
from creditline.scoring.features import Feature, Features

Row = dict[str, Any]

USED = Axis("used", (0.0, 0.5, 1.0), (-999.0,))
PURPOSE = Axis("purpose", choices=(("car", "boat"), ("school",)))
CARD = Card(
    "ebm",
    500,
    (
        Term((USED,), (-7, 3, 20, 5, -40, -11)),
        Term((PURPOSE,), (0, 12, -9, -3)),
        Term((Axis("used", (0.7,), (-999.0,)), PURPOSE), tuple(range(-8, 8))),
    ),
    calibration=Calibration.of(Scaling()),
    source={"kind": "raw", "columns": {"used": "number", "purpose": "text"}, "special": [-999.0]},
    training={"seed": 7, "note": "贷款"},
)


def column(values: list[Any], *, text: bool) -> Feature:
    if not text:
        return Feature(np.array([math.nan if each is None else each for each in values], np.float64))
    names = sorted({each for each in values if each is not None})
    return Feature(None, np.array([-1 if each is None else names.index(each) for each in values]), tuple(names))


def features(rows: list[Row], text: set[str]) -> Features:
    columns = {name: column([row[name] for row in rows], text=name in text) for name in rows[0]}
    return Features(columns, len(rows))


def from_file(said: dict[str, Any], row: Row) -> int:
    """The score of one row read off the file, number by number: the form as a person would read it."""
    score: int = said["base"]
    for name, fact in said["facts"].items():
        value = row[name]
        if value is None:
            score += fact["missing"]
        elif "choices" in fact:
            held = [group["points"] for group in fact["choices"] if value in group["values"]]
            score += held[0] if held else fact["other"]
        else:
            coded = [each["points"] for each in fact.get("special", []) if each["value"] == value]
            bins = [each["points"] for each in fact["bins"] if "below" not in each or value < each["below"]]
            score += coded[0] if coded else bins[0]
    for pair in said["pairs"]:
        score += pair["points"][place(pair["rows"], row)][place(pair["columns"], row)]
    return score


def place(axis: dict[str, Any], row: Row) -> int:
    value = row[axis["fact"]]
    if value is None:
        return 0
    if "choices" in axis:
        held = [number + 1 for number, group in enumerate(axis["choices"]) if value in group]
        return int(held[0]) if held else len(axis["choices"]) + 1
    codes: list[float] = axis.get("special", [])
    if value in codes:
        return len(axis["below"]) + 2 + codes.index(value)
    return sum(1 for limit in axis["below"] if value >= limit) + 1


numbers = st.floats(allow_nan=False, allow_infinity=False, width=64)
few = st.integers(-3, 3).map(float)
amounts = st.one_of(few, numbers)
words = st.sampled_from(["a", "b", "c", "d", "é", "其他"])
points = st.integers(-1_000, 1_000)


@st.composite
def axes(draw: st.DrawFn, fact: str) -> Axis:
    if fact.startswith("text"):
        said = draw(st.lists(words, unique=True, max_size=4))
        cut = draw(st.integers(0, len(said)))
        return Axis(fact, choices=tuple(tuple(each) for each in (said[:cut], said[cut:]) if each))
    limits = sorted(draw(st.sets(amounts.map(lambda each: each + 0.0), max_size=5)))
    return Axis(fact, tuple(limits), tuple(draw(st.lists(few, unique=True, max_size=2))))


@st.composite
def cards(draw: st.DrawFn) -> Card:
    facts = draw(st.sets(st.sampled_from(["number1", "number2", "text1", "text2"]), min_size=1))
    groups = [(fact,) for fact in sorted(facts)]
    groups += draw(st.sampled_from([[], [tuple(sorted(facts)[:2])]])) if len(facts) > 1 else []
    terms = []
    for group in groups:
        these = tuple(draw(axes(fact)) for fact in group)
        size = math.prod(axis.size for axis in these)
        terms.append(Term(these, tuple(draw(st.lists(points, min_size=size, max_size=size)))))
    return Card(draw(st.sampled_from(["woe", "ebm"])), draw(points), tuple(terms))


@st.composite
def scored(draw: st.DrawFn) -> tuple[Card, list[Row]]:
    card = draw(cards())
    limits = [limit for term in card.terms for axis in term.axes for limit in axis.below]
    near = st.sampled_from(limits or [0.0])
    values = st.one_of(st.none(), amounts, near, near.map(lambda each: math.nextafter(each, -math.inf)))
    finite = values.filter(lambda each: each is None or math.isfinite(each))
    row = st.fixed_dictionaries(
        {name: st.one_of(st.none(), words) if name.startswith("text") else finite for name in card.facts}
    )
    return card, draw(st.lists(row, min_size=1, max_size=6))


@given(scored())
def test_points_are_what_a_person_reads_off_the_file(given_: tuple[Card, list[Row]]) -> None:
    card, rows = given_
    said = json.loads(json.dumps(card.to_dict()))
    columns = features(rows, {"text1", "text2"})
    expected = [from_file(said, row) for row in rows]
    assert card.points(columns).tolist() == expected
    assert [card.score(row) for row in rows] == expected
    assert (card.shares(columns).sum(axis=1) + card.base).tolist() == expected


@given(cards())
def test_a_card_read_back_is_the_same_card(card: Card) -> None:
    assert Card.from_dict(json.loads(json.dumps(card.to_dict()))) == card
    assert Card.from_dict(card.to_dict()).hash == card.hash


@pytest.mark.parametrize("name", ["card.yaml", "card.json"])
def test_a_card_goes_through_a_file_unchanged(tmp_path: Path, name: str) -> None:
    write_card(CARD, tmp_path / name)
    assert read_card(tmp_path / name) == CARD


def test_odd_numbers_and_names_go_through_yaml_unchanged(tmp_path: Path) -> None:
    limits = (-1.7976931348623157e308, -5e-324, 5e-324, 0.1 + 0.2, 2.0**53 + 2, 1e16)
    names = ("1e3", "yes", "null", "1", "~", "a: b", "#", " x", "贷款")
    choices = Term((Axis("choices", choices=(names,)),), (1, 2, 3))
    card = Card("woe", 0, (choices, *(Term((Axis(name, limits),), tuple(range(8))) for name in names)))
    write_card(card, tmp_path / "card.yaml")
    assert read_card(tmp_path / "card.yaml") == card


def test_the_order_of_terms_and_of_columns_plays_no_part() -> None:
    rows: list[Row] = [
        {"used": 0.4, "purpose": "car"},
        {"used": -999.0, "purpose": None},
        {"used": None, "purpose": "moon"},
    ]
    columns = features(rows, {"purpose"})
    turned = Features(dict(list(columns.columns.items())[::-1]), columns.rows)
    again = Card("ebm", 500, CARD.terms[::-1], CARD.scaling, CARD.calibration, CARD.source, CARD.training)
    assert again == CARD
    assert again.hash == CARD.hash
    assert again.points(turned).tolist() == CARD.points(columns).tolist()


def test_missing_special_and_unseen_each_have_points_of_their_own() -> None:
    rows = [{"used": value, "purpose": "car"} for value in (None, -999.0, -5.0, 0.0, 0.99, 1.0)]
    alone = Card("ebm", 0, (CARD.terms[1],))
    assert alone.facts == ("used",)
    assert alone.points(features(rows, {"purpose"})).tolist() == [-7, -11, 3, 20, 5, -40]
    assert [Card("ebm", 0, (CARD.terms[0],)).score({"purpose": each}) for each in (None, "boat", "school", "moon")] == [
        0,
        12,
        -9,
        -3,
    ]


def test_reasons_are_the_terms_that_cost_most_against_the_best_reachable() -> None:
    rows: list[Row] = [{"used": 2.0, "purpose": "school"}, {"used": 0.1, "purpose": "car"}]
    said = CARD.reasons(features(rows, {"purpose"}))
    best = sum(max(term.points) for term in CARD.terms) + CARD.base
    assert [sum(cost for _, cost in each) for each in said] == [best - CARD.score(row) for row in rows]
    assert [cost for _, cost in said[0]] == sorted((cost for _, cost in said[0]), reverse=True)
    assert said[0][0][0].facts == ("used",)
    assert len(CARD.reasons(features(rows, {"purpose"}), most=1)[0]) == 1


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_infinities_are_refused_with_column_and_row(value: float) -> None:
    with pytest.raises(CardError, match="used, row 2"):
        CARD.points(features([{"used": 0.1, "purpose": "car"}, {"used": value, "purpose": "car"}], {"purpose"}))


def test_a_fact_that_is_missing_or_of_another_kind_is_refused() -> None:
    with pytest.raises(CardError, match="'purpose' is missing"):
        CARD.points(features([{"used": 0.1}], set()))
    with pytest.raises(CardError, match="bring numbers"):
        CARD.points(features([{"used": "a", "purpose": "car"}], {"used", "purpose"}))
    with pytest.raises(CardError, match="bring the choices"):
        CARD.points(features([{"used": 0.1, "purpose": 1.0}], set()))


def _set(*path: Any) -> Callable[[dict[str, Any]], None]:
    *way, key, value = path

    def change(said: dict[str, Any]) -> None:
        for step in way:
            said = said[step]
        said[key] = value

    return change


def _drop(*path: Any) -> Callable[[dict[str, Any]], None]:
    *way, key = path

    def change(said: dict[str, Any]) -> None:
        for step in way:
            said = said[step]
        del said[key]

    return change


@pytest.mark.parametrize(
    "change",
    [
        _set("base", 501),
        _set("facts", "used", "missing", -6),
        _set("facts", "used", "bins", 1, "points", 21),
        _set("facts", "used", "bins", 1, "below", 0.6),
        _set("facts", "used", "bins", 1, "below", 0.0),
        _set("facts", "used", "bins", 3, "below", 2.0),
        _set("facts", "used", "bins", 1, "below", math.nan),
        _set("facts", "used", "special", 0, "value", -998),
        _set("facts", "used", "bins", 1, "points", 20.5),
        _set("facts", "used", "bins", 1, "points", True),
        _set("facts", "used", "bins", []),
        _set("facts", "purpose", "other", -2),
        _set("facts", "purpose", "choices", 1, "values", ["car"]),
        _set("facts", "purpose", "bins", [{"points": 1}]),
        _set("facts", "purpose", "hint", "x"),
        _set("pairs", 0, "points", 0, 0, 99),
        _set("pairs", 0, "points", 0, [1, 2]),
        _set("pairs", 0, "rows", "below", [0.7, 0.8]),
        _set("pairs", []),
        _set("scaling", "double", 20),
        _set("calibration", "slope", 0.5),
        _set("calibration", "slope", math.inf),
        _set("source", "special", []),
        _set("training", "seed", 8),
        _set("form", "creditline scorecard 0"),
        _set("kind", "forest"),
        _set("hash", "0" * 64),
        _set("more", 1),
        _drop("hash"),
        _drop("facts", "used"),
        _drop("facts", "used", "missing"),
        _drop("facts", "used", "bins", 3),
        _drop("facts", "purpose", "other"),
    ],
)
def test_a_file_changed_by_hand_is_refused(change: Callable[[dict[str, Any]], None]) -> None:
    said = copy.deepcopy(CARD.to_dict())
    assert Card.from_dict(said) == CARD
    change(said)
    with pytest.raises(CardError):
        Card.from_dict(said)


@pytest.mark.parametrize("said", [None, [], "card", 3, {}, {"form": "creditline scorecard 1"}])
def test_what_is_no_card_is_refused(said: object) -> None:
    with pytest.raises(CardError, match="is no scorecard"):
        Card.from_dict(said)


@pytest.mark.parametrize("text", ["a: [", "\x00", "%"])
def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "card.yaml").write_text(text)
    with pytest.raises(CardError):
        read_card(tmp_path / "card.yaml")
    with pytest.raises(CardError, match="cannot be read"):
        read_card(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    "terms",
    [
        (Term((Axis("a", (2.0, 1.0)),), (0, 1, 2, 3)),),
        (Term((Axis("a", (1.0, 1.0)),), (0, 1, 2, 3)),),
        (Term((Axis("a", (math.nan,)),), (0, 1, 2)),),
        (Term((Axis("a", (1.0,)),), (0, 1)),),
        (Term((Axis("a", (1.0,)),), (0, 1, 1_000_001)),),
        (Term((Axis("a"),), (0, 1)), Term((Axis("a"),), (0, 2))),
        (Term((Axis("a"), Axis("b")), (0,) * 4), Term((Axis("b"), Axis("a")), (0,) * 4)),
        (Term((Axis("a"), Axis("a")), (0,) * 4),),
        (Term((Axis("a"), Axis("b"), Axis("c")), (0,) * 8),),
        (Term((Axis("a"),), (0, 1)), Term((Axis("a", choices=()), Axis("b")), (0,) * 4)),
        (Term((Axis("a", choices=(("x", "x"),)),), (0, 1, 2)),),
        (Term((Axis("a", choices=((),)),), (0, 1, 2)),),
    ],
)
def test_an_inconsistent_card_cannot_be_made(terms: tuple[Term, ...]) -> None:
    with pytest.raises(CardError):
        Card("woe", 0, terms)


def test_rounding_keeps_the_scale_and_joins_bins_of_equal_points() -> None:
    values = np.array([0.0, -1.0, -1.0, 0.5, 0.501, 0.0])
    exact = Exact("woe", math.log(30), (ExactTerm((Axis("a", (1.0, 2.0, 3.0), (-9.0,)),), values),))
    card = exact.card(Scaling(600, 30, 40))
    assert card.base == 600
    assert card.terms == (Term((Axis("a", (2.0,), (-9.0,)),), (0, -58, 29, 0)),)
    assert card.calibration.probability(np.array([600, 640, 560])) == pytest.approx([1 / 31, 1 / 61, 1 / 16])


def test_a_term_that_rounds_to_one_number_goes_into_the_base() -> None:
    exact = Exact("woe", 0.0, (ExactTerm((Axis("a", (1.0,)),), np.array([0.1, 0.1, 0.101])),))
    assert exact.card(Scaling(600, 1, 40)) == Card(
        "woe", 606, (), Scaling(600, 1, 40), Calibration.of(Scaling(600, 1, 40))
    )


@given(st.data())
def test_joining_bins_moves_no_row(data: st.DataObject) -> None:
    """A card of few different points, whose neighbouring bins are joined, scores as the tables it was joined from."""
    these = (data.draw(axes("number1")), data.draw(axes("text1")))
    size = these[0].size * these[1].size
    whole = np.array(data.draw(st.lists(st.integers(0, 1), min_size=size, max_size=size)), np.float64)
    scaling = Scaling(0, 1, 1_000)
    exact = Exact("ebm", 0.0, (ExactTerm(these, whole / scaling.factor),))
    rows = [
        {"number1": number, "text1": word}
        for number in (None, -2.5, *these[0].below, *these[0].special)
        for word in (None, "a", "b", "zz")
    ]
    columns = features(rows, {"text1"})
    unjoined = Card("ebm", 0, (Term(these, tuple(whole.astype(int).tolist())),))
    assert exact.card(scaling).points(columns).tolist() == unjoined.points(columns).tolist()
