"""``creditline schedule`` and ``creditline apr``: one loan or its payments, told as JSON and worked out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from creditline.errors import CreditlineError
from creditline.i18n import preferred_language, text

STANDARD_INPUT = "-"

_LANG = preferred_language()

FileArgument = Annotated[str, typer.Argument(metavar="FILE", help=text("schedule.file_help", _LANG))]
JsonFlag = Annotated[bool, typer.Option("--json", help=text("schedule.json_help", _LANG))]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("schedule", help=text("schedule.help", _LANG))(schedule)
    app.command("apr", help=text("schedule.apr_help", _LANG))(apr)


def schedule(file: FileArgument, as_json: JsonFlag = True) -> None:  # noqa: ARG001
    """Print the rows a loan is repaid in, and their totals."""
    from creditline.lending.specs import schedule_answer

    _print(schedule_answer(*_read(file)))


def apr(file: FileArgument, as_json: JsonFlag = True) -> None:  # noqa: ARG001
    """Print the annual percentage rate of payments."""
    from creditline.lending.specs import apr_answer

    _print(apr_answer(*_read(file)))


def _read(file: str) -> tuple[bytes, str]:
    """The content of a file, or of standard input, and what messages call it."""
    if file == STANDARD_INPUT:
        return typer.get_binary_stream("stdin").read(), "standard input"
    try:
        return Path(file).read_bytes(), Path(file).name
    except FileNotFoundError:
        raise CreditlineError(
            "FILE", file, "give the path of a JSON file, or - for standard input", "does not exist"
        ) from None
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise CreditlineError("FILE", file, "give the path of a JSON file, or - for standard input", problem) from None
    except ValueError:
        raise CreditlineError("FILE", file, "give the path of a JSON file", "is no path") from None


def _print(answer: object) -> None:
    typer.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode())
