"""The home: events go in once, come out as columns equal to the events, and nothing half-done stays."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from creditline.errors import CreditlineError
from creditline.events.canonical import digest
from creditline.events.event import Event
from creditline.events.kinds import (
    ApplicationReceived,
    DrawBooked,
    EventVoided,
    LineOpened,
    OutcomeObserved,
    RepaymentReceived,
)
from creditline.facts.slices import NEVER, Slices, from_events
from creditline.lines.decision import Decision
from creditline.store import Appended, Home
from tests.events.strategies import logs

OPENED = LineOpened(limit=2_000_000)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home.open(tmp_path / "home") as opened:
        yield opened


def _event(name: str, at: int = 100, line: str = "L1", body: object = None, known: int | None = None) -> Event:
    said = DrawBooked(amount=500) if body is None else body
    return Event(name, line, at, at if known is None else known, said)  # type: ignore[arg-type]


def _same(one: Slices, other: Slices) -> bool:
    columns = ("offsets", "at", "known", "until", "kind", "values", "visits")
    equal = all(np.array_equal(getattr(one, name), getattr(other, name)) for name in columns)
    return equal and list(one.lines) == list(other.lines) and list(one.ids or ()) == list(other.ids or ())


def _outcome_later(event: Event) -> Event:
    """An outcome far from the rest: in the log it would part ties that slices without it do not have."""
    if event.kind != "outcome.observed":
        return event
    return msgspec.structs.replace(event, at=event.at + 10**15, known=event.known + 10**15)


@given(st.data())
def test_every_kind_comes_out_as_columns_equal_to_its_events(data: st.DataObject) -> None:
    events = [_outcome_later(event) for event in data.draw(logs())]
    with TemporaryDirectory() as folder, Home.open(folder) as home:
        assert home.append(data.draw(st.permutations(events))) == Appended(len(events), 0, [])
        told = [event for event in events if event.kind != "outcome.observed"]
        assert _same(home.slices(), from_events(told))
        assert sorted(home.events(), key=digest) == sorted(events, key=digest)


@given(st.data())
def test_batches_sent_again_change_nothing(data: st.DataObject) -> None:
    events = data.draw(logs())
    with TemporaryDirectory() as folder, Home.open(folder) as home:
        home.append(events)
        before = home.slices()
        again = data.draw(st.lists(st.sampled_from(events), min_size=1))
        assert home.append(again) == Appended(0, len(again), [])
        assert _same(home.slices(), before)


def test_the_same_id_with_other_content_is_refused_and_the_first_stands(home: Home) -> None:
    home.append([_event("e0", body=OPENED)])
    result = home.append([_event("e1"), _event("e1", body=DrawBooked(amount=501))])
    assert (result.accepted, result.duplicates, len(result.refused)) == (1, 0, 1)
    again = home.append([_event("e1", body=DrawBooked(amount=502))])
    assert [(r.field, r.value) for r in again.refused] == [("id", "e1")]
    assert "new id" in again.refused[0].remedy
    assert [e.body for e in home.events("L1")][1:] == [DrawBooked(amount=500)]


def test_the_same_id_on_another_line_is_another_event(home: Home) -> None:
    batch = [_event("e1", body=OPENED), _event("e1", line="L2", body=OPENED)]
    assert home.append(batch).accepted == 2


def test_an_event_of_an_unknown_line_is_refused(home: Home) -> None:
    refused = home.append([_event("e1")]).refused
    assert [(r.field, r.value, r.reason) for r in refused] == [("line", "L1", "the line is not known")]
    assert refused[0].remedy == "send application.received or line.opened for this line first"
    assert home.lines() == []


def test_the_event_that_begins_a_line_may_come_last_in_its_batch(home: Home) -> None:
    application = _event("e9", at=900, body=ApplicationReceived(amount=100))
    assert home.append([_event("e1"), application]).accepted == 2


def test_a_beginning_that_is_refused_begins_nothing(home: Home) -> None:
    result = home.append([_event("e1"), _event("e1", body=OPENED)])
    assert (result.accepted, len(result.refused)) == (0, 2)
    assert home.lines() == []


def test_ties_are_parted_in_order_of_id_and_after_what_the_log_holds(home: Home) -> None:
    home.append([_event("b"), _event("a", body=OPENED), _event("c", at=101)])
    home.append([_event("A"), _event("z", at=99), _event("d", at=103), _event("e", at=103)])
    slices = home.slices()
    assert dict(zip(slices.ids or (), slices.at.tolist(), strict=True)) == {
        "z": 99, "a": 100, "b": 101, "c": 102, "A": 103, "d": 104, "e": 105,
    }  # fmt: skip


def test_a_moved_event_keeps_its_stated_time_and_digest(home: Home) -> None:
    events = [_event("a", body=OPENED), _event("b"), _event("c", known=101)]
    home.append(events)
    assert sorted(home.events(), key=lambda e: e.id) == events
    assert home.append(events).duplicates == 3
    slices = home.slices()
    assert bool(np.all(slices.known >= slices.at))


def test_a_void_ends_what_it_names_from_when_it_is_known(home: Home) -> None:
    home.append([_event("a", body=OPENED), _event("b", at=200)])
    void = _event("v", at=300, known=400, body=EventVoided(event="b", reason="entered twice"))
    assert home.append([void]).accepted == 1
    slices = home.slices()
    assert dict(zip(slices.ids or (), slices.until.tolist(), strict=True)) == {"a": NEVER, "v": NEVER, "b": 400}


def test_a_void_must_name_an_event_of_its_line_that_is_no_void(home: Home) -> None:
    home.append([_event("a", body=OPENED), _event("x", line="L2", body=OPENED)])
    stray = _event("v1", body=EventVoided(event="x", reason="wrong line"))
    good = _event("v2", body=EventVoided(event="a", reason="wrong"))
    result = home.append([stray, good])
    assert [(r.field, r.value) for r in result.refused] == [("event", "x")]
    of_void = home.append([_event("v3", body=EventVoided(event="v2", reason="was right"))])
    assert "under a new id" in of_void.refused[0].remedy


def test_outcomes_are_kept_apart_from_what_decisions_read(home: Home) -> None:
    first = _event("o1", at=200, body=OutcomeObserved(defaulted=True))
    later = _event("o2", at=300, body=OutcomeObserved(defaulted=False))
    home.append([_event("a", body=OPENED), later, first])
    assert home.outcomes() == {"L1": False}
    assert list(home.slices().ids or ()) == ["a"]


def test_slices_of_some_lines_and_as_of_a_position(home: Home) -> None:
    events = [_event(f"e{n}", at=n, line=f"L{n % 3}", body=OPENED) for n in range(9)]
    home.append(events[:6])
    position = home.position()
    home.append(events[6:])
    assert _same(home.slices(["L2", "L0"]), from_events(e for e in events if e.line != "L1"))
    assert _same(home.slices(until_position=position), from_events(events[:6]))
    assert _same(home.slices(["L1"], until_position=position), from_events([events[1], events[4]]))
    assert home.slices().position.max() == home.position() == 9
    with pytest.raises(CreditlineError, match="'L7' is not known"):
        home.slices(["L1", "L7"])


def test_an_empty_home_has_empty_slices(home: Home) -> None:
    assert (len(home.slices()), home.position(), home.outcomes()) == (0, 0, {})


def test_payloads_are_read_the_same_whatever_the_size_of_a_chunk(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    events = [
        _event(f"e{n}", at=n, body=RepaymentReceived(amount=n + 1, principal=0) if n else OPENED) for n in range(10)
    ]
    home.append(events)
    monkeypatch.setattr("creditline.store.columns.CHUNK", 3)
    assert _same(home.slices(), from_events(events))


def _decision(line: str, number: int, **changes: object) -> Decision:
    plain = Decision(
        line, 100 + number, number, "open", "applied", "open", 0, 500, 600, ("T04",), "abc", 3, "e1", {"draws": None}
    )
    return msgspec.structs.replace(plain, **changes)


def test_decisions_replace_what_stood_for_their_lines(home: Home) -> None:
    home.append([_event("a", line=line, body=OPENED) for line in ("L1", "L2")])
    home.record([_decision("L1", 0), _decision("L1", 1), _decision("L2", 0)])
    home.record([_decision("L1", 0, limit=700)])
    assert home.decisions("L1") == [_decision("L1", 0, limit=700)]
    assert [d.line for d in home.decisions()] == ["L1", "L2"]
    home.record([], lines=["L2"])
    assert home.decisions("L2") == []


def test_decisions_of_a_line_not_in_the_log_are_refused_whole(home: Home) -> None:
    home.append([_event("a", body=OPENED)])
    home.record([_decision("L1", 0)])
    with pytest.raises(CreditlineError, match="L9"):
        home.record([_decision("L1", 0, limit=1), _decision("L9", 0)])
    assert home.decisions() == [_decision("L1", 0)]


def test_policy_versions_never_change(home: Home) -> None:
    home.publish("consumer", "v2", "two", 200, published_at=5)
    home.publish("consumer", "v1", "one", 100, published_at=6)
    home.publish("consumer", "v1", "one", 100, published_at=7)
    home.publish("consumer", "v1", "one", 300, published_at=8)
    assert [(p.version, p.effective_from, p.published_at) for p in home.policies()] == [
        ("v1", 100, 6), ("v2", 200, 5), ("v1", 300, 8),
    ]  # fmt: skip
    with pytest.raises(CreditlineError, match="new version"):
        home.publish("consumer", "v1", "changed", 400)


def test_facts_about_the_home_are_kept(home: Home) -> None:
    home.put("simulated", {"seed": 7})
    home.put("simulated", {"seed": 8})
    assert (home.get("simulated"), home.get("other")) == ({"seed": 8}, None)


def test_kept_through_closing_and_opening_again(tmp_path: Path) -> None:
    with Home.open(tmp_path / "a" / "b") as home:
        home.append([_event("a", body=OPENED)])
    with Home.open(tmp_path / "a" / "b") as home:
        assert [event.id for event in home.events()] == ["a"]


def test_the_database_is_in_wal_mode_and_fully_synchronous(home: Home) -> None:
    with home._engine.connect() as connection:
        assert connection.execute(sa.text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(sa.text("PRAGMA synchronous")).scalar() == 2
        assert connection.execute(sa.text("PRAGMA foreign_keys")).scalar() == 1


def test_rows_of_the_log_are_what_their_digest_says(home: Home) -> None:
    home.append([_event("a", body=OPENED), _event("b"), _event("c")])
    with sqlite3.connect(home.path / "creditline.db") as raw:
        stored = dict(raw.execute("SELECT id, digest FROM events"))
    assert stored == {event.id: digest(event) for event in home.events()}


def test_a_batch_that_fails_half_way_leaves_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.append([_event("a", body=OPENED)])
    broken = _break_last_row(monkeypatch)
    with pytest.raises(sa.exc.IntegrityError):
        home.append([_event("n", line="L2", body=OPENED), _event("b"), _event("c")])
    assert broken == [3]
    monkeypatch.undo()
    assert (home.lines(), home.position()) == (["L1"], 1)
    assert home.append([_event("b"), _event("c")]).accepted == 2


def _break_last_row(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Make the last row of the next batch break the log's own rule."""
    from creditline.store import log

    plain, seen = log._rows, []

    def broken(*args: object) -> list[dict[str, object]]:
        rows = plain(*args)  # type: ignore[arg-type]
        seen.append(len(rows))
        return [*rows[:-1], rows[0]]

    monkeypatch.setattr(log, "_rows", broken)
    return seen
