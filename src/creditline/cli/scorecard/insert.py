"""``creditline scorecard insert``: a card written into a policy file, to be looked at. Nothing is published."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from creditline.cli.scorecard.options import LANG, CardArgument, check_writable
from creditline.errors import CreditlineError
from creditline.i18n import text


def insert(
    card: CardArgument,
    policy: Annotated[str, typer.Argument(metavar="POLICY", help=text("cards.into_help", LANG))],
    out: Annotated[Path | None, typer.Option(metavar="FILE", help=text("cards.out_help", LANG))] = None,
) -> None:
    """Put the card in place of the policy's own; exit status 2 where it does not fit, and the file stays as it was."""
    from creditline.policy import load_policy
    from creditline.scoring.card import read_card
    from creditline.service.fitting import inserted

    path = Path(policy) if out is None else out
    check_writable(path)
    read, base = read_card(card), load_policy(policy)
    if out is None and not path.is_file():
        remedy = "say where to write it: --out FILE"
        raise CreditlineError("--out", "", remedy, "is needed for a policy that is no file")
    made = inserted(base, read, str(card))
    path.write_text(made.text, encoding="utf-8")
    told = {"path": path, "hash": read.hash[:12], "before": base.version[:12], "version": made.version[:12]}
    typer.echo(text("cards.inserted", LANG, **told))


__all__ = ["insert"]
