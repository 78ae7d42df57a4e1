"""Levers that can never be used, or that contradict themselves: each told at its place, none without proof.

What two levers say of one field is the planner's matter: it never uses both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf

from creditline.events.kinds import FieldSpec, KindSpec
from creditline.facts.definitions import CountedFact
from creditline.facts.expressions import Expr, Type
from creditline.policy.intervals import EMPTY, Interval, difference, spread
from creditline.policy.levers import Lever
from creditline.policy.model import Policy
from creditline.policy.ranges import Ranges, Region
from creditline.policy.source import Path, Source


def check_levers(policy: Policy, ranges: Ranges, source: Source) -> None:
    """Note in the source, at its place, every lever that no line can use and every one that contradicts itself."""
    for lever in policy.levers:
        _Checking(policy, ranges, source, lever).check()


class _Checking:
    """One lever."""

    def __init__(self, policy: Policy, ranges: Ranges, source: Source, lever: Lever) -> None:
        self.policy, self.ranges, self.source, self.lever = policy, ranges, source, lever
        self.path: Path = ("levers", lever.name)
        self.there = [ranges.widest] if lever.when is None else ranges.possible(lever.when)
        """Where the lever is there; with what can be chosen of it."""

    def check(self) -> None:
        """Note what is wrong; the first mistake hides those that follow from it."""
        lever = self.lever
        if not self.there:
            self._never("when", "'when' can never be TRUE", "say for whom it is there")
            return
        if lever.chosen is not None:
            self.there = [each for one in self.there for each in self._chosen(one, *lever.chosen)]
            if not self.there:
                self._never("choose", "'from' is always above 'to', or unknown", "let 'to' reach 'from'")
                return
        if lever.money is not None and not any(self._reaches(lever.money, one) for one in self.there):
            self._never("money", "'money' is always below 0 or unknown", "say what it costs, or leave it out")
        twice = self._twice()
        if not twice and self._fits():
            self._fires()

    def _never(self, key: str, why: str, remedy: str) -> None:
        self.source.add((*self.path, key), f"{self.lever.name} can never be used: {why}", remedy)

    def _chosen(self, inside: Region, low: Expr, high: Expr) -> list[Region]:
        """The region with what can be chosen in it; none where there is nothing to choose."""
        least, most = self.ranges.values(low, inside)[0], self.ranges.values(high, inside)[1]
        form = difference(high, low)
        if form is not None and spread(form, {name: inside.span(name) for name in form if name})[1] < 0:
            return []
        return inside.narrowed("chosen", (least, most))

    def _reaches(self, money: Expr, inside: Region) -> bool:
        return self.ranges.values(money, inside)[1] >= 0

    # -- what it says -----------------------------------------------------------------------------

    def _twice(self) -> bool:
        """Whether one field is set twice to different things; told where the second stands."""
        said: dict[tuple[str, str], Expr] = {}
        before = len(self.source.problems)
        for number, each in enumerate(self.lever.says):
            for name, expr in each.fields.items():
                if said.setdefault((each.kind.name, name), expr) != expr:
                    what = f"{self.lever.name} contradicts itself: it says {each.kind.name}.{name} twice, differently"
                    here = (*self.path, "says", number, each.kind.name, name)
                    self.source.add(here, what, "say it once, or make two levers of it", key=True)
        return len(self.source.problems) > before

    def _fits(self) -> bool:
        """Whether all it says can stand in its field; what never does is told."""
        before = len(self.source.problems)
        for number, each in enumerate(self.lever.says):
            for name, expr in each.fields.items():
                field = each.kind.fields[name]
                span = self._said(field, expr)
                if span == EMPTY:
                    low, high = field.minimum, field.maximum
                    scale = 100 if field.unit == "money" else 1
                    least = "" if low is None else f"{low / scale:.15g}"
                    what = f"{each.kind.name} can never say such {name}"
                    told = f"{name} is {least} to {(high or 0) / scale:.15g}"
                    here = (*self.path, "says", number, each.kind.name, name)
                    self.source.add(here, f"{self.lever.name} can never be used: {what}", told)
        return len(self.source.problems) == before

    def _said(self, field: FieldSpec, expr: Expr) -> Interval | None:
        """The values the field can be given, EMPTY for none that fits; None where it can also be left unknown."""
        spans = [_as_field(field, expr.type, self.ranges.values(expr, one)) for one in self.there]
        low, high = min(span[0] for span in spans), max(span[1] for span in spans)
        low = max(low, -inf if field.minimum is None else field.minimum)
        high = min(high, inf if field.maximum is None else field.maximum)
        if not field.required and any(self.ranges.unknown(expr, one) for one in self.there):
            return None
        return (low, high) if low <= high else EMPTY

    # -- what it brings about ---------------------------------------------------------------------

    def _fires(self) -> None:
        """A lever must not stop the line by what it says, whatever else is known."""
        known: dict[str, Interval] = {}
        for number, each in enumerate(self.lever.says):
            spans = {name: self._said(each.kind.fields[name], expr) for name, expr in each.fields.items()}
            fields = {name: span for name, span in spans.items() if span is not None}
            known = {name: span for name, span in known.items() if self._kind_of(name) != each.kind.name}
            known |= dict(self._moved(each.kind, fields))
            box = {**self.ranges.widest.box, **known}
            inside = Region(box, dict.fromkeys(known, False))
            for rule in self.policy.rules:
                if not rule.on_line or not rule.severity or not rule.when.names() & self._told(known):
                    continue
                if not self.ranges.always(rule.when, inside):
                    continue
                facts = "; ".join(
                    self._value(name, known[name]) for name in sorted(known) if name in self._read(rule.when)
                )
                what = f"{self.lever.name} contradicts the policy: what it says makes {rule.code} fire ({facts})"
                self.source.add((*self.path, "says", number), what, f"say what does not make {rule.code} fire")
                return

    def _kind_of(self, name: str) -> str:
        fact = self.policy.by_name[name]
        assert isinstance(fact, CountedFact)
        return fact.kind.name

    def _read(self, expr: Expr) -> frozenset[str]:
        return self.policy.counted(expr)

    def _told(self, known: Mapping[str, Interval]) -> set[str]:
        """Names an expression may hold that rest on these facts."""
        sql = {fact.name for fact in self.policy.sql_facts if self.policy.counted(fact.sql) & known.keys()}
        return {*known, *sql, *(["points"] if self.policy.scorecard else [])}

    def _value(self, name: str, span: Interval) -> str:
        kind = self.policy.type_of(name)
        low, high = span
        if kind.choices and low == high:
            return f"{name} is {kind.choices[int(low)]}"
        scale = 10**kind.places
        if low == high:
            return f"{name} is {low / scale:.15g}"
        return (
            f"{name} is {low / scale:.15g} or more"
            if high == inf
            else f"{name} is {low / scale:.15g} to {high / scale:.15g}"
        )

    def _moved(self, kind: KindSpec, fields: Mapping[str, Interval]) -> Iterator[tuple[str, Interval]]:
        """Facts that are surely known once such an event is, and what they then are."""
        for fact in self.policy.counted_facts:
            if fact.kind.name != kind.name or fact.after is not None:
                continue
            if len(self.lever.kinds) > 1 and fact.sources & set(self.policy.consents):
                continue  # it may be for lines of which this one kind may not be read
            if fact.where is not None and not _surely(fact.where, kind, fields):
                continue
            span = _after(fact, kind, fields)
            if span is not None:
                yield fact.name, span


def _after(fact: CountedFact, kind: KindSpec, fields: Mapping[str, Interval]) -> Interval | None:
    """What a fact is right after such an event counted; None where that is open."""
    said = fields.get(fact.field.name) if fact.field is not None else None
    match fact.operator:
        case "count":
            return (1, inf)
        case "age":
            return (0, 0)
        case "last":
            return said
        case "max" | "sum":
            return None if said is None else (said[0], inf)
        case "min":
            return None if said is None else (-inf, said[1])
        case "streak" if fact.holds is not None and _surely(fact.holds, kind, fields):
            return (1, inf)
    return None


def _surely(condition: Expr, kind: KindSpec, fields: Mapping[str, Interval]) -> bool:
    """Whether a condition over an event's fields is TRUE of every event that says this."""
    whole = {field.name: _all(field) for field in kind.fields.values()}
    nulls = {**{field.name: False for field in kind.fields.values() if field.required}, **dict.fromkeys(fields, False)}
    return Ranges().always(condition, Region({**whole, **fields}, nulls))


def _all(field: FieldSpec) -> Interval:
    return (-inf if field.minimum is None else field.minimum, inf if field.maximum is None else field.maximum)


def _as_field(field: FieldSpec, kind: Type, span: Interval) -> Interval:
    """Values of an expression as a field holds them: money with two places, all else whole; cut towards zero."""
    places = (2 if field.unit == "money" else 0) - kind.places
    if span == EMPTY or field.unit in ("choice", "flag"):
        return span
    low, high = (_cut(value, places) for value in span)
    return (low, high)


def _cut(value: float, places: int) -> float:
    if abs(value) == inf or places >= 0:
        return value if abs(value) == inf else int(value) * int(10**places)
    cut: int = abs(int(value)) // 10**-places
    return cut if value >= 0 else -cut


__all__ = ["check_levers"]
