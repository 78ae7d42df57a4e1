"""Figures of a scorecard against their definitions, and against libraries that work them out another way."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu

from creditline.scoring import measures
from creditline.scoring.measures import Gain, Interval


def drawn(seed: int, rows: int = 400, shift: float = 1.0) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Scores, higher for good rows, and outcomes."""
    chance = np.random.default_rng(seed)
    bad = chance.random(rows) < 0.3
    scores: NDArray[np.float64] = np.asarray(np.round(chance.normal(size=rows) - shift * bad, 1), np.float64)
    return scores, bad


@given(st.lists(st.tuples(st.integers(-4, 4), st.booleans()), min_size=2, max_size=30))
def test_gini_is_twice_the_auc_less_one_also_of_floats(scored: list[tuple[int, bool]]) -> None:
    scores, bad = np.array([s / 8 for s, _ in scored]), np.array([b for _, b in scored])
    if bad.all() or not bad.any():
        assert measures.gini(scores, bad) is None
        return
    wins = mannwhitneyu(scores[~bad], scores[bad], method="asymptotic").statistic
    assert measures.gini(scores, bad) == pytest.approx(2 * wins / (bad.sum() * (~bad).sum()) - 1, abs=1e-12)


def test_brier_and_log_loss_are_their_definitions() -> None:
    probability, bad = np.array([0.2, 0.9, 0.5]), np.array([False, True, True])
    assert measures.brier(probability, bad) == pytest.approx((0.04 + 0.01 + 0.25) / 3)
    assert measures.log_loss(probability, bad) == pytest.approx(-(math.log(0.8) + math.log(0.9) + math.log(0.5)) / 3)


def test_a_sure_and_wrong_probability_costs_much_but_not_infinitely() -> None:
    assert 20 < measures.log_loss(np.array([0.0]), np.array([True])) < 40


def test_calibration_is_the_regression_that_sklearn_finds() -> None:
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    scores, bad = drawn(1)
    odds = -1.7 * scores - 1
    got = measures.calibration(1 / (1 + np.exp(-odds)), bad)
    assert got is not None
    peer = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(odds[:, None], bad)
    assert got.slope == pytest.approx(peer.coef_[0, 0], abs=1e-5)
    assert got.intercept == pytest.approx(peer.intercept_[0], abs=1e-5)


def test_the_mean_is_put_right_by_the_intercept_in_the_large() -> None:
    scores, bad = drawn(2)
    odds = -scores - 3
    got = measures.calibration(1 / (1 + np.exp(-odds)), bad)
    assert got is not None
    assert got.in_the_large > 0
    assert np.mean(1 / (1 + np.exp(-odds - got.in_the_large))) == pytest.approx(bad.mean(), abs=1e-9)


def test_true_probabilities_have_slope_one_and_no_intercept() -> None:
    chance = np.random.default_rng(3)
    odds = chance.normal(-1, 1.5, 200_000)
    probability = 1 / (1 + np.exp(-odds))
    got = measures.calibration(probability, chance.random(len(odds)) < probability)
    assert got is not None
    assert got == pytest.approx((1, 0, 0), abs=0.03)


@pytest.mark.parametrize(
    ("probability", "bad"),
    [
        ([0.1, 0.2], [True, True]),
        ([0.3, 0.3, 0.3], [True, False, True]),
        ([0.1, 0.2, 0.8, 0.9], [False, False, True, True]),
    ],
    ids=["one outcome", "one probability", "parted"],
)
def test_calibration_that_does_not_exist_is_none(probability: list[float], bad: list[bool]) -> None:
    assert measures.calibration(np.array(probability), np.array(bad)) is None


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=60), st.integers(2, 12))
def test_reliability_holds_every_row_once_and_ascends(scored: list[tuple[int, bool]], bins: int) -> None:
    probability, bad = np.array([p / 20 for p, _ in scored]), np.array([b for _, b in scored])
    groups = measures.reliability(probability, bad, bins)
    assert len(groups) <= bins
    assert sum(each.rows for each in groups) == len(scored)
    assert sum(each.rows * each.bad for each in groups) == pytest.approx(bad.sum())
    assert sum(each.rows * each.foretold for each in groups) == pytest.approx(probability.sum())
    assert all(first.foretold < second.foretold for first, second in pairwise(groups))
    # Outward by a rounding's breadth: at 0 and 1 the bounds are the share itself.
    assert all(each.low - 1e-12 <= each.bad <= each.high + 1e-12 for each in groups)


def test_the_calibration_error_is_the_mean_distance() -> None:
    probability, bad = np.array([0.1] * 10 + [0.6] * 10), np.array([True] * 2 + [False] * 8 + [True] * 5 + [False] * 5)
    assert measures.calibration_error(probability, bad, 2) == pytest.approx((0.1 + 0.1) / 2)


def test_wilson_is_as_in_the_tables() -> None:
    assert measures.wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)  # Newcombe 1998, table I
    assert measures.wilson(0, 20) == pytest.approx((0, 0.1611), abs=5e-5)


def test_gains_of_a_perfect_and_of_a_useless_score() -> None:
    bad = np.arange(100) < 20
    perfect = measures.gains(np.arange(100), bad, 5)
    assert perfect[0] == Gain(0.2, 1, 0, 5)
    useless = measures.gains(np.zeros(100), bad, 5)
    assert [each.bad for each in useless] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1])
    assert [each.lift for each in useless] == pytest.approx([1] * 5)
    with pytest.raises(ValueError, match="both outcomes"):
        measures.gains(np.arange(3), np.ones(3, bool))


@given(st.integers(0, 1000))
def test_gains_do_not_depend_on_the_order_of_rows(seed: int) -> None:
    scores, bad = drawn(seed, 60)
    if bad.all() or not bad.any():
        return
    mixed = np.random.default_rng(seed).permutation(60)
    assert measures.gains(scores, bad) == measures.gains(scores[mixed], bad[mixed])
    assert measures.gains(scores, bad)[-1][:3] == (1, 1, 1)


def test_psi_is_its_definition_and_nought_for_the_same_shares() -> None:
    first, second = np.array([5000, 3000, 2000]), np.array([4000, 3000, 3000])
    exact = (0.4 - 0.5) * math.log(0.4 / 0.5) + (0.3 - 0.2) * math.log(0.3 / 0.2)
    assert measures.psi(first, second) == pytest.approx(exact, rel=1e-3)
    assert measures.psi(first, first * 7) == pytest.approx(0, abs=1e-6)
    assert math.isfinite(measures.psi([10, 0], [0, 10]))
    with pytest.raises(ValueError, match="2 bins expected but 3 actual"):
        measures.psi([1, 2], [1, 2, 3])


def test_csi_is_the_shift_of_the_mean_points() -> None:
    assert measures.csi([50, 50], [20, 80], [0, 10]) == pytest.approx(3)


def test_rows_are_counted_into_the_bins_of_the_first_score() -> None:
    limits = measures.score_bins(np.arange(100), 4)
    assert measures.counts(np.arange(100), limits).tolist() == [25, 25, 25, 25]
    assert measures.counts([-5, 1000, 1000], limits).tolist() == [1, 0, 0, 2]


def naive_delong(scores: NDArray[np.float64], bad: NDArray[np.bool_]) -> tuple[float, float]:
    """Area and variance from the matrix of all pairs."""
    wins = np.heaviside(scores[~bad][:, None] - scores[bad][None, :], 0.5)
    of_good, of_bad = wins.mean(axis=1), wins.mean(axis=0)
    return float(wins.mean()), float(of_good.var(ddof=1) / len(of_good) + of_bad.var(ddof=1) / len(of_bad))


@given(st.integers(0, 500))
def test_delong_by_ranks_is_delong_by_pairs(seed: int) -> None:
    scores, bad = drawn(seed, 80)
    area, variance = naive_delong(scores, bad)
    got = measures.auc_interval(scores, bad)
    assert got is not None
    assert got.value == pytest.approx(area, abs=1e-12)
    assert got.low < got.value < got.high
    half = 1.959964 * math.sqrt(variance) / (area * (1 - area))
    odds = [math.log(bound / (1 - bound)) for bound in (got.low, got.high)]
    assert odds[1] - odds[0] == pytest.approx(2 * half, rel=1e-6)


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    truth = 0.760250  # of two normals one apart: the normal distribution at 1 over the root of 2
    held = 0
    for seed in range(400):
        chance = np.random.default_rng(seed)
        bad = np.arange(150) < 50
        got = measures.auc_interval(chance.normal(size=150) - bad, bad)
        assert got is not None
        held += got.low <= truth <= got.high
    assert 0.92 <= held / 400 <= 0.98


def test_a_perfect_score_has_no_width_and_one_row_no_interval() -> None:
    assert measures.auc_interval(np.arange(6), np.arange(6) < 3) == Interval(1, 1, 1)
    assert measures.auc_interval(np.arange(6), np.arange(6) < 1) is None
    assert measures.auc_difference(np.arange(6), np.arange(6), np.arange(6) < 1) is None


def test_paired_scores_differ_with_less_doubt_than_scores_apart() -> None:
    scores, bad = drawn(5)
    noisy = scores + np.random.default_rng(6).normal(0, 0.3, len(scores))
    apart = measures.auc_difference(scores, noisy, bad)
    assert apart is not None
    first, second = naive_delong(scores, bad), naive_delong(noisy, bad)
    assert apart.value == pytest.approx(first[0] - second[0], abs=1e-12)
    assert (apart.high - apart.low) / 2 < 1.96 * math.sqrt(first[1] + second[1])
    same = measures.auc_difference(scores, scores, bad)
    assert same is not None
    assert same == pytest.approx((0, 0, 0), abs=1e-7)


@pytest.mark.parametrize("figure", [measures.brier, measures.log_loss, measures.calibration, measures.reliability])
def test_probabilities_and_outcomes_must_be_of_the_same_rows(figure: object) -> None:
    assert callable(figure)
    with pytest.raises(ValueError, match="3 values but 2 outcomes"):
        figure(np.array([0.1, 0.2, 0.3]), np.array([True, False]))
