"""Definitions of facts: what is counted, over which window, under which conditions."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from creditline.events.kinds import KINDS, FieldSpec, KindSpec
from creditline.facts.expressions import Expr, Type, Unit
from creditline.facts.parsing import ExpressionError, Scope, closest, parse_predicate

Operator = Literal[
    "count", "sum", "max", "min", "last", "age", "distinct", "gap", "streak", "months", "falls", "rises", "open", "sql",
]  # fmt: skip
OPERATORS: tuple[Operator, ...] = get_args(Operator)

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR

_UNITS = {"m": 60 * SECOND, "h": HOUR, "d": DAY, "w": 7 * DAY, "y": 365 * DAY}

_ON_FIELD = {"sum", "max", "min", "last", "distinct", "falls", "rises"}
_SEQUENCED = {"count", "sum", "max", "min"}
_OPTIONS: dict[str, set[str]] = {
    "count": {"window", "where", "within", "after", "after_where"},
    "sum": {"window", "where", "within", "after", "after_where"},
    "max": {"window", "where", "within", "after", "after_where"},
    "min": {"window", "where", "within", "after", "after_where"},
    "last": {"window", "where", "no_older_than"},
    "age": {"window", "where", "unit"},
    "distinct": {"window", "where"},
    "gap": {"window", "where", "take", "unit"},
    "streak": {"window", "where", "holds"},
    "months": {"where", "holds"},
    "falls": {"window", "where"},
    "rises": {"window", "where"},
    "open": {"where", "ended_by", "on"},
    "sql": set(),
}


@dataclass(frozen=True)
class Window:
    """How far back: so many microseconds, or so many calendar months."""

    us: int = 0
    months: int = 0

    def __str__(self) -> str:
        if self.months:
            return f"{self.months}mo"
        for unit in ("y", "w", "d", "h", "m"):
            if self.us % _UNITS[unit] == 0 and unit not in ("y", "w"):
                return f"{self.us // _UNITS[unit]}{unit}"
        return f"{self.us}us"


@dataclass(frozen=True)
class Fact:
    """One fact of a policy: its name, its type and its definition as written."""

    name: str
    type: Type
    text: Mapping[str, object] = dataclasses.field(compare=False, hash=False)

    @property
    def sources(self) -> frozenset[str]:
        """Data sources it reads directly."""
        return frozenset()


@dataclass(frozen=True)
class SqlFact(Fact):
    """A fact calculated from other facts."""

    sql: Expr


@dataclass(frozen=True, kw_only=True)
class CountedFact(Fact):
    """A fact counted over events of one kind."""

    operator: Operator
    kind: KindSpec
    field: FieldSpec | None = None
    window: Window | None = None
    where: Expr | None = None
    within: int = 0
    """Microseconds; 0 where the fact is no sequence."""
    after: KindSpec | None = None
    after_where: Expr | None = None
    ended_by: KindSpec | None = None
    on: tuple[int, int] | None = None
    """Slots of the field that pairs an event with what ends it, in either kind."""
    take: Literal["min", "max", "last"] = "min"
    unit: int = 0
    """Microseconds of one unit, for ages and gaps."""
    holds: Expr | None = None

    @property
    def is_latest(self) -> bool:
        """Whether only the latest event counts, so that the window is asked once, at the end."""
        return self.operator in ("last", "age")

    @property
    def slot(self) -> int:
        """Slot of the field it reads; only facts over a field have one."""
        assert self.field is not None, f"{self.name} reads no field"
        return self.field.slot

    @property
    def sources(self) -> frozenset[str]:
        """Data sources it reads directly."""
        return frozenset(kind.source for kind in (self.kind, self.after, self.ended_by) if kind)


class DefinitionError(Exception):
    """A fact that is not defined right: under which key, what, and a remedy."""

    def __init__(self, key: str, message: str, suggestion: str = "", offset: int = 0) -> None:
        super().__init__(message)
        self.key, self.message, self.suggestion, self.offset = key, message, suggestion, offset


def parse_window(text: object, key: str = "window", *, calendar: bool = True) -> Window:
    """``30m``, ``48h``, ``3d``, ``2w``, ``1y`` or, where calendar windows are allowed, ``3mo``."""
    match = re.fullmatch(r"([1-9]\d{0,5})(mo|m|h|d|w|y)", str(text))
    if not match or (match[2] == "mo" and not calendar):
        forms = "30m, 48h, 3d, 2w, 1y" + (", 3mo" if calendar else "")
        raise DefinitionError(key, f"{text!r} is not a duration", f"write one like {forms}")
    number = int(match[1])
    return Window(months=number) if match[2] == "mo" else Window(us=number * _UNITS[match[2]])


def field_type(spec: FieldSpec) -> Type:
    """Type of an event's field in expressions."""
    units: dict[str, Unit] = {"money": "money", "flag": "flag", "choice": "choice", "text": "text", "moment": "moment"}
    unit = units.get(spec.unit, "number")
    return Type(unit, 2 if unit == "money" else 0, spec.choices, nullable=not spec.required)


def define(name: str, spec: Mapping[str, object]) -> CountedFact | None:
    """The fact over events that a definition describes; None for one by SQL, which the policy's scope decides."""
    operators = [key for key in spec if key in OPERATORS]
    if len(operators) != 1:
        raise DefinitionError(
            "",
            f"fact {name!r} needs exactly one operator, has {operators or 'none'}",
            closest(next(iter(spec), ""), OPERATORS),
        )
    operator: Operator = operators[0]
    for key in spec:
        if key != operator and key not in _OPTIONS[operator]:
            raise DefinitionError(
                key, f"{operator!r} has no option {key!r}", closest(key, sorted(_OPTIONS[operator]) or ["-"])
            )
    if operator == "sql":
        return None
    return _Definition(name, operator, spec).fact()


class _Definition:
    """Reads one definition over events."""

    def __init__(self, name: str, operator: Operator, spec: Mapping[str, object]) -> None:
        self.name, self.operator, self.spec = name, operator, spec
        self.kind, self.field = self._target()
        self.scope: Scope = {n: field_type(f) for n, f in self.kind.fields.items()}

    def fact(self) -> CountedFact:
        within, after, after_where = self._sequence()
        ended_by, on = self._ending()
        return CountedFact(
            name=self.name,
            operator=self.operator,
            type=self._type(),
            kind=self.kind,
            field=self.field,
            window=self._window(),
            where=self._predicate("where"),
            within=within,
            after=after,
            after_where=after_where,
            ended_by=ended_by,
            on=on,
            take=self._choice("take", ("min", "max", "last")),  # type: ignore[arg-type]
            unit={"hour": HOUR, "day": DAY}[
                self._choice("unit", ("day", "hour") if self.operator == "age" else ("hour", "day"))
            ],
            holds=self._predicate("holds", required=self.operator in ("streak", "months")),
            text=self.spec,
        )

    def _target(self) -> tuple[KindSpec, FieldSpec | None]:
        path = str(self.spec[self.operator])
        if self.operator not in _ON_FIELD:
            return _kind(path, self.operator), None
        kind_name, _, field_name = path.rpartition(".")
        kind = _kind(kind_name or path, self.operator)
        if field_name not in kind.fields:
            known = [f"{kind.name}.{f}" for f in kind.fields] or ["(it has no fields)"]
            raise DefinitionError(self.operator, f"{kind.name} has no field {field_name!r}", closest(path, known))
        field = kind.fields[field_name]
        self._check_field(field, path)
        return kind, field

    def _check_field(self, field: FieldSpec, path: str) -> None:
        orderless = field.unit in ("choice", "text", "flag", "moment")
        if self.operator in ("sum", "max", "min", "falls", "rises") and orderless:
            raise DefinitionError(
                self.operator, f"{path} is a {field.unit}; {self.operator} needs a number", "count it with where"
            )
        if self.operator == "sum" and (field.minimum is None or field.minimum < 0):
            raise DefinitionError(self.operator, f"{path} may be negative and cannot be summed", "use last, max or min")

    def _type(self) -> Type:
        if self.field is not None and self.operator in ("sum", "max", "min", "last"):
            kind = field_type(self.field)
            return Type(kind.unit, kind.places, kind.choices, nullable=self.operator != "sum")
        return Type("number", nullable=self.operator in ("age", "gap"))

    def _window(self) -> Window | None:
        if "no_older_than" in self.spec:
            return parse_window(self.spec["no_older_than"], "no_older_than")
        return parse_window(self.spec["window"]) if "window" in self.spec else None

    def _predicate(self, key: str, kind: KindSpec | None = None, *, required: bool = False) -> Expr | None:
        if key not in self.spec:
            if required:
                raise DefinitionError(
                    "", f"{self.operator!r} needs {key!r}", f"add {key}: a condition over the event's fields"
                )
            return None
        scope = self.scope if kind is None else {n: field_type(f) for n, f in kind.fields.items()}
        try:
            return parse_predicate(str(self.spec[key]), scope)
        except ExpressionError as error:
            raise DefinitionError(key, error.message, error.suggestion, error.offset) from None

    def _sequence(self) -> tuple[int, KindSpec | None, Expr | None]:
        if ("within" in self.spec) != ("after" in self.spec) or (
            "after_where" in self.spec and "after" not in self.spec
        ):
            raise DefinitionError(
                "", "'within' and 'after' go together", "give both, e.g. within: 48h, after: repayment.received"
            )
        if "after" not in self.spec:
            return 0, None, None
        after = _kind(str(self.spec["after"]), "after")
        within = parse_window(self.spec["within"], "within", calendar=False).us
        return within, after, self._predicate("after_where", after)

    def _ending(self) -> tuple[KindSpec | None, tuple[int, int] | None]:
        if self.operator != "open":
            return None, None
        if "ended_by" not in self.spec:
            raise DefinitionError("", "'open' needs 'ended_by'", "name the kind of event that ends it")
        ender = _kind(str(self.spec["ended_by"]), "ended_by")
        if "on" not in self.spec:
            return ender, None
        on = str(self.spec["on"])
        for kind in (self.kind, ender):
            if on not in kind.fields or not kind.fields[on].required:
                both = [f for f in self.kind.fields if f in ender.fields]
                raise DefinitionError(
                    "on", f"{kind.name} has no required field {on!r}", closest(on, both or ["(none in common)"])
                )
        return ender, (self.kind.fields[on].slot, ender.fields[on].slot)

    def _choice(self, key: str, options: tuple[str, ...]) -> str:
        value = str(self.spec.get(key, options[0]))
        if value not in options:
            raise DefinitionError(key, f"{key} cannot be {value!r}", closest(value, options))
        return value


def _kind(name: str, key: str) -> KindSpec:
    known = [kind.name for kind in KINDS.values() if not kind.struct.is_truth]
    if name not in KINDS:
        raise DefinitionError(key, f"unknown event kind {name!r}", closest(name, known))
    if KINDS[name].struct.is_truth:
        raise DefinitionError(key, f"{name} tells the outcome and may not be decided on", "use what was known before")
    return KINDS[name]


__all__ = [
    "DAY",
    "HOUR",
    "OPERATORS",
    "CountedFact",
    "DefinitionError",
    "Fact",
    "Operator",
    "SqlFact",
    "Window",
    "define",
    "field_type",
    "parse_window",
]  # fmt: skip
