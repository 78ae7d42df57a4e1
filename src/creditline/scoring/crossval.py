"""Repeated stratified cross-validation: every row scored by cards that never saw its outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from creditline.scoring.card import Calibration, Card
from creditline.scoring.features import Features
from creditline.scoring.inputs import InputError, check_outcomes
from creditline.scoring.measures import auc

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Int64s = NDArray[np.int64]
Progress = Callable[[int, int], None]


class Fit(Protocol):
    """What trains a card: ``fit_woe``, ``fit_ebm``, or either with settings bound by ``functools.partial``."""

    def __call__(self, features: Features, bad: Bools, *, seed: int) -> Card:
        """A card over these facts."""


@dataclass(frozen=True, eq=False)
class Validated:
    """What cross-validation found. Figures are means over the repeats."""

    scores: Int64s
    """Out of fold, in whole points: repeats by rows."""
    probabilities: Floats
    """Of bad, by the card that scored the row: repeats by rows."""
    exact: Floats
    """Log odds of good before rounding: repeats by rows."""
    fold: Int64s
    """The fold each row was held out in: repeats by rows."""
    aucs: Floats
    """Of whole points, within each fold: repeats by folds."""
    exact_aucs: Floats
    """Of the unrounded models, likewise."""
    bad: Bools

    @property
    def auc(self) -> float:
        """Mean over folds and repeats. Scores of different cards are never ranked against each other."""
        return float(self.aucs.mean())

    @property
    def auc_unrounded(self) -> float:
        """The same of the models before rounding to whole points."""
        return float(self.exact_aucs.mean())

    @property
    def auc_sd(self) -> float:
        """Standard deviation of the AUC over folds and repeats (0 where there is only one)."""
        return float(self.aucs.std(ddof=1)) if self.aucs.size > 1 else 0.0

    def calibrated(self, card: Card) -> Card:
        """This card with the calibration that fits the scores out of fold; rows of all repeats count alike."""
        return card.calibrated(calibrate(self.scores.ravel(), np.tile(self.bad, len(self.scores))))


def stratified(bad: Bools, folds: int, seed: int, groups: Int64s | None = None) -> Int64s:
    """A fold for each row, bad and good each dealt out evenly, by the seed, the outcomes and the order of rows.

    ``groups`` numbers rows that belong together, such as the months of one line: a group is in one fold as a whole.
    Then groups are dealt out, those with the most bad rows first and of these the largest, so that no two folds are
    further apart in bad rows than one group has. Raises InputError for fewer than two folds, or more than there are
    rows, or groups, of either outcome.
    """
    whose = np.arange(len(bad)) if groups is None else np.unique(groups, return_inverse=True)[1]
    rows = np.bincount(whose)
    bads = np.bincount(whose[bad], minlength=len(rows))
    least = int(min((bads > 0).sum(), (bads < rows).sum()))
    if not 2 <= folds <= least:
        remedy = f"give 2 to {least}: each fold needs {'rows' if groups is None else 'lines'} of both outcomes"
        raise InputError("folds", folds, remedy, "do not fit")
    chance = np.random.default_rng(seed)
    fold = np.zeros(len(rows), np.int64)
    start = 0
    for alike in np.unique(np.column_stack([bads, rows]), axis=0)[::-1]:
        dealt = chance.permutation(np.flatnonzero((bads == alike[0]) & (rows == alike[1])))
        fold[dealt] = (np.arange(len(dealt)) + start) % folds
        start += len(dealt)
    held = fold[whose]
    if groups is not None:
        _check_both(held, bad, folds)
    return held


def _check_both(fold: Int64s, bad: Bools, folds: int) -> None:
    """Whole groups cannot always be dealt so that every fold has rows of both outcomes."""
    bads, rows = np.bincount(fold[bad], minlength=folds), np.bincount(fold, minlength=folds)
    if (bads == 0).any() or (bads == rows).any():
        raise InputError("folds", folds, "give fewer: lines stay whole, and a fold got one outcome only", "do not fit")


def cross_validate(
    features: Features,
    bad: Bools,
    fit: Fit,
    *,
    folds: int,
    repeats: int = 1,
    seed: int = 0,
    groups: Int64s | None = None,
    progress: Progress | None = None,
) -> Validated:
    """Train ``folds * repeats`` cards and score each fold with the card that did not see it.

    Repeat ``r`` deals folds and trains with seed ``seed + r``. Rows of one of ``groups`` are always held out together.
    ``progress`` is told how many cards of how many are trained, 0 first. Raises InputError as ``stratified`` and
    ``check_outcomes`` do.
    """
    check_outcomes(features, bad)
    if repeats < 1:
        raise InputError("repeats", repeats, "give 1 or more", "do not make a validation")
    shape = (repeats, features.rows)
    scores, exact, probabilities = np.zeros(shape, np.int64), np.zeros(shape), np.zeros(shape)
    fold = np.zeros(shape, np.int64)
    aucs, exact_aucs = np.zeros((repeats, folds)), np.zeros((repeats, folds))
    for repeat in range(repeats):
        fold[repeat] = stratified(bad, folds, seed + repeat, groups)
        for number in range(folds):
            if progress:
                progress(repeat * folds + number, repeats * folds)
            held = fold[repeat] == number
            card = fit(features.take(~held), bad[~held], seed=seed + repeat)
            seen = features.take(held)
            assert card.exact is not None
            scores[repeat, held] = card.points(seen)
            exact[repeat, held] = card.exact.scores(seen)
            probabilities[repeat, held] = card.calibration.probability(scores[repeat, held])
            aucs[repeat, number] = _auc(scores[repeat, held], bad[held])
            exact_aucs[repeat, number] = _auc(exact[repeat, held], bad[held])
    if progress:
        progress(repeats * folds, repeats * folds)
    return Validated(scores, probabilities, exact, fold, aucs, exact_aucs, bad)


def calibrate(scores: Int64s, bad: Bools) -> Calibration:
    """The logistic curve over scores that makes the outcomes most likely; its slope never runs against the points."""
    from creditline.scoring.woe import regress

    middle, width = float(scores.mean()), float(scores.std()) or 1.0
    weights, intercept = regress(np.asarray((scores - middle) / width, np.float64)[:, None], ~bad, 1e-6)
    slope = float(weights[0]) / width
    return Calibration(intercept - slope * middle, slope)


def _auc(scores: NDArray[np.int64] | Floats, bad: Bools) -> float:
    found = auc(np.asarray(scores), bad)
    assert found is not None
    return found


__all__ = ["Fit", "Validated", "calibrate", "cross_validate", "stratified"]
