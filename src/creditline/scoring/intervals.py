"""How sure a figure is: bounds and standard errors of shares, means and areas, of rows alone or in groups.

Rows of one group, such as the months of one line, are alike and tell less than as many rows apart; ``groups`` numbers
the group of each row. Nothing here is random.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit
from scipy.stats import norm, rankdata

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]

_CLOSE = 1e-10


class Interval(NamedTuple):
    """A figure and the bounds it lies within at the level asked for."""

    value: float
    low: float
    high: float


class Tested(NamedTuple):
    """A difference, its bounds, and how likely one as large would be if there were none."""

    difference: float
    low: float
    high: float
    error: float
    """Standard error of the difference."""
    p: float
    """Two-sided."""


def wilson(hits: int, rows: int, level: float = 0.95) -> tuple[float, float]:
    """Bounds of a share of ``hits`` among ``rows`` (Wilson 1927)."""
    z = _z(level)
    share, spread = hits / rows, z * z / rows
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / rows + spread / (4 * rows)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def share_interval(share: float, error: float, level: float = 0.95) -> Interval:
    """Bounds of a figure between 0 and 1 with this standard error, worked out on the scale of log odds."""
    if error == 0 or not 0 < share < 1:
        return Interval(share, share, share)
    z = _z(level) * error / (share * (1 - share))
    middle = float(logit(share))
    return Interval(share, float(expit(middle - z)), float(expit(middle + z)))


def bounds(value: float, error: float, level: float = 0.95) -> Interval:
    """A figure and its bounds by the normal distribution."""
    return Interval(value, value - _z(level) * error, value + _z(level) * error)


def apart(difference: float, error: float, level: float = 0.95) -> Tested:
    """A difference with its standard error, as interval and two-sided test by the normal distribution."""
    half = _z(level) * error
    p = 2 * float(norm.sf(abs(difference) / error)) if error > 0 else float(abs(difference) < _CLOSE)
    return Tested(difference, difference - half, difference + half, error, p)


def mean_error(values: Floats, groups: Int64s | None = None) -> float:
    """Standard error of a mean; such as of each row's part of the Brier score."""
    return errors((values - values.mean())[:, None], groups)[0]


def auc_error(scores: ArrayLike, bad: Bools, groups: Int64s | None = None) -> float | None:
    """DeLong's standard error of the AUC; None with fewer than two rows of an outcome.

    ``groups`` numbers what rows belong together, such as months of one line (Obuchowski 1997): rows alike tell less.
    """
    if min(int(bad.sum()), int((~bad).sum())) < 2:
        return None
    _, covariance = delong([np.asarray(scores, np.float64)], bad, groups)
    return math.sqrt(max(0.0, float(covariance[0, 0])))


def auc_difference(first: ArrayLike, second: ArrayLike, bad: Bools, level: float = 0.95) -> Interval | None:
    """AUC of ``first`` less that of ``second`` on the same rows, with DeLong's interval for paired scores."""
    tested = auc_test([(np.asarray(first, np.float64), np.asarray(second, np.float64), bad, None)], level)
    return None if tested is None else Interval(*tested[:3])


def auc_test(parts: Sequence[tuple[Floats, Floats, Bools, Int64s | None]], level: float = 0.95) -> Tested | None:
    """DeLong's test (1988) of two AUCs on the same rows: first less second, the mean over ``parts``.

    A part is scores, other scores, outcomes and groups (or None) of the same rows, scored by one pair of models: a
    fold. Scores of different parts are never ranked against each other. Rows count as drawn anew, the models as given.
    None where a part has fewer than two rows of an outcome.
    """
    gaps, variance = [], []
    for first, second, bad, groups in parts:
        if min(int(bad.sum()), int((~bad).sum())) < 2:
            return None
        areas, covariance = delong([first, second], bad, groups)
        gaps.append(float(areas[0] - areas[1]))
        variance.append(max(0.0, float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])))
    difference = float(np.mean(gaps))
    error = math.sqrt(sum(variance)) / len(parts)
    return apart(difference, error, level)


def errors(influence: Floats, groups: Int64s | None) -> list[float]:
    """Standard errors of means by what each row (or group of rows) adds to them: rows by figures."""
    rows = len(influence)
    if groups is not None:
        influence = _summed(influence, np.unique(groups, return_inverse=True)[1])
    count = len(influence)
    if count < 2:
        return [math.inf] * influence.shape[1]
    return [float(each) for each in np.sqrt((influence**2).sum(axis=0) * count / (count - 1)) / rows]


def delong(scored: Sequence[Floats], bad: Bools, groups: Int64s | None = None) -> tuple[Floats, NDArray[np.float64]]:
    """Areas and their covariance by mid-ranks (Sun and Xu 2014), of rows in groups as Obuchowski (1997) has it."""
    bads, goods = int(bad.sum()), int((~bad).sum())
    of_bad, of_good, areas = [], [], []
    for scores in scored:
        paired(scores, bad)
        whole = rankdata(scores)
        # Share of bad rows each good one stands above, and of good rows above each bad one.
        above = (whole[~bad] - rankdata(scores[~bad])) / bads
        below = 1 - (whole[bad] - rankdata(scores[bad])) / goods
        of_good.append(above)
        of_bad.append(below)
        areas.append(above.mean())
    found = np.array(areas)
    if groups is None:
        covariance = np.atleast_2d(np.cov(of_bad)) / bads + np.atleast_2d(np.cov(of_good)) / goods
        return found, np.asarray(covariance, np.float64)
    place = np.unique(groups, return_inverse=True)[1]
    parts = []
    for kind, values, rows in ((bad, of_bad, bads), (~bad, of_good, goods)):
        spread = np.zeros((len(bad), len(scored)))
        spread[kind] = (np.array(values) - found[:, None]).T
        count = len(np.unique(place[kind]))
        parts.append((_summed(spread, place) / rows, count / max(count - 1, 1)))
    count = int(place.max()) + 1
    (first, of_first), (second, of_second) = parts
    cross = count / max(count - 1, 1) * (first.T @ second)
    return found, of_first * (first.T @ first) + of_second * (second.T @ second) + cross + cross.T


def paired(values: Floats, bad: Bools) -> None:
    """Raise ValueError where values and outcomes are not of the same rows."""
    if len(values) != len(bad):
        raise ValueError(f"{len(values)} values but {len(bad)} outcomes; give one of each a row")


def _summed(values: Floats, place: NDArray[Any]) -> Floats:
    """Sums of rows by group."""
    out = np.zeros((int(place.max()) + 1, values.shape[1]))
    np.add.at(out, place, values)
    return out


def _z(level: float) -> float:
    return float(norm.ppf((1 + level) / 2))


__all__ = [
    "Interval", "Tested", "apart", "auc_difference", "auc_error", "auc_test", "bounds", "delong", "errors",
    "mean_error", "paired", "share_interval", "wilson",
]  # fmt: skip
