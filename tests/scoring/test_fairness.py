"""Groups the card must not look at: told of in counts, compared soberly, and found where a fact tells them."""

from __future__ import annotations

import csv
import json
import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2_contingency, kruskal, mannwhitneyu

from creditline.errors import CreditlineError
from creditline.scoring.card import Axis, Card, Term
from creditline.scoring.crossval import cross_validate
from creditline.scoring.fairness import OTHERS, SMALL, cutoff_of, fairness, fairness_of, groups_of, proxies
from creditline.scoring.features import Feature, Features
from creditline.scoring.preparing import Asked, prepare
from creditline.scoring.table import Column, code_of
from creditline.scoring.woe import WoeSettings, fit_woe

ROWS = 3_000


def told(
    groups: list[str | None], approved: list[int], rows: list[int], bad: list[int] | None = None
) -> dict[Any, Any]:
    """Figures of made-up groups with so many approved, bad among them, of so many rows; scores are 1 and 0."""
    scores, outcomes, names = [], [], []
    for group, yes, all_rows, bads in zip(groups, approved, rows, bad or [0] * len(groups), strict=True):
        scores += [1] * yes + [0] * (all_rows - yes)
        outcomes += [True] * bads + [False] * (all_rows - bads)
        names += [group] * all_rows
    found = fairness(
        np.array(scores), np.full(len(scores), 0.2), np.array(outcomes), {"who": names}, cutoff=1
    )  # fmt: skip
    return {each["group"]: each for each in found["columns"]["who"]}


# -- figures by group ------------------------------------------------------------------------------------


def test_the_figures_are_those_one_counts_by_hand() -> None:
    #              approve   refuse
    scores = np.array([500] * 60 + [300] * 40)
    bad = np.array([True] * 6 + [False] * 54 + [True] * 30 + [False] * 10)
    probabilities = np.array([0.1] * 60 + [0.5] * 40)
    here = ["a"] * 100
    found = fairness(scores, probabilities, bad, {"who": here}, cutoff=500)
    (group,) = found["columns"]["who"]
    assert (group["rows"], group["good"], group["approved"]) == (100, 64, 60)
    assert group["approved_share"] == 0.6
    assert group["bad_share_approved"] == 0.1
    assert group["bad_share"] == 0.36
    assert group["false_refusals"] == 10 / 64
    assert group["false_approvals"] == 6 / 36
    assert group["mean_points"] == 420
    assert group["expected_bad_share"] == pytest.approx(0.26)
    assert group["calibration_off"] is True, "26 of 100 expected, 36 came: outside 27.3 to 45.8"
    assert group["ratio"] is None, "one group has nobody to be compared with"
    assert json.loads(json.dumps(found)) == found


def test_four_fifths_exactly_is_not_under_four_fifths() -> None:
    found = told(["most", "edge", "under"], [100, 80, 79], [100, 100, 100])
    assert found["most"]["most_favoured"]
    assert [found[name]["below_four_fifths"] for name in ("most", "edge", "under")] == [False, False, True]
    assert found["under"]["ratio"] == 0.79


def test_the_ratio_comes_with_the_interval_of_katz() -> None:
    found = told(["a", "b"], [90, 60], [120, 100])["b"]
    spread = math.sqrt(1 / 60 - 1 / 100 + 1 / 90 - 1 / 120)
    assert found["ratio"] == pytest.approx(0.8)
    assert found["ratio_low"] == pytest.approx(0.8 * math.exp(-1.959964 * spread), rel=1e-6)
    assert found["ratio_high"] == pytest.approx(0.8 * math.exp(1.959964 * spread), rel=1e-6)


def test_a_small_group_is_counted_and_not_judged() -> None:
    found = told(["large", "small"], [50, SMALL - 1], [100, SMALL - 1])
    small = found["small"]
    assert (small["rows"], small["small"]) == (SMALL - 1, True)
    assert {name for name, value in small.items() if value is not None} == {"group", "rows", "small", "most_favoured"}
    assert found["large"]["ratio"] is None, "with one group large enough there is nobody to compare it with"


def test_shares_of_few_rows_of_a_large_group_are_not_told_either() -> None:
    found = told(["a"], [100], [100], [10])["a"]
    assert found["bad_share"] == 0.1
    assert found["false_approvals"] is None, "ten bad rows tell nothing of the bad"
    assert found["false_refusals"] == 0


def test_who_gave_no_answer_is_told_of_and_compared_with_nobody() -> None:
    found = told(["a", None, "b"], [50, 100, 40], [100, 100, 100])
    assert found[None]["approved_share"] == 1
    assert found[None]["ratio"] is None
    assert found["a"]["most_favoured"]
    assert found["b"]["ratio"] == 0.8


def test_where_nobody_is_approved_there_is_no_ratio() -> None:
    found = told(["a", "b"], [0, 0], [100, 100])
    assert [found[name]["below_four_fifths"] for name in "ab"] == [None, None]


def test_bands_stand_in_their_order() -> None:
    groups = [None, ">= 65", "25 .. < 35", "< 25", "105 .. < 120", OTHERS]
    assert list(told(groups, [40] * 6, [50] * 6)) == ["< 25", "25 .. < 35", "105 .. < 120", ">= 65", OTHERS, None]


def test_a_column_of_another_length_is_refused() -> None:
    with pytest.raises(CreditlineError, match=r"groups, who: 2 do not fit; give a group for each of the 3 rows"):
        fairness(np.zeros(3, np.int64), np.zeros(3), np.zeros(3, bool), {"who": ["a", "b"]}, cutoff=0)


@pytest.mark.parametrize("refused", [0.0, 0.25, 0.3, 0.999, 1.0])
def test_a_cut_off_refuses_at_most_the_share_asked_for(refused: float) -> None:
    scores = np.random.default_rng(1).integers(0, 40, 1_000)
    cutoff = cutoff_of(scores, refused)
    assert (scores < cutoff).mean() <= refused
    assert (scores < cutoff + 1).mean() > refused or cutoff == scores.max()


# -- groups out of columns -------------------------------------------------------------------------------


def banded(values: list[Any], why: str = "age", special: tuple[float, ...] = ()) -> list[str | None]:
    numbers = all(value is None or isinstance(value, float) for value in values)
    if numbers:
        held = np.array([math.nan if value is None else value for value in values])
        return groups_of(Column("c", numeric=held), why, special)
    return groups_of(Column("c", text=np.array(values, object)), why, special)


AGES = [18.0, 25.0, 34.9, 35.0, 50.0, 55.0, 64.0, 65.0, 99.0, 30.0]


def test_ages_come_in_bands_whatever_they_are_read_as() -> None:
    expected = ["< 25", *["25 .. < 35"] * 2, "35 .. < 45", "45 .. < 55", *["55 .. < 65"] * 2, *[">= 65"] * 2]
    assert banded(AGES)[:9] == expected
    assert banded([str(each) for each in AGES])[:9] == expected
    assert banded([*AGES, None, -1.0], special=(-1.0,))[-2:] == [None, "-1"]


def test_a_special_word_among_ages_is_a_group_of_its_own() -> None:
    code = code_of("withheld")
    text = Column("c", text=np.array([*map(str, AGES), "withheld"], object))
    number = Column("c", numeric=np.array([*AGES, code]))
    for column in (text, number):
        assert groups_of(column, "age", (code,), {code: "withheld"})[-2:] == ["25 .. < 35", "withheld"]


def test_births_come_in_decades_of_years_whether_years_or_dates() -> None:
    years = [float(year) for year in range(1975, 1996)]
    expected = [*["< 1980"] * 5, *["1980 .. < 1990"] * 10, *[">= 1990"] * 6]
    assert banded(years) == expected
    assert banded([f"{year:.0f}-05-03" for year in years]) == expected


def test_other_amounts_come_in_quarters_and_few_numbers_as_they_are() -> None:
    groups = banded([float(each) for each in range(100)], "education")
    assert {groups.count(each) for each in set(groups)} == {25}
    assert banded([1.0, 2.0, None, 1.0], "sex") == ["1", "2", None, "1"]


def test_answers_too_seldom_are_one_group() -> None:
    answers = [name for number in range(30) for name in [f"town {number:02}"] * (40 - number)]
    groups = banded(answers, "nationality")
    assert len(set(groups)) == 12
    assert groups[-1] == OTHERS
    assert groups[0] == "town 00"


def test_sensitive_columns_stand_beside_the_data_and_not_in_it(tmp_path: Path) -> None:
    chance = np.random.default_rng(5)
    path = tmp_path / "t.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["used", "gender", "age", "always", "religion", "id", "outcome"])
        for number in range(300):
            used, old = chance.random(), int(chance.integers(18, 80))
            bad = int(chance.random() < used)
            rows.writerow([round(used, 3), chance.choice(["m", "f", ""]), old, "x", "one", number, bad])
    ready = prepare(path, Asked("outcome", "1", ("gender", "age", "religion")))
    assert set(ready.features.columns) == {"used"}
    assert set(ready.beside) == {"age", "gender"}, "of religion all rows say the same"
    assert set(ready.beside["gender"]) == {"m", "f", None}
    assert {"< 25", ">= 65"} < set(ready.beside["age"])
    allowed = prepare(path, Asked("outcome", "1", ("gender", "religion"), {"age": "the law lets it be used"}))
    assert set(allowed.features.columns) == {"used", "age"}
    assert allowed.beside == ready.beside, "used with a reason, it is told of all the same"


# -- proxies ---------------------------------------------------------------------------------------------


def planted(seed: int = 3, rows: int = ROWS) -> tuple[Features, dict[str, list[str | None]], np.ndarray]:
    """Applicants of two sexes and four faiths; three facts tell of the sex, one of the faith, others of neither."""
    chance = np.random.default_rng(seed)
    woman = chance.random(rows) < 0.5
    faith = chance.integers(0, 4, rows)
    used, income = chance.random(rows), chance.lognormal(8, 0.5, rows)
    shop = np.where(chance.random(rows) < 0.8, woman, chance.random(rows) < 0.5).astype(np.int64)
    columns = {
        "used": Feature(used),
        "income": Feature(income),
        "height": Feature(np.where(woman, 165, 178) + chance.normal(0, 7, rows)),
        "shop": Feature(None, shop, ("tools", "perfume")),
        # Only that it is missing tells, and only the middle: ranks see neither.
        "service": Feature(np.where(woman & (chance.random(rows) < 0.9), math.nan, chance.random(rows))),
        "town": Feature(None, (faith + (chance.random(rows) < 0.3)) % 4, ("n", "e", "s", "w")),
        "street": Feature(np.round(10 * faith + chance.normal(0, 4, rows), 1)),
        "luck": Feature(None, chance.integers(0, 40, rows), tuple(f"{each:02}" for each in range(40))),
    }
    bad = chance.random(rows) < 1 / (1 + np.exp(-(3 * used - 3 + 0.9 * shop)))
    groups: dict[str, list[str | None]] = {
        "sex": ["f" if each else "m" for each in woman],
        "faith": [f"faith {each}" for each in faith],
    }
    return Features(columns, rows), groups, bad


PLANTED, GROUPS, BAD = planted()
FOUND = {(each["fact"], each["column"]): each for each in proxies(PLANTED, GROUPS)}


def test_planted_proxies_are_caught_and_unrelated_facts_are_not() -> None:
    assert set(FOUND) == {
        ("height", "sex"), ("shop", "sex"), ("service", "sex"), ("town", "faith"), ("street", "faith")
    }  # fmt: skip
    assert FOUND["height", "sex"]["measure"] == "auc"
    assert {FOUND[each]["measure"] for each in (("shop", "sex"), ("service", "sex"), ("town", "faith"))} == {
        "cramers_v"
    }


def test_the_auc_is_that_of_mann_and_whitney() -> None:
    woman = np.array(GROUPS["sex"]) == "f"
    height = PLANTED.columns["height"].numbers
    assert height is not None
    told = FOUND["height", "sex"]
    pairs = int(woman.sum()) * int((~woman).sum())
    assert told["value"] == pytest.approx(mannwhitneyu(height[~woman], height[woman]).statistic / pairs)
    assert told["strength"] == pytest.approx(2 * told["value"] - 1)


def test_the_correlation_ratio_is_that_of_ranks() -> None:
    faith = np.array(GROUPS["faith"])
    street = PLANTED.columns["street"].numbers
    assert street is not None
    heard = kruskal(*(street[faith == each] for each in sorted(set(faith)))).statistic
    told = FOUND["street", "faith"]
    assert told["measure"] == "correlation_ratio"
    assert told["value"] == pytest.approx(math.sqrt(heard / (ROWS - 1)))


def test_cramers_v_is_the_corrected_one() -> None:
    codes, groups = PLANTED.columns["town"].codes, GROUPS["faith"]
    assert codes is not None
    table = np.array(
        [[sum((codes == c) & (np.array(groups) == g)) for g in sorted(set(map(str, groups)))] for c in range(4)]
    )
    square = chi2_contingency(table, correction=False).statistic
    corrected = square / ROWS - 9 / (ROWS - 1)
    assert FOUND["town", "faith"]["value"] == pytest.approx(math.sqrt(corrected / (3 - 9 / (ROWS - 1))))


@pytest.mark.parametrize("seed", range(5))
def test_chance_alone_is_no_proxy_however_few_rows_there_are(seed: int) -> None:
    chance = np.random.default_rng(seed)
    rows = 2 * SMALL + 10
    columns = {f"f{number}": Feature(chance.random(rows)) for number in range(40)}
    columns |= {f"c{n}": Feature(None, chance.integers(0, 20, rows), tuple(map(str, range(20)))) for n in range(40)}
    groups = {"sex": ["f" if number < rows // 2 else "m" for number in range(rows)]}
    assert proxies(Features(columns, rows), groups) == []


def test_groups_too_small_and_missing_answers_take_no_part() -> None:
    woman = np.array([each == "f" for each in GROUPS["sex"]])
    some: list[str | None] = [None if number > SMALL else "f" if each else "m" for number, each in enumerate(woman)]
    assert proxies(PLANTED, {"sex": some}) == []
    part: list[str | None] = ["f" if each else None for each in woman]
    assert proxies(PLANTED, {"sex": part}) == []


def test_only_facts_on_the_card_are_looked_at_and_their_points_told_by_group() -> None:
    shop = Term((Axis("shop", choices=(("perfume",),)),), (0, -20, 4))
    pair = Term((Axis("shop", choices=(("perfume",),)), Axis("used", (0.5,))), (0, 0, 0, 0, 10, 0, 0, 0, 0))
    card = Card("ebm", 500, (Term((Axis("used", (0.5,)),), (0, 5, -5)), shop, pair))
    (told,) = proxies(PLANTED, GROUPS, card)
    assert told["fact"] == "shop"
    codes, used = PLANTED.columns["shop"].codes, PLANTED.columns["used"].numbers
    assert codes is not None
    assert used is not None
    points = np.where(codes == 1, -20 + 10 * (used < 0.5), 4)
    woman = np.array(GROUPS["sex"]) == "f"
    assert told["points"] == {"f": points[woman].mean(), "m": points[~woman].mean()}
    assert told["points"]["f"] < told["points"]["m"] - 8


def test_out_of_fold_a_planted_proxy_costs_its_group_approvals() -> None:
    fit = partial(fit_woe, settings=WoeSettings(bins=4))
    found = cross_validate(PLANTED, BAD, fit, folds=3, seed=1)
    card = fit(PLANTED, BAD, seed=1)
    told = fairness_of(found, PLANTED, GROUPS, card)
    assert told is not None
    assert told["cutoff_given"] is False
    assert 1 - told["approved_share"] <= BAD.mean() < 1 - told["approved_share"] + 0.05
    women, men = told["columns"]["sex"]
    assert (women["group"], men["most_favoured"], women["below_four_fifths"]) == ("f", True, True)
    assert ("shop", "sex") in {(each["fact"], each["column"]) for each in told["proxies"]}
    assert {each["below_four_fifths"] for each in told["columns"]["faith"]} == {False}
    assert fairness_of(found, PLANTED, {}, card) is None
    asked = fairness_of(found, PLANTED, GROUPS, card, cutoff=0)
    assert asked is not None
    assert (asked["cutoff_given"], asked["approved_share"]) == (True, 1.0)
