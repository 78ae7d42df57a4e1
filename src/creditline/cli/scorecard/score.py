"""``creditline scorecard score``."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditline.cli.scorecard.aside import STATUS_ASIDE, tell_aside
from creditline.cli.scorecard.options import LANG, CardArgument, DataArgument
from creditline.errors import CreditlineError
from creditline.i18n import text

if TYPE_CHECKING:
    from creditline.scoring.card import Card
    from creditline.scoring.features import Features
    from creditline.scoring.table import Table

REASONS = 4
"""Reasons a score has at most."""


def score(
    card: CardArgument,
    data: DataArgument,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help=text("scorecard.score_out_help", LANG))] = None,
) -> None:
    """Write a CSV row of points, probability and reasons for each row; exit status 1 where rows were kept out."""
    from creditline.scoring.card import read_card
    from creditline.scoring.features import again
    from creditline.scoring.table import read_table

    read = read_card(card)
    source = read.source
    known_source(card, source)
    table = read_table(data, special=source["special"], kinds=source["columns"])
    features = again(table, source, data.name)
    with ExitStack() as stack:
        file = sys.stdout if out is None else stack.enter_context(out.open("w", encoding="utf-8", newline=""))
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["place", "score", "probability_of_bad", *_reason_columns()])
        writer.writerows(_scored(read, features, table, data.name))
    if table.aside:
        tell_aside(table)
        raise typer.Exit(STATUS_ASIDE)


def known_source(card: Path, source: Mapping[str, Any]) -> None:
    """Refuse a card that does not say what its facts are made of."""
    if not {"kind", "columns", "special"} <= source.keys():
        raise CreditlineError(
            str(card), dict(source), "train the card again", "does not say what its facts are made of"
        )


def _reason_columns() -> list[str]:
    return [f"{name}_{number}" for number in range(1, REASONS + 1) for name in ("reason", "cost")]


def _scored(card: Card, features: Features, table: Table, where: str) -> Iterator[list[object]]:
    scores = card.points(features, where)
    probabilities = card.calibration.probability(scores)
    for row, reasons in enumerate(card.reasons(features, REASONS, where)):
        told = [cell for term, cost in reasons for cell in (" & ".join(term.facts), cost)]
        blank = [""] * (2 * REASONS - len(told))
        yield [table.place(row), int(scores[row]), f"{probabilities[row]:.6f}", *told, *blank]
