"""Exact decimals with a fixed number of places, each held to what an int64 can carry once scaled."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache

LARGEST = 2**63 - 1
"""The most an int64 carries either way; the one value below its negative stands for NULL."""

PLACES_MAX = 12
QUOTIENT_PLACES = 6
MONEY_PLACES = 2


@dataclass(frozen=True)
class Number:
    """``value`` written with ``places`` decimals. OverflowError where ``value * 10**places`` is outside int64."""

    value: Fraction
    places: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.places <= PLACES_MAX:
            raise ValueError(f"{self.places} places; at most {PLACES_MAX} are kept")
        scaled, rest = divmod(self.value.numerator * 10**self.places, self.value.denominator)
        if rest:
            raise ValueError(f"{self.value} does not stand in {self.places} places")
        fit(scaled)

    @property
    def scaled(self) -> int:
        """The whole number an int64 would hold."""
        return int(self.value * 10**self.places)


def fit(scaled: int) -> int:
    """The number itself; OverflowError where it is outside int64."""
    if abs(scaled) > LARGEST:
        raise OverflowError(f"{scaled} is outside int64")
    return scaled


def whole(value: int) -> Number:
    """A count."""
    return Number(Fraction(value))


def money(minor: int) -> Number:
    """An amount given in minor units."""
    return Number(Fraction(minor, 100), 2)


@cache
def literal(text: str) -> Number:
    """A number as it is written: ``0.30`` has two places."""
    return Number(Fraction(text), len(text.partition(".")[2]))


def align(a: Number, b: Number) -> tuple[Number, Number]:
    """Both with the places of the one that has more."""
    places = max(a.places, b.places)
    return Number(a.value, places), Number(b.value, places)


def add(a: Number, b: Number) -> Number:
    """The sum, aligned."""
    a, b = align(a, b)
    return Number(a.value + b.value, a.places)


def subtract(a: Number, b: Number) -> Number:
    """The difference, aligned."""
    a, b = align(a, b)
    return Number(a.value - b.value, a.places)


def multiply(a: Number, b: Number) -> Number:
    """The product; places add."""
    return Number(a.value * b.value, a.places + b.places)


def divide(a: Number, b: Number, places: int = QUOTIENT_PLACES) -> Number:
    """The quotient with so many places, cut towards zero; both scaled parts of the division fit an int64."""
    shift = places + b.places - a.places
    above = fit(a.scaled * 10 ** max(shift, 0))
    below = fit(b.scaled * 10 ** max(-shift, 0))
    size = abs(above) // abs(below)
    same_sign = (above < 0) == (below < 0)
    return Number(Fraction(size if same_sign else -size, 10**places), places)


def cut(a: Number, places: int) -> Number:
    """The number with so many places, cut towards zero where it has more."""
    if a.places <= places:
        return Number(a.value, places)
    size = abs(a.scaled) // 10 ** (a.places - places)
    return Number(Fraction(size if a.value > 0 else -size, 10**places), places)
