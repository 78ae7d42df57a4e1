"""Why a condition held or did not: its smallest parts, the values in them, and whether each was TRUE."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from creditline.events.kinds import NULL
from creditline.facts.expressions import Expr, Logic, Name, Type
from creditline.money import format_minor
from creditline.policy.evaluating import Values, value_of, written
from creditline.stories.model import Unmet


def unmet(code: str, node: Expr, values: Values) -> tuple[Unmet, ...]:
    """The parts of a condition that keep it from being TRUE, each with the values in it."""
    return tuple(_told(code, part, values) for part in _decisive(node, values, lambda truth: truth != 1))


def met(code: str, node: Expr, values: Values) -> tuple[Unmet, ...]:
    """The parts of a condition that make it TRUE, each with the values in it."""
    return tuple(_told(code, part, values) for part in _decisive(node, values, lambda truth: truth == 1))


def _decisive(node: Expr, values: Values, counts: Callable[[int], bool]) -> Iterator[Expr]:
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
    return Unmet(code, written(node), names, None if truth == NULL else bool(truth))


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
