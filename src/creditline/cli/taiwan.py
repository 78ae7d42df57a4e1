"""``creditline import taiwan``: the Taiwan panel into a home."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from creditline.cli.bars import bars
from creditline.cli.options import HOME_DEFAULT, HomeOption, JsonOption
from creditline.i18n import preferred_language, text

_LANG = preferred_language()


def register(_: typer.Typer) -> None:
    """Add ``taiwan`` to the kinds of source that ``creditline import`` takes."""
    from creditline.cli.intake import import_app

    import_app.command("taiwan", help=text("run.taiwan_help", _LANG))(import_taiwan)


def import_taiwan(
    file: Annotated[Path, typer.Argument(help=text("run.taiwan_file_help", _LANG))],
    home: HomeOption = HOME_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Take the panel into the home; exit status 2 where the file is no such panel."""
    from creditline.events.taiwan_file import read_panel
    from creditline.service.panel import import_panel
    from creditline.store import Home

    panel = read_panel(file)  # before the home is made, so that a wrong file leaves nothing behind
    doing = text("run.taiwan_importing", _LANG, file=file.name)
    with Home.open(home) as opened, bars() as told:
        imported = import_panel(opened, panel, str(file), lambda done, total: told(doing, done, total))
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(imported), indent=2).decode())
        return
    figures = {name: f"{number:,}" for name, number in msgspec.structs.asdict(imported).items()}
    typer.echo(text("run.taiwan_imported", _LANG, file=file.name, **figures))
    typer.echo(text("run.taiwan_left_out", _LANG))
