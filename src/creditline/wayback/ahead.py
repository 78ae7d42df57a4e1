"""What a policy will do to a line against its borrower if certain things are done, and nothing else happens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.facts.expressions import Arithmetic, Call, Case, Constant, Expr, Name
from creditline.lines import machine
from creditline.lines.decision import ACTIONS, STATUSES, Action, Status
from creditline.lines.kernel import Engine, kernel_of
from creditline.policy.levers import Lever
from creditline.policy.model import Policy, Rule
from creditline.wayback.moves import Done, Future, Use, carried_out, on_days
from creditline.wayback.predict import decisions
from creditline.wayback.situation import Situation

Int64s = NDArray[np.int64]

STOPS: tuple[Action, ...] = ("freeze", "close", "terminate", "extend")
"""What stops a line, or adds a reason to one that is stopped."""

_STOPS = tuple(ACTIONS.index(action) for action in STOPS)
_SET_LIMIT = ACTIONS.index("set_limit")
_TITLE = {"zh": "", "en": ""}


@dataclass(frozen=True)
class Hit:
    """A decision that freezes, closes or terminates a line, adds a reason to one that is stopped, or cuts its limit."""

    at: int
    """Microseconds."""
    action: Action
    codes: tuple[str, ...]
    """Rules it is made for, most severe first, then in the order of the policy."""
    status: Status
    limit_before: int
    """Minor units."""
    limit: int


Life = tuple[Hit, ...]
"""Hits in order of time."""


def strikes(rule: Rule) -> bool:
    """Whether a rule can freeze, close or terminate a line, or cut its limit."""
    if not rule.on_line:
        return False
    return rule.severity > 0 or (rule.limit is not None and not _keeps(rule.limit))


def _keeps(limit: Expr) -> bool:
    """Whether an expression for the limit is plainly never below the limit there is."""
    match limit:
        case Name():
            return limit.name == "limit"
        case Call(function="greatest"):
            return any(map(_keeps, limit.args))
        case Call(function="least" | "coalesce"):
            return all(map(_keeps, limit.args))
        case Case():
            return all(_keeps(value) for value in (*(value for _, value in limit.branches), limit.default))
        case Arithmetic(op="*" | "+", left=left, right=Constant(value=int() as number)):
            return _keeps(left) and number >= (10**limit.right.type.places if limit.op == "*" else 0)
        case Arithmetic(op="*" | "+", left=Constant(value=int() as number), right=right):
            return _keeps(right) and number >= (10**limit.left.type.places if limit.op == "*" else 0)
    return False


def hits(policy: Policy, rows: Int64s) -> Life:
    """Those of a line's decisions, in the kernel's form, that are hits by a rule."""
    found = []
    for row in rows:
        action, reasons = int(row[machine.D_ACTION]), int(row[machine.D_REASONS])
        cut = action == _SET_LIMIT and row[machine.D_LIMIT] < row[machine.D_LIMIT_BEFORE]
        if reasons and (cut or action in _STOPS):
            found.append(
                Hit(
                    at=int(row[machine.D_T]),
                    action=ACTIONS[action],
                    codes=_codes(policy, reasons),
                    status=STATUSES[int(row[machine.D_STATUS])],
                    limit_before=int(row[machine.D_LIMIT_BEFORE]),
                    limit=int(row[machine.D_LIMIT]),
                )
            )
    return tuple(found)


def _codes(policy: Policy, bits: int) -> tuple[str, ...]:
    named = [rule for place, rule in enumerate(policy.rules) if bits >> place & 1]
    return tuple(rule.code for rule in sorted(named, key=lambda rule: -rule.severity))


def first_of(life: Life, code: str) -> Hit | None:
    """The first hit for a rule."""
    return next((hit for hit in life if code in hit.codes), None)


def lives(
    situation: Situation, futures: Sequence[Sequence[Event]], until: int, engine: Engine | None = None
) -> list[Life | None]:
    """The hits of each future up to ``until``; None where a number leaves int64 and nothing is decided."""
    if not futures:
        return []
    ran = decisions(situation, futures, until, engine=engine or engine_of(situation.policy))
    if ran.failures and len(futures) > 1:
        return [each for future in futures for each in lives(situation, [future], until, engine)]
    if ran.failures:
        return [None]
    owner = ran.rows[:, machine.D_LINE]
    return [hits(situation.policy, ran.rows[owner == number]) for number in range(len(futures))]


def life(situation: Situation, future: Sequence[Event], until: int, engine: Engine | None = None) -> Life:
    """The hits of one future. Raises CreditlineError where a number leaves int64."""
    (found,) = lives(situation, [future], until, engine)
    if found is None:
        raise CreditlineError(f"line {situation.line}", "a fact", "check its amounts", "is outside int64")
    return found


def engine_of(policy: Policy) -> Engine:
    """Compiled where that is at hand; a few futures are not worth compiling for."""
    return "numba" if kernel_of(policy).is_ready else "python"


# -- futures ----------------------------------------------------------------------------------------


def nothing_done(situation: Situation) -> Future:
    """What comes by itself comes; nothing is drawn, nothing is paid, nobody does anything."""
    future = carried_out(situation, ())
    assert future is not None, "nothing done can always be done"
    return future


def instalments_kept(situation: Situation) -> Future | None:
    """As nothing done, but what is overdue is paid tomorrow, and each instalment on its due day.

    None for a line without loans of its own.
    """
    if situation.loans is None:
        return None
    tomorrow = situation.today + 1
    done = [Done(Use(Lever(name, _TITLE, None, does=name)), tomorrow) for name in ("keep_instalments", "pay_arrears")]
    return on_days(situation, done)


__all__ = [
    "STOPS", "Hit", "Life", "engine_of", "first_of", "hits", "instalments_kept", "life", "lives", "nothing_done",
    "strikes",
]  # fmt: skip
