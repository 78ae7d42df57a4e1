"""Plans of many lines: each line's search, and what each step of the plans found answers.

These functions are copied behind ``search`` into the generated module; ``planner`` calls ``plan_many``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from creditline.lines.machine import CLOSED, D_FACTS, Int64s, Kinds, copy, enter, mark
from creditline.wayback.futures import (
    CHANGES,
    KEEP_INSTALMENTS,
    PAY_OFF,
    W_CHOSEN,
    W_EFFORT,
    W_LATE,
    W_LEVER,
    W_MONEY,
    W_TIMES,
    WAYS_KEPT,
    date,
    last_row,
    lay,
    noon,
    part,
    thin,
    ways,
)
from creditline.wayback.search import (
    APPROVAL,
    B_AT,
    B_CHANGED,
    B_CURE,
    B_CURE_EVER,
    B_ELSE,
    B_ELSE_EVER,
    B_FIRED,
    B_FIRED_EVER,
    B_LIMIT,
    B_STUCK,
    BACK,
    CHEAPEST,
    EASIEST,
    FASTEST,
    K_AT,
    K_EFFORT,
    K_FOUND,
    K_MONEY,
    answers,
    apply_at,
    before,
    branch,
    compose,
    hasten,
    keep,
    out_of_reach,
    seek,
    seek_approval,
    touch_of,
)
from creditline.wayback.trails import MARKS, TRAILS, Trail, begin_trails, take_up

if TYPE_CHECKING:  # given by the generated module
    from creditline.lines.machine import (
        COOLING,
        CURED,
        FIRED,
        HELD_NOW,
        N_FACTS,
        N_RULES,
        N_SCRATCH,
        REASONS,
        STATUS,
        judge,
        measure,
        score,
    )
    from creditline.wayback.futures import (
        COMING_EVERY,
        COMING_KIND,
        DAY,
        DOES,
        HORIZON,
        N_COMING,
        N_LEVERS,
        NEVER,
        SLOTS,
        UTC_OFFSET,
        Debts,
        Log,
        Made,
        Pick,
        Start,
        Work,
        owed_on,
    )
    from creditline.wayback.search import APPLICATION, APPLIED, MINUTE_US, Judging

    CONFLICT: tuple[int, ...]
    FRESH_WITHIN: tuple[int, ...]
    PERSISTS: tuple[int, ...]
    SAME_KINDS: tuple[int, ...]
    NEAR: int
    WEIGHED_MAX: int

    def means(t: int, s: Int64s, f: Int64s, points: int) -> int: ...


U_USED, U_CHOSEN, U_TIMES, U_LATE, U_DAY, U_MONEY, U_ANSWERS = 0, 1, 2, 3, 4, 5, 6
Q_WEIGHED, Q_COMPLETE, Q_WAYS, Q_FAILED = 0, 1, 2, 3
STACK_MAX = 4096


def earliest(now: int, target: int, s: Int64s) -> int:
    """The earliest moment at which what is looked for can come, whatever is done."""
    if target == BACK:
        cooled: int = max(s[COOLING], now + 1)
        return cooled
    return now + 1 if target != APPROVAL else apply_at((now + UTC_OFFSET) // DAY + 1)


def ages(now: int, log: Log) -> int:
    """1 where a report may grow too old before the next one comes, so that any new one touches all it says."""
    for number in range(N_COMING):
        seen = last_row(now, COMING_KIND[number], log)
        if seen < 0:
            return 1
        every = COMING_EVERY[number]
        if ((now - log[2][seen]) // every + 1) * every > FRESH_WITHIN[number]:
            return 1
    return 0


def grow(
    choice: Int64s, w: Int64s, n_ways: int, changed: int, wide: int, chosen: Int64s, stack: Int64s, n: int
) -> int:  # fmt: skip
    """Put every combination that is to be looked at next on the stack, the cheapest on top; -1 where it is full."""
    used = 0
    for lever in range(N_LEVERS):
        used |= (1 if choice[lever] >= 0 else 0) << lever
    first = n
    for k in range(n_ways):
        lever = w[k, W_LEVER]
        if not chosen[lever] or choice[lever] >= 0 or CONFLICT[lever] & used:
            continue
        if DOES[lever] == PAY_OFF and not is_kept(choice, w, n_ways):
            continue
        # What stays as it is once it is done is done at once, unless something worsens on the way.
        if w[k, W_LATE] and PERSISTS[lever] and not changed and not wide:
            continue
        if n == len(stack):
            return -1
        j = n
        while j > first and cheaper(w, stack[j - 1, N_LEVERS], k):
            for cell in range(N_LEVERS + 1):
                stack[j, cell] = stack[j - 1, cell]
            j -= 1
        for cell in range(N_LEVERS):
            stack[j, cell] = choice[cell]
        stack[j, lever], stack[j, N_LEVERS] = k, k
        n += 1
    return put_off(choice, w, n_ways, stack, n) if changed else n


def is_kept(choice: Int64s, w: Int64s, n_ways: int) -> bool:
    """Whether a combination keeps the instalments, or there is no way of doing so."""
    for k in range(n_ways):
        lever = w[k, W_LEVER]
        if DOES[lever] == KEEP_INSTALMENTS and choice[lever] < 0:
            return False
    return True


def soonest(early: int, pick: Pick) -> int:
    """The earliest moment at which a combination can be any better than without the loans it pays off."""
    for lever in range(N_LEVERS):
        if pick[0][lever] >= 0 and DOES[lever] == PAY_OFF:
            return max(early, noon(pick[1][lever]))
    return early


def cheaper(w: Int64s, a: int, b: int) -> bool:
    """Whether way a is to be looked at before way b: money, effort, then as listed."""
    for cell in (W_MONEY, W_EFFORT):
        if w[a, cell] != w[b, cell]:
            return bool(w[a, cell] < w[b, cell])
    return a < b


def put_off(choice: Int64s, w: Int64s, n_ways: int, stack: Int64s, n: int) -> int:
    """Put on the stack what ``grow`` left out: the combination with one use put off; -1 where it is full."""
    for lever in range(N_LEVERS):
        k = choice[lever]
        if k >= 0 and PERSISTS[lever] and not w[k, W_LATE] and k + 1 < n_ways and w[k + 1, W_LATE]:
            if n == len(stack):
                return -1
            for cell in range(N_LEVERS):
                stack[n, cell] = choice[cell]
            stack[n, lever] = k + 1
            n += 1
    return n


def is_known(done: Int64s, n: int, choice: Int64s) -> bool:
    """Whether a combination is among the first n."""
    for k in range(n):
        same = True
        for lever in range(N_LEVERS):
            if done[k, lever] != choice[lever]:
                same = False
                break
        if same:
            return True
    return False


def future(
    now: int, end: int, start: Start, target: int, place: int, debts: Debts, pick: Pick, w: Int64s, log: Log,
    work: Work, made: Made,
) -> tuple[int, int]:  # fmt: skip
    """Lay the future of these uses up to end behind the line's log.

    Its rows, -1 where an event cannot be said (and then there are none), and the row an application is to come in.
    """
    n = compose(now, end, start, target, place, debts, pick, w, log, work)
    rows, by_time = work[3], work[4]
    part(rows, max(n, 0), by_time)
    left = thin(rows, max(n, 0), by_time, work[5])
    spare = lay(log, rows, left, by_time, APPLICATION if target == APPROVAL else -1, made)
    if spare >= 0:
        asked = last_row(now, APPLICATION, log)
        for slot in range(SLOTS):
            made[6][slot, spare] = log[5][slot, asked]
        made[2][spare], made[3][spare], made[4][spare], made[5][spare] = end, end, NEVER, APPLICATION
    return (left if n >= 0 else -1), spare


def run(
    now: int, end: int, early: int, target: int, beyond: int, n: int, spare: int, work: Work, made: Made, s0: Int64s,
    judging: Judging, changes: Int64s, b: Int64s, trail: Trail,
) -> None:  # fmt: skip
    """Run the future laid out; where a number leaves int64 the line never comes back, and anything is in the way."""
    for cell in range(len(b)):
        b[cell] = 0
    b[B_AT] = NEVER
    overflowed = 0
    try:
        if target == APPROVAL:
            seek_approval(now, end, spare, n, made, s0, judging, b)
        else:
            line_run = take_up(end, n, work, trail)
            seek(now, end, early, target, beyond, n, made, s0, judging, changes, b, line_run, trail)
    except Exception:
        overflowed = 1
    if overflowed:
        b[B_AT], b[B_CHANGED], b[B_CURE], b[B_FIRED], b[B_ELSE] = NEVER, 1, 0, 0, 0
        b[B_CURE_EVER], b[B_FIRED_EVER], b[B_ELSE_EVER] = -1, -1, -1
    if target == BACK and s0[STATUS] != CLOSED:
        b[B_ELSE] = 0  # a frozen line that was closed on the way may as well not be closed


def asks(pick: Pick, w: Int64s) -> tuple[int, int, int]:
    """Money, effort and number of the uses of a combination that is dated."""
    money, effort, count = 0, 0, 0
    for lever in range(N_LEVERS):
        k = pick[0][lever]
        if k >= 0:
            money += pick[2][lever]
            effort += w[k, W_EFFORT]
            count += 1
    return money, effort, count


def is_hopeful(
    early: int, money: int, effort: int, count: int, pick: Pick, w: Int64s, keys: Int64s, best: Int64s
) -> bool:  # fmt: skip
    """Whether a combination would be the best of any goal if it came to what is looked for at the earliest moment."""
    for goal in range(3):
        if before(goal, early, money, effort, count, pick, w, keys[goal], best[goal]):
            return True
    return False


def explain(choice: Int64s, chosen: Int64s) -> None:
    """Mark the levers that say an event of the same kind: they may say first what the last such event lacks."""
    for lever in range(N_LEVERS):
        chosen[lever] = 0
        for other in range(N_LEVERS):
            if choice[other] >= 0 and SAME_KINDS[other] >> lever & 1:
                chosen[lever] = 1


def worth(now: int, early: int, pick: Pick, w: Int64s, keys: Int64s, best: Int64s) -> int:
    """How far a combination that is dated need be looked at; ``now`` where it can be best of nothing."""
    money, effort, count = asks(pick, w)
    if not is_hopeful(early, money, effort, count, pick, w, keys, best):
        return now
    return min(latest(now, money, effort, keys), now + HORIZON)


def latest(now: int, money: int, effort: int, keys: Int64s) -> int:
    """The latest moment at which a combination that asks so much could still be the best of any goal."""
    end = now
    for goal in range(3):
        key = keys[goal]
        asks_less = (goal == CHEAPEST and money < key[K_MONEY]) or (goal == EASIEST and effort < key[K_EFFORT])
        if key[K_FOUND] == 0 or asks_less:
            return now + HORIZON
        if goal == FASTEST:
            end = max(end, (key[K_AT] // MINUTE_US + 1) * MINUTE_US - 1)
        elif money == key[K_MONEY] if goal == CHEAPEST else effort == key[K_EFFORT]:
            end = max(end, ((key[K_AT] + UTC_OFFSET) // DAY + 1) * DAY - 1 - UTC_OFFSET)
    return end


def weigh(
    now: int, end: int, early: int, wide: int, touch: Int64s, beyond: int, spare: int, target: int, place: int,
    start: Start, debts: Debts, log: Log, work: Work, made: Made, judging: Judging, b: Int64s, o: Int64s, w: Int64s,
    n_ways: int, pick: Pick, chosen: Int64s, best: Int64s, keys: Int64s, trail: Trail,
) -> bool:  # fmt: skip
    """Run a combination up to end, keep it where it is best, and mark the levers it is to be grown by.

    False where nothing it could be grown to is better.
    """
    n, row = future(now, now + HORIZON, start, target, place, debts, pick, w, log, work, made)
    if n < 0:
        b[B_AT], b[B_CHANGED] = NEVER, 1
        explain(pick[0], chosen)
        return True
    changes = work[5][0, CHANGES:]
    for kind in range(128 if wide else 0):
        changes[kind] = NEVER  # what grows too old and is said again is news
    run(now, end, early, target, beyond, n, row, work, made, start[0], judging, changes, b, trail)
    if b[B_AT] != NEVER:
        money, effort, count = asks(pick, w)
        for goal in range(3):
            if before(goal, b[B_AT], money, effort, count, pick, w, keys[goal], best[goal]):
                keep(goal, b[B_AT], b[B_LIMIT], money, effort, count, pick, keys[goal], best[goal])
        if b[B_AT] // MINUTE_US == early // MINUTE_US:
            return False  # nothing can be sooner, and whatever is added costs
    branch(touch, start[0][REASONS], pick[0], w, n_ways, spare, b, o, chosen)
    return True


def next_one(stack: Int64s, pending: int, done: Int64s, weighed: int, pick: Pick) -> int:
    """Set the combination to look at next: from the stack, else one put by; its place among those run, -1 for none.

    A combination from the stack is not among those run: ``weighed`` stands for it.
    """
    if pending > 0:
        copy(stack[pending - 1, :N_LEVERS], pick[0])
        return weighed
    for k in range(weighed):
        if done[k, N_LEVERS]:
            done[k, N_LEVERS] = 0
            copy(done[k, :N_LEVERS], pick[0])
            return k
    return -1


def plan_line(
    now: int, target: int, place: int, lent: int, log: Log, s0: Int64s, debts: Debts, judging: Judging, work: Work,
    made: Made, e: Int64s, b: Int64s, o: Int64s, f0: Int64s, w: Int64s, stack: Int64s, done: Int64s, pick: Pick,
    chosen: Int64s, touch: Int64s, best: Int64s, keys: Int64s, u: Int64s, q: Int64s, trail: Trail,
) -> None:  # fmt: skip
    """The three plans of one line into keys (by goal) and u (by goal and lever), and how they were found into q.

    Futures are looked at for ``NEAR`` first. Where that brought nothing, the combination is put by and looked at in
    full only if, with all that was found meanwhile, it could still be best.
    """
    begin, ends, at, known, until, v = log
    measure(now, begin, ends, at, known, until, v, s0, f0, judging[5], False)
    start = (s0, f0, score(f0, judging[0]))
    spare = means(now, s0, f0, start[2])
    n_ways = ways(now, start, place, debts, lent, log, e, w)
    q[Q_COMPLETE], q[Q_WAYS] = 1, n_ways
    work[7][WAYS_KEPT, 0] = 0
    early, wide = earliest(now, target, s0), ages(now, log)
    touch_of(wide, owed_on(place, (now + UTC_OFFSET) // DAY + 1, debts) if lent else 0, touch)
    beyond = out_of_reach(touch, w, n_ways)
    begin_trails(trail)
    for cell in range(N_LEVERS + 1):
        stack[0, cell] = -1
    pending, weighed = 1, 0
    while True:
        k = next_one(stack, pending, done, weighed, pick)
        if k < 0:
            break
        is_new = k == weighed and pending > 0
        pending -= is_new
        if (is_new and is_known(done, weighed, pick[0])) or not date(now, s0, spare, place, debts, pick, w):
            continue
        if is_new and hasten(s0, pick, w) and is_known(done, weighed, pick[0]):
            continue
        end = worth(now, soonest(early, pick), pick, w, keys, best)
        if end < (early if is_new else now + NEAR + 1):
            continue
        if is_new and weighed == WEIGHED_MAX:
            q[Q_COMPLETE] = 0
            break
        if is_new:
            copy(pick[0], done[weighed, :N_LEVERS])
            done[weighed, N_LEVERS] = 0
            weighed += 1
        near = min(end, now + NEAR) if is_new else end
        is_to_grow = weigh(
            now, near, early, wide, touch, beyond, spare, target, place, start, debts, log, work, made, judging, b, o,
            w, n_ways, pick, chosen, best, keys, trail,
        )  # fmt: skip
        if near < end and b[B_AT] == NEVER and not b[B_STUCK]:
            done[k, N_LEVERS] = 1
        if is_to_grow:
            pending = grow(pick[0], w, n_ways, b[B_CHANGED], wide, chosen, stack, pending)
        if pending < 0:
            q[Q_COMPLETE] = 0
            break
    q[Q_WEIGHED] = weighed
    tell(now, start, target, place, debts, w, log, work, made, judging, best, pick, keys, u)


def tell(
    now: int, start: Start, target: int, place: int, debts: Debts, w: Int64s, log: Log, work: Work, made: Made,
    judging: Judging, best: Int64s, pick: Pick, keys: Int64s, u: Int64s,
) -> None:  # fmt: skip
    """The uses of the plans found."""
    for goal in range(3):
        for lever in range(N_LEVERS):
            if keys[goal, K_FOUND] and best[goal, 0, lever] >= 0:
                tell_one(
                    now, keys[goal, K_AT], lever, start, target, place, debts, w, log, work, made, judging, best[goal],
                    pick, u[goal, lever],
                )  # fmt: skip


def tell_one(
    now: int, t: int, lever: int, start: Start, target: int, place: int, debts: Debts, w: Int64s, log: Log, work: Work,
    made: Made, judging: Judging, best: Int64s, pick: Pick, u: Int64s,
) -> None:  # fmt: skip
    """One use of a plan as it is told: what would not be met at t were it alone left out, the others on their days."""
    card, s, f, r, _, scratch, _ = judging
    k = best[0, lever]
    u[U_USED], u[U_CHOSEN], u[U_TIMES], u[U_LATE] = 1, w[k, W_CHOSEN], w[k, W_TIMES], w[k, W_LATE]
    u[U_DAY], u[U_MONEY] = best[1, lever], best[2, lever]
    for number in range(3):
        copy(best[number], pick[number])
    pick[0][lever] = -1
    future(now, t, start, target, place, debts, pick, w, log, work, made)
    starts, stops, at, known, until, _, v, _ = made
    copy(start[0], s)
    if target == APPROVAL:
        enter(t, s, APPLIED, -1)
    r[FIRED], r[HELD_NOW], r[CURED] = 0, 0, 0
    measure(t, starts, stops, at, known, until, v, s, f, scratch, False)
    judge(t, s, f, score(f, card), r)
    u[U_ANSWERS] = answers(target, s, r, start[0][REASONS])


def plan_many(
    first: int, last_line: int, now: int, targets: Int64s, lent: Int64s, room: int, ways_room: int, offsets: Int64s,
    at: Int64s, known: Int64s, until: Int64s, kind: Kinds, v: Int64s, states: Int64s, cards: Int64s, card_of: Int64s,
    debts: Debts, keys: Int64s, used: Int64s, told: Int64s,
) -> None:  # fmt: skip
    """The plans of lines first to last_line (excluded) that have a target (-1: none).

    keys has shape (L, 3, 9), used (L, 3, levers, 7), told (L, 4); room is for rows of the future, ways_room for ways.
    """
    longest = 1
    for line in range(first, last_line):
        longest = max(longest, offsets[line + 1] - offsets[line])
    size = longest + room + 1
    begin, ends, s0 = np.zeros(128, np.int64), np.zeros(128, np.int64), np.zeros(states.shape[1], np.int64)
    log = (begin, ends, at, known, until, v)
    s, f0, f = (
        np.zeros(states.shape[1], np.int64),
        np.zeros(2 * N_FACTS + 8, np.int64),
        np.zeros(2 * N_FACTS + 8, np.int64),
    )
    r, d, scratch = np.zeros(8 + N_RULES + 1, np.int64), np.zeros(3, np.int64), np.empty((N_SCRATCH, size), np.int64)
    out, e = np.zeros((64, D_FACTS + N_FACTS), np.int64), np.zeros(8, np.int64)
    b, o = np.zeros(11, np.int64), np.zeros(11, np.int64)
    work = (
        np.zeros((room, 2), np.int64), np.zeros(longest, np.int64), np.zeros(128, np.int64),
        np.zeros((room, 3 + SLOTS), np.int64), np.zeros(room, np.int64), np.zeros((2, room + CHANGES + 128), np.int64),
        np.zeros((WAYS_KEPT, room, 3 + SLOTS), np.int64), np.zeros((WAYS_KEPT + 1, 5), np.int64),
    )  # fmt: skip
    made = (
        np.zeros(128, np.int64), np.zeros(128, np.int64), np.zeros(size, np.int64), np.zeros(size, np.int64),
        np.zeros(size, np.int64), np.zeros(size, np.uint8), np.zeros((SLOTS, size), np.int64), np.zeros(size, np.int64),
    )  # fmt: skip
    trail = (
        np.zeros((TRAILS, room, 3 + SLOTS), np.int64), np.zeros((TRAILS, MARKS, 3 + len(s) + len(b)), np.int64),
        np.zeros((TRAILS + 1, 2), np.int64),
    )  # fmt: skip
    w, stack = np.zeros((ways_room, 6), np.int64), np.zeros((STACK_MAX, N_LEVERS + 1), np.int64)
    done, best = np.zeros((WEIGHED_MAX, N_LEVERS + 1), np.int64), np.zeros((3, 3, N_LEVERS), np.int64)
    pick = (np.zeros(N_LEVERS, np.int64), np.zeros(N_LEVERS, np.int64), np.zeros(N_LEVERS, np.int64))
    chosen, touch = np.zeros(N_LEVERS, np.int64), np.zeros(3 * N_LEVERS + 4, np.int64)
    for line in range(first, last_line):
        if targets[line] < 0:
            continue
        copy(states[line], s0)
        failed = 0
        try:
            mark(kind, offsets[line], offsets[line + 1], begin, ends)
            plan_line(
                now, targets[line], line, lent[line], log, s0, debts,
                (cards[card_of[line]], s, f, r, d, scratch, out), work, made, e, b, o, f0, w, stack, done, pick, chosen,
                touch, best, keys[line], used[line], told[line], trail,
            )  # fmt: skip
        except Exception:
            failed = 2
        if failed:
            told[line, Q_FAILED] = failed


FUNCTIONS = (
    earliest, ages, cheaper, put_off, is_kept, soonest, grow, is_known, future, run, asks, is_hopeful,
    explain, latest, worth, weigh, next_one, tell_one, tell, plan_line, plan_many,
)  # fmt: skip
"""In the order in which they are copied into the generated module."""
