"""Points, rules and limits at one moment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from creditline.events.event import Event

from . import exact, visibility
from .clock import Policy
from .exact import Number
from .expressions import Named, Names, Value, evaluate, is_true
from .measure import names_at, numeric, on_of, sources_read_by
from .state import State

Rule = dict[str, Any]
Spec = dict[str, Any]

SEVERITY = {"terminate": 3, "close": 2, "freeze": 1, "limit": 0, "decline": 0}


@dataclass(frozen=True)
class View:
    """All that is seen of a line at one moment and what the rules make of it."""

    t: int
    seen: list[Event]
    names: Names
    facts: dict[str, int | None]
    points: int
    suspended: set[str]
    fired: tuple[str, ...]
    held: tuple[str, ...]


def score(policy: Policy, names: Names) -> int:
    """The scorecard's sum, 0 without a scorecard."""
    card = policy.get("scorecard")
    if card is None:
        return 0
    points = int(card["base"])
    points += sum(bin_points(spec, names[name].value) for name, spec in card.get("facts", {}).items())
    for pair in card.get("pairs", []):
        row, column = (place_of(side, names[side["fact"]].value) for side in (pair["rows"], pair["columns"]))
        points += int(pair["points"][row][column])
    return points


def place_of(side: Spec, value: Value) -> int:
    """The row or column of a table of pairs a value lies in."""
    if value is None:
        return 0
    if "choices" in side:
        found = [place for place, group in enumerate(side["choices"], 1) if value in group]
        return found[0] if found else len(side["choices"]) + 1
    assert isinstance(value, Number)
    limits = [Fraction(str(limit)) for limit in side.get("below", [])]
    special = [Fraction(str(code)) for code in side.get("special", [])]
    if value.value in special:
        return len(limits) + 2 + special.index(value.value)
    return next((place for place, limit in enumerate(limits, 1) if value.value < limit), len(limits) + 1)


def bin_points(spec: Spec, value: Value) -> int:
    """Points of the first bin a value lies in."""
    if value is None:
        return int(spec["missing"])
    for code in spec.get("special", []):
        if isinstance(value, Number) and value.value == Fraction(str(code["value"])):
            return int(code["points"])
    for each in spec["bins"]:
        if "below" in each:
            assert isinstance(value, Number)
            if value.value < Fraction(str(each["below"])):
                return int(each["points"])
        elif "is" not in each or value in each["is"]:
            return int(each["points"])
    raise ValueError(f"no bin for {value!r}")


def read_now(rule: Rule, state: State) -> bool:
    """Whether a rule is read in the status of the line."""
    if state.status == "applied":
        return "application" in (on_of(rule) or ["line"])
    if rule["then"] == "limit":
        return state.status == "open"
    return state.status in ("open", "frozen", "closed") and "line" in (on_of(rule) or ["line"])


def view(policy: Policy, events: Sequence[Event], t: int, state: State) -> View:
    """Facts, points and rules at a moment."""
    seen = visibility.visible(events, t)
    names = names_at(policy, seen, t, state)
    facts = {name: numeric(policy, name, names[name]) for name in policy["facts"]}
    points = score(policy, names)
    names = names | {"points": Named(exact.whole(points), 0)}
    stopped = visibility.suspended(seen)
    rules = [rule for rule in policy.get("rules", []) if read_now(rule, state)]
    true = [rule for rule in rules if is_true(rule["when"], names)]
    held = [rule["code"] for rule in true if sources_read_by(policy, rule["when"]) & stopped]
    fired = [rule["code"] for rule in true if rule["code"] not in held]
    return View(t, seen, names, facts, points, stopped, tuple(fired), tuple(held))


def points(policy: Policy, events: Sequence[Event], t: int, state: State) -> int:
    """The score at a moment."""
    return view(policy, events, t, state).points


def fired(policy: Policy, events: Sequence[Event], t: int, state: State) -> tuple[str, ...]:
    """Codes of the rules that fire at a moment, in order of the file."""
    return view(policy, events, t, state).fired


def held(policy: Policy, events: Sequence[Event], t: int, state: State) -> tuple[str, ...]:
    """Codes of the rules that would fire but for an incident, in order of the file."""
    return view(policy, events, t, state).held


def rules_of(policy: Policy, codes: Iterable[str]) -> list[Rule]:
    """The rules with these codes, most severe first, then in order of the file."""
    wanted = set(codes)
    found = [rule for rule in policy.get("rules", []) if rule["code"] in wanted]
    return sorted(found, key=lambda rule: -SEVERITY[rule["then"]])


def codes_of(rules: Iterable[Rule]) -> tuple[str, ...]:
    """Their codes."""
    return tuple(rule["code"] for rule in rules)


def cured(rule: Rule, names: Names) -> bool:
    """Whether a rule's cure is TRUE; without one, whether its ``when`` is not."""
    return is_true(rule["cure"], names) if "cure" in rule else not is_true(rule["when"], names)


def cure_of(rule: Rule) -> object:
    """The expression a rule's cure reads."""
    return rule.get("cure", rule["when"])


def limit_at(policy: Policy, expression: object, names: Names) -> int | None:
    """A limit in minor units, cut down to a whole number of steps; None for NULL."""
    value = evaluate(expression, names)
    if value is None:
        return None
    assert isinstance(value, Number)
    value = Number(value.value, max(value.places, 2))
    step = Fraction(str(policy.get("limit_step", "0.01")))
    return exact.fit(int(value.value // step * step * 100))


def rate_at(expression: object, names: Names) -> int | None:
    """A yearly rate in millionths, cut; None for NULL."""
    value = evaluate(expression, names)
    assert value is None or isinstance(value, Number)
    return None if value is None else exact.cut(value, 6).scaled
