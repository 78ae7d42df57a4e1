"""Proofs of plans taken up never change, and what was told of each is known by line and event."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from creditline.events.event import Event
from creditline.events.kinds import LineOpened, PromiseEnded, PromiseMade
from creditline.store import Home, database
from creditline.store.database import StoreError


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home.open(tmp_path / "home") as opened:
        opened.append([Event("e0", line, 1, 1, LineOpened(limit=100)) for line in ("A1", "B2", "C3")])
        yield opened


def test_a_proof_is_kept_for_good(home: Home) -> None:
    assert home.proof("s") is None
    home.keep_proof("s", "one")
    home.keep_proof("s", "one")
    assert home.proof("s") == "one"
    with pytest.raises(StoreError, match="is kept with another content"):
        home.keep_proof("s", "two")
    assert home.proof("s") == "one"


def test_what_was_told_is_known_by_line_and_event(home: Home) -> None:
    home.tell_promise("A1", "p1", "late", 5)
    home.tell_promise("A1", "p1", "kept", 6)
    home.tell_promise("B2", "p1", "due", 7)
    told = [home.promise_told(line, event) for line, event in (("A1", "p1"), ("B2", "p1"), ("A1", "p2"), ("C3", "p1"))]
    assert told == ["kept", "due", None, None]
    with pytest.raises(StoreError, match="is not known"):
        home.tell_promise("Z9", "p1", "due", 7)


def test_lines_with_a_promise_are_found_without_reading_the_log(home: Home) -> None:
    assert home.lines_promised() == []
    made = PromiseMade(plan="s", goal="fastest")
    home.append([Event("p", line, 2, 2, made) for line in ("C3", "A1")])
    home.append([Event("q", "B2", 2, 2, PromiseEnded(plan="s", because="given_up"))])
    assert home.lines_promised() == ["A1", "C3"]
    query = "EXPLAIN QUERY PLAN SELECT line FROM events WHERE events.kind = 18"
    with database.reading(home._engine) as connection:
        assert "events_promises_made" in str(connection.execute(sa.text(query)).all())
