"""``creditline story``: plays story files and says what went otherwise than told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

from creditline.errors import CreditlineError
from creditline.i18n import Language, preferred_language, text
from creditline.stories import Difference, Told, tell
from creditline.stories.load import LIBRARY

STATUS_DIFFERENT = 1
"""Exit status when a story went otherwise than told."""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("story", help=text("stories.help", preferred_language()))(story)


def story(
    files: Annotated[list[Path], typer.Argument(help=text("stories.files_help", preferred_language()))],
    as_json: Annotated[bool, typer.Option("--json", help=text("stories.json_help", preferred_language()))] = False,
) -> None:
    """Play story files; exit status 1 when one went otherwise than told, 2 when one cannot be read."""
    lang = preferred_language()
    told = [tell(file) for file in _story_files(files)]
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(told), indent=2).decode())
    else:
        console = Console(highlight=False, soft_wrap=True)
        for each in told:
            _print(console, each, lang)
        console.print(_summary(told, lang))
    if any(each.differences for each in told):
        raise typer.Exit(STATUS_DIFFERENT)


def _story_files(paths: Iterable[Path]) -> list[Path]:
    """The files named, and the story files in the folders named, in order of name."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(file for file in path.glob("*.yaml") if file.name != LIBRARY) if path.is_dir() else [path]
        if not inside:
            raise CreditlineError("story", str(path), "name story files, or a folder that holds some", "holds no story")
        found += inside
    return found


def _summary(told: Sequence[Told], lang: Language) -> str:
    cases = sum(len(each.cases) for each in told)
    different = sum(len(each.differences) for each in told)
    return text("stories.summary", lang, stories=len(told), cases=cases, differences=different)


def _print(console: Console, told: Told, lang: Language) -> None:
    passed = not told.differences
    mark = "[green]✓[/]" if passed else "[red]✗[/]"
    codes = f"[dim]{escape(' '.join(told.tells))}[/] " if told.tells else ""
    cases = text("stories.cases", lang, cases=len(told.cases), decisions=told.decisions)
    console.print(f"{mark} {codes}{escape(told.story)} [dim]({cases})[/]")
    for difference in told.differences:
        console.print(_told(difference, lang))


def _told(difference: Difference, lang: Language) -> str:
    """One difference as a few lines: what was expected, what came, why, what was decided nearby."""
    lines = [f"[bold]{escape(difference.case)}[/] [dim]{escape(difference.place)}[/]", _headline(difference, lang)]
    lines += [_reason(difference, number, lang) for number in range(len(difference.why))]
    if difference.what == "missing" and not difference.nearby:
        lines.append(text("stories.nothing_nearby", lang))
    for near in difference.nearby:
        reasons = f" ({', '.join(near.reasons)})" if near.reasons else ""
        line = text("stories.nearby", lang, at=near.at, action=near.action, status=near.status, limit=near.limit)
        lines.append(f"[dim]{escape(line + reasons)}[/]")
    return "\n".join("    " + line for line in lines)


def _headline(difference: Difference, lang: Language) -> str:
    values = {
        "on": difference.on,
        "line": difference.line,
        "expected": _listed(difference.expected),
        "got": _listed(difference.got),
    }
    return escape(text(f"stories.{difference.what}", lang, **values))


def _reason(difference: Difference, number: int, lang: Language) -> str:
    part = difference.why[number]
    values = _listed(part.values) or text("stories.no_values", lang)
    key = "stories.was_met" if part.held else "stories.not_met"
    return escape(text(key, lang, code=part.code, values=values, condition=part.condition))


def _listed(values: dict[str, str]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in values.items())
