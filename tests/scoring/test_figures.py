"""The figures a card is judged by: true of simulated scores whose truth is known, honest across folds, plain data."""

from __future__ import annotations

import json
import math
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from creditline.scoring import intervals, measures
from creditline.scoring.crossval import stratified
from creditline.scoring.figures import BINS, TABLES, difference, distribution, evaluate, over_repeats
from creditline.scoring.inputs import InputError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def foretold(seed: int, rows: int = 2_000, slope: float = 1.0) -> tuple[Ints, Floats, Bools]:
    """Whole points, and probabilities that are true where ``slope`` is 1, too extreme where it is less."""
    chance = np.random.default_rng(seed)
    odds = chance.normal(-1, 1.2, rows)
    bad = chance.random(rows) < 1 / (1 + np.exp(-slope * odds))
    return np.rint(-50 * odds).astype(np.int64), 1 / (1 + np.exp(-odds)), np.asarray(bad, np.bool_)


def test_all_figures_are_there_and_json_holds_them() -> None:
    scores, probabilities, bad = foretold(1)
    told = evaluate(scores, probabilities, bad)
    assert json.loads(json.dumps(told)) == told
    assert told["auc"] == measures.auc(scores, bad)
    assert told["gini"] == pytest.approx(2 * told["auc"] - 1)
    for name in ("auc", "gini", "ks", "brier", "log_loss", "calibration_slope", "calibration_intercept"):
        assert told[f"{name}_low"] < told[name] < told[f"{name}_high"]
    assert (told["rows"], told["bad"], told["folds"], told["auc_sd"]) == (2_000, int(bad.sum()), 0, None)


def test_tables_hold_every_row_once() -> None:
    scores, probabilities, bad = foretold(2)
    told = evaluate(scores, probabilities, bad)
    assert sum(each["rows"] for each in told["reliability"]) == 2_000
    assert sum(each["good"] + each["bad"] for each in told["distribution"]) == 2_000
    assert sum(each["bad"] for each in told["distribution"]) == bad.sum()
    assert len(told["distribution"]) <= BINS + 1
    assert all(first["to"] == then["from"] for first, then in pairwise(told["distribution"]))
    assert told["roc"][-1] == [1, 1]
    assert all(first[1] <= then[1] for first, then in pairwise(told["roc"]))
    assert len(told["roc"]) <= 200
    x, y = np.array(told["roc"]).T
    assert np.trapezoid(y, x) == pytest.approx(told["auc"], abs=0.002)
    tenth = told["gains"][0]
    worst = scores <= tenth["score_to"]
    assert worst.mean() == pytest.approx(0.1, abs=0.01)
    assert bad[worst].sum() / bad.sum() == pytest.approx(tenth["share_of_bad"], abs=0.01)
    assert tenth["lift"] == pytest.approx(10 * tenth["share_of_bad"])


@pytest.mark.parametrize("points", [[7, 7, 7], [1, 2, 3], [0, 1_000_000, 5], [-3, -2, 40]])
def test_the_distribution_of_few_scores_keeps_them_all_in_their_bins(points: list[int]) -> None:
    told = distribution(np.array(points), np.array([True, False, False]))
    for point in points:
        assert sum(each["from"] <= point < each["to"] for each in told) == 1
    assert sum(each["good"] + each["bad"] for each in told) == 3
    assert sum(each["good"] + each["bad"] for each in distribution(np.array(points) / 8, np.ones(3, bool))) == 3


def test_true_probabilities_have_slope_one_and_too_extreme_ones_less() -> None:
    scores, probabilities, bad = foretold(3, 50_000)
    told = evaluate(scores, probabilities, bad)
    assert told["calibration_slope"] == pytest.approx(1, abs=0.04)
    assert told["calibration_in_the_large"] == pytest.approx(0, abs=0.04)
    assert told["calibration_error"] < 0.01
    scores, probabilities, bad = foretold(3, 50_000, slope=0.6)
    told = evaluate(scores, probabilities, bad)
    assert told["calibration_slope"] == pytest.approx(0.6, abs=0.04)
    assert told["calibration_slope_high"] < 1
    assert told["calibration_error"] > 0.02


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    """The truth is that of the same model over very many rows."""
    scores, probabilities, bad = foretold(4, 1_000_000)
    names = ("auc", "ks", "brier", "log_loss", "calibration_slope", "calibration_intercept", "calibration_in_the_large")
    truth = evaluate(scores, probabilities, bad)
    held = dict.fromkeys(names, 0)
    for seed in range(300):
        told = evaluate(*foretold(1_000 + seed, 600))
        for name in names:
            held[name] += told[f"{name}_low"] <= truth[name] <= told[f"{name}_high"]
    assert all(0.91 <= count / 300 <= 0.985 for count in held.values()), held


def test_rows_of_one_line_tell_less_than_rows_apart() -> None:
    """Every row six times over: the figures are the same and as sure as those of a sixth of the rows."""
    scores, probabilities, bad = foretold(5, 400)
    once = evaluate(scores, probabilities, bad)
    line = np.tile(np.arange(400), 6)
    many = evaluate(np.tile(scores, 6), np.tile(probabilities, 6), np.tile(bad, 6), groups=line)
    blind = evaluate(np.tile(scores, 6), np.tile(probabilities, 6), np.tile(bad, 6))
    for name in ("auc", "ks", "brier", "log_loss", "calibration_slope"):
        assert many[name] == pytest.approx(once[name])
        wide = once[f"{name}_high"] - once[f"{name}_low"]
        assert many[f"{name}_high"] - many[f"{name}_low"] == pytest.approx(wide, rel=0.01)
        assert blind[f"{name}_high"] - blind[f"{name}_low"] == pytest.approx(wide / math.sqrt(6), rel=0.02)


def test_rows_each_a_group_of_its_own_are_rows_without_groups() -> None:
    scores, probabilities, bad = foretold(6, 300)
    alone, grouped = evaluate(scores, probabilities, bad), evaluate(scores, probabilities, bad, groups=np.arange(300))
    for name, value in alone.items():
        if name not in TABLES:
            assert grouped[name] == (pytest.approx(value) if isinstance(value, float) else value)


def test_scores_of_different_folds_are_not_ranked_against_each_other() -> None:
    """Cards of three folds score on levels of their own; within a fold the ranks are those of one card."""
    scores, probabilities, bad = foretold(7, 3_000)
    fold = stratified(bad, 3, 7)
    told = evaluate(scores + 10_000 * fold, probabilities, bad, fold=fold)
    plain = evaluate(scores, probabilities, bad, fold=fold)
    within = [measures.auc(scores[fold == n], bad[fold == n]) for n in range(3)]
    assert told["auc"] == plain["auc"] == pytest.approx(np.mean(np.array(within, float)))
    assert told["auc_sd"] == pytest.approx(np.std(np.array(within, float), ddof=1))
    assert measures.auc(scores + 10_000 * fold, bad) != pytest.approx(told["auc"], abs=0.05)
    assert [each["share_of_bad"] for each in told["gains"]] == [each["share_of_bad"] for each in plain["gains"]]
    assert told["roc"] == plain["roc"]
    x, y = np.array(told["roc"]).T
    assert np.trapezoid(y, x) == pytest.approx(told["auc"], abs=0.003)


def test_one_card_over_folds_is_about_as_sure_as_over_all_rows() -> None:
    scores, probabilities, bad = foretold(10, 3_000)
    apart, whole = (
        evaluate(scores, probabilities, bad, fold=stratified(bad, 5, 1)),
        evaluate(scores, probabilities, bad),
    )
    for name in ("auc", "ks"):
        widths = [each[f"{name}_high"] - each[f"{name}_low"] for each in (apart, whole)]
        assert widths[0] == pytest.approx(widths[1], rel=0.15)


def test_lines_that_turn_bad_between_months_are_as_sure_as_lines_drawn_anew_say() -> None:
    """Months of a line share its level and may end either way, so that its good and bad months hang together too."""
    chance = np.random.default_rng(11)
    line = np.repeat(np.arange(150), 8)
    level = np.repeat(chance.normal(size=150), 8)
    scores = np.rint(100 * (level + 0.3 * chance.normal(size=1_200))).astype(np.int64)
    bad = np.asarray(chance.normal(size=1_200) + 0.8 < -0.5 * level, np.bool_)
    error = measures.auc_error(scores, bad, line)
    drawn = []
    for _ in range(800):
        rows = (chance.integers(0, 150, 150)[:, None] * 8 + np.arange(8)).ravel()
        drawn.append(measures.auc(scores[rows], bad[rows]))
    assert error == pytest.approx(np.std(np.array(drawn, float)), rel=0.1)
    alone = measures.auc_error(scores, bad)
    assert alone is not None
    assert error is not None
    assert error > 1.1 * alone


def test_one_outcome_is_refused_also_within_a_fold() -> None:
    scores, probabilities, bad = foretold(8, 100)
    with pytest.raises(InputError, match="both outcomes"):
        evaluate(scores, probabilities, np.ones(100, bool))
    with pytest.raises(InputError, match="both outcomes"):
        evaluate(scores, probabilities, bad, fold=bad.astype(np.int64))


def test_probabilities_that_tell_nothing_have_no_curve_and_no_figures_of_one() -> None:
    told = evaluate(np.arange(10), np.full(10, 0.3), np.arange(10) % 3 == 0)
    assert told["calibration_slope"] is None
    assert told["calibration_slope_low"] is None


def test_repeats_give_means_and_the_tables_of_the_first() -> None:
    scores, probabilities, bad = foretold(9, 500)
    told = [evaluate(scores, probabilities, bad, fold=stratified(bad, 2, seed)) for seed in range(3)]
    both = over_repeats(told)
    assert both["auc"] == pytest.approx(np.mean([each["auc"] for each in told]))
    assert both["repeats"] == 3
    assert both["gains"] == told[0]["gains"]
    assert both["rows"] == 500


# --- two cards on the same rows -----------------------------------------------------------------------------------


def two(seed: int, rows: int = 400, second: float = 0.5) -> tuple[Floats, Floats, Bools]:
    """Scores of two models that see partly the same; the first knows more where ``second`` is below 1."""
    chance = np.random.default_rng(seed)
    bad = chance.random(rows) < 0.35
    shared = chance.normal(size=rows)
    first = shared + chance.normal(size=rows) - 1.0 * bad
    return first, shared + chance.normal(size=rows) - second * bad, np.asarray(bad, np.bool_)


def test_the_paired_test_has_the_spread_the_bootstrap_has() -> None:
    first, second, bad = two(1)
    tested = intervals.auc_test([(first, second, bad, None)])
    assert tested is not None
    chance = np.random.default_rng(2)
    drawn = []
    for _ in range(1_500):
        rows = np.concatenate([chance.choice(np.flatnonzero(bad == kind), int((bad == kind).sum())) for kind in (0, 1)])
        gap = [measures.auc(each[rows], bad[rows]) for each in (first, second)]
        assert gap[0] is not None
        assert gap[1] is not None
        drawn.append(gap[0] - gap[1])
    assert tested.error == pytest.approx(np.std(drawn), rel=0.08)
    assert tested.difference == pytest.approx(np.mean(drawn), abs=tested.error / 10)
    assert tested.p == pytest.approx(math.erfc(abs(tested.difference) / tested.error / math.sqrt(2)))


def test_models_as_good_are_told_apart_one_time_in_twenty() -> None:
    told = 0
    for seed in range(400):
        first, second, bad = two(seed, 200, second=1.0)
        tested = intervals.auc_test([(first, second, bad, None)])
        assert tested is not None
        told += tested.p < 0.05
    assert 0.025 <= told / 400 <= 0.085


def test_a_model_that_knows_more_is_told_apart() -> None:
    first, second, bad = two(3, 2_000)
    told = difference(first, second, bad)
    assert told is not None
    assert 0 < told["low"] < told["difference"] < told["high"]
    assert told["p"] < 0.001
    turned = difference(second, first, bad)
    assert turned is not None
    assert turned["difference"] == pytest.approx(-told["difference"])
    assert turned["p"] == pytest.approx(told["p"])


def test_a_model_held_against_itself_differs_by_nothing() -> None:
    first, _, bad = two(4)
    told = difference(first, first, bad)
    assert told is not None
    assert (told["difference"], told["p"]) == (0, 1)


def test_the_difference_over_folds_is_the_mean_within_them_and_repeats_make_it_no_surer() -> None:
    first, second, bad = two(5, 900)
    fold = stratified(bad, 3, 1)
    moved = first + 100 * fold
    told = difference(moved, second, bad, fold=fold)
    within = [measures.auc_difference(first[fold == n], second[fold == n], bad[fold == n]) for n in range(3)]
    assert told is not None
    assert told["difference"] == pytest.approx(np.mean([each.value for each in within if each is not None]))
    pooled = difference(first, second, bad)
    assert pooled is not None
    assert told["error"] == pytest.approx(pooled["error"], rel=0.1)
    twice = difference(np.stack([moved, moved]), np.stack([second, second]), bad, fold=np.stack([fold, fold]))
    assert twice == pytest.approx(told)


def test_a_difference_told_by_rows_of_the_same_lines_is_as_sure_as_the_lines_are_many() -> None:
    first, second, bad = two(6, 300)
    once = difference(first, second, bad)
    line = np.tile(np.arange(300), 4)
    many = difference(first[line], second[line], bad[line], groups=line)
    assert once is not None
    assert many is not None
    assert many["difference"] == pytest.approx(once["difference"])
    assert many["error"] == pytest.approx(once["error"], rel=0.01)


def test_no_difference_is_told_of_one_row_of_an_outcome() -> None:
    assert difference(np.arange(6), np.arange(6), np.arange(6) < 1) is None
