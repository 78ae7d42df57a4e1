"""Models beside the cards: fairly trained, on the same rows and folds, and used for nothing else."""

from __future__ import annotations

import math
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from creditline.scoring.card import CardError
from creditline.scoring.challengers import ChallengerFit, LightGbmSettings, fit_lightgbm, fit_logistic, foretell
from creditline.scoring.crossval import cross_validate, stratified
from creditline.scoring.features import Feature, Features
from creditline.scoring.inputs import InputError
from creditline.scoring.measures import auc, calibration
from creditline.scoring.preparing import Asked, prepare
from creditline.scoring.woe import fit_woe

GERMAN = Path(__file__).parents[3] / "shared" / "data" / "german" / "german_credit.csv.gz"
ROWS = 2_000
CODE = -999.0


def generated(seed: int, rows: int = ROWS) -> tuple[Features, np.ndarray]:
    """Borrowers whose risk follows a number, a choice, a special code and missing."""
    chance = np.random.default_rng(seed)
    used = chance.random(rows)
    late = chance.integers(0, 6, rows).astype(np.float64)
    purpose = chance.choice(4, rows)
    coded, hidden = chance.random(rows) < 0.1, chance.random(rows) < 0.1
    risk = -2.5 + 2 * used + 0.4 * late + np.array([0.0, 1.0, -0.8, 0.3])[purpose]
    risk = np.where(coded, risk + 1.5, np.where(hidden, risk - 1.5, risk))
    bad = chance.random(rows) < 1 / (1 + np.exp(-risk))
    late[coded] = CODE
    late[hidden & ~coded] = math.nan
    codes = np.where(chance.random(rows) < 0.05, -1, purpose)
    columns = {
        "used": Feature(used),
        "late": Feature(late),
        "noise": Feature(chance.random(rows)),
        "purpose": Feature(None, codes, ("boat", "car", "school", "travel")),
    }
    return Features(columns, rows, (CODE,), {"kind": "raw"}), bad


SEEN, BAD = generated(1)
LATER, LATER_BAD = generated(2)
QUICK = partial(fit_lightgbm, settings=LightGbmSettings(rate=0.1), jobs=1)
FITS = pytest.mark.parametrize("fit", [QUICK, fit_logistic], ids=["lightgbm", "logistic"])


@FITS
def test_both_part_bad_from_good_and_mean_their_probabilities(fit: ChallengerFit) -> None:
    found = fit(SEEN, BAD, seed=3).probabilities(LATER)
    area = auc(-found, LATER_BAD)
    assert area is not None
    assert area > 0.72
    assert found.mean() == pytest.approx(LATER_BAD.mean(), abs=0.04)
    curve = calibration(found, LATER_BAD)
    assert curve is not None
    assert 0.75 < curve.slope < 1.25


@FITS
def test_a_seed_gives_the_same_model_whatever_the_order_of_columns(fit: ChallengerFit) -> None:
    turned = Features(dict(list(SEEN.columns.items())[::-1]), ROWS, SEEN.special, SEEN.source)
    first, second = (fit(each, BAD, seed=3).probabilities(LATER) for each in (SEEN, turned))
    assert first.tolist() == second.tolist()


@FITS
def test_choices_in_another_order_and_never_seen_ones_are_read_by_name(fit: ChallengerFit) -> None:
    model = fit(SEEN, BAD, seed=3)
    purpose = LATER.columns["purpose"]
    assert purpose.codes is not None
    other = Feature(
        None, np.where(purpose.codes >= 0, 4 - purpose.codes, -1), ("moon", "travel", "school", "car", "boat")
    )
    renamed = Features({**LATER.columns, "purpose": other}, LATER.rows, LATER.special, LATER.source)
    assert model.probabilities(renamed).tolist() == model.probabilities(LATER).tolist()
    unseen = Feature(None, np.zeros(LATER.rows, np.int64), ("moon",))
    found = model.probabilities(Features({**LATER.columns, "purpose": unseen}, LATER.rows, LATER.special))
    assert np.isfinite(found).all()


@FITS
def test_special_codes_and_missing_are_no_amounts(fit: ChallengerFit) -> None:
    """Rows with the code are worse than any late row, rows without an answer better than most."""
    model = fit(SEEN, BAD, seed=3)
    mean = {}
    for value in (CODE, math.nan, 2.0):
        late = Feature(np.full(LATER.rows, value))
        mean[str(value)] = model.probabilities(Features({**LATER.columns, "late": late}, LATER.rows, (CODE,))).mean()
    assert mean[str(CODE)] > mean["2.0"] > mean["nan"]


@FITS
def test_what_it_cannot_be_trained_on_or_foretell_is_refused(fit: ChallengerFit) -> None:
    with pytest.raises(InputError, match="both outcomes"):
        fit(SEEN, np.zeros(ROWS, bool), seed=1)
    model = fit(SEEN, BAD, seed=3)
    short = Features({name: each for name, each in LATER.columns.items() if name != "used"}, LATER.rows)
    with pytest.raises(CardError, match="'used' is missing"):
        model.probabilities(short)
    with pytest.raises(CardError, match="are not numbers"):
        model.probabilities(Features({**LATER.columns, "used": LATER.columns["purpose"]}, LATER.rows))


def test_the_logistic_regression_is_the_one_of_sklearn() -> None:
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    plain = Features({name: SEEN.columns[name] for name in ("noise", "used")}, ROWS)
    numbers = [plain.columns[name].numbers for name in ("noise", "used")]
    matrix = np.column_stack([(each - each.mean()) / each.std() for each in numbers if each is not None])
    peer = LogisticRegression(C=1, tol=1e-10, max_iter=1_000).fit(matrix, BAD)
    found = fit_logistic(plain, BAD, seed=1)
    assert found.weights == pytest.approx(peer.coef_[0], abs=1e-4)
    assert found.intercept == pytest.approx(peer.intercept_[0], abs=1e-4)


def test_boosted_trees_keep_to_a_direction_asked_for() -> None:
    """The code -999 is below every number of months, so that it may not be worse then."""
    model = fit_lightgbm(SEEN, BAD, seed=3, monotone={"used": -1}, settings=LightGbmSettings(rate=0.1), jobs=1)
    one = LATER.take(np.zeros(101, np.int64))
    ladder = Features({**one.columns, "used": Feature(np.linspace(0, 1, 101))}, 101, (CODE,))
    assert (np.diff(model.probabilities(ladder)) >= 0).all()


def test_noise_grows_few_trees() -> None:
    chance = np.random.default_rng(4)
    noise = Features({name: Feature(chance.random(600)) for name in "abc"}, 600)
    bad = np.asarray(chance.random(600) < 0.3, np.bool_)
    assert fit_lightgbm(noise, bad, seed=1, jobs=1).trees < QUICK(SEEN, BAD, seed=1).trees


@FITS
def test_rows_are_foretold_by_models_that_did_not_see_them(fit: ChallengerFit) -> None:
    """A fact that names the row tells its outcome to a model that saw it, and to no other."""
    chance = np.random.default_rng(5)
    bad = np.asarray(chance.random(400) < 0.4, np.bool_)
    named = Features({"row": Feature(None, np.arange(400), tuple(f"{n:03}" for n in range(400)))}, 400)
    fold = np.stack([stratified(bad, 4, seed) for seed in (1, 2)])
    told: list[tuple[int, int]] = []
    found = foretell(named, bad, fit, fold, seed=1, progress=lambda done, all_: told.append((done, all_)))
    for each in found.probabilities:
        area = auc(-each, bad)
        assert area is not None
        assert area < 0.6
    assert told == [(n, 8) for n in range(9)]


def test_cards_and_challengers_are_given_the_same_folds() -> None:
    found = cross_validate(SEEN, BAD, fit_woe, folds=3, repeats=2, seed=7)
    beside = foretell(SEEN, BAD, fit_logistic, found.fold, seed=7)
    assert (beside.fold == found.fold).all()
    held = found.fold[1] == 2
    again = fit_logistic(SEEN.take(~held), BAD[~held], seed=8).probabilities(SEEN.take(held))
    assert beside.probabilities[1, held].tolist() == again.tolist()


def test_without_the_package_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(InputError, match=r"lightgbm.*creditline\[train\]"):
        fit_lightgbm(SEEN, BAD, seed=1)


@pytest.mark.skipif(not GERMAN.is_file(), reason="German credit is not at hand; UCI Machine Learning Repository 144")
def test_on_german_credit_both_do_what_is_known_of_it() -> None:
    """Published figures out of fold lie between 0.76 and 0.80."""
    drop = ("personal_status_and_sex", "age_in_years", "foreign_worker")
    ready = prepare(GERMAN, Asked("creditability", "bad", drop))
    fold = stratified(ready.bad, 3, 7)[None]
    for fit in (fit_lightgbm, fit_logistic):
        found = foretell(ready.features, ready.bad, fit, fold, seed=7).probabilities[0]
        areas = [auc(-found[fold[0] == n], ready.bad[fold[0] == n]) for n in range(3)]
        assert 0.75 < np.mean(np.array(areas, float)) < 0.81
