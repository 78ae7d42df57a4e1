"""Limits in force: what a line may owe over time, as somebody else decided it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from creditline.simulate.period import MINUTE

Limits = Sequence[tuple[int, int]]
"""From which moment on (microseconds) which limit is in force (minor units), in order of time, no moment twice.

0 where nothing may be drawn: before the first of them, and while the line is not open.
"""

ASKED_BEFORE = MINUTE
"""A draw is asked for at most so long before it is booked, microseconds."""


def in_force(limits: Limits, at: int) -> int:
    """The limit a draw booked at a moment is held to, minor units.

    It is the one in force just before, or a lower one that was in force within the minute before, in which the draw
    was asked for. What is decided at the moment itself does not count yet: it may be decided because of the draw.
    """
    asked = max(0, bisect_left(limits, (at - ASKED_BEFORE,)) - 1)
    before = limits[asked : bisect_left(limits, (at,))]
    if not before or before[0][0] >= at - ASKED_BEFORE:
        return 0
    return min(limit for _, limit in before)


class Look(NamedTuple):
    """One look at what could still be drawn: all that a borrower ever learns of the limits in force."""

    at: int
    """Moment, microseconds."""
    owed: int
    """Principal owed then, minor units."""
    wanted: int | None
    """Minor units; None where all there is was asked for."""
    found: int
    """What there was, ``wanted`` at most."""

    def under(self, limits: Limits) -> int:
        """What there would have been with other limits in force, the same being owed."""
        return room(in_force(limits, self.at), self.owed, self.wanted)


def room(limit: int, owed: int, wanted: int | None = None) -> int:
    """What can still be drawn, ``wanted`` at most: the limit less what is owed. Minor units, never below 0."""
    left = max(0, limit - owed)
    return left if wanted is None else min(left, wanted)


def first_other(looks: Sequence[Look], limits: Limits) -> Look | None:
    """The first look that would have found something else with these limits in force; None where none would.

    A life without one is the life that would be lived with these limits.
    """
    return next((look for look in looks if look.under(limits) != look.found), None)


__all__ = ["ASKED_BEFORE", "Limits", "Look", "first_other", "in_force", "room"]
