"""Every moment at which anything could change by itself: all candidates, needed or not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from creditline.events.event import Event

from . import clock, visibility
from .clock import Policy
from .measure import counted, operator
from .state import State


def windows(policy: Policy) -> list[int]:
    """All lengths of windows in microseconds, calendar months aside."""
    texts = [
        spec[key] for spec in policy["facts"].values() for key in ("window", "no_older_than", "within") if key in spec
    ]
    return [clock.duration(text) for text in texts if clock.months(text) is None]


def fixed_moments(policy: Policy, events: Sequence[Event], until: int) -> set[int]:
    """The candidates that follow from the events alone."""
    if not events:
        return set()
    start = min(event.at for event in events)
    moments = {visibility.known_at(event) for event in events}
    moments |= {event.at + window for event in events for window in windows(policy)}
    months = range(clock.month_of(policy, start), clock.month_of(policy, until) + 1)
    moments |= {clock.month_start(policy, month) for month in months}
    for spec in policy["facts"].values():
        if operator(spec) == "age":
            unit = clock.HOUR if spec.get("unit") == "hour" else clock.DAY
            kind = counted(spec)[0]
            moments |= {m for event in events if event.kind == kind for m in range(event.at, until + 1, unit)}
    # Consents, blocks and overrides expire.
    ends = [getattr(event.body, "expires_at", None) for event in events]
    moments |= {end for end in ends if end is not None}
    return {moment for moment in moments if start <= moment <= until}


def due_moments(policy: Policy, state: State, until: int) -> Iterable[int]:
    """The candidates that follow from the state of the line."""
    yield state.cooling_until
    yield state.probation_until
    for rule in policy.get("rules", []):
        if "not_within" in rule:
            yield state.limit_since + clock.duration(rule["not_within"])
    if "days_in_status" in str(policy):
        yield from range(state.since, until + 1, clock.DAY)
