"""Where conditions can hold: the regions of facts in which one can be TRUE, FALSE or NULL.

A region says of names between which values they lie and whether they are NULL. What is found is never too little: every
line for which a condition comes out as asked lies in one of the regions, so no region at all is a proof that no line
does. It may be too much where facts depend on each other in ways that intervals do not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from itertools import product
from math import inf
from typing import Literal

from creditline.facts.definitions import CountedFact
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
)
from creditline.policy.intervals import (
    ANYTHING,
    EMPTY,
    Box,
    Interval,
    both,
    difference,
    interval,
    spread,
    union,
)
from creditline.policy.model import ATTRIBUTES, Policy
from creditline.scoring.scorecard import Scorecard, Steps

Want = Literal["true", "false", "null"]

REGIONS_MAX = 64
"""Of more alternatives at one place none is told apart: the place then says nothing."""

Op = Literal["=", "<>", "<", "<=", ">", ">="]

_NOT: Mapping[Want, Want] = {"true": "false", "false": "true", "null": "null"}
_MIRROR: Mapping[Op, Op] = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_OPPOSITE: Mapping[Op, Op] = {"=": "<>", "<>": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}


@dataclass(frozen=True)
class Region:
    """Values of names, in numeric form, and of some names whether they are NULL; the rest is open."""

    box: Box
    nulls: Mapping[str, bool] = field(default_factory=dict)

    def span(self, name: str) -> Interval:
        """Between which values a name lies; EMPTY where it is NULL."""
        return EMPTY if self.nulls.get(name) else self.box.get(name, ANYTHING)

    def narrowed(self, name: str, span: Interval) -> list[Region]:
        """The part of it where a name is not NULL and lies in an interval; at most one."""
        left = both(self.span(name), span)
        return [] if left == EMPTY else [Region({**self.box, name: left}, {**self.nulls, name: False})]

    def unknown(self, name: str) -> list[Region]:
        """The part of it where a name is NULL; at most one."""
        return [] if self.nulls.get(name) is False else [Region(self.box, {**self.nulls, name: True})]


class Ranges:
    """Regions of the conditions of one policy; without a policy, of names alone."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.sql = {fact.name: fact.sql for fact in policy.sql_facts} if policy else {}
        self.card = policy.scorecard if policy else None
        self.nullable = (
            frozenset(name for name, kind in policy.types.items() if kind.nullable) if policy else frozenset()
        )
        self.widest = Region(widest(policy) if policy else {})

    def possible(self, *conditions: Expr, inside: Region | None = None) -> list[Region]:
        """In which regions all conditions can be TRUE at once; none: they never are."""
        found = [self.widest if inside is None else inside]
        # What one condition narrows may settle another before it, so all but the last are asked twice.
        for condition in [*conditions, *conditions[:-1]]:
            found = self._each(found, lambda one, what=condition: self.regions(what, one, "true"))  # type: ignore[misc]
        return [each for each in found if self._scored(each)]

    def always(self, condition: Expr, inside: Region | None = None) -> bool:
        """Whether a condition is TRUE wherever a region holds a line, and never FALSE or NULL."""
        start = self.widest if inside is None else inside
        if isinstance(condition, Logic) and condition.op == "and":
            return self.always(condition.left, start) and self.always(condition.right, start)
        return not any(self._scored(each) for each in self._unless("true", condition, start))

    def values(self, expr: Expr, inside: Region) -> Interval:
        """The values an expression can take in a region when it is not NULL; EMPTY where it always is."""
        known = [way for one in self._value(expr, inside) for way in self._choices(expr, one)]
        return union(EMPTY, *(_span(value, one) for value, one in known))

    def unknown(self, expr: Expr, inside: Region) -> bool:
        """Whether an expression can be NULL in a region."""
        return bool(self._null(expr, inside))

    # -- truths -----------------------------------------------------------------------------------

    def regions(self, expr: Expr, inside: Region, want: Want) -> list[Region]:
        """In which regions a condition comes out as wanted."""
        match expr:
            case Logic():
                return self._logic(expr, inside, want)
            case Not():
                return self.regions(expr.part, inside, _NOT[want])
            case IsNull():
                if want == "null":
                    return []
                return self._null(expr.part, inside) if want == "true" else self._value(expr.part, inside)
            case Compare():
                return self._compared(expr, inside, want)
            case _:
                return self._flag(expr, inside, want)

    def _logic(self, expr: Logic, inside: Region, want: Want) -> list[Region]:
        decisive: Want = "false" if expr.op == "and" else "true"
        if want == decisive:
            sides = (expr.left, expr.right)
            return self._capped([each for side in sides for each in self.regions(side, inside, want)], inside)
        if want != "null":
            return self._both(expr, inside, want, want)
        other = _NOT[decisive]
        pairs: list[tuple[Want, Want]] = [("null", "null"), ("null", other), (other, "null")]
        return self._capped([each for pair in pairs for each in self._both(expr, inside, *pair)], inside)

    def _both(self, expr: Logic, inside: Region, left: Want, right: Want) -> list[Region]:
        found = self.regions(expr.left, inside, left)
        return self._each(found, lambda one: self.regions(expr.right, one, right))

    def _flag(self, expr: Expr, inside: Region, want: Want) -> list[Region]:
        """A condition that is a name, a constant, or a choice among conditions."""
        match expr:
            case Call(function="coalesce") | Case():
                return self._among(expr, inside, lambda value, one: self.regions(value, one, want))
            case _ if want == "null":
                return self._null(expr, inside)
            case Constant():
                return [inside] if expr.value == int(want == "true") else []
            case Name():
                found = inside.narrowed(expr.name, (int(want == "true"),) * 2)
                sql = self.sql.get(expr.name)
                return found if sql is None else self._each(found, lambda one: self.regions(sql, one, want))
        return self._value(expr, inside)

    def _compared(self, expr: Compare, inside: Region, want: Want) -> list[Region]:
        if want == "null":
            return self._capped([*self._null(expr.left, inside), *self._null(expr.right, inside)], inside)
        op = expr.op if want == "true" else _OPPOSITE[expr.op]
        known = self._each(self._value(expr.left, inside), lambda one: self._value(expr.right, one))
        found: list[Region] = []
        for one in known:
            for left, there in self._choices(expr.left, one):
                for right, each in self._choices(expr.right, there):
                    found += self._held(left, op, right, each)
        return found if len(found) <= REGIONS_MAX else known

    def _held(self, left: Expr, op: Op, right: Expr, inside: Region) -> list[Region]:
        """Where one simple value stands to another as asked; a fact by SQL also as what it is worked out from."""
        found = _holds(left, op, right, inside)
        for side, other in ((left, right), (right, left)):
            sql = self.sql.get(side.name) if isinstance(side, Name) else None
            if sql is not None:
                meant = Compare(TRUTH, op, sql, other) if side is left else Compare(TRUTH, op, other, sql)
                found = self._each(found, lambda one, what=meant: self.regions(what, one, "true"))  # type: ignore[misc]
        return found

    def _choices(self, expr: Expr, inside: Region) -> list[tuple[Expr, Region]]:
        """The values an expression chooses among, each with a region in which it is that one."""
        found: list[tuple[Expr, Region]] = []
        left = [inside]
        match expr:
            case Call(function="coalesce"):
                for arg in expr.args[:-1]:
                    found += [(arg, each) for one in left for each in self._value(arg, one)]
                    left = self._each(left, lambda one, what=arg: self._null(what, one))  # type: ignore[misc]
                found += [(expr.args[-1], one) for one in left]
            case Case():
                for when, value in expr.branches:
                    found += [(value, each) for one in left for each in self.regions(when, one, "true")]
                    left = self._each(left, lambda one, what=when: self._unless("true", what, one))  # type: ignore[misc]
                found += [(expr.default, one) for one in left]
            case _:
                return [(expr, inside)]
        if len(found) > REGIONS_MAX:
            return [(expr, inside)]
        return [way for value, one in found for way in self._choices(value, one)]

    def _unless(self, want: Want, expr: Expr, inside: Region) -> list[Region]:
        """In which regions a condition can come out other than TRUE, or other than FALSE."""
        match expr:
            case Not():
                return self._unless(_NOT[want], expr.part, inside)
            case Logic() if (expr.op == "and") == (want == "true"):
                sides = (expr.left, expr.right)
                return self._capped([each for side in sides for each in self._unless(want, side, inside)], inside)
            case Logic():
                return self._each(
                    self._unless(want, expr.left, inside), lambda one: self._unless(want, expr.right, one)
                )
        return [*self.regions(expr, inside, _NOT[want]), *self.regions(expr, inside, "null")]

    # -- NULL or not ------------------------------------------------------------------------------

    def _null(self, expr: Expr, inside: Region) -> list[Region]:
        """In which regions an expression can be NULL."""
        if not expr.type.nullable and not (isinstance(expr, Constant) and expr.value is None):
            if isinstance(expr, Compare | Logic | Not):
                return self.regions(expr, inside, "null")
            return []
        match expr:
            case Constant():
                return [inside] if expr.value is None else []
            case Name():
                found = inside.unknown(expr.name)
                sql = self.sql.get(expr.name)
                return found if sql is None else self._each(found, lambda one: self._null(sql, one))
            case Call(function="coalesce") | Case():
                return self._among(expr, inside, self._null)
            case Call(function="nullif"):
                same = Compare(expr.type, "=", expr.args[0], expr.args[1])
                return self._capped([*self._null(expr.args[0], inside), *self.regions(same, inside, "true")], inside)
            case Arithmetic() | Call():
                return self._capped([each for part in expr.parts for each in self._null(part, inside)], inside)
            case Compare() | Logic() | Not():
                return self.regions(expr, inside, "null")
        return [inside]

    def _value(self, expr: Expr, inside: Region) -> list[Region]:
        """In which regions an expression can be other than NULL."""
        match expr:
            case Constant():
                return [] if expr.value is None else [inside]
            case Name():
                if not expr.type.nullable or inside.nulls.get(expr.name) is False:
                    return [inside] if inside.span(expr.name) != EMPTY else []
                found = inside.narrowed(expr.name, ANYTHING)
                sql = self.sql.get(expr.name)
                return found if sql is None else self._each(found, lambda one: self._value(sql, one))
            case Call(function="coalesce") | Case():
                return self._among(expr, inside, self._value)
            case Call(function="nullif"):
                other = expr.args[1]
                found = self._value(expr.args[0], inside)
                if isinstance(other, Constant):
                    return self._each(found, lambda one: _holds(expr.args[0], "<>", other, one))
                return found
            case Arithmetic() | Call():
                found = [inside]
                for part in expr.parts:
                    found = self._each(found, lambda one, what=part: self._value(what, one))  # type: ignore[misc]
                return found
            case Compare() | Logic() | Not():
                return self._capped([*self.regions(expr, inside, "true"), *self.regions(expr, inside, "false")], inside)
        return [inside]

    # -- alternatives -----------------------------------------------------------------------------

    def _each(self, found: list[Region], step: Callable[[Region], list[Region]]) -> list[Region]:
        """Every region narrowed by a further step; as they were where that makes too many."""
        narrowed: list[Region] = []
        for one in found:
            narrowed += step(one)
            if len(narrowed) > REGIONS_MAX:
                return found
        return narrowed

    def _among(self, expr: Expr, inside: Region, step: Callable[[Expr, Region], list[Region]]) -> list[Region]:
        """The regions a step finds for the values an expression chooses among."""
        ways = self._choices(expr, inside)
        if any(value is expr for value, _ in ways):  # too many to be told apart
            return [inside]
        return self._capped([each for value, one in ways for each in step(value, one)], inside)

    def _capped(self, found: list[Region], inside: Region) -> list[Region]:
        return found if len(found) <= REGIONS_MAX else [inside]

    # -- points -----------------------------------------------------------------------------------

    def _scored(self, region: Region) -> bool:
        """Whether the card can give such points for such facts."""
        asked = region.box.get("points", ANYTHING)
        if self.card is None or asked == self.widest.box.get("points"):
            return True
        return both(asked, card_range(self.card, region, self.nullable)) != EMPTY


def card_range(card: Scorecard, region: Region, nullable: Collection[str]) -> Interval:
    """The lowest and the highest score of lines in a region."""
    low = high = card.base
    for term in card.terms:
        cells = [0]
        for axis in term.axes:
            places = _places(axis, region, may_be_null=axis.fact in nullable)
            cells = [cell * axis.size + place for cell, place in product(cells, places)]
        points = [term.points[cell] for cell in cells]
        if not points:
            return EMPTY
        low, high = low + min(points), high + max(points)
    return (low, high)


def _places(axis: Steps, region: Region, *, may_be_null: bool) -> list[int]:
    span, null = region.span(axis.fact), region.nulls.get(axis.fact)
    places = [0] if null or (null is None and may_be_null) else []
    if span == EMPTY:
        return places
    first = 1 if span[0] == -inf else axis.place(int(span[0]))
    last = axis.size - 1 if span[1] == inf else axis.place(int(span[1]))
    return [*places, *range(first, last + 1)]


# -- comparing ----------------------------------------------------------------------------------------


def _spans(expr: Expr, region: Region) -> Box:
    return {name: region.span(name) for name in expr.names()}


def _span(expr: Expr, region: Region) -> Interval:
    return interval(expr, _spans(expr, region))


def _holds(left: Expr, op: Op, right: Expr, inside: Region) -> list[Region]:
    """In which regions a comparison of values that are not NULL can hold."""
    form = difference(left, right)
    if form is None:
        low, high = _span(left, inside), _span(right, inside)
        if EMPTY in (low, high):
            return []
        return [inside] if _may(op, (low[0] - high[1], low[1] - high[0])) else []
    names = [name for name in form if name]
    if not _may(op, spread(form, {name: inside.span(name) for name in names})):
        return []
    if len(names) == 1:
        return _solved(names[0], form[names[0]], form.get("", 0), op, inside)
    return [inside]


def _may(op: Op, less: Interval) -> bool:
    """Whether a difference in an interval can stand to 0 as asked."""
    low, high = less
    held: dict[Op, bool] = {
        "=": low <= 0 <= high, "<>": (low, high) != (0, 0),
        "<": low < 0, "<=": low <= 0, ">": high > 0, ">=": high >= 0,
    }  # fmt: skip
    return low <= high and held[op]


def _solved(name: str, times: int, added: int, op: Op, inside: Region) -> list[Region]:
    """Where ``times * name + added`` stands to 0 as asked; whole numbers."""
    if times < 0:
        times, added = -times, -added
        op = _MIRROR[op]
    even = -added % times == 0
    below, above = -added // times, -(added // times)  # the point itself, rounded down and up
    if op == "<>":
        return inside.narrowed(name, ANYTHING) if not even else _without(name, below, inside)
    span: Interval = {
        "=": (below, below) if even else EMPTY,
        "<": (-inf, above - 1),
        "<=": (-inf, below),
        ">": (below + 1, inf),
        ">=": (above, inf),
    }[op]
    return inside.narrowed(name, span)


def _without(name: str, value: int, inside: Region) -> list[Region]:
    low, high = inside.span(name)
    return inside.narrowed(name, (low + (low == value), high - (high == value)))


# -- what names can be --------------------------------------------------------------------------------


def widest(policy: Policy) -> dict[str, Interval]:
    """The interval of every fact and attribute, whatever happens."""
    found: dict[str, Interval] = dict.fromkeys(ATTRIBUTES, (0, inf))
    found |= {"on_probation": (0, 1), "status": (0, 6)}
    found |= {fact.name: _of_fact(fact) for fact in policy.counted_facts}
    for fact in policy.sql_facts:
        span = interval(fact.sql, found)
        found[fact.name] = ANYTHING if span == EMPTY else span
    found["points"] = (policy.scorecard.lowest, policy.scorecard.highest) if policy.scorecard else (0, 0)
    return found


def _of_fact(fact: CountedFact) -> Interval:
    if fact.field is not None and fact.operator in ("max", "min", "last"):
        low, high = fact.field.minimum, fact.field.maximum
        return (-inf if low is None else low, inf if high is None else high)
    return (0, inf)


def possible(expr: Expr, box: Box) -> bool:
    """Whether a condition can be TRUE where names lie in these intervals."""
    return bool(Ranges().possible(expr, inside=Region(box)))


__all__ = ["ANYTHING", "Box", "Interval", "Ranges", "Region", "card_range", "interval", "possible", "widest"]
