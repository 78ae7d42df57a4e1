"""What the rows a card was trained on looked like, and how far other rows have moved from that.

A profile is counts alone: rows by bin of every fact and by band of score. It travels in the card
(``card.training["profile"]``), so that a later population is held against it without the data of the training.

Two populations that are the same differ by chance, the more so the fewer the rows and the more the bins: 300 rows in 60
bins easily show an index above 0.25. So bins that hold few rows are joined with their neighbours before facts are
compared, and beside each index stands the value that chance alone stays under 19 times of 20 (``chance``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from creditline.scoring import measures
from creditline.scoring.card import Axis, Card, CardError, cells
from creditline.scoring.features import Features

Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]
Level = Literal["stable", "moving", "moved"]

BANDS: Final = 10
"""Bands of score, of about equal size in training."""

LEAST: Final = 0.05
"""Share of the training's rows in a bin from which it stands alone when facts are compared."""

MOVING: Final = 0.1
"""Index from which a population is said to be moving ..."""

MOVED: Final = 0.25
"""... and from which it is said to be another one."""


def profile_of(card: Card, features: Features, bad: Bools) -> dict[str, Any]:
    """Counts of these rows, as data that JSON and YAML hold; for ``card.training["profile"]``.

    ``rows``, ``bad``; ``bands``: ``limits`` (whole points; a limit begins its upper band), ``rows`` and ``bad`` of each
    band; ``facts``: of each fact ``rows`` and ``bad`` by place of ``axis_of(card, fact)``.
    """
    scores = card.points(features)
    limits = np.unique(np.ceil(measures.score_bins(scores, BANDS)).astype(np.int64))
    facts = {}
    for fact in card.facts:
        axis = axis_of(card, fact)
        place = cells((axis,), features)
        facts[fact] = {"rows": _counted(place, axis.size), "bad": _counted(place[bad], axis.size)}
    band = np.searchsorted(limits, scores, side="right")
    return {
        "rows": features.rows,
        "bad": int(bad.sum()),
        "bands": {
            "limits": limits.tolist(),
            "rows": _counted(band, len(limits) + 1),
            "bad": _counted(band[bad], len(limits) + 1),
        },
        "facts": facts,
    }


def axis_of(card: Card, fact: str) -> Axis:
    """The bins a fact is counted by: those of its own points, else of the first pair it stands in."""
    return next(axis for term in card.terms for axis in term.axes if axis.fact == fact)


def drift(card: Card, features: Features, where: str = "data") -> dict[str, Any]:
    """How far these rows have moved from those the card was trained on, as data that JSON can hold.

    - ``rows``, ``expected_rows`` (of the training).
    - ``psi`` over the bands of score, ``psi_chance`` and ``psi_level``; ``bands``: ``from`` and ``to`` (None where
      open), ``expected`` and ``actual``, shares of rows.
    - ``csi`` of each fact, ``csi_chance``, ``csi_level``; ``points``: by how much rows that moved between the bins of a
      fact move the mean score, pairs aside; ``facts``: of each the bins compared, each with what it holds (``missing``,
      ``below`` and ``at_least``, ``special``, ``choices`` or ``other``), ``expected`` and ``actual``.

    A level is ``stable`` below 0.1, ``moving``, or ``moved`` from 0.25. Raises CardError where the card holds no
    profile, or one of another card, and as ``Card.points`` does.
    """
    known = _known(card, where)
    if features.rows == 0:
        raise CardError(where, "0 rows", "bring at least one row", "are there to compare")
    bands, facts = known["bands"], known["facts"]
    scores = card.points(features, where)
    limits = np.array(bands["limits"], np.int64)
    actual = _counted(np.searchsorted(limits, scores, side="right"), len(limits) + 1)
    edges = [None, *bands["limits"], None]
    told: dict[str, Any] = {"rows": features.rows, "expected_rows": known["rows"]}
    told |= _index("psi", bands["rows"], actual)
    told["bands"] = [
        {"from": edges[n], "to": edges[n + 1], "expected": each["expected"], "actual": each["actual"]}
        for n, each in enumerate(_shares(bands["rows"], actual))
    ]
    told |= {"csi": {}, "csi_chance": {}, "csi_level": {}, "points": {}, "facts": {}}
    for fact in card.facts:
        axis = axis_of(card, fact)
        expected, found = facts[fact]["rows"], _counted(cells((axis,), features, where), axis.size)
        points = next((term.points for term in card.terms if term.facts == (fact,)), None)
        told["points"][fact] = 0.0 if points is None else measures.csi(expected, found, points)
        joined = _joined(axis, expected)
        expected, found = ([sum(counts[n] for n in group) for group in joined] for counts in (expected, found))
        for name, value in _index("csi", expected, found).items():
            told[name][fact] = value
        told["facts"][fact] = [
            _held(card, axis, group) | each for group, each in zip(joined, _shares(expected, found), strict=True)
        ]
    return told


def level_of(index: float) -> Level:
    """What is usually said of such an index."""
    return "stable" if index < MOVING else "moving" if index < MOVED else "moved"


def chance_of(bins: int, expected: int, actual: int, share: float = 0.95) -> float:
    """The index that two samples of one population stay under with this probability, of so many rows each.

    The index is about chi-square over the bins less one, times ``1 / expected + 1 / actual`` (Yurdakul 2018).
    """
    return float(chi2.ppf(share, bins - 1)) * (1 / expected + 1 / actual) if bins > 1 else 0.0


def _index(name: str, expected: Sequence[int], actual: Sequence[int]) -> dict[str, Any]:
    pairs = [(first, second) for first, second in zip(expected, actual, strict=True) if first or second]
    first, second = [each for each, _ in pairs], [each for _, each in pairs]
    index = measures.psi(first, second)
    chance = chance_of(len(pairs), sum(first), sum(second))
    return {name: index, f"{name}_chance": chance, f"{name}_level": level_of(index)}


def _shares(expected: Sequence[int], actual: Sequence[int]) -> list[dict[str, float]]:
    all_expected, all_actual = sum(expected), sum(actual)
    return [
        {"expected": first / all_expected, "actual": second / all_actual}
        for first, second in zip(expected, actual, strict=True)
    ]


def _counted(place: NDArray[Any], size: int) -> list[int]:
    return [int(each) for each in np.bincount(place, minlength=size)]


def _joined(axis: Axis, expected: Sequence[int]) -> list[list[int]]:
    """Places that are compared as one: neighbouring bins of numbers, or groups of choices, until they hold enough."""
    count = len(axis.below) + 1 if axis.choices is None else len(axis.choices)
    enough = LEAST * sum(expected)
    joined: list[list[int]] = []
    for place in range(1, count + 1):
        if joined and (sum(expected[n] for n in joined[-1]) < enough):
            joined[-1].append(place)
        else:
            joined.append([place])
    if len(joined) > 1 and sum(expected[n] for n in joined[-1]) < enough:
        last = joined.pop()
        joined[-1] += last
    return [[0], *joined, *([place] for place in range(count + 1, axis.size))]


def _held(card: Card, axis: Axis, group: Sequence[int]) -> dict[str, Any]:
    """What places hold."""
    first, last = group[0], group[-1]
    if first == 0:
        return {"missing": True}
    if axis.choices is not None:
        if first > len(axis.choices):
            return {"other": True}
        return {"choices": [choice for place in group for choice in axis.choices[place - 1]]}
    if first > len(axis.below) + 1:
        return {"special": card.special_text(axis.special[first - len(axis.below) - 2])}
    return {
        "at_least": axis.below[first - 2] if first > 1 else None,
        "below": axis.below[last - 1] if last <= len(axis.below) else None,
    }


def _known(card: Card, where: str) -> Mapping[str, Any]:
    """The card's profile; raises CardError."""
    known = card.training.get("profile")
    if not isinstance(known, Mapping):
        remedy = "train it again with this release, which counts the rows it is trained on"
        raise CardError(f"{where}, card", card.hash[:12], remedy, "holds no profile to compare with")
    try:
        sizes = {fact: (len(known["facts"][fact]["rows"]), axis_of(card, fact).size) for fact in card.facts}
        fits = all(there == wanted for there, wanted in sizes.values())
        fits = fits and len(known["bands"]["rows"]) == len(known["bands"]["limits"]) + 1 and known["rows"] > 0
    except (KeyError, TypeError):
        fits = False
    if not fits:
        raise CardError(f"{where}, card", card.hash[:12], "train it again", "holds the profile of another card")
    return known


__all__ = ["BANDS", "LEAST", "MOVED", "MOVING", "Level", "axis_of", "chance_of", "drift", "level_of", "profile_of"]
