"""Features: series found by name and shape, figures worked out from one row alone, the same in training and scoring."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditline.scoring.features import FeatureError, Features, Plan, Series, again, panel, plan_of, raw
from creditline.scoring.table import Column, Table

NAN = math.nan
STATES = ("pay_0", "pay_2", "pay_3", "pay_4")


def table(columns: dict[str, list[Any]], special: tuple[float, ...] = ()) -> Table:
    made = {}
    for name, values in columns.items():
        if any(isinstance(each, str) for each in values):
            made[name] = Column(name, text=np.array(values, np.object_))
        else:
            made[name] = Column(name, np.array([NAN if each is None else each for each in values], np.float64))
    return Table(made, len(next(iter(columns.values()))), special=special)


def months(rows: list[dict[str, list[float | None]]], **alone: list[Any]) -> Table:
    """A panel of four months, the latest first: states, bills and payments."""
    columns: dict[str, list[Any]] = {"limit_bal": [1_000.0] * len(rows), **alone}
    for number in range(4):
        columns[STATES[number]] = [row["state"][number] for row in rows]
    for number in range(4):
        columns[f"bill_amt{number + 1}"] = [row["bill"][number] for row in rows]
    for number in range(4):
        columns[f"pay_amt{number + 1}"] = [row["paid"][number] for row in rows]
    return table(columns)


ONE: dict[str, list[float | None]] = {
    "state": [2.0, 1.0, -1.0, 3.0],
    "bill": [900.0, 600.0, 400.0, 500.0],
    "paid": [100.0, 400.0, 0.0, 50.0],
}
CALM: dict[str, list[float | None]] = {
    "state": [0.0, 0.0, -1.0, -1.0],
    "bill": [0.0, 100.0, 0.0, 10.0],
    "paid": [100.0, 0.0, 10.0, 0.0],
}
TWO = months([ONE, CALM])


def first(features: Features, name: str) -> float:
    numbers = features.columns[name].numbers
    assert numbers is not None
    return float(numbers[0])


def test_series_and_their_roles_are_found_by_name_and_shape() -> None:
    assert plan_of(raw(TWO)) == Plan(
        (
            Series("pay", "state", STATES),
            Series("bill_amt", "owed", tuple(f"bill_amt{number}" for number in (1, 2, 3, 4))),
            Series("pay_amt", "paid", tuple(f"pay_amt{number}" for number in (1, 2, 3, 4))),
        ),
        "limit_bal",
    )


def test_chinese_names_have_roles_too() -> None:
    said = table(
        {"额度": [5.0, 6.0]}
        | {f"还款状态{n}": [0.0, 2.0] for n in range(3)}
        | {f"账单{n}": [100.0, 90.0] for n in range(3)}
        | {f"还款额{n}": [100.5, 90.0] for n in range(3)}
    )
    plan = plan_of(raw(said))
    assert {each.stem: each.role for each in plan.series} == {"还款状态": "state", "账单": "owed", "还款额": "paid"}
    assert plan.limit == "额度"


def test_the_highest_number_may_be_the_latest_month() -> None:
    assert plan_of(raw(TWO), latest="highest").series[0].columns == STATES[::-1]


def test_columns_that_only_look_numbered_are_no_series() -> None:
    said = table({"x1": [1.0, 2.0], "x2": [1.0, 2.0], "text1": ["a", "b"], "text2": ["a", "b"], "text3": ["a", "b"]})
    assert plan_of(raw(said)).series == ()
    with pytest.raises(FeatureError, match="no series"):
        panel(said)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pay_behind_1", 3),
        ("pay_behind_2", 2),
        ("pay_since_2", 0),
        ("pay_since_3", 3),
        ("pay_depth", 6),
        ("pay_recent_depth", 2 + 1 / 2 + 3 / 4),
        ("pay_worst_before", 3),
        ("pay_worst_3", 2),
        ("pay_streak", 2),
        ("pay_clear_streak", 0),
        ("pay_longest", 2),
        ("pay_worse", 2),
        ("pay_changes", 3),
        ("pay_step", 1),
        ("bill_amt_mean", 600),
        ("bill_amt_spread", math.sqrt((300**2 + 0 + 200**2 + 100**2) / 4)),
        ("bill_amt_trend", (1.5 * 900 + 0.5 * 600 - 0.5 * 400 - 1.5 * 500) / 5),
        ("bill_amt_growth", 900 / 500),
        ("bill_amt_used_0", 0.9),
        ("bill_amt_room", 100),
        ("bill_amt_rises", 2),
        ("pay_amt_of_bill_amt_share_0", 100 / 600),
        ("pay_amt_of_bill_amt_share_total", 500 / 1_500),
        ("pay_amt_of_bill_amt_full", 1),
        ("pay_amt_of_bill_amt_full_since", 1),
        ("pay_amt_of_bill_amt_nothing", 1),
        ("pay_amt_of_bill_amt_drawn_0", 900 - 600 + 100),
        ("pay_amt_of_bill_amt_drawn_of_limit_1", (600 - 400 + 400) / 1_000),
        ("pay_amt_months", 3),
        ("bill_amt_behind_most", 900),
        ("bill_amt_behind_mean", (900 + 600 + 500) / 4),
    ],
)
def test_figures_are_those_worked_out_by_hand(name: str, value: float) -> None:
    assert first(panel(TWO), name) == pytest.approx(value, rel=1e-15)


def test_what_never_happened_counts_as_long_ago() -> None:
    states = panel(TWO).columns["pay_since_1"].numbers
    assert states is not None
    assert states.tolist() == [0, 4]


def test_nothing_owed_is_no_ratio() -> None:
    shares = panel(TWO).columns["pay_amt_of_bill_amt_share_1"].numbers
    assert shares is not None
    assert shares[0] == 1
    assert math.isnan(shares[1])


def test_special_values_count_as_missing_in_what_is_worked_out_but_stay_in_their_column() -> None:
    odd: dict[str, list[float | None]] = {**ONE, "bill": [-999.0, 600.0, 400.0, 500.0]}
    made = panel(months([odd, CALM]), special=[-999.0])
    assert first(made, "bill_amt1") == -999
    assert first(made, "bill_amt_mean") == 500
    assert first(made, "bill_amt_least") == 400
    assert math.isnan(first(made, "bill_amt_trend"))


def test_every_feature_says_what_it_is_and_none_hides_a_column() -> None:
    made = panel(TWO)
    assert all(each.about for each in made.columns.values())
    assert list(made.columns)[: len(TWO.columns)] == list(TWO.columns)


def test_a_column_of_the_file_keeps_its_name_when_a_figure_would_take_it() -> None:
    made = panel(months([ONE, CALM], pay_worst=[55.0, 56.0]))
    assert first(made, "pay_worst") == 55
    assert first(made, "pay_worst_worked_out") == 3


def test_dropped_columns_are_not_used_for_figures_either() -> None:
    made = panel(TWO, ["limit_bal"])
    assert not [name for name in made.columns if "limit" in name or "used" in name]
    with pytest.raises(FeatureError, match="is no column"):
        raw(TWO, ["limit"])


amounts = st.one_of(st.none(), st.integers(-500, 2_000).map(float), st.floats(-1e300, 1e300))
row = st.fixed_dictionaries(
    {
        "state": st.lists(st.one_of(st.none(), st.integers(-2, 8).map(float)), min_size=4, max_size=4),
        "bill": st.lists(amounts, min_size=4, max_size=4),
        "paid": st.lists(amounts, min_size=4, max_size=4),
    }
)


@given(st.lists(row, min_size=1, max_size=5), st.integers(0, 4))
def test_a_row_scored_alone_has_the_figures_it_has_among_others(rows: list[Any], chosen: int) -> None:
    """No other row plays a part, to the last bit; nothing is infinite."""
    source = panel(TWO).source
    whole = again(months([ONE, *rows]), source)
    chosen %= len(rows)
    alone = again(months([rows[chosen]]), source)
    assert set(alone.columns) == set(whole.columns)
    for name, each in alone.columns.items():
        assert each.numbers is not None
        other = whole.columns[name].numbers
        assert other is not None
        assert np.array_equal(each.numbers, other[chosen + 1 : chosen + 2], equal_nan=True), name
        assert not np.isinf(each.numbers).any()


def test_scoring_makes_every_feature_of_training() -> None:
    trained = panel(months([ONE, CALM], purpose=["car", None]))
    scored = again(months([CALM], purpose=["boat"], more=[1.0]), trained.source)
    assert set(trained.columns) <= set(scored.columns)
    assert scored.columns["purpose"].choices == ("boat",)
    assert "more" not in scored.columns


def test_scoring_says_which_column_is_missing_or_of_another_kind() -> None:
    source = raw(table({"a": [1.0, 2.0], "b": ["x", "y"]})).source
    with pytest.raises(FeatureError, match="'b' is missing"):
        again(table({"a": [1.0]}), source)
    with pytest.raises(FeatureError, match=r"column a.*'high' is text"):
        again(table({"a": ["high"], "b": ["x"]}), source)
    with pytest.raises(FeatureError, match="does not say"):
        again(table({"a": [1.0]}), {})


def test_codes_read_as_numbers_are_the_text_they_were_in_training() -> None:
    source = raw(table({"b": ["1", "2.5", "A"]})).source
    scored = again(table({"b": [1.0, 2.5, None]}), source).columns["b"]
    assert scored.codes is not None
    assert [scored.choices[code] if code >= 0 else None for code in scored.codes] == ["1", "2.5", None]


def test_infinities_are_refused_with_column_and_row() -> None:
    with pytest.raises(FeatureError, match="column a, row 2"):
        raw(table({"a": [1.0, math.inf]}))


@pytest.mark.parametrize(
    "said", [{}, {"series": [], "more": 1}, {"series": [{"stem": "a", "role": "x", "columns": []}], "limit": None}]
)
def test_what_is_no_plan_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(FeatureError):
        Plan.from_dict(said)


def test_a_plan_read_back_is_the_same_plan() -> None:
    plan = plan_of(raw(TWO))
    assert Plan.from_dict(plan.to_dict()) == plan
