"""What a training is asked for, and the file it is written in."""

from __future__ import annotations

from pathlib import Path

import msgspec

from creditline.clock import parse_moment
from creditline.errors import CreditlineError


class RecipeError(CreditlineError):
    """A training file that cannot be used."""


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a scorecard is trained; the facts are those the policy scores."""

    as_of: str
    """Moment facts are read at, and up to which lines are run: outcomes lie after it."""
    base: int = 600
    """Score at which ``odds`` good lines stand against one bad."""
    odds: int = 30
    double: int = 40
    """Points that double the odds."""
    bins: int = 6
    """Bins a fact may have at most, missing aside."""
    smallest: float = 0.02
    """Share of lines a bin holds at least."""
    digits: int = 2
    """Significant digits limits of bins are rounded to, for people to read."""
    folds: int = 5
    seed: int = 7

    @property
    def moment(self) -> int:
        """``as_of`` in microseconds."""
        return parse_moment(self.as_of)


def read_recipe(path: Path) -> Recipe | None:
    """The recipe in this YAML file, None where there is no such file; raises RecipeError."""
    if not path.is_file():
        return None
    try:
        recipe = msgspec.yaml.decode(path.read_bytes(), type=Recipe)
        _ = recipe.moment
    except (msgspec.MsgspecError, CreditlineError) as error:
        remedy = "give as_of: a moment, and of " + ", ".join(Recipe.__struct_fields__) + " those to change"
        raise RecipeError(str(path), str(error), remedy, "is no recipe for a scorecard") from error
    return recipe
