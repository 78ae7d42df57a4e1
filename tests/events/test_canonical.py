"""The bytes that evidence is taken over."""

from __future__ import annotations

import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from creditline.events.canonical import body_of, canonical, digest, payload
from creditline.events.event import Event
from creditline.events.kinds import KINDS, BlockPlaced, RepaymentReceived
from tests.events.strategies import logs


def test_the_encoding_is_what_the_documentation_says() -> None:
    event = Event("e1", "线-1", 5, 7, RepaymentReceived(amount=12_000, principal=10_000, early=True))
    assert canonical(event).decode() == (
        "creditline.event.1\n"
        '{"at":5,"body":{"amount":12000,"early":1,"principal":10000},"id":"e1","kind":"repayment.received",'
        '"known":7,"line":"线-1"}'
    )
    assert digest(event) == hashlib.sha256(canonical(event)).digest()


def test_what_is_not_said_is_left_out_and_defaults_are_written_out() -> None:
    body = BlockPlaced(effect="freeze", overridable=False, author="A", reason="B")
    assert payload(body) == b'{"author":"A","effect":"freeze","overridable":0,"reason":"B"}'
    assert payload(RepaymentReceived(amount=1, principal=0)) == b'{"amount":1,"early":0,"principal":0}'


@given(st.data())
def test_a_plain_json_library_writes_the_same_bytes(data: st.DataObject) -> None:
    for event in data.draw(logs()):
        version, text = canonical(event).split(b"\n", 1)
        plain = json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert (version, text) == (b"creditline.event.1", plain.encode())


@given(st.data())
def test_a_payload_is_read_back_as_the_event_it_was(data: st.DataObject) -> None:
    for event in data.draw(logs()):
        assert body_of(KINDS[event.kind], payload(event.body)) == event.body
