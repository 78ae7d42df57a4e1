"""One decision as it is kept: what was done to a line, why, on what facts, under which policy."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

Status = Literal["new", "applied", "declined", "open", "frozen", "closed", "terminated"]
STATUSES: tuple[Status, ...] = get_args(Status)

Action = Literal[
    "none", "apply", "open", "decline", "set_limit", "freeze", "unfreeze", "close", "extend", "reopen", "terminate",
    "hold",
]  # fmt: skip
ACTIONS: tuple[Action, ...] = get_args(Action)


class Decision(msgspec.Struct, frozen=True, omit_defaults=True):
    """One decision on one line. Moments in microseconds since 1970 UTC, money in minor units."""

    line: str
    at: int
    number: int
    """0 for the line's first decision, then counting up."""
    action: Action
    status_before: Status
    status: Status
    limit_before: int
    limit: int
    points: int | None
    reasons: tuple[str, ...]
    """Codes of the principal reasons, most important first."""
    policy: str
    """Content address of the policy version."""
    position: int
    """Position in the log of the last event seen."""
    trigger: str | None
    """Id of the event that led to it; None when time alone did."""
    facts: dict[str, int | None]
    """Every fact of the policy in its numeric form."""
    fired: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    standing: tuple[str, ...] = ()
    """Codes that must be cured before the line comes back."""
    cooling_until: int | None = None
    probation_until: int | None = None
    rate: int | None = None
    """Annual rate in millionths, on opening by application."""
