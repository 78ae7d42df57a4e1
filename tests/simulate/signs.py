"""What each trigger would have to see, counted plainly over one line's events; written apart from any policy."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from creditline.events.event import Event

DAY = 86_400_000_000
HOUR = 3_600_000_000

Sign = Callable[[list[Event]], bool]


def of(events: list[Event], kind: str) -> list[Any]:
    """Bodies of all events of a kind, in order."""
    return [event.body for event in events if event.kind == kind]


def any_of(kind: str, holds: Callable[[Any], bool]) -> Sign:
    """Whether one event of the kind holds."""
    return lambda events: any(holds(body) for body in of(events, kind))


def most_within(events: list[Event], kind: str, span: int) -> int:
    """The largest number of events of a kind within a span of time."""
    moments = [event.at for event in events if event.kind == kind]
    return max((sum(0 <= at - start < span for at in moments) for start in moments), default=0)


def follows(events: list[Event], first: str, then: str, span: int) -> int:
    """How many events of ``then`` come within a span after one of ``first``."""
    starts = [event.at for event in events if event.kind == first]
    return sum(any(0 < event.at - at < span for at in starts) for event in events if event.kind == then)


def falling(values: list[int], steps: int) -> bool:
    """Whether the values fall so many times in a row."""
    return any(all(a > b for a, b in itertools.pairwise(run)) for run in _runs(values, steps + 1))


def drawn_out_of_proportion(events: list[Event]) -> bool:
    """Draws of some 90 days beyond four months of what came in in the same days."""
    for end in [event.at for event in events if event.kind == "draw.booked"]:
        near = [event for event in events if end - 90 * DAY < event.at <= end]
        drawn = sum(body.amount for body in of(near, "draw.booked"))
        came = sum(body.amount for body in of(near, "income.received"))
        if drawn * 3 > 4 * came > 0:
            return True
    return False


def longest_silence(events: list[Event], kind: str) -> int:
    """The longest time between two events of a kind, the line's last event ending the last one."""
    moments = [event.at for event in events if event.kind == kind] + [events[-1].at]
    return max(b - a for a, b in itertools.pairwise(moments))


def many_mild_signs(events: list[Event]) -> bool:
    """Four lenders, a middling score and some days late, all on one line."""
    return (
        any_of("bureau.reported", lambda body: body.lenders_with_balance >= 4)(events)
        and any_of("score.reported", lambda body: body.score < 640)(events)
        and any_of("arrears.changed", lambda body: body.days_past_due > 0)(events)
    )


def _runs(values: list[int], length: int) -> list[list[int]]:
    return [values[start : start + length] for start in range(len(values) - length + 1)]


SIGNS: dict[str, Sign] = {
    "T01": any_of("arrears.changed", lambda body: body.days_past_due >= 3),
    "T02": any_of("bureau.reported", lambda body: body.days_past_due > 0),
    "T03": any_of("bureau.reported", lambda body: body.lenders_with_balance >= 5),
    "T04": lambda events: follows(events, "repayment.received", "draw.booked", 48 * HOUR) >= 6,
    "T05": lambda events: most_within(events, "draw.booked", 3 * DAY) >= 4,
    "T06": lambda events: follows(events, "draw.booked", "repayment.received", 72 * HOUR) >= 5,
    "T07": drawn_out_of_proportion,
    "T08": lambda events: (
        bool(of(events, "ring.found")) or follows(events, "draw.booked", "transfer.sent", 24 * HOUR) >= 3
    ),
    "T09": lambda events: falling([body.score for body in of(events, "score.reported")], 4),
    "T10": many_mild_signs,
    "T11": lambda events: longest_silence(events, "profile.updated") > 365 * DAY,
    "T12": any_of("profile.updated", lambda body: body.employment == "unemployed"),
    "T13": any_of("spending.observed", lambda body: body.category in {"luxury", "gambling"}),
    "T14": lambda events: len(of(events, "application.received")) >= 3,
    "T15": any_of("purpose.checked", lambda body: body.result == "mismatched"),
    "T16": any_of("tie.found", lambda body: body.risk in {"high", "sanctioned"}),
    "T17": any_of("news.published", lambda body: body.severity == "severe"),
    "T18": lambda events: sum(body.new_device for body in of(events, "login.recorded")) >= 4,
    "T19": lambda events: bool(of(events, "suspension.announced")),
    "T20": lambda events: bool(of(events, "incident.declared")) and bool(of(events, "event.voided")),
    "T21": lambda events: bool(of(events, "fraud.confirmed")),
}
