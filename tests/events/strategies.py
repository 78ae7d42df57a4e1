"""Events of every kind, drawn from the registry."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st

from creditline.events.event import Event
from creditline.events.kinds import KINDS, FieldSpec, Kind, KindSpec

NOW = 1_800_000_000_000_000
"""The present of all tests, microseconds: January 2027."""

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
NAMES = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=8)
MOMENTS = st.integers(NOW - 50, NOW) | st.integers(0, NOW)


def value(field: FieldSpec) -> st.SearchStrategy[Any]:
    """What may stand in a field, its bounds included."""
    if field.unit == "choice":
        return st.sampled_from(field.choices)
    if field.unit == "text":
        return TEXTS
    if field.unit == "flag":
        return st.booleans()
    if field.unit == "moment":
        return MOMENTS
    return st.sampled_from([field.minimum, field.maximum]) | st.integers(field.minimum, field.maximum)


@st.composite
def bodies(draw: st.DrawFn, spec: KindSpec) -> Kind:
    """A body of one kind; fields with a default are said or not."""
    said = {}
    for info in msgspec.structs.fields(spec.struct):
        if info.required or draw(st.booleans()):
            said[info.name] = draw(value(spec.fields[info.name]))
    return spec.struct(**said)


ALL_BODIES = st.sampled_from([spec for spec in KINDS.values() if spec.name != "event.voided"]).flatmap(bodies)


@st.composite
def logs(draw: st.DrawFn) -> list[Event]:
    """Events of a few lines, each line begun, ids unique within a line, ties likely, some events voided."""
    events: list[Event] = []
    for line in draw(st.lists(NAMES, min_size=1, max_size=3, unique=True)):
        ids = draw(st.lists(NAMES, min_size=1, max_size=12, unique=True))
        for number, name in enumerate(ids):
            at = draw(MOMENTS)
            known = draw(st.just(at) | st.integers(at, NOW))
            events.append(Event(name, line, at, known, _body(draw, number, ids, events)))
    return events


def _body(draw: st.DrawFn, number: int, ids: list[str], events: list[Event]) -> Kind:
    if number == 0:
        beginnings = [spec for spec in KINDS.values() if spec.struct.begins_line]
        return draw(st.sampled_from(beginnings).flatmap(bodies))
    target = draw(st.none() | st.none() | st.sampled_from(ids[:number]))
    if target is None or any(e.id == target and e.kind == "event.voided" for e in events[-number:]):
        return draw(ALL_BODIES)
    return KINDS["event.voided"].struct(event=target, reason="wrong")
