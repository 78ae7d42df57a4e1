"""Products and turns: versions are kept for good, and what was read in a turn still holds when it is written on."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.events.kinds import DrawCancelled, DrawRequested, LineOpened, NewsCleared
from creditline.store import Home, PublishedProduct, database


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home.open(tmp_path / "home") as opened:
        yield opened


def _requested(line: str, loan: str) -> list[Event]:
    body = DrawRequested(loan=loan, amount=100, product="p@1", instalments=3)
    return [Event("e0", line, 1, 1, LineOpened(limit=100)), Event("e1", line, 2, 2, body)]


def test_product_versions_never_change(home: Home) -> None:
    home.publish_product("flex", "v2", "two", published_at=6)
    home.publish_product("flex", "v1", "one", published_at=5)
    home.publish_product("flex", "v1", "one", published_at=9)
    assert home.products() == [PublishedProduct("flex", "v1", "one", 5), PublishedProduct("flex", "v2", "two", 6)]
    assert home.products()[0].reference == "flex@v1"
    with pytest.raises(CreditlineError, match="new version"):
        home.publish_product("flex", "v1", "changed")


def test_a_product_says_when_it_was_published_where_nobody_else_does(home: Home) -> None:
    home.publish_product("flex", "v1", "one")
    assert home.products()[0].published_at > 1_700_000_000_000_000


def test_a_home_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    with Home.open(tmp_path) as home:
        home.append(_requested("A1", "L001"))
    with sqlite3.connect(tmp_path / "creditline.db") as raw:
        for table in ("promises_told", "proofs", "outbox", "shadows", "scorecard_verdicts", "scorecards", "products"):
            raw.execute(f"DROP TABLE {table}")
        for index in ("events_draws_requested", "events_promises_made"):
            raw.execute(f"DROP INDEX {index}")
        raw.execute("UPDATE alembic_version SET version_num = '0001'")
    with Home.open(tmp_path) as home:
        home.publish_product("flex", "v1", "one")
        assert home.lines_lent_on() == ["A1"]


def test_lines_lent_on_are_found_without_reading_the_log(home: Home) -> None:
    home.append([*_requested("B2", "L001"), *_requested("A1", "L002"), Event("e0", "C3", 1, 1, LineOpened(limit=100))])
    assert home.lines_lent_on() == ["A1", "B2"]
    assert (home.lines_with_loan("L001"), home.lines_with_loan("L007")) == (["B2"], [])
    query = "EXPLAIN QUERY PLAN SELECT line FROM events WHERE events.kind = 25"
    with database.reading(home._engine) as connection:
        assert "events_draws_requested" in str(connection.execute(sa.text(query)).all())


def test_lines_on_which_something_happened_since_a_position(home: Home) -> None:
    home.append([*_requested("A1", "L001"), *_requested("B2", "L001"), *_requested("C3", "L001")])
    position = home.position()
    home.append(
        [Event("e2", "C3", 3, 3, DrawCancelled(loan="L001")), Event("e2", "A1", 3, 3, NewsCleared(subject="x"))]
    )
    assert home.lines_moved(position, ["draw.cancelled", "draw.booked"]) == ["C3"]
    assert home.lines_moved(position - 1, ["draw.requested"]) == ["C3"]
    assert home.lines_moved(home.position(), ["draw.cancelled"]) == []


def test_events_of_several_lines_come_line_by_line(home: Home) -> None:
    home.append([*_requested("A1", "L001"), *_requested("B2", "L001")])
    told = [(line, [event.id for event in events]) for line, events in home.events_by_line(["B2", "Z9", "A1"])]
    assert told == [("B2", ["e0", "e1"]), ("A1", ["e0", "e1"])]


def test_a_turn_that_fails_leaves_nothing_of_what_it_wrote(home: Home) -> None:
    def turn() -> None:
        with home.turn():
            home.append(_requested("A1", "L001"))
            home.put("key", 1)
            assert (home.lines(), home.get("key")) == (["A1"], 1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        turn()
    assert (home.lines(), home.get("key"), home.position()) == ([], None, 0)


def test_nobody_else_writes_while_a_turn_lasts(home: Home) -> None:
    """Each of four writers reads a number and writes the next: without turns some of them would read the same one."""

    def count() -> None:
        for _ in range(25):
            with home.turn():
                home.put("count", (home.get("count") or 0) + 1)

    writers = [threading.Thread(target=count) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert home.get("count") == 100
