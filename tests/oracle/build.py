"""Short ways to write events and policies in the oracle's own tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import yaml

from creditline.events.event import Event
from creditline.events.kinds import KINDS

from .measure import facts
from .state import State

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = 3_600_000_000
DAY = 24 * HOUR

AUTHORED: dict[str, Any] = {"author": "ann", "reason": "because"}


def moment(text: str) -> int:
    """Microseconds of a UTC moment such as ``2024-03-01 00:00``."""
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)


def event(at: int, kind: str, *, known: int | None = None, name: str = "", **says: Any) -> Event:
    """One event of line L1; its id is its moment unless it is named."""
    return Event(name or f"at{at}", "L1", at, at if known is None else known, KINDS[kind].struct(**says))


def draw(at: int, amount: int = 100, **says: Any) -> Event:
    """A draw of so many minor units."""
    return event(at, "draw.booked", amount=amount, **says)


def fact(text: str, events: list[Event], t: int, state: State | None = None, **policy: Any) -> int | None:
    """The value of one fact, written as it stands in a policy."""
    full = {"facts": {"it": yaml.safe_load(text)}, **policy}
    return facts(full, events, t, state or State())["it"]
