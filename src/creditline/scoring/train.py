"""Trains a scorecard: optimal bins, weights of evidence, a logistic regression, and then whole points.

Floating point lives in here only; what comes out are whole points over exact limits.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from creditline.errors import CreditlineError
from creditline.events.kinds import NULL
from creditline.scoring.recipe import Recipe
from creditline.scoring.scorecard import Scorecard, Steps, Term

Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

SMOOTHING = 0.5
"""Added to every count before a weight of evidence is taken, so that an empty cell stays finite."""


class TrainingError(CreditlineError):
    """Facts or outcomes that no scorecard can be trained on."""


@dataclass(frozen=True)
class OutOfFold:
    """Every line scored by a card that never saw its outcome."""

    fold: Int64s
    """Fold number of each line, 0 .. folds - 1; it depends on the seed and the line's place alone."""
    cards: tuple[Scorecard, ...]
    """Card ``f`` is trained on all lines but fold ``f``'s."""
    points: Int64s
    """Points of each line by the card of its fold."""


def fold_numbers(lines: int, folds: int, seed: int) -> Int64s:
    """A fold for each line, the folds level to one line. Outcomes play no part, so none can leak through it."""
    if not 2 <= folds <= max(lines, 2):
        raise TrainingError("folds", folds, f"give 2 to {lines}")
    return np.asarray(np.random.default_rng(seed).permutation(lines) % folds, np.int64)


def out_of_fold(facts: Mapping[str, Int64s], bad: Bools, recipe: Recipe) -> OutOfFold:
    """Train ``recipe.folds`` cards, each without one fold, and score that fold with it; see ``train``."""
    fold = fold_numbers(len(bad), recipe.folds, recipe.seed)
    points = np.zeros(len(bad), np.int64)
    cards: list[Scorecard] = []
    for number in range(recipe.folds):
        seen = fold != number
        card = train({name: facts[name][seen] for name in facts}, bad[seen], recipe)
        points[~seen] = points_of(card, {name: facts[name][~seen] for name in card.facts})
        cards.append(card)
    return OutOfFold(fold, tuple(cards), points)


def train(facts: Mapping[str, Int64s], bad: Bools, recipe: Recipe) -> Scorecard:
    """A scorecard over all these facts, given in numeric form (NULL as in events.kinds).

    A fact whose points would run against its own evidence, because others say the same better, is given none.
    Raises TrainingError without facts, without both outcomes, or when no fact tells anything.
    """
    _check(facts, bad)
    limits = {name: _limits(facts[name], bad, recipe) for name in facts}
    places = {name: _places(facts[name], limits[name]) for name in facts}
    evidence = {name: _evidence(places[name], len(limits[name]) + 2, bad) for name in facts}
    kept = [name for name in facts if np.ptp(evidence[name]) > 0]
    while kept:
        matrix = np.column_stack([evidence[name][places[name]] for name in kept])
        weights, constant = _regress(matrix, bad)
        worst = int(np.argmin(weights))
        if weights[worst] > 0:
            break
        del kept[worst]
    if not kept:
        raise TrainingError("scorecard", ", ".join(facts), "list facts that part bad from good", "tell nothing")
    factor = recipe.double / math.log(2)
    base = round(recipe.base + factor * (constant - math.log(recipe.odds)))
    weight = dict.fromkeys(facts, 0.0) | dict(zip(kept, weights.tolist(), strict=True))
    terms = [_fact_points(name, limits[name], factor * weight[name] * evidence[name]) for name in facts]
    return Scorecard(base, tuple(terms))


def points_of(card: Scorecard, facts: Mapping[str, Int64s]) -> Int64s:
    """Points of every line by a card over numeric facts."""
    return card.points(facts)


def _check(facts: Mapping[str, Int64s], bad: Bools) -> None:
    if not facts:
        raise TrainingError("scorecard", "no facts", "let the policy's scorecard name the facts to score")
    if not bad.any() or bad.all():
        raise TrainingError("outcomes", f"{int(bad.sum())} bad of {len(bad)}", "train on lines of both kinds")


def _limits(values: Int64s, bad: Bools, recipe: Recipe) -> Int64s:
    """Ascending limits of bins that part bad from good best, rounded for people to read."""
    said = values != NULL
    if not said.any() or np.ptp(values[said]) == 0:
        return np.zeros(0, np.int64)
    # On import it prints every solver it does not find, none of which is used here.
    logging.getLogger("__cvxpy__").addFilter(_silent)
    try:
        from optbinning import OptimalBinning
    except ImportError as error:
        remedy = "install the training extra: pip install 'creditline[train]'"
        raise TrainingError("optbinning", "not installed", remedy, "is needed to train a scorecard") from error

    binning = OptimalBinning(
        max_n_prebins=20, min_prebin_size=recipe.smallest, max_n_bins=recipe.bins, monotonic_trend="auto"
    )
    binning.fit(values[said].astype(np.float64), bad[said])
    # Bins end below their limit, and values are whole: the next whole number above a split is the same limit.
    rounded = {_readable(math.ceil(split), recipe.digits) for split in binning.splits}
    return np.array(sorted(limit for limit in rounded if values[said].min() < limit <= values[said].max()), np.int64)


def _silent(_: logging.LogRecord) -> bool:
    return False


def _readable(limit: int, digits: int) -> int:
    """The limit rounded to so many significant digits, away from zero at the half."""
    spare = len(str(abs(limit))) - digits
    if spare <= 0:
        return limit
    step = int(10**spare)
    rounded = (abs(limit) + step // 2) // step * step
    return rounded if limit > 0 else -rounded


def _places(values: Int64s, limits: Int64s) -> Int64s:
    """The bin of each value: 0 .. len(limits), and len(limits) + 1 for NULL."""
    return np.where(values == NULL, len(limits) + 1, np.searchsorted(limits, values, side="right"))


def _evidence(places: Int64s, bins: int, bad: Bools) -> Floats:
    """Weight of evidence of each bin: log of its share of good over its share of bad; 0 where no line is."""
    bads = np.bincount(places[bad], minlength=bins).astype(np.float64)
    goods = np.bincount(places[~bad], minlength=bins).astype(np.float64)
    weights = np.log((goods + SMOOTHING) / goods.sum()) - np.log((bads + SMOOTHING) / bads.sum())
    return np.where(bads + goods > 0, weights, 0.0)


def _regress(matrix: Floats, bad: Bools) -> tuple[Floats, float]:
    """Coefficients and constant of log odds (good to bad) over weights of evidence."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    model = LogisticRegression(max_iter=1_000).fit(matrix, ~bad)
    return model.coef_[0], float(model.intercept_[0])


def _fact_points(name: str, limits: Int64s, exact: Floats) -> Term:
    """Whole points of one fact."""
    points = [round(float(value)) for value in exact]
    return Term((Steps(name, tuple(limits.tolist())),), (points[-1], *points[:-1]))


__all__ = ["OutOfFold", "TrainingError", "fold_numbers", "out_of_fold", "points_of", "train"]
