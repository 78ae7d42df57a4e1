"""How well points part bad from good: rank figures that need no model, exact under ties."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]
Scores = NDArray[Any]
"""Whole points, or other numbers that are higher for better lines; exact under ties either way."""


def auc(points: Scores, bad: Bools) -> float | None:
    """Share of (good, bad) pairs in which the good one has more points, ties counting half; None without both kinds.

    The Mann-Whitney statistic over the product of counts (Hanley and McNeil 1982), from whole numbers.
    """
    _, bads, goods = cumulated(points, bad)
    if not len(bads) or bads[-1] == 0 or goods[-1] == 0:
        return None
    bads_here = np.diff(bads, prepend=0)
    goods_here = np.diff(goods, prepend=0)
    # Twice the wins, so that halves stay whole: goods above these bads, and those level with them.
    doubled = int(np.sum(bads_here * (2 * (goods[-1] - goods) + goods_here)))
    return doubled / (2 * int(bads[-1]) * int(goods[-1]))


def ks(points: Scores, bad: Bools) -> float | None:
    """Largest distance between the shares of bad and of good at or under some score (Kolmogorov-Smirnov)."""
    _, bads, goods = cumulated(points, bad)
    if not len(bads) or bads[-1] == 0 or goods[-1] == 0:
        return None
    return float(np.max(np.abs(bads / bads[-1] - goods / goods[-1])))


def cumulated(points: Scores, bad: Bools) -> tuple[NDArray[Any], Int64s, Int64s]:
    """The different scores, ascending, and the counts of bad and of good at or under each."""
    if len(points) != len(bad):
        raise ValueError(f"{len(points)} scores but {len(bad)} outcomes; give one of each a line")
    scores, place = np.unique(points, return_inverse=True)
    bads = np.bincount(place[bad], minlength=len(scores)).cumsum()
    goods = np.bincount(place[~bad], minlength=len(scores)).cumsum()
    return scores, bads.astype(np.int64), goods.astype(np.int64)
