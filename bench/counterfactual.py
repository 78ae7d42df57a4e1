"""optbinning's counterfactual, asked about a policy's scorecard."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from creditline.events.kinds import NULL
from creditline.scoring.scorecard import Scorecard

Int64s = NDArray[np.int64]

UNIT = 100
"""Points in one unit of what its card tells; whole numbers it would take for classes."""


class Peer:
    """A scorecard of optbinning that tells every line the points the policy's card gives it, and its counterfactuals.

    It is fitted to the card itself: one row for every combination of the places of the facts, the card's points as
    the target, the card's limits as fixed splits. Facts are then unrelated, so a bin's mean is its points and a
    constant, a linear regression weighs every fact with 1, and the sum is the card's. Missing facts have no rows:
    only lines of which all are known can be asked about.
    """

    def __init__(self, card: Scorecard, population: Mapping[str, Int64s]) -> None:
        """``population``: facts in numeric form of many lines, by which it judges what is far and what is usual."""
        # On import it prints every solver it does not find, none of which is used here.
        logging.getLogger("__cvxpy__").addFilter(lambda _: False)
        import pandas as pd  # type: ignore[import-untyped]
        from optbinning import BinningProcess
        from optbinning import Scorecard as Theirs
        from optbinning.scorecard import Counterfactual
        from sklearn.linear_model import LinearRegression  # type: ignore[import-untyped]

        assert all(len(term.axes) == 1 for term in card.terms), "it knows no points of two facts together"
        axes = {term.axes[0].fact: term.axes[0] for term in card.terms}
        examples = [[axis.example(place) for place in range(1, axis.size)] for axis in axes.values()]
        grid = np.meshgrid(*(np.array(each, np.int64) for each in examples), indexing="ij")
        rows = {fact: values.ravel() for fact, values in zip(axes, grid, strict=True)}
        points = card.points(rows)
        fixed = {
            fact: {
                "user_splits": list(map(float, axis.limits)),
                "user_splits_fixed": [True] * len(axis.limits),
                "monotonic_trend": None,
            }
            for fact, axis in axes.items()
        }
        self._frame = pd.DataFrame
        self._middle = float(points.mean())
        self._card = Theirs(
            BinningProcess(list(axes), min_prebin_size=1e-6, binning_fit_params=fixed), LinearRegression()
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pandas, about what optbinning does
            self._card.fit(self._table(rows), (points - self._middle) / UNIT)
        self._asked = Counterfactual(self._card)
        self._asked.fit(self._table(population))

    def _table(self, columns: Mapping[str, Int64s]) -> Any:
        return self._frame({fact: values.astype(float) for fact, values in columns.items()})

    def points(self, columns: Mapping[str, Int64s]) -> NDArray[np.float64]:
        """What its card tells of these lines."""
        told: NDArray[np.float64] = self._card.predict(self._table(columns)) * UNIT + self._middle
        return told

    def reach(self, query: Mapping[str, float], enough: int) -> bool:
        """Look for one counterfactual of a line with enough points, its settings as they come; whether there is one."""
        target = (enough - self._middle) / UNIT
        self._asked.generate(dict(query), target, "continuous", 1, hard_constraints=["min_outcome"])
        return bool(self._asked.status == "OPTIMAL")


def complete(columns: Mapping[str, Int64s], facts: Iterable[str]) -> dict[str, Int64s]:
    """These facts of the lines of which all of them are known."""
    mine = {fact: columns[fact] for fact in facts}
    rows = np.all([values != NULL for values in mine.values()], axis=0)
    return {fact: values[rows] for fact, values in mine.items()}
