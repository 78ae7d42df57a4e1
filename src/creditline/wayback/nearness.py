"""Before it happens: how near each trigger is to an open line, when it would fire, and what prevents it.

The exact meaning is docs/nearness.md. Days are not estimated: the line is run ahead under its policy, which decides as
it will decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from creditline.clock import DAY
from creditline.facts.expressions import Expr
from creditline.lines.kernel import Engine
from creditline.lines.replay import look
from creditline.policy.model import Rule
from creditline.wayback.ahead import (
    Hit,
    Life,
    engine_of,
    first_of,
    instalments_kept,
    life,
    nothing_done,
    strikes,
)
from creditline.wayback.comparisons import Comparison, Reading, rests_on
from creditline.wayback.drawing import Conduct, Undrawn, conduct
from creditline.wayback.moves import available
from creditline.wayback.preventing import LoansOf, Prevention, levers_for, opening, smallest, until_of
from creditline.wayback.room import Room, rooms
from creditline.wayback.situation import HORIZON, Situation

WITHIN = 90 * DAY
"""How long after its day a decision must not come to be prevented, where nothing else is asked."""

WATCHED = ("open", "frozen")
"""Statuses in which a line can be stopped, or stopped further."""

DRAWS = frozenset({"draw.booked", "draw.requested"})
"""Kinds of events that come only of the borrower's drawing."""

Answer = Literal["stands", "idle", "levers", "opening", "never"]
"""``stands``: it stopped the line already; ``idle``: doing nothing is enough; ``levers``: levers that are there now;
``opening``: levers that will be there in time; ``never``: nothing the policy knows of."""


@dataclass(frozen=True)
class Trigger:
    """One rule that can stop a line or cut its limit, as the line stands to it now."""

    rule: Rule
    nearness: Fraction
    """From 0 to 1; 1 exactly where its condition is TRUE."""
    comparisons: tuple[Comparison, ...]
    fires: bool
    """Whether it fires now: its condition is TRUE and no source it reads is suspended."""
    held: bool
    """Whether its condition is TRUE and a suspended source keeps it from firing."""
    stands: bool
    """Whether it is among the reasons that stopped the line."""
    hit: Hit | None
    """The first decision for it if nothing is done; None within the horizon."""
    after: Hit | None
    """The first decision of all in that future where it comes before ``hit``, for other rules."""
    kept: Hit | None
    """The first decision for it if every instalment is paid on its due day; None also for a line without loans."""
    answer: Answer
    prevention: Prevention | None
    """For ``levers`` and ``opening``."""
    rooms: tuple[Room, ...]
    """What the borrower can still do; empty where the rule does not rest on draws or early repayments."""
    conduct: Conduct | None
    """What the levers of draws do about it; None where drawing what is left does not fire it, or none is there."""
    on_draws: bool
    """Whether it rests on draws, so that without more of them it may stay away."""

    @property
    def day(self) -> int | None:
        """The moment of ``hit``, microseconds."""
        return None if self.hit is None else self.hit.at


@dataclass(frozen=True)
class Nearness:
    """How near every trigger is to one line at one moment."""

    situation: Situation
    within: int
    """Microseconds."""
    triggers: tuple[Trigger, ...]
    """The most severe first, of these the nearest, then in the order of the policy."""
    first: Hit | None
    """The first decision against the borrower if nothing is done; None within the horizon."""
    kept: Hit | None
    """The same if what is overdue is paid tomorrow and every instalment on its due day."""
    has_loans: bool
    """Whether the lending core runs loans on the line, so that ``kept`` says something."""

    def rests_on(self, node: Expr) -> Mapping[str, int | None]:
        """Facts below an expression with their values now."""
        return rests_on(self.situation.policy, node, self.situation.values)


def nearness_of(
    situation: Situation, within: int = WITHIN, *, loans_of: LoansOf | None = None, engine: Engine | None = None
) -> Nearness:
    """Everything about the triggers of an open or frozen line.

    ``within`` (microseconds) is how long after its day a decision must not come to be prevented; ``loans_of`` makes the
    line's loans anew from what will be known on a later day, without which levers that open later find none.
    """
    assert situation.status in WATCHED, f"{situation.line} is {situation.status}"
    policy, engine = situation.policy, engine or engine_of(situation.policy)
    nothing, future = nothing_done(situation), instalments_kept(situation)
    ahead = life(situation, nothing.events, situation.now + HORIZON, engine)
    kept = () if future is None else life(situation, future.events, situation.now + HORIZON, engine)
    undrawn = Undrawn(situation, (future or nothing).events, engine)
    watching = _Watching(undrawn, within, ahead, kept, loans_of)
    triggers = [watching.trigger(rule) for rule in policy.rules if strikes(rule)]
    triggers.sort(key=lambda each: (-each.rule.severity, -each.nearness))
    first = ahead[0] if ahead else None
    return Nearness(situation, within, tuple(triggers), first, kept[0] if kept else None, situation.loans is not None)


class _Watching:
    """One line, its life ahead, and what its rules say of it."""

    def __init__(self, undrawn: Undrawn, within: int, ahead: Life, kept: Life, loans_of: LoansOf | None) -> None:
        self.undrawn, self.within = undrawn, within
        self.situation, self.engine = situation, engine = undrawn.situation, undrawn.engine
        self.ahead, self.kept, self.loans_of = ahead, kept, loans_of
        self.reading = Reading(situation.policy, situation.values)
        seen = look(
            situation.slices, situation.policy, situation.now, situation.state[None, :], threads=1, engine=engine,
            keep_facts=False,
        )  # fmt: skip
        _, self.fired, self.held, *_ = seen.verdicts[0].tolist()

    def trigger(self, rule: Rule) -> Trigger:
        bit = 1 << self.situation.policy.rules.index(rule)
        hit = first_of(self.ahead, rule.code)
        stands = rule.code in self.situation.standing
        answer, prevention = self._answer(rule, hit, stands=stands)
        left = () if self.fired & bit else rooms(self.situation, rule, self.engine)
        return Trigger(
            rule=rule,
            nearness=self.reading.nearness(rule.when),
            comparisons=self.reading.comparisons(rule.when),
            fires=bool(self.fired & bit),
            held=bool(self.held & bit),
            stands=stands,
            hit=hit,
            after=self.ahead[0] if hit is not None and self.ahead[0] != hit else None,
            kept=first_of(self.kept, rule.code),
            answer=answer,
            prevention=prevention,
            rooms=left,
            conduct=next((conduct(self.undrawn, rule, each, self.within) for each in left if each.act == "draw"), None),
            on_draws=self._on_draws(rule),
        )

    def _answer(self, rule: Rule, hit: Hit | None, *, stands: bool) -> tuple[Answer, Prevention | None]:
        if stands:
            return "stands", None
        if hit is None:
            return "idle", None
        situation, until = self.situation, until_of(self.situation, hit, self.within)
        found = smallest(situation, rule, until, levers_for(situation, rule, available(situation)), self.engine)
        if found is not None:
            return "levers", found
        found = opening(situation, rule, hit, until, self.loans_of, self.engine)
        return ("never", None) if found is None else ("opening", found)

    def _on_draws(self, rule: Rule) -> bool:
        policy = self.situation.policy
        names = policy.counted(rule.when)
        return any(fact.name in names and fact.kind.name in DRAWS for fact in policy.counted_facts)


__all__ = ["DRAWS", "WATCHED", "WITHIN", "Answer", "Nearness", "Trigger", "nearness_of"]
