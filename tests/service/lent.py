"""Lines to lend on, for tests: opened by a decision recorded in the home, with products published in it."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from datetime import date

from creditline.clock import DAY, HOUR
from creditline.events.event import Event
from creditline.events.kinds import ApplicationReceived, EventVoided, PartyIdentified
from creditline.lending.derived import DERIVED
from creditline.lending.operations import local_day
from creditline.lending.product import load_product, read_product
from creditline.lending.terms import date_of, day_number
from creditline.lines.decision import Action, Decision, Status
from creditline.service.lending import publish_product
from creditline.store import Home

OFFSET = 8 * HOUR
LIMIT = 5_000_000
"""50,000.00, minor units."""

PRODUCT = "consumer-instalment"


def day_of(text: str) -> int:
    """The number of a day."""
    return day_number(date.fromisoformat(text))


def moment(day: str | int, hour: int = 10) -> int:
    """An hour of a local day."""
    number = day_of(day) if isinstance(day, str) else day
    return number * DAY - OFFSET + hour * HOUR


OPENED = moment("2026-01-02", 9)


def decide(
    home: Home, line: str, status: Status = "open", limit: int = LIMIT, at: int = OPENED, rate: int | None = None
) -> None:
    """Put one more decision on a line."""
    made = home.decisions(line)
    before: Status = made[-1].status if made else "applied"
    action: Action = "close" if status == "closed" else "open"
    decision = Decision(
        line, at, len(made), action, before, status, 0, limit, 700, (), "none", home.position(), None, {}, rate=rate
    )
    home.record([*made, decision])


def open_line(home: Home, line: str = "A1", limit: int = LIMIT, *, rate: int | None = None) -> str:
    """A person's line, open since 2 January 2026."""
    home.append(
        [
            Event("apply", line, OPENED - HOUR, OPENED - HOUR, ApplicationReceived(amount=limit)),
            Event("who", line, OPENED - 2, OPENED - 2, PartyIdentified(party_type="person", verified=True)),
        ]
    )
    decide(home, line, limit=limit, rate=rate)
    return line


def publish(home: Home, name: str = PRODUCT, *, title: str | None = None, **changed: str) -> str:
    """Publish a shipped product, top-level keys of its file changed and under another title; its reference."""
    product = load_product(name)
    if changed or title:
        text = product.text
        for key, value in (({"product": title} if title else {}) | changed).items():
            text, found = re.subn(rf"^{key}:.*$", f"{key}: {value}", text, count=1, flags=re.MULTILINE)
            assert found == 1, key
        product = read_product(text)
    return publish_product(home, product, now=OPENED)


def bytes_of(home: Home) -> str:
    """A hash over everything the home's database holds."""
    with sqlite3.connect(home.path / "creditline.db") as raw:
        return hashlib.sha256("\n".join(raw.iterdump()).encode()).hexdigest()


def told(home: Home, line: str = "A1") -> list[tuple[str, str, str]]:
    """What stands in the log of what the core derives: day, kind and content, sorted."""
    events = list(home.events(line))
    voided = {event.body.event for event in events if isinstance(event.body, EventVoided)}
    standing = [event for event in events if isinstance(event.body, DERIVED) and event.id not in voided]
    return sorted((str(date_of(local_day(each.at, OFFSET))), each.kind, _said(each)) for each in standing)


def arrears(home: Home, line: str = "A1") -> list[tuple[str, str]]:
    """Days and arrears as the log tells them."""
    return [(day, said) for day, kind, said in told(home, line) if kind == "arrears.changed"]


def _said(event: Event) -> str:
    return " ".join(str(getattr(event.body, name)) for name in event.body.__struct_fields__)
