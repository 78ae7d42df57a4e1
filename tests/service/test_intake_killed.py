"""An import killed at any moment: run again, nothing is lost and nothing doubled."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from creditline.events.parse import to_row
from creditline.service.intake import import_file
from creditline.store import Home
from tests.events.strategies import NOW
from tests.service.test_intake import _history, _log, _ndjson

# Imports in small batches; given a number, kills itself inside that transaction, its lines written, its events not.
PROGRAM = """
import os, signal, sys
from pathlib import Path
from creditline.service import intake
from creditline.store import Home, log
home, path, now, fatal = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
intake.BATCH, plain, seen = 500, log._rows, []
def rows(*args):
    seen.append(1)
    if len(seen) == fatal:
        os.kill(os.getpid(), signal.SIGKILL)
    return plain(*args)
log._rows = rows
with Home.open(home) as opened:
    intake.import_file(opened, path, now=now)
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _ndjson(tmp_path_factory.mktemp("input"), *(to_row(event) for event in _history(2_000)))


@pytest.fixture(scope="module")
def undisturbed(path: Path, tmp_path_factory: pytest.TempPathFactory) -> set[tuple[object, ...]]:
    with Home.open(tmp_path_factory.mktemp("home")) as home:
        assert import_file(home, path, now=NOW).accepted == 20_000
        return _log(home)


def _start(home: Path, path: Path, fatal: int) -> subprocess.Popen[bytes]:
    source = str(Path(__file__).parents[2] / "src")
    command = [sys.executable, "-c", PROGRAM, str(home), str(path), str(NOW), str(fatal)]
    return subprocess.Popen(command, env=os.environ | {"PYTHONPATH": source})


@pytest.mark.parametrize("fatal", [1, 7, 40])
def test_killed_inside_a_transaction(
    tmp_path: Path, path: Path, undisturbed: set[tuple[object, ...]], fatal: int
) -> None:
    assert _start(tmp_path, path, fatal).wait(60) == -signal.SIGKILL
    with Home.open(tmp_path) as home:
        assert home.position() == 500 * (fatal - 1)
        again = import_file(home, path, now=NOW)
        assert (again.accepted, again.duplicates, again.rejected) == (20_500 - 500 * fatal, 500 * (fatal - 1), 0)
        assert _log(home) == undisturbed


def test_killed_from_outside_at_whatever_it_is_doing(
    tmp_path: Path, path: Path, undisturbed: set[tuple[object, ...]]
) -> None:
    running = _start(tmp_path, path, 0)
    while running.poll() is None and _kept(tmp_path) == 0:
        time.sleep(0.01)
    running.kill()
    assert running.wait(60) == -signal.SIGKILL
    with Home.open(tmp_path) as home:
        kept = home.position()
        assert (0 < kept < 20_000, kept % 500) == (True, 0)
        assert import_file(home, path, now=NOW).accepted == 20_000 - kept
        assert _log(home) == undisturbed


def _kept(home: Path) -> int:
    """How many events the other process has committed so far."""
    try:
        with sqlite3.connect(f"file:{home}/creditline.db?mode=ro", uri=True) as connection:
            return int(connection.execute("SELECT count(*) FROM events").fetchone()[0])
    except sqlite3.OperationalError:
        return 0  # not made yet
