"""Scoring many rows: the kernel and columns against the libraries the cards come from. SIMULATED rows from a seed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.cases import POLICY, Row, Scale
from bench.timing import together
from creditline.events.kinds import NULL
from creditline.facts.expressions import Type
from creditline.lines.kernel import kernel_of
from creditline.lines.scores import Prepared
from creditline.policy import load_policy
from creditline.policy.compiler import fact_order
from creditline.scoring.compiled import as_features, compiled
from creditline.scoring.ebm import EbmSettings, fit_ebm
from creditline.scoring.features import Features

Int64s = NDArray[np.int64]

FACTS, PAIRS = 60, 30
BAR = 2_000_000
"""Rows a second on one core."""

_SCORED = """
import numpy as np
from numba import njit
@njit
def many(score, facts, card, out):
    f = np.zeros(facts.shape[1] * 2 + 9, np.int64)
    for i in range(len(facts)):
        f[: facts.shape[1]] = facts[i]
        out[i] = score(f, card)
"""


def rows_of(count: int, seed: int) -> dict[str, Int64s]:
    """Facts in numeric form of made-up borrowers: counts, shares and amounts, one in twelve not known."""
    rng = np.random.default_rng(seed)
    quality = rng.normal(size=count)
    out = {}
    for number in range(FACTS):
        said = quality * rng.uniform(0, 1) + rng.normal(size=count)
        kind = number % 3
        values = np.exp(said + 6) * 100 if kind == 0 else (np.round(np.abs(said) * 3) if kind == 1 else said * 1e6)
        out[f"fact_{number:02d}"] = np.where(rng.random(count) < 1 / 12, NULL, values.astype(np.int64))
    out["bad"] = (rng.random(count) < 1 / (1 + np.exp(1.5 + quality))).astype(np.int64)
    return out


def scoring(scale: Scale) -> Iterator[Row]:
    """Rows a second on one core: the shipped card in the kernel, a boosted one on columns, and the peers."""
    yield from _shipped(scale)
    yield from _boosted(scale)


def _shipped(scale: Scale) -> Iterator[Row]:
    policy = load_policy(POLICY)
    card = policy.scorecard
    assert card is not None
    count = scale.scored
    rng = np.random.default_rng(5)
    facts = np.full((count, len(policy.facts)), NULL, np.int64)
    cells = {name: cell for cell, name in enumerate(fact_order(policy))}
    for name in card.facts:
        near = np.array([*card.limits[name], 0, NULL], np.int64)
        facts[:, cells[name]] = rng.choice(near, count)
    score = kernel_of(policy).function("score", "numba")
    scope: dict[str, Any] = {}
    exec(_SCORED, scope)  # noqa: S102  (the loop around the kernel's own function)
    out, table = np.zeros(count, np.int64), card.table(cells)
    took = together({"kernel": lambda: scope["many"](score, facts, table, out)}, scale.repeat)["kernel"]
    _same("the kernel's score", out, card.points({name: facts[:, cells[name]] for name in card.facts}))
    what = f"the kernel's score by the {POLICY} card ({len(card.facts)} facts), {count:,} rows, one core"
    yield _row(what, count / took.median, BAR)


def _boosted(scale: Scale) -> Iterator[Row]:
    trained = rows_of(scale.trained, 1)
    bad = trained.pop("bad").astype(bool)
    types = {name: Type("number", 0 if number % 3 == 1 else 6) for number, name in enumerate(sorted(trained))}
    settings = EbmSettings(facts=FACTS, pairs=PAIRS, bags=2)
    features = as_features(trained, types)
    whole = compiled(fit_ebm(features, bad, seed=1, settings=settings), types)
    columns = rows_of(scale.scored, 2)
    del columns["bad"]
    matrix, out = np.stack([columns[fact] for fact in whole.facts]), np.empty(scale.scored, np.int64)
    prepared = Prepared(whole)
    peers = _peers(features, bad, columns, types)
    took = together({"ours": lambda: prepared.score(matrix, out), **peers}, scale.repeat)
    _same("the scores on columns", out, whole.points(columns))
    pairs = sum(len(each.axes) == 2 for each in whole.terms)
    what = f"a boosted card of {len(whole.facts)} facts and {pairs} pairs on columns, {scale.scored:,} rows, one core"
    yield _row(what, scale.scored / took["ours"].median, BAR)
    for name in peers:
        rate = scale.scored / took[name].median
        figure = f"{rate:,.0f} rows/s; ours {took[name] / took['ours']:.1f} times as many"
        yield Row("scoring", name, figure)


def _peers(
    features: Features, bad: NDArray[np.bool_], columns: dict[str, Int64s], types: dict[str, Type]
) -> dict[str, Any]:
    """Models of the same size from the same rows, scoring the same rows in floating point, on one core."""
    import lightgbm
    from interpret.glassbox import ExplainableBoostingClassifier  # type: ignore[import-untyped]

    names = sorted(columns)
    trained = np.column_stack([features.columns[name].numbers for name in names])  # type: ignore[misc]
    scored = as_features(columns, types)
    told = np.column_stack([scored.columns[name].numbers for name in names])  # type: ignore[misc]
    additive = ExplainableBoostingClassifier(
        interactions=PAIRS, outer_bags=2, max_bins=64, max_interaction_bins=16, n_jobs=1, random_state=1
    ).fit(trained, bad)
    trees = lightgbm.LGBMClassifier(n_estimators=300, num_leaves=15, n_jobs=1, random_state=1, verbose=-1)
    trees.fit(trained, bad)
    return {
        "interpret: an additive boosted model of the same size": lambda: additive.predict_proba(told),
        "LightGBM: 300 trees of 15 leaves": lambda: trees.predict_proba(told, num_threads=1),
    }


def _row(what: str, rate: float, bar: int) -> Row:
    return Row("scoring", what, f"{rate:,.0f} rows/s", f"at least {bar:,}", rate >= bar)


def _same(what: str, ours: Int64s, other: Int64s) -> None:
    if not np.array_equal(ours, other):
        raise SystemExit(f"bench: {what} differ on {int((ours != other).sum())} rows")
