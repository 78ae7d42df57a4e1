"""Settings chosen within the rows a card is trained on: never by the rows it is then judged by."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from creditline.scoring.card import Card
from creditline.scoring.crossval import Fit, cross_validate, stratified
from creditline.scoring.ebm import EbmSettings
from creditline.scoring.features import Feature, Features
from creditline.scoring.inputs import InputError
from creditline.scoring.tuning import EBM_GRID, FOLDS, WOE_GRID, tuned
from creditline.scoring.woe import WoeSettings, fit_woe

ROWS = 600
SMALL = EbmSettings(pairs=3, bags=3, bins=16, pair_bins=8, rate=0.1)


def generated(seed: int, rows: int = ROWS, noise: int = 0) -> tuple[Features, np.ndarray]:
    """A fact that tells something, one of which few rows tell, and as many that tell nothing as asked."""
    chance = np.random.default_rng(seed)
    used = chance.random(rows)
    late = chance.poisson(0.5, rows).astype(np.float64)
    bad = chance.random(rows) < 1 / (1 + np.exp(2.5 - 2 * used - 0.8 * late))
    columns = {"used": Feature(used), "late": Feature(late)}
    columns |= {f"noise{n}": Feature(chance.random(rows)) for n in range(noise)}
    return Features(columns, rows, (), {"kind": "raw"}), bad


SEEN, BAD = generated(1)
BRIEF = (({"leaves": 2},), ({"pairs": 0},))
FITS = pytest.mark.parametrize(
    ("fit", "candidates"),
    [(tuned("woe", grid=WOE_GRID[1:]), 5), (tuned("ebm", settings=SMALL, grid=BRIEF, jobs=1), 2)],
    ids=["woe", "ebm"],
)


def said(card: Card) -> dict[str, Any]:
    found = card.training["tuning"]
    assert isinstance(found, dict)
    return found


@FITS
def test_the_card_says_what_was_tried_what_it_brought_and_what_was_chosen(fit: Fit, candidates: int) -> None:
    card = fit(SEEN, BAD, seed=3)
    told = said(card)
    assert told["folds"] == FOLDS
    assert told["tried"][0]["settings"] == {}
    assert len(told["tried"]) == 1 + candidates
    areas = {tuple(sorted(each["settings"].items())): each["auc"] for each in told["tried"]}
    chosen = tuple(sorted(told["chosen"].items()))
    assert areas[chosen] >= areas[()]
    assert all(0.5 < area < 0.9 for area in areas.values())
    for name, value in told["chosen"].items():
        assert card.training[name] == value
    assert Card.from_dict(card.to_dict()) == card


@FITS
def test_a_seed_gives_the_same_choice_and_card_whatever_the_order_of_columns(fit: Fit, candidates: int) -> None:
    turned = Features(dict(list(SEEN.columns.items())[::-1]), ROWS, SEEN.special, SEEN.source)
    first, second = fit(SEEN, BAD, seed=3), fit(turned, BAD, seed=3)
    assert first == second
    assert said(first) == said(second)


def test_the_card_is_the_one_trained_on_all_rows_with_the_settings_chosen() -> None:
    card = tuned("woe", {"used": -1}, grid=WOE_GRID[:1])(SEEN, BAD, seed=3)
    plain = fit_woe(
        SEEN, BAD, seed=3, monotone={"used": -1}, settings=WoeSettings(**asdict(WoeSettings()) | said(card)["chosen"])
    )
    assert (card.base, card.terms) == (plain.base, plain.terms)
    assert card.training["monotone"] == {"used": -1}


def test_what_serves_better_is_chosen_and_what_serves_no_better_is_not() -> None:
    noisy, bad = generated(4, 400, noise=12)
    card = tuned("woe", grid=(({"ridge": 1e-3}, {"ridge": 30.0}),), settings=WoeSettings(ridge=1e-3))(
        noisy, bad, seed=1
    )
    assert said(card)["chosen"] == {"ridge": 30.0}, "facts that tell nothing are quietened"
    card = tuned("woe", grid=(({"prebins": 20},),))(SEEN, BAD, seed=1)
    assert said(card)["chosen"] == {}, "a candidate as good as the usual does not replace it"


def test_within_cross_validation_no_row_has_a_say_in_the_settings_it_is_judged_under() -> None:
    """Turning round the outcomes of the rows held out changes neither the choice nor the card that scores them."""
    fit = tuned("woe", grid=WOE_GRID[:1])
    fold = stratified(BAD, 3, 5)
    held = fold == 0
    turned = np.where(held, ~BAD, BAD)
    cards = [fit(SEEN.take(~held), outcomes[~held], seed=5) for outcomes in (BAD, turned)]
    assert cards[0] == cards[1]
    found = cross_validate(SEEN, BAD, fit, folds=3, seed=5)
    assert found.scores[0][held].tolist() == cards[0].points(SEEN.take(held)).tolist()


def test_tuning_on_noise_reports_that_it_is_noise() -> None:
    """Were the rows that choose also those that judge, the best of many candidates would look better than chance."""
    chance = np.random.default_rng(8)
    facts = Features({f"noise{n}": Feature(chance.random(600)) for n in range(3)}, 600, (), {"kind": "raw"})
    found = cross_validate(facts, chance.random(600) < 0.3, tuned("woe", grid=WOE_GRID[:2]), folds=2, seed=2)
    assert 0.42 < found.auc < 0.58


def test_too_few_rows_of_an_outcome_leave_the_usual_settings() -> None:
    bad = np.zeros(ROWS, bool)
    bad[:2] = True
    told = said(tuned("woe")(SEEN, bad, seed=1))
    assert told == {"chosen": {}, "tried": [], "folds": 0}


def test_one_outcome_is_refused() -> None:
    with pytest.raises(InputError, match="both outcomes"):
        tuned("woe")(SEEN, np.zeros(ROWS, bool), seed=1)


@pytest.mark.parametrize(("grid", "settings"), [(WOE_GRID, WoeSettings()), (EBM_GRID, EbmSettings())])
def test_every_candidate_names_settings_there_are_and_changes_something(grid: Any, settings: Any) -> None:
    usual = asdict(settings)
    for each in (candidate for stage in grid for candidate in stage):
        assert each.keys() <= usual.keys()
        assert any(usual[name] != value for name, value in each.items())
