"""Training as the recipe beside a policy says: lines observed, facts scored, how points may run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from creditline.errors import CreditlineError

if TYPE_CHECKING:
    from creditline.cli.scorecard.given import Given
    from creditline.scoring.recipe import Recipe

SAID = ("kind", "observe", "window", "outcome", "standing", "status", "monotone", "features", "drop", "tune")
"""Options in place of which the recipe speaks."""


def follow(options: Mapping[str, Any]) -> tuple[Recipe, dict[str, Any]]:
    """The recipe beside the policy asked for, and the options with what it says of the rows.

    Raises CreditlineError where there is none, it does not say what to observe, or an option says the same thing.
    """
    from creditline.service.run import recipe_of

    if options["home"] is None or options["policy"] is None:
        raise CreditlineError("--recipe", "nothing", "give --home HOME --policy NAME", "is the recipe of a policy")
    for name in SAID:
        if options[name]:
            raise CreditlineError(f"--{name}", str(options[name]), "leave one of the two out", "is said by --recipe")
    recipe = recipe_of(options["policy"])
    place = f"policy {options['policy']}"
    if recipe is None:
        remedy = "write NAME.train.yaml beside the policy's file, or leave --recipe out"
        raise CreditlineError(place, "no recipe", remedy, "cannot be followed")
    if recipe.observe is None:
        remedy = "say observe: in its .train.yaml, or train its cards with creditline run"
        raise CreditlineError(place, "no observe:", remedy, "says no rows to train on")
    said = recipe.observe
    rows = {
        "observe": [",".join(said.moments)], "window": said.window, "outcome": said.outcome,
        "standing": said.standing, "status": list(said.statuses),
    }  # fmt: skip
    return recipe, {**options, **rows}


def as_said(recipe: Recipe, rows: Given) -> tuple[Recipe, Given]:
    """Rows with the facts of the recipe alone, and the recipe without facts that tell nothing in them."""
    kept = {name: course for name, course in recipe.facts.items() if name in rows.features.columns}
    columns = {name: rows.features.columns[name] for name in kept}
    facts = {name: why for name, why in rows.dropped.items() if name in recipe.facts}
    if unknown := sorted(recipe.facts.keys() - kept.keys() - facts.keys()):
        raise CreditlineError("recipe, facts", ", ".join(unknown), "list facts of the policy", "are not there")
    telling = tuple(name for name in recipe.telling if name in kept)
    made = msgspec.structs.replace(recipe, facts=kept, telling=telling)
    return made, replace(rows, features=replace(rows.features, columns=columns), dropped=facts)


__all__ = ["SAID", "as_said", "follow"]
