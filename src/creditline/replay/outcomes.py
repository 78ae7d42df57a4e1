"""What became of the lines a policy decided on: rates, money, and two plain ways of closing to be judged against.

Pure figures over arrays, one entry a line. Money is in minor units; rates and AUC are shares of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from creditline.scoring.measures import auc, cumulated, ks

Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]

BAND_POINTS = 20
"""Width of a score band."""

BAND_SHARE_MIN = 0.01
"""Bands at either end that hold less of all lines are joined to their neighbour."""


@dataclass(frozen=True)
class Judged:
    """Lines with what was decided on them by the observation date and what became of them afterwards."""

    points: Int64s
    """Score at the observation date, by a card that never saw the line's outcome."""
    defaulted: Bools
    closed: Bools
    frozen: Bools
    reopened: Bools
    """Closed at some time and open again at the observation date."""
    reasons: Sequence[Sequence[str]]
    """Codes standing against each line; empty where it is open."""
    in_arrears: Bools
    limit: Int64s
    balance: Int64s
    """Owed; what is in credit counts as nothing owed."""

    def __post_init__(self) -> None:
        for name in ("defaulted", "closed", "frozen", "reopened", "reasons", "in_arrears", "limit", "balance"):
            assert len(getattr(self, name)) == len(self.points), f"{name} has another length than points"


class Group(msgspec.Struct, frozen=True):
    """Some lines and what became of them."""

    name: str
    lines: int
    defaulted: int
    limit: int
    """Sum of limits, minor units."""
    balance: int
    """Sum owed, minor units."""
    balance_defaulted: int
    """Sum owed on those that defaulted, minor units."""

    @property
    def good(self) -> int:
        """Lines that did not default."""
        return self.lines - self.defaulted

    @property
    def rate(self) -> float | None:
        """Share that defaulted; None of no lines."""
        return self.defaulted / self.lines if self.lines else None


class Band(Group, frozen=True):
    """Lines by score: from ``low`` points, below ``high``; None where a side is open."""

    low: int | None = None
    high: int | None = None


class RuleGroup(Group, frozen=True):
    """Lines that a rule stands against; ``alone`` are those against which no other does."""

    alone: int = 0
    alone_defaulted: int = 0


class Curve(msgspec.Struct, frozen=True):
    """Shares of the bad and of the good at or under each score."""

    points: tuple[int, ...]
    bad: tuple[float, ...]
    good: tuple[float, ...]


class Outcomes(msgspec.Struct, frozen=True):
    """All figures of one report."""

    all: Group
    closed: Group
    frozen: Group
    open: Group
    reopened: Group
    rules: tuple[RuleGroup, ...]
    bands: tuple[Band, ...]
    any_arrears: Group
    """What closing on any arrears would have closed."""
    score_alone: Group
    """What closing as many lines by the score alone would have closed, lowest first."""
    auc: float | None
    ks: float | None
    curve: Curve


def judge(lines: Judged, codes: Iterable[str]) -> Outcomes:
    """The figures of a report; ``codes`` are the policy's closing and freezing rules in order of importance."""
    every = np.ones(len(lines.points), bool)
    return Outcomes(
        all=_group("all", lines, every),
        closed=_group("closed", lines, lines.closed),
        frozen=_group("frozen", lines, lines.frozen),
        open=_group("open", lines, ~lines.closed & ~lines.frozen),
        reopened=_group("reopened", lines, lines.reopened),
        rules=tuple(_rule(code, lines) for code in codes),
        bands=_bands(lines),
        any_arrears=_group("any_arrears", lines, lines.in_arrears),
        score_alone=_group("score_alone", lines, lowest(lines.points, int(lines.closed.sum()))),
        auc=auc(lines.points, lines.defaulted),
        ks=ks(lines.points, lines.defaulted),
        curve=_curve(lines),
    )


def lowest(points: Int64s, number: int) -> Bools:
    """The lines with the fewest points, exactly ``number`` of them; at equal points the earlier line comes first."""
    out = np.zeros(len(points), bool)
    out[np.argsort(points, kind="stable")[:number]] = True
    return out


def _sums(lines: Judged, chosen: Bools) -> tuple[int, int, int, int, int]:
    owed = np.maximum(lines.balance, 0)
    bad = chosen & lines.defaulted
    limit, balance = int(lines.limit[chosen].sum()), int(owed[chosen].sum())
    return int(chosen.sum()), int(bad.sum()), limit, balance, int(owed[bad].sum())


def _group(name: str, lines: Judged, chosen: Bools) -> Group:
    return Group(name, *_sums(lines, chosen))


def _rule(code: str, lines: Judged) -> RuleGroup:
    named = np.array([code in reasons for reasons in lines.reasons], bool)
    alone = named & np.array([len(reasons) == 1 for reasons in lines.reasons], bool)
    counts = int(alone.sum()), int((alone & lines.defaulted).sum())
    return RuleGroup(code, *_sums(lines, named), *counts)


def band_limits(points: Int64s, width: int = BAND_POINTS, share: float = BAND_SHARE_MIN) -> list[int]:
    """Scores that part the bands, ascending multiples of ``width``; thin bands at the ends are joined."""
    if not len(points):
        return []
    limits = list(range((int(points.min()) // width + 1) * width, int(points.max()) + 1, width))
    least = share * len(points)
    while limits and (points < limits[0]).sum() < least:
        limits.pop(0)
    while limits and (points >= limits[-1]).sum() < least:
        limits.pop()
    return limits


def _bands(lines: Judged) -> tuple[Band, ...]:
    limits = band_limits(lines.points)
    place = np.searchsorted(np.array(limits, np.int64), lines.points, side="right")
    edges = [None, *limits, None]
    return tuple(
        Band(_band_name(low, high), *_sums(lines, place == n), low, high)
        for n, (low, high) in enumerate(pairwise(edges))
    )


def _band_name(low: int | None, high: int | None) -> str:
    """Whole points from the lowest to the highest of a band: ``400-419``, ``<400``, ``>=560``."""
    if low is None:
        return "all" if high is None else f"<{high}"
    return f">={low}" if high is None else f"{low}-{high - 1}"


def _curve(lines: Judged) -> Curve:
    scores, bads, goods = cumulated(lines.points, lines.defaulted)
    if not len(scores) or not bads[-1] or not goods[-1]:
        return Curve((), (), ())
    return Curve(
        tuple(scores.tolist()),
        tuple(round(share, 4) for share in (bads / bads[-1]).tolist()),
        tuple(round(share, 4) for share in (goods / goods[-1]).tolist()),
    )


__all__ = ["Band", "Curve", "Group", "Judged", "Outcomes", "RuleGroup", "band_limits", "judge", "lowest"]
