"""How a line stands at one moment: its events, its state, its facts; what every plan starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from creditline.clock import DAY
from creditline.events.event import Event
from creditline.events.kinds import KINDS, NULL, SLOTS, EventVoided, Kind, slots
from creditline.facts.slices import NEVER, Slices
from creditline.lines.decision import STATUSES, Decision
from creditline.lines.replay import measure
from creditline.policy.compiler import STATE
from creditline.policy.evaluating import Values
from creditline.policy.model import Policy
from creditline.wayback.loans import Ahead, Loans, Paying

Int64s = NDArray[np.int64]

NOON = DAY // 2

HORIZON = 730 * DAY
"""How far a future is looked at."""


@dataclass(frozen=True, eq=False)
class Situation:
    """A line at ``now`` (microseconds) under a policy."""

    line: str
    policy: Policy
    now: int
    events: Sequence[Event]
    """Everything the log held of the line that was known by now."""
    slices: Slices
    """The same in columns, with the ids of the events."""
    state: Int64s
    """The line's state in the kernel's form, shape (len(STATE),)."""
    loans: Loans | None = None
    """Its loans in the lending core; None where it has none there."""
    cut: tuple[str, ...] = ()
    """Codes for which the limit of an open line was last changed, if that cut it and nothing raised it since."""

    @cached_property
    def _ahead(self) -> dict[Paying, Ahead]:
        return {}

    def ahead(self, paying: Paying) -> Ahead:
        """What the log will hold of the loans if they are paid in this way, up to the horizon."""
        if self.loans is None:
            return Ahead((), ())
        if paying not in self._ahead:
            self._ahead[paying] = self.loans.ahead(paying, self.now + HORIZON)
        return self._ahead[paying]

    def coming_of(self, paying: Paying) -> tuple[Event, ...]:
        """The same without what the log lacks of the days gone by."""
        lacking = {each.id for each in self.loans.missing} if self.loans else set()
        return tuple(each for each in self.ahead(paying).events if each.id not in lacking)

    @cached_property
    def visible(self) -> tuple[Event, ...]:
        """Events that count now, in order of when they happened."""
        voided = {each.body.event for each in self.events if isinstance(each.body, EventVoided)}
        seen = (each for each in self.events if each.id not in voided and each.at <= self.now)
        return tuple(sorted(seen, key=lambda each: (each.at, each.id)))

    @cached_property
    def row_of(self) -> Mapping[str, int]:
        """The row of every event in the slices."""
        assert self.slices.ids is not None
        return {name: row for row, name in enumerate(self.slices.ids)}

    @cached_property
    def latest(self) -> Mapping[str, Kind]:
        """What the last visible event of each kind said."""
        return {each.kind: each.body for each in self.visible}

    def cell(self, name: str) -> int:
        """One cell of the state by name."""
        return int(self.state[STATE.index(name)])

    @property
    def status(self) -> str:
        """The line's status."""
        return STATUSES[self.cell("STATUS")]

    @cached_property
    def standing(self) -> tuple[str, ...]:
        """Codes of the reasons that stand against the line, most important first."""
        bits = self.cell("REASONS")
        stand = [rule for place, rule in enumerate(self.policy.rules) if bits >> place & 1]
        return tuple(rule.code for rule in sorted(stand, key=lambda rule: -rule.severity))

    @cached_property
    def whole(self) -> Slices:
        """The slices with what the log lacks of the days gone by of its loans; without ids where it lacks any."""
        missing = () if self.loans is None else self.loans.missing
        return slices_of(self, [missing]) if missing else self.slices

    @cached_property
    def values(self) -> Values:
        """Facts, attributes and points now."""
        return values_at(self.policy, self.whole, self.state[None, :], self.now)

    @cached_property
    def applying(self) -> Values:
        """The same as a declined line would have them if it applied now."""
        return values_applying(self.policy, self.whole, self.state, self.now)

    @property
    def today(self) -> int:
        """The local day, counted from 1970-01-01."""
        return (self.now + self.policy.utc_offset) // DAY

    def noon(self, day: int) -> int:
        """Noon of a local day."""
        return day * DAY + NOON - self.policy.utc_offset

    def day_of(self, moment: int) -> int:
        """The local day of a moment."""
        return (moment + self.policy.utc_offset) // DAY


def slices_of(situation: Situation, futures: Sequence[Sequence[Event]]) -> Slices:
    """The line's log and each future's events behind it, one line of the slices for each future."""
    base, count = situation.slices, len(futures)
    added = [(number, event) for number, future in enumerate(futures) for event in future]
    size = len(base.at)
    line = np.concatenate([np.repeat(np.arange(count), size), np.array([number for number, _ in added], np.int64)])
    at = np.concatenate([np.tile(base.at, count), np.array([event.at for _, event in added], np.int64)])
    known = np.concatenate([np.tile(base.known, count), np.array([event.known for _, event in added], np.int64)])
    until = np.concatenate([np.tile(base.until, count), np.full(len(added), NEVER, np.int64)])
    for number, event in added:
        if isinstance(event.body, EventVoided) and event.body.event in situation.row_of:
            row = number * size + situation.row_of[event.body.event]
            until[row] = min(until[row], event.known)
    codes = np.array([KINDS[event.kind].code for _, event in added], np.uint8)
    kind = np.concatenate([np.tile(base.kind, count), codes])
    said = np.array([_row(event.body) for _, event in added], np.int64).reshape(len(added), SLOTS)
    values = np.concatenate([np.tile(base.values, (1, count)), said.T], axis=1)
    order = np.lexsort((at, kind, line))
    line, at, known = line[order], at[order], known[order]
    offsets = np.searchsorted(line, np.arange(count + 1)).astype(np.int64)
    return Slices(
        [situation.line] * count, offsets, at, known, until[order], kind[order],
        np.ascontiguousarray(values[:, order]), np.lexsort((at, known, line)).astype(np.int64),
        np.zeros(len(at), np.int64),
    )  # fmt: skip


@lru_cache(maxsize=65_536)
def _row(body: Kind) -> tuple[int, ...]:
    """The numeric form of what an event says; many futures say the same."""
    return tuple(slots(body))


def values_at(policy: Policy, slices: Slices, states: Int64s, t: int) -> Values:
    """Facts, attributes and points of the only line of these slices at a moment, given its state."""
    measured = measure(slices, policy, t, states=states, engine="python")
    facts: dict[str, int | None] = {
        name: None if column[0] == NULL else int(column[0]) for name, column in measured.items()
    }
    state = dict(zip(STATE, states[0].tolist(), strict=True))
    return {
        **facts,
        "limit": state["LIMIT"],
        "status": state["STATUS"],
        "days_in_status": (t - state["SINCE"]) // DAY,
        "on_probation": int(t < state["PROBATION"]),
        "closings": state["CLOSINGS"],
        "requested": _requested(slices, t),
        "points": policy.scorecard.points_of(facts) if policy.scorecard else 0,
    }


def values_applying(policy: Policy, slices: Slices, state: Int64s, t: int) -> Values:
    """What a policy would read of the only line of these slices if it applied at a moment, given its state before."""
    applied = state.copy()
    applied[STATE.index("STATUS")], applied[STATE.index("SINCE")] = STATUSES.index("applied"), t
    return values_at(policy, slices, applied[None, :], t)


def cut_of(made: Sequence[Decision]) -> tuple[str, ...]:
    """Why the limit that stands is lower than the one before it; nothing where it is not, or no rule cut it."""
    for each in reversed(made):
        if each.limit != each.limit_before:
            return each.reasons if each.action == "set_limit" and each.limit < each.limit_before else ()
    return ()


def _requested(slices: Slices, t: int) -> int | None:
    """Amount of the latest application visible at ``t``."""
    kind = KINDS["application.received"]
    rows = np.flatnonzero((slices.kind == kind.code) & (slices.known <= t) & (slices.until > t))
    return int(slices.values[kind.fields["amount"].slot, rows[-1]]) if len(rows) else None


__all__ = ["DAY", "HORIZON", "NOON", "Situation", "cut_of", "slices_of", "values_applying", "values_at"]
