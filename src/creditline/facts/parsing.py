"""Reads the policy language's expressions: SQL text in, a typed tree out.

sqlglot reads the text; types are worked out and checked here, and what differs between SQL dialects is refused.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import reduce
from typing import Literal, cast

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from creditline.events.kinds import text_code
from creditline.facts.expressions import (
    TRUTH,
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
    Unit,
)

PLACES_MAX = 12
MONEY_PLACES = 2
RATIO_PLACES = 6
"""Decimal places of a quotient that is not money."""


class ExpressionError(Exception):
    """An expression that is not in the language: what is wrong, where in the text, and a remedy."""

    def __init__(self, message: str, offset: int = 0, suggestion: str = "") -> None:
        super().__init__(message)
        self.message, self.offset, self.suggestion = message, offset, suggestion


Scope = Mapping[str, Type]

_COMPARE: dict[type[exp.Expression], Literal["=", "<>", "<", "<=", ">", ">="]] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
}  # fmt: skip
_ARITHMETIC: dict[type[exp.Expression], Literal["+", "-", "*", "/"]] = {
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/",
}  # fmt: skip
_CALLS: dict[type[exp.Expression], Literal["coalesce", "nullif", "least", "greatest", "abs"]] = {
    exp.Coalesce: "coalesce", exp.Nullif: "nullif", exp.Least: "least", exp.Greatest: "greatest", exp.Abs: "abs",
}  # fmt: skip


def closest(word: str, known: Sequence[str]) -> str:
    """A remedy that names the nearest known word, or some of the known words."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    return "known here: " + ", ".join(sorted(known)[:12]) + (", ..." if len(known) > 12 else "")


def parse_expression(text: str, scope: Scope) -> Expr:
    """The typed tree of an SQL expression over the names in scope; ExpressionError when it is not one."""
    try:
        tree = sqlglot.parse_one(text, into=exp.Condition)
    except SqlglotError as error:
        details = getattr(error, "errors", None) or [{}]
        what = str(details[0].get("description") or error).split(" for <class")[0]
        offset = max(0, int(details[0].get("col") or 1) - 1)
        raise ExpressionError(f"not an SQL expression: {what}", offset, "see docs/policy-language.md") from None
    return _Reader(scope).read(cast("exp.Expression", tree))


def parse_predicate(text: str, scope: Scope) -> Expr:
    """As parse_expression, and the result must be a truth."""
    tree = parse_expression(text, scope)
    if tree.type.unit != "flag":
        raise ExpressionError(
            f"{text!r} is a {describe(tree.type)}, not a condition", 0, "compare it, for example with '> 0'"
        )
    return tree


def describe(kind: Type) -> str:
    """A type in words for messages."""
    return {"null": "NULL", "flag": "condition", "choice": "choice", "text": "text"}.get(kind.unit, kind.unit)


def _is_literal(node: Expr) -> bool:
    return isinstance(node, Constant) or (isinstance(node, Arithmetic) and all(map(_is_literal, node.parts)))


def rescaled(node: Expr, places: int) -> Expr:
    """The same number with at least this many places; literals are rewritten, others multiplied."""
    extra = places - node.type.places
    if extra <= 0 or not node.type.is_numeric:
        return node
    kind = Type(node.type.unit, places, nullable=node.type.nullable)
    if isinstance(node, Constant):
        return Constant(kind, None if node.value is None else node.value * 10**extra)
    return Arithmetic(kind, "*", node, Constant(Type("number", 0, nullable=False), 10**extra))


class _Reader:
    """Turns sqlglot's tree into ours, checking as it goes."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def read(self, node: exp.Expression) -> Expr:
        for kinds, reader in self._readers():
            if isinstance(node, kinds):
                return reader(node)
        raise ExpressionError(
            f"{node.sql()!r} is not in the policy language", _offset(node), "see docs/policy-language.md, Expressions"
        )

    def _readers(
        self,
    ) -> list[tuple[type[exp.Expression] | tuple[type[exp.Expression], ...], Callable[[exp.Expression], Expr]]]:
        return [
            (exp.Paren, lambda n: self.read(n.this)),
            (exp.Column, self._column),
            (exp.Literal, self._literal),
            (exp.Boolean, lambda n: Constant(Type("flag", nullable=False), int(n.this))),
            (exp.Null, lambda _: Constant(Type("null"), None)),
            (exp.Neg, self._negative),
            (tuple(_ARITHMETIC), self._arithmetic),
            (tuple(_COMPARE), self._compare),
            ((exp.And, exp.Or), self._logic),
            (exp.Not, lambda n: Not(TRUTH, self._truth(n.this))),
            (exp.Between, self._between),
            (exp.In, self._in),
            (exp.Is, self._is),
            (tuple(_CALLS), self._call),
            (exp.Case, self._case),
        ]

    def _column(self, node: exp.Expression) -> Expr:
        name = node.name if not getattr(node, "table", "") else node.sql()
        if name not in self.scope:
            raise ExpressionError(f"unknown name {name!r}", _offset(node), closest(name, list(self.scope)))
        return Name(self.scope[name], name)

    def _literal(self, node: exp.Expression) -> Expr:
        if node.args.get("is_string"):
            return _TextLiteral(Type("text", nullable=False), None, str(node.this))
        try:
            number = Decimal(str(node.this))
        except InvalidOperation:
            raise ExpressionError(f"{node.sql()!r} is not a number", _offset(node)) from None
        places = max(0, -int(number.as_tuple().exponent))
        if places > PLACES_MAX or abs(value := int(number.scaleb(places))) >= 2**63:
            raise ExpressionError(f"{node.sql()} has too many digits", _offset(node), "use at most 12 decimal places")
        return Constant(Type("number", places, nullable=False), value)

    def _negative(self, node: exp.Expression) -> Expr:
        part = self._number(node.this)
        if isinstance(part, Constant) and part.value is not None:
            return Constant(part.type, -part.value)
        zero = Constant(Type("number", part.type.places, nullable=False), 0)
        return Arithmetic(part.type, "-", zero, part)

    def _number(self, node: exp.Expression) -> Expr:
        tree = self.read(node)
        if not tree.type.is_numeric:
            raise ExpressionError(
                f"{node.sql()} is a {describe(tree.type)}, not a number",
                _offset(node),
                "numbers can be calculated with",
            )
        return tree

    def _truth(self, node: exp.Expression) -> Expr:
        tree = self.read(node)
        if tree.type.unit not in ("flag", "null"):
            raise ExpressionError(
                f"{node.sql()} is a {describe(tree.type)}, not a condition", _offset(node), "compare it with something"
            )
        return tree

    def _arithmetic(self, node: exp.Expression) -> Expr:
        op = _ARITHMETIC[type(node)]
        left, right = self._number(node.this), self._number(node.expression)
        unit = self._unit_of(op, left, right, node)
        nullable = left.type.nullable or right.type.nullable
        if op in ("+", "-"):
            places = max(left.type.places, right.type.places)
            return Arithmetic(
                Type(unit, places, nullable=nullable), op, rescaled(left, places), rescaled(right, places)
            )
        if op == "*":
            places = left.type.places + right.type.places
            if places > PLACES_MAX:
                raise ExpressionError(
                    f"{node.sql()} would have {places} decimal places", _offset(node), "use at most 12 in a product"
                )
            return Arithmetic(Type(unit, places, nullable=nullable), op, left, right)
        return self._quotient(left, right, unit, node)

    def _quotient(self, left: Expr, right: Expr, unit: Unit, node: exp.Expression) -> Expr:
        guarded = isinstance(right, Call) and right.function == "nullif" and _is_zero(right.args[1])
        literal = isinstance(right, Constant) and right.value not in (None, 0)
        if not (guarded or literal):
            divisor = node.expression.sql()
            what = "division by zero" if _is_zero(right) else f"{divisor} may be zero"
            raise ExpressionError(f"{node.sql()}: {what}", _offset(node), f"divide by nullif({divisor}, 0)")
        return Arithmetic(Type(unit, MONEY_PLACES if unit == "money" else RATIO_PLACES), "/", left, right)

    def _unit_of(self, op: str, left: Expr, right: Expr, node: exp.Expression) -> Unit:
        units = (left.type.unit, right.type.unit)
        if op in ("+", "-"):
            return self._same_unit([left, right], node)
        if op == "*" and units == ("money", "money"):
            raise ExpressionError(f"{node.sql()} multiplies money by money", _offset(node), "divide one by the other")
        if op == "/":
            if units == ("number", "money") and not _is_literal(left):
                raise ExpressionError(f"{node.sql()} divides a number by money", _offset(node), "turn it round")
            return "money" if units == ("money", "number") else "number"
        return "money" if "money" in units else "number"

    def _same_unit(self, nodes: Sequence[Expr], node: exp.Expression) -> Unit:
        """The one unit of all; a number that is only literals goes with money, a fact that counts does not."""
        units: set[Unit] = {n.type.unit for n in nodes if n.type.unit != "null" and not _is_literal(n)}
        if len(units) > 1:
            raise ExpressionError(
                f"{node.sql()} mixes {' and '.join(sorted(map(str, units)))}", _offset(node), "put like with like"
            )
        literal: set[Unit] = {n.type.unit for n in nodes if n.type.unit != "null"}
        unit: Unit = next(iter(units or literal), "null")
        if literal - {unit} - {"number"} or (unit not in ("money", "number") and literal - {unit}):
            raise ExpressionError(f"{node.sql()} mixes kinds", _offset(node), "put like with like")
        return unit

    def _compare(self, node: exp.Expression) -> Expr:
        return self._comparison(_COMPARE[type(node)], self.read(node.this), self.read(node.expression), node)

    def _comparison(
        self, op: Literal["=", "<>", "<", "<=", ">", ">="], left: Expr, right: Expr, node: exp.Expression
    ) -> Expr:
        left, right = _resolved(left, right, node), _resolved(right, left, node)
        if op not in ("=", "<>") and not (left.type.is_numeric and right.type.is_numeric):
            raise ExpressionError(
                f"{node.sql()}: a {describe(left.type)} has no order", _offset(node), "compare with = or <>"
            )
        self._same_unit([left, right], node)
        if left.type.unit == "choice" and right.type.unit == "choice" and left.type.choices != right.type.choices:
            raise ExpressionError(f"{node.sql()} compares different choices", _offset(node), "put like with like")
        places = max(left.type.places, right.type.places)
        return Compare(TRUTH, op, rescaled(left, places), rescaled(right, places))

    def _logic(self, node: exp.Expression) -> Expr:
        op: Literal["and", "or"] = "and" if isinstance(node, exp.And) else "or"
        return Logic(TRUTH, op, self._truth(node.this), self._truth(node.expression))

    def _between(self, node: exp.Expression) -> Expr:
        value = self.read(node.this)
        low = self._comparison(">=", value, self.read(node.args["low"]), node)
        high = self._comparison("<=", value, self.read(node.args["high"]), node)
        return Logic(TRUTH, "and", low, high)

    def _in(self, node: exp.Expression) -> Expr:
        value = self.read(node.this)
        if not node.expressions:
            raise ExpressionError(f"{node.sql()}: only a list of values is allowed", _offset(node))
        each = [self._comparison("=", value, self.read(option), node) for option in node.expressions]
        return reduce(lambda a, b: Logic(TRUTH, "or", a, b), each)

    def _is(self, node: exp.Expression) -> Expr:
        if not isinstance(node.expression, exp.Null):
            raise ExpressionError(f"{node.sql()}: only IS NULL and IS NOT NULL", _offset(node), "compare with =")
        return IsNull(Type("flag", nullable=False), self.read(node.this))

    def _call(self, node: exp.Expression) -> Expr:
        function = _CALLS[type(node)]
        args = [self.read(part) for part in (node.this, node.args.get("expression"), *node.expressions) if part]
        if function != "coalesce" and not all(arg.type.is_numeric for arg in args):
            raise ExpressionError(f"{node.sql()}: {function} takes numbers", _offset(node))
        args = [_resolved(arg, args[0], node) for arg in args]
        unit = self._same_unit(args, node)
        places = max(arg.type.places for arg in args)
        unknown = [arg.type.nullable for arg in args]
        nullable = function == "nullif" or (all(unknown) if function == "coalesce" else any(unknown))
        kind = Type(unit, places, args[0].type.choices, nullable)
        return Call(kind, function, tuple(rescaled(arg, places) for arg in args))

    def _case(self, node: exp.Expression) -> Expr:
        if node.this is not None:
            raise ExpressionError(f"{node.sql()}: write 'case when x = 1 then ..'", _offset(node))
        conditions = [self._truth(branch.this) for branch in node.args["ifs"]]
        values = [self.read(branch.args["true"]) for branch in node.args["ifs"]]
        default = node.args.get("default")
        values.append(self.read(default) if default is not None else Constant(Type("null"), None))
        if any(value.type.unit in ("choice", "text") for value in values):
            raise ExpressionError(f"{node.sql()}: a case gives numbers or conditions", _offset(node))
        unit = self._same_unit(values, node)
        places = max(value.type.places for value in values)
        values = [rescaled(value, places) for value in values]
        kind = Type(unit, places, nullable=any(value.type.nullable for value in values))
        return Case(kind, tuple(zip(conditions, values[:-1], strict=True)), values[-1])


@dataclass(frozen=True)
class _TextLiteral(Constant):
    """A quoted text whose meaning (a choice or a free text) its neighbour decides."""

    text: str


def _resolved(node: Expr, beside: Expr, where: exp.Expression) -> Expr:
    """A quoted text as the choice or free text it is compared with; other nodes unchanged."""
    if not isinstance(node, _TextLiteral):
        return node
    if beside.type.unit == "choice":
        if node.text not in beside.type.choices:
            raise ExpressionError(
                f"{node.text!r} is not one of the choices", _offset(where), closest(node.text, beside.type.choices)
            )
        kind = Type("choice", 0, beside.type.choices, nullable=False)
        return Constant(kind, beside.type.choices.index(node.text))
    if beside.type.unit == "text":
        return Constant(Type("text", nullable=False), text_code(node.text))
    raise ExpressionError(
        f"{where.sql()} compares a {describe(beside.type)} with the text {node.text!r}",
        _offset(where),
        "remove the quotes",
    )


def _is_zero(node: Expr) -> bool:
    return isinstance(node, Constant) and node.value == 0


def _offset(node: exp.Expression) -> int:
    """Where in its text the node begins, as near as sqlglot tells."""
    starts = [i.meta["start"] for i in node.find_all(exp.Identifier) if "start" in i.meta]
    return min(starts, default=0)
