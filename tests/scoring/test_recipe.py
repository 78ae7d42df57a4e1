"""A recipe: how a policy's card is trained, what it may never say, and mistakes in the file told."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from creditline.errors import CreditlineError
from creditline.policy import load_policy, shipped_policies
from creditline.scoring.card import Card
from creditline.scoring.features import Feature, Features
from creditline.scoring.inputs import InputError
from creditline.scoring.measures import auc
from creditline.scoring.recipe import Recipe, RecipeError, fold_numbers, read_recipe
from creditline.scoring.scorecard import SCORED
from creditline.service.run import recipe_of

ROWS = 3_000
RECIPE = Recipe({"months": "falling", "used": "free", "same": "free"}, settings={"smallest": 0.02})


def learnable() -> tuple[Features, np.ndarray]:
    """A telling fact, one whose missing value tells most of all, and one that says nothing.

    More months are worse, but for the few at 6, who are better than all others.
    """
    chance = np.random.default_rng(5)
    months = chance.integers(0, 7, ROWS)
    hidden = chance.random(ROWS) < 0.3
    bad = chance.random(ROWS) < np.where(months == 6, 0.01, 0.1 + 0.1 * months) * np.where(hidden, 0.2, 1.0)
    used = np.where(hidden, np.nan, chance.random(ROWS))
    columns = {"months": Feature(months.astype(float)), "used": Feature(used), "same": Feature(np.full(ROWS, 7.0))}
    return Features(columns, ROWS), bad


FACTS, BAD = learnable()


def of(card: Card, fact: str) -> tuple[int, ...]:
    return next(term.points for term in card.terms if term.facts == (fact,))


def trained(recipe: Recipe = RECIPE) -> Card:
    return recipe.fit(FACTS, BAD, seed=7)


def test_points_never_rise_with_a_fact_declared_falling_even_where_the_rows_say_so() -> None:
    free = msgspec.structs.replace(RECIPE, facts={**RECIPE.facts, "months": "free"}, settings={"trend": "auto"})
    assert list(of(trained(), "months"))[1:] == sorted(of(trained(), "months")[1:], reverse=True)
    assert of(trained(free), "months")[-1] > of(trained(free), "months")[-2], "or this test would prove nothing"


def test_what_is_missing_never_earns_more_than_the_average() -> None:
    """Those who leave it empty are the best here; whoever says something must not lose by it."""
    card = trained()
    points = np.array(of(card, "used"))
    places = next(term for term in card.terms if term.facts == ("used",)).axes[0].places(FACTS.columns["used"])
    assert points[0] <= points[places[places > 0]].mean() + 1
    telling = trained(msgspec.structs.replace(RECIPE, telling=("used",)))
    assert of(telling, "used")[0] > max(of(telling, "used")[1:])
    assert of(telling, "used")[0] > points[0]


def test_no_fact_moves_the_score_further_than_its_reach() -> None:
    for reach in (5, 20):
        card = trained(msgspec.structs.replace(RECIPE, reach=reach))
        for term in card.terms:
            given = np.array(term.points)[term.axes[0].places(FACTS.columns[term.facts[0]])]
            assert max(abs(points - given.mean()) for points in term.points) <= reach + 12, "as rounded, from its mean"
    widest = max(max(term.points) - min(term.points) for term in trained().terms)
    assert widest > 45, "without it some fact reaches further"


def test_both_kinds_are_trained_by_one_recipe() -> None:
    boosted = msgspec.structs.replace(RECIPE, kind="ebm", reach=60, settings={"pairs": 1, "bags": 1})
    card = trained(boosted)
    assert (card.kind, card.scaling) == ("ebm", RECIPE.scaling)
    assert list(of(card, "months"))[1:] == sorted(of(card, "months")[1:], reverse=True)
    assert of(card, "used")[0] < max(of(card, "used")[1:]), "the bounds hold of it too"
    telling = trained(msgspec.structs.replace(boosted, telling=("used",)))
    assert of(telling, "used")[0] > max(of(telling, "used")[1:])
    assert (auc(telling.points(FACTS), BAD) or 0) > 0.7


def test_the_scale_is_the_one_asked_for() -> None:
    """At 600 points thirty good stand against one bad, and 40 points double that: so says the card of its own rows."""
    points = trained(msgspec.structs.replace(RECIPE, telling=("used",))).points(FACTS)
    promised = 1 / (1 + 30 * 2.0 ** ((points - 600) / 40))
    assert promised.mean() == pytest.approx(BAD.mean(), abs=0.01)


def test_the_same_rows_give_the_same_card_and_it_says_its_bounds() -> None:
    assert trained().hash == trained().hash
    card = trained(msgspec.structs.replace(RECIPE, reach=30, telling=("used",)))
    assert (card.training["reach"], card.training["telling"]) == (30, ["used"])
    assert card.training["monotone"] == {"months": -1}


def test_other_columns_play_no_part() -> None:
    more = Features({**FACTS.columns, "leak": Feature(BAD.astype(float))}, ROWS)
    assert RECIPE.fit(more, BAD, seed=7) == trained()


@pytest.mark.parametrize(
    ("facts", "bad", "said"),
    [
        ({"months": "falling", "gone": "free"}, BAD, "gone.*are not there"),
        ({"same": "free"}, BAD, "tell nothing of the outcome"),
    ],
)
def test_what_cannot_be_trained_on_is_told(facts: dict[str, str], bad: np.ndarray, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        msgspec.convert({"facts": facts}, Recipe).fit(FACTS, bad, seed=7)
    with pytest.raises(InputError):
        RECIPE.fit(FACTS, np.zeros(ROWS, bool), seed=7)


def test_folds_hang_on_seed_and_place_alone() -> None:
    folds = fold_numbers(100, 3, 7)
    assert np.array_equal(folds, fold_numbers(100, 3, 7))
    assert not np.array_equal(folds, fold_numbers(100, 3, 8))
    assert sorted(np.bincount(folds)) == [33, 33, 34]


@pytest.mark.parametrize("folds", [0, 1, 101])
def test_folds_must_be_at_least_two_and_at_most_the_lines(folds: int) -> None:
    with pytest.raises(RecipeError, match="give 2 to 100"):
        fold_numbers(100, folds, 7)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("facts: {}", "lists none"),
        ("folds: 4", "facts"),
        ("facts: {a: up}", "up"),
        ('facts: {a: free}\nas_of: "yesterday"', "yesterday"),
        ("facts: {a: free}\nfold: 4", "fold"),
        ("facts: {a: free}\ntelling: [b]", "telling names b"),
        ("facts: {a: free}\nsettings: {leaves: 3}", "no leaves"),
        ("facts: {a: free}\nsettings: {bins: many}", "int"),
        ("facts: {a: free}\ndouble: 0", "1 or more"),
        ("facts: {a: free}\nreach: 0", "1 or more"),
        ("facts: {a: free}\nbase: 9000000", "1,000,000"),
        ("facts: {a: free}\nobserve: {window: 180d, outcome: 60dpd}", "moments"),
        ("facts: [a", "is no recipe"),
    ],
)
def test_mistakes_in_the_file_are_told(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "x.train.yaml"
    file.write_text(text)
    with pytest.raises(RecipeError, match=said) as told:
        read_recipe(file)
    assert "is no recipe for a scorecard" in str(told.value)


def test_a_recipe_is_read_and_none_is_none(tmp_path: Path) -> None:
    file = tmp_path / "x.train.yaml"
    assert read_recipe(file) is None
    file.write_text('facts: {a: free}\nas_of: "2005-09-30T23:59:59.999999+08:00"\nfolds: 4\n')
    recipe = read_recipe(file)
    assert recipe is not None
    assert (recipe.folds, recipe.moment, recipe.facts) == (4, 1128095999999999, {"a": "free"})


# -- the shipped ones -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", shipped_policies())
def test_a_shipped_policy_scores_what_its_recipe_lists_and_never_who_a_person_is(name: str) -> None:
    policy, recipe = load_policy(name), recipe_of(name)
    assert recipe is not None
    assert policy.scorecard is not None
    assert set(policy.scorecard.facts) <= recipe.facts.keys()
    assert all(policy.type_of(fact).unit in SCORED for fact in recipe.facts)
    assert not {"employment", "party_type", "identity_verified", "profile_age"} & recipe.facts.keys()


@pytest.mark.parametrize("name", shipped_policies())
def test_a_shipped_card_runs_as_its_recipe_declares(name: str) -> None:
    policy, recipe = load_policy(name), recipe_of(name)
    assert recipe is not None
    assert policy.scorecard is not None
    for term in policy.scorecard.terms:
        course, said = recipe.facts[term.facts[0]], list(term.points[1:])
        assert course != "falling" or said == sorted(said, reverse=True)
        assert course != "rising" or said == sorted(said)
        if term.facts[0] not in recipe.telling:
            assert term.points[0] <= max(said), "missing never earns more than good does"


@pytest.mark.parametrize("name", shipped_policies())
def test_more_arrears_never_earn_points(name: str) -> None:
    recipe = recipe_of(name)
    assert recipe is not None
    arrears = [fact for fact in recipe.facts if "late" in fact or "behind" in fact or "dpd" in fact]
    assert len(arrears) >= 3
    assert all(recipe.facts[fact] == ("rising" if fact.startswith("since") else "falling") for fact in arrears)


def test_a_recipe_beside_a_persons_own_policy_is_found(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(load_policy("consumer-line").text)
    assert recipe_of(tmp_path / "mine.yaml") is None
    (tmp_path / "mine.train.yaml").write_text("facts: {score: rising}\n")
    found = recipe_of(str(tmp_path / "mine.yaml"))
    assert found is not None
    assert found.facts == {"score": "rising"}
    (tmp_path / "mine.train.yaml").write_text("facts: {score: sideways}\n")
    with pytest.raises(CreditlineError, match="is no recipe"):
        recipe_of(tmp_path / "mine.yaml")
