"""Chance that is the same on every machine: whole numbers cut from PCG64's raw bits, no floating point.

NumPy promises that the raw stream of a bit generator never changes, but not what ``Generator.integers`` makes
of it; so the few draws needed here are made from the raw 64-bit numbers by integer arithmetic alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from numpy.random import PCG64, SeedSequence

T = TypeVar("T")

_BATCH = 512


class Chance:
    """The random stream of one borrower of one seed."""

    __slots__ = ("_bits", "_raw")

    def __init__(self, seed: int, borrower: int) -> None:
        self._bits = PCG64(SeedSequence([seed, borrower]))
        self._raw: list[int] = []

    def below(self, bound: int) -> int:
        """A whole number from 0 to ``bound - 1``, all alike (to within 2**-40 for the bounds used here)."""
        if not self._raw:
            self._raw = self._bits.random_raw(_BATCH).tolist()
        return (self._raw.pop() * bound) >> 64

    def between(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included, all alike."""
        return low + self.below(high - low + 1)

    def around(self, middle: int, spread: int) -> int:
        """A whole number within ``spread`` of ``middle``, near the middle most often (triangular)."""
        return middle + (self.between(-spread, spread) + self.between(-spread, spread)) // 2

    def low(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, small ones more often: the smaller of two."""
        return min(self.between(low, high), self.between(low, high))

    def hit(self, percent: int) -> bool:
        """True in ``percent`` of a hundred cases."""
        return self.below(100) < percent

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices, all alike; a choice written twice comes twice as often."""
        return choices[self.below(len(choices))]
