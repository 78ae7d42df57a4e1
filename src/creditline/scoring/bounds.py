"""Bounds on what a trained card may say, whatever its rows said: of missing values, and of any one fact."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from creditline.scoring.card import Card, ExactTerm, cells
from creditline.scoring.features import Features

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def bounded(card: Card, features: Features, *, telling: Collection[str] = (), reach: int | None = None) -> Card:
    """A card just trained on these rows, so bounded that it can be defended.

    What is missing earns at most the average, in whole points rounded down, of the rows in which nothing of the term is
    missing, so that nobody gains by saying nothing; but for the facts of ``telling``, whose missing value is itself an
    answer (never in arrears). With ``reach`` no term moves the score by more points than that from its own average.
    """
    assert card.exact is not None, "only a card that was just trained holds the model it was rounded from"
    terms = [_bounded(term, features, telling, reach, card.scaling.factor) for term in card.exact.terms]
    told = {**card.training, "telling": sorted(telling), "reach": reach}
    return replace(card.exact, terms=tuple(terms), training=told).card(card.scaling)


def _bounded(
    term: ExactTerm, features: Features, telling: Collection[str], reach: int | None, factor: float
) -> ExactTerm:
    cell = cells(term.axes, features)
    values = term.values
    if reach is not None:
        average = float(values[cell].mean())
        values = np.clip(values, average - reach / factor, average + reach / factor)
    missing = _missing(term, telling)
    said = ~missing[cell]
    if said.any():
        most = np.floor(values[cell[said]].mean() * factor) / factor
        values = np.where(missing, np.minimum(values, most), values)
    return ExactTerm(term.axes, values)


def _missing(term: ExactTerm, telling: Collection[str]) -> Bools:
    """The cells in which a fact is missing that does not tell anything by it."""
    found = np.zeros([axis.size for axis in term.axes], np.bool_)
    for number, axis in enumerate(term.axes):
        if axis.fact not in telling:
            np.moveaxis(found, number, 0)[0] = True
    return found.ravel()


__all__ = ["bounded"]
