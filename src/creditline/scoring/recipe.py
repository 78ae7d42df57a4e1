"""What a policy's scorecard is trained with, and the file it is written in: ``NAME.train.yaml`` beside ``NAME.yaml``.

The same recipe trains the card in the policy file and, where a panel tells outcomes, the cards of the folds.
"""

from __future__ import annotations

from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from creditline.clock import parse_moment
from creditline.errors import CreditlineError
from creditline.scoring.bounds import bounded
from creditline.scoring.card import Card, Scaling
from creditline.scoring.crossval import Fit
from creditline.scoring.ebm import EbmSettings, fit_ebm
from creditline.scoring.features import Features
from creditline.scoring.scorecard import POINTS_MAX
from creditline.scoring.woe import WoeSettings, fit_woe

Bools = NDArray[np.bool_]
Int64s = NDArray[np.int64]
Course = Literal["rising", "falling", "free"]
"""How points may run as a fact grows."""

DIRECTIONS: dict[Course, int] = {"rising": 1, "falling": -1, "free": 0}


class RecipeError(CreditlineError):
    """A training file that cannot be used."""


class Observing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which rows of a home's log a card is trained on, see ``service.training.Asked``."""

    moments: tuple[str, ...]
    """Dates, each the midnight it begins with in the policy's offset, or moments with an offset."""
    window: str
    outcome: str
    standing: Literal["decided", "stated"] = "decided"
    statuses: tuple[str, ...] = ("open", "frozen")


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a scorecard is trained over facts of its policy."""

    facts: dict[str, Course]
    """Facts that may be scored. One that adds nothing to the others gets no points."""
    kind: Literal["woe", "ebm"] = "woe"
    as_of: str | None = None
    """Where the home tells outcomes: the moment facts are read at, and up to which lines are run. They lie after it."""
    observe: Observing | None = None
    """Where outcomes are read off the log."""
    telling: tuple[str, ...] = ()
    """Facts whose missing value is an answer of its own; of all others it never earns more than the average."""
    reach: int | None = None
    """Points by which one fact may move the score from its own average at most."""
    base: int = 600
    """Score at which ``odds`` good lines stand against one bad."""
    odds: int = 30
    double: int = 40
    """Points that double the odds."""
    settings: dict[str, Any] = {}
    """Of ``WoeSettings`` or ``EbmSettings`` those to change."""
    folds: int = 5
    seed: int = 7

    @property
    def moment(self) -> int | None:
        """``as_of`` in microseconds."""
        return None if self.as_of is None else parse_moment(self.as_of)

    @property
    def scaling(self) -> Scaling:
        """From log odds to points."""
        return Scaling(self.base, self.odds, self.double)

    def fit(self, features: Features, bad: Bools, *, seed: int) -> Card:
        """A card over the facts of the recipe.

        Raises RecipeError where ``features`` does not hold them all, or none of them tells anything.
        """
        if absent := sorted(self.facts.keys() - features.columns.keys()):
            raise RecipeError(
                "facts", ", ".join(absent), "list facts of the policy that can be scored", "are not there"
            )
        kept = {name: features.columns[name] for name in self.facts}
        mine = Features(kept, features.rows, features.special, features.source)
        card = bounded(self._fit(mine, bad, seed=seed), mine, telling=self.telling, reach=self.reach)
        if not card.terms:
            remedy = "list facts that part bad from good"
            raise RecipeError("facts", ", ".join(sorted(self.facts)), remedy, "tell nothing of the outcome")
        return card

    @property
    def _fit(self) -> Fit:
        monotone = {name: DIRECTIONS[course] for name, course in self.facts.items() if course != "free"}
        if self.kind == "woe":
            return partial(fit_woe, monotone=monotone, scaling=self.scaling, settings=WoeSettings(**self.settings))
        return partial(fit_ebm, monotone=monotone, scaling=self.scaling, settings=EbmSettings(**self.settings))


def read_recipe(path: Path) -> Recipe | None:
    """The recipe in this YAML file, None where there is no such file; raises RecipeError."""
    if not path.is_file():
        return None
    try:
        recipe = msgspec.yaml.decode(path.read_bytes(), type=Recipe)
        _check(recipe)
    except (msgspec.MsgspecError, CreditlineError, ValueError, TypeError) as error:
        remedy = "give facts: with rising, falling or free for each, and of these those to change: "
        remedy += ", ".join(Recipe.__struct_fields__)
        raise RecipeError(str(path), str(error), remedy, "is no recipe for a scorecard") from error
    return recipe


def _check(recipe: Recipe) -> None:
    _ = recipe.moment
    known = {each.name: each.default for each in fields(WoeSettings if recipe.kind == "woe" else EbmSettings)}
    if unknown := sorted(recipe.settings.keys() - known.keys()):
        raise ValueError(f"settings has no {', '.join(unknown)}; it has {', '.join(known)}")
    for name, value in recipe.settings.items():
        msgspec.convert(value, type(known[name]))
    if not recipe.facts:
        raise ValueError("facts lists none")
    if strange := sorted(set(recipe.telling) - recipe.facts.keys()):
        raise ValueError(f"telling names {', '.join(strange)}, which facts does not list")
    if min(recipe.odds, recipe.double) < 1 or (recipe.reach is not None and recipe.reach < 1):
        raise ValueError("odds, double and reach must be 1 or more")
    if max(abs(recipe.base), recipe.double, recipe.reach or 0) > POINTS_MAX:
        raise ValueError(f"points go up to {POINTS_MAX:,}")


def fold_numbers(lines: int, folds: int, seed: int) -> Int64s:
    """A fold for each line, the folds level to one line. Outcomes play no part, so none can leak through it."""
    if not 2 <= folds <= max(lines, 2):
        raise RecipeError("folds", folds, f"give 2 to {lines}")
    return np.asarray(np.random.default_rng(seed).permutation(lines) % folds, np.int64)


__all__ = ["DIRECTIONS", "Course", "Observing", "Recipe", "RecipeError", "fold_numbers", "read_recipe"]
