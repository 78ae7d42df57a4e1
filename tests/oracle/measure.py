"""Facts: each counted anew over all visible events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from creditline.events.event import Event
from creditline.events.kinds import KINDS, FieldSpec, text_code

from . import clock, exact, visibility
from .clock import Policy
from .exact import Number
from .expressions import Named, Names, Value, evaluate, is_money_written, is_true, mentioned, places
from .state import State

Spec = dict[str, Any]

OPERATORS = (
    "count", "sum", "max", "min", "last", "age", "distinct", "gap", "streak", "months", "falls", "rises", "open", "sql",
)  # fmt: skip


def operator(spec: Spec) -> str:
    """Which operator a fact is."""
    return next(name for name in OPERATORS if name in spec)


def counted(spec: Spec) -> tuple[str, str | None]:
    """The kind a fact counts and the field it takes, if it takes one."""
    named = str(spec[operator(spec)])
    return (named, None) if named in KINDS else tuple(named.rsplit(".", 1))  # type: ignore[return-value]


def on_of(spec: Spec) -> Any:
    """What stands under ``on``, which YAML 1.1 reads as true."""
    return spec.get("on", spec.get(True))  # type: ignore[call-overload]


def kinds_read(policy: Policy, name: str) -> set[str]:
    """The kinds a fact reads, through other facts too."""
    spec = policy["facts"][name]
    if operator(spec) == "sql":
        return kinds_read_by(policy, spec["sql"])
    return {counted(spec)[0]} | {spec[key] for key in ("after", "ended_by") if key in spec}


def kinds_read_by(policy: Policy, expression: object) -> set[str]:
    """The kinds an expression reads through facts and points."""
    names = mentioned(expression)
    if "points" in names:
        card = policy.get("scorecard", {})
        names |= set(card.get("facts", {}))
        names |= {pair[side]["fact"] for pair in card.get("pairs", []) for side in ("rows", "columns")}
    return {kind for name in names if name in policy["facts"] for kind in kinds_read(policy, name)}


def sources_read_by(policy: Policy, *expressions: object) -> set[str]:
    """The data sources expressions read."""
    return {KINDS[kind].source for expression in expressions for kind in kinds_read_by(policy, expression)}


# Fields


def field_places(spec: FieldSpec) -> int | None:
    """Places of a field, None if it is no number."""
    if spec.unit in ("flag", "choice", "text"):
        return None
    return 2 if spec.unit == "money" else 0


def field(event: Event, name: str) -> Value:
    """What an event says in one field."""
    value, spec = visibility.says(event, name), KINDS[event.kind].fields[name]
    if value is None or spec.unit in ("choice", "text", "flag"):
        return value  # type: ignore[no-any-return]
    return exact.money(value) if spec.unit == "money" else exact.whole(value)


def holds(event: Event, predicate: object) -> bool:
    """Whether a predicate over an event's own fields is TRUE."""
    fields = KINDS[event.kind].fields
    told = {
        name: Named(field(event, name), field_places(fields[name]), fields[name].unit == "money") for name in fields
    }
    return is_true(predicate, told)


# Which events exist for a fact


def chosen(policy: Policy, spec: Spec, seen: Sequence[Event], t: int) -> list[Event]:
    """The events that count for a fact, in order."""
    events = [event for event in seen if event.kind == counted(spec)[0]]
    if "where" in spec:
        events = [event for event in events if holds(event, spec["where"])]
    window = spec.get("window", spec.get("no_older_than"))
    if window is not None:
        events = [event for event in events if clock.in_window(policy, window, event.at, t)]
    if "within" in spec:
        events = [event for event in events if follows(spec, event, seen)]
    return events


def follows(spec: Spec, event: Event, seen: Sequence[Event]) -> bool:
    """Whether some event of the ``after`` kind lies in ``(at - within, at)``."""
    earliest = event.at - clock.duration(spec["within"])
    before = [other for other in seen if other.kind == spec["after"] and earliest < other.at < event.at]
    return any("after_where" not in spec or holds(other, spec["after_where"]) for other in before)


# Operators


def total(values: list[Number]) -> Number:
    """The sum of amounts or counts."""
    result = exact.whole(0)
    for value in values:
        result = exact.add(result, value)
    return result


def age(spec: Spec, events: list[Event], t: int) -> Value:
    """Whole days or hours since the latest event."""
    unit = clock.HOUR if spec.get("unit") == "hour" else clock.DAY
    return exact.whole((t - events[-1].at) // unit) if events else None


def gap(spec: Spec, events: list[Event]) -> Value:
    """Whole hours or days between neighbouring events."""
    unit = clock.DAY if spec.get("unit") == "day" else clock.HOUR
    gaps = [(b.at - a.at) // unit for a, b in pairwise(events)]
    if not gaps:
        return None
    return exact.whole({"min": min(gaps), "max": max(gaps), "last": gaps[-1]}[spec.get("take", "min")])


def in_a_row(said: list[bool]) -> Number:
    """How many of the latest are true without a break."""
    return exact.whole(next((n for n, yes in enumerate(reversed(said)) if not yes), len(said)))


def good_months(policy: Policy, spec: Spec, events: list[Event], t: int) -> Number:
    """Complete months in a row, ending before that of ``t``, that have events, all of which make ``holds`` TRUE."""
    month, good = clock.month_of(policy, t) - 1, 0
    while True:
        within = [event for event in events if clock.month_of(policy, event.at) == month]
        if not within or not all(holds(event, spec["holds"]) for event in within):
            return exact.whole(good)
        month, good = month - 1, good + 1


def still_open(spec: Spec, event: Event, seen: Sequence[Event]) -> bool:
    """Whether no later event of either kind ends this one. A field that says nothing equals nothing."""
    later = [other for other in seen if other.at > event.at and other.kind in (event.kind, spec.get("ended_by"))]
    if on_of(spec) is None:
        return not later
    value = field(event, on_of(spec))
    return not any(value is not None and field(other, on_of(spec)) == value for other in later)


def counted_value(policy: Policy, spec: Spec, seen: Sequence[Event], t: int) -> Value:
    """The value of any fact but an ``sql`` one, its consents aside."""
    events = chosen(policy, spec, seen, t)
    _, field_name = counted(spec)
    if field_name is not None:
        return of_values(operator(spec), [field(event, field_name) for event in events])
    by_operator: dict[str, Callable[[], Value]] = {
        "count": lambda: exact.whole(len(events)),
        "age": lambda: age(spec, events, t),
        "gap": lambda: gap(spec, events),
        "streak": lambda: in_a_row([holds(event, spec["holds"]) for event in events]),
        "months": lambda: good_months(policy, spec, events, t),
        "open": lambda: exact.whole(len([event for event in events if still_open(spec, event, seen)])),
    }
    return by_operator[operator(spec)]()


def of_values(name: str, values: list[Value]) -> Value:
    """The value of a fact over one field of the events that count."""
    said = [value for value in values if value is not None]
    numbers = [value for value in said if isinstance(value, Number)]
    by_operator: dict[str, Callable[[], Value]] = {
        "sum": lambda: total(numbers),
        "max": lambda: max(numbers, key=lambda number: number.value, default=None),
        "min": lambda: min(numbers, key=lambda number: number.value, default=None),
        "last": lambda: values[-1] if values else None,
        "distinct": lambda: exact.whole(len(set(said))),
        "falls": lambda: in_a_row([b.value < a.value for a, b in pairwise(numbers)]),
        "rises": lambda: in_a_row([b.value > a.value for a, b in pairwise(numbers)]),
    }
    return by_operator[name]()


# All facts at a moment


def attributes(seen: Sequence[Event], t: int, state: State) -> Names:
    """The line's own attributes but points."""
    applications = visibility.of(seen, "application.received")
    requested = exact.money(visibility.says(applications[-1], "amount")) if applications else None
    return {
        "limit": Named(exact.money(state.limit), 2, is_money=True),
        "status": Named(state.status, None),
        "days_in_status": Named(exact.whole((t - state.since) // clock.DAY), 0),
        "on_probation": Named(t < state.probation_until, None),
        "closings": Named(exact.whole(state.closings), 0),
        "requested": Named(requested, 2, is_money=True),
    }


def _work_out(policy: Policy, name: str, seen: Sequence[Event], t: int, names: Names) -> None:
    """Add one fact to the names, the facts it reads before it. OverflowError names the fact."""
    spec = policy["facts"][name]
    for other in mentioned(spec["sql"]) & set(policy["facts"]) - set(names) if operator(spec) == "sql" else ():
        _work_out(policy, other, seen, t, names)
    try:
        names[name] = _fact(policy, name, seen, t, names)
    except OverflowError as error:
        raise OverflowError(f"fact {name}: {error}") from error


def _fact(policy: Policy, name: str, seen: Sequence[Event], t: int, names: Names) -> Named:
    """One fact, those it reads being among the names."""
    spec = policy["facts"][name]
    if operator(spec) == "sql":
        return Named(evaluate(spec["sql"], names), places(spec["sql"], names), is_money_written(spec["sql"], names))
    kind, field_name = counted(spec)
    takes_field = operator(spec) in ("sum", "max", "min", "last")
    of_field = field_places(KINDS[kind].fields[field_name]) if takes_field and field_name else 0
    if not all(visibility.readable(policy, seen, KINDS[read].source, t) for read in kinds_read(policy, name)):
        return Named(None, of_field, is_money=of_field == exact.MONEY_PLACES)
    value = counted_value(policy, spec, seen, t)
    # An empty sum is 0 of the field's unit, not a bare 0.
    value = Number(value.value, of_field) if isinstance(value, Number) and of_field else value
    return Named(value, of_field, is_money=of_field == exact.MONEY_PLACES)


def names_at(policy: Policy, seen: Sequence[Event], t: int, state: State) -> Names:
    """All facts and attributes at a moment by name, points aside. OverflowError names the fact."""
    names = attributes(seen, t, state)
    for name in policy["facts"]:
        if name not in names:
            _work_out(policy, name, seen, t, names)
    return names


def numeric(policy: Policy, name: str, named: Named) -> int | None:
    """A fact as the kernel writes it."""
    value = named.value
    if value is None or isinstance(value, bool):
        return None if value is None else int(value)
    if isinstance(value, Number):
        return Number(value.value, named.places or 0).scaled
    spec = policy["facts"][name]
    kind, field_name = counted(spec)
    choices = KINDS[kind].fields[str(field_name)].choices
    return choices.index(value) if choices else text_code(value)


def facts(policy: Policy, events: Sequence[Event], t: int, state: State) -> dict[str, int | None]:
    """Every fact at a moment in numeric form."""
    names = names_at(policy, visibility.visible(events, t), t, state)
    return {name: numeric(policy, name, names[name]) for name in policy["facts"]}
