"""The Taiwan panel as events: six months of statements, payments, draws, arrears and limits a line.

What the panel says of a month becomes known when the month ends, all at once. Days within a month are a
convention, since it does not tell them: money comes back on the 15th and is drawn on the 20th.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from creditline.clock import SECOND
from creditline.events.event import Event
from creditline.events.kinds import (
    ArrearsChanged,
    DrawBooked,
    LineOpened,
    OutcomeObserved,
    RepaymentReceived,
    Settlement,
    StatementClosed,
)
from creditline.events.taiwan_file import MONTHS, Panel

Int64s = NDArray[np.int64]

UTC_OFFSET = "+08:00"
FIRST_MONTH = 4
"""April 2005."""

MINOR = 100
"""Minor units of a New Taiwan dollar."""

DAYS_A_MONTH = 30
"""Days past due that one month behind stands for."""

INTEREST_PARTS = 60
"""A twelfth of 20% a year, the most that civil law allowed in 2005, is a 60th of what is owed."""

_SETTLEMENTS: dict[int, Settlement] = {-2: "nothing_owed", -1: "paid_in_full", 0: "revolving"}


def _local(month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> int:
    """Microseconds UTC of a moment of 2005 in Taipei; day 0 is the last of the month before."""
    moment = datetime(2005, month, 1, hour, minute, second, tzinfo=UTC) + timedelta(days=day - 1)
    return (int(moment.timestamp()) - 8 * 3600) * SECOND


def _month_end(month: int) -> int:
    return _local(month + 1, 0, 23, 59, 59)


OPENED = _local(FIRST_MONTH, 1)
OBSERVED = _local(10, 1) - 1
"""The last microsecond of September: all six statements are known, October's truth is not."""

OUTCOME_AT = _month_end(10)


def line_id(number: int) -> str:
    """The line's name for a number in the panel."""
    return f"taiwan-{number:05d}"


def events(panel: Panel, batch: int = 1_000) -> Iterator[list[Event]]:
    """All events, in lists of ``batch`` lines; a line's own are in order of time."""
    figures = _Figures(panel)
    for start in range(0, len(panel), batch):
        yield [event for row in range(start, min(start + batch, len(panel))) for event in figures.line(row)]


class _Figures:
    """The panel in minor units, and what follows from it month by month; plain lists, read row by row."""

    def __init__(self, panel: Panel) -> None:
        bill, paid = panel.bill * MINOR, panel.paid * MINOR
        before = np.zeros_like(bill)
        before[:, 1:] = bill[:, :-1]
        behind = np.maximum(panel.state, 0)
        self.ids = [line_id(number) for number in panel.ids.tolist()]
        self.limits = (panel.limit * MINOR).tolist()
        self.states: list[list[int]] = panel.state.tolist()
        self.bills: list[list[int]] = bill.tolist()
        self.paid: list[list[int]] = paid.tolist()
        self.behind: list[list[int]] = behind.tolist()
        self.principal: list[list[int]] = principal(before, paid).tolist()
        self.drawn: list[list[int]] = drawn(bill, paid).tolist()
        self.overdue: list[list[int]] = overdue(behind, bill, before, paid).tolist()
        self.defaulted = panel.defaulted.tolist()

    def line(self, row: int) -> Iterator[Event]:
        """The events of one line."""
        name = self.ids[row]
        yield Event("opened", name, OPENED, OPENED, LineOpened(self.limits[row]))
        arrears = (0, 0)
        for k in range(MONTHS):
            month, end = FIRST_MONTH + k, _ENDS[k]
            yield from self._money(row, k, name, month, end)
            now = (DAYS_A_MONTH * self.behind[row][k], self.overdue[row][k])
            if now != arrears:
                # A second before the statement, in the same visit: whoever reads the one has the other.
                yield Event(f"arrears-{month:02d}", name, end - SECOND, end, ArrearsChanged(*now))
                arrears = now
            yield Event(f"statement-{month:02d}", name, end, end, self._statement(row, k))
        yield Event("outcome", name, OUTCOME_AT, OUTCOME_AT, OutcomeObserved(self.defaulted[row]))

    def _money(self, row: int, k: int, name: str, month: int, end: int) -> Iterator[Event]:
        if amount := self.paid[row][k]:
            body = RepaymentReceived(amount, self.principal[row][k])
            yield Event(f"paid-{month:02d}", name, _PAID_ON[k], end, body)
        if amount := self.drawn[row][k]:
            yield Event(f"drawn-{month:02d}", name, _DRAWN_ON[k], end, DrawBooked(amount))

    def _statement(self, row: int, k: int) -> StatementClosed:
        settlement = _SETTLEMENTS.get(self.states[row][k], "behind")
        return StatementClosed(self.bills[row][k], self.paid[row][k], self.behind[row][k], settlement)


_ENDS = [_month_end(FIRST_MONTH + k) for k in range(MONTHS)]
_PAID_ON = [_local(FIRST_MONTH + k, 15, 12) for k in range(MONTHS)]
_DRAWN_ON = [_local(FIRST_MONTH + k, 20, 12) for k in range(MONTHS)]


def drawn(bill: Int64s, paid: Int64s) -> Int64s:
    """What must have been drawn for the bill to stand where it does: its growth plus what was paid, if positive.

    Shapes (L, 6), minor units. Nothing is inferred for April, whose bill before is not in the panel.
    """
    out = np.zeros_like(bill)
    out[:, 1:] = np.maximum(bill[:, 1:] - bill[:, :-1] + paid[:, 1:], 0)
    return out


def principal(before: Int64s, paid: Int64s) -> Int64s:
    """The part of a payment that is principal for sure: at most the bill before, less the most interest on it.

    Shapes (L, 6), minor units. April's is 0: the bill it was paid against is not in the panel.
    """
    owed = np.maximum(before, 0)
    interest = -(-owed // INTEREST_PARTS)
    sure: Int64s = np.maximum(np.minimum(paid, owed) - interest, 0)
    return sure


def overdue(behind: Int64s, bill: Int64s, before: Int64s, paid: Int64s) -> Int64s:
    """The most that can be overdue while behind: the unpaid part of the bill before, never above the bill now.

    Shapes (L, 6), minor units; 0 where not behind. The panel does not tell the minimum that was asked for. For
    April, whose bill before is not in it, the bill itself is the bound.
    """
    unpaid = np.maximum(before - paid, 0)
    unpaid[:, 0] = bill[:, 0]
    bound: Int64s = np.minimum(unpaid, np.maximum(bill, 0)).clip(min=0)
    bound[behind == 0] = 0
    return bound


__all__ = ["OBSERVED", "OPENED", "OUTCOME_AT", "UTC_OFFSET", "drawn", "events", "line_id", "overdue", "principal"]
