"""Expressions worked out on given values, and written as text again: for those who explain, not who decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from creditline.events.kinds import NULL
from creditline.facts.expressions import (
    Arithmetic,
    Call,
    Case,
    Compare,
    Constant,
    Expr,
    IsNull,
    Logic,
    Name,
    Not,
    Type,
)
from creditline.money import decimal_of
from creditline.policy import runtime

Values = Mapping[str, int | None]
"""Facts, attributes and points by name in their numeric form; None is NULL."""

_COUNTED: dict[str, Callable[[int, int], int]] = {"+": runtime.add, "-": runtime.sub, "*": runtime.mul}
_CALLED: dict[str, Callable[[int, int], int]] = {
    "coalesce": runtime.coalesce, "nullif": runtime.nullif, "least": runtime.least, "greatest": runtime.greatest,
}  # fmt: skip
_COMPARED: dict[str, Callable[[int, int], bool]] = {
    "=": runtime.eq, "<>": runtime.ne, "<": runtime.lt, "<=": runtime.le, ">": runtime.gt, ">=": runtime.ge,
}  # fmt: skip


def value_of(node: Expr, values: Values) -> int:
    """The value of an expression in its numeric form, truths as 0 and 1, as the kernel has it; NULL where unknown."""
    match node:
        case Constant():
            return NULL if node.value is None else node.value
        case Name():
            value = values[node.name]
            return NULL if value is None else value
        case Arithmetic():
            return _calculated(node, value_of(node.left, values), value_of(node.right, values))
        case Call(function="abs"):
            return runtime.magnitude(value_of(node.args[0], values))
        case Call():
            found = value_of(node.args[0], values)
            for arg in node.args[1:]:
                found = _CALLED[node.function](found, value_of(arg, values))
            return found
        case Case():
            chosen = (value for condition, value in node.branches if value_of(condition, values) == 1)
            return value_of(next(chosen, node.default), values)
        case _:
            return _truth(node, values)


def _truth(node: Expr, values: Values) -> int:
    match node:
        case Compare():
            left, right = value_of(node.left, values), value_of(node.right, values)
            return NULL if NULL in (left, right) else int(_COMPARED[node.op](left, right))
        case Logic():
            decisive = 0 if node.op == "and" else 1
            sides = value_of(node.left, values), value_of(node.right, values)
            return decisive if decisive in sides else NULL if NULL in sides else 1 - decisive
        case Not():
            part = value_of(node.part, values)
            return NULL if part == NULL else 1 - part
        case IsNull():
            return int(value_of(node.part, values) == NULL)
    raise TypeError(f"no such node: {type(node).__name__}")


def _calculated(node: Arithmetic, left: int, right: int) -> int:
    if node.op != "/":
        return _COUNTED[node.op](left, right)
    finer = node.type.places + node.right.type.places - node.left.type.places
    return runtime.div(left, right, 10**finer) if finer >= 0 else runtime.div(left, runtime.mul(right, 10**-finer), 1)


def is_choice(node: Expr, kind: Type) -> bool:
    """Whether a node is the code of one of a type's choices."""
    return isinstance(node, Constant) and bool(kind.choices) and node.value is not None


def written(node: Expr, outer: int = 0) -> str:
    """An expression as text; ``outer`` is how tightly its surroundings bind."""
    match node:
        case Constant():
            return _literal(node)
        case Name():
            return node.name
        case Arithmetic() if is_rescaling(node):
            return written(node.left, outer)
        case Arithmetic():
            binding = 5 if node.op in "+-" else 6
            return _bound(f"{written(node.left, binding)} {node.op} {written(node.right, binding + 1)}", binding, outer)
        case Compare():
            return _bound(_compared(node), 4, outer)
        case Logic():
            binding = 2 if node.op == "and" else 1
            return _bound(f"{written(node.left, binding)} {node.op} {written(node.right, binding)}", binding, outer)
        case Not(part=IsNull(part=part)):
            return _bound(f"{written(part, 5)} is not null", 4, outer)
        case Not():
            return _bound(f"not {written(node.part, 3)}", 3, outer)
        case IsNull():
            return _bound(f"{written(node.part, 5)} is null", 4, outer)
        case Call():
            return f"{node.function}({', '.join(written(arg) for arg in node.args)})"
        case Case():
            branches = " ".join(f"when {written(when)} then {written(then)}" for when, then in node.branches)
            return f"case {branches} else {written(node.default)} end"
    raise TypeError(f"no such node: {type(node).__name__}")


def _compared(node: Compare) -> str:
    texts = []
    for side, other in ((node.left, node.right), (node.right, node.left)):
        if isinstance(side, Constant) and side.value is not None and other.type.choices:
            texts.append(f"'{other.type.choices[side.value]}'")
        else:
            texts.append(written(side, 5))
    return f"{texts[0]} {node.op} {texts[1]}"


def _literal(node: Constant) -> str:
    if node.value is None:
        return "null"
    if node.type.unit == "flag":
        return "true" if node.value else "false"
    if node.type.unit == "text":
        return "'...'"
    text = f"{decimal_of(node.value, node.type.places):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def is_rescaling(node: Arithmetic) -> bool:
    """Whether it only writes the same number with more places, as the reader does to line numbers up."""
    return node.op == "*" and node.type.places != node.left.type.places + node.right.type.places


def _bound(text: str, binding: int, outer: int) -> str:
    return f"({text})" if binding < outer else text
