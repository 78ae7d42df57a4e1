"""Plans of many lines at once: the generated planner of a policy, run as Python or compiled by Numba.

A planner is a policy's kernel with its levers and the search behind it, one module made from one source. Its meaning is
docs/wayback.md; ``plans.outlook`` tells one line's plans in full from what is found here.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from creditline.events.kinds import KINDS, slots
from creditline.facts.slices import Slices
from creditline.lines.decision import STATUSES
from creditline.lines.kernel import Engine, Kernel, kernel_source
from creditline.lines.replay import card_tables
from creditline.policy.compiler import STATE
from creditline.policy.model import Policy
from creditline.wayback import futures, paid, planning, search, trails
from creditline.wayback.debts import Debts, packed
from creditline.wayback.lever_source import CHOSEN_MAX, MONTH, NEVER, lever_source
from creditline.wayback.loans import Paying
from creditline.wayback.search import APPROVAL, BACK, RAISED
from creditline.wayback.situation import HORIZON, Situation
from creditline.wayback.staying import staying_source, stuck_source

Int64s = NDArray[np.int64]

Goal = Literal["fastest", "cheapest", "easiest"]
GOALS: tuple[Goal, ...] = ("fastest", "cheapest", "easiest")

BY_HAND_ROOM = 20_000
"""Rows that the loans of a line worked out by hand may come to."""

_PARTS = (futures, trails, search, planning)


@dataclass(frozen=True)
class Plans:
    """Plans of L lines as columns; the second axis is the goal, in order of ``GOALS``."""

    found: Int64s
    """Shape (L, 3): 1 where there is a plan."""
    at: Int64s
    """Shape (L, 3): when it brings the line where it is to be, microseconds."""
    limit: Int64s
    """Shape (L, 3), minor units."""
    money: Int64s
    """Shape (L, 3): what its uses cost, minor units."""
    effort: Int64s
    """Shape (L, 3), in the policy's units."""
    uses: Int64s
    """Shape (L, 3, levers, 7), cells as ``planning.U_*``; what a use answers is bits by rule, the 62nd for the rest."""
    weighed: Int64s
    """Shape (L,): combinations run."""
    complete: NDArray[np.bool_]
    """Shape (L,): whether no combination that could be better was left out."""
    failed: NDArray[np.bool_]
    """Shape (L,): whether the line could not be worked out."""


def planner_source(policy: Policy) -> str:
    """The whole generated module."""
    constants = {
        name: value
        for part in _PARTS
        for name, value in vars(part).items()
        if re.fullmatch(r"[A-Z]+(_[A-Z]+)*", name) and isinstance(value, int) and part.__name__ == _home(name)
    }
    rows = "\n".join(f"{name} = {value}" for name, value in constants.items())
    own = [lever_source(policy), staying_source(policy), stuck_source(policy)]
    functions = [inspect.getsource(function) for part in _PARTS for function in part.FUNCTIONS]
    return "\n\n\n".join([kernel_source(policy), paid.source(), rows, *own, *functions])


def _home(name: str) -> str:
    return next(part.__name__ for part in _PARTS if name in vars(part))


_PLANNERS: dict[tuple[str, str], Kernel] = {}


def planner_of(policy: Policy) -> Kernel:
    """The planner of a policy, made once."""
    key = (policy.name, policy.version)
    if key not in _PLANNERS:
        _PLANNERS[key] = Kernel(planner_source(policy))
    return _PLANNERS[key]


def targets_of(states: Int64s) -> Int64s:
    """What is looked for by line: closed and frozen lines back, declined ones approved; -1 for the others."""
    wanted = {"closed": BACK, "frozen": BACK, "declined": APPROVAL}
    by_status = np.array([wanted.get(status, -1) for status in STATUSES], np.int64)
    found: Int64s = by_status[states[:, STATE.index("STATUS")]]
    return found


def target_of(situation: Situation) -> int | None:
    """What is looked for on one line; None where it needs no way back, or there is none."""
    if situation.status == "open":
        return RAISED if situation.cut else None
    target = int(targets_of(situation.state[None, :])[0])
    return None if target < 0 else target


def plans_of(situation: Situation, *, engine: Engine | None = None) -> Plans:
    """The plans of one line that has a target."""
    target = target_of(situation)
    assert target is not None, f"{situation.line} is {situation.status}: it needs no plan"
    planner = planner_of(situation.policy)
    engine = engine or ("numba" if planner.is_ready else "python")
    targets = np.array([target], np.int64)
    debts = packed([situation.loans])
    plan_many = planner.function("plan_many", engine)
    room = debts.room
    if debts.by_hand[0]:
        plan_many, room = _by_hand(planner, situation), BY_HAND_ROOM
    states = situation.state[None, :]
    return _plans(plan_many, situation.whole, situation.policy, states, situation.now, targets, debts, room)


def _by_hand(planner: Kernel, situation: Situation) -> Callable[..., None]:
    """The planner for a line whose loans only the lending core itself can tell of."""
    loans, module = situation.loans, planner.fresh()
    assert loans is not None

    def owed_on(_place: int, day: int, _debts: object) -> int:
        return loans.arrears(int(day))

    def loans_on(_place: int, _debts: object) -> int:
        return loans.count

    def asked_on(
        _place: int, day: int, arrears_on: int, from_day: int, off_loans: int, _debts: object
    ) -> int:  # fmt: skip
        return loans.asked(int(day), _paying(arrears_on, from_day, day, off_loans))

    def day_off(
        _place: int, first: int, last: int, arrears_on: int, from_day: int, off_loans: int, today: int, spent: int,
        spare: int, _debts: object,
    ) -> tuple[int, int]:  # fmt: skip
        day = int(first)
        while day <= last:
            asked = asked_on(0, day, arrears_on, from_day, off_loans, None)
            saved = int(today) - (-((int(spent) + asked) * MONTH) // int(spare))
            if saved <= day or asked == 0:
                return day, asked
            day = min(saved, loans.turn_after(day))
        return NEVER, 0

    def paid_ahead(
        _place: int, arrears_on: int, from_day: int, off_on: int, off_loans: int, end: int, _debts: object,
        rows: Int64s, n: int,
    ) -> int:  # fmt: skip
        for event in situation.coming_of(_paying(arrears_on, from_day, off_on, off_loans)):
            if event.known <= end:
                rows[n] = (event.at, event.known, KINDS[event.kind].code, *slots(event.body))
                n += 1
        return n

    vars(module).update(owed_on=owed_on, loans_on=loans_on, asked_on=asked_on, day_off=day_off, paid_ahead=paid_ahead)
    plan_many: Callable[..., None] = module.plan_many
    return plan_many


def _paying(arrears_on: int, from_day: int, off_on: int, off_loans: int) -> Paying:
    arrears, kept, off = (None if day == NEVER else int(day) for day in (arrears_on, from_day, off_on))
    return Paying(arrears, kept, off_on=off, off_loans=None if off is None else int(off_loans))


def plans_many(
    slices: Slices,
    policy: Policy,
    states: Int64s,
    now: int,
    *,
    targets: Int64s | None = None,
    debts: Debts | None = None,
    engine: Engine | None = None,
) -> Plans:
    """The fastest, cheapest and easiest plan of every line that has a target.

    ``slices`` hold what was known at ``now`` (microseconds) and nothing later, ``states`` the lines' states then, shape
    (L, len(STATE)), ``debts`` their loans at that moment (None: there are none). Lines whose loans no column carries
    fail. Runs on one core.
    """
    planner = planner_of(policy)
    engine = engine or ("numba" if planner.is_ready else "python")
    targets = targets_of(states) if targets is None else targets
    debts = packed([None] * len(slices)) if debts is None else debts
    targets = np.where(debts.by_hand, -1, targets)
    found = _plans(planner.function("plan_many", engine), slices, policy, states, now, targets, debts, debts.room)
    return replace(found, failed=found.failed | debts.by_hand)


def _plans(
    plan_many: Callable[..., None],
    slices: Slices,
    policy: Policy,
    states: Int64s,
    now: int,
    targets: Int64s,
    debts: Debts,
    room: int,
) -> Plans:
    lines, levers = len(slices), len(policy.levers)
    keys, told = np.zeros((lines, 3, 9), np.int64), np.zeros((lines, 4), np.int64)
    uses = np.zeros((lines, 3, levers, 7), np.int64)
    table, card_of = card_tables(policy, lines)
    plan_many(
        0, lines, now, targets, debts.lent, _room(policy, slices) + room, _ways_room(policy), slices.offsets, slices.at,
        slices.known, slices.until, slices.kind, slices.values, states, table, card_of, debts.columns, keys, uses, told,
    )  # fmt: skip
    return Plans(
        keys[:, :, search.K_FOUND], keys[:, :, search.K_AT], keys[:, :, search.K_LIMIT], keys[:, :, search.K_MONEY],
        keys[:, :, search.K_EFFORT], uses, told[:, planning.Q_WEIGHED], told[:, planning.Q_COMPLETE] == 1,
        told[:, planning.Q_FAILED] > 0,
    )  # fmt: skip


def _room(policy: Policy, slices: Slices) -> int:
    """Rows that any future of any of the lines can have."""
    longest = int(np.diff(slices.offsets).max(initial=0))
    said = sum(lever.times * max(1, len(lever.says)) for lever in policy.levers)
    ended = longest * sum(lever.ends is not None for lever in policy.levers)
    coming = sum(HORIZON // every + 2 for every in policy.coming.values())
    return said + ended + coming + 8


def _ways_room(policy: Policy) -> int:
    """Ways of using the levers there can be."""
    amounts = (CHOSEN_MAX if lever.chosen or lever.does == "pay_off" else 1 for lever in policy.levers)
    return sum(many * lever.times * 2 for many, lever in zip(amounts, policy.levers, strict=True)) + 1


__all__ = [
    "GOALS",
    "Goal",
    "Plans",
    "planner_of",
    "planner_source",
    "plans_many",
    "plans_of",
    "target_of",
    "targets_of",
]
