"""Before it happens: how near the triggers are to a line of a home."""

from __future__ import annotations

from collections.abc import Sequence

from creditline.clock import DAY, HOUR
from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.service.account import offset_of
from creditline.service.lending import products_of
from creditline.service.wayback import situation_of
from creditline.store import Home
from creditline.wayback.loans import Loans
from creditline.wayback.nearness import WATCHED, WITHIN, Nearness, nearness_of
from creditline.wayback.situation import HORIZON


def near_line(home: Home, line: str, *, now: int | None = None, within: int = WITHIN) -> Nearness:
    """How near every trigger is to a line; CreditlineError for one that is neither open nor frozen.

    ``within`` is in microseconds.
    """
    check_within(within)
    situation = situation_of(home, line, now=now)
    if situation.status not in WATCHED:
        remedy = {
            "closed": f"ask what brings it back: creditline plan {line}",
            "terminated": f"see why it ended: creditline line show {line}",
        }.get(situation.status, "ask for a line that is open: creditline line list --status open")
        raise CreditlineError("line", line, remedy, f"is {situation.status}, neither open nor frozen")
    products = products_of(home)

    def loans_of(events: Sequence[Event], at: int) -> Loans:
        return Loans(line, events, products, offset_of(list(events), products), at)

    return nearness_of(situation, within, loans_of=loans_of)


def check_within(within: int) -> None:
    """Raises CreditlineError for a length of time that is not looked ahead."""
    if not HOUR <= within <= HORIZON:
        given = f"{within // DAY}d" if within % DAY == 0 else f"{within // HOUR}h"
        raise CreditlineError("--within", given, f"give 1h to {HORIZON // DAY}d", "is not looked ahead")


__all__ = ["check_within", "near_line"]
