"""What the policy will decide if certain events come: many futures of a line through the kernel at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from creditline.events.event import Event
from creditline.lines import machine
from creditline.lines.decision import ACTIONS
from creditline.lines.kernel import Engine
from creditline.lines.replay import Run, run
from creditline.wayback.situation import HORIZON, Situation, slices_of

Int64s = NDArray[np.int64]

BACK = (ACTIONS.index("reopen"), ACTIONS.index("unfreeze"))
OPENED, SET_LIMIT = ACTIONS.index("open"), ACTIONS.index("set_limit")


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
    """For every future (events added to the line's log after now) when the line comes back; None within the horizon.

    A declined line is back when an application opens it, an open one when its limit rises above that of now.
    """
    found: list[Return | None] = [None] * len(futures)
    if not futures:
        return found
    decided = decisions(situation, futures, situation.now + HORIZON, engine=engine)
    for row in decided.rows[::-1]:
        if _is_back(situation, row):
            found[int(row[machine.D_LINE])] = Return(int(row[machine.D_T]), int(row[machine.D_LIMIT]))
    return found


def _is_back(situation: Situation, row: Int64s) -> bool:
    action = row[machine.D_ACTION]
    if situation.status == "open":
        return bool(action == SET_LIMIT and row[machine.D_LIMIT] > situation.cell("LIMIT"))
    return bool(action == OPENED if situation.status == "declined" else action in BACK)


def decisions(
    situation: Situation, futures: Sequence[Sequence[Event]], until: int, *, engine: Engine | None = None
) -> Run:
    """The run of one line for each future, from now (excluded) to ``until`` (included)."""
    states = np.repeat(situation.state[None, :], len(futures), axis=0)
    return run(
        slices_of(situation, futures), situation.policy, until, since=situation.now, states=states, threads=1,
        engine=engine,
    )  # fmt: skip


__all__ = ["Return", "decisions", "returns", "slices_of"]
