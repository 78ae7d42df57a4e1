"""The documentation keeps up with the code: what is undocumented fails here."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from creditline import cli
from docs.generate import COMMANDS, READMES, commands, readme

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
ROOMS = sorted(path.parent.name for path in (ROOT / "src" / "creditline").glob("*/__init__.py"))
RECORDS = sorted(path.name for path in (DOCS / "adr").glob("*.md"))
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in [*DOCS.rglob("*.md"), *ROOT.glob("*.md")])


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_its_page(room: str) -> None:
    page = (DOCS / "rooms" / f"{room}.md").read_text("utf-8")
    assert page.startswith(f"# {room}\n")
    assert "**Owns**" in page
    assert "**Never**" in page
    assert f"rooms/{room}.md" in (DOCS / "README.md").read_text("utf-8")


def _dependencies() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = project["dependencies"] + [r for extra in project["optional-dependencies"].values() for r in extra]
    brought = json.loads((ROOT / "package.json").read_text("utf-8"))
    from_npm = {*brought["dependencies"], *brought["devDependencies"]}
    return {re.split(r"[<>=!~\[ ]", requirement)[0] for requirement in asked} | from_npm


def test_every_dependency_says_what_for_and_against_what() -> None:
    page = (DOCS / "dependencies.md").read_text("utf-8")
    rows = re.findall(r"^\| ([\w@/-]+) \| (.+) \| (.+) \|$", page, re.MULTILINE)
    told = {name for name, _, _ in rows} - {"library"}
    assert told == _dependencies()


def test_decision_records_are_numbered_without_gaps() -> None:
    assert [int(name[:4]) for name in RECORDS] == list(range(1, len(RECORDS) + 1))


@pytest.mark.parametrize("name", RECORDS)
def test_a_decision_record_has_its_parts(name: str) -> None:
    record = (DOCS / "adr" / name).read_text("utf-8")
    assert re.match(rf"# {name[:4]}: \S", record)
    parts = re.findall(r"^## (.+)$", record, re.MULTILINE)
    assert parts == ["Context", "Decision", "What was measured", "What it costs"]
    assert f"adr/{name}" in (DOCS / "README.md").read_text("utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    path = ROOT / page
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text("utf-8")):
        assert "://" in target or (path.parent / target).exists(), f"{page}: {target} is not there"


def test_the_page_of_commands_is_fresh() -> None:
    assert COMMANDS.read_text("utf-8") == commands(), "run make docs"


@pytest.mark.parametrize("page", sorted(path.name for path in DOCS.glob("*.md") if path.name != "README.md"))
def test_the_index_names_every_page(page: str) -> None:
    assert f"]({page})" in (DOCS / "README.md").read_text("utf-8")


@pytest.mark.parametrize("lang", sorted(READMES))
def test_the_readme_names_every_command(lang: str) -> None:
    content = READMES[lang].read_text("utf-8")
    assert content == readme(lang), "run make docs"
    assert "| `creditline " in content


@pytest.mark.parametrize("path", READMES.values(), ids=["en", "zh"])
def test_every_target_in_the_readme_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    told = set(re.findall(r"\bmake ([a-z]+)\b(?=`|$)", path.read_text("utf-8"), re.MULTILINE))
    assert {"setup", "demo", "test", "gate", "bench"} <= told <= targets


def test_groups_in_the_code_are_known_to_the_command_line() -> None:
    files = {path.stem for path in (ROOT / "src" / "creditline" / "cli").glob("*.py")} - {"__init__"}
    groups = {name for name in files if re.search(r"^def register\(", _source(name), re.MULTILINE)}
    assert groups <= set(cli.GROUPS), "name the new group in cli.GROUPS"


def _source(group: str) -> str:
    return (ROOT / "src" / "creditline" / "cli" / f"{group}.py").read_text("utf-8")
