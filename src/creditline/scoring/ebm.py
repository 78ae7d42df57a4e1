"""Additive boosted models (interpret's EBM) brought into the form of a card: bins, pair tables, whole points.

The model is a sum of one step function for each fact and of a table for some pairs of facts, found by boosting small
trees on several random parts of the rows and averaging. So a card holds all of it: nothing is approximated on the way
out but the rounding to whole points.

A special value gets a place of its own: the boosting sees it as missing, and beside the fact a hidden choice that says
which special value it was; both are added into the fact's points. In tables of pairs it counts as missing. Where a fact
never took a special value in training, that value counts for nothing, good or bad.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from creditline.scoring.card import Axis, Card, Exact, ExactTerm, Scaling, cells
from creditline.scoring.features import Feature, Features
from creditline.scoring.inputs import check_outcomes, missing_extra

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


EBM_SCALING: Final = Scaling(base=1000, odds=30, double=100)
"""Finer than a scorecard of few facts needs: rounding a hundred terms to coarser points would cost separation."""


@dataclass(frozen=True)
class EbmSettings:
    """How a boosted card is trained; the same for every data set unless said otherwise."""

    facts: int = 80
    """Facts a card may have: of more, those are kept whose points spread the widest in a first, brief training."""
    pairs: int = 50
    """Pairs of facts that get a table; 0 for none."""
    bags: int = 8
    """Random parts of the rows boosted on and averaged."""
    bins: int = 64
    """Bins of a fact before those of equal points are joined."""
    pair_bins: int = 16
    """Bins of a fact in a table of pairs."""
    rate: float = 0.03
    """Learning rate."""
    leaves: int = 3
    """Leaves of each small tree."""
    leaf: int = 50
    """Rows a leaf holds at least; where there are fewer than 20,000 rows, fewer in proportion, but 4."""


def fit_ebm(
    features: Features,
    bad: Bools,
    *,
    seed: int,
    monotone: Mapping[str, int] | None = None,
    scaling: Scaling = EBM_SCALING,
    settings: EbmSettings = EbmSettings(),
    jobs: int = 2,
) -> Card:
    """A card over these facts; ``monotone`` gives directions: 1 where points rise with the number, -1 where they fall.

    The same seed, rows and release of the libraries give the same card, whatever ``jobs`` is. Raises InputError without
    both outcomes, or where the extra ``train`` is not installed.
    """
    check_outcomes(features, bad)
    declared = dict(monotone or {})
    if len(features.columns) > settings.facts:
        brief = replace(settings, pairs=0, bags=2)
        names = _telling(_boosted(features, bad, seed, declared, brief, jobs), features)[: settings.facts]
        features = Features(
            {name: features.columns[name] for name in names}, features.rows, features.special, features.source
        )
    exact = _boosted(features, bad, seed, declared, settings, jobs)
    training = {"seed": seed, "rows": features.rows, "bad": int(bad.sum()), "monotone": declared, **asdict(settings)}
    return replace(exact, source=features.source, training=training).card(scaling)


def _boosted(
    features: Features, bad: Bools, seed: int, declared: Mapping[str, int], settings: EbmSettings, jobs: int
) -> Exact:
    try:
        from interpret.glassbox import ExplainableBoostingClassifier  # type: ignore[import-untyped]
        from joblib import parallel_config  # type: ignore[import-untyped]
    except ImportError as error:
        raise missing_extra("interpret-core") from error

    inputs = _Inputs(features)
    # Files mapped between processes are now and then cleaned away twice, with a traceback; what is passed is small.
    with warnings.catch_warnings(), parallel_config(max_nbytes=None):
        warnings.simplefilter("ignore")  # of missing values its plots would not show
        model = ExplainableBoostingClassifier(
            feature_names=list(inputs.columns),
            feature_types=inputs.kinds,
            monotone_constraints=[-declared.get(name, 0) for name in inputs.columns] if declared else None,
            exclude=inputs.no_pairs if settings.pairs else None,
            interactions=settings.pairs,
            outer_bags=settings.bags,
            max_bins=settings.bins,
            max_interaction_bins=settings.pair_bins,
            learning_rate=settings.rate,
            max_leaves=settings.leaves,
            min_samples_leaf=max(4, min(settings.leaf, round(settings.leaf * features.rows / 20_000))),
            random_state=seed,
            n_jobs=jobs,
        )
        model.fit(inputs.columns, bad)
    return Exact("ebm", -float(model.intercept_[0]), inputs.terms(model))


def _telling(exact: Exact, features: Features) -> list[str]:
    """Facts by how widely their points spread over the rows, the widest first."""
    spread = {term.axes[0].fact: float(np.std(term.values[cells(term.axes, features)])) for term in exact.terms}
    return sorted(spread, key=lambda name: (-spread[name], name))


@dataclass(eq=False)
class _Inputs:
    """Columns as the boosting takes them, in order of name, and the way back from its tables to those of a card."""

    features: Features
    columns: dict[str, NDArray[Any]] = field(default_factory=dict)
    kinds: list[str] = field(default_factory=list)
    codes: dict[str, tuple[float, ...]] = field(default_factory=dict)
    """Special values a fact has a place for."""
    hidden: dict[str, str] = field(default_factory=dict)
    """Of a hidden choice the fact it belongs to."""

    def __post_init__(self) -> None:
        for name in sorted(self.features.columns):
            each = self.features.columns[name]
            if each.numbers is None:
                self._add(name, _words(each), "nominal")
                continue
            special = self.features.special if each.plain else ()
            self.codes[name] = special
            coded = np.isin(each.numbers, special)
            self._add(name, np.where(coded, np.nan, each.numbers), "continuous")
            if coded.any():
                which = np.full(self.features.rows, "none", np.object_)
                for number, code in enumerate(special):
                    which[each.numbers == code] = str(number)
                beside = f"{name} special"
                while beside in self.features.columns:
                    beside += " "
                self.hidden[beside] = name
                self._add(beside, which, "nominal")

    def _add(self, name: str, values: NDArray[Any], kind: str) -> None:
        self.columns[name] = values
        self.kinds.append(kind)

    @property
    def no_pairs(self) -> list[tuple[str, str]] | None:
        """Hidden choices stand alone."""
        pairs = [(each, other) for each in self.hidden for other in self.columns if other != each]
        return pairs or None

    def terms(self, model: Any) -> tuple[ExactTerm, ...]:
        """The model's tables as log odds of good over the axes of a card."""
        names = list(self.columns)
        found: dict[tuple[str, ...], ExactTerm] = {}
        beside: dict[str, tuple[dict[str, int], Floats]] = {}
        for places, scores in zip(model.term_features_, model.term_scores_, strict=True):
            facts = tuple(names[place] for place in places)
            values = -np.asarray(scores, np.float64)
            levels = [model.bins_[place] for place in places]
            bins = [each[min(len(each), len(places)) - 1] for each in levels]
            if facts[0] in self.hidden:
                beside[self.hidden[facts[0]]] = (bins[0], values)
                continue
            axes = tuple(self._axis(fact, each) for fact, each in zip(facts, bins, strict=True))
            for number, axis in enumerate(axes):
                seen = axis.fact in self.hidden.values()
                values = np.moveaxis(_places(axis, np.moveaxis(values, number, 0), seen=seen), 0, number)
            found[facts] = ExactTerm(axes, values.ravel())
        for fact, (choices, values) in beside.items():
            found[(fact,)] = self._with_special(found[(fact,)], choices, values)
        return tuple(found.values())

    def _axis(self, fact: str, bins: Any) -> Axis:
        if not isinstance(bins, dict):
            return Axis(fact, tuple((np.asarray(bins, np.float64) + 0.0).tolist()), self.codes[fact])
        groups: dict[int, list[str]] = {}
        for choice, place in bins.items():
            groups.setdefault(place, []).append(choice)
        return Axis(fact, choices=tuple(tuple(sorted(groups[place])) for place in sorted(groups)))

    def _with_special(self, term: ExactTerm, choices: dict[str, int], values: Floats) -> ExactTerm:
        """The fact's own table with the hidden choice's added in; a special value never seen counts for nothing."""
        axis = term.axes[0]
        out = term.values + (values[choices["none"]] if "none" in choices else 0.0)
        for number in range(len(axis.special)):
            place = len(axis.below) + 2 + number
            seen = choices.get(str(number))
            out[place] = 0.0 if seen is None else term.values[0] + values[seen]
        return ExactTerm(term.axes, out)


def _words(column: Feature) -> NDArray[np.object_]:
    assert column.codes is not None
    return np.array([*column.choices, None], np.object_)[column.codes]


def _places(axis: Axis, scores: Floats, *, seen: bool) -> Floats:
    """Scores along the first axis put in the order of the card's places.

    The model's last place is for what it cannot read: among choices that is every other one; of numbers there are none.
    Special values stand where missing does if any was seen.
    """
    if axis.choices is not None:
        return scores
    coded = np.repeat(scores[:1], len(axis.special), axis=0)
    return np.concatenate([scores[:-1], coded if seen else np.zeros_like(coded)])


__all__ = ["EbmSettings", "fit_ebm"]
