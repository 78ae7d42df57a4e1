"""Training: whole points over exact limits, missing as a bin of its own, and no fold ever sees its own truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from creditline.events.kinds import NULL
from creditline.policy import load_policy, read_policy
from creditline.scoring.recipe import Recipe, RecipeError, read_recipe
from creditline.scoring.scorecard import Bin, FactPoints, Scorecard
from creditline.scoring.train import TrainingError, fold_numbers, out_of_fold, points_of, train, train_scorecard
from creditline.scoring.validate import auc
from creditline.scoring.written import as_written, card_text, with_card

RECIPE = Recipe(as_of="2005-09-30T23:59:59+08:00", folds=3)
LINES = 1_500


def learnable() -> tuple[dict[str, np.ndarray], np.ndarray]:
    """A telling fact, one that is missing where it matters, and one that says nothing."""
    chance = np.random.default_rng(5)
    months = chance.integers(0, 6, LINES)
    hidden = chance.random(LINES) < 0.3
    bad = chance.random(LINES) < 0.05 + 0.1 * months + 0.2 * hidden
    used = np.where(hidden, NULL, chance.integers(0, 2_000_000, LINES))
    return {"months": months.astype(np.int64), "used": used.astype(np.int64), "same": np.full(LINES, 7, np.int64)}, bad


FACTS, BAD = learnable()
CARD = train(FACTS, BAD, RECIPE)


def test_points_fall_with_risk() -> None:
    points = [CARD.facts["months"].points_of(value) for value in range(6)]
    assert points == sorted(points, reverse=True)
    assert points[0] - points[-1] > 50


def test_missing_is_a_bin_of_its_own() -> None:
    assert CARD.facts["used"].missing < min(each.points for each in CARD.facts["used"].bins)


def test_a_fact_that_says_nothing_gets_no_points_but_stays_on_the_card() -> None:
    assert CARD.facts["same"] == FactPoints(0, (Bin(0),))


def test_the_scale_is_the_one_asked_for() -> None:
    """At 600 points thirty good stand against one bad, and 40 points double that: so says the card of its own lines."""
    points = points_of(CARD, FACTS)
    promised = 1 / (1 + 30 * 2.0 ** ((points - 600) / 40))
    assert promised.mean() == pytest.approx(BAD.mean(), abs=0.01)


def test_vectorised_points_are_the_cards_own() -> None:
    one_by_one = [
        CARD.base + sum(fact.points_of(_said(FACTS[name][n])) for name, fact in CARD.facts.items()) for n in range(200)
    ]
    assert points_of(CARD, FACTS)[:200].tolist() == one_by_one


def _said(value: np.int64) -> int | None:
    return None if value == NULL else int(value)


def test_limits_are_rounded_for_people() -> None:
    for each in CARD.facts["used"].bins[:-1]:
        assert each.below is not None
        assert len(str(each.below).rstrip("0")) <= 2


def test_written_limits_are_exact_decimals_and_read_back_the_same() -> None:
    card = Scorecard(500, {"u": FactPoints(-3, (Bin(9, 230), Bin(1, 1_500_000), Bin(-7)))})
    assert [str(each.get("below")) for each in as_written(card, {"u": 6})["facts"]["u"]["bins"]] == [
        "0.00023",
        "1.5",
        "None",
    ]
    policy = load_policy("taiwan-panel")
    places = {name: policy.type_of(name).places for name in policy.by_name}
    assert policy.scorecard is not None
    again = read_policy(with_card(policy.text, policy.scorecard, places))
    assert again.scorecard == policy.scorecard
    assert card_text(policy.scorecard, places).splitlines()[1] == f"  base: {policy.scorecard.base}"


def test_train_scorecard_gives_the_policys_form() -> None:
    written = train_scorecard(FACTS, {"months": 0, "used": 6, "same": 0}, BAD, RECIPE)
    assert set(written) == {"base", "facts"}
    assert set(written["facts"]["months"]) == {"missing", "bins"}


def test_training_twice_gives_the_same_card() -> None:
    assert train(FACTS, BAD, RECIPE) == CARD


def test_folds_hang_on_seed_and_place_alone() -> None:
    folds = fold_numbers(100, 3, 7)
    assert np.array_equal(folds, fold_numbers(100, 3, 7))
    assert not np.array_equal(folds, fold_numbers(100, 3, 8))
    assert sorted(np.bincount(folds)) == [33, 33, 34]


def test_a_folds_own_truth_moves_none_of_its_points() -> None:
    honest = out_of_fold(FACTS, BAD, RECIPE)
    lied = out_of_fold(FACTS, np.where(honest.fold == 1, ~BAD, BAD), RECIPE)
    assert np.array_equal(honest.points[honest.fold == 1], lied.points[honest.fold == 1])
    assert not np.array_equal(honest.points, lied.points)


def test_pure_noise_is_worth_nothing_out_of_fold() -> None:
    chance = np.random.default_rng(11)
    noise = {name: chance.integers(0, 1_000, LINES).astype(np.int64) for name in "ab"}
    try:
        found = auc(out_of_fold(noise, BAD, RECIPE).points, BAD)
    except TrainingError:
        return  # no fact told anything: said aloud rather than scored
    assert found is not None
    assert abs(found - 0.5) < 0.06


@pytest.mark.parametrize(
    ("facts", "bad", "said"),
    [
        ({}, BAD, "cannot|no facts"),
        (FACTS, np.zeros(LINES, bool), "0 bad of 1500"),
        ({"same": FACTS["same"]}, BAD, "tell nothing"),
    ],
)
def test_what_cannot_be_trained_on_is_told(facts: dict[str, np.ndarray], bad: np.ndarray, said: str) -> None:
    with pytest.raises(TrainingError, match=said):
        train(facts, bad, RECIPE)


@pytest.mark.parametrize("folds", [0, 1, 101])
def test_folds_must_be_at_least_two_and_at_most_the_lines(folds: int) -> None:
    with pytest.raises(TrainingError, match="give 2 to 100"):
        fold_numbers(100, folds, 7)


def test_a_recipe_is_read_and_its_mistakes_told(tmp_path: Path) -> None:
    file = tmp_path / "x.train.yaml"
    assert read_recipe(file) is None
    file.write_text('as_of: "2005-09-30T23:59:59.999999+08:00"\nfolds: 4\n')
    recipe = read_recipe(file)
    assert recipe is not None
    assert (recipe.folds, recipe.moment) == (4, 1128095999999999)
    for wrong in ('as_of: "yesterday"', "folds: 4", 'as_of: "2005-09-30T23:59:59Z"\nfold: 4'):
        file.write_text(wrong)
        with pytest.raises(RecipeError, match="no recipe"):
            read_recipe(file)
