"""``creditline scorecard show``."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Table as Shown

from creditline.cli.options import JsonOption, echo_json
from creditline.cli.scorecard.options import LANG, CardArgument
from creditline.i18n import Language, text

if TYPE_CHECKING:
    from creditline.scoring.card import Axis, Card, Term


def show(card: CardArgument, as_json: JsonOption = False) -> None:
    """Print every bin of every fact with its points; exit status 2 where the file is no card, or changed by hand."""
    from creditline.scoring.card import read_card

    read = read_card(card)
    if as_json:
        echo_json(read.to_dict())
        return
    console = Console(highlight=False)
    scaling = read.scaling
    about = {"kind": read.kind, "base": read.base, "hash": read.hash[:12]}
    typer.echo(text("scorecard.card", LANG, **about))
    typer.echo(text("scorecard.scaling", LANG, base=scaling.base, odds=scaling.odds, double=scaling.double))
    for term in read.terms:
        console.print(_shown(term, read, LANG))


def _shown(term: Term, card: Card, lang: Language) -> Shown:
    """Points of a term: one line a bin, and for two facts one column for each bin of the second."""
    first, second = term.axes[0], term.axes[1] if len(term.axes) > 1 else None
    shown = Shown(title=" & ".join(term.facts), title_justify="left", box=None)
    shown.add_column()
    width = second.size if second else 1
    for label in _places(second, card, lang) if second else [text("scorecard.points", lang)]:
        shown.add_column(label, justify="right")
    for number, label in enumerate(_places(first, card, lang)):
        shown.add_row(label, *(f"{each:+}" for each in term.points[number * width : (number + 1) * width]))
    return shown


def _places(axis: Axis, card: Card, lang: Language) -> list[str]:
    """The places of an axis in its own order, in words."""
    missing = text("scorecard.missing", lang)
    if axis.choices is not None:
        return [missing, *(", ".join(group) for group in axis.choices), text("scorecard.other", lang)]
    limits = [f"{limit:g}" for limit in axis.below]
    bins = [f"< {limits[0]}"] if limits else [text("scorecard.any", lang)]
    bins += [f"{low} .. < {high}" for low, high in pairwise(limits)]
    bins += [f">= {limits[-1]}"] if limits else []
    return [missing, *bins, *(f"= {card.special_text(code)}" for code in axis.special)]
