"""How a card treats groups of people that it must not look at, and which of its facts tell such a group.

Sensitive columns are never inputs. Where they stand in the data they are held beside it, as groups, for the figures
here and for nothing else. A difference between groups is a finding to look into and no proof of discrimination; equal
figures are no proof that there is none.

Approval rates are compared by the four-fifths rule of the Uniform Guidelines on Employee Selection Procedures (1978,
29 CFR 1607.4 D): a rate under four fifths of the most favoured group's is marked. The rule was made for hiring; in
lending it is a rule of thumb. Intervals are Wilson's (1927) for shares, and for ratios those of Katz, Baptista, Azen
and Pike (1978), on the logarithm. A figure over fewer than ``SMALL`` rows is not told.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2, norm, rankdata, tiecorrect

from creditline.scoring.card import Card, cells
from creditline.scoring.crossval import Validated
from creditline.scoring.features import Feature, Features
from creditline.scoring.inputs import InputError
from creditline.scoring.measures import wilson
from creditline.scoring.table import Column, number_of, number_text

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]
Groups = Mapping[str, Sequence[str | None]]

SMALL: Final = 30
"""Rows under which a figure says more of chance, or of single people, than of a group."""

LEAST: Final = 0.3
"""Strength from which a fact is warned of: a medium association by Cohen (1988); for two groups an AUC of .65."""

CHANCE: Final = 0.001
"""A fact is warned of only where chance alone would make so strong an association more seldom than this."""

OTHERS: Final = "..."
"""The group of all answers too seldom to be groups of their own."""

_ANSWERS_MAX = 12
_NUMBERS_MAX = 8
_AGES = (25.0, 35.0, 45.0, 55.0, 65.0)
_YEARS = (1900, 2100)
_DATE = re.compile(r"(19\d\d|20\d\d)([-/.].*)?")
_Z = float(norm.ppf(0.975))


# --- groups out of columns ------------------------------------------------------------------------------------------


def groups_of(
    column: Column, why: str, special: Sequence[float] = (), words: Mapping[float, str] | None = None
) -> list[str | None]:
    """The group of every row: answers as they are, ages in bands of ten years, other amounts in quarters.

    ``why`` is what makes the column sensitive; dates of birth count by their years. ``special`` values are groups of
    their own, and those that are codes of ``words`` are called by them. None stands for no answer, and ``OTHERS`` for
    all but the most frequent answers where there are very many.
    """
    named = dict(words or {})
    coded = {value: named.get(value) or number_text(value) for value in special}
    if column.numeric is not None:
        return _banded(column.numeric, why, coded)
    assert column.text is not None
    said = [None if each is None else str(each) for each in column.text]
    seen = Counter(each for each in said if each is not None)
    codes = {word: code for code, word in named.items()}
    numbers = {each: codes.get(each, number_of(each)) for each in seen}
    if why == "age" and all(_DATE.fullmatch(each) for each in seen):
        numbers = {each: float(each[:4]) for each in seen}
    if seen and None not in numbers.values():  # a column left out is read as text
        held = [None if each is None else numbers[each] for each in said]
        return _banded(np.array(held, np.float64), why, coded)
    if len(seen) <= _ANSWERS_MAX:
        return said
    kept = {name for name, _ in sorted(seen.items(), key=lambda pair: (-pair[1], pair[0]))[: _ANSWERS_MAX - 1]}
    return [each if each is None or each in kept else OTHERS for each in said]


def _banded(values: Floats, why: str, coded: Mapping[float, str]) -> list[str | None]:
    special = np.isin(values, list(coded))
    said = values[np.isfinite(values) & ~special]
    labels = None
    if len(np.unique(said)) > _NUMBERS_MAX:
        limits = _limits(said, why)
        place = np.searchsorted(np.array(limits), values, side="right").tolist()
        labels = [f"< {number_text(limits[0])}"]
        labels += [f"{number_text(low)} .. < {number_text(high)}" for low, high in pairwise(limits)]
        labels.append(f">= {number_text(limits[-1])}")
    groups: list[str | None] = []
    for row, each in enumerate(values.tolist()):
        if each != each:  # noqa: PLR0124
            groups.append(None)
        elif each in coded:
            groups.append(coded[each])
        else:
            groups.append(number_text(each) if labels is None else labels[place[row]])
    return groups


def _limits(said: Floats, why: str) -> list[float]:
    low, high = float(said.min()), float(said.max())
    if why == "age" and low >= _YEARS[0] and high < _YEARS[1]:
        decades = [float(year) for year in range(*_YEARS, 10) if low < year <= high]
        return decades or [high]
    if why == "age" and low >= 0 and high <= 130:
        return list(_AGES)
    return [float(each) for each in np.unique(np.quantile(said, [0.25, 0.5, 0.75]))]


def _order(group: str | None) -> tuple[int, float, str]:
    """Bands from low to high, other groups by name, no answer last."""
    if group is None:
        return (9, 0.0, "")
    if group == OTHERS:
        return (8, 0.0, "")
    if group.startswith("< "):
        return (0, 0.0, group)
    if group.startswith(">= "):
        return (7, 0.0, group)
    first = re.match(r"-?\d+(\.\d+)?", group)
    return (1, float(first[0]), group) if first else (2, 0.0, group)


# --- figures by group -----------------------------------------------------------------------------------------------


def cutoff_of(scores: ArrayLike, refused: float) -> int:
    """The score from which to approve so that this share of rows, or as near under it as scores allow, is refused."""
    held = np.sort(np.asarray(scores))
    return int(held[min(math.floor(refused * len(held)), len(held) - 1)])


def fairness(scores: Int64s, probabilities: Floats, bad: Bools, groups: Groups, *, cutoff: int) -> dict[str, Any]:
    """Approval, errors, points and calibration by group, as plain data, where scores of ``cutoff`` or more approve.

    Scores and ``probabilities`` (of bad) should be of cards that did not see the row. Each column of ``groups`` has a
    group for every row, None for no answer. Of each group: ``rows``, ``good``, ``approved``; the shares
    ``approved_share`` (of all), ``bad_share_approved`` (of the approved), ``bad_share`` (of all), ``false_refusals``
    (of the good), ``false_approvals`` (of the bad), each with ``_low`` and ``_high`` at 95%; ``mean_points``;
    ``expected_bad_share`` and ``calibration_off``, whether it lies outside the interval of ``bad_share``; ``ratio``
    of the approved share to that of the most favoured group, and whether it is ``below_four_fifths``. None stands for
    figures of fewer than ``SMALL`` rows; rows without an answer are compared with nobody.
    Raises InputError where a column has another number of rows.
    """
    approved = scores >= cutoff
    columns = {}
    for name in sorted(groups):
        place, found = _coded(name, groups[name], len(bad))
        told = [
            _group(group, place == number, scores, probabilities, bad, approved) for number, group in enumerate(found)
        ]
        _compare(told)
        columns[name] = told
    return {
        "cutoff": int(cutoff), "rows": len(bad), "approved_share": float(approved.mean()), "small": SMALL,
        "columns": columns,
    }  # fmt: skip


def fairness_of(
    found: Validated, features: Features, groups: Groups, card: Card | None = None, *, cutoff: int | None = None
) -> dict[str, Any] | None:
    """``fairness`` of the first repeat out of fold, with the ``proxies`` of the card; None without groups.

    Without a cut-off as large a share is refused as went bad, which ``cutoff_given`` then denies.
    """
    if not groups:
        return None
    scores = found.scores[0]
    chosen = cutoff_of(scores, float(found.bad.mean())) if cutoff is None else cutoff
    told = fairness(scores, found.probabilities[0], found.bad, groups, cutoff=chosen)
    return told | {"cutoff_given": cutoff is not None, "proxies": proxies(features, groups, card)}


def _coded(name: str, given: Sequence[str | None], rows: int) -> tuple[Int64s, list[str | None]]:
    """The number of every row's group, and the groups in order."""
    if len(given) != rows:
        raise InputError(f"groups, {name}", len(given), f"give a group for each of the {rows} rows", "do not fit")
    found = sorted(set(given), key=_order)
    numbers = {group: number for number, group in enumerate(found)}
    return np.array([numbers[each] for each in given], np.int64), found


def _group(
    group: str | None, here: Bools, scores: Int64s, probabilities: Floats, bad: Bools, approved: Bools
) -> dict[str, Any]:
    rows, bads, taken = int(here.sum()), int((here & bad).sum()), int((here & approved).sum())
    bad_taken = int((here & bad & approved).sum())
    good = rows - bads
    refused_good = good - (taken - bad_taken)
    enough = rows >= SMALL
    expected = float(probabilities[here].mean()) if enough else None
    told: dict[str, Any] = {"group": group, "rows": rows, "good": good, "approved": taken, "small": not enough}
    if not enough:
        told |= {"good": None, "approved": None}
    told |= _share("approved_share", taken, rows)
    told |= _share("bad_share_approved", bad_taken, taken)
    told |= _share("bad_share", bads, rows)
    told |= _share("false_refusals", refused_good, good)
    told |= _share("false_approvals", bad_taken, bads)
    off = None if expected is None else not told["bad_share_low"] <= expected <= told["bad_share_high"]
    return told | {
        "mean_points": float(scores[here].mean()) if enough else None,
        "expected_bad_share": expected,
        "calibration_off": off,
        "ratio": None, "ratio_low": None, "ratio_high": None, "below_four_fifths": None, "most_favoured": False,
    }  # fmt: skip


def _share(name: str, hits: int, rows: int) -> dict[str, float | None]:
    if rows < SMALL:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    low, high = wilson(hits, rows)
    return {name: hits / rows, f"{name}_low": low, f"{name}_high": high}


def _compare(told: list[dict[str, Any]]) -> None:
    """Put the ratios to the most favoured group in; the first one where several are."""
    compared = [each for each in told if not each["small"] and each["group"] is not None]
    if len(compared) < 2:
        return
    most = max(compared, key=lambda each: each["approved_share"])
    most["most_favoured"] = True
    if most["approved"] == 0:
        return
    for each in compared:
        each["ratio"] = each["approved_share"] / most["approved_share"]
        # In whole numbers, so that exactly four fifths is never under it.
        each["below_four_fifths"] = 5 * each["approved"] * most["rows"] < 4 * most["approved"] * each["rows"]
        if each is not most and each["approved"]:
            spread = sum((1 - one["approved_share"]) / one["approved"] for one in (each, most))
            half = math.exp(_Z * math.sqrt(spread))
            each["ratio_low"], each["ratio_high"] = each["ratio"] / half, each["ratio"] * half


# --- proxies --------------------------------------------------------------------------------------------------------


def proxies(
    features: Features, groups: Groups, card: Card | None = None, *, least: float = LEAST
) -> list[dict[str, Any]]:
    """The facts that tell a group, the strongest first: ``fact``, ``column``, ``measure``, ``value``, ``strength``.

    Facts are those of the card, without one all columns. Groups of fewer than ``SMALL`` rows and rows without an
    answer are left out. Measured is, and the strongest told:

    - ``auc``, numbers and two groups: the share of pairs of one row of each group in which the first has the higher
      number, ties as halves, from .5 (Hanley and McNeil 1982); its strength is ``|2 auc - 1|``;
    - ``correlation_ratio``, numbers and more groups: the root of the share of the variance of ranks that lies between
      the groups (Pearson 1905), which is ``sqrt(H / (n - 1))`` with H of Kruskal and Wallis (1952);
    - ``cramers_v``: Cramer's V of groups against answers, for numbers against tenths, each special value and missing,
      with the correction of Bergsma (2013) for what chance adds: ``sqrt(max(0, x2/n - (k-1)(r-1)/(n-1)) / m)``, ``m``
      the lesser of ``k - 1 - (k-1)^2/(n-1)`` and the same of r.

    All strengths run from 0 to 1. ``points`` are the mean points of each group over all terms the fact stands in, None
    without a card. Facts that tell a group only together are not found.
    """
    found = []
    for name in sorted(groups):
        place, seen = _coded(name, groups[name], features.rows)
        counts = np.bincount(place, minlength=len(seen))
        kept = [number for number, group in enumerate(seen) if group is not None and counts[number] >= SMALL]
        if len(kept) < 2:
            continue
        here = np.isin(place, kept)
        among = np.searchsorted(np.array(kept), place[here])
        for fact in sorted(features.columns if card is None else card.facts):
            column = features.columns[fact].take(here)
            measure, value, strength = _association(column, among, len(kept), features.special)
            if strength >= least:
                points = _points_by_group(card, fact, features, place, kept)
                told = None if points is None else {str(seen[at]): mean for at, mean in points.items()}
                found.append(
                    {"fact": fact, "column": name, "measure": measure, "value": value, "strength": strength,
                     "points": told}
                )  # fmt: skip
    return sorted(found, key=lambda each: (-each["strength"], each["column"], each["fact"]))


def _association(column: Feature, group: Int64s, count: int, special: Sequence[float]) -> tuple[str, float, float]:
    """The strongest measure, what it comes to, and its strength; a strength of 0 where chance does as well."""
    told = [_cramers_v(_places(column, special), group, count)]
    if column.numbers is not None:
        said = ~np.isnan(column.numbers) & ~np.isin(column.numbers, np.array(special, np.float64))
        told.append(_ranked(column.numbers[said], group[said], count))
    return max(told, key=lambda each: each[2])


def _places(column: Feature, special: Sequence[float]) -> Int64s:
    if column.numbers is None:
        assert column.codes is not None
        return column.codes + 1
    coded = np.isin(column.numbers, np.array(special, np.float64))
    said = column.numbers[~np.isnan(column.numbers) & ~coded]
    limits = np.unique(np.quantile(said, np.linspace(0.1, 0.9, 9))) if len(said) else np.zeros(0)
    place = np.searchsorted(limits, column.numbers, side="right") + 1
    place[np.isnan(column.numbers)] = 0
    for number, code in enumerate(special):
        place[column.numbers == code] = len(limits) + 2 + number
    return place.astype(np.int64)


def _cramers_v(place: Int64s, group: Int64s, count: int) -> tuple[str, float, float]:
    rows = len(place)
    _, place = np.unique(place, return_inverse=True)
    size = int(place.max()) + 1
    table = np.bincount(place * count + group, minlength=size * count).reshape(size, count).astype(np.float64)
    if size < 2 or rows < 2:
        return "cramers_v", 0.0, 0.0
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / rows
    square = float(((table - expected) ** 2 / expected).sum())
    corrected = max(0.0, square / rows - (size - 1) * (count - 1) / (rows - 1))
    least = min(size - 1 - (size - 1) ** 2 / (rows - 1), count - 1 - (count - 1) ** 2 / (rows - 1))
    value = min(1.0, math.sqrt(corrected / least)) if least > 0 else 0.0
    sure = float(chi2.sf(square, (size - 1) * (count - 1))) < CHANCE
    return "cramers_v", value, value if sure else 0.0


def _ranked(values: Floats, group: Int64s, count: int) -> tuple[str, float, float]:
    """Of numbers: AUC of two groups, correlation ratio of ranks of more, by the test of Kruskal and Wallis."""
    measure = "auc" if count == 2 else "correlation_ratio"
    nothing = (measure, 0.5 if count == 2 else 0.0, 0.0)
    rows = np.bincount(group, minlength=count)
    if rows.min() < 2:
        return nothing
    ranks = rankdata(values)
    ties = float(tiecorrect(ranks))
    if ties == 0:
        return nothing
    means = np.bincount(group, weights=ranks, minlength=count) / rows
    total = len(values)
    spread = 12 / (total * (total + 1)) * float((rows * (means - (total + 1) / 2) ** 2).sum()) / ties
    sure = float(chi2.sf(spread, count - 1)) < CHANCE
    if count == 2:
        area = float((means[1] - (rows[1] + 1) / 2) / rows[0])
        area = max(area, 1 - area)
        return measure, area, 2 * area - 1 if sure else 0.0
    value = min(1.0, math.sqrt(spread / (total - 1)))
    return measure, value, value if sure else 0.0


def _points_by_group(
    card: Card | None, fact: str, features: Features, place: Int64s, kept: Sequence[int]
) -> dict[int, float] | None:
    if card is None:
        return None
    total = np.zeros(features.rows, np.int64)
    for term in card.terms:
        if fact in term.facts:
            total += np.array(term.points, np.int64)[cells(term.axes, features)]
    return {number: float(total[place == number].mean()) for number in kept}


__all__ = ["CHANCE", "LEAST", "OTHERS", "SMALL", "cutoff_of", "fairness", "fairness_of", "groups_of", "proxies"]
