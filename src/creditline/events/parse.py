"""Rows into events and back. A row is flat: id, line, kind, happened_at, known_at, then the kind's fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

import msgspec

from creditline.clock import format_moment, parse_moment
from creditline.errors import CreditlineError
from creditline.events.canonical import SPECS, canonical, digest
from creditline.events.event import Event
from creditline.events.kinds import KINDS, FieldSpec, Kind, KindSpec
from creditline.events.rejects import Rejected
from creditline.money import format_minor, parse_minor

ENVELOPE = ("id", "line", "kind", "happened_at", "known_at")
"""Columns every row has beside its kind's own; known_at may be left out."""

NAME_MAX = 200
"""Most characters in the id of an event or line."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_FLAGS = {"true": True, "false": False, "1": True, "0": False}


def parse_row(raw: Mapping[str, object], *, now: int, place: str = "row") -> Event:
    """The event a row tells of; ``now`` is the present moment in microseconds, ``place`` the file and row.

    Raises Rejected with place (file, row and field), value and remedy. None and empty text mean a field is absent.
    """
    said = {name: value for name, value in raw.items() if value is not None and value != ""}
    try:
        spec = _spec(said)
        at = _moment("happened_at", _needed(said, "happened_at"))
        known = _moment("known_at", said["known_at"]) if "known_at" in said else at
        _check_times(said, at, known, now)
        return Event(_name(said, "id"), _name(said, "line"), at, known, _body(spec, said))
    except Rejected as error:
        raise Rejected(f"{place}, {error.place}", error.value, error.remedy, error.problem) from None


def to_row(event: Event) -> dict[str, str | int | bool]:
    """The row that tells of the event: money and moments as text, what is NULL left out. The reverse of parse_row."""
    spec = SPECS[type(event.body)]
    row: dict[str, str | int | bool] = {
        "id": event.id,
        "line": event.line,
        "kind": spec.name,
        "happened_at": format_moment(event.at),
    }
    if event.known != event.at:
        row["known_at"] = format_moment(event.known)
    for field in spec.fields.values():
        value = getattr(event.body, field.name)
        if value is not None:
            row[field.name] = _WRITERS[field.unit](value) if field.unit in _WRITERS else value
    return row


def _spec(said: Mapping[str, object]) -> KindSpec:
    name = _needed(said, "kind")
    spec = KINDS.get(name) if isinstance(name, str) else None
    if spec is None:
        raise Rejected(
            "kind",
            name,
            f"{_suggestion(str(name), KINDS)}list them with `creditline events kinds`",
            "is no kind of event",
        )
    return spec


def _needed(said: Mapping[str, object], name: str) -> object:
    if name not in said:
        raise Rejected(name, None, f"give {name}", "is missing")
    return said[name]


def _name(said: Mapping[str, object], field: str) -> str:
    """The id of the event or of the line: short text without control characters; a whole number is its digits."""
    value = _text(field, _needed(said, field))
    if len(value) > NAME_MAX or _CONTROL.search(value) or value != value.strip():
        remedy = f"give at most {NAME_MAX} characters, no control characters, no blanks at the ends"
        raise Rejected(field, value, remedy, "cannot be an id")
    return value


def _check_times(said: Mapping[str, object], at: int, known: int, now: int) -> None:
    if at > now:
        raise Rejected("happened_at", said["happened_at"], "send it once it has happened", "lies in the future")
    if known > now:
        raise Rejected("known_at", said["known_at"], "send it once it is known", "lies in the future")
    if known < at:
        raise Rejected("known_at", said["known_at"], "give happened_at or later", "lies before happened_at")


def _body(spec: KindSpec, said: dict[str, object]) -> Kind:
    """The kind's struct, each field read by its unit and held to its bounds."""
    body: dict[str, object] = {}
    for name, value in said.items():
        field = spec.fields.get(name)
        if field is not None:
            body[name] = _READERS[field.unit](name, value)
        elif name not in ENVELOPE:
            remedy = f"{_suggestion(name, spec.fields)}{spec.name} has: {', '.join(spec.fields) or 'no fields'}"
            raise Rejected(name, value, remedy, f"is no field of {spec.name}")
    try:
        return msgspec.convert(body, spec.struct)
    except msgspec.ValidationError as error:
        raise _explained(spec, body, said, error) from None


def _explained(
    spec: KindSpec, body: Mapping[str, Any], said: Mapping[str, object], error: msgspec.ValidationError
) -> Rejected:
    """Which field is at fault and what would be right, in the units the row was written in."""
    for field in spec.fields.values():
        value = body.get(field.name)
        if value is None:
            if _has_no_default(spec, field):
                return Rejected(field.name, None, f"give {field.name}: {describe(field)}", "is missing")
        elif not _within(field, value):
            hint = _suggestion(str(value), field.choices) if field.choices else ""
            return Rejected(field.name, said[field.name], f"{hint}give {describe(field)}", "is not allowed")
    return Rejected(spec.name, str(error), "list them with `creditline events kinds`", "is not valid")


def _has_no_default(spec: KindSpec, field: FieldSpec) -> bool:
    return msgspec.structs.fields(spec.struct)[field.slot].required


def _within(field: FieldSpec, value: Any) -> bool:
    if field.unit == "choice":
        return value in field.choices
    if field.unit == "text":
        return len(value) <= NAME_MAX
    above = field.minimum is None or value >= field.minimum
    return above and (field.maximum is None or value <= field.maximum)


def describe(field: FieldSpec) -> str:
    """What may stand in a field, in the units of a row: ``an amount from 0.01 to 10000000000000.00``."""
    if field.unit == "money":
        return f"an amount from {format_minor(field.minimum or 0)} to {format_minor(field.maximum or 0)}"
    if field.unit == "choice":
        return f"one of {', '.join(field.choices)}"
    if field.unit in _DESCRIBED:
        return _DESCRIBED[field.unit]
    return f"a whole number from {field.minimum} to {field.maximum}"


def _suggestion(value: str, names: Any) -> str:
    close = get_close_matches(value, list(names), n=1, cutoff=0.6)
    return f"did you mean {close[0]}? " if close else ""


def _money(name: str, value: Any) -> int:
    return _by(parse_minor, name, value)


def _moment(name: str, value: Any) -> int:
    if isinstance(value, datetime):
        value = value.isoformat()
    if not isinstance(value, str):
        raise Rejected(name, value, "write it like 2026-03-01T09:30:00+08:00", "is not a moment")
    return _by(parse_moment, name, value)


def _by(read: Callable[[Any], int], name: str, value: Any) -> int:
    try:
        return read(value)
    except CreditlineError as error:
        raise Rejected(name, value, error.remedy, error.problem) from None


def _whole(name: str, value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    # Small first: 1E+999999 written out would be a million digits.
    if isinstance(value, Decimal) and value.is_finite() and abs(value) < 10**18 and value == int(value):
        return int(value)
    raise Rejected(name, value, "give a whole number", "is not a whole number")


def _flag(name: str, value: Any) -> bool:
    flag = _FLAGS.get(str(value).lower())
    if flag is None:
        raise Rejected(name, value, "give true or false", "is no flag")
    return flag


def _text(name: str, value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise Rejected(name, value, "give text", "is not text")
    return value


_READERS: dict[str, Callable[[str, Any], Any]] = {
    "money": _money, "moment": _moment, "flag": _flag, "choice": _text, "text": _text,
    "count": _whole, "days": _whole, "months": _whole, "score": _whole, "hour": _whole,
}  # fmt: skip
_WRITERS: dict[str, Callable[[Any], str]] = {"money": format_minor, "moment": format_moment}
_DESCRIBED = {
    "moment": "a moment with its offset, like 2026-03-01T09:30:00+08:00",
    "flag": "true or false",
    "text": f"text of 1 to {NAME_MAX} characters",
}

__all__ = ["ENVELOPE", "Rejected", "canonical", "describe", "digest", "parse_row", "to_row"]
