"""``creditline import events`` and ``creditline events kinds``: files into a home, and what may stand in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from creditline.cli.options import HOME_DEFAULT, HomeOption, JsonOption, echo_json
from creditline.clock import SystemClock
from creditline.i18n import preferred_language, text

if TYPE_CHECKING:
    from creditline.events.kinds import KindSpec
    from creditline.service.intake import Imported
    from creditline.service.intake import Progress as Told

STATUS_REJECTED = 1
"""Exit status when rows were rejected; the rest is in."""

_LANG = preferred_language()

import_app = typer.Typer(help=text("intake.import_help", _LANG), no_args_is_help=True)
"""``creditline import``: each kind of source is one command of it."""

events_app = typer.Typer(help=text("intake.events_help", _LANG), no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add ``import`` and ``events`` to the application."""
    app.add_typer(import_app, name="import")
    app.add_typer(events_app, name="events")


@import_app.command("events", help=text("intake.import_events_help", _LANG))
def import_events(
    files: Annotated[list[Path], typer.Argument(help=text("intake.files_help", _LANG))],
    home: HomeOption = HOME_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Take files of events into the home; exit status 1 when rows were rejected, 2 when a file cannot be read."""
    from creditline.service.intake import import_file
    from creditline.store import Home

    counts: list[tuple[Path, Imported]] = []
    with Home.open(home) as opened:
        for file in files:
            with _bar(file) as told:
                counts.append((file, import_file(opened, file, now=SystemClock().now(), progress=told)))
            if not as_json:
                _print(*counts[-1])
    if as_json:
        echo_json([{"file": str(file), **msgspec.to_builtins(one, enc_hook=str)} for file, one in counts])
    if any(one.rejected for _, one in counts):
        raise typer.Exit(STATUS_REJECTED)


@events_app.command("kinds", help=text("intake.kinds_help", _LANG))
def kinds(as_json: JsonOption = False) -> None:
    """List every kind of event with its source and fields."""
    from creditline.events.kinds import KINDS

    if as_json:
        echo_json([_kind(spec) for spec in KINDS.values()])
        return
    table = Table(*(text(f"intake.column_{name}", _LANG) for name in ("kind", "source", "fields")), box=None)
    for spec in KINDS.values():
        table.add_row(spec.name, spec.source, ", ".join(_fields(spec)))
    Console().print(table)


def _fields(spec: KindSpec) -> Iterator[str]:
    for field in msgspec.structs.fields(spec.struct):
        yield field.name if field.required else f"[dim]{field.name}?[/]"


def _kind(spec: KindSpec) -> dict[str, object]:
    from creditline.events.parse import describe

    needed = {field.name: field.required for field in msgspec.structs.fields(spec.struct)}
    fields = [
        {"name": field.name, "unit": field.unit, "required": needed[field.name], "may_be": describe(field)}
        for field in spec.fields.values()
    ]
    return {"kind": spec.name, "source": spec.source, "says": spec.doc, "fields": fields}


@contextmanager
def _bar(file: Path) -> Iterator[Told]:
    """A progress bar on stderr that leaves no trace; none where stderr is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        tasks = {
            "read": bar.add_task(text("intake.reading", _LANG, file=file.name), total=None),
            "write": bar.add_task(text("intake.writing", _LANG, file=file.name), total=None),
        }
        yield lambda stage, done, total: bar.update(tasks[stage], completed=done, total=total)


def _print(file: Path, imported: Imported) -> None:
    values = {"file": file.name, "accepted": imported.accepted, "duplicates": imported.duplicates}
    typer.echo(text("intake.imported", _LANG, **values, rejected=imported.rejected))
    if imported.rejects_path is not None:
        typer.echo(text("intake.rejects", _LANG, path=imported.rejects_path))
