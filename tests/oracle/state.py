"""The state of one line between visits."""

from __future__ import annotations

from dataclasses import dataclass

from creditline.lines.decision import Status


@dataclass(frozen=True)
class State:
    """What a line is. Moments in microseconds, 0 where never; money in minor units."""

    status: Status = "new"
    since: int = 0
    limit: int = 0
    limit_since: int = 0
    closings: int = 0
    cooling_until: int = 0
    probation_until: int = 0
    reasons: tuple[str, ...] = ()
    """Codes of the reasons the line is frozen or closed for."""
    held: tuple[str, ...] = ()
    """Codes of the rules held at the last visit."""
