"""Files into a home: the good rows go in, each bad one is told with place, value, reason and remedy."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.events.kinds import DrawBooked, EventVoided, LineOpened, RepaymentReceived
from creditline.events.parse import to_row
from creditline.facts.slices import NEVER
from creditline.service import intake
from creditline.service.intake import Imported, import_file
from creditline.store import Home
from tests.events.strategies import NOW
from tests.store.disks import grow, small_disk

HOUR = 3_600_000_000
OPENED = {"id": "e0", "line": "L1", "kind": "line.opened", "happened_at": "2026-03-01T09:00:00+08:00", "limit": "500"}
DRAW = {"id": "e1", "line": "L1", "kind": "draw.booked", "happened_at": "2026-03-01T09:30:00+08:00", "amount": "12.5"}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home.open(tmp_path / "home") as opened:
        yield opened


def _ndjson(folder: Path, *rows: object, name: str = "in.ndjson") -> Path:
    path = folder / name
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def _rejects(imported: Imported) -> list[dict[str, object]]:
    assert imported.rejects_path is not None
    return [json.loads(line) for line in imported.rejects_path.read_text().splitlines()]


def _history(lines: int, draws: int = 10) -> list[Event]:
    """Lines with many ties, their rows in no order."""
    chance = random.Random(1)
    events = []
    for line in range(lines):
        at = 10**15 + line * HOUR
        events.append(Event("e0", f"line-{line}", at, at, LineOpened(limit=100_000)))
        for number in range(1, draws):
            when = at + chance.randrange(4) * HOUR
            body = DrawBooked(amount=number) if number % 2 else RepaymentReceived(amount=number, principal=0)
            events.append(Event(f"e{number}", f"line-{line}", when, when + HOUR * chance.randrange(2), body))
    chance.shuffle(events)
    return events


def _log(home: Home) -> set[tuple[object, ...]]:
    """The log without positions."""
    query = (
        "SELECT l.id, e.at, e.known, e.kind, e.id, hex(e.digest), e.payload, e.stated_at, e.stated_known"
        " FROM events e JOIN lines l ON l.number = e.line"
    )
    with home._engine.connect() as connection:
        rows = [tuple(row) for row in connection.exec_driver_sql(query)]
    assert len(rows) == len(set(rows))
    return set(rows)


@pytest.mark.parametrize(
    ("bad", "field", "reason", "remedy"),
    [
        ("{oops", "", "malformed JSON", "one JSON object a line"),
        (DRAW | {"kind": "draw.boked"}, ", kind", "is no kind", "did you mean draw.booked?"),
        ({k: v for k, v in DRAW.items() if k != "amount"}, ", amount", "is missing", "give amount"),
        (DRAW | {"amount": "-1"}, ", amount", "is not allowed", "from 0.01"),
        (DRAW | {"amount": 92233720368547758080}, ", amount", "is too large", "at most"),
        ('{"id":"e1","line":"L1","kind":"draw.booked","happened_at":"2026-03-01T09:30:00Z","amount":1e400}',
         ", amount", "is too large", "at most"),
        (DRAW | {"happened_at": "2100-01-01T00:00:00Z"}, ", happened_at", "future", "once it has happened"),
        (DRAW | {"happened_at": "2026-03-01T09:30:00"}, ", happened_at", "offset", "+08:00"),
        (DRAW | {"line": "L9"}, ", line", "is not known", "send application.received or line.opened"),
        (OPENED | {"limit": "501"}, ", id", "other content", "new id"),
        (DRAW | {"kind": "event.voided", "amount": None, "event": "e7", "reason": "x"},
         ", event", "no event", "name an"),
    ],
)  # fmt: skip
def test_a_bad_row_is_told_and_the_rest_goes_in(
    home: Home, tmp_path: Path, bad: object, field: str, reason: str, remedy: str
) -> None:
    path = _ndjson(tmp_path, OPENED, bad, DRAW | {"id": "e2"})
    imported = import_file(home, path, now=NOW)
    assert (imported.accepted, imported.duplicates, imported.rejected) == (2, 0, 1)
    (told,) = _rejects(imported)
    assert told["place"] == f"in.ndjson:2{field}"
    assert reason in str(told["reason"])
    assert remedy in str(told["remedy"])
    assert set(told) == {"place", "value", "reason", "remedy", "row"}
    assert told["row"] == bad or isinstance(bad, str)
    assert [event.id for event in home.events()] == ["e0", "e2"]


def test_running_it_again_counts_duplicates_and_writes_the_same_rejects_file(home: Home, tmp_path: Path) -> None:
    path = _ndjson(tmp_path, OPENED, DRAW, "{oops")
    first = import_file(home, path, now=NOW)
    second = import_file(home, path, now=NOW)
    assert (first.accepted, second.accepted, second.duplicates, second.rejected) == (2, 0, 2, 1)
    assert first.rejects_path == second.rejects_path
    assert len(list((home.path / "rejects").iterdir())) == 1


def test_a_rejects_file_goes_once_nothing_is_rejected(home: Home, tmp_path: Path) -> None:
    path = _ndjson(tmp_path, DRAW)
    assert import_file(home, path, now=NOW).rejected == 1
    import_file(home, _ndjson(tmp_path, OPENED, name="first.ndjson"), now=NOW)
    assert import_file(home, path, now=NOW) == Imported(1, 0, 0, None)
    assert list((home.path / "rejects").iterdir()) == []


def test_the_first_row_of_an_id_stands_and_the_second_is_told(home: Home, tmp_path: Path) -> None:
    earlier = DRAW | {"amount": "99", "happened_at": "2026-02-01T00:00:00Z"}
    imported = import_file(home, _ndjson(tmp_path, DRAW, earlier, OPENED), now=NOW)
    assert (imported.accepted, [told["place"] for told in _rejects(imported)]) == (2, ["in.ndjson:2, id"])
    assert [event.body for event in home.events()][1] == DrawBooked(1_250)


def test_voiding_a_wrong_event_is_an_event(home: Home, tmp_path: Path) -> None:
    void = {"id": "v", "line": "L1", "kind": "event.voided", "happened_at": "2026-03-02T00:00:00Z"}
    path = _ndjson(tmp_path, void | {"event": "e1", "reason": "booked twice"}, DRAW, OPENED)
    assert import_file(home, path, now=NOW).accepted == 3
    slices = home.slices()
    known, until = (
        dict(zip(slices.ids or (), column.tolist(), strict=True)) for column in (slices.known, slices.until)
    )
    assert {name: end for name, end in until.items() if end != NEVER} == {"e1": known["v"]}
    assert [event.body for event in home.events()][-1] == EventVoided("e1", "booked twice")


def test_the_order_of_rows_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "BATCH", 50)
    rows = [to_row(event) for event in _history(30)]
    logs = []
    for name, order in (("a", rows), ("b", rows[::-1]), ("c", sorted(rows, key=lambda row: str(row["happened_at"])))):
        with Home.open(tmp_path / name) as home:
            assert import_file(home, _ndjson(tmp_path, *order), now=NOW).accepted == 300
            logs.append(_log(home))
    assert logs[0] == logs[1] == logs[2]


def test_all_formats_give_the_same_log(tmp_path: Path) -> None:
    rows = [to_row(event) for event in _history(5)]
    columns = list({name: None for row in rows for name in row})
    with (tmp_path / "in.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    pq.write_table(pa.table({name: [row.get(name) for row in rows] for name in columns}), tmp_path / "in.parquet")
    _ndjson(tmp_path, *rows)
    logs = []
    for suffix in ("ndjson", "csv", "parquet"):
        with Home.open(tmp_path / suffix) as home:
            assert import_file(home, tmp_path / f"in.{suffix}", now=NOW) == Imported(50, 0, 0, None)
            logs.append(_log(home))
    assert logs[0] == logs[1] == logs[2]


def test_a_file_cut_in_the_middle_gives_its_whole_rows_and_is_completed_later(home: Home, tmp_path: Path) -> None:
    path = _ndjson(tmp_path, *(to_row(event) for event in sorted(_history(5), key=lambda e: (e.line, e.at))))
    whole = path.read_text()
    path.write_text(whole[: len(whole) // 2])
    cut = import_file(home, path, now=NOW)
    assert (cut.rejected, "cut" in str(_rejects(cut)[0]["remedy"])) == (1, True)
    path.write_text(whole)
    again = import_file(home, path, now=NOW)
    assert (again.accepted, again.duplicates, again.rejected) == (50 - cut.accepted, cut.accepted, 0)


def test_an_empty_file_is_refused(home: Home, tmp_path: Path) -> None:
    with pytest.raises(CreditlineError, match="is an empty file"):
        import_file(home, _ndjson(tmp_path), now=NOW)


def test_progress_is_told_to_the_end(home: Home, tmp_path: Path) -> None:
    path = _ndjson(tmp_path, OPENED, DRAW)
    told: list[tuple[str, int, int]] = []
    import_file(home, path, now=NOW, progress=lambda *step: told.append(step))
    size = path.stat().st_size
    assert [step for step in told if step[1] == step[2]] == [("read", size, size), ("write", 2, 2)]


def test_a_full_disk_keeps_whole_batches_and_a_second_run_completes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "BATCH", 2_000)
    path = _ndjson(tmp_path, *(to_row(event) for event in _history(1_500)))
    with small_disk(tmp_path / "disk", 2) as disk, Home.open(disk) as home:
        with pytest.raises(CreditlineError, match="free space"):
            import_file(home, path, now=NOW)
        kept = home.position()
        assert (kept > 0, kept % 2_000) == (True, 0)
        grow(disk, 64)
        assert import_file(home, path, now=NOW) == Imported(15_000 - kept, kept, 0, None)
        full = _log(home)
    with Home.open(tmp_path / "other") as other:
        import_file(other, path, now=NOW)
        assert _log(other) == full
