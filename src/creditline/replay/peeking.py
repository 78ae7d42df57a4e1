"""Guards against knowing too much: facts of a moment that hang on anything known only after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from creditline.clock import format_moment
from creditline.errors import CreditlineError
from creditline.events.kinds import NULL
from creditline.facts.definitions import CountedFact
from creditline.facts.slices import NEVER, Slices
from creditline.policy.model import Policy
from creditline.scoring.measures import auc

Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]

TELLS_FROM: Final = 0.95
"""AUC from which a fact alone counts as telling the outcome."""

OUTCOME_LEAST: Final = 10
"""Rows of either outcome without which an AUC says too little to refuse a fact."""

GROUPS: Final = 20
"""Groups a fact of many values is cut into."""


class PeekingError(CreditlineError):
    """A fact that rests on what was known only after the moment of observation."""


def as_known(slices: Slices, t: int) -> Slices:
    """The log as it stood at a moment: no event known later, none voided yet that was later. All lines stay, ids go."""
    kept = slices.known <= t
    number = np.cumsum(kept) - 1
    until = slices.until[kept]
    return Slices(
        slices.lines,
        np.append(0, np.cumsum(kept))[slices.offsets].astype(np.int64),
        slices.at[kept],
        slices.known[kept],
        np.where(until > t, NEVER, until),
        slices.kind[kept],
        np.ascontiguousarray(slices.values[:, kept]),
        number[slices.visits[kept[slices.visits]]].astype(np.int64),
        slices.position[kept],
    )


def check_facts(policy: Policy) -> None:
    """Raises PeekingError where a fact of the policy reads events that tell the outcome."""
    for fact in policy.facts:
        if not isinstance(fact, CountedFact):
            continue
        for kind in (fact.kind, fact.after, fact.ended_by):
            if kind is not None and kind.struct.is_truth:
                remedy = "leave the fact out: no fact may read what the card is to foretell"
                raise PeekingError(f"fact {fact.name}", kind.name, remedy, "tells the outcome")


def check_same(
    lines: Sequence[str], t: int, seen: Mapping[str, Int64s], again: Mapping[str, Int64s], rows: Bools
) -> None:
    """Raises PeekingError where anything seen of a line differs from what the log that ends at the moment shows.

    Which lines are observed has to be the same of all of them; everything else of ``rows``.
    """
    for name, values in seen.items():
        apart = values != again[name]
        apart = apart if name == "why not" else apart & rows
        if apart.any():
            line = int(np.flatnonzero(apart)[0])
            told, before = (_told(each[name][line]) for each in (seen, again))
            remedy = "measure facts by events known at the moment and not voided by then"
            problem = f"peeks: it is {before} on the log as it stood then; {int(apart.sum())} lines differ"
            raise PeekingError(f"{name}, line {lines[line]}, {format_moment(t)}", told, remedy, problem)


def tell_tales(columns: Mapping[str, Int64s], bad: Bools, least: float = TELLS_FROM) -> dict[str, float]:
    """Facts that alone part bad from good with an AUC of ``least`` or more, and that AUC.

    The AUC over all rows is that of the share of bad in groups of values, NULL being a group of its own, or that of the
    values themselves in their better direction, NULL below or above them. Nothing is found with fewer than
    ``OUTCOME_LEAST`` rows of an outcome.
    """
    if min(int(bad.sum()), int((~bad).sum())) < OUTCOME_LEAST:
        return {}
    found = {name: max(_by_group(values, bad), _by_value(values, bad)) for name, values in sorted(columns.items())}
    return {name: area for name, area in found.items() if area >= least}


def _by_group(values: Int64s, bad: Bools) -> float:
    said = values != NULL
    different = np.unique(values[said])
    if len(different) > GROUPS:
        different = np.unique(np.quantile(values[said], np.linspace(0, 1, GROUPS + 1)[1:-1], method="lower"))
    place = np.where(said, 1 + np.searchsorted(different, values, side="right"), 0)
    rows = np.bincount(place)
    share = np.bincount(place[bad], minlength=len(rows)) / np.maximum(rows, 1)
    return auc(-share[place], bad) or 0.5  # only one outcome leaves none


def _by_value(values: Int64s, bad: Bools) -> float:
    # NULL stands below all values as it is, and above them the second time.
    areas = [auc(each, bad) or 0.5 for each in (values, np.where(values == NULL, np.iinfo(np.int64).max, values))]
    return max(max(area, 1 - area) for area in areas)


def _told(value: np.int64) -> str:
    return "NULL" if value == NULL else str(int(value))


__all__ = ["OUTCOME_LEAST", "TELLS_FROM", "PeekingError", "as_known", "check_facts", "check_same", "tell_tales"]
