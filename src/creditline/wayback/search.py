"""The search for plans: which combinations of levers need to be run at all, and which of those run is best.

A combination is only ever grown by a use that touches something which kept the line from coming back in the run of the
combination so far: anything else changes when the line comes back not at all, and costs. So every combination that
could be best is reached (docs/wayback.md, How plans are found). These functions are copied behind ``futures`` into the
generated module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from creditline.lines.machine import (
    CLOSED,
    D_ACTION,
    D_LIMIT,
    D_REASONS,
    FROZEN,
    OPENED,
    REOPEN,
    SET_LIMIT,
    TERMINATED,
    UNFREEZE,
    coming_back,
    copy,
    enter,
    move,
    visit,
)
from creditline.wayback.futures import (
    KEEP_INSTALMENTS,
    PAY_ARREARS,
    PAY_OFF,
    R_SAID,
    W_CHOSEN,
    W_LATE,
    W_LEVER,
    W_MONEY,
    W_TIMES,
    Int64s,
    coming_rows,
    last_day,
    noon,
    paid_rows,
    paying,
    put,
    said_rows,
)
from creditline.wayback.trails import C_MARKS, Trail, mark_visit, recall

if TYPE_CHECKING:  # given by the generated module
    from creditline.lines.machine import (
        APPROVED,
        APPROVED_LIMIT,
        CURED,
        FIRED,
        HELD_NOW,
        LIMIT,
        OVERRIDE,
        REASONS,
        REOPEN_LIMIT,
        REOPENS,
        STATUS,
        WAKE,
        judge,
        matters,
        measure,
        score,
    )
    from creditline.wayback.futures import (
        DAY,
        DOES,
        HORIZON,
        N_LEVERS,
        NEVER,
        NULL,
        SLOTS,
        UTC_OFFSET,
        Debts,
        Log,
        Made,
        Pick,
        Start,
        Work,
    )

    APPLIED: int
    from creditline.lines.machine import BY_REQUEST

    MINUTE_US: int
    APPLICATION: int
    REQUEST: int
    TOUCH: tuple[int, ...]

    def stuck(t: int, s: Int64s, f: Int64s, changes: Int64s, bits: int) -> int: ...

    Judging = tuple[Int64s, Int64s, Int64s, Int64s, Int64s, Int64s, Int64s]
    """Scorecard, state, facts, results, reasons, scratch and decisions, as the kernel takes them."""


BACK, RAISED, APPROVAL = 0, 1, 2
"""What is looked for: the line back, its limit above that of now, or an application approved."""

B_AT, B_LIMIT, B_CHANGED, B_CURE, B_FIRED, B_ELSE, B_CURE_EVER, B_FIRED_EVER, B_ELSE_EVER, B_SEEN, B_STUCK = (
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
)  # fmt: skip
"""What a run tells: when and at which limit it came to what is looked for (NEVER), whether anything worsened on the
way, and what stood in the way at every visit from the earliest day on, and at any: cures not met and rules that fire
(bits by rule), and beyond them ``WHEN`` and so on; and whether some of it will be in the way for ever."""

WHEN, LIMIT_LOW, APPROVE_WHEN, APPROVE_LOW, RAISES = 1, 2, 4, 8, 16
"""Beyond the rules: the condition of coming back and its limit, those of approving, and the rules that raise limits."""

FASTEST, CHEAPEST, EASIEST = 0, 1, 2
K_FIRST, K_COUNT, K_AT, K_LIMIT, K_MONEY, K_EFFORT, K_FOUND = 0, 3, 4, 5, 6, 7, 8


def compose(
    now: int, end: int, start: Start, target: int, place: int, debts: Debts, pick: Pick, w: Int64s, log: Log, work: Work
) -> int:  # fmt: skip
    """Rows of the future of these uses up to end, unordered; how many, -1 where an event cannot be said."""
    rows = work[3]
    n = paid_rows(place, paying(pick, w), now + HORIZON, debts, work)
    first = n
    n = said_rows(now, start, pick, w, log, work, n)
    if n < 0:
        return -1
    n = coming_rows(now, end, first, log, rows, n)
    if target == BACK and BY_REQUEST:
        n = put(rows, n, noon((now + UTC_OFFSET) // DAY + 1), REQUEST)
        for slot in range(SLOTS):
            rows[n - 1, R_SAID + slot] = NULL
    return n


def seek(
    now: int, end: int, early: int, target: int, beyond: int, n_visits: int, made: Made, s0: Int64s, judging: Judging,
    changes: Int64s, b: Int64s, line_run: int, trail: Trail,
) -> None:  # fmt: skip
    """Run one future until the line is where it is to be or end is past; what is in the way into b.

    It goes on from what is remembered of it, else from now (excluded). It also ends where the line cannot come back
    any more and what is to touch what is in the way is known already.
    """
    begin, ends, at, known, until, kind, v, visits = made
    card, s, f, r, d, scratch, out = judging
    copy(s0, s)
    g, wake = 0, now + 1
    if trail[2][line_run, C_MARKS] > 0:
        g, wake = recall(line_run, s, b, trail)
    while True:
        t = min(known[visits[g]] if g < n_visits else NEVER, wake)
        if t > end:
            return
        first, woken = g, t == wake
        while g < n_visits and known[visits[g]] <= t:
            woken = woken or matters(visits[g], kind, v)
            g += 1
        if not woken:
            continue
        n = visit(0, t, begin, ends, first, g, at, known, until, kind, v, visits, s, card, f, r, d, scratch, out, 0)
        wake = max(f[WAKE], t + 1) if f[WAKE] != NEVER else NEVER
        for i in range(n):
            action = out[i, D_ACTION]
            if target == BACK and (action == REOPEN or action == UNFREEZE):
                b[B_AT], b[B_LIMIT] = t, out[i, D_LIMIT]
                return
            if target == RAISED and action == SET_LIMIT and out[i, D_LIMIT] > s0[LIMIT]:
                b[B_AT], b[B_LIMIT] = t, out[i, D_LIMIT]
                return
            if action != SET_LIMIT:
                b[B_CHANGED] = 1
                b[B_FIRED_EVER] |= out[i, D_REASONS]
        if t <= early:  # what is in the way at the last visit before it still is then
            b[B_SEEN], b[B_CURE_EVER], b[B_ELSE_EVER] = 0, 0, 0
        hinder(target, s, f, r, b)
        mark_visit(line_run, t, wake, g, s, b, trail)
        if t >= early and target == BACK and is_lost(t, beyond, s, f, r, changes, b):
            return


def is_lost(t: int, beyond: int, s: Int64s, f: Int64s, r: Int64s, changes: Int64s, b: Int64s) -> bool:
    """Whether the line can come back no more, and what comes after t does not matter to how to grow.

    Where a reason that stood in the way all along stands for ever, it is all that counts. Where it is another, what
    is better comes back before t, and touches what was in the way until then, or touches that reason: which is among
    what ever was in the way, or ``beyond`` what any use touches.
    """
    if s[STATUS] == TERMINATED:
        b[B_STUCK] = 1
        return True
    if s[STATUS] != CLOSED and s[STATUS] != FROZEN:
        return False
    never = stuck(t, s, f, changes, s[REASONS] & ~r[CURED])
    if never & b[B_CURE]:
        b[B_CURE], b[B_FIRED], b[B_ELSE], b[B_STUCK] = never & b[B_CURE], 0, 0, 1
    elif never & beyond or (never and not (b[B_CURE] or b[B_FIRED] or b[B_ELSE])):
        b[B_STUCK] = 1
    return bool(b[B_STUCK])


def hinder(target: int, s: Int64s, f: Int64s, r: Int64s, b: Int64s) -> None:
    """Note what stands in the way at a visit."""
    uncured = s[REASONS] & ~r[CURED]
    fired = 0 if f[OVERRIDE] else coming_back(r[FIRED])
    beyond = 0
    if s[STATUS] == CLOSED:
        if not r[REOPENS]:
            beyond = WHEN
        elif r[REOPEN_LIMIT] <= 0:
            beyond = LIMIT_LOW
    elif s[STATUS] == TERMINATED:
        uncured, fired = 0, r[FIRED]
    elif s[STATUS] != FROZEN:
        uncured, beyond = 0, RAISES if target == RAISED else 0
    hinders(uncured, fired, beyond, b)


def hinders(uncured: int, fired: int, beyond: int, b: Int64s) -> None:
    """Add what stands in the way at one visit."""
    if b[B_SEEN] == 0:
        b[B_CURE], b[B_FIRED], b[B_ELSE] = uncured, fired, beyond
    b[B_SEEN] = 1
    b[B_CURE] &= uncured
    b[B_FIRED] &= fired
    b[B_ELSE] &= beyond
    b[B_CURE_EVER] |= uncured
    b[B_FIRED_EVER] |= fired
    b[B_ELSE_EVER] |= beyond


def apply_at(day: int) -> int:
    """When an application of a day comes: a minute past noon, behind what is done that day."""
    return noon(day) + MINUTE_US


def seek_approval(
    now: int, end: int, spare: int, n_visits: int, made: Made, s0: Int64s, judging: Judging, b: Int64s
) -> None:  # fmt: skip
    """The first day on which an application would be approved in one future; its row is ``spare``."""
    begin, ends, at, known, until, _, v, visits = made
    card, s, f, r, d, scratch, _ = judging
    day = (now + UTC_OFFSET) // DAY + 1
    g = 0
    while apply_at(day) <= end:
        t = apply_at(day)
        at[spare], known[spare], until[spare] = t, t, NEVER
        copy(s0, s)
        enter(t, s, APPLIED, -1)
        r[FIRED], r[HELD_NOW] = 0, 0
        measure(t, begin, ends, at, known, until, v, s, f, scratch, True)
        points = score(f, card)
        judge(t, s, f, points, r)
        rejected, beyond = r[FIRED], 0 if r[APPROVED] else APPROVE_WHEN
        if r[APPROVED] and r[APPROVED_LIMIT] <= 0:
            beyond = APPROVE_LOW
        wake = f[WAKE]
        if move(t, s, f, r, d) == OPENED:
            b[B_AT], b[B_LIMIT] = t, s[LIMIT]
            return
        hinders(0, rejected, beyond, b)
        while g < n_visits and known[visits[g]] <= t:
            g += 1
        change = min(known[visits[g]] if g < n_visits else NEVER, wake)
        day += 1
        while change > apply_at(day) and apply_at(day) <= end:
            day += 1


def touch_of(wide: int, overdue: int, touch: Int64s) -> None:
    """Set, by lever, what it touches of cures, of conditions and beyond.

    One row more is for paying loans off where nothing is late, and behind it is whether something is overdue.
    """
    for cell in range(3 * N_LEVERS + 3):
        touch[cell] = TOUCH[wide * (3 * N_LEVERS + 3) + cell]
    touch[3 * N_LEVERS + 3] = overdue


def row_of(lever: int, choice: Int64s, touch: Int64s) -> int:
    """The row of what a lever touches on top of a combination."""
    if DOES[lever] != PAY_OFF:
        return lever
    paid, kept = touch[3 * N_LEVERS + 3] == 0, False
    for other in range(N_LEVERS):
        if choice[other] >= 0:
            paid = paid or DOES[other] == PAY_ARREARS
            kept = kept or DOES[other] == KEEP_INSTALMENTS
    return N_LEVERS if paid and kept else lever


def touches(row: int, touch: Int64s, b: Int64s, ever: int) -> bool:
    """Whether a lever touches any of what was ever in the way (or, with ``ever`` 0, any of what always was)."""
    cell = row * 3
    if ever:
        return bool(
            touch[cell] & b[B_CURE_EVER] or touch[cell + 1] & b[B_FIRED_EVER] or touch[cell + 2] & b[B_ELSE_EVER]
        )
    return bool(touch[cell] & b[B_CURE] or touch[cell + 1] & b[B_FIRED] or touch[cell + 2] & b[B_ELSE])


def reach(
    lever: int, touch: Int64s, choice: Int64s, w: Int64s, n_ways: int, spare: int, b: Int64s, ever: int
) -> bool:  # fmt: skip
    """The same, and whether what it costs puts off a later use that does."""
    if touches(row_of(lever, choice, touch), touch, b, ever):
        return True
    if spare == NULL:
        return False
    costs = False
    for k in range(n_ways):
        costs = costs or (w[k, W_LEVER] == lever and w[k, W_MONEY] > 0)
    if costs:
        for other in range(lever + 1, N_LEVERS):
            if choice[other] >= 0 and w[choice[other], W_MONEY] > 0 and touches(other, touch, b, ever):
                return True
    return False


def out_of_reach(touch: Int64s, w: Int64s, n_ways: int) -> int:
    """Rules whose cures and conditions no use there is touches, as bits."""
    within = 0
    for k in range(n_ways):
        cell = w[k, W_LEVER] * 3
        within |= touch[cell] | touch[cell + 1]
    return ~within


def branch(
    touch: Int64s, standing: int, choice: Int64s, w: Int64s, n_ways: int, spare: int, b: Int64s, o: Int64s,
    chosen: Int64s,
) -> None:  # fmt: skip
    """Mark the levers by which the combination is to be grown.

    Where something stood in the way at every visit, whatever comes sooner must touch it: of such things the one
    fewest ways touch is taken. Else everything that ever stood in the way.
    """
    for lever in range(N_LEVERS):
        chosen[lever] = 0
    best = -1
    for cell in range(3):
        bits, bit = b[B_CURE + cell], 0
        while bits >> bit:
            if bits >> bit & 1:
                o[B_CURE], o[B_FIRED], o[B_ELSE] = 0, 0, 0
                o[B_CURE + cell] = 1 << bit
                if cell == 0 and not standing >> bit & 1:
                    o[B_FIRED] = 1 << bit  # a reason that came on the way may as well not come
                count = 0
                for k in range(n_ways):
                    lever = w[k, W_LEVER]
                    if choice[lever] < 0 and reach(lever, touch, choice, w, n_ways, spare, o, 0):
                        count += 1
                if best < 0 or count < best:
                    best = count
                    for lever in range(N_LEVERS):
                        chosen[lever] = 1 if reach(lever, touch, choice, w, n_ways, spare, o, 0) else 0
            bit += 1
    if best < 0:
        for lever in range(N_LEVERS):
            chosen[lever] = 1 if reach(lever, touch, choice, w, n_ways, spare, b, 1) else 0


def hasten(s: Int64s, pick: Pick, w: Int64s) -> bool:
    """Where a use put off begins when it would anyhow, take the one that is not put off; whether any is."""
    choice, days, _ = pick
    found = False
    for lever in range(N_LEVERS):
        k = choice[lever]
        if k >= 0 and w[k, W_LATE] and days[lever] > last_day(s, lever, w[k, W_TIMES]):
            choice[lever] = k - 1
            found = True
    return found


def named_before(pick: Pick, w: Int64s, best: Int64s) -> bool:
    """Whether a combination comes before another by the names of its levers, and by how and when they are used."""
    choice, days, _ = pick
    for lever in range(N_LEVERS):
        mine, other = choice[lever], best[0, lever]
        if mine < 0 and other < 0:
            continue
        if mine < 0 or other < 0:
            return bool(mine >= 0)
        for cell in (W_CHOSEN, W_TIMES):
            if w[mine, cell] != w[other, cell]:
                return bool(w[mine, cell] < w[other, cell])
        if days[lever] != best[1, lever]:
            return bool(days[lever] < best[1, lever])
    return False


def before(
    goal: int, at: int, money: int, effort: int, count: int, pick: Pick, w: Int64s, key: Int64s, best: Int64s
) -> bool:  # fmt: skip
    """Whether a combination comes before the best so far of a goal; ties go to fewer uses, then by name."""
    if key[K_FOUND] == 0:
        return True
    day = (at + UTC_OFFSET) // DAY
    a0, a1, a2 = at // MINUTE_US, money, effort
    if goal == CHEAPEST:
        a0, a1, a2 = money, day, effort
    if goal == EASIEST:
        a0, a1, a2 = effort, day, money
    if a0 != key[K_FIRST]:
        return bool(a0 < key[K_FIRST])
    if a1 != key[K_FIRST + 1]:
        return bool(a1 < key[K_FIRST + 1])
    if a2 != key[K_FIRST + 2]:
        return bool(a2 < key[K_FIRST + 2])
    if count != key[K_COUNT]:
        return bool(count < key[K_COUNT])
    if at != key[K_AT]:
        return bool(at < key[K_AT])
    return named_before(pick, w, best)


def keep(
    goal: int, at: int, limit: int, money: int, effort: int, count: int, pick: Pick, key: Int64s, best: Int64s
) -> None:  # fmt: skip
    """Make a combination the best of a goal."""
    day = (at + UTC_OFFSET) // DAY
    key[K_FIRST], key[K_FIRST + 1], key[K_FIRST + 2] = at // MINUTE_US, money, effort
    if goal == CHEAPEST:
        key[K_FIRST], key[K_FIRST + 1], key[K_FIRST + 2] = money, day, effort
    if goal == EASIEST:
        key[K_FIRST], key[K_FIRST + 1], key[K_FIRST + 2] = effort, day, money
    key[K_COUNT], key[K_AT], key[K_LIMIT], key[K_MONEY], key[K_EFFORT], key[K_FOUND] = (
        count, at, limit, money, effort, 1,
    )  # fmt: skip
    choice, days, costs = pick
    for lever in range(N_LEVERS):
        best[0, lever], best[1, lever], best[2, lever] = choice[lever], days[lever], costs[lever]


def answers(target: int, s: Int64s, r: Int64s, standing: int) -> int:
    """Which of what coming back asks is not met as judged: bits by rule, and one beyond the last for the rest."""
    if target == BACK:
        unmet: int = standing & ~r[CURED]
        return unmet | (1 << 62 if s[STATUS] == CLOSED and not r[REOPENS] else 0)
    if target == APPROVAL:
        against: int = r[FIRED]
        return against | (0 if r[APPROVED] else 1 << 62)
    return 1 << 62


FUNCTIONS = (
    compose, hinders, hinder, is_lost, seek, apply_at, seek_approval, touch_of, row_of, touches, reach, out_of_reach,
    branch, hasten, named_before, before, keep, answers,
)  # fmt: skip
"""In the order in which they are copied into the generated module."""
