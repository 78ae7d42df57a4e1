"""Runs of a line remembered visit by visit: a future that begins like one run before is taken up where they part.

Combinations of levers often differ only in what is done in a year. Until the first row in which two futures differ the
policy sees the same in both, so that the state of the line and what stood in its way are the same too. These functions
are copied behind ``futures`` into the generated module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from creditline.wayback.futures import R_AT, R_SAID

Int64s = NDArray[np.int64]

if TYPE_CHECKING:  # given by the generated module
    from creditline.wayback.futures import NEVER, SLOTS, Work

Trail = tuple[Int64s, Int64s, Int64s]
"""Of runs kept, rows of their futures in order (runs, rows, cells) and what they were like at each visit (runs,
visits, cells); then, by run, how many there are of both, and in a last row how many runs there are."""

TRAILS, MARKS = 12, 400
"""Runs kept of a line, and visits of each: of a longer one the first."""

M_AT, M_WAKE, M_SEEN, M_STATE = 0, 1, 2, 3
"""A visit: its moment, when to look next, rows known; then the line's state and what stood in its way."""

C_ROWS, C_MARKS = 0, 1


def begin_trails(trail: Trail) -> None:
    """Forget the runs of another line."""
    trail[2][TRAILS, C_ROWS] = 0


def alike_until(run: int, until: int, n: int, work: Work, trail: Trail) -> int:
    """When the future laid out first differs from that of a run kept, as far as a moment."""
    rows, order = work[3], work[4]
    kept, there = trail[0], trail[2][run, C_ROWS]
    for j in range(max(n, there)):
        if j >= n:
            return int(kept[run, j, R_AT])
        i = order[j]
        if j >= there:
            return int(rows[i, R_AT])
        if rows[i, R_AT] > until and kept[run, j, R_AT] > until:
            return int(min(rows[i, R_AT], kept[run, j, R_AT]))
        for cell in range(R_SAID + SLOTS):
            if rows[i, cell] != kept[run, j, cell]:
                return int(min(rows[i, R_AT], kept[run, j, R_AT]))
    return NEVER


def marks_before(run: int, moment: int, end: int, trail: Trail) -> int:
    """How many visits of a run lie before a moment, and none after the end."""
    marks, k = trail[1], trail[2][run, C_MARKS]
    while k > 0 and (marks[run, k - 1, M_AT] >= moment or marks[run, k - 1, M_AT] > end):
        k -= 1
    return int(k)


def take_up(end: int, n: int, work: Work, trail: Trail) -> int:
    """Find the run that goes furthest as the future laid out does, and put its visits up to there before a new one.

    The place of the new run, which is that of the one found where both are the same future.
    """
    kept, marks, counts = trail
    found, shared, furthest = -1, 0, -1
    there = min(counts[TRAILS, C_ROWS], TRAILS)
    for run in range(there):
        k = counts[run, C_MARKS]
        if k == 0 or marks[run, k - 1, M_AT] <= furthest:
            continue
        until = alike_until(run, marks[run, k - 1, M_AT], n, work, trail)
        k = marks_before(run, until, end, trail)
        if k > 0 and marks[run, k - 1, M_AT] > furthest:
            found, shared, furthest = run, k, marks[run, k - 1, M_AT]
    if found >= 0 and alike_until(found, NEVER, n, work, trail) == NEVER:
        counts[found, C_MARKS] = shared
        return found
    new = counts[TRAILS, C_ROWS] % TRAILS
    if new == found:
        new = (new + 1) % TRAILS
        counts[TRAILS, C_ROWS] += 1
    counts[TRAILS, C_ROWS] += 1
    rows, order = work[3], work[4]
    for j in range(n):
        for cell in range(R_SAID + SLOTS):
            kept[new, j, cell] = rows[order[j], cell]
    for k in range(shared):
        for cell in range(marks.shape[2]):
            marks[new, k, cell] = marks[found, k, cell]
    counts[new, C_ROWS], counts[new, C_MARKS] = n, shared
    return int(new)


def mark_visit(run: int, t: int, wake: int, g: int, s: Int64s, b: Int64s, trail: Trail) -> None:
    """Remember what a run is like after a visit."""
    _, marks, counts = trail
    k = counts[run, C_MARKS]
    if k == MARKS:
        return
    counts[run, C_MARKS] = k + 1
    mark = marks[run, k]
    mark[M_AT], mark[M_WAKE], mark[M_SEEN] = t, wake, g
    for cell in range(len(s)):
        mark[M_STATE + cell] = s[cell]
    for cell in range(len(b)):
        mark[M_STATE + len(s) + cell] = b[cell]


def recall(run: int, s: Int64s, b: Int64s, trail: Trail) -> tuple[int, int]:
    """Be as after the last visit remembered; rows known, and when to look next."""
    _, marks, counts = trail
    mark = marks[run, counts[run, C_MARKS] - 1]
    for cell in range(len(s)):
        s[cell] = mark[M_STATE + cell]
    for cell in range(len(b)):
        b[cell] = mark[M_STATE + len(s) + cell]
    return int(mark[M_SEEN]), int(mark[M_WAKE])


FUNCTIONS = (begin_trails, alike_until, marks_before, take_up, mark_visit, recall)
"""In the order in which they are copied into the generated module."""
