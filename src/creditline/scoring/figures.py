"""The figures a scorecard is judged by, as plain data: of rows it never saw, with intervals, and tables for plots.

Rows held out in folds were scored by different cards. Their scores are ranked within a fold only: AUC, KS, gains and
ROC are means over the folds. Probabilities mean the same whatever card gave them, so Brier, log loss, calibration and
reliability are of all rows together; so is the distribution of scores, which is for looking at.

Intervals say how the figure would vary over other rows of the same kind with the cards as they are; how a card trained
on other rows would differ is not in them (``auc_sd`` shows some of it). All are at 95%.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from creditline.scoring import measures
from creditline.scoring.crossval import Validated
from creditline.scoring.inputs import InputError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Int64s = NDArray[np.int64]

GROUPS: Final = 10
"""Groups of equal size in ``reliability`` and ``gains``."""

BINS: Final = 20
"""Bins of score in ``distribution``, at most."""

ROC_POINTS: Final = 151
"""Points of ``roc``."""

TABLES: Final = ("reliability", "gains", "roc", "distribution")
"""Keys of ``evaluate`` that hold tables; all others hold one figure each."""

_Part = tuple[NDArray[Any], Bools, Int64s | None]


def evaluate(
    scores: ArrayLike,
    probabilities: ArrayLike,
    bad: Bools,
    *,
    fold: Int64s | None = None,
    groups: Int64s | None = None,
) -> dict[str, Any]:
    """Figures of scores (higher is better) and probabilities of bad of the same rows, as data that JSON can hold.

    ``fold`` numbers the fold each row was held out in, one card a fold; without it one card scored all rows.
    ``groups`` numbers rows that belong together, such as the months of one line; intervals allow for it.

    - ``auc``, ``ks``, ``gini``, ``brier``, ``log_loss``, each with ``_low`` and ``_high``; ``auc_sd`` over folds,
      None without; ``calibration_slope``, ``calibration_intercept`` and ``calibration_in_the_large`` with bounds, all
      None where no such curve exists; ``calibration_error``, the mean distance over the groups of ``reliability``.
    - ``rows``, ``bad``, ``folds`` (0 without), ``repeats``.
    - ``reliability``: ``GROUPS`` groups of equal size by probability: ``probability`` (mean), ``bad_share`` with
      Wilson's ``low`` and ``high``, ``rows``.
    - ``gains``: of the worst tenth, two tenths ... by score: ``share_of_rows``, ``share_of_bad``, ``lift``, and
      ``score_to``, the highest score among them.
    - ``roc``: ``[false_alarm_share, hit_share]``: good and bad rows refused by the same limit.
    - ``distribution``: bins of score, ``from`` up to, not including, ``to``, with the counts ``good`` and ``bad``.

    Raises InputError where the rows, or those of a fold, are not of both outcomes.
    """
    points, chances = np.asarray(scores), np.asarray(probabilities, np.float64)
    parts = _parts(points, bad, fold, groups)
    for _, held, _ in parts:
        if not held.any() or held.all():
            raise InputError("outcomes", f"{int(held.sum())} bad of {len(held)}", "bring rows of both outcomes")
    figures = _ranks(parts) | _chances(chances, bad, groups)
    figures |= {"rows": len(bad), "bad": int(bad.sum()), "folds": 0 if fold is None else len(parts), "repeats": 1}
    return figures | {
        "reliability": [
            {"probability": each.foretold, "bad_share": each.bad, "low": each.low, "high": each.high, "rows": each.rows}
            for each in measures.reliability(chances, bad, GROUPS)
        ],
        "gains": _gains(points, parts),
        "roc": _roc(parts),
        "distribution": distribution(points, bad),
    }


def out_of_fold_figures(found: Validated, groups: Int64s | None = None) -> dict[str, Any]:
    """What ``evaluate`` tells of rows held out, and ``auc_unrounded``.

    Figures and bounds are means over the repeats: repeats deal the same rows anew and make nothing surer. ``auc_sd``
    is over folds and repeats. Tables are of the first repeat, so that every row counts once.
    """
    told = [
        evaluate(found.scores[repeat], found.probabilities[repeat], found.bad, fold=found.fold[repeat], groups=groups)
        for repeat in range(len(found.scores))
    ]
    figures = over_repeats(told)
    return figures | {"auc_sd": found.auc_sd, "auc_unrounded": found.auc_unrounded}


def over_repeats(told: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Means of figures that are there in every repeat; tables and counts of the first."""
    figures = dict(told[0])
    for name, value in told[0].items():
        if isinstance(value, float) or value is None:
            values = [each[name] for each in told]
            figures[name] = None if any(each is None for each in values) else float(np.mean(values))
    return figures | {"repeats": len(told)}


def difference(
    first: NDArray[Any],
    second: NDArray[Any],
    bad: Bools,
    *,
    fold: Int64s | None = None,
    groups: Int64s | None = None,
) -> dict[str, float] | None:
    """AUC of ``first`` less that of ``second`` by DeLong's paired test: ``difference``, ``low``, ``high``, ``p`` ...

    Scores of one card each, or repeats by rows out of fold with ``fold`` alike: then the difference is the mean over
    folds and repeats, and its error that of one repeat. None where a fold has fewer than two rows of an outcome.
    """
    repeats = zip(np.atleast_2d(first), np.atleast_2d(second), _folds(fold, bad), strict=True)
    found = []
    for one, other, place in repeats:
        masks = [place == number for number in np.unique(place)]
        parts = [
            (one[held].astype(float), other[held].astype(float), bad[held], None if groups is None else groups[held])
            for held in masks
        ]
        tested = measures.auc_test(parts)
        if tested is None:
            return None
        found.append(tested)
    error = float(np.mean([each.error for each in found]))
    return measures.apart(float(np.mean([each.difference for each in found])), error)._asdict()


def distribution(scores: ArrayLike, bad: Bools) -> list[dict[str, float]]:
    """Counts of good and bad in at most ``BINS`` bins of score of one width; whole numbers where the scores are."""
    points = np.asarray(scores)
    low, high = points.min(), points.max()
    if np.issubdtype(points.dtype, np.integer):
        width: Any = math.ceil((int(high) - int(low) + 1) / BINS)
        low, count = int(low) // width * width, (int(high) - int(low) // width * width) // width + 1
    else:
        low, width, count = float(low), (float(high) - float(low)) / BINS or 1.0, BINS
    place = np.clip((points - low) // width, 0, count - 1).astype(np.int64)
    bads, rows = np.bincount(place[bad], minlength=count), np.bincount(place, minlength=count)
    return [
        {"from": low + n * width, "to": low + (n + 1) * width, "good": int(rows[n] - bads[n]), "bad": int(bads[n])}
        for n in range(count)
    ]


def _folds(fold: Int64s | None, bad: Bools) -> NDArray[Any]:
    return np.atleast_2d(np.zeros(len(bad), np.int64) if fold is None else fold)


def _parts(points: NDArray[Any], bad: Bools, fold: Int64s | None, groups: Int64s | None) -> list[_Part]:
    """Rows scored by one card each."""
    if fold is None:
        return [(points, bad, groups)]
    masks = [fold == number for number in np.unique(fold)]
    return [(points[held], bad[held], None if groups is None else groups[held]) for held in masks]


def _ranks(parts: Sequence[_Part]) -> dict[str, Any]:
    areas = [float(measures.auc(points, bad) or 0.0) for points, bad, _ in parts]
    apart = [float(measures.ks(points, bad) or 0.0) for points, bad, _ in parts]
    # Without DeLong's error, the largest there can be for such an area (Birnbaum and Klose 1957).
    errors = [
        measures.auc_error(*part) or math.sqrt(area * (1 - area) / min(int(part[1].sum()), int((~part[1]).sum())))
        for part, area in zip(parts, areas, strict=True)
    ]
    area = measures.share_interval(float(np.mean(areas)), _of_mean(errors))
    distance = measures.bounds(float(np.mean(apart)), _of_mean([measures.ks_error(*part) or 0.0 for part in parts]))
    spread = float(np.std(areas, ddof=1)) if len(areas) > 1 else None
    return {
        "auc": area.value, "auc_low": area.low, "auc_high": area.high, "auc_sd": spread,
        "ks": distance.value, "ks_low": max(0.0, distance.low), "ks_high": min(1.0, distance.high),
        "gini": 2 * area.value - 1, "gini_low": 2 * area.low - 1, "gini_high": 2 * area.high - 1,
    }  # fmt: skip


def _of_mean(errors: Sequence[float]) -> float:
    """Standard error of the mean of figures of different rows."""
    return math.sqrt(sum(each * each for each in errors)) / len(errors)


def _chances(chances: Floats, bad: Bools, groups: Int64s | None) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, values in (("brier", (chances - bad) ** 2), ("log_loss", measures.log_losses(chances, bad))):
        found = measures.bounds(float(values.mean()), measures.mean_error(values, groups))
        told |= {name: found.value, f"{name}_low": max(0.0, found.low), f"{name}_high": found.high}
    curve, errors = measures.calibration(chances, bad), measures.calibration_errors(chances, bad, groups)
    for name in ("slope", "intercept", "in_the_large"):
        known = None if curve is None else measures.bounds(getattr(curve, name), getattr(errors, name))
        told |= {
            f"calibration_{name}": known and known.value,
            f"calibration_{name}_low": known and known.low,
            f"calibration_{name}_high": known and known.high,
        }
    return told | {"calibration_error": measures.calibration_error(chances, bad, GROUPS)}


def _gains(points: NDArray[Any], parts: Sequence[_Part]) -> list[dict[str, float]]:
    found = [measures.gains(scores, bad, GROUPS) for scores, bad, _ in parts]
    ordered = np.sort(points)
    told = []
    for number, each in enumerate(zip(*found, strict=True)):
        share = (number + 1) / GROUPS
        caught = float(np.mean([gain.bad for gain in each]))
        last = ordered[math.ceil(share * len(ordered)) - 1].item()
        told.append({"share_of_rows": share, "share_of_bad": caught, "lift": caught / share, "score_to": last})
    return told


def _roc(parts: Sequence[_Part]) -> list[list[float]]:
    """Mean share of bad refused at each share of good refused (vertical averaging, Fawcett 2006)."""
    grid = np.linspace(0, 1, ROC_POINTS)
    curves = []
    for points, bad, _ in parts:
        _, bads, goods = measures.cumulated(points, bad)
        refused, hit = np.append(0, goods) / goods[-1], np.append(0, bads) / bads[-1]
        curves.append(np.interp(grid, refused, hit))
    return [[float(x), float(y)] for x, y in zip(grid, np.mean(curves, axis=0), strict=True)]


__all__ = [
    "BINS",
    "GROUPS",
    "ROC_POINTS",
    "TABLES",
    "difference",
    "distribution",
    "evaluate",
    "out_of_fold_figures",
    "over_repeats",
]
