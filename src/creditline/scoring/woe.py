"""Weight-of-evidence scorecards: optimal bins, their weights of evidence, and a regression that never turns one round.

Each fact is cut into few bins (optbinning). A bin's evidence is the log of its odds of good against the odds of all
rows, drawn towards nothing where few rows stand behind it. A logistic regression weighs the facts: its weights are
zero or more, so that no fact counts against its own evidence, and a ridge keeps facts that say the same thing from
shouting. What it gives no weight is not on the card.
"""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from creditline.scoring.card import Axis, Card, Exact, ExactTerm, Scaling
from creditline.scoring.features import Feature, Features
from creditline.scoring.inputs import check_outcomes, missing_extra

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]
Progress = Callable[[int, int], None]

_LEAST_WEIGHT: Final = 1e-4


@dataclass(frozen=True)
class WoeSettings:
    """How a weight-of-evidence card is trained; the same for every data set unless said otherwise."""

    bins: int = 8
    """Bins a fact may have at most; missing and special values come on top."""
    prebins: int = 20
    """Fine bins the optimal ones are put together from."""
    smallest: float = 0.05
    """Share of rows a bin holds at least."""
    trend: str = "auto_asc_desc"
    """Course of evidence over the bins of a fact without a declared direction, a ``monotonic_trend`` of optbinning."""
    prior: float = 10.0
    """Rows of average outcome each bin is given on top, which draw small bins towards no evidence."""
    ridge: float = 3.0
    """Weight of half the sum of squared weights against the log likelihood of all rows."""


def fit_woe(
    features: Features,
    bad: Bools,
    *,
    seed: int,
    monotone: Mapping[str, int] | None = None,
    scaling: Scaling = Scaling(),  # noqa: B008
    settings: WoeSettings = WoeSettings(),
    progress: Progress | None = None,
) -> Card:
    """A card over these facts; ``monotone`` gives directions: 1 where points rise with the number, -1 where they fall.

    Nothing in it is random; the seed is only written down. ``progress`` is told how many facts of how many are binned.
    Raises InputError without both outcomes, or where the extra ``train`` is not installed.
    """
    check_outcomes(features, bad)
    declared = dict(monotone or {})
    names = sorted(features.columns)
    axes, evidence, places = [], [], []
    for number, name in enumerate(names):
        column = features.columns[name]
        axis = _axis(name, column, features, bad, settings, declared.get(name, 0))
        place = axis.places(column)
        axes.append(axis)
        places.append(place)
        evidence.append(_evidence(place, axis.size, bad, settings.prior))
        if progress:
            progress(number + 1, len(names))
    matrix = np.column_stack([values[place] for values, place in zip(evidence, places, strict=True)])
    weights, intercept = regress(matrix, ~bad, settings.ridge)
    terms = [
        ExactTerm((axis,), weight * values)
        for axis, weight, values in zip(axes, weights.tolist(), evidence, strict=True)
        if weight > _LEAST_WEIGHT
    ]
    training = {"seed": seed, "rows": features.rows, "bad": int(bad.sum()), "monotone": declared, **asdict(settings)}
    return Exact("woe", intercept, tuple(terms), features.source, training).card(scaling)


def regress(matrix: Floats, good: Bools, ridge: float) -> tuple[Floats, float]:
    """Weights of zero or more and an intercept that make good most likely, less ``ridge / 2`` times their squares."""
    from scipy.optimize import minimize

    target = np.where(good, 1.0, -1.0)
    share = float(good.mean())

    def loss(said: Floats) -> tuple[float, Floats]:
        margin = target * (matrix @ said[:-1] + said[-1])
        value = float(np.logaddexp(0, -margin).sum()) + ridge / 2 * float(said[:-1] @ said[:-1])
        pull = -target / (1 + np.exp(np.clip(margin, -700, 700)))
        return value, np.append(matrix.T @ pull + ridge * said[:-1], pull.sum())

    start = np.append(np.full(matrix.shape[1], 1 / matrix.shape[1]), math.log(share / (1 - share)))
    bounds = [*((0.0, None) for _ in range(matrix.shape[1])), (None, None)]
    options = {"maxiter": 3_000, "maxfun": 10_000, "ftol": 1e-11, "gtol": 1e-6}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return found.x[:-1], float(found.x[-1])


def _axis(name: str, column: Feature, features: Features, bad: Bools, settings: WoeSettings, direction: int) -> Axis:
    if column.numbers is None:
        return Axis(name, choices=_groups(column, bad, settings))
    special = features.special if column.plain else ()
    said = ~np.isnan(column.numbers) & ~np.isin(column.numbers, special)
    return Axis(name, _limits(column.numbers[said], bad[said], settings, direction), special)


def _limits(values: Floats, bad: Bools, settings: WoeSettings, direction: int) -> tuple[float, ...]:
    """Ascending limits of bins that part bad from good best, each as short as it can be without moving a row."""
    if not len(values) or values.min() == values.max() or bad.all() or not bad.any():
        return ()
    # Evidence of optbinning is that of bad when bad is its event: points rise where the rate of bad falls.
    trend = {1: "descending", -1: "ascending"}.get(direction, settings.trend)
    splits = _optimal(values, bad, settings, "numerical", monotonic_trend=trend).splits
    known = np.unique(values)
    limits = [_shortest(known, float(split)) for split in splits]
    return tuple(sorted({limit for limit in limits if limit is not None}))


def _groups(column: Feature, bad: Bools, settings: WoeSettings) -> tuple[tuple[str, ...], ...]:
    assert column.codes is not None
    said = column.codes >= 0
    if not said.any():
        return ()
    seen = np.unique(column.codes[said])
    if len(seen) < 3 or bad[said].all() or not bad[said].any():
        return tuple((column.choices[code],) for code in seen)
    splits = _optimal(column.codes[said], bad[said], settings, "categorical").splits
    return tuple(tuple(sorted(column.choices[int(code)] for code in group)) for group in splits if len(group))


def _optimal(values: NDArray[Any], bad: Bools, settings: WoeSettings, dtype: str, **more: Any) -> Any:
    # On import it prints every solver it does not find, none of which is used here.
    logging.getLogger("__cvxpy__").addFilter(_silent)
    try:
        from optbinning import OptimalBinning
    except ImportError as error:
        raise missing_extra("optbinning") from error

    binning = OptimalBinning(
        dtype=dtype, max_n_prebins=settings.prebins, min_prebin_size=settings.smallest, max_n_bins=settings.bins, **more
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        binning.fit(values, bad.astype(np.int64))
    return binning


def _silent(_: logging.LogRecord) -> bool:
    return False


def _shortest(known: Floats, split: float) -> float | None:
    """The number of fewest digits that parts the same known values as this limit; None where it parts none."""
    above = int(np.searchsorted(known, split, side="left"))
    if above in {0, len(known)}:
        return None
    low, high = float(known[above - 1]), float(known[above])
    middle = split if low < split <= high else high
    for digits in range(1, 17):
        short = float(f"{middle:.{digits}g}")
        if low < short <= high:
            return short + 0.0
    return high + 0.0


def _evidence(places: Int64s, size: int, bad: Bools, prior: float) -> Floats:
    """Log odds of good of each place less those of all rows, ``prior`` average rows put in; 0 where no row is."""
    share = float(bad.mean())
    bads = np.bincount(places[bad], minlength=size) + prior * share
    goods = np.bincount(places[~bad], minlength=size) + prior * (1 - share)
    return np.log(goods / bads) - math.log((1 - share) / share)


__all__ = ["WoeSettings", "fit_woe", "regress"]
