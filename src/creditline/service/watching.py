"""Watching published scorecards: have lines moved away from the training, do outcomes come as foretold, who is better.

Lines are taken as in the training, where the card says how that was (``service/training.py``); otherwise those that
stand open or frozen as the policy decided. Nothing here is written anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from creditline.clock import DAY, format_moment
from creditline.errors import CreditlineError
from creditline.facts.definitions import Window, parse_window
from creditline.facts.slices import NEVER, Slices, from_events
from creditline.lines.succession import InForce
from creditline.policy import Policy
from creditline.replay.observation import (
    DAYS_MOST,
    Chosen,
    ObservationError,
    Observed,
    Outcome,
    decided,
    last_known,
    observe,
    outcome_of,
    stated,
)
from creditline.scoring.card import Card, CardError
from creditline.scoring.compiled import as_features, compiled
from creditline.scoring.features import Features
from creditline.scoring.figures import evaluate
from creditline.scoring.profile import MOVED, MOVING, drift
from creditline.service.cards import APPROVED, card_of, challengers, champion, in_force, policy_of, proposed
from creditline.service.run import POLICY_OF_LINE
from creditline.service.shadow import shadow_report
from creditline.service.training import moment_of
from creditline.store import Home, ProposedCard
from creditline.store.truths import truths

Bools = NDArray[np.bool_]

LEVELS: Final = {"moving": MOVING, "moved": MOVED}
"""Index from which a population is said to be moving, and to be another one."""

MOMENTS_MOST: Final = 36
"""Moments at which lines are scored again to see what became of them: the latest ones."""

_FIGURES: Final = (
    "rows", "bad", "auc", "auc_low", "auc_high", "ks", "brier", "calibration_slope", "calibration_intercept",
    "calibration_in_the_large",
)  # fmt: skip


@dataclass(frozen=True)
class _Manner:
    """How the rows of a card's training were taken."""

    outcome: Outcome
    window: Window | None
    """None where the card does not say: then what became of a line at any time counts."""
    stated: bool
    statuses: tuple[str, ...]

    @staticmethod
    def of(training: Mapping[str, Any]) -> _Manner:
        """As the card says, else observed outcomes of lines open or frozen."""
        window, said = training.get("window"), training.get("outcome")
        known = isinstance(window, str) and isinstance(said, str)
        return _Manner(
            outcome_of(str(said)) if known else Outcome(None),
            parse_window(window) if known else None,
            training.get("standing") == "stated",
            tuple(training.get("statuses") or ("open", "frozen")),
        )


def watch(
    home: Home,
    *,
    policy: str | None = None,
    card: str | None = None,
    since: str | None = None,
    until: str | None = None,
) -> dict[str, Any]:
    """How the cards of a policy do, as data that JSON can hold.

    ``card`` (its hash or the beginning of it) watches that one alone. ``since`` and ``until`` are dates, each the
    midnight it begins with in the policy's offset, or moments: outcomes and shadows count from ``since`` (by default
    when the champion came into force) to ``until`` (by default the last moment the home knows), at which lines are
    measured.

    - ``policy``, ``version``, ``since``, ``until``, ``simulated``; ``over``: whether anything is over the upper level.
    - ``cards``, the champion first: ``hash``, ``role``; ``drift`` as ``scoring.profile.drift`` tells it, or
      ``drift_problem``; ``outcomes`` (see ``scoring.figures.evaluate``; with ``foretold`` and ``came``, shares of bad),
      or ``outcomes_problem``; of challengers ``shadow`` (``service.shadow.shadow_report``); ``over``: what is over the
      upper level, and not by chance alone: ``points`` and names of facts.

    Raises CreditlineError where there is no card to watch, and for a moment there is nothing known of.
    """
    name, chosen = _chosen(home, policy, card)
    offset = in_force(home, name, NEVER).utc_offset
    slices = home.slices(_lines(home, name))
    end = _end(home, slices) if until is None else moment_of("--until", until, offset)
    now = in_force(home, name, end)
    first = champion(home, name, end)
    cards = [chosen] if chosen else [*([first] if first else []), *challengers(home, name)]
    if not cards:
        remedy = "publish one first: creditline scorecard publish CARD --policy NAME --by NAME"
        raise CreditlineError(
            "policy", name, remedy, f"decides by no card published in {home.path}, and has none beside"
        )
    begun = _begun(cards) if since is None else moment_of("--since", since, offset)
    watching = _Watching(home, slices, now, begun, end)
    told = [watching.told(each, None if since is None else begun) for each in cards]
    return {
        "policy": name,
        "version": now.version,
        "since": format_moment(begun, offset),
        "until": format_moment(end, offset),
        "simulated": bool(home.get("simulated")),
        "champion": first.hash if first else None,
        "levels": dict(LEVELS),
        "cards": told,
        "over": any(each["over"] for each in told),
    }


def _chosen(home: Home, policy: str | None, card: str | None) -> tuple[str, ProposedCard | None]:
    """The policy to watch, and the one card of it if one was named."""
    if card is not None:
        found = proposed(home, card, APPROVED, policy)
        return found.policy, found
    if policy is not None:
        return policy, None
    names = sorted({each.policy for each in home.cards() if each.state == "approved"})
    if len(names) != 1:
        several = f"name one of: {', '.join(names)}"
        nothing = "publish a card first: creditline scorecard publish CARD --policy NAME --by NAME"
        problem = "has cards of several policies" if names else "holds no published card"
        raise CreditlineError("home", str(home.path), several if names else nothing, problem)
    return names[0], None


def _lines(home: Home, policy: str) -> list[str] | None:
    policy_of_line: dict[str, str] | None = home.get(POLICY_OF_LINE)
    if policy_of_line is None:
        return None
    return [line for line in home.lines() if policy_of_line.get(line) == policy]


def _end(home: Home, slices: Slices) -> int:
    """The last moment anything became known, outcomes too; a simulated log is whole to the end of its period."""
    simulated = home.get("simulated")
    said = simulated.get("until") if isinstance(simulated, dict) else None
    known = [last_known(slices), *(each.known for each in home.outcomes_observed().values())]
    return max(known + ([said] if isinstance(said, int) else []))


def _begun(cards: Sequence[ProposedCard]) -> int:
    """The moment the first of these cards came into force, or was approved."""
    approval = cards[0].approval
    assert approval is not None, "only approved cards are watched"
    return approval.at if approval.effective_from is None else approval.effective_from


class _Watching:
    """One policy's lines, looked at for one card after another."""

    def __init__(self, home: Home, slices: Slices, policy: Policy, since: int, until: int) -> None:
        self.home, self.slices, self.policy, self.since, self.until = home, slices, policy, since, until
        self.rows_now = lru_cache(maxsize=None)(self._rows_now)
        self.rows_matured = lru_cache(maxsize=None)(self._rows_matured)

    def told(self, proposal: ProposedCard, since: int | None) -> dict[str, Any]:
        card = card_of(proposal.source)
        out: dict[str, Any] = {"hash": proposal.hash, "role": proposal.role, "drift": None, "outcomes": None}
        out |= {"drift_problem": None, "outcomes_problem": None, "over": []}
        try:
            compiled(card, self.policy.types)
        except CardError as error:
            out["drift_problem"] = out["outcomes_problem"] = str(error)
            return out
        manner = _Manner.of(card.training)
        try:
            out["drift"] = drift(card, _features(card, self.policy, *self.rows_now(manner)))
            out["over"] = over(out["drift"])
        except (CardError, ObservationError) as error:
            out["drift_problem"] = str(error)
        try:
            out["outcomes"] = self._outcomes(card, manner)
        except ObservationError as error:
            out["outcomes_problem"] = str(error)
        if proposal.role == "challenger":
            out["shadow"] = shadow_report(self.home, proposal, since=since, until=self.until)
        return out

    def _chosen(self, manner: _Manner) -> Chosen:
        if manner.stated:
            return Chosen(stated, manner.statuses)
        published = [each for each in self.home.policies() if each.name == self.policy.name]
        versions = [InForce(policy_of(each.source, each.name), each.effective_from) for each in published]
        return Chosen(decided(versions or [InForce(self.policy, 0)]), manner.statuses)

    def _rows_now(self, manner: _Manner) -> tuple[Observed, Bools]:
        """The lines as they are now, and which of them a training would take: none that is bad already."""
        days = manner.outcome.days
        # A window of nothing: only how lines stand now is asked, not what becomes of them.
        seen = observe(
            self.slices, self.policy, [self.until], window=0, outcome=Outcome(DAYS_MOST if days is None else days),
            chosen=self._chosen(manner), until=self.until,
        )  # fmt: skip
        kept = np.ones(len(seen.bad), bool)
        if days is None:
            known = self.home.outcomes_observed()
            bad = {line for line, said in known.items() if said.defaulted and said.known <= self.until}
            kept = np.array([line not in bad for line in seen.lines], bool)
        return seen, kept

    def _outcomes(self, card: Card, manner: _Manner) -> dict[str, Any]:
        seen = self.rows_matured(manner)
        features = _features(card, self.policy, seen, np.ones(len(seen.bad), bool))
        scores = card.points(features)
        chances = card.calibration.probability(scores)
        told: dict[str, Any] = {"rows": len(seen.bad), "bad": int(seen.bad.sum()), "lines": len(np.unique(seen.line))}
        told |= {"moments": [format_moment(each.at, self.policy.utc_offset) for each in seen.moments if each.rows]}
        told |= {"foretold": float(chances.mean()), "came": float(seen.bad.mean())}
        if not 0 < told["bad"] < told["rows"]:
            return dict.fromkeys(_FIGURES) | told
        figures = evaluate(scores, chances, seen.bad, groups=seen.line)
        return {name: figures[name] for name in _FIGURES} | told

    def _rows_matured(self, manner: _Manner) -> Observed:
        """Lines as they were at moments from ``since`` on, whose outcomes are known by now."""
        if self.since >= self.until:
            said = format_moment(self.since, self.policy.utc_offset)
            raise ObservationError("--since", said, "give an earlier one", "is not over at --until")
        window: Window | int = self.until - self.since
        moments = [self.since]
        if manner.window is not None:
            window = manner.window
            step = window.us or 31 * DAY * window.months
            moments = list(range(self.since, self.until, step))[-MOMENTS_MOST:]
        told = from_events(truths(self.home)) if manner.outcome.days is None else None
        return observe(
            self.slices, self.policy, moments, window=window, outcome=manner.outcome, chosen=self._chosen(manner),
            truths=told, until=self.until,
        )  # fmt: skip


def _features(card: Card, policy: Policy, seen: Observed, kept: Bools) -> Features:
    types = policy.types
    return as_features(
        {name: seen.columns[name][kept] for name in card.facts}, {name: types[name] for name in card.facts}
    )


def over(told: Mapping[str, Any]) -> list[str]:
    """What has moved beyond the upper level, and further than chance alone takes it: ``points``, and names of facts."""
    found = ["points"] if told["psi"] >= MOVED and told["psi"] > told["psi_chance"] else []
    return found + [fact for fact, index in told["csi"].items() if index >= MOVED and index > told["csi_chance"][fact]]


__all__ = ["LEVELS", "over", "watch"]
