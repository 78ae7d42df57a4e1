"""The bytes that are hashed for evidence: one encoding of an event, independent of how its row was written."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from creditline.events.event import Event
from creditline.events.kinds import KINDS, Kind, KindSpec

VERSION = b"creditline.event.1\n"
"""First bytes of every canonical encoding: what follows is read by the rules of this version."""

SPECS: dict[type[Kind], KindSpec] = {spec.struct: spec for spec in KINDS.values()}
"""All kinds by their struct."""

_NAMES: dict[type[Kind], tuple[str, ...]] = {spec.struct: tuple(spec.fields) for spec in KINDS.values()}
_FLAGS: dict[type[Kind], tuple[str, ...]] = {
    spec.struct: tuple(field.name for field in spec.fields.values() if field.unit == "flag") for spec in KINDS.values()
}
# Keys sorted, no blanks, text as UTF-8 with the fewest escapes: for ints and text this is RFC 8785.
_encode = msgspec.json.Encoder(order="sorted").encode


def payload(body: Kind) -> bytes:
    """What the event says as canonical JSON: minor units, microseconds, flags as 0 or 1, nothing for NULL."""
    struct = type(body)
    said: dict[str, Any] = {}
    for name in _NAMES[struct]:
        value = getattr(body, name)
        if value is not None:
            said[name] = value
    for name in _FLAGS[struct]:
        said[name] = int(said[name])
    return _encode(said)


def sealed(event: Event) -> tuple[bytes, bytes]:
    """The event's payload and the SHA-256 over its canonical encoding."""
    body = payload(event.body)
    return body, hashlib.sha256(_wrapped(event, body)).digest()


def canonical(event: Event) -> bytes:
    """The versioned canonical encoding of an event, over its times as stated."""
    return _wrapped(event, payload(event.body))


def digest(event: Event) -> bytes:
    """SHA-256 of the canonical encoding, 32 bytes."""
    return hashlib.sha256(canonical(event)).digest()


def body_of(spec: KindSpec, text: str | bytes) -> Kind:
    """Read a payload back into the kind's struct."""
    # Not strict, because flags are kept as 0 and 1.
    return msgspec.json.decode(text, type=spec.struct, strict=False)


def _wrapped(event: Event, body: bytes) -> bytes:
    envelope = {
        "at": event.at,
        "body": msgspec.Raw(body),
        "id": event.id,
        "kind": SPECS[type(event.body)].name,
        "known": event.known,
        "line": event.line,
    }
    return VERSION + _encode(envelope)


__all__ = ["SPECS", "VERSION", "body_of", "canonical", "digest", "payload", "sealed"]
