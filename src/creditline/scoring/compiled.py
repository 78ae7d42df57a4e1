"""From a trained card over decimal numbers and names to a scorecard over a policy's facts, and back the other way.

A fact of a policy is a whole number of its smallest unit: 0.35 with two places is 35. A value is below a limit of the
card exactly where its whole number is below the limit's, rounded up; so nothing is lost between the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal

import numpy as np
from numpy.typing import NDArray

from creditline.events.kinds import NULL
from creditline.facts.expressions import Type
from creditline.scoring.card import Axis as CardAxis
from creditline.scoring.card import Card, CardError
from creditline.scoring.features import Feature, Features
from creditline.scoring.scorecard import SCORED, Axis, Scorecard, term

Int64s = NDArray[np.int64]


def compiled(card: Card, facts: Mapping[str, Type], where: str = "card") -> Scorecard:
    """The card over facts of these types.

    Raises CardError for a fact that is not there or of another kind, a choice it does not have, and a special value
    with more decimal places than the fact.
    """
    terms = [term([_axis(axis, facts, where) for axis in each.axes], each.points) for each in card.terms]
    return Scorecard(card.base, tuple(terms))


def as_features(columns: Mapping[str, Int64s], facts: Mapping[str, Type]) -> Features:
    """Facts in numeric form as what cards are trained on and score: amounts as decimal numbers, flags as 0 and 1."""
    made = {name: _feature(columns[name], facts[name]) for name in sorted(columns)}
    rows = len(next(iter(columns.values()))) if columns else 0
    return Features(made, rows, source={"kind": "facts"})


def _feature(values: Int64s, kind: Type) -> Feature:
    missing = values == NULL
    if kind.unit == "choice":
        return Feature(None, np.where(missing, -1, values), kind.choices, "a fact of the policy")
    # One correctly rounded division: the nearest number to the decimal, the same on every host.
    numbers = np.where(missing, 0, values) / np.float64(10**kind.places)
    return Feature(np.where(missing, np.nan, numbers), about="a fact of the policy")


def _axis(axis: CardAxis, facts: Mapping[str, Type], where: str) -> Axis:
    place = f"{where}, fact {axis.fact}"
    kind = facts.get(axis.fact)
    if kind is None or kind.unit not in SCORED:
        remedy = "define it under facts: in the policy, or train the card on facts the policy has"
        raise CardError(place, axis.fact, remedy, "is no fact the policy can score")
    if (axis.choices is not None) != (kind.unit == "choice"):
        said = "choices" if axis.choices is not None else "numbers"
        raise CardError(place, said, f"train the card on the policy's {kind.unit}", "are not what the fact is")
    if axis.choices is not None:
        return Axis(axis.fact, choices=tuple(_codes(group, kind, place) for group in axis.choices))
    below = tuple(_whole(limit, kind).to_integral_value(ROUND_CEILING) for limit in axis.below)
    special = []
    for code in axis.special:
        exact = _whole(code, kind)
        if exact != exact.to_integral_value():
            raise CardError(place, code, f"give it at most {kind.places} decimal places", "is a value it never takes")
        special.append(int(exact))
    return Axis(axis.fact, tuple(int(limit) for limit in below), tuple(special))


def _codes(group: tuple[str, ...], kind: Type, place: str) -> tuple[int, ...]:
    for choice in group:
        if choice not in kind.choices:
            raise CardError(place, choice, "choose among " + ", ".join(kind.choices), "is not one of its choices")
    return tuple(kind.choices.index(choice) for choice in group)


def _whole(number: float, kind: Type) -> Decimal:
    """The number as people read it, in the fact's smallest unit."""
    return Decimal(repr(number)).scaleb(kind.places)


__all__ = ["as_features", "compiled"]
