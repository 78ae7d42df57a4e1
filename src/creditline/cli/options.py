"""Options that several commands share."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from creditline.clock import SystemClock, parse_moment
from creditline.errors import CreditlineError
from creditline.i18n import LANGUAGES, Language, preferred_language, text
from creditline.lending.terms import day_number

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

HOME_DEFAULT = Path("creditline-home")
"""The home where neither ``--home`` nor ``CREDITLINE_HOME`` names one."""

HomeOption = Annotated[
    Path, typer.Option("--home", envvar="CREDITLINE_HOME", help=text("intake.home_help", preferred_language()))
]
"""The folder of the home; give it ``HOME_DEFAULT`` as its default."""

JsonOption = Annotated[bool, typer.Option("--json", help=text("intake.json_help", preferred_language()))]
"""Print one JSON document in place of text."""

NowOption = Annotated[
    str | None, typer.Option("--now", metavar="MOMENT", help=text("loan.now_help", preferred_language()))
]
"""The moment taken as the present one, for runs that are to come out the same again."""


def present_moment(now: str | None) -> int:
    """The moment given with ``--now``, else the clock's; microseconds since 1970 UTC."""
    return SystemClock().now() if now is None else parse_moment(now)


def day_of(option: str, given: str) -> int:
    """The day number of a date like 2026-03-01; CreditlineError where it is none."""
    try:
        if _DATE.fullmatch(given) is None:
            raise ValueError
        return day_number(date.fromisoformat(given))
    except ValueError:
        raise CreditlineError(option, given, "write it like 2026-03-01", "is no date") from None


def language_of(given: str) -> Language:
    """The language given with ``--lang``; CreditlineError where there is none such."""
    for each in LANGUAGES:
        if each == given:
            return each
    raise CreditlineError("--lang", given, f"choose {' or '.join(LANGUAGES)}")


def existing(home: Path) -> Path:
    """The home's folder, which reading must not make; CreditlineError where there is none."""
    from creditline.store.home import FILE

    if not (home / FILE).is_file():
        remedy = "name one with --home, or make one: creditline demo"
        raise CreditlineError("home", str(home), remedy, "is no home")
    return home


def echo_json(content: object) -> None:
    """Print one JSON document."""
    typer.echo(msgspec.json.format(msgspec.json.encode(content), indent=2).decode())
