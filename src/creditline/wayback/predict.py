"""What the policy will decide if certain events come: many futures of a line through the kernel at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from creditline.events.event import Event
from creditline.events.kinds import KINDS, SLOTS, EventVoided, Kind, slots
from creditline.facts.slices import NEVER, Slices
from creditline.lines import machine
from creditline.lines.decision import ACTIONS
from creditline.lines.kernel import Engine
from creditline.lines.replay import Run, run
from creditline.wayback.situation import DAY, HORIZON, Situation

Int64s = NDArray[np.int64]

NEAR = 150 * DAY
"""How far a future is looked at first; those in which the line does not come back by then are looked at in full."""

BACK = (ACTIONS.index("reopen"), ACTIONS.index("unfreeze"))


@dataclass(frozen=True)
class Return:
    """When a line comes back in one future, and with which limit."""

    at: int
    """Microseconds."""
    limit: int
    """Minor units."""


def returns(
    situation: Situation, futures: Sequence[Sequence[Event]], *, engine: Engine | None = None
) -> list[Return | None]:
    """For every future (events added to the line's log after now) when the line comes back; None within the horizon."""
    found = _within(situation, futures, NEAR, engine)
    rest = [number for number, each in enumerate(found) if each is None]
    for number, each in zip(rest, _within(situation, [futures[n] for n in rest], HORIZON, engine), strict=True):
        found[number] = each
    return found


def _within(
    situation: Situation, futures: Sequence[Sequence[Event]], span: int, engine: Engine | None
) -> list[Return | None]:
    if not futures:
        return []
    decided = decisions(situation, futures, situation.now + span, engine=engine)
    found: list[Return | None] = [None] * len(futures)
    for row in decided.rows[::-1]:
        if row[machine.D_ACTION] in BACK:
            found[int(row[machine.D_LINE])] = Return(int(row[machine.D_T]), int(row[machine.D_LIMIT]))
    return found


def decisions(
    situation: Situation, futures: Sequence[Sequence[Event]], until: int, *, engine: Engine | None = None
) -> Run:
    """The run of one line for each future, from now (excluded) to ``until`` (included)."""
    states = np.repeat(situation.state[None, :], len(futures), axis=0)
    return run(
        slices_of(situation, futures), situation.policy, until, since=situation.now, states=states, threads=1,
        engine=engine,
    )  # fmt: skip


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


__all__ = ["Return", "decisions", "returns", "slices_of"]
