"""How near a condition is: taken apart into comparisons, each with how far its value has come.

Nearness is a share from 0 to 1, and 1 exactly where the condition is TRUE. Of a comparison of numbers that does not
hold it is how far the value has come from where its fact rests to the first value that does: ``(value - rest) /
(first - rest)``. A fact rests at the end of its values that lies away from the limit: counts, sums and ages at 0, a
score or the points that must fall at the highest there is. Other values that must fall have no such end: there nearness
is the smaller of value and first value over the greater, 0 where 0 lies between them. What is not known is not near.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil, floor, isfinite

from creditline.events.kinds import NULL
from creditline.facts.definitions import SqlFact
from creditline.facts.expressions import Arithmetic, Call, Case, Compare, Expr, IsNull, Logic, Not
from creditline.lines.telling import unit_of
from creditline.policy.evaluating import Values, is_rescaling, value_of, written
from creditline.policy.model import Policy
from creditline.policy.ranges import Box, interval, widest

_OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_MIRROR = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

SCORES = frozenset({"score", "points"})
"""Units whose values have a highest that means something."""

NOWHERE, THERE = Fraction(0), Fraction(1)


@dataclass(frozen=True)
class Comparison:
    """One smallest part of a condition, as the condition wants it."""

    node: Expr
    """As the rule writes it."""
    wanted: bool
    """Whether it must come out TRUE, or FALSE for the condition to be nearer."""
    holds: bool | None
    """Whether it does come out so; None where it is not known."""
    nearness: Fraction
    fact: Expr
    """What moves: the side of a comparison that names something, or the truth itself."""
    value: int | None
    """Of ``fact`` now, in numeric form."""
    op: str = ""
    """How the fact must stand to the limit; empty where the fact is a truth of its own or asked whether it is known."""
    limit: Expr | None = None
    bound: int | None = None
    """Of ``limit`` now, in the limit's own numeric form."""
    missing: int | None = None
    """How far the value is from the first that does, in the fact's numeric form; None where it is no number or either
    side is not known, 0 where it holds."""

    @property
    def text(self) -> str:
        """As the policy writes it, with ``not`` where it must come out FALSE."""
        return written(self.node if self.wanted else Not(self.node.type, self.node))


def rests_on(policy: Policy, node: Expr, values: Values) -> dict[str, int | None]:
    """Facts and attributes below an expression with their values: those named, then those these are worked out of."""
    found: dict[str, int | None] = {}
    waiting = sorted(node.names())
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found[name] = values[name]
            fact = policy.by_name.get(name)
            waiting += sorted(fact.sql.names()) if isinstance(fact, SqlFact) else []
    return found


class Reading:
    """Conditions of a policy read on given values."""

    def __init__(self, policy: Policy, values: Values) -> None:
        self.policy, self.values = policy, values

    def nearness(self, node: Expr) -> Fraction:
        """How near a condition is to being TRUE: ``and`` takes the least of its sides, ``or`` the greatest."""
        return self._near(node, wanted=True)

    def comparisons(self, node: Expr) -> tuple[Comparison, ...]:
        """The smallest parts of a condition in the order it names them."""
        return tuple(self._part(each, wanted=wanted) for each, wanted in self._leaves(node, wanted=True))

    @cached_property
    def _box(self) -> Box:
        """The values every fact can take."""
        return widest(self.policy)

    def _near(self, node: Expr, *, wanted: bool) -> Fraction:
        match node:
            case Logic():
                sides = (self._near(node.left, wanted=wanted), self._near(node.right, wanted=wanted))
                return min(sides) if (node.op == "and") == wanted else max(sides)
            case Not():
                return self._near(node.part, wanted=not wanted)
            case Call() | Case():
                chosen = self._chosen(node)
                if chosen is not None:
                    return self._near(chosen, wanted=wanted)
        return self._part(node, wanted=wanted).nearness

    def _leaves(self, node: Expr, *, wanted: bool) -> Iterator[tuple[Expr, bool]]:
        match node:
            case Logic():
                yield from self._leaves(node.left, wanted=wanted)
                yield from self._leaves(node.right, wanted=wanted)
            case Not():
                yield from self._leaves(node.part, wanted=not wanted)
            case Call() | Case():
                chosen = self._chosen(node)
                if chosen is None:
                    yield node, wanted
                else:
                    yield from self._leaves(chosen, wanted=wanted)
            case _:
                yield node, wanted

    def _chosen(self, node: Call | Case) -> Expr | None:
        """The truth that decides among several: the first known of ``coalesce``, the branch taken."""
        if isinstance(node, Case):
            taken = (value for condition, value in node.branches if self._value(condition) == 1)
            return next(taken, node.default)
        if node.function != "coalesce":
            return None
        return next((arg for arg in node.args if self._value(arg) != NULL), None)

    def _part(self, node: Expr, *, wanted: bool) -> Comparison:
        truth = self._value(node)
        holds = None if truth == NULL else (truth == 1) == wanted
        if isinstance(node, Compare):
            return self._compared(node, wanted, holds)
        shown = node.part if isinstance(node, IsNull) else node
        value = self._value(shown)
        return Comparison(node, wanted, holds, THERE if holds else NOWHERE, shown, None if value == NULL else value)

    def _compared(self, node: Compare, wanted: bool, holds: bool | None) -> Comparison:
        op = node.op if wanted else _OPPOSITE[node.op]
        fact, limit = node.left, node.right
        if not fact.names() and limit.names():
            fact, limit, op = limit, fact, _MIRROR[op]
        aligned = self._value(limit)
        scale = fact.type.places
        fact, limit = _plain(fact), _plain(limit)
        value, bound = self._value(fact), self._value(limit)
        known = None if value == NULL else value, None if bound == NULL else bound
        told = (node, wanted, holds)
        if not fact.type.is_numeric or NULL in (value, aligned):
            return Comparison(*told, THERE if holds else NOWHERE, fact, known[0], op, limit, known[1])
        if holds:
            return Comparison(*told, THERE, fact, known[0], op, limit, known[1], 0)
        first = _first(op, value, aligned, 10 ** (scale - fact.type.places))
        near = NOWHERE if first is None or op == "<>" else self._come(fact, value, first)
        missing = None if first is None else abs(first - value)
        return Comparison(*told, near, fact, known[0], op, limit, known[1], missing)

    def _come(self, fact: Expr, value: int, first: int) -> Fraction:
        """How far a value has come to the first one that does."""
        low, high = interval(fact, self._box)
        rest = low if value < first else high
        # Of amounts and counts the highest that can be written is no place where they rest.
        ends = unit_of(self.policy, fact) in SCORES or 0 <= rest == low
        if ends and isfinite(rest):
            start = floor(rest) if value < first else ceil(rest)
            return max(NOWHERE, Fraction(value - start, first - start))
        if value * first <= 0:
            return NOWHERE
        return Fraction(min(abs(value), abs(first)), max(abs(value), abs(first)))

    def _value(self, node: Expr) -> int:
        try:
            return value_of(node, self.values)
        except OverflowError:
            return NULL


def _plain(node: Expr) -> Expr:
    """A side without the places the reader gave it to line numbers up."""
    while isinstance(node, Arithmetic) and is_rescaling(node):
        node = node.left
    return node


def _first(op: str, value: int, limit: int, scale: int) -> int | None:
    """The value nearest to this one with which a comparison holds, ``limit`` being ``scale`` times as fine."""
    below = limit // scale
    above = -(-limit // scale)
    match op:
        case ">":
            return below + 1
        case ">=":
            return above
        case "<":
            return above - 1
        case "<=":
            return below
        case "=":
            return below if below == above else None
    return value + 1


__all__ = ["Comparison", "Reading", "rests_on"]
