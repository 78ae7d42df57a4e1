"""The database's own troubles: told with a remedy, and nothing half-done left behind."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.events.kinds import LineOpened
from creditline.store import Home, database
from creditline.store.schema import metadata
from tests.store.disks import small_disk


def _events(count: int, first: int = 0) -> list[Event]:
    return [Event("e", f"line-{n}", n, n, LineOpened(limit=100)) for n in range(first, first + count)]


def test_the_tables_are_what_the_migrations_make(tmp_path: Path) -> None:
    with Home.open(tmp_path) as home, home._engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == database.HEAD


def test_a_current_home_opens_without_alembic(tmp_path: Path) -> None:
    Home.open(tmp_path).close()
    code = "import sys; from creditline.store import Home; Home.open(sys.argv[1]); print('alembic' in sys.modules)"
    told = subprocess.check_output([sys.executable, "-c", code, str(tmp_path)], text=True, env=_env())
    assert told == "False\n"


def _env() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}


def test_a_home_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    with Home.open(tmp_path) as home, home._engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(CreditlineError, match="newer Creditline"):
        Home.open(tmp_path)


def test_two_processes_may_make_the_same_home(tmp_path: Path) -> None:
    code = "import sys; from creditline.store import Home; print(Home.open(sys.argv[1]).position())"
    command = [sys.executable, "-c", code, str(tmp_path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_env()) for _ in range(2)]
    assert [process.communicate()[0] for process in running] == ["0\n", "0\n"]


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "creditline.db").write_text("id,line,kind\n" * 100)
    with pytest.raises(CreditlineError, match="no Creditline database"):
        Home.open(tmp_path)


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CreditlineError, match="--home"):
        Home.open(tmp_path / "file" / "home")


def test_a_writer_that_waits_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "WAIT_MS", 50)
    with Home.open(tmp_path) as home:
        other = sqlite3.connect(tmp_path / "creditline.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(CreditlineError, match="another process is writing"):
            home.append(_events(1))
        assert home.position() == 0
        other.execute("ROLLBACK")
        other.close()
        assert home.append(_events(1)).accepted == 1


def test_readers_see_the_last_commit_while_a_batch_is_written(tmp_path: Path) -> None:
    with Home.open(tmp_path) as home, Home.open(tmp_path) as other:
        home.append(_events(1))
        with database.writing(home._engine) as connection:
            connection.execute(sa.text("DELETE FROM events"))
            assert other.position() == 1
            connection.rollback()


def test_a_full_database_is_told_and_the_batch_rolled_back(tmp_path: Path) -> None:
    with Home.open(tmp_path) as home:
        home.append(_events(10))
        with home._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 40")
        with pytest.raises(CreditlineError, match="free space") as caught:
            home.append(_events(5_000, first=10))
        assert "full" in str(caught.value.value)
        assert (home.position(), len(home.lines())) == (10, 10)
        with home._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1073741823")
        assert home.append(_events(5_010)).accepted == 5_000


def test_a_full_disk_is_told_and_the_batch_rolled_back(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2) as disk, Home.open(disk / "home") as home:
        home.append(_events(10))
        ballast = disk / "ballast"
        free = os.statvfs(disk)
        ballast.write_bytes(b"\0" * (free.f_bavail * free.f_frsize - 300_000))
        with pytest.raises(CreditlineError, match="free space"):
            home.append(_events(5_000, first=10))
        assert (home.position(), len(home.lines())) == (10, 10)
        ballast.unlink()
        assert home.append(_events(2_010)).accepted == 2_000
