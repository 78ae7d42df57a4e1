"""How lines stand at one moment by their events alone: the last statement, the last arrears, the last limit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from creditline.events.kinds import KINDS, NULL
from creditline.facts.slices import Slices

Int64s = NDArray[np.int64]


def last_said(slices: Slices, field: str, t: int) -> Int64s:
    """The field (``kind.field``) of each line's latest event visible at ``t`` microseconds, NULL without one."""
    kind_name, _, field_name = field.rpartition(".")
    kind = KINDS[kind_name]
    rows = np.flatnonzero((slices.kind == kind.code) & (slices.known <= t) & (slices.until > t))
    out = np.full(len(slices), NULL, np.int64)
    # Rows ascend in time within a line, so that of several the latest is written last.
    out[np.searchsorted(slices.offsets, rows, side="right") - 1] = slices.values[kind.fields[field_name].slot, rows]
    return out


def owed(slices: Slices, t: int) -> Int64s:
    """Balance of each line's last statement in minor units; 0 before one, negative in credit."""
    balance = last_said(slices, "statement.closed.balance", t)
    return np.where(balance == NULL, 0, balance)


def in_arrears(slices: Slices, t: int) -> NDArray[np.bool_]:
    """Whether each line is any days past due by what was last said of its arrears."""
    return last_said(slices, "arrears.changed.days_past_due", t) > 0


def limit_given(slices: Slices, t: int, otherwise: Int64s) -> Int64s:
    """The limit each line was opened with elsewhere, minor units, before any policy changed it; else ``otherwise``."""
    given = last_said(slices, "line.opened.limit", t)
    return np.where(given == NULL, otherwise, given)


__all__ = ["in_arrears", "last_said", "limit_given", "owed"]
