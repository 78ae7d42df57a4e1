"""What values expressions can take: intervals, and the boxes of facts in which a condition can be TRUE."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice, product
from math import inf

from creditline.facts.definitions import CountedFact
from creditline.facts.expressions import Arithmetic, Call, Case, Compare, Constant, Expr, IsNull, Logic, Name, Not
from creditline.policy.model import ATTRIBUTES, Policy

Interval = tuple[float, float]
"""Smallest and largest value in numeric form; infinite where there is no bound."""

Box = Mapping[str, Interval]
"""What is known of the names; a name not in it can be anything its definition allows."""

ANYTHING: Interval = (-inf, inf)

BOXES_MAX = 64
"""More alternatives than this are not told apart: a condition is then taken as possible."""

_OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_MIRROR = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def widest(policy: Policy) -> dict[str, Interval]:
    """The interval of every fact and attribute, whatever happens."""
    found: dict[str, Interval] = dict.fromkeys(ATTRIBUTES, (0, inf))
    found |= {"on_probation": (0, 1), "status": (0, 6)}
    found |= {fact.name: _of_fact(fact) for fact in policy.counted_facts}
    for fact in policy.sql_facts:
        found[fact.name] = interval(fact.sql, found)
    found["points"] = (policy.scorecard.lowest, policy.scorecard.highest) if policy.scorecard else (0, 0)
    return found


def _of_fact(fact: CountedFact) -> Interval:
    if fact.field is not None and fact.operator in ("max", "min", "last"):
        low, high = fact.field.minimum, fact.field.maximum
        return (-inf if low is None else low, inf if high is None else high)
    return (0, inf)


def interval(expr: Expr, box: Box) -> Interval:
    """The values an expression can take when it is not NULL."""
    match expr:
        case Constant():
            return ANYTHING if expr.value is None else (expr.value, expr.value)
        case Name():
            return box.get(expr.name, ANYTHING)
        case Arithmetic():
            return _calculated(expr, interval(expr.left, box), interval(expr.right, box))
        case Call(function="nullif"):
            return interval(expr.args[0], box)
        case Call(function="abs"):
            low, high = interval(expr.args[0], box)
            return (0 if low <= 0 <= high else min(abs(low), abs(high)), max(abs(low), abs(high)))
        case Call():
            return _called(expr, [interval(arg, box) for arg in expr.args])
        case Case():
            parts = [interval(value, box) for _, value in expr.branches] + [interval(expr.default, box)]
            return (min(low for low, _ in parts), max(high for _, high in parts))
        case _:
            return (0, 1)


def _called(expr: Call, parts: list[Interval]) -> Interval:
    lows, highs = [low for low, _ in parts], [high for _, high in parts]
    pick: dict[str, tuple[Callable[[list[float]], float], Callable[[list[float]], float]]] = {
        "least": (min, min), "greatest": (max, max), "coalesce": (min, max),
    }  # fmt: skip
    low, high = pick[expr.function]
    return (low(lows), high(highs))


def _calculated(expr: Arithmetic, a: Interval, b: Interval) -> Interval:
    if expr.op == "+":
        return (a[0] + b[0], a[1] + b[1])
    if expr.op == "-":
        return (a[0] - b[1], a[1] - b[0])
    if expr.op == "*":
        corners = [_times(x, y) for x, y in product(a, b)]
        return (min(corners), max(corners))
    scale = float(10) ** (expr.type.places + expr.right.type.places - expr.left.type.places)
    if b[0] <= 0 <= b[1]:  # of a divisor that can be near 0 only the sign is told
        return (0, inf) if a[0] >= 0 and b[0] >= 0 else ANYTHING
    corners = [x * scale / y for x, y in product(a, b) if abs(y) != inf] + [0.0] * any(abs(y) == inf for y in b)
    return (min(corners) - 1, max(corners) + 1)


def _times(x: float, y: float) -> float:
    return 0 if x == 0 or y == 0 else x * y


@dataclass(frozen=True)
class Possible:
    """The alternatives in which a condition can hold; none: it cannot."""

    boxes: tuple[Box, ...]

    def __bool__(self) -> bool:
        return bool(self.boxes)

    def lowest(self, name: str, default: Interval) -> float:
        """The smallest value of a name in any alternative."""
        return min(box.get(name, default)[0] for box in self.boxes)


def possible(expr: Expr, box: Box, *, to: bool = True) -> Possible:
    """In which boxes within ``box`` a condition can be TRUE (or FALSE)."""
    return Possible(tuple(islice(_boxes(expr, box, to), BOXES_MAX)))


def _boxes(expr: Expr, box: Box, to: bool) -> list[Box]:
    match expr:
        case Logic():
            if (expr.op == "and") == to:
                return [both for one in _boxes(expr.left, box, to) for both in _boxes(expr.right, one, to)][:BOXES_MAX]
            return [*_boxes(expr.left, box, to), *_boxes(expr.right, box, to)][:BOXES_MAX]
        case Not():
            return _boxes(expr.part, box, not to)
        case IsNull():
            return [box] if not to or expr.part.type.nullable else []
        case Compare():
            return _compared(expr, box, to)
        case Constant():
            return [box] if expr.value == int(to) else []
        case Name():
            return _narrowed(expr.name, "=", (int(to), int(to)), box)
        case _:
            return [box]


def _compared(expr: Compare, box: Box, to: bool) -> list[Box]:
    op = expr.op if to else _OPPOSITE[expr.op]
    left, right = interval(expr.left, box), interval(expr.right, box)
    if isinstance(expr.left, Name) and isinstance(expr.right, Constant):
        return _narrowed(expr.left.name, op, right, box)
    if isinstance(expr.right, Name) and isinstance(expr.left, Constant):
        return _narrowed(expr.right.name, _MIRROR[op], left, box)
    holds = {
        "=": left[0] <= right[1] and right[0] <= left[1],
        "<>": left != right or left[0] != left[1],
        "<": left[0] < right[1],
        "<=": left[0] <= right[1],
        ">": left[1] > right[0],
        ">=": left[1] >= right[0],
    }[op]
    return [box] if holds else []


def _narrowed(name: str, op: str, value: Interval, box: Box) -> list[Box]:
    low, high = box.get(name, ANYTHING)
    point = value[0]
    if op == "<>":
        return [] if low == high == point else [box]
    low = {">": point + 1, ">=": point, "=": point}.get(op, -inf) if op in (">", ">=", "=") else low
    old_low, old_high = box.get(name, ANYTHING)
    low = max(low, old_low)
    if op in ("<", "<=", "="):
        high = min(old_high, {"<": point - 1}.get(op, point))
    return [{**box, name: (low, high)}] if low <= high else []
