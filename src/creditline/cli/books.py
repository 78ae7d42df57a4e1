"""``creditline books``: the lender's books checked, added up, written to a file, and the end of a day."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from creditline.cli.options import (
    HOME_DEFAULT,
    HomeOption,
    JsonOption,
    NowOption,
    day_of,
    echo_json,
    existing,
    language_of,
    present_moment,
)
from creditline.i18n import Language, preferred_language, text
from creditline.money import format_minor

if TYPE_CHECKING:
    from creditline.lending.ledger import Fault, Turnover
    from creditline.service.books import Checked, Trial
    from creditline.service.dayend import DayEndDone

STATUS_FAULTS = 1
"""Exit status when something does not hold in the books."""

FAULTS_SHOWN = 50
"""Faults listed on a terminal; JSON lists all."""

_LANG = preferred_language()

books_app = typer.Typer(help=text("books.help", _LANG), no_args_is_help=True)
"""``creditline books``."""

LangOption = Annotated[str, typer.Option(help=text("books.lang_help", _LANG))]
UntilOption = Annotated[str | None, typer.Option(metavar="DATE", help=text("books.until_help", _LANG))]


def register(app: typer.Typer) -> None:
    """Add ``books`` to the application."""
    app.add_typer(books_app, name="books")


@books_app.command("check", help=text("books.check_help", _LANG))
def check(
    home: HomeOption = HOME_DEFAULT,
    until: UntilOption = None,
    now: NowOption = None,
    as_json: JsonOption = False,
    lang: LangOption = _LANG,
) -> None:
    """Check the books of every line; exit status 1 where something does not hold."""
    from creditline.service.books import books_day, check_home
    from creditline.store import Home

    language = language_of(lang)
    last = _day("--until", until)
    with Home.open(existing(home)) as opened:
        checked = check_home(opened, books_day(opened, present_moment(now), last))
    if as_json:
        echo_json(as_plain(checked, language))
    else:
        _print_checked(checked, language)
    if checked.faults or not checked.trial.balanced:
        raise typer.Exit(STATUS_FAULTS)


@books_app.command("trial", help=text("books.trial_help", _LANG))
def trial(
    home: HomeOption = HOME_DEFAULT,
    until: UntilOption = None,
    now: NowOption = None,
    as_json: JsonOption = False,
    lang: LangOption = _LANG,
) -> None:
    """Print what was booked on each account, and what stands on it."""
    from creditline.service import books
    from creditline.store import Home

    language = language_of(lang)
    last = _day("--until", until)
    with Home.open(existing(home)) as opened:
        made = books.trial(opened, books.books_day(opened, present_moment(now), last))
    if as_json:
        echo_json(_trial_plain(made, language))
        return
    _print_trial(Console(highlight=False), made, language)


@books_app.command("export", help=text("books.export_help", _LANG))
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=text("books.file_help", _LANG))],
    home: HomeOption = HOME_DEFAULT,
    since: Annotated[str | None, typer.Option("--from", metavar="DATE", help=text("books.from_help", _LANG))] = None,
    until: UntilOption = None,
    now: NowOption = None,
    lang: LangOption = _LANG,
) -> None:
    """Write the general ledger to a file; exit status 2 where it cannot be written."""
    from creditline.service.books import books_day
    from creditline.service.books_files import export as write
    from creditline.store import Home

    language = language_of(lang)
    first, last = _day("--from", since), _day("--until", until)
    with Home.open(existing(home)) as opened:
        written = write(opened, file, first, books_day(opened, present_moment(now), last))
        simulated = bool(opened.get("simulated"))
    if simulated:
        typer.echo(text("common.simulated", language))
    typer.echo(text("books.exported", language, postings=f"{written:,}", path=file))


@books_app.command("day-end", help=text("books.day_end_help", _LANG))
def day_end(
    on: Annotated[str, typer.Option("--on", metavar="DATE", help=text("books.on_help", _LANG))],
    home: HomeOption = HOME_DEFAULT,
    now: NowOption = None,
    as_json: JsonOption = False,
    lang: LangOption = _LANG,
) -> None:
    """End a day; exit status 1 where a line's could not be ended, 2 for a day that has not begun."""
    from creditline.service.dayend import day_end as end
    from creditline.store import Home

    language = language_of(lang)
    day = day_of("--on", on)
    with Home.open(existing(home)) as opened:
        if not as_json and opened.get("simulated"):
            typer.echo(text("common.simulated", language))
        done = end(opened, day, now=present_moment(now))
    if as_json:
        echo_json(_done_plain(done))
    else:
        _print_done(done, language)
    if done.failed:
        raise typer.Exit(STATUS_FAULTS)


def _day(option: str, given: str | None) -> int | None:
    return None if given is None else day_of(option, given)


def _date(day: int) -> str:
    from creditline.lending.terms import date_of

    return date_of(day).isoformat()


# -- on the terminal ----------------------------------------------------------------------------------


def _print_checked(checked: Checked, lang: Language) -> None:
    console = Console(highlight=False)
    made = checked.trial
    _print_trial(console, made, lang)
    if made.lent_on:
        figures = {
            "lines": made.lent_on, "loans": checked.loans, "entries": made.entries, "reversals": checked.reversals,
            "others": checked.other_lines,
        }  # fmt: skip
        console.print(text("books.checked", lang, **{name: f"{count:,}" for name, count in figures.items()}))
    faults = checked.faults
    if not faults:
        if made.lent_on:
            console.print(text("books.no_faults", lang), style="bold green")
        return
    lines = len({fault.line for fault in faults})
    console.print(text("books.faults", lang, faults=f"{len(faults):,}", lines=f"{lines:,}"), style="bold red")
    line = None
    for fault in faults[:FAULTS_SHOWN]:
        if fault.line != line:
            line = fault.line
            console.print(text("books.fault_line", lang, line=line), style="bold", markup=False)
        console.print("  " + fault_told(fault, lang), markup=False, soft_wrap=True)
        console.print("  → " + remedy_told(fault, lang), markup=False, soft_wrap=True)
    if len(faults) > FAULTS_SHOWN:
        console.print(text("books.faults_more", lang, more=f"{len(faults) - FAULTS_SHOWN:,}"))


def _print_trial(console: Console, made: Trial, lang: Language) -> None:
    from creditline.reports import tables

    if made.simulated:
        console.print(text("common.simulated", lang), style="bold yellow")
    if not made.turnovers:
        console.print(text("books.nothing_booked" if made.lent_on else "books.none", lang))
        return
    labels = [text(f"books.{name}", lang) for name in ("account", "name", "debit", "credit", "balance")]
    for currency, turnovers in sorted(made.turnovers.items()):
        rows = [
            (str(code), text(f"books.account_{code}", lang), *_amounts(turnover))
            for code, turnover in turnovers.items()
        ]
        total = _total(list(turnovers.values()))
        rows.append(("", text("books.total", lang), *_amounts(total)))
        caption = text("books.caption", lang, day=_date(made.until), currency=currency)
        caption = text("demo.marked", lang, caption=caption) if made.simulated else caption
        table = tables.Table(caption, tables.labelled(*labels, text=(0, 1)), tuple(rows), frozenset({len(rows) - 1}))
        console.print(tables.terminal(table))
    key = "books.balanced" if made.balanced else "books.not_balanced"
    console.print(text(key, lang), style="bold green" if made.balanced else "bold red")


def _amounts(turnover: Turnover) -> tuple[str, str, str]:
    return (
        format_minor(turnover.debit, grouping=True),
        format_minor(turnover.credit, grouping=True),
        format_minor(turnover.balance, grouping=True),
    )


def _total(turnovers: list[Turnover]) -> Turnover:
    from creditline.lending.ledger import Turnover

    return Turnover(sum(each.debit for each in turnovers), sum(each.credit for each in turnovers))


def fault_told(fault: Fault, lang: Language) -> str:
    """What does not hold, in one sentence."""

    def shown(value: int | str) -> str:
        if isinstance(value, str) or fault.kind == "trace":
            return str(value)
        return _date(value) if fault.kind == "too_soon" else format_minor(value, grouping=True)

    account = "" if fault.account is None else f"{fault.account} {text(f'books.account_{fault.account}', lang)}"
    found, expected = shown(fault.found) or "–", shown(fault.expected)
    where = fault.where or text("books.whole_line", lang)
    return text(f"books.fault_{fault.kind}", lang, where=where, account=account, found=found, expected=expected)


def remedy_told(fault: Fault, lang: Language) -> str:
    """What to do about it."""
    from creditline.lending.ledger import LOG_FAULTS

    return text(f"books.remedy_{fault.kind if fault.kind in LOG_FAULTS else 'program'}", lang, where=fault.where)


def _print_done(done: DayEndDone, lang: Language) -> None:
    console = Console(highlight=False)
    if not done.lines:
        console.print(text("books.none", lang))
        return
    counts = ("lines", "rows_due", "settled", "arrears", "statements", "voided")
    figures = {name: f"{getattr(done, name):,}" for name in counts}
    console.print(text("books.day_ended", lang, day=_date(done.day), **figures), soft_wrap=True)
    for each in done.failed:
        console.print(text("books.day_failed", lang, line=each.line, why=each.why), markup=False, soft_wrap=True)


# -- for programs -------------------------------------------------------------------------------------


def as_plain(checked: Checked, lang: Language) -> dict[str, Any]:
    """The check as one JSON object: counts as numbers, money as decimal text in currency units."""
    return {
        **_trial_plain(checked.trial, lang),
        "loans": checked.loans,
        "reversals": checked.reversals,
        "other_lines": checked.other_lines,
        "faults": [
            {
                "line": fault.line,
                "kind": fault.kind,
                "where": fault.where,
                "account": fault.account,
                "says": fault_told(fault, lang),
                "remedy": remedy_told(fault, lang),
            }
            for fault in checked.faults
        ],
    }


def _trial_plain(made: Trial, lang: Language) -> dict[str, Any]:
    def plain(code: int, turnover: Turnover) -> dict[str, Any]:
        return {
            "account": code,
            "name": text(f"books.account_{code}", lang),
            "debit": format_minor(turnover.debit),
            "credit": format_minor(turnover.credit),
            "balance": format_minor(turnover.balance),
        }

    return {
        "simulated": made.simulated,
        "until": _date(made.until) if made.lent_on else None,
        "lent_on": made.lent_on,
        "lines": made.lines,
        "entries": made.entries,
        "balanced": made.balanced,
        "books": [
            {"currency": currency, "accounts": [plain(code, each) for code, each in turnovers.items()]}
            for currency, turnovers in sorted(made.turnovers.items())
        ],
    }


def _done_plain(done: DayEndDone) -> dict[str, Any]:
    return {
        "day": _date(done.day),
        "lines": done.lines,
        "rows_due": done.rows_due,
        "settled": done.settled,
        "arrears": done.arrears,
        "statements": done.statements,
        "voided": done.voided,
        "failed": [{"line": each.line, "why": str(each.why)} for each in done.failed],
    }
