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


@dataclass(frozen=True)
class Aim:
    """Where a line is to come, however it comes there: open again, or to a limit above one."""

    above: int | None = None
    """Minor units; None where the line is to be open again."""

    def met(self, row: Int64s) -> bool:
        """Whether a decision brings the line there."""
        if row[machine.D_STATUS] != machine.OPEN:
            return False
        if self.above is None:
            return bool(row[machine.D_STATUS_BEFORE] != machine.OPEN)
        return bool(row[machine.D_LIMIT] > self.above)


def returns(
    situation: Situation, futures: Sequence[Sequence[Event]], aim: Aim | None = None, *, engine: Engine | None = None
) -> list[Return | None]:
    """For every future (events added to the line's log after now) when the line comes back; None within the horizon.

    A declined line is back when an application opens it, an open one when its limit rises above that of now; with an
    ``aim`` every line when that is met. A number that leaves int64 hides nothing that was decided before.
    """
    if not futures:
        return []
    ran = decisions(situation, futures, situation.now + HORIZON, engine=engine)
    if ran.failures and len(futures) > 1:
        return [back for future in futures for back in returns(situation, [future], aim, engine=engine)]
    rows = _before_failure(situation, futures, engine) if ran.failures else ran.rows
    own = [rows[rows[:, machine.D_LINE] == number] for number in range(len(futures))]
    return [first_return(situation, each, aim) for each in own]


def _before_failure(situation: Situation, futures: Sequence[Sequence[Event]], engine: Engine | None) -> Int64s:
    """What is decided before a number leaves int64, the moment of which is found by halving."""
    low, high = situation.now, situation.now + HORIZON
    while high - low > 1:
        middle = (low + high) // 2
        failed = decisions(situation, futures, middle, engine=engine).failures
        low, high = (low, middle) if failed else (middle, high)
    return decisions(situation, futures, low, engine=engine).rows


def first_return(situation: Situation, rows: Int64s, aim: Aim | None = None) -> Return | None:
    """When the decisions of one future, in the kernel's form, bring the line back; None where they do not."""
    back = next((row for row in rows if (_is_back(situation, row) if aim is None else aim.met(row))), None)
    return None if back is None else Return(int(back[machine.D_T]), int(back[machine.D_LIMIT]))


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


__all__ = ["Aim", "Return", "decisions", "first_return", "returns", "slices_of"]
