"""Figures of a scorecard: how well it parts bad from good, how true its probabilities are, how stable it stays.

Scores are higher for better rows; probabilities are of bad. None stands where a figure does not exist, such as an
AUC of one outcome only. Nothing here is random.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit
from scipy.stats import norm, rankdata

from creditline.scoring.validate import auc, cumulated, ks

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]

CLIP = 1e-12
"""Probabilities are kept this far from 0 and 1 where a logarithm is taken."""

SMOOTHING = 0.5
"""Added to every count before shares are compared, so that an empty bin stays finite."""

_STEPS = 50
_CLOSE = 1e-10


class Interval(NamedTuple):
    """A figure and the bounds it lies within at the level asked for."""

    value: float
    low: float
    high: float


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


def gini(scores: ArrayLike, bad: Bools) -> float | None:
    """Twice the AUC less one: 0 for chance, 1 for perfect."""
    area = auc(np.asarray(scores), bad)
    return None if area is None else 2 * area - 1


def brier(probability: Floats, bad: Bools) -> float:
    """Mean squared distance of probability and outcome."""
    _paired(probability, bad)
    return float(np.mean((probability - bad) ** 2))


def log_loss(probability: Floats, bad: Bools) -> float:
    """Mean of minus the log of the probability given to what came; probabilities of 0 and 1 are clipped."""
    _paired(probability, bad)
    held = np.clip(probability, CLIP, 1 - CLIP)
    return float(-np.mean(np.where(bad, np.log(held), np.log1p(-held))))


def calibration(probability: Floats, bad: Bools) -> Calibration | None:
    """Slope and intercepts (Cox 1958); None with one outcome only, equal probabilities, or outcomes parted by them."""
    _paired(probability, bad)
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
    _paired(probability, bad)
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


def wilson(hits: int, rows: int, level: float = 0.95) -> tuple[float, float]:
    """Bounds of a share of ``hits`` among ``rows`` (Wilson 1927)."""
    z = float(norm.ppf((1 + level) / 2))
    share, spread = hits / rows, z * z / rows
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / rows + spread / (4 * rows)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


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


def auc_error(scores: ArrayLike, bad: Bools) -> float | None:
    """DeLong's standard error of the AUC; None with fewer than two rows of an outcome."""
    if min(int(bad.sum()), int((~bad).sum())) < 2:
        return None
    _, covariance = _delong([np.asarray(scores, np.float64)], bad)
    return math.sqrt(max(0.0, float(covariance[0, 0])))


def auc_interval(scores: ArrayLike, bad: Bools, level: float = 0.95) -> Interval | None:
    """The AUC with DeLong's interval (1988), taken on the scale of log odds so that it stays within 0 and 1.

    None with fewer than two rows of an outcome, where no variance exists.
    """
    area, error = auc(np.asarray(scores), bad), auc_error(scores, bad)
    if area is None or error is None:
        return None
    if error == 0 or not 0 < area < 1:
        return Interval(area, area, area)
    z = float(norm.ppf((1 + level) / 2)) * error / (area * (1 - area))
    middle = float(logit(area))
    return Interval(area, float(expit(middle - z)), float(expit(middle + z)))


def auc_difference(first: ArrayLike, second: ArrayLike, bad: Bools, level: float = 0.95) -> Interval | None:
    """AUC of ``first`` less that of ``second`` on the same rows, with DeLong's interval for paired scores."""
    if min(int(bad.sum()), int((~bad).sum())) < 2:
        return None
    areas, covariance = _delong([np.asarray(first, np.float64), np.asarray(second, np.float64)], bad)
    apart = float(areas[0] - areas[1])
    variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    half = float(norm.ppf((1 + level) / 2)) * math.sqrt(max(0.0, variance))
    return Interval(apart, apart - half, apart + half)


def _delong(scored: Sequence[Floats], bad: Bools) -> tuple[Floats, NDArray[np.float64]]:
    """Areas and their covariance by mid-ranks (Sun and Xu 2014)."""
    bads, goods = int(bad.sum()), int((~bad).sum())
    of_bad, of_good, areas = [], [], []
    for scores in scored:
        _paired(scores, bad)
        whole = rankdata(scores)
        # Share of bad rows each good one stands above, and of good rows above each bad one.
        above = (whole[~bad] - rankdata(scores[~bad])) / bads
        below = 1 - (whole[bad] - rankdata(scores[bad])) / goods
        of_good.append(above)
        of_bad.append(below)
        areas.append(above.mean())
    covariance = np.atleast_2d(np.cov(of_bad)) / bads + np.atleast_2d(np.cov(of_good)) / goods
    return np.array(areas), np.asarray(covariance, np.float64)


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


def _paired(values: Floats, bad: Bools) -> None:
    if len(values) != len(bad):
        raise ValueError(f"{len(values)} values but {len(bad)} outcomes; give one of each a row")


__all__ = [
    "Calibration", "Gain", "Interval", "Reliability", "auc", "auc_difference", "auc_error", "auc_interval", "brier",
    "calibration", "calibration_error", "counts", "csi", "gains", "gini", "ks", "log_loss", "psi", "reliability",
    "score_bins", "wilson",
]  # fmt: skip
