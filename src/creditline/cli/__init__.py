"""The command line: one file a command group, each registered if it is there."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Annotated

import typer

from creditline import __version__
from creditline.errors import CreditlineError
from creditline.i18n import preferred_language, text

GROUPS = (
    "intake", "taiwan", "policy", "line", "notice", "story", "demo", "run", "report",
    "simulate", "scorecard", "product", "loan", "quote", "statement", "schedule", "books", "plan", "promise", "near",
)  # fmt: skip
"""Files of this folder that may register commands, in the order of the help page."""

STATUS_REFUSED = 2
"""Exit status when what the user gave cannot be taken, and the message says why."""

STATUS_INTERRUPTED = 130


def build() -> typer.Typer:
    """Return the application with the commands of every group that exists."""
    lang = preferred_language()
    application = typer.Typer(
        name="creditline", help=text("common.app_help", lang), no_args_is_help=True, pretty_exceptions_enable=False
    )
    application.callback()(_options)
    for group in GROUPS:
        if find_spec(f"{__name__}.{group}") is not None:
            import_module(f"{__name__}.{group}").register(application)
    return application


def main() -> None:
    """Run the command line; a CreditlineError becomes one message on stderr and exit status 2."""
    lang = preferred_language()
    try:
        app()
    except CreditlineError as error:
        typer.echo(text("common.error", lang, message=error), err=True)
        sys.exit(STATUS_REFUSED)
    except KeyboardInterrupt:
        typer.echo(text("common.interrupted", lang), err=True)
        sys.exit(STATUS_INTERRUPTED)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(text("common.version", preferred_language(), version=__version__))
        raise typer.Exit


def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help=text("common.version_help", preferred_language()),
            callback=_show_version,
            is_eager=True,
        ),
    ] = False,
) -> None:
    """Options of the whole application; ``--version`` answers by itself."""


app = build()
