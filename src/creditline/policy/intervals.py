"""The values numbers can take: intervals of whole numbers in numeric form, and of expressions over named ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from math import inf

from creditline.facts.expressions import Arithmetic, Call, Case, Constant, Expr, Name

Interval = tuple[float, float]
"""Smallest and largest value in numeric form; infinite where there is no bound, ``EMPTY`` where there is no value."""

Box = Mapping[str, Interval]
"""What is known of the names; a name not in it can be anything its definition allows."""

ANYTHING: Interval = (-inf, inf)
EMPTY: Interval = (inf, -inf)


def interval(expr: Expr, box: Box) -> Interval:
    """The values an expression can take when it is not NULL."""
    match expr:
        case Constant():
            return EMPTY if expr.value is None else (expr.value, expr.value)
        case Name():
            return box.get(expr.name, ANYTHING)
        case Arithmetic():
            parts = interval(expr.left, box), interval(expr.right, box)
            return EMPTY if EMPTY in parts else _calculated(expr, *parts)
        case Call():
            return _called(expr, [interval(arg, box) for arg in expr.args])
        case Case():
            return union(*(interval(value, box) for value in (*(value for _, value in expr.branches), expr.default)))
        case _:
            return (0, 1)


def union(*parts: Interval) -> Interval:
    """The smallest interval around all of them."""
    return (min(low for low, _ in parts), max(high for _, high in parts))


def both(one: Interval, other: Interval) -> Interval:
    """What lies in both; EMPTY for nothing."""
    low, high = max(one[0], other[0]), min(one[1], other[1])
    return (low, high) if low <= high else EMPTY


def _called(expr: Call, parts: list[Interval]) -> Interval:
    if expr.function == "coalesce":
        return union(*parts)
    if expr.function == "nullif":
        return parts[0]
    if EMPTY in parts:
        return EMPTY
    if expr.function == "abs":
        low, high = parts[0]
        return (0 if low <= 0 <= high else min(abs(low), abs(high)), max(abs(low), abs(high)))
    pick: Callable[[list[float]], float] = min if expr.function == "least" else max
    return (pick([low for low, _ in parts]), pick([high for _, high in parts]))


def _calculated(expr: Arithmetic, a: Interval, b: Interval) -> Interval:
    if expr.op == "+":
        return (a[0] + b[0], a[1] + b[1])
    if expr.op == "-":
        return (a[0] - b[1], a[1] - b[0])
    if expr.op == "*":
        corners = [_times(x, y) for x, y in product(a, b)]
        return (min(corners), max(corners))
    finer = expr.type.places + expr.right.type.places - expr.left.type.places
    if b[0] == 0:  # never 0 itself, and in numeric form a whole number
        b = (1, b[1])
    if b[1] == 0:
        b = (b[0], -1)
    if b[0] <= 0 <= b[1]:
        most = max(abs(a[0]), abs(a[1])) * 10 ** max(finer, 0)
        return (-most, most)
    corners = [_over(x, y, finer) for x, y in product(a, b)]
    return (min(corners), max(corners))


def _times(x: float, y: float) -> float:
    return 0 if x == 0 or y == 0 else x * y


def _over(x: float, y: float, finer: int) -> float:
    """A quotient cut towards zero, as the kernel has it."""
    if abs(y) == inf:
        return 0
    if abs(x) == inf:
        return x if y > 0 else -x
    above, below = int(x) * 10 ** max(finer, 0), int(y) * 10 ** max(-finer, 0)
    cut: int = abs(above) // abs(below)
    return cut if (above < 0) == (below < 0) else -cut


def linear(expr: Expr) -> dict[str, int] | None:
    """An expression in numeric form as a sum of names times whole numbers, and of "" for what is added; else None."""
    match expr:
        case Constant(value=int(value)):
            return {"": value}
        case Name():
            return {expr.name: 1}
        case Arithmetic(op="+" | "-" | "*"):
            left, right = linear(expr.left), linear(expr.right)
            if left is None or right is None:
                return None
            if expr.op != "*":
                return _added(left, right, 1 if expr.op == "+" else -1)
            if right.keys() - {""}:
                left, right = right, left
            return None if right.keys() - {""} else {name: value * right.get("", 0) for name, value in left.items()}
    return None


def _added(one: Mapping[str, int], other: Mapping[str, int], sign: int) -> dict[str, int]:
    found = {name: one.get(name, 0) + sign * other.get(name, 0) for name in [*one, *other]}
    return {name: value for name, value in found.items() if value or not name}


def difference(left: Expr, right: Expr) -> dict[str, int] | None:
    """What is left of the one less the other where both are linear; names in both cancel out."""
    one, other = linear(left), linear(right)
    return None if one is None or other is None else _added(one, other, -1)


def spread(form: Mapping[str, int], box: Box) -> Interval:
    """The values a linear form can take."""
    spans = [(value, box.get(name, ANYTHING) if name else (1, 1)) for name, value in form.items()]
    if any(span == EMPTY for _, span in spans):
        return EMPTY
    parts = [(_times(low, each), _times(high, each)) for each, (low, high) in spans]
    return (sum(min(part) for part in parts), sum(max(part) for part in parts))


__all__ = ["ANYTHING", "EMPTY", "Box", "Interval", "both", "difference", "interval", "linear", "spread", "union"]
