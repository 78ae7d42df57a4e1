"""SQL expressions: walking sqlglot's tree, three-valued logic written out, exact numbers.

A value is a Number, a flag, a text (choices too) or None for NULL. Every part is evaluated, needed or not, except
the branches of ``case`` that are not taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlglot
from sqlglot import exp

from . import exact
from .exact import Number

Tree = Any  # sqlglot changes the name of its base class between versions
Value = Number | bool | str | None

KEYWORDS = {
    "true", "false", "null", "and", "or", "not", "between", "in", "is", "case", "when", "then", "else", "end",
    "coalesce", "nullif", "least", "greatest", "abs",
}  # fmt: skip

NUMBER_OPERATORS: dict[type, Callable[[Number, Number], Number]] = {
    exp.Add: exact.add,
    exp.Sub: exact.subtract,
    exp.Mul: exact.multiply,
}

COMPARISONS: dict[type, Callable[[int], bool]] = {
    exp.EQ: lambda order: order == 0,
    exp.NEQ: lambda order: order != 0,
    exp.LT: lambda order: order < 0,
    exp.LTE: lambda order: order <= 0,
    exp.GT: lambda order: order > 0,
    exp.GTE: lambda order: order >= 0,
}


@dataclass(frozen=True)
class Named:
    """What a name stands for: its value, and the places it has even while NULL (None if it is no number)."""

    value: Value
    places: int | None
    is_money: bool = False


Names = dict[str, Named]


@cache
def parse(text: str) -> Tree:
    """The tree of an expression; names are quoted first, since a few (``limit``) are words of SQL."""

    def quote(match: re.Match[str]) -> str:
        word = match[0]
        return word if word.startswith("'") or word.lower() in KEYWORDS else f'"{word}"'

    return sqlglot.parse_one(re.sub(r"'(?:[^']|'')*'|(?<![\w.])[A-Za-z_]\w*", quote, text))


def written(expression: object) -> str:
    """An expression as text, whatever YAML made of it (``true``, ``0.12``)."""
    if isinstance(expression, bool):
        return "true" if expression else "false"
    return str(expression)


def mentioned(expression: object) -> set[str]:
    """Every name an expression reads."""
    return set(_mentioned(written(expression)))


@cache
def _mentioned(text: str) -> frozenset[str]:
    return frozenset(column.name for column in parse(text).find_all(exp.Column))


def evaluate(expression: object, names: Names) -> Value:
    """The value of an expression. OverflowError where a number leaves int64."""
    return _value(parse(written(expression)), names)


def is_money_written(expression: object, names: Names) -> bool:
    """Whether a written expression is an amount of money."""
    return is_money(parse(written(expression)), names)


def places(expression: object, names: Names) -> int | None:
    """The fixed number of places of an expression, None if it is no number."""
    return _places(parse(written(expression)), names)


def is_true(expression: object, names: Names) -> bool:
    """Whether a predicate is TRUE, neither FALSE nor NULL."""
    return evaluate(expression, names) is True


def both(a: Value, b: Value) -> bool | None:
    """SQL's AND."""
    if a is False or b is False:
        return False
    if a is None or b is None:
        return None
    return True


def either(a: Value, b: Value) -> bool | None:
    """SQL's OR."""
    if a is True or b is True:
        return True
    if a is None or b is None:
        return None
    return False


def negated(a: Value) -> bool | None:
    """SQL's NOT."""
    return None if a is None else not a


def ordered(a: Value, b: Value) -> int | None:
    """Below 0, 0, above 0 as ``a`` is below, equal to, above ``b``; None when either is NULL."""
    if a is None or b is None:
        return None
    if isinstance(a, Number) and isinstance(b, Number):
        a, b = exact.align(a, b)
        return (a.value > b.value) - (a.value < b.value)
    if isinstance(a, Number) or isinstance(b, Number) or type(a) is not type(b):
        raise TypeError(f"{a!r} and {b!r} cannot be compared")
    return 0 if a == b else 1


def compared(kind: type, a: Value, b: Value) -> bool | None:
    """One comparison, NULL when either side is."""
    order = ordered(a, b)
    return None if order is None else COMPARISONS[kind](order)


def _arguments(node: Tree) -> list[Tree]:
    return [node.this, *node.expressions]


def _value(node: Tree, names: Names) -> Value:
    kind = type(node)
    if kind in COMPARISONS:
        return compared(kind, _value(node.this, names), _value(node.expression, names))
    if kind in NUMBER_OPERATORS or kind is exp.Div:
        return _calculated(node, names)
    if kind not in FORMS:
        raise ValueError(f"{node.sql()} is not in the policy language")
    return FORMS[kind](node, names)


def _calculated(node: Tree, names: Names) -> Value:
    a, b = _number(node.this, names), _number(node.expression, names)
    if a is None or b is None:
        return None
    if isinstance(node, exp.Div):
        return exact.divide(a, b, _quotient_places(node, names))
    return NUMBER_OPERATORS[type(node)](a, b)


def _quotient_places(node: Tree, names: Names) -> int:
    """Money divided by a number is money; every other quotient is a number with six places."""
    return exact.MONEY_PLACES if is_money(node, names) else exact.QUOTIENT_PLACES


def _number(node: Tree, names: Names) -> Number | None:
    value = _value(node, names)
    assert value is None or isinstance(value, Number), f"{node.sql()} is no number"
    return value


def _literal(node: Tree, names: Names) -> Value:
    return str(node.this) if node.is_string else exact.literal(str(node.this))


def _negative(node: Tree, names: Names) -> Value:
    value = _number(node.this, names)
    return None if value is None else Number(-value.value, value.places)


def _absolute(node: Tree, names: Names) -> Value:
    value = _number(node.this, names)
    return None if value is None else Number(abs(value.value), value.places)


def _between(node: Tree, names: Names) -> Value:
    value, low, high = (_value(part, names) for part in (node.this, node.args["low"], node.args["high"]))
    return both(compared(exp.GTE, value, low), compared(exp.LTE, value, high))


def _in(node: Tree, names: Names) -> Value:
    value = _value(node.this, names)
    found: bool | None = False
    for part in node.expressions:
        found = either(found, compared(exp.EQ, value, _value(part, names)))
    return found


def _nullif(node: Tree, names: Names) -> Value:
    value = _value(node.this, names)
    return None if compared(exp.EQ, value, _value(node.expression, names)) is True else value


def _coalesce(node: Tree, names: Names) -> Value:
    values = [_value(part, names) for part in _arguments(node)]
    return _with_places(node, next((value for value in values if value is not None), None), names)


def _with_places(node: Tree, value: Value, names: Names) -> Value:
    """The value brought to the places of the whole expression, which do not depend on which part was taken."""
    fixed = _places(node, names)
    return Number(value.value, fixed) if isinstance(value, Number) and fixed is not None else value


def _extreme(node: Tree, names: Names) -> Value:
    values = [_number(part, names) for part in _arguments(node)]
    numbers = [_with_places(node, value, names) for value in values if value is not None]
    if len(numbers) < len(values):
        return None
    take = min if isinstance(node, exp.Least) else max
    return take((number for number in numbers if isinstance(number, Number)), key=lambda number: number.value)


def _case(node: Tree, names: Names) -> Value:
    for branch in node.args["ifs"]:
        if _value(branch.this, names) is True:
            return _with_places(node, _value(branch.args["true"], names), names)
    default = node.args.get("default")
    return None if default is None else _with_places(node, _value(default, names), names)


FORMS: dict[type, Callable[[Tree, Names], Value]] = {
    exp.Paren: lambda node, names: _value(node.this, names),
    exp.Literal: _literal,
    exp.Boolean: lambda node, _: bool(node.this),
    exp.Null: lambda *_: None,
    exp.Column: lambda node, names: names[node.name].value,
    exp.And: lambda node, names: both(_value(node.this, names), _value(node.expression, names)),
    exp.Or: lambda node, names: either(_value(node.this, names), _value(node.expression, names)),
    exp.Not: lambda node, names: negated(_value(node.this, names)),
    exp.Is: lambda node, names: _value(node.this, names) is None,
    exp.Neg: _negative,
    exp.Abs: _absolute,
    exp.Between: _between,
    exp.In: _in,
    exp.Nullif: _nullif,
    exp.Coalesce: _coalesce,
    exp.Least: _extreme,
    exp.Greatest: _extreme,
    exp.Case: _case,
}


def _places(node: Tree, names: Names) -> int | None:
    if isinstance(node, exp.Column):
        return names[node.name].places
    if isinstance(node, exp.Literal):
        return None if node.is_string else exact.literal(str(node.this)).places
    if isinstance(node, exp.Mul):
        a, b = _places(node.this, names), _places(node.expression, names)
        return None if a is None or b is None else a + b
    if isinstance(node, exp.Div):
        return _quotient_places(node, names)
    known = [found for part in _parts(node) if (found := _places(part, names)) is not None]
    return max(known, default=None)


def is_money(node: Tree, names: Names) -> bool:
    """Whether an expression is an amount of money."""
    if isinstance(node, exp.Column):
        return names[node.name].is_money
    if isinstance(node, exp.Mul):
        return is_money(node.this, names) or is_money(node.expression, names)
    if isinstance(node, exp.Div):
        return is_money(node.this, names) and not is_money(node.expression, names)
    return any(is_money(part, names) for part in _parts(node))


def _parts(node: Tree) -> list[Tree]:
    """The parts of an expression that its number may come from."""
    if isinstance(node, (exp.Paren, exp.Neg, exp.Abs, exp.Nullif)):
        return [node.this]
    if isinstance(node, (exp.Add, exp.Sub)):
        return [node.this, node.expression]
    if isinstance(node, (exp.Coalesce, exp.Least, exp.Greatest)):
        return _arguments(node)
    if isinstance(node, exp.Case):
        default = node.args.get("default")
        return [branch.args["true"] for branch in node.args["ifs"]] + ([] if default is None else [default])
    return []
