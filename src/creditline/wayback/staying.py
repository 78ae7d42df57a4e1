"""Which events tell nothing new: what they say differs from the last such event in nothing any decision can see.

Arrears are told every day and grow by a day; a rule that asks for ``dpd >= 30`` cannot tell the fortieth from the
forty-first. Of a run of events that say the same, a future needs the first and the last, and of the others only so many
that one always lies in every window that looks at them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from creditline.events.kinds import KINDS
from creditline.facts.definitions import CountedFact
from creditline.facts.expressions import Call, Compare, Constant, Expr, IsNull, Name
from creditline.policy.model import Policy
from creditline.wayback.situation import DAY

_SIMPLE = ("last", "max", "min")
"""Facts that are the value of one event: of two that say as good as the same, it does not matter which."""

NEVER = 2**63 - 1

SHORTEST = 4 * DAY
"""Below this nothing is left out: an event is known up to a day after it happened, and the next comes a day later."""

_LIFE = 20
"""Kinds with a lower number move the line itself."""


def seen_of(policy: Policy) -> dict[str, dict[int, tuple[int, ...] | None]]:
    """By kind whose events may tell nothing new, and slot, the values at which something changes; None: at any."""
    every = _facts_by_kind(policy)
    limits = _Limits(policy).found
    return {name: _slots(facts, limits) for name, facts in every.items() if _is_simple(name, facts)}


def _facts_by_kind(policy: Policy) -> dict[str, list[CountedFact]]:
    every: dict[str, list[CountedFact]] = defaultdict(list)
    for fact in policy.counted_facts:
        for kind in (fact.kind, fact.after, fact.ended_by):
            if kind is not None:
                every[kind.name].append(fact)
    return every


def _is_simple(kind: str, facts: list[CountedFact]) -> bool:
    plain = all(f.operator in _SIMPLE and f.after is None and not (f.window and f.window.months) for f in facts)
    return plain and KINDS[kind].code >= _LIFE


def _slots(facts: list[CountedFact], limits: dict[str, set[int] | None]) -> dict[int, tuple[int, ...] | None]:
    at: dict[int, set[int] | None] = {}
    for fact in facts:
        for name in fact.where.names() if fact.where is not None else ():
            at[fact.kind.fields[name].slot] = None
        asked, before = limits[fact.name], at.get(fact.slot, set())
        at[fact.slot] = None if asked is None or before is None else before | asked
    return {slot: None if values is None else tuple(sorted(values)) for slot, values in sorted(at.items())}


class _Limits:
    """Collects what every fact is compared to; None for one that is used otherwise."""

    def __init__(self, policy: Policy) -> None:
        self.found: dict[str, set[int] | None] = {fact.name: set() for fact in policy.counted_facts}
        self.same = {fact.name: name for fact in policy.sql_facts if (name := _named(fact.sql)) is not None}
        for expr in _exprs(policy):
            self._read(expr)
        for fact in policy.sql_facts:
            if fact.name not in self.same:
                self._read(fact.sql)
        if policy.scorecard:
            for name, limits in policy.scorecard.limits.items():
                self._add(name, set(limits))

    def _read(self, expr: Expr) -> None:
        match expr:
            case Compare(left=side, right=Constant(value=int() as value)) if (name := _named(side)) is not None:
                self._add(name, {value, value + 1})
            case Compare(left=Constant(value=int() as value), right=side) if (name := _named(side)) is not None:
                self._add(name, {value, value + 1})
            case IsNull(part=Name()):
                pass  # whether it is known is compared beside its values
            case Name(name=name):
                self._add(name, None)
            case _:
                for part in expr.parts:
                    self._read(part)

    def _add(self, name: str, values: set[int] | None) -> None:
        while name in self.same:
            name = self.same[name]
        known = self.found.get(name)
        if known is not None:
            self.found[name] = None if values is None else known | values


def _named(expr: Expr) -> str | None:
    """The name a value is, or is where it is known."""
    match expr:
        case Name(name=name) | Call(function="coalesce", args=(Name(name=name), Constant())):
            return name
    return None


def _exprs(policy: Policy) -> Iterator[Expr]:
    for rule in policy.rules:
        yield from (expr for expr in (rule.when, rule.cure, rule.limit) if expr is not None)
    for part in (policy.approve, policy.reopen):
        if part:
            yield from (part.when, part.limit)


def staying_source(policy: Policy) -> str:
    """Source of ``spacing`` and ``alike``."""
    apart = [
        "def spacing(k):",
        '    """How far apart events of a kind that say the same may lie, microseconds; 0: none may be left out."""',
    ]
    same = ["def alike(k, a, b):", '    """Whether nothing can tell what two events of a kind say from each other."""']
    every = _facts_by_kind(policy)
    for name, slots in sorted(seen_of(policy).items()):
        gap = min((fact.window.us // 2 for fact in every[name] if fact.window is not None), default=NEVER)
        if gap < SHORTEST:
            continue
        tests = ["True"]
        for slot, values in slots.items():
            one, other = f"a[{slot}]", f"b[{slot}]"
            tests += [f"{one} == {other}"] if values is None else [f"({one} == NULL) == ({other} == NULL)"]
            tests += [f"({one} >= {value}) == ({other} >= {value})" for value in values or ()]
        apart += [f"    if k == {KINDS[name].code}:  # {name}", f"        return {gap}"]
        same += [f"    if k == {KINDS[name].code}:  # {name}", f"        return bool({' and '.join(tests)})"]
    return "\n".join([*apart, "    return 0", "", "", *same, "    return False"])


__all__ = ["seen_of", "staying_source"]
