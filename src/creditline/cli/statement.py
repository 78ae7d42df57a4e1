"""``creditline statement``: a line's statement for a period, on the terminal, as a page, as CSV and as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from creditline.cli.options import (
    HOME_DEFAULT,
    HomeOption,
    JsonOption,
    NowOption,
    day_of,
    existing,
    language_of,
    present_moment,
)
from creditline.errors import CreditlineError
from creditline.i18n import Language, preferred_language, text

if TYPE_CHECKING:
    from creditline.lending.statement import Statement

FORMATS = ("html", "csv", "json")

_LANG = preferred_language()

LineArgument = Annotated[str, typer.Argument(help=text("statement.line_help", _LANG))]


def register(app: typer.Typer) -> None:
    """Add ``statement`` to the application."""
    app.command("statement", help=text("statement.help", _LANG))(statement)


def statement(
    line: LineArgument,
    since: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help=text("statement.from_help", _LANG))
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help=text("statement.until_help", _LANG))] = None,
    home: HomeOption = HOME_DEFAULT,
    lang: Annotated[str, typer.Option(help=text("statement.lang_help", _LANG))] = _LANG,
    written_as: Annotated[str | None, typer.Option("--format", help=text("statement.format_help", _LANG))] = None,
    out: Annotated[Path | None, typer.Option(help=text("statement.out_help", _LANG))] = None,
    as_json: JsonOption = False,
    now: NowOption = None,
) -> None:
    """Make a statement; exit status 2 for a line or a period that there is none for."""
    from creditline.service.statement import statement_of
    from creditline.store import Home

    language = language_of(lang)
    shape = _shape(written_as, as_json, out)
    first = None if since is None else day_of("--from", since)
    last = None if until is None else day_of("--until", until)
    with Home.open(existing(home)) as opened:
        made = statement_of(opened, line, first, last, now=present_moment(now))
    if shape is None:
        _print(made, language)
        return
    content = _content(made, shape, language)
    if out is None:
        # As bytes: what ends a line of CSV is part of it, on every system.
        typer.get_binary_stream("stdout").write(content)
        return
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(content)
    except OSError as error:
        problem = f"cannot be written ({error.strerror})"
        raise CreditlineError("--out", str(out), "give a file that may be written", problem) from error
    typer.echo(text("statement.written", language, path=out), err=True)


def _shape(written_as: str | None, as_json: bool, out: Path | None) -> str | None:
    """The format asked for: in words, by ``--json``, or by the name of the file; None for the terminal."""
    if written_as is None:
        if as_json:
            return "json"
        if out is None:
            return None
        by_name = out.suffix.removeprefix(".").lower()
        if by_name in FORMATS:
            return by_name
        raise CreditlineError("--out", str(out), f"say --format {', '.join(FORMATS)}", "does not tell its format")
    if written_as not in FORMATS:
        raise CreditlineError("--format", written_as, f"choose {', '.join(FORMATS)}")
    if as_json and written_as != "json":
        raise CreditlineError("--format", written_as, "leave out one of the two", "is asked for together with --json")
    return written_as


def _content(made: Statement, shape: str, lang: Language) -> bytes:
    from creditline.reports.statement import as_plain, csv_text, page

    if shape == "html":
        return page(made, lang).encode()
    if shape == "csv":
        return csv_text(made, lang).encode()
    return msgspec.json.format(msgspec.json.encode(as_plain(made)), indent=2) + b"\n"


def _print(made: Statement, lang: Language) -> None:
    from creditline.reports import statement as told
    from creditline.reports.tables import terminal

    console = Console(highlight=False)
    if made.simulated:
        console.print(text("common.simulated", lang), style="bold yellow")
    console.print(Text(text("statement.title", lang, line=made.line), style="bold"))
    for sentence in told.intro(made, lang):
        console.print(Text(sentence), soft_wrap=True)
    console.print()
    for label, value, note in told.headline(made, lang):
        console.print(Text(text("statement.figure", lang, label=label, value=value, note=note)), soft_wrap=True)
    console.print()
    tables = [
        told.change(made, lang),
        told.composition(made, lang),
        told.movements(made, lang),
        told.waiting(made, lang),
    ]
    for table in tables:
        if table is not None:
            console.print(terminal(table))
    for loan in made.loans:
        console.print(Text(text("statement.loan_heading", lang, loan=loan.loan), style="bold"))
        for label, value in told.about_loan(loan, lang):
            console.print(Text(text("statement.colon", lang, label=label, value=value)), soft_wrap=True)
        console.print(terminal(told.schedule(loan, lang, simulated=made.simulated)))
    for note in told.notes(made, lang):
        console.print(Text(note), style="dim", soft_wrap=True)


__all__ = ["register"]
