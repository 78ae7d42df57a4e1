"""Settings chosen on an inner split of the rows a card is trained on, so that the figure reported stays honest.

``tuned`` gives a ``Fit`` like any other. Under cross-validation it is handed the rows outside a fold, splits those
again, and tries every candidate there: the rows of the fold take no part in choosing the settings of the card that
scores them. The search goes setting by setting, the rest kept at the best so far, and leaves what it has only for a
gain that whole points would show.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from creditline.scoring import measures
from creditline.scoring.card import Card
from creditline.scoring.crossval import Fit, stratified
from creditline.scoring.ebm import EbmSettings, fit_ebm
from creditline.scoring.features import Features
from creditline.scoring.inputs import check_outcomes
from creditline.scoring.woe import WoeSettings, fit_woe

Bools = NDArray[np.bool_]
Int64s = NDArray[np.int64]
Settings = Mapping[str, Any]
Train = Callable[[Features, Bools, int, Settings, bool], Card]

FOLDS: Final = 3
"""Folds of the inner split."""

MANY: Final = 10_000
"""Rows from which one inner fold held out tells enough, in place of each in turn."""

LEAST_GAIN: Final = 0.0005
"""AUC by which a candidate must be better."""

WOE_GRID: Final[tuple[tuple[Settings, ...], ...]] = (
    ({"bins": 5, "smallest": 0.08}, {"bins": 12, "smallest": 0.03}),
    ({"ridge": 0.5}, {"ridge": 15.0}, {"ridge": 60.0}),
    ({"prior": 3.0}, {"prior": 30.0}),
)
"""Stages of candidates; each changes the settings chosen before it."""

EBM_GRID: Final[tuple[tuple[Settings, ...], ...]] = (
    ({"leaves": 2}, {"leaves": 2, "bins": 32}),
    ({"pairs": 0}, {"pairs": 15}),
    ({"rate": 0.015}, {"leaf": 200}),
)

INNER_BAGS: Final = 2
"""Bags of boosted cards that are only tried."""


@dataclass(frozen=True)
class _Tuned:
    """A ``Fit``; see ``tuned``."""

    train: Train
    grid: tuple[tuple[Settings, ...], ...]

    def __call__(self, features: Features, bad: Bools, *, seed: int) -> Card:
        check_outcomes(features, bad)
        least = int(min(bad.sum(), (~bad).sum()))
        tried: list[dict[str, Any]] = []
        chosen: dict[str, Any] = {}
        held: list[Bools] = []
        if least >= FOLDS:
            fold = stratified(bad, FOLDS, seed)
            held = [fold == number for number in range(1 if features.rows >= MANY else FOLDS)]
            best = self._tried(features, bad, seed, held, chosen, tried)
            for stage in self.grid:
                found = [chosen | dict(each) for each in stage]
                areas = [self._tried(features, bad, seed, held, each, tried) for each in found]
                if max(areas) > best + LEAST_GAIN:
                    best, chosen = max(areas), found[areas.index(max(areas))]
        card = self.train(features, bad, seed, chosen, False)
        told = {"chosen": chosen, "tried": tried, "folds": len(held)}
        return replace(card, training={**card.training, "tuning": told})

    def _tried(
        self,
        features: Features,
        bad: Bools,
        seed: int,
        held: list[Bools],
        settings: dict[str, Any],
        tried: list[dict[str, Any]],
    ) -> float:
        """Mean AUC over the inner folds held out, written down."""
        areas = []
        for out in held:
            card = self.train(features.take(~out), bad[~out], seed, settings, True)
            areas.append(float(measures.auc(card.points(features.take(out)), bad[out]) or 0.0))
        area = float(np.mean(areas))
        tried.append({"settings": settings, "auc": area})
        return area


def tuned(
    kind: Literal["woe", "ebm"],
    monotone: Mapping[str, int] | None = None,
    *,
    settings: WoeSettings | EbmSettings | None = None,
    grid: tuple[tuple[Settings, ...], ...] | None = None,
    jobs: int = 2,
) -> Fit:
    """What trains a card of this kind with settings it chooses on an inner split of the rows it is given.

    ``settings`` are where the search begins (the usual ones), ``grid`` its stages of changes. The same rows and seed
    give the same choice. The card says under ``training["tuning"]`` what was ``tried`` with which inner AUC, what was
    ``chosen`` over the usual, and on how many inner ``folds`` (0: too few rows of an outcome to choose by).
    """
    if kind == "woe":
        base = settings if isinstance(settings, WoeSettings) else WoeSettings()

        def woe(features: Features, bad: Bools, seed: int, changes: Settings, _: bool) -> Card:
            return fit_woe(features, bad, seed=seed, monotone=monotone, settings=replace(base, **dict(changes)))

        return _Tuned(woe, WOE_GRID if grid is None else grid)
    start = settings if isinstance(settings, EbmSettings) else EbmSettings()

    def ebm(features: Features, bad: Bools, seed: int, changes: Settings, inner: bool) -> Card:
        made = replace(start, **dict(changes))
        if inner:
            made = replace(made, bags=min(made.bags, INNER_BAGS))
        return fit_ebm(features, bad, seed=seed, monotone=monotone, settings=made, jobs=jobs)

    return _Tuned(ebm, EBM_GRID if grid is None else grid)


__all__ = ["EBM_GRID", "FOLDS", "LEAST_GAIN", "MANY", "WOE_GRID", "tuned"]
