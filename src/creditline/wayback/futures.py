"""What a choice of levers makes of a line's log, as rows the kernel reads: days, events, what keeps coming.

These functions are copied behind a policy's kernel and its levers into one generated module, and run there as plain
Python or compiled by Numba. ``moves.on_days`` says the same in events; docs/wayback.md is the meaning of both.
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
    LONG_AGO: int
    DAY: int
    SLOTS: int
    N_LEVERS: int
    N_SAID: int
    DOES: tuple[int, ...]
    TAKES: tuple[int, ...]
    EVERY: tuple[int, ...]
    TIMES: tuple[int, ...]
    EFFORT: tuple[int, ...]
    CHOOSES: tuple[int, ...]
    PAID: tuple[int, ...]
    ENDS: tuple[int, ...]
    SAID_FIRST: tuple[int, ...]
    SAID_KIND: tuple[int, ...]
    SAID_NEEDS: tuple[int, ...]
    DEFAULTS: tuple[int, ...]
    END_KIND: tuple[int, ...]
    END_BY: tuple[int, ...]
    END_ON: tuple[int, ...]
    END_BY_ON: tuple[int, ...]
    END_CARRY: tuple[int, ...]
    N_COMING: int
    COMING_KIND: tuple[int, ...]
    COMING_EVERY: tuple[int, ...]
    HORIZON: int
    MONTH: int
    CHOSEN_MAX: int
    UTC_OFFSET: int
    COOLING: int

    Debts = tuple[Int64s, ...]
    Paying = tuple[int, int, int, int]
    """The day on which arrears are paid, that from which on instalments are kept, that on which loans are paid off
    early, NEVER for none; and how many are."""
    Log = tuple[Int64s, Int64s, Int64s, Int64s, Int64s, Int64s]
    """Of one line: where each kind begins and ends, then at, known, until and values of all lines."""
    Start = tuple[Int64s, Int64s, int]
    """The line's state, its facts and its points now."""
    Pick = tuple[Int64s, Int64s, Int64s]
    """By lever the row of the way it is used in (-1 for not at all), the day it begins on, and what it costs."""
    Work = tuple[Int64s, Int64s, Int64s, Int64s, Int64s, Int64s, Int64s, Int64s]
    """Room for steps in order (steps, 2), rows found, the last row of each kind, rows of the future, their order, and
    what ``thin`` notes (2, rows): by kind in the first cells what it goes by, and from ``CHANGES`` on when an event
    last said something new. Then what came of ways of paying, (ways, rows) and how many by when what is paid."""
    Made = tuple[Int64s, Int64s, Int64s, Int64s, Int64s, Kinds, Int64s, Int64s]
    """A log with a future behind it: where kinds begin and end, at, known, until, kind, values, rows as known."""

    def price(t: int, s: Int64s, f: Int64s, points: int, chosen: int, lever: int) -> int: ...
    def terms(t: int, s: Int64s, f: Int64s, points: int, lever: int, e: Int64s) -> None: ...
    def say(t: int, s: Int64s, f: Int64s, points: int, chosen: int, which: int, row: Int64s) -> bool: ...
    def spacing(k: int) -> int: ...
    def alike(k: int, rows: Int64s, i: int, j: int) -> bool: ...
    def counts_open(which: int, v: Int64s, i: int) -> bool: ...
    def stands(
        i: int, opener_end: int, ender_begin: int, ender_end: int, t: int, at: Int64s, known: Int64s, until: Int64s,
        v: Int64s, opener_slot: int, ender_slot: int,
    ) -> bool: ...  # fmt: skip
    def owed_on(place: int, day: int, debts: Debts) -> int: ...
    def asked_on(
        place: int, day: int, arrears_on: int, from_day: int, off_loans: int, debts: Debts
    ) -> int: ...  # fmt: skip
    def day_off(
        place: int, first: int, last: int, arrears_on: int, from_day: int, off_loans: int, today: int, spent: int,
        spare: int, debts: Debts,
    ) -> tuple[int, int]: ...  # fmt: skip
    def loans_on(place: int, debts: Debts) -> int: ...
    def paid_ahead(
        place: int, arrears_on: int, from_day: int, off_on: int, off_loans: int, end: int, debts: Debts, rows: Int64s,
        n: int,
    ) -> int: ...  # fmt: skip


W_LEVER, W_CHOSEN, W_TIMES, W_LATE, W_MONEY, W_EFFORT = 0, 1, 2, 3, 4, 5
R_AT, R_KNOWN, R_KIND, R_SAID = 0, 1, 2, 3
"""Cells of a row of the future; what it says lies in the last ``SLOTS``."""

PAY_ARREARS, KEEP_INSTALMENTS, PAY_OFF = 1, 2, 3

WAYS_KEPT = 8
"""Ways of paying of which is kept what comes of them."""

CHANGES = 256
"""Where the notes of ``thin`` tell when an event of a kind last said something new, 128 cells."""


def noon(day: int) -> int:
    """Noon of a local day."""
    return day * DAY + DAY // 2 - UTC_OFFSET


def last_day(s: Int64s, lever: int, times: int) -> int:
    """The last local day a use may begin on and be known by the end of the cooling-off."""
    spent = TAKES[lever] + (times - 1) * EVERY[lever]
    day: int = (s[COOLING] - spent - DAY // 2 + UTC_OFFSET) // DAY
    return day


def open_rows(now: int, fact: int, log: Log, found: Int64s) -> int:
    """Rows of what a fact counts as open now, in order of time, into found as far as there is room; how many."""
    begin, ends, at, known, until, v = log
    n, kind, by = 0, END_KIND[fact], END_BY[fact]
    for i in range(begin[kind], ends[kind]):
        if at[i] > now or known[i] > now or until[i] <= now or not counts_open(fact, v, i):
            continue
        if stands(i, ends[kind], begin[by], ends[by], now, at, known, until, v, END_ON[fact], END_BY_ON[fact]):
            if n < len(found):
                found[n] = i
            n += 1
    return n


def ways(now: int, start: Start, place: int, debts: Debts, lent: int, log: Log, e: Int64s, w: Int64s) -> int:
    """Every way of using a lever for this line into w; how many there are, also where w is too small for them."""
    s, f, points = start
    n, today = 0, (now + UTC_OFFSET) // DAY
    for lever in range(N_LEVERS):
        if DOES[lever] > PAY_OFF:  # of draws: no way back is made of them
            continue
        terms(now, s, f, points, lever, e)
        if e[0] == 0:
            continue
        if DOES[lever]:
            if lent:
                n = ways_to_pay(w, n, lever, place, today + 1, debts)
            continue
        if ENDS[lever] >= 0 and open_rows(now, ENDS[lever], log, e[:0]) == 0:
            continue
        low, high = e[1], e[2]
        if low == NULL or high == NULL:
            continue
        for chosen in range(low, min(high, low + CHOSEN_MAX - 1) + 1):
            money = price(now, s, f, points, chosen, lever) if PAID[lever] else 0
            if money == NULL or money < 0:
                continue
            for times in range(1, TIMES[lever] + 1):
                n = add_way(w, n, lever, chosen, times, 0, money * times)
                if last_day(s, lever, times) > today + 1:
                    n = add_way(w, n, lever, chosen, times, 1, money * times)
    return n


def ways_to_pay(w: Int64s, n: int, lever: int, place: int, day: int, debts: Debts) -> int:
    """Write the ways of paying on the line's own loans into w from row n on; the row after the last."""
    if DOES[lever] == PAY_ARREARS:
        return add_way(w, n, lever, 0, 1, 0, owed_on(place, day, debts))
    if DOES[lever] == KEEP_INSTALMENTS:
        return add_way(w, n, lever, 0, 1, 0, 0)
    for number in range(1, min(loans_on(place, debts), CHOSEN_MAX) + 1):
        n = add_way(w, n, lever, number, 1, 0, asked_on(place, day, NEVER, NEVER, number, debts))
    return n


def paying(pick: Pick, w: Int64s) -> Paying:
    """How a combination pays on the line's own loans; of what is not dated yet the day is not told."""
    arrears_on, from_day, off_on, off_loans = NEVER, NEVER, NEVER, 0
    for lever in range(N_LEVERS):
        if pick[0][lever] >= 0:
            if DOES[lever] == PAY_ARREARS:
                arrears_on = pick[1][lever]
            if DOES[lever] == KEEP_INSTALMENTS:
                from_day = pick[1][lever]
            if DOES[lever] == PAY_OFF:
                off_on, off_loans = pick[1][lever], w[pick[0][lever], W_CHOSEN]
    if arrears_on != NEVER and from_day != NEVER:
        from_day = max(from_day, arrears_on)  # money goes to what is due longest
    return arrears_on, from_day, off_on, off_loans


def add_way(w: Int64s, n: int, lever: int, chosen: int, times: int, late: int, money: int) -> int:
    """Write one way into row n of w, where there is room; n + 1."""
    if n < len(w):
        w[n, W_LEVER], w[n, W_CHOSEN], w[n, W_TIMES], w[n, W_LATE] = lever, chosen, times, late
        w[n, W_MONEY], w[n, W_EFFORT] = money, EFFORT[lever] * times
    return n + 1


def date(now: int, s: Int64s, spare: int, place: int, debts: Debts, pick: Pick, w: Int64s) -> bool:
    """Set the day each use begins on and what it costs; False where the borrower's means never pay for them."""
    choice, days, money = pick
    today, spent = (now + UTC_OFFSET) // DAY, 0
    for lever in range(N_LEVERS):
        if choice[lever] < 0:
            continue
        row = w[choice[lever]]
        day, costs = today + 1, row[W_MONEY]
        if DOES[lever] == PAY_OFF:
            day, costs = off_day(day, today, spent, spare, place, debts, pick, w)
        elif costs != 0 and spare != NULL:
            if spare <= 0:
                return False
            # Arrears grow while one saves for them, so the day and the sum are found together.
            first = today - (-((spent + costs) * MONTH) // spare)
            while first > day:
                day = first
                if day > today + HORIZON // DAY:
                    return False
                if DOES[lever] == PAY_ARREARS:
                    owed = owed_on(place, day, debts)
                    costs = owed if owed else costs
                first = today - (-((spent + costs) * MONTH) // spare)
        if day > today + HORIZON // DAY:
            return False
        spent += costs
        days[lever] = max(day, last_day(s, lever, row[W_TIMES])) if row[W_LATE] else day
        money[lever] = costs
    return True


def off_day(
    day: int, today: int, spent: int, spare: int, place: int, debts: Debts, pick: Pick, w: Int64s
) -> tuple[int, int]:  # fmt: skip
    """When loans are paid off, from a day on, and what it takes; a day beyond the horizon where the means never do."""
    arrears_on, from_day, _, loans = paying(pick, w)
    if arrears_on != NEVER:
        day = max(day, arrears_on + 1)
    costs = asked_on(place, day, arrears_on, from_day, loans, debts)
    if spare == NULL or costs == 0:
        return day, costs
    if spare <= 0:
        return NEVER, 0
    last = today + HORIZON // DAY
    return day_off(place, day, last, arrears_on, from_day, loans, today, spent, spare, debts)


def last_row(now: int, kind: int, log: Log) -> int:
    """The last visible row of a kind, -1 where there is none."""
    begin, ends, at, known, until, _ = log
    for i in range(ends[kind] - 1, begin[kind] - 1, -1):
        if at[i] <= now and known[i] <= now and until[i] > now:
            return i
    return -1


def put(rows: Int64s, n: int, at: int, kind: int) -> int:
    """Begin row n of the future; n + 1."""
    rows[n, R_AT], rows[n, R_KNOWN], rows[n, R_KIND] = at, at, kind
    return n + 1


def steps_of(pick: Pick, w: Int64s, order: Int64s) -> int:
    """Moment and lever of every time a use's events come, in order of time and then of lever; how many."""
    choice, days, _ = pick
    count = 0
    for lever in range(N_LEVERS):
        if choice[lever] < 0 or DOES[lever]:
            continue
        for time in range(w[choice[lever], W_TIMES]):
            moment = noon(days[lever]) + time * EVERY[lever] + TAKES[lever]
            k = count
            while k > 0 and order[k - 1, 0] > moment:
                order[k, 0], order[k, 1] = order[k - 1, 0], order[k - 1, 1]
                k -= 1
            order[k, 0], order[k, 1] = moment, lever
            count += 1
    return count


def ended_rows(now: int, fact: int, free: int, log: Log, found: Int64s, rows: Int64s, n: int) -> int:
    """Rows that end everything a fact counts as open now, one microsecond after another from ``free`` on."""
    v = log[5]
    for j in range(open_rows(now, fact, log, found)):
        n = put(rows, n, free + j, END_BY[fact])
        for slot in range(SLOTS):
            source = END_CARRY[fact * SLOTS + slot]
            rows[n - 1, R_SAID + slot] = v[source, found[j]] if source >= 0 else NULL
    return n


def last_said(now: int, kind: int, log: Log, last: Int64s, rows: Int64s, row: Int64s) -> None:
    """Set a row to what the last event of a kind said: of the future so far, of the log, or nothing."""
    v = log[5]
    if last[kind] == NULL:
        found = last_row(now, kind, log)
        last[kind] = -1 - found if found >= 0 else NULL
    for slot in range(SLOTS):
        if last[kind] == NULL:
            row[slot] = NULL
        else:
            row[slot] = v[slot, -1 - last[kind]] if last[kind] < 0 else rows[last[kind], R_SAID + slot]


def is_whole(which: int, row: Int64s) -> bool:
    """Whether an event says all it must, once what may be left out is filled in."""
    for slot in range(SLOTS):
        if SAID_NEEDS[which] >> slot & 1 and row[slot] == NULL:
            if DEFAULTS[which * SLOTS + slot] == NULL:
                return False
            row[slot] = DEFAULTS[which * SLOTS + slot]
    return True


def said_rows(now: int, start: Start, pick: Pick, w: Int64s, log: Log, work: Work, n: int) -> int:
    """Rows of the events the uses make known behind row n, in order of time; -1 where an event cannot be said.

    The last row of a kind is that of the future which said it last, or -1 - its row of the log, or NULL.
    """
    s, f, points = start
    order, found, last, rows, _, _, _, _ = work
    for k in range(128):
        last[k] = NULL
    free = 0
    for k in range(steps_of(pick, w, order)):
        lever = order[k, 1]
        free = max(order[k, 0] + 8, free)
        if ENDS[lever] >= 0:
            before = n
            n = ended_rows(now, ENDS[lever], free, log, found, rows, n)
            free += n - before
            continue
        for which in range(SAID_FIRST[lever], SAID_FIRST[lever + 1]):
            kind = SAID_KIND[which]
            n = put(rows, n, free, kind)
            free += 1
            row = rows[n - 1, R_SAID:]
            last_said(now, kind, log, last, rows, row)
            fits = say(now, s, f, points, w[pick[0][lever], W_CHOSEN], which, row)
            if not fits or not is_whole(which, row):
                return -1
            last[kind] = n - 1
    return n


def coming_rows(now: int, end: int, first: int, log: Log, rows: Int64s, n: int) -> int:
    """Rows of what keeps coming, behind row n: each time as the last such event said, those from row first on too."""
    at, v = log[2], log[5]
    planned = n
    for number in range(N_COMING):
        kind, every = COMING_KIND[number], COMING_EVERY[number]
        seen = last_row(now, kind, log)
        if seen < 0:
            continue
        body, mine = -1, first
        moment = at[seen] + ((now - at[seen]) // every + 1) * every
        while moment <= end:
            while mine < planned and (rows[mine, R_KIND] != kind or rows[mine, R_AT] <= moment):
                body = mine if rows[mine, R_KIND] == kind else body
                mine += 1
            n = put(rows, n, moment, kind)
            for slot in range(SLOTS):
                rows[n - 1, R_SAID + slot] = v[slot, seen] if body < 0 else rows[body, R_SAID + slot]
            moment += every
    return n


def run_end(rows: Int64s, order: Int64s, first: int, n: int) -> int:
    """Where rows that stand in order of time end."""
    k = first + 1
    while k < n and rows[order[k - 1], R_AT] <= rows[order[k], R_AT]:
        k += 1
    return min(k, n)


def in_order(rows: Int64s, n: int, order: Int64s) -> None:
    """Rows by time, those of one moment as they stand: a few stretches are in order already, and are merged."""
    merged = np.empty(n, np.int64)
    for i in range(n):
        order[i] = i
    stretches = 2
    while stretches > 1:
        stretches, first = 0, 0
        while first < n:
            middle = run_end(rows, order, first, n)
            end = run_end(rows, order, middle, n)
            i, j = first, middle
            for k in range(first, end):
                if j == end or (i < middle and rows[order[i], R_AT] <= rows[order[j], R_AT]):
                    merged[k] = order[i]
                    i += 1
                else:
                    merged[k] = order[j]
                    j += 1
            first = end
            stretches += 1
        for k in range(n):
            order[k] = merged[k]


def part(rows: Int64s, n: int, order: Int64s) -> None:
    """Order rows by time, with no two at one moment: of two the later in the list is put off by a microsecond."""
    in_order(rows, n, order)
    before = -NEVER
    for k in range(n):
        i = order[k]
        rows[i, R_AT] = max(rows[i, R_AT], before + 1)
        rows[i, R_KNOWN] = max(rows[i, R_KNOWN], rows[i, R_AT])
        before = rows[i, R_AT]


def thin(rows: Int64s, n: int, order: Int64s, notes: Int64s) -> int:
    """Leave rows out of the order that nothing can tell from their neighbours of the same kind; how many stay.

    Of a run that says the same the first and the last row stay, and others so that none lie further apart than
    ``spacing``.
    """
    before, kept, changes, stays = notes[0, :128], notes[0, 128:256], notes[0, CHANGES : CHANGES + 128], notes[1]
    for k in range(128):
        before[k], changes[k] = -1, LONG_AGO
    for j in range(n):
        i = order[j]
        stays[i] = 1
        k = rows[i, R_KIND]
        gap = spacing(k)
        if gap == 0:
            changes[k] = max(changes[k], rows[i, R_KNOWN])
            continue
        last = before[k]
        before[k] = i
        soon = rows[i, R_KNOWN] - rows[i, R_AT] <= DAY
        if last < 0 or not soon or not alike(k, rows, i, last):
            kept[k] = i
            changes[k] = max(changes[k], rows[i, R_KNOWN])
        elif last != kept[k]:
            if rows[i, R_AT] - rows[kept[k], R_AT] <= gap:
                stays[last] = 0
            else:
                kept[k] = last
    left = 0
    for j in range(n):
        if stays[order[j]]:
            order[left] = order[j]
            left += 1
    return left


def lay(log: Log, rows: Int64s, n: int, order: Int64s, extra: int, made: Made) -> int:
    """Write the line's log and the future behind it, kind by kind.

    One row more is left at the end of the kind ``extra`` (-1 for none): its row, or -1.
    """
    begin, ends, at, known, until, v = log
    starts, stops, m_at, m_known, m_until, m_kind, m_v, visits = made
    for k in range(128):
        stops[k] = 0
    for j in range(n):
        stops[rows[order[j], R_KIND]] += 1
    free, spare = 0, -1
    for k in range(128):
        more = stops[k]
        starts[k] = free
        for i in range(begin[k], ends[k]):
            m_at[free], m_known[free], m_until[free], m_kind[free] = at[i], known[i], until[i], k
            for slot in range(SLOTS):
                m_v[slot, free] = v[slot, i]
            free += 1
        stops[k] = free
        free += more
        if k == extra:
            spare = free
            free += 1
    for j in range(n):
        row = rows[order[j]]
        i = stops[row[R_KIND]]
        m_at[i], m_known[i], m_until[i], m_kind[i] = row[R_AT], row[R_KNOWN], NEVER, row[R_KIND]
        for slot in range(SLOTS):
            m_v[slot, i] = row[R_SAID + slot]
        stops[row[R_KIND]] += 1
        k = j
        while k > 0 and m_known[visits[k - 1]] > m_known[i]:
            visits[k] = visits[k - 1]
            k -= 1
        visits[k] = i
    if spare >= 0:
        stops[extra] += 1
    return spare


def paid_rows(place: int, how: Paying, end: int, debts: Debts, work: Work) -> int:
    """Rows of what comes of paying in a way, without those nothing can tell from others; how many.

    What comes of a way is kept, since many combinations pay alike.
    """
    _, _, _, rows, order, notes, kept, keys = work
    arrears_on, from_day, off_on, off_loans = how
    ways_kept = keys[WAYS_KEPT, 0]
    for k in range(ways_kept):
        if (keys[k, 1], keys[k, 2], keys[k, 3], keys[k, 4]) == how:
            for j in range(keys[k, 0]):
                for cell in range(R_SAID + SLOTS):
                    rows[j, cell] = kept[k, j, cell]
            return int(keys[k, 0])
    n = paid_ahead(place, arrears_on, from_day, off_on, off_loans, end, debts, rows, 0)
    if n < 0:
        raise OverflowError("the loans are not carried in columns")
    part(rows, n, order)
    n = thin(rows, n, order, notes)
    k = min(ways_kept, WAYS_KEPT - 1)
    for j in range(n):
        for cell in range(R_SAID + SLOTS):
            kept[k, j, cell] = rows[order[j], cell]
    for j in range(n):
        for cell in range(R_SAID + SLOTS):
            rows[j, cell] = kept[k, j, cell]
    keys[k, 0], keys[k, 1], keys[k, 2], keys[k, 3], keys[k, 4] = n, arrears_on, from_day, off_on, off_loans
    keys[WAYS_KEPT, 0] = k + 1
    return n


FUNCTIONS = (
    noon, last_day, open_rows, add_way, ways_to_pay, ways, paying, off_day, date, last_row, put, steps_of, ended_rows,
    last_said, is_whole, said_rows, coming_rows, run_end, in_order, part, thin, lay, paid_rows,
)  # fmt: skip
"""In the order in which they are copied into the generated module."""
