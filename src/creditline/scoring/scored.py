"""A card and what it scores, in one form for both cards: a policy's over a line's facts, a trained one over a table.

Whatever tells a score needs the same of either: terms, the places of their axes, which of them a fact can reach at all,
and values as people write them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import Any, Protocol

import numpy as np

from creditline.i18n import Language
from creditline.scoring import card as trained
from creditline.scoring.features import Features
from creditline.scoring.scorecard import Scorecard, Steps
from creditline.scoring.words import NEVER_NEGATIVE, Kind, Span, Value, Words, words_of


class Term(Protocol):
    """A term of a card of either form."""

    @property
    def axes(self) -> tuple[Any, ...]:
        """One axis, or two."""

    @property
    def points(self) -> tuple[int, ...]:
        """One for each cell, the last axis running fastest."""

    @property
    def facts(self) -> tuple[str, ...]:
        """The facts it reads."""

    def points_of(self, values: Any, /) -> int:
        """The points it gives these values."""


@dataclass(frozen=True)
class Place:
    """One place of an axis: what it holds, and a value of it as the card takes it."""

    span: Span
    example: Any


@dataclass(frozen=True)
class Scored:
    """A card and what it scores: the facts of a line at a moment, or a row of a table."""

    base: int
    terms: tuple[Term, ...]
    values: Mapping[str, Any]
    """By fact, as the card takes them."""
    kinds: Mapping[str, Kind]
    places: Callable[[Any], list[Place]]
    """The places of an axis in their order."""
    finest: Callable[[str], Any]
    """An axis that parts whatever values of a fact any term parts."""
    told: Callable[[str, Any], Value]
    """A value of a fact as people write it."""
    words: Words
    common: bool = True
    """Whether facts without words of their own have those of the catalogue."""

    @property
    def points(self) -> int:
        """The score."""
        return self.base + sum(term.points_of(self.values) for term in self.terms)

    def words_of(self, fact: str, lang: Language) -> str:
        """What a fact is called."""
        return words_of(fact, lang, self.words, common=self.common)


def of_line(card: Scorecard, values: Mapping[str, int | None], kinds: Mapping[str, Kind], words: Words) -> Scored:
    """A policy's card and the facts of a line in numeric form; ``kinds`` and ``words`` as the policy has them."""

    @cache
    def places(axis: Steps) -> list[Place]:
        kind = kinds[axis.fact]
        return [Place(_step(axis, place, kind), axis.example(place)) for place in range(axis.size)]

    def told(fact: str, value: int | None) -> Value:
        return kinds[fact].value(value)

    return Scored(
        card.base, card.terms, values, kinds, places, lambda fact: Steps(fact, card.limits[fact]), told, words
    )


def of_row(card: trained.Card, features: Features, row: int, words: Words) -> Scored:
    """A trained card and one row (numbered from 0) of what it is to score."""
    values: dict[str, float | str | None] = {}
    for fact in card.facts:
        column = features.columns[fact]
        if column.codes is not None:
            values[fact] = column.choices[column.codes[row]] if column.codes[row] >= 0 else None
        else:
            assert column.numbers is not None
            number = float(column.numbers[row])
            values[fact] = None if np.isnan(number) else number
    axes: dict[str, list[trained.Axis]] = {}
    for term in card.terms:
        for axis in term.axes:
            axes.setdefault(axis.fact, []).append(axis)

    @cache
    def places(axis: trained.Axis) -> list[Place]:
        return _axis_places(axis, card)

    def told(fact: str, value: float | str | None) -> Value:
        if value is None or isinstance(value, str):
            return value
        coded = any(value in axis.special for axis in axes[fact])
        return card.special_text(value) if coded else Decimal(repr(value))

    return Scored(
        card.base, card.terms, values, {fact: Kind() for fact in card.facts}, places,
        lambda fact: _together(axes[fact]), told, words, common=False,
    )  # fmt: skip


def _step(axis: Steps, place: int, kind: Kind) -> Span:
    if place == 0:
        return Span(missing=True)
    low = axis.limits[place - 2] if place > 1 else None
    high = axis.limits[place - 1] if place <= len(axis.limits) else None
    if kind.choices:
        codes = range(max(low or 0, 0), len(kind.choices) if high is None else min(high, len(kind.choices)))
        return Span(choices=tuple(kind.choices[code] for code in codes), reachable=len(codes) > 0)
    below, above = (None if each is None else kind.value(each) for each in (low, high))
    assert not isinstance(below, str)
    assert not isinstance(above, str)
    never = kind.unit in NEVER_NEGATIVE and high is not None and high <= 0
    return Span(below, above, reachable=not never)


def _axis_places(axis: trained.Axis, card: trained.Card) -> list[Place]:
    if axis.choices is not None:
        groups = [Place(Span(choices=group), group[0]) for group in axis.choices]
        return [Place(Span(missing=True), None), *groups, Place(Span(other=True), _another(axis))]
    bins = []
    for low, high in pairwise([None, *axis.below, None]):
        span = Span(None if low is None else Decimal(repr(low)), None if high is None else Decimal(repr(high)))
        example = _example(axis, low, high)
        bins.append(Place(span if example is not None else Span(span.low, span.high, reachable=False), example))
    coded = [Place(Span(choices=(card.special_text(code),)), code) for code in axis.special]
    return [Place(Span(missing=True), None), *bins, *coded]


def _example(axis: trained.Axis, low: float | None, high: float | None) -> float | None:
    """A number of the bin that is no special value; None where there is none."""
    floor = -1e15 if low is None else low
    ceiling = 1e15 if high is None else high
    tries = [floor, floor + (ceiling - floor) / 2, float(np.nextafter(ceiling, -np.inf)), (high or 0.0) - 1]
    there = [each for each in tries if (low is None or each >= low) and (high is None or each < high)]
    return next((each for each in there if each not in axis.special), None)


def _another(axis: trained.Axis) -> str:
    known = {choice for group in axis.choices or () for choice in group}
    name = "?"
    while name in known:
        name += "?"
    return name


def _together(axes: Sequence[trained.Axis]) -> trained.Axis:
    """An axis that parts whatever any of these parts."""
    if axes[0].choices is not None:
        known = sorted({choice for axis in axes for group in axis.choices or () for choice in group})
        return trained.Axis(axes[0].fact, choices=tuple((choice,) for choice in known))
    below = tuple(sorted({limit for axis in axes for limit in axis.below}))
    return trained.Axis(axes[0].fact, below, tuple(sorted({code for axis in axes for code in axis.special})))


__all__ = ["Place", "Scored", "Term", "of_line", "of_row"]
