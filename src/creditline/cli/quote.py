"""``creditline quote``: what repays the loans of a line on a day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from creditline.cli.options import HOME_DEFAULT, HomeOption, JsonOption, day_of, echo_json, existing, language_of
from creditline.i18n import Language, preferred_language, text
from creditline.money import format_minor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from creditline.lending.account import Payoff
    from creditline.service.lending import LineAccount

_LANG = preferred_language()
_PARTS = ("due", "penalty", "interest", "principal", "early_fee", "total")


def register(app: typer.Typer) -> None:
    """Add ``quote`` to the application."""
    app.command("quote", help=text("quote.help", _LANG))(quote)


def quote(
    line: Annotated[str, typer.Argument(help=text("loan.line_help", _LANG))],
    on: Annotated[str, typer.Option(metavar="DATE", help=text("quote.on_help", _LANG))],
    loan: Annotated[str | None, typer.Option(help=text("quote.loan_help", _LANG))] = None,
    home: HomeOption = HOME_DEFAULT,
    as_json: JsonOption = False,
    lang: Annotated[str, typer.Option(help=text("loan.lang_help", _LANG))] = _LANG,
) -> None:
    """Print what repays each loan on a day, and all of them; exit status 2 for a line or loan that is not there."""
    from creditline.service.lending import line_account, payoffs
    from creditline.store import Home

    language = language_of(lang)
    day = day_of("--on", on)
    with Home.open(existing(home)) as opened:
        found = payoffs(opened, line, day, loan)
        standing = line_account(opened, line, day)
    if as_json:
        echo_json(_plain(standing, on, found))
    else:
        _print(standing, on, found, language)


def _plain(standing: LineAccount, on: str, found: Sequence[Payoff]) -> dict[str, Any]:
    return {
        "line": standing.line,
        "simulated": standing.simulated,
        "on": on,
        "currency": standing.currency,
        "loans": [
            {"loan": each.loan, **{part: format_minor(getattr(each, part)) for part in _PARTS}} for each in found
        ],
        "total": format_minor(sum(each.total for each in found)),
        "credit": format_minor(standing.account.credit),
    }


def _print(standing: LineAccount, on: str, found: Sequence[Payoff], lang: Language) -> None:
    from creditline.reports.statement import money
    from creditline.reports.tables import Table, labelled, terminal

    console = Console(highlight=False)
    if standing.simulated:
        console.print(text("common.simulated", lang), style="bold yellow")
    if not found:
        console.print(Text(text("quote.nothing", lang, line=standing.line, day=on)), soft_wrap=True)
        return
    rows = [(each.loan, *(money(getattr(each, part)) for part in _PARTS)) for each in found]
    sums = (money(sum(getattr(each, part) for each in found)) for part in _PARTS)
    rows.append((text("quote.all", lang), *sums))
    labels = [text(f"quote.{name}", lang) for name in ("loan", *_PARTS)]
    caption = text("quote.caption", lang, line=standing.line, day=on, currency=standing.currency)
    caption = text("statement.marked", lang, caption=caption) if standing.simulated else caption
    console.print(terminal(Table(caption, labelled(*labels), tuple(rows), frozenset({len(rows) - 1}))))
    console.print(Text(text("quote.holds", lang, day=on)), style="dim", soft_wrap=True)
    if standing.account.credit:
        credit = money(standing.account.credit)
        console.print(Text(text("quote.credit", lang, credit=credit)), style="dim", soft_wrap=True)


__all__ = ["register"]
