"""Which events tell nothing new: what they say differs from the last such event in nothing any decision can see.

Arrears are told every day and grow by a day; a rule that asks for ``dpd >= 30`` cannot tell the fortieth from the
forty-first. Of a run of events that say the same, a future needs the first and the last, and of the others only so many
that one always lies in every window that looks at them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from creditline.events.kinds import KINDS
from creditline.facts.definitions import CountedFact, SqlFact
from creditline.facts.expressions import Call, Compare, Constant, Expr, IsNull, Logic, Name
from creditline.policy.compiler import fact_order
from creditline.policy.emit import Emitter
from creditline.policy.model import Policy
from creditline.policy.timing import could_turn, drift
from creditline.wayback.cures import cure_of
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
    same = [
        "def alike(k, rows, i, j):",
        '    """Whether nothing can tell what two rows of a kind say from each other."""',
    ]
    every = _facts_by_kind(policy)
    for name, slots in sorted(seen_of(policy).items()):
        gap = min((fact.window.us // 2 for fact in every[name] if fact.window is not None), default=NEVER)
        if gap < SHORTEST:
            continue
        tests = ["True"]
        for slot, values in slots.items():
            one, other = f"rows[i, R_SAID + {slot}]", f"rows[j, R_SAID + {slot}]"
            tests += [f"{one} == {other}"] if values is None else [f"({one} == NULL) == ({other} == NULL)"]
            tests += [f"({one} >= {value}) == ({other} >= {value})" for value in values or ()]
        apart += [f"    if k == {KINDS[name].code}:  # {name}", f"        return {gap}"]
        same += [f"    if k == {KINDS[name].code}:  # {name}", f"        return bool({' and '.join(tests)})"]
    return "\n".join([*apart, "    return 0", "", "", *same, "    return False"])


def stuck_source(policy: Policy) -> str:
    """Source of ``stuck``: which cures can be met no more, since a part of them is not and nothing will change it."""
    cells = {name: f"f[{cell}]" for cell, name in enumerate(fact_order(policy))}
    emitter = Emitter({**cells, **_STANDING}.__getitem__)
    lines = [
        "def stuck(t, s, f, changes, bits):",
        '    """Rules among those given whose cures can never be met from t on, if nothing but what is known comes."""',
        "    found = 0",
    ]
    for place, rule in enumerate(policy.rules):
        if not rule.on_line or rule.severity not in (1, 2):
            continue
        for part in _parts(cure_of(rule)):
            kinds = _kinds_if_still(policy, part)
            if kinds is None:
                continue
            told = " and ".join(f"changes[{kind}] <= t" for kind in kinds) or "True"
            lines.append(f"    if bits & {1 << place} and {told} and not ({emitter.true(part)}):  # {rule.code}")
            lines.append(f"        found |= {1 << place}")
    return "\n".join([*lines, "    return found"])


_STANDING = {"limit": "s[LIMIT]", "closings": "s[CLOSINGS]", "requested": "f[REQUESTED]"}
"""What of a line's own does not change while it waits; the others are read by no part that is looked at."""


def _parts(expr: Expr) -> Iterator[Expr]:
    """What must all be TRUE for a condition to be."""
    if isinstance(expr, Logic) and expr.op == "and":
        yield from _parts(expr.left)
        yield from _parts(expr.right)
    else:
        yield expr


def _kinds_if_still(policy: Policy, part: Expr) -> list[int] | None:
    """Codes of the kinds by whose events alone a condition can become TRUE; None where time alone may do it."""
    names = policy.counted(part)
    facts = {fact.name: fact for fact in policy.counted_facts}
    if "points" in _all_names(policy, part) or names - facts.keys() - _STANDING.keys():
        return None
    kinds: set[int] = set()
    for name in names & facts.keys():
        fact = facts[name]
        if not stays_known(policy, fact) and drift(fact) & could_turn(policy, part)[name]:
            return None
        if fact.sources & set(policy.consents):
            if not _is_plain(policy, part):
                return None
            kinds |= {KINDS["consent.given"].code, KINDS["consent.withdrawn"].code}
        kinds |= {kind.code for kind in (fact.kind, fact.after, fact.ended_by) if kind is not None}
    return sorted(kinds)


def _all_names(policy: Policy, expr: Expr) -> set[str]:
    """Every name an expression reads, through the facts over facts."""
    found = set(expr.names())
    for fact in policy.sql_facts:
        if fact.name in found:
            found |= _all_names(policy, fact.sql)
    return found


def _is_plain(policy: Policy, expr: Expr) -> bool:
    """Whether a condition cannot be TRUE where a fact it reads is unknown: comparisons and their conjunctions."""
    if any(isinstance(policy.by_name.get(name), SqlFact) for name in expr.names()):
        return False
    return isinstance(expr, Compare) and all(isinstance(side, (Name, Constant)) for side in expr.parts)


def stays_known(policy: Policy, fact: CountedFact) -> bool:
    """Whether a fact is what was last said, and stays known once said."""
    if fact.operator != "last" or fact.after is not None:
        return False
    return fact.window is None or (bool(fact.window.us) and fact.kind.name in policy.coming)


__all__ = ["seen_of", "staying_source", "stays_known", "stuck_source"]
