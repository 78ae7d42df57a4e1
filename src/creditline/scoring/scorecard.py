"""A scorecard in whole numbers: the form the kernel, SQL and every explanation of a score read.

A card is a base and terms. A term is the points of one fact, or of two facts together, looked up by place: every fact
finds its place among ascending limits, and NULL has a place of its own. Choices and special values are steps one unit
wide, so that nothing but whole numbers is ever compared. The score is the base and one cell of every term, added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from creditline.events.kinds import NULL

Int64s = NDArray[np.int64]

POINTS_MAX = 1_000_000

SCORED = ("money", "number", "flag", "choice")
"""Units of facts that can be scored."""

CELLS_MAX = 1_000_000
"""Cells a table of points may have."""


@dataclass(frozen=True)
class Steps:
    """How one fact, in numeric form, finds its place.

    Place 0 is NULL, place p the values below the p-th limit and not below the one before; the last has no limit.
    """

    fact: str
    limits: tuple[int, ...] = ()
    """Ascending."""

    @property
    def size(self) -> int:
        """The number of places."""
        return len(self.limits) + 2

    def place(self, value: int | None) -> int:
        """The place of one value, None being NULL."""
        return 0 if value is None else 1 + sum(limit <= value for limit in self.limits)

    def places(self, values: Int64s) -> Int64s:
        """The places of many values."""
        found = np.searchsorted(np.array(self.limits, np.int64), values, side="right") + 1
        return np.where(values == NULL, 0, found).astype(np.int64)

    def example(self, place: int) -> int | None:
        """A value of this place."""
        if place == 0:
            return None
        return self.limits[place - 2] if place > 1 else (self.limits[0] - 1 if self.limits else 0)


@dataclass(frozen=True)
class Term:
    """Points of one fact, or of two together: one for each cell, the last axis running fastest."""

    axes: tuple[Steps, ...]
    points: tuple[int, ...]

    @property
    def facts(self) -> tuple[str, ...]:
        """The facts it reads."""
        return tuple(axis.fact for axis in self.axes)

    @cached_property
    def best(self) -> int:
        """The most points it can give."""
        return max(self.points)

    @cached_property
    def worst(self) -> int:
        """The fewest points it can give."""
        return min(self.points)

    def points_of(self, values: Mapping[str, int | None]) -> int:
        """Points of one line."""
        cell = 0
        for axis in self.axes:
            cell = cell * axis.size + axis.place(values[axis.fact])
        return self.points[cell]


@dataclass(frozen=True)
class Scorecard:
    """A base and terms, in order of the number and names of their facts."""

    base: int
    terms: tuple[Term, ...] = ()

    def __post_init__(self) -> None:
        """Put the terms in order, so that equal cards are equal however they were written."""
        object.__setattr__(self, "terms", tuple(sorted(self.terms, key=lambda term: (len(term.axes), term.facts))))

    @cached_property
    def facts(self) -> tuple[str, ...]:
        """The facts it reads, in order of name."""
        return tuple(sorted(self.limits))

    @cached_property
    def limits(self) -> Mapping[str, tuple[int, ...]]:
        """Of every fact all limits any term asks about, ascending."""
        found: dict[str, set[int]] = {}
        for term in self.terms:
            for axis in term.axes:
                found.setdefault(axis.fact, set()).update(axis.limits)
        return {fact: tuple(sorted(found[fact])) for fact in sorted(found)}

    @property
    def lowest(self) -> int:
        """A score no line falls under."""
        return self.base + sum(term.worst for term in self.terms)

    @property
    def highest(self) -> int:
        """A score no line rises above."""
        return self.base + sum(term.best for term in self.terms)

    def points_of(self, values: Mapping[str, int | None]) -> int:
        """The score of one line."""
        return self.base + sum(term.points_of(values) for term in self.terms)

    def shares(self, values: Mapping[str, int | None]) -> tuple[tuple[Term, int], ...]:
        """Every term with the points it gives one line; with the base they add up to the score."""
        return tuple((term, term.points_of(values)) for term in self.terms)

    def reasons(self, values: Mapping[str, int | None], most: int = 4) -> list[tuple[Term, int]]:
        """At most so many terms that cost one line the most points against the best reachable, with the cost.

        Equal costs stand in the order of terms; a term that costs nothing is no reason.
        """
        costs = [(term, term.best - points) for term, points in self.shares(values)]
        return sorted((each for each in costs if each[1] > 0), key=lambda each: -each[1])[:most]

    def points(self, columns: Mapping[str, Int64s]) -> Int64s:
        """The scores of many lines, one value of each fact a line; ``lines.scores`` does the same faster."""
        limits = {fact: Steps(fact, self.limits[fact]) for fact in self.facts}
        places = {fact: steps.places(columns[fact]) for fact, steps in limits.items()}
        total = np.full(len(next(iter(columns.values()))), self.base, np.int64)
        for each in self.terms:
            cell = np.zeros(len(total), np.int64)
            for axis in each.axes:
                fine = limits[axis.fact]
                coarse = np.array([axis.place(fine.example(place)) for place in range(fine.size)], np.int64)
                cell = cell * axis.size + coarse[places[axis.fact]]
            total += np.array(each.points, np.int64)[cell]
        return total

    def table(self, cells: Mapping[str, int]) -> Int64s:
        """The card as the kernel reads it, facts standing in these cells.

        ``[base, n facts, n pairs]``; per fact ``[cell, n limits, limits .., points by place ..]``; per pair ``[cell,
        cell, n places, n places, n points, rows of places .., columns of places .., points ..]``.
        """
        singles = {term.facts[0]: term for term in self.terms if len(term.axes) == 1}
        pairs = [term for term in self.terms if len(term.axes) == 2]
        out = [self.base, len(self.facts), len(pairs)]
        places = {fact: Steps(fact, self.limits[fact]) for fact in self.facts}
        for fact, steps in places.items():
            term = singles.get(fact)
            values = [steps.example(place) for place in range(steps.size)]
            points = [term.points_of({fact: value}) if term else 0 for value in values]
            out += [cells[fact], len(steps.limits), *steps.limits, *points]
        for term in pairs:
            first, second = term.axes
            rows = [first.place(places[first.fact].example(p)) for p in range(places[first.fact].size)]
            columns = [second.place(places[second.fact].example(p)) for p in range(places[second.fact].size)]
            out += [cells[first.fact], cells[second.fact], len(rows), len(columns), len(term.points)]
            out += [*(row * second.size for row in rows), *columns, *term.points]
        return np.array(out, np.int64)


@dataclass(frozen=True)
class Axis:
    """How people write the places of one fact, in numeric form.

    Places: 0 is missing; of numbers then the bins (below each limit, the last without one) and the special values; of
    choices then the groups and every other choice.
    """

    fact: str
    below: tuple[int, ...] = ()
    special: tuple[int, ...] = ()
    choices: tuple[tuple[int, ...], ...] | None = None

    @property
    def size(self) -> int:
        """The number of places."""
        return len(self.below) + len(self.special) + 2 if self.choices is None else len(self.choices) + 2

    def place(self, value: int | None) -> int:
        """The place of one value."""
        if value is None:
            return 0
        if self.choices is not None:
            return next((n + 1 for n, group in enumerate(self.choices) if value in group), len(self.choices) + 1)
        if value in self.special:
            return len(self.below) + 2 + self.special.index(value)
        return 1 + sum(limit <= value for limit in self.below)

    def steps(self) -> Steps:
        """The same places as steps; a choice or a special value is a step one unit wide."""
        alone = self.special if self.choices is None else tuple(code for group in self.choices for code in group)
        limits = {*self.below, *alone, *(value + 1 for value in alone)}
        return Steps(self.fact, tuple(sorted(limits)))


def term(axes: Sequence[Axis], points: Sequence[int]) -> Term:
    """The term that gives these points, one for each cell of the axes, the last axis running fastest.

    Neighbouring steps with the same points become one.
    """
    steps = [axis.steps() for axis in axes]
    of_place = [
        [axis.place(step.example(place)) for place in range(step.size)] for axis, step in zip(axes, steps, strict=True)
    ]
    shape = [axis.size for axis in axes]
    table = np.array(points, np.int64).reshape(shape)[np.ix_(*of_place)]
    for number, step in enumerate(steps):
        slabs = np.moveaxis(table, number, 0)
        kept = [n for n in range(len(step.limits)) if not np.array_equal(slabs[n + 1], slabs[n + 2])]
        steps[number] = Steps(step.fact, tuple(step.limits[n] for n in kept))
        table = np.moveaxis(slabs[[0, *(n + 1 for n in kept), step.size - 1]], 0, number)
    return Term(tuple(steps), tuple(table.ravel().tolist()))


def every_limit(cards: Sequence[Scorecard]) -> Scorecard:
    """A card without points that asks about every limit any of the cards asks about.

    A kernel compiled for it wakes each line at the limits of whichever card scores it; waking it at another card's
    decides nothing.
    """
    found: dict[str, set[int]] = {}
    for card in cards:
        for fact, limits in card.limits.items():
            found.setdefault(fact, set()).update(limits)
    return Scorecard(0, tuple(_pointless(fact, sorted(limits)) for fact, limits in found.items()))


def _pointless(fact: str, limits: Sequence[int]) -> Term:
    steps = Steps(fact, tuple(limits))
    return Term((steps,), (0,) * steps.size)
