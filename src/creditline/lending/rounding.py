"""Rounding of whole numbers divided: the one place where a fraction of a minor unit disappears."""

from __future__ import annotations

from typing import Literal

Rounding = Literal["half_up", "half_even", "down", "up"]
"""To the nearest, halves away from zero or to the even neighbour; towards zero; away from zero."""


def divide(numerator: int, denominator: int, rounding: Rounding) -> int:
    """``numerator / denominator`` rounded to a whole number; the denominator is positive."""
    whole, rest = divmod(abs(numerator), denominator)
    if rounding == "half_up":
        whole += 2 * rest >= denominator
    elif rounding == "half_even":
        whole += 2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1)
    elif rounding == "up":
        whole += rest > 0
    return -whole if numerator < 0 else whole
