"""``creditline scorecard``: train cards, check and compare them, publish them, watch them, and say what they say."""

from __future__ import annotations

import typer

from creditline.cli.scorecard import compare, explain, insert, publish, report, score, show, train, validate, watch
from creditline.cli.scorecard.options import LANG
from creditline.i18n import text

scorecard_app = typer.Typer(help=text("scorecard.help", LANG), no_args_is_help=True)
"""``creditline scorecard``."""

for command in (
    train.train,
    validate.validate,
    compare.compare,
    report.report,
    score.score,
    show.show,
    publish.publish,
    insert.insert,
    watch.watch,
    explain.explain,
):
    scorecard_app.command(command.__name__, help=text(f"scorecard.{command.__name__}_help", LANG))(command)


def register(app: typer.Typer) -> None:
    """Add ``scorecard`` to the application."""
    app.add_typer(scorecard_app, name="scorecard")
