"""What is seen of a line at a moment: its events, the consents, incidents, blocks and overrides that stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from creditline.events.event import Event
from creditline.events.kinds import KINDS

from .clock import Policy

FREEZE, CLOSE = 1, 2


def known_at(event: Event) -> int:
    """Moment an event became known, never before it happened."""
    return max(event.known, event.at)


def says(event: Event, field: str) -> Any:
    """What an event says in one field."""
    return getattr(event.body, field)


def visible(events: Sequence[Event], t: int) -> list[Event]:
    """The events seen at ``t``, in order of when they happened. A void counts even if it is voided itself."""
    voided = {
        says(event, "event")
        for event in events
        if event.kind == "event.voided" and known_at(event) <= t and says(event, "event") != event.id
    }
    seen = [event for event in events if event.at <= t and known_at(event) <= t and event.id not in voided]
    return sorted(seen, key=lambda event: event.at)


def of(seen: Sequence[Event], *kinds: str, **fields: object) -> list[Event]:
    """Those of certain kinds whose fields say certain things."""
    return [
        event
        for event in seen
        if event.kind in kinds and all(says(event, name) == value for name, value in fields.items())
    ]


def _latest_is(events: Sequence[Event], kind: str) -> bool:
    return bool(events) and events[-1].kind == kind


def readable(policy: Policy, seen: Sequence[Event], source: str, t: int) -> bool:
    """Whether data of a source may be read: it needs no consent, or one stands."""
    if source not in policy.get("consents", []):
        return True
    said = of(seen, "consent.given", "consent.withdrawn", data_source=source)
    return _latest_is(said, "consent.given") and _lasts(said[-1], t)


def _lasts(event: Event, t: int) -> bool:
    expires_at = says(event, "expires_at")
    return expires_at is None or expires_at > t


def suspended(seen: Sequence[Event]) -> set[str]:
    """The sources under an incident."""
    sources = {spec.source for spec in KINDS.values()}
    said = {source: of(seen, "incident.declared", "incident.closed", data_source=source) for source in sources}
    return {source for source in sources if _latest_is(said[source], "incident.declared")}


def block(seen: Sequence[Event], t: int, *, overridable: bool) -> int:
    """Severity of the standing block of a class, 0 without one."""
    said = of(seen, "block.placed", "block.lifted", overridable=overridable)
    if not _latest_is(said, "block.placed") or not _lasts(said[-1], t):
        return 0
    return {"freeze": FREEZE, "close": CLOSE}[says(said[-1], "effect")]


def override(seen: Sequence[Event], t: int) -> bool:
    """Whether an override stands."""
    said = of(seen, "override.granted", "override.withdrawn")
    return _latest_is(said, "override.granted") and _lasts(said[-1], t)
