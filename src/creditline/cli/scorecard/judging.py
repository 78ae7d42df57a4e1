"""Rows of a file that a card is judged by: read as in its training, with the outcomes the file tells."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from creditline.errors import CreditlineError
from creditline.scoring.card import Card, read_card
from creditline.scoring.features import Features, again
from creditline.scoring.selecting import Condition, only, rows_where
from creditline.scoring.table import no_column, read_table, target_of

if TYPE_CHECKING:
    from creditline.scoring.table import Table


@dataclass(frozen=True, eq=False)
class Judged:
    """A card, and the rows it is judged by."""

    card: Card
    features: Features
    bad: NDArray[np.bool_]
    table: Table
    """What the file tells, of those rows."""
    data_sha256: str
    """Of the whole file."""

    @property
    def trained_on_this_file(self) -> bool:
        """Whether the card was trained on this very file, all of it or a part."""
        return self.card.training.get("data_sha256") == self.data_sha256


def judged(path: Path, data: Path, target: str, bad: str, where: Sequence[str] = ()) -> Judged:
    """The card and the rows of the file for which every ``where`` holds (see ``selecting.Condition``).

    Raises CreditlineError for a file or card that cannot be read, columns of the training that are missing, and as
    ``target_of`` and ``Condition`` do.
    """
    card = read_card(path)
    source = _source(path, card)
    conditions = [Condition.of(each) for each in where]
    table = read_table(data, special=source["special"], kinds=source["columns"])
    _columns_fit(data.name, table, source)
    told = {target, *(each.column for each in conditions)}
    for name in told:
        if name not in table.columns:
            raise no_column(data.name, name, table.columns)
    if target in source["columns"]:
        raise CreditlineError("--target", target, "name the column of the outcome", "is a fact the card scores")
    # Once more for the columns the card does not know, which were kept as text above.
    said = read_table(data, unused=table.columns.keys() - told)
    kept = rows_where(said, conditions)
    outcomes = target_of(only(said, kept), target, bad)
    rows = only(table, kept)
    digest = hashlib.sha256(data.read_bytes()).hexdigest()
    return Judged(card, again(rows, source, data.name), outcomes, rows, digest)


def _source(path: Path, card: Card) -> dict[str, Any]:
    source = dict(card.source)
    if source.get("kind") not in {"raw", "panel"} or not {"columns", "special"} <= source.keys():
        remedy = "judge it on data of the kind it was trained on, or train a card on a table"
        raise CreditlineError(str(path), source.get("kind"), remedy, "is no card whose facts are made from a table")
    return source


def _columns_fit(name: str, table: Table, source: dict[str, Any]) -> None:
    missing = [column for column in source["columns"] if column not in table.columns]
    if missing:
        known = no_column(name, missing[0], table.columns)
        are = "is a column" if len(missing) == 1 else f"are {len(missing)} columns"
        problem = f"{are} the card was trained on and the file has not"
        raise CreditlineError(name, ", ".join(missing), known.remedy, problem)


__all__ = ["Judged", "judged"]
