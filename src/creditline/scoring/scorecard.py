"""The one form of a scorecard: whole points for bins of facts, adding up to the score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from creditline.events.kinds import NULL

POINTS_MAX = 1_000_000


@dataclass(frozen=True)
class Bin:
    """One bin: its points and the value it ends below (None: the rest), or the choices it holds."""

    points: int
    below: int | None = None
    """In the fact's numeric form."""
    choices: tuple[int, ...] = ()


@dataclass(frozen=True)
class FactPoints:
    """The points of one fact: for NULL, and bin by bin."""

    missing: int
    bins: tuple[Bin, ...]

    def points_of(self, value: int | None) -> int:
        """Points of one value in numeric form."""
        if value is None:
            return self.missing
        for each in self.bins:
            if value in each.choices or (not each.choices and (each.below is None or value < each.below)):
                return each.points
        return self.bins[-1].points

    @property
    def best(self) -> int:
        """The most points this fact can give."""
        return max(each.points for each in self.bins)


@dataclass(frozen=True)
class Scorecard:
    """A base and the points of each fact, in order of fact name."""

    base: int
    facts: Mapping[str, FactPoints]

    def table(self) -> NDArray[np.int64]:
        """The scorecard as the kernel reads it.

        ``[base, n facts]``, then per fact in order of name ``[missing, n bins, (limit, points) ...]``. A bin's
        limit is what the value must be below; a choice of code c is the bin below c + 1.
        """
        cells = [self.base, len(self.facts)]
        for name in sorted(self.facts):
            steps = _steps(self.facts[name])
            cells += [self.facts[name].missing, len(steps), *(cell for step in steps for cell in step)]
        return np.array(cells, np.int64)


def every_limit(cards: Sequence[Scorecard]) -> Scorecard:
    """A card without points whose bins end wherever a bin of any of the cards ends.

    A kernel compiled for it wakes each line at the limits of whichever card scores it; waking it at another card's
    decides nothing.
    """
    facts = {}
    for name in cards[0].facts:
        limits = sorted({each.below for card in cards for each in card.facts[name].bins if each.below is not None})
        facts[name] = FactPoints(0, (*(Bin(0, limit) for limit in limits), Bin(0)))
    return Scorecard(0, facts)


def _steps(fact: FactPoints) -> list[tuple[int, int]]:
    """Bins as ascending (below, points); the last is open."""
    if not any(each.choices for each in fact.bins):
        return [(-NULL - 1 if each.below is None else each.below, each.points) for each in fact.bins]
    last = max(code for each in fact.bins for code in each.choices)
    return [*((code + 1, fact.points_of(code)) for code in range(last + 1)), (-NULL - 1, fact.points_of(last + 1))]
