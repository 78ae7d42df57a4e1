"""``creditline demo``: a simulated portfolio from the first application to the last reopening, in one command."""

from __future__ import annotations

import sys
import time
from collections import Counter
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from creditline.cli import followed
from creditline.cli.bars import bars
from creditline.cli.options import HOME_DEFAULT, HomeOption, language_of
from creditline.i18n import LANGUAGES, Language, preferred_language, text
from creditline.money import format_minor

if TYPE_CHECKING:
    from creditline.replay.portfolio import Books
    from creditline.reports.portfolio import About
    from creditline.service.demo import Demo

_LANG = preferred_language()

MONTH_SECONDS = 0.35
"""How long each month is shown on a terminal."""

PAGE = "portfolio.html"


def register(app: typer.Typer) -> None:
    """Add ``demo`` to the application."""
    app.command("demo", help=text("demo.help", _LANG))(demo)


def demo(
    borrowers: Annotated[int, typer.Option(min=1, max=1_000_000, help=text("demo.borrowers_help", _LANG))] = 2000,
    months: Annotated[int, typer.Option(min=1, max=240, help=text("demo.months_help", _LANG))] = 18,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help=text("demo.seed_help", _LANG))] = 7,
    home: HomeOption = HOME_DEFAULT,
    no_serve: Annotated[bool, typer.Option("--no-serve", help=text("demo.no_serve_help", _LANG))] = False,
    as_json: Annotated[bool, typer.Option("--json", help=text("demo.json_help", _LANG))] = False,
    lang: Annotated[str, typer.Option(help=text("demo.lang_help", _LANG))] = _LANG,
) -> None:
    """Simulate, decide, show and report; exit status 1 where a line could not be decided, 2 where the home is taken."""
    from creditline.service.demo import Asked, demonstrate

    language = language_of(lang)
    console = Console(highlight=False)
    asked = Asked(borrowers, months, seed)
    if not as_json:
        console.print(text("demo.started", language, **msgspec.structs.asdict(asked)), style="bold yellow")
    with bars() as told:
        made = demonstrate(
            home,
            asked,
            progress=lambda stage, done, total: told(text(f"demo.stage_{stage}", language), done, total),
            lang=language,
        )
    about = about_of(made)
    pages = _write(made, about, language)
    if as_json:
        # The last line, and the only one.
        typer.echo(msgspec.json.encode(as_plain(made, pages)).decode())
    else:
        _show(console, made, about, language)
        _summarise(console, made, about, pages, language)
    if made.failures:
        raise typer.Exit(1)
    if not as_json and not no_serve and sys.stdout.isatty():
        _serve(pages[0], language)


def about_of(made: Demo) -> About:
    """What the report is told besides the figures."""
    from creditline.reports.portfolio import About

    return About(
        borrowers=made.asked.borrowers,
        months=made.asked.months,
        seed=made.asked.seed,
        events=made.events,
        until=made.firsts[-1],
        policies=made.policies,
        truths=made.truths,
        decisions=made.decisions,
    )


def _write(made: Demo, about: About, lang: Language) -> list[Path]:
    from creditline.reports.page import beside, write_both
    from creditline.reports.portfolio import page

    path = made.home / "reports" / PAGE
    other: dict[Language, Language] = {"en": "zh", "zh": "en"}
    names = {each: beside(path, other[each], lang).name for each in LANGUAGES}
    return write_both(
        path, lang, {each: page(made.figures, made.books, about, each, names[each]) for each in LANGUAGES}
    )


# -- what is seen -----------------------------------------------------------------------------------


def _show(console: Console, made: Demo, about: About, lang: Language) -> None:
    """The portfolio month by month: alive on a terminal, a line a month elsewhere."""
    if console.is_terminal:
        _live(console, made, about, lang)
        return
    for month in made.figures.months:
        from creditline.reports.portfolio import day

        figures = {name: getattr(month, name) for name in ("opened", "closed", "reopened", "frozen")}
        values = {"month": day(month.first)[:7], "wrongly": month.closed_wrongly, "standing": month.open_at_end}
        console.print(text("demo.month_line", lang, **figures, **values), soft_wrap=True)


def _live(console: Console, made: Demo, about: About, lang: Language) -> None:
    from creditline.reports.portfolio import month_columns, month_row, notable
    from creditline.reports.tables import Table, terminal

    telling = notable(about, made.firsts)
    rows: list[tuple[str, ...]] = []
    with Live(console=console, refresh_per_second=12) as live:
        for month, decisions in zip(made.figures.months, telling, strict=True):
            rows.append(month_row(month))
            # As many rows as the terminal has room for beside the decisions told.
            room = max(3, console.height - 16)
            table = Table(text("demo.live_title", lang), month_columns(lang), tuple(rows[-room:]))
            told = [_told(decision, about, lang) for decision in decisions]
            live.update(Group(terminal(table), *told), refresh=True)
            time.sleep(MONTH_SECONDS)


def _told(decision: Any, about: About, lang: Language) -> Text:
    """One decision as it is told while the months go by."""
    from creditline.reports.portfolio import told, values_told, verdict

    if decision.action == "reopen":
        return Text(told(decision, about, lang), style="green")
    shown = Text(told(decision, about, lang), style="red")
    truth = text("demo.truth_is", lang, verdict=verdict(decision, about, lang))
    return shown.append(f" {values_told(decision, about)}. {truth}", style="dim")


def _summarise(console: Console, made: Demo, about: About, pages: list[Path], lang: Language) -> None:
    from creditline.reports.portfolio import judged, lent, money, reasons, statuses, trial_balance
    from creditline.reports.tables import count, terminal

    figures = made.figures
    for table in (
        reasons(figures, about, lang),
        judged(figures, lang),
        money(figures, about, lang),
        lent(made.books, about, lang),
        trial_balance(made.books, about, lang),
        statuses(figures, lang),
    ):
        console.print(terminal(table))
    if made.followed is not None:
        followed.print_followed(console, made.followed, made.home, lang)
    _waiting(console, made, lang)
    names = ("opened", "borrowers", "closed", "reopened", "missed", "deserving")
    counts = {name: count(getattr(figures, name)) for name in names}
    console.print(
        text("demo.summary", lang, **counts, wrongly=count(figures.closed_wrongly)), style="bold", soft_wrap=True
    )
    console.print(text("demo.notice", lang), style="bold yellow")
    for failure in made.failures[:1]:
        values = {"line": failure.line, "problem": failure.problem}
        typer.echo(text("demo.failed", lang, lines=len(made.failures), **values), err=True)
    console.print(text("demo.written", lang, path=pages[0]), soft_wrap=True)
    for page in pages[1:]:
        console.print(text("demo.written_other", lang, path=page), soft_wrap=True)
    console.print(text("demo.next_list", lang, home=made.home), soft_wrap=True)
    if (line := example_line(made)) is not None:
        console.print(text("demo.next_show", lang, home=made.home, line=line), soft_wrap=True)
        console.print(text("demo.next_statement", lang, home=made.home, line=line), soft_wrap=True)
    console.print(text("demo.next_books", lang, home=made.home), soft_wrap=True)


def _waiting(console: Console, made: Demo, lang: Language) -> None:
    """How many notices wait in the outbox, by kind, and how to see one."""
    from creditline.reports.tables import count

    kinds = [f"{text(f'notice.kind_{kind}', lang)} {count(number)}" for kind, number in made.notices.items()]
    total = count(sum(made.notices.values()))
    console.print(text("demo.notices", lang, total=total, kinds=text("demo.and", lang).join(kinds)))
    closed = next((each for each in made.decisions if each.action == "close"), None)
    if closed is not None and made.followed is None:
        console.print(text("demo.notices_see", lang, line=closed.line, home=made.home), soft_wrap=True)
    console.print(text("demo.notices_deliver", lang, home=made.home), soft_wrap=True)


def example_line(made: Demo) -> str | None:
    """A line worth a look: closed with the most reasons told, cooled off, cured and reopened; None without one."""
    closed: Counter[str] = Counter()
    for each in made.decisions:
        if each.action == "close":
            closed[each.line] = max(closed[each.line], len(each.reasons))
    back = [each.line for each in made.decisions if each.action == "reopen" and each.line in closed]
    return max(back, key=lambda line: closed[line], default=None)


# -- what is printed for programs -------------------------------------------------------------------


def as_plain(made: Demo, pages: list[Path]) -> dict[str, Any]:
    """The figures as one JSON object: counts as numbers, money as decimal text in currency units."""
    figures = made.figures
    by_reason: Counter[str] = Counter()
    for row in figures.reasons:
        by_reason[row.code] += row.lines
    return {
        "simulated": True,
        "notice": text("demo.notice", "en"),
        **msgspec.structs.asdict(made.asked),
        "events": made.events,
        "decisions": figures.decisions,
        "opened": figures.opened,
        "declined": figures.declined,
        "closed": figures.closed,
        "reopened": figures.reopened,
        "wrongly_closed": figures.closed_wrongly,
        "missed": figures.missed,
        "by_reason": {code: lines for code, lines in by_reason.items() if lines},
        "rightly_closed": figures.closed_rightly,
        "deserving": figures.deserving,
        "ended": figures.ended,
        "frozen": figures.frozen,
        "closings": figures.closings,
        "reopenings": figures.reopenings,
        "wrongly_declined": figures.declined_wrongly,
        "wrongly_opened": figures.opened_wrongly,
        "currency": about_of(made).currency,
        "money": {name: format_minor(minor) for name, minor in msgspec.structs.asdict(figures.money).items()},
        "books": _plain_books(made.books),
        "statuses": figures.statuses,
        "policies": {name: policy.version for name, policy in made.policies.items()},
        "notices": made.notices,
        "followed": followed.as_plain(made.followed),
        "failures": len(made.failures),
        "home": str(made.home),
        "report": str(pages[0]),
    }


def _plain_books(books: Books) -> dict[str, Any]:
    """What was lent, and the trial balance: the balance of each account by its code, debits positive."""
    names = (
        "principal_out", "repaid", "owed", "written_off", "others_written_off", "interest_earned", "penalty_earned",
        "debits", "credits",
    )  # fmt: skip
    balances = {str(code): format_minor(each.balance) for code, each in books.turnovers.items()}
    return {**{name: format_minor(getattr(books, name)) for name in names}, "accounts": balances}


# -- the report served ------------------------------------------------------------------------------


class _Quiet(SimpleHTTPRequestHandler):
    """Serves files of one folder without a word on the terminal."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the name the base class gives it)
        """Say nothing."""


def _serve(page: Path, lang: Language) -> None:
    """Serve the report's folder to this machine alone until Ctrl-C."""
    handler = partial(_Quiet, directory=str(page.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        address = f"http://127.0.0.1:{server.server_address[1]}/{page.name}"
        typer.echo(text("demo.serving", lang, address=address))
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            typer.echo("")


__all__ = ["PAGE", "about_of", "as_plain", "demo", "example_line", "register"]
