"""The one form of every trained model: bins of facts and of pairs of facts, with whole points that add up to the score.

A weight-of-evidence scorecard and an additive boosted model come out as the same thing: a base; for each fact the
points of its bins, of "missing", of special values and of choices; for some pairs of facts a table of points. The score
is the base and the points looked up, added as whole numbers: exact, in any order, on every host. More points are
better. Looking up compares a number with limits and nothing else, so no rounding takes part in it.

``Exact`` is the same thing before rounding, in log odds of good against bad. It lives in training only.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import numpy as np
import yaml
from numpy.typing import NDArray

from creditline.errors import CreditlineError
from creditline.scoring.features import Feature, Features
from creditline.scoring.scorecard import POINTS_MAX
from creditline.scoring.table import number_text, specials

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]
Kind = Literal["woe", "ebm"]

FORM: Final = "creditline scorecard 1"
_CELLS_MAX: Final = 1_000_000


class CardError(CreditlineError):
    """A scorecard file, or rows to score, that cannot be taken."""


@dataclass(frozen=True)
class Axis:
    """How the value of one fact finds its place in a table of points.

    Places count from 0. Numbers: 0 is missing, then the bins (a value is in the first bin whose limit it is below, the
    last bin has no limit), then the special values. Choices: 0 is missing, then the groups, then every other choice.
    """

    fact: str
    below: tuple[float, ...] = ()
    """Limits of bins, ascending; one bin more than limits."""
    special: tuple[float, ...] = ()
    """Codes that are no amounts, each a place of its own; special words have numbers too, see ``table.code_of``."""
    choices: tuple[tuple[str, ...], ...] | None = None
    """Groups of choices; None for numbers."""

    @property
    def size(self) -> int:
        """The number of places."""
        return len(self.below) + len(self.special) + 2 if self.choices is None else len(self.choices) + 2

    def places(self, column: Feature, where: str = "data") -> Int64s:
        """The place of every value; raises CardError for infinities, and for text in place of numbers."""
        if self.choices is not None:
            return self._places_of_choices(column, where)
        if column.numbers is None:
            raise CardError(f"{where}, column {self.fact}", "text", "bring numbers, as in training", "is no number")
        numbers = column.numbers
        unusable = np.isinf(numbers)
        if unusable.any():
            row = int(np.flatnonzero(unusable)[0])
            value = float(numbers[row])
            raise CardError(f"{where}, column {self.fact}, row {row + 1}", value, "leave it empty", "is not finite")
        place = np.searchsorted(np.array(self.below, np.float64), numbers, side="right").astype(np.int64) + 1
        for number, code in enumerate(self.special):
            place[numbers == code] = len(self.below) + 2 + number
        place[np.isnan(numbers)] = 0
        return place

    def _places_of_choices(self, column: Feature, where: str) -> Int64s:
        assert self.choices is not None
        if column.codes is None:
            raise CardError(f"{where}, column {self.fact}", "numbers", "bring the choices of training", "is no text")
        known = {choice: number + 1 for number, group in enumerate(self.choices) for choice in group}
        other = len(self.choices) + 1
        table = np.array([*(known.get(choice, other) for choice in column.choices), 0], np.int64)
        return table[column.codes]

    def place(self, value: float | str | None) -> int:
        """The place of one value, worked out without arrays."""
        if value is None or value != value:  # noqa: PLR0124
            return 0
        if self.choices is not None:
            return next((n + 1 for n, group in enumerate(self.choices) if value in group), len(self.choices) + 1)
        assert not isinstance(value, str)
        if value in self.special:
            return len(self.below) + 2 + self.special.index(value)
        return next((n + 1 for n, limit in enumerate(self.below) if value < limit), len(self.below) + 1)


def cells(axes: Sequence[Axis], features: Features, where: str = "data") -> Int64s:
    """The cell of every row in the table of these axes, the last axis running fastest."""
    cell = np.zeros(features.rows, np.int64)
    for axis in axes:
        if axis.fact not in features.columns:
            raise CardError(where, axis.fact, "bring every fact the card scores", "is missing")
        cell = cell * axis.size + axis.places(features.columns[axis.fact], where)
    return cell


@dataclass(frozen=True)
class Term:
    """Points of one fact, or of two together: one for each cell, the last axis running fastest."""

    axes: tuple[Axis, ...]
    points: tuple[int, ...]

    @property
    def facts(self) -> tuple[str, ...]:
        """The facts it reads."""
        return tuple(axis.fact for axis in self.axes)

    def points_of(self, row: Mapping[str, float | str | None]) -> int:
        """Points of one row, worked out without arrays."""
        cell = 0
        for axis in self.axes:
            cell = cell * axis.size + axis.place(row[axis.fact])
        return self.points[cell]


@dataclass(frozen=True)
class Scaling:
    """At ``base`` points ``odds`` good stand against one bad; ``double`` points more double that."""

    base: int = 600
    odds: int = 30
    double: int = 40

    @property
    def factor(self) -> float:
        """Points to one unit of log odds."""
        return self.double / math.log(2)


@dataclass(frozen=True)
class Calibration:
    """From score to the probability of bad: ``1 / (1 + exp(intercept + slope * score))``."""

    intercept: float
    slope: float

    @staticmethod
    def of(scaling: Scaling) -> Calibration:
        """What the scaling itself promises."""
        slope = 1 / scaling.factor
        return Calibration(math.log(scaling.odds) - scaling.base * slope, slope)

    def probability(self, scores: Int64s) -> Floats:
        """Probability of bad for each score."""
        return np.asarray(1 / (1 + np.exp(np.clip(self.intercept + self.slope * scores, -700, 700))), np.float64)


@dataclass(frozen=True)
class Card:
    """A base and terms. Facts and pairs stand in order of name; each stands once."""

    kind: Kind
    base: int
    terms: tuple[Term, ...]
    scaling: Scaling = Scaling()
    calibration: Calibration = field(default_factory=lambda: Calibration.of(Scaling()))
    source: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """How the facts are made from a table, see ``features.again``."""
    training: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """What it was trained with: seed, rows, settings. Plain data; scoring reads none of it."""
    exact: Exact | None = field(default=None, compare=False, repr=False)
    """The model it was rounded from, only while it is being trained; no file holds it."""

    def __post_init__(self) -> None:
        """Put terms in order of name and check everything; raises CardError."""
        object.__setattr__(self, "terms", tuple(sorted(self.terms, key=lambda term: (len(term.axes), term.facts))))
        _check(self)

    @cached_property
    def facts(self) -> tuple[str, ...]:
        """The facts scored, in order of name."""
        return tuple(sorted({fact for term in self.terms for fact in term.facts}))

    @cached_property
    def words(self) -> Mapping[float, str]:
        """Of each special value that is the code of a word the word, as the source of the card has them."""
        return specials(self.source.get("special", ()))[1]

    def special_text(self, code: float) -> str:
        """A special value as people gave it: the word, or the number."""
        return self.words.get(code) or number_text(code)

    def points(self, features: Features, where: str = "data") -> Int64s:
        """The score of every row. Raises CardError for a fact that is missing, of another kind, or infinite."""
        total = np.full(features.rows, self.base, np.int64)
        for term in self.terms:
            total += np.array(term.points, np.int64)[cells(term.axes, features, where)]
        return total

    def shares(self, features: Features, where: str = "data") -> Int64s:
        """Points of every row (rows) by every term (columns); with the base they add up to ``points``."""
        out = np.zeros((features.rows, len(self.terms)), np.int64)
        for number, term in enumerate(self.terms):
            out[:, number] = np.array(term.points, np.int64)[cells(term.axes, features, where)]
        return out

    def reasons(self, features: Features, most: int = 4, where: str = "data") -> list[list[tuple[Term, int]]]:
        """For each row at most so many terms that cost it the most points against the best reachable, with the cost.

        Equal costs stand in the order of terms; a term that costs nothing is no reason.
        """
        if not self.terms:
            return [[] for _ in range(features.rows)]
        best = np.array([max(term.points) for term in self.terms], np.int64)
        cost = best - self.shares(features, where)
        order = np.argsort(-cost, axis=1, kind="stable")[:, :most]
        return [
            [(self.terms[term], int(cost[row, term])) for term in order[row] if cost[row, term] > 0]
            for row in range(features.rows)
        ]

    def score(self, row: Mapping[str, float | str | None]) -> int:
        """The score of one row, worked out without arrays."""
        return self.base + sum(term.points_of(row) for term in self.terms)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of everything in the file but the hash itself."""
        content = _content(self)
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return hashlib.sha256(canonical.encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """The card as plain data, for JSON or YAML."""
        return {**_content(self), "hash": self.hash}

    @staticmethod
    def from_dict(said: object, where: str = "card") -> Card:
        """The card ``to_dict`` wrote. Raises CardError for anything else, and for a card changed by hand."""
        return _read(said, where)

    def calibrated(self, calibration: Calibration) -> Card:
        """The same card with this calibration."""
        return replace(self, calibration=calibration)


@dataclass(frozen=True, eq=False)
class ExactTerm:
    """Log odds of good for each cell, the last axis running fastest."""

    axes: tuple[Axis, ...]
    values: Floats


@dataclass(frozen=True, eq=False)
class Exact:
    """A model before rounding: an intercept and terms in log odds of good against bad."""

    kind: Kind
    intercept: float
    terms: tuple[ExactTerm, ...]
    source: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)

    def scores(self, features: Features) -> Floats:
        """Log odds of good for every row."""
        total = np.full(features.rows, self.intercept)
        for term in self.terms:
            total += term.values[cells(term.axes, features)]
        return total

    def card(self, scaling: Scaling = Scaling()) -> Card:
        """The card in whole points. Neighbouring places of equal points become one; a term without points goes."""
        base = round(scaling.base + scaling.factor * (self.intercept - math.log(scaling.odds)))
        terms = []
        for term in self.terms:
            shape = tuple(axis.size for axis in term.axes)
            whole = np.rint(term.values * scaling.factor).astype(np.int64).reshape(shape)
            if np.ptp(whole) == 0:
                base += int(whole.flat[0])
                continue
            axes = list(term.axes)
            for number, axis in enumerate(axes):
                axes[number], whole = _merged(axis, whole, number)
            terms.append(Term(tuple(axes), tuple(whole.ravel().tolist())))
        calibration = Calibration.of(scaling)
        return Card(self.kind, base, tuple(terms), scaling, calibration, self.source, self.training, self)


def _merged(axis: Axis, whole: Int64s, number: int) -> tuple[Axis, Int64s]:
    """The axis and the table with neighbouring bins (or groups of choices) of the same points joined."""
    slabs = np.moveaxis(whole, number, 0)
    if axis.choices is not None:
        return _merged_choices(axis, whole, number)
    kept = [n for n in range(len(axis.below)) if not np.array_equal(slabs[n + 1], slabs[n + 2])]
    rest = range(len(axis.below) + 1, axis.size)
    places = [0, *(n + 1 for n in kept), *rest]
    made = Axis(axis.fact, tuple(axis.below[n] for n in kept), axis.special)
    return made, np.moveaxis(slabs[places], 0, number)


def _merged_choices(axis: Axis, whole: Int64s, number: int) -> tuple[Axis, Int64s]:
    assert axis.choices is not None
    slabs = np.moveaxis(whole, number, 0)
    groups: dict[bytes, list[int]] = {}
    for place in range(1, len(axis.choices) + 1):
        groups.setdefault(np.ascontiguousarray(slabs[place]).tobytes(), []).append(place)
    groups.pop(np.ascontiguousarray(slabs[-1]).tobytes(), None)  # the same as every other choice
    choices = tuple(
        tuple(sorted(choice for place in places for choice in axis.choices[place - 1])) for places in groups.values()
    )
    places = [0, *(each[0] for each in groups.values()), axis.size - 1]
    return Axis(axis.fact, choices=choices), np.moveaxis(slabs[places], 0, number)


# --- the file -----------------------------------------------------------------------------------------------------


class _Bin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    points: int
    below: float | None = None


class _Special(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    value: float | str
    points: int


class _Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    values: tuple[str, ...]
    points: int


class _Fact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    missing: int
    bins: tuple[_Bin, ...] = ()
    special: tuple[_Special, ...] = ()
    choices: tuple[_Group, ...] | None = None
    other: int | None = None


class _AxisFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    fact: str
    below: tuple[float, ...] = ()
    special: tuple[float | str, ...] = ()
    choices: tuple[tuple[str, ...], ...] | None = None


class _Pair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rows: _AxisFile
    columns: _AxisFile
    points: tuple[tuple[int, ...], ...]


class _ScalingFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    base: int
    odds: int
    double: int


class _CalibrationFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    intercept: float
    slope: float


class _CardFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    form: str
    kind: Kind
    scaling: _ScalingFile
    calibration: _CalibrationFile
    base: int
    facts: dict[str, _Fact]
    pairs: tuple[_Pair, ...]
    source: dict[str, Any]
    training: dict[str, Any]
    hash: str


def read_card(path: Path) -> Card:
    """The card in this file (.yaml, or .json). Raises CardError where there is none, or one changed by hand."""
    try:
        said = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CardError(
            str(path), str(error).split("\n")[0], "give the file of a scorecard", "cannot be read"
        ) from error
    return Card.from_dict(said, str(path))


def write_card(card: Card, path: Path) -> None:
    """Write the card as YAML, or as JSON where the name ends in .json."""
    if path.suffix == ".json":
        path.write_text(json.dumps(card.to_dict(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return
    text = yaml.dump(card.to_dict(), Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=118)
    path.write_text(text, encoding="utf-8")


# The safe ones, in C where PyYAML was built with it: cards of boosted models are long.
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Final[Any] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def _content(card: Card) -> dict[str, Any]:
    """Everything in the file but the hash."""
    return {
        "form": FORM,
        "kind": card.kind,
        "scaling": {"base": card.scaling.base, "odds": card.scaling.odds, "double": card.scaling.double},
        "calibration": {"intercept": card.calibration.intercept, "slope": card.calibration.slope},
        "base": card.base,
        "facts": {term.axes[0].fact: _fact_file(term, card.words) for term in card.terms if len(term.axes) == 1},
        "pairs": [_pair_file(term, card.words) for term in card.terms if len(term.axes) == 2],
        "source": dict(card.source),
        "training": dict(card.training),
    }


def _fact_file(term: Term, words: Mapping[float, str]) -> dict[str, Any]:
    axis, points = term.axes[0], term.points
    if axis.choices is not None:
        groups = [{"values": list(group), "points": points[n + 1]} for n, group in enumerate(axis.choices)]
        return {"missing": points[0], "choices": groups, "other": points[-1]}
    bins: list[dict[str, Any]] = [
        {"below": _short(limit), "points": points[n + 1]} for n, limit in enumerate(axis.below)
    ]
    bins.append({"points": points[len(axis.below) + 1]})
    out: dict[str, Any] = {"missing": points[0], "bins": bins}
    if axis.special:
        first = len(axis.below) + 2
        codes = [words.get(code) or _short(code) for code in axis.special]
        out["special"] = [{"value": code, "points": points[first + n]} for n, code in enumerate(codes)]
    return out


def _pair_file(term: Term, words: Mapping[float, str]) -> dict[str, Any]:
    width = term.axes[1].size
    rows = [list(term.points[start : start + width]) for start in range(0, len(term.points), width)]
    return {"rows": _axis_file(term.axes[0], words), "columns": _axis_file(term.axes[1], words), "points": rows}


def _axis_file(axis: Axis, words: Mapping[float, str]) -> dict[str, Any]:
    if axis.choices is not None:
        return {"fact": axis.fact, "choices": [list(group) for group in axis.choices]}
    out: dict[str, Any] = {"fact": axis.fact, "below": [_short(limit) for limit in axis.below]}
    if axis.special:
        out["special"] = [words.get(code) or _short(code) for code in axis.special]
    return out


def _short(number: float) -> int | float:
    """A whole number without its point, for people to read; no number is changed."""
    return int(number) if number == int(number) and abs(number) < 2**53 else number


def _read(said: object, where: str) -> Card:
    remedy = "bring the file as `creditline scorecard train` wrote it, or train anew"
    try:
        content = msgspec.convert(said, type=_CardFile)
    except msgspec.ValidationError as error:
        raise CardError(where, str(error), remedy, "is no scorecard") from error
    if content.form != FORM:
        raise CardError(f"{where}, form", content.form, f"this release reads {FORM!r}", "is a form not known")
    codes = _codes(content.source, where)
    terms = [_fact_term(name, fact, codes, where) for name, fact in content.facts.items()]
    terms += [_pair_term(pair, codes, where) for pair in content.pairs]
    scaling = Scaling(content.scaling.base, content.scaling.odds, content.scaling.double)
    calibration = Calibration(content.calibration.intercept, content.calibration.slope)
    try:
        card = Card(content.kind, content.base, tuple(terms), scaling, calibration, content.source, content.training)
        sealed = card.hash
    except CardError as error:
        raise CardError(f"{where}, {error.place}", error.value, remedy, error.problem) from error
    except ValueError as error:  # what JSON cannot hold, such as NaN
        raise CardError(where, str(error), remedy, "cannot be sealed") from error
    if sealed != content.hash:
        raise CardError(f"{where}, hash", content.hash, remedy, f"is not that of the content ({sealed[:12]}..)")
    return card


def _codes(source: Mapping[str, Any], where: str) -> dict[str, float]:
    """Of each special word of the source its code."""
    remedy = "bring the file as `creditline scorecard train` wrote it, or train anew"
    said = source.get("special", ())
    if not isinstance(said, list | tuple) or not all(isinstance(each, int | float | str) for each in said):
        raise CardError(f"{where}, source", said, remedy, "is no list of special values")
    return {word: code for code, word in specials(said)[1].items()}


def _special(said: Sequence[float | str], codes: Mapping[str, float], place: str) -> tuple[float, ...]:
    for each in said:
        if isinstance(each, str) and each not in codes:
            remedy = "bring the file as `creditline scorecard train` wrote it, or train anew"
            raise CardError(place, each, remedy, "is a special word the source does not name")
    return tuple(codes[each] if isinstance(each, str) else each for each in said)


def _fact_term(name: str, fact: _Fact, codes: Mapping[str, float], where: str) -> Term:
    place = f"{where}, fact {name}"
    remedy = "give bins, the last without a limit, or choices and other"
    if fact.choices is not None:
        if fact.bins or fact.special or fact.other is None:
            raise CardError(place, "choices", remedy, "are incomplete or stand beside bins")
        axis = Axis(name, choices=tuple(group.values for group in fact.choices))
        return Term((axis,), (fact.missing, *(group.points for group in fact.choices), fact.other))
    if not fact.bins or fact.other is not None or fact.bins[-1].below is not None:
        raise CardError(place, "bins", remedy, "are incomplete")
    limits = tuple(each.below for each in fact.bins[:-1] if each.below is not None)
    if len(limits) != len(fact.bins) - 1:
        raise CardError(place, "bins", remedy, "lack a limit")
    special = _special([each.value for each in fact.special], codes, place)
    axis = Axis(name, tuple(limit + 0.0 for limit in limits), special)
    return Term((axis,), (fact.missing, *(each.points for each in fact.bins), *(each.points for each in fact.special)))


def _pair_term(pair: _Pair, codes: Mapping[str, float], where: str) -> Term:
    place = f"{where}, pair {pair.rows.fact}, {pair.columns.fact}"
    axes = tuple(
        Axis(each.fact, each.below, _special(each.special, codes, place), each.choices)
        for each in (pair.rows, pair.columns)
    )
    if len(pair.points) != axes[0].size or any(len(row) != axes[1].size for row in pair.points):
        names = f"{axes[0].fact}, {axes[1].fact}"
        raise CardError(
            f"{where}, pair {names}", f"{len(pair.points)} rows", "give a point for each cell", "do not fit"
        )
    return Term(axes, tuple(cell for row in pair.points for cell in row))


def _check(card: Card) -> None:
    for place, message in _faults(card):
        raise CardError(place, message, "bring the card as it was trained", "is inconsistent")


def _faults(card: Card) -> Iterator[tuple[str, str]]:
    if card.scaling.odds < 1 or card.scaling.double < 1:
        yield "scaling", f"odds {card.scaling.odds}, double {card.scaling.double}: both are 1 or more"
    if not (math.isfinite(card.calibration.intercept) and math.isfinite(card.calibration.slope)):
        yield "calibration", "not finite"
    elif card.calibration.slope < 0:
        yield "calibration", f"slope {card.calibration.slope}: more points are never worse"
    if abs(card.base) > POINTS_MAX:
        yield "base", f"{card.base}: at most {POINTS_MAX}"
    facts = [term.facts for term in card.terms]
    if len({frozenset(each) for each in facts}) != len(facts):
        yield "facts", "one stands twice"
    kinds: dict[str, bool] = {}
    for term in card.terms:
        place = " and ".join(term.facts)
        for axis in term.axes:
            yield from _axis_faults(axis)
            if kinds.setdefault(axis.fact, axis.choices is None) != (axis.choices is None):
                yield axis.fact, "numbers in one table and choices in another"
        size = math.prod(axis.size for axis in term.axes)
        if len(term.axes) not in {1, 2} or len(set(term.facts)) != len(term.facts):
            yield place, "one fact, or two different ones"
        if size > _CELLS_MAX or len(term.points) != size:
            yield place, f"{len(term.points)} points for {size} cells"
        if any(abs(each) > POINTS_MAX for each in term.points):
            yield place, f"points beyond {POINTS_MAX}"


def _axis_faults(axis: Axis) -> Iterator[tuple[str, str]]:
    if axis.choices is not None:
        said = [choice for group in axis.choices for choice in group]
        if axis.below or axis.special:
            yield axis.fact, "limits beside choices"
        if len(set(said)) != len(said) or not all(axis.choices):
            yield axis.fact, "a choice stands twice, or a group is empty"
        return
    if not all(math.isfinite(each) for each in (*axis.below, *axis.special)):
        yield axis.fact, "a limit is not finite"
    if any(first >= second for first, second in pairwise(axis.below)):
        yield axis.fact, "limits do not ascend"
    if len(set(axis.special)) != len(axis.special):
        yield axis.fact, "a special value stands twice"


__all__ = [
    "Axis",
    "Calibration",
    "Card",
    "CardError",
    "Exact",
    "ExactTerm",
    "Scaling",
    "Term",
    "cells",
    "read_card",
    "write_card",
]
