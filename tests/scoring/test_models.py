"""Models: cards that part bad from good, come out the same from a seed, and lose next to nothing by whole points."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditline.scoring.card import Card, Scaling, Term
from creditline.scoring.crossval import Fit, calibrate, cross_validate, stratified
from creditline.scoring.ebm import EbmSettings, fit_ebm
from creditline.scoring.features import Feature, Features
from creditline.scoring.inputs import InputError
from creditline.scoring.measures import auc
from creditline.scoring.woe import WoeSettings, _shortest, fit_woe, regress

ROWS = 2_400
CODE = -999.0
SMALL = EbmSettings(pairs=3, bags=2, bins=16, pair_bins=8, rate=0.1)


def generated(seed: int, rows: int = ROWS) -> tuple[Features, np.ndarray]:
    """Borrowers whose risk follows a number, a choice, a special code, missing, and two facts together."""
    chance = np.random.default_rng(seed)
    used = np.round(chance.random(rows), 3)
    late = chance.integers(0, 6, rows).astype(np.float64)
    left, right = chance.random(rows), chance.random(rows)
    noise = chance.random(rows)
    purpose = chance.choice(4, rows, p=[0.4, 0.3, 0.25, 0.05])
    coded, hidden = chance.random(rows) < 0.1, chance.random(rows) < 0.1
    risk = -2.5 + 2 * used + 0.4 * late + np.array([0.0, 1.0, -0.8, 0.3])[purpose]
    risk = risk + np.where((left > 0.5) == (right > 0.5), 0.9, -0.9)
    risk = np.where(coded, risk + 1.5, np.where(hidden, risk - 1.5, risk))
    bad = chance.random(rows) < 1 / (1 + np.exp(-risk))
    late[coded] = CODE
    late[hidden & ~coded] = math.nan
    codes = np.where(chance.random(rows) < 0.05, -1, purpose)
    columns = {
        "used": Feature(used),
        "late": Feature(late),
        "left": Feature(left),
        "right": Feature(right),
        "noise": Feature(noise),
        "purpose": Feature(None, codes, ("boat", "car", "school", "travel")),
    }
    return Features(columns, rows, (CODE,), {"kind": "raw"}), bad


SEEN, BAD = generated(1)
LATER, LATER_BAD = generated(2)
EBM = fit_ebm(SEEN, BAD, seed=3, settings=SMALL, jobs=1)
WOE = fit_woe(SEEN, BAD, seed=3)
BOTH = pytest.mark.parametrize("card", [WOE, EBM], ids=["woe", "ebm"])
FITS: tuple[Fit, ...] = (fit_woe, partial(fit_ebm, settings=SMALL, jobs=1))


def separation(card: Card) -> float:
    found = auc(card.points(LATER), LATER_BAD)
    assert found is not None
    return found


def term(card: Card, *facts: str) -> Term:
    return next(each for each in card.terms if each.facts == facts)


def test_both_part_bad_from_good_and_pairs_find_what_facts_alone_cannot() -> None:
    assert separation(WOE) > 0.72
    assert separation(EBM) > separation(WOE) + 0.03
    assert ("left", "right") in [each.facts for each in EBM.terms]


@BOTH
def test_whole_points_lose_next_to_nothing(card: Card) -> None:
    assert card.exact is not None
    before = auc(card.exact.scores(LATER), LATER_BAD)
    assert before is not None
    assert abs(before - separation(card)) < 0.002


@BOTH
def test_points_follow_the_unrounded_model(card: Card) -> None:
    """No row is further from its unrounded score than half a point for each term and half one for the base."""
    assert card.exact is not None
    scaled = card.scaling.base + card.scaling.factor * (card.exact.scores(LATER) - math.log(card.scaling.odds))
    assert np.abs(scaled - card.points(LATER)).max() <= (len(card.exact.terms) + 1) / 2


def test_the_boosted_card_is_the_model_of_the_library_and_no_approximation() -> None:
    """Before rounding it gives the library's own log odds, special codes (which the library does not know) aside."""
    from interpret.glassbox import ExplainableBoostingClassifier  # type: ignore[import-untyped]

    names = ["late", "purpose", "used"]
    plain = {name: SEEN.columns[name] for name in names}
    card = fit_ebm(Features(plain, ROWS), BAD, seed=3, settings=SMALL, jobs=1)
    words = np.array([*SEEN.columns["purpose"].choices, None], np.object_)
    given_ = {
        name: words[each.codes] if each.codes is not None else each.numbers for name, each in sorted(plain.items())
    }
    model = ExplainableBoostingClassifier(
        feature_names=names, feature_types=["continuous", "nominal", "continuous"], interactions=SMALL.pairs,
        outer_bags=SMALL.bags, max_bins=SMALL.bins, max_interaction_bins=SMALL.pair_bins, learning_rate=SMALL.rate,
        max_leaves=SMALL.leaves, min_samples_leaf=6, random_state=3, n_jobs=1,
    ).fit(given_, BAD)  # fmt: skip
    assert card.exact is not None
    assert card.exact.scores(Features(plain, ROWS)) == pytest.approx(-model.decision_function(given_), abs=1e-9)


@pytest.mark.parametrize("fit", FITS, ids=["woe", "ebm"])
def test_a_seed_gives_the_same_card_whatever_the_order_of_columns(fit: Fit) -> None:
    turned = Features(dict(list(SEEN.columns.items())[::-1]), ROWS, SEEN.special, SEEN.source)
    assert fit(turned, BAD, seed=3) == fit(SEEN, BAD, seed=3)


@BOTH
def test_a_card_of_a_model_goes_through_its_file(card: Card) -> None:
    again = Card.from_dict(card.to_dict())
    assert again == card
    assert again.points(LATER).tolist() == card.points(LATER).tolist()


@BOTH
def test_missing_and_special_have_points_of_their_own(card: Card) -> None:
    """Rows with the code are worse than any other, rows without an answer better."""
    said = term(card, "late")
    coded, missing, worst = (said.points_of({"late": value}) for value in (CODE, None, 5.0))
    assert coded == min(said.points)
    assert coded < worst < missing


@BOTH
def test_a_choice_never_seen_stands_between_those_seen(card: Card) -> None:
    said = term(card, "purpose")
    unseen = said.points_of({"purpose": "moon"})
    seen = [said.points_of({"purpose": each}) for each in ("boat", "car", "school", "travel")]
    assert min(seen) < unseen < max(seen)


@pytest.mark.parametrize("fit", FITS, ids=["woe", "ebm"])
def test_a_special_value_never_seen_in_training_is_no_amount(fit: Fit) -> None:
    """``used`` never was -999 in training: such a row gets none of the points of other bins or of missing."""
    used = SEEN.columns["used"].numbers
    assert used is not None
    holes = Feature(np.where(BAD & (used > 0.5), math.nan, used))
    said = term(fit(Features({"used": holes}, ROWS, (CODE,)), BAD, seed=3), "used")
    assert said.points_of({"used": CODE}) == 0
    assert said.points_of({"used": 0.0}) > 10
    assert said.points_of({"used": None}) < -10


@pytest.mark.parametrize("fit", FITS, ids=["woe", "ebm"])
@pytest.mark.parametrize("direction", [1, -1])
def test_a_declared_direction_is_kept(fit: Any, direction: int) -> None:
    """Against the data, too: a card told that more use is better gives no bin of it less than the bin before."""
    card = fit(SEEN, BAD, seed=3, monotone={"used": direction, "left": direction})
    for each in card.terms:
        for number, axis in enumerate(each.axes):
            if axis.fact in {"used", "left"}:
                table = np.array(each.points).reshape([other.size for other in each.axes])
                bins = np.moveaxis(table, number, 0)[1 : len(axis.below) + 2]
                assert (np.diff(bins, axis=0) * direction >= 0).all(), each.facts


def test_a_fact_that_says_nothing_gets_little_or_no_points() -> None:
    told = np.ptp(term(WOE, "used").points)
    noise = [np.ptp(each.points) for each in WOE.terms if each.facts == ("noise",)]
    assert max(noise, default=0) < told / 4


@given(st.integers(0, 10_000), st.integers(2, 12))
def test_limits_part_values_that_are_there(seed: int, digits: int) -> None:
    chance = np.random.default_rng(seed)
    values = np.round(chance.lognormal(5, 2, 400), digits)
    bad = chance.random(400) < np.where(values > np.median(values), 0.6, 0.2)
    card = fit_woe(Features({"a": Feature(values)}, 400), bad, seed=0)
    known = np.unique(values)
    for limit in (limit for each in card.terms for axis in each.axes for limit in axis.below):
        assert known[0] < limit <= known[-1]


def test_limits_are_as_short_as_they_can_be_without_moving_a_row() -> None:
    known = np.array([1.23456, 1.98765, 250.1, 1_049.5, 1_050.5, 1_050.5000001])
    assert [_shortest(known, split) for split in (1.5, 2.0, 500.5, 1_050.0)] == [1.5, 2.0, 500.0, 1_050.0]
    assert _shortest(known, 1_050.50000005) == pytest.approx(1_050.50000005, abs=1e-7)
    assert _shortest(known, 1.0) is None
    assert _shortest(known, 2_000.0) is None


def test_no_weight_runs_against_its_own_evidence() -> None:
    chance = np.random.default_rng(4)
    base = chance.normal(size=(1_000, 1))
    matrix = np.hstack([base, base + chance.normal(size=(1_000, 1)) / 5, -base])
    good = chance.random(1_000) < 1 / (1 + np.exp(-1.5 * base[:, 0] - 0.3))
    weights, intercept = regress(matrix, good, 1.0)
    assert (weights >= 0).all()
    assert weights[2] == 0
    assert weights[:2].sum() == pytest.approx(1.5, abs=0.3)
    assert intercept == pytest.approx(0.3, abs=0.2)


def test_the_regression_agrees_with_the_one_of_scikit_learn() -> None:
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    chance = np.random.default_rng(6)
    matrix = chance.normal(size=(800, 3))
    good = chance.random(800) < 1 / (1 + np.exp(-matrix @ np.array([1.0, 0.5, 2.0])))
    weights, intercept = regress(matrix, good, 2.0)
    other = LogisticRegression(C=0.5, tol=1e-10, max_iter=10_000).fit(matrix, good)
    assert weights == pytest.approx(other.coef_[0], abs=1e-4)
    assert intercept == pytest.approx(other.intercept_[0], abs=1e-4)


def test_of_many_facts_those_are_kept_that_tell_most() -> None:
    card = fit_ebm(SEEN, BAD, seed=3, settings=replace(SMALL, facts=3, pairs=0), jobs=1)
    assert set(card.facts) == {"late", "purpose", "used"}


@pytest.mark.parametrize("fit", FITS, ids=["woe", "ebm"])
def test_what_cannot_be_trained_on_is_refused(fit: Fit) -> None:
    with pytest.raises(InputError, match="0 bad"):
        fit(SEEN, np.zeros(ROWS, np.bool_), seed=0)
    with pytest.raises(InputError, match="are left"):
        fit(Features({}, ROWS), BAD, seed=0)
    with pytest.raises(InputError, match="do not fit the rows"):
        fit(SEEN, BAD[1:], seed=0)


@pytest.mark.parametrize("fit", FITS, ids=["woe", "ebm"])
def test_facts_without_any_answer_or_any_difference_do_no_harm(fit: Fit) -> None:
    odd = {
        "empty": Feature(np.full(ROWS, math.nan)),
        "same": Feature(np.full(ROWS, 3.0)),
        "coded": Feature(np.full(ROWS, CODE)),
        "silent": Feature(None, np.full(ROWS, -1), ()),
        "one": Feature(None, np.zeros(ROWS, np.int64), ("yes",)),
    }
    card = fit(Features({**SEEN.columns, **odd}, ROWS, SEEN.special), BAD, seed=0)
    assert not set(odd) & {fact for each in card.terms if np.ptp(each.points) > 20 for fact in each.facts}
    rows = Features({**LATER.columns, **odd}, ROWS, SEEN.special)
    assert auc(card.points(rows), LATER_BAD) == pytest.approx(separation(WOE if card.kind == "woe" else EBM), abs=0.02)


@given(st.integers(2, 60), st.integers(2, 200), st.integers(2, 8), st.integers(0, 99))
def test_folds_share_out_rows_and_bad_ones_evenly(bads: int, goods: int, folds: int, seed: int) -> None:
    bad = np.random.default_rng(seed).permutation(np.arange(bads + goods) < bads)
    if folds > min(bads, goods):
        with pytest.raises(InputError, match="folds"):
            stratified(bad, folds, seed)
        return
    fold = stratified(bad, folds, seed)
    for each in (fold, fold[bad], fold[~bad]):
        sizes = np.bincount(each, minlength=folds)
        assert sizes.max() - sizes.min() <= 1
    assert (stratified(bad, folds, seed) == fold).all()


def test_every_row_is_scored_by_a_card_that_never_saw_it() -> None:
    trained: list[tuple[int, np.ndarray]] = []
    columns = {**SEEN.columns, "row": Feature(np.arange(ROWS, dtype=np.float64))}
    steps: list[tuple[int, int]] = []

    def fit(features: Features, bad: np.ndarray, *, seed: int) -> Card:
        numbers = features.columns["row"].numbers
        assert numbers is not None
        trained.append((seed, numbers.astype(int)))
        return fit_woe(Features({"used": features.columns["used"]}, features.rows), bad, seed=seed)

    found = cross_validate(
        Features(columns, ROWS), BAD, fit, folds=3, repeats=2, seed=5, progress=lambda n, of: steps.append((n, of))
    )
    assert steps == [(number, 6) for number in range(7)]
    assert [seed for seed, _ in trained] == [5, 5, 5, 6, 6, 6]
    for number, (_, rows) in enumerate(trained):
        assert set(rows) == set(np.flatnonzero(found.fold[number // 3] != number % 3))


def test_figures_of_a_validation_are_those_of_its_folds() -> None:
    found = cross_validate(SEEN, BAD, fit_woe, folds=3, repeats=2, seed=5)
    again = [
        auc(found.scores[repeat][found.fold[repeat] == number], BAD[found.fold[repeat] == number])
        for repeat in range(2)
        for number in range(3)
    ]
    assert found.aucs.ravel().tolist() == again
    assert found.auc == pytest.approx(np.mean([each for each in again if each is not None]))
    assert found.auc == pytest.approx(separation(WOE), abs=0.03)
    assert found.auc == pytest.approx(found.auc_unrounded, abs=0.002)
    assert 0 < found.auc_sd < 0.05
    assert found.probabilities.mean() == pytest.approx(BAD.mean(), abs=0.01)


def test_random_outcomes_are_told_from_nothing() -> None:
    """Bins and weights see only training rows: were an outcome to leak, noise would seem to be told apart."""
    bad = np.random.default_rng(8).permutation(BAD)
    for fit in FITS:
        assert abs(cross_validate(SEEN, bad, fit, folds=3, seed=1).auc - 0.5) < 0.04


def test_calibration_turns_scores_into_the_share_that_goes_bad() -> None:
    chance = np.random.default_rng(2)
    scores = np.rint(chance.normal(600, 60, 40_000)).astype(np.int64)
    bad = chance.random(40_000) < 1 / (1 + np.exp(1.5 + 0.025 * (scores - 600)))
    fitted = calibrate(scores, bad)
    told = fitted.probability(scores)
    for low, high in ((400, 560), (560, 600), (600, 640), (640, 800)):
        inside = (scores >= low) & (scores < high)
        assert told[inside].mean() == pytest.approx(bad[inside].mean(), abs=0.015)


def test_a_calibration_against_the_points_is_flat() -> None:
    chance = np.random.default_rng(2)
    scores = np.arange(2_000)
    assert calibrate(scores, chance.random(2_000) < scores / 2_000).slope == pytest.approx(0, abs=1e-6)


def test_the_validation_calibrates_the_card() -> None:
    found = cross_validate(SEEN, BAD, fit_woe, folds=3, seed=5)
    card = found.calibrated(WOE)
    assert card.points(LATER).tolist() == WOE.points(LATER).tolist()
    assert card.calibration.probability(card.points(LATER)).mean() == pytest.approx(LATER_BAD.mean(), abs=0.03)


def test_settings_and_scaling_are_those_asked_for() -> None:
    card = fit_woe(SEEN, BAD, seed=9, settings=WoeSettings(bins=3), scaling=Scaling(0, 1, 20))
    assert max(len(axis.below) for each in card.terms for axis in each.axes) <= 2
    assert card.scaling == Scaling(0, 1, 20)
    assert card.training["seed"] == 9
    assert card.training["rows"] == ROWS
