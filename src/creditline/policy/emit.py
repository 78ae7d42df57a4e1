"""Python source of expressions: int64 in numeric form, conditions in their TRUE and their FALSE form."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Mapping, Sequence

from creditline.facts.expressions import Arithmetic, Call, Case, Compare, Constant, Expr, IsNull, Logic, Name, Not

Resolver = Callable[[str], str]
"""From a name in an expression to the code that reads it."""

_RESERVED = frozenset({
    "t", "lo", "hi", "at", "known", "until", "kind", "v", "s", "f", "r", "i", "j", "k", "a", "n", "card",
    "scratch", "wake",
    "begin", "end", "waking", "next_at", "ends", "month", "this_month", "suspended", "asked_at", "hard", "soft",
    "hard_until", "soft_until", "override_until", "fired", "held", "cured", "min", "max", "abs", "range", "len",
    "np", "add", "sub", "mul", "div", "eq", "ne", "lt", "le", "gt", "ge", "coalesce", "nullif", "least",
    "greatest", "magnitude", "cut", "stands", "month_index", "month_start", "count_distinct", "later", "measure",
    "score", "judge", "walk",
})  # fmt: skip
"""Names the kernel itself uses."""

_TRUE: Mapping[str, str] = {"=": "eq", "<>": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_FALSE: Mapping[str, str] = {"=": "ne", "<>": "eq", "<": "ge", "<=": "gt", ">": "le", ">=": "lt"}
_SYMBOL: Mapping[str, str] = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_HELPER: Mapping[str, str] = {
    "+": "add", "-": "sub", "*": "mul", "coalesce": "coalesce", "nullif": "nullif", "least": "least",
    "greatest": "greatest",
}  # fmt: skip


def variable(name: str) -> str:
    """The local variable that holds a fact or attribute."""
    return f"{name}_" if name in _RESERVED or keyword.iskeyword(name) or name.isupper() else name


class Emitter:
    """Writes expressions as Python that Numba also reads."""

    def __init__(self, resolve: Resolver = variable) -> None:
        self.resolve = resolve

    def value(self, expr: Expr) -> str:
        """Code of a value in numeric form."""
        match expr:
            case Constant():
                return "NULL" if expr.value is None else str(expr.value)
            case Name():
                return self.resolve(expr.name)
            case Arithmetic(op="/"):
                return self._quotient(expr)
            case Arithmetic():
                return f"{_HELPER[expr.op]}({self.value(expr.left)}, {self.value(expr.right)})"
            case Call(function="abs"):
                return f"magnitude({self.value(expr.args[0])})"
            case Call():
                return self._folded(_HELPER[expr.function], [self.value(arg) for arg in expr.args])
            case Case():
                return self._case(expr)
            case _:
                return f"(1 if {self.true(expr)} else (0 if {self.false(expr)} else NULL))"

    def _quotient(self, expr: Arithmetic) -> str:
        left, right = self.value(expr.left), self.value(expr.right)
        finer = expr.type.places + expr.right.type.places - expr.left.type.places
        return f"div({left}, {right}, {10**finer})" if finer >= 0 else f"div({left}, mul({right}, {10**-finer}), 1)"

    @staticmethod
    def _folded(helper: str, args: list[str]) -> str:
        code = args[0]
        for arg in args[1:]:
            code = f"{helper}({code}, {arg})"
        return code

    def _case(self, expr: Case) -> str:
        code = self.value(expr.default)
        for condition, value in reversed(expr.branches):
            code = f"({self.value(value)} if {self.true(condition)} else {code})"
        return code

    def true(self, expr: Expr) -> str:
        """Code that tells whether a condition is TRUE."""
        match expr:
            case Compare():
                return self._compare(_TRUE[expr.op], expr)
            case Logic():
                return f"({self.true(expr.left)} {expr.op} {self.true(expr.right)})"
            case Not():
                return self.false(expr.part)
            case IsNull():
                return f"{self.value(expr.part)} == NULL"
            case Constant():
                return str(expr.value == 1)
            case _:
                return f"{self.value(expr)} == 1"

    def false(self, expr: Expr) -> str:
        """Code that tells whether a condition is FALSE (not NULL, not TRUE)."""
        match expr:
            case Compare():
                return self._compare(_FALSE[expr.op], expr)
            case Logic():
                other = "or" if expr.op == "and" else "and"
                return f"({self.false(expr.left)} {other} {self.false(expr.right)})"
            case Not():
                return self.true(expr.part)
            case IsNull():
                return f"{self.value(expr.part)} != NULL"
            case Constant():
                return str(expr.value == 0)
            case _:
                return f"{self.value(expr)} == 0"

    def _compare(self, test: str, expr: Compare) -> str:
        left, right = self.value(expr.left), self.value(expr.right)
        if expr.left.type.nullable or expr.right.type.nullable:
            return f"{test}({left}, {right})"
        return f"{left} {_SYMBOL[test]} {right}"


def under(condition: str, lines: Sequence[str]) -> list[str]:
    """Lines indented under a condition; as they are where there is none."""
    if not condition:
        return list(lines)
    condition = condition[1:-1] if condition.startswith("(") and _closes_last(condition) else condition
    return [f"if {condition}:", *("    " + line for line in lines)]


def _closes_last(code: str) -> bool:
    """Whether the first bracket closes at the very end."""
    depth = 0
    for place, char in enumerate(code):
        depth += (char == "(") - (char == ")")
        if depth == 0:
            return place == len(code) - 1
    return False
