"""Why a condition held or did not: its smallest parts, the values in them, and whether each was TRUE."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

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
from creditline.money import format_minor
from creditline.stories.model import Unmet

Values = Mapping[str, int | None]
"""Facts, attributes and points by name in their numeric form."""

_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "=": lambda a, b: a == b, "<>": lambda a, b: a != b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}  # fmt: skip


def value_of(node: Expr, values: Values) -> int | None:
    """The value of an expression in its numeric form, truths as 0 and 1; None is NULL."""
    match node:
        case Constant():
            return node.value
        case Name():
            return values[node.name]
        case Arithmetic():
            return _calculated(node, value_of(node.left, values), value_of(node.right, values))
        case Compare():
            left, right = value_of(node.left, values), value_of(node.right, values)
            return None if left is None or right is None else int(_COMPARE[node.op](left, right))
        case Logic():
            return _joined(node.op, value_of(node.left, values), value_of(node.right, values))
        case Not():
            part = value_of(node.part, values)
            return None if part is None else 1 - part
        case IsNull():
            return int(value_of(node.part, values) is None)
        case Case():
            chosen = (value for condition, value in node.branches if value_of(condition, values) == 1)
            return value_of(next(chosen, node.default), values)
        case Call():
            return _called(node.function, [value_of(arg, values) for arg in node.args])
    raise TypeError(f"no such node: {type(node).__name__}")


def _calculated(node: Arithmetic, left: int | None, right: int | None) -> int | None:
    if left is None or right is None:
        return None
    if node.op == "/":
        if right == 0:
            return None
        finer = node.type.places + node.right.type.places - node.left.type.places
        quotient = abs(left) * 10 ** max(finer, 0) // (abs(right) * 10 ** max(-finer, 0))
        return quotient if (left < 0) == (right < 0) else -quotient
    if node.op == "*":
        return left * right
    return left + right if node.op == "+" else left - right


def _joined(op: str, left: int | None, right: int | None) -> int | None:
    decisive = 0 if op == "and" else 1
    if decisive in (left, right):
        return decisive
    return None if left is None or right is None else 1 - decisive


def _called(function: str, args: list[int | None]) -> int | None:
    if function == "coalesce":
        return next((arg for arg in args if arg is not None), None)
    if function == "nullif":
        return None if args[0] == args[1] else args[0]
    known = [arg for arg in args if arg is not None]
    if len(known) < len(args):
        return None
    if function == "abs":
        return abs(known[0])
    return min(known) if function == "least" else max(known)


def unmet(code: str, node: Expr, values: Values) -> tuple[Unmet, ...]:
    """The parts of a condition that keep it from being TRUE, each with the values in it."""
    return tuple(_told(code, part, values) for part in _decisive(node, values, lambda truth: truth != 1))


def met(code: str, node: Expr, values: Values) -> tuple[Unmet, ...]:
    """The parts of a condition that make it TRUE, each with the values in it."""
    return tuple(_told(code, part, values) for part in _decisive(node, values, lambda truth: truth == 1))


def _decisive(node: Expr, values: Values, counts: Callable[[int | None], bool]) -> Iterator[Expr]:
    """The smallest parts that decide the truth of the whole, where that truth is one that counts."""
    if not counts(value_of(node, values)):
        return
    if isinstance(node, Logic):
        yield from _decisive(node.left, values, counts)
        yield from _decisive(node.right, values, counts)
    else:
        yield node


def _told(code: str, node: Expr, values: Values) -> Unmet:
    names = {part.name: shown(values[part.name], part.type) for part in node.walk() if isinstance(part, Name)}
    truth = value_of(node, values)
    return Unmet(code, written(node), names, None if truth is None else bool(truth))


def shown(value: int | None, kind: Type) -> str:
    """A value as people write it: amounts with two decimals, choices by name, unknown as NULL."""
    if value is None:
        return "NULL"
    if kind.unit == "money" and kind.places >= 2:
        return format_minor(value // 10 ** (kind.places - 2), grouping=True)
    if kind.unit == "choice":
        return kind.choices[value]
    if kind.unit == "flag":
        return str(bool(value)).lower()
    return _plain(value, kind.places)


def _plain(value: int, places: int) -> str:
    text = f"{Decimal(value).scaleb(-places):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def written(node: Expr, outer: int = 0) -> str:
    """An expression as text; ``outer`` is how tightly its surroundings bind."""
    match node:
        case Constant():
            return _constant(node)
        case Name():
            return node.name
        case Arithmetic() if _is_rescaling(node):
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
    sides = [node.left, node.right]
    texts = [written(side, 5) for side in sides]
    for number, side in enumerate(sides):
        choices = sides[1 - number].type.choices
        if isinstance(side, Constant) and choices and side.value is not None:
            texts[number] = f"'{choices[side.value]}'"
    return f"{texts[0]} {node.op} {texts[1]}"


def _constant(node: Constant) -> str:
    if node.value is None:
        return "null"
    if node.type.unit == "flag":
        return str(bool(node.value)).lower()
    return "'...'" if node.type.unit == "text" else _plain(node.value, node.type.places)


def _is_rescaling(node: Arithmetic) -> bool:
    """Whether it only writes the same number with more places, as the compiler does to line numbers up."""
    return node.op == "*" and node.type.places != node.left.type.places + node.right.type.places


def _bound(text: str, binding: int, outer: int) -> str:
    return f"({text})" if binding < outer else text
