"""How much room is left before a borrower's own acts fire a rule: draws, and early repayments.

The acts are put behind the line's log as events of this moment, and the policy looks at them: with all that is told the
rule fires, with one act fewer or one minor unit less it does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from creditline.events.event import Event
from creditline.events.kinds import DrawBooked, Kind, RepaymentReceived
from creditline.facts.definitions import CountedFact
from creditline.lines.decision import ACTIONS
from creditline.lines.kernel import Engine
from creditline.lines.replay import Look, look
from creditline.policy.model import Policy, Rule
from creditline.wayback.ahead import engine_of
from creditline.wayback.predict import slices_of
from creditline.wayback.situation import Situation

ACTS_MAX = 12
"""Acts tried at once; a rule that so many do not fire has room enough."""

Act = Literal["draw", "early_repayment"]

_KINDS: dict[Act, str] = {"draw": "draw.booked", "early_repayment": "repayment.received"}
_SET_LIMIT = ACTIONS.index("set_limit")


@dataclass(frozen=True)
class Room:
    """What a borrower can still do at once without firing a rule."""

    act: Act
    count: int | None
    """So many acts fire it, one fewer do not; None where none that can be done now does."""
    amount: int | None = None
    """Of draws: so much in all, with ``count`` draws, fires it, and one minor unit less does not."""
    count_alone: int | None = None
    """So many draws fire it whatever their amounts; None where there is no such number up to ``ACTS_MAX``."""
    drawable: int = 0
    """What can be drawn now, minor units."""
    after: bool = False
    """Whether only acts soon after one of the other kind count."""
    within: int = 0
    """How soon, microseconds."""


def rooms(situation: Situation, rule: Rule, engine: Engine | None = None) -> tuple[Room, ...]:
    """The room left before a rule that rests on the borrower's draws or early repayments; none for a stopped line."""
    if situation.status != "open":
        return ()
    facts = [fact for fact in situation.policy.counted_facts if fact.name in situation.policy.counted(rule.when)]
    found = []
    for act, kind in _KINDS.items():
        mine = [fact for fact in facts if fact.kind.name == kind]
        if act == "early_repayment":
            mine = [fact for fact in mine if fact.operator == "count"]
        if mine:
            found.append(_Trying(situation, rule, act, mine, engine or engine_of(situation.policy)).room())
    return tuple(found)


class _Trying:
    """One rule tried with more and more of one act."""

    def __init__(
        self, situation: Situation, rule: Rule, act: Act, facts: Sequence[CountedFact], engine: Engine
    ) -> None:
        self.situation, self.rule, self.act, self.engine = situation, rule, act, engine
        self.counted = any(fact.operator == "count" for fact in facts)
        self.within = max((fact.within for fact in facts if fact.after is not None), default=0)
        """How soon after the other kind an act must follow to count; 0 where no fact asks that."""
        self.drawable = drawable(situation)

    def room(self) -> Room:
        most = ACTS_MAX if self.counted else 1
        numbers = [number for number in range(1, most + 1) if self.act != "draw" or number <= self.drawable]
        count = self._first([(number, self.drawable) for number in numbers])
        amount = alone = None
        if count is not None and self.act == "draw":
            amount = self._amount(count)
            alone = self._first([(number, number) for number in numbers]) if self.counted else None
        return Room(self.act, count, amount, alone, self.drawable, self.within > 0, self.within)

    def _first(self, tried: Sequence[tuple[int, int]]) -> int | None:
        """The fewest acts that fire the rule."""
        fired = self._fires(tried)
        return next((count for (count, _), each in zip(tried, fired, strict=True) if each), None)

    def _amount(self, count: int) -> int:
        """The least amount of so many draws that fires the rule, found by halving; the most is known to."""
        low, high = count - 1, self.drawable
        while high - low > 1:
            middle = (low + high) // 2
            if self._fires([(count, middle)])[0]:
                high = middle
            else:
                low = middle
        return high

    def _fires(self, tried: Sequence[tuple[int, int]]) -> list[bool]:
        futures = [acts(self.situation, self.act, count, amount, after=self.within > 0) for count, amount in tried]
        if not futures:
            return []
        slices = slices_of(self.situation, futures)
        states = self.situation.state[None, :].repeat(len(futures), axis=0)
        t = max(future[-1].at for future in futures)
        seen = look(slices, self.situation.policy, t, states, threads=1, engine=self.engine, keep_facts=False)
        return fired(self.situation.policy, self.rule, seen)


def fired(policy: Policy, rule: Rule, seen: Look) -> list[bool]:
    """Whether a rule stops each line looked at, or sets its limit."""
    bit = 1 << policy.rules.index(rule)
    if rule.severity > 0:
        return [bool(each[1] & bit) for each in seen.verdicts.tolist()]
    return [each[4] == _SET_LIMIT and bool(each[5] & bit) for each in seen.verdicts.tolist()]


def acts(
    situation: Situation, act: Act, count: int, amount: int, *, after: bool, at: int | None = None
) -> tuple[Event, ...]:
    """So many draws, of this amount in all (the last the largest), or early repayments, one microsecond after another.

    They begin at a moment, right after now where none is given. With ``after`` they follow one act of the other kind,
    of one minor unit.
    """
    bodies: list[Kind] = []
    small = RepaymentReceived(amount=1, principal=0, early=act == "early_repayment")
    if act == "draw":
        bodies += [small] if after else []
        bodies += [DrawBooked(amount=1)] * (count - 1) + [DrawBooked(amount=amount - count + 1)]
    else:
        bodies += [DrawBooked(amount=1)] if after else []
        bodies += [small] * count
    first = situation.now + 1 if at is None else at
    return tuple(
        Event(f"plan-act-{moment}", situation.line, moment, moment, body) for moment, body in enumerate(bodies, first)
    )


def drawable(situation: Situation) -> int:
    """What can still be drawn within the limit, by the draws and the principal the log knows of; minor units."""
    bodies = [event.body for event in situation.visible]
    drawn = sum(body.amount for body in bodies if isinstance(body, DrawBooked))
    repaid = sum(body.principal for body in bodies if isinstance(body, RepaymentReceived))
    return max(0, situation.cell("LIMIT") - max(0, drawn - repaid))


__all__ = ["ACTS_MAX", "Act", "Room", "acts", "drawable", "fired", "rooms"]
