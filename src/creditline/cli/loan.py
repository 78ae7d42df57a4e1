"""``creditline loan``: draws, repayments, and what becomes of the loans of a line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from creditline.cli.options import (
    HOME_DEFAULT,
    HomeOption,
    JsonOption,
    NowOption,
    echo_json,
    existing,
    language_of,
    present_moment,
)
from creditline.clock import parse_moment
from creditline.errors import CreditlineError
from creditline.i18n import Language, preferred_language, text
from creditline.money import format_minor, parse_minor

if TYPE_CHECKING:
    from pathlib import Path

    from creditline.lending.statement import LoanShown
    from creditline.service.lending import DrawAgreed, LineAccount, Repaid
    from creditline.store import Home

_LANG = preferred_language()
_PARTS = ("principal", "interest", "fees", "penalty", "recovered", "credit")

loan_app = typer.Typer(no_args_is_help=True, help=text("loan.help", _LANG))
"""``creditline loan``."""

LineArgument = Annotated[str, typer.Argument(help=text("loan.line_help", _LANG))]
LoanArgument = Annotated[str, typer.Argument(help=text("loan.loan_help", _LANG))]
AmountArgument = Annotated[str, typer.Argument(help=text("loan.amount_help", _LANG))]
PurposeOption = Annotated[str | None, typer.Option(help=text("loan.purpose_help", _LANG))]
PayeeOption = Annotated[str | None, typer.Option(help=text("loan.payee_help", _LANG))]
LangOption = Annotated[str, typer.Option(help=text("loan.lang_help", _LANG))]


def register(app: typer.Typer) -> None:
    """Add ``loan`` to the application."""
    app.add_typer(loan_app, name="loan")


# -- drawing ----------------------------------------------------------------------------------------


@loan_app.command("draw", help=text("loan.draw_help", _LANG))
def draw(
    line: LineArgument,
    amount: AmountArgument,
    product: Annotated[str, typer.Option(help=text("loan.product_help", _LANG))],
    instalments: Annotated[int, typer.Option(help=text("loan.instalments_help", _LANG))],
    purpose: PurposeOption = None,
    loan: Annotated[str | None, typer.Option(help=text("loan.new_loan_help", _LANG))] = None,
    rate: Annotated[str | None, typer.Option(help=text("loan.rate_help", _LANG))] = None,
    due_day: Annotated[int | None, typer.Option(help=text("loan.due_day_help", _LANG))] = None,
    book: Annotated[bool, typer.Option("--book", help=text("loan.book_too_help", _LANG))] = False,
    payee: PayeeOption = None,
    home: HomeOption = HOME_DEFAULT,
    as_json: JsonOption = False,
    lang: LangOption = _LANG,
    now: NowOption = None,
) -> None:
    """Agree to a draw, and with ``--book`` pay it out at once; exit status 2 where it is refused."""
    from creditline.service.lending import book_draw, request_draw

    language, moment = language_of(lang), present_moment(now)
    if payee is not None and not book:
        raise CreditlineError(
            "--payee", payee, "give it with --book, or to: creditline loan book", "is told on booking"
        )
    own_rate = None if rate is None else _millionths(rate)
    # In one turn: what cannot be paid out is not reserved either.
    with _opened(home) as (opened, simulated), opened.turn():
        agreed = request_draw(
            opened, line, parse_minor(amount), product, instalments, purpose=purpose, loan=loan, rate=own_rate,
            due_day=due_day, now=moment,
        )  # fmt: skip
        if book:
            agreed = book_draw(opened, line, agreed.loan, purpose=purpose, payee=payee, now=moment)
    _tell_draw(agreed, language, booked=book, as_json=as_json, simulated=simulated)


@loan_app.command("book", help=text("loan.book_help", _LANG))
def book(
    line: LineArgument,
    loan: LoanArgument,
    purpose: PurposeOption = None,
    payee: PayeeOption = None,
    home: HomeOption = HOME_DEFAULT,
    as_json: JsonOption = False,
    lang: LangOption = _LANG,
    now: NowOption = None,
) -> None:
    """Pay out a draw that was agreed; exit status 2 where it is refused."""
    from creditline.service.lending import book_draw

    language, moment = language_of(lang), present_moment(now)
    with _opened(home) as (opened, simulated):
        agreed = book_draw(opened, line, loan, purpose=purpose, payee=payee, now=moment)
    _tell_draw(agreed, language, booked=True, as_json=as_json, simulated=simulated)


@loan_app.command("cancel", help=text("loan.cancel_help", _LANG))
def cancel(
    line: LineArgument,
    loan: LoanArgument,
    home: HomeOption = HOME_DEFAULT,
    as_json: JsonOption = False,
    lang: LangOption = _LANG,
    now: NowOption = None,
) -> None:
    """Give up a draw that was agreed and not paid out; exit status 2 where there is none."""
    from creditline.service.lending import cancel_draw

    language, moment = language_of(lang), present_moment(now)
    with _opened(home) as (opened, _):
        cancel_draw(opened, line, loan, now=moment)
    if as_json:
        echo_json({"line": line, "loan": loan, "cancelled": True})
    else:
        _say("cancelled", language, line=line, loan=loan)


def _tell_draw(agreed: DrawAgreed, lang: Language, *, booked: bool, as_json: bool, simulated: bool) -> None:
    from creditline.reports.statement import cost_told, day_text, money, rate_told
    from creditline.reports.tables import Table, labelled, terminal

    if as_json:
        echo_json(_draw_plain(agreed, booked=booked, simulated=simulated))
        return
    terms, rows = agreed.terms, agreed.rows
    console = Console(highlight=False)
    if simulated:
        console.print(text("common.simulated", lang), style="bold yellow")
    figures = {"amount": money(terms.principal), "currency": agreed.product.currency, "rate": rate_told(terms.rate)}
    titled = {"product": agreed.product.title[lang], "version": agreed.product.version[:12]}
    _say("booked" if booked else "agreed", lang, line=agreed.line, loan=agreed.loan, **figures, **titled)
    if terms.upfront_fee:
        _say("kept_back", lang, fee=money(terms.upfront_fee), paid=money(terms.principal - terms.upfront_fee))
    _say("cost", lang, simple=cost_told(agreed.simple), compound=cost_told(agreed.compound))
    labels = [text(f"statement.{name}", lang) for name in ("row", "due", "due_amount", "principal", "interest", "fee")]
    cells = tuple(
        (str(row.number), day_text(row.due), *map(money, (row.amount, row.principal, row.interest, row.fee)))
        for row in rows
    )
    caption = text("statement.schedule_title", lang, loan=agreed.loan)
    caption = text("statement.marked", lang, caption=caption) if simulated else caption
    console.print(terminal(Table(caption, labelled(*labels, text=(1,)), cells)))
    if not booked:
        _say("reserves", lang, line=agreed.line, loan=agreed.loan)


def _draw_plain(agreed: DrawAgreed, *, booked: bool, simulated: bool) -> dict[str, Any]:
    from creditline.reports.statement import cost_plain, day_text, rate_plain

    terms, product = agreed.terms, agreed.product
    return {
        "line": agreed.line,
        "simulated": simulated,
        "loan": agreed.loan,
        "booked": booked,
        "product": f"{product.name}@{product.version}",
        "currency": product.currency,
        "drawn": day_text(terms.drawn),
        "amount": format_minor(terms.principal),
        "kept_back": format_minor(terms.upfront_fee),
        "paid_out": format_minor(terms.principal - terms.upfront_fee),
        "rate": rate_plain(terms.rate),
        "cost_simple": cost_plain(agreed.simple),
        "cost_compound": cost_plain(agreed.compound),
        "rows": [
            {"number": row.number, "due": day_text(row.due), "principal": format_minor(row.principal),
             "interest": format_minor(row.interest), "fee": format_minor(row.fee), "amount": format_minor(row.amount),
             "balance": format_minor(row.balance)}
            for row in agreed.rows
        ],
    }  # fmt: skip


# -- repaying ---------------------------------------------------------------------------------------


@loan_app.command("repay", help=text("loan.repay_help", _LANG))
def repay(
    line: LineArgument,
    amount: AmountArgument,
    loan: Annotated[str | None, typer.Option(help=text("loan.only_loan_help", _LANG))] = None,
    at: Annotated[str | None, typer.Option(metavar="MOMENT", help=text("loan.at_help", _LANG))] = None,
    event: Annotated[str | None, typer.Option("--id", help=text("loan.id_help", _LANG))] = None,
    home: HomeOption = HOME_DEFAULT,
    as_json: JsonOption = False,
    lang: LangOption = _LANG,
    now: NowOption = None,
) -> None:
    """Take in money and tell where it went; exit status 2 where it cannot be taken."""
    from creditline.service import lending

    language, moment = language_of(lang), present_moment(now)
    value = None if at is None else parse_moment(at)
    with _opened(home) as (opened, _):
        repaid = lending.repay(opened, line, parse_minor(amount), loan=loan, at=value, now=moment, id=event)
    if as_json:
        echo_json(_repaid_plain(line, repaid))
    else:
        _tell_repaid(line, repaid, language)


def _repaid_plain(line: str, repaid: Repaid) -> dict[str, Any]:
    from creditline.reports.statement import day_text

    names = ("amount", *_PARTS, "early")
    return {
        "line": line,
        "id": repaid.id,
        "day": day_text(repaid.day),
        **{name: format_minor(getattr(repaid, name)) for name in names},
        "repeated": repaid.repeated,
    }


def _tell_repaid(line: str, repaid: Repaid, lang: Language) -> None:
    from creditline.reports.statement import day_text, money

    told = {"line": line, "amount": money(repaid.amount), "day": day_text(repaid.day), "id": repaid.id}
    _say("repeated" if repaid.repeated else "received", lang, **told)
    parts = [
        text(f"statement.part_{name}", lang, amount=money(getattr(repaid, name)))
        for name in _PARTS if getattr(repaid, name)
    ]  # fmt: skip
    typer.echo(text("statement.went_to", lang, parts=text("statement.joined", lang).join(parts)))
    if repaid.early:
        _say("early", lang, amount=money(repaid.early))


@loan_app.command("reverse", help=text("loan.reverse_help", _LANG))
def reverse(
    line: LineArgument,
    event: Annotated[str, typer.Argument(help=text("loan.event_help", _LANG))],
    reason: Annotated[str, typer.Option(help=text("loan.reason_help", _LANG))],
    home: HomeOption = HOME_DEFAULT,
    as_json: JsonOption = False,
    lang: LangOption = _LANG,
    now: NowOption = None,
) -> None:
    """Take back what was entered, as if it had never been; exit status 2 where it cannot be."""
    from creditline.service import lending

    language, moment = language_of(lang), present_moment(now)
    with _opened(home) as (opened, _):
        voided = lending.reverse(opened, line, event, reason, now=moment)
    if as_json:
        echo_json({"line": line, "reversed": event, "voided": list(voided)})
    else:
        _say("reversed", language, line=line, event=event)


# -- changing ---------------------------------------------------------------------------------------


@loan_app.command("reschedule", help=text("loan.reschedule_help", _LANG))
def reschedule(
    line: LineArgument,
    loan: LoanArgument,
    change: Annotated[str, typer.Option(help=text("loan.change_help", _LANG))],
    instalments: Annotated[int | None, typer.Option(help=text("loan.left_help", _LANG))] = None,
    home: HomeOption = HOME_DEFAULT,
    as_json: JsonOption = False,
    lang: LangOption = _LANG,
    now: NowOption = None,
) -> None:
    """Plan the rest of a loan anew and tell its schedule; exit status 2 where the change does not fit it."""
    from creditline.lending.loan import Change
    from creditline.service import lending
    from creditline.service.statement import loan_of

    language, moment = language_of(lang), present_moment(now)
    with _opened(home) as (opened, simulated):
        lending.reschedule(opened, line, loan, _choice(change, Change), instalments, now=moment)
        shown = loan_of(opened, line, loan, now=moment)
    if not as_json:
        _say("rescheduled", language, line=line, loan=loan)
    _tell_loan(line, shown, language, as_json=as_json, simulated=simulated)


@loan_app.command("write-off", help=text("loan.write_off_help", _LANG))
def write_off(
    line: LineArgument,
    loan: LoanArgument,
    home: HomeOption = HOME_DEFAULT,
    as_json: JsonOption = False,
    lang: LangOption = _LANG,
    now: NowOption = None,
) -> None:
    """Take a loan off the books as lost; exit status 2 where nothing is owed on it."""
    from creditline.reports.statement import money
    from creditline.service import lending

    language, moment = language_of(lang), present_moment(now)
    with _opened(home) as (opened, _):
        lost = lending.write_off(opened, line, loan, now=moment)
    if as_json:
        echo_json({"line": line, "loan": loan, "written_off": format_minor(lost)})
    else:
        _say("written_off", language, line=line, loan=loan, amount=money(lost))


# -- looking ----------------------------------------------------------------------------------------


@loan_app.command("list", help=text("loan.list_help", _LANG))
def list_loans(
    line: LineArgument,
    home: HomeOption = HOME_DEFAULT,
    as_json: JsonOption = False,
    lang: LangOption = _LANG,
    now: NowOption = None,
) -> None:
    """List the loans of a line and the draws waiting; exit status 2 where the line is not known."""
    from creditline.service.statement import loans_shown, present

    language, moment = language_of(lang), present_moment(now)
    with _opened(home) as (opened, _):
        standing = present(opened, line, now=moment)
        loans = loans_shown(opened, standing)
    if as_json:
        echo_json(_list_plain(standing, loans))
    else:
        _print_list(standing, loans, language)


def _list_plain(standing: LineAccount, loans: list[LoanShown]) -> dict[str, Any]:
    from creditline.reports.statement import day_text, loan_plain

    behind = standing.account.arrears()
    return {
        "line": standing.line,
        "simulated": standing.simulated,
        "day": day_text(standing.until),
        "currency": standing.currency,
        "status": standing.status,
        "limit": format_minor(standing.limit),
        "available": format_minor(standing.available),
        "owed": format_minor(standing.account.owed),
        "credit": format_minor(standing.account.credit),
        "arrears": {"days_past_due": behind.days_past_due, "amount": format_minor(behind.amount)},
        "loans": [{key: value for key, value in loan_plain(loan).items() if key != "rows"} for loan in loans],
        "pending": {loan: format_minor(amount) for loan, amount in standing.pending.items()},
    }


def _print_list(standing: LineAccount, loans: list[LoanShown], lang: Language) -> None:
    from creditline.reports.statement import day_text, money
    from creditline.reports.tables import Table, labelled, terminal

    console = Console(highlight=False)
    if standing.simulated:
        console.print(text("common.simulated", lang), style="bold yellow")
    rows = []
    for loan in loans:
        following = loan.next_row
        due = ("", "") if following is None else (day_text(following.due), money(following.amount))
        status = text(f"statement.loan_{loan.status}", lang)
        drawn, owed = day_text(loan.terms.drawn), money(loan.balance)
        rows.append((loan.loan, drawn, money(loan.terms.principal), owed, money(loan.overdue), *due, status))
    waiting = text("loan.status_agreed", lang)
    rows += [(loan, "", money(amount), "", "", "", "", waiting) for loan, amount in standing.pending.items()]
    names = ("loan", "loan_drawn", "amount", "loan_balance", "loan_overdue", "due", "due_amount", "row_status")
    labels = [text(f"statement.{name}", lang) for name in names]
    caption = text("loan.listed", lang, line=standing.line, day=day_text(standing.until), loans=len(rows))
    caption = text("statement.marked", lang, caption=caption) if standing.simulated else caption
    columns = labelled(*labels, text=(0, 1, 5, 7), page_only=(1,))
    console.print(terminal(Table(caption, columns, tuple(rows))))
    figures = {"limit": money(standing.limit), "owed": money(standing.account.owed)}
    _say("room", lang, available=money(standing.available), **figures)


@loan_app.command("schedule", help=text("loan.schedule_help", _LANG))
def schedule(
    line: LineArgument,
    loan: LoanArgument,
    home: HomeOption = HOME_DEFAULT,
    as_json: JsonOption = False,
    lang: LangOption = _LANG,
    now: NowOption = None,
) -> None:
    """Tell a loan's schedule as it stands; exit status 2 where the line has no such loan."""
    from creditline.service.statement import loan_of

    language, moment = language_of(lang), present_moment(now)
    with _opened(home) as (opened, simulated):
        shown = loan_of(opened, line, loan, now=moment)
    _tell_loan(line, shown, language, as_json=as_json, simulated=simulated)


def _tell_loan(line: str, loan: LoanShown, lang: Language, *, as_json: bool, simulated: bool) -> None:
    from creditline.reports import statement as told
    from creditline.reports.tables import terminal

    if as_json:
        echo_json({"line": line, "simulated": simulated, **told.loan_plain(loan)})
        return
    console = Console(highlight=False)
    if simulated:
        console.print(text("common.simulated", lang), style="bold yellow")
    console.print(Text(text("statement.loan_heading", lang, loan=loan.loan), style="bold"))
    console.print(Text(told.loan_title(loan, lang)), soft_wrap=True)
    for label, value in told.about_loan(loan, lang):
        console.print(Text(text("statement.colon", lang, label=label, value=value)), soft_wrap=True)
    console.print(terminal(told.schedule(loan, lang, simulated=simulated)))


# -- shared -----------------------------------------------------------------------------------------


@contextmanager
def _opened(home: Path) -> Iterator[tuple[Home, bool]]:
    """The home, and whether it is simulated."""
    from creditline.store import Home

    with Home.open(existing(home)) as opened:
        yield opened, bool(opened.get("simulated"))


def _say(key: str, lang: Language, **values: object) -> None:
    typer.echo(text(f"loan.{key}", lang, **values))


def _millionths(rate: str) -> int:
    """A yearly rate like 0.144 in millionths."""
    try:
        exact = Decimal(rate).scaleb(6)
    except InvalidOperation:
        exact = Decimal("NaN")
    if not exact.is_finite() or exact != exact.to_integral_value() or not 0 <= exact <= 10**7:
        raise CreditlineError(
            "--rate", rate, "give a yearly rate like 0.144 for 14.4 %, up to 6 decimals", "is no rate"
        )
    return int(exact)


def _choice(given: str, choices: Any) -> Any:
    """One of a Literal's values; CreditlineError where it is none."""
    from typing import get_args

    if given not in get_args(choices):
        raise CreditlineError("--change", given, f"choose {', '.join(get_args(choices))}")
    return given


__all__ = ["loan_app", "register"]
