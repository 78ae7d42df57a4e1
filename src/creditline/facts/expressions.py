"""Expressions of the policy language as trees whose every node knows its type.

The tree is small and means the same on every host. Numbers are exact decimals with a fixed number of places,
held as int64; truth has three values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Unit = Literal["money", "number", "choice", "flag", "text", "moment", "null"]


@dataclass(frozen=True)
class Type:
    """What a value is: its unit, its decimal places, its choices in order, and whether it can be NULL."""

    unit: Unit
    places: int = 0
    choices: tuple[str, ...] = ()
    nullable: bool = True

    @property
    def is_numeric(self) -> bool:
        """Whether it can be added and ordered."""
        return self.unit in ("money", "number", "null")


@dataclass(frozen=True)
class Expr:
    """A node of an expression; every node knows its type."""

    type: Type

    @property
    def parts(self) -> tuple[Expr, ...]:
        """The nodes right below."""
        return ()

    def walk(self) -> Iterator[Expr]:
        """This node and all below it."""
        yield self
        for part in self.parts:
            yield from part.walk()

    def names(self) -> set[str]:
        """Names of all facts and attributes in it."""
        return {node.name for node in self.walk() if isinstance(node, Name)}


@dataclass(frozen=True)
class Constant(Expr):
    """A literal in numeric form; None is NULL."""

    value: int | None


@dataclass(frozen=True)
class Name(Expr):
    """A fact, an attribute of the line or, in ``where``, a field of the event."""

    name: str


@dataclass(frozen=True)
class Arithmetic(Expr):
    """``+ - * /`` of two numbers; the type's places say how it is scaled."""

    op: Literal["+", "-", "*", "/"]
    left: Expr
    right: Expr

    @property
    def parts(self) -> tuple[Expr, ...]:
        """Both operands."""
        return (self.left, self.right)


@dataclass(frozen=True)
class Call(Expr):
    """``coalesce nullif least greatest abs`` of numbers of equal kind."""

    function: Literal["coalesce", "nullif", "least", "greatest", "abs"]
    args: tuple[Expr, ...]

    @property
    def parts(self) -> tuple[Expr, ...]:
        """The arguments."""
        return self.args


@dataclass(frozen=True)
class Case(Expr):
    """``case when .. then .. else .. end``."""

    branches: tuple[tuple[Expr, Expr], ...]
    default: Expr

    @property
    def parts(self) -> tuple[Expr, ...]:
        """Conditions, values, default."""
        return (*(node for branch in self.branches for node in branch), self.default)


@dataclass(frozen=True)
class Compare(Expr):
    """A comparison of two values of one kind."""

    op: Literal["=", "<>", "<", "<=", ">", ">="]
    left: Expr
    right: Expr

    @property
    def parts(self) -> tuple[Expr, ...]:
        """Both sides."""
        return (self.left, self.right)


@dataclass(frozen=True)
class Logic(Expr):
    """``and``/``or`` of two truths."""

    op: Literal["and", "or"]
    left: Expr
    right: Expr

    @property
    def parts(self) -> tuple[Expr, ...]:
        """Both sides."""
        return (self.left, self.right)


@dataclass(frozen=True)
class Not(Expr):
    """The opposite truth; NULL stays NULL."""

    part: Expr

    @property
    def parts(self) -> tuple[Expr, ...]:
        """What is negated."""
        return (self.part,)


@dataclass(frozen=True)
class IsNull(Expr):
    """Whether a value is NULL; never NULL itself."""

    part: Expr

    @property
    def parts(self) -> tuple[Expr, ...]:
        """What is asked about."""
        return (self.part,)


TRUTH = Type("flag")
"""What a condition is: TRUE, FALSE or NULL."""
