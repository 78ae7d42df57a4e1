"""Challengers in the shadow: what they would have said of the same facts, kept beside decisions and compared.

Nothing here plays a part in a decision: points are looked up after a run, from the facts its decisions were made on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from creditline.facts.expressions import Arithmetic, Compare, Constant, Expr, Name
from creditline.lines import machine
from creditline.lines.replay import Run
from creditline.policy import Policy
from creditline.policy.compiler import fact_order
from creditline.scoring import measures
from creditline.scoring.card import CardError
from creditline.scoring.compiled import compiled
from creditline.service.cards import card_of, challengers, policy_of
from creditline.store import Home, ObservedOutcome, ProposedCard, Shadows

Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]

_LINE = ("open", "frozen", "closed")
"""Statuses in which rules on lines are asked."""


@dataclass(frozen=True)
class Shadowed:
    """What became of a challenger beside a run."""

    card: ProposedCard
    decisions: int
    problem: str | None = None
    """Why it could not score this version of the policy: nothing of it was kept then."""


def record(home: Home, runs: Sequence[Run]) -> list[Shadowed]:
    """Keep the points of every approved challenger beside every decision of these runs.

    To be called when the decisions of the runs are in the home; what stood there goes with the decisions they replace,
    so that the same again changes nothing. A challenger that does not fit a version's facts is told of and left out.
    """
    running = challengers(home)
    return [_recorded(home, run, each) for run in runs for each in running if each.policy == run.policy.name]


def _recorded(home: Home, run: Run, challenger: ProposedCard) -> Shadowed:
    try:
        card = compiled(card_of(challenger.source), run.policy.types)
    except CardError as error:
        return Shadowed(challenger, 0, str(error))
    places = {name: machine.D_FACTS + place for place, name in enumerate(fact_order(run.policy))}
    rows = run.rows
    if card.facts:
        points = card.points({name: rows[:, places[name]] for name in card.facts})
    else:
        points = np.full(len(rows), card.base, np.int64)
    line = rows[:, machine.D_LINE]
    home.record_shadows(challenger.number, run.slices.lines, line, numbers_of(run), points)
    return Shadowed(challenger, len(rows))


def numbers_of(run: Run) -> Int64s:
    """The number each decision of a run has on its line."""
    line = run.rows[:, machine.D_LINE]
    first = np.searchsorted(line, line, side="left")
    mine = np.searchsorted(line, line, side="right") - first
    before = run.column("DECISIONS")[line] - mine
    return np.asarray(before + np.arange(len(line)) - first, np.int64)


# -- what a challenger would have changed -----------------------------------------------------------


def shadow_report(
    home: Home, card: ProposedCard, *, since: int | None = None, until: int | None = None
) -> dict[str, Any]:
    """How a challenger agrees with the cards that decided, over decisions from ``since`` to ``until`` (microseconds).

    - ``decisions``, ``lines``; ``correlation`` of points and ``rank_correlation``, None where one does not vary.
    - ``rules``: for each rule with a cut-off on points, ``code`` and ``cutoff``; ``decisions`` on which it is asked;
      ``below`` of them the cut-off; the challenger's ``challenger_cutoff`` that refuses as nearly as many as it can
      (``challenger_below``); ``only_champion`` and ``only_challenger`` refused by one of them alone; ``otherwise``, the
      two together.
    - ``outcomes``: of each line with an outcome its last decision before it; ``rows``, ``bad``, ``champion_auc``,
      ``challenger_auc``, ``difference`` (challenger less champion) with ``low`` and ``high`` of its 95% interval.
    """
    found = home.shadows(card.number, until)
    kept = np.ones(len(found.at), bool) if since is None else found.at >= since
    return {
        "decisions": int(kept.sum()),
        "lines": len({found.lines[row] for row in np.flatnonzero(kept).tolist()}),
        "correlation": _correlation(found.champion[kept], found.points[kept]),
        "rank_correlation": _correlation(rankdata(found.champion[kept]), rankdata(found.points[kept])),
        "rules": _rules(home, found, kept),
        "outcomes": _outcomes(found, kept, home.outcomes_observed(), until),
    }


def _correlation(first: NDArray[Any], second: NDArray[Any]) -> float | None:
    if len(first) < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return float(np.corrcoef(first, second)[0, 1])


def _rules(home: Home, found: Shadows, kept: Bools) -> list[dict[str, Any]]:
    """By rule and cut-off; versions with the same cut-off are counted together."""
    published = {each.version: each for each in home.policies()}
    asked: dict[tuple[str, int], Bools] = defaultdict(lambda: np.zeros(len(kept), bool))
    versions, statuses = np.array(found.policies, object), np.array(found.statuses, object)
    for version in sorted(set(found.policies)):
        if version not in published:
            continue
        made = policy_of(published[version].source, published[version].name)
        for code, cutoff, status in cutoffs(made):
            asked[code, cutoff] |= kept & (versions == version) & np.isin(statuses, status)
    rows = ((key, np.flatnonzero(asked[key])) for key in sorted(asked))
    return [_rule(code, cutoff, found.champion[row], found.points[row]) for (code, cutoff), row in rows if len(row)]


def _rule(code: str, cutoff: int, champion: Int64s, points: Int64s) -> dict[str, Any]:
    refused = champion < cutoff
    other = as_many(points, int(refused.sum()))
    by_other = points < other
    only_champion, only_challenger = int((refused & ~by_other).sum()), int((by_other & ~refused).sum())
    return {
        "code": code,
        "cutoff": cutoff,
        "decisions": len(points),
        "below": int(refused.sum()),
        "challenger_cutoff": other,
        "challenger_below": int(by_other.sum()),
        "only_champion": only_champion,
        "only_challenger": only_challenger,
        "otherwise": only_champion + only_challenger,
    }


def as_many(points: Int64s, number: int) -> int:
    """The cut-off that so many of these points lie below, or as nearly so many as ties allow; of two the lower."""
    values, counts = np.unique(points, return_counts=True)
    below = np.concatenate([[0], np.cumsum(counts)])
    place = int(np.argmin(np.abs(below - number)))
    return int(values[place]) if place < len(values) else int(values[-1]) + 1


def cutoffs(policy: Policy) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    """Cut-offs on points in a policy's conditions: code, the least points above it, and statuses it is asked in.

    Every comparison of points with a number parts lines below a cut-off from those at or above it.
    """
    for rule in policy.rules:
        on_line = ("open",) if rule.then == "limit" else _LINE
        statuses = (("applied",) if rule.on_application else ()) + (on_line if rule.on_line else ())
        for cutoff in sorted(_compared(rule.when)):
            yield rule.code, cutoff, statuses
    if policy.approve is not None:
        for cutoff in sorted(_compared(policy.approve.when)):
            yield policy.approve.code, cutoff, ("applied",)
    if policy.reopen is not None:
        for cutoff in sorted(_compared(policy.reopen.when)):
            yield "reopen", cutoff, ("closed",)


_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _compared(condition: Expr) -> set[int]:
    found = set()
    for node in condition.walk():
        if not isinstance(node, Compare) or node.op not in _FLIPPED:
            continue
        left, right, op = node.left, node.right, str(node.op)
        if isinstance(left, Constant):
            left, right, op = right, left, _FLIPPED[op]
        if _is_points(left) and isinstance(right, Constant) and right.value is not None:
            scale = 10**right.type.places
            found.add(-(-right.value // scale) if op in ("<", ">=") else right.value // scale + 1)
    return found


def _is_points(node: Expr) -> bool:
    """Whether it is the points themselves, or the points with decimal places given to them for a comparison."""
    if isinstance(node, Arithmetic) and node.op == "*" and isinstance(node.right, Constant):
        return node.right.value == 10**node.type.places and _is_points(node.left)
    return isinstance(node, Name) and node.name == "points"


def _outcomes(
    found: Shadows, kept: Bools, outcomes: dict[str, ObservedOutcome], until: int | None
) -> dict[str, Any] | None:
    """Both cards on lines whose outcome is known: the last decision of each before it. None where there is none."""
    last: dict[str, int] = {}
    for row in np.flatnonzero(kept).tolist():
        said = outcomes.get(found.lines[row])
        if said is not None and found.at[row] < said.at and (until is None or said.known <= until):
            last[found.lines[row]] = row  # rows of a line stand in order of time
    if not last:
        return None
    rows = np.array(sorted(last.values()), np.int64)
    bad = np.array([outcomes[found.lines[row]].defaulted for row in rows.tolist()], bool)
    champion, challenger = found.champion[rows], found.points[rows]
    apart = measures.auc_difference(challenger, champion, bad)
    return {
        "rows": len(rows),
        "bad": int(bad.sum()),
        "champion_auc": measures.auc(champion, bad),
        "challenger_auc": measures.auc(challenger, bad),
        "difference": apart.value if apart else None,
        "low": apart.low if apart else None,
        "high": apart.high if apart else None,
    }


__all__ = ["Shadowed", "as_many", "cutoffs", "numbers_of", "record", "shadow_report"]
