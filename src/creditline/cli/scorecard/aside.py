"""Rows of a file that were kept out, told on stderr."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from creditline.cli.scorecard.options import LANG
from creditline.i18n import text

if TYPE_CHECKING:
    from creditline.scoring.table import Table

STATUS_ASIDE = 1
"""Exit status when rows of the file were kept out; the others are scored."""

ASIDE_TOLD = 20
"""Places of rows kept out that are told at most."""


def tell_aside(table: Table) -> None:
    """Say how many rows were kept out, and where the first of them stand."""
    typer.echo(text("scorecard.aside", LANG, count=len(table.aside)), err=True)
    for each in table.aside[:ASIDE_TOLD]:
        typer.echo(f"  {each.place}: {each.why}", err=True)
