"""``creditline report``: what became of what was decided, on the terminal, as JSON and as a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.console import Console

from creditline.cli.options import HOME_DEFAULT, HomeOption, JsonOption, language_of
from creditline.i18n import LANGUAGES, Language, preferred_language, text
from creditline.money import format_minor

if TYPE_CHECKING:
    from creditline.replay.outcomes import Group
    from creditline.service.outcomes import Report

_LANG = preferred_language()

report_app = typer.Typer(help=text("reports.help", _LANG), no_args_is_help=True)
"""``creditline report``: each report is one command of it."""


def register(app: typer.Typer) -> None:
    """Add ``report`` to the application."""
    app.add_typer(report_app, name="report")


@report_app.command("outcomes", help=text("reports.outcomes_help", _LANG))
def outcomes(
    home: HomeOption = HOME_DEFAULT,
    as_json: JsonOption = False,
    html: Annotated[Path | None, typer.Option(help=text("reports.html_help", _LANG))] = None,
    lang: Annotated[str, typer.Option(help=text("reports.lang_help", _LANG))] = _LANG,
) -> None:
    """Print the figures and write the page; exit status 2 where there is no run, or no outcome to judge it by."""
    from creditline.service.outcomes import report
    from creditline.store import Home

    language = language_of(lang)
    with Home.open(home) as opened:
        made = report(opened)
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(as_plain(made)), indent=2).decode())
        if html is None:
            return
    written = _write(made, html or home / "reports" / "outcomes.html", language)
    if not as_json:
        _print(made, language)
        typer.echo(text("reports.written", language, path=written[0]))
        for other in written[1:]:
            typer.echo(text("reports.written_other", language, path=other))


def _print(made: Report, lang: Language) -> None:
    from creditline.reports.outcomes import summary, tables
    from creditline.reports.tables import figure, terminal

    console = Console(highlight=False)
    if made.simulated:
        console.print(text("common.simulated", lang), style="bold yellow")
    for table in tables(made.outcomes, _about(made), lang):
        console.print(terminal(table))
    for sentence in summary(made.outcomes, lang):
        console.print(sentence, soft_wrap=True)
    figures = made.outcomes
    console.print(text("reports.separation", lang, auc=figure(figures.auc), ks=figure(figures.ks)))


def _write(made: Report, path: Path, lang: Language) -> list[Path]:
    from creditline.reports.outcomes import page
    from creditline.reports.page import beside, write_both

    other: dict[Language, Language] = {"en": "zh", "zh": "en"}
    return write_both(
        path,
        lang,
        {each: page(made.outcomes, _about(made), each, beside(path, other[each], lang).name) for each in LANGUAGES},
    )


def _about(made: Report) -> Any:
    from creditline.reports.outcomes import About

    ran = made.ran
    return About(
        policy=ran.policy,
        version=ran.version,
        currency=ran.currency,
        until=ran.until,
        reasons=ran.reasons,
        folds=len(ran.fold_versions),
        base=ran.base,
        odds=ran.odds,
        double=ran.double,
        unjudged=made.unjudged,
        simulated=made.simulated,
        panel=made.panel,
    )


def as_plain(made: Report) -> dict[str, Any]:
    """The figures as one JSON object: counts as numbers, money as decimal text in currency units."""
    figures, ran = made.outcomes, made.ran
    return {
        "policy": ran.policy,
        "version": ran.version,
        "simulated": made.simulated,
        "currency": ran.currency,
        "lines": figures.all.lines,
        "defaulted": figures.all.defaulted,
        "closed": figures.closed.lines,
        "closed_defaulted": figures.closed.defaulted,
        "closed_good": figures.closed.good,
        "auc": figures.auc,
        "ks": figures.ks,
        "folds": len(ran.fold_versions),
        "unjudged": made.unjudged,
        "states": {g.name: _group(g) for g in (figures.open, figures.reopened, figures.frozen, figures.closed)},
        "alternatives": {g.name: _group(g) for g in (figures.any_arrears, figures.score_alone)},
        "rules": [
            {"code": g.name, **_group(g), "alone": g.alone, "alone_defaulted": g.alone_defaulted} for g in figures.rules
        ],
        "bands": [{"from": band.low, "below": band.high, **_group(band)} for band in figures.bands],
    }


def _group(group: Group) -> dict[str, Any]:
    return {
        "lines": group.lines,
        "defaulted": group.defaulted,
        "good": group.good,
        "default_rate": None if group.rate is None else round(group.rate, 6),
        "limit": format_minor(group.limit),
        "owed": format_minor(group.balance),
        "owed_defaulted": format_minor(group.balance_defaulted),
    }
