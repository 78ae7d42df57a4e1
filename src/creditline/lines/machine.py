"""The line's state machine and its walk through time, as the kernel runs them.

This module's functions are copied behind a policy's ``measure``, ``score`` and ``judge`` into one generated
module, and run there as plain Python or compiled by Numba. Its map of moves is docs/policy-language.md, Visits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]
Kinds = NDArray[np.uint8]

if TYPE_CHECKING:  # given by the generated module
    NULL: int
    NEVER: int
    N_FACTS: int
    N_RULES: int
    N_SCRATCH: int
    SEVERITY: tuple[int, ...]
    COOLING_OFF: tuple[int, ...]
    NOT_WITHIN: tuple[int, ...]
    LIMIT_CELL: tuple[int, ...]
    APPLICATION_SOURCES: int
    HAS_APPROVAL: int
    HAS_REOPENING: int
    BY_REQUEST: int
    PROBATION_US: int
    WAKE: int
    SUSPENDED: int
    HARD: int
    SOFT: int
    OVERRIDE: int
    ASKED_AT: int
    STATUS: int
    SINCE: int
    LIMIT: int
    LIMIT_SINCE: int
    REASONS: int
    COOLING: int
    PROBATION: int
    CLOSINGS: int
    HELD: int
    DECISIONS: int
    FIRED: int
    HELD_NOW: int
    CURED: int
    APPROVED: int
    APPROVED_LIMIT: int
    RATE: int
    REOPENS: int
    REOPEN_LIMIT: int

    def measure(
        t: int, begin: Int64s, end: Int64s, at: Int64s, known: Int64s, until: Int64s, v: Int64s, s: Int64s,
        f: Int64s, scratch: Int64s, waking: bool,
    ) -> None: ...  # fmt: skip
    def matters(i: int, kind: Kinds, v: Int64s) -> bool: ...
    def score(f: Int64s, card: Int64s) -> int: ...
    def judge(t: int, s: Int64s, f: Int64s, points: int, r: Int64s) -> None: ...


NEW, APPLIED, DECLINED, OPEN, FROZEN, CLOSED, TERMINATED = 0, 1, 2, 3, 4, 5, 6
NONE, APPLY, OPENED, DECLINE, SET_LIMIT, FREEZE, UNFREEZE, CLOSE, EXTEND, REOPEN, TERMINATE, HOLD = (
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
)  # fmt: skip
BY_RULES, BY_APPROVAL, BY_BLOCK = 0, 1, 2

D_LINE, D_T, D_ACTION, D_STATUS_BEFORE, D_STATUS, D_LIMIT_BEFORE, D_LIMIT, D_POINTS = 0, 1, 2, 3, 4, 5, 6, 7
D_REASONS, D_CAUSE, D_FIRED, D_HELD, D_STANDING, D_COOLING, D_PROBATION, D_RATE = 8, 9, 10, 11, 12, 13, 14, 15
D_TRIGGER, D_SEEN, D_FACTS = 16, 17, 18


def copy(source: Int64s, target: Int64s) -> None:
    """Copy cell by cell: Numba takes seconds to compile the assignment of a slice."""
    for j in range(len(source)):
        target[j] = source[j]


def mark(kind: Kinds, lo: int, hi: int, begin: Int64s, end: Int64s) -> None:
    """Where each kind of a line's events begins and ends; two passes without a branch cost less than one with."""
    for code in range(len(begin)):
        begin[code] = 0
        end[code] = 0
    for i in range(lo, hi):
        end[kind[i]] = i + 1
    for i in range(hi - 1, lo - 1, -1):
        begin[kind[i]] = i


def enter(t: int, s: Int64s, status: int, limit: int) -> None:
    """Give a line a new status and limit at moment t."""
    if s[STATUS] != status:
        s[STATUS] = status
        s[SINCE] = t
    if limit >= 0:
        s[LIMIT] = limit
        s[LIMIT_SINCE] = t


def happen(t: int, code: int, amount: int, s: Int64s) -> int:
    """Apply a life event that became known at t; the action it amounts to."""
    status = s[STATUS]
    if code == 4 and (status == NEW or status == DECLINED):  # application.received
        enter(t, s, APPLIED, -1)
        return APPLY
    if code == 10 and status <= DECLINED:  # line.opened
        enter(t, s, OPEN, amount)
        return OPENED
    if code == 11 and status != TERMINATED:  # line.limit_set
        action = SET_LIMIT if amount != s[LIMIT] else NONE
        enter(t, s, status, amount)
        return action
    if code == 12 and status != TERMINATED:  # line.ended
        enter(t, s, TERMINATED, -1)
        return TERMINATE
    return NONE


def severest(rules: int) -> int:
    """The highest severity among rules given as bits."""
    worst = 0
    if rules == 0:
        return worst
    for i in range(N_RULES):
        if rules & (1 << i) and SEVERITY[i] > worst:
            worst = SEVERITY[i]
    return worst


def coming_back(rules: int) -> int:
    """Those of the rules given as bits that freeze, close or terminate."""
    strict = 0
    if rules == 0:
        return strict
    for i in range(N_RULES):
        if rules & (1 << i) and SEVERITY[i] > 0:
            strict |= 1 << i
    return strict


def longest_cooling_off(rules: int) -> int:
    """The longest cooling-off among rules given as bits, microseconds."""
    longest = 0
    for i in range(N_RULES):
        if rules & (1 << i) and COOLING_OFF[i] > longest:
            longest = COOLING_OFF[i]
    return longest


def answer(t: int, s: Int64s, f: Int64s, r: Int64s, d: Int64s) -> int:
    """Decide an application: wait, decline or open. The action; d gets reasons, cause and rate."""
    if f[HARD] or f[SOFT] or f[SUSPENDED] & APPLICATION_SOURCES:
        return NONE
    if r[FIRED]:
        d[0] = r[FIRED]
        enter(t, s, DECLINED, -1)
        return DECLINE
    if not HAS_APPROVAL:
        return NONE
    if r[APPROVED] and r[APPROVED_LIMIT] > 0:
        d[2] = r[RATE]
        enter(t, s, OPEN, r[APPROVED_LIMIT])
        return OPENED
    d[1] = BY_APPROVAL
    enter(t, s, DECLINED, -1)
    return DECLINE


def worsen(t: int, s: Int64s, reasons: int, fired: int, wanted: int, d: Int64s) -> int:
    """Freeze, close or terminate a line. The action; d gets reasons and cause."""
    d[0] = reasons
    d[1] = BY_BLOCK if fired < wanted else BY_RULES
    s[REASONS] |= reasons
    s[COOLING] = max(s[COOLING], t + longest_cooling_off(reasons))
    s[PROBATION] = 0
    if wanted == 2:
        s[CLOSINGS] += 1
    enter(t, s, OPEN + wanted, -1)
    return FREEZE if wanted == 1 else CLOSE if wanted == 2 else TERMINATE


def restore(t: int, s: Int64s, f: Int64s, r: Int64s) -> int:
    """Unfreeze or reopen a line nothing stands against any more, if it may. The action."""
    free = t >= s[COOLING] and s[REASONS] & ~r[CURED] == 0
    if s[STATUS] == FROZEN:
        if not (f[OVERRIDE] or free):
            return NONE
        enter(t, s, OPEN, -1)
        s[REASONS] = 0
        return UNFREEZE
    if f[OVERRIDE]:
        enter(t, s, OPEN, s[LIMIT])
    else:
        asked = not BY_REQUEST or f[ASKED_AT] > s[SINCE]
        if not (free and HAS_REOPENING and r[REOPENS] and asked and r[REOPEN_LIMIT] > 0):
            return NONE
        enter(t, s, OPEN, r[REOPEN_LIMIT])
        s[PROBATION] = t + PROBATION_US
    s[REASONS] = 0
    return REOPEN


def adjust(t: int, s: Int64s, f: Int64s, r: Int64s, d: Int64s) -> int:
    """Let the first limit rule that fires set the limit of an open line. The action; d gets the reason."""
    if r[FIRED] == 0:
        return NONE
    for i in range(N_RULES):
        if r[FIRED] & (1 << i) and LIMIT_CELL[i] >= 0:
            limit = r[LIMIT_CELL[i]]
            free_at = s[LIMIT_SINCE] + NOT_WITHIN[i]
            if limit < 0 or limit == s[LIMIT]:
                return NONE
            if t < free_at:
                f[WAKE] = min(f[WAKE], free_at)
                return NONE
            d[0] = 1 << i
            enter(t, s, OPEN, limit)
            return SET_LIMIT
    return NONE


def move(t: int, s: Int64s, f: Int64s, r: Int64s, d: Int64s) -> int:
    """Steps 3 and 4 of a visit: at most one move of the line. The action; d gets reasons, cause and rate."""
    d[0], d[1], d[2] = 0, BY_RULES, NULL
    if s[STATUS] == APPLIED:
        return answer(t, s, f, r, d)
    if s[STATUS] < OPEN or s[STATUS] == TERMINATED:
        return NONE
    fired = 0 if f[OVERRIDE] else severest(r[FIRED])
    reasons = 0 if f[OVERRIDE] else coming_back(r[FIRED])
    wanted = max(f[HARD], 0 if f[OVERRIDE] else max(f[SOFT], fired))
    if wanted > s[STATUS] - OPEN:
        return worsen(t, s, reasons, fired, wanted, d)
    fresh = reasons & ~s[REASONS]
    if s[STATUS] != OPEN and fresh:
        d[0] = fresh
        s[REASONS] |= fresh
        s[COOLING] = max(s[COOLING], t + longest_cooling_off(fresh))
        return EXTEND
    if wanted > 0:
        return NONE
    if s[STATUS] != OPEN:
        return restore(t, s, f, r)
    return NONE if f[OVERRIDE] else adjust(t, s, f, r, d)


def note(
    out: Int64s, n: int, line: int, t: int, action: int, before: int, limit_before: int, after: int, limit: int,
    points: int, s: Int64s, f: Int64s, r: Int64s, trigger: int, seen: int,
) -> None:  # fmt: skip
    """Write one decision into row n of out."""
    row = out[n]
    row[D_LINE], row[D_T], row[D_ACTION] = line, t, action
    row[D_STATUS_BEFORE], row[D_STATUS] = before, after
    row[D_LIMIT_BEFORE], row[D_LIMIT] = limit_before, limit
    row[D_POINTS], row[D_REASONS], row[D_CAUSE], row[D_RATE] = points, 0, BY_RULES, NULL
    row[D_FIRED], row[D_HELD] = r[FIRED], r[HELD_NOW]
    row[D_STANDING], row[D_COOLING], row[D_PROBATION] = s[REASONS], s[COOLING], s[PROBATION]
    row[D_TRIGGER], row[D_SEEN] = trigger, seen
    for j in range(N_FACTS):
        row[D_FACTS + j] = f[j]


def visit(
    line: int, t: int, begin: Int64s, ends: Int64s, first: int, last: int, at: Int64s, known: Int64s, until: Int64s,
    kind: Kinds, v: Int64s, visits: Int64s, s: Int64s, card: Int64s, f: Int64s, r: Int64s, d: Int64s, scratch: Int64s,
    out: Int64s, n: int,
) -> int:  # fmt: skip
    """Look at one line at moment t, when rows visits[first:last] became known; the next free row of out."""
    start = n
    for g in range(first, last):
        row = visits[g]
        if until[row] > t and kind[row] <= 12:
            before, limit_before = s[STATUS], s[LIMIT]
            action = happen(t, kind[row], v[0, row], s)
            if action:
                out[n, D_ACTION], out[n, D_STATUS_BEFORE], out[n, D_STATUS] = action, before, s[STATUS]
                out[n, D_LIMIT_BEFORE], out[n, D_LIMIT] = limit_before, s[LIMIT]
                n += 1
    if n == start and (s[STATUS] == NEW or s[STATUS] == DECLINED or s[STATUS] == TERMINATED):
        f[WAKE] = NEVER
        return n
    trigger = visits[last - 1] if last > first else -1
    r[FIRED], r[HELD_NOW] = 0, 0
    measure(t, begin, ends, at, known, until, v, s, f, scratch, True)
    points = score(f, card)
    judge(t, s, f, points, r)
    for i in range(start, n):
        row = out[i]
        note(out, i, line, t, row[D_ACTION], row[D_STATUS_BEFORE], row[D_LIMIT_BEFORE], row[D_STATUS], row[D_LIMIT],
             points, s, f, r, trigger, last)  # fmt: skip
    before, limit_before = s[STATUS], s[LIMIT]
    action = move(t, s, f, r, d)
    if action:
        note(out, n, line, t, action, before, limit_before, s[STATUS], s[LIMIT], points, s, f, r, trigger, last)
        out[n, D_REASONS], out[n, D_CAUSE], out[n, D_RATE] = d[0], d[1], d[2]
        n += 1
    remembered = s[HELD] if f[SUSPENDED] else 0
    gained = r[HELD_NOW] & ~remembered
    s[HELD] = remembered | r[HELD_NOW]
    if gained and s[STATUS] != TERMINATED:
        note(out, n, line, t, HOLD, s[STATUS], s[LIMIT], s[STATUS], s[LIMIT], points, s, f, r, trigger, last)
        out[n, D_REASONS] = gained
        n += 1
    s[DECISIONS] += n - start
    wake = t + 1 if n > start else f[WAKE]
    if t < s[COOLING] < wake and (s[STATUS] == FROZEN or s[STATUS] == CLOSED):
        wake = s[COOLING]
    f[WAKE] = wake
    return n


def walk(
    line: int, lo: int, hi: int, begin: Int64s, ends: Int64s, since: int, end: int, at: Int64s, known: Int64s,
    until: Int64s, kind: Kinds, v: Int64s, visits: Int64s, s: Int64s, card: Int64s, f: Int64s, r: Int64s, d: Int64s,
    scratch: Int64s, out: Int64s, n: int,
) -> int:  # fmt: skip
    """Take one line from ``since`` (excluded) to ``end`` (included); the next free row of out, or -1 when full."""
    g = lo
    while g < hi and known[visits[g]] <= since:
        g += 1
    wake = NEVER if s[STATUS] == NEW else since + 1
    while True:
        t = min(known[visits[g]] if g < hi else NEVER, wake)
        if t > end:
            return n
        if s[STATUS] == NEW and s[SINCE] == 0:
            s[SINCE] = t
        first, woken = g, t == wake
        while g < hi and known[visits[g]] <= t:
            woken = woken or matters(visits[g], kind, v)
            g += 1
        if not woken:
            continue
        if n + (g - first) + 2 > len(out):
            return -1
        n = visit(line, t, begin, ends, first, g, at, known, until, kind, v, visits, s, card, f, r, d, scratch, out, n)
        wake = max(f[WAKE], t + 1) if f[WAKE] != NEVER else NEVER


def walk_many(
    first: int, last: int, since: int, end: int, offsets: Int64s, at: Int64s, known: Int64s, until: Int64s,
    kind: Kinds, v: Int64s, visits: Int64s, states: Int64s, cards: Int64s, card_of: Int64s, failed: Int64s, out: Int64s,
    progress: Int64s,
) -> int:  # fmt: skip
    """Walk lines first to last (excluded); the rows written. progress[0] is the line to go on with when out is full."""
    longest = 1
    for line in range(first, last):
        longest = max(longest, offsets[line + 1] - offsets[line])
    scratch = np.empty((N_SCRATCH, longest), np.int64)
    f, r = np.zeros(2 * N_FACTS + 8, np.int64), np.zeros(8 + N_RULES + 1, np.int64)
    d = np.zeros(3, np.int64)
    n = 0
    s, begin, ends = np.zeros(states.shape[1], np.int64), np.zeros(128, np.int64), np.zeros(128, np.int64)
    for line in range(first, last):
        copy(states[line], s)
        lo, hi = offsets[line], offsets[line + 1]
        after = n
        try:
            mark(kind, lo, hi, begin, ends)
            after = walk(line, lo, hi, begin, ends, since, end, at, known, until, kind, v, visits, s,
                         cards[card_of[line]], f, r, d, scratch, out, n)  # fmt: skip
        except Exception:
            failed[line] = 1
            continue
        if after < 0:
            progress[0] = line
            return n
        copy(s, states[line])
        n = after
    progress[0] = last
    return n


def look_many(
    first: int, last: int, t: int, offsets: Int64s, at: Int64s, known: Int64s, until: Int64s, kind: Kinds, v: Int64s,
    states: Int64s, cards: Int64s, card_of: Int64s, failed: Int64s, facts: Int64s, verdicts: Int64s,
) -> None:  # fmt: skip
    """One as-of decision for each line: facts (may have no rows: then they are not kept) and verdicts.

    A verdict is [points, fired, held, cured, action, reasons]; states are read, not written.
    """
    longest = 1
    for line in range(first, last):
        longest = max(longest, offsets[line + 1] - offsets[line])
    scratch = np.empty((N_SCRATCH, longest), np.int64)
    f, r = np.zeros(2 * N_FACTS + 8, np.int64), np.zeros(8 + N_RULES + 1, np.int64)
    d = np.zeros(3, np.int64)
    s, begin, ends = np.zeros(states.shape[1], np.int64), np.zeros(128, np.int64), np.zeros(128, np.int64)
    for line in range(first, last):
        copy(states[line], s)
        r[FIRED], r[HELD_NOW], r[CURED] = 0, 0, 0
        try:
            mark(kind, offsets[line], offsets[line + 1], begin, ends)
            measure(t, begin, ends, at, known, until, v, s, f, scratch, False)
            points = score(f, cards[card_of[line]])
            judge(t, s, f, points, r)
        except Exception:
            failed[line] = 1
            continue
        verdict = verdicts[line]
        verdict[0], verdict[1], verdict[2], verdict[3] = points, r[FIRED], r[HELD_NOW], r[CURED]
        verdict[4] = move(t, s, f, r, d)
        verdict[5] = d[0]
        if len(facts) > 0:
            for j in range(N_FACTS):
                facts[line, j] = f[j]


FUNCTIONS = (
    copy, mark, enter, happen, severest, coming_back, longest_cooling_off, answer, worsen, restore, adjust, move, note,
    visit, walk, walk_many, look_many,
)  # fmt: skip
"""In the order in which they are copied into the generated module."""
