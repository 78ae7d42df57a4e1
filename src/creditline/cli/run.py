"""``creditline run``: a policy over all lines of a home."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console

from creditline.cli.bars import bars
from creditline.cli.options import HOME_DEFAULT, HomeOption, JsonOption
from creditline.clock import format_moment, parse_moment
from creditline.i18n import preferred_language, text

if TYPE_CHECKING:
    from creditline.reports.tables import Table
    from creditline.service.run import Summary

_LANG = preferred_language()


def register(app: typer.Typer) -> None:
    """Add ``run`` to the application."""
    app.command("run", help=text("run.help", _LANG))(run)


def run(
    home: HomeOption = HOME_DEFAULT,
    policy: Annotated[str | None, typer.Option(help=text("run.policy_help", _LANG))] = None,
    until: Annotated[str | None, typer.Option(help=text("run.until_help", _LANG))] = None,
    folds: Annotated[int | None, typer.Option(min=2, help=text("run.folds_help", _LANG))] = None,
    as_json: JsonOption = False,
) -> None:
    """Run the policy and put its decisions in place; exit status 2 where it cannot be run, 1 where a line failed."""
    from creditline.service.run import run_home
    from creditline.store import Home

    moment = None if until is None else parse_moment(until)
    with Home.open(home) as opened, bars() as told:
        summary = run_home(
            opened,
            policy,
            until=moment,
            folds=folds,
            progress=lambda stage, done, total: told(text(f"run.stage_{stage}", _LANG), done, total),
        )
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(summary, enc_hook=vars), indent=2).decode())
    else:
        _print(summary, home)
    if summary.failures:
        raise typer.Exit(1)


def _print(summary: Summary, home: Path) -> None:
    from creditline.reports.tables import figure, terminal

    until = format_moment(summary.until, "+08:00")
    figures = {"lines": f"{summary.lines:,}", "decisions": f"{summary.decisions:,}"}
    typer.echo(text("run.ran", _LANG, policy=summary.policy, until=until, **figures))
    if summary.folds:
        rank = {"auc": figure(summary.auc), "ks": figure(summary.ks)}
        typer.echo(text("run.trained", _LANG, folds=summary.folds, **rank))
    console = Console(highlight=False)
    for table in _tables(summary):
        console.print(terminal(table))
    for failure in summary.failures[:1]:
        values = {"line": failure.line, "problem": failure.problem}
        typer.echo(text("run.failed", _LANG, lines=f"{len(summary.failures):,}", **values), err=True)
    if summary.auc is not None:
        typer.echo(text("run.next", _LANG, home=home))


def _tables(summary: Summary) -> Iterator[Table]:
    from creditline.reports.tables import Table, count, labelled

    for name, counts, unit in (
        ("status", summary.statuses, "lines"),
        ("action", summary.actions, "times"),
        ("rule", summary.rules, "times"),
    ):
        heads = text("run.state" if name == "status" else f"run.{name}", _LANG), text(f"run.{unit}", _LANG)
        rows = [
            (key if name == "rule" else text(f"run.{name}_{key}", _LANG), count(number))
            for key, number in sorted(counts.items(), key=lambda pair: -pair[1])
        ]
        title = {"status": "statuses", "action": "actions", "rule": "rules"}[name]
        yield Table(text(f"run.{title}_title", _LANG), labelled(*heads), tuple(rows))
