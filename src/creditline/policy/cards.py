"""The scorecard of a policy file: bins of facts and tables of pairs, every mistake told at its place."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from decimal import ROUND_CEILING, Decimal
from itertools import pairwise
from typing import Any

from creditline.facts.expressions import Type
from creditline.facts.parsing import closest
from creditline.policy.source import Path, Plain, Source
from creditline.scoring.scorecard import CELLS_MAX, POINTS_MAX, SCORED, Axis, Scorecard, Term, term

_CARD = {"base", "facts", "pairs"}
_AXIS = {"fact", "below", "special", "choices"}


def read_scorecard(source: Source, said: Plain, facts: Mapping[str, Type], mistaken: Collection[str]) -> Scorecard:
    """The scorecard under ``scorecard:``; mistakes are noted, and what is returned then counts for nothing.

    ``mistaken`` are names of facts whose definition is itself a mistake: nothing more is said of them.
    """
    return _CardReading(source, facts, mistaken).card(said)


class _CardReading:
    def __init__(self, source: Source, facts: Mapping[str, Type], mistaken: Collection[str]) -> None:
        self.source, self.facts, self.mistaken = source, facts, mistaken

    def card(self, said: Plain) -> Scorecard:
        path: Path = ("scorecard",)
        card = self.source.mapping(said, path, _CARD, required=("base", "facts"))
        listed = self.source.mapping(card.get("facts", {}), (*path, "facts"))
        terms = [self._fact(name, spec, (*path, "facts", name)) for name, spec in listed.items()]
        for number, spec in enumerate(self.source.listed(card.get("pairs", []), (*path, "pairs"))):
            terms.append(self._pair(spec, (*path, "pairs", number), {each.facts for each in terms if each}))
        return Scorecard(self._points(card.get("base", 0), (*path, "base")), tuple(filter(None, terms)))

    def _kind(self, name: str, path: Path, *, key: bool) -> Type | None:
        """The type of a fact that can be scored."""
        if name in self.mistaken:
            return None
        if name not in self.facts:
            self.source.add(path, f"unknown fact {name!r}", closest(name, list(self.facts)), key=key)
            return None
        if self.facts[name].unit not in SCORED:
            self.source.add(path, f"{name} cannot be scored", "score a number, a choice or a flag", key=key)
            return None
        return self.facts[name]

    def _fact(self, name: str, said: Plain, path: Path) -> Term | None:
        spec = self.source.mapping(said, path, {"missing", "bins", "special"}, ("bins",))
        kind = self._kind(name, path, key=True)
        if kind is None:
            return None
        missing = self._points(spec.get("missing", 0), (*path, "missing"))
        bins = [
            self.source.mapping(each, (*path, "bins", number), {"below", "is", "points"}, required=("points",))
            for number, each in enumerate(self.source.listed(spec.get("bins", []), (*path, "bins")))
        ]
        points = [self._points(each.get("points", 0), (*path, "bins", n, "points")) for n, each in enumerate(bins)]
        special = self.source.listed(spec.get("special", []), (*path, "special"))
        if any("is" in each for each in bins):
            return self._of_choices(name, kind, bins, [missing, *points], path)
        limits = [
            self._limit(each["below"], kind, (*path, "bins", n, "below"))
            for n, each in enumerate(bins)
            if "below" in each
        ]
        if not bins or "below" in bins[-1] or len(limits) != len(bins) - 1:
            self.source.add((*path, "bins"), "the last bin, and only it, has no 'below'", "end with {points: ..}")
            return None
        self._rising(limits, (*path, "bins"))
        codes = [self._special(each, kind, (*path, "special", n)) for n, each in enumerate(special)]
        axis = Axis(name, _whole(limits), tuple(code for code, _ in codes))
        return term([axis], [missing, *points, *(each for _, each in codes)])

    def _of_choices(
        self, name: str, kind: Type, bins: list[dict[str, Any]], points: list[int], path: Path
    ) -> Term | None:
        if "is" in bins[-1] or any("is" not in each for each in bins[:-1]) or any("below" in each for each in bins):
            self.source.add((*path, "bins"), "the last bin, and only it, has no 'is'", "end with {points: ..}")
            return None
        groups = [self._group(each["is"], kind, (*path, "bins", n, "is")) for n, each in enumerate(bins[:-1])]
        return term([Axis(name, choices=tuple(groups))], points)

    def _pair(self, said: Plain, path: Path, taken: set[tuple[str, ...]]) -> Term | None:
        spec = self.source.mapping(said, path, {"rows", "columns", "points"}, ("rows", "columns", "points"))
        axes = [self._axis(spec.get(side, {}), (*path, side)) for side in ("rows", "columns")]
        table = self.source.listed(spec.get("points", []), (*path, "points"))
        rows = [self.source.listed(row, (*path, "points", n)) for n, row in enumerate(table)]
        if axes[0] is None or axes[1] is None:
            return None
        height, width = axes[0].size, axes[1].size
        if len(rows) != height or any(len(row) != width for row in rows) or height * width > CELLS_MAX:
            hint = "a row for missing, each bin and special value of rows:, and likewise a column for those of columns:"
            self.source.add((*path, "points"), f"the table must have {height} rows of {width} points", hint)
            return None
        facts = (axes[0].fact, axes[1].fact)
        if facts[0] >= facts[1] or facts in taken:
            self.source.add(path, f"{facts[0]} and {facts[1]} must be two facts in order of name, once", "order them")
            return None
        cells = [
            self._points(cell, (*path, "points", n, m)) for n, row in enumerate(rows) for m, cell in enumerate(row)
        ]
        return term([axes[0], axes[1]], cells)

    def _axis(self, said: Plain, path: Path) -> Axis | None:
        spec = self.source.mapping(said, path, _AXIS, ("fact",))
        name = str(spec.get("fact", ""))
        kind = self._kind(name, (*path, "fact"), key=False) if "fact" in spec else None
        if kind is None:
            return None
        if "choices" in spec:
            listed = self.source.listed(spec["choices"], (*path, "choices"))
            return Axis(name, choices=tuple(self._group(g, kind, (*path, "choices", n)) for n, g in enumerate(listed)))
        below = self.source.listed(spec.get("below", []), (*path, "below"))
        limits = [self._limit(each, kind, (*path, "below", n)) for n, each in enumerate(below)]
        self._rising(limits, (*path, "below"))
        listed = self.source.listed(spec.get("special", []), (*path, "special"))
        codes = [self._code(each, kind, (*path, "special", n)) for n, each in enumerate(listed)]
        return Axis(name, _whole(limits), tuple(codes))

    def _limit(self, said: object, kind: Type, path: Path) -> Decimal:
        """A limit in the fact's smallest unit. A whole value is below it exactly when below the next whole number."""
        if isinstance(said, bool) or not isinstance(said, int | Decimal):
            self.source.add(path, f"below must be a number, is {said!r}")
            return Decimal(0)
        return Decimal(said).scaleb(kind.places)

    def _rising(self, limits: list[Decimal], path: Path) -> None:
        if any(first >= second for first, second in pairwise(limits)):
            self.source.add(path, "the bins do not rise", "order them by 'below'")

    def _special(self, said: Plain, kind: Type, path: Path) -> tuple[int, int]:
        spec = self.source.mapping(said, path, {"value", "points"}, ("value", "points"))
        code = self._code(spec.get("value", 0), kind, (*path, "value"))
        return code, self._points(spec.get("points", 0), (*path, "points"))

    def _code(self, said: object, kind: Type, path: Path) -> int:
        exact = self._limit(said, kind, path)
        if exact != exact.to_integral_value():
            self.source.add(path, f"{said} is a value it never takes", f"give at most {kind.places} decimal places")
        return math.floor(exact)

    def _group(self, said: Plain, kind: Type, path: Path) -> tuple[int, ...]:
        return tuple(self._choice(kind, each, path) for each in self.source.listed(said, path))

    def _choice(self, kind: Type, value: object, path: Path) -> int:
        if str(value) not in kind.choices:
            self.source.add(path, f"{value!r} is not one of the choices", closest(str(value), kind.choices or ["-"]))
            return 0
        return kind.choices.index(str(value))

    def _points(self, value: object, path: Path) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > POINTS_MAX:
            self.source.add(path, f"points must be a whole number up to {POINTS_MAX:,}, is {value!r}")
            return 0
        return value


def _whole(limits: list[Decimal]) -> tuple[int, ...]:
    return tuple(int(limit.to_integral_value(ROUND_CEILING)) for limit in limits)
