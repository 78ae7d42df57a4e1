"""Writes anew from the code what documents it: the pages of event kinds and commands, the commands in both READMEs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from creditline import cli
from creditline.events import reference

ROOT = Path(__file__).parent.parent
COMMANDS = ROOT / "docs" / "commands.md"
READMES = {"en": ROOT / "README.md", "zh": ROOT / "README.zh.md"}
HEADS = {"en": "| command | what it does |", "zh": "| 命令 | 作用 |"}
BEGIN, END = "<!-- commands: made by `make docs` -->", "<!-- end of commands -->"
NOTICE = "<!-- Made from the code by `make docs`; edit the code. -->"


def commands() -> str:
    """Return the page of commands, in the language the process speaks."""
    return "\n".join(_commands()) + "\n"


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


def _walk(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command below one, itself first. Their type is Typer's own affair and has no public name."""
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from _walk(child, (*path, name))


def _parameter(parameter: Any) -> str:
    names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    if parameter.param_type_name == "argument":
        names = f"`{(parameter.name or '').upper()}`"
    plain = isinstance(parameter.default, str | int | float) and not isinstance(parameter.default, bool)
    default = f"`{parameter.default}`" if plain else "required" if parameter.required else ""
    return f"| {names} | {default} | {getattr(parameter, 'help', None) or ''} |"


def readme(lang: str) -> str:
    """Return the README of a language with its table of commands made anew."""
    # In a process of its own: the help of commands is read once, in the language the process speaks.
    environ = os.environ | {"CREDITLINE_LANG": lang, "PYTHONPATH": str(ROOT / "src")}
    rows = subprocess.run(
        [sys.executable, __file__, "rows"], env=environ, capture_output=True, check=True, encoding="utf-8"
    )
    table = f"{BEGIN}\n{HEADS[lang]}\n|---|---|\n{rows.stdout}{END}"
    pattern = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    return pattern.sub(lambda _: table, READMES[lang].read_text("utf-8"))


def _rows() -> Iterator[str]:
    """One row for each command that does something, with the first sentence of its help."""
    for path, command in _walk(typer.main.get_command(cli.build()), ("creditline",)):
        if not hasattr(command, "commands"):
            said = " ".join((command.help or "").split())
            sentence = re.match(r".*?(?:[.](?= |$)|。|$)", said)
            yield f"| `{' '.join(path)}` | {sentence[0] if sentence else said} |"


def main() -> None:
    """Write what differs from what stands there; with the argument ``rows``, print the rows of the table."""
    if sys.argv[1:] == ["rows"]:
        sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
        print("\n".join(_rows()))
        return
    fresh = {ROOT / reference.PAGE: reference.page(), COMMANDS: commands()}
    fresh |= {path: readme(lang) for lang, path in READMES.items()}
    for path, content in fresh.items():
        if not path.exists() or path.read_text("utf-8") != content:
            path.write_text(content, "utf-8")
            print(f"written: {path.relative_to(ROOT)}", file=sys.stderr)


if __name__ == "__main__":
    main()
