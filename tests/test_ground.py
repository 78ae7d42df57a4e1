"""What everything stands on: the error, the command line, the set-up files."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import creditline
from creditline import cli
from creditline.errors import CreditlineError

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCK = (ROOT / "requirements.lock").read_text("utf-8")


def test_an_error_names_place_value_and_remedy() -> None:
    error = CreditlineError("policy.yaml:3:7", "60x", "write 60d", "is not a duration")
    assert str(error) == "policy.yaml:3:7: '60x' is not a duration; write 60d"


def test_the_version_is_told() -> None:
    result = CliRunner().invoke(cli.app, ["--version"])
    assert (result.exit_code, result.stdout.strip()) == (0, f"creditline {creditline.__version__}")


def test_without_a_command_the_help_page_is_shown() -> None:
    assert "--version" in CliRunner().invoke(cli.app, []).output


def test_the_help_page_speaks_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDITLINE_LANG", "zh")
    assert "策略" in CliRunner().invoke(cli.build(), ["--help"]).output


def _with_command(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Give the command line one command, which fails."""
    app = typer.Typer(pretty_exceptions_enable=False)

    @app.command()
    def fail() -> None:
        raise error

    monkeypatch.setattr(cli, "app", app)
    monkeypatch.setattr(sys, "argv", ["creditline"])


def test_a_refusal_is_one_line_and_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _with_command(monkeypatch, CreditlineError("--limit", "x", "give an amount"))
    with pytest.raises(SystemExit) as caught:
        cli.main()
    out, err = capsys.readouterr()
    assert caught.value.code == 2
    assert (out, err) == ("", "Error: --limit: 'x' is not accepted; give an amount\n")


def test_a_fault_of_the_program_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    _with_command(monkeypatch, ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        cli.main()


def test_groups_that_are_not_there_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "GROUPS", ("no_such_group",))
    assert CliRunner().invoke(cli.build(), ["--version"]).exit_code == 0


def test_the_help_page_comes_without_the_kernel() -> None:
    heavy = "import sys, creditline.cli; print([m for m in ('numba', 'duckdb', 'optbinning') if m in sys.modules])"
    path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    environ = os.environ | {"PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-c", heavy], check=True, capture_output=True, text=True, env=environ)
    assert done.stdout.strip() == "[]", "import it inside the command that needs it"


def test_the_lock_names_no_place_to_fetch_from() -> None:
    assert "://" not in LOCK
    assert not re.search(r"^\s*-", LOCK.replace("    --hash=sha256:", ""), re.MULTILINE)


def test_every_locked_package_has_its_hashes() -> None:
    for entry in re.split(r"\n(?=\S)", LOCK.strip()):
        assert re.match(r"[a-z0-9-]+(\[[a-z,]+\])?==\S+( ; .+)? \\\n", entry), entry
        assert "--hash=sha256:" in entry


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=!~\[ ]", requirement)[0].lower() for requirement in requirements}


def test_the_lock_covers_everything_asked_for() -> None:
    project = PROJECT["project"]
    asked = project["dependencies"] + [r for extra in project["optional-dependencies"].values() for r in extra]
    locked = set(re.findall(r"^([a-z0-9-]+)==", LOCK, re.MULTILINE))
    assert _names(asked) <= locked, f"run make lock; not locked: {sorted(_names(asked) - locked)}"


def test_the_lock_of_the_charts_names_no_place_to_fetch_from() -> None:
    content = (ROOT / "package-lock.json").read_text("utf-8")
    assert "://" not in content
    assert '"integrity"' in content


def test_every_room_has_its_place_among_the_layers() -> None:
    walk = next(contract for contract in PROJECT["tool"]["importlinter"]["contracts"] if contract["id"] == "walk")
    placed = set(re.findall(r"\w+", " ".join(walk["layers"] + walk["exhaustive_ignores"])))
    source = ROOT / "src" / "creditline"
    rooms = {path.parent.name for path in source.glob("*/__init__.py")} | {path.stem for path in source.glob("*.py")}
    assert rooms - {"__init__", "__main__"} <= placed


def test_continuous_integration_runs_what_the_readme_says() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & stat.S_IXUSR
    assert script.read_text("utf-8").rstrip().endswith("\nmake test")
    assert "make test" in (ROOT / "README.md").read_text("utf-8")


def test_every_target_is_listed_by_make_alone() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)[1].split())  # type: ignore[index]
    assert targets == set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE))
