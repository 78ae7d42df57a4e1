"""Writes the pages under docs/reference anew from the code: `make docs`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click
import typer

from creditline import cli
from creditline.events.kinds import KINDS, FieldSpec

REFERENCE = Path(__file__).parent / "reference"
NOTICE = "<!-- Made from the code by `make docs`; edit the code. -->"


def pages() -> dict[str, str]:
    """Return the generated pages, text by file name."""
    return {"events.md": "\n".join(_events()) + "\n", "commands.md": "\n".join(_commands()) + "\n"}


def _events() -> Iterator[str]:
    yield from ("# Event kinds", "", NOTICE, "")
    yield "Everything that may be said about a line. A policy counts kinds and reads `kind.field`; a field marked `?` may"
    yield "say nothing and is NULL then. Consents and incidents speak of the source."
    sources: dict[str, list[str]] = {}
    for spec in KINDS.values():
        sources.setdefault(spec.source, []).append(spec.name)
    for source, names in sources.items():
        yield from ("", f"## Source `{source}`", "", "| kind | code | fields | meaning |", "|---|---|---|---|")
        for name in names:
            spec = KINDS[name]
            fields = ", ".join(map(_field, spec.fields.values())) or "none"
            hidden = " No policy may read it." if spec.struct.is_truth else ""
            yield f"| `{name}` | {spec.code} | {fields} | {' '.join(spec.doc.split())}{hidden} |"


def _field(field: FieldSpec) -> str:
    detail = f" ({', '.join(field.choices)})" if field.choices else ""
    return f"`{field.name}`{'' if field.required else '?'} {field.unit}{detail}"


def _commands() -> Iterator[str]:
    yield from ("# Commands", "", NOTICE, "")
    yield "`creditline --help` shows the same in the terminal's language."
    root = typer.main.get_command(cli.build())
    for path, command in _walk(root, ("creditline",)):
        yield from ("", f"## `{' '.join(path)}`", "", (command.help or "").strip())
        parameters = [p for p in command.params if p.name not in {"install_completion", "show_completion", "help"}]
        if parameters:
            yield from ("", "| parameter | default | meaning |", "|---|---|---|")
            yield from map(_parameter, parameters)


def _walk(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command below one, itself first."""
    yield path, command
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from _walk(child, (*path, name))


def _parameter(parameter: click.Parameter) -> str:
    names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    if parameter.param_type_name == "argument":
        names = f"`{(parameter.name or '').upper()}`"
    plain = isinstance(parameter.default, str | int | float) and not isinstance(parameter.default, bool)
    default = f"`{parameter.default}`" if plain else "required" if parameter.required else ""
    return f"| {names} | {default} | {getattr(parameter, 'help', None) or ''} |"


def main() -> None:
    """Write all pages that differ from what stands there."""
    REFERENCE.mkdir(exist_ok=True)
    for name, content in pages().items():
        path = REFERENCE / name
        if not path.exists() or path.read_text("utf-8") != content:
            path.write_text(content, "utf-8")
            print(f"written: docs/reference/{name}", file=sys.stderr)


if __name__ == "__main__":
    main()
