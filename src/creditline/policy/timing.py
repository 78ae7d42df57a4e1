"""When time alone can change a decision: which facts must wake a line, and at which of their values.

An event leaving a window only lets a count fall, so an open line whose rules ask for ``>=`` need not be looked
at then. This module reads the rules for the directions in which each fact could turn one of them TRUE, and
keeps the wake-ups that matter. Where it cannot tell, it says "any": an extra visit decides nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from creditline.facts.definitions import CountedFact, SqlFact
from creditline.facts.expressions import Arithmetic, Call, Compare, Constant, Expr, IsNull, Logic, Name, Not
from creditline.policy.model import Policy

UP, DOWN = 1, -1
BOTH = frozenset({UP, DOWN})

Moves = dict[str, set[int]]
"""Directions in which a fact's move could turn something TRUE."""


@dataclass(frozen=True)
class Timing:
    """Facts whose own move in time matters, by the state the line is in."""

    while_open: frozenset[str]
    while_back: frozenset[str]
    """While frozen, closed or applied: any change can matter."""
    steps: dict[str, tuple[int, ...] | None] = field(default_factory=dict)
    """For ages and days_in_status: values at whose reaching something changes; None: every unit."""


def drift(fact: CountedFact) -> frozenset[int]:
    """Directions in which time alone moves a fact (to NULL counts as a fall)."""
    if fact.operator == "age":
        return BOTH if fact.window else frozenset({UP})
    if fact.operator == "months":
        return BOTH
    if fact.window is None:
        return frozenset()
    return BOTH if fact.operator in ("min", "gap", "falls", "rises", "streak") else frozenset({DOWN})


def timing(policy: Policy) -> Timing:
    """The wake-ups a policy needs."""
    wanted: Moves = defaultdict(set)
    reader = _Moves(policy, wanted)
    rules = [rule for rule in policy.rules if rule.on_line]
    for rule in rules:
        if rule.limit is None:
            reader.truth(rule.when, to=True)
        else:  # the first limit rule that fires decides, so one that stops firing matters too
            reader.any(rule.when)
            reader.any(rule.limit)
    moving = {fact.name: drift(fact) for fact in policy.counted_facts} | {
        "days_in_status": frozenset({UP}), "on_probation": BOTH,
    }  # fmt: skip
    read = frozenset().union(*(policy.counted(expr) for expr in _all_exprs(policy)))
    back = frozenset(name for name in read if moving.get(name))
    opened = frozenset(name for name in back if moving[name] & wanted[name])
    ages = {fact.name for fact in policy.counted_facts if fact.operator == "age"} | {"days_in_status"}
    return Timing(opened, back, _Steps(policy).of(back & ages))


def _all_exprs(policy: Policy) -> Iterator[Expr]:
    """Every expression decisions rest on."""
    for rule in policy.rules:
        yield from (expr for expr in (rule.when, rule.cure, rule.limit) if expr is not None)
    for part in (policy.approve, policy.reopen):
        if part:
            yield from (part.when, part.limit)
    if policy.approve and policy.approve.rate is not None:
        yield policy.approve.rate


def could_turn(policy: Policy, condition: Expr) -> Moves:
    """Directions in which each counted fact's move could turn a condition TRUE."""
    wanted: Moves = defaultdict(set)
    _Moves(policy, wanted).truth(condition, to=True)
    return wanted


class _Moves:
    """Walks expressions and notes the directions that could turn them TRUE."""

    def __init__(self, policy: Policy, wanted: Moves) -> None:
        self.policy, self.wanted = policy, wanted

    def truth(self, expr: Expr, *, to: bool) -> None:
        """Note what could make a condition TRUE (or FALSE)."""
        match expr:
            case Logic():
                self.truth(expr.left, to=to)
                self.truth(expr.right, to=to)
            case Not():
                self.truth(expr.part, to=not to)
            case Compare(op="<" | "<=") if expr.left.type.is_numeric:
                self.number(expr.left, DOWN if to else UP)
                self.number(expr.right, UP if to else DOWN)
            case Compare(op=">" | ">=") if expr.left.type.is_numeric:
                self.number(expr.left, UP if to else DOWN)
                self.number(expr.right, DOWN if to else UP)
            case _:
                self.any(expr)

    def number(self, expr: Expr, way: int) -> None:
        """Note what could move a number this way."""
        match expr:
            case Name():
                self._name(expr.name, {way})
            case Arithmetic(op="+"):
                self.number(expr.left, way)
                self.number(expr.right, way)
            case Arithmetic(op="-"):
                self.number(expr.left, way)
                self.number(expr.right, -way)
            case Arithmetic(op="*" | "/", left=factor, right=Constant() as c) if (c.value or 0) > 0:
                self.number(factor, way)
            case Arithmetic(op="*", left=Constant() as c, right=factor) if (c.value or 0) > 0:
                self.number(factor, way)
            case Call(function="least" | "greatest"):
                for arg in expr.args:
                    self.number(arg, way)
            case Constant():
                pass
            case _:
                self.any(expr)

    def any(self, expr: Expr) -> None:
        """Note every name in it, moving either way."""
        for name in expr.names():
            self._name(name, set(BOTH))

    def _name(self, name: str, ways: set[int]) -> None:
        fact = self.policy.by_name.get(name)
        if name == "points":
            for scored in self.policy.scorecard.facts if self.policy.scorecard else ():
                self._name(scored, set(BOTH))
        elif isinstance(fact, SqlFact):
            if fact.sql.type.is_numeric and ways != BOTH:
                self.number(fact.sql, next(iter(ways)))
            else:
                self.any(fact.sql)
        else:
            self.wanted[name] |= ways


class _Steps:
    """Finds the values at which ages are asked about."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    def of(self, names: Iterable[str]) -> dict[str, tuple[int, ...] | None]:
        """Steps by age; None where it is used other than in a comparison with a whole number."""
        steps: dict[str, set[int] | None] = {name: set() for name in names}
        exprs = [*_all_exprs(self.policy), *(fact.sql for fact in self.policy.sql_facts)]
        for expr in exprs:
            self._read(expr, steps)
        if self.policy.scorecard:
            for name, limits in self.policy.scorecard.limits.items():
                self._add(steps, name, limits)
        return {name: None if values is None else tuple(sorted(values)) for name, values in steps.items()}

    def _read(self, expr: Expr, steps: dict[str, set[int] | None]) -> None:
        match expr:
            case (
                Compare(left=Name(name=name), right=Constant(value=int() as value))
                | Compare(left=Constant(value=int() as value), right=Name(name=name))
            ) if name in steps:
                self._add(steps, name, [value, value + 1])
            case IsNull(part=Name()):
                pass  # an age becomes known by an event, never by time
            case Name(name=name) if name in steps:
                steps[name] = None
            case _:
                for part in expr.parts:
                    self._read(part, steps)

    @staticmethod
    def _add(steps: dict[str, set[int] | None], name: str, values: Iterable[int]) -> None:
        known = steps.get(name)
        if known is not None:
            known.update(values)
