"""Models that are no scorecards, trained beside cards to see what readable points cost: boosted trees, plain logistic.

They are held against cards on the same facts and the same folds, and go no further: nothing is decided by them. Both
are given a fair chance and no hand-work: LightGBM finds the number of its trees by cross-validation within the rows it
is given; the logistic regression is the textbook one.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from creditline.scoring.card import CardError
from creditline.scoring.crossval import Progress, stratified
from creditline.scoring.features import Feature, Features
from creditline.scoring.inputs import check_outcomes, missing_extra

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Int64s = NDArray[np.int64]

FOLDS: Final = 3
"""Inner folds on which LightGBM counts its trees."""

TREES_MAX: Final = 3_000
_PATIENCE: Final = 60


class Challenger(Protocol):
    """A model that foretells and is not read."""

    def probabilities(self, features: Features) -> Floats:
        """Probability of bad of each row. Raises CardError for a fact that is missing or of another kind."""


class ChallengerFit(Protocol):
    """What trains one: ``fit_lightgbm`` or ``fit_logistic``, or either with settings bound."""

    def __call__(self, features: Features, bad: Bools, *, seed: int) -> Challenger:
        """A model over these facts."""


@dataclass(frozen=True, eq=False)
class Foretold:
    """What a challenger foretold of rows it had not seen: repeats by rows."""

    probabilities: Floats
    fold: Int64s


def foretell(
    features: Features,
    bad: Bools,
    fit: ChallengerFit,
    fold: Int64s,
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> Foretold:
    """Train a model for each fold of each repeat and foretell the rows held out.

    ``fold`` is that of the cards (``Validated.fold``, repeats by rows), so that all are held against each other on the
    same rows after the same training. Repeat ``r`` trains with seed ``seed + r``, as cards do.
    """
    repeats, folds = len(fold), int(fold.max()) + 1
    probabilities = np.zeros(fold.shape)
    for repeat in range(repeats):
        for number in range(folds):
            if progress:
                progress(repeat * folds + number, repeats * folds)
            held = fold[repeat] == number
            model = fit(features.take(~held), bad[~held], seed=seed + repeat)
            probabilities[repeat, held] = model.probabilities(features.take(held))
    if progress:
        progress(repeats * folds, repeats * folds)
    return Foretold(probabilities, fold)


# --- boosted trees --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LightGbmSettings:
    """How trees are boosted; the same for every data set unless said otherwise."""

    rate: float = 0.03
    leaves: int = 15
    leaf: int = 40
    """Rows a leaf holds at least; where there are fewer than 20,000 rows, fewer in proportion, but 5."""
    columns: float = 0.5
    """Share of columns each tree may use."""
    rows: float = 0.8
    """Share of rows each tree is grown on."""
    ridge: float = 5.0


@dataclass(frozen=True, eq=False)
class LightGbm:
    """Boosted trees."""

    booster: Any
    choices: Mapping[str, tuple[str, ...] | None]
    """The facts in order; of each the choices of training, None for numbers."""

    @property
    def trees(self) -> int:
        """How many trees there are."""
        return int(self.booster.num_trees())

    def probabilities(self, features: Features) -> Floats:
        """Probability of bad of each row. A choice never seen counts as missing."""
        return np.asarray(self.booster.predict(_matrix(features, self.choices), num_threads=1), np.float64)


def fit_lightgbm(
    features: Features,
    bad: Bools,
    *,
    seed: int,
    monotone: Mapping[str, int] | None = None,
    settings: LightGbmSettings = LightGbmSettings(),
    jobs: int = 1,
) -> LightGbm:
    """Boosted trees over these facts, as many as foretell best on inner folds.

    ``monotone`` is as for cards: 1 where a higher number is better. The same rows, seed and release give the same
    trees, whatever ``jobs`` is; on a busy machine more than one thread waits longer than it works. Raises InputError
    without both outcomes, or where the extra ``train`` is not installed.
    """
    check_outcomes(features, bad)
    try:
        import lightgbm
    except ImportError as error:
        raise missing_extra("lightgbm") from error

    names = sorted(features.columns)
    choices = {name: _choices(features.columns[name]) for name in names}
    rows = features.rows
    asked = {
        "objective": "binary", "metric": "binary_logloss", "learning_rate": settings.rate,
        "num_leaves": settings.leaves, "min_data_in_leaf": max(5, min(settings.leaf, settings.leaf * rows // 20_000)),
        "feature_fraction": settings.columns, "bagging_fraction": settings.rows, "bagging_freq": 1,
        "lambda_l2": settings.ridge, "seed": seed, "deterministic": True, "force_row_wise": True,
        "num_threads": jobs, "verbosity": -1,
    }  # fmt: skip
    if monotone:
        asked["monotone_constraints"] = [-monotone.get(name, 0) for name in names]
    said: list[int] = [number for number, name in enumerate(names) if choices[name] is not None]

    def data() -> Any:
        return lightgbm.Dataset(
            _matrix(features, choices), bad.astype(np.float64), categorical_feature=said, params={"verbosity": -1}
        )

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trees = 200
        if min(int(bad.sum()), int((~bad).sum())) >= FOLDS:
            fold = stratified(bad, FOLDS, seed)
            parts = [(np.flatnonzero(fold != number), np.flatnonzero(fold == number)) for number in range(FOLDS)]
            stop = lightgbm.early_stopping(_PATIENCE, verbose=False)
            found = lightgbm.cv(asked, data(), num_boost_round=TREES_MAX, folds=parts, callbacks=[stop])
            trees = len(np.asarray(found["valid binary_logloss-mean"]))
        booster = lightgbm.train(asked, data(), num_boost_round=trees)
    return LightGbm(booster, choices)


def _choices(column: Feature) -> tuple[str, ...] | None:
    return None if column.codes is None else column.choices


def _matrix(features: Features, choices: Mapping[str, tuple[str, ...] | None]) -> Floats:
    """Numbers as they are and choices as their place in training, a column each; NaN for missing."""
    columns = []
    for name, known in choices.items():
        column = _column(features, name, text=known is not None)
        if known is None:
            assert column.numbers is not None
            columns.append(column.numbers)
            continue
        assert column.codes is not None
        place = {choice: float(number) for number, choice in enumerate(known)}
        columns.append(np.array([*(place.get(each, np.nan) for each in column.choices), np.nan])[column.codes])
    return np.column_stack(columns)


# --- logistic regression --------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Scaled:
    """How a number is put to the regression: what is missing or special stands at the median, with a flag beside."""

    special: tuple[float, ...]
    flags: tuple[float | None, ...]
    """What gets a flag of its own, None for missing: what training had."""
    median: float
    mean: float
    spread: float


@dataclass(frozen=True, eq=False)
class Logistic:
    """A logistic regression on standardised numbers and a column for each choice."""

    facts: Mapping[str, _Scaled | tuple[str, ...]]
    """The facts in order; of numbers the scale, of text the choices that have a column."""
    weights: Floats
    intercept: float

    def probabilities(self, features: Features) -> Floats:
        """Probability of bad of each row. A choice never seen counts for nothing."""
        return np.asarray(expit(_design(features, self.facts) @ self.weights + self.intercept), np.float64)


def fit_logistic(features: Features, bad: Bools, *, seed: int, ridge: float = 1.0) -> Logistic:  # noqa: ARG001
    """A logistic regression over these facts, of all at once.

    Numbers are centred and divided by their spread, missing ones put at the median with a flag beside; special values
    likewise. Each choice has a column, missing among them. ``ridge`` times half the sum of squared weights is taken
    from the log likelihood, so that columns that part the outcomes stay finite. Nothing in it is random. Raises
    InputError without both outcomes.
    """
    check_outcomes(features, bad)
    facts: dict[str, _Scaled | tuple[str, ...]] = {}
    for name in sorted(features.columns):
        column = features.columns[name]
        facts[name] = _choices(column) or () if column.numbers is None else _scaled(column, features.special)
    matrix = _design(features, facts)
    whole = np.column_stack([matrix, np.ones(features.rows)])
    sign = np.where(bad, 1.0, -1.0)
    held = np.append(np.full(matrix.shape[1], ridge), 0.0)  # the intercept is free

    def loss(said: Floats) -> tuple[float, Floats]:
        margin = sign * (whole @ said)
        value = float(np.logaddexp(0, -margin).sum()) + float(held @ said**2) / 2
        return value, whole.T @ (-sign * expit(-margin)) + held * said

    def curve(said: Floats) -> Floats:
        chance = expit(whole @ said)
        return np.asarray((whole * (chance * (1 - chance))[:, None]).T @ whole + np.diag(held), np.float64)

    share = float(bad.mean())
    start = np.append(np.zeros(matrix.shape[1]), np.log(share / (1 - share)))
    # Not by gradients alone: columns that say nearly the same, as those of months do, would take thousands of steps.
    found = minimize(loss, start, jac=True, hess=curve, method="trust-exact", options={"gtol": 1e-4, "maxiter": 200})
    return Logistic(facts, found.x[:-1], float(found.x[-1]))


def _scaled(column: Feature, special: tuple[float, ...]) -> _Scaled:
    assert column.numbers is not None
    special = special if column.plain else ()
    numbers = column.numbers
    missing, coded = np.isnan(numbers), np.isin(numbers, special)
    said = numbers[~missing & ~coded]
    median = float(np.median(said)) if len(said) else 0.0
    filled = np.where(missing | coded, median, numbers)
    flags: list[float | None] = [None] if missing.any() else []
    flags += [code for code in special if (numbers == code).any()]
    return _Scaled(special, tuple(flags), median, float(filled.mean()), float(filled.std()) or 1.0)


def _design(features: Features, facts: Mapping[str, _Scaled | tuple[str, ...]]) -> Floats:
    columns: list[Floats] = []
    for name, how in facts.items():
        if isinstance(how, _Scaled):
            columns += _numbers(_column(features, name, text=False), how)
            continue
        column = _column(features, name, text=True)
        assert column.codes is not None
        said = np.array([*column.choices, None], np.object_)[column.codes]
        columns += [np.asarray(said == choice, np.float64) for choice in (*how, None)]
    return np.column_stack(columns)


def _numbers(column: Feature, how: _Scaled) -> list[Floats]:
    assert column.numbers is not None
    missing, coded = np.isnan(column.numbers), np.isin(column.numbers, how.special)
    filled = (np.where(missing | coded, how.median, column.numbers) - how.mean) / how.spread
    return [
        filled,
        *(np.asarray(missing if flag is None else column.numbers == flag, np.float64) for flag in how.flags),
    ]


def _column(features: Features, name: str, *, text: bool) -> Feature:
    """The column of a fact; raises CardError where it is missing or of another kind."""
    if name not in features.columns:
        raise CardError("data", name, "bring every fact the model was trained on", "is missing")
    column = features.columns[name]
    if (column.numbers is None) != text:
        given, wanted = ("numbers", "text") if text else ("text", "numbers")
        raise CardError(f"data, column {name}", given, f"bring {wanted}, as in training", f"are not {wanted}")
    return column


__all__ = [
    "Challenger", "ChallengerFit", "Foretold", "LightGbm", "LightGbmSettings", "Logistic", "fit_lightgbm",
    "fit_logistic", "foretell",
]  # fmt: skip
