"""Rows into events and back; every way a row can be wrong is told with place, value and remedy."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditline.events.event import Event
from creditline.events.kinds import DrawBooked, LoginRecorded, RepaymentReceived
from creditline.events.parse import Rejected, digest, parse_row, to_row
from tests.events.strategies import NOW, logs

DRAW: dict[str, object] = {
    "id": "e1", "line": "L1", "kind": "draw.booked", "happened_at": "2026-03-01T09:30:00+08:00", "amount": "1200.00",
}  # fmt: skip
AT = 1_772_328_600_000_000


def test_a_row_becomes_an_event() -> None:
    row = DRAW | {"purpose": "daily", "known_at": "2026-03-01T09:30:01Z"}
    known = AT + (8 * 3600 + 1) * 1_000_000
    assert parse_row(row, now=NOW) == Event("e1", "L1", AT, known, DrawBooked(120_000, "daily"))


@pytest.mark.parametrize("amount", ["1200.00", "1200", "1,200.00", 1200, Decimal("1200.0")])
def test_money_is_read_exactly_from_text_and_numbers(amount: object) -> None:
    assert parse_row(DRAW | {"amount": amount}, now=NOW).body == DrawBooked(120_000)


def test_without_known_at_it_was_known_when_it_happened() -> None:
    event = parse_row(DRAW, now=NOW)
    assert (event.at, event.known) == (AT, AT)


def test_empty_cells_and_nulls_are_absent() -> None:
    event = parse_row(DRAW | {"purpose": "", "counterparty": None, "days_late": "", "known_at": ""}, now=NOW)
    assert event.body == DrawBooked(120_000)


def test_the_order_of_columns_does_not_change_the_digest() -> None:
    backwards = dict(reversed(DRAW.items()))
    assert digest(parse_row(DRAW, now=NOW)) == digest(parse_row(backwards, now=NOW))


def test_a_moment_from_parquet_is_read() -> None:
    assert parse_row(DRAW | {"happened_at": datetime(2026, 3, 1, 1, 30, tzinfo=UTC)}, now=NOW).at == AT


def test_a_moment_from_parquet_without_a_zone_is_refused() -> None:
    with pytest.raises(Rejected, match="does not say its offset"):
        parse_row(DRAW | {"happened_at": datetime(2026, 3, 1)}, now=NOW)  # noqa: DTZ001


def test_flags_and_whole_numbers_are_read_from_text() -> None:
    row = {**DRAW, "kind": "login.recorded", "device": "d", "local_hour": "3", "new_device": "True"}
    del row["amount"]
    assert parse_row(row, now=NOW).body == LoginRecorded(device="d", local_hour=3, new_device=True)


@pytest.mark.parametrize(
    ("change", "place", "problem", "remedy"),
    [
        ({"kind": "draw.boked"}, "kind", "is no kind", "did you mean draw.booked?"),
        ({"kind": None}, "kind", "is missing", "give kind"),
        ({"kind": 7}, "kind", "is no kind", "events kinds"),
        ({"amount": None}, "amount", "is missing", "an amount from 0.01"),
        ({"amount": "-5.00"}, "amount", "is not allowed", "an amount from 0.01"),
        ({"amount": "0"}, "amount", "is not allowed", "an amount from 0.01"),
        ({"amount": "92233720368547758.08"}, "amount", "is too large", "at most 10,000,000,000,000.00"),
        ({"amount": 10**30}, "amount", "is too large", "at most"),
        ({"amount": Decimal("1E+999999")}, "amount", "is too large", "at most"),
        ({"amount": "12.345"}, "amount", "more than 2 decimals", "round"),
        ({"amount": "twelve"}, "amount", "is not an amount", "1234.50"),
        ({"amount": 12.5}, "amount", "float", "Decimal"),
        ({"amount": True}, "amount", "bool", "whole number"),
        ({"happened_at": None}, "happened_at", "is missing", "give happened_at"),
        ({"happened_at": "2026-03-01T09:30:00"}, "happened_at", "does not say its offset", "+08:00"),
        ({"happened_at": "2026-02-30T09:30:00Z"}, "happened_at", "does not exist", "check"),
        ({"happened_at": 1772328600}, "happened_at", "is not a moment", "write it like"),
        ({"happened_at": "2099-01-01T00:00:00Z"}, "happened_at", "future", "once it has happened"),
        ({"known_at": "2099-01-01T00:00:00Z"}, "known_at", "future", "once it is known"),
        ({"known_at": "2026-02-01T00:00:00Z"}, "known_at", "before happened_at", "happened_at or later"),
        ({"purpose": "dayly"}, "purpose", "is not allowed", "did you mean daily?"),
        ({"amuont": "5"}, "amuont", "is no field of draw.booked", "did you mean amount?"),
        ({"counterparty": "x" * 201}, "counterparty", "is not allowed", "1 to 200"),
        ({"counterparty": ["x"]}, "counterparty", "is not text", "give text"),
        ({"id": None}, "id", "is missing", "give id"),
        ({"id": "a\nb"}, "id", "cannot be an id", "control characters"),
        ({"line": " L1"}, "line", "cannot be an id", "blanks"),
        ({"line": "x" * 201}, "line", "cannot be an id", "200"),
    ],
)
def test_a_wrong_row_is_told_with_place_value_and_remedy(
    change: dict[str, object], place: str, problem: str, remedy: str
) -> None:
    with pytest.raises(Rejected) as caught:
        parse_row(DRAW | change, now=NOW, place="f.ndjson:3")
    assert caught.value.place == f"f.ndjson:3, {place}"
    assert problem in caught.value.problem
    assert remedy in caught.value.remedy
    assert str(caught.value.value) == str(change[place])


@pytest.mark.parametrize("hour", ["24", "-1", "3.5", "1_0", "", True, Decimal("1E+99999"), Decimal("NaN"), "９"])
def test_an_hour_is_a_whole_number_of_the_day(hour: object) -> None:
    row = {**DRAW, "kind": "login.recorded", "device": "d", "local_hour": hour, "amount": None}
    with pytest.raises(Rejected) as caught:
        parse_row(row, now=NOW)
    assert caught.value.place == "row, local_hour"


def test_a_word_is_no_flag() -> None:
    row = DRAW | {"kind": "repayment.received", "principal": "1", "early": "maybe"}
    with pytest.raises(Rejected, match="true or false"):
        parse_row(row, now=NOW)


def test_a_default_need_not_be_given() -> None:
    row = DRAW | {"kind": "repayment.received", "principal": "1000.00"}
    assert parse_row(row, now=NOW).body == RepaymentReceived(120_000, 100_000)


@given(st.data())
def test_every_kind_goes_out_as_a_row_and_comes_back(data: st.DataObject) -> None:
    for event in data.draw(logs()):
        written = msgspec.json.decode(msgspec.json.encode(to_row(event)))
        assert parse_row(written, now=NOW) == event
        cells = {name: str(value) for name, value in to_row(event).items()}
        assert digest(parse_row(cells, now=NOW)) == digest(event)
