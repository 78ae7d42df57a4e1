"""Figures of a scorecard: how well it parts bad from good, how true its probabilities are, how stable it stays.

Scores are higher for better rows; probabilities are of bad. None stands where a figure does not exist, such as an
AUC of one outcome only. Nothing here is random.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from creditline.scoring.intervals import (
    Interval,
    Tested,
    apart,
    auc_difference,
    auc_error,
    auc_test,
    bounds,
    errors,
    mean_error,
    paired,
    share_interval,
    wilson,
)  # fmt: skip

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]
Scores = NDArray[Any]
"""Whole points, or other numbers that are higher for better lines; exact under ties either way."""

CLIP = 1e-12
"""Probabilities are kept this far from 0 and 1 where a logarithm is taken."""

SMOOTHING = 0.5
"""Added to every count before shares are compared, so that an empty bin stays finite."""

_STEPS = 50
_CLOSE = 1e-10


class Calibration(NamedTuple):
    """Logistic regression of outcomes on the log odds foretold: a true model has slope 1 and intercept 0."""

    slope: float
    """Below 1: probabilities are too extreme."""
    intercept: float
    """Of the regression with that slope."""
    in_the_large: float
    """Intercept with slope 1: above 0, more went bad than foretold."""


class Reliability(NamedTuple):
    """Rows of nearby probability: what was foretold of them and what came."""

    rows: int
    foretold: float
    """Mean probability of bad."""
    bad: float
    """Share that went bad."""
    low: float
    high: float
    """Wilson's 95% interval of that share."""


class Gain(NamedTuple):
    """The worst ``share`` of rows by score."""

    share: float
    bad: float
    """Share of all bad rows that lie in it."""
    good: float
    """Share of all good rows that lie in it."""
    lift: float
    """How many times as often rows go bad in it as in all."""


def auc(points: Scores, bad: Bools) -> float | None:
    """Share of (good, bad) pairs in which the good one has more points, ties counting half; None without both kinds.

    The Mann-Whitney statistic over the product of counts (Hanley and McNeil 1982), from whole numbers.
    """
    _, bads, goods = cumulated(points, bad)
    if not len(bads) or bads[-1] == 0 or goods[-1] == 0:
        return None
    bads_here = np.diff(bads, prepend=0)
    goods_here = np.diff(goods, prepend=0)
    # Twice the wins, so that halves stay whole: goods above these bads, and those level with them.
    doubled = int(np.sum(bads_here * (2 * (goods[-1] - goods) + goods_here)))
    return doubled / (2 * int(bads[-1]) * int(goods[-1]))


def ks(points: Scores, bad: Bools) -> float | None:
    """Largest distance between the shares of bad and of good at or under some score (Kolmogorov-Smirnov)."""
    _, bads, goods = cumulated(points, bad)
    if not len(bads) or bads[-1] == 0 or goods[-1] == 0:
        return None
    return float(np.max(np.abs(bads / bads[-1] - goods / goods[-1])))


def cumulated(points: Scores, bad: Bools) -> tuple[NDArray[Any], Int64s, Int64s]:
    """The different scores, ascending, and the counts of bad and of good at or under each."""
    if len(points) != len(bad):
        raise ValueError(f"{len(points)} scores but {len(bad)} outcomes; give one of each a line")
    scores, place = np.unique(points, return_inverse=True)
    bads = np.bincount(place[bad], minlength=len(scores)).cumsum()
    goods = np.bincount(place[~bad], minlength=len(scores)).cumsum()
    return scores, bads.astype(np.int64), goods.astype(np.int64)


def gini(scores: ArrayLike, bad: Bools) -> float | None:
    """Twice the AUC less one: 0 for chance, 1 for perfect."""
    area = auc(np.asarray(scores), bad)
    return None if area is None else 2 * area - 1


def brier(probability: Floats, bad: Bools) -> float:
    """Mean squared distance of probability and outcome."""
    paired(probability, bad)
    return float(np.mean((probability - bad) ** 2))


def log_loss(probability: Floats, bad: Bools) -> float:
    """Mean of minus the log of the probability given to what came; probabilities of 0 and 1 are clipped."""
    return float(log_losses(probability, bad).mean())


def log_losses(probability: Floats, bad: Bools) -> Floats:
    """What each row adds to the log loss."""
    paired(probability, bad)
    held = np.clip(probability, CLIP, 1 - CLIP)
    return np.asarray(-np.where(bad, np.log(held), np.log1p(-held)), np.float64)


def calibration(probability: Floats, bad: Bools) -> Calibration | None:
    """Slope and intercepts (Cox 1958); None with one outcome only, equal probabilities, or outcomes parted by them."""
    paired(probability, bad)
    odds = logit(np.clip(probability, CLIP, 1 - CLIP))
    if bad.all() or not bad.any() or np.ptp(odds) == 0:
        return None
    if odds[bad].min() >= odds[~bad].max() or odds[bad].max() <= odds[~bad].min():
        return None
    both = _logistic(np.column_stack([np.ones(len(odds)), odds]), np.zeros(len(odds)), bad)
    large = _logistic(np.ones((len(odds), 1)), odds, bad)
    return Calibration(float(both[1]), float(both[0]), float(large[0]))


def reliability(probability: Floats, bad: Bools, bins: int = 10) -> list[Reliability]:
    """Rows in ``bins`` groups of about one size by probability, ascending; equal probabilities stay together."""
    paired(probability, bad)
    edges = np.unique(np.quantile(probability, np.linspace(0, 1, bins + 1)[1:-1]))
    place = np.searchsorted(edges, probability, side="right")
    told = []
    for group in np.unique(place):
        here = place == group
        rows, bads = int(here.sum()), int(bad[here].sum())
        low, high = wilson(bads, rows)
        told.append(Reliability(rows, float(probability[here].mean()), bads / rows, low, high))
    return told


def calibration_error(probability: Floats, bad: Bools, bins: int = 10) -> float:
    """Mean distance of foretold and come over the groups of ``reliability``, weighted by rows."""
    groups = reliability(probability, bad, bins)
    return sum(each.rows * abs(each.foretold - each.bad) for each in groups) / len(bad)


def gains(scores: ArrayLike, bad: Bools, groups: int = 10) -> list[Gain]:
    """Cumulative gains of the worst 1/groups, 2/groups ... of rows; raises ValueError with one outcome only.

    Rows of one score that a limit cuts through count in proportion, so that the order of rows plays no part.
    """
    _, bads, goods = cumulated(np.asarray(scores), bad)
    if not len(bads) or bads[-1] == 0 or goods[-1] == 0:
        raise ValueError("gains need rows of both outcomes")
    rows = np.concatenate([[0], bads + goods])
    told = []
    for group in range(1, groups + 1):
        share = group / groups
        caught_bad = float(np.interp(share * rows[-1], rows, np.concatenate([[0], bads]))) / int(bads[-1])
        caught_good = float(np.interp(share * rows[-1], rows, np.concatenate([[0], goods]))) / int(goods[-1])
        told.append(Gain(share, caught_bad, caught_good, caught_bad / share))
    return told


def psi(expected: ArrayLike, actual: ArrayLike) -> float:
    """Population stability index of two sets of counts over the same bins; of a fact's bins it is the CSI.

    Below 0.1 is usually read as stable and above 0.25 as another population. Half a row is added to every bin.
    """
    first, second = _shares(expected), _shares(actual)
    if len(first) != len(second):
        raise ValueError(f"{len(first)} bins expected but {len(second)} actual; count both over the same bins")
    return float(np.sum((second - first) * np.log(second / first)))


def csi(expected: ArrayLike, actual: ArrayLike, points: ArrayLike) -> float:
    """Points the mean score moves by because rows moved between the bins of one fact."""
    first, second = np.asarray(expected, np.float64), np.asarray(actual, np.float64)
    return float(np.sum((second / second.sum() - first / first.sum()) * np.asarray(points, np.float64)))


def score_bins(scores: ArrayLike, groups: int = 10) -> Floats:
    """Inner limits that cut these scores into about equal groups; a limit begins its upper group."""
    return np.unique(np.quantile(np.asarray(scores, np.float64), np.linspace(0, 1, groups + 1)[1:-1]))


def counts(values: ArrayLike, limits: Floats) -> Int64s:
    """Rows in each of the groups between ``limits``."""
    place = np.searchsorted(limits, np.asarray(values, np.float64), side="right")
    return np.bincount(place, minlength=len(limits) + 1).astype(np.int64)


def auc_interval(scores: ArrayLike, bad: Bools, level: float = 0.95, groups: Int64s | None = None) -> Interval | None:
    """The AUC with DeLong's interval (1988), taken on the scale of log odds so that it stays within 0 and 1.

    None with fewer than two rows of an outcome, where no variance exists.
    """
    area, error = auc(np.asarray(scores), bad), auc_error(scores, bad, groups)
    return None if area is None or error is None else share_interval(area, error, level)


def ks_error(scores: ArrayLike, bad: Bools, groups: Int64s | None = None) -> float | None:
    """Standard error of the KS, the score of the largest distance taken as given; None with one outcome only."""
    values = np.asarray(scores)
    found, bads, goods = cumulated(values, bad)
    if not len(found) or bads[-1] == 0 or goods[-1] == 0:
        return None
    gap = bads / bads[-1] - goods / goods[-1]
    most = int(np.argmax(np.abs(gap)))
    under = values <= found[most]
    of_bad = (under - bads[most] / bads[-1]) * len(bad) / bads[-1]
    of_good = (under - goods[most] / goods[-1]) * len(bad) / goods[-1]
    return errors(np.where(bad, of_bad, -of_good)[:, None], groups)[0]


def calibration_errors(probability: Floats, bad: Bools, groups: Int64s | None = None) -> Calibration | None:
    """Standard errors of the slope and the intercepts, robust where the curve is not logistic (Huber 1967)."""
    found = calibration(probability, bad)
    if found is None:
        return None
    odds = logit(np.clip(probability, CLIP, 1 - CLIP))
    both = _sandwich(np.column_stack([np.ones(len(odds)), odds]), found.intercept + found.slope * odds, bad, groups)
    large = _sandwich(np.ones((len(odds), 1)), found.in_the_large + odds, bad, groups)
    return Calibration(both[1], both[0], large[0])


def _sandwich(matrix: Floats, odds: Floats, bad: Bools, groups: Int64s | None) -> list[float]:
    chance = expit(odds)
    curve = (matrix * (chance * (1 - chance))[:, None]).T @ matrix / len(bad)
    return errors((matrix * (bad - chance)[:, None]) @ np.linalg.pinv(curve).T, groups)


def _logistic(matrix: Floats, offset: Floats, bad: Bools) -> Floats:
    """Coefficients by Newton's steps, each halved until it does not lower the likelihood."""
    weights = np.zeros(matrix.shape[1])
    best = _likelihood(offset, bad)
    for _ in range(_STEPS):
        chance = expit(offset + matrix @ weights)
        slope = matrix.T @ (bad - chance)
        curve = (matrix * (chance * (1 - chance))[:, None]).T @ matrix
        step = np.linalg.lstsq(curve, slope, rcond=None)[0]
        size = 1.0
        while (reached := _likelihood(offset + matrix @ (weights + size * step), bad)) < best and size > _CLOSE:
            size /= 2
        weights, gained, best = weights + size * step, reached - best, reached
        if gained < _CLOSE:
            break
    return weights


def _likelihood(odds: Floats, bad: Bools) -> float:
    return float(-np.sum(np.logaddexp(0, np.where(bad, -odds, odds))))


def _shares(given: ArrayLike) -> Floats:
    held = np.asarray(given, np.float64) + SMOOTHING
    return np.asarray(held / held.sum(), np.float64)


__all__ = [
    "Calibration", "Gain", "Interval", "Reliability", "Tested", "apart", "auc", "auc_difference", "auc_error",
    "auc_interval", "auc_test", "bounds", "brier", "calibration", "calibration_error", "calibration_errors", "counts",
    "csi", "cumulated", "gains", "gini", "ks", "ks_error", "log_loss", "log_losses", "mean_error", "psi",
    "reliability", "score_bins", "share_interval", "wilson",
]  # fmt: skip
